/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conduct.h"

#include "agent_watch.h"

/* Of docs/device.md, "Statistics": what a handler that keeps to the protocol leaves at 0. */
static const char *const counters[] = {"unknown-opcodes", "long-packets", "unsolicited",
                                       "unfinished"};

/* The last one: a handler that is ended may leave a packet half sent. */
#define UNFINISHED 3

struct VmbConduct {
    gint64 counts[VMB_RANGES_MAX][G_N_ELEMENTS(counters)];
};

void vmb_conduct_free(VmbConduct *conduct)
{
    g_free(conduct);
}

static JsonObject *object_of(JsonNode *node)
{
    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static gboolean read_range(VmbGuest *guest, const char *id, gint64 *counts, GError **error)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);
    VmbQmp *qmp = vmb_guest_qmp(guest, error);
    g_autoptr(JsonNode) node = qmp != NULL ? vmb_qmp_get(qmp, path, "stats", error) : NULL;
    JsonObject *stats = object_of(node);
    JsonObject *endpoint = stats != NULL && json_object_has_member(stats, "endpoint")
                               ? object_of(json_object_get_member(stats, "endpoint")) : NULL;

    if (node != NULL && endpoint == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROTOCOL,
                    "the device %s has no statistics: rebuild QEMU with `make`", id);
    }
    for (guint i = 0; endpoint != NULL && i < G_N_ELEMENTS(counters); i++) {
        counts[i] = json_object_get_int_member_with_default(endpoint, counters[i], 0);
    }
    return endpoint != NULL;
}

static gboolean read_ranges(VmbGuest *guest, const VmbScenario *scenario, VmbConduct *conduct,
                            GError **error)
{
    for (guint i = 0; i < scenario->ranges->len; i++) {
        const VmbScenarioRange *range = g_ptr_array_index(scenario->ranges, i);

        if (!read_range(guest, range->id, conduct->counts[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

VmbConduct *vmb_conduct_begin(VmbGuest *guest, const VmbScenario *scenario, GError **error)
{
    g_autoptr(VmbConduct) conduct = g_new0(VmbConduct, 1);

    if (!read_ranges(guest, scenario, conduct, error)) {
        return NULL;
    }
    vmb_agent_link_forgive_noise(vmb_guest_agent(guest));
    return g_steal_pointer(&conduct);
}

gboolean vmb_conduct_forgive_unfinished(VmbConduct *conduct, VmbGuest *guest,
                                        const VmbScenario *scenario, guint range, GError **error)
{
    const VmbScenarioRange *of = g_ptr_array_index(scenario->ranges, range);
    gint64 now[G_N_ELEMENTS(counters)];

    if (!read_range(guest, of->id, now, error)) {
        return FALSE;
    }
    for (guint i = 0; i < scenario->ranges->len; i++) {
        const VmbScenarioRange *one = g_ptr_array_index(scenario->ranges, i);

        if (one->endpoint == of->endpoint) {
            conduct->counts[i][UNFINISHED] = now[UNFINISHED];
        }
    }
    return TRUE;
}

/* Ranges of one endpoint have its counters in common: the first of them tells. */
static gboolean is_first_of_endpoint(const VmbScenario *scenario, guint index)
{
    const VmbScenarioRange *range = g_ptr_array_index(scenario->ranges, index);

    for (guint i = 0; i < index; i++) {
        const VmbScenarioRange *before = g_ptr_array_index(scenario->ranges, i);

        if (before->endpoint == range->endpoint) {
            return FALSE;
        }
    }
    return TRUE;
}

static void append_growth(GString *text, const VmbScenarioRange *range, const gint64 *before,
                          const gint64 *now, guint count)
{
    for (guint i = 0; i < count; i++) {
        if (now[i] > before[i]) {
            g_string_append_printf(text, "%s%s %s +%" G_GINT64_FORMAT, text->len > 0 ? ", " : "",
                                   range->name, counters[i], now[i] - before[i]);
        }
    }
}

static gboolean check_handlers(const VmbScenario *scenario, const VmbConduct *before,
                               const VmbConduct *now, const VmbScenarioRange *unclaimed,
                               GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < scenario->ranges->len; i++) {
        const VmbScenarioRange *range = g_ptr_array_index(scenario->ranges, i);
        gboolean awaited = unclaimed != NULL && unclaimed->endpoint == range->endpoint;

        if (is_first_of_endpoint(scenario, i)) {
            append_growth(text, range, before->counts[i], now->counts[i],
                          awaited ? G_N_ELEMENTS(counters) : UNFINISHED);
        }
    }
    if (text->len > 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_PROTOCOL,
                    "the handler sent what the protocol does not allow: %s", text->str);
    }
    return text->len == 0;
}

gboolean vmb_conduct_check_line(VmbGuest *guest, const VmbMachine *machine, GError **error)
{
    VmbAgentLink *agent = vmb_guest_agent(guest);

    return vmb_agent_link_hear(agent, error) &&
           vmb_agent_link_check_noise(agent, machine->results_tty, error);
}

gboolean vmb_conduct_check(VmbGuest *guest, const VmbScenario *scenario, const VmbMachine *machine,
                           const VmbConduct *before, const VmbScenarioRange *unclaimed,
                           GError **error)
{
    g_autoptr(VmbConduct) now = g_new0(VmbConduct, 1);

    return vmb_conduct_check_line(guest, machine, error) &&
           read_ranges(guest, scenario, now, error) &&
           (scenario->misbehaves || check_handlers(scenario, before, now, unclaimed, error));
}
