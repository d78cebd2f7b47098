/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a test that failed, for somebody who was not there. */
#ifndef VMBENCH_BUNDLE_H
#define VMBENCH_BUNDLE_H

#include "case_run.h"

/* QEMU's trace of the accesses, in the directory of a test; the bundle has a table of it. */
#define VMB_BUNDLE_ACCESSES "accesses.trace"

/*
 * Write into the directory of the test, which has its console, outputs and handlers' logs already:
 * QEMU's log, its command as rerun.sh, versions.txt, registers.txt, the accesses as
 * transcript.txt, failure.txt. The result's details
 * become the end of the log that explains `error` best, unless they are set. What cannot be had or
 * written is left out, and a note of the result's says so: the verdict stands.
 */
void vmb_bundle_write(VmbCaseRun *run, const GError *error);

/*
 * A log of the test is not whole, `why` in a few words: the bundle's note will say so, of the first one that
 * is told.
 */
void vmb_bundle_lost(VmbCaseRun *run, const char *why);

#endif
