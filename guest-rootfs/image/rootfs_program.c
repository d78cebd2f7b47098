/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_program.h"

#include "rootfs_elf.h"
#include "rootfs_path.h"
#include "rootfs_processor.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

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
    const char *at = bytes;
    RootfsElfHead head;

    if (rootfs_elf_head(bytes, len, &head)) {
        entry->machine = head.machine;
    } else if (len > 2 && memcmp(at, "#!", 2) == 0) {
        note_script(entry, at + 2, MIN(len, ROOTFS_PROGRAM_BYTES) - 2);
    }
}

static gboolean is_data(const RootfsEntry *entry, const RootfsElfHead *head, RootfsMachine machine)
{
    gboolean can_run = (entry->owner.mode & 0111) != 0;

    if (head->machine == EM_BPF) {
        return TRUE;
    }
    switch (head->type) {
    case ET_NONE: /* damaged */
    case ET_EXEC:
        return !can_run;
    case ET_DYN:
        return !can_run && !rootfs_processor_is_library(machine, entry->path);
    case ET_REL:
        return !g_str_has_suffix(entry->path, ".ko");
    default:
        return TRUE;
    }
}

static gboolean refuse_module(const char *host, guint elf_machine, guint kernel, GError **error)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_MACHINE,
                "%s: is a kernel module for %s, the guest's kernel is one for %s; build it against that "
                "kernel", host, rootfs_elf_machine_name(elf_machine), rootfs_elf_machine_name(kernel));
    return FALSE;
}

static gboolean refuse_program(const char *host, guint elf_machine, guint native, GError **error)
{
    const char *name = rootfs_elf_machine_name(native);

    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_MACHINE,
                "%s: is a program for %s, the guest runs %s; build it with %s-linux-gnu-gcc, or, if it is "
                "data there, add it without execute permission and outside the library directories", host,
                rootfs_elf_machine_name(elf_machine), name, name);
    return FALSE;
}

/* What some program's own path may lead to. A damaged file stays data, and is no library for that program. */
static void read_dormant(RootfsEntry *entry, int fd, const char *host)
{
    g_autoptr(RootfsElf) elf = NULL;

    if (rootfs_elf_read(fd, host, &elf, NULL) && elf != NULL && !elf->debug) {
        entry->dormant = TRUE;
        entry->machine = elf->machine;
        entry->elf = g_steal_pointer(&elf);
    }
}

gboolean rootfs_program_read(RootfsEntry *entry, int fd, const char *host, RootfsMachine machine,
                             GError **error)
{
    guint native = rootfs_processor_native(machine)->elf_machine;
    guint8 first[ROOTFS_PROGRAM_BYTES];
    ssize_t len = pread(fd, first, sizeof(first), 0);
    g_autoptr(RootfsElf) elf = NULL;
    RootfsElfHead head;

    if (len < 0 || !rootfs_elf_head(first, (gsize)len, &head)) {
        return TRUE; /* and whether it can be read at all its reader will see */
    }
    if (is_data(entry, &head, machine)) {
        if (head.type == ET_DYN) {
            read_dormant(entry, fd, host);
        }
        return TRUE;
    }
    if (!rootfs_elf_read(fd, host, &elf, error)) {
        return FALSE;
    }
    if (elf == NULL || elf->debug) {
        return TRUE;
    }
    if (head.type == ET_REL && elf->machine != native) {
        return refuse_module(host, elf->machine, native, error);
    }
    if (rootfs_processor_find(machine, elf->machine) == NULL) {
        return refuse_program(host, elf->machine, native, error);
    }
    entry->machine = elf->machine;
    entry->elf = g_steal_pointer(&elf);
    return TRUE;
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

static gboolean refuse(const RootfsEntry *entry, RootfsMachine machine, const char *path,
                       GError **error)
{
    RootfsMachine other =
        machine == ROOTFS_MACHINE_X86 ? ROOTFS_MACHINE_RASPI4B : ROOTFS_MACHINE_X86;
    g_autofree char *remedy = rootfs_processor_find(other, entry->machine) != NULL
                              ? g_strdup_printf("give --machine %s, or", rootfs_machine_name(other))
                              : g_strdup("give");

    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_FOREIGN,
                "base archive %s: its %s is a program for %s, and the machine is %s, which runs %s; "
                "%s an archive with programs for that", path, entry->path,
                rootfs_elf_machine_name(entry->machine), rootfs_machine_name(machine),
                rootfs_elf_machine_name(rootfs_processor_native(machine)->elf_machine),
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
    return elf == NULL || rootfs_processor_find(machine, elf->machine) != NULL ||
           refuse(elf, machine, path, error);
}
