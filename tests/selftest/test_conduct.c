/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmbench run: handlers that break the protocol, programs that write to the results line, and tests beside
 * them that are not to blame.
 */
#include <string.h>

#include "error.h"
#include "scenario_run.h"
#include "tap.h"

/* A scenario whose handler sends that, and a program that fares well all the same. */
static void write_rude(const char *name, const char *more, const char *what)
{
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n%s"
        "[range window]\n"
        "[handler rude]\ncommand = %s %s\n"
        "[step start]\nstart = rude\n[step go on]\nrun = true\n",
        more, g_getenv("RUDE_HANDLER"), what);

    write_scenario(name, text);
}

static const struct {
    const char *what;
    const char *says;
} kinds[] = {
    {"unknown-opcode", "protocol: the handler sent what the protocol does not allow: "
                       "window unknown-opcodes +1\n"},
    {"long-packet", "window long-packets +1\n"},
    {"unsolicited", "window unsolicited +1\n"},
};

/* The tests before and behind it have its range, and its guest before it failed. */
START_TEST(a_rude_handler_is_told)
{
    write_scenario("a", RUN("true"));
    write_rude("b", "", kinds[_i].what);
    write_scenario("c", RUN("true"));
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROTOCOL);
    assert_says(child.out, kinds[_i].says);
    assert_says(child.out, "FAIL  b:x86");
    assert_says(child.out, "2 passed, 1 failed");
}
END_TEST

/* It has claimed nothing: what it sent is no packet. */
START_TEST(a_handler_that_speaks_something_else_is_told)
{
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n[handler rude]\ncommand = %s text\n"
        "[step start]\nstart = rude\ntimeout = 1\n", g_getenv("RUDE_HANDLER"));

    write_scenario("text", text);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROTOCOL);
    assert_says(child.out, "protocol: the handler sent what the protocol does not allow: vmmio0 unfinished "
                           "+1; then: the handler runs but claims nothing");
}
END_TEST

/* What a step ends in the middle of a packet, and what runs elsewhere, are not this one's fault. */
static const char *const halves[] = {"[step half]\nstart = half\n[step end]\nkill = half\n",
                                     "[step half]\nstart = half\n[step end]\nstop = half\n",
                                     "[step half]\nstart = elsewhere\n"};

START_TEST(part_of_another_handlers_packet_is_not_charged)
{
    g_autofree char *mute = child_script(&child, "mute", "exec sleep 600");
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n[range here]\n[range there]\nstart = 0xfef10000\nendpoint = 1\n"
        "[handler half]\ncommand = %s half\n[handler elsewhere]\ncommand = %s half\nrange = there\n"
        "[handler mute]\ncommand = %s\n"
        "%s[step mute]\nstart = mute\ntimeout = 1\n",
        g_getenv("RUDE_HANDLER"), g_getenv("RUDE_HANDLER"), mute, halves[_i]);

    write_scenario("half", text);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_NO_CLAIM);
    assert_says(child.out, "no-claim: the handler runs but claims nothing");
}
END_TEST

/* It is ended in the middle of a packet behind the last step, which is allowed. */
START_TEST(part_of_a_packet_behind_a_claim_is_no_fault)
{
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n[handler half]\ncommand = %s half\n"
        "[step start]\nstart = half\n", g_getenv("RUDE_HANDLER"));

    write_scenario("half", text);
    ck_assert_int_eq(run(NULL, NULL), 0);
}
END_TEST

START_TEST(a_claim_that_is_refused_is_explained)
{
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n[handler rude]\ncommand = %s wrong-range\n"
        "[step start]\nstart = rude\ntimeout = 1\n", g_getenv("RUDE_HANDLER"));

    write_scenario("range", text);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_NO_CLAIM);
    assert_says(child.out, "      QEMU:\n");
    assert_says(child.out, "range 5");
}
END_TEST

/* Its log, which is kept, has what it said to the test before; that explains nothing. */
START_TEST(what_qemu_said_to_another_test_is_not_told)
{
    g_autofree char *log = NULL;
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\nmisbehaves = yes\n[handler rude]\ncommand = %s wrong-range\n"
        "[step start]\nstart = rude\nclaim = no\n"
        "[step refused]\noutput = rude\nstdout-text = closed\\n\n", g_getenv("RUDE_HANDLER"));

    write_scenario("a", text);
    write_scenario("b", "[scenario]\nmachines = x86\n"
                   "[handler silent]\ncommand = sh -c 'exec sleep 600'\n"
                   "[step start]\nstart = silent\ntimeout = 1\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_NO_CLAIM);
    assert_says(child.out, "1 passed, 1 failed");
    log = read_kept("b-x86", "qemu.log");
    assert_says(log, "range 5");
    ck_assert_ptr_null(strstr(child.out, "QEMU:"));
    ck_assert_ptr_null(strstr(child.out, "range 5"));
}
END_TEST

/* What was meant to misbehave leaves its counts to the next test in that guest. */
START_TEST(only_growth_counts)
{
    write_rude("a", "misbehaves = yes\n", "unknown-opcode");
    write_scenario("b", "[scenario]\nmachines = x86\n[range window]\n" HANDLER
                   "[step start]\nstart = outside\n[step b]\nrun = true\n");
    ck_assert_int_eq(run(NULL, NULL), 0);
    assert_says(child.out, "2 passed, 0 failed");
    ck_assert_ptr_null(strstr(strstr(child.out, "ok    b:x86"), "restored"));
}
END_TEST

/* The guest's answer is wrong because nobody answered: what the handler did is why. */
START_TEST(it_explains_what_came_of_it)
{
    g_autofree char *registers = NULL;
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n"
        "[handler rude]\ncommand = %s unsolicited\n"
        "[step start]\nstart = rude\n"
        "[step look]\nrun = echo Hallo\nstdout-text = Hello\\n\n", g_getenv("RUDE_HANDLER"));

    write_scenario("rude", text);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROTOCOL);
    assert_says(child.out, "vmmio0 unsolicited +1; then: stdout of echo: line 1: expected `Hello`");
    assert_says(child.out, "+ 00000000  48 61 6c 6c 6f 0a ");
    registers = read_kept("rude-x86", "registers.txt");
    assert_says(registers, "RIP=");
}
END_TEST

/* The alarm that its death raised keeps nobody from asking what is left. */
START_TEST(a_guest_whose_handler_died_is_looked_at)
{
    g_autofree char *registers = NULL;

    write_scenario("dead", "[scenario]\nmachines = x86\n"
                   "[handler dead]\ncommand = sh -c 'kill -KILL $$'\n"
                   "[step start]\nstart = dead\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_HANDLER_DIED);
    assert_says(child.out, "signal 9 (Killed)");
    registers = read_kept("dead-x86", "registers.txt");
    assert_says(registers, "RIP=");
}
END_TEST

START_TEST(noise_on_the_results_line_is_told)
{
    g_autofree char *failure = NULL;

    write_scenario("a", RUN("sh -c 'head -c 65536 /dev/zero >/dev/ttyS1'"));
    write_scenario("b", RUN("true"));
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROTOCOL);
    assert_says(child.out, "protocol: the results line carried 65536 bytes that are not the agent's "
                           "(frames with another nonce: 0, damaged ones: 0): nothing in the guest may "
                           "write to /dev/ttyS1\n");
    assert_says(child.out, "1 passed, 1 failed");
    failure = read_kept("a-x86", "failure.txt");
    assert_says(failure, "\nstep: behind the last\n");
}
END_TEST

START_TEST(noise_in_a_guest_beside_is_told)
{
    write_scenario("a", "[scenario]\nmachines = x86\n[guest peer]\n[step noise]\nguest = peer\n"
                   "run = sh -c 'head -c 4096 /dev/zero > /dev/ttyS1'\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROTOCOL);
    assert_says(child.out, "protocol: guest peer: the results line carried 4096 bytes");
}
END_TEST

/* Root reads all that a guest's command lines and environments hold, and forges its own good end. */
static const struct {
    const char *what;
    const char *exit; /* that its step expects; forge.sh ends with 7 */
    int status;
    const char *says;
} forgeries[] = {
    {"done", "0", VMB_ERROR_PROTOCOL, "; then: sh in the guest ended with exit status 7"},
    {"done", "7", VMB_ERROR_PROTOCOL, " bytes that are not the agent's (frames with another nonce: "},
    {"agent", "7", VMB_ERROR_RESET, "reset: the guest's agent started again"},
};

START_TEST(a_forged_result_does_not_count)
{
    g_autofree char *script = g_build_filename(g_getenv("SOURCE"), "tests", "selftest", "forge.sh",
                                               NULL);
    g_autofree char *text = g_strdup_printf(
        "[scenario]\nmachines = x86\n"
        "[step forge]\nrun = sh -s %s ttyS1\nstdin = %s\nexit = %s\n",
        forgeries[_i].what, script, forgeries[_i].exit);

    write_scenario("forgery", text);
    ck_assert_int_eq(run(NULL, NULL), forgeries[_i].status);
    assert_says(child.out, forgeries[_i].says);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conduct");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 4 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(all, scenario_setup, scenario_teardown);
    tcase_add_loop_test(all, a_rude_handler_is_told, 0, G_N_ELEMENTS(kinds));
    tcase_add_test(all, a_handler_that_speaks_something_else_is_told);
    tcase_add_loop_test(all, part_of_another_handlers_packet_is_not_charged, 0, G_N_ELEMENTS(halves));
    tcase_add_test(all, part_of_a_packet_behind_a_claim_is_no_fault);
    tcase_add_test(all, a_claim_that_is_refused_is_explained);
    tcase_add_test(all, what_qemu_said_to_another_test_is_not_told);
    tcase_add_test(all, only_growth_counts);
    tcase_add_test(all, it_explains_what_came_of_it);
    tcase_add_test(all, a_guest_whose_handler_died_is_looked_at);
    tcase_add_test(all, noise_on_the_results_line_is_told);
    tcase_add_test(all, noise_in_a_guest_beside_is_told);
    tcase_add_loop_test(all, a_forged_result_does_not_count, 0, G_N_ELEMENTS(forgeries));
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
