/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenario_range.h"

#include <string.h>

void vmb_scenario_range_free(VmbScenarioRange *range)
{
    g_free(range->name);
    g_free(range->id);
    g_free(range->start);
    g_free(range->size);
    g_free(range->properties);
    g_free(range);
}

static gboolean read_place(VmbScenarioRange *range, const VmbIni *ini, const char *group,
                           GError **error)
{
    guint64 start = g_ascii_strtoull(range->start, NULL, 16);
    guint64 size = g_ascii_strtoull(range->size, NULL, 16);

    if (!vmb_ini_number(ini, group, "start", G_MAXUINT64, &start, error) ||
        !vmb_ini_number(ini, group, "size", G_MAXUINT64, &size, error)) {
        return FALSE;
    }
    g_free(range->start);
    g_free(range->size);
    range->start = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", start);
    range->size = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", size);
    if (start % 0x1000 != 0) {
        return vmb_ini_fail(ini, group, "start", error, "it is a multiple of 0x1000");
    }
    return (size > 0 && size % 0x1000 == 0) ||
           vmb_ini_fail(ini, group, "size", error, "it is a multiple of 0x1000, and not 0");
}

/* yes, no, or a number. */
static gboolean read_irq(VmbScenarioRange *range, const VmbIni *ini, const char *group,
                         GError **error)
{
    g_autofree char *text = NULL;
    guint64 number = 0;

    if (!vmb_ini_string(ini, group, "irq", &text, error)) {
        return FALSE;
    }
    if (text != NULL && g_ascii_isdigit(text[0])) {
        if (!vmb_ini_number(ini, group, "irq", 1019, &number, error)) {
            return FALSE;
        }
        range->irq = (guint)number;
        return TRUE;
    }
    return vmb_ini_boolean(ini, group, "irq", &range->any_irq, error);
}

static gboolean read_endpoint(VmbScenarioRange *range, const VmbIni *ini, const char *group,
                              GError **error)
{
    guint64 endpoint = 0;

    if (!vmb_ini_number(ini, group, "endpoint", VMB_RANGES_MAX - 1, &endpoint, error)) {
        return FALSE;
    }
    range->endpoint = (guint)endpoint;
    return TRUE;
}

static gboolean read_properties(VmbScenarioRange *range, const VmbIni *ini, const char *group,
                                GError **error)
{
    g_auto(GStrv) words = NULL;

    if (!vmb_ini_list(ini, group, "properties", &words, error)) {
        return FALSE;
    }
    for (char **word = words; word != NULL && *word != NULL; word++) {
        if (strchr(*word, '=') == NULL || strchr(*word, ',') != NULL) {
            return vmb_ini_fail(ini, group, "properties", error,
                                "`%s` is no property: write on-disconnect=wait;timeout-ms=0", *word);
        }
    }
    for (char **word = words; word != NULL && *word != NULL; word++) {
        if (g_str_has_prefix(*word, "id=")) {
            return vmb_ini_fail(ini, group, "properties", error,
                                "leave `%s` out: a range has its id from vmbench", *word);
        }
    }
    if (words != NULL && words[0] != NULL) {
        range->properties = g_strjoinv(",", words);
    }
    return TRUE;
}

VmbScenarioRange *vmb_scenario_add_range(VmbScenario *scenario, const char *name, guint line)
{
    VmbScenarioRange *range = g_new0(VmbScenarioRange, 1);

    range->name = g_strdup(name);
    range->line = line;
    range->id = g_strdup_printf("vmmio%u", scenario->ranges->len);
    range->start = g_strdup("0xfef00000");
    range->size = g_strdup("0x1000");
    g_ptr_array_add(scenario->ranges, range);
    return range;
}

const char *const vmb_scenario_range_keys[] = {"start", "size", "irq", "endpoint", "properties", NULL};

gboolean vmb_scenario_read_range(VmbScenario *scenario, const VmbIni *ini, const char *group,
                                 const char *name, GError **error)
{
    gboolean ok = vmb_ini_check_keys(ini, group, vmb_scenario_range_keys, error);
    VmbScenarioRange *range;

    if (scenario->ranges->len == VMB_RANGES_MAX) {
        return vmb_ini_fail(ini, group, NULL, error, "a machine has at most %d ranges",
                            VMB_RANGES_MAX);
    }
    range = vmb_scenario_add_range(scenario, name, vmb_ini_line(ini, group, NULL));
    ok = read_place(range, ini, group, error) && ok;
    ok = read_irq(range, ini, group, error) && ok;
    ok = read_endpoint(range, ini, group, error) && ok;
    return read_properties(range, ini, group, error) && ok;
}

gboolean vmb_scenario_check_places(const VmbScenario *scenario, const VmbIni *ini, GError **error)
{
    for (guint i = 1; i < scenario->ranges->len; i++) {
        const VmbScenarioRange *range = g_ptr_array_index(scenario->ranges, i);
        guint64 start = g_ascii_strtoull(range->start, NULL, 16);
        guint64 end = start + g_ascii_strtoull(range->size, NULL, 16);

        for (guint j = 0; j < i; j++) {
            const VmbScenarioRange *other = g_ptr_array_index(scenario->ranges, j);
            guint64 others = g_ascii_strtoull(other->start, NULL, 16);
            g_autofree char *group = g_strconcat("range ", range->name, NULL);

            if (start < others + g_ascii_strtoull(other->size, NULL, 16) && others < end) {
                return vmb_ini_fail(ini, group, NULL, error,
                                    "it overlaps the range `%s` at %s: give it another `start`",
                                    other->name, other->start);
            }
        }
    }
    return TRUE;
}

guint vmb_scenario_irq(const VmbScenario *scenario, const VmbMachine *machine, guint range)
{
    const VmbScenarioRange *wanted = g_ptr_array_index(scenario->ranges, range);
    guint irq = machine->irq;

    if (!wanted->any_irq) {
        return wanted->irq;
    }
    for (guint i = 0; i < range; i++) {
        const VmbScenarioRange *before = g_ptr_array_index(scenario->ranges, i);

        irq += before->any_irq ? 1 : 0;
    }
    return irq;
}
