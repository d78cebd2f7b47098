/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rerun.sh: the machine of a test that failed once more, for somebody at a terminal. */
#ifndef VMBENCH_RERUN_H
#define VMBENCH_RERUN_H

#include "case_run.h"

/*
 * The text of a script for the directory of the test. It starts the tested guest, which `config` was for,
 * with a shell on the terminal, the guests beside it, and each handler that the test had started and no step
 * of it had ended; it says where they can be reached, and ends them with the guest. `image` is the guest's
 * image as it is kept: a file of that directory by its name alone, or an absolute path. The command of the
 * test's own QEMU is in a comment. Free with g_free().
 */
char *vmb_rerun_script(const VmbCaseRun *run, const VmbGuestConfig *config, const char *image);

#endif
