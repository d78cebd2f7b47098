/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenario_step.h"

#include <signal.h>
#include <string.h>

#define BYTES_MAX 4096

static void expected_clear(VmbExpected *expected)
{
    g_free(expected->file);
    g_free(expected->patterns);
    g_free(expected->text);
}

void vmb_step_free(VmbStep *step)
{
    g_free(step->name);
    g_strfreev(step->argv);
    g_strfreev(step->environment);
    g_free(step->directory);
    g_free(step->input_file);
    expected_clear(&step->out);
    expected_clear(&step->err);
    g_free(step->text);
    g_clear_pointer(&step->bytes, g_byte_array_unref);
    g_free(step);
}

/* ---- Kinds of values ---- */

gboolean vmb_scenario_command(const VmbIni *ini, const char *group, const char *key, char ***argv,
                              GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;

    if (!vmb_ini_string(ini, group, key, &text, error)) {
        return FALSE;
    }
    if (text == NULL) {
        return vmb_ini_fail(ini, group, NULL, error, "`%s` is missing: name a program", key);
    }
    if (!g_shell_parse_argv(text, NULL, argv, &cause)) {
        return vmb_ini_fail(ini, group, key, error, "%s", cause->message);
    }
    return TRUE;
}

gboolean vmb_scenario_environment(const VmbIni *ini, const char *group, char ***environment,
                                  GError **error)
{
    if (!vmb_ini_list(ini, group, "environment", environment, error)) {
        return FALSE;
    }
    for (char **word = *environment; word != NULL && *word != NULL; word++) {
        const char *equals = strchr(*word, '=');

        if (equals == NULL || equals == *word) {
            return vmb_ini_fail(ini, group, "environment", error,
                                "`%s` is no variable: write NAME=VALUE;NAME=VALUE", *word);
        }
    }
    return TRUE;
}

gboolean vmb_scenario_find(const VmbIni *ini, const char *group, const char *key,
                           const GPtrArray *things, const char *name, const char *what,
                           guint *index, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < things->len; i++) {
        char **thing = g_ptr_array_index(things, i);

        if (g_str_equal(*thing, name)) {
            *index = i;
            return TRUE;
        }
        g_ptr_array_add(names, *thing);
    }
    g_ptr_array_add(names, NULL);
    return vmb_ini_fail_word(ini, group, key, name, what, (const char *const *)names->pdata, error);
}

/* One of KEY, KEY-lines and KEY-text, or none. */
static gboolean read_expected(const VmbIni *ini, const char *group, const char *key,
                              VmbExpected *expected, GError **error)
{
    g_autofree char *lines = g_strconcat(key, "-lines", NULL);
    g_autofree char *text = g_strconcat(key, "-text", NULL);
    const struct {
        const char *key;
        char **value;
    } ways[] = {{key, &expected->file}, {lines, &expected->patterns}, {text, &expected->text}};

    for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
        guint line = vmb_ini_line(ini, group, ways[i].key);

        if (line == 0) {
            continue;
        }
        if (expected->line != 0) {
            return vmb_ini_fail(ini, group, ways[i].key, error,
                                "line %u says already what it is to be: leave one of them",
                                expected->line);
        }
        expected->line = line;
        if (!vmb_ini_string(ini, group, ways[i].key, ways[i].value, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_address(const VmbIni *ini, const char *group, const char *key, VmbStep *step,
                             GError **error)
{
    guint64 width = step->width;

    if (!vmb_ini_number(ini, group, key, G_MAXUINT64, &step->address, error) ||
        !vmb_ini_number(ini, group, "width", 8, &width, error)) {
        return FALSE;
    }
    if (width == 0 || (width & (width - 1)) != 0) {
        return vmb_ini_fail(ini, group, "width", error, "an access has 1, 2, 4 or 8 bytes");
    }
    step->width = (guint)width;
    if (step->address % width != 0) {
        return vmb_ini_fail(ini, group, key, error, "the address is no multiple of the width, %u",
                            step->width);
    }
    return TRUE;
}

/* "aa 00 ff"; *bytes stays NULL when the key is not there. */
static gboolean read_bytes(const VmbIni *ini, const char *group, const char *key,
                           GByteArray **bytes, GError **error)
{
    g_autofree char *text = NULL;

    if (!vmb_ini_string(ini, group, key, &text, error)) {
        return FALSE;
    }
    if (text == NULL) {
        return TRUE;
    }
    *bytes = g_byte_array_new();
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);

    for (char **word = words; *word != NULL; word++) {
        guint64 value;
        guint8 byte;

        if (**word == '\0') {
            continue;
        }
        if (strlen(*word) != 2 || !g_ascii_string_to_unsigned(*word, 16, 0, 255, &value, NULL)) {
            return vmb_ini_fail(ini, group, key, error,
                                "`%s` is no byte: write two hexadecimal digits for each, `aa 01`",
                                *word);
        }
        byte = (guint8)value;
        g_byte_array_append(*bytes, &byte, 1);
    }
    if ((*bytes)->len == 0 || (*bytes)->len > BYTES_MAX) {
        return vmb_ini_fail(ini, group, key, error, "write 1 to %d bytes", BYTES_MAX);
    }
    return TRUE;
}

/* ---- What a step does: a reader for each verb ---- */

typedef struct {
    VmbScenario *scenario;
    const VmbIni *ini;
    const char *group;
    const char *key;   /* the verb */
    const char *value; /* its value */
} Source;

static gboolean find_handler(const Source *s, guint *index, GError **error)
{
    return vmb_scenario_find(s->ini, s->group, s->key, s->scenario->handlers, s->value, "handler",
                             index, error);
}

static gboolean find_range(const Source *s, guint *index, GError **error)
{
    return vmb_scenario_find(s->ini, s->group, s->key, s->scenario->ranges, s->value, "range",
                             index, error);
}

/* The step of that name which runs a program in the background. -1: there is none. */
static gint find_background(const Source *s)
{
    for (guint i = 0; i < s->scenario->steps->len; i++) {
        const VmbStep *step = g_ptr_array_index(s->scenario->steps, i);

        if (step->background && g_str_equal(step->name, s->value)) {
            return (gint)i;
        }
    }
    return -1;
}

static gboolean read_guest(const Source *s, VmbStep *step, GError **error)
{
    g_autofree char *name = NULL;
    guint index;

    step->guest = -1;
    if (!vmb_ini_string(s->ini, s->group, "guest", &name, error)) {
        return FALSE;
    }
    if (name == NULL) {
        return TRUE;
    }
    if (!vmb_scenario_find(s->ini, s->group, "guest", s->scenario->guests, name, "guest", &index,
                           error)) {
        return FALSE;
    }
    step->guest = (gint)index;
    return TRUE;
}

/* `exit = 3` or `signal = 11`; exit status 0 when nothing is said. */
static gboolean read_end(const Source *s, VmbStep *step, GError **error)
{
    guint64 status = 0, number = 0;
    gboolean by_signal = vmb_ini_line(s->ini, s->group, "signal") != 0;

    if (by_signal && vmb_ini_line(s->ini, s->group, "exit") != 0) {
        return vmb_ini_fail(s->ini, s->group, "signal", error,
                            "a program ends by exit or by a signal: leave one of them");
    }
    if (!vmb_ini_number(s->ini, s->group, "exit", 255, &status, error) ||
        !vmb_ini_number(s->ini, s->group, "signal", SIGRTMAX, &number, error)) {
        return FALSE;
    }
    if (by_signal && number == 0) {
        return vmb_ini_fail(s->ini, s->group, "signal", error, "signals begin with 1: SIGSEGV is 11");
    }
    step->exit_status = by_signal ? -1 : (gint)status;
    step->signal_number = (guint)number;
    step->end_line = vmb_ini_line(s->ini, s->group, by_signal ? "signal" : "exit");
    return TRUE;
}

static gboolean read_input(const Source *s, VmbStep *step, GError **error)
{
    if (!vmb_ini_string(s->ini, s->group, "stdin", &step->input_file, error) ||
        !vmb_ini_string(s->ini, s->group, "stdin-text", &step->text, error)) {
        return FALSE;
    }
    if (step->input_file != NULL && step->text != NULL) {
        return vmb_ini_fail(s->ini, s->group, "stdin-text", error,
                            "`stdin` names a file already: leave one of them");
    }
    return TRUE;
}

static gboolean read_run(const Source *s, VmbStep *step, GError **error)
{
    gboolean ok = vmb_scenario_command(s->ini, s->group, "run", &step->argv, error);

    ok = vmb_scenario_environment(s->ini, s->group, &step->environment, error) && ok;
    ok = vmb_ini_string(s->ini, s->group, "directory", &step->directory, error) && ok;
    ok = vmb_ini_boolean(s->ini, s->group, "background", &step->background, error) && ok;
    ok = read_input(s, step, error) && ok;
    ok = read_guest(s, step, error) && ok;
    ok = read_end(s, step, error) && ok;
    ok = read_expected(s->ini, s->group, "stdout", &step->out, error) && ok;
    return read_expected(s->ini, s->group, "stderr", &step->err, error) && ok;
}

static gboolean find_ending_handler(const Source *s, guint *index)
{
    for (guint i = 0; i < s->scenario->handlers->len; i++) {
        const VmbScenarioHandler *handler = g_ptr_array_index(s->scenario->handlers, i);

        if (handler->ends && g_str_equal(handler->name, s->value)) {
            *index = i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean read_wait(const Source *s, VmbStep *step, GError **error)
{
    gint program = find_background(s);

    step->to_program = program >= 0;
    step->target = (guint)program;
    return step->to_program || find_ending_handler(s, &step->target) ||
           vmb_ini_fail(s->ini, s->group, "wait", error,
                        "no step before this one is called `%s` and has `background = yes`, nor a "
                        "handler with `may-end = yes`",
                        s->value);
}

static gboolean read_start(const Source *s, VmbStep *step, GError **error)
{
    step->claim = TRUE;
    return find_handler(s, &step->target, error) &&
           vmb_ini_boolean(s->ini, s->group, "claim", &step->claim, error);
}

static gboolean read_stop(const Source *s, VmbStep *step, GError **error)
{
    return find_handler(s, &step->target, error);
}

static gboolean read_range(const Source *s, VmbStep *step, GError **error)
{
    return find_range(s, &step->target, error);
}

static gboolean read_output(const Source *s, VmbStep *step, GError **error)
{
    if (!find_handler(s, &step->target, error) ||
        !read_expected(s->ini, s->group, "stdout", &step->out, error)) {
        return FALSE;
    }
    return step->out.line != 0 ||
           vmb_ini_fail(s->ini, s->group, NULL, error,
                        "with `output` say what it is to be: `stdout`, `stdout-lines` or "
                        "`stdout-text`");
}

static gboolean read_send(const Source *s, VmbStep *step, GError **error)
{
    gint program = find_background(s);

    step->to_program = program >= 0;
    step->target = (guint)program;
    if (!step->to_program && !find_handler(s, &step->target, error)) {
        return FALSE;
    }
    if (!vmb_ini_string(s->ini, s->group, "text", &step->text, error) ||
        !read_bytes(s->ini, s->group, "bytes", &step->bytes, error)) {
        return FALSE;
    }
    return (step->text == NULL) != (step->bytes == NULL) ||
           vmb_ini_fail(s->ini, s->group, NULL, error,
                        "with `send` say what: `text = ok\\n` or `bytes = 6f 6b 0a`");
}

static gboolean read_bytes_at(const Source *s, VmbStep *step, GError **error)
{
    if (!read_address(s->ini, s->group, "bytes-at", step, error) ||
        !read_bytes(s->ini, s->group, "bytes", &step->bytes, error)) {
        return FALSE;
    }
    if (step->bytes == NULL || step->bytes->len % step->width != 0) {
        return vmb_ini_fail(s->ini, s->group, NULL, error,
                            "with `bytes-at` say which: `bytes = aa aa aa aa`, as many as accesses "
                            "of `width` bytes read");
    }
    return TRUE;
}

static gboolean read_bus_error(const Source *s, VmbStep *step, GError **error)
{
    if (!read_address(s->ini, s->group, "bus-error", step, error) ||
        !read_bytes(s->ini, s->group, "write", &step->bytes, error)) {
        return FALSE;
    }
    return step->bytes == NULL || step->bytes->len == step->width ||
           vmb_ini_fail(s->ini, s->group, "write", error, "write as many bytes as `width`, %u",
                        step->width);
}

static gboolean read_reset(const Source *s, VmbStep *step, GError **error)
{
    gboolean really = FALSE;

    if (!vmb_ini_boolean(s->ini, s->group, "reset", &really, error)) {
        return FALSE;
    }
    if (!really) {
        return vmb_ini_fail(s->ini, s->group, "reset", error, "write `reset = yes`");
    }
    if (!read_guest(s, step, error)) {
        return FALSE;
    }
    s->scenario->resets = s->scenario->resets || step->guest < 0;
    return TRUE;
}

#define EXPECTED(key) key, key "-lines", key "-text"

static const struct {
    const char *verb;
    VmbStepKind kind;
    gboolean (*read)(const Source *s, VmbStep *step, GError **error);
    const char *keys[16]; /* beside the verb and what each step may have */
} verbs[] = {
    {"run", VMB_STEP_RUN, read_run,
     {"background", "environment", "directory", "stdin", "stdin-text", "exit", "signal", "guest",
      EXPECTED("stdout"), EXPECTED("stderr")}},
    {"wait", VMB_STEP_WAIT, read_wait, {NULL}},
    {"start", VMB_STEP_START, read_start, {"claim"}},
    {"stop", VMB_STEP_STOP, read_stop, {NULL}},
    {"kill", VMB_STEP_KILL, read_stop, {NULL}},
    {"restart", VMB_STEP_RESTART, read_start, {"claim"}},
    {"wait-claim", VMB_STEP_CLAIM, read_range, {NULL}},
    {"wait-release", VMB_STEP_RELEASE, read_range, {NULL}},
    {"output", VMB_STEP_OUTPUT, read_output, {EXPECTED("stdout")}},
    {"send", VMB_STEP_SEND, read_send, {"text", "bytes"}},
    {"bytes-at", VMB_STEP_BYTES, read_bytes_at, {"bytes", "width"}},
    {"bus-error", VMB_STEP_BUS_ERROR, read_bus_error, {"width", "write"}},
    {"reset", VMB_STEP_RESET, read_reset, {"guest"}},
};

#define EACH_STEP "timeout"

void vmb_scenario_each_step_key(VmbScenarioKey take, gpointer data)
{
    take("step NAME", EACH_STEP, data);
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        take(verbs[i].verb, verbs[i].verb, data);
        for (guint k = 0; k < G_N_ELEMENTS(verbs[0].keys) && verbs[i].keys[k] != NULL; k++) {
            take(verbs[i].verb, verbs[i].keys[k], data);
        }
    }
}

/* The one verb of the group, as an index. FALSE: none, or two. */
static gboolean find_verb(const VmbIni *ini, const char *group, guint *index, GError **error)
{
    const char *first = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (vmb_ini_line(ini, group, verbs[i].verb) == 0) {
            continue;
        }
        if (first != NULL) {
            return vmb_ini_fail(ini, group, verbs[i].verb, error,
                                "the step has `%s` already: make two steps of it", first);
        }
        first = verbs[i].verb;
        *index = i;
    }
    return first != NULL ||
           vmb_ini_fail(ini, group, NULL, error,
                        "the step does nothing: give it run, wait, start, stop, kill, restart, "
                        "wait-claim, wait-release, output, send, bytes-at, bus-error or reset");
}

static gboolean check_keys(const VmbIni *ini, const char *group, guint verb, GError **error)
{
    const char *keys[G_N_ELEMENTS(verbs[0].keys) + 3] = {verbs[verb].verb, EACH_STEP};

    for (guint i = 0; i < G_N_ELEMENTS(verbs[0].keys) && verbs[verb].keys[i] != NULL; i++) {
        keys[i + 2] = verbs[verb].keys[i];
    }
    return vmb_ini_check_keys(ini, group, keys, error);
}

static gboolean read_step(VmbScenario *scenario, const VmbIni *ini, const char *group,
                          VmbStep *step, GError **error)
{
    g_autofree char *value = NULL;
    guint verb = 0;
    gboolean ok;

    if (!find_verb(ini, group, &verb, error)) {
        return FALSE;
    }
    ok = check_keys(ini, group, verb, error);
    ok = vmb_ini_seconds(ini, group, "timeout", &step->ms, error) && ok;
    if (!vmb_ini_string(ini, group, verbs[verb].verb, &value, error)) {
        return FALSE;
    }
    const Source source = {scenario, ini, group, verbs[verb].verb, value};

    step->kind = verbs[verb].kind;
    return verbs[verb].read(&source, step, error) && ok;
}

gboolean vmb_scenario_add_step(VmbScenario *scenario, const VmbIni *ini, const char *group,
                               const char *name, GError **error)
{
    VmbStep *step = g_new0(VmbStep, 1);

    step->name = g_strdup(name);
    step->line = vmb_ini_line(ini, group, NULL);
    step->ms = scenario->ms;
    step->width = 1;
    step->guest = -1;
    g_ptr_array_add(scenario->steps, step);
    if (!read_step(scenario, ini, group, step, error)) {
        step->background = TRUE; /* one mistake is enough: another step may wait for it */
        return FALSE;
    }
    return TRUE;
}
