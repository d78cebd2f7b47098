/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "alarm.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>

/* Time enough for a person. */
#define FOUR_WEEKS_US (28 * G_TIME_SPAN_DAY)

static const int watched_signals[] = {SIGINT, SIGTERM, SIGHUP};

typedef struct {
    VmbAlarm *alarm;
    int number;
    guint source;
} SignalWatch;

struct VmbAlarm {
    VmbAlarm *parent; /* of a trial, NULL: this is none */
    gboolean committed;
    double timeout_scale;
    GError *error;
    int signal;
    SignalWatch watches[G_N_ELEMENTS(watched_signals)];
};

VmbAlarm *vmb_alarm_new(double timeout_scale)
{
    VmbAlarm *alarm = g_new0(VmbAlarm, 1);

    alarm->timeout_scale = timeout_scale;
    return alarm;
}

VmbAlarm *vmb_alarm_new_trial(VmbAlarm *parent)
{
    VmbAlarm *trial = vmb_alarm_new(parent->timeout_scale);

    trial->parent = parent;
    return trial;
}

void vmb_alarm_commit(VmbAlarm *trial)
{
    trial->committed = TRUE;
}

void vmb_alarm_free(VmbAlarm *alarm)
{
    for (guint i = 0; i < G_N_ELEMENTS(alarm->watches); i++) {
        g_clear_handle_id(&alarm->watches[i].source, g_source_remove);
    }
    g_clear_error(&alarm->error);
    g_free(alarm);
}

void vmb_alarm_raise(VmbAlarm *alarm, GError *error)
{
    if (alarm->committed) {
        vmb_alarm_raise(alarm->parent, error);
    } else if (alarm->error != NULL) {
        g_error_free(error);
    } else {
        alarm->error = error;
    }
}

const GError *vmb_alarm_error(const VmbAlarm *alarm)
{
    if (alarm->error == NULL && alarm->parent != NULL) {
        return vmb_alarm_error(alarm->parent);
    }
    return alarm->error;
}

void vmb_alarm_forget(VmbAlarm *alarm)
{
    g_clear_error(&alarm->error);
}

static gboolean on_signal(gpointer data)
{
    SignalWatch *watch = data;

    watch->alarm->signal = watch->number;
    vmb_alarm_raise(watch->alarm,
                    g_error_new(VMB_ERROR, VMB_ERROR_INTERRUPTED, "interrupted by signal %d (%s)",
                                watch->number, strsignal(watch->number)));
    return G_SOURCE_CONTINUE;
}

void vmb_alarm_watch_signals(VmbAlarm *alarm)
{
    for (guint i = 0; i < G_N_ELEMENTS(alarm->watches); i++) {
        SignalWatch *watch = &alarm->watches[i];

        watch->alarm = alarm;
        watch->number = watched_signals[i];
        watch->source = g_unix_signal_add(watch->number, on_signal, watch);
    }
}

int vmb_alarm_signal(const VmbAlarm *alarm)
{
    return alarm->signal;
}

gint64 vmb_alarm_scaled_us(const VmbAlarm *alarm, guint ms)
{
    return vmb_alarm_has_limits(alarm) ? (gint64)(ms * 1000.0 * alarm->timeout_scale)
                                       : FOUR_WEEKS_US;
}

guint vmb_alarm_grace_ms(const VmbAlarm *alarm, guint ms)
{
    return vmb_alarm_has_limits(alarm) ? (guint)(ms * alarm->timeout_scale) : ms;
}

gboolean vmb_alarm_has_limits(const VmbAlarm *alarm)
{
    return alarm->timeout_scale > 0;
}

static gboolean on_time_over(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_CONTINUE;
}

gboolean vmb_wait_grace(VmbAlarm *alarm, VmbCondition condition, gpointer data, VmbLimit limit,
                        GError **error)
{
    gboolean time_over = FALSE;
    guint timer = limit.ms > 0 ? g_timeout_add(vmb_alarm_grace_ms(alarm, limit.ms), on_time_over,
                                               &time_over)
                               : 0;

    while (vmb_alarm_error(alarm) == NULL && !time_over && !condition(data)) {
        g_main_context_iteration(NULL, TRUE);
    }
    g_clear_handle_id(&timer, g_source_remove);
    if (vmb_alarm_error(alarm) != NULL) {
        g_propagate_error(error, g_error_copy(vmb_alarm_error(alarm)));
        return FALSE;
    }
    if (condition(data)) {
        return TRUE;
    }
    g_set_error_literal(error, VMB_ERROR, (gint)limit.code, limit.message);
    return FALSE;
}

gboolean vmb_wait(VmbAlarm *alarm, VmbCondition condition, gpointer data, VmbLimit limit,
                  GError **error)
{
    if (!vmb_alarm_has_limits(alarm)) {
        limit.ms = 0;
    }
    return vmb_wait_grace(alarm, condition, data, limit, error);
}
