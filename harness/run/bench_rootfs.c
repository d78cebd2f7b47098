/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_rootfs.h"

#include <gio/gio.h>

#include "additions.h"
#include "image_tools.h"
#include "paths.h"

static const char *const machines[] = {"raspi4b", "x86"};

static double seconds_since(gint64 start)
{
    return (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

static void take(GPtrArray *words, char *word)
{
    g_ptr_array_add(words, word);
}

/* The words as an option's value, which takes them. */
static char **end_words(GPtrArray *words)
{
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

/* The packages that the build has made: each has a directory with what goes into the image. */
static gboolean add_stages(GPtrArray *stages, const char *machine, const char *images,
                           GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/work/%s/pkg", images, machine);
    g_autoptr(GDir) directory = g_dir_open(path, 0, error);
    const char *name;

    while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
        take(stages, g_strdup_printf("%s/%s/stage", path, name));
    }
    return directory != NULL;
}

/* What guest-rootfs/meson.build asks for, but for the modules of its own. */
static gboolean whole_image(const VmbBench *bench, const char *machine, const char *images,
                            RootfsOptions *options, GError **error)
{
    GPtrArray *stages = g_ptr_array_new();
    GPtrArray *overlays = g_ptr_array_new();
    GPtrArray *manifests = g_ptr_array_new();
    GPtrArray *files = g_ptr_array_new();
    gboolean good = add_stages(stages, machine, images, error);

    take(overlays, g_strdup(VMB_GUEST_ROOTFS "/overlay"));
    take(overlays, g_strdup(VMB_GUEST_ROOTFS "/text:/opt"));
    take(manifests, g_strdup(VMB_GUEST_ROOTFS "/base.manifest"));
    take(manifests, g_build_filename(images, "applets.manifest", NULL));
    take(files, g_strdup_printf("%s/%s/busybox:/bin/busybox:755", bench->settings->guest_dir,
                                machine));
    take(files, g_strdup_printf("%s/init.%s:/init:755", images, machine));
    *options = (RootfsOptions){
        .machine = g_strdup(machine),
        .no_base = TRUE,
        .stages = end_words(stages),
        .overlays = end_words(overlays),
        .manifests = end_words(manifests),
        .files = end_words(files),
        .kernel_module = g_strsplit("uio", " ", -1),
    };
    return good;
}

static gboolean build(const VmbBench *bench, const char *machine, const char *output,
                      double *seconds, GError **error)
{
    const RootfsCommand command = vmb_image_tools("vmbench bench", bench->settings);
    RootfsOptions options = {0};
    gint64 start = g_get_monotonic_time();
    g_autoptr(RootfsImage) image = NULL;
    gboolean good;

    if (whole_image(bench, machine, command.images, &options, error)) {
        image = rootfs_command_image(&command, &options, error);
    }
    good = image != NULL && rootfs_image_check_init(image, error) &&
           rootfs_image_write(image, output, error);
    *seconds = seconds_since(start);
    rootfs_options_clear(&options);
    return good;
}

static gboolean append(const VmbBench *bench, const char *machine, const char *image,
                       double *seconds, GError **error)
{
    g_auto(VmbAdditions) additions = {.init = NULL};
    g_autoptr(VmbGuestConfig) config =
        vmb_settings_guest(bench->settings, vmb_machine_find(machine));
    gint64 start = g_get_monotonic_time();
    gboolean good;

    g_free(config->initrd);
    config->initrd = g_strdup(image);
    additions.image.files = g_new0(char *, 2);
    additions.image.files[0] = g_strdup_printf("%s/%s/busybox:/usr/bin/mytest",
                                               bench->settings->guest_dir, machine);
    good = vmb_additions_apply(&additions, bench->settings, config, bench->log_dir, error);
    *seconds = seconds_since(start);
    return good;
}

/* As fast as bytes can be moved here: the file is in the page cache. */
static gboolean copy(const char *from, const char *to, double *seconds, GError **error)
{
    g_autofree char *bytes = NULL;
    gint64 start = g_get_monotonic_time();
    gsize len;
    gboolean good = g_file_get_contents(from, &bytes, &len, error) &&
                    g_file_set_contents_full(to, bytes, (gssize)len, G_FILE_SET_CONTENTS_NONE, 0644,
                                             error);

    *seconds = seconds_since(start);
    return good;
}

enum { BUILD, APPEND, COPY, SERIES };

static gboolean run_once(const VmbBench *bench, const char *machine, double seconds[SERIES],
                         GError **error)
{
    g_autofree char *image = g_strdup_printf("%s/whole-%s.cpio", bench->log_dir, machine);
    g_autofree char *twin = g_strdup_printf("%s/copy-%s.cpio", bench->log_dir, machine);

    return build(bench, machine, image, &seconds[BUILD], error) &&
           append(bench, machine, image, &seconds[APPEND], error) &&
           copy(image, twin, &seconds[COPY], error);
}

/* Medians of all runs on one machine. */
static gboolean measure(VmbBench *bench, const char *machine, double medians[SERIES], GError **error)
{
    GArray *series[SERIES];
    gboolean good = TRUE;

    for (guint i = 0; i < SERIES; i++) {
        series[i] = g_array_new(FALSE, FALSE, sizeof(double));
    }
    for (gint run = 0; good && run < bench->runs; run++) {
        double seconds[SERIES];

        vmb_bench_progress(bench, "guest image", run);
        good = run_once(bench, machine, seconds, error);
        for (guint i = 0; good && i < SERIES; i++) {
            g_array_append_val(series[i], seconds[i]);
        }
    }
    for (guint i = 0; i < SERIES; i++) {
        medians[i] = good ? vmb_median(series[i]) : 0;
        g_array_unref(series[i]);
    }
    return good;
}

/* The machine that takes longer has the row. */
static void set_row(VmbBench *bench, const char *name, double medians[][SERIES], guint which,
                    const char *bar)
{
    guint worse = medians[0][which] >= medians[1][which] ? 0 : 1;

    vmb_rows_set_absolute(bench->rows, name, medians[worse][which], "s", medians[worse][COPY], bar);
}

gboolean vmb_bench_rootfs(VmbBench *bench, GError **error)
{
    double medians[G_N_ELEMENTS(machines)][SERIES];

    for (guint i = 0; i < G_N_ELEMENTS(machines); i++) {
        if (!measure(bench, machines[i], medians[i], error)) {
            return FALSE;
        }
    }
    set_row(bench, "rootfs.build", medians, BUILD, "<= 0.1");
    set_row(bench, "rootfs.append", medians, APPEND, "<= 0.02");
    return TRUE;
}
