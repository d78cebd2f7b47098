/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests of vmmio-test-system. Each takes its number of rounds, prints what it has done as
 * one line and returns 0, or prints on standard error what went wrong and returns -1.
 */
#ifndef TESTS_H
#define TESTS_H

#include <stdint.h>

/*
 * Wait for `rounds` interrupts on /dev/uio0 (module vmmio-uio), acknowledge each, and count
 * that there were no more.
 */
int test_irq(uint64_t rounds);

/* Have the device fill and read buffers in RAM: every length of 1 to 32 bytes, then pages. */
int test_dma(uint64_t rounds);

/* `rounds` times, from each of four CPUs at once: see hammer.c. */
int test_hammer(uint64_t rounds);

/* Print what is wrong as one line on standard error. Returns -1, for the caller to return. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
