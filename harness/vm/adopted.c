/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adopted.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void vmb_adopted_accept(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

char *vmb_adopted_mark(void)
{
    static guint count;
    const char *own = g_getenv(VMB_ADOPTED_MARK);

    return g_strdup_printf("%s/%d-%u", own != NULL ? own : "", (int)getpid(), ++count);
}

static gboolean begins_with(const char *mark, const char *start)
{
    gsize len = strlen(start);

    return strncmp(mark, start, len) == 0 && (mark[len] == '\0' || mark[len] == '/');
}

/* One that hides its environment, or has none, has no mark. */
static gboolean has_mark(const char *pid, const char *mark)
{
    g_autofree char *path = g_build_filename("/proc", pid, "environ", NULL);
    g_autofree char *words = NULL;
    gsize len = 0;

    if (!g_file_get_contents(path, &words, &len, NULL)) {
        return FALSE;
    }
    for (const char *word = words; word < words + len; word += strlen(word) + 1) {
        if (g_str_has_prefix(word, VMB_ADOPTED_MARK "=")) {
            return begins_with(word + strlen(VMB_ADOPTED_MARK "="), mark);
        }
    }
    return FALSE;
}

/* A child keeps its number until it is reaped: nobody else can be hit. FALSE: another user's. */
static gboolean end_child(const char *number)
{
    pid_t pid = (pid_t)g_ascii_strtoll(number, NULL, 10);

    if (kill(pid, SIGKILL) != 0) {
        return FALSE;
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        continue;
    }
    return TRUE;
}

/* The children of one of our threads; how many of them were ended. */
static guint end_of_thread(const char *thread, const char *mark)
{
    g_autofree char *path = g_build_filename("/proc/self/task", thread, "children", NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) pids = NULL;
    guint count = 0;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return 0; /* it has ended */
    }
    pids = g_strsplit(text, " ", -1);
    for (char **pid = pids; *pid != NULL; pid++) {
        if (**pid != '\0' && (mark == NULL || has_mark(*pid, mark)) && end_child(*pid)) {
            count++;
        }
    }
    return count;
}

static guint end_once(const char *mark)
{
    g_autoptr(GDir) threads = g_dir_open("/proc/self/task", 0, NULL);
    const char *thread;
    guint count = 0;

    while (threads != NULL && (thread = g_dir_read_name(threads)) != NULL) {
        count += end_of_thread(thread, mark);
    }
    return count;
}

void vmb_adopted_end(const char *mark)
{
    while (end_once(mark) > 0) {
        continue; /* the children of those are ours now */
    }
}
