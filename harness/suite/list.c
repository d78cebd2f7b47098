/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench list: which scenarios there are. */
#include "commands.h"

#include <stdio.h>

#include "run_options.h"

static const char summary[] =
    "List the scenarios that `vmbench run` with the same names, groups, machine and shard would run:\n"
    "their names, machines, groups and titles.";

static char *machine_names(const VmbScenario *scenario)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < scenario->machines->len; i++) {
        const VmbMachine *machine = g_ptr_array_index(scenario->machines, i);

        g_string_append_printf(text, "%s%s", i > 0 ? "," : "", machine->name);
    }
    return g_string_free(text, FALSE);
}

static void print_scenario(const VmbScenario *scenario, int width)
{
    g_autofree char *machines = machine_names(scenario);
    g_autofree char *groups =
        scenario->groups != NULL ? g_strjoinv(",", scenario->groups) : g_strdup("-");

    printf("%-*s  %-12s  %-16s  %s\n", width, scenario->name, machines, groups,
           scenario->title != NULL ? scenario->title : "");
}

static gboolean is_chosen(const VmbCases *cases, const VmbScenario *scenario)
{
    for (guint i = 0; i < cases->cases->len; i++) {
        const VmbCase *test = g_ptr_array_index(cases->cases, i);

        if (test->scenario == scenario) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean check_cases(const VmbCases *cases, GError **error)
{
    for (guint i = 0; i < cases->cases->len; i++) {
        const VmbCase *test = g_ptr_array_index(cases->cases, i);

        if (!vmb_scenario_check(test->scenario, test->machine, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

int vmb_list_main(int argc, char **argv)
{
    gboolean names = FALSE;
    const GOptionEntry own = {"names", 0, 0, G_OPTION_ARG_NONE, &names, "Names alone", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(VmbRunOptions) options = vmb_run_options_parse(argc, argv, summary, &own, &error);
    int width = 0;

    if (options == NULL) {
        return vmb_fail(error, NULL);
    }
    if (!check_cases(options->cases, &error)) {
        return vmb_fail(error, NULL);
    }
    for (guint i = 0; i < options->cases->scenarios->len; i++) {
        const VmbScenario *scenario = g_ptr_array_index(options->cases->scenarios, i);

        width = MAX(width, (int)g_utf8_strlen(scenario->name, -1));
    }
    for (guint i = 0; i < options->cases->scenarios->len; i++) {
        const VmbScenario *scenario = g_ptr_array_index(options->cases->scenarios, i);

        if (!is_chosen(options->cases, scenario)) {
            continue;
        }
        if (names) {
            puts(scenario->name);
        } else {
            print_scenario(scenario, width);
        }
    }
    return 0;
}
