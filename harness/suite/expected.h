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

/*
 * How many complete lines, and bytes, the output has to have at least; 0: nothing is expected, and of bytes
 * that they follow patterns. FALSE: VMB_ERROR_SETUP.
 */
gboolean vmb_expected_size(const VmbExpected *expected, const VmbScenario *scenario,
                           const VmbMachine *machine, guint *lines, gsize *bytes, GError **error);

#endif
