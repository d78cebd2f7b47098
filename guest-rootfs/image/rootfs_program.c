/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_program.h"

#include "rootfs_elf.h"
#include "rootfs_path.h"

#include <elf.h>
#include <string.h>

enum { SCRIPTS_MAX = 5 }; /* interpreters that are scripts again, for the kernel */

/* ---- One file ---- */

static void note_script(RootfsEntry *entry, const char *line, gsize len)
{
    g_autofree char *text = g_strndup(line, len);
    const char *start = text + strspn(text, " \t");

    entry->interpreter = g_strndup(start, strcspn(start, " \t\r\n"));
}

void rootfs_program_note(RootfsEntry *entry, const void *bytes, gsize len)
{
    const guint8 *at = bytes;
    const gsize machine = G_STRUCT_OFFSET(Elf64_Ehdr, e_machine); /* in 32-bit files too */

    if (len >= machine + 2 && memcmp(at, ELFMAG, SELFMAG) == 0) {
        guint low = at[machine], high = at[machine + 1];

        entry->machine = at[EI_DATA] == ELFDATA2MSB ? low << 8 | high : high << 8 | low;
    } else if (len > 2 && memcmp(at, "#!", 2) == 0) {
        note_script(entry, (const char *)at + 2, MIN(len, ROOTFS_PROGRAM_BYTES) - 2);
    }
}

/* ---- The image ---- */

static const RootfsEntry *find(GTree *entries, const char *path)
{
    g_autofree char *real = rootfs_path_resolve(entries, path, TRUE);

    return real != NULL ? g_tree_lookup(entries, real) : NULL;
}

/* The ELF file that runs what is at the path; NULL: nobody knows. */
static const RootfsEntry *find_elf(GTree *entries, const char *path)
{
    const RootfsEntry *entry = find(entries, path);

    for (guint i = 0; i < SCRIPTS_MAX && entry != NULL && entry->interpreter != NULL; i++) {
        entry = find(entries, entry->interpreter);
    }
    return entry != NULL && entry->machine != 0 ? entry : NULL;
}

/* Kernels run programs of the 32-bit processor as well. */
static gboolean runs(RootfsMachine machine, guint elf_machine)
{
    return machine == ROOTFS_MACHINE_X86 ? elf_machine == EM_X86_64 || elf_machine == EM_386
                                         : elf_machine == EM_AARCH64 || elf_machine == EM_ARM;
}

static gboolean refuse(const RootfsEntry *entry, RootfsMachine machine, const char *path,
                       GError **error)
{
    RootfsMachine other =
        machine == ROOTFS_MACHINE_X86 ? ROOTFS_MACHINE_RASPI4B : ROOTFS_MACHINE_X86;
    g_autofree char *remedy = runs(other, entry->machine)
                              ? g_strdup_printf("give --machine %s, or", rootfs_machine_name(other))
                              : g_strdup("give");

    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_FOREIGN,
                "base archive %s: its %s is a program for %s, and the machine is %s, which runs %s; "
                "%s an archive with programs for that", path, entry->path,
                rootfs_elf_machine_name(entry->machine), rootfs_machine_name(machine),
                rootfs_elf_machine_name(machine == ROOTFS_MACHINE_X86 ? EM_X86_64 : EM_AARCH64),
                remedy);
    return FALSE;
}

gboolean rootfs_program_check(GTree *entries, RootfsMachine machine, const char *path,
                              GError **error)
{
    static const char *const started[] = {"/init", "/sbin/init", "/bin/sh", "/bin/busybox"};
    const RootfsEntry *elf = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(started) && elf == NULL; i++) {
        elf = find_elf(entries, started[i]);
    }
    return elf == NULL || runs(machine, elf->machine) || refuse(elf, machine, path, error);
}
