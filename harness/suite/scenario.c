/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenario.h"

#include <string.h>

#include "ini.h"
#include "scenario_range.h"
#include "scenario_step.h"

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

/* Of HOST:GUEST and FILE.ko:INI what comes first. */
static gboolean is_there(const VmbScenario *scenario, const char *word)
{
    g_autofree char *host = g_strndup(word, strcspn(word, ":"));
    g_autofree char *path = g_canonicalize_filename(host, scenario->directory);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static gboolean check_sources(const VmbScenario *scenario, const VmbIni *ini, const char *key,
                              char **words, GError **error)
{
    gboolean ok = TRUE;

    for (char **word = words; word != NULL && *word != NULL; word++) {
        if (!is_there(scenario, *word)) {
            ok = vmb_ini_fail(ini, "scenario", key, error, "`%s` is not there: what goes into the "
                              "image is named from the directory of this file", *word);
        }
    }
    return ok;
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
    gboolean ok = TRUE;

    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        ok = vmb_ini_list(ini, "scenario", lists[i].key, lists[i].value, error) &&
             check_sources(scenario, ini, lists[i].key, *lists[i].value, error) && ok;
        make_absolute(scenario, *lists[i].value);
    }
    return ok;
}

static const char *const scenario_keys[] = {
    "title", "machines", "groups", "timeout", "isolate", "misbehaves", "network",
    "needs", "append",   "add",    "pkg",     "module",  "overlay",    "manifest",
    NULL,
};

static gboolean read_scenario(VmbScenario *scenario, const VmbIni *ini, GError **error)
{
    const char *group = "scenario";

    gboolean ok = vmb_ini_check_keys(ini, group, scenario_keys, error);

    scenario->ms = VMB_STEP_MS;
    ok = vmb_ini_string(ini, group, "title", &scenario->title, error) && ok;
    ok = vmb_ini_list(ini, group, "groups", &scenario->groups, error) && ok;
    ok = vmb_ini_seconds(ini, group, "timeout", &scenario->ms, error) && ok;
    ok = vmb_ini_boolean(ini, group, "isolate", &scenario->isolate, error) && ok;
    ok = vmb_ini_boolean(ini, group, "misbehaves", &scenario->misbehaves, error) && ok;
    ok = vmb_ini_boolean(ini, group, "network", &scenario->network, error) && ok;
    ok = vmb_ini_string(ini, group, "append", &scenario->append, error) && ok;
    ok = read_machines(scenario, ini, error) && ok;
    ok = read_needs(scenario, ini, error) && ok;
    return read_image(scenario, ini, error) && ok;
}

/* ---- [handler NAME], [guest NAME] ---- */

/* Their logs are files and directories of that name. */
static gboolean check_name(const VmbIni *ini, const char *group, const char *name, GError **error)
{
    gboolean ok = name[strspn(name, ".")] != '\0';

    for (const char *c = name; *c != '\0'; c = g_utf8_next_char(c)) {
        ok = ok && (g_unichar_isalnum(g_utf8_get_char(c)) || strchr(" -_.", *c) != NULL);
    }
    return ok || vmb_ini_fail(ini, group, NULL, error, "`%s` cannot name its logs: write letters, digits, "
                              "blanks, -, _ and ., and not . alone", name);
}

static const char *const handler_keys[] = {"command", "environment", "range", "may-end", NULL};

static gboolean read_handler(VmbScenario *scenario, const VmbIni *ini, const char *group,
                             const char *name, GError **error)
{
    VmbScenarioHandler *handler = g_new0(VmbScenarioHandler, 1);
    g_autofree char *range = NULL;
    gboolean ok;

    handler->name = g_strdup(name);
    handler->line = vmb_ini_line(ini, group, "command");
    g_ptr_array_add(scenario->handlers, handler);
    ok = check_name(ini, group, name, error);
    ok = vmb_ini_check_keys(ini, group, handler_keys, error) && ok;
    ok = vmb_scenario_command(ini, group, "command", &handler->command, error) && ok;
    ok = vmb_scenario_environment(ini, group, &handler->environment, error) && ok;
    ok = vmb_ini_boolean(ini, group, "may-end", &handler->ends, error) && ok;
    ok = vmb_ini_string(ini, group, "range", &range, error) && ok;
    if (range != NULL) {
        ok = vmb_scenario_find(ini, group, "range", scenario->ranges, range, "range", &handler->range,
                               error) && ok;
    }
    handler->ends = handler->ends || !ok; /* one mistake is enough: a step may wait for it */
    return ok;
}

static const char *const guest_keys[] = {"machine", "network", NULL};

static gboolean read_guest(VmbScenario *scenario, const VmbIni *ini, const char *group,
                           const char *name, GError **error)
{
    VmbScenarioGuest *guest = g_new0(VmbScenarioGuest, 1);
    g_autofree char *machine = NULL;
    gboolean ok = check_name(ini, group, name, error);

    ok = vmb_ini_check_keys(ini, group, guest_keys, error) && ok;
    guest->name = g_strdup(name);
    g_ptr_array_add(scenario->guests, guest);
    ok = vmb_ini_boolean(ini, group, "network", &guest->network, error) && ok;
    ok = vmb_ini_string(ini, group, "machine", &machine, error) && ok;
    return (machine == NULL ||
            find_machine(ini, group, "machine", machine, &guest->machine, error)) && ok;
}

/* ---- The whole ---- */

typedef gboolean (*ReadGroup)(VmbScenario *scenario, const VmbIni *ini, const char *group,
                              const char *name, GError **error);

/* In the order in which they refer to each other. */
static const struct {
    const char *kind;
    ReadGroup read;
} kinds[] = {
    {"range ", vmb_scenario_read_range},
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
        {"range NAME", vmb_scenario_range_keys},
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
    gboolean ok = TRUE;

    for (const char *const *group = vmb_ini_groups(ini); *group != NULL; group++) {
        if (g_str_has_prefix(*group, kind)) {
            ok = read(scenario, ini, *group, *group + strlen(kind), error) && ok;
        }
    }
    return ok;
}

static gboolean check_groups(const VmbIni *ini, GError **error)
{
    static const char *const words[] = {"scenario", "range NAME", "handler NAME", "guest NAME",
                                        "step NAME", NULL};
    gboolean ok = TRUE;

    for (const char *const *group = vmb_ini_groups(ini); *group != NULL; group++) {
        gboolean known = g_str_equal(*group, "scenario");

        for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
            known = known || (g_str_has_prefix(*group, kinds[i].kind) &&
                              strlen(*group) > strlen(kinds[i].kind));
        }
        if (!known) {
            ok = vmb_ini_fail_word(ini, *group, NULL, *group, "group of a scenario", words, error);
        }
    }
    return ok;
}

/* What each group is right for, but not all together. */
static gboolean check_whole(const VmbScenario *scenario, const VmbIni *ini, GError **error)
{
    if (!vmb_scenario_check_places(scenario, ini, error)) {
        return FALSE;
    }
    if (scenario->steps->len == 0) {
        return vmb_ini_fail(ini, "scenario", NULL, error,
                            "it does nothing: add a group [step NAME] with `run = PROGRAM`");
    }
    return vmb_scenario_check_waits(scenario, error);
}

/* To the end, whatever is wrong; but of a group with a wrong name others would miss what it has. */
static gboolean read_all(VmbScenario *scenario, const VmbIni *ini, GError **error)
{
    gboolean ok;

    if (!check_groups(ini, error)) {
        return FALSE;
    }
    if (vmb_ini_line(ini, "scenario", NULL) == 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s:1: it has no group [scenario]: begin "
                    "with that", vmb_ini_path(ini));
        return FALSE;
    }
    ok = read_scenario(scenario, ini, error);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        ok = read_groups(scenario, ini, kinds[i].kind, kinds[i].read, error) && ok;
        if (scenario->ranges->len == 0) {
            vmb_scenario_add_range(scenario, "vmmio0", vmb_ini_line(ini, "scenario", NULL));
        }
    }
    return ok && check_whole(scenario, ini, error);
}

static VmbScenario *new_scenario(const char *directory, const char *name)
{
    VmbScenario *scenario = g_new0(VmbScenario, 1);

    scenario->name = g_strdup(name);
    scenario->directory = g_canonicalize_filename(directory, NULL);
    scenario->file = g_build_filename(scenario->directory, VMB_SCENARIO_FILE, NULL);
    scenario->machines = g_ptr_array_new();
    scenario->ranges = g_ptr_array_new_with_free_func((GDestroyNotify)vmb_scenario_range_free);
    scenario->handlers = g_ptr_array_new_with_free_func((GDestroyNotify)handler_free);
    scenario->guests = g_ptr_array_new_with_free_func((GDestroyNotify)guest_free);
    scenario->steps = g_ptr_array_new_with_free_func((GDestroyNotify)vmb_step_free);
    return scenario;
}

VmbScenario *vmb_scenario_load(const char *directory, const char *name, GError **error)
{
    g_autoptr(VmbScenario) scenario = new_scenario(directory, name);
    g_autoptr(VmbIni) ini = vmb_ini_load(scenario->file, error);

    if (ini == NULL) {
        return NULL;
    }
    if (!read_all(scenario, ini, error)) {
        vmb_ini_gather(ini, error);
        return NULL;
    }
    return g_steal_pointer(&scenario);
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
