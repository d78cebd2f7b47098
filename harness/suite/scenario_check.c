/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no single group of a scenario.ini can tell: whether it goes together, and the files and handlers
 * are there.
 */
#include "scenario.h"

#include "handler_program.h"
#include "patterns.h"

/* ---- Steps among each other ---- */

static gboolean is_awaited(const VmbScenario *scenario, guint index)
{
    for (guint i = index + 1; i < scenario->steps->len; i++) {
        const VmbStep *step = g_ptr_array_index(scenario->steps, i);

        if (step->kind == VMB_STEP_WAIT && step->to_program && step->target == index) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The line of one thing that is expected of the program; 0: nothing is. */
static guint expectation(const VmbStep *step)
{
    return step->end_line != 0 ? step->end_line : step->out.line != 0 ? step->out.line
                                                                      : step->err.line;
}

gboolean vmb_scenario_check_waits(const VmbScenario *scenario, GError **error)
{
    for (guint i = 0; i < scenario->steps->len; i++) {
        const VmbStep *step = g_ptr_array_index(scenario->steps, i);

        if (step->background && expectation(step) != 0 && !is_awaited(scenario, i)) {
            g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                        "%s:%u: nobody waits for the program's end, so that this is not looked at: add "
                        "a step with `wait = %s`", scenario->file, expectation(step), step->name);
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- Files ---- */

static gboolean check_file(const VmbScenario *scenario, const VmbMachine *machine,
                           const char *file, guint line, GError **error)
{
    g_autofree char *path = file != NULL ? vmb_scenario_path(scenario, machine, file) : NULL;

    if (path == NULL || g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        return TRUE;
    }
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s:%u: there is no file %s", scenario->file,
                line, path);
    return FALSE;
}

static gboolean check_patterns(const VmbScenario *scenario, const VmbMachine *machine,
                               const VmbExpected *expected, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *path = NULL;
    char *text = NULL;
    gsize len;
    guint line;

    if (expected->patterns == NULL) {
        return TRUE;
    }
    path = vmb_scenario_path(scenario, machine, expected->patterns);
    if (!g_file_get_contents(path, &text, &len, &cause)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s:%u: %s", scenario->file, expected->line,
                    cause->message);
        return FALSE;
    }
    g_autoptr(GString) patterns = g_string_new_len(text, (gssize)len);

    g_free(text);
    if (!vmb_patterns_check(patterns, &line, &cause)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s:%u: %s", path, line, cause->message);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_write(const VmbScenario *scenario, const VmbMachine *machine,
                            const VmbStep *step, GError **error)
{
    if (step->kind != VMB_STEP_BUS_ERROR || step->bytes == NULL || !machine->bus_error_reads_ones) {
        return TRUE;
    }
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                "%s:%u: on %s nobody learns that a write failed: leave the machine out with `machines =`",
                scenario->file, step->line, machine->name);
    return FALSE;
}

static gboolean check_step(const VmbScenario *scenario, const VmbMachine *machine,
                           const VmbStep *step, GError **error)
{
    const VmbExpected *out = &step->out, *err = &step->err;

    return check_write(scenario, machine, step, error) &&
           check_file(scenario, machine, out->file, out->line, error) &&
           check_file(scenario, machine, out->patterns, out->line, error) &&
           check_file(scenario, machine, err->file, err->line, error) &&
           check_file(scenario, machine, err->patterns, err->line, error) &&
           check_file(scenario, machine, step->input_file, step->line, error) &&
           check_patterns(scenario, machine, out, error) &&
           check_patterns(scenario, machine, err, error);
}

gboolean vmb_scenario_check(const VmbScenario *scenario, const VmbMachine *machine, GError **error)
{
    for (guint i = 0; i < scenario->handlers->len; i++) {
        if (!vmb_handler_program_check(scenario, g_ptr_array_index(scenario->handlers, i), error)) {
            return FALSE;
        }
    }
    for (guint i = 0; i < scenario->steps->len; i++) {
        if (!check_step(scenario, machine, g_ptr_array_index(scenario->steps, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}
