/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent_watch.h"

/* All before scaling. */
#define PULSE_MS 1000
#define SILENCE_MS 10000
#define LAST_PING_MS 2000
#define HEAR_MS 500

typedef struct {
    VmbAgentLink *link;
    const char *what;
    gint64 start;
    gint64 well; /* silence counts from then on */
} Watch;

gboolean vmb_agent_link_settle(VmbAgentLink *link, GError **error)
{
    gpointer data;
    const VmbWitness *witness = vmb_agent_link_witness(link, &data);

    return witness == NULL || witness->settle(data, error);
}

static char *excuse(VmbAgentLink *link, GError **error)
{
    gpointer data;
    const VmbWitness *witness = vmb_agent_link_witness(link, &data);

    return witness != NULL ? witness->excuse(data, error) : NULL;
}

static const char *stuck(const Watch *watch)
{
    gpointer data;
    const VmbWitness *witness = vmb_agent_link_witness(watch->link, &data);

    return witness != NULL ? witness->stuck(data, watch->start) : NULL;
}

/* Nothing more can be run in this guest: the alarm is for all who wait. */
static gboolean raise_hang(const Watch *watch, const char *how, GError **error)
{
    VmbAlarm *alarm = vmb_agent_link_alarm(watch->link);
    const char *words = stuck(watch);

    vmb_alarm_raise(alarm, g_error_new(VMB_ERROR, VMB_ERROR_KERNEL_HANG,
                                       "the guest kernel hangs: %s%s%s%s", how,
                                       words != NULL ? " (" : "", words != NULL ? words : "",
                                       words != NULL ? ")" : ""));
    g_propagate_error(error, g_error_copy(vmb_alarm_error(alarm)));
    return FALSE;
}

/* FALSE when there is no point in waiting any longer. */
static gboolean look_after(Watch *watch, GError **error)
{
    gint64 silence = vmb_alarm_scaled_us(vmb_agent_link_alarm(watch->link), SILENCE_MS);
    gint64 heard = vmb_agent_link_heard(watch->link);
    gint64 now = g_get_monotonic_time();
    g_autoptr(GError) cause = NULL;

    /* Again and again: what else comes over the line may damage an answer. */
    vmb_agent_link_send_ping(watch->link);
    if (now - MAX(heard, watch->well) < silence) {
        return TRUE;
    }
    g_autofree char *why = excuse(watch->link, &cause);

    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (why == NULL) {
        return raise_hang(watch, "its agent has not answered for 10 s", error);
    }
    watch->well = now;
    return TRUE;
}

static gboolean time_out(const Watch *watch, const char *why, GError **error)
{
    g_set_error(error, VMB_ERROR, VMB_ERROR_PROGRAM_TIMEOUT, "%s: %s", watch->what, why);
    return FALSE;
}

/* The time is over: who is to blame? */
static gboolean give_up(const Watch *watch, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!vmb_agent_link_settle(watch->link, error)) {
        return FALSE;
    }
    g_autofree char *why = excuse(watch->link, &cause);

    if (why != NULL) {
        return time_out(watch, why, error);
    }
    if (cause == NULL && !vmb_agent_link_ping(watch->link, LAST_PING_MS, &cause) &&
        g_error_matches(cause, VMB_ERROR, VMB_ERROR_KERNEL_HANG)) {
        return raise_hang(watch, "its agent does not answer", error);
    }
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (stuck(watch) != NULL) {
        return raise_hang(watch, "it says so", error);
    }
    return time_out(watch, "does it wait for a handler or an interrupt? or try --timeout-scale 4",
                    error);
}

gboolean vmb_agent_link_wait(VmbAgentLink *link, VmbCondition condition, gpointer data, guint ms,
                             const char *what, GError **error)
{
    VmbAlarm *alarm = vmb_agent_link_alarm(link);
    gint64 now = g_get_monotonic_time();
    Watch watch = {.link = link, .what = what, .start = now, .well = now};
    guint left = ms;

    for (;;) {
        VmbLimit limit = {MIN(left, PULSE_MS), VMB_ERROR_PROGRAM_TIMEOUT, ""};
        g_autoptr(GError) cause = NULL;

        if (vmb_wait(alarm, condition, data, limit, &cause)) {
            return TRUE;
        }
        if (vmb_alarm_error(alarm) != NULL) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        left -= limit.ms;
        if (left == 0) {
            return give_up(&watch, error);
        }
        if (!look_after(&watch, error)) {
            return FALSE;
        }
    }
}

/* One try. *over: there is no point in another one. */
static gboolean hear_once(VmbAgentLink *link, gboolean *over, GError **error)
{
    g_autofree char *why = NULL;
    g_autoptr(GError) cause = NULL;

    *over = TRUE;
    if (vmb_agent_link_ping(link, HEAR_MS, &cause)) {
        return TRUE;
    }
    if (g_error_matches(cause, VMB_ERROR, VMB_ERROR_KERNEL_HANG)) {
        g_clear_error(&cause);
        why = excuse(link, &cause);
        *over = why != NULL || cause != NULL;
    }
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    return why != NULL;
}

gboolean vmb_agent_link_hear(VmbAgentLink *link, GError **error)
{
    Watch watch = {.link = link, .start = g_get_monotonic_time()};

    if (!vmb_alarm_has_limits(vmb_agent_link_alarm(link))) {
        return TRUE;
    }
    for (guint ms = 0; ms < SILENCE_MS; ms += HEAR_MS) {
        gboolean over;
        gboolean heard = hear_once(link, &over, error);

        if (over) {
            return heard;
        }
    }
    return raise_hang(&watch, "its agent has not answered for 10 s", error);
}
