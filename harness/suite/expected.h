/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an output is what a step says that it has to be. */
#ifndef VMBENCH_EXPECTED_H
#define VMBENCH_EXPECTED_H

#include "result.h"
#include "scenario.h"

/*
 * Compare. `what` names the output for people, "stdout of hello". FALSE: VMB_ERROR_MISMATCH, with the
 * details, file and line of the result set; VMB_ERROR_SETUP, the fixture cannot be read.
 */
gboolean vmb_expected_compare(const VmbExpected *expected, const VmbScenario *scenario,
                              const VmbMachine *machine, const char *what, const GString *got,
                              VmbResult *result, GError **error);

/* How much an output has to have at least; all 0: nothing is expected. */
typedef struct {
    guint lines;       /* complete ones */
    gsize bytes;       /* 0: that they follow patterns is all that is known */
    gboolean open_end; /* it follows patterns, of which the last one is for a line without its end */
} VmbExpectedSize;

/* FALSE: VMB_ERROR_SETUP. */
gboolean vmb_expected_size(const VmbExpected *expected, const VmbScenario *scenario,
                           const VmbMachine *machine, VmbExpectedSize *size, GError **error);

/* Whether that is what is expected, without a word about it. */
gboolean vmb_expected_is_met(const VmbExpected *expected, const VmbScenario *scenario,
                             const VmbMachine *machine, const GString *got);

#endif
