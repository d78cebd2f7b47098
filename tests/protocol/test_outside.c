/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program vmmio-test-outside: what it prints, what it answers, how it ends. */
#include "fake_vm.h"
#include "tap.h"
#include "vector.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fake_vm vm;
static pid_t pid;
static FILE *out, *err;

static FILE *reader(const int ends[2])
{
    close(ends[1]);
    return fdopen(ends[0], "r");
}

/* Run the program with up to two arguments; its output comes through `out` and `err`. */
static void run(const char *arg1, const char *arg2)
{
    const char *program = getenv("OUTSIDE");
    int out_ends[2], err_ends[2];

    ck_assert_msg(program != NULL, "set OUTSIDE to the program");
    ck_assert_int_eq(pipe(out_ends), 0);
    ck_assert_int_eq(pipe(err_ends), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out_ends[1], STDOUT_FILENO);
        dup2(err_ends[1], STDERR_FILENO);
        execl(program, program, arg1, arg1 ? arg2 : NULL, (char *)NULL);
        _exit(127);
    }
    out = reader(out_ends);
    err = reader(err_ends);
}

static int exit_status(void)
{
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The next line of a stream, which must start so; ticks come whenever a second is over. */
static void expect_line(FILE *stream, const char *start)
{
    char line[256];

    do {
        ck_assert_msg(fgets(line, sizeof(line), stream) != NULL, "no line '%s'", start);
    } while (strcmp(line, "tick\n") == 0);
    ck_assert_msg(strncmp(line, start, strlen(start)) == 0, "want '%s', got: %s", start, line);
}

static void expect_end(FILE *stream)
{
    char line[256];

    ck_assert_msg(fgets(line, sizeof(line), stream) == NULL, "one line too many: %s", line);
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
    expect_line(out, "write fef00000 1 000000000000007e 0\n");
    fake_vm_send_vector(&vm, "writea-8");
    fake_vm_expect_vector(&vm, "writea-8");
    expect_line(out, "write fef00010 8 0706050403020100 0\n");
    fake_vm_send_vector(&vm, "writea-2-unaligned");
    fake_vm_expect_vector(&vm, "writea-2-unaligned");
    expect_line(out, "write fef00007 2 000000000000beef 4\n");

    /* Bytes 4 to 7 were never written; byte 7 and 8 are 0xef 0xbe by now. */
    vector_load("read-4-reserved", &reply);
    fake_vm_send(&vm, reply.bytes, reply.len);
    memcpy(reply.bytes + 24, "\xbe\0\0\0", 4);
    fake_vm_expect(&vm, reply.bytes, reply.len);
    expect_line(out, "read  fef00008 4 0\n");
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
    expect_line(out, "write fef000fc 8 0706050403020100 0\n");

    /* Byte 3 of the window is byte 7 of what was written. */
    vector_load("read-1", &packet);
    fake_vm_send(&vm, packet.bytes, packet.len);
    packet.bytes[24] = 0x07;
    fake_vm_expect(&vm, packet.bytes, packet.len);
    expect_line(out, "read  fef00003 1 0\n");
}
END_TEST

START_TEST(ticks)
{
    char line[16];

    listen_and_run();
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), out));
    ck_assert_str_eq(line, "tick\n");
}
END_TEST

START_TEST(says_that_the_vm_has_gone)
{
    char start[96];

    listen_and_run();
    fake_vm_hang_up(&vm);
    snprintf(start, sizeof(start), "vmmio-test-outside: lost the VM at %s: ", vm.target);
    expect_line(err, start);
    expect_end(err);
    ck_assert_int_eq(exit_status(), 3);
}
END_TEST

START_TEST(says_that_the_connection_was_refused)
{
    char start[96];

    fake_vm_bind(&vm, NULL);
    run(vm.target, NULL);
    snprintf(start, sizeof(start), "vmmio-test-outside: cannot connect to %s: ", vm.target);
    expect_line(err, start);
    expect_end(err);
    ck_assert_int_eq(exit_status(), 1);
}
END_TEST

START_TEST(explains_its_use)
{
    run(NULL, NULL);
    expect_line(err, "usage: vmmio-test-outside HOST:PORT\n");
    expect_line(err, "PORT is 4800 when left out");
    expect_line(err, "of its guests");
    expect_end(err);
    ck_assert_int_eq(exit_status(), 2);
    run("--help", NULL);
    expect_line(out, "usage: vmmio-test-outside HOST:PORT\n");
    expect_line(out, "PORT is 4800 when left out");
    ck_assert_int_eq(exit_status(), 0);
    run("localhost:1", "localhost:2");
    expect_line(err, "usage: vmmio-test-outside HOST:PORT\n");
    ck_assert_int_eq(exit_status(), 2);
    run("localhost:none", NULL);
    expect_line(err, "vmmio-test-outside: bad target 'localhost:none': give HOST:PORT\n");
    expect_end(err);
    ck_assert_int_eq(exit_status(), 2);
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
