/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be run: scenarios, each on each of its machines, in the order in which they are reported. */
#ifndef VMBENCH_CASE_H
#define VMBENCH_CASE_H

#include "scenario.h"

typedef struct {
    char *id;                    /* "memory:x86", with --repeat "memory:x86#2" */
    char *directory;             /* of its logs, in that of the run: "memory-x86", "memory-x86-2" */
    const VmbScenario *scenario; /* borrowed */
    const VmbMachine *machine;
} VmbCase;

typedef struct {
    GPtrArray *scenarios; /* of VmbScenario, by name */
    GPtrArray *cases;     /* of VmbCase */
} VmbCases;

/* What of all there is the user wants. */
typedef struct {
    const char *const *directories; /* that hold scenarios, at any depth; ends with NULL */
    const char *const *patterns;    /* names and globs, NULL: all; ends with NULL */
    const char *const *groups;      /* at least one of these, NULL: any; ends with NULL */
    const char *machine;            /* a machine's name, or "all" */
    guint shard, shards;            /* the shard-th, from 1, of so many equal parts */
    guint repeat;                   /* each so many times, at least 1 */
} VmbSelection;

/*
 * Read all scenarios of the directories and choose. NULL: VMB_ERROR_SETUP, a directory or a scenario's
 * file is wrong, a scenario's name is not usable, or two have one; VMB_ERROR_USAGE, a pattern, a group or a
 * machine that no scenario has, with the nearest right one. Nothing at all is an error of either, unless
 * a shard is empty. Free with vmb_cases_free().
 */
VmbCases *vmb_cases_find(const VmbSelection *selection, GError **error);
void vmb_cases_free(VmbCases *cases);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbCases, vmb_cases_free)

#endif
