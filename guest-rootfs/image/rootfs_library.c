/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_library.h"

#include "rootfs_path.h"
#include "rootfs_source.h"

#include <string.h>
#include <sys/stat.h>

static const char *const triplets[] = {
    [ROOTFS_MACHINE_RASPI4B] = "aarch64-linux-gnu",
    [ROOTFS_MACHINE_X86] = "x86_64-linux-gnu",
};

/* Below the root of a system; the first two with the triplet behind them. */
static const char *const usual[] = {
    "/lib/", "/usr/lib/", "/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib",
};

static char *usual_directory(gsize i, RootfsMachine machine)
{
    return g_strconcat(usual[i], i < 2 ? triplets[machine] : NULL, NULL);
}

struct search {
    GTree *entries;
    GPtrArray *directories; /* where the guest's loader looks for every program */
    GPtrArray *programs;    /* those whose directories are their libraries' too */
    RootfsMissing *missing;
    gpointer data;
    GError *error;
};

/* ---- In the guest ---- */

static gboolean has_file(const struct search *search, const char *path)
{
    g_autofree char *real = rootfs_path_resolve(search->entries, path, TRUE);
    const RootfsEntry *entry = real != NULL ? g_tree_lookup(search->entries, real) : NULL;

    return entry != NULL && entry->type == S_IFREG;
}

static gboolean is_in(const struct search *search, const char *directory, const char *name)
{
    g_autofree char *path = g_strconcat(directory, "/", name, NULL);

    return has_file(search, path);
}

/* In the directories that the file `user` says it has. */
static gboolean is_in_path_of(const struct search *search, const RootfsEntry *user,
                              const char *name)
{
    g_auto(GStrv) parts = g_strsplit(user->elf->search != NULL ? user->elf->search : "", ":", -1);
    g_autofree char *origin = g_path_get_dirname(user->path);
    gboolean found = FALSE;

    for (char **part = parts; *part != NULL && !found; part++) {
        g_autoptr(GString) directory = g_string_new(*part);

        g_string_replace(directory, "${ORIGIN}", origin, 0);
        g_string_replace(directory, "$ORIGIN", origin, 0);
        found = is_in(search, directory->str, name);
    }
    return found;
}

static gboolean has_own_runpath(const RootfsEntry *user)
{
    return user->elf->search != NULL && !user->elf->bequeaths;
}

/*
 * The DT_RPATH of a program is that of its libraries too, unless they have a DT_RUNPATH. Which programs
 * will load a library nobody knows: any that was added counts.
 */
static gboolean is_in_bequeathed_path(const struct search *search, const RootfsEntry *user,
                                      const char *name)
{
    for (guint i = 0; !has_own_runpath(user) && i < search->programs->len; i++) {
        if (is_in_path_of(search, search->programs->pdata[i], name)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* GTraverseFunc. */
static gboolean note_program(gpointer key, gpointer value, gpointer data)
{
    const RootfsEntry *entry = value;

    (void)key;
    if (entry->elf != NULL && entry->elf->interpreter != NULL && entry->elf->bequeaths) {
        g_ptr_array_add(data, value);
    }
    return FALSE;
}

/* musl's loader is its C library as well, under a name that no file needs to have. */
static gboolean is_musl(const RootfsEntry *user, const char *name)
{
    return strcmp(name, "libc.so") == 0 && user->elf->interpreter != NULL &&
           strstr(user->elf->interpreter, "/ld-musl-") != NULL;
}

static gboolean has_library(const struct search *search, const RootfsEntry *user, const char *name)
{
    if (strchr(name, '/') != NULL) {
        return has_file(search, name);
    }
    if (is_musl(user, name) || is_in_path_of(search, user, name) ||
        is_in_bequeathed_path(search, user, name)) {
        return TRUE;
    }
    for (guint i = 0; i < search->directories->len; i++) {
        if (is_in(search, search->directories->pdata[i], name)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* GTraverseFunc: TRUE stops, and search->error says why. */
static gboolean check_entry(gpointer key, gpointer value, gpointer data)
{
    struct search *search = data;
    const RootfsEntry *entry = value;
    const RootfsElf *elf = entry->elf;

    (void)key;
    if (elf == NULL) {
        return FALSE;
    }
    if (elf->interpreter != NULL && !has_file(search, elf->interpreter) &&
        !search->missing(search->data, entry, elf->interpreter, &search->error)) {
        return TRUE;
    }
    for (guint i = 0; i < elf->needed->len; i++) {
        const char *name = elf->needed->pdata[i];

        if (!has_library(search, entry, name) &&
            !search->missing(search->data, entry, name, &search->error)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- /etc/ld.so.conf and what Debian includes there ---- */

static char *text_of(const RootfsEntry *entry)
{
    g_autoptr(GBytes) held = entry->data != NULL ? g_bytes_ref(entry->data)
                                                 : rootfs_source_read(entry->source, NULL);
    gsize len = 0;
    const char *bytes = held != NULL ? g_bytes_get_data(held, &len) : NULL;

    return bytes != NULL ? g_strndup(bytes, len) : g_strdup("");
}

static gboolean add_configured(gpointer key, gpointer value, gpointer data)
{
    GPtrArray *directories = data;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_str_has_prefix(key, "/etc/ld.so.conf") || ((RootfsEntry *)value)->type != S_IFREG) {
        return FALSE;
    }
    text = text_of(value);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (g_strstrip(*line)[0] == '/') {
            g_ptr_array_add(directories, g_strdup(*line));
        }
    }
    return FALSE;
}

gboolean rootfs_library_search(GTree *entries, RootfsMachine machine, RootfsMissing *missing,
                               gpointer data, GError **error)
{
    g_autoptr(GPtrArray) directories = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    struct search search = {entries, directories, programs, missing, data, NULL};

    for (gsize i = 0; i < G_N_ELEMENTS(usual); i++) {
        g_ptr_array_add(directories, usual_directory(i, machine));
    }
    g_tree_foreach(entries, add_configured, directories);
    g_tree_foreach(entries, note_program, programs);
    g_tree_foreach(entries, check_entry, &search);
    if (search.error != NULL) {
        g_propagate_error(error, search.error);
        return FALSE;
    }
    return TRUE;
}

/* ---- On the host ---- */

/* `path` when it is a library for the machine, else NULL; takes it. */
static char *if_fitting(char *path, RootfsMachine machine)
{
    g_autoptr(RootfsElf) elf = NULL;
    gint64 size;

    if (rootfs_source_check(path, machine, &size, &elf, NULL) && elf != NULL) {
        return path;
    }
    g_free(path);
    return NULL;
}

static char *find_in_system(const char *root, const char *name, RootfsMachine machine)
{
    char *found = NULL;

    if (name[0] == '/') {
        return if_fitting(g_strconcat(root, name, NULL), machine);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(usual) && found == NULL; i++) {
        g_autofree char *directory = usual_directory(i, machine);

        found = if_fitting(g_strconcat(root, directory, "/", name, NULL), machine);
    }
    return found;
}

char *rootfs_library_find(const char *name, RootfsMachine machine, const char *const *directories)
{
    g_autofree char *cross = g_strconcat("/usr/", triplets[machine], NULL);
    g_autofree char *base = g_path_get_basename(name);
    char *found = NULL;

    if (name[0] != '/' && strchr(name, '/') != NULL) {
        return NULL; /* a path that only held where the program was linked */
    }
    for (; directories != NULL && *directories != NULL && found == NULL; directories++) {
        found = if_fitting(g_build_filename(*directories, base, NULL), machine);
        found = found != NULL ? found : find_in_system(*directories, name, machine);
    }
    found = found != NULL ? found : find_in_system(cross, name, machine);
    return found != NULL ? found : find_in_system("", name, machine);
}
