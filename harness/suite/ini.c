/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ini.h"

#include <string.h>

#include "nearest.h"
#include "number.h"

#define SECONDS_MAX 86400

/* With more a file is not what it is thought to be. */
#define TOLD_MAX 10

/* Editors of some systems begin each text with it. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

typedef struct {
    guint line;
    char *problem;
} Mistake;

struct VmbIni {
    char *path;
    GKeyFile *file;
    char **groups;
    GHashTable *lines; /* "GROUP" or "GROUP]KEY", as no group has a bracket, to its line */
    GPtrArray *mistakes; /* all that were found, of Mistake */
};

static void mistake_free(Mistake *mistake)
{
    g_free(mistake->problem);
    g_free(mistake);
}

void vmb_ini_free(VmbIni *ini)
{
    g_free(ini->path);
    g_key_file_unref(ini->file);
    g_strfreev(ini->groups);
    g_hash_table_unref(ini->lines);
    g_ptr_array_unref(ini->mistakes);
    g_free(ini);
}

static char *place_name(const char *group, const char *key)
{
    return key != NULL ? g_strdup_printf("%s]%s", group, key) : g_strdup(group);
}

/* *error is of the first mistake; vmb_ini_gather() adds the others. */
static gboolean fail_at(const VmbIni *ini, guint line, GError **error, const char *problem)
{
    Mistake *mistake = g_new(Mistake, 1);

    mistake->line = line;
    mistake->problem = g_strdup(problem);
    g_ptr_array_add(ini->mistakes, mistake);
    if (error != NULL && *error == NULL) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s:%u: %s", ini->path, line, problem);
    }
    return FALSE;
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    const Mistake *const *one = a, *const *other = b;

    return (gint)(*one)->line - (gint)(*other)->line;
}

void vmb_ini_gather(const VmbIni *ini, GError **error)
{
    GPtrArray *mistakes = ini->mistakes;
    GString *text;

    if (error == NULL || mistakes->len < 2) {
        return;
    }
    text = g_string_new(NULL);
    g_ptr_array_sort(mistakes, compare_lines);
    for (guint i = 0; i < MIN(mistakes->len, TOLD_MAX); i++) {
        const Mistake *mistake = g_ptr_array_index(mistakes, i);

        g_string_append_printf(text, "%s%s:%u: %s", i > 0 ? "\n" : "", ini->path, mistake->line,
                               mistake->problem);
    }
    if (mistakes->len > TOLD_MAX) {
        g_string_append_printf(text, "\n%s: there are %u mistakes more", ini->path,
                               mistakes->len - TOLD_MAX);
    }
    g_clear_error(error);
    g_set_error_literal(error, VMB_ERROR, VMB_ERROR_SETUP, text->str);
    g_string_free(text, TRUE);
}

/* ---- Where things are ---- */

/* Takes `name`. */
static gboolean add_place(VmbIni *ini, char *name, guint line, GError **error)
{
    gpointer before = g_hash_table_lookup(ini->lines, name);

    if (before != NULL) {
        const char *key = strchr(name, ']');
        g_autofree char *problem = g_strdup_printf(
            "`%s` is on line %u already: a %s is there once", key != NULL ? key + 1 : name,
            GPOINTER_TO_UINT(before), key != NULL ? "key" : "group");

        g_free(name);
        return fail_at(ini, line, error, problem);
    }
    g_hash_table_insert(ini->lines, name, GUINT_TO_POINTER(line));
    return TRUE;
}

/* What GKeyFile takes; but it would drop `key[de]`, for it a translation, without a word. */
static gboolean is_group(const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '[' || *c == ']' || g_ascii_iscntrl(*c)) {
            return FALSE;
        }
    }
    return name[0] != '\0';
}

/* *group is the one that the line is in, and becomes the one that it begins. */
static gboolean scan_group(VmbIni *ini, const char *text, guint line, char **group, GError **error)
{
    g_free(*group);
    *group = g_strndup(text + 1, strlen(text) - 2);
    if (!is_group(*group)) {
        g_autofree char *problem = g_strdup_printf("`%s` has no right name", text);

        return fail_at(ini, line, error, problem);
    }
    return add_place(ini, g_strdup(*group), line, error);
}

static gboolean scan_key(VmbIni *ini, const char *key, guint line, const char *group,
                         GError **error)
{
    if (group == NULL) {
        return fail_at(ini, line, error, "a key before the first group: write its `[group]` above it");
    }
    if (strpbrk(key, "[]") != NULL) {
        g_autofree char *problem = g_strdup_printf("`%s` is no key: letters, digits and -", key);

        return fail_at(ini, line, error, problem);
    }
    return add_place(ini, place_name(group, key), line, error);
}

static gboolean scan_line(VmbIni *ini, const char *text, guint line, char **group, GError **error)
{
    const char *equals = strchr(text, '=');
    g_autofree char *key = NULL;

    if (text[0] == '\0' || text[0] == '#') {
        return TRUE;
    }
    if (text[0] == '[' && g_str_has_suffix(text, "]")) {
        return scan_group(ini, text, line, group, error);
    }
    if (equals == NULL || equals == text) {
        return fail_at(ini, line, error, "no `[group]`, `key = value` or `# comment`");
    }
    key = g_strchomp(g_strndup(text, (gsize)(equals - text)));
    return scan_key(ini, key, line, *group, error);
}

static gboolean scan(VmbIni *ini, char **lines, GError **error)
{
    g_autofree char *group = NULL;
    gboolean ok = TRUE;

    for (guint i = 0; lines[i] != NULL; i++) {
        ok = scan_line(ini, lines[i], i + 1, &group, error) && ok;
    }
    return ok;
}

/* Text alone, without bytes that are none. */
static gboolean check_text(const VmbIni *ini, const char *text, gsize len, GError **error)
{
    const char *wrong;
    guint line = 1;

    if (g_utf8_validate(text, (gssize)len, &wrong)) {
        return TRUE;
    }
    for (const char *c = text; c < wrong; c++) {
        line += *c == '\n';
    }
    return fail_at(ini, line, error,
                   *wrong == '\0' ? "it has a NUL byte: write text"
                                  : "it is no UTF-8: save it as that");
}

/* GLib's words, which name the file, with plain quotation marks. */
static gboolean fail_read(const GError *cause, GError **error)
{
    g_autoptr(GString) text = g_string_new(cause->message);

    g_string_replace(text, "\u201c", "'", 0);
    g_string_replace(text, "\u201d", "'", 0);
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s; check the path and its permissions",
                text->str);
    return FALSE;
}

static gboolean load(VmbIni *ini, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    g_autofree char *stripped = NULL;
    g_auto(GStrv) lines = NULL;
    gsize len;

    if (!g_file_get_contents(ini->path, &text, &len, &cause)) {
        return fail_read(cause, error);
    }
    if (!check_text(ini, text, len, error)) {
        return FALSE;
    }
    lines = g_strsplit(g_str_has_prefix(text, BYTE_ORDER_MARK) ? text + strlen(BYTE_ORDER_MARK) : text,
                       "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_strstrip(*line); /* white space that nobody sees; \s is one that is meant */
    }
    stripped = g_strjoinv("\n", lines);
    if (!scan(ini, lines, error)) {
        return FALSE;
    }
    if (stripped[0] != '\0' &&
        !g_key_file_load_from_data(ini->file, stripped, (gsize)-1, G_KEY_FILE_NONE, &cause)) {
        return fail_at(ini, 1, error, cause->message);
    }
    ini->groups = g_key_file_get_groups(ini->file, NULL);
    return TRUE;
}

VmbIni *vmb_ini_load(const char *path, GError **error)
{
    g_autoptr(VmbIni) ini = g_new0(VmbIni, 1);

    ini->path = g_strdup(path);
    ini->file = g_key_file_new();
    ini->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    ini->mistakes = g_ptr_array_new_with_free_func((GDestroyNotify)mistake_free);
    if (!load(ini, error)) {
        vmb_ini_gather(ini, error);
        return NULL;
    }
    return g_steal_pointer(&ini);
}

const char *vmb_ini_path(const VmbIni *ini)
{
    return ini->path;
}

const char *const *vmb_ini_groups(const VmbIni *ini)
{
    return (const char *const *)ini->groups;
}

guint vmb_ini_line(const VmbIni *ini, const char *group, const char *key)
{
    g_autofree char *name = place_name(group, key);

    return GPOINTER_TO_UINT(g_hash_table_lookup(ini->lines, name));
}

/* ---- Errors ---- */

gboolean vmb_ini_fail(const VmbIni *ini, const char *group, const char *key, GError **error,
                      const char *format, ...)
{
    g_autofree char *problem = NULL;
    va_list values;

    va_start(values, format);
    problem = g_strdup_vprintf(format, values);
    va_end(values);
    return fail_at(ini, vmb_ini_line(ini, group, key), error, problem);
}

gboolean vmb_ini_fail_word(const VmbIni *ini, const char *group, const char *key, const char *value,
                           const char *what, const char *const *words, GError **error)
{
    const char *nearest = vmb_nearest(value, words);
    g_autofree char *all = NULL;

    if (nearest != NULL) {
        return vmb_ini_fail(ini, group, key, error, "`%s` is no %s: did you mean `%s`?", value, what,
                            nearest);
    }
    all = g_strjoinv("`, `", (char **)words);
    return vmb_ini_fail(ini, group, key, error, "`%s` is no %s: %s%s%s", value, what,
                        all[0] != '\0' ? "take one of `" : "there is none", all,
                        all[0] != '\0' ? "`" : "");
}

gboolean vmb_ini_check_keys(const VmbIni *ini, const char *group, const char *const *keys,
                            GError **error)
{
    g_auto(GStrv) there = g_key_file_get_keys(ini->file, group, NULL, NULL);
    gboolean ok = TRUE;

    for (char **key = there; *key != NULL; key++) {
        if (!g_strv_contains(keys, *key)) {
            ok = vmb_ini_fail_word(ini, group, *key, *key, "key that this group has", keys, error);
        }
    }
    return ok;
}

/* ---- Values ---- */

static gboolean has(const VmbIni *ini, const char *group, const char *key)
{
    return g_key_file_has_key(ini->file, group, key, NULL);
}

static gboolean fail_value(const VmbIni *ini, const char *group, const char *key, GError **error)
{
    return vmb_ini_fail(ini, group, key, error,
                        "the value has an escape that is none: \\n, \\r, \\t, \\s and \\\\ are "
                        "escapes");
}

gboolean vmb_ini_string(const VmbIni *ini, const char *group, const char *key, char **value,
                        GError **error)
{
    g_autoptr(GError) cause = NULL;

    *value = has(ini, group, key) ? g_key_file_get_string(ini->file, group, key, &cause) : NULL;
    if (cause != NULL) {
        g_clear_pointer(value, g_free);
        return fail_value(ini, group, key, error);
    }
    return TRUE;
}

gboolean vmb_ini_list(const VmbIni *ini, const char *group, const char *key, char ***value,
                      GError **error)
{
    g_autoptr(GError) cause = NULL;

    *value = has(ini, group, key)
                 ? g_key_file_get_string_list(ini->file, group, key, NULL, &cause) : NULL;
    if (cause != NULL) {
        g_clear_pointer(value, g_strfreev);
        return fail_value(ini, group, key, error);
    }
    for (char **part = *value; part != NULL && *part != NULL; part++) {
        g_strstrip(*part);
    }
    return TRUE;
}

gboolean vmb_ini_boolean(const VmbIni *ini, const char *group, const char *key, gboolean *value,
                         GError **error)
{
    static const char *const words[] = {"yes", "no", "true", "false", NULL};
    g_autofree char *text = NULL;

    if (!vmb_ini_string(ini, group, key, &text, error)) {
        return FALSE;
    }
    if (text == NULL) {
        return TRUE;
    }
    if (!g_strv_contains(words, text)) {
        return vmb_ini_fail_word(ini, group, key, text, "yes or no", words, error);
    }
    *value = text[0] == 'y' || text[0] == 't';
    return TRUE;
}

gboolean vmb_ini_number(const VmbIni *ini, const char *group, const char *key, guint64 most,
                        guint64 *value, GError **error)
{
    g_autofree char *text = NULL;

    if (!vmb_ini_string(ini, group, key, &text, error)) {
        return FALSE;
    }
    if (text != NULL && !vmb_number_parse(text, most, value)) {
        return vmb_ini_fail(ini, group, key, error,
                            "`%s` is no number from 0 to %" G_GUINT64_FORMAT ": write digits, or "
                            "0x and hexadecimal ones", text, most);
    }
    return TRUE;
}

gboolean vmb_ini_seconds(const VmbIni *ini, const char *group, const char *key, guint *ms,
                         GError **error)
{
    g_autofree char *text = NULL;
    char *end;
    double seconds;

    if (!vmb_ini_string(ini, group, key, &text, error)) {
        return FALSE;
    }
    if (text == NULL) {
        return TRUE;
    }
    seconds = g_ascii_strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0.001 && seconds <= SECONDS_MAX)) {
        return vmb_ini_fail(ini, group, key, error,
                            "`%s` is no time: write seconds, from 0.001 to %d", text, SECONDS_MAX);
    }
    *ms = (guint)(seconds * 1000 + 0.5);
    return TRUE;
}
