/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_archive.h"

#include "rootfs_output.h"
#include "rootfs_parents.h"
#include "rootfs_signals.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_SIZE = 65536, HEADER = 112 /* with the end of the name and what fills up */ };

typedef struct archive Archive;
typedef struct archive_entry ArchiveEntry;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_write_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArchiveEntry, archive_entry_free)

/* Hard links: newc writes the data with the last of the names. */
struct inode {
    guint names;
    guint written;
    gint64 number;
};

struct writer {
    Archive *archive;
    const char *output; /* for messages */
    int fd;
    gint64 needed; /* bytes that the archive has, unless it is compressed */
    RootfsWrite what;
    RootfsCompression compression;
    gint64 time;        /* of all entries, seconds since 1970 */
    gint64 last_inode;
    GHashTable *inodes; /* link number -> struct inode */
    GError *error;
};

static gboolean fail_archive(struct writer *writer)
{
    const char *problem = archive_error_string(writer->archive);
    const RootfsUnwritten file = {writer->output, writer->fd, writer->needed,
                                  writer->compression != ROOTFS_COMPRESSION_NONE};

    if (rootfs_output_is_full(archive_errno(writer->archive))) {
        return rootfs_output_fail_full(archive_errno(writer->archive), &file, &writer->error);
    }
    g_set_error(&writer->error, ROOTFS_ERROR, ROOTFS_ERROR_OUTPUT,
                "cannot write %s: %s; make room, or name another file", writer->output,
                problem != NULL ? problem : "unknown libarchive error");
    return FALSE;
}

static gboolean fail_interrupted(struct writer *writer)
{
    g_set_error(&writer->error, ROOTFS_ERROR, ROOTFS_ERROR_OUTPUT,
                "cannot write %s: interrupted; build it again", writer->output);
    return FALSE;
}

static gboolean fail_source(struct writer *writer, const RootfsEntry *entry, const char *problem)
{
    g_set_error(&writer->error, ROOTFS_ERROR, ROOTFS_ERROR_SOURCE, "%s: %s", entry->source, problem);
    return FALSE;
}

/* It changed meanwhile, or is one that the kernel makes as it is read. */
static gboolean fail_size(struct writer *writer, const RootfsEntry *entry, int fd)
{
    return rootfs_source_check_same(fd, entry->source, &entry->stamp, &writer->error) &&
           fail_source(writer, entry, "has more or fewer bytes than its size says; add a copy of it");
}

static gboolean copy_bytes(struct writer *writer, const RootfsEntry *entry, int fd)
{
    g_autofree guint8 *bytes = g_malloc(COPY_SIZE);
    gint64 copied = 0;
    ssize_t n;

    while ((n = read(fd, bytes, COPY_SIZE)) > 0) {
        if (rootfs_signals_pending()) {
            return fail_interrupted(writer);
        }
        copied += n;
        if (copied > entry->size) {
            break;
        }
        if (archive_write_data(writer->archive, bytes, (size_t)n) != n) {
            return fail_archive(writer);
        }
    }
    if (n < 0) {
        g_autofree char *problem = g_strdup_printf("cannot be read: %s; check the disk that it is on",
                                                   g_strerror(errno));

        return fail_source(writer, entry, problem);
    }
    return copied == entry->size || fail_size(writer, entry, fd);
}

static gboolean write_held(struct writer *writer, const RootfsEntry *entry)
{
    gsize len;
    const void *bytes = g_bytes_get_data(entry->data, &len);

    return len == 0 || archive_write_data(writer->archive, bytes, len) == (la_ssize_t)len ||
           fail_archive(writer);
}

/* Both before, when something else can lie at its path by now, and behind. */
static gboolean copy_unchanged(struct writer *writer, const RootfsEntry *entry, int fd)
{
    return rootfs_source_check_same(fd, entry->source, &entry->stamp, &writer->error) &&
           copy_bytes(writer, entry, fd) &&
           rootfs_source_check_same(fd, entry->source, &entry->stamp, &writer->error);
}

static gboolean write_data(struct writer *writer, const RootfsEntry *entry)
{
    int fd;
    gboolean good;

    if (entry->data != NULL) {
        return write_held(writer, entry);
    }
    fd = rootfs_source_open(entry->source, &writer->error);
    if (fd < 0) {
        return FALSE;
    }
    good = copy_unchanged(writer, entry, fd);
    close(fd);
    return good;
}

static ArchiveEntry *make_header(struct writer *writer, const RootfsEntry *entry)
{
    ArchiveEntry *header = archive_entry_new();

    archive_entry_set_pathname(header, strcmp(entry->path, ROOTFS_ROOT) != 0 ? entry->path + 1 : ".");
    archive_entry_set_mode(header, entry->type | entry->owner.mode);
    archive_entry_set_uid(header, entry->owner.uid);
    archive_entry_set_gid(header, entry->owner.gid);
    archive_entry_set_mtime(header, writer->time, 0);
    archive_entry_set_nlink(header, entry->type == S_IFDIR ? 2 : 1);
    archive_entry_set_size(header, entry->size);
    if (entry->target != NULL) {
        archive_entry_set_symlink(header, entry->target);
    }
    if (entry->type == S_IFBLK || entry->type == S_IFCHR) {
        archive_entry_set_rdevmajor(header, entry->major);
        archive_entry_set_rdevminor(header, entry->minor);
    }
    return header;
}

/* TRUE when the data goes with this name. */
static gboolean number_inode(struct writer *writer, const RootfsEntry *entry, ArchiveEntry *header)
{
    struct inode *inode = g_hash_table_lookup(writer->inodes, GUINT_TO_POINTER(entry->link));
    gint64 number = inode != NULL && inode->written > 0 ? inode->number : ++writer->last_inode;

    archive_entry_set_ino64(header, number);
    if (inode == NULL) {
        return TRUE;
    }
    inode->number = number;
    inode->written++;
    archive_entry_set_nlink(header, inode->names);
    if (inode->written < inode->names) {
        archive_entry_set_size(header, 0);
    }
    return inode->written == inode->names;
}

/*
 * Over a file the kernel writes anew what is in it, for all of its names, and a device it leaves as it is;
 * a member of another type makes it remove the name first. A link or directory is well replaced.
 */
static gboolean write_remover(struct writer *writer, const RootfsEntry *entry)
{
    const RootfsEntry remover = {.path = entry->path, .type = S_IFIFO};
    g_autoptr(ArchiveEntry) header = make_header(writer, &remover);

    archive_entry_set_ino64(header, ++writer->last_inode);
    return archive_write_header(writer->archive, header) == ARCHIVE_OK || fail_archive(writer);
}

static gboolean needs_remover(const struct writer *writer, const RootfsEntry *entry)
{
    return writer->what == ROOTFS_WRITE_ADDED && entry->replaces && entry->type != S_IFDIR &&
           entry->type != S_IFLNK; /* nobody adds a pipe */
}

/* GTraverseFunc: TRUE stops, and writer->error says why. */
static gboolean write_entry(gpointer key, gpointer value, gpointer data)
{
    struct writer *writer = data;
    const RootfsEntry *entry = value;
    g_autoptr(ArchiveEntry) header = NULL;
    gboolean whole;

    (void)key;
    if (rootfs_signals_pending()) {
        return !fail_interrupted(writer);
    }
    if (writer->what == ROOTFS_WRITE_ADDED && entry->base) {
        return FALSE;
    }
    if (needs_remover(writer, entry) && !write_remover(writer, entry)) {
        return TRUE;
    }
    header = make_header(writer, entry);
    whole = number_inode(writer, entry, header);
    if (archive_write_header(writer->archive, header) != ARCHIVE_OK) {
        return !fail_archive(writer);
    }
    return entry->type == S_IFREG && whole && !write_data(writer, entry);
}

/* Count the names of a hard-linked file; returns the bytes that this name brings. */
static gint64 count_name(GHashTable *inodes, const RootfsEntry *entry)
{
    struct inode *inode = g_hash_table_lookup(inodes, GUINT_TO_POINTER(entry->link));

    if (entry->link == 0) {
        return entry->size;
    }
    if (inode == NULL) {
        inode = g_new0(struct inode, 1);
        g_hash_table_insert(inodes, GUINT_TO_POINTER(entry->link), inode);
    }
    inode->names++;
    return inode->names == 1 ? entry->size : 0;
}

/* GTraverseFunc. */
static gboolean count(gpointer key, gpointer value, gpointer data)
{
    const RootfsEntry *entry = value;
    struct writer *writer = data;
    gint64 bytes = count_name(writer->inodes, entry);

    (void)key;
    if (writer->what == ROOTFS_WRITE_ALL || !entry->base) {
        writer->needed += HEADER + (gint64)strlen(entry->path) + bytes;
    }
    return FALSE;
}

static gboolean read_time(gint64 *seconds, GError **error)
{
    const char *text = g_getenv("SOURCE_DATE_EPOCH");
    guint64 value = 0;

    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &value, NULL)) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                    "SOURCE_DATE_EPOCH is '%s'; set it to seconds since 1970 below 2^32, or "
                    "unset it", text);
        return FALSE;
    }
    *seconds = (gint64)value;
    return TRUE;
}

static gboolean set_compression(struct writer *writer)
{
    switch (writer->compression) {
    case ROOTFS_COMPRESSION_GZIP: /* without the time, which would tell one run from another */
        return archive_write_add_filter_gzip(writer->archive) == ARCHIVE_OK &&
               archive_write_set_filter_option(writer->archive, "gzip", "timestamp", NULL) ==
                   ARCHIVE_OK;
    case ROOTFS_COMPRESSION_ZSTD:
        return archive_write_add_filter_zstd(writer->archive) == ARCHIVE_OK;
    default:
        return TRUE;
    }
}

static gboolean write_all(struct writer *writer, GTree *entries, int fd)
{
    if (archive_write_set_format_cpio_newc(writer->archive) != ARCHIVE_OK ||
        !set_compression(writer) ||
        archive_write_set_bytes_in_last_block(writer->archive, 1) != ARCHIVE_OK ||
        archive_write_open_fd(writer->archive, fd) != ARCHIVE_OK) {
        return fail_archive(writer);
    }
    g_tree_foreach(entries, count, writer);
    g_tree_foreach(entries, write_entry, writer);
    if (writer->error != NULL) {
        return FALSE;
    }
    return archive_write_close(writer->archive) == ARCHIVE_OK || fail_archive(writer);
}

static gboolean write_to(struct writer *writer, GTree *entries, const RootfsOutput *output,
                         GError **error)
{
    g_autoptr(Archive) archive = archive_write_new();
    g_autoptr(GHashTable) inodes = g_hash_table_new_full(NULL, NULL, NULL, g_free);

    writer->archive = archive;
    writer->inodes = inodes;
    writer->fd = output->fd;
    if (!write_all(writer, entries, output->fd)) {
        g_propagate_error(error, writer->error);
        return FALSE;
    }
    return TRUE;
}

static gboolean write_and_put(struct writer *writer, GTree *entries, GError **error)
{
    g_autoptr(RootfsOutput) output = rootfs_output_open(writer->output, error);

    return output != NULL && write_to(writer, entries, output, error) &&
           rootfs_output_commit(output, error);
}

gboolean rootfs_archive_write(GTree *entries, RootfsWrite what, RootfsCompression compression,
                              const char *output, GError **error)
{
    g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func((GDestroyNotify)rootfs_entry_free);
    /* Over one that is there already, who has not asked for it changes no root directory. */
    g_autoptr(GTree) whole =
        rootfs_parents_complete(entries, what == ROOTFS_WRITE_ALL, made, error);
    struct writer writer = {.output = output, .what = what, .compression = compression};

    return whole != NULL && read_time(&writer.time, error) &&
           write_and_put(&writer, whole, error);
}
