/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case_end.h"

#include "agent_watch.h"
#include "case_handler.h"
#include "case_program.h"

/* A handler that was stopped closes its connection; QEMU takes a moment to notice. */
#define RELEASE_MS 5000

static void name_step(VmbCaseRun *run, const VmbStep *step)
{
    run->result->step = g_strdup(step->name);
    if (run->result->file == NULL) {
        run->result->file = g_strdup(run->test->scenario->file);
        run->result->line = step->line;
    }
}

/* Programs in the background that nobody waited for: one that has ended is judged, others are ended. */
static gboolean end_programs(VmbCaseRun *run, GError **error)
{
    for (guint i = 0; i < run->programs->len; i++) {
        if (run->programs->pdata[i] != NULL && !vmb_case_end_program(run, i, error)) {
            name_step(run, g_ptr_array_index(run->test->scenario->steps, i));
            return FALSE;
        }
    }
    return TRUE;
}

/* So that the next test finds the ranges unclaimed. */
static gboolean stop_handlers(VmbCaseRun *run, GError **error)
{
    const VmbScenario *scenario = run->test->scenario;

    if (!vmb_case_stop_handlers(run, error)) {
        return FALSE;
    }
    for (guint i = 0; i < scenario->ranges->len; i++) {
        const VmbScenarioRange *range = g_ptr_array_index(scenario->ranges, i);

        if (!vmb_guest_wait_handler(vmb_testbed_guest(run->bed), range->id, FALSE, RELEASE_MS,
                                    error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* What a step has left in the background served the other steps. It is gone when the guest is heard next. */
static gboolean sweep(const VmbCaseRun *run)
{
    vmb_agent_link_sweep(vmb_guest_agent(vmb_testbed_guest(run->bed)));
    return TRUE;
}

/* Its kernel may have begun to tell of an oops. */
static gboolean quit_guests(VmbCaseRun *run, GError **error)
{
    for (guint i = 0; i < run->guests->len; i++) {
        VmbGuest *guest = g_ptr_array_index(run->guests, i);

        if (!vmb_agent_link_settle(vmb_guest_agent(guest), error) ||
            !vmb_guest_quit(guest, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The last word of QEMU, the kernel and the handlers. */
static gboolean check_alarm(const VmbCaseRun *run, GError **error)
{
    VmbGuest *guest = vmb_testbed_guest(run->bed);
    const GError *alarm;

    if (!vmb_agent_link_settle(vmb_guest_agent(guest), error)) {
        return FALSE;
    }
    alarm = vmb_alarm_error(vmb_testbed_alarm(run->bed));
    if (alarm != NULL) {
        g_propagate_error(error, g_error_copy(alarm));
    }
    return alarm == NULL;
}

gboolean vmb_case_end(VmbCaseRun *run, GError **error)
{
    gboolean ok = end_programs(run, error) && stop_handlers(run, error) &&
                  sweep(run) && vmb_case_check_conduct(run, NULL, error) && quit_guests(run, error) &&
                  check_alarm(run, error);

    if (!ok && run->result->step == NULL) {
        run->result->step = g_strdup("behind the last");
    }
    return ok;
}
