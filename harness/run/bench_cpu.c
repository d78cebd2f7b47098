/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench_cpu.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_MS 20

struct VmbCpuWatch {
    GHashTable *processes; /* of Process, by pid */
    guint timer;
};

typedef struct {
    char *program; /* name of its file; a new process has its parent's until it executes its own */
    double seconds;
} Process;

static void process_free(gpointer data)
{
    Process *process = data;

    g_free(process->program);
    g_free(process);
}

/* 0: it has gone. */
static gint parent_of(gint pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
    g_autofree char *text = NULL;
    const char *behind_name;
    gint parent = 0;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return 0;
    }
    behind_name = strrchr(text, ')');
    return behind_name != NULL && sscanf(behind_name, ") %*c %d", &parent) == 1 ? parent : 0;
}

static void look_at(const VmbCpuWatch *watch, gint pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/exe", pid);
    g_autofree char *file = g_file_read_link(path, NULL);
    Process *process = g_hash_table_lookup(watch->processes, GINT_TO_POINTER(pid));
    struct timespec time;
    clockid_t clock;

    if (file == NULL || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
        return; /* it has ended */
    }
    if (process == NULL) {
        process = g_new0(Process, 1);
        g_hash_table_insert(watch->processes, GINT_TO_POINTER(pid), process);
    }
    g_free(process->program);
    process->program = g_path_get_basename(file);
    process->seconds = (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A process is a descendant when its parent is, which has been seen before. */
static gboolean on_time(gpointer data)
{
    const VmbCpuWatch *watch = data;
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *name;

    while (proc != NULL && (name = g_dir_read_name(proc)) != NULL) {
        gint pid = (gint)g_ascii_strtoll(name, NULL, 10);
        gint parent = pid > 0 ? parent_of(pid) : 0;

        if (parent > 0 &&
            (parent == getpid() ||
             g_hash_table_contains(watch->processes, GINT_TO_POINTER(parent)))) {
            look_at(watch, pid);
        }
    }
    return G_SOURCE_CONTINUE;
}

VmbCpuWatch *vmb_cpu_watch_new(void)
{
    VmbCpuWatch *watch = g_new0(VmbCpuWatch, 1);

    watch->processes = g_hash_table_new_full(NULL, NULL, NULL, process_free);
    watch->timer = g_timeout_add(PERIOD_MS, on_time, watch);
    return watch;
}

void vmb_cpu_watch_free(VmbCpuWatch *watch)
{
    g_source_remove(watch->timer);
    g_hash_table_unref(watch->processes);
    g_free(watch);
}

double vmb_cpu_watch_seconds(const VmbCpuWatch *watch, const char *prefix)
{
    GHashTableIter iter;
    gpointer value;
    double sum = 0;

    g_hash_table_iter_init(&iter, watch->processes);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Process *process = value;

        sum += g_str_has_prefix(process->program, prefix) ? process->seconds : 0;
    }
    return sum;
}
