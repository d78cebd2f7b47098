/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rootfs_make.h"

#include "rootfs_directory.h"
#include "rootfs_signals.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum { NAME_DIGITS = 12, LOOK_USEC = 20000 };

struct RootfsMake {
    const RootfsTools *tools;
    const char *machine;
    const char *prefix; /* of the cross tools */
    GString *cppflags;  /* where the headers of the libraries are */
    GString *ldlibs;    /* the libraries */
    int lock;           /* on what is built just now, -1: on nothing */
};

RootfsMake *rootfs_make_new(const RootfsTools *tools, RootfsMachine machine)
{
    RootfsMake *make = g_new0(RootfsMake, 1);

    make->tools = tools;
    make->machine = rootfs_machine_name(machine);
    make->prefix = machine == ROOTFS_MACHINE_X86 ? "x86_64-linux-gnu-" : "aarch64-linux-gnu-";
    make->cppflags = g_string_new("-D_GNU_SOURCE");
    make->ldlibs = g_string_new(NULL);
    make->lock = -1;
    return make;
}

void rootfs_make_release(RootfsMake *make)
{
    if (make->lock >= 0) {
        close(g_steal_fd(&make->lock));
    }
}

void rootfs_make_free(RootfsMake *make)
{
    rootfs_make_release(make);
    g_string_free(make->cppflags, TRUE);
    g_string_free(make->ldlibs, TRUE);
    g_free(make);
}

static gboolean fail(GError **error, const char *directory, const char *problem)
{
    g_set_error(error, ROOTFS_ERROR, ROOTFS_ERROR_BUILD, "%s: %s", directory, problem);
    return FALSE;
}

static gboolean fail_errno(GError **error, const char *path, const char *remedy)
{
    g_autofree char *problem = g_strdup_printf("%s; %s", g_strerror(errno), remedy);

    return fail(error, path, problem);
}

static const char cache_remedy[] =
    "what is built is kept there: make it writable, or set XDG_CACHE_HOME to another directory";

/* ---- Where it is built ---- */

typedef struct {
    char *source; /* absolute */
    char *name;
    char *work;
} Place;

static void leave(Place *place)
{
    g_free(place->source);
    g_free(place->name);
    g_free(place->work);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, leave)

/* flock() itself cannot be interrupted where handlers of signals let it go on. */
static gboolean wait_for(int fd, const char *path, GError **error)
{
    gboolean told = FALSE;

    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return fail_errno(error, path, cache_remedy);
        }
        if (rootfs_signals_pending()) {
            return fail(error, path, "interrupted while another process built there; try again");
        }
        if (!told) {
            g_printerr("waiting for another process that builds in %s\n", path);
            told = TRUE;
        }
        g_usleep(LOOK_USEC);
    }
    return TRUE;
}

/*
 * Another process that builds the same is waited for. One lock is held at a time: two processes that
 * build the same two things never wait for each other.
 */
static gboolean lock(RootfsMake *make, const char *work, GError **error)
{
    g_autofree char *path = g_build_filename(work, "lock", NULL);
    sigset_t before;
    gboolean good;

    rootfs_make_release(make);
    make->lock = g_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (make->lock < 0) {
        return fail_errno(error, path, cache_remedy);
    }
    rootfs_signals_hold(&before);
    good = wait_for(make->lock, work, error);
    rootfs_signals_restore(&before);
    return good;
}

/* Directories of one name that lie in different places have different work. */
static char *work_of(const RootfsMake *make, const char *source, const char *name)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, source, -1);

    return g_strdup_printf("%s/%s/%s-%.*s", make->tools->cache, make->machine, name, NAME_DIGITS,
                           sum);
}

static gboolean find(Place *place, const RootfsMake *make, const char *directory, GError **error)
{
    g_autofree char *real = realpath(directory, NULL);

    if (real == NULL) {
        return fail_errno(error, directory, "name the directory of the sources");
    }
    if (!g_file_test(real, G_FILE_TEST_IS_DIR)) {
        return fail(error, directory, "is no directory; name that of the sources");
    }
    place->source = g_strdup(real);
    place->name = g_path_get_basename(real);
    place->work = work_of(make, real, place->name);
    return TRUE;
}

static gboolean enter(Place *place, RootfsMake *make, const char *directory, GError **error)
{
    if (!find(place, make, directory, error)) {
        return FALSE;
    }
    if (g_mkdir_with_parents(place->work, 0755) < 0) {
        return fail_errno(error, place->work, cache_remedy);
    }
    return lock(make, place->work, error);
}

/* ---- The scripts ---- */

typedef struct {
    const char *name, *value;
} Variable;

/* Standard error is ours. The variables of the environment end with an empty one. */
static gboolean run(const Place *place, const Variable *variables, const char *const *argv,
                    GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
    g_autoptr(GSubprocess) script = NULL;

    for (; variables->name != NULL; variables++) {
        g_subprocess_launcher_setenv(launcher, variables->name, variables->value, TRUE);
    }
    g_subprocess_launcher_set_stdout_file_path(launcher, "/dev/null");
    script = g_subprocess_launcher_spawnv(launcher, argv, NULL);
    if (script == NULL || !g_subprocess_wait(script, NULL, NULL)) {
        return fail(error, argv[0], "cannot be run; see that bash is there, and this file of the bench's "
                    "source tree");
    }
    return g_subprocess_get_successful(script) ||
           fail(error, place->source, "cannot be built: see the lines above");
}

/* pkg/build, with the libraries. */
static gboolean run_package(const RootfsMake *make, const Place *place, const char *const *argv,
                            GError **error)
{
    const Variable variables[] = {
        {"CPPFLAGS", make->cppflags->str}, {"LDLIBS", make->ldlibs->str}, {NULL, NULL}};

    return run(place, variables, argv, error);
}

/* ---- Libraries ---- */

/* The directories below `own` (NULL: none) and the `others` (NULL: none). */
static GPtrArray *library_directories(const char *own, char **others, GError **error)
{
    g_autoptr(GPtrArray) directories = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) names = own != NULL ? rootfs_directory_names(own, error)
                                             : g_ptr_array_new();

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *path = g_build_filename(own, names->pdata[i], NULL);

        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            g_ptr_array_add(directories, g_steal_pointer(&path));
        }
    }
    for (; others != NULL && *others != NULL; others++) {
        g_ptr_array_add(directories, g_strdup(*others));
    }
    return names != NULL ? g_steal_pointer(&directories) : NULL;
}

/* Those that are built first can use headers of those that come later. */
static void add_headers(RootfsMake *make, const GPtrArray *directories)
{
    for (guint i = 0; i < directories->len; i++) {
        g_autofree char *real = realpath(directories->pdata[i], NULL);

        g_string_append_printf(make->cppflags, " -I%s",
                               real != NULL ? real : (char *)directories->pdata[i]);
    }
}

static gboolean make_library(RootfsMake *make, const char *directory, GError **error)
{
    g_autofree char *script = g_build_filename(make->tools->scripts, "pkg", "build", NULL);
    g_auto(Place) place = {0};

    if (!enter(&place, make, directory, error) ||
        !run_package(make, &place, (const char *const[]){script, "--library", make->prefix, place.name,
                                                         place.source, place.work, NULL}, error)) {
        return FALSE;
    }
    g_string_append_printf(make->ldlibs, " %s/lib%s.a", place.work, place.name);
    return TRUE;
}

gboolean rootfs_make_libraries(RootfsMake *make, const char *own, char **others, GError **error)
{
    g_autoptr(GPtrArray) directories = library_directories(own, others, error);
    gboolean good = directories != NULL;

    if (good) {
        add_headers(make, directories);
    }
    g_string_assign(make->ldlibs, "-Wl,--start-group");
    for (guint i = 0; good && i < directories->len; i++) {
        good = make_library(make, directories->pdata[i], error);
    }
    g_string_append(make->ldlibs, " -Wl,--end-group");
    rootfs_make_release(make);
    return good;
}

/* ---- What goes into the image ---- */

char *rootfs_make_package(RootfsMake *make, const char *directory, GError **error)
{
    g_autofree char *script = g_build_filename(make->tools->scripts, "pkg", "build", NULL);
    g_auto(Place) place = {0};

    if (!enter(&place, make, directory, error) ||
        !run_package(make, &place, (const char *const[]){script, make->prefix, place.name,
                                                         place.source, place.work, NULL}, error)) {
        return NULL;
    }
    return g_build_filename(place.work, "stage", NULL);
}

/* ---- Modules ---- */

/* What modules/build takes from its environment. */
typedef struct {
    GString *cppflags, *symvers, *sources;
} Surroundings;

static void clear_surroundings(Surroundings *surroundings)
{
    g_string_free(surroundings->cppflags, TRUE);
    g_string_free(surroundings->symvers, TRUE);
    g_string_free(surroundings->sources, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Surroundings, clear_surroundings)

static gboolean surround(const RootfsMake *make, const GPtrArray *behind, const GPtrArray *all,
                         Surroundings *surroundings, GError **error)
{
    for (guint i = 0; i < behind->len; i++) {
        g_auto(Place) place = {0};

        if (!find(&place, make, behind->pdata[i], error)) {
            return FALSE;
        }
        g_string_append_printf(surroundings->cppflags, " -I%s", place.source);
        g_string_append_printf(surroundings->symvers, " %s/Module.symvers", place.work);
    }
    for (guint i = 0; i < all->len; i++) {
        g_auto(Place) place = {0};

        if (!find(&place, make, all->pdata[i], error)) {
            return FALSE;
        }
        g_string_append_printf(surroundings->sources, " %s", place.source);
    }
    return TRUE;
}

char *rootfs_make_module(RootfsMake *make, const char *directory, const GPtrArray *behind,
                         const GPtrArray *all, GError **error)
{
    g_autofree char *script = g_build_filename(make->tools->scripts, "modules", "build", NULL);
    g_autofree char *headers = g_build_filename(make->tools->guests, make->machine, "headers",
                                                NULL);
    g_auto(Surroundings) around = {g_string_new(NULL), g_string_new(NULL), g_string_new(NULL)};
    g_auto(Place) place = {0};

    if (!surround(make, behind, all, &around, error)) {
        return NULL;
    }

    const Variable variables[] = {{"CPPFLAGS", around.cppflags->str},
                                  {"KBUILD_EXTRA_SYMBOLS", around.symvers->str},
                                  {"MODULE_SOURCES", around.sources->str}, {NULL, NULL}};

    if (!enter(&place, make, directory, error) ||
        !run(&place, variables, (const char *const[]){script, make->prefix, place.name, place.source,
                                                      place.work, headers, NULL}, error)) {
        return NULL;
    }
    return g_strdup_printf("%s/%s.ko", place.work, place.name);
}
