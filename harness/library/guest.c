/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest as a whole: its state, its ranges, its reset button. */
#include "handle.h"

#include "agent_watch.h"
#include "snapshot.h"

gboolean vmbench_is_restored(const Vmbench *bench)
{
    return bench->restored;
}

gboolean vmbench_check(Vmbench *bench, GError **error)
{
    VmbAgentLink *agent = vmb_guest_agent(bench->guest);

    while (g_main_context_iteration(NULL, FALSE)) {
        continue;
    }
    if (!vmb_agent_link_settle(agent, error)) {
        return FALSE;
    }
    if (vmb_alarm_error(bench->alarm) == NULL) {
        return vmb_agent_link_check_noise(agent, bench->config->machine->results_tty, error);
    }
    g_propagate_error(error, g_error_copy(vmb_alarm_error(bench->alarm)));
    return FALSE;
}

gboolean vmbench_reset(Vmbench *bench, GError **error)
{
    if (!bench->config->can_reset) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "this guest cannot be reset: set .resets when it is booted");
        return FALSE;
    }
    return vmb_guest_reset(bench->guest, VMB_BOOT_MS, error);
}

char *vmbench_range_id(const Vmbench *bench, guint range, GError **error)
{
    guint count = g_strv_length(bench->config->devices);

    if (range >= count) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "range %u: the guest has %u, from 0 on",
                    range, count);
        return NULL;
    }
    return g_strdup_printf("vmmio%u", range);
}

char *vmbench_endpoint(Vmbench *bench, guint range, GError **error)
{
    g_autofree char *id = vmbench_range_id(bench, range, error);

    return id != NULL ? vmb_guest_endpoint_of(bench->guest, id, error) : NULL;
}

static gboolean wait_handler(Vmbench *bench, guint range, gboolean connected, GError **error)
{
    g_autofree char *id = vmbench_range_id(bench, range, error);

    return id != NULL && vmb_guest_wait_handler(bench->guest, id, connected, bench->ms, error);
}

gboolean vmbench_wait_claim(Vmbench *bench, guint range, GError **error)
{
    return wait_handler(bench, range, TRUE, error);
}

gboolean vmbench_wait_release(Vmbench *bench, guint range, GError **error)
{
    return wait_handler(bench, range, FALSE, error);
}
