/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long coreio_mainloop() runs. Lower bounds only: a busy machine is late, never early. */
#include "clock.h"
#include "session.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#define RUN_USEC 30000

static void run_full_time(void)
{
    long long started = now_usec();

    ck_assert_int_eq(coreio_mainloop(RUN_USEC), 0);
    ck_assert_int_ge(now_usec() - started, RUN_USEC);
}

START_TEST(an_idle_connection)
{
    run_full_time();
}
END_TEST

START_TEST(requests_do_not_end_it)
{
    for (unsigned i = 0; i < 5; i++) {
        fake_vm_send_vector(&session.vm, "write-1");
    }
    run_full_time();
    session_settle();
    ck_assert_uint_eq(session.n_calls, 5);
}
END_TEST

static unsigned signals;

static void on_alarm(int number)
{
    (void)number;
    signals++;
}

START_TEST(signals_do_not_end_it)
{
    const struct sigaction action = { .sa_handler = on_alarm };
    const struct itimerval every_5_ms = {
        .it_interval.tv_usec = 5000,
        .it_value.tv_usec = 5000,
    };
    const struct itimerval off = { 0 };

    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &every_5_ms, NULL), 0);
    run_full_time();
    ck_assert_int_eq(setitimer(ITIMER_REAL, &off, NULL), 0);
    ck_assert_uint_gt(signals, 0);
}
END_TEST

/* Each request brings the next one, so that the connection is never idle. */
static void send_another(void)
{
    uint8_t replies[4096];

    while (recv(session.vm.conn, replies, sizeof(replies), MSG_DONTWAIT) > 0) {
    }
    fake_vm_send_vector(&session.vm, "writea-8");
}

START_TEST(a_steady_stream_does_not_prolong_it_for_ever)
{
    session.during = send_another;
    fake_vm_send_vector(&session.vm, "writea-8");
    run_full_time();
    ck_assert_uint_gt(session.n_calls, 0);
}
END_TEST

START_TEST(zero_serves_what_is_there)
{
    ck_assert_int_eq(coreio_mainloop(0), 0);
    session_settle();
}
END_TEST

START_TEST(the_longest_time_is_no_overflow)
{
    fake_vm_send_vector(&session.vm, "write-1");
    fake_vm_hang_up(&session.vm);
    ck_assert_int_lt(coreio_mainloop(0x7fffffffffffffffLL), 0);
    session_only_call("write");
}
END_TEST

int main(void)
{
    TCase *tcase;
    Suite *suite = session_suite("mainloop", true, &tcase);

    tcase_add_test(tcase, an_idle_connection);
    tcase_add_test(tcase, requests_do_not_end_it);
    tcase_add_test(tcase, signals_do_not_end_it);
    tcase_add_test(tcase, a_steady_stream_does_not_prolong_it_for_ever);
    tcase_add_test(tcase, zero_serves_what_is_there);
    tcase_add_test(tcase, the_longest_time_is_no_overflow);
    return tap_run(suite);
}
