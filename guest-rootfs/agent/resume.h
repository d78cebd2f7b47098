/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest must be told after it slept in a snapshot: the time, and something random. */
#ifndef AGENT_RESUME_H
#define AGENT_RESUME_H

#include "frame.h"

/*
 * Open what resume_apply() needs, in the process that calls that or before the fork: an init of the image's
 * own may start with nothing in /dev, and at any time.
 */
void resume_open(void);

/*
 * Set the clock and reseed the kernel's random numbers. Says on standard error what failed, and
 * goes on: a test that needs either sees it by itself.
 */
void resume_apply(const struct agent_resume *resume);

#endif
