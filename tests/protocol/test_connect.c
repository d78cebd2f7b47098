/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that cannot be made, and calls without one. */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

START_TEST(bad_targets)
{
    ck_assert_int_eq(coreio_connect(NULL), -EINVAL);
    ck_assert_int_eq(coreio_connect(""), -EINVAL);
    ck_assert_int_eq(coreio_connect("127.0.0.1:"), -EINVAL);
    ck_assert_int_eq(coreio_connect("127.0.0.1:0"), -EINVAL);
    ck_assert_int_eq(coreio_connect("127.0.0.1:65536"), -EINVAL);
    ck_assert_int_eq(coreio_connect("[127.0.0.1"), -EINVAL);
}
END_TEST

/* No resolver looks up a name with a space in it, so no name server is asked. */
START_TEST(unknown_host)
{
    ck_assert_int_eq(coreio_connect("no such host:4300"), -ENOENT);
    ck_assert_int_eq(coreio_mainloop(0), -ENOTCONN);
}
END_TEST

START_TEST(refused_and_then_accepted)
{
    fake_vm_bind(&session.vm, NULL);
    ck_assert_int_eq(coreio_connect(session.vm.target), -ECONNREFUSED);
    ck_assert_int_eq(coreio_mainloop(0), -ENOTCONN);
    fake_vm_listen(&session.vm);
    ck_assert_int_eq(coreio_connect(session.vm.target), 0);
    session_end();
}
END_TEST

START_TEST(by_name)
{
    char target[32];

    session_listen();
    snprintf(target, sizeof(target), "localhost%s", strchr(session.vm.target, ':'));
    ck_assert_int_eq(coreio_connect(target), 0);
    fake_vm_accept(&session.vm);
    session_end();
}
END_TEST

START_TEST(connected_already)
{
    session_start();
    ck_assert_int_eq(coreio_connect(session.vm.target), -EISCONN);
    session_settle();
    session_end();
}
END_TEST

START_TEST(calls_before_connect)
{
    fd_set readable, writable;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    coreio_disconnect();
    ck_assert_int_eq(coreio_register(0, &session_func, NULL), -ENOTCONN);
    ck_assert_int_eq(coreio_irq_update(0, 0, 1), -ENOTCONN);
    ck_assert_int_eq(coreio_mainloop(-1), -ENOTCONN);
    ck_assert_int_eq(coreio_preparefds(5, &readable, &writable), 5);
    ck_assert_int_eq(coreio_processfds(&readable, &writable), -ENOTCONN);
}
END_TEST

START_TEST(disconnect_closes_the_socket)
{
    session_start();
    coreio_disconnect();
    fake_vm_expect_closed(&session.vm);
    coreio_disconnect();
    session_end();
}
END_TEST

START_TEST(dma_before_connect)
{
    uint8_t byte = 0;

    ck_assert_int_eq(coreio_dma_read(0, 0, 0, 1, &byte, 0, NULL, NULL), -ENOTCONN);
    ck_assert_int_eq(coreio_dma_write(0, 0, 0, 1, &byte, 0, NULL, NULL), -ENOTCONN);
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("connect", false, &tcase);

    tcase_add_test(tcase, bad_targets);
    tcase_add_test(tcase, unknown_host);
    tcase_add_test(tcase, refused_and_then_accepted);
    tcase_add_test(tcase, by_name);
    tcase_add_test(tcase, connected_already);
    tcase_add_test(tcase, calls_before_connect);
    tcase_add_test(tcase, disconnect_closes_the_socket);
    tcase_add_test(tcase, dma_before_connect);
    return tap_run(suite);
}
