/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps that are an access of physical memory. Each returns FALSE with the verdict. */
#ifndef VMBENCH_CASE_ACCESS_H
#define VMBENCH_CASE_ACCESS_H

#include "case_run.h"

gboolean vmb_case_bytes(VmbCaseRun *run, const VmbStep *step, GError **error);
gboolean vmb_case_bus_error(VmbCaseRun *run, const VmbStep *step, GError **error);

#endif
