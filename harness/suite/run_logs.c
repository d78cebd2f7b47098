/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run_logs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

/* Named after the time, UTC, so that they sort whatever the zone of who runs them. */
#define NAME "^run-[0-9]{8}-[0-9]{6}-[0-9]+$"

static int open_directory(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static gint compare_newest_first(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)b, *(const char *const *)a);
}

/* Names, the newest first. What is called otherwise is not ours. */
static GPtrArray *list_runs(const char *logs)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(logs, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (g_regex_match_simple(NAME, name, 0, 0)) {
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    g_ptr_array_sort(names, compare_newest_first);
    return names;
}

static void remove_unless_running(const char *path)
{
    int fd = open_directory(path);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        vmb_remove_tree(path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void remove_old(const char *logs, guint keep)
{
    g_autoptr(GPtrArray) names = list_runs(logs);

    for (guint i = keep; keep > 0 && i < names->len; i++) {
        g_autofree char *path = g_build_filename(logs, g_ptr_array_index(names, i), NULL);

        remove_unless_running(path);
    }
}

/* A new directory, and locked. FALSE: errno. */
static gboolean make(VmbRunLogs *run)
{
    if (mkdir(run->path, 0755) != 0) {
        return FALSE;
    }
    run->lock = open_directory(run->path);
    return run->lock >= 0 && flock(run->lock, LOCK_EX | LOCK_NB) == 0;
}

VmbRunLogs *vmb_run_logs_new(const char *logs, guint keep, GError **error)
{
    g_autofree char *directory = g_canonicalize_filename(logs, NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y%m%d-%H%M%S");
    g_autoptr(VmbRunLogs) run = g_new0(VmbRunLogs, 1);
    gboolean made = g_mkdir_with_parents(directory, 0755) == 0;
    int all = made ? open_directory(directory) : -1;

    run->path = g_strdup_printf("%s/run-%s-%d", directory, time, (int)getpid());
    run->lock = -1;
    /* Between its making and its lock another run would take it for an old one. */
    made = all >= 0 && flock(all, LOCK_EX) == 0 && make(run);
    if (!made) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot make the directory %s: %s: choose another with --logs", run->path,
                    g_strerror(errno));
    } else {
        remove_old(directory, keep);
    }
    if (all >= 0) {
        close(all);
    }
    return made ? g_steal_pointer(&run) : NULL;
}

void vmb_run_logs_free(VmbRunLogs *run)
{
    if (run->lock >= 0) {
        rmdir(run->path); /* only when nothing failed is it empty */
        close(run->lock);
    }
    g_free(run->path);
    g_free(run);
}
