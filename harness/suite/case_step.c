/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case_step.h"

#include "case_access.h"
#include "case_handler.h"
#include "case_program.h"

static gboolean wait_end(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    return step->to_program ? vmb_case_wait_program(run, step, error)
                            : vmb_case_wait_handler(run, step, error);
}

gboolean vmb_case_step(VmbCaseRun *run, guint index, GError **error)
{
    static gboolean (*const doers[])(VmbCaseRun *run, const VmbStep *step, GError **error) = {
        [VMB_STEP_WAIT] = wait_end,              [VMB_STEP_START] = vmb_case_start,
        [VMB_STEP_STOP] = vmb_case_stop,         [VMB_STEP_KILL] = vmb_case_kill,
        [VMB_STEP_RESTART] = vmb_case_restart,   [VMB_STEP_CLAIM] = vmb_case_claim,
        [VMB_STEP_RELEASE] = vmb_case_release,   [VMB_STEP_OUTPUT] = vmb_case_output,
        [VMB_STEP_SEND] = vmb_case_send,         [VMB_STEP_BYTES] = vmb_case_bytes,
        [VMB_STEP_BUS_ERROR] = vmb_case_bus_error, [VMB_STEP_RESET] = vmb_case_reset,
    };
    const VmbStep *step = g_ptr_array_index(run->test->scenario->steps, index);

    if (step->kind == VMB_STEP_RUN) {
        return vmb_case_run_program(run, index, error);
    }
    return doers[step->kind](run, step, error);
}
