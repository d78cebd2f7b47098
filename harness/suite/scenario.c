/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenario.h"

#include <string.h>

#include "ini.h"
#include "scenario_step.h"

static void range_free(VmbScenarioRange *range)
{
    g_free(range->name);
    g_free(range->id);
    g_free(range->start);
    g_free(range->size);
    g_free(range->properties);
    g_free(range);
}

static void handler_free(VmbScenarioHandler *handler)
{
    g_free(handler->name);
    g_strfreev(handler->command);
    g_strfreev(handler->environment);
    g_free(handler);
}

static void guest_free(VmbScenarioGuest *guest)
{
    g_free(guest->name);
    g_free(guest);
}

void vmb_scenario_free(VmbScenario *scenario)
{
    g_free(scenario->name);
    g_free(scenario->directory);
    g_free(scenario->file);
    g_free(scenario->title);
    g_ptr_array_unref(scenario->machines);
    g_strfreev(scenario->groups);
    g_free(scenario->append);
    g_strfreev(scenario->files);
    g_strfreev(scenario->packages);
    g_strfreev(scenario->modules);
    g_strfreev(scenario->overlays);
    g_strfreev(scenario->manifests);
    g_ptr_array_unref(scenario->ranges);
    g_ptr_array_unref(scenario->handlers);
    g_ptr_array_unref(scenario->guests);
    g_ptr_array_unref(scenario->steps);
    g_free(scenario);
}

/* ---- [scenario] ---- */

static gboolean find_machine(const VmbIni *ini, const char *group, const char *key,
                             const char *name, const VmbMachine **machine, GError **error)
{
    const char *names[8] = {NULL};
    gsize count;
    const VmbMachine *machines = vmb_machines(&count);

    for (gsize i = 0; i < count; i++) {
        names[i] = machines[i].name;
    }
    *machine = vmb_machine_find(name);
    return *machine != NULL ||
           vmb_ini_fail_word(ini, group, key, name, "machine", names, error);
}

static gboolean read_machines(VmbScenario *scenario, const VmbIni *ini, GError **error)
{
    g_auto(GStrv) names = NULL;
    const VmbMachine *machine;
    gsize count;

    if (!vmb_ini_list(ini, "scenario", "machines", &names, error)) {
        return FALSE;
    }
    if (names == NULL) {
        machine = vmb_machines(&count);
        for (gsize i = 0; i < count; i++) {
            g_ptr_array_add(scenario->machines, (gpointer)&machine[i]);
        }
        return TRUE;
    }
    for (char **name = names; *name != NULL; name++) {
        if (!find_machine(ini, "scenario", "machines", *name, &machine, error)) {
            return FALSE;
        }
        if (!g_ptr_array_find(scenario->machines, machine, NULL)) {
            g_ptr_array_add(scenario->machines, (gpointer)machine);
        }
    }
    return scenario->machines->len > 0 ||
           vmb_ini_fail(ini, "scenario", "machines", error, "name a machine: raspi4b;x86");
}

static gboolean read_needs(VmbScenario *scenario, const VmbIni *ini, GError **error)
{
    static const char *const known[] = {"kvm", NULL};
    g_auto(GStrv) needs = NULL;

    if (!vmb_ini_list(ini, "scenario", "needs", &needs, error)) {
        return FALSE;
    }
    for (char **need = needs; need != NULL && *need != NULL; need++) {
        if (!g_strv_contains(known, *need)) {
            return vmb_ini_fail_word(ini, "scenario", "needs", *need, "thing that a host can lack",
                                     known, error);
        }
        scenario->needs_kvm = TRUE;
    }
    return TRUE;
}

/* Directories and files of the image are the scenario's own, as HOST:GUEST files are. */
static void make_absolute(const VmbScenario *scenario, char **words)
{
    for (char **word = words; word != NULL && *word != NULL; word++) {
        char *path = g_path_is_absolute(*word)
                         ? g_strdup(*word) : g_build_filename(scenario->directory, *word, NULL);

        g_free(*word);
        *word = path;
    }
}

static gboolean read_image(VmbScenario *scenario, const VmbIni *ini, GError **error)
{
    const struct {
        const char *key;
        char ***value;
    } lists[] = {
        {"add", &scenario->files},         {"pkg", &scenario->packages},
        {"module", &scenario->modules},    {"overlay", &scenario->overlays},
        {"manifest", &scenario->manifests},
    };

    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (!vmb_ini_list(ini, "scenario", lists[i].key, lists[i].value, error)) {
            return FALSE;
        }
        make_absolute(scenario, *lists[i].value);
    }
    return TRUE;
}

static const char *const scenario_keys[] = {
    "title", "machines", "groups", "timeout", "isolate", "misbehaves", "network",
    "needs", "append",   "add",    "pkg",     "module",  "overlay",    "manifest",
    NULL,
};

static gboolean read_scenario(VmbScenario *scenario, const VmbIni *ini, GError **error)
{
    const char *group = "scenario";

    if (vmb_ini_line(ini, group, NULL) == 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s:1: it has no group [scenario]: begin "
                    "with that", vmb_ini_path(ini));
        return FALSE;
    }
    scenario->ms = VMB_STEP_MS;
    return vmb_ini_check_keys(ini, group, scenario_keys, error) &&
           vmb_ini_string(ini, group, "title", &scenario->title, error) &&
           vmb_ini_list(ini, group, "groups", &scenario->groups, error) &&
           vmb_ini_seconds(ini, group, "timeout", &scenario->ms, error) &&
           vmb_ini_boolean(ini, group, "isolate", &scenario->isolate, error) &&
           vmb_ini_boolean(ini, group, "misbehaves", &scenario->misbehaves, error) &&
           vmb_ini_boolean(ini, group, "network", &scenario->network, error) &&
           vmb_ini_string(ini, group, "append", &scenario->append, error) &&
           read_machines(scenario, ini, error) && read_needs(scenario, ini, error) &&
           read_image(scenario, ini, error);
}

/* ---- [range NAME] ---- */

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
    if (words != NULL && words[0] != NULL) {
        range->properties = g_strjoinv(",", words);
    }
    return TRUE;
}

static VmbScenarioRange *add_range(VmbScenario *scenario, const char *name, guint line)
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

static const char *const range_keys[] = {"start", "size", "irq", "endpoint", "properties", NULL};

static gboolean read_range(VmbScenario *scenario, const VmbIni *ini, const char *group,
                           const char *name, GError **error)
{
    VmbScenarioRange *range;

    if (scenario->ranges->len == VMB_RANGES_MAX) {
        return vmb_ini_fail(ini, group, NULL, error, "a machine has at most %d ranges",
                            VMB_RANGES_MAX);
    }
    range = add_range(scenario, name, vmb_ini_line(ini, group, NULL));
    return vmb_ini_check_keys(ini, group, range_keys, error) &&
           read_place(range, ini, group, error) && read_irq(range, ini, group, error) &&
           read_endpoint(range, ini, group, error) && read_properties(range, ini, group, error);
}

/* ---- [handler NAME], [guest NAME] ---- */

static const char *const handler_keys[] = {"command", "environment", "range", "may-end", NULL};

static gboolean read_handler(VmbScenario *scenario, const VmbIni *ini, const char *group,
                             const char *name, GError **error)
{
    VmbScenarioHandler *handler = g_new0(VmbScenarioHandler, 1);
    g_autofree char *range = NULL;

    handler->name = g_strdup(name);
    handler->line = vmb_ini_line(ini, group, "command");
    g_ptr_array_add(scenario->handlers, handler);
    if (!vmb_ini_check_keys(ini, group, handler_keys, error) ||
        !vmb_scenario_command(ini, group, "command", &handler->command, error) ||
        !vmb_scenario_environment(ini, group, &handler->environment, error) ||
        !vmb_ini_boolean(ini, group, "may-end", &handler->ends, error) ||
        !vmb_ini_string(ini, group, "range", &range, error)) {
        return FALSE;
    }
    return range == NULL || vmb_scenario_find(ini, group, "range", scenario->ranges, range, "range",
                                              &handler->range, error);
}

static const char *const guest_keys[] = {"machine", "network", NULL};

static gboolean read_guest(VmbScenario *scenario, const VmbIni *ini, const char *group,
                           const char *name, GError **error)
{
    VmbScenarioGuest *guest = g_new0(VmbScenarioGuest, 1);
    g_autofree char *machine = NULL;

    guest->name = g_strdup(name);
    g_ptr_array_add(scenario->guests, guest);
    return vmb_ini_check_keys(ini, group, guest_keys, error) &&
           vmb_ini_boolean(ini, group, "network", &guest->network, error) &&
           vmb_ini_string(ini, group, "machine", &machine, error) &&
           (machine == NULL ||
            find_machine(ini, group, "machine", machine, &guest->machine, error));
}

/* ---- The whole ---- */

typedef gboolean (*ReadGroup)(VmbScenario *scenario, const VmbIni *ini, const char *group,
                              const char *name, GError **error);

/* In the order in which they refer to each other. */
static const struct {
    const char *kind;
    ReadGroup read;
} kinds[] = {
    {"range ", read_range},
    {"handler ", read_handler},
    {"guest ", read_guest},
    {"step ", vmb_scenario_add_step},
};

void vmb_scenario_each_key(VmbScenarioKey take, gpointer data)
{
    const struct {
        const char *group;
        const char *const *keys;
    } groups[] = {
        {"scenario", scenario_keys},
        {"range NAME", range_keys},
        {"handler NAME", handler_keys},
        {"guest NAME", guest_keys},
    };

    for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
        for (const char *const *key = groups[i].keys; *key != NULL; key++) {
            take(groups[i].group, *key, data);
        }
    }
    vmb_scenario_each_step_key(take, data);
}

static gboolean read_groups(VmbScenario *scenario, const VmbIni *ini, const char *kind,
                            ReadGroup read, GError **error)
{
    for (const char *const *group = vmb_ini_groups(ini); *group != NULL; group++) {
        if (g_str_has_prefix(*group, kind) &&
            !read(scenario, ini, *group, *group + strlen(kind), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean check_groups(const VmbIni *ini, GError **error)
{
    static const char *const words[] = {"scenario", "range NAME", "handler NAME", "guest NAME",
                                        "step NAME", NULL};

    for (const char *const *group = vmb_ini_groups(ini); *group != NULL; group++) {
        gboolean known = g_str_equal(*group, "scenario");

        for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
            known = known || (g_str_has_prefix(*group, kinds[i].kind) &&
                              strlen(*group) > strlen(kinds[i].kind));
        }
        if (!known) {
            return vmb_ini_fail_word(ini, *group, NULL, *group, "group of a scenario", words, error);
        }
    }
    return TRUE;
}

/* Without this QEMU would be what says so, when it does not start. */
static gboolean check_places(const VmbScenario *scenario, const VmbIni *ini, GError **error)
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

static gboolean read_all(VmbScenario *scenario, const VmbIni *ini, GError **error)
{
    if (!check_groups(ini, error) || !read_scenario(scenario, ini, error)) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!read_groups(scenario, ini, kinds[i].kind, kinds[i].read, error)) {
            return FALSE;
        }
        if (scenario->ranges->len == 0) {
            add_range(scenario, "vmmio0", vmb_ini_line(ini, "scenario", NULL));
        }
    }
    if (!check_places(scenario, ini, error)) {
        return FALSE;
    }
    if (scenario->steps->len == 0) {
        return vmb_ini_fail(ini, "scenario", NULL, error,
                            "it does nothing: add a group [step NAME] with `run = PROGRAM`");
    }
    return vmb_scenario_check_waits(scenario, error);
}

static VmbScenario *new_scenario(const char *directory, const char *name)
{
    VmbScenario *scenario = g_new0(VmbScenario, 1);

    scenario->name = g_strdup(name);
    scenario->directory = g_canonicalize_filename(directory, NULL);
    scenario->file = g_build_filename(scenario->directory, VMB_SCENARIO_FILE, NULL);
    scenario->machines = g_ptr_array_new();
    scenario->ranges = g_ptr_array_new_with_free_func((GDestroyNotify)range_free);
    scenario->handlers = g_ptr_array_new_with_free_func((GDestroyNotify)handler_free);
    scenario->guests = g_ptr_array_new_with_free_func((GDestroyNotify)guest_free);
    scenario->steps = g_ptr_array_new_with_free_func((GDestroyNotify)vmb_step_free);
    return scenario;
}

VmbScenario *vmb_scenario_load(const char *directory, const char *name, GError **error)
{
    g_autoptr(VmbScenario) scenario = new_scenario(directory, name);
    g_autoptr(VmbIni) ini = vmb_ini_load(scenario->file, error);

    return ini != NULL && read_all(scenario, ini, error) ? g_steal_pointer(&scenario) : NULL;
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

gboolean vmb_scenario_runs_on(const VmbScenario *scenario, const VmbMachine *machine)
{
    return g_ptr_array_find(scenario->machines, machine, NULL);
}

char *vmb_scenario_path(const VmbScenario *scenario, const VmbMachine *machine, const char *file)
{
    g_auto(GStrv) parts = g_strsplit(file, "{machine}", -1);
    g_autofree char *name = g_strjoinv(machine->name, parts);

    return g_path_is_absolute(name) ? g_steal_pointer(&name)
                                    : g_build_filename(scenario->directory, name, NULL);
}
