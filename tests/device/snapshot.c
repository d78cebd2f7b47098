/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

char *snapshot_path(void)
{
    char *path = g_strdup("/tmp/vmmio-snapshot-XXXXXX");
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    return path;
}

static void await_status(struct qtest *vm, const char *command, const char *status)
{
    gint64 end = g_get_monotonic_time() + QTEST_SECONDS * G_TIME_SPAN_SECOND;

    for (;;) {
        g_autofree char *now = qmp_query_status(vm, command);

        if (g_strcmp0(now, status) == 0) {
            return;
        }
        ck_assert_msg(g_get_monotonic_time() < end, "%s: %s", command, now);
        g_usleep(1000);
    }
}

void snapshot_migrate(struct qtest *vm, const char *command, const char *path)
{
    g_autofree char *line = g_strdup_printf("{\"execute\": \"%s\", \"arguments\": "
                                            "{\"uri\": \"file:%s\"}}", command, path);

    qmp_execute(vm, line);
    await_status(vm, "query-migrate", "completed");
}

void snapshot_save_and_quit(struct qtest *vm, const char *path)
{
    snapshot_migrate(vm, "migrate", path);
    qtest_stop(vm);
}

void snapshot_await_running(struct qtest *vm)
{
    await_status(vm, "query-status", "running");
}
