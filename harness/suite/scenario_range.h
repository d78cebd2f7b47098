/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups [range NAME] of a scenario.ini. Errors are the file's: see ini.h. */
#ifndef VMBENCH_SCENARIO_RANGE_H
#define VMBENCH_SCENARIO_RANGE_H

#include "ini.h"
#include "scenario.h"

/* The keys that such a group may have; ends with NULL. */
extern const char *const vmb_scenario_range_keys[];

/* Read the group, which is "range " and `name`, into a range of the scenario. FALSE: it has mistakes. */
gboolean vmb_scenario_read_range(VmbScenario *scenario, const VmbIni *ini, const char *group,
                                 const char *name, GError **error);

/* Add one with all the defaults, of this line. It belongs to the scenario. */
VmbScenarioRange *vmb_scenario_add_range(VmbScenario *scenario, const char *name, guint line);

/* FALSE: two ranges overlap, which QEMU would say when it does not start. */
gboolean vmb_scenario_check_places(const VmbScenario *scenario, const VmbIni *ini, GError **error);

void vmb_scenario_range_free(VmbScenarioRange *range);

#endif
