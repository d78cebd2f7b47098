/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_library.h"

#include "rootfs_path.h"
#include "rootfs_source.h"

#include <elf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 64 };

struct search {
    GTree *entries;
    RootfsMachine machine;
    GPtrArray *configured;  /* directories of which the guest's ldconfig makes its cache */
    const RootfsEntry *cache; /* that; NULL: there is none */
    gboolean musl;          /* its loader is there */
    GPtrArray *programs;    /* those whose directories are their libraries' too */
    GPtrArray *users;       /* all whose needs are looked at; grows by the dormant ones that they reach */
    char *unfit;            /* what is wrong with the first file of the name sought; NULL: there is none */
    RootfsMissing *missing;
    gpointer data;
};

static const char musl_loader[] = "/ld-musl-";

/* ---- What there is in the guest ---- */

static RootfsEntry *find_file(GTree *entries, const char *path)
{
    g_autofree char *real = rootfs_path_resolve(entries, path, TRUE);
    RootfsEntry *entry = real != NULL ? g_tree_lookup(entries, real) : NULL;

    return entry != NULL && entry->type == S_IFREG ? entry : NULL;
}

/* Why programs of this processor cannot have it as their library, a text to free; NULL: they can. */
static char *library_problem(const RootfsEntry *entry, guint elf_machine)
{
    if (entry->machine != 0 && entry->machine != elf_machine) {
        return g_strdup_printf("%s is for %s; add one for %s", entry->path,
                               rootfs_elf_machine_name(entry->machine),
                               rootfs_elf_machine_name(elf_machine));
    }
    if (!entry->base && (entry->elf == NULL || entry->elf->type != ET_DYN)) {
        return g_strdup_printf("%s is no shared library that is whole; build it with -shared, or copy it "
                               "again", entry->path);
    }
    return NULL;
}

/* The same of a loader, which the kernel executes. */
static char *loader_problem(const RootfsEntry *entry, guint elf_machine)
{
    if ((entry->owner.mode & 0111) == 0) {
        return g_strdup_printf("%s cannot be executed; add it with mode 755", entry->path);
    }
    return library_problem(entry, elf_machine);
}

gboolean rootfs_library_is_at(GTree *entries, const char *path, guint elf_machine)
{
    const RootfsEntry *entry = find_file(entries, path);
    g_autofree char *problem = entry != NULL ? library_problem(entry, elf_machine) : NULL;

    return entry != NULL && problem == NULL;
}

/* Takes the text. TRUE: there is none. */
static gboolean is_fit(struct search *search, char *problem)
{
    if (search->unfit == NULL) {
        search->unfit = problem;
    } else {
        g_free(problem);
    }
    return problem == NULL;
}

static gboolean has_loader(struct search *search, const RootfsEntry *user)
{
    const RootfsEntry *entry = find_file(search->entries, user->elf->interpreter);

    return entry != NULL && is_fit(search, loader_problem(entry, user->machine));
}

/* For `user`, whose loader passes over libraries of another processor. */
static gboolean has_file(struct search *search, const RootfsEntry *user, const char *path)
{
    RootfsEntry *entry = find_file(search->entries, path);

    if (entry == NULL || !is_fit(search, library_problem(entry, user->machine))) {
        return FALSE;
    }
    if (entry->dormant && !g_ptr_array_find(search->users, entry, NULL)) {
        g_ptr_array_add(search->users, entry);
    }
    return TRUE;
}

static gboolean is_in(struct search *search, const RootfsEntry *user, const char *directory,
                      const char *name)
{
    g_autofree char *path = g_strconcat(directory, "/", name, NULL);

    return has_file(search, user, path);
}

/* In the directories that the file `owner` says it has, for `user`. */
static gboolean is_in_path_of(struct search *search, const RootfsEntry *owner,
                              const RootfsEntry *user, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(owner->elf->search != NULL ? owner->elf->search : "", ":", -1);
    g_autofree char *origin = g_path_get_dirname(owner->path);
    gboolean found = FALSE;

    for (char **part = parts; *part != NULL && !found; part++) {
        g_autoptr(GString) directory = g_string_new(*part);

        g_string_replace(directory, "${ORIGIN}", origin, 0);
        g_string_replace(directory, "$ORIGIN", origin, 0);
        found = is_in(search, user, directory->str, name);
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
static gboolean is_in_bequeathed_path(struct search *search, const RootfsEntry *user,
                                      const char *name)
{
    for (guint i = 0; !has_own_runpath(user) && i < search->programs->len; i++) {
        if (is_in_path_of(search, search->programs->pdata[i], user, name)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* GTraverseFunc. */
static gboolean note_user(gpointer key, gpointer value, gpointer data)
{
    const RootfsEntry *entry = value;
    struct search *search = data;

    search->musl = search->musl || strstr(key, musl_loader) != NULL;
    if (entry->elf == NULL || entry->dormant) {
        return FALSE;
    }
    g_ptr_array_add(search->users, value);
    if (entry->elf->interpreter != NULL && entry->elf->bequeaths) {
        g_ptr_array_add(search->programs, value);
    }
    return FALSE;
}

/* A library does not say which loader will load it. */
static gboolean is_for_musl(const struct search *search, const RootfsEntry *user)
{
    return user->elf->interpreter != NULL ? strstr(user->elf->interpreter, musl_loader) != NULL
                                          : search->musl;
}

/* musl's loader is its C library as well, under a name that no file needs to have. */
static gboolean is_musl(const struct search *search, const RootfsEntry *user, const char *name)
{
    return strcmp(name, "libc.so") == 0 && is_for_musl(search, user);
}

/* The C library needs its loader, which has been loaded when it is, from wherever. */
static gboolean is_loader(struct search *search, const RootfsEntry *user, const char *name)
{
    const char *loader = rootfs_processor_find(search->machine, user->machine)->loader;

    return strcmp(strrchr(loader, '/') + 1, name) == 0 && has_file(search, user, loader);
}

/* A base that has its C library in such a directory has a loader that looks there, or it would not run. */
static gboolean is_at_home(const struct search *search, const RootfsProcessor *processor)
{
    for (const RootfsLibraries *one = processor->directories; one->path != NULL; one++) {
        g_autofree char *path = g_strconcat(one->path, "/libc.so.6", NULL);
        const RootfsEntry *entry = one->looks == ROOTFS_LOOKS_AT_HOME ? find_file(search->entries, path)
                                                                     : NULL;

        if (entry != NULL && entry->base && rootfs_library_is_at(search->entries, path,
                                                                processor->elf_machine)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean is_looked_in(const struct search *search, const RootfsEntry *user,
                             const RootfsProcessor *processor, RootfsLooks looks)
{
    switch (looks) {
    case ROOTFS_LOOKS_AT_HOME:
        return is_at_home(search, processor);
    case ROOTFS_LOOKS_MUSL:
        return is_for_musl(search, user);
    default:
        return TRUE;
    }
}

/*
 * glibc's loader reads the cache alone, not what it was made of. That of a base knows the base's own files;
 * one that was added is one of the whole tree.
 */
static gboolean is_cached(const struct search *search, const char *directory, const char *name)
{
    g_autofree char *path = g_strconcat(directory, "/", name, NULL);
    g_autofree char *place = rootfs_path_resolve(search->entries, path, FALSE);
    const RootfsEntry *entry = place != NULL ? g_tree_lookup(search->entries, place) : NULL;

    return search->cache != NULL && entry != NULL &&
           (!search->cache->base || entry->base || entry->replaces);
}

/* FALSE; a file that is there for nothing is noted. */
static gboolean pass_over(struct search *search, const char *directory, const char *name)
{
    g_autofree char *path = g_strconcat(directory, "/", name, NULL);

    if (find_file(search->entries, path) != NULL) {
        is_fit(search, g_strdup_printf("%s is where its loader does not look; put it into /usr/lib, or, with "
                                       "its directory in /etc/ld.so.conf, run ldconfig in the tree (chroot, "
                                       "or ldconfig -r)", path));
    }
    return FALSE;
}

/* Where loaders look for every program. */
static gboolean is_in_usual_path(struct search *search, const RootfsEntry *user, const char *name)
{
    const RootfsProcessor *processor = rootfs_processor_find(search->machine, user->machine);

    for (const RootfsLibraries *one = processor->directories; one->path != NULL; one++) {
        if (is_looked_in(search, user, processor, one->looks) ? is_in(search, user, one->path, name)
                                                             : pass_over(search, one->path, name)) {
            return TRUE;
        }
    }
    for (guint i = 0; i < search->configured->len; i++) {
        const char *directory = search->configured->pdata[i];

        if (is_cached(search, directory, name) ? is_in(search, user, directory, name)
                                               : pass_over(search, directory, name)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean has_library(struct search *search, const RootfsEntry *user, const char *name)
{
    if (strchr(name, '/') != NULL) {
        return has_file(search, user, name);
    }
    return is_musl(search, user, name) || is_loader(search, user, name) ||
           is_in_path_of(search, user, user, name) || is_in_bequeathed_path(search, user, name) ||
           is_in_usual_path(search, user, name);
}

static gboolean tell_missing(struct search *search, const RootfsEntry *user, const char *name, GError **error)
{
    return search->missing(search->data, user, name, search->unfit, error);
}

static gboolean check_user(struct search *search, const RootfsEntry *user, GError **error)
{
    const RootfsElf *elf = user->elf;
    gboolean good = TRUE;

    g_clear_pointer(&search->unfit, g_free);
    if (elf->interpreter != NULL && !has_loader(search, user)) {
        good = tell_missing(search, user, elf->interpreter, error);
    }
    for (guint i = 0; good && i < elf->needed->len; i++) {
        const char *name = elf->needed->pdata[i];

        g_clear_pointer(&search->unfit, g_free);
        good = has_library(search, user, name) || tell_missing(search, user, name, error);
    }
    return good;
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
    g_autoptr(GPtrArray) configured = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    g_autoptr(GPtrArray) users = g_ptr_array_new();
    struct search search = {
        .entries = entries, .machine = machine, .configured = configured, .programs = programs,
        .users = users, .cache = find_file(entries, "/etc/ld.so.cache"), .missing = missing, .data = data,
    };
    gboolean good = TRUE;

    g_tree_foreach(entries, add_configured, configured);
    g_tree_foreach(entries, note_user, &search);
    for (guint i = 0; good && i < users->len; i++) {
        good = check_user(&search, users->pdata[i], error);
    }
    g_free(search.unfit);
    return good;
}

/* ---- On the host ---- */

static gboolean is_fitting(int fd, const RootfsProcessor *processor)
{
    guint8 first[HEAD_BYTES];
    ssize_t len = pread(fd, first, sizeof(first), 0);
    RootfsElfHead head;

    return len > 0 && rootfs_elf_head(first, (gsize)len, &head) && head.type == ET_DYN &&
           head.machine == processor->elf_machine;
}

/* `path` when it is a library for the processor, else NULL; takes it. */
static char *if_fitting(char *path, const RootfsProcessor *processor)
{
    int fd = rootfs_source_open(path, NULL);
    gboolean good = fd >= 0 && is_fitting(fd, processor);

    if (fd >= 0) {
        close(fd);
    }
    if (!good) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}

static char *find_in_system(const char *root, const char *name, const RootfsProcessor *processor)
{
    const RootfsLibraries *directory = processor->directories;
    char *found = NULL;

    if (name[0] == '/') {
        return if_fitting(g_strconcat(root, name, NULL), processor);
    }
    for (; directory->path != NULL && found == NULL; directory++) {
        found = if_fitting(g_strconcat(root, directory->path, "/", name, NULL), processor);
    }
    return found;
}

char *rootfs_library_find(const char *name, const RootfsProcessor *processor,
                          const char *const *directories)
{
    g_autofree char *base = g_path_get_basename(name);
    char *found = NULL;

    if (name[0] != '/' && strchr(name, '/') != NULL) {
        return NULL; /* a path that only held where the program was linked */
    }
    for (; directories != NULL && *directories != NULL && found == NULL; directories++) {
        found = if_fitting(g_build_filename(*directories, base, NULL), processor);
        found = found != NULL ? found : find_in_system(*directories, name, processor);
    }
    found = found != NULL ? found : find_in_system(processor->cross, name, processor);
    return found != NULL ? found : find_in_system("", name, processor);
}
