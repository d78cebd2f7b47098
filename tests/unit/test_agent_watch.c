/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What does not come: who is to blame? The times are the real ones, or a hundredth of them
 * where nobody has to answer in time.
 */
#include "agent_watch.h"

#include <string.h>

#include "fake_agent.h"
#include "tap.h"

#define SCALE 0.01

static const char *reason; /* what QEMU says, NULL: nothing */
static gboolean qemu_is_silent;
static const char *complaint; /* what the kernel says, NULL: nothing */
static gboolean oops_is_coming;
static guint asked;

static gboolean settle(gpointer data, GError **error)
{
    ck_assert_ptr_eq(data, &reason);
    if (oops_is_coming) {
        vmb_alarm_raise(fake_agent.alarm, g_error_new(VMB_ERROR, VMB_ERROR_OOPS, "oops"));
        g_propagate_error(error, g_error_copy(vmb_alarm_error(fake_agent.alarm)));
    }
    return !oops_is_coming;
}

static char *excuse(gpointer data, GError **error)
{
    ck_assert_ptr_eq(data, &reason);
    asked++;
    if (qemu_is_silent) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_QEMU_DIED, "QEMU is silent");
    }
    return qemu_is_silent ? NULL : g_strdup(reason);
}

static const char *stuck(gpointer data, gint64 since)
{
    ck_assert_ptr_eq(data, &reason);
    ck_assert_int_gt(since, 0);
    return complaint;
}

static const VmbWitness witness = {settle, excuse, stuck};

static void setup_slow(void)
{
    fake_agent_open(1.0);
    vmb_agent_link_set_witness(fake_agent.link, &witness, &reason);
}

static void setup_fast(void)
{
    fake_agent_open(SCALE);
    vmb_agent_link_set_witness(fake_agent.link, &witness, &reason);
}

static gboolean never(gpointer data)
{
    (void)data;
    return FALSE;
}

static GError *wait_in_vain(guint ms)
{
    GError *error = NULL;

    ck_assert(!vmb_agent_link_wait(fake_agent.link, never, NULL, ms, "it is late", &error));
    ck_assert_ptr_nonnull(error);
    return error;
}

START_TEST(an_agent_that_answers_means_that_the_test_hangs)
{
    g_autoptr(GError) error = wait_in_vain(2500);

    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROGRAM_TIMEOUT));
    ck_assert(g_str_has_prefix(error->message, "it is late: does it wait for "));
    ck_assert_uint_gt(fake_agent.pings, 1);
    ck_assert_ptr_null(vmb_alarm_error(fake_agent.alarm));
}
END_TEST

/* A kernel that hangs is found long before a long time is over: in 100 ms of 1000 s. */
START_TEST(a_silent_agent_means_that_the_kernel_hangs)
{
    g_autoptr(GError) error = NULL;

    fake_agent.deaf = TRUE;
    error = wait_in_vain(100 * 1000 * 1000);
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_KERNEL_HANG));
    ck_assert_uint_gt(fake_agent.pings, 1);
    ck_assert(g_error_matches(vmb_alarm_error(fake_agent.alarm), VMB_ERROR,
                              VMB_ERROR_KERNEL_HANG));
}
END_TEST

START_TEST(a_short_wait_asks_at_its_end)
{
    g_autoptr(GError) error = NULL;

    fake_agent.deaf = TRUE;
    error = wait_in_vain(500);
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_KERNEL_HANG));
    ck_assert_uint_gt(fake_agent.pings, 0);
}
END_TEST

/* Silent for three times as long as is needed to call it a hang. */
START_TEST(an_excuse_is_believed_and_told)
{
    g_autoptr(GError) error = NULL;

    fake_agent.deaf = TRUE;
    reason = "the handler sleeps";
    error = wait_in_vain(35000);
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROGRAM_TIMEOUT));
    ck_assert_str_eq(error->message, "it is late: the handler sleeps");
    ck_assert_uint_gt(asked, 1);
    ck_assert_ptr_null(vmb_alarm_error(fake_agent.alarm));
}
END_TEST

START_TEST(a_qemu_that_is_silent_too_is_to_blame)
{
    g_autoptr(GError) error = NULL;

    fake_agent.deaf = TRUE;
    qemu_is_silent = TRUE;
    error = wait_in_vain(100 * 1000 * 1000);
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_QEMU_DIED));
}
END_TEST

START_TEST(a_lockup_that_the_kernel_told_is_a_hang)
{
    g_autoptr(GError) error = NULL;

    complaint = "BUG: soft lockup - CPU#1 stuck for 22s!";
    error = wait_in_vain(100);
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_KERNEL_HANG));
    ck_assert_ptr_nonnull(strstr(error->message, complaint));
}
END_TEST

START_TEST(an_oops_explains_it_best)
{
    g_autoptr(GError) error = NULL;

    oops_is_coming = TRUE;
    error = wait_in_vain(500);
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_OOPS));
}
END_TEST

/* ---- Just to hear from it ---- */

START_TEST(an_agent_that_answers_is_heard)
{
    ck_assert(vmb_agent_link_hear(fake_agent.link, NULL));
    ck_assert_uint_eq(fake_agent.pings, 1);
    ck_assert_uint_eq(asked, 0);
}
END_TEST

START_TEST(a_silence_with_an_excuse_is_no_hang)
{
    fake_agent.deaf = TRUE;
    reason = "the handler sleeps";
    ck_assert(vmb_agent_link_hear(fake_agent.link, NULL));
    ck_assert_uint_eq(asked, 1);
    ck_assert_ptr_null(vmb_alarm_error(fake_agent.alarm));
}
END_TEST

START_TEST(a_silence_without_an_excuse_is_a_hang)
{
    g_autoptr(GError) error = NULL;

    fake_agent.deaf = TRUE;
    ck_assert(!vmb_agent_link_hear(fake_agent.link, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_KERNEL_HANG));
    ck_assert_uint_eq(asked, 20);
    ck_assert(g_error_matches(vmb_alarm_error(fake_agent.alarm), VMB_ERROR,
                              VMB_ERROR_KERNEL_HANG));
}
END_TEST

START_TEST(a_silent_qemu_is_told_when_nothing_is_heard)
{
    g_autoptr(GError) error = NULL;

    fake_agent.deaf = TRUE;
    qemu_is_silent = TRUE;
    ck_assert(!vmb_agent_link_hear(fake_agent.link, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_QEMU_DIED));
}
END_TEST

static gboolean on_time(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

static gboolean flag(gpointer data)
{
    return *(gboolean *)data;
}

/* Without an end to the wait, somebody may be debugging the kernel: 20 times the silence. */
START_TEST(a_wait_without_end_looks_after_nothing)
{
    gboolean over = FALSE;

    fake_agent.deaf = TRUE;
    g_timeout_add(2000, on_time, &over);
    ck_assert(vmb_agent_link_wait(fake_agent.link, flag, &over, 0, "it is late", NULL));
    ck_assert_uint_eq(fake_agent.pings, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent_watch");
    TCase *slow = tcase_create("slow");
    TCase *cases = tcase_create("fast");

    tcase_set_timeout(slow, 60);
    tcase_add_checked_fixture(slow, setup_slow, fake_agent_close);
    tcase_add_test(slow, an_agent_that_answers_means_that_the_test_hangs);
    tcase_add_test(slow, an_agent_that_answers_is_heard);
    tcase_add_test(slow, a_lockup_that_the_kernel_told_is_a_hang);
    suite_add_tcase(suite, slow);
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup_fast, fake_agent_close);
    tcase_add_test(cases, a_silent_agent_means_that_the_kernel_hangs);
    tcase_add_test(cases, a_short_wait_asks_at_its_end);
    tcase_add_test(cases, an_excuse_is_believed_and_told);
    tcase_add_test(cases, a_qemu_that_is_silent_too_is_to_blame);
    tcase_add_test(cases, an_oops_explains_it_best);
    tcase_add_test(cases, a_silence_with_an_excuse_is_no_hang);
    tcase_add_test(cases, a_silence_without_an_excuse_is_a_hang);
    tcase_add_test(cases, a_silent_qemu_is_told_when_nothing_is_heard);
    tcase_add_test(cases, a_wait_without_end_looks_after_nothing);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
