/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker.h"

#include <signal.h>
#include <stdio.h>

#include "adopted.h"
#include "case_run.h"
#include "commands.h"
#include "files.h"
#include "inspect.h"

char *vmb_worker_logs(const char *run, const VmbCase *test)
{
    return g_build_filename(run, test->directory, NULL);
}

static void remove_by_prefix(const char *directory, const char *prefix)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        if (g_str_has_prefix(name, prefix)) {
            vmb_remove_tree(path);
        }
    }
}

void vmb_worker_clean_up(const char *run, pid_t pid)
{
    g_autofree char *guests = vmb_testbed_prefix(pid);
    g_autofree char *sockets = vmb_inspect_prefix(pid);

    remove_by_prefix(run, guests);
    remove_by_prefix(g_get_tmp_dir(), sockets);
}

static const VmbCase *find(const VmbRunOptions *options, const char *id)
{
    for (guint i = 0; i < options->cases->cases->len; i++) {
        const VmbCase *test = g_ptr_array_index(options->cases->cases, i);

        if (g_str_equal(test->id, id)) {
            return test;
        }
    }
    return NULL;
}

/* What says something about the set-up, the user or the test's end is not tried again. */
static gboolean is_worth_a_retry(const VmbResult *result)
{
    return result->status != 0 && result->status != VMB_ERROR_INTERRUPTED &&
           result->status != VMB_ERROR_SETUP && result->status != VMB_ERROR_SKIPPED;
}

static VmbResult *run(const VmbRunOptions *options, VmbTestbed *bed, const VmbCase *test)
{
    g_autofree char *logs = vmb_worker_logs(options->worker, test);
    VmbResult *result = vmb_case_run(options, bed, test, logs);

    for (guint again = 1; again <= options->retries && is_worth_a_retry(result); again++) {
        g_autofree char *retry_logs = g_strdup_printf("%s-again-%u", logs, again);
        VmbResult *next = vmb_case_run(options, bed, test, retry_logs);

        vmb_result_retried(next, result);
        result = next;
    }
    return result;
}

/* Takes the object. */
static gboolean answer(FILE *out, JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;

    json_node_take_object(node, object);
    text = json_to_string(node, FALSE);
    return fprintf(out, "%s\n", text) > 0 && fflush(out) == 0;
}

/* There is no next test to tell of it. */
static void tell_loss(FILE *out, const VmbTestbed *bed)
{
    g_autofree char *loss = vmb_testbed_loss(bed);

    if (loss != NULL) {
        JsonObject *object = json_object_new();
        g_autofree char *note = g_strdup_printf("the guest was lost behind this test: %s", loss);

        json_object_set_string_member(object, "note", note);
        answer(out, object);
    }
}

int vmb_worker_main(const VmbRunOptions *options)
{
    FILE *out = vmb_take_stdout();
    g_autoptr(VmbTestbed) bed = vmb_testbed_new(options, options->worker);
    char id[4096];

    signal(SIGPIPE, SIG_IGN); /* answer() finds out */
    while (out != NULL && fgets(id, sizeof(id), stdin) != NULL) {
        const VmbCase *test = find(options, g_strchomp(id));
        g_autoptr(VmbResult) result = test != NULL ? run(options, bed, test) : vmb_result_new();

        if (test == NULL) {
            result->status = VMB_ERROR_SETUP;
            result->message = g_strdup("the scenario vanished while the run began");
        }
        if (!answer(out, vmb_result_to_json(result))) {
            return VMB_ERROR_SETUP;
        }
    }
    if (out != NULL) {
        tell_loss(out, bed);
    }
    g_clear_pointer(&bed, vmb_testbed_free);
    vmb_adopted_end(NULL); /* those too that hide whose they are */
    return out != NULL ? 0 : VMB_ERROR_SETUP;
}
