/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs run by the guest's agent, built for the host, at the other end of a socket. */
#include "agent_host.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MEGABYTE = 1048576 };

static void set_up(void)
{
    agent_start(NULL);
}

START_TEST(echo_comes_back)
{
    agent_run_program(5, (const char *const[]){"echo", "hello", "a b", NULL}, NULL, NULL);
    agent_expect_exit(5, AGENT_EXIT_EXITED, 0);
    ck_assert_str_eq(agent_got.out[0], "hello a b\n");
    ck_assert_uint_eq(agent_got.len[1], 0);
}
END_TEST

START_TEST(streams_are_kept_apart)
{
    agent_run_shell(1, "echo out; echo err >&2; exit 7");
    agent_expect_exit(1, AGENT_EXIT_EXITED, 7);
    ck_assert_str_eq(agent_got.out[0], "out\n");
    ck_assert_str_eq(agent_got.out[1], "err\n");
}
END_TEST

START_TEST(environment_and_directory)
{
    const char *const argv[] = {"sh", "-c", "echo \"$A,$HOME\"; pwd", NULL};
    const char *const env[] = {"A=x y", "HOME=/nowhere", NULL};

    setenv("A", "overridden", 1);
    agent_run_program(1, argv, env, "/usr");
    agent_expect_exit(1, AGENT_EXIT_EXITED, 0);
    ck_assert_str_eq(agent_got.out[0], "x y,/nowhere\n/usr\n");
}
END_TEST

START_TEST(own_signal_is_told)
{
    agent_run_shell(1, "kill -SEGV $$");
    agent_expect_exit(1, AGENT_EXIT_SIGNALLED, SIGSEGV);
}
END_TEST

START_TEST(signals_start_at_their_defaults)
{
    agent_run_shell(1, "kill -PIPE $$");
    agent_expect_exit(1, AGENT_EXIT_SIGNALLED, SIGPIPE);
}
END_TEST

START_TEST(host_kills_the_whole_group)
{
    const uint8_t number = SIGKILL;
    pid_t child;

    agent_run_shell(1, "sleep 1000 & echo $!; wait");
    while (strchr(agent_got.out[0], '\n') == NULL) {
        struct agent_exit status;

        ck_assert(!agent_advance(1, &status));
    }
    child = (pid_t)atoi(agent_got.out[0]);
    agent_send(AGENT_SIGNAL, 1, &number, 1);
    agent_expect_exit(1, AGENT_EXIT_SIGNALLED, SIGKILL);
    /* An orphan, so it may be a zombie for a moment more. */
    for (int i = 0; i < 1000 && kill(child, 0) == 0; i++) {
        char path[64], state[16] = "";
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
        file = fopen(path, "r");
        if (file == NULL || (fscanf(file, "%*d %*s %15s", state) == 1 && state[0] == 'Z')) {
            child = 0;
        }
        if (file != NULL) {
            fclose(file);
        }
        if (child == 0) {
            return;
        }
        usleep(10000);
    }
    ck_assert_int_eq(kill(child, 0), -1);
}
END_TEST

/* One in the group, one in a session of its own, one that still runs; and what comes behind finds none. */
START_TEST(a_sweep_leaves_nothing)
{
    agent_run_shell(1, "sleep 1000 & setsid sh -c 'sleep 1000; :' &");
    agent_expect_exit(1, AGENT_EXIT_EXITED, 0);
    agent_run_shell(2, "sleep 1000");
    agent_send(AGENT_SWEEP, 0, NULL, 0);
    agent_expect_exit(2, AGENT_EXIT_SIGNALLED, SIGKILL);
    agent_run_shell(3, "grep -l \"^PPid:[[:space:]]*$PPID\\$\" /proc/[0-9]*/status | wc -l");
    agent_expect_exit(3, AGENT_EXIT_EXITED, 0);
    ck_assert_str_eq(agent_got.out[0], "1\n");
}
END_TEST

START_TEST(what_cannot_start_says_why)
{
    agent_run_program(1, (const char *const[]){"/no/such/program", NULL}, NULL, NULL);
    agent_expect_exit(1, AGENT_EXIT_EXEC_FAILED, ENOENT);
    agent_run_program(2, (const char *const[]){"/etc/passwd", NULL}, NULL, NULL);
    agent_expect_exit(2, AGENT_EXIT_EXEC_FAILED, EACCES);
    agent_run_program(3, (const char *const[]){"echo", NULL}, NULL, "/no/such/directory");
    agent_expect_exit(3, AGENT_EXIT_EXEC_FAILED, ENOENT);
    agent_send(AGENT_RUN, 4, "junk", 4);
    agent_expect_exit(4, AGENT_EXIT_EXEC_FAILED, EINVAL);
}
END_TEST

START_TEST(an_id_is_used_once_at_a_time)
{
    agent_run_shell(1, "read line; echo \"$line\"");
    agent_run_shell(1, "echo second");
    agent_expect_exit(1, AGENT_EXIT_EXEC_FAILED, EEXIST);
    agent_send(AGENT_INPUT, 1, "first\n", 6);
    agent_expect_exit(1, AGENT_EXIT_EXITED, 0);
    ck_assert_str_eq(agent_got.out[0], "first\n");
    agent_run_shell(1, "exit 3");
    agent_expect_exit(1, AGENT_EXIT_EXITED, 3);
}
END_TEST

START_TEST(one_program_too_many_is_refused)
{
    for (uint32_t id = 1; id <= AGENT_RUNS; id++) {
        agent_run_program(id, (const char *const[]){"cat", NULL}, NULL, NULL);
    }
    agent_run_program(100, (const char *const[]){"cat", NULL}, NULL, NULL);
    agent_expect_exit(100, AGENT_EXIT_EXEC_FAILED, EAGAIN);
    for (uint32_t id = 1; id <= AGENT_RUNS; id++) {
        agent_send(AGENT_INPUT, id, NULL, 0);
        agent_expect_exit(id, AGENT_EXIT_EXITED, 0);
    }
}
END_TEST

START_TEST(a_megabyte_of_output)
{
    agent_run_shell(1, "head -c 1048576 /dev/zero | tr '\\0' x; exit 4");
    agent_expect_exit(1, AGENT_EXIT_EXITED, 4);
    ck_assert_uint_eq(agent_got.len[0], MEGABYTE);
    ck_assert_uint_eq(strspn(agent_got.out[0], "x"), MEGABYTE);
}
END_TEST

/* The pipe is full and the program gone when the agent reads: nothing may be lost. */
START_TEST(output_left_in_the_pipe_is_sent)
{
    agent_run_shell(1, "head -c 65536 /dev/zero | tr '\\0' y");
    usleep(200000);
    agent_expect_exit(1, AGENT_EXIT_EXITED, 0);
    ck_assert_uint_eq(agent_got.len[0], 65536);
}
END_TEST

START_TEST(a_megabyte_of_input)
{
    static uint8_t text[MEGABYTE];
    struct agent_exit status;
    size_t sent = 0;

    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)(i * 2654435761u >> 24);
    }
    agent_run_program(1, (const char *const[]){"cat", NULL}, NULL, NULL);
    while (sent < sizeof(text)) {
        if (sent + 4096 - agent_got.acked <= AGENT_INPUT_WINDOW) {
            agent_send(AGENT_INPUT, 1, text + sent, 4096);
            sent += 4096;
        } else {
            ck_assert(!agent_advance(1, &status));
        }
    }
    agent_send(AGENT_INPUT, 1, NULL, 0);
    agent_expect_exit(1, AGENT_EXIT_EXITED, 0);
    ck_assert_uint_eq(agent_got.len[0], sizeof(text));
    ck_assert_mem_eq(agent_got.out[0], text, sizeof(text));
    ck_assert_uint_eq(agent_got.acked, sizeof(text));
}
END_TEST

START_TEST(input_above_the_window_kills)
{
    static const uint8_t text[4096];

    agent_run_shell(1, "exec sleep 1000");
    /* The pipe takes 64 KiB, the agent holds the window; this is more. */
    for (int i = 0; i < 40; i++) {
        agent_send(AGENT_INPUT, 1, text, sizeof(text));
    }
    agent_expect_exit(1, AGENT_EXIT_SIGNALLED, SIGKILL);
}
END_TEST

START_TEST(unwanted_input_is_thrown_away)
{
    static const uint8_t text[4096];
    const uint8_t number = SIGKILL;
    struct agent_exit status;

    agent_run_shell(1, "exec 0<&-; echo closed; exec sleep 1000");
    agent_wait_for_output(1, "closed\n");
    for (size_t sent = 0; sent < 10 * sizeof(text); sent += sizeof(text)) {
        agent_send(AGENT_INPUT, 1, text, sizeof(text));
        while (agent_got.acked < sent + sizeof(text)) {
            ck_assert(!agent_advance(1, &status));
        }
    }
    agent_send(AGENT_SIGNAL, 1, &number, 1);
    agent_expect_exit(1, AGENT_EXIT_SIGNALLED, SIGKILL);
}
END_TEST

START_TEST(a_process_left_behind_does_not_delay_exit)
{
    agent_run_shell(1, "sleep 1000 & echo $!");
    agent_expect_exit(1, AGENT_EXIT_EXITED, 0);
    ck_assert_int_gt(atoi(agent_got.out[0]), 1);
    ck_assert_int_eq(kill((pid_t)atoi(agent_got.out[0]), SIGKILL), 0);
}
END_TEST

START_TEST(programs_run_side_by_side)
{
    const uint8_t number = SIGTERM;
    struct agent_frame frame;

    agent_run_shell(1, "exec sleep 1000");
    agent_run_shell(2, "exit 6");
    frame = agent_receive();
    ck_assert_uint_eq(frame.id, 2);
    ck_assert_uint_eq(frame.type, AGENT_EXIT);
    agent_send(AGENT_SIGNAL, 1, &number, 1);
    agent_expect_exit(1, AGENT_EXIT_SIGNALLED, SIGTERM);
}
END_TEST

START_TEST(ping_while_output_floods)
{
    const uint8_t number = SIGKILL;
    struct agent_frame frame;

    agent_run_program(1, (const char *const[]){"yes", NULL}, NULL, NULL);
    frame = agent_receive();
    ck_assert_uint_eq(frame.type, AGENT_OUTPUT);
    agent_send(AGENT_PING, 77, "are you there", 13);
    while ((frame = agent_receive()).type == AGENT_OUTPUT) {
        continue;
    }
    ck_assert_uint_eq(frame.type, AGENT_PONG);
    ck_assert_uint_eq(frame.id, 77);
    ck_assert_uint_eq(frame.length, 13);
    ck_assert_mem_eq(frame.payload, "are you there", 13);
    agent_send(AGENT_SIGNAL, 1, &number, 1);
    while ((frame = agent_receive()).type == AGENT_OUTPUT) {
        continue;
    }
    ck_assert_uint_eq(frame.type, AGENT_EXIT);
}
END_TEST

START_TEST(noise_and_strangers_are_ignored)
{
    uint8_t bytes[AGENT_FRAME_SIZE];
    struct agent_frame forged = {.type = AGENT_PING, .id = 1, .nonce = AGENT_TEST_NONCE ^ 1};
    struct agent_frame frame;

    agent_send_bytes((const uint8_t *)"VBVB login:", 11);
    agent_send_bytes(bytes, agent_frame_encode(&forged, bytes));
    agent_send(99, 1, NULL, 0);
    agent_send(AGENT_INPUT, 12345, "x", 1);
    agent_send(AGENT_SIGNAL, 12345, "\x09", 1);
    agent_send(AGENT_PING, 2, NULL, 0);
    frame = agent_receive();
    ck_assert_uint_eq(frame.type, AGENT_PONG);
    ck_assert_uint_eq(frame.id, 2);
}
END_TEST

#define NEXT_NONCE UINT64_C(0x1122334455667788)

static void send_resume(void)
{
    struct agent_resume resume = {.nonce = NEXT_NONCE, .clock_ns = UINT64_C(1234567890123456789)};

    memset(resume.entropy, 0xab, sizeof(resume.entropy));
    resume.entropy[AGENT_ENTROPY - 1] = 0xcd;
    agent_send_resume(&resume);
}

START_TEST(a_resumed_agent_has_the_new_nonce)
{
    send_resume();
    agent_expect_ready(NEXT_NONCE);
    agent_run_shell(1, "echo $RESUMED");
    agent_expect_exit(1, AGENT_EXIT_EXITED, 0);
    ck_assert_str_eq(agent_got.out[0], "1234567890123456789 abcd\n");
}
END_TEST

START_TEST(a_resumed_agent_forgets_the_old_nonce)
{
    uint8_t old[AGENT_FRAME_SIZE];
    struct agent_frame frame = {.type = AGENT_PING, .id = 1, .nonce = AGENT_TEST_NONCE};
    size_t size = agent_frame_encode(&frame, old);

    send_resume();
    agent_expect_ready(NEXT_NONCE);
    agent_send_bytes(old, size);
    agent_send(AGENT_PING, 2, NULL, 0);
    frame = agent_receive();
    ck_assert_uint_eq(frame.type, AGENT_PONG);
    ck_assert_uint_eq(frame.id, 2);
}
END_TEST

START_TEST(a_malformed_resume_is_ignored)
{
    struct agent_frame frame;

    agent_send(AGENT_RESUME, 0, "junk", 4);
    agent_send(AGENT_PING, 3, NULL, 0);
    frame = agent_receive();
    ck_assert_uint_eq(frame.type, AGENT_PONG);
    ck_assert_uint_eq(frame.id, 3);
}
END_TEST

/* Nobody is served whom the agent does not know. */
START_TEST(without_a_nonce_it_waits_for_one)
{
    struct agent_resume none = {.nonce = AGENT_NO_NONCE};

    agent_start_unnamed(NULL);
    agent_run_shell(1, "echo a stranger asked >&2");
    agent_send(AGENT_PING, 2, NULL, 0);
    agent_send_resume(&none);
    send_resume();
    agent_expect_ready(NEXT_NONCE);
    agent_run_shell(3, "echo $RESUMED");
    agent_expect_exit(3, AGENT_EXIT_EXITED, 0);
    ck_assert_str_eq(agent_got.out[0], "1234567890123456789 abcd\n");
    ck_assert_uint_eq(agent_got.len[1], 0);
    agent_stop();
}
END_TEST

static TCase *program_tests(void)
{
    TCase *tc = tcase_create("programs");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, agent_stop);
    tcase_add_test(tc, echo_comes_back);
    tcase_add_test(tc, streams_are_kept_apart);
    tcase_add_test(tc, environment_and_directory);
    tcase_add_test(tc, own_signal_is_told);
    tcase_add_test(tc, signals_start_at_their_defaults);
    tcase_add_test(tc, host_kills_the_whole_group);
    tcase_add_test(tc, a_sweep_leaves_nothing);
    tcase_add_test(tc, what_cannot_start_says_why);
    tcase_add_test(tc, an_id_is_used_once_at_a_time);
    tcase_add_test(tc, one_program_too_many_is_refused);
    tcase_add_test(tc, a_megabyte_of_output);
    tcase_add_test(tc, output_left_in_the_pipe_is_sent);
    tcase_add_test(tc, a_megabyte_of_input);
    tcase_add_test(tc, input_above_the_window_kills);
    tcase_add_test(tc, unwanted_input_is_thrown_away);
    tcase_add_test(tc, a_process_left_behind_does_not_delay_exit);
    tcase_add_test(tc, programs_run_side_by_side);
    tcase_add_test(tc, ping_while_output_floods);
    tcase_add_test(tc, noise_and_strangers_are_ignored);
    tcase_add_test(tc, a_resumed_agent_has_the_new_nonce);
    tcase_add_test(tc, a_resumed_agent_forgets_the_old_nonce);
    tcase_add_test(tc, a_malformed_resume_is_ignored);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("agent");
    TCase *boot = tcase_create("boot");

    tcase_set_timeout(boot, 60);
    tcase_add_test(boot, without_a_nonce_it_waits_for_one);
    suite_add_tcase(suite, program_tests());
    suite_add_tcase(suite, boot);
    return tap_run(suite);
}
