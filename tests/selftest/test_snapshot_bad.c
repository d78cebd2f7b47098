/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever is wrong with snapshots: the guest runs all the same, and the report says why it
 * booted.
 */
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "snapshot_run.h"

/*
 * What else may be wrong with the files, and what is said then, tests/unit/test_snapshot_store.c has:
 * all of it is the same to the guest.
 */
START_TEST(a_damaged_snapshot_is_replaced)
{
    g_autofree char *ram = run_snapshot_file("x86", "ram");
    Run run;

    ck_assert_int_eq(g_remove(ram), 0);
    run_start(&run, "x86", run_cache);
    run_assert_saved(&run);
    ck_assert_str_eq(run.report.why_booted, "the snapshot is damaged: its RAM is missing");
    run_assert_device_works(&run);
    run_end(&run);
    run_start(&run, "x86", run_cache);
    run_assert_restored(&run);
    run_end(&run);
}
END_TEST

/* A QEMU that dies as soon as it is to restore something: /bin/false for that alone. */
static char *qemu_that_cannot_restore(const Run *run)
{
    const VmbMachine *machine = run->config->machine;
    g_autofree char *dir = g_build_filename(run_root, "qemu", NULL);
    g_autofree char *bin = g_build_filename(dir, "bin", NULL);
    g_autofree char *share = g_build_filename(dir, "share", NULL);
    g_autofree char *old_share = g_build_filename(run->config->qemu_dir, "share", NULL);
    g_autofree char *path = g_build_filename(bin, machine->qemu_program, NULL);
    g_autofree char *script = g_strdup_printf(
        "#!/bin/sh\ncase \"$*\" in *-incoming*) echo no room >&2; exit 3 ;; esac\n"
        "exec %s/bin/%s \"$@\"\n", run->config->qemu_dir, machine->qemu_program);

    ck_assert_int_eq(g_mkdir_with_parents(bin, 0755), 0);
    ck_assert_int_eq(symlink(old_share, share), 0);
    ck_assert(g_file_set_contents_full(path, script, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    return g_steal_pointer(&dir);
}

START_TEST(a_failing_restore_boots_instead)
{
    g_autofree char *dir = NULL;
    g_autofree char *log = NULL;
    Run run;

    for (int i = 0; i < 2; i++) {
        run_prepare(&run, "x86");
        dir = dir != NULL ? dir : qemu_that_cannot_restore(&run);
        g_free(run.config->qemu_dir);
        run.config->qemu_dir = g_strdup(dir);
        run_boot(&run, run_cache);
        run_assert_saved(&run);
        if (i == 1) {
            ck_assert_str_eq(run.report.why_booted, "QEMU ended with exit status 3: no room: see "
                                                    "its log, then run again");
            log = g_build_filename(run.logs, "restore-qemu.log", NULL);
            ck_assert(g_file_test(log, G_FILE_TEST_EXISTS));
            run_assert_device_works(&run);
        }
        run_end(&run);
    }
}
END_TEST

START_TEST(a_guest_that_cannot_be_saved_boots)
{
    Run run;

    for (int i = 0; i < 2; i++) {
        run_prepare(&run, "raspi4b");
        run.config->network = TRUE;
        run_boot(&run, run_cache);
        ck_assert(!run.report.restored && !run.report.saved);
        ck_assert_ptr_null(run.report.why_booted);
        ck_assert_msg(strstr(run.report.why_unsaved, "usb-net") != NULL, "%s",
                      run.report.why_unsaved);
        run_assert_device_works(&run);
        run_end(&run);
    }
}
END_TEST

START_TEST(without_a_directory_guests_boot)
{
    g_autofree char *file = g_build_filename(run_root, "file", NULL);
    g_autofree char *below = g_build_filename(file, "cache", NULL);
    Run run;

    ck_assert(g_file_set_contents(file, "", 0, NULL));
    run_start(&run, "x86", below);
    ck_assert(!run.report.restored && !run.report.saved);
    ck_assert_ptr_nonnull(strstr(run.report.why_unsaved, "cannot make"));
    run_assert_device_works(&run);
    run_end(&run);
}
END_TEST

START_TEST(on_a_full_disk_guests_boot)
{
    g_autofree char *small = g_build_filename(run_root, "small", NULL);
    g_autofree char *snapshots = g_build_filename(small, "snapshots", NULL);
    g_autoptr(GDir) dir = NULL;
    const char *name;
    Run run;

    ck_assert_int_eq(g_mkdir(small, 0755), 0);
    ck_assert_int_eq(unshare(getuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS), 0);
    ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    ck_assert_int_eq(mount("none", small, "tmpfs", 0, "size=8m"), 0);
    run_start(&run, "x86", small);
    ck_assert(!run.report.restored && !run.report.saved);
    ck_assert_str_eq(run.report.why_unsaved,
                     "cannot write the guest's RAM: No space left on device");
    run_assert_device_works(&run);
    run_end(&run);
    dir = g_dir_open(snapshots, 0, NULL);
    while ((name = g_dir_read_name(dir)) != NULL) {
        ck_assert_msg(!g_str_has_prefix(name, "draft-"), "%s is left", name);
    }
}
END_TEST

/* TRUE while a run writes a guest's RAM. */
static gboolean is_being_saved(const char *snapshots)
{
    g_autoptr(GDir) dir = g_dir_open(snapshots, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *ram = g_build_filename(snapshots, name, "ram", NULL);

        if (g_str_has_prefix(name, "draft-") && g_file_test(ram, G_FILE_TEST_EXISTS)) {
            return TRUE;
        }
    }
    return FALSE;
}

/*
 * Killed at the sight of its draft, or, should it be that quick, after it has made a snapshot of
 * it. The child is forked first of all: GLib's threads are none of its own.
 */
START_TEST(a_run_killed_while_it_saves_leaves_no_wrong_snapshot)
{
    g_autofree char *own = g_build_filename(run_root, "killed", NULL);
    g_autofree char *snapshots = g_build_filename(own, "snapshots", NULL);
    gint64 deadline = g_get_monotonic_time() + RUN_MS * TIMEOUT_SCALE * G_GINT64_CONSTANT(1000);
    pid_t child = fork();
    Run run;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        run_start(&run, "x86", own);
        pause();
    }
    while (!is_being_saved(snapshots) && g_get_monotonic_time() < deadline) {
        g_usleep(200);
    }
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    run_start(&run, "x86", own);
    ck_assert(run.report.restored || run.report.saved);
    ck_assert_ptr_null(run.report.why_booted);
    ck_assert(!is_being_saved(snapshots));
    run_assert_device_works(&run);
    run_end(&run);
}
END_TEST

static Suite *snapshot_suite(void)
{
    Suite *suite = suite_create("snapshot_bad");
    TCase *cases = tcase_create("snapshot_bad");

    tcase_set_timeout(cases, TEST_SECONDS);
    tcase_add_test(cases, a_damaged_snapshot_is_replaced);
    tcase_add_test(cases, a_failing_restore_boots_instead);
    tcase_add_test(cases, a_guest_that_cannot_be_saved_boots);
    tcase_add_test(cases, without_a_directory_guests_boot);
    tcase_add_test(cases, on_a_full_disk_guests_boot);
    tcase_add_test(cases, a_run_killed_while_it_saves_leaves_no_wrong_snapshot);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return run_suite(snapshot_suite());
}
