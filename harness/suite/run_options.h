/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of `vmbench run` and `vmbench list`: what to run, and how. */
#ifndef VMBENCH_RUN_OPTIONS_H
#define VMBENCH_RUN_OPTIONS_H

#include "case.h"
#include "settings.h"

typedef struct {
    VmbSettings *settings;
    VmbCases *cases;
    guint jobs;          /* tests at a time, at least 1 */
    guint retries;       /* how often a failing test is tried again */
    gboolean isolate;    /* a guest of its own for each test */
    gboolean cold;       /* boot, and leave snapshots alone */
    guint keep_runs;     /* directories of runs, with this one's; 0: all */
    gboolean tap;
    gboolean keep_on_fail;
    gboolean gdb;
    char *junit, *json;  /* files to write, NULL: none */
    char *worker;        /* directory of the run that this process works for; NULL: it is the run */
    char *snapshots;     /* directory in whose snapshots/ they are kept */
} VmbRunOptions;

/*
 * Read the command line; argv[0] is the subcommand's name. `own` is an option of one that only
 * chooses, and takes no other option of a run or of guests; NULL: it runs. --help prints and ends the
 * process. NULL: VMB_ERROR_USAGE, or as vmb_settings_machines() or
 * vmb_cases_find(). Free with vmb_run_options_free().
 */
VmbRunOptions *vmb_run_options_parse(int argc, char **argv, const char *summary,
                                     const GOptionEntry *own, GError **error);
void vmb_run_options_free(VmbRunOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbRunOptions, vmb_run_options_free)

#endif
