/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case_words.h"

#include <string.h>

#include "paths.h"

void vmb_case_words_clear(VmbCaseWords *words)
{
    g_free(words->endpoint);
    g_free(words->port);
    g_free(words->irq);
}

void vmb_case_words_set(const VmbCase *test, guint range, const char *endpoint, VmbCaseWords *words)
{
    const VmbScenarioRange *where = g_ptr_array_index(test->scenario->ranges, range);
    const VmbMachine *machine = test->machine;
    const char *colon = strrchr(endpoint, ':');

    words->endpoint = g_strdup(endpoint);
    words->port = g_strdup(colon != NULL ? colon + 1 : "");
    words->irq = g_strdup_printf("%u", vmb_scenario_irq(test->scenario, machine, range));
    const VmbPlaceholder known[] = {
        {"endpoint", words->endpoint}, {"port", words->port},
        {"irq", words->irq},           {"start", where->start},
        {"machine", machine->name},    {"scenario", test->scenario->directory},
        {"handlers", VMB_HANDLERS_DIR},
        {NULL, NULL},
    };

    memcpy(words->known, known, sizeof(known));
}

gboolean vmb_case_words_make(const VmbCaseRun *run, guint range, VmbCaseWords *words,
                             GError **error)
{
    const VmbScenarioRange *where = g_ptr_array_index(run->test->scenario->ranges, range);
    g_autofree char *endpoint =
        vmb_guest_endpoint_of(vmb_testbed_guest(run->bed), where->id, error);

    if (endpoint == NULL) {
        return FALSE;
    }
    vmb_case_words_set(run->test, range, endpoint, words);
    return TRUE;
}
