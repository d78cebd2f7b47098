/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scheduler.h"

#include <signal.h>
#include <string.h>

#include "adopted.h"
#include "process.h"
#include "stream.h"
#include "testbed.h"
#include "worker.h"

/* How long a worker may take to end what it runs: it has a guest to kill, no more. */
#define STOP_MS 10000

/* How often reporters may show that time goes by. */
#define TICK_MS 100

typedef struct Scheduler Scheduler;

typedef struct {
    Scheduler *scheduler;
    VmbProcess *process;
    pid_t pid;
    VmbStream *stream;
    GString *line;  /* of its answer so far */
    gint running;   /* index of the test, -1: none */
    gint last;      /* the same of the test that it was given last */
    gboolean retired; /* its input has ended, and so will it */
    char *key;      /* of the guest that it has, NULL: none */
} Worker;

struct Scheduler {
    const VmbRunOptions *options;
    const char *const *argv;
    VmbRunOutcome *run;
    const GPtrArray *reporters;
    VmbAlarm *alarm;
    GPtrArray *workers; /* of Worker */
    char **keys;        /* of the tests' guests */
    gboolean *given;    /* to a worker */
    guint left;         /* tests without a result */
};

/* ---- Results ---- */

/* Takes the result. */
static void end_test(Scheduler *scheduler, guint index, VmbResult *result)
{
    VmbOutcome *outcome = vmb_run_outcome_at(scheduler->run, index);

    vmb_result_must_run(result);
    outcome->result = result;
    scheduler->left--;
    vmb_reporters_ended(scheduler->reporters, scheduler->run, index);
}

static void fail_test(Scheduler *scheduler, guint index, int status, const char *message)
{
    VmbOutcome *outcome = vmb_run_outcome_at(scheduler->run, index);
    VmbResult *result = vmb_result_new();
    g_autofree char *logs = vmb_worker_logs(scheduler->run->logs, outcome->test);

    if (outcome->started != 0 && g_file_test(logs, G_FILE_TEST_IS_DIR)) {
        result->logs = g_steal_pointer(&logs);
    }
    result->status = status;
    result->message = g_strdup(message);
    if (outcome->started != 0) {
        result->seconds = (double)(g_get_monotonic_time() - outcome->started) / G_USEC_PER_SEC;
    }
    end_test(scheduler, index, result);
}

/* ---- A worker's answers ---- */

/* What became of the guest behind its last test: reports that are written at the end have it there. */
static void take_note(const Worker *worker, JsonObject *object)
{
    const char *note = object != NULL
                           ? json_object_get_string_member_with_default(object, "note", NULL) : NULL;
    const Scheduler *scheduler = worker->scheduler;

    if (note != NULL && worker->last >= 0) {
        vmb_result_add_note(vmb_run_outcome_at(scheduler->run, (guint)worker->last)->result, "%s", note);
        vmb_reporters_note(scheduler->reporters, scheduler->run, worker->last, note);
    }
}

static void take_answer(Worker *worker, const char *line)
{
    g_autoptr(JsonNode) node = json_from_string(line, NULL);
    JsonObject *object =
        node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    gint index = worker->running;
    VmbResult *result;

    if (index < 0) {
        take_note(worker, object);
        return;
    }
    result = object != NULL ? vmb_result_from_json(object) : NULL;
    worker->running = -1;
    if (result == NULL) {
        fail_test(worker->scheduler, (guint)index, VMB_ERROR_SETUP,
                  "the harness's own process gave an answer that is none: please report this");
        return;
    }
    if (result->status != 0) {
        g_clear_pointer(&worker->key, g_free); /* its guest is gone */
    }
    end_test(worker->scheduler, (guint)index, result);
}

static void on_bytes(gpointer data, const guint8 *bytes, gsize len)
{
    Worker *worker = data;
    char *newline;

    g_string_append_len(worker->line, (const char *)bytes, (gssize)len);
    while ((newline = memchr(worker->line->str, '\n', worker->line->len)) != NULL) {
        *newline = '\0';
        take_answer(worker, worker->line->str);
        g_string_erase(worker->line, 0, newline + 1 - worker->line->str);
    }
}

static const VmbStreamEvents worker_events = {on_bytes, NULL};

/* Whatever it ran has no other verdict than this. */
static void on_worker_ended(gpointer data)
{
    Worker *worker = data;
    g_autofree char *end = vmb_process_end_text(worker->process);
    g_autofree char *message = g_strdup_printf(
        "the harness's own process ended with %s while it ran this: please report it", end);

    vmb_stream_drain(worker->stream);
    if (worker->running >= 0) {
        fail_test(worker->scheduler, (guint)worker->running, VMB_ERROR_SETUP, message);
        worker->running = -1;
    }
}

/* ---- Workers ---- */

static void worker_free(Worker *worker)
{
    g_clear_pointer(&worker->process, vmb_process_free);
    if (worker->pid != 0) {
        vmb_worker_clean_up(worker->scheduler->run->logs, worker->pid);
    }
    g_clear_pointer(&worker->stream, vmb_stream_free);
    g_string_free(worker->line, TRUE);
    g_free(worker->key);
    g_free(worker);
}

static gboolean launch(Worker *worker, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher = vmb_process_launcher_new();
    int far;
    int ours = vmb_stream_pair(&far, error);

    if (ours < 0) {
        return FALSE;
    }
    worker->stream = vmb_stream_new(ours, &worker_events, worker);
    g_subprocess_launcher_take_stdin_fd(launcher, dup(far));
    g_subprocess_launcher_take_stdout_fd(launcher, far);
    worker->process = vmb_process_start(launcher, worker->scheduler->argv, on_worker_ended, worker,
                                        error);
    worker->pid = worker->process != NULL ? vmb_process_pid(worker->process) : 0;
    return worker->process != NULL;
}

static Worker *worker_new(Scheduler *scheduler, GError **error)
{
    Worker *worker = g_new0(Worker, 1);

    worker->scheduler = scheduler;
    worker->line = g_string_new(NULL);
    worker->running = worker->last = -1;
    if (!launch(worker, error)) {
        worker_free(worker);
        return NULL;
    }
    return worker;
}

/* Nothing is left for it. It ends its guest and removes that one's directory while others go on. */
static void retire(Worker *worker)
{
    if (worker != NULL && !worker->retired) {
        worker->retired = TRUE;
        vmb_stream_end_output(worker->stream);
    }
}

/* ---- Who does what ---- */

static gboolean is_wanted_by_another(const Scheduler *scheduler, const Worker *worker,
                                     const char *key)
{
    for (guint i = 0; i < scheduler->workers->len; i++) {
        const Worker *other = g_ptr_array_index(scheduler->workers, i);

        if (other != NULL && other != worker && other->key != NULL && g_str_equal(other->key, key)) {
            return TRUE;
        }
    }
    return FALSE;
}

/*
 * The next test for a worker: one that its guest will do for, else one that no other worker's guest will
 * do for, else any. -1: all are given.
 */
static gint choose(const Scheduler *scheduler, const Worker *worker)
{
    gint best = -1;
    guint best_rank = 3;

    for (guint i = 0; i < scheduler->run->outcomes->len; i++) {
        const char *key = scheduler->keys[i];
        guint rank;

        if (scheduler->given[i]) {
            continue;
        }
        if (worker->key != NULL && g_str_equal(worker->key, key)) {
            return (gint)i;
        }
        rank = is_wanted_by_another(scheduler, worker, key) ? 2 : 1;
        if (rank < best_rank) {
            best_rank = rank;
            best = (gint)i;
        }
    }
    return best;
}

static void give(Scheduler *scheduler, Worker *worker, guint index)
{
    VmbOutcome *outcome = vmb_run_outcome_at(scheduler->run, index);
    g_autofree char *line = g_strdup_printf("%s\n", outcome->test->id);

    scheduler->given[index] = TRUE;
    worker->running = worker->last = (gint)index;
    g_free(worker->key);
    worker->key = g_strdup(scheduler->keys[index]);
    outcome->started = g_get_monotonic_time();
    vmb_reporters_started(scheduler->reporters, scheduler->run, index);
    vmb_stream_send(worker->stream, line, strlen(line));
}

/* A worker that has died is replaced. FALSE: that cannot be done. */
static gboolean give_to(Scheduler *scheduler, guint number, GError **error)
{
    Worker **slot = (Worker **)&scheduler->workers->pdata[number];
    gint index;

    if (*slot != NULL && vmb_process_has_ended((*slot)->process)) {
        g_clear_pointer(slot, worker_free);
    }
    if (*slot != NULL && ((*slot)->running >= 0 || (*slot)->retired)) {
        return TRUE;
    }
    index = choose(scheduler, *slot != NULL ? *slot : &(Worker){.key = NULL});
    if (index < 0) {
        retire(*slot);
        return TRUE;
    }
    if (*slot == NULL) {
        *slot = worker_new(scheduler, error);
    }
    if (*slot != NULL) {
        give(scheduler, *slot, (guint)index);
    }
    return *slot != NULL;
}

static gboolean give_all(Scheduler *scheduler, GError **error)
{
    for (guint i = 0; i < scheduler->workers->len; i++) {
        if (!give_to(scheduler, i, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean idle_condition(gpointer data)
{
    const Scheduler *scheduler = data;

    for (guint i = 0; i < scheduler->workers->len; i++) {
        const Worker *worker = g_ptr_array_index(scheduler->workers, i);

        if (worker != NULL && worker->running < 0 && !worker->retired) {
            return TRUE;
        }
    }
    return scheduler->left == 0;
}

static gboolean keep_going(const Scheduler *scheduler)
{
    if (!scheduler->options->keep_on_fail) {
        return TRUE;
    }
    for (guint i = 0; i < scheduler->run->outcomes->len; i++) {
        const VmbResult *result = vmb_run_outcome_at(scheduler->run, i)->result;

        if (result != NULL && result->status != 0 && result->status != VMB_ERROR_SKIPPED) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean run_all(Scheduler *scheduler, GError **error)
{
    VmbLimit none = {0, VMB_ERROR_SETUP, ""};

    while (scheduler->left > 0 && keep_going(scheduler)) {
        if (!give_all(scheduler, error) ||
            !vmb_wait(scheduler->alarm, idle_condition, scheduler, none, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Every test has a result, also those that were not reached: a run that was cut short has failed. */
static void fail_rest(Scheduler *scheduler, const GError *error)
{
    int status = error != NULL ? error->code : VMB_ERROR_INTERRUPTED;
    const char *why = error != NULL ? error->message : "a test before it failed";

    for (guint i = 0; i < scheduler->run->outcomes->len; i++) {
        const VmbOutcome *outcome = vmb_run_outcome_at(scheduler->run, i);
        g_autofree char *message = g_strdup_printf(
            outcome->started != 0 ? "cut short: %s" : "not reached: %s", why);

        if (outcome->result == NULL) {
            fail_test(scheduler, i, status, message);
        }
    }
}

static gboolean calm_condition(gpointer data)
{
    const Scheduler *scheduler = data;

    for (guint i = 0; i < scheduler->workers->len; i++) {
        const Worker *worker = g_ptr_array_index(scheduler->workers, i);

        if (worker != NULL && worker->running >= 0) {
            return FALSE;
        }
    }
    return TRUE;
}

/* What they run is ended by them, so that nothing of it stays; by the signal that ended the run. */
static void stop_workers(Scheduler *scheduler)
{
    int received = vmb_alarm_signal(scheduler->alarm);
    VmbLimit limit = {STOP_MS, VMB_ERROR_SETUP, "a worker does not answer"};
    g_autoptr(VmbAlarm) calm = vmb_alarm_new(1.0);

    for (guint i = 0; i < scheduler->workers->len; i++) {
        Worker *worker = g_ptr_array_index(scheduler->workers, i);

        if (worker != NULL && worker->running >= 0) {
            vmb_process_signal(worker->process, received != 0 ? received : SIGTERM);
        }
    }
    vmb_wait(calm, calm_condition, scheduler, limit, NULL);
    for (guint i = 0; i < scheduler->workers->len; i++) {
        retire(g_ptr_array_index(scheduler->workers, i));
    }
    for (guint i = 0; i < scheduler->workers->len; i++) {
        Worker *worker = g_ptr_array_index(scheduler->workers, i);

        if (worker != NULL) {
            vmb_process_wait_or_kill(worker->process, STOP_MS, calm, NULL);
        }
    }
}

static gboolean on_tick(gpointer data)
{
    const Scheduler *scheduler = data;

    vmb_reporters_tick(scheduler->reporters, scheduler->run);
    return G_SOURCE_CONTINUE;
}

gboolean vmb_scheduler_run(const VmbRunOptions *options, const char *const *argv,
                           VmbRunOutcome *run, const GPtrArray *reporters, VmbAlarm *alarm,
                           GError **error)
{
    guint count = run->outcomes->len;
    Scheduler scheduler = {
        .options = options, .argv = argv, .run = run, .reporters = reporters, .alarm = alarm,
        .workers = g_ptr_array_new(), .keys = g_new0(char *, count + 1),
        .given = g_new0(gboolean, count), .left = count,
    };
    g_autoptr(GError) cause = NULL;
    guint timer;
    gboolean ok;

    for (guint i = 0; i < count; i++) {
        scheduler.keys[i] = vmb_testbed_key(vmb_run_outcome_at(run, i)->test);
    }
    g_ptr_array_set_size(scheduler.workers, (gint)MIN(options->jobs, MAX(count, 1)));
    timer = g_timeout_add(TICK_MS, on_tick, &scheduler);
    ok = run_all(&scheduler, &cause);
    stop_workers(&scheduler);
    g_source_remove(timer);
    fail_rest(&scheduler, cause);
    for (guint i = 0; i < scheduler.workers->len; i++) {
        g_clear_pointer((Worker **)&scheduler.workers->pdata[i], worker_free);
    }
    vmb_adopted_end(NULL); /* a killed worker's that hide whose they are */
    g_ptr_array_unref(scheduler.workers);
    g_strfreev(scheduler.keys);
    g_free(scheduler.given);
    if (!ok && vmb_alarm_error(alarm) == NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return TRUE;
}
