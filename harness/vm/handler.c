/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "handler.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "log_file.h"
#include "log_tail.h"
#include "process.h"
#include "stream.h"

#define STOP_MS 2000

/* How long a test of the output rests at least: it looks at all of it, and more may come meanwhile. */
#define TEST_REST_MS 50

struct VmbHandler {
    VmbProcess *process;
    VmbStream *stream;
    VmbStream *errors;
    VmbStream *input; /* NULL: it has none */
    VmbAlarm *alarm;
    char *title, *remedy; /* for messages */
    VmbLogFile *log, *error_log;
    VmbHandlerTap tap; /* NULL: none */
    gpointer tap_out, tap_err;
    gsize taken;     /* bytes of both streams */
    GString *output; /* all of it, ticks too */
    gsize counted;   /* bytes of complete lines in output */
    guint lines;     /* of these, without ticks */
    gsize ticks;     /* bytes of ticks in output */
    VmbHandlerWanted wanted;
    gint64 next_test; /* of what is wanted: not before, g_get_monotonic_time() */
    gboolean stopping;
    gboolean ends;
};

/* A line that says nothing but that the handler lives. */
static gboolean is_tick(const char *line, gsize len)
{
    return len == strlen("tick\n") && memcmp(line, "tick\n", len) == 0;
}

GString *vmb_handler_output(const VmbHandler *handler)
{
    GString *text = g_string_new(NULL);
    const char *end = handler->output->str + handler->output->len;

    for (const char *start = handler->output->str; start < end;) {
        const char *newline = memchr(start, '\n', (gsize)(end - start));
        const char *next = newline != NULL ? newline + 1 : end;

        if (!is_tick(start, (gsize)(next - start))) {
            g_string_append_len(text, start, next - start);
        }
        start = next;
    }
    return text;
}

static void count_lines(VmbHandler *handler)
{
    const GString *output = handler->output;
    const char *line = output->str + handler->counted;
    const char *newline;

    while ((newline = memchr(line, '\n', output->len - handler->counted)) != NULL) {
        gsize len = (gsize)(newline + 1 - line);

        handler->lines += is_tick(line, len) ? 0 : 1;
        handler->ticks += is_tick(line, len) ? len : 0;
        handler->counted += len;
        line += len;
    }
}

static void raise_too_much(VmbHandler *handler)
{
    vmb_alarm_raise(handler->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_HANDLER_DIED,
                                "the handler %s wrote more than %u MiB: let it print less",
                                handler->title, VMB_HANDLER_OUTPUT_MAX / (1024 * 1024)));
}

/* FALSE: it is too much. Then it writes into full pipes, and waits there for its end. */
static gboolean take(VmbHandler *handler, VmbLogFile *log, gpointer tap_data, const guint8 *bytes,
                     gsize len)
{
    if (handler->taken + len > VMB_HANDLER_OUTPUT_MAX) {
        raise_too_much(handler);
        vmb_stream_pause(handler->stream, TRUE);
        vmb_stream_pause(handler->errors, TRUE);
        return FALSE;
    }
    handler->taken += len;
    vmb_log_file_append(log, bytes, len);
    if (handler->tap != NULL) {
        handler->tap(tap_data, bytes, len);
    }
    return TRUE;
}

static void on_bytes(gpointer data, const guint8 *bytes, gsize len)
{
    VmbHandler *handler = data;

    if (take(handler, handler->log, handler->tap_out, bytes, len)) {
        g_string_append_len(handler->output, (const char *)bytes, (gssize)len);
        count_lines(handler);
    }
}

static void on_errors(gpointer data, const guint8 *bytes, gsize len)
{
    VmbHandler *handler = data;

    take(handler, handler->error_log, handler->tap_err, bytes, len);
}

/* It ended without being told to. */
static void judge_end(VmbHandler *handler)
{
    vmb_stream_drain(handler->stream);
    vmb_stream_drain(handler->errors);
    if (handler->ends && vmb_process_succeeded(handler->process)) {
        return;
    }
    g_autofree char *end = vmb_process_end_text(handler->process);
    g_autofree char *last_words = vmb_last_line(vmb_log_file_path(handler->error_log));

    vmb_alarm_raise(handler->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_HANDLER_DIED,
                                "the handler %s ended with %s%s%s: %s", handler->title, end,
                                last_words != NULL ? ": " : "",
                                last_words != NULL ? last_words : "", handler->remedy));
}

static void on_ended(gpointer data)
{
    VmbHandler *handler = data;

    if (!handler->stopping) {
        judge_end(handler);
    }
}

static const VmbStreamEvents handler_events = {on_bytes, NULL};
static const VmbStreamEvents error_events = {on_errors, NULL};

/* Nothing that it is sent comes back. */
static void ignore_bytes(gpointer data, const guint8 *bytes, gsize len)
{
    (void)data;
    (void)bytes;
    (void)len;
}

static const VmbStreamEvents input_events = {ignore_bytes, NULL};

/* A pipe, which is one that a script can open as /dev/stderr. */
static gboolean connect_errors(VmbHandler *handler, GSubprocessLauncher *launcher, GError **error)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP, "pipe: %s", g_strerror(errno));
        return FALSE;
    }
    g_subprocess_launcher_take_stderr_fd(launcher, fds[1]);
    handler->errors = vmb_stream_new(fds[0], &error_events, handler);
    return TRUE;
}

static gboolean connect_streams(VmbHandler *handler, gboolean input,
                                GSubprocessLauncher *launcher, GError **error)
{
    int childs;
    int ours = vmb_stream_pair(&childs, error);

    if (ours < 0) {
        return FALSE;
    }
    g_subprocess_launcher_take_stdout_fd(launcher, childs);
    handler->stream = vmb_stream_new(ours, &handler_events, handler);
    if (!input) {
        return TRUE;
    }
    ours = vmb_stream_pair(&childs, error);
    if (ours < 0) {
        return FALSE;
    }
    g_subprocess_launcher_take_stdin_fd(launcher, childs);
    handler->input = vmb_stream_new(ours, &input_events, handler);
    return TRUE;
}

static void set_surroundings(GSubprocessLauncher *launcher, const VmbHandlerSpec *spec)
{
    for (const char *const *word = spec->environment; word != NULL && *word != NULL; word++) {
        const char *equals = strchr(*word, '=');
        g_autofree char *name = g_strndup(*word, (gsize)(equals - *word));

        g_subprocess_launcher_setenv(launcher, name, equals + 1, TRUE);
    }
    if (spec->directory != NULL) {
        g_subprocess_launcher_set_cwd(launcher, spec->directory);
    }
}

static gboolean open_logs(VmbHandler *handler, const char *name, const char *log_dir,
                          GError **error)
{
    g_autofree char *out = g_strconcat(log_dir, "/", name, ".log", NULL);
    g_autofree char *err = g_strconcat(log_dir, "/", name, ".err", NULL);

    handler->log = vmb_log_file_new(out, handler->alarm, error);
    handler->error_log =
        handler->log != NULL ? vmb_log_file_new(err, handler->alarm, error) : NULL;
    return handler->error_log != NULL;
}

static gboolean start_process(VmbHandler *handler, const VmbHandlerSpec *spec, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher = vmb_process_launcher_new();

    if (!connect_errors(handler, launcher, error) ||
        !connect_streams(handler, spec->input, launcher, error)) {
        return FALSE;
    }
    set_surroundings(launcher, spec);
    handler->process = vmb_process_start(launcher, spec->argv, on_ended, handler, error);
    return handler->process != NULL;
}

VmbHandler *vmb_handler_start_spec(const VmbHandlerSpec *spec, const char *log_dir, VmbAlarm *alarm,
                                   GError **error)
{
    g_autoptr(VmbHandler) handler = g_new0(VmbHandler, 1);

    handler->alarm = alarm;
    handler->title = g_strdup(spec->title != NULL ? spec->title : spec->argv[0]);
    handler->remedy = g_strdup(spec->remedy != NULL ? spec->remedy : "try it by hand");
    handler->ends = spec->ends;
    handler->tap = spec->tap;
    handler->tap_out = spec->tap_out;
    handler->tap_err = spec->tap_err;
    handler->output = g_string_new(NULL);
    if (!open_logs(handler, spec->name != NULL ? spec->name : "handler", log_dir, error) ||
        !start_process(handler, spec, error)) {
        return NULL;
    }
    return g_steal_pointer(&handler);
}

VmbHandler *vmb_handler_start(const char *program, const char *endpoint, const char *log_dir,
                              VmbAlarm *alarm, GError **error)
{
    const char *const argv[] = {program, endpoint, NULL};
    const VmbHandlerSpec spec = {
        .argv = argv,
        .remedy = "try it by hand, or give another with --handler",
    };

    return vmb_handler_start_spec(&spec, log_dir, alarm, error);
}

void vmb_handler_free(VmbHandler *handler)
{
    g_clear_pointer(&handler->process, vmb_process_free);
    g_clear_pointer(&handler->stream, vmb_stream_free);
    g_clear_pointer(&handler->errors, vmb_stream_free);
    g_clear_pointer(&handler->input, vmb_stream_free);
    g_clear_pointer(&handler->log, vmb_log_file_free);
    g_clear_pointer(&handler->error_log, vmb_log_file_free);
    g_string_free(handler->output, TRUE);
    g_free(handler->title);
    g_free(handler->remedy);
    g_free(handler);
}

/* A test that takes long rests as long, so that half the time is the output's. */
static gboolean passes_test(VmbHandler *handler)
{
    const VmbHandlerWanted *wanted = &handler->wanted;
    gint64 begin = g_get_monotonic_time();
    g_autoptr(GString) output = NULL;
    gboolean passes;
    gint64 end;

    if (wanted->test == NULL || begin < handler->next_test) {
        return wanted->test == NULL;
    }
    output = vmb_handler_output(handler);
    passes = wanted->test(wanted->data, output);
    end = g_get_monotonic_time();
    handler->next_test = end + MAX(end - begin, TEST_REST_MS * G_TIME_SPAN_MILLISECOND);
    return passes;
}

static gboolean output_condition(gpointer data)
{
    VmbHandler *handler = data;
    const VmbHandlerWanted *wanted = &handler->wanted;

    return (handler->lines >= wanted->lines &&
            handler->output->len - handler->ticks >= wanted->bytes && passes_test(handler)) ||
           handler->lines > wanted->lines || vmb_process_has_ended(handler->process);
}

/* The condition is looked at again when something has happened: here the end of a test's rest. */
static gboolean on_rest_over(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

gboolean vmb_handler_wait_output(VmbHandler *handler, const VmbHandlerWanted *wanted, guint ms,
                                 GError **error)
{
    VmbLimit limit = {ms, VMB_ERROR_MISMATCH, "lines are missing"};
    guint timer = wanted->test != NULL ? g_timeout_add(TEST_REST_MS, on_rest_over, NULL) : 0;
    g_autoptr(GError) cause = NULL;
    gboolean met;

    handler->wanted = *wanted;
    handler->next_test = 0;
    met = vmb_wait(handler->alarm, output_condition, handler, limit, &cause);
    g_clear_handle_id(&timer, g_source_remove);
    if (!met && vmb_alarm_error(handler->alarm) != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return TRUE;
}

gboolean vmb_handler_wait_lines(VmbHandler *handler, guint lines, guint ms, GError **error)
{
    const VmbHandlerWanted wanted = {.lines = lines};

    return vmb_handler_wait_output(handler, &wanted, ms, error);
}

static gboolean ended_condition(gpointer data)
{
    const VmbHandler *handler = data;

    return vmb_process_has_ended(handler->process);
}

gboolean vmb_handler_wait_end(VmbHandler *handler, guint ms, GError **error)
{
    VmbLimit limit = {ms, VMB_ERROR_PROGRAM_TIMEOUT, "the handler does not end"};

    return vmb_wait(handler->alarm, ended_condition, handler, limit, error);
}

gboolean vmb_handler_pin(const VmbHandler *handler, int cpu, GError **error)
{
    return vmb_process_pin(handler->process, cpu, error);
}

void vmb_handler_send(VmbHandler *handler, const void *bytes, gsize len)
{
    if (handler->input != NULL) {
        vmb_stream_send(handler->input, bytes, len);
    }
}

/* Whether it ended by this signal, or by exit(0) in answer to it, and not of something else. */
static gboolean has_obeyed(const VmbHandler *handler, int signal_number)
{
    return vmb_process_was_killed(handler->process) || vmb_process_succeeded(handler->process) ||
           vmb_process_end_signal(handler->process) == signal_number;
}

/* One that is over already died before, whatever of: the event loop had no time to say so. */
static gboolean end(VmbHandler *handler, int signal_number, GError **error)
{
    gboolean was_over = vmb_process_is_over(handler->process);

    handler->stopping = TRUE;
    if (!vmb_process_stop(handler->process, signal_number, STOP_MS, handler->alarm, error)) {
        return FALSE;
    }
    vmb_stream_drain(handler->stream);
    vmb_stream_drain(handler->errors);
    if (was_over || !has_obeyed(handler, signal_number)) {
        judge_end(handler);
    }
    if (vmb_alarm_error(handler->alarm) != NULL) {
        g_propagate_error(error, g_error_copy(vmb_alarm_error(handler->alarm)));
        return FALSE;
    }
    return TRUE;
}

gboolean vmb_handler_kill(VmbHandler *handler, GError **error)
{
    return end(handler, SIGKILL, error);
}

gboolean vmb_handler_stop(VmbHandler *handler, GError **error)
{
    return end(handler, SIGTERM, error);
}
