/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_processor.h"

#include <elf.h>
#include <string.h>

static const RootfsLibraries x86_64[] = {
    {"/lib/x86_64-linux-gnu", ROOTFS_LOOKS_ALL}, {"/usr/lib/x86_64-linux-gnu", ROOTFS_LOOKS_ALL},
    {"/lib", ROOTFS_LOOKS_ALL}, {"/usr/lib", ROOTFS_LOOKS_ALL},
    {"/lib64", ROOTFS_LOOKS_AT_HOME}, {"/usr/lib64", ROOTFS_LOOKS_AT_HOME},
    {"/usr/local/lib", ROOTFS_LOOKS_MUSL}, {NULL, ROOTFS_LOOKS_ALL},
};
static const RootfsLibraries i386[] = {
    {"/lib/i386-linux-gnu", ROOTFS_LOOKS_ALL}, {"/usr/lib/i386-linux-gnu", ROOTFS_LOOKS_ALL},
    {"/lib", ROOTFS_LOOKS_ALL}, {"/usr/lib", ROOTFS_LOOKS_ALL},
    {"/lib32", ROOTFS_LOOKS_AT_HOME}, {"/usr/lib32", ROOTFS_LOOKS_AT_HOME},
    {"/usr/local/lib", ROOTFS_LOOKS_MUSL}, {NULL, ROOTFS_LOOKS_ALL},
};
static const RootfsLibraries aarch64[] = {
    {"/lib/aarch64-linux-gnu", ROOTFS_LOOKS_ALL}, {"/usr/lib/aarch64-linux-gnu", ROOTFS_LOOKS_ALL},
    {"/lib", ROOTFS_LOOKS_ALL}, {"/usr/lib", ROOTFS_LOOKS_ALL},
    {"/lib64", ROOTFS_LOOKS_AT_HOME}, {"/usr/lib64", ROOTFS_LOOKS_AT_HOME},
    {"/usr/local/lib", ROOTFS_LOOKS_MUSL}, {NULL, ROOTFS_LOOKS_ALL},
};
static const RootfsLibraries arm[] = {
    {"/lib/arm-linux-gnueabihf", ROOTFS_LOOKS_ALL}, {"/usr/lib/arm-linux-gnueabihf", ROOTFS_LOOKS_ALL},
    {"/lib", ROOTFS_LOOKS_ALL}, {"/usr/lib", ROOTFS_LOOKS_ALL},
    {"/usr/local/lib", ROOTFS_LOOKS_MUSL}, {NULL, ROOTFS_LOOKS_ALL},
};

enum { NATIVE, OLDER, PROCESSORS };

static const RootfsProcessor processors[][PROCESSORS] = {
    [ROOTFS_MACHINE_RASPI4B] = {{EM_AARCH64, "/usr/aarch64-linux-gnu",
                                 "/lib/ld-linux-aarch64.so.1", aarch64},
                                {EM_ARM, "/usr/arm-linux-gnueabihf", "/lib/ld-linux-armhf.so.3", arm}},
    [ROOTFS_MACHINE_X86] = {{EM_X86_64, "/usr/x86_64-linux-gnu", "/lib64/ld-linux-x86-64.so.2", x86_64},
                            {EM_386, "/usr/i686-linux-gnu", "/lib/ld-linux.so.2", i386}},
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

static gboolean has(const RootfsProcessor *processor, const char *directory)
{
    const RootfsLibraries *one = processor->directories;

    while (one->path != NULL && strcmp(one->path, directory) != 0) {
        one++;
    }
    return one->path != NULL;
}

gboolean rootfs_processor_is_library(RootfsMachine machine, const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);

    return has(&processors[machine][NATIVE], directory) || has(&processors[machine][OLDER], directory);
}
