/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Child processes: how their end is told, and that nothing outlives us. */
#include "process.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static char *directory;
static VmbAlarm *alarm_;

static void make_directory(void)
{
    directory = g_dir_make_tmp("vmbench-process-XXXXXX", NULL);
    alarm_ = vmb_alarm_new(1.0);
}

static void remove_directory(void)
{
    static const char *const files[] = {"log", "pid"};

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(directory, files[i], NULL);

        g_remove(path);
    }
    ck_assert_int_eq(g_rmdir(directory), 0);
    g_free(directory);
    vmb_alarm_free(alarm_);
}

static VmbProcess *start_shell(const char *command)
{
    g_autoptr(GSubprocessLauncher) launcher = vmb_process_launcher_new();
    g_autoptr(GError) error = NULL;
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    VmbProcess *process = vmb_process_start(launcher, argv, NULL, NULL, &error);

    ck_assert_ptr_nonnull(process);
    return process;
}

static void wait_end(VmbProcess *process)
{
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_process_wait_or_kill(process, 30000, alarm_, &error));
}

START_TEST(ends_are_told)
{
    static const struct {
        const char *command;
        const char *text;
        gboolean succeeded;
    } cases[] = {
        {"exit 0", "exit status 0", TRUE},
        {"exit 3", "exit status 3", FALSE},
        {"kill -KILL $$", "signal 9 (Killed)", FALSE},
    };
    g_autoptr(VmbProcess) process = start_shell(cases[_i].command);

    wait_end(process);
    g_autofree char *text = vmb_process_end_text(process);

    ck_assert_str_eq(text, cases[_i].text);
    ck_assert_int_eq(vmb_process_succeeded(process), cases[_i].succeeded);
}
END_TEST

START_TEST(what_cannot_be_executed_is_an_error)
{
    g_autoptr(GSubprocessLauncher) launcher = vmb_process_launcher_new();
    g_autoptr(GError) error = NULL;
    const char *argv[] = {"/nowhere/handler", NULL};

    ck_assert_ptr_null(vmb_process_start(launcher, argv, NULL, NULL, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_ptr_nonnull(strstr(error->message, "cannot start /nowhere/handler: "));
}
END_TEST

/* The number that a child wrote into the file "pid". */
static pid_t written_pid(void)
{
    g_autofree char *path = g_build_filename(directory, "pid", NULL);
    char *text = NULL;
    pid_t pid;

    while (!g_file_get_contents(path, &text, NULL, NULL) || !g_str_has_suffix(text, "\n")) {
        g_clear_pointer(&text, g_free);
        g_usleep(1000);
    }
    pid = (pid_t)g_ascii_strtoll(text, NULL, 10);
    g_free(text);
    return pid;
}

/* An orphan that was killed stays a zombie until init reaps it: dead enough. */
static gboolean is_running(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *stat = NULL;
    const char *state;

    if (!g_file_get_contents(path, &stat, NULL, NULL)) {
        return FALSE;
    }
    state = strrchr(stat, ')');
    return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

static void assert_ends_soon(pid_t pid)
{
    for (int i = 0; i < 10000 && is_running(pid); i++) {
        g_usleep(1000);
    }
    ck_assert(!is_running(pid));
}

START_TEST(freeing_kills_the_whole_group)
{
    g_autofree char *command =
        g_strdup_printf("sleep 600 & echo $! > %s/pid; wait", directory);
    VmbProcess *process = start_shell(command);
    pid_t grandchild = written_pid();

    ck_assert(is_running(grandchild));
    vmb_process_free(process);
    assert_ends_soon(grandchild);
}
END_TEST

START_TEST(children_left_behind_die_with_their_leader)
{
    g_autofree char *command = g_strdup_printf("sleep 600 & echo $! > %s/pid", directory);
    g_autoptr(VmbProcess) process = start_shell(command);

    wait_end(process);
    assert_ends_soon(written_pid());
}
END_TEST

START_TEST(a_child_dies_when_its_parent_is_killed)
{
    g_autofree char *command = g_strdup_printf("echo $$ > %s/pid; exec sleep 600", directory);
    pid_t parent = fork();

    if (parent == 0) {
        start_shell(command);
        pause();
        _exit(0);
    }
    pid_t child = written_pid();

    kill(parent, SIGKILL);
    ck_assert_int_eq(waitpid(parent, NULL, 0), parent);
    assert_ends_soon(child);
}
END_TEST

START_TEST(one_that_ignores_sigterm_is_killed)
{
    g_autofree char *command =
        g_strdup_printf("trap '' TERM; echo $$ > %s/pid; while :; do sleep 1; done", directory);
    g_autoptr(VmbProcess) process = start_shell(command);
    g_autoptr(GError) error = NULL;
    pid_t pid = written_pid();

    ck_assert(vmb_process_stop(process, SIGTERM, 50, alarm_, &error));
    ck_assert(vmb_process_has_ended(process));
    ck_assert(!is_running(pid));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *cases = tcase_create("process");

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, make_directory, remove_directory);
    tcase_add_loop_test(cases, ends_are_told, 0, 3);
    tcase_add_test(cases, what_cannot_be_executed_is_an_error);
    tcase_add_test(cases, freeing_kills_the_whole_group);
    tcase_add_test(cases, children_left_behind_die_with_their_leader);
    tcase_add_test(cases, a_child_dies_when_its_parent_is_killed);
    tcase_add_test(cases, one_that_ignores_sigterm_is_killed);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
