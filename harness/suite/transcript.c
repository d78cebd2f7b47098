/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transcript.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Enough for 100,000 accesses. */
#define TAIL_BYTES (16 * 1024 * 1024)

gboolean vmb_transcript_begin(VmbGuest *guest, const char *path, GError **error)
{
    g_autofree char *command = g_strdup_printf("logfile \"%s\"", path);
    g_autofree char *file = vmb_guest_monitor(guest, command, error);
    g_autofree char *mask =
        file != NULL ? vmb_guest_monitor(guest, "log trace:vmmio_access", error) : NULL;

    return mask != NULL;
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

void vmb_transcript_format(const char *path, const char *table, gint64 begin)
{
    FILE *in = fopen(path, "re");
    FILE *out = in != NULL ? fopen(table, "we") : NULL;
    char line[512];

    if (out != NULL) {
        fprintf(out, "# seconds     range    what  address     bytes value                 latency\n");
        if (fseek(in, -TAIL_BYTES, SEEK_END) != 0) {
            rewind(in);
        }
        while (fgets(line, sizeof(line), in) != NULL) {
            format_line(line, out, begin);
        }
        fclose(out);
    }
    if (in != NULL) {
        fclose(in);
    }
}
