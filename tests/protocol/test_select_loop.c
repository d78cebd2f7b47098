/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program with a select() loop of its own around the connection. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

/* One turn of such a loop. Returns what select() gave. */
static int turn(int *result)
{
    struct timeval limit = { .tv_sec = 10 };
    fd_set readable, writable;
    int nfds, ready;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    nfds = coreio_preparefds(0, &readable, &writable);
    ck_assert_int_gt(nfds, 0);
    ready = select(nfds, &readable, &writable, NULL, &limit);
    *result = coreio_processfds(&readable, &writable);
    return ready;
}

START_TEST(serves_a_request)
{
    int result;

    fake_vm_send_vector(&session.vm, "writea-8");
    ck_assert_int_eq(turn(&result), 1);
    ck_assert_int_eq(result, 0);
    session_only_call("write");
    fake_vm_expect_vector(&session.vm, "writea-8");
}
END_TEST

START_TEST(reports_the_end)
{
    int result;

    fake_vm_hang_up(&session.vm);
    ck_assert_int_eq(turn(&result), 1);
    ck_assert_int_eq(result, -ECONNRESET);
}
END_TEST

START_TEST(other_descriptors_are_left_alone)
{
    fd_set readable, writable;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(1, &readable);
    FD_SET(900, &writable);
    ck_assert_int_eq(coreio_preparefds(901, &readable, &writable), 901);
    ck_assert(FD_ISSET(1, &readable));
    ck_assert(FD_ISSET(900, &writable));
}
END_TEST

START_TEST(an_idle_connection_waits_for_input_alone)
{
    fd_set readable, writable, none;
    int nfds;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_ZERO(&none);
    nfds = coreio_preparefds(0, &readable, &writable);
    ck_assert_int_gt(nfds, 0);
    ck_assert(FD_ISSET(nfds - 1, &readable));
    ck_assert_mem_eq(&writable, &none, sizeof(none));
}
END_TEST

START_TEST(nothing_ready_does_nothing)
{
    fake_vm_send_vector(&session.vm, "write-1");
    ck_assert_int_eq(coreio_processfds(NULL, NULL), 0);
    ck_assert_uint_eq(session.n_calls, 0);
    session_settle();
    session_only_call("write");
}
END_TEST

/* Open so many files that the next descriptors have no bit in an fd_set; or close them. */
static int files[FD_SETSIZE];
static unsigned n_files;

static void open_files(void)
{
    do {
        files[n_files] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    } while (files[n_files++] < FD_SETSIZE - 1);
}

static void close_files(void)
{
    while (n_files > 0) {
        close(files[--n_files]);
    }
}

/* Descriptors that an fd_set has no bit for: an error here, and no limit to the main loop. */
START_TEST(a_descriptor_beyond_fd_setsize)
{
    struct rlimit limit;
    fd_set readable, writable;

    session_end();
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_msg(limit.rlim_max > FD_SETSIZE + 8, "raise the hard limit of open files");
    limit.rlim_cur = FD_SETSIZE + 8;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    session_listen();
    open_files();
    session_reconnect();
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    ck_assert_int_eq(coreio_preparefds(0, &readable, &writable), -EMFILE);
    ck_assert_int_eq(coreio_processfds(&readable, &writable), -EMFILE);
    session_settle();
    close_files();
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("select_loop", true, &tcase);

    tcase_add_test(tcase, serves_a_request);
    tcase_add_test(tcase, reports_the_end);
    tcase_add_test(tcase, other_descriptors_are_left_alone);
    tcase_add_test(tcase, an_idle_connection_waits_for_input_alone);
    tcase_add_test(tcase, nothing_ready_does_nothing);
    tcase_add_test(tcase, a_descriptor_beyond_fd_setsize);
    return tap_run(suite);
}
