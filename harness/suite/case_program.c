/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case_program.h"

#include <string.h>

#include "agent_watch.h"
#include "bundle.h"
#include "case_handler.h"
#include "case_words.h"
#include "expected.h"
#include "files.h"

/* Of a program that failed, so many lines of its errors are shown. */
#define STDERR_LINES 40

static const VmbScenario *scenario_of(const VmbCaseRun *run)
{
    return run->test->scenario;
}

static const VmbStep *step_at(const VmbCaseRun *run, guint index)
{
    return g_ptr_array_index(scenario_of(run)->steps, index);
}

static VmbGuest *guest_of(const VmbCaseRun *run, const VmbStep *step)
{
    return step->guest < 0 ? vmb_testbed_guest(run->bed)
                           : g_ptr_array_index(run->guests, (guint)step->guest);
}

static GBytes *read_input(const VmbCaseRun *run, const VmbStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *path = NULL;
    char *text;
    gsize len;

    if (step->input_file == NULL) {
        return g_bytes_new(step->text, step->text != NULL ? strlen(step->text) : 0);
    }
    path = vmb_scenario_path(scenario_of(run), run->test->machine, step->input_file);
    if (!g_file_get_contents(path, &text, &len, &cause)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s", cause->message);
        return NULL;
    }
    return g_bytes_new_take(text, len);
}

static VmbStreamTap *tap(const VmbCaseRun *run, const VmbStep *step, const char *stream)
{
    g_autofree char *name = g_strdup_printf("inside %s %s", step->name, stream);

    return vmb_stream_log_add(run->streams, name);
}

static VmbProgram *start_program(const VmbCaseRun *run, const VmbStep *step, GError **error)
{
    g_auto(VmbCaseWords) words = {0};
    g_autoptr(GBytes) input = read_input(run, step, error);
    g_auto(GStrv) argv = NULL;
    g_auto(GStrv) environment = NULL;

    if (input == NULL || !vmb_case_words_make(run, 0, &words, error)) {
        return NULL;
    }
    argv = vmb_placeholders_fill_all(step->argv, words.known);
    environment = vmb_placeholders_fill_all(step->environment, words.known);
    const VmbProgramSpec spec = {
        .argv = (const char *const *)argv,
        .env = (const char *const *)environment,
        .cwd = step->directory,
        .input = input,
        .keep_input = step->background,
        .tap = vmb_stream_tap_take,
        .tap_out = tap(run, step, "stdout"),
        .tap_err = tap(run, step, "stderr"),
    };

    return vmb_program_start(vmb_guest_agent(guest_of(run, step)), &spec, error);
}

/* For the bundle, and for a look at what a comparison was made from. */
static void keep_output(VmbCaseRun *run, const VmbStep *step, const char *stream,
                        const GString *bytes)
{
    g_autofree char *name = g_strdup_printf("%s.%s", step->name, stream);
    g_autofree char *path = g_build_filename(run->logs, g_strdelimit(name, "/", '_'), NULL);
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents(path, bytes->str, (gssize)bytes->len, &error)) {
        vmb_bundle_lost(run, error->message);
    }
}

static gboolean judge_end(const VmbStep *step, const VmbProgramResult *result, GError **error)
{
    if (step->exit_status >= 0) {
        return vmb_program_result_check(result, step->argv[0], (guint)step->exit_status, error);
    }
    if (!result->exited && result->value == step->signal_number) {
        return TRUE;
    }
    g_set_error(error, VMB_ERROR,
                result->exited ? VMB_ERROR_PROGRAM_FAILED : VMB_ERROR_PROGRAM_SIGNAL,
                "%s ended with %s %u, not with signal %u (%s)", step->argv[0],
                result->exited ? "exit status" : "signal", result->value, step->signal_number,
                strsignal((int)step->signal_number));
    return FALSE;
}

/* The file of keep_output() has all of it. */
static void show_stderr(VmbResult *result, const GString *err)
{
    if (result->details == NULL && err->len > 0) {
        result->details = vmb_text_tail(err->str, STDERR_LINES);
    }
}

static gboolean judge_program(VmbCaseRun *run, guint index, GError **error)
{
    const VmbStep *step = step_at(run, index);
    const VmbProgramResult *result = vmb_program_result(run->programs->pdata[index]);
    g_autofree char *out = g_strdup_printf("stdout of %s", step->argv[0]);
    g_autofree char *err = g_strdup_printf("stderr of %s", step->argv[0]);
    const VmbMachine *machine = run->test->machine;

    keep_output(run, step, "stdout", result->out);
    keep_output(run, step, "stderr", result->err);
    if (!judge_end(step, result, error)) {
        show_stderr(run->result, result->err);
        return FALSE;
    }
    return vmb_expected_compare(&step->out, scenario_of(run), machine, out, result->out, run->result,
                                error) &&
           vmb_expected_compare(&step->err, scenario_of(run), machine, err, result->err, run->result,
                                error);
}

/* Wait for the end of the program of the step `index`, for as long as `ms`. */
static gboolean finish_program(VmbCaseRun *run, guint index, guint ms, GError **error)
{
    VmbProgram *program = run->programs->pdata[index];
    const VmbStep *step = step_at(run, index);

    if (!vmb_program_wait(program, ms, error)) {
        keep_output(run, step, "stdout", vmb_program_result(program)->out);
        keep_output(run, step, "stderr", vmb_program_result(program)->err);
        return FALSE;
    }
    if (!judge_program(run, index, error)) {
        return FALSE;
    }
    g_clear_pointer((VmbProgram **)&run->programs->pdata[index], vmb_program_free);
    return TRUE;
}

gboolean vmb_case_run_program(VmbCaseRun *run, guint index, GError **error)
{
    const VmbStep *step = step_at(run, index);

    run->programs->pdata[index] = start_program(run, step, error);
    if (run->programs->pdata[index] == NULL) {
        return FALSE;
    }
    return step->background || finish_program(run, index, step->ms, error);
}

gboolean vmb_case_wait_program(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    if (run->programs->pdata[step->target] == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "nothing to wait for: `%s` was waited for "
                    "before", step_at(run, step->target)->name);
        return FALSE;
    }
    vmb_program_end_input(run->programs->pdata[step->target]);
    return finish_program(run, step->target, step->ms, error);
}

gboolean vmb_case_end_program(VmbCaseRun *run, guint index, GError **error)
{
    VmbProgram **program = (VmbProgram **)&run->programs->pdata[index];

    /* The answer comes behind the news of a program that could not start or has ended. */
    if (!vmb_program_has_ended(*program) &&
        !vmb_agent_link_hear(vmb_guest_agent(guest_of(run, step_at(run, index))), error)) {
        return FALSE;
    }
    if (vmb_program_has_ended(*program)) {
        return finish_program(run, index, 0, error);
    }
    g_clear_pointer(program, vmb_program_free);
    return TRUE;
}

gboolean vmb_case_send(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    const char *bytes = step->bytes != NULL ? (const char *)step->bytes->data : step->text;
    gsize len = step->bytes != NULL ? step->bytes->len : strlen(step->text);
    VmbHandler *handler;

    if (step->to_program) {
        if (run->programs->pdata[step->target] == NULL) {
            g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "`%s` was waited for before: nobody reads "
                        "this", step_at(run, step->target)->name);
            return FALSE;
        }
        vmb_program_send(run->programs->pdata[step->target], bytes, len);
        return TRUE;
    }
    handler = vmb_case_handler(run, step, error);
    if (handler != NULL) {
        vmb_handler_send(handler, bytes, len);
    }
    return handler != NULL;
}

gboolean vmb_case_reset(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    return vmb_guest_reset(guest_of(run, step), step->ms, error);
}
