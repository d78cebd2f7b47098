/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The harness's one error domain. A code says whose fault it was and is the exit status. */
#ifndef VMBENCH_ERROR_H
#define VMBENCH_ERROR_H

#include "vmbench-error.h"

/*
 * The log that explains an error best, by name ("console.log"), for any error:
 * one of another domain counts as VMB_ERROR_SETUP. Static storage.
 */
const char *vmb_error_log_name(const GError *error);

#endif
