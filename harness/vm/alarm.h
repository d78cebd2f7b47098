/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting. A scenario reads top to bottom because each step waits, and each
 * wait runs the one event loop (the default main context) until its condition
 * holds, its time is over, or the alarm is raised. Whoever first sees that the
 * run cannot go on (QEMU's death, a panic, a signal) raises the alarm.
 *
 * Callbacks of the event loop record what they saw and never wait themselves.
 * Main thread only.
 */
#ifndef VMBENCH_ALARM_H
#define VMBENCH_ALARM_H

#include "error.h"

typedef struct VmbAlarm VmbAlarm;

/* For a person at a debugger: no wait has an end, but what is told to end is given its grace. */
#define VMB_NO_LIMITS 0.0

/* timeout_scale > 0 multiplies the time of every wait; or VMB_NO_LIMITS. Free with vmb_alarm_free(). */
VmbAlarm *vmb_alarm_new(double timeout_scale);
void vmb_alarm_free(VmbAlarm *alarm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbAlarm, vmb_alarm_free)

/*
 * The alarm of something that may fail without ending the run, such as an attempt that has a
 * substitute. Raised, it leaves `parent` alone, until it is committed; `parent` raised, it counts
 * as raised too. `parent` must outlive it. Free with vmb_alarm_free().
 */
VmbAlarm *vmb_alarm_new_trial(VmbAlarm *parent);

/* The attempt was a success: from now on, to raise this is to raise its parent. */
void vmb_alarm_commit(VmbAlarm *trial);

/* Takes the error. The first one counts: a later one is dropped as its consequence. */
void vmb_alarm_raise(VmbAlarm *alarm, GError *error);

/* Borrowed; NULL while all is well. */
const GError *vmb_alarm_error(const VmbAlarm *alarm);

/*
 * Forget what raised it, so that what still lives can be asked, which waits: whoever reports the
 * error has it. No trial's alarm.
 */
void vmb_alarm_forget(VmbAlarm *alarm);

/*
 * Raise the alarm with VMB_ERROR_INTERRUPTED when one of the signals SIGINT,
 * SIGTERM and SIGHUP arrives; it lasts until the alarm is freed.
 */
void vmb_alarm_watch_signals(VmbAlarm *alarm);

/* The signal that interrupted the run, or 0. */
int vmb_alarm_signal(const VmbAlarm *alarm);

/*
 * `ms` after scaling, in microseconds as g_get_monotonic_time() counts. Without limits: some weeks, so
 * that it can be added up.
 */
gint64 vmb_alarm_scaled_us(const VmbAlarm *alarm, guint ms);

/* The same for a grace, in milliseconds: without limits `ms` itself. */
guint vmb_alarm_grace_ms(const VmbAlarm *alarm, guint ms);

/* FALSE: VMB_NO_LIMITS. */
gboolean vmb_alarm_has_limits(const VmbAlarm *alarm);

/* True when what is waited for has happened. Called often: must be cheap. */
typedef gboolean (*VmbCondition)(gpointer data);

/*
 * How long to wait, in milliseconds before scaling (0: for ever), and the error when that was
 * too short.
 */
typedef struct {
    guint ms;
    VmbErrorCode code;
    const char *message;
} VmbLimit;

/*
 * Run the event loop until condition(data) holds. FALSE with the alarm's error
 * once that is raised (before or while waiting), or with limit's when the time is over.
 */
gboolean vmb_wait(VmbAlarm *alarm, VmbCondition condition, gpointer data, VmbLimit limit,
                  GError **error);

/* The same for what was told to end: its time is over without limits too. */
gboolean vmb_wait_grace(VmbAlarm *alarm, VmbCondition condition, gpointer data, VmbLimit limit,
                        GError **error);

#endif
