/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard input of a program in the guest, against an agent that this file plays. */
#include <string.h>

#include "fake_agent.h"
#include "guest_program.h"
#include "tap.h"

static const char *const cat_argv[] = {"cat", NULL};

static void setup(void)
{
    fake_agent_open(1.0);
    fake_agent.dying = TRUE;
}

static VmbProgram *start(const VmbProgramSpec *spec)
{
    g_autoptr(GError) error = NULL;
    VmbProgram *program = vmb_program_start(fake_agent.link, spec, &error);

    ck_assert_ptr_nonnull(program);
    return program;
}

/* What came as input of run 1. */
static GByteArray *input;
static guint input_ends;

static void take_input(const struct agent_frame *frame)
{
    if (frame->type == AGENT_INPUT) {
        ck_assert_uint_eq(frame->id, 1);
        ck_assert_uint_eq(input_ends, 0);
        g_byte_array_append(input, frame->payload, frame->length);
        input_ends += frame->length == 0 ? 1 : 0;
    }
}

static void say_ack(guint32 bytes)
{
    guint8 payload[4];

    agent_u32_encode(bytes, payload);
    fake_agent_say(AGENT_INPUT_ACK, 0, 1, FAKE_NONCE, payload, sizeof(payload));
}

START_TEST(input_keeps_to_the_window)
{
    g_autoptr(GBytes) bytes = g_bytes_new_take(g_strnfill(40000, 'i'), 40000);
    VmbProgramSpec spec = {.argv = cat_argv, .input = bytes};

    input = g_byte_array_new();
    fake_agent.on_frame = take_input;
    g_autoptr(VmbProgram) program = start(&spec);

    fake_agent_turn_loop();
    ck_assert_uint_eq(input->len, 16384);
    say_ack(1000);
    fake_agent_turn_loop();
    ck_assert_uint_eq(input->len, 17384);
    say_ack(16384);
    fake_agent_turn_loop();
    ck_assert_uint_eq(input->len, 33768);
    ck_assert_uint_eq(input_ends, 0);
    say_ack(16384);
    fake_agent_turn_loop();
    ck_assert_mem_eq(input->data, g_bytes_get_data(bytes, NULL), 40000);
    ck_assert_uint_eq(input->len, 40000);
    ck_assert_uint_eq(input_ends, 1);
    g_byte_array_unref(input);
}
END_TEST

START_TEST(input_can_follow_and_end_later)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static("one ", 4);
    VmbProgramSpec spec = {.argv = cat_argv, .input = bytes, .keep_input = TRUE};

    input = g_byte_array_new();
    fake_agent.on_frame = take_input;
    g_autoptr(VmbProgram) program = start(&spec);

    vmb_program_send(program, "two", 3);
    fake_agent_turn_loop();
    ck_assert_uint_eq(input_ends, 0);
    vmb_program_end_input(program);
    vmb_program_end_input(program);
    vmb_program_send(program, "too late", 8);
    fake_agent_turn_loop();
    ck_assert_uint_eq(input->len, 7);
    ck_assert_mem_eq(input->data, "one two", 7);
    ck_assert_uint_eq(input_ends, 1);
    g_byte_array_unref(input);
}
END_TEST

START_TEST(an_ack_of_more_than_was_sent_is_a_protocol_error)
{
    VmbProgramSpec spec = {.argv = cat_argv};
    g_autoptr(VmbProgram) program = start(&spec);
    g_autoptr(GError) error = NULL;

    say_ack(1);
    ck_assert(!vmb_program_wait(program, 30000, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROTOCOL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("program_input");
    TCase *cases = tcase_create("program_input");

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup, fake_agent_close);
    tcase_add_test(cases, input_keeps_to_the_window);
    tcase_add_test(cases, input_can_follow_and_end_later);
    tcase_add_test(cases, an_ack_of_more_than_was_sent_is_a_protocol_error);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
