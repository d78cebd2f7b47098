/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM that goes away, in every state of the connection. */
#include "session.h"

#include <errno.h>
#include <time.h>

/* Every call reports the loss until a disconnect; then a new connection works. */
static void check_lost(void)
{
    fd_set readable, writable;

    ck_assert_int_eq(session_serve_until_lost(), -ECONNRESET);
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    ck_assert_int_eq(coreio_preparefds(3, &readable, &writable), 3);
    ck_assert_int_eq(coreio_processfds(&readable, &writable), -ECONNRESET);
    ck_assert_int_eq(coreio_mainloop(-1), -ECONNRESET);
    ck_assert_int_eq(coreio_irq_update(0, 0, 1), -ECONNRESET);
    ck_assert_int_eq(coreio_register(1, &session_func, NULL), -ECONNRESET);
    coreio_disconnect();
    ck_assert_int_eq(coreio_mainloop(0), -ENOTCONN);
}

static void check_new_connection(void)
{
    session.during = NULL;
    session_reconnect();
    session_settle();
    fake_vm_send_vector(&session.vm, "writea-8");
    fake_vm_expect_vector(&session.vm, "writea-8");
}

static void check_lost_and_new(void)
{
    check_lost();
    check_new_connection();
}

/* Each state twice: _i is 0 for an orderly close and 1 for a reset. */
static void end(int aborted)
{
    if (aborted) {
        fake_vm_abort(&session.vm);
    } else {
        fake_vm_hang_up(&session.vm);
    }
}

START_TEST(idle)
{
    end(_i);
    check_lost_and_new();
}
END_TEST

START_TEST(before_a_claim)
{
    coreio_disconnect();
    ck_assert_int_eq(coreio_connect(session.vm.target), 0);
    fake_vm_accept(&session.vm);
    end(_i);
    check_lost_and_new();
}
END_TEST

START_TEST(inside_a_packet)
{
    static const size_t cuts[] = { 1, 2, 63 };
    struct vector request;

    vector_load("read-1", &request);
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        fake_vm_send(&session.vm, request.bytes, cuts[i]);
        ck_assert_int_eq(coreio_mainloop(100), 0);
        end(_i);
        check_lost_and_new();
    }
}
END_TEST

START_TEST(inside_a_long_packet)
{
    struct vector request;

    vector_load("long-ping", &request);
    fake_vm_send(&session.vm, request.bytes, 100);
    ck_assert_int_eq(coreio_mainloop(100), 0);
    end(_i);
    check_lost_and_new();
}
END_TEST

static void hang_up(void)
{
    fake_vm_hang_up(&session.vm);
}

static void abort_connection(void)
{
    fake_vm_abort(&session.vm);
}

START_TEST(inside_a_callback)
{
    session.during = _i ? abort_connection : hang_up;
    fake_vm_send_vector(&session.vm, "read-1");
    check_lost_and_new();
    ck_assert_str_eq(session.calls[0].what, "read");
}
END_TEST

/* Change a line until the library notices that nobody is there. */
static int update_until_lost(void)
{
    static const struct timespec moment = { .tv_nsec = 1000000 };
    unsigned level = 1;
    int err;

    while ((err = coreio_irq_update(0, 0, level)) == 0) {
        level = !level;
        nanosleep(&moment, NULL);
    }
    return err;
}

static void abort_and_update(void)
{
    fake_vm_abort(&session.vm);
    ck_assert_int_eq(update_until_lost(), -ECONNRESET);
}

START_TEST(noticed_by_a_send_inside_a_callback)
{
    session.during = abort_and_update;
    fake_vm_send_vector(&session.vm, "writea-8");
    check_lost_and_new();
}
END_TEST

/* The first update is answered with a reset; a later one finds a broken pipe, and no SIGPIPE. */
START_TEST(noticed_by_a_send_after_an_orderly_close)
{
    fake_vm_hang_up(&session.vm);
    ck_assert_int_eq(update_until_lost(), -ECONNRESET);
    check_lost_and_new();
}
END_TEST

START_TEST(after_posted_writes_that_are_still_served)
{
    for (unsigned i = 0; i < 10; i++) {
        fake_vm_send_vector(&session.vm, "write-1");
    }
    fake_vm_hang_up(&session.vm);
    ck_assert_int_eq(coreio_mainloop(-1), -ECONNRESET);
    ck_assert_uint_eq(session.n_calls, 10);
}
END_TEST

START_TEST(a_new_connection_needs_no_disconnect)
{
    end(_i);
    ck_assert_int_eq(session_serve_until_lost(), -ECONNRESET);
    check_new_connection();
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("vm_closes", true, &tcase);

    tcase_add_loop_test(tcase, idle, 0, 2);
    tcase_add_loop_test(tcase, before_a_claim, 0, 2);
    tcase_add_loop_test(tcase, inside_a_packet, 0, 2);
    tcase_add_loop_test(tcase, inside_a_long_packet, 0, 2);
    tcase_add_loop_test(tcase, inside_a_callback, 0, 2);
    tcase_add_test(tcase, noticed_by_a_send_inside_a_callback);
    tcase_add_test(tcase, noticed_by_a_send_after_an_orderly_close);
    tcase_add_test(tcase, after_posted_writes_that_are_still_served);
    tcase_add_loop_test(tcase, a_new_connection_needs_no_disconnect, 0, 2);
    return tap_run(suite);
}
