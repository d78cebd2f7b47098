/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that fail in each way there is, on the machine that MACHINE names, below the command line:
 * every failure has its own verdict. Where a death is to be noticed at once, what waits for it
 * would wait for longer than the test may take.
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "guest.h"
#include "handler.h"
#include "settings.h"
#include "snapshot.h"
#include "tap.h"

#define BOOT_MS 120000
#define CLAIM_MS 30000
#define PROGRAM_MS 60000
#define FOR_EVER_MS 3600000
#define TEST_SECONDS 240

static char *logs;
static VmbSettings *settings;
static VmbGuestConfig *config;
static VmbAlarm *events;
static VmbGuest *guest;

static const char *setting(const char *name)
{
    const char *value = g_getenv(name);

    ck_assert_msg(value != NULL, "%s is not set: run this with meson test", name);
    return value;
}

/* Before boot(). */
static void configure(void)
{
    char *argv[] = {(char *)"verdicts", (char *)"--accel", (char *)"tcg", NULL};
    g_autoptr(GError) error = NULL;

    settings = vmb_settings_parse(3, argv, "", NULL, &error);
    ck_assert_msg(settings != NULL, "%s", error != NULL ? error->message : "");
    config = vmb_settings_guest(settings, vmb_machine_find(setting("MACHINE")));
}

static void start(double timeout_scale)
{
    g_autofree char *snapshots = vmb_snapshot_directory();
    VmbSnapshotReport report;
    g_autoptr(GError) error = NULL;

    logs = g_dir_make_tmp("vmbench-verdicts-XXXXXX", NULL);
    events = vmb_alarm_new(timeout_scale);
    guest = vmb_snapshot_boot(config, logs, snapshots, events, &report, &error);
    vmb_snapshot_report_clear(&report);
    ck_assert_msg(guest != NULL, "%s", error != NULL ? error->message : "");
    ck_assert_ptr_nonnull(vmb_guest_endpoint(guest, NULL));
}

static void boot_scaled(double timeout_scale)
{
    configure();
    start(timeout_scale);
}

static void boot(void)
{
    boot_scaled(1.0);
}

static void remove_logs(void)
{
    g_autoptr(GDir) dir = g_dir_open(logs, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(logs, name, NULL);

        g_unlink(path);
    }
    ck_assert_int_eq(g_rmdir(logs), 0);
    g_free(logs);
}

static void finish(void)
{
    vmb_guest_free(guest);
    vmb_alarm_free(events);
    vmb_guest_config_free(config);
    vmb_settings_free(settings);
    remove_logs();
}

/* `script` is for the guest's shell. */
static VmbProgram *start_script(const char *script, GBytes *input)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    VmbProgramSpec spec = {.argv = argv, .input = input};
    VmbProgram *program = vmb_program_start(vmb_guest_agent(guest), &spec, NULL);

    ck_assert_ptr_nonnull(program);
    return program;
}

/* The end of a script that is expected to exit(status). */
static GError *judge_script(const char *script, guint status)
{
    g_autoptr(VmbProgram) program = start_script(script, NULL);
    GError *error = NULL;

    ck_assert_msg(vmb_program_wait(program, PROGRAM_MS, &error), "%s: %s", script,
                  error != NULL ? error->message : "");
    vmb_program_result_check(vmb_program_result(program), "sh", status, &error);
    return error;
}

static void assert_told(GError *error, VmbErrorCode code, const char *words)
{
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(g_error_matches(error, VMB_ERROR, (gint)code) &&
                      strstr(error->message, words) != NULL,
                  "%s: %s", vmb_verdict_name(error->code), error->message);
    g_error_free(error);
}

/* The script is the end of the guest, or of the wait for it. */
static void assert_ends(const char *script, GBytes *input, VmbErrorCode code, const char *words)
{
    g_autoptr(VmbProgram) program = start_script(script, input);
    GError *error = NULL;

    ck_assert(!vmb_program_wait(program, FOR_EVER_MS, &error));
    assert_told(error, code, words);
}

static GBytes *crash_module(void)
{
    g_autofree char *path =
        g_build_filename(setting("CRASH_MODULES"), setting("MACHINE"), "crash.ko", NULL);
    char *bytes = NULL;
    gsize len = 0;

    ck_assert(g_file_get_contents(path, &bytes, &len, NULL));
    return g_bytes_new_take(bytes, len);
}

START_TEST(programs_ends_are_told_apart)
{
    boot();
    ck_assert_ptr_null(judge_script("exit 0", 0));
    ck_assert_ptr_null(judge_script("exit 3", 3));
    assert_told(judge_script("echo alas >&2; exit 3", 0), VMB_ERROR_PROGRAM_FAILED,
                "exit status 3: alas");
    assert_told(judge_script("kill -SEGV $$", 0), VMB_ERROR_PROGRAM_SIGNAL, "signal 11");
    assert_told(judge_script("kill -ABRT $$", 0), VMB_ERROR_PROGRAM_SIGNAL, "signal 6");
    finish();
}
END_TEST

START_TEST(a_test_that_hangs_disturbs_nobody)
{
    GError *error = NULL;

    boot();
    g_autoptr(VmbProgram) program = start_script("echo begun; sleep 3600", NULL);

    ck_assert(vmb_program_wait_output(program, "begun\n", PROGRAM_MS, NULL));
    ck_assert(!vmb_program_wait(program, 1500, &error));
    assert_told(error, VMB_ERROR_PROGRAM_TIMEOUT, "sh did not end in time");
    g_clear_pointer(&program, vmb_program_free);
    ck_assert_ptr_null(judge_script("exit 0", 0));
    ck_assert_ptr_null(vmb_alarm_error(events));
    finish();
}
END_TEST

/* An EXIT of this run, good but for the nonce, as words for the guest's printf. */
static char *forged_exit(void)
{
    static const guint8 payload[AGENT_EXIT_LENGTH] = {AGENT_EXIT_EXITED, 0, 0, 0, 0};
    struct agent_frame frame = {.type = AGENT_EXIT, .id = 1, .nonce = ~config->nonce,
                                .length = sizeof(payload), .payload = payload};
    guint8 bytes[AGENT_FRAME_SIZE];
    gsize len = agent_frame_encode(&frame, bytes);
    GString *words = g_string_new(NULL);

    for (gsize i = 0; i < len; i++) {
        g_string_append_printf(words, "\\%03o", bytes[i]);
    }
    return g_string_free(words, FALSE);
}

START_TEST(lies_and_noise_on_the_results_line_do_not_count)
{
    boot();
    g_autofree char *forgery = forged_exit();
    const char *tty = config->machine->results_tty;
    g_autofree char *script =
        g_strdup_printf("printf '%s' >/dev/%s; head -c 1048576 /dev/urandom >/dev/%s; "
                        "printf 'VB EXIT 0 pass\\n' >/dev/%s; exit 5",
                        forgery, tty, tty, tty);

    assert_told(judge_script(script, 0), VMB_ERROR_PROGRAM_FAILED, "exit status 5");
    ck_assert_uint_ge(vmb_agent_link_noise(vmb_guest_agent(guest)).bytes, 1024 * 1024);
    ck_assert_uint_ge(vmb_agent_link_noise(vmb_guest_agent(guest)).bad_nonce, 1);
    ck_assert_ptr_null(judge_script("exit 0", 0));
    finish();
}
END_TEST

START_TEST(noise_on_the_console_does_not_count)
{
    boot();
    ck_assert_ptr_null(judge_script("head -c 1048576 /dev/urandom >/dev/console; echo 'Kernel panic"
                                    " - not syncing: Oops: pass' >/dev/console", 0));
    ck_assert_ptr_null(judge_script("exit 0", 0));
    finish();
}
END_TEST

START_TEST(a_panic_is_told)
{
    boot();
    assert_ends("echo c >/proc/sysrq-trigger", NULL, VMB_ERROR_PANIC, "sysrq triggered crash");
    finish();
}
END_TEST

/* insmod is killed for it, and its end comes first. */
START_TEST(an_oops_is_told)
{
    boot();
    g_autoptr(GBytes) module = crash_module();

    assert_ends("cat >/crash.ko; insmod /crash.ko what=oops", module, VMB_ERROR_OOPS,
                " in crash+0x");
    finish();
}
END_TEST

START_TEST(an_oops_that_panics_is_a_panic)
{
    configure();
    config->append = g_strdup("oops=panic panic_on_oops=1");
    start(1.0);
    g_autoptr(GBytes) module = crash_module();

    assert_ends("cat >/crash.ko; insmod /crash.ko what=oops", module, VMB_ERROR_PANIC,
                "Kernel panic - not syncing: ");
    finish();
}
END_TEST

/* What is silent for 4 s instead of 10 hangs: all that time the guest's CPU is busy. */
START_TEST(a_kernel_that_hangs_is_told)
{
    boot_scaled(0.4);
    g_autoptr(GBytes) module = crash_module();

    assert_ends("cat >/crash.ko; insmod /crash.ko what=hang", module, VMB_ERROR_KERNEL_HANG,
                "the guest kernel hangs");
    finish();
}
END_TEST

START_TEST(a_reset_is_told)
{
    boot();
    assert_ends("echo b >/proc/sysrq-trigger; sleep 3600", NULL, VMB_ERROR_RESET, "by itself");
    finish();
}
END_TEST

START_TEST(a_power_off_is_told)
{
    boot();
    assert_ends("poweroff -f; sleep 3600", NULL, VMB_ERROR_RESET, "by itself");
    finish();
}
END_TEST

/* A child of this process whose program is called so, cut to 15 letters as the kernel does. */
static pid_t find_child(const char *name)
{
    g_autofree char *children = NULL;
    pid_t found = 0;

    ck_assert(g_file_get_contents("/proc/thread-self/children", &children, NULL, NULL));
    g_auto(GStrv) pids = g_strsplit(children, " ", -1);

    for (char **pid = pids; *pid != NULL && **pid != '\0'; pid++) {
        g_autofree char *path = g_build_filename("/proc", *pid, "comm", NULL);
        g_autofree char *comm = NULL;

        ck_assert(g_file_get_contents(path, &comm, NULL, NULL));
        if (strncmp(comm, name, MIN(strlen(name), 15)) == 0) {
            found = (pid_t)g_ascii_strtoll(*pid, NULL, 10);
        }
    }
    ck_assert_int_gt(found, 0);
    return found;
}

START_TEST(qemus_death_is_told)
{
    GError *error = NULL;

    boot();
    g_autoptr(VmbProgram) program = start_script("echo begun; sleep 3600", NULL);

    ck_assert(vmb_program_wait_output(program, "begun\n", PROGRAM_MS, NULL));
    kill(find_child("qemu-system"), SIGKILL);
    ck_assert(!vmb_program_wait(program, FOR_EVER_MS, &error));
    assert_told(error, VMB_ERROR_QEMU_DIED, "signal 9 (Killed)");
    finish();
}
END_TEST

static VmbHandler *start_handler(void)
{
    const char *endpoint = vmb_guest_endpoint(guest, NULL);
    VmbHandler *handler = vmb_handler_start(setting("OUTSIDE"), endpoint, logs, events, NULL);

    ck_assert_ptr_nonnull(handler);
    ck_assert(vmb_guest_wait_claim(guest, CLAIM_MS, NULL));
    return handler;
}

START_TEST(a_handlers_death_is_told)
{
    GError *error = NULL;

    boot();
    g_autoptr(VmbHandler) handler = start_handler();
    g_autoptr(VmbProgram) program = start_script("sleep 3600", NULL);

    kill(find_child("vmmio-test-outside"), SIGKILL);
    ck_assert(!vmb_program_wait(program, FOR_EVER_MS, &error));
    assert_told(error, VMB_ERROR_HANDLER_DIED, "signal 9 (Killed)");
    g_clear_pointer(&handler, vmb_handler_free);
    finish();
}
END_TEST

/* No kernel hang is called what is a handler that does not answer. */
START_TEST(a_handler_that_is_silent_is_told)
{
    GError *error = NULL;

    configure();
    config->properties = g_strdup("timeout-ms=0,ping-ms=0");
    start(1.0);
    g_autoptr(VmbHandler) handler = start_handler();
    pid_t pid = find_child("vmmio-test-outside");

    kill(pid, SIGSTOP);
    g_autoptr(VmbProgram) program = start_script("vmmio-test-inside", NULL);

    ck_assert(!vmb_program_wait(program, 12000, &error));
    assert_told(error, VMB_ERROR_PROGRAM_TIMEOUT,
                "the guest waits for the handler of vmmio0, which has not answered a ");
    ck_assert_ptr_null(vmb_alarm_error(events));
    kill(pid, SIGCONT);
    ck_assert(vmb_program_wait(program, PROGRAM_MS, &error));
    g_clear_pointer(&handler, vmb_handler_free);
    finish();
}
END_TEST

START_TEST(a_reset_that_is_asked_for_starts_anew)
{
    GError *error = NULL;

    configure();
    config->can_reset = TRUE; /* also when it comes from a snapshot */
    start(1.0);
    g_autoptr(VmbProgram) lost = start_script("touch /before; echo begun; sleep 3600", NULL);

    ck_assert(vmb_program_wait_output(lost, "begun\n", PROGRAM_MS, NULL));
    ck_assert_msg(vmb_guest_reset(guest, BOOT_MS, &error), "%s",
                  error != NULL ? error->message : "");
    ck_assert(!vmb_program_wait(lost, PROGRAM_MS, &error));
    assert_told(error, VMB_ERROR_RESET, "the guest was reset while sh ran in it");
    ck_assert_ptr_null(judge_script("test ! -e /before", 0));
    assert_ends("echo b >/proc/sysrq-trigger; sleep 3600", NULL, VMB_ERROR_RESET, "by itself");
    finish();
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *const *tests)
{
    TCase *cases = tcase_create(name);

    tcase_set_timeout(cases, TEST_SECONDS);
    for (; *tests != NULL; tests++) {
        tcase_add_test(cases, *tests);
    }
    suite_add_tcase(suite, cases);
}
#define ADD(suite, name, ...) add(suite, name, (const TTest *const[]){__VA_ARGS__, NULL})

int main(void)
{
    Suite *suite = suite_create("verdicts");

    ADD(suite, "programs", programs_ends_are_told_apart, a_test_that_hangs_disturbs_nobody,
        lies_and_noise_on_the_results_line_do_not_count, noise_on_the_console_does_not_count);
    ADD(suite, "kernels", a_panic_is_told, an_oops_is_told, an_oops_that_panics_is_a_panic,
        a_kernel_that_hangs_is_told);
    ADD(suite, "resets", a_reset_is_told, a_power_off_is_told,
        a_reset_that_is_asked_for_starts_anew);
    ADD(suite, "others", qemus_death_is_told, a_handlers_death_is_told,
        a_handler_that_is_silent_is_told);
    return tap_run(suite);
}
