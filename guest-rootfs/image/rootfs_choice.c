/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of what rootfs_image.h lets one choose from. */
#include "rootfs_image.h"

#include <string.h>

static const char *const machine_names[] = {
    [ROOTFS_MACHINE_RASPI4B] = "raspi4b",
    [ROOTFS_MACHINE_X86] = "x86",
};

gboolean rootfs_machine_parse(const char *name, RootfsMachine *machine, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(machine_names); i++) {
        if (strcmp(name, machine_names[i]) == 0) {
            *machine = (RootfsMachine)i;
            return TRUE;
        }
    }
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                "machine '%s' is unknown; take raspi4b or x86", name);
    return FALSE;
}

const char *rootfs_machine_name(RootfsMachine machine)
{
    return machine_names[machine];
}

gboolean rootfs_compression_parse(const char *name, RootfsCompression *compression, GError **error)
{
    static const char *const names[] = {
        [ROOTFS_COMPRESSION_GZIP] = "gzip",
        [ROOTFS_COMPRESSION_ZSTD] = "zstd",
    };

    for (gsize i = ROOTFS_COMPRESSION_GZIP; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *compression = (RootfsCompression)i;
            return TRUE;
        }
    }
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                "compression '%s' is unknown; take gzip or zstd", name);
    return FALSE;
}
