/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console.h"

#include <string.h>
#include <unistd.h>

#include "kernel_line.h"
#include "log_file.h"
#include "stream.h"

/* A longer line is judged in pieces: enough for any panic line with its time stamp. */
#define LINE_MAX_BYTES 4096

/*
 * Many an oops is followed by the panic that it is the cause of: the panic counts when it comes
 * within this time, before scaling.
 */
#define OOPS_GRACE_MS 1000

struct VmbConsole {
    VmbStream *stream;
    VmbLogFile *log;
    VmbAlarm *alarm;
    GString *line;
    gboolean may_end;
    char *oops;        /* the kernel's words of one that is not reported yet, NULL: none */
    char *where;       /* the function that did it, NULL: not known (yet) */
    guint oops_source; /* ends the grace */
    char *stuck;       /* the kernel's last words about a lockup or stall, NULL: none */
    gint64 stuck_time; /* of these, as g_get_monotonic_time() counts */
    void (*tap)(gpointer data, const guint8 *bytes, gsize len);
    gpointer tap_data;
};

static void raise_oops(VmbConsole *console)
{
    const char *where = console->where;

    g_clear_handle_id(&console->oops_source, g_source_remove);
    vmb_alarm_raise(console->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_OOPS,
                                "the guest kernel oopsed (%s%s%s): look at the console's last "
                                "lines, or try it in `vmbench shell`",
                                console->oops, where != NULL ? " in " : "",
                                where != NULL ? where : ""));
    g_clear_pointer(&console->oops, g_free);
}

static gboolean on_grace_over(gpointer data)
{
    VmbConsole *console = data;

    console->oops_source = 0;
    raise_oops(console);
    return G_SOURCE_REMOVE;
}

/* The first line of a report counts; a person at a shell sees it without us. */
static void take_oops(VmbConsole *console, char **words)
{
    if (console->oops == NULL && !console->may_end) {
        guint ms = vmb_alarm_grace_ms(console->alarm, OOPS_GRACE_MS);

        console->oops = g_steal_pointer(words);
        g_clear_pointer(&console->where, g_free);
        console->oops_source = g_timeout_add(ms, on_grace_over, console);
    }
}

static void take_panic(VmbConsole *console, const char *words)
{
    g_clear_handle_id(&console->oops_source, g_source_remove);
    g_clear_pointer(&console->oops, g_free);
    vmb_alarm_raise(console->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_PANIC,
                                "the guest kernel panicked (%s): check the kernel, its device "
                                "tree and the image's /init",
                                words));
}

static void take_no_room(VmbConsole *console, const char *words)
{
    vmb_alarm_raise(console->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_PANIC,
                                "the guest has no room for its image (%s): files get half of its "
                                "memory: leave some out, or give an x86 more with --memory",
                                words));
}

static void take_end(VmbConsole *console, const char *words)
{
    if (!console->may_end) {
        vmb_alarm_raise(console->alarm,
                        g_error_new(VMB_ERROR, VMB_ERROR_RESET,
                                    "the guest ended by itself (%s): run nothing in it that powers "
                                    "it off or restarts it",
                                    words));
    }
}

static void judge_line(VmbConsole *console)
{
    g_autofree char *words = NULL;

    switch (vmb_kernel_line_judge(console->line->str, &words)) {
    case VMB_KERNEL_PANIC:
        take_panic(console, words);
        break;
    case VMB_KERNEL_OOPS:
        take_oops(console, &words);
        break;
    case VMB_KERNEL_WHERE:
        if (console->oops != NULL && console->where == NULL) {
            console->where = g_steal_pointer(&words);
        }
        break;
    case VMB_KERNEL_STUCK:
        g_free(console->stuck);
        console->stuck = g_steal_pointer(&words);
        console->stuck_time = g_get_monotonic_time();
        break;
    case VMB_KERNEL_NO_ROOM:
        take_no_room(console, words);
        break;
    case VMB_KERNEL_END:
        take_end(console, words);
        break;
    case VMB_KERNEL_OTHER:
        break;
    }
    g_string_truncate(console->line, 0);
}

static void scan(VmbConsole *console, const guint8 *bytes, gsize len)
{
    for (gsize i = 0; i < len; i++) {
        if (bytes[i] == '\n' || console->line->len == LINE_MAX_BYTES) {
            judge_line(console);
        }
        if (bytes[i] != '\n' && bytes[i] != '\0') {
            g_string_append_c(console->line, (char)bytes[i]);
        }
    }
}

static void on_bytes(gpointer data, const guint8 *bytes, gsize len)
{
    VmbConsole *console = data;

    vmb_log_file_append(console->log, bytes, len);
    if (console->tap != NULL) {
        console->tap(console->tap_data, bytes, len);
    }
    scan(console, bytes, len);
}

static void on_closed(gpointer data)
{
    judge_line(data);
}

static const VmbStreamEvents console_events = {on_bytes, on_closed};

VmbConsole *vmb_console_new(int fd, const char *log_path, VmbAlarm *alarm, GError **error)
{
    VmbLogFile *log = vmb_log_file_new(log_path, alarm, error);

    if (log == NULL) {
        close(fd);
        return NULL;
    }
    VmbConsole *console = g_new0(VmbConsole, 1);

    console->log = log;
    console->alarm = alarm;
    console->line = g_string_new(NULL);
    console->stream = vmb_stream_new(fd, &console_events, console);
    return console;
}

void vmb_console_free(VmbConsole *console)
{
    vmb_stream_free(console->stream);
    g_clear_handle_id(&console->oops_source, g_source_remove);
    g_free(console->oops);
    g_free(console->where);
    g_free(console->stuck);
    vmb_log_file_free(console->log);
    g_string_free(console->line, TRUE);
    g_free(console);
}

void vmb_console_set_tap(VmbConsole *console,
                         void (*tap)(gpointer data, const guint8 *bytes, gsize len), gpointer data)
{
    console->tap = tap;
    console->tap_data = data;
}

void vmb_console_send(VmbConsole *console, const void *bytes, gsize len)
{
    vmb_stream_send(console->stream, bytes, len);
}

void vmb_console_pause(VmbConsole *console, gboolean paused)
{
    vmb_stream_pause(console->stream, paused);
}

void vmb_console_allow_end(VmbConsole *console)
{
    console->may_end = TRUE;
}

void vmb_console_drain(VmbConsole *console)
{
    vmb_stream_drain(console->stream);
    judge_line(console);
    if (console->oops != NULL) {
        raise_oops(console);
    }
}

static gboolean no_oops_condition(gpointer data)
{
    return ((VmbConsole *)data)->oops == NULL;
}

gboolean vmb_console_settle(VmbConsole *console, GError **error)
{
    VmbLimit limit = {0, VMB_ERROR_OOPS, ""}; /* the grace ends it */

    vmb_stream_drain(console->stream);
    return vmb_wait(console->alarm, no_oops_condition, console, limit, error);
}

const char *vmb_console_stuck(const VmbConsole *console, gint64 since)
{
    return console->stuck_time >= since ? console->stuck : NULL;
}
