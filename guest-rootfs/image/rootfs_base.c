/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_base.h"

#include "rootfs_path.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_SIZE = 65536 };

typedef struct archive Archive;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_read_free)

typedef struct archive_entry Header;

struct base {
    GTree *entries;
    const char *path;
    gboolean data;
    guint links; /* numbers of hard links given out */
};

static gboolean fail_member(const struct base *base, const char *path, const char *problem,
                            GError **error)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_BASE, "base archive %s: member '%s' %s", base->path,
                path, problem);
    return FALSE;
}

static gboolean fail_archive(const struct base *base, Archive *archive, GError **error)
{
    const char *problem = archive_error_string(archive);

    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_BASE,
                "base archive %s: is truncated, damaged or no cpio archive (%s); make it again, as "
                "newc cpio, plain or compressed by gzip, zstd or xz", base->path,
                problem != NULL ? problem : "unknown libarchive error");
    return FALSE;
}

/* ---- Members ---- */

/* "usr/bin", "./usr/bin" and "/usr/bin/" as "/usr/bin"; "." as "". The caller frees it. */
static char *guest_path(const char *name)
{
    g_autoptr(GString) path = g_string_new(NULL);
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);

    for (char **part = parts; *part != NULL; part++) {
        if ((*part)[0] != '\0' && !g_str_equal(*part, ".")) {
            g_string_append_printf(path, "/%s", *part);
        }
    }
    return g_string_free(g_steal_pointer(&path), FALSE);
}

static GBytes *read_data(const struct base *base, Archive *archive, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    const void *block;
    la_int64_t offset;
    size_t len;
    int status;

    while ((status = archive_read_data_block(archive, &block, &len, &offset)) == ARCHIVE_OK) {
        g_byte_array_append(bytes, block, (guint)len);
    }
    if (status != ARCHIVE_EOF) {
        fail_archive(base, archive, error);
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

/* A file that has another name as well: give both one number. */
static void note_link(struct base *base, RootfsEntry *entry, const char *first_name)
{
    g_autofree char *path = guest_path(first_name);
    RootfsEntry *first = g_tree_lookup(base->entries, path);

    if (first != NULL && first->type == S_IFREG) {
        first->link = first->link != 0 ? first->link : ++base->links;
        entry->link = first->link;
    }
}

static gboolean fill_file(struct base *base, Archive *archive, Header *header, RootfsEntry *entry,
                          GError **error)
{
    const char *first_name = archive_entry_hardlink(header);

    entry->size = archive_entry_size(header);
    if (first_name != NULL) {
        note_link(base, entry, first_name);
    }
    entry->data = base->data ? read_data(base, archive, error) : g_bytes_new_static("", 0);
    return entry->data != NULL;
}

static gboolean fill_link(const struct base *base, Header *header, RootfsEntry *entry,
                          GError **error)
{
    const char *target = archive_entry_symlink(header);

    if (target == NULL || strlen(target) > ROOTFS_PATH_MAX) {
        return fail_member(base, entry->path, "is a link without a target, or one of more than 4095 "
                           "bytes; make it again", error);
    }
    entry->target = g_strdup(target);
    return TRUE;
}

static gboolean fill(struct base *base, Archive *archive, Header *header, RootfsEntry *entry,
                     GError **error)
{
    switch (entry->type) {
    case S_IFREG:
        return fill_file(base, archive, header, entry, error);
    case S_IFLNK:
        return fill_link(base, header, entry, error);
    case S_IFBLK:
    case S_IFCHR:
        entry->major = (guint)archive_entry_rdevmajor(header);
        entry->minor = (guint)archive_entry_rdevminor(header);
        return TRUE;
    case S_IFDIR:
    case S_IFIFO:
    case S_IFSOCK:
        return TRUE;
    default:
        return fail_member(base, entry->path, "is of an unknown type; leave it out", error);
    }
}

static gboolean read_member(struct base *base, Archive *archive, Header *header, GError **error)
{
    const char *name = archive_entry_pathname(header);
    g_autofree char *path = guest_path(name != NULL ? name : "");
    RootfsOwner owner = {archive_entry_perm(header), (guint)archive_entry_uid(header),
                         (guint)archive_entry_gid(header)};
    const char *problem = name == NULL ? "has no name" : rootfs_path_problem(path);

    if ((guint64)archive_entry_size(header) > ROOTFS_FILE_MAX) { /* also below 0 */
        return fail_member(base, path, "says that it has 4 GiB - 1 or more, and an image takes files "
                           "below that; split it, or make the archive again", error);
    }
    if (path[0] == '\0' && name != NULL) {
        return TRUE; /* the root itself: the kernel makes it */
    }
    if (problem != NULL) {
        return fail_member(base, path, problem, error);
    }
    g_autoptr(RootfsEntry) entry = rootfs_entry_new(path, archive_entry_filetype(header), &owner);

    entry->base = TRUE;
    if (!fill(base, archive, header, entry, error)) {
        return FALSE;
    }
    char *key = entry->path;

    g_tree_replace(base->entries, key, g_steal_pointer(&entry));
    return TRUE;
}

/* ---- Archives ---- */

/* One archive, from where the descriptor is. */
static gboolean read_archive(struct base *base, Archive *archive, int fd, GError **error)
{
    Header *header;
    int status;

    archive_read_support_format_cpio(archive);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_xz(archive);
    if (archive_read_open_fd(archive, fd, BLOCK_SIZE) != ARCHIVE_OK) {
        return fail_archive(base, archive, error);
    }
    while ((status = archive_read_next_header(archive, &header)) == ARCHIVE_OK) {
        if (!read_member(base, archive, header, error)) {
            return FALSE;
        }
    }
    /* A warning is about bytes that were passed over: the archive is not what it should be. */
    return status == ARCHIVE_EOF || fail_archive(base, archive, error);
}

/*
 * Move the descriptor behind the plain archive that was read from `start` and the zeros that follow
 * it. FALSE: nothing follows. libarchive does not tell where a compressed one ends.
 */
static gboolean find_next(Archive *archive, int fd, off_t *start)
{
    char block[512];
    ssize_t len;
    off_t at = *start + archive_filter_bytes(archive, 0);

    if (archive_filter_count(archive) > 1) {
        return FALSE;
    }
    while ((len = pread(fd, block, sizeof(block), at)) > 0) {
        for (ssize_t i = 0; i < len; i++, at++) {
            if (block[i] != '\0') {
                *start = at;
                return lseek(fd, at, SEEK_SET) == at;
            }
        }
    }
    return FALSE;
}

/* ---- Hard links: one of the names has the data, in newc the last ---- */

static gboolean find_data(gpointer key, gpointer value, gpointer data)
{
    RootfsEntry *entry = value;

    (void)key;
    if (entry->link != 0 && entry->size > 0) {
        g_hash_table_insert(data, GUINT_TO_POINTER(entry->link), entry);
    }
    return FALSE;
}

static gboolean share_data(gpointer key, gpointer value, gpointer data)
{
    RootfsEntry *entry = value;
    const RootfsEntry *full = g_hash_table_lookup(data, GUINT_TO_POINTER(entry->link));

    (void)key;
    if (full != NULL && full != entry) {
        g_bytes_unref(entry->data);
        entry->data = g_bytes_ref(full->data);
        entry->size = full->size;
    }
    return FALSE;
}

gboolean rootfs_base_read(GTree *entries, int fd, const char *path, gboolean data, GError **error)
{
    struct base base = {entries, path, data, 0};
    g_autoptr(GHashTable) full = g_hash_table_new(NULL, NULL);
    gboolean more = TRUE;

    for (off_t start = 0; more;) {
        g_autoptr(Archive) archive = archive_read_new();

        if (!read_archive(&base, archive, fd, error)) {
            return FALSE;
        }
        more = find_next(archive, fd, &start);
    }
    g_tree_foreach(entries, find_data, full);
    g_tree_foreach(entries, share_data, full);
    return TRUE;
}
