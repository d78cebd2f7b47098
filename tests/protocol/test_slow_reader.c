/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM that sends requests and does not read the replies: the client stops
 * reading, keeps its memory bounded, and loses or tears nothing once the VM
 * reads again.
 */
#include "session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static struct vector request;
static size_t sent; /* bytes of the endless stream of requests */
static size_t flood_accepted;

/* The stream: writea-8 with its number as the tag. */
static void nth_request(size_t n, uint8_t bytes[64])
{
    memcpy(bytes, request.bytes, 64);
    for (unsigned i = 0; i < 4; i++) {
        bytes[4 + i] = (uint8_t)(n >> (8 * i));
    }
}

/* Send requests, 64 at most, until the socket takes no more. False: it took nothing. */
static bool send_on(void)
{
    size_t before = sent, taken = 1;

    for (unsigned i = 0; i < 64 && taken > 0; i++) {
        uint8_t bytes[64];

        nth_request(sent / 64, bytes);
        taken = fake_vm_send_some(&session.vm, bytes + sent % 64, 64 - sent % 64);
        sent += taken;
    }
    return sent > before;
}

/* A Python client hides its sockets behind one descriptor. */
#ifndef PYTHON
static void check_waits_to_write_alone(void)
{
    fd_set readable, writable;
    int fd = fake_vm_client(&session.vm);

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    ck_assert_int_eq(coreio_preparefds(0, &readable, &writable), fd + 1);
    ck_assert(FD_ISSET(fd, &writable) && !FD_ISSET(fd, &readable));
}
#endif

static void start(void)
{
    sent = flood_accepted = 0;
    session_listen();
    fake_vm_limit_window(&session.vm);
    session_reconnect();
    fake_vm_limit_buffers(&session.vm);
    vector_load("writea-8", &request);
}

/* A client that still reads empties the kernel's buffers in fewer turns, and more can be sent. */
#define STUCK_TURNS 1000

static void send_until_stuck(void)
{
    time_t started = time(NULL);

    for (unsigned turns = 0; turns < STUCK_TURNS; turns++) {
        ck_assert_msg(time(NULL) - started <= 30, "the client reads on without end");
        if (send_on()) {
            turns = 0;
        }
        ck_assert_int_eq(coreio_mainloop(0), 0);
    }
#ifndef PYTHON
    check_waits_to_write_alone();
#endif
}

static void finish_request(void)
{
    while (sent % 64 != 0) {
        uint8_t bytes[64];

        nth_request(sent / 64, bytes);
        fake_vm_send(&session.vm, bytes + sent % 64, 1);
        sent++;
    }
}

START_TEST(every_reply_arrives_whole_and_in_order)
{
    uint8_t bytes[64];
    size_t replies = 0;

    send_until_stuck();
    for (; replies < sent / 64; replies++) {
        nth_request(replies, bytes);
        /* Odd pieces, so that the client's sends end inside packets. */
        fake_vm_expect(&session.vm, bytes, 37);
        fake_vm_expect(&session.vm, bytes + 37, 27);
    }
    if (sent % 64 != 0) {
        nth_request(sent / 64, bytes);
        finish_request();
        fake_vm_expect(&session.vm, bytes, 64);
        replies++;
    }
    session_settle();
    ck_assert_uint_eq(session.n_calls, replies);
}
END_TEST

START_TEST(updates_are_refused_and_not_forgotten)
{
    send_until_stuck();
    ck_assert_int_eq(coreio_irq_update(2, 5, 1), -EAGAIN);
    ck_assert_int_eq(coreio_register(7, &session_func, NULL), -EAGAIN);
    for (size_t i = 0, whole = sent / 64; i < whole; i++) {
        uint8_t bytes[64];

        nth_request(i, bytes);
        fake_vm_expect(&session.vm, bytes, 64);
    }
    ck_assert_int_eq(coreio_irq_update(2, 5, 1), 0);
    fake_vm_expect_vector(&session.vm, "irq-raise");
    ck_assert_int_eq(coreio_register(7, &session_func, NULL), 0);
    fake_vm_expect_vector(&session.vm, "claim-7");
}
END_TEST

/* The updates that were accepted arrive: a line raised and lowered in turn. */
static void expect_updates(size_t count)
{
    struct vector updates[2];

    vector_load("irq-raise", &updates[0]);
    vector_load("irq-lower", &updates[1]);
    for (size_t i = 0; i < count; i++) {
        fake_vm_expect(&session.vm, updates[i % 2].bytes, updates[i % 2].len);
    }
}

/* Updates alone fill the queue too; what was accepted arrives, and no more. */
START_TEST(a_flood_of_updates)
{
    size_t accepted = 0;

    while (coreio_irq_update(2, 5, accepted % 2 == 0) == 0) {
        accepted++;
    }
    ck_assert_int_eq(coreio_irq_update(2, 5, accepted % 2 == 0), -EAGAIN);
    expect_updates(accepted);
    session_settle();
}
END_TEST

static void flood(void)
{
    while (coreio_irq_update(2, 5, flood_accepted % 2 == 0) == 0) {
        flood_accepted++;
    }
}

/* However many updates a callback makes, its reply has a place behind them. */
START_TEST(a_flood_of_updates_in_a_callback)
{
    session.during = flood;
    fake_vm_send(&session.vm, request.bytes, request.len);
    while (session.n_calls == 0) {
        ck_assert_int_eq(coreio_mainloop(1000), 0);
    }
    session.during = NULL;
    expect_updates(flood_accepted);
    fake_vm_expect(&session.vm, request.bytes, request.len);
    /* And the place was inside the queue: what lies behind it still works. */
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
}
END_TEST

START_TEST(the_vm_goes_away)
{
    send_until_stuck();
    fake_vm_abort(&session.vm);
    ck_assert_int_eq(session_serve_until_lost(), -ECONNRESET);
    session_reconnect();
    session_settle();
}
END_TEST

START_TEST(the_client_disconnects)
{
    send_until_stuck();
    coreio_disconnect();
    session_reconnect();
    session_settle();
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("slow_reader", false, &tcase);

    tcase_add_checked_fixture(tcase, start, session_end);
    tcase_add_test(tcase, every_reply_arrives_whole_and_in_order);
    tcase_add_test(tcase, updates_are_refused_and_not_forgotten);
    tcase_add_test(tcase, a_flood_of_updates);
    tcase_add_test(tcase, a_flood_of_updates_in_a_callback);
    tcase_add_test(tcase, the_vm_goes_away);
    tcase_add_test(tcase, the_client_disconnects);
    return tap_run(suite);
}
