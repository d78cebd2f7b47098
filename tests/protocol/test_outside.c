/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program vmmio-test-outside: what it prints, what it answers, how it ends. */
#include "fake_vm.h"
#include "program.h"
#include "tap.h"
#include "vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake_vm vm;
static struct program outside;

/* Run the program with up to two arguments. */
static void run(const char *arg1, const char *arg2)
{
    const char *path = getenv("OUTSIDE");

    ck_assert_msg(path != NULL, "set OUTSIDE to the program");
    program_run(&outside, path, (const char *[]){ arg1, arg1 ? arg2 : NULL, NULL });
}

static void listen_and_run(void)
{
    fake_vm_bind(&vm, NULL);
    fake_vm_listen(&vm);
    run(vm.target, NULL);
    fake_vm_accept(&vm);
    fake_vm_expect_vector(&vm, "claim-0");
}

START_TEST(prints_and_keeps_what_is_written)
{
    struct vector reply;

    listen_and_run();
    fake_vm_send_vector(&vm, "write-1");
    program_expect_line(outside.out, "write fef00000 1 000000000000007e 0\n");
    fake_vm_send_vector(&vm, "writea-8");
    fake_vm_expect_vector(&vm, "writea-8");
    program_expect_line(outside.out, "write fef00010 8 0706050403020100 0\n");
    fake_vm_send_vector(&vm, "writea-2-unaligned");
    fake_vm_expect_vector(&vm, "writea-2-unaligned");
    program_expect_line(outside.out, "write fef00007 2 000000000000beef 4\n");

    /* Bytes 4 to 7 were never written; byte 7 and 8 are 0xef 0xbe by now. */
    vector_load("read-4-reserved", &reply);
    fake_vm_send(&vm, reply.bytes, reply.len);
    memcpy(reply.bytes + 24, "\xbe\0\0\0", 4);
    fake_vm_expect(&vm, reply.bytes, reply.len);
    program_expect_line(outside.out, "read  fef00008 4 0\n");
}
END_TEST

START_TEST(an_access_over_the_end_goes_on_at_the_start)
{
    struct vector packet;

    listen_and_run();
    vector_load("writea-8", &packet);
    packet.bytes[16] = 0xfc;
    fake_vm_send(&vm, packet.bytes, packet.len);
    fake_vm_expect(&vm, packet.bytes, packet.len);
    program_expect_line(outside.out, "write fef000fc 8 0706050403020100 0\n");

    /* Byte 3 of the window is byte 7 of what was written. */
    vector_load("read-1", &packet);
    fake_vm_send(&vm, packet.bytes, packet.len);
    packet.bytes[24] = 0x07;
    fake_vm_expect(&vm, packet.bytes, packet.len);
    program_expect_line(outside.out, "read  fef00003 1 0\n");
}
END_TEST

START_TEST(ticks)
{
    char line[16];

    listen_and_run();
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), outside.out));
    ck_assert_str_eq(line, "tick\n");
}
END_TEST

START_TEST(says_that_the_vm_has_gone)
{
    char start[192];

    listen_and_run();
    fake_vm_hang_up(&vm);
    snprintf(start, sizeof(start), "vmmio-test-outside: lost the VM at %s: ", vm.target);
    program_expect_line(outside.err, start);
    program_expect_end(outside.err);
    ck_assert_int_eq(program_wait(&outside), 3);
}
END_TEST

START_TEST(says_that_the_connection_was_refused)
{
    char start[192];

    fake_vm_bind(&vm, NULL);
    run(vm.target, NULL);
    snprintf(start, sizeof(start), "vmmio-test-outside: cannot connect to %s: ", vm.target);
    program_expect_line(outside.err, start);
    program_expect_end(outside.err);
    ck_assert_int_eq(program_wait(&outside), 1);
}
END_TEST

START_TEST(explains_its_use)
{
    run(NULL, NULL);
    program_expect_line(outside.err, "usage: vmmio-test-outside HOST:PORT\n");
    program_expect_line(outside.err, "PORT is 4800 when left out");
    program_expect_line(outside.err, "of its guests");
    program_expect_end(outside.err);
    ck_assert_int_eq(program_wait(&outside), 2);
    run("--help", NULL);
    program_expect_line(outside.out, "usage: vmmio-test-outside HOST:PORT\n");
    program_expect_line(outside.out, "PORT is 4800 when left out");
    ck_assert_int_eq(program_wait(&outside), 0);
    run("localhost:1", "localhost:2");
    program_expect_line(outside.err, "usage: vmmio-test-outside HOST:PORT\n");
    ck_assert_int_eq(program_wait(&outside), 2);
    run("localhost:none", NULL);
    program_expect_line(outside.err,
                        "vmmio-test-outside: bad target 'localhost:none': give HOST:PORT\n");
    program_expect_end(outside.err);
    ck_assert_int_eq(program_wait(&outside), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outside");
    TCase *tcase = tcase_create("outside");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, prints_and_keeps_what_is_written);
    tcase_add_test(tcase, an_access_over_the_end_goes_on_at_the_start);
    tcase_add_test(tcase, ticks);
    tcase_add_test(tcase, says_that_the_vm_has_gone);
    tcase_add_test(tcase, says_that_the_connection_was_refused);
    tcase_add_test(tcase, explains_its_use);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
