/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest must be told after it slept in a snapshot: the time, and something random. */
#ifndef AGENT_RESUME_H
#define AGENT_RESUME_H

#include "frame.h"

/*
 * Set the clock and reseed the kernel's random numbers. Says on standard error what failed, and
 * goes on: a test that needs either sees it by itself.
 */
void resume_apply(const struct agent_resume *resume);

#endif
