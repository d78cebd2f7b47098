/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_image.h"

#include "rootfs_entry.h"
#include "rootfs_source.h"

#include <string.h>
#include <sys/stat.h>

enum { MAX_MODE = 07777, MAX_MAJOR = 4095, MAX_MINOR = 1048575, MAX_PATH = 4095 };

struct RootfsImage {
    RootfsMachine machine;
    GTree *entries; /* path (owned by the entry) -> RootfsEntry; only what was asked for */
};

G_DEFINE_QUARK(rootfs-error-quark, rootfs_error)

gboolean rootfs_machine_parse(const char *name, RootfsMachine *machine, GError **error)
{
    if (strcmp(name, "raspi4b") == 0) {
        *machine = ROOTFS_MACHINE_RASPI4B;
    } else if (strcmp(name, "x86") == 0) {
        *machine = ROOTFS_MACHINE_X86;
    } else {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                    "machine '%s' is unknown; take raspi4b or x86", name);
        return FALSE;
    }
    return TRUE;
}

void rootfs_entry_free(RootfsEntry *entry)
{
    g_free(entry->path);
    g_free(entry->source);
    g_free(entry->target);
    g_free(entry);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootfsEntry, rootfs_entry_free)

static gint compare_paths(gconstpointer a, gconstpointer b, gpointer unused)
{
    (void)unused;
    return strcmp(a, b);
}

static GTree *new_entries(GDestroyNotify destroy)
{
    return g_tree_new_full(compare_paths, NULL, NULL, destroy);
}

RootfsImage *rootfs_image_new(RootfsMachine machine)
{
    RootfsImage *image = g_new0(RootfsImage, 1);

    image->machine = machine;
    image->entries = new_entries((GDestroyNotify)rootfs_entry_free);
    return image;
}

void rootfs_image_free(RootfsImage *image)
{
    g_tree_destroy(image->entries);
    g_free(image);
}

/* What is wrong with a guest path, or NULL. */
static const char *path_problem(const char *path)
{
    if (path[0] != '/') {
        return "is not absolute; begin it with '/'";
    }
    if (strlen(path) > MAX_PATH) {
        return "is longer than 4095 bytes";
    }
    for (const char *part = path; part != NULL; part = strchr(part + 1, '/')) {
        size_t len = strcspn(part + 1, "/");

        if (len == 0) {
            return "is '/', ends in '/' or has '//'; name each part once";
        }
        if (strncmp(part + 1, "..", len) == 0 && len <= 2) {
            return "has a '.' or '..' part; write the path without it";
        }
    }
    return NULL;
}

static void set_taken(const RootfsEntry *entry, GError **error)
{
    if (entry->type == S_IFLNK) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_DUPLICATE,
                    "guest path %s is added twice, once as a link to %s; rename or remove one of "
                    "the two", entry->path, entry->target);
    } else {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_DUPLICATE,
                    "guest path %s is added twice; rename or remove one of the two", entry->path);
    }
}

static gboolean check_owner(const char *guest, const RootfsOwner *owner, GError **error)
{
    if (owner->mode > MAX_MODE) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                    "guest path %s: mode %o is above 7777", guest, owner->mode);
        return FALSE;
    }
    return TRUE;
}

/* A new entry that is not in the image yet, or NULL. */
static RootfsEntry *new_entry(RootfsImage *image, const char *guest, mode_t type,
                              const RootfsOwner *owner, GError **error)
{
    const char *problem = path_problem(guest);
    RootfsEntry *entry = g_tree_lookup(image->entries, guest);

    if (problem != NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_PATH, "guest path '%s' %s", guest, problem);
        return NULL;
    }
    if (entry != NULL) {
        set_taken(entry, error);
        return NULL;
    }
    if (!check_owner(guest, owner, error)) {
        return NULL;
    }
    entry = g_new0(RootfsEntry, 1);
    entry->path = g_strdup(guest);
    entry->type = type;
    entry->owner = *owner;
    return entry;
}

static gboolean keep(RootfsImage *image, RootfsEntry *entry)
{
    g_tree_insert(image->entries, entry->path, entry);
    return TRUE;
}

gboolean rootfs_image_add_file(RootfsImage *image, const char *guest, const char *host,
                               const RootfsOwner *owner, GError **error)
{
    g_autoptr(RootfsEntry) entry = new_entry(image, guest, S_IFREG, owner, error);

    if (entry == NULL || !rootfs_source_check(host, image->machine, &entry->size, error)) {
        return FALSE;
    }
    entry->source = g_strdup(host);
    return keep(image, g_steal_pointer(&entry));
}

gboolean rootfs_image_add_directory(RootfsImage *image, const char *guest,
                                    const RootfsOwner *owner, GError **error)
{
    RootfsEntry *entry = new_entry(image, guest, S_IFDIR, owner, error);

    return entry != NULL && keep(image, entry);
}

gboolean rootfs_image_add_symlink(RootfsImage *image, const char *guest, const char *target,
                                  const RootfsOwner *owner, GError **error)
{
    g_autoptr(RootfsEntry) entry = new_entry(image, guest, S_IFLNK, owner, error);

    if (entry == NULL) {
        return FALSE;
    }
    if (target[0] == '\0' || strlen(target) > MAX_PATH) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                    "guest path %s: a link target has 1 to 4095 bytes", guest);
        return FALSE;
    }
    entry->target = g_strdup(target);
    return keep(image, g_steal_pointer(&entry));
}

gboolean rootfs_image_add_device(RootfsImage *image, const char *guest, char type, guint major,
                                 guint minor, const RootfsOwner *owner, GError **error)
{
    mode_t mode = type == 'b' ? S_IFBLK : S_IFCHR;
    g_autoptr(RootfsEntry) entry = new_entry(image, guest, mode, owner, error);

    if (entry == NULL) {
        return FALSE;
    }
    if ((type != 'b' && type != 'c') || major > MAX_MAJOR || minor > MAX_MINOR) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                    "guest path %s: no such device '%c' %u:%u; take b or c, major 0-%d, "
                    "minor 0-%d", guest, type, major, minor, MAX_MAJOR, MAX_MINOR);
        return FALSE;
    }
    entry->major = major;
    entry->minor = minor;
    return keep(image, g_steal_pointer(&entry));
}

/* ---- Parents ---- */

struct completion {
    GTree *entries; /* all that goes into the archive; borrows from the image and from `made` */
    GPtrArray *made;
    GError *error;
};

static gboolean add_parent(struct completion *completion, const char *path, const char *child)
{
    RootfsEntry *parent = g_tree_lookup(completion->entries, path);

    if (parent == NULL) {
        parent = g_new0(RootfsEntry, 1);
        parent->path = g_strdup(path);
        parent->type = S_IFDIR;
        parent->owner.mode = 0755;
        g_ptr_array_add(completion->made, parent);
        g_tree_insert(completion->entries, parent->path, parent);
    } else if (parent->type != S_IFDIR) {
        g_set_error(&completion->error, ROOTFS_ERROR, ROOTFS_ERROR_DUPLICATE,
                    "guest path %s lies below %s, which is no directory; move one of the two",
                    child, path);
        return FALSE;
    }
    return TRUE;
}

/* GTraverseFunc over the image: TRUE stops. */
static gboolean add_parents(gpointer key, gpointer value, gpointer data)
{
    struct completion *completion = data;
    const char *path = key;

    (void)value;
    for (const char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        g_autofree char *parent = g_strndup(path, (gsize)(at - path));

        if (!add_parent(completion, parent, path)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean copy_entry(gpointer key, gpointer value, gpointer data)
{
    g_tree_insert(data, key, value);
    return FALSE;
}

/* ---- Names of programs ---- */

/* Where the guest's PATH has programs looked for; init/init.c sets it. */
static const char *const program_directories[] = {"/bin", "/sbin", "/usr/bin", "/usr/sbin", NULL};

struct naming {
    GHashTable *paths; /* name of a program -> its path; both borrowed from the image */
    GError *error;
};

/* GTraverseFunc over the image: TRUE stops. */
static gboolean check_name(gpointer key, gpointer value, gpointer data)
{
    g_autofree char *directory = g_path_get_dirname(key);
    const char *name = strrchr(key, '/') + 1;
    struct naming *naming = data;
    const char *other;

    (void)value;
    if (!g_strv_contains(program_directories, directory)) {
        return FALSE;
    }
    other = g_hash_table_lookup(naming->paths, name);
    if (other != NULL) {
        g_set_error(&naming->error, ROOTFS_ERROR, ROOTFS_ERROR_DUPLICATE,
                    "guest path %s: the guest has %s, and finds programs by their names alone; "
                    "choose another name", (const char *)key, other);
        return TRUE;
    }
    g_hash_table_insert(naming->paths, (char *)name, key);
    return FALSE;
}

/* A shell would run one of two programs of one name, and the user would wonder which. */
static gboolean check_names(RootfsImage *image, GError **error)
{
    g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);
    struct naming naming = {paths, NULL};

    g_tree_foreach(image->entries, check_name, &naming);
    if (naming.error != NULL) {
        g_propagate_error(error, naming.error);
        return FALSE;
    }
    return TRUE;
}

gboolean rootfs_image_write(RootfsImage *image, const char *output, GError **error)
{
    g_autoptr(GTree) entries = new_entries(NULL);
    g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func((GDestroyNotify)rootfs_entry_free);
    struct completion completion = {entries, made, NULL};

    if (!check_names(image, error)) {
        return FALSE;
    }
    g_tree_foreach(image->entries, copy_entry, entries);
    g_tree_foreach(image->entries, add_parents, &completion);
    if (completion.error != NULL) {
        g_propagate_error(error, completion.error);
        return FALSE;
    }
    return rootfs_archive_write(entries, output, error);
}
