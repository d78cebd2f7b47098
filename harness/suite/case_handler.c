/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case_handler.h"

#include "expected.h"
#include "handler_program.h"

/* The endpoint is the last argument unless the command says where it is to be. */
char **vmb_case_handler_command(const VmbScenario *scenario, const VmbScenarioHandler *handler,
                                const VmbCaseWords *words)
{
    g_auto(GStrv) filled = vmb_placeholders_fill_all(handler->command, words->known);
    gboolean placed = vmb_placeholders_has(handler->command, "endpoint") ||
                      vmb_placeholders_has(handler->command, "port");

    return vmb_handler_argv(scenario->directory, filled, placed ? NULL : words->endpoint);
}

char **vmb_case_handler_environment(const VmbScenarioHandler *handler, const VmbCaseWords *words)
{
    g_auto(GStrv) own = vmb_placeholders_fill_all(handler->environment, words->known);

    return vmb_handler_environment(own);
}

char *vmb_case_handler_log(const VmbScenarioHandler *handler, guint start)
{
    return start == 1 ? g_strdup_printf("handler-%s", handler->name)
                      : g_strdup_printf("handler-%s-%u", handler->name, start);
}

static VmbStreamTap *tap(const VmbCaseRun *run, const VmbScenarioHandler *handler, const char *stream)
{
    g_autofree char *name = g_strdup_printf("outside %s %s", handler->name, stream);

    return vmb_stream_log_add(run->streams, name);
}

/* Its name, and its program unless that says no more. */
static char *handler_title(const VmbScenarioHandler *handler)
{
    return g_str_equal(handler->name, handler->command[0])
               ? g_strdup(handler->name)
               : g_strdup_printf("%s (%s)", handler->name, handler->command[0]);
}

static VmbHandler *launch(VmbCaseRun *run, guint index, GError **error)
{
    const VmbScenario *scenario = run->test->scenario;
    const VmbScenarioHandler *handler = g_ptr_array_index(scenario->handlers, index);
    guint start = ++run->starts[index];
    g_autofree char *name = vmb_case_handler_log(handler, start);
    g_autofree char *title = handler_title(handler);
    g_auto(VmbCaseWords) words = {0};
    g_auto(GStrv) argv = NULL;
    g_auto(GStrv) environment = NULL;

    if (!vmb_case_words_make(run, handler->range, &words, error)) {
        return NULL;
    }
    argv = vmb_case_handler_command(scenario, handler, &words);
    environment = vmb_case_handler_environment(handler, &words);
    const VmbHandlerSpec spec = {
        .name = name,
        .title = title,
        .remedy = "try it by hand, or with rerun.sh among its logs",
        .argv = (const char *const *)argv,
        .environment = (const char *const *)environment,
        .directory = scenario->directory,
        .input = TRUE,
        .ends = handler->ends,
        .tap = vmb_stream_tap_take,
        .tap_out = tap(run, handler, "stdout"),
        .tap_err = tap(run, handler, "stderr"),
    };

    return vmb_handler_start_spec(&spec, run->logs, vmb_testbed_alarm(run->bed), error);
}

/* The index of a handler's range. */
static guint range_of(const VmbCaseRun *run, guint handler)
{
    const VmbScenarioHandler *h = g_ptr_array_index(run->test->scenario->handlers, handler);

    return h->range;
}

static gboolean wait_range(VmbCaseRun *run, guint index, gboolean claimed, guint ms, GError **error)
{
    const VmbScenarioRange *range = g_ptr_array_index(run->test->scenario->ranges, index);

    return vmb_guest_wait_handler(vmb_testbed_guest(run->bed), range->id, claimed, ms, error);
}

static gboolean await_claim(VmbCaseRun *run, guint range, guint ms, GError **error)
{
    run->awaited = g_ptr_array_index(run->test->scenario->ranges, range);
    if (!wait_range(run, range, TRUE, ms, error)) {
        return FALSE;
    }
    run->awaited = NULL;
    return TRUE;
}

static gboolean start_handler(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    if (run->handlers->pdata[step->target] != NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "the handler runs already: stop it first, or "
                    "use `restart`");
        return FALSE;
    }
    run->outputs[step->target] = NULL;
    run->stopped[step->target] = FALSE;
    run->handlers->pdata[step->target] = launch(run, step->target, error);
    return run->handlers->pdata[step->target] != NULL &&
           (!step->claim || await_claim(run, range_of(run, step->target), step->ms, error));
}

VmbHandler *vmb_case_handler(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    VmbHandler *handler = run->handlers->pdata[step->target];

    if (handler == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "the handler does not run: start it in an "
                    "earlier step");
    }
    return handler;
}

static gboolean compare_output(VmbCaseRun *run, const VmbStep *step, const char *when,
                               GError **error)
{
    const VmbScenarioHandler *what =
        g_ptr_array_index(run->test->scenario->handlers, step->target);
    g_autofree char *name = g_strdup_printf("%s of the handler %s", when, what->name);
    g_autoptr(GString) output = vmb_handler_output(run->handlers->pdata[step->target]);

    return vmb_expected_compare(&step->out, run->test->scenario, run->test->machine, name, output,
                                run->result, error);
}

/* One that has ended. What it printed behind the last look at its output counts too. */
static gboolean forget_handler(VmbCaseRun *run, guint index, GError **error)
{
    const VmbStep *output = run->outputs[index];

    if (output != NULL && !compare_output(run, output, "whole output", error)) {
        return FALSE;
    }
    g_clear_pointer((VmbHandler **)&run->handlers->pdata[index], vmb_handler_free);
    return TRUE;
}

/* QEMU is given the time to see that it has gone, so that the next step finds the range unclaimed. */
static gboolean await_release(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    guint range = range_of(run, step->target);

    run->stopped[step->target] = TRUE;
    return wait_range(run, range, FALSE, step->ms, error) &&
           vmb_conduct_forgive_unfinished(run->conduct, vmb_testbed_guest(run->bed),
                                          run->test->scenario, range, error);
}

static gboolean end_handler(VmbCaseRun *run, const VmbStep *step,
                            gboolean (*end)(VmbHandler *handler, GError **error), GError **error)
{
    VmbHandler *handler = vmb_case_handler(run, step, error);

    return handler != NULL && end(handler, error) && forget_handler(run, step->target, error) &&
           await_release(run, step, error);
}

gboolean vmb_case_start(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    return start_handler(run, step, error);
}

gboolean vmb_case_stop(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    return end_handler(run, step, vmb_handler_stop, error);
}

gboolean vmb_case_kill(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    return end_handler(run, step, vmb_handler_kill, error);
}

gboolean vmb_case_restart(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    return end_handler(run, step, vmb_handler_stop, error) && start_handler(run, step, error);
}

gboolean vmb_case_wait_handler(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    VmbHandler *handler = vmb_case_handler(run, step, error);

    return handler != NULL && vmb_handler_wait_end(handler, step->ms, error) &&
           forget_handler(run, step->target, error) && await_release(run, step, error);
}

gboolean vmb_case_claim(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    return await_claim(run, step->target, step->ms, error);
}

gboolean vmb_case_release(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    return wait_range(run, step->target, FALSE, step->ms, error);
}

/* An `output` step that waits for a line without its end. */
typedef struct {
    const VmbCase *test;
    const VmbStep *step;
} Look;

static gboolean is_as_expected(gpointer data, const GString *output)
{
    const Look *look = data;

    return vmb_expected_is_met(&look->step->out, look->test->scenario, look->test->machine, output);
}

gboolean vmb_case_output(VmbCaseRun *run, const VmbStep *step, GError **error)
{
    VmbHandler *handler = vmb_case_handler(run, step, error);
    Look look = {run->test, step};
    VmbExpectedSize size;

    if (handler == NULL ||
        !vmb_expected_size(&step->out, run->test->scenario, run->test->machine, &size, error)) {
        return FALSE;
    }
    const VmbHandlerWanted wanted = {
        .lines = size.lines, .bytes = size.bytes,
        .test = size.open_end ? is_as_expected : NULL, .data = &look,
    };

    if (!vmb_handler_wait_output(handler, &wanted, step->ms, error)) {
        return FALSE;
    }
    run->outputs[step->target] = step;
    return compare_output(run, step, "output", error);
}

gboolean vmb_case_stop_handlers(VmbCaseRun *run, GError **error)
{
    for (guint i = 0; i < run->handlers->len; i++) {
        VmbHandler *handler = g_ptr_array_index(run->handlers, i);
        const VmbStep *output = run->outputs[i];

        if (handler != NULL && !vmb_handler_stop(handler, error)) {
            return FALSE;
        }
        if (handler != NULL && !forget_handler(run, i, error)) {
            run->result->step = g_strdup(output->name);
            return FALSE;
        }
    }
    return TRUE;
}
