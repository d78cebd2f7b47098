/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the microphone hears: a sound file that libsndfile can read, with one channel. */
#ifndef RECORDING_H
#define RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recording;

/*
 * Open a file. NULL, after one line on standard error: it cannot be opened, is no sound file, or
 * has no sample or several channels. Close with recording_close().
 */
struct recording *recording_open(const char *path);
void recording_close(struct recording *recording);

/* Samples a second, at least 1. */
unsigned recording_rate(const struct recording *recording);

/* How many samples there were when the file was opened, at least 1. */
uint64_t recording_samples(const struct recording *recording);

/* Go back to the first sample. */
void recording_rewind(struct recording *recording);

/*
 * The next `count` samples, little-endian. Those of a file with 16 bits a sample come as they are,
 * others converted. False: the file has not so many left, or cannot be read any more.
 */
bool recording_read(struct recording *recording, int16_t *samples, size_t count);

#endif
