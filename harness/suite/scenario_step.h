/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The [step NAME] groups of a scenario's file. For scenario.c alone. */
#ifndef VMBENCH_SCENARIO_STEP_H
#define VMBENCH_SCENARIO_STEP_H

#include "ini.h"
#include "scenario.h"

/*
 * Read the group `group`, whose name behind "step " is `name`, into the scenario, whose handlers,
 * ranges, guests and earlier steps are there. FALSE: VMB_ERROR_SETUP.
 */
gboolean vmb_scenario_add_step(VmbScenario *scenario, const VmbIni *ini, const char *group,
                               const char *name, GError **error);

/* As vmb_scenario_each_key(), of the keys of steps. */
void vmb_scenario_each_step_key(VmbScenarioKey take, gpointer data);

void vmb_step_free(VmbStep *step);

/* A command line as a shell would split it, quotes and all. FALSE: VMB_ERROR_SETUP. */
gboolean vmb_scenario_command(const VmbIni *ini, const char *group, const char *key, char ***argv,
                              GError **error);

/* NAME=VALUE;..., NULL when the key is not there. FALSE: VMB_ERROR_SETUP. */
gboolean vmb_scenario_environment(const VmbIni *ini, const char *group, char ***environment,
                                  GError **error);

/*
 * The index of the thing called `name` in `things`, whose structures begin with their name. FALSE:
 * VMB_ERROR_SETUP, about `key`; `what` says what a thing is.
 */
gboolean vmb_scenario_find(const VmbIni *ini, const char *group, const char *key,
                           const GPtrArray *things, const char *name, const char *what,
                           guint *index, GError **error);

#endif
