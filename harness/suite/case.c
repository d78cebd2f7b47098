/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case.h"

#include <errno.h>
#include <string.h>

#include "nearest.h"

static void case_free(VmbCase *test)
{
    g_free(test->id);
    g_free(test->directory);
    g_free(test);
}

void vmb_cases_free(VmbCases *cases)
{
    g_ptr_array_unref(cases->cases);
    g_ptr_array_unref(cases->scenarios);
    g_free(cases);
}

/* ---- Finding scenarios ---- */

/* Bytes; a file's name has 255, and there is a machine and more behind this. */
#define DIRECTORY_MAX 200

/* A scenario's name as that of one directory: no other scenario's name becomes the same. */
static char *directory_name(const char *scenario)
{
    return g_uri_escape_string(scenario, NULL, TRUE);
}

static gboolean check_name(const char *directory, const char *name, GError **error)
{
    g_autofree char *own = directory_name(name);

    if (strchr(name, '\n') != NULL) {
        g_autofree char *shown = g_strescape(directory, NULL);

        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "the directory \"%s\" of a scenario has a "
                    "newline in its name: give it another", shown);
        return FALSE;
    }
    if (strlen(own) > DIRECTORY_MAX) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "the name of the scenario in %s has %zu bytes, "
                    "as the directory of its logs, and may have %d: give it a shorter one", directory,
                    strlen(own), DIRECTORY_MAX);
        return FALSE;
    }
    return TRUE;
}

static gboolean add_scenario(VmbCases *cases, const char *directory, const char *name,
                             GError **error)
{
    VmbScenario *scenario = check_name(directory, name, error)
                                ? vmb_scenario_load(directory, name, error) : NULL;

    if (scenario == NULL) {
        return FALSE;
    }
    for (guint i = 0; i < cases->scenarios->len; i++) {
        const VmbScenario *other = g_ptr_array_index(cases->scenarios, i);

        if (g_str_equal(other->name, name)) {
            g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                        "two scenarios are called %s, %s and %s: give one another directory name",
                        name, other->directory, scenario->directory);
            vmb_scenario_free(scenario);
            return FALSE;
        }
    }
    g_ptr_array_add(cases->scenarios, scenario);
    return TRUE;
}

/*
 * Below a scenario's directory there are its files, no other scenarios. Links are not followed: they
 * can lead in circles. `name` is the path below the directory that was given, "" for that itself.
 */
static gboolean search(VmbCases *cases, const char *directory, const char *name, GError **error)
{
    g_autofree char *file = g_build_filename(directory, VMB_SCENARIO_FILE, NULL);
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *entry;

    if (g_file_test(file, G_FILE_TEST_EXISTS)) {
        g_autofree char *own = g_path_get_basename(directory);

        return add_scenario(cases, directory, name[0] != '\0' ? name : own, error);
    }
    dir = g_dir_open(directory, 0, &cause);
    if (dir == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s: give a directory of scenarios with --dir",
                    cause->message);
        return FALSE;
    }
    while ((entry = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(directory, entry, NULL);
        g_autofree char *below = name[0] != '\0' ? g_build_filename(name, entry, NULL)
                                                 : g_strdup(entry);

        if (entry[0] != '.' && g_file_test(path, G_FILE_TEST_IS_DIR) &&
            !g_file_test(path, G_FILE_TEST_IS_SYMLINK) && !search(cases, path, below, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    const VmbScenario *const *one = a, *const *other = b;

    return strcmp((*one)->name, (*other)->name);
}

/* ---- Choosing ---- */

static gboolean is_wanted_group(const VmbScenario *scenario, const char *group)
{
    return scenario->groups != NULL &&
           g_strv_contains((const char *const *)scenario->groups, group);
}

static gboolean is_wanted(const VmbScenario *scenario, const VmbSelection *selection)
{
    gboolean wanted = selection->patterns == NULL;

    for (guint i = 0; !wanted && selection->patterns[i] != NULL; i++) {
        wanted = g_pattern_match_simple(selection->patterns[i], scenario->name);
    }
    if (!wanted || selection->groups == NULL) {
        return wanted;
    }
    for (const char *const *group = selection->groups; *group != NULL; group++) {
        if (is_wanted_group(scenario, *group)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void add_words(GPtrArray *words, char **more)
{
    for (; more != NULL && *more != NULL; more++) {
        g_ptr_array_add(words, *more);
    }
}

static gboolean fail_word(const char *kind, const char *word, GPtrArray *words, GError **error)
{
    const char *nearest;

    g_ptr_array_add(words, NULL);
    nearest = vmb_nearest(word, (const char *const *)words->pdata);
    if (nearest != NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "no %s `%s`: did you mean `%s`? `vmbench list` "
                    "shows all", kind, word, nearest);
    } else {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "no %s `%s`: `vmbench list` shows all", kind, word);
    }
    return FALSE;
}

/* A pattern that matches nothing is a mistake, and a run that does nothing must not pass. */
static gboolean check_patterns(const VmbCases *cases, const VmbSelection *selection,
                               GError **error)
{
    for (guint p = 0; selection->patterns != NULL && selection->patterns[p] != NULL; p++) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        gboolean matches = FALSE;

        for (guint i = 0; i < cases->scenarios->len; i++) {
            const VmbScenario *scenario = g_ptr_array_index(cases->scenarios, i);

            g_ptr_array_add(names, scenario->name);
            matches = matches || g_pattern_match_simple(selection->patterns[p], scenario->name);
        }
        if (!matches) {
            return fail_word("scenario matches", selection->patterns[p], names, error);
        }
    }
    return TRUE;
}

static gboolean check_groups(const VmbCases *cases, const VmbSelection *selection, GError **error)
{
    for (guint g = 0; selection->groups != NULL && selection->groups[g] != NULL; g++) {
        g_autoptr(GPtrArray) groups = g_ptr_array_new();
        gboolean there = FALSE;

        for (guint i = 0; i < cases->scenarios->len; i++) {
            const VmbScenario *scenario = g_ptr_array_index(cases->scenarios, i);

            add_words(groups, scenario->groups);
            there = there || is_wanted_group(scenario, selection->groups[g]);
        }
        if (!there) {
            return fail_word("scenario is in the group", selection->groups[g], groups, error);
        }
    }
    return TRUE;
}

static gboolean find_machine(const char *name, const VmbMachine **machine, GError **error)
{
    *machine = NULL;
    if (g_str_equal(name, "all")) {
        return TRUE;
    }
    *machine = vmb_machine_find(name);
    if (*machine == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "no machine is called %s: it is raspi4b, x86 or all", name);
    }
    return *machine != NULL;
}

static void add_case(VmbCases *cases, const VmbScenario *scenario, const VmbMachine *machine,
                     guint number, guint repeat)
{
    VmbCase *test = g_new0(VmbCase, 1);
    g_autofree char *directory = directory_name(scenario->name);

    test->scenario = scenario;
    test->machine = machine;
    test->id = repeat > 1
                   ? g_strdup_printf("%s:%s#%u", scenario->name, machine->name, number)
                   : g_strdup_printf("%s:%s", scenario->name, machine->name);
    test->directory = repeat > 1
                          ? g_strdup_printf("%s-%s-%u", directory, machine->name, number)
                          : g_strdup_printf("%s-%s", directory, machine->name);
    g_ptr_array_add(cases->cases, test);
}

/* Returns how many there would be without shards. */
static guint add_cases(VmbCases *cases, const VmbSelection *selection, const VmbMachine *only)
{
    guint count = 0;

    for (guint i = 0; i < cases->scenarios->len; i++) {
        const VmbScenario *scenario = g_ptr_array_index(cases->scenarios, i);

        for (guint m = 0; is_wanted(scenario, selection) && m < scenario->machines->len; m++) {
            const VmbMachine *machine = g_ptr_array_index(scenario->machines, m);

            if ((only == NULL || only == machine) &&
                count++ % selection->shards == selection->shard - 1) {
                for (guint r = 1; r <= selection->repeat; r++) {
                    add_case(cases, scenario, machine, r, selection->repeat);
                }
            }
        }
    }
    return count;
}

/* A run of nothing must not pass: what was meant is somewhere else, or is called otherwise. */
static VmbCases *fail_nothing(const VmbCases *cases, const VmbSelection *selection, GError **error)
{
    g_autofree char *where = g_strjoinv(", ", (char **)selection->directories);

    if (cases->scenarios->len == 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "no scenario in %s: one is a directory with a "
                    "file %s, at any depth; give another place with --dir", where,
                    VMB_SCENARIO_FILE);
    } else {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "nothing to run: of %u scenarios in %s none %s"
                    "%sis for the machine %s: `vmbench list` shows what there is",
                    cases->scenarios->len, where,
                    selection->patterns != NULL ? "has such a name, " : "",
                    selection->groups != NULL ? "is in such a group, " : "", selection->machine);
    }
    return NULL;
}

VmbCases *vmb_cases_find(const VmbSelection *selection, GError **error)
{
    g_autoptr(VmbCases) cases = g_new0(VmbCases, 1);
    const VmbMachine *only;

    cases->scenarios = g_ptr_array_new_with_free_func((GDestroyNotify)vmb_scenario_free);
    cases->cases = g_ptr_array_new_with_free_func((GDestroyNotify)case_free);
    if (!find_machine(selection->machine, &only, error)) {
        return NULL;
    }
    for (const char *const *dir = selection->directories; *dir != NULL; dir++) {
        if (!search(cases, *dir, "", error)) {
            return NULL;
        }
    }
    g_ptr_array_sort(cases->scenarios, compare_names);
    if (cases->scenarios->len == 0) {
        return fail_nothing(cases, selection, error);
    }
    if (!check_patterns(cases, selection, error) || !check_groups(cases, selection, error)) {
        return NULL;
    }
    if (add_cases(cases, selection, only) == 0) {
        return fail_nothing(cases, selection, error);
    }
    return g_steal_pointer(&cases);
}
