/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "additions.h"

#include <sys/stat.h>

#include "image_tools.h"
#include "join.h"
#include "rootfs_kernel.h"

/* Only the bench's images have it: a list of modules is in any that one was added to. */
#define MARK "/etc/vmbench/init.d/README"

/* A machine's usual memory has room for images of this size. */
#define SMALL_MIB 48

GArray *vmb_additions_options(VmbAdditions *additions)
{
    RootfsOptions *image = &additions->image;
    const GOptionEntry options[] = {
        {"add", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &image->files,
         "Add a file to the guest: HOST:GUEST[:MODE[:UID:GID]]", "SPEC"},
        {"pkg", 'p', 0, G_OPTION_ARG_FILENAME_ARRAY, &image->packages,
         "Build the programs in DIR and add them", "DIR"},
        {"lib", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &image->libs,
         "Build the static library in DIR for them", "DIR"},
        {"module", 'M', 0, G_OPTION_ARG_FILENAME_ARRAY, &image->modules,
         "Build or take a kernel module, which is loaded at boot", "DIR|FILE.ko[:INI]"},
        {"overlay", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &image->overlays,
         "Add all that lies in DIR, below / or GUEST: DIR[:GUEST]", "SPEC"},
        {"manifest", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &image->manifests, "Add what FILE lists",
         "FILE"},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &image->variables,
         "The value of @NAME@ in files of an overlay that end in .in", "NAME=VALUE"},
        {"with-libs", 0, 0, G_OPTION_ARG_NONE, &image->with_libs,
         "Add the loader and libraries of dynamic programs", NULL},
        {"libs-from", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &image->libs_from,
         "Look for them in DIR first: libraries, or a sysroot", "DIR"},
        {"kernel-modules", 0, 0, G_OPTION_ARG_FILENAME, &image->kernel_modules,
         "Where the modules of the kernel are, for --module with a --kernel", "DIR"},
        {"replace", 0, 0, G_OPTION_ARG_NONE, &image->replace,
         "What is added takes the place of what the image has there", NULL},
        {"init", 0, 0, G_OPTION_ARG_STRING, &additions->init,
         "PID 1 of an image of your own: keep (its /init or /sbin/init), bench, or a path", "INIT"},
    };
    GArray *array = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));

    return g_array_append_vals(array, options, G_N_ELEMENTS(options));
}

void vmb_additions_clear(VmbAdditions *additions)
{
    rootfs_options_clear(&additions->image);
    g_clear_pointer(&additions->init, g_free);
}

static gboolean adds_something(const RootfsOptions *image)
{
    return image->files != NULL || image->packages != NULL || image->modules != NULL ||
           image->overlays != NULL || image->manifests != NULL;
}

/* ---- The init of an image ---- */

static const char *init_of(RootfsImage *image)
{
    static const char *const places[] = {"/init", "/sbin/init", NULL};

    for (const char *const *place = places; *place != NULL; place++) {
        if (rootfs_image_has(image, *place)) {
            return *place;
        }
    }
    return NULL; /* ours does all that there is to do */
}

static gboolean check_init(const char *init, RootfsImage *image, GError **error)
{
    if (!rootfs_image_has(image, init)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "--init %s: the image has no such file", init);
        return FALSE;
    }
    if (!rootfs_image_has_program(image, init)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "init %s is no executable file in the image: give it mode 755 there, or choose "
                    "another with --init", init);
        return FALSE;
    }
    return TRUE;
}

static gboolean choose_init(const char *wish, RootfsImage *image, gboolean ours,
                            VmbGuestConfig *config, GError **error)
{
    config->own_init = !ours;
    if (wish == NULL || g_str_equal(wish, "keep")) {
        config->init = g_strdup(ours ? NULL : init_of(image));
        if (wish != NULL && !ours && config->init == NULL) {
            g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                        "--init keep: the image has no /init and no /sbin/init; give --init bench, or the "
                        "path of its own");
            return FALSE;
        }
    } else if (wish[0] == '/') {
        config->init = g_strdup(wish);
    } else if (!g_str_equal(wish, "bench")) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE,
                    "--init %s: it is keep, bench or a path in the guest", wish);
        return FALSE;
    }
    return config->init == NULL || check_init(config->init, image, error);
}

/* Our init loads it, so that `poweroff` ends the guest. What the image has there, it keeps. */
static gboolean add_power_module(RootfsImage *image, const char *modules, const char *name,
                                 GError **error)
{
    static const RootfsOwner owner = {0644, 0, 0};
    g_autofree char *guest = g_strdup_printf("/lib/modules/%s.ko", name);
    g_autoptr(RootfsKernel) kernel = rootfs_kernel_new(modules, error);
    const char *path = NULL;

    if (kernel == NULL) {
        return FALSE;
    }
    path = rootfs_image_has(image, guest) ? NULL : rootfs_kernel_module(kernel, name, NULL);
    return path == NULL || /* in the kernel itself, or the image's */
           rootfs_image_add_file(image, guest, path, &owner, error);
}

/* An image of an earlier run has ours there, of whatever release: the path is ours alone. */
static gboolean add_init_program(RootfsImage *image, const char *host, gboolean replace, GError **error)
{
    static const RootfsOwner owner = {0755, 0, 0};
    gboolean good;

    rootfs_image_set_replace(image, TRUE);
    good = rootfs_image_add_file(image, VMB_INIT, host, &owner, error);
    rootfs_image_set_replace(image, replace);
    return good;
}

static gboolean add_init(RootfsImage *image, const char *host, const char *modules,
                         const RootfsOptions *options, const VmbMachine *machine, GError **error)
{
    return add_init_program(image, host, options->replace, error) &&
           (machine->power_module == NULL || modules == NULL ||
            add_power_module(image, modules, machine->power_module, error));
}

/*
 * The kernel lets files have a half of the memory, and holds the archive too while it unpacks: with
 * three times the size on top, there is room for as much again.
 */
static void give_memory(RootfsImage *image, VmbGuestConfig *config)
{
    guint64 mib = rootfs_image_size(image) >> 20;

    if (!config->machine->ram_is_fixed && config->ram_mib == 0 && mib > SMALL_MIB) {
        config->ram_mib = config->machine->ram_mib + 3 * (guint)MIN(mib, G_MAXUINT16);
    }
}

static guint64 file_size(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 ? (guint64)info.st_size : 0;
}

/*
 * What surely is too large: the kernel and what it needs itself come on top. Of a kernel or a device tree of
 * the user's own nobody knows what it sees and lets files have.
 */
static gboolean check_room(RootfsImage *image, const VmbSettings *settings, const VmbGuestConfig *config,
                           GError **error)
{
    const VmbMachine *machine = config->machine;
    guint memory = machine->linux_mib != 0 ? machine->linux_mib : vmb_guest_config_ram_mib(config);
    guint64 files = rootfs_image_size(image) >> 20;
    guint64 archive = (file_size(config->initrd) + rootfs_image_added_size(image)) >> 20;

    if (settings->kernel != NULL || settings->dtb != NULL || archive + 2 * files <= memory) {
        return TRUE;
    }
    g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                "the guest has no room for its image: files of %" G_GUINT64_FORMAT " MiB get half of what an "
                "archive of %" G_GUINT64_FORMAT " MiB leaves of %u MiB of memory: leave some out, or %s",
                files, archive, memory,
                machine->ram_is_fixed ? "see \"Memory and time\" in docs/own-rootfs.md"
                                      : "give it more with --memory, or leave that away");
    return FALSE;
}

/* ---- The image ---- */

static gboolean write_image(RootfsImage *image, VmbGuestConfig *config, const char *log_dir,
                            GError **error)
{
    g_autofree char *added = g_build_filename(log_dir, "added.cpio", NULL);
    g_autofree char *joined = g_build_filename(log_dir, "image.cpio", NULL);

    if (!rootfs_image_write_added(image, added, error) ||
        !vmb_join(config->initrd, added, joined, error)) {
        return FALSE;
    }
    g_free(config->initrd);
    config->initrd = g_steal_pointer(&joined);
    return TRUE;
}

/* The builder's tools. Of a kernel of the user's own nobody knows the modules unless he says. */
static RootfsCommand tools_for(const VmbSettings *settings, const RootfsOptions *options)
{
    RootfsCommand command = vmb_image_tools("vmbench", settings);
    g_autofree char *modules = rootfs_command_modules(&command, options);

    if (options->kernel_modules == NULL &&
        (settings->kernel != NULL || !g_file_test(modules, G_FILE_TEST_IS_DIR))) {
        command.tools.guests = NULL; /* what it takes for a module, only its modules tell */
    }
    return command;
}

static RootfsImage *make_image(const RootfsCommand *command, const RootfsOptions *options, GError **error)
{
    g_autoptr(RootfsImage) image = rootfs_command_image(command, options, error);

    return image != NULL && rootfs_image_check_base(image, error) ? g_steal_pointer(&image) : NULL;
}

/* The builder speaks of a base; what the user gave is this. */
static void name_option(const VmbSettings *settings, GError **error)
{
    if (settings->initrd != NULL && error != NULL &&
        g_error_matches(*error, ROOTFS_ERROR, ROOTFS_ERROR_BASE)) {
        g_prefix_error(error, "--initrd: ");
    }
}

static void set_base(RootfsOptions *options, const VmbGuestConfig *config)
{
    options->machine = g_strdup(config->machine->name);
    options->base = g_strdup(config->initrd);
    options->append = TRUE;
}

gboolean vmb_additions_apply(VmbAdditions *additions, const VmbSettings *settings,
                             VmbGuestConfig *config, const char *log_dir, GError **error)
{
    RootfsOptions *options = &additions->image;
    g_autofree char *init = vmb_image_tools_init(settings, config->machine->name);
    g_autofree char *modules = NULL;
    g_autoptr(RootfsImage) image = NULL;
    RootfsCommand command;
    gboolean ours;

    set_base(options, config);
    command = tools_for(settings, options);
    modules = rootfs_command_modules(&command, options);
    image = make_image(&command, options, error);
    if (image == NULL) {
        name_option(settings, error);
        return FALSE;
    }
    give_memory(image, config);
    ours = rootfs_image_base_has(image, MARK) && rootfs_image_base_has(image, "/init");
    if (!choose_init(additions->init, image, ours, config, error) ||
        (!ours && !add_init(image, init, modules, options, config->machine, error))) {
        return FALSE;
    }
    return check_room(image, settings, config, error) &&
           ((ours && !adds_something(options)) || write_image(image, config, log_dir, error));
}
