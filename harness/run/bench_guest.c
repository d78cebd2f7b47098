/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_guest.h"

#include <glib/gstdio.h>

#define FIRST_START G_GUINT64_CONSTANT(0xfef00000)
#define RANGE_SIZE 0x1000

guint64 vmb_bench_range_start(gsize n)
{
    return FIRST_START + n * RANGE_SIZE;
}

static char *socket_path(const VmbBenchGuest *bench_guest, const VmbBenchRange *range)
{
    return g_build_filename(bench_guest->directory, range->id, NULL);
}

static char *device_text(const VmbBenchGuest *bench_guest, const VmbBenchRange *range, gsize n)
{
    g_autofree char *path = socket_path(bench_guest, range);
    g_autofree char *listen = g_str_equal(range->listen, "unix")
                                  ? g_strconcat("unix:", path, NULL)
                                  : g_strdup(range->listen);

    return g_strdup_printf("vmmio,id=%s,start=0x%" G_GINT64_MODIFIER "x,listen=%s%s", range->id,
                           vmb_bench_range_start(n), listen, range->properties);
}

static char **device_texts(const VmbBenchGuest *bench_guest, const VmbBenchRange *ranges,
                           gsize count)
{
    char **texts = g_new0(char *, count + 1);

    for (gsize i = 0; i < count; i++) {
        texts[i] = device_text(bench_guest, &ranges[i], i);
    }
    return texts;
}

VmbBenchGuest *vmb_bench_guest_start(const VmbBench *bench, const char *machine,
                                     const VmbBenchRange *ranges, gsize count, const char *append,
                                     GError **error)
{
    g_autoptr(VmbBenchGuest) bench_guest = g_new0(VmbBenchGuest, 1);

    bench_guest->directory = g_dir_make_tmp("vmbench-XXXXXX", error);
    if (bench_guest->directory == NULL) {
        return NULL;
    }
    bench_guest->config = vmb_settings_guest(bench->settings, vmb_machine_find(machine));
    bench_guest->config->devices = device_texts(bench_guest, ranges, count);
    bench_guest->config->append = g_strdup(append);
    bench_guest->guest = vmb_guest_boot(bench_guest->config, bench->log_dir, bench->alarm, error);
    return bench_guest->guest != NULL ? g_steal_pointer(&bench_guest) : NULL;
}

/* A killed QEMU leaves its sockets behind. */
static void remove_directory(const char *directory)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        g_remove(path);
    }
    g_rmdir(directory);
}

void vmb_bench_guest_free(VmbBenchGuest *bench_guest)
{
    g_clear_pointer(&bench_guest->guest, vmb_guest_free);
    g_clear_pointer(&bench_guest->config, vmb_guest_config_free);
    if (bench_guest->directory != NULL) {
        remove_directory(bench_guest->directory);
    }
    g_free(bench_guest->directory);
    g_free(bench_guest);
}
