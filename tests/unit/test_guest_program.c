/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs in the guest from the harness's side, against an agent that this file plays. */
#include "guest_program.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>

#include "fake_agent.h"
#include "tap.h"

/* By hand from frame.h, the CRCs by zlib. */
/* RUN 1 "echo" "hi", then INPUT 1 with no payload. */
static const guint8 golden_run[] = {
    0x56, 0x42, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45,
    0x23, 0x01, 0x0d, 0x00, 0x02, 0x00, 0x00, 0x00, 0x65, 0x63, 0x68, 0x6f, 0x00, 0x68,
    0x69, 0x00, 0x00, 0xcf, 0xef, 0x8d, 0x83,
    0x56, 0x42, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45,
    0x23, 0x01, 0x00, 0x00, 0x23, 0x9b, 0x9b, 0x93,
};
static const guint8 golden_output[] = {
    0x56, 0x42, 0x04, 0x01, 0x01, 0x00, 0x00, 0x00, 0xef, 0xcd, 0xab, 0x89, 0x67,
    0x45, 0x23, 0x01, 0x03, 0x00, 0x68, 0x69, 0x0a, 0x37, 0xdc, 0xc0, 0xc0,
};
static const guint8 golden_exit_0[] = {
    0x56, 0x42, 0x05, 0x00, 0x01, 0x00, 0x00, 0x00, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45,
    0x23, 0x01, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc5, 0x60, 0x2d, 0x25,
};

static const char *const echo_argv[] = {"echo", "hi", NULL};

/* What the agent does once a program is to run. */
static void (*on_run)(void);

static void on_frame(const struct agent_frame *frame)
{
    if (frame->type == AGENT_RUN && on_run != NULL) {
        on_run();
    }
}

static void setup(void)
{
    fake_agent_open(1.0);
    fake_agent.on_frame = on_frame;
    fake_agent.dying = TRUE;
    on_run = NULL;
}

static VmbProgramResult *run_echo(guint ms, GError **error)
{
    return vmb_agent_link_run(fake_agent.link, echo_argv, ms, error);
}

static void answer_golden(void)
{
    fake_agent_say_bytes(golden_output, sizeof(golden_output));
    fake_agent_say_bytes(golden_exit_0, sizeof(golden_exit_0));
}

START_TEST(a_program_runs)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_golden;
    g_autoptr(VmbProgramResult) result = run_echo(30000, &error);

    ck_assert_ptr_nonnull(result);
    ck_assert_str_eq(result->out->str, "hi\n");
    ck_assert_str_eq(result->err->str, "");
    ck_assert(result->exited);
    ck_assert_uint_eq(result->value, 0);
    ck_assert_uint_eq(fake_agent.seen->len, sizeof(golden_run));
    ck_assert_mem_eq(fake_agent.seen->data, golden_run, sizeof(golden_run));
}
END_TEST

static void answer_among_noise(void)
{
    static const char lookalike[] = "VB EXIT 0 passed\n";

    fake_agent_say_bytes(lookalike, strlen(lookalike));
    fake_agent_say(AGENT_OUTPUT, 1, 1, FAKE_NONCE + 1, "forged", 6);
    fake_agent_say(AGENT_OUTPUT, 1, 9, FAKE_NONCE, "another run", 11);
    fake_agent_say(AGENT_OUTPUT, 2, 1, FAKE_NONCE, "complaint", 9);
    fake_agent_say(77, 0, 1, FAKE_NONCE, NULL, 0);
    fake_agent_say_exit(9, AGENT_EXIT_EXITED, 0);
    fake_agent_say_bytes(golden_output, sizeof(golden_output) - 1); /* cut off */
    fake_agent_say(AGENT_OUTPUT, 1, 1, FAKE_NONCE, "real", 4);
    fake_agent_say_exit(1, AGENT_EXIT_EXITED, 3);
}

START_TEST(only_frames_of_this_run_count)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_among_noise;
    g_autoptr(VmbProgramResult) result = run_echo(30000, &error);

    ck_assert_ptr_nonnull(result);
    ck_assert_str_eq(result->out->str, "real");
    ck_assert_str_eq(result->err->str, "complaint");
    ck_assert(result->exited);
    ck_assert_uint_eq(result->value, 3);
}
END_TEST

static void answer_signal(void)
{
    fake_agent_say_exit(1, AGENT_EXIT_SIGNALLED, SIGBUS);
}

START_TEST(a_killed_program_is_a_result)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_signal;
    g_autoptr(VmbProgramResult) result = run_echo(30000, &error);

    ck_assert_ptr_nonnull(result);
    ck_assert(!result->exited);
    ck_assert_uint_eq(result->value, SIGBUS);
}
END_TEST

static void answer_exec_failed(void)
{
    fake_agent_say_exit(1, AGENT_EXIT_EXEC_FAILED, 2);
}

START_TEST(a_missing_program_is_an_error)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_exec_failed;
    ck_assert_ptr_null(run_echo(30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROGRAM_MISSING));
    ck_assert_ptr_nonnull(strstr(error->message, "echo (No such file or directory)"));
}
END_TEST

START_TEST(a_program_that_hangs_is_killed)
{
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(run_echo(20, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROGRAM_TIMEOUT));
    ck_assert_str_eq(error->message, "echo did not end in time: does it wait for a handler or an "
                                     "interrupt? or try --timeout-scale 4");
    ck_assert_uint_eq(fake_agent.kills, 1);
    ck_assert_ptr_null(vmb_alarm_error(fake_agent.alarm));
}
END_TEST

static void answer_late(void)
{
    fake_agent_say_exit(1, AGENT_EXIT_SIGNALLED, SIGKILL);
}

START_TEST(a_late_exit_does_not_end_the_next_run)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) second = NULL;

    fake_agent.dying = FALSE;
    ck_assert_ptr_null(run_echo(20, &error));
    on_run = answer_late; /* of run 1 */
    ck_assert_ptr_null(run_echo(20, &second));
    ck_assert(g_error_matches(second, VMB_ERROR, VMB_ERROR_PROGRAM_TIMEOUT));
}
END_TEST

static guint8 flood[4096];
static guint flood_frames;

/* As fast as the harness reads: from a source, for the loop is the harness's too. */
static gboolean on_room(int fd, GIOCondition condition, gpointer data)
{
    (void)fd;
    (void)condition;
    (void)data;
    if (flood_frames == 0) {
        fake_agent_say_exit(1, AGENT_EXIT_SIGNALLED, SIGKILL);
        return G_SOURCE_REMOVE;
    }
    flood_frames--;
    fake_agent_say(AGENT_OUTPUT, 1, 1, FAKE_NONCE, flood, sizeof(flood));
    return G_SOURCE_CONTINUE;
}

static void answer_flood(void)
{
    flood_frames = VMB_OUTPUT_MAX / sizeof(flood) + 1;
    g_unix_fd_add(fake_agent.fd, G_IO_OUT, on_room, NULL);
}

START_TEST(too_much_output_is_an_error)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_flood;
    ck_assert_ptr_null(run_echo(50000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROGRAM_FAILED));
    ck_assert_ptr_nonnull(strstr(error->message, "16 MiB"));
}
END_TEST

START_TEST(arguments_that_do_not_fit_are_refused)
{
    g_autofree char *word = g_strnfill(5000, 'x');
    const char *argv[] = {"echo", word, NULL};
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(vmb_agent_link_run(fake_agent.link, argv, 30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_uint_eq(fake_agent.seen->len, 0);
}
END_TEST

static void answer_malformed(void)
{
    fake_agent_say(AGENT_EXIT, 0, 1, FAKE_NONCE, "\0", 1);
}

START_TEST(a_malformed_exit_ends_the_run)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_malformed;
    ck_assert_ptr_null(run_echo(30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROTOCOL));
}
END_TEST

static void raise_alarm(void)
{
    vmb_alarm_raise(fake_agent.alarm, g_error_new(VMB_ERROR, VMB_ERROR_PANIC, "panicked"));
}

START_TEST(an_alarm_ends_a_run_at_once)
{
    g_autoptr(GError) error = NULL;

    on_run = raise_alarm;
    ck_assert_ptr_null(run_echo(50000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PANIC));
}
END_TEST

static VmbProgram *start(const VmbProgramSpec *spec)
{
    g_autoptr(GError) error = NULL;
    VmbProgram *program = vmb_program_start(fake_agent.link, spec, &error);

    ck_assert_ptr_nonnull(program);
    return program;
}

START_TEST(two_programs_run_at_a_time)
{
    VmbProgramSpec spec = {.argv = echo_argv};
    g_autoptr(VmbProgram) first = start(&spec);
    g_autoptr(VmbProgram) second = start(&spec);
    g_autoptr(GError) error = NULL;

    fake_agent_say(AGENT_OUTPUT, 1, 2, FAKE_NONCE, "two", 3);
    fake_agent_say(AGENT_OUTPUT, 1, 1, FAKE_NONCE, "one", 3);
    fake_agent_say_exit(2, AGENT_EXIT_EXITED, 22);
    ck_assert(vmb_program_wait(second, 30000, &error));
    ck_assert(!vmb_program_has_ended(first));
    fake_agent_say_exit(1, AGENT_EXIT_EXITED, 11);
    ck_assert(vmb_program_wait(first, 30000, &error));
    ck_assert_str_eq(vmb_program_result(first)->out->str, "one");
    ck_assert_str_eq(vmb_program_result(second)->out->str, "two");
    ck_assert_uint_eq(vmb_program_result(first)->value, 11);
    ck_assert_uint_eq(vmb_program_result(second)->value, 22);
}
END_TEST

static guint8 signalled;

static void take_signal(const struct agent_frame *frame)
{
    signalled = frame->type == AGENT_SIGNAL && frame->id == 1 ? frame->payload[0] : signalled;
}

START_TEST(a_signal_goes_out)
{
    VmbProgramSpec spec = {.argv = echo_argv};
    g_autoptr(VmbProgram) program = start(&spec);

    fake_agent.on_frame = take_signal;
    vmb_program_signal(program, SIGUSR1);
    fake_agent_turn_loop();
    ck_assert_uint_eq(signalled, SIGUSR1);
}
END_TEST

START_TEST(freeing_kills_what_runs_and_waits_for_its_end)
{
    VmbProgramSpec spec = {.argv = echo_argv};

    vmb_program_free(start(&spec));
    ck_assert_uint_eq(fake_agent.kills, 1);
}
END_TEST

START_TEST(environment_and_directory_are_passed_on)
{
    static const char *const env[] = {"A=1", NULL};
    VmbProgramSpec spec = {.argv = echo_argv, .env = env, .cwd = "/tmp"};
    static const guint8 run[] = "\x02\0\x01\0echo\0hi\0A=1\0/tmp";
    g_autoptr(VmbProgram) program = start(&spec);

    fake_agent_turn_loop();
    ck_assert_mem_eq(fake_agent.seen->data + AGENT_FRAME_HEADER, run, sizeof(run));
}
END_TEST

START_TEST(output_is_waited_for_across_frames)
{
    VmbProgramSpec spec = {.argv = echo_argv};
    g_autoptr(VmbProgram) program = start(&spec);
    g_autoptr(GError) error = NULL;

    fake_agent_say(AGENT_OUTPUT, 1, 1, FAKE_NONCE, "log\nlo", 6);
    fake_agent_turn_loop();
    ck_assert(!vmb_program_wait_output(program, "login: ", 20, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROGRAM_TIMEOUT));
    ck_assert_ptr_nonnull(strstr(error->message, "echo did not print `login: ` in time"));
    g_clear_error(&error);
    fake_agent_say(AGENT_OUTPUT, 1, 1, FAKE_NONCE, "gin", 3);
    fake_agent_say(AGENT_OUTPUT, 2, 1, FAKE_NONCE, "noise", 5);
    fake_agent_say(AGENT_OUTPUT, 1, 1, FAKE_NONCE, ": ", 2);
    ck_assert(vmb_program_wait_output(program, "login: ", 30000, &error));
    ck_assert(vmb_program_wait_output(program, "noise", 30000, &error));
    ck_assert_str_eq(vmb_program_result(program)->out->str, "log\nlogin: ");
}
END_TEST

START_TEST(an_end_without_the_output_is_a_mismatch)
{
    VmbProgramSpec spec = {.argv = echo_argv};
    g_autoptr(VmbProgram) program = start(&spec);
    g_autoptr(GError) error = NULL;

    fake_agent_say_exit(1, AGENT_EXIT_EXITED, 0);
    ck_assert(!vmb_program_wait_output(program, "login: ", 30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_MISMATCH));
    ck_assert_str_eq(error->message, "echo ended without printing `login: `");
}
END_TEST

START_TEST(a_reset_loses_what_runs)
{
    VmbProgramSpec spec = {.argv = echo_argv};
    g_autoptr(VmbProgram) program = start(&spec);
    g_autoptr(GError) error = NULL;

    vmb_agent_link_restart(fake_agent.link);
    ck_assert(!vmb_program_wait(program, 30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_RESET));
    ck_assert_ptr_null(vmb_alarm_error(fake_agent.alarm));
}
END_TEST

static const struct {
    VmbProgramResult end;
    guint expected;
    gint code;
    const char *message;
} ends[] = {
    {{.exited = TRUE, .value = 0}, 0, 0, NULL},
    {{.exited = TRUE, .value = 3}, 3, 0, NULL},
    {{.exited = TRUE, .value = 1}, 0, VMB_ERROR_PROGRAM_FAILED,
     "prog in the guest ended with exit status 1: last words: try it in `vmbench shell`"},
    {{.exited = TRUE, .value = 0}, 3, VMB_ERROR_PROGRAM_FAILED,
     "prog in the guest ended with exit status 0 instead of exit status 3: last words: try it in "
     "`vmbench shell`"},
    {{.exited = FALSE, .value = SIGSEGV}, 0, VMB_ERROR_PROGRAM_SIGNAL,
     "prog in the guest ended with signal 11 (Segmentation fault): last words: try it in "
     "`vmbench shell`"},
    {{.exited = FALSE, .value = SIGABRT}, SIGABRT, VMB_ERROR_PROGRAM_SIGNAL,
     "prog in the guest ended with signal 6 (Aborted) instead of exit status 6: last words: try "
     "it in `vmbench shell`"},
};

START_TEST(an_end_is_judged)
{
    VmbProgramResult end = ends[_i].end;
    g_autoptr(GString) err = g_string_new("first\nlast words\n\n");
    g_autoptr(GError) error = NULL;

    end.err = err;
    ck_assert_int_eq(vmb_program_result_check(&end, "prog", ends[_i].expected, &error),
                     ends[_i].code == 0);
    ck_assert(ends[_i].code == 0 || g_error_matches(error, VMB_ERROR, ends[_i].code));
    ck_assert_pstr_eq(error != NULL ? error->message : NULL, ends[_i].message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest_program");
    TCase *cases = tcase_create("guest_program");

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup, fake_agent_close);
    tcase_add_test(cases, a_program_runs);
    tcase_add_test(cases, only_frames_of_this_run_count);
    tcase_add_test(cases, a_killed_program_is_a_result);
    tcase_add_test(cases, a_missing_program_is_an_error);
    tcase_add_test(cases, a_program_that_hangs_is_killed);
    tcase_add_test(cases, a_late_exit_does_not_end_the_next_run);
    tcase_add_test(cases, too_much_output_is_an_error);
    tcase_add_test(cases, arguments_that_do_not_fit_are_refused);
    tcase_add_test(cases, a_malformed_exit_ends_the_run);
    tcase_add_test(cases, an_alarm_ends_a_run_at_once);
    tcase_add_test(cases, two_programs_run_at_a_time);
    tcase_add_test(cases, a_signal_goes_out);
    tcase_add_test(cases, freeing_kills_what_runs_and_waits_for_its_end);
    tcase_add_test(cases, environment_and_directory_are_passed_on);
    tcase_add_test(cases, output_is_waited_for_across_frames);
    tcase_add_test(cases, an_end_without_the_output_is_a_mismatch);
    tcase_add_test(cases, a_reset_loses_what_runs);
    tcase_add_loop_test(cases, an_end_is_judged, 0, G_N_ELEMENTS(ends));
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
