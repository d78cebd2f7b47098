/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_image_inside.h"

#include "rootfs_archive.h"
#include "rootfs_base.h"
#include "rootfs_entry.h"
#include "rootfs_names.h"
#include "rootfs_path.h"
#include "rootfs_program.h"
#include "rootfs_source.h"
#include "rootfs_template.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, MAX_MODE = 07777, MAX_MAJOR = 4095, MAX_MINOR = 1048575 };

G_DEFINE_QUARK(rootfs-error-quark, rootfs_error)

RootfsImage *rootfs_image_new(RootfsMachine machine)
{
    RootfsImage *image = g_new0(RootfsImage, 1);

    image->machine = machine;
    image->entries = rootfs_entries_new((GDestroyNotify)rootfs_entry_free);
    image->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    image->base = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    image->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_insert(image->variables, g_strdup("MACHINE"), g_strdup(rootfs_machine_name(machine)));
    return image;
}

void rootfs_image_free(RootfsImage *image)
{
    g_tree_destroy(image->entries);
    g_free(image->vermagic);
    g_clear_error(&image->unfit);
    g_hash_table_unref(image->variables);
    g_hash_table_unref(image->base);
    g_hash_table_unref(image->used);
    g_free(image);
}

void rootfs_image_set_compression(RootfsImage *image, RootfsCompression compression)
{
    image->compression = compression;
}

void rootfs_image_set_replace(RootfsImage *image, gboolean replace)
{
    image->replace = replace;
}

static gboolean note_path(gpointer path, gpointer entry, gpointer paths)
{
    (void)entry;
    g_hash_table_add(paths, g_strdup(path));
    return FALSE;
}

gboolean rootfs_image_load_base(RootfsImage *image, const char *path, gboolean data,
                                GError **error)
{
    g_autoptr(GTree) entries = rootfs_entries_new((GDestroyNotify)rootfs_entry_free);
    g_autoptr(GError) unfit = NULL;

    g_return_val_if_fail(g_tree_nnodes(image->entries) == 0, FALSE);
    if (!rootfs_base_load(entries, path, data, &unfit, error) ||
        !rootfs_program_check(entries, image->machine, path, error)) {
        return FALSE;
    }
    g_tree_unref(image->entries);
    image->entries = g_steal_pointer(&entries);
    image->unfit = g_steal_pointer(&unfit);
    g_tree_foreach(image->entries, note_path, image->base);
    return TRUE;
}

gboolean rootfs_image_check_base(RootfsImage *image, GError **error)
{
    if (image->unfit != NULL) {
        g_propagate_error(error, g_error_copy(image->unfit));
    }
    return image->unfit == NULL;
}

static gboolean check_owner(const char *guest, const RootfsOwner *owner, GError **error)
{
    if (owner->mode > MAX_MODE) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                    "guest path %s: mode %o is above 7777; write one like 755 or 4755", guest, owner->mode);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_path(const char *path, GError **error)
{
    const char *problem = rootfs_path_problem(path);

    if (problem != NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_PATH, "guest path '%s' %s", path, problem);
    }
    return problem == NULL;
}

/* Where the entry goes: links that the image has on the way are followed, as the guest would. */
static char *place(RootfsImage *image, const char *guest, mode_t type, GError **error)
{
    g_autofree char *path = NULL;

    if (type == S_IFDIR && strcmp(guest, ROOTFS_ROOT) == 0) {
        return g_strdup(ROOTFS_ROOT);
    }
    if (!check_path(guest, error)) {
        return NULL;
    }
    path = rootfs_path_resolve(image->entries, guest, FALSE);
    if (path == NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_PATH,
                    "guest path %s leads through a ring of links; name it without them", guest);
        return NULL;
    }
    return check_path(path, error) ? g_steal_pointer(&path) : NULL;
}

static void set_taken(const RootfsEntry *there, GError **error)
{
    g_autofree char *link = there->target != NULL
                            ? g_strdup_printf(", as a link to %s", there->target) : g_strdup("");

    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_DUPLICATE, "guest path %s is %s%s; %s",
                there->path, there->base ? "in the base archive already" : "added twice", link,
                there->base ? "give --replace to take the added one, or choose another name"
                            : "rename or remove one of the two");
}

static gboolean check_free(RootfsImage *image, const char *path, mode_t type, GError **error)
{
    const RootfsEntry *there = g_tree_lookup(image->entries, path);

    if (there == NULL || (there->base && image->replace) ||
        ((there->base || there->implied) && there->type == S_IFDIR && type == S_IFDIR)) {
        return TRUE;
    }
    set_taken(there, error);
    return FALSE;
}

/* A new entry that is not in the image yet, or NULL. */
static RootfsEntry *new_entry(RootfsImage *image, const char *guest, mode_t type,
                              const RootfsOwner *owner, GError **error)
{
    g_autofree char *path = place(image, guest, type, error);

    if (path == NULL || !check_free(image, path, type, error) ||
        !check_owner(guest, owner, error)) {
        return NULL;
    }
    return rootfs_entry_new(path, type, owner);
}

static gboolean keep(RootfsImage *image, RootfsEntry *entry)
{
    const RootfsEntry *there = g_tree_lookup(image->entries, entry->path);

    entry->replaces = there != NULL && there->base;
    g_tree_replace(image->entries, entry->path, entry);
    return TRUE;
}

void rootfs_image_set_kernel(RootfsImage *image, const char *vermagic)
{
    g_free(image->vermagic);
    image->vermagic = g_strdup(vermagic);
    g_hash_table_replace(image->variables, g_strdup("KERNEL"),
                         g_strndup(vermagic, strcspn(vermagic, " ")));
}

static const RootfsEntry *find(RootfsImage *image, const char *guest, gboolean last)
{
    g_autofree char *path = rootfs_path_resolve(image->entries, guest, last);

    return path != NULL ? g_tree_lookup(image->entries, path) : NULL;
}

gboolean rootfs_image_has(RootfsImage *image, const char *guest)
{
    return find(image, guest, FALSE) != NULL;
}

gboolean rootfs_image_base_has(const RootfsImage *image, const char *path)
{
    return g_hash_table_contains(image->base, path);
}

GBytes *rootfs_image_take_from_base(RootfsImage *image, const char *guest)
{
    const RootfsEntry *entry = find(image, guest, FALSE);
    GBytes *bytes;

    if (entry == NULL || !entry->base || entry->type != S_IFREG) {
        return NULL;
    }
    bytes = g_bytes_ref(entry->data);
    g_tree_remove(image->entries, entry->path);
    return bytes;
}

gboolean rootfs_image_has_directory(RootfsImage *image, const char *guest)
{
    const RootfsEntry *entry = find(image, guest, TRUE);

    return entry != NULL && entry->type == S_IFDIR;
}

static gboolean is_program(const RootfsEntry *entry)
{
    return entry->type == S_IFREG && (entry->owner.mode & 0111) != 0;
}

gboolean rootfs_image_has_program(RootfsImage *image, const char *guest)
{
    const RootfsEntry *entry = find(image, guest, TRUE);

    return entry != NULL && is_program(entry);
}

struct sizes {
    gboolean base; /* what the base archive brings, too */
    guint64 sum;
    GHashTable *links; /* numbers of the hard links that are in it */
};

static gboolean add_size(gpointer key, gpointer value, gpointer data)
{
    const RootfsEntry *entry = value;
    struct sizes *sizes = data;

    (void)key;
    if (entry->base && !sizes->base) {
        return FALSE;
    }
    if (entry->link == 0 || g_hash_table_add(sizes->links, GUINT_TO_POINTER(entry->link))) {
        sizes->sum += ((guint64)entry->size + PAGE - 1) / PAGE * PAGE;
    }
    return FALSE;
}

static guint64 size_of(RootfsImage *image, gboolean base)
{
    g_autoptr(GHashTable) links = g_hash_table_new(NULL, NULL);
    struct sizes sizes = {base, 0, links};

    g_tree_foreach(image->entries, add_size, &sizes);
    return sizes.sum;
}

guint64 rootfs_image_size(RootfsImage *image)
{
    return size_of(image, TRUE);
}

guint64 rootfs_image_added_size(RootfsImage *image)
{
    return size_of(image, FALSE);
}

static gboolean check_kernel(RootfsImage *image, const char *host, const RootfsElf *elf,
                             GError **error)
{
    if (image->vermagic == NULL || elf == NULL || elf->vermagic == NULL ||
        strcmp(elf->vermagic, image->vermagic) == 0) {
        return TRUE;
    }
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_MODULE,
                "%s: is a module for the kernel '%s', the guest boots '%s'; build it again against that one, "
                "or, if the guest is to boot its kernel, name that one's modules with --kernel-modules", host,
                elf->vermagic, image->vermagic);
    return FALSE;
}

/* Whether the guest can use it; nothing of it is taken yet. */
static gboolean look_at(RootfsImage *image, RootfsEntry *entry, int fd, const char *host, GError **error)
{
    if (!rootfs_source_check(fd, host, &entry->stamp, error) ||
        !rootfs_program_read(entry, fd, host, image->machine, error) ||
        !check_kernel(image, host, entry->elf, error)) {
        return FALSE;
    }
    entry->size = entry->stamp.size;
    entry->source = g_strdup(host);
    return TRUE;
}

gboolean rootfs_image_add_file(RootfsImage *image, const char *guest, const char *host,
                               const RootfsOwner *owner, GError **error)
{
    g_autoptr(RootfsEntry) entry = new_entry(image, guest, S_IFREG, owner, error);
    int fd = entry != NULL ? rootfs_source_open(host, error) : -1;
    gboolean good = fd >= 0 && look_at(image, entry, fd, host, error);

    if (fd >= 0) {
        close(fd);
    }
    return good && keep(image, g_steal_pointer(&entry));
}

gboolean rootfs_image_add_open(RootfsImage *image, const char *guest, int fd, const char *host,
                               const RootfsOwner *owner, GError **error)
{
    g_autoptr(RootfsEntry) entry = new_entry(image, guest, S_IFREG, owner, error);

    if (entry == NULL || !look_at(image, entry, fd, host, error)) {
        return FALSE;
    }
    entry->data = rootfs_source_read_open(fd, host, error);
    return entry->data != NULL && rootfs_source_check_same(fd, host, &entry->stamp, error) &&
           keep(image, g_steal_pointer(&entry));
}

gboolean rootfs_image_add_bytes(RootfsImage *image, const char *guest, GBytes *bytes,
                                const RootfsOwner *owner, GError **error)
{
    RootfsEntry *entry = new_entry(image, guest, S_IFREG, owner, error);

    if (entry == NULL) {
        return FALSE;
    }
    entry->data = g_bytes_ref(bytes);
    entry->size = (gint64)g_bytes_get_size(bytes);
    return keep(image, entry);
}

static gboolean fail_name(GError **error, const char *name, const char *problem)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE, "the name '%s' %s", name, problem);
    return FALSE;
}

gboolean rootfs_image_set_variable(RootfsImage *image, const char *name, const char *value,
                                   GError **error)
{
    static const char *const own[] = {"KERNEL", "MACHINE", NULL};

    if (!g_regex_match_simple("^[A-Z][A-Z0-9_]*$", name, G_REGEX_DOLLAR_ENDONLY, 0)) {
        return fail_name(error, name, "is not made of capitals, digits and '_', a capital first");
    }
    if (g_strv_contains(own, name)) {
        return fail_name(error, name, "is taken: its value is that of what boots; choose another one");
    }
    if (g_hash_table_contains(image->variables, name)) {
        return fail_name(error, name, "has a value already; set it once");
    }
    g_hash_table_insert(image->variables, g_strdup(name), g_strdup(value));
    return TRUE;
}

gboolean rootfs_image_has_used(RootfsImage *image, const char *name)
{
    return g_hash_table_contains(image->used, name);
}

/* GHRFunc. */
static gboolean move_name(gpointer name, gpointer value, gpointer names)
{
    (void)value;
    g_hash_table_add(names, name);
    return TRUE;
}

gboolean rootfs_image_add_template(RootfsImage *image, const char *guest, const char *host,
                                   const RootfsOwner *owner, GError **error)
{
    g_autoptr(GHashTable) used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GBytes) text = rootfs_template_expand(host, image->variables, used, error);

    if (text == NULL || !rootfs_image_add_bytes(image, guest, text, owner, error)) {
        return FALSE;
    }
    g_hash_table_foreach_steal(used, move_name, image->used);
    return TRUE;
}

gboolean rootfs_image_add_directory(RootfsImage *image, const char *guest,
                                    const RootfsOwner *owner, GError **error)
{
    RootfsEntry *entry = new_entry(image, guest, S_IFDIR, owner, error);

    return entry != NULL && keep(image, entry);
}

gboolean rootfs_image_imply_directory(RootfsImage *image, const char *guest, GError **error)
{
    static const RootfsOwner owner = {0755, 0, 0};
    RootfsEntry *entry = new_entry(image, guest, S_IFDIR, &owner, error);

    if (entry != NULL) {
        entry->implied = TRUE;
        keep(image, entry);
    }
    return entry != NULL;
}

gboolean rootfs_image_add_symlink(RootfsImage *image, const char *guest, const char *target,
                                  const RootfsOwner *owner, GError **error)
{
    g_autoptr(RootfsEntry) entry = new_entry(image, guest, S_IFLNK, owner, error);

    if (entry == NULL) {
        return FALSE;
    }
    if (target[0] == '\0' || strlen(target) > ROOTFS_PATH_MAX) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                    "guest path %s: a link target has 1 to 4095 bytes", guest);
        return FALSE;
    }
    if (rootfs_path_escapes(entry->path, target)) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_VALUE,
                    "guest path %s: the link's target '%s' climbs above the image's root; write a "
                    "path inside the guest", guest, target);
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

/* ---- The archive ---- */

gboolean rootfs_image_check_init(RootfsImage *image, GError **error)
{
    const RootfsEntry *init = find(image, "/init", TRUE);
    const char *problem = NULL;

    if (init == NULL) {
        problem = "is missing";
    } else if (!is_program(init)) {
        problem = "is no executable file";
    }
    if (problem != NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_INIT,
                    "/init of the image %s, and the kernel starts nothing else: add it with mode "
                    "755, or start from an archive that has it", problem);
    }
    return problem == NULL;
}

static gboolean check_and_write(RootfsImage *image, RootfsWrite what, const char *output,
                                GError **error)
{
    return rootfs_names_check(image->entries, image->replace, error) &&
           rootfs_image_check_libraries(image, error) &&
           rootfs_archive_write(image->entries, what, image->compression, output, error);
}

gboolean rootfs_image_write(RootfsImage *image, const char *output, GError **error)
{
    return check_and_write(image, ROOTFS_WRITE_ALL, output, error);
}

gboolean rootfs_image_write_added(RootfsImage *image, const char *output, GError **error)
{
    return check_and_write(image, ROOTFS_WRITE_ADDED, output, error);
}
