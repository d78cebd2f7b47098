/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The harness's end of the results line, which the guest's agent listens on. The protocol is
 * guest-rootfs/agent/frame.h; programs in the guest are guest_program.h. Main thread only.
 */
#ifndef VMBENCH_AGENT_LINK_H
#define VMBENCH_AGENT_LINK_H

#include "alarm.h"
#include "frame.h"

typedef struct VmbAgentLink VmbAgentLink;

/*
 * Somebody who knows more of the guest than the results line tells: its console, QEMU. settle()
 * and excuse() may wait.
 */
typedef struct {
    /* Wait for what the kernel is about to report. FALSE: the alarm's error. */
    gboolean (*settle)(gpointer data, GError **error);

    /*
     * Why the guest may be silent and yet be well, such as "the VM is paused"; free with g_free().
     * NULL: no reason, or *error is set, an error that ends the wait.
     */
    char *(*excuse)(gpointer data, GError **error);

    /* The kernel's words about a lockup since that time; NULL: none. Borrowed. */
    const char *(*stuck)(gpointer data, gint64 since);
} VmbWitness;

/*
 * Owns fd, a connected socket whose other end is the guest's serial line. `nonce`, not
 * AGENT_NO_NONCE, is told the agent when it greets. An agent that starts twice raises the alarm with
 * VMB_ERROR_RESET, one that speaks another version with VMB_ERROR_PROTOCOL. Free with
 * vmb_agent_link_free(): programs that still run are lost then, see guest_program.h.
 */
VmbAgentLink *vmb_agent_link_new(int fd, guint64 nonce, VmbAlarm *alarm);
void vmb_agent_link_free(VmbAgentLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbAgentLink, vmb_agent_link_free)

/*
 * Wait up to `ms` (before scaling) for the agent. FALSE: VMB_ERROR_BOOT_TIMEOUT or the alarm's.
 * No PING is needed: READY cannot get lost, because the line is connected before QEMU starts.
 */
gboolean vmb_agent_link_wait_ready(VmbAgentLink *link, guint ms, GError **error);
gboolean vmb_agent_link_is_ready(const VmbAgentLink *link);

/*
 * The guest was restored from a snapshot that was made under the nonce `from`: give its agent this
 * link's nonce, the time of day and entropy. READY answers, as after a boot: wait for that.
 */
void vmb_agent_link_resume(VmbAgentLink *link, guint64 from);

/* From now on the agent may start again: the user reboots the guest. */
void vmb_agent_link_allow_restart(VmbAgentLink *link);

/*
 * The guest has just been reset: the agent is to report once more, programs that ran are lost,
 * and what the line carries of the time before counts no more.
 */
void vmb_agent_link_restart(VmbAgentLink *link);

/*
 * Wait up to `ms` (before scaling, at least 1) for the agent's answer to a PING: the guest's kernel
 * schedules and its serial line works. FALSE: VMB_ERROR_KERNEL_HANG, it is silent; or the alarm's.
 * An answer also tells that the agent is ready.
 */
gboolean vmb_agent_link_ping(VmbAgentLink *link, guint ms, GError **error);

/*
 * Have what programs left behind killed, and those that still run. It is done when the agent answers the
 * next PING.
 */
void vmb_agent_link_sweep(VmbAgentLink *link);

/* Whom to ask when the guest is silent. Nothing is copied; `data` is for the functions. */
void vmb_agent_link_set_witness(VmbAgentLink *link, const VmbWitness *witness, gpointer data);

/* TRUE when the guest's interactive shell has ended. */
gboolean vmb_agent_link_shell_ended(const VmbAgentLink *link);

/* What came over the line and was no good frame of this boot: noise, damage, forgeries. */
typedef struct {
    guint64 bytes;      /* dropped */
    guint64 bad_nonce;  /* of these, headers with another nonce */
    guint64 bad_frames; /* of these, frames with a wrong length or CRC */
} VmbAgentNoise;

VmbAgentNoise vmb_agent_link_noise(const VmbAgentLink *link);

/* What the line has carried up to now is not held against anybody: so it is when the agent begins, too. */
void vmb_agent_link_forgive_noise(VmbAgentLink *link);

/*
 * Whether there was none since then. `tty` is the guest's name of the line, below /dev. FALSE:
 * VMB_ERROR_PROTOCOL, with how much there was.
 */
gboolean vmb_agent_link_check_noise(const VmbAgentLink *link, const char *tty, GError **error);

/* ---- For guest_program.c and agent_watch.c ---- */

VmbAlarm *vmb_agent_link_alarm(const VmbAgentLink *link);

/* Queue a frame; `length` is at most AGENT_FRAME_PAYLOAD bytes. */
void vmb_agent_link_send(VmbAgentLink *link, enum agent_frame_type type, guint32 id,
                         const guint8 *payload, gsize length);

/* Raise the alarm with VMB_ERROR_PROTOCOL: the line carried what it must not. */
void vmb_agent_link_violated(VmbAgentLink *link, const char *problem);

/*
 * A frame that belongs to the run; NULL: the guest was reset or the link is freed, no other comes
 * and the run is detached already. Must not wait.
 */
typedef void (*VmbAgentReceiver)(gpointer data, const struct agent_frame *frame);

/* A new run: its id, never 0 and never used before. */
guint32 vmb_agent_link_attach(VmbAgentLink *link, VmbAgentReceiver receiver, gpointer data);

/* Frames of the run are ignored from now on. May be called by the receiver. */
void vmb_agent_link_detach(VmbAgentLink *link, guint32 id);

/* Send a PING. Its answer counts for vmb_agent_link_heard(). */
void vmb_agent_link_send_ping(VmbAgentLink *link);

/* As set by vmb_agent_link_set_witness(), with its data; NULL: nobody. */
const VmbWitness *vmb_agent_link_witness(const VmbAgentLink *link, gpointer *data);

/* When the agent's last good frame came, as g_get_monotonic_time() counts; 0: none has. */
gint64 vmb_agent_link_heard(const VmbAgentLink *link);

#endif
