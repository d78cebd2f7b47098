/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_base.h"

#include "rootfs_growing.h"
#include "rootfs_path.h"
#include "rootfs_program.h"
#include "rootfs_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct archive Archive;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_read_free)

typedef struct archive_entry Header;

struct base {
    GTree *entries;
    const char *path;
    gboolean data;
    RootfsStream *stream;
    gint64 given; /* bytes that libarchive has of this archive and what follows it */
    guint links;  /* numbers of hard links given out */
    guint64 room; /* bytes of memory that its members may take yet */
    GError **unfit;
};

static gboolean fail_member(const struct base *base, const char *path, const char *problem,
                            GError **error)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_BASE, "base archive %s: member '%s' %s", base->path,
                path, problem);
    return FALSE;
}

/* `problem` may be NULL; what is wrong with the bytes below is said before it. */
static gboolean fail_archive(const struct base *base, const char *problem, GError **error)
{
    const char *cause = rootfs_stream_problem(base->stream);

    problem = cause != NULL ? cause : problem;
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_BASE,
                "base archive %s: is truncated, damaged or no cpio archive (%s); make it again, as "
                "newc cpio, plain or compressed by gzip, zstd or xz", base->path,
                problem != NULL ? problem : "there is no archive in it");
    return FALSE;
}

/* ---- Members ---- */

/* "usr/bin", "./usr/bin" and "/usr/bin/" as "/usr/bin"; "." as "/". The caller frees it. */
static char *guest_path(const char *name)
{
    g_autoptr(GString) path = g_string_new(NULL);
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);

    for (char **part = parts; *part != NULL; part++) {
        if ((*part)[0] != '\0' && !g_str_equal(*part, ".")) {
            g_string_append_printf(path, "/%s", *part);
        }
    }
    return path->len > 0 ? g_string_free(g_steal_pointer(&path), FALSE) : g_strdup(ROOTFS_ROOT);
}

static gboolean fail_memory(const struct base *base, const char *path, GError **error)
{
    return fail_member(base, path, "makes it larger than the memory there is; leave out what the guest "
                       "does not need", error);
}

/* What a member takes beside a file's bytes. */
static gboolean take_room(struct base *base, const RootfsEntry *entry, GError **error)
{
    enum {
        PATHS = 3, /* the entry's own, that of the image's table, and libarchive's of a hard link */
        NODES = 512 /* of trees and tables, up to those by which an image is written */
    };
    guint64 bytes = sizeof(*entry) + NODES + PATHS * strlen(entry->path) +
                    (entry->target != NULL ? strlen(entry->target) : 0) +
                    (entry->interpreter != NULL ? strlen(entry->interpreter) : 0);

    if (bytes > base->room) {
        return fail_memory(base, entry->path, error);
    }
    base->room -= bytes;
    return TRUE;
}

static gboolean hold_all(struct base *base, Archive *archive, const char *path,
                         RootfsGrowing *bytes, GError **error)
{
    const void *block;
    la_int64_t offset;
    size_t len;
    int status;

    while ((status = archive_read_data_block(archive, &block, &len, &offset)) == ARCHIVE_OK) {
        if (!rootfs_growing_append(bytes, block, len, &base->room)) {
            return fail_memory(base, path, error);
        }
    }
    return status == ARCHIVE_EOF || fail_archive(base, archive_error_string(archive), error);
}

static GBytes *read_data(struct base *base, Archive *archive, const RootfsEntry *entry,
                         GError **error)
{
    g_auto(RootfsGrowing) bytes = {.claimed = (gsize)entry->size};

    return hold_all(base, archive, entry->path, &bytes, error) ? rootfs_growing_finish(&bytes)
                                                                : NULL;
}

/* A file that has another name as well: give both one number. */
static void note_link(struct base *base, RootfsEntry *entry, const char *first_name)
{
    g_autofree char *path = guest_path(first_name);
    g_autofree char *real = rootfs_path_resolve(base->entries, path, FALSE);
    RootfsEntry *first = real != NULL ? g_tree_lookup(base->entries, real) : NULL;

    if (first != NULL && first->type == S_IFREG) {
        first->link = first->link != 0 ? first->link : ++base->links;
        entry->link = first->link;
    }
}

static gboolean is_in_modules(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);

    return g_str_equal(directory, "/lib/modules") || g_str_equal(directory, "/usr/lib/modules");
}

/* Its bytes are needed whatever becomes of the others: what is added depends on them. */
static gboolean is_configuration(const char *path)
{
    return g_str_has_prefix(path, "/etc/ld.so.conf") || g_str_equal(path, "/etc/vmbench/modules") ||
           (g_str_has_suffix(path, ".ko") && is_in_modules(path));
}

/* What it runs on, and what runs it. */
static gboolean note_program(const struct base *base, Archive *archive, RootfsEntry *entry,
                             GError **error)
{
    guint8 first[ROOTFS_PROGRAM_BYTES];
    la_ssize_t len = archive_read_data(archive, first, sizeof(first));

    if (len < 0) {
        return fail_archive(base, archive_error_string(archive), error);
    }
    rootfs_program_note(entry, first, (gsize)len);
    return TRUE;
}

static gboolean read_bytes(struct base *base, Archive *archive, RootfsEntry *entry,
                           GError **error)
{
    gboolean can_run = (entry->owner.mode & 0111) != 0;

    if (!base->data && !is_configuration(entry->path)) {
        entry->data = g_bytes_new_static("", 0);
        return !can_run || note_program(base, archive, entry, error);
    }
    entry->data = read_data(base, archive, entry, error);
    if (entry->data != NULL && can_run) {
        rootfs_program_note(entry, g_bytes_get_data(entry->data, NULL),
                            g_bytes_get_size(entry->data));
    }
    return entry->data != NULL;
}

static gboolean fill_file(struct base *base, Archive *archive, Header *header, RootfsEntry *entry,
                          GError **error)
{
    const char *first_name = archive_entry_hardlink(header);

    entry->size = archive_entry_size(header);
    if (first_name != NULL) {
        note_link(base, entry, first_name);
    }
    return read_bytes(base, archive, entry, error);
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

/* Links of members before it are followed on the way, as the kernel does. */
static char *place(const struct base *base, const char *path, GError **error)
{
    g_autofree char *real = rootfs_path_resolve(base->entries, path, FALSE);
    const char *problem = real != NULL ? rootfs_path_problem(real) : "is below a ring of links";

    if (problem != NULL) {
        fail_member(base, path, problem, error);
        return NULL;
    }
    return g_steal_pointer(&real);
}

/* The kernel has it already, and gives it this mode and owner. */
static gboolean read_root(struct base *base, Header *header, const RootfsOwner *owner)
{
    if (archive_entry_filetype(header) == S_IFDIR) {
        RootfsEntry *entry = rootfs_entry_new(ROOTFS_ROOT, S_IFDIR, owner);

        entry->base = TRUE;
        g_tree_replace(base->entries, entry->path, entry);
    }
    return TRUE;
}

/* A line has room for its beginning. */
static gboolean fail_name(const struct base *base, const char *name, GError **error)
{
    enum { SHOWN = 60 };
    g_autofree char *start = g_strdup_printf("%.*s...", SHOWN, name);

    return fail_member(base, start, "has a name of more than 4095 bytes; shorten it", error);
}

static gboolean read_member(struct base *base, Archive *archive, Header *header, GError **error)
{
    const char *name = archive_entry_pathname(header);

    if (name != NULL && strlen(name) > ROOTFS_PATH_MAX) { /* no kernel unpacks it, */
        return fail_name(base, name, error);                /* and it can be as long as the memory */
    }
    g_autofree char *path = guest_path(name != NULL ? name : "");
    RootfsOwner owner = {archive_entry_perm(header), (guint)archive_entry_uid(header),
                         (guint)archive_entry_gid(header)};
    const char *problem = name == NULL ? "has no name" : rootfs_path_problem(path);

    if ((guint64)archive_entry_size(header) > ROOTFS_FILE_MAX) { /* also below 0 */
        return fail_member(base, path, "says that it has 4 GiB - 1 or more, and an image takes files "
                           "below that; split it, or make the archive again", error);
    }
    if (name != NULL && g_str_equal(path, ROOTFS_ROOT)) {
        return read_root(base, header, &owner);
    }
    if (problem != NULL) {
        return fail_member(base, path, problem, error);
    }
    g_autofree char *real = place(base, path, error);

    if (real == NULL) {
        return FALSE;
    }
    g_autoptr(RootfsEntry) entry = rootfs_entry_new(real, archive_entry_filetype(header), &owner);

    entry->base = TRUE;
    if (!fill(base, archive, header, entry, error) || !take_room(base, entry, error)) {
        return FALSE;
    }
    char *key = entry->path;

    g_tree_replace(base->entries, key, g_steal_pointer(&entry));
    return TRUE;
}

/* ---- Archives ---- */

static la_ssize_t give(Archive *archive, void *data, const void **bytes)
{
    struct base *base = data;
    gssize n = rootfs_stream_read(base->stream, bytes);

    if (n < 0) {
        archive_set_error(archive, EIO, "%s", rootfs_stream_problem(base->stream));
        return ARCHIVE_FATAL;
    }
    base->given += n;
    return n;
}

static la_int64_t skip(Archive *archive, void *data, la_int64_t len)
{
    struct base *base = data;
    gint64 skipped = rootfs_stream_skip(base->stream, len);

    (void)archive;
    base->given += skipped;
    return skipped;
}

static void set_unfit(const struct base *base, const char *problem)
{
    g_set_error(base->unfit, ROOTFS_ERROR, ROOTFS_ERROR_BASE, "base archive %s: %s", base->path,
                problem);
}

/* What a kernel needs of an archive that was read. */
static void judge_fitness(const struct base *base, Archive *archive)
{
    int format = archive_format(archive);

    if (base->unfit == NULL || *base->unfit != NULL) {
        return;
    }
    if (format != ARCHIVE_FORMAT_CPIO_SVR4_NOCRC && format != ARCHIVE_FORMAT_CPIO_SVR4_CRC) {
        set_unfit(base, "is cpio of a kind that no kernel unpacks; make it again with "
                  "`cpio -o -H newc`");
    } else if (rootfs_stream_has_foreign_check(base->stream)) {
        set_unfit(base, "has a check that no kernel knows; compress it again with "
                  "`xz --check=crc32`");
    }
}

/* One archive, which begins where the stream is; then the stream is behind it. */
static gboolean read_archive(struct base *base, GError **error)
{
    g_autoptr(Archive) archive = archive_read_new();
    Header *header;
    int status;

    base->given = 0;
    archive_read_support_format_cpio(archive);
    if (archive_read_open2(archive, base, NULL, give, skip, NULL) != ARCHIVE_OK) {
        return fail_archive(base, archive_error_string(archive), error);
    }
    while ((status = archive_read_next_header(archive, &header)) == ARCHIVE_OK) {
        if (!read_member(base, archive, header, error)) {
            return FALSE;
        }
    }
    if (status != ARCHIVE_EOF) { /* a warning is about bytes that were passed over */
        return fail_archive(base, archive_error_string(archive), error);
    }
    judge_fitness(base, archive);
    rootfs_stream_give_back(base->stream, (gsize)(base->given - archive_filter_bytes(archive, 0)));
    return TRUE;
}

static gboolean read_archives(struct base *base, GError **error)
{
    guint archives = 0;

    for (; rootfs_stream_begin(base->stream); archives++) {
        if (!read_archive(base, error)) {
            return FALSE;
        }
    }
    return (archives > 0 && rootfs_stream_problem(base->stream) == NULL) ||
           fail_archive(base, NULL, error);
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
        entry->machine = full->machine;
        g_free(entry->interpreter);
        entry->interpreter = g_strdup(full->interpreter);
    }
    return FALSE;
}

gboolean rootfs_base_read(GTree *entries, int fd, const char *path, gboolean data, GError **unfit,
                          GError **error)
{
    g_autoptr(RootfsStream) stream = rootfs_stream_new(fd);
    g_autoptr(GHashTable) full = g_hash_table_new(NULL, NULL);
    struct base base = {.entries = entries, .path = path, .data = data, .stream = stream,
                        .unfit = unfit, .room = rootfs_growing_room()};

    if (!read_archives(&base, error)) {
        return FALSE;
    }
    g_tree_foreach(entries, find_data, full);
    g_tree_foreach(entries, share_data, full);
    return TRUE;
}

static gboolean fail_open(const char *path, const char *problem, GError **error)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_BASE, "base archive %s: %s", path, problem);
    return FALSE;
}

static gboolean check_file(int fd, const char *path, GError **error)
{
    struct stat info;

    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        return fail_open(path, "is a directory; pack it (find . | cpio -o -H newc), or take "
                         "--overlay", error);
    }
    return S_ISREG(info.st_mode) ||
           fail_open(path, "is no regular file; write it to one first", error);
}

gboolean rootfs_base_load(GTree *entries, const char *path, gboolean data, GError **unfit,
                          GError **error)
{
    /* Non-blocking: a FIFO must be refused, not waited for. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    gboolean good;

    if (fd < 0) {
        g_autofree char *problem = g_strdup_printf(
            "cannot be read: %s; check the path and its permissions", g_strerror(errno));

        return fail_open(path, problem, error);
    }
    good = check_file(fd, path, error) && rootfs_base_read(entries, fd, path, data, unfit, error);
    close(fd);
    return good;
}
