/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "handler_program.h"

#include <string.h>

#include "paths.h"

static char *find_program(const char *directory, const char *program)
{
    g_autofree char *own = g_canonicalize_filename(program, directory);
    g_autofree char *built = g_build_filename(VMB_HANDLERS_DIR, program, NULL);

    if (strchr(program, '/') != NULL ||
        (directory != NULL && g_file_test(own, G_FILE_TEST_IS_REGULAR))) {
        return g_steal_pointer(&own);
    }
    if (g_file_test(built, G_FILE_TEST_IS_EXECUTABLE)) {
        return g_steal_pointer(&built);
    }
    return g_strdup(program);
}

static gboolean is_python(const char *path)
{
    return g_str_has_suffix(path, ".py") && g_file_test(path, G_FILE_TEST_IS_REGULAR) &&
           !g_file_test(path, G_FILE_TEST_IS_EXECUTABLE);
}

char **vmb_handler_argv(const char *directory, char **command, const char *endpoint)
{
    g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
    g_autofree char *program = find_program(directory, command[0]);

    if (is_python(program)) {
        g_strv_builder_add(argv, VMB_PYTHON);
    }
    g_strv_builder_add(argv, program);
    g_strv_builder_addv(argv, (const char **)command + 1);
    if (endpoint != NULL) {
        g_strv_builder_add(argv, endpoint);
    }
    return g_strv_builder_end(argv);
}

char **vmb_handler_environment(char **own)
{
    const char *before = g_getenv("PYTHONPATH");
    g_autoptr(GStrvBuilder) all = g_strv_builder_new();
    g_autofree char *path = g_strdup_printf("PYTHONPATH=%s%s%s", VMB_PYTHON_PATH,
                                            before != NULL ? ":" : "", before != NULL ? before : "");

    g_strv_builder_add(all, path);
    if (own != NULL) {
        g_strv_builder_addv(all, (const char **)own);
    }
    return g_strv_builder_end(all);
}

static gboolean fail(const VmbScenario *scenario, const VmbScenarioHandler *handler,
                     const char *program, const char *problem, GError **error)
{
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s:%u: the handler's program %s %s",
                scenario->file, handler->line, program, problem);
    return FALSE;
}

gboolean vmb_handler_program_check(const VmbScenario *scenario, const VmbScenarioHandler *handler,
                                   GError **error)
{
    const char *word = handler->command[0];
    g_autofree char *program = NULL;
    g_autofree char *found = NULL;

    if (strchr(word, '{') != NULL) {
        return TRUE; /* known when its placeholders are */
    }
    program = find_program(scenario->directory, word);
    if (strchr(program, '/') == NULL) {
        found = g_find_program_in_path(program);
        return found != NULL ||
               fail(scenario, handler, word,
                    "is neither a file of the scenario's directory, nor one of the bench's handlers, "
                    "nor in PATH", error);
    }
    if (!g_file_test(program, G_FILE_TEST_IS_REGULAR)) {
        return fail(scenario, handler, program, "is not there", error);
    }
    return g_file_test(program, G_FILE_TEST_IS_EXECUTABLE) ||
           is_python(program) ||
           fail(scenario, handler, program, "is not executable: chmod +x it", error);
}
