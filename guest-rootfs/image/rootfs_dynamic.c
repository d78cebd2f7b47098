/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loaders and libraries of an image's dynamic programs. */
#include "rootfs_image_inside.h"

#include "rootfs_entry.h"
#include "rootfs_library.h"
#include "rootfs_path.h"

static gboolean refuse_unfit(const char *user, const char *name, const char *unfit, GError **error)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_LIBRARY, "%s: needs %s, but %s", user, name, unfit);
    return FALSE;
}

/* RootfsMissing: it is an error. */
static gboolean refuse_missing(gpointer data, const RootfsEntry *user, const char *name,
                               const char *unfit, GError **error)
{
    (void)data;
    if (unfit != NULL) {
        return refuse_unfit(user->source, name, unfit, error);
    }
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_LIBRARY,
                "%s: needs %s, which is not in the image; link it with -static, add the library, "
                "or copy all that it needs with --with-libs", user->source, name);
    return FALSE;
}

struct missing {
    char *user; /* path on the host of one that needs it */
    char *name;
    char *unfit; /* what is wrong with the one that is there, or NULL */
    const RootfsProcessor *processor;
};

/* What note_missing() fills. */
struct search {
    RootfsMachine machine;
    GPtrArray *missing;
};

static void free_missing(struct missing *missing)
{
    g_free(missing->user);
    g_free(missing->name);
    g_free(missing->unfit);
    g_free(missing);
}

static gboolean note_missing(gpointer data, const RootfsEntry *user, const char *name,
                             const char *unfit, GError **error)
{
    const struct search *search = data;
    struct missing *missing = g_new(struct missing, 1);

    (void)error;
    *missing = (struct missing){g_strdup(user->source), g_strdup(name), g_strdup(unfit),
                                rootfs_processor_find(search->machine, user->machine)};
    g_ptr_array_add(search->missing, missing);
    return TRUE;
}

/* What is where a copy goes; NULL also when --replace was given to lose it by. */
static const RootfsEntry *in_the_way(RootfsImage *image, const char *guest)
{
    g_autofree char *path = rootfs_path_resolve(image->entries, guest, FALSE);
    const RootfsEntry *there = path != NULL ? g_tree_lookup(image->entries, path) : NULL;

    return there != NULL && there->base && image->replace ? NULL : there;
}

static gboolean is_of_another(const RootfsEntry *there, const struct missing *missing)
{
    return there->machine != 0 && there->machine != missing->processor->elf_machine;
}

static gboolean fail_taken(const struct missing *missing, const char *host, const char *guest,
                           GError **error)
{
    enum { OWN = 1 }; /* below /usr/lib */
    const char *own = missing->processor->directories[OWN].path;

    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_LIBRARY,
                "%s: needs %s, whose copy has no place: %s is another processor's library; give "
                "--add %s:%s/%s:755", missing->user, missing->name, guest, host, own, missing->name);
    return FALSE;
}

/* Sets *added unless the image has it by now. */
static gboolean add_library(RootfsImage *image, const struct missing *missing,
                            const char *const *directories, gboolean *added, GError **error)
{
    static const RootfsOwner owner = {0755, 0, 0};
    g_autofree char *host = rootfs_library_find(missing->name, missing->processor, directories);
    g_autofree char *guest = missing->name[0] == '/'
                             ? g_strdup(missing->name)
                             : g_strconcat("/usr/lib/", missing->name, NULL);
    const RootfsEntry *there;

    if (rootfs_library_is_at(image->entries, guest, missing->processor->elf_machine)) {
        return TRUE;
    }
    there = in_the_way(image, guest);
    if (host != NULL && missing->name[0] != '/' && there != NULL && is_of_another(there, missing)) {
        return fail_taken(missing, host, guest, error);
    }
    if (missing->unfit != NULL && (host == NULL || there != NULL)) {
        return refuse_unfit(missing->user, missing->name, missing->unfit, error);
    }
    if (host == NULL) {
        g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_LIBRARY,
                    "%s: needs %s, which is nowhere on this host; name its directory with "
                    "--libs-from", missing->user, missing->name);
        return FALSE;
    }
    *added = TRUE;
    return rootfs_image_add_file(image, guest, host, &owner, error);
}

gboolean rootfs_image_add_libraries(RootfsImage *image, const char *const *directories,
                                    GError **error)
{
    for (gboolean added = TRUE; added;) { /* until the libraries have their libraries as well */
        g_autoptr(GPtrArray) missing =
            g_ptr_array_new_with_free_func((GDestroyNotify)free_missing);

        struct search search = {image->machine, missing};

        rootfs_library_search(image->entries, image->machine, note_missing, &search, NULL);
        added = FALSE;
        for (guint i = 0; i < missing->len; i++) {
            if (!add_library(image, missing->pdata[i], directories, &added, error)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

gboolean rootfs_image_check_libraries(RootfsImage *image, GError **error)
{
    return rootfs_library_search(image->entries, image->machine, refuse_missing, NULL, error);
}
