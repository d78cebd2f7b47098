/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The results line from the harness's side: the agent's life, noise and forgeries. */
#include "agent_link.h"

#include <string.h>

#include "fake_agent.h"
#include "tap.h"

/* By hand from frame.h, the CRCs by zlib. */
static const guint8 golden_greeting_version_2[] = {
    0x56, 0x42, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x04, 0x00, 0x02, 0x00, 0x00, 0x00, 0xb1, 0x7f, 0xbb, 0xfd,
};
static const guint8 golden_greeting[] = {
    0x56, 0x42, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x04, 0x00, 0x03, 0x00, 0x00, 0x00, 0xd4, 0x18, 0x07, 0x45,
};
static const guint8 golden_ready[] = {
    0x56, 0x42, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0xef, 0xcd, 0xab, 0x89, 0x67,
    0x45, 0x23, 0x01, 0x04, 0x00, 0x03, 0x00, 0x00, 0x00, 0x67, 0x34, 0x8e, 0x35,
};

static void setup(void)
{
    fake_agent_open(1.0);
}

START_TEST(ready_is_seen)
{
    g_autoptr(GError) error = NULL;

    fake_agent_say_bytes(golden_ready, sizeof(golden_ready));
    ck_assert(vmb_agent_link_wait_ready(fake_agent.link, 30000, &error));
    ck_assert(vmb_agent_link_is_ready(fake_agent.link));
    ck_assert_uint_eq(fake_agent.seen->len, 0);
}
END_TEST

START_TEST(no_ready_is_a_boot_timeout)
{
    g_autoptr(GError) error = NULL;

    fake_agent_say_bytes("Starting kernel ...\r\n", 21);
    ck_assert(!vmb_agent_link_wait_ready(fake_agent.link, 20, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_BOOT_TIMEOUT));
}
END_TEST

START_TEST(another_version_is_refused)
{
    g_autoptr(GError) error = NULL;

    fake_agent_say_bytes(golden_greeting_version_2, sizeof(golden_greeting_version_2));
    ck_assert(!vmb_agent_link_wait_ready(fake_agent.link, 30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROTOCOL));
    ck_assert_ptr_nonnull(strstr(error->message, "version"));
}
END_TEST

/* RESUME under no nonce: magic, type, and the nonce that the agent is to use. */
static void assert_told_the_nonce(void)
{
    static const guint8 head[] = {0x56, 0x42, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                  0, 0, 0, 0x30, 0, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01};

    ck_assert_uint_eq(fake_agent.seen->len, 18 + AGENT_RESUME_LENGTH + 4);
    ck_assert_mem_eq(fake_agent.seen->data, head, sizeof(head));
}

START_TEST(an_agent_that_greets_is_told_the_nonce)
{
    fake_agent_say_bytes(golden_greeting, sizeof(golden_greeting));
    fake_agent_turn_loop();
    ck_assert(!vmb_agent_link_is_ready(fake_agent.link));
    assert_told_the_nonce();
    fake_agent_say_bytes(golden_ready, sizeof(golden_ready));
    fake_agent_turn_loop();
    ck_assert(vmb_agent_link_is_ready(fake_agent.link));
    ck_assert_ptr_null(vmb_alarm_error(fake_agent.alarm));
    ck_assert_uint_eq(vmb_agent_link_noise(fake_agent.link).bytes, 0);
}
END_TEST

START_TEST(who_greets_when_nobody_may_is_told_nothing)
{
    fake_agent_say_bytes(golden_ready, sizeof(golden_ready));
    fake_agent_say_bytes(golden_greeting, sizeof(golden_greeting));
    fake_agent_turn_loop();
    ck_assert(g_error_matches(vmb_alarm_error(fake_agent.alarm), VMB_ERROR, VMB_ERROR_RESET));
    ck_assert_uint_eq(fake_agent.seen->len, 0);
}
END_TEST

/* A person restarts the guest. */
START_TEST(who_may_greet_again_is_told_again)
{
    vmb_agent_link_allow_restart(fake_agent.link);
    fake_agent_say_bytes(golden_ready, sizeof(golden_ready));
    fake_agent_say_bytes(golden_greeting, sizeof(golden_greeting));
    fake_agent_turn_loop();
    ck_assert_ptr_null(vmb_alarm_error(fake_agent.alarm));
    assert_told_the_nonce();
}
END_TEST

START_TEST(a_second_ready_means_a_reset)
{
    fake_agent_say_bytes(golden_ready, sizeof(golden_ready));
    fake_agent_turn_loop();
    ck_assert_ptr_null(vmb_alarm_error(fake_agent.alarm));
    fake_agent_say_bytes(golden_ready, sizeof(golden_ready));
    fake_agent_turn_loop();
    ck_assert(g_error_matches(vmb_alarm_error(fake_agent.alarm), VMB_ERROR, VMB_ERROR_RESET));
}
END_TEST

START_TEST(the_shells_end_is_seen)
{
    static const guint8 payload[AGENT_EXIT_LENGTH];

    ck_assert(!vmb_agent_link_shell_ended(fake_agent.link));
    fake_agent_say(AGENT_SHELL_EXIT, 0, 0, FAKE_NONCE, payload, sizeof(payload));
    fake_agent_turn_loop();
    ck_assert(vmb_agent_link_shell_ended(fake_agent.link));
}
END_TEST

START_TEST(a_ping_is_answered)
{
    g_autoptr(GError) error = NULL;

    ck_assert(vmb_agent_link_ping(fake_agent.link, 30000, &error));
    ck_assert_uint_eq(fake_agent.pings, 1);
    ck_assert(vmb_agent_link_is_ready(fake_agent.link));
}
END_TEST

START_TEST(a_ping_without_answer_is_a_hang)
{
    g_autoptr(GError) error = NULL;

    fake_agent.deaf = TRUE;
    ck_assert(!vmb_agent_link_ping(fake_agent.link, 20, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_KERNEL_HANG));
    fake_agent_say(AGENT_PONG, 0, 77, FAKE_NONCE, NULL, 0);
    g_clear_error(&error);
    ck_assert(!vmb_agent_link_ping(fake_agent.link, 20, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_KERNEL_HANG));
}
END_TEST

/* Frames as good as ours, but for the nonce, which a program in the guest does not know. */
START_TEST(forgeries_are_counted_and_ignored)
{
    static const guint8 version[] = {3, 0, 0, 0};
    VmbAgentNoise noise;

    fake_agent_say(AGENT_READY, 0, 0, FAKE_NONCE ^ 1, version, sizeof(version));
    fake_agent_say(AGENT_PONG, 0, 0, AGENT_NO_NONCE, version, sizeof(version));
    fake_agent_say(AGENT_SHELL_EXIT, 0, 0, FAKE_NONCE + 1, "\0\0\0\0", 5);
    fake_agent_turn_loop();
    ck_assert(!vmb_agent_link_is_ready(fake_agent.link));
    ck_assert(!vmb_agent_link_shell_ended(fake_agent.link));
    fake_agent_say_bytes(golden_ready, sizeof(golden_ready));
    fake_agent_turn_loop();
    ck_assert(vmb_agent_link_is_ready(fake_agent.link));
    noise = vmb_agent_link_noise(fake_agent.link);
    ck_assert_uint_eq(noise.bytes, 26 + 26 + 27);
    ck_assert_uint_eq(noise.bad_nonce, 3);
    ck_assert_uint_eq(noise.bad_frames, 0);
}
END_TEST

START_TEST(a_damaged_frame_is_counted)
{
    guint8 damaged[sizeof(golden_ready)];

    memcpy(damaged, golden_ready, sizeof(damaged));
    damaged[18] ^= 0x80;
    fake_agent_say_bytes(damaged, sizeof(damaged));
    fake_agent_turn_loop();
    ck_assert(!vmb_agent_link_is_ready(fake_agent.link));
    ck_assert_uint_eq(vmb_agent_link_noise(fake_agent.link).bad_frames, 1);
}
END_TEST

START_TEST(a_frame_after_a_megabyte_of_noise_counts)
{
    guint8 noise[4096];
    guint32 state = 1;

    for (gsize i = 0; i < 256; i++) {
        for (gsize k = 0; k < sizeof(noise); k++) {
            state = state * 1664525 + 1013904223;
            noise[k] = k % 64 == 0 ? 'V' : k % 64 == 1 ? 'B' : (guint8)(state >> 24);
        }
        fake_agent_say_bytes(noise, sizeof(noise));
        fake_agent_turn_loop();
    }
    ck_assert(!vmb_agent_link_is_ready(fake_agent.link));
    fake_agent_say_bytes(golden_ready, sizeof(golden_ready));
    fake_agent_turn_loop();
    ck_assert(vmb_agent_link_is_ready(fake_agent.link));
    ck_assert_ptr_null(vmb_alarm_error(fake_agent.alarm));
    ck_assert_uint_eq(vmb_agent_link_noise(fake_agent.link).bytes, 1024 * 1024);
}
END_TEST

/* The header that was good waits for its payload: the reset must not make READY a part of it. */
START_TEST(a_restart_forgets_a_frame_that_was_cut_off)
{
    static const guint8 header[] = {
        0x56, 0x42, 0x04, 0x01, 0x01, 0x00, 0x00, 0x00, 0xef, 0xcd, 0xab, 0x89, 0x67,
        0x45, 0x23, 0x01, 0x00, 0x10, 'o', 'u', 't',
    };

    fake_agent_say_bytes(golden_ready, sizeof(golden_ready));
    fake_agent_turn_loop();
    fake_agent_say_bytes(header, sizeof(header));
    vmb_agent_link_restart(fake_agent.link);
    ck_assert(!vmb_agent_link_is_ready(fake_agent.link));
    fake_agent_say_bytes(golden_ready, sizeof(golden_ready));
    fake_agent_turn_loop();
    ck_assert(vmb_agent_link_is_ready(fake_agent.link));
    ck_assert_ptr_null(vmb_alarm_error(fake_agent.alarm));
    ck_assert_uint_eq(vmb_agent_link_noise(fake_agent.link).bytes, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent_link");
    TCase *cases = tcase_create("agent_link");

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup, fake_agent_close);
    tcase_add_test(cases, ready_is_seen);
    tcase_add_test(cases, no_ready_is_a_boot_timeout);
    tcase_add_test(cases, another_version_is_refused);
    tcase_add_test(cases, an_agent_that_greets_is_told_the_nonce);
    tcase_add_test(cases, who_greets_when_nobody_may_is_told_nothing);
    tcase_add_test(cases, who_may_greet_again_is_told_again);
    tcase_add_test(cases, a_second_ready_means_a_reset);
    tcase_add_test(cases, the_shells_end_is_seen);
    tcase_add_test(cases, a_ping_is_answered);
    tcase_add_test(cases, a_ping_without_answer_is_a_hang);
    tcase_add_test(cases, forgeries_are_counted_and_ignored);
    tcase_add_test(cases, a_damaged_frame_is_counted);
    tcase_add_test(cases, a_frame_after_a_megabyte_of_noise_counts);
    tcase_add_test(cases, a_restart_forgets_a_frame_that_was_cut_off);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
