/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accesses that a guest makes to its ranges, as QEMU's trace tells them while a test runs; and the
 * table that is made of them when it has failed.
 */
#ifndef VMBENCH_TRANSCRIPT_H
#define VMBENCH_TRANSCRIPT_H

#include "guest.h"

/* Bytes that are kept of the trace, at its beginning and its end: some 30,000 and 60,000 accesses. */
#define VMB_TRANSCRIPT_FIRST (4 * 1024 * 1024)
#define VMB_TRANSCRIPT_LAST (8 * 1024 * 1024)

/* A trace that grows, and that is trimmed meanwhile. */
typedef struct VmbTranscript VmbTranscript;

/*
 * From now on QEMU writes each access to the file `path`, absolute, which is made. While the event loop
 * runs, what is between the first and the last bytes of a long one is taken out of the file and counted.
 * NULL: VMB_ERROR_SETUP, it cannot be written; or as vmb_guest_monitor(). Free with
 * vmb_transcript_free(), which leaves the file.
 */
VmbTranscript *vmb_transcript_begin(VmbGuest *guest, const char *path, GError **error);
void vmb_transcript_free(VmbTranscript *transcript);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbTranscript, vmb_transcript_free)

/*
 * Make a table of it: seconds since `begin` (g_get_real_time()), range, read or write, address, size,
 * value, latency in microseconds, who answered; and in the place of those that are left out a line with
 * their number. The lines `waiting` are put behind all. FALSE: it is not whole.
 */
gboolean vmb_transcript_format(const VmbTranscript *transcript, const char *table, gint64 begin,
                               const char *waiting);

/* ---- For a test ---- */

/* Bytes; the file may be longer by `step` before it is trimmed. */
typedef struct {
    gint64 first, last, step;
} VmbTranscriptLimits;

/* The trace alone, which somebody else writes. `limits` NULL: as above. */
VmbTranscript *vmb_transcript_new(const char *path, const VmbTranscriptLimits *limits, GError **error);

/* What a timer does. */
void vmb_transcript_trim(VmbTranscript *transcript);

#endif
