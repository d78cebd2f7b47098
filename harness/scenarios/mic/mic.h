/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The microphone of mic_registers.h behind range 0 of a VM. Used by the thread that runs the
 * context.
 */
#ifndef MIC_H
#define MIC_H

#include "coreio-ctx.h"
#include "recording.h"

struct mic;

/*
 * A microphone that hears `recording`, registered with `ctx`, whose events it takes. Both are
 * borrowed. NULL with errno: no memory or no timer. Free with mic_free() after the context, which
 * may be writing its samples.
 */
struct mic *mic_new(coreio_ctx *ctx, struct recording *recording);
void mic_free(struct mic *mic);

/* A descriptor to watch for input, for mic_tick(). The microphone closes it. */
int mic_timer_fd(const struct mic *mic);

/* Record the blocks whose time has come; there need not be any. */
void mic_tick(struct mic *mic);

#endif
