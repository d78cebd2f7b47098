/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "bench_rows.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "error.h"

struct VmbRows {
    JsonObject *object; /* of row objects */
};

static JsonObject *load_object(const char *path, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) cause = NULL;
    JsonNode *root;

    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        return json_object_new();
    }
    if (!json_parser_load_from_file(parser, path, &cause)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s: %s: remove it, and measure again", path,
                    cause->message);
        return NULL;
    }
    root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "%s is no bench result: remove it, and measure again", path);
        return NULL;
    }
    return json_node_dup_object(root);
}

VmbRows *vmb_rows_load(const char *path, GError **error)
{
    JsonObject *object = load_object(path, error);
    VmbRows *rows;

    if (object == NULL) {
        return NULL;
    }
    rows = g_new0(VmbRows, 1);
    rows->object = object;
    return rows;
}

void vmb_rows_free(VmbRows *rows)
{
    json_object_unref(rows->object);
    g_free(rows);
}

/* Five digits are more than any of the measurements is good for. */
static double rounded(double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    return g_ascii_strtod(g_ascii_formatd(text, sizeof(text), "%.5g", value), NULL);
}

static void set_number(JsonObject *row, const char *name, double value)
{
    if (isnan(value)) {
        json_object_set_null_member(row, name);
    } else {
        json_object_set_double_member(row, name, rounded(value));
    }
}

void vmb_rows_set(VmbRows *rows, const char *name, double value, const char *unit,
                  double baseline, const char *bar)
{
    JsonObject *row = json_object_new();

    set_number(row, "value", value);
    json_object_set_string_member(row, "unit", unit);
    set_number(row, "baseline", baseline);
    set_number(row, "ratio", value / baseline);
    if (bar != NULL) {
        json_object_set_string_member(row, "bar", bar);
    } else {
        json_object_set_null_member(row, "bar");
    }
    json_object_set_object_member(rows->object, name, row);
}

void vmb_rows_set_absolute(VmbRows *rows, const char *name, double value, const char *unit,
                           double baseline, const char *bar)
{
    vmb_rows_set(rows, name, value, unit, baseline, bar);
    json_object_set_string_member(json_object_get_object_member(rows->object, name), "bar_of",
                                  "value");
}

gboolean vmb_rows_save(const VmbRows *rows, const char *path, GError **error)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(GError) cause = NULL;

    json_node_set_object(node, rows->object);
    g_autofree char *text = json_to_string(node, TRUE);
    g_autofree char *file = g_strconcat(text, "\n", NULL);

    if (!g_file_set_contents(path, file, -1, &cause)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "%s: make room, or choose another file "
                    "with --output", cause->message);
        return FALSE;
    }
    return TRUE;
}

static double get_number(JsonObject *row, const char *name)
{
    JsonNode *node = json_object_get_member(row, name);

    return node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_double(node) : VMB_NONE;
}

static const char *get_text(JsonObject *row, const char *name)
{
    JsonNode *node = json_object_get_member(row, name);
    const char *text = node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node)
                                                                     : NULL;

    return text != NULL ? text : "";
}

static const char *judge(JsonObject *row)
{
    const char *bar = get_text(row, "bar");
    double ratio = get_number(row, "ratio");
    gboolean absolute = isnan(ratio) || g_str_equal(get_text(row, "bar_of"), "value");
    double measured = absolute ? get_number(row, "value") : ratio;
    gboolean at_most = g_str_has_prefix(bar, "<= ");
    double limit;

    if (!at_most && !g_str_has_prefix(bar, ">= ")) {
        return "";
    }
    if (isnan(measured)) {
        return "not measured";
    }
    limit = g_ascii_strtod(bar + strlen("<= "), NULL);
    return (at_most ? measured <= limit : measured >= limit) ? "met" : "MISSED";
}

static void append_number(GString *table, double number)
{
    if (isnan(number)) {
        g_string_append_printf(table, " %9s", "-");
    } else {
        g_string_append_printf(table, " %9.4g", number);
    }
}

static void append_row(GString *table, const char *name, JsonObject *row)
{
    g_string_append_printf(table, "%-25s", name);
    append_number(table, get_number(row, "value"));
    g_string_append_printf(table, " %-4s", get_text(row, "unit"));
    append_number(table, get_number(row, "baseline"));
    append_number(table, get_number(row, "ratio"));
    g_string_append_printf(table, "  %-8s %s", get_text(row, "bar"), judge(row));
    g_strchomp(table->str);
    table->len = strlen(table->str);
    g_string_append_c(table, '\n');
}

char *vmb_rows_table(const VmbRows *rows)
{
    GList *names = g_list_sort(json_object_get_members(rows->object), (GCompareFunc)strcmp);
    GString *table = g_string_new(NULL);

    g_string_append_printf(table, "%-25s %9s %-4s %9s %9s  %s\n", "row", "value", "unit",
                           "baseline", "ratio", "bar");
    for (GList *at = names; at != NULL; at = at->next) {
        JsonNode *node = json_object_get_member(rows->object, at->data);

        if (JSON_NODE_HOLDS_OBJECT(node)) {
            append_row(table, at->data, json_node_get_object(node));
        }
    }
    g_list_free(names);
    return g_string_free(table, FALSE);
}

static gint by_value(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

double vmb_median(GArray *values)
{
    guint middle = values->len / 2;

    g_array_sort(values, by_value);
    if (values->len % 2 == 1) {
        return g_array_index(values, double, middle);
    }
    return (g_array_index(values, double, middle - 1) + g_array_index(values, double, middle)) / 2;
}
