/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alarms of attempts: what they keep to themselves, and what they pass on. */
#include "alarm.h"

#include "tap.h"

static VmbAlarm *parent, *trial;

static void set_up(void)
{
    parent = vmb_alarm_new(1.0);
    trial = vmb_alarm_new_trial(parent);
}

static void tear_down(void)
{
    vmb_alarm_free(trial);
    vmb_alarm_free(parent);
}

static void raise_alarm(VmbAlarm *alarm, VmbErrorCode code)
{
    vmb_alarm_raise(alarm, g_error_new(VMB_ERROR, (gint)code, "a test"));
}

static gboolean never(gpointer data)
{
    (void)data;
    return FALSE;
}

/* The code of the error that ends a wait. */
static int wait_on(VmbAlarm *alarm)
{
    VmbLimit limit = {1, VMB_ERROR_NO_CLAIM, "the time is over"};
    g_autoptr(GError) error = NULL;

    ck_assert(!vmb_wait(alarm, never, NULL, limit, &error));
    return error->code;
}

START_TEST(a_failed_trial_is_its_own)
{
    raise_alarm(trial, VMB_ERROR_PANIC);
    ck_assert_int_eq(wait_on(trial), VMB_ERROR_PANIC);
    ck_assert_int_eq(wait_on(parent), VMB_ERROR_NO_CLAIM);
    ck_assert_ptr_null(vmb_alarm_error(parent));
}
END_TEST

START_TEST(the_parents_alarm_ends_a_trial)
{
    ck_assert_int_eq(wait_on(trial), VMB_ERROR_NO_CLAIM);
    raise_alarm(parent, VMB_ERROR_INTERRUPTED);
    ck_assert_int_eq(wait_on(trial), VMB_ERROR_INTERRUPTED);
}
END_TEST

START_TEST(a_committed_trial_is_the_parent)
{
    vmb_alarm_commit(trial);
    raise_alarm(trial, VMB_ERROR_PANIC);
    raise_alarm(parent, VMB_ERROR_QEMU_DIED);
    ck_assert_int_eq(wait_on(trial), VMB_ERROR_PANIC);
    ck_assert_int_eq(wait_on(parent), VMB_ERROR_PANIC);
}
END_TEST

START_TEST(what_is_forgotten_ends_no_wait)
{
    vmb_alarm_commit(trial);
    raise_alarm(trial, VMB_ERROR_PANIC);
    vmb_alarm_forget(parent);
    ck_assert_int_eq(wait_on(trial), VMB_ERROR_NO_CLAIM);
    raise_alarm(trial, VMB_ERROR_QEMU_DIED);
    ck_assert_int_eq(wait_on(parent), VMB_ERROR_QEMU_DIED);
}
END_TEST

static gboolean on_time(gpointer over)
{
    *(gboolean *)over = TRUE;
    return G_SOURCE_REMOVE;
}

static gboolean is_over(gpointer over)
{
    return *(gboolean *)over;
}

/* All waits of all lengths, of a trial too, are off; what is told to end has its time all the same. */
START_TEST(without_limits_only_a_grace_ends)
{
    VmbLimit limit = {1, VMB_ERROR_NO_CLAIM, "the time is over"};
    g_autoptr(VmbAlarm) patient = vmb_alarm_new(VMB_NO_LIMITS);
    g_autoptr(VmbAlarm) attempt = vmb_alarm_new_trial(patient);
    g_autoptr(GError) error = NULL;
    gboolean over = FALSE;

    g_timeout_add(200, on_time, &over);
    ck_assert(vmb_wait(attempt, is_over, &over, limit, NULL));
    ck_assert_int_gt(vmb_alarm_scaled_us(patient, 1), G_TIME_SPAN_DAY);
    ck_assert_int_gt(g_get_monotonic_time() + vmb_alarm_scaled_us(patient, G_MAXUINT), 0);
    ck_assert(!vmb_wait_grace(attempt, never, NULL, limit, &error));
    ck_assert_int_eq(error->code, VMB_ERROR_NO_CLAIM);
    ck_assert_uint_eq(vmb_alarm_grace_ms(patient, 7), 7);
}
END_TEST

START_TEST(limits_are_scaled)
{
    g_autoptr(VmbAlarm) slow = vmb_alarm_new(2.5);

    ck_assert(vmb_alarm_has_limits(slow));
    ck_assert_int_eq(vmb_alarm_scaled_us(slow, 1000), 2500000);
    ck_assert_uint_eq(vmb_alarm_grace_ms(slow, 1000), 2500);
}
END_TEST

static Suite *alarm_suite(void)
{
    Suite *suite = suite_create("alarm");
    TCase *cases = tcase_create("alarm");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_failed_trial_is_its_own);
    tcase_add_test(cases, the_parents_alarm_ends_a_trial);
    tcase_add_test(cases, a_committed_trial_is_the_parent);
    tcase_add_test(cases, what_is_forgotten_ends_no_wait);
    tcase_add_test(cases, without_limits_only_a_grace_ends);
    tcase_add_test(cases, limits_are_scaled);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return tap_run(alarm_suite());
}
