/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A clock for tests that nothing happens too early. None asks whether something is late. */
#ifndef TESTS_CLOCK_H
#define TESTS_CLOCK_H

#include <time.h>

/* Microseconds of the clock that only goes forward. Any thread. */
static inline long long now_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

#endif
