/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than any line has. */
#define LINE_BYTES 512

/* How often the trace is looked at while it grows. */
#define TRIM_MS 250

/* Holes are whole blocks of the file system; what is cut out less often costs less. */
#define STEP_BYTES (1024 * 1024)

struct VmbTranscript {
    int fd;
    VmbTranscriptLimits limits;
    gint64 from, to; /* what is left out, from the beginning of a line to that of another */
    guint64 lines;   /* that were there */
    guint timer;
};

/* The end of the line that the byte `at` is in; `at` itself when there is none yet. */
static gint64 line_end(const VmbTranscript *transcript, gint64 at)
{
    char bytes[LINE_BYTES];
    ssize_t n = pread(transcript->fd, bytes, sizeof(bytes), (off_t)at);
    const char *newline = n > 0 ? memchr(bytes, '\n', (size_t)n) : NULL;

    return newline != NULL ? at + (newline + 1 - bytes) : at;
}

static guint64 count_lines(const VmbTranscript *transcript, gint64 from, gint64 to)
{
    char bytes[65536];
    guint64 lines = 0;
    ssize_t n;

    for (; from < to; from += n) {
        n = pread(transcript->fd, bytes, MIN(sizeof(bytes), (size_t)(to - from)), (off_t)from);
        if (n <= 0) {
            break;
        }
        for (ssize_t i = 0; i < n; i++) {
            lines += bytes[i] == '\n' ? 1 : 0;
        }
    }
    return lines;
}

void vmb_transcript_trim(VmbTranscript *transcript)
{
    struct stat file;
    gint64 from, to;

    if (fstat(transcript->fd, &file) != 0 ||
        file.st_size < MAX(transcript->to, transcript->limits.first) + transcript->limits.last +
                           transcript->limits.step) {
        return;
    }
    from = transcript->to > 0 ? transcript->to : line_end(transcript, transcript->limits.first);
    to = line_end(transcript, file.st_size - transcript->limits.last);
    transcript->lines += count_lines(transcript, from, to);
    /* QEMU goes on writing behind it. A file system without holes keeps the bytes, no more. */
    fallocate(transcript->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from);
    transcript->from = transcript->to > 0 ? transcript->from : from;
    transcript->to = to;
}

static gboolean on_time(gpointer transcript)
{
    vmb_transcript_trim(transcript);
    return G_SOURCE_CONTINUE;
}

VmbTranscript *vmb_transcript_new(const char *path, const VmbTranscriptLimits *limits, GError **error)
{
    static const VmbTranscriptLimits usual = {VMB_TRANSCRIPT_FIRST, VMB_TRANSCRIPT_LAST, STEP_BYTES};
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    VmbTranscript *transcript;

    if (fd < 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot write %s: %s: choose another directory with --logs", path,
                    g_strerror(errno));
        return NULL;
    }
    transcript = g_new0(VmbTranscript, 1);
    transcript->fd = fd;
    transcript->limits = limits != NULL ? *limits : usual;
    transcript->timer = g_timeout_add(TRIM_MS, on_time, transcript);
    return transcript;
}

void vmb_transcript_free(VmbTranscript *transcript)
{
    g_source_remove(transcript->timer);
    close(transcript->fd);
    g_free(transcript);
}

VmbTranscript *vmb_transcript_begin(VmbGuest *guest, const char *path, GError **error)
{
    g_autoptr(VmbTranscript) transcript = vmb_transcript_new(path, NULL, error);
    g_autofree char *command = g_strdup_printf("logfile \"%s\"", path);
    g_autofree char *file =
        transcript != NULL ? vmb_guest_monitor(guest, command, error) : NULL;
    g_autofree char *mask =
        file != NULL ? vmb_guest_monitor(guest, "log trace:vmmio_access", error) : NULL;

    return mask != NULL ? g_steal_pointer(&transcript) : NULL;
}

/* qemu-device/hw/trace-events has the line's form. */
static void format_line(const char *line, FILE *out, gint64 begin)
{
    char range[128], verb[8], end[16];
    int64_t us, ns;
    uint64_t address, data;
    unsigned size;
    const char *name;

    if (sscanf(line,
               "vmmio_access %127s time=%" SCNd64 "us %7s addr=%" SCNx64 " size=%u data=%" SCNx64
               " %15s latency=%" SCNd64 "ns",
               range, &us, verb, &address, &size, &data, end, &ns) != 8) {
        return;
    }
    name = strrchr(range, '/');
    fprintf(out, "%12.6f  %-8s %-5s 0x%09" PRIx64 " %u  0x%0*" PRIx64 "%*s %10.1f us  %s\n",
            (double)(us - begin) / G_USEC_PER_SEC, name != NULL ? name + 1 : range, verb, address,
            size, (int)(2 * size), data, (int)(16 - 2 * size), "", (double)ns / 1000, end);
}

static void format_part(FILE *in, FILE *out, gint64 until, gint64 begin)
{
    char line[LINE_BYTES];

    while (ftell(in) < until && fgets(line, sizeof(line), in) != NULL) {
        format_line(line, out, begin);
    }
}

static void format_all(const VmbTranscript *transcript, FILE *in, FILE *out, gint64 begin,
                       const char *waiting)
{
    fprintf(out, "# seconds     range    what  address     bytes value                 latency\n");
    rewind(in);
    if (transcript->to > 0) {
        format_part(in, out, transcript->from, begin);
        fprintf(out, "# %" G_GUINT64_FORMAT " accesses are left out here\n", transcript->lines);
        fseek(in, (long)transcript->to, SEEK_SET);
    }
    format_part(in, out, G_MAXINT64, begin);
    fputs(waiting, out);
}

gboolean vmb_transcript_format(const VmbTranscript *transcript, const char *table, gint64 begin,
                               const char *waiting)
{
    int fd = fcntl(transcript->fd, F_DUPFD_CLOEXEC, 0);
    FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
    FILE *out = in != NULL ? fopen(table, "we") : NULL;
    gboolean whole = FALSE;

    if (out != NULL) {
        format_all(transcript, in, out, begin, waiting);
        whole = !ferror(in) && !ferror(out);
        whole = fclose(out) == 0 && whole;
    }
    if (in != NULL) {
        fclose(in);
    } else if (fd >= 0) {
        close(fd);
    }
    return whole;
}
