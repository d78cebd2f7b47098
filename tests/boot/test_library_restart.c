/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvmbench: handlers that die while the guest runs, bus errors, and resets, on the machine that
 * MACHINE names.
 */
#include <string.h>

#include "tap.h"
#include "vmbench.h"

#define WINDOW 0xfef00000

static const char *const outside[] = {"vmmio-test-outside", NULL};
static const guint8 bytes[] = {0x01, 0x02, 0x03, 0x04};

static Vmbench *bench;
static GError *error;

#define ck_assert_well(what) \
    ck_assert_msg(what, "%s: %s", vmb_verdict_name(error->code), error->message)

static void boot(void)
{
    static const char *const ranges[] = {"start=0xfef00000,size=0x1000,on-disconnect=error",
                                         "start=0xfef01000,size=0x1000", NULL};
    const VmbenchOptions options = {
        .machine = g_getenv("MACHINE"), .ranges = ranges, .resets = TRUE,
    };

    bench = vmbench_boot(&options, &error);
    ck_assert_well(bench != NULL);
}

static void end(void)
{
    vmbench_free(bench);
}

static VmbenchHandler *start_handler(void)
{
    VmbenchHandler *handler = vmbench_handler_start(bench, 0, outside, &error);

    ck_assert_well(handler != NULL && vmbench_wait_claim(bench, 0, &error));
    return handler;
}

static void crash(VmbenchHandler *handler)
{
    ck_assert_well(vmbench_handler_kill(handler, &error));
    ck_assert_well(vmbench_wait_release(bench, 0, &error));
}

/* A program that tells when it runs, and makes its access when it is told to. */
static VmbenchProgram *start_reader(void)
{
    static const char *const argv[] = {
        "sh", "-c", "echo ready; read line; exec vmmio-io read 0xfef00000 4", NULL,
    };
    const VmbenchCommand command = {.argv = argv, .keep_input = TRUE};
    VmbenchProgram *reader = vmbench_start(bench, &command, &error);

    ck_assert_well(reader != NULL && vmbench_program_wait_output(reader, "ready", &error));
    return reader;
}

START_TEST(handler_dies_while_a_program_runs)
{
    gboolean pi = g_str_equal(g_getenv("MACHINE"), "raspi4b");
    const char *output = pi ? "ready\n" : "ready\nff ff ff ff\n";
    VmbenchHandler *handler = start_handler();
    VmbenchProgram *reader = start_reader();
    g_auto(VmbenchOutcome) outcome = {0};

    crash(handler);
    vmbench_program_send(reader, "go\n", 3);
    ck_assert_well(vmbench_program_wait(reader, &outcome, &error));
    ck_assert(outcome.exited);
    ck_assert_uint_eq(outcome.value, pi ? 3 : 0);
    ck_assert_well(vmbench_compare(outcome.out, output, strlen(output), &error));
}
END_TEST

START_TEST(a_new_handler_heals_the_range)
{
    static const guint8 zeros[4] = {0};

    ck_assert_well(vmbench_write(bench, WINDOW, 4, bytes, 4, &error)); /* dropped: no error yet */
    crash(start_handler());
    for (guint width = 1; width <= 8; width *= 2) {
        ck_assert_well(vmbench_expect_bus_error(bench, WINDOW, width, &error));
    }
    start_handler();
    ck_assert_well(vmbench_expect_bytes(bench, WINDOW, 4, zeros, 4, &error));
    ck_assert_well(vmbench_write(bench, WINDOW, 4, bytes, 4, &error));
    ck_assert_well(vmbench_expect_bytes(bench, WINDOW, 1, bytes, 4, &error));
    ck_assert_well(vmbench_check(bench, &error));
}
END_TEST

/* The other range has another policy, and nobody has claimed it. */
START_TEST(the_policy_is_the_range_s_own)
{
    static const guint8 aa[] = {0xaa, 0xaa, 0xaa, 0xaa};

    crash(start_handler());
    ck_assert_well(vmbench_expect_bus_error(bench, WINDOW, 4, &error));
    ck_assert_well(vmbench_expect_bytes(bench, WINDOW + 0x1000, 4, aa, 4, &error));
}
END_TEST

START_TEST(a_reset_leaves_the_handler)
{
    static const char *const mark[] = {"sh", "-c", "echo mark > /tmp/mark", NULL};
    static const char *const look[] = {"sh", "-c", "test ! -e /tmp/mark", NULL};
    g_auto(VmbenchOutcome) outcome = {0};
    VmbenchProgram *reader;
    GBytes *output;

    start_handler();
    ck_assert_well(vmbench_write(bench, WINDOW, 4, bytes, 4, &error));
    output = vmbench_run(bench, mark, &error);
    ck_assert_well(output != NULL);
    g_bytes_unref(output);
    reader = start_reader();
    ck_assert_well(vmbench_reset(bench, &error));
    ck_assert(!vmbench_program_wait(reader, &outcome, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_RESET));
    g_clear_error(&error);
    output = vmbench_run(bench, look, &error);
    ck_assert_well(output != NULL);
    g_bytes_unref(output);
    ck_assert_well(vmbench_expect_bytes(bench, WINDOW, 4, bytes, 4, &error));
}
END_TEST

static void run_in_guest(const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    GBytes *output = vmbench_run(bench, argv, &error);

    ck_assert_well(output != NULL);
    g_bytes_unref(output);
}

/* On either machine's line. */
START_TEST(noise_on_the_results_line_is_told)
{
    ck_assert_well(vmbench_check(bench, &error));
    run_in_guest("for tty in ttyS1 ttyAMA0; do "
                 "[ ! -c /dev/$tty ] || head -c 4096 /dev/zero > /dev/$tty; done");
    ck_assert(!vmbench_check(bench, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROTOCOL));
    ck_assert_ptr_nonnull(strstr(error->message, "the results line carried 4096 bytes"));
    g_clear_error(&error);
}
END_TEST

/* The kernel's words come after the end of the program that is to blame, and take their time. */
START_TEST(an_oops_is_waited_for)
{
    gint64 deadline = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    run_in_guest("(sleep 0.2; echo '<0>BUG: unable to handle page fault for address: 0000' "
                 "> /dev/kmsg) &");
    while (vmbench_check(bench, &error)) {
        ck_assert_int_lt(g_get_monotonic_time(), deadline);
        g_usleep(100000);
    }
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_OOPS));
    g_clear_error(&error);
}
END_TEST

/* What waits is told at once, and so is each call after that. */
START_TEST(a_handler_that_ends_by_itself_is_told)
{
    static const char *const ends[] = {"false", NULL};
    VmbenchHandler *handler = vmbench_handler_start(bench, 0, ends, &error);

    ck_assert_well(handler != NULL);
    for (guint i = 0; i < 2; i++) {
        ck_assert(!vmbench_wait_claim(bench, 0, &error));
        ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_HANDLER_DIED));
        g_clear_error(&error);
    }
    ck_assert(!vmbench_check(bench, NULL));
}
END_TEST

START_TEST(several_guests_are_apart)
{
    static const guint8 aa[] = {0xaa, 0xaa, 0xaa, 0xaa};
    const VmbenchOptions options = {.machine = "x86"};
    g_autoptr(Vmbench) other = vmbench_boot(&options, &error);

    ck_assert_well(other != NULL);
    start_handler();
    ck_assert_well(vmbench_write(bench, WINDOW, 4, bytes, 4, &error));
    ck_assert_well(vmbench_expect_bytes(other, WINDOW, 4, aa, 4, &error));
    ck_assert_well(vmbench_expect_bytes(bench, WINDOW, 4, bytes, 4, &error));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("library_restart");
    TCase *cases = tcase_create("restart");

    tcase_set_timeout(cases, 300);
    tcase_add_checked_fixture(cases, boot, end);
    tcase_add_test(cases, handler_dies_while_a_program_runs);
    tcase_add_test(cases, a_new_handler_heals_the_range);
    tcase_add_test(cases, the_policy_is_the_range_s_own);
    tcase_add_test(cases, a_reset_leaves_the_handler);
    tcase_add_test(cases, noise_on_the_results_line_is_told);
    tcase_add_test(cases, an_oops_is_waited_for);
    tcase_add_test(cases, a_handler_that_ends_by_itself_is_told);
    tcase_add_test(cases, several_guests_are_apart);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
