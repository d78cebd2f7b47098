/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_processor.h"

#include <elf.h>

static const char *const x86_64[] = {
    "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib", "/lib64", "/usr/lib64",
    "/usr/local/lib", NULL,
};
static const char *const i386[] = {
    "/lib/i386-linux-gnu", "/usr/lib/i386-linux-gnu", "/lib", "/usr/lib", "/lib32", "/usr/lib32",
    "/usr/local/lib", NULL,
};
static const char *const aarch64[] = {
    "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib", "/lib64", "/usr/lib64",
    "/usr/local/lib", NULL,
};
static const char *const arm[] = {
    "/lib/arm-linux-gnueabihf", "/usr/lib/arm-linux-gnueabihf", "/lib", "/usr/lib", "/usr/local/lib", NULL,
};

enum { NATIVE, OLDER, PROCESSORS };

static const RootfsProcessor processors[][PROCESSORS] = {
    [ROOTFS_MACHINE_RASPI4B] = {{EM_AARCH64, "/usr/aarch64-linux-gnu", aarch64},
                                {EM_ARM, "/usr/arm-linux-gnueabihf", arm}},
    [ROOTFS_MACHINE_X86] = {{EM_X86_64, "/usr/x86_64-linux-gnu", x86_64},
                            {EM_386, "/usr/i686-linux-gnu", i386}},
};

const RootfsProcessor *rootfs_processor_native(RootfsMachine machine)
{
    return &processors[machine][NATIVE];
}

const RootfsProcessor *rootfs_processor_find(RootfsMachine machine, guint elf_machine)
{
    for (guint i = 0; i < PROCESSORS; i++) {
        if (processors[machine][i].elf_machine == elf_machine) {
            return &processors[machine][i];
        }
    }
    return NULL;
}

gboolean rootfs_processor_is_library(RootfsMachine machine, const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);

    return g_strv_contains(processors[machine][NATIVE].directories, directory) ||
           g_strv_contains(processors[machine][OLDER].directories, directory);
}
