/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests from snapshots: they are right, and a snapshot that is not right is never used. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "handler.h"
#include "settings.h"
#include "snapshot.h"
#include "tap.h"

#define RUN_MS 60000
#define TIMEOUT_SCALE 4
/* Each test boots some guests, on a host that may be busy. */
#define TEST_SECONDS 600

static const char *const machines[] = {"raspi4b", "x86"};

static char *root;  /* of this program's files */
static char *cache; /* of most tests, so that a boot serves several */

/* One guest and all that it needs. */
typedef struct {
    VmbSettings *settings;
    VmbGuestConfig *config;
    VmbAlarm *alarm;
    VmbSnapshotReport report;
    VmbGuest *guest;
    char *logs;
} Run;

/* Everything but the guest. */
static void prepare(Run *run, const char *machine)
{
    char *argv[] = {(char *)"test", NULL};
    g_autoptr(GError) error = NULL;

    run->settings = vmb_settings_parse(1, argv, "", NULL, &error);
    ck_assert_msg(run->settings != NULL, "%s", error != NULL ? error->message : "");
    run->config = vmb_settings_guest(run->settings, vmb_machine_find(machine));
    run->config->kvm = FALSE;
    run->alarm = vmb_alarm_new(TIMEOUT_SCALE);
    run->logs = g_build_filename(root, "logs-XXXXXX", NULL);
    ck_assert_ptr_nonnull(g_mkdtemp(run->logs));
}

static void boot(Run *run, const char *cache_dir)
{
    g_autoptr(GError) error = NULL;

    run->guest = vmb_snapshot_boot(run->config, run->logs, cache_dir, run->alarm, &run->report,
                                   &error);
    ck_assert_msg(run->guest != NULL, "%s", error != NULL ? error->message : "");
    ck_assert(vmb_agent_link_is_ready(vmb_guest_agent(run->guest)));
    printf("# %s: %s%s, prepare %.3f start %.3f load %.3f agent %.3f boot %.3f save %.3f: %s %s\n",
           run->config->machine->name, run->report.restored ? "restored" : "booted",
           run->report.saved ? " and saved" : "", run->report.prepare_s, run->report.start_s,
           run->report.load_s, run->report.agent_s, run->report.boot_s, run->report.save_s,
           run->report.why_booted != NULL ? run->report.why_booted : "",
           run->report.why_unsaved != NULL ? run->report.why_unsaved : "");
    fflush(stdout);
}

static void start(Run *run, const char *machine, const char *cache_dir)
{
    prepare(run, machine);
    boot(run, cache_dir);
}

static void end(Run *run)
{
    g_autoptr(GError) error = NULL;

    ck_assert_msg(vmb_guest_quit(run->guest, &error), "%s", error != NULL ? error->message : "");
    vmb_guest_free(run->guest);
    vmb_snapshot_report_clear(&run->report);
    vmb_guest_config_free(run->config);
    vmb_settings_free(run->settings);
    vmb_alarm_free(run->alarm);
    g_free(run->logs);
}

/* A program's standard output; it must succeed. Free with g_free(). */
static char *output_of(const Run *run, const char *const *argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VmbProgramResult) result =
        vmb_agent_link_run(vmb_guest_agent(run->guest), argv, RUN_MS, &error);

    ck_assert_msg(result != NULL, "%s", error != NULL ? error->message : "");
    ck_assert_msg(result->exited && result->value == 0, "%s: %s", argv[0], result->err->str);
    return g_strdup(result->out->str);
}

static char *shell(const Run *run, const char *script)
{
    return output_of(run, (const char *const[]){"sh", "-c", script, NULL});
}

static void assert_fixture(const Run *run, const char *fixture, const char *got)
{
    g_autofree char *path = g_build_filename(run->settings->fixtures, "memory", fixture, NULL);
    g_autofree char *expected = NULL;

    ck_assert(g_file_get_contents(path, &expected, NULL, NULL));
    ck_assert_str_eq(got, expected);
}

/* The memory example, without and with its handler. */
static void assert_device_works(Run *run)
{
    static const char *const inside[] = {"vmmio-test-inside", NULL};
    g_autoptr(GError) error = NULL;
    const char *endpoint = vmb_guest_endpoint(run->guest, &error);
    g_autofree char *unclaimed = output_of(run, inside);
    g_autofree char *handled = NULL;
    g_autoptr(VmbHandler) handler =
        vmb_handler_start(run->settings->handler, endpoint, run->logs, run->alarm, &error);

    assert_fixture(run, "inside-unclaimed.txt", unclaimed);
    ck_assert_msg(handler != NULL && vmb_guest_wait_claim(run->guest, RUN_MS, &error), "%s",
                  error != NULL ? error->message : "");
    handled = output_of(run, inside);
    assert_fixture(run, "inside-handled.txt", handled);
    ck_assert(vmb_handler_stop(handler, &error));
}

static void assert_clock_is_right(const Run *run)
{
    time_t before = time(NULL);
    g_autofree char *text = shell(run, "date +%s");
    gint64 guest = g_ascii_strtoll(text, NULL, 10);

    ck_assert_int_ge(guest, before - 2);
    ck_assert_int_le(guest, time(NULL) + 2);
}

static void assert_restored(const Run *run)
{
    ck_assert_msg(run->report.restored, "%s",
                  run->report.why_booted != NULL ? run->report.why_booted : "there is no snapshot");
    ck_assert(!run->report.saved);
    ck_assert_ptr_null(run->report.why_booted);
    ck_assert_ptr_null(run->report.why_unsaved);
}

static void assert_saved(const Run *run)
{
    ck_assert(!run->report.restored);
    ck_assert_msg(run->report.saved, "%s",
                  run->report.why_unsaved != NULL ? run->report.why_unsaved : "no reason");
    ck_assert_ptr_null(run->report.why_unsaved);
}

/* A snapshot is there for `machine`; returns the path of one of its files. Free with g_free(). */
static char *snapshot_file(const char *machine, const char *name)
{
    Run run;
    char *path;

    start(&run, machine, cache);
    ck_assert(run.report.restored || run.report.saved);
    path = g_build_filename(cache, "snapshots", run.report.key, name, NULL);
    end(&run);
    return path;
}

START_TEST(a_restored_guest_is_the_same)
{
    g_autofree char *own = g_build_filename(root, "same", machines[_i], NULL);
    g_autofree char *first_random = NULL;
    Run run;

    start(&run, machines[_i], own);
    assert_saved(&run);
    ck_assert_ptr_null(run.report.why_booted);
    assert_device_works(&run);
    end(&run);
    for (int i = 0; i < 2; i++) {
        g_autofree char *random = NULL;

        start(&run, machines[_i], own);
        assert_restored(&run);
        assert_clock_is_right(&run);
        assert_device_works(&run);
        random = shell(&run, "od -An -tx1 -N16 /dev/urandom");
        ck_assert_str_ne(random, first_random != NULL ? first_random : "");
        first_random = g_steal_pointer(&random);
        end(&run);
    }
}
END_TEST

START_TEST(a_restored_guest_is_nobody_elses)
{
    Run run[2];

    start(&run[0], "x86", cache);
    end(&run[0]);
    start(&run[0], "x86", cache);
    start(&run[1], "x86", cache);
    assert_restored(&run[0]);
    assert_restored(&run[1]);
    for (int i = 0; i < 2; i++) {
        g_autofree char *script = g_strdup_printf("echo %d > /tmp/mine", i);

        g_free(shell(&run[i], script));
    }
    for (int i = 0; i < 2; i++) {
        g_autofree char *mine = shell(&run[i], "cat /tmp/mine");
        g_autofree char *expected = g_strdup_printf("%d\n", i);

        ck_assert_str_eq(mine, expected);
        assert_device_works(&run[i]);
    }
    end(&run[0]);
    end(&run[1]);
    start(&run[0], "x86", cache);
    assert_restored(&run[0]);
    g_free(shell(&run[0], "[ ! -e /tmp/mine ]"));
    end(&run[0]);
}
END_TEST

START_TEST(two_first_runs_at_a_time)
{
    g_autofree char *own = g_build_filename(root, "two", NULL);
    pid_t child = fork();
    Run run;
    int status;

    ck_assert_int_ge(child, 0);
    start(&run, "x86", own);
    ck_assert(run.report.restored || run.report.saved);
    assert_device_works(&run);
    end(&run);
    if (child == 0) {
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    start(&run, "x86", own);
    assert_restored(&run);
    end(&run);
}
END_TEST

/* What a program prints as soon as the guest, which is booting, runs it. Free with g_free(). */
static char *output_after_reset(const Run *run, const char *const *argv)
{
    for (int i = 0; i < RUN_MS / 500; i++) {
        g_autoptr(VmbProgramResult) result =
            vmb_agent_link_run(vmb_guest_agent(run->guest), argv, 500, NULL);

        if (result != NULL) {
            return g_strdup(result->out->str);
        }
        ck_assert_ptr_null(vmb_alarm_error(run->alarm));
    }
    ck_abort_msg("the guest does not come back after its reset");
    return NULL;
}

START_TEST(a_restored_guest_can_be_reset)
{
    g_autofree char *path = snapshot_file(machines[_i], "ram");
    g_autofree char *nonce = NULL;
    g_autofree char *words = NULL;
    g_autofree char *words_now = NULL;
    g_autoptr(JsonNode) reset = NULL;
    VmbQmp *qmp;
    Run run;

    prepare(&run, machines[_i]);
    run.config->can_reset = TRUE;
    nonce = g_strdup_printf("vmbench.nonce=%016" G_GINT64_MODIFIER "x", run.config->nonce);
    boot(&run, cache);
    assert_restored(&run);
    words = shell(&run, "cat /proc/cmdline");
    ck_assert_ptr_null(strstr(words, nonce));
    vmb_agent_link_allow_restart(vmb_guest_agent(run.guest));
    qmp = vmb_guest_qmp(run.guest, NULL);
    reset = vmb_qmp_call(qmp, "system_reset", NULL, NULL);
    ck_assert_ptr_nonnull(reset);
    words_now = output_after_reset(&run, (const char *const[]){"cat", "/proc/cmdline", NULL});
    ck_assert_msg(strstr(words_now, nonce) != NULL, "%s", words_now);
    assert_device_works(&run);
    end(&run);
}
END_TEST

static void flip_byte(const char *path, off_t at)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    guint8 byte;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 0x01;
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void damage_state(const char *path)
{
    flip_byte(path, 5000);
}

/* Its times are put back: they alone must not decide. */
static void damage_ram(const char *path)
{
    struct stat s;

    ck_assert_int_eq(stat(path, &s), 0);
    flip_byte(path, 1 << 20);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, (struct timespec[]){s.st_atim, s.st_mtim}, 0), 0);
}

static void cut_off(const char *path)
{
    struct stat s;

    ck_assert_int_eq(stat(path, &s), 0);
    ck_assert_int_eq(truncate(path, s.st_size / 2), 0);
}

static void remove_it(const char *path)
{
    ck_assert_int_eq(g_remove(path), 0);
}

static void replace_text(const char *path, const char *from, const char *to)
{
    g_autofree char *content = NULL;
    g_autoptr(GString) text = NULL;

    ck_assert(g_file_get_contents(path, &content, NULL, NULL));
    text = g_string_new(content);
    ck_assert_uint_eq(g_string_replace(text, from, to, 0), 1);
    ck_assert(g_file_set_contents(path, text->str, -1, NULL));
}

static void other_version(const char *path)
{
    replace_text(path, "version=1", "version=99");
}

/* The agent would not answer to it. */
static void other_nonce(const char *path)
{
    replace_text(path, "nonce=", "nonce=f");
}

static void no_ini(const char *path)
{
    ck_assert(g_file_set_contents(path, "[[[", -1, NULL));
}

static const struct {
    const char *file;
    void (*damage)(const char *path);
    const char *why;
} damages[] = {
    {"state", damage_state, "the snapshot is damaged: its state or snapshot.ini was changed"},
    {"state", cut_off, "the snapshot is damaged: its state or snapshot.ini was changed"},
    {"state", remove_it, "the snapshot is damaged: its state or snapshot.ini was changed"},
    {"ram", damage_ram, "the snapshot is damaged: its RAM was changed or copied"},
    {"ram", cut_off, "the snapshot is damaged: its RAM was changed or copied"},
    {"ram", remove_it, "the snapshot is damaged: its RAM is missing"},
    {"snapshot.ini", other_version, "the snapshot was made by another version of vmbench"},
    {"snapshot.ini", other_nonce, "the snapshot is damaged: its state or snapshot.ini was changed"},
    {"snapshot.ini", no_ini, "the snapshot is damaged: snapshot.ini cannot be read"},
};

START_TEST(a_damaged_snapshot_is_replaced)
{
    g_autofree char *path = snapshot_file("x86", damages[_i].file);
    Run run;

    damages[_i].damage(path);
    start(&run, "x86", cache);
    assert_saved(&run);
    ck_assert_str_eq(run.report.why_booted, damages[_i].why);
    end(&run);
    start(&run, "x86", cache);
    assert_restored(&run);
    end(&run);
}
END_TEST

/* A QEMU that dies as soon as it is to restore something: /bin/false for that alone. */
static char *qemu_that_cannot_restore(const Run *run)
{
    const VmbMachine *machine = run->config->machine;
    g_autofree char *dir = g_build_filename(root, "qemu", NULL);
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
        prepare(&run, "x86");
        dir = dir != NULL ? dir : qemu_that_cannot_restore(&run);
        g_free(run.config->qemu_dir);
        run.config->qemu_dir = g_strdup(dir);
        boot(&run, cache);
        assert_saved(&run);
        if (i == 1) {
            ck_assert_str_eq(run.report.why_booted, "QEMU ended with exit status 3: no room: see "
                                                    "its log, then run again");
            log = g_build_filename(run.logs, "restore-qemu.log", NULL);
            ck_assert(g_file_test(log, G_FILE_TEST_EXISTS));
            assert_device_works(&run);
        }
        end(&run);
    }
}
END_TEST

START_TEST(a_guest_that_cannot_be_saved_boots)
{
    Run run;

    for (int i = 0; i < 2; i++) {
        prepare(&run, "raspi4b");
        run.config->network = TRUE;
        boot(&run, cache);
        ck_assert(!run.report.restored && !run.report.saved);
        ck_assert_ptr_null(run.report.why_booted);
        ck_assert_msg(strstr(run.report.why_unsaved, "usb-net") != NULL, "%s",
                      run.report.why_unsaved);
        assert_device_works(&run);
        end(&run);
    }
}
END_TEST

START_TEST(without_a_directory_guests_boot)
{
    g_autofree char *file = g_build_filename(root, "file", NULL);
    g_autofree char *below = g_build_filename(file, "cache", NULL);
    Run run;

    ck_assert(g_file_set_contents(file, "", 0, NULL));
    start(&run, "x86", below);
    ck_assert(!run.report.restored && !run.report.saved);
    ck_assert_ptr_nonnull(strstr(run.report.why_unsaved, "cannot make"));
    assert_device_works(&run);
    end(&run);
}
END_TEST

START_TEST(on_a_full_disk_guests_boot)
{
    g_autofree char *small = g_build_filename(root, "small", NULL);
    g_autofree char *snapshots = g_build_filename(small, "snapshots", NULL);
    g_autoptr(GDir) dir = NULL;
    const char *name;
    Run run;

    ck_assert_int_eq(g_mkdir(small, 0755), 0);
    ck_assert_int_eq(unshare(getuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS), 0);
    ck_assert_int_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    ck_assert_int_eq(mount("none", small, "tmpfs", 0, "size=8m"), 0);
    start(&run, "x86", small);
    ck_assert(!run.report.restored && !run.report.saved);
    ck_assert_str_eq(run.report.why_unsaved,
                     "cannot write the guest's RAM: No space left on device");
    assert_device_works(&run);
    end(&run);
    dir = g_dir_open(snapshots, 0, NULL);
    while ((name = g_dir_read_name(dir)) != NULL) {
        ck_assert_msg(!g_str_has_prefix(name, "draft-"), "%s is left", name);
    }
    ck_assert_int_eq(umount(small), 0);
}
END_TEST

static gboolean has_draft(const char *snapshots)
{
    g_autoptr(GDir) dir = g_dir_open(snapshots, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_prefix(name, "draft-")) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Killed at the sight of its draft, or, should it be that quick, after it has made a snapshot of it. */
START_TEST(a_run_killed_while_it_saves_leaves_no_wrong_snapshot)
{
    g_autofree char *path = snapshot_file("x86", ""); /* and the hashes of its files */
    g_autofree char *snapshots = g_build_filename(cache, "snapshots", NULL);
    g_autofree char *ram = g_build_filename(path, "ram", NULL);
    gint64 deadline = g_get_monotonic_time() + RUN_MS * TIMEOUT_SCALE * 1000;
    pid_t child;
    Run run;

    ck_assert_int_eq(truncate(ram, 0), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        start(&run, "x86", cache);
        pause();
    }
    while (!has_draft(snapshots) && g_get_monotonic_time() < deadline) {
        g_usleep(200);
    }
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    start(&run, "x86", cache);
    ck_assert(run.report.restored || run.report.saved);
    ck_assert(!has_draft(snapshots));
    assert_device_works(&run);
    end(&run);
}
END_TEST

static void make_root(void)
{
    root = g_dir_make_tmp("vmbench-snapshot-XXXXXX", NULL);
    if (root == NULL) {
        fprintf(stderr, "cannot make a temporary directory\n");
        exit(EXIT_FAILURE);
    }
    cache = g_build_filename(root, "cache", NULL);
}

static int remove_root(void)
{
    const char *argv[] = {"rm", "-rf", root, NULL};
    int status;

    return g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                        &status, NULL) ? status : EXIT_FAILURE;
}

static Suite *snapshot_suite(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *cases = tcase_create("snapshot");

    tcase_set_timeout(cases, TEST_SECONDS);
    tcase_add_loop_test(cases, a_restored_guest_is_the_same, 0, G_N_ELEMENTS(machines));
    tcase_add_test(cases, a_restored_guest_is_nobody_elses);
    tcase_add_test(cases, two_first_runs_at_a_time);
    tcase_add_loop_test(cases, a_restored_guest_can_be_reset, 0, G_N_ELEMENTS(machines));
    tcase_add_loop_test(cases, a_damaged_snapshot_is_replaced, 0, G_N_ELEMENTS(damages));
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
    int failed;

    make_root();
    failed = tap_run(snapshot_suite());
    return remove_root() == 0 ? failed : EXIT_FAILURE;
}
