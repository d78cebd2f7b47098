/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

/* A longer line is judged in pieces: enough for any panic line with its time stamp. */
#define LINE_MAX_BYTES 4096

/*
 * What the kernel puts before a line: a level (with printk prefixes on), the time, a caller. Anybody
 * can print or type the words alone.
 */
#define KERNELS_LINE "^\\r*(<[0-9]+>)?\\[ *[0-9]+\\.[0-9]+\\](\\[[^]]*\\])? "

/* The line that ends the report counts too, because a shell's prompt may stand before the first. */
static const char panic_text[] = "Kernel panic - not syncing";
static const char kernels_panic[] = KERNELS_LINE "(---\\[ end )?Kernel panic - not syncing";

/* The last line of a kernel that was told to end. A Pi may then stand still for ever. */
static const char end_text[] = "reboot: ";
static const char kernels_end[] =
    KERNELS_LINE "reboot: (Power down|System halted|Restarting system)";

struct VmbConsole {
    VmbStream *stream;
    int log_fd;
    char *log_path;
    VmbAlarm *alarm;
    GString *line;
    gboolean may_end;
    void (*tap)(gpointer data, const guint8 *bytes, gsize len);
    gpointer tap_data;
};

/* The line from `text` on, when all of it is one that the kernel prints; free with g_free(). */
static char *kernels_words(const VmbConsole *console, const char *text, const char *pattern)
{
    char *words = strstr(console->line->str, text);

    if (words == NULL || !g_regex_match_simple(pattern, console->line->str, G_REGEX_RAW, 0)) {
        return NULL;
    }
    return g_utf8_make_valid(g_strchomp(words), -1);
}

static void judge_line(VmbConsole *console)
{
    g_autofree char *panic = kernels_words(console, panic_text, kernels_panic);
    g_autofree char *end = kernels_words(console, end_text, kernels_end);

    if (panic != NULL) {
        vmb_alarm_raise(console->alarm,
                        g_error_new(VMB_ERROR, VMB_ERROR_PANIC,
                                    "the guest kernel panicked (%s): check the kernel, its device "
                                    "tree and the image's /init",
                                    panic));
    } else if (end != NULL && !console->may_end) {
        vmb_alarm_raise(console->alarm,
                        g_error_new(VMB_ERROR, VMB_ERROR_QEMU_DIED,
                                    "the guest ended by itself (%s): run nothing in it that powers "
                                    "it off or restarts it",
                                    end));
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

static void append_to_log(VmbConsole *console, const guint8 *bytes, gsize len)
{
    while (len > 0) {
        ssize_t n = write(console->log_fd, bytes, len);

        if (n > 0) {
            bytes += n;
            len -= (gsize)n;
        } else if (errno != EINTR) {
            vmb_alarm_raise(console->alarm,
                            g_error_new(VMB_ERROR, VMB_ERROR_SETUP,
                                        "cannot write %s: %s: make room, or choose another "
                                        "directory with --logs",
                                        console->log_path, g_strerror(errno)));
            return;
        }
    }
}

static void on_bytes(gpointer data, const guint8 *bytes, gsize len)
{
    VmbConsole *console = data;

    append_to_log(console, bytes, len);
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
    int log_fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (log_fd < 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot write %s: %s: choose another directory with --logs", log_path,
                    g_strerror(errno));
        close(fd);
        return NULL;
    }
    VmbConsole *console = g_new0(VmbConsole, 1);

    console->log_fd = log_fd;
    console->log_path = g_strdup(log_path);
    console->alarm = alarm;
    console->line = g_string_new(NULL);
    console->stream = vmb_stream_new(fd, &console_events, console);
    return console;
}

void vmb_console_free(VmbConsole *console)
{
    vmb_stream_free(console->stream);
    close(console->log_fd);
    g_free(console->log_path);
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
}
