/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot_key.h"

#include <sys/utsname.h>

/* Raise it when snapshots of the same guest made by older harnesses are no good any more. */
#define FORMAT "vmbench snapshot 1"

static void add_line(GString *text, const char *what, const char *value)
{
    g_string_append_printf(text, "%s %s\n", what, value);
}

static gboolean add_file(GString *text, const char *what, const char *path, VmbHashes *hashes,
                         GError **error)
{
    const char *hash = vmb_hashes_get(hashes, path, error);

    if (hash == NULL) {
        return FALSE;
    }
    add_line(text, what, hash);
    return TRUE;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static gboolean add_firmware(GString *text, const char *qemu_dir, VmbHashes *hashes,
                             GError **error)
{
    g_autofree char *directory = g_build_filename(qemu_dir, "share", "qemu", NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, names->pdata[i], NULL);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR) &&
            !add_file(text, names->pdata[i], path, hashes, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_files(GString *text, const VmbGuestConfig *config, VmbHashes *hashes,
                          GError **error)
{
    g_autofree char *qemu =
        g_build_filename(config->qemu_dir, "bin", config->machine->qemu_program, NULL);

    return add_file(text, "QEMU", qemu, hashes, error) &&
           add_firmware(text, config->qemu_dir, hashes, error) &&
           add_file(text, "kernel", config->kernel, hashes, error) &&
           add_file(text, "image", config->initrd, hashes, error) &&
           (config->device_tree == NULL ||
            add_file(text, "tree", config->device_tree, hashes, error));
}

/* "listen=ADDRESS" becomes "listen=N", the N-th address there is. */
static void number_listen(char **word, GPtrArray *addresses)
{
    guint n;

    if (!g_str_has_prefix(*word, "listen=")) {
        return;
    }
    if (!g_ptr_array_find_with_equal_func(addresses, *word, g_str_equal, &n)) {
        n = addresses->len;
        g_ptr_array_add(addresses, g_strdup(*word));
    }
    g_free(*word);
    *word = g_strdup_printf("listen=%u", n);
}

static char **without_addresses(char **devices)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    GPtrArray *result = g_ptr_array_new();

    for (; *devices != NULL; devices++) {
        g_auto(GStrv) words = g_strsplit(*devices, ",", -1);

        for (char **word = words; *word != NULL; word++) {
            number_listen(word, addresses);
        }
        g_ptr_array_add(result, g_strjoinv(",", words));
    }
    g_ptr_array_add(result, NULL);
    return (char **)g_ptr_array_free(result, FALSE);
}

static void add_command(GString *text, const VmbGuestConfig *config)
{
    g_auto(GStrv) devices = config->devices != NULL ? without_addresses(config->devices) : NULL;
    VmbGuestConfig plain = *config;
    g_auto(GStrv) argv = NULL;

    plain.qemu_dir = (char *)"";
    plain.kernel = (char *)"kernel";
    plain.initrd = (char *)"image";
    plain.device_tree = config->device_tree != NULL ? (char *)"tree" : NULL;
    plain.devices = devices;
    plain.port = 0;
    plain.can_reset = FALSE; /* decides what a reset does, nothing before it */
    argv = vmb_guest_config_command_for(&plain, VMB_MEMORY_SHARED);
    for (char **arg = argv; *arg != NULL; arg++) {
        g_autofree char *quoted = g_strescape(*arg, NULL);

        add_line(text, "argument", quoted);
    }
}

/* What a guest under KVM sees of its host. */
static void add_host(GString *text)
{
    g_autofree char *cpus = NULL;
    struct utsname host;

    if (g_file_get_contents("/proc/cpuinfo", &cpus, NULL, NULL)) {
        g_auto(GStrv) lines = g_strsplit(cpus, "\n", -1);

        for (char **line = lines; *line != NULL && **line != '\0'; line++) {
            if (g_str_has_prefix(*line, "model") || g_str_has_prefix(*line, "flags")) {
                add_line(text, "CPU", *line);
            }
        }
    }
    if (uname(&host) == 0) {
        add_line(text, "host", host.release);
    }
}

char *vmb_snapshot_key(const VmbGuestConfig *config, VmbHashes *hashes, GError **error)
{
    g_autoptr(GString) text = g_string_new(FORMAT "\n");

    if (!add_files(text, config, hashes, error)) {
        return NULL;
    }
    add_command(text, config);
    if (config->kvm && config->machine->can_use_kvm) {
        add_host(text);
    }
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
}
