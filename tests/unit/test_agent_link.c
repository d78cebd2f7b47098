/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The results line from the harness's side, against an agent that this file plays. */
#include "agent_link.h"

#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "tap.h"

#define NONCE G_GUINT64_CONSTANT(0x0123456789abcdef)

/* By hand from frame.h, the CRCs by zlib. */
static const guint8 golden_ready[] = {
    0x56, 0x42, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0xef, 0xcd, 0xab, 0x89, 0x67,
    0x45, 0x23, 0x01, 0x04, 0x00, 0x01, 0x00, 0x00, 0x00, 0xec, 0xfc, 0x87, 0x9f,
};
static const guint8 golden_ready_version_2[] = {
    0x56, 0x42, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0xef, 0xcd, 0xab, 0x89, 0x67,
    0x45, 0x23, 0x01, 0x04, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x53, 0x32, 0x8d,
};
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

static VmbAlarm *alarm_;
static VmbAgentLink *agent;
static int far_end;
static GByteArray *seen; /* what the harness sent */
static guint far_source;

/* What the agent does once a program is to run. */
static void (*on_run)(void);

static void say_bytes(const void *bytes, gsize len)
{
    ck_assert_int_eq(write(far_end, bytes, len), (ssize_t)len);
}

static void say(guint8 type, guint8 stream, guint32 id, guint64 nonce, const void *payload,
                gsize len)
{
    guint8 bytes[AGENT_FRAME_SIZE];
    struct agent_frame frame = {type, stream, id, nonce, (uint16_t)len, payload};

    say_bytes(bytes, agent_frame_encode(&frame, bytes));
}

static void say_exit(guint32 id, guint8 kind, guint32 value)
{
    guint8 payload[AGENT_EXIT_LENGTH];
    struct agent_exit end = {kind, value};

    agent_exit_encode(&end, payload);
    say(AGENT_EXIT, 0, id, NONCE, payload, sizeof(payload));
}

static gboolean on_harness(int fd, GIOCondition condition, gpointer data)
{
    guint8 bytes[8192];
    ssize_t n = read(fd, bytes, sizeof(bytes));
    void (*act)(void) = on_run;

    (void)condition;
    (void)data;
    ck_assert_int_gt(n, 0);
    g_byte_array_append(seen, bytes, (guint)n);
    on_run = NULL;
    if (act != NULL) {
        act();
    }
    return G_SOURCE_CONTINUE;
}

static void open_link(double timeout_scale)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    far_end = fds[1];
    seen = g_byte_array_new();
    alarm_ = vmb_alarm_new(timeout_scale);
    agent = vmb_agent_link_new(fds[0], NONCE, alarm_);
    far_source = g_unix_fd_add(far_end, G_IO_IN, on_harness, NULL);
}

static void setup(void)
{
    open_link(1.0);
}

static void teardown(void)
{
    g_source_remove(far_source);
    vmb_agent_link_free(agent);
    vmb_alarm_free(alarm_);
    g_byte_array_unref(seen);
    close(far_end);
}

static void turn_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

START_TEST(ready_is_seen)
{
    g_autoptr(GError) error = NULL;

    say_bytes(golden_ready, sizeof(golden_ready));
    ck_assert(vmb_agent_link_wait_ready(agent, 30000, &error));
    ck_assert(vmb_agent_link_is_ready(agent));
    ck_assert_uint_eq(seen->len, 0);
}
END_TEST

START_TEST(no_ready_is_a_boot_timeout)
{
    g_autoptr(GError) error = NULL;

    say_bytes("Starting kernel ...\r\n", 21);
    ck_assert(!vmb_agent_link_wait_ready(agent, 20, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_BOOT_TIMEOUT));
}
END_TEST

START_TEST(another_version_is_refused)
{
    g_autoptr(GError) error = NULL;

    say_bytes(golden_ready_version_2, sizeof(golden_ready_version_2));
    ck_assert(!vmb_agent_link_wait_ready(agent, 30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROTOCOL));
    ck_assert_ptr_nonnull(strstr(error->message, "version"));
}
END_TEST

START_TEST(a_second_ready_means_a_reset)
{
    say_bytes(golden_ready, sizeof(golden_ready));
    turn_loop();
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
    say_bytes(golden_ready, sizeof(golden_ready));
    turn_loop();
    ck_assert(g_error_matches(vmb_alarm_error(alarm_), VMB_ERROR, VMB_ERROR_PROTOCOL));
}
END_TEST

static void answer_golden(void)
{
    say_bytes(golden_output, sizeof(golden_output));
    say_bytes(golden_exit_0, sizeof(golden_exit_0));
}

START_TEST(a_program_runs)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_golden;
    g_autoptr(VmbProgramResult) result = vmb_agent_link_run(agent, echo_argv, 30000, &error);

    ck_assert_ptr_nonnull(result);
    ck_assert_str_eq(result->out->str, "hi\n");
    ck_assert_str_eq(result->err->str, "");
    ck_assert(result->exited);
    ck_assert_uint_eq(result->value, 0);
    ck_assert_uint_eq(seen->len, sizeof(golden_run));
    ck_assert_mem_eq(seen->data, golden_run, sizeof(golden_run));
}
END_TEST

static void answer_among_noise(void)
{
    static const char lookalike[] = "VB EXIT 0 passed\n";

    say_bytes(lookalike, strlen(lookalike));
    say(AGENT_OUTPUT, 1, 1, NONCE + 1, "forged", 6);
    say(AGENT_OUTPUT, 1, 9, NONCE, "another run", 11);
    say(AGENT_OUTPUT, 2, 1, NONCE, "complaint", 9);
    say(77, 0, 1, NONCE, NULL, 0);
    say_exit(9, AGENT_EXIT_EXITED, 0);
    say_bytes(golden_output, sizeof(golden_output) - 1); /* cut off */
    say(AGENT_OUTPUT, 1, 1, NONCE, "real", 4);
    say_exit(1, AGENT_EXIT_EXITED, 3);
}

START_TEST(only_frames_of_this_run_count)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_among_noise;
    g_autoptr(VmbProgramResult) result = vmb_agent_link_run(agent, echo_argv, 30000, &error);

    ck_assert_ptr_nonnull(result);
    ck_assert_str_eq(result->out->str, "real");
    ck_assert_str_eq(result->err->str, "complaint");
    ck_assert(result->exited);
    ck_assert_uint_eq(result->value, 3);
}
END_TEST

static void answer_signal(void)
{
    say_exit(1, AGENT_EXIT_SIGNALLED, SIGBUS);
}

START_TEST(a_killed_program_is_a_result)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_signal;
    g_autoptr(VmbProgramResult) result = vmb_agent_link_run(agent, echo_argv, 30000, &error);

    ck_assert_ptr_nonnull(result);
    ck_assert(!result->exited);
    ck_assert_uint_eq(result->value, SIGBUS);
}
END_TEST

static void answer_exec_failed(void)
{
    say_exit(1, AGENT_EXIT_EXEC_FAILED, 2);
}

START_TEST(a_missing_program_is_an_error)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_exec_failed;
    ck_assert_ptr_null(vmb_agent_link_run(agent, echo_argv, 30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROGRAM_MISSING));
    ck_assert_ptr_nonnull(strstr(error->message, "echo (No such file or directory)"));
}
END_TEST

START_TEST(a_program_that_hangs_is_killed)
{
    g_autoptr(GError) error = NULL;
    struct agent_parser parser;
    struct agent_frame frame;
    gboolean killed = FALSE;
    gsize used = 0;

    ck_assert_ptr_null(vmb_agent_link_run(agent, echo_argv, 20, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROGRAM_TIMEOUT));
    turn_loop();
    agent_parser_init(&parser, NONCE);
    while (used < seen->len) {
        used += agent_parser_feed(&parser, seen->data + used, seen->len - used);
        while (agent_parser_next(&parser, &frame)) {
            killed = killed || (frame.type == AGENT_SIGNAL && frame.id == 1 &&
                                frame.payload[0] == SIGKILL);
        }
    }
    ck_assert(killed);
}
END_TEST

START_TEST(a_late_exit_does_not_end_the_next_run)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) second = NULL;

    ck_assert_ptr_null(vmb_agent_link_run(agent, echo_argv, 20, &error));
    turn_loop();
    on_run = answer_signal; /* of run 1 */
    ck_assert_ptr_null(vmb_agent_link_run(agent, echo_argv, 20, &second));
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
        say_exit(1, AGENT_EXIT_SIGNALLED, SIGKILL);
        return G_SOURCE_REMOVE;
    }
    flood_frames--;
    say(AGENT_OUTPUT, 1, 1, NONCE, flood, sizeof(flood));
    return G_SOURCE_CONTINUE;
}

static void answer_flood(void)
{
    flood_frames = VMB_OUTPUT_MAX / sizeof(flood) + 1;
    g_unix_fd_add(far_end, G_IO_OUT, on_room, NULL);
}

START_TEST(too_much_output_is_an_error)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_flood;
    ck_assert_ptr_null(vmb_agent_link_run(agent, echo_argv, 50000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROGRAM_FAILED));
    ck_assert_ptr_nonnull(strstr(error->message, "16 MiB"));
}
END_TEST

START_TEST(arguments_that_do_not_fit_are_refused)
{
    g_autofree char *word = g_strnfill(5000, 'x');
    const char *argv[] = {"echo", word, NULL};
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(vmb_agent_link_run(agent, argv, 30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
    ck_assert_uint_eq(seen->len, 0);
}
END_TEST

static void answer_malformed(void)
{
    say(AGENT_EXIT, 0, 1, NONCE, "\0", 1);
}

START_TEST(a_malformed_exit_ends_the_run)
{
    g_autoptr(GError) error = NULL;

    on_run = answer_malformed;
    ck_assert_ptr_null(vmb_agent_link_run(agent, echo_argv, 30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROTOCOL));
}
END_TEST

static void raise_alarm(void)
{
    vmb_alarm_raise(alarm_, g_error_new(VMB_ERROR, VMB_ERROR_PANIC, "panicked"));
}

START_TEST(an_alarm_ends_a_run_at_once)
{
    g_autoptr(GError) error = NULL;

    on_run = raise_alarm;
    ck_assert_ptr_null(vmb_agent_link_run(agent, echo_argv, 50000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PANIC));
}
END_TEST

START_TEST(the_shells_end_is_seen)
{
    static const guint8 payload[AGENT_EXIT_LENGTH];

    ck_assert(!vmb_agent_link_shell_ended(agent));
    say(AGENT_SHELL_EXIT, 0, 0, NONCE, payload, sizeof(payload));
    turn_loop();
    ck_assert(vmb_agent_link_shell_ended(agent));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent_link");
    TCase *cases = tcase_create("agent_link");

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, ready_is_seen);
    tcase_add_test(cases, no_ready_is_a_boot_timeout);
    tcase_add_test(cases, another_version_is_refused);
    tcase_add_test(cases, a_second_ready_means_a_reset);
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
    tcase_add_test(cases, the_shells_end_is_seen);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
