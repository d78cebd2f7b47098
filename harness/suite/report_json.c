/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_json.h"

#include "paths.h"
#include "report_file.h"
#include "report_text.h"

typedef struct {
    VmbReporter base;
    char *path;
} JsonReport;

static JsonObject *counts_object(const VmbCounts *counts)
{
    JsonObject *object = json_object_new();

    json_object_set_int_member(object, "passed", counts->passed);
    json_object_set_int_member(object, "failed", counts->failed);
    json_object_set_int_member(object, "flaky", counts->flaky);
    json_object_set_int_member(object, "skipped", counts->skipped);
    return object;
}

/* A path or a name may be any bytes; JSON is UTF-8. */
static void set_text(JsonObject *object, const char *name, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    json_object_set_string_member(object, name, valid);
}

static void copy_member(JsonObject *from, const char *name, JsonNode *node, gpointer to)
{
    (void)from;
    json_object_set_member(to, name, json_node_copy(node));
}

static JsonObject *test_object(const VmbOutcome *outcome)
{
    g_autoptr(JsonObject) result = vmb_result_to_json(outcome->result);
    JsonObject *object = json_object_new();

    set_text(object, "id", outcome->test->id);
    set_text(object, "scenario", outcome->test->scenario->name);
    set_text(object, "machine", outcome->test->machine->name);
    json_object_foreach_member(result, copy_member, object);
    return object;
}

static JsonObject *run_object(const VmbRunOutcome *run)
{
    JsonObject *object = json_object_new();
    JsonArray *tests = json_array_new();
    VmbCounts counts = vmb_run_outcome_count(run);
    g_autofree char *date = vmb_report_date(run->date);

    for (guint i = 0; i < run->outcomes->len; i++) {
        json_array_add_object_element(tests, test_object(vmb_run_outcome_at(run, i)));
    }
    json_object_set_string_member(object, "vmbench", VMB_VERSION);
    json_object_set_string_member(object, "started", date);
    json_object_set_double_member(object, "seconds", run->seconds);
    json_object_set_int_member(object, "status", vmb_run_outcome_status(run));
    set_text(object, "logs", run->logs);
    json_object_set_object_member(object, "counts", counts_object(&counts));
    json_object_set_array_member(object, "tests", tests);
    return object;
}

static gboolean end(VmbReporter *reporter, const VmbRunOutcome *run, GError **error)
{
    const JsonReport *self = (JsonReport *)reporter;
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), NULL);

    json_node_take_object(node, run_object(run));
    g_autofree char *text = json_to_string(node, TRUE);
    g_autofree char *line = g_strconcat(text, "\n", NULL);

    return vmb_report_file_write(self->path, line, error);
}

static void json_free(VmbReporter *reporter)
{
    g_free(((JsonReport *)reporter)->path);
    g_free(reporter);
}

static const VmbReporterCalls calls = {.end = end, .free = json_free};

VmbReporter *vmb_report_json_new(const char *path, GError **error)
{
    if (!vmb_report_file_prepare(path, error)) {
        return NULL;
    }
    JsonReport *self = g_new0(JsonReport, 1);

    self->base.calls = &calls;
    self->path = g_strdup(path);
    return &self->base;
}
