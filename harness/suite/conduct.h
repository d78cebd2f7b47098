/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How those that a test runs keep to what they may send: handlers to the protocol, as QEMU counts it, and
 * programs in the guest away from the results line. Main thread only.
 */
#ifndef VMBENCH_CONDUCT_H
#define VMBENCH_CONDUCT_H

#include "guest.h"
#include "scenario.h"

/* What each range's endpoint has counted up to some moment. */
typedef struct VmbConduct VmbConduct;

/*
 * As it is now, before a test; noise on the results line up to now is not this test's. NULL: as
 * vmb_qmp_call(). Free with vmb_conduct_free().
 */
VmbConduct *vmb_conduct_begin(VmbGuest *guest, const VmbScenario *scenario, GError **error);
void vmb_conduct_free(VmbConduct *conduct);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmbConduct, vmb_conduct_free)

/*
 * A step has ended the handler of the range with that index, and QEMU has noticed: the part of a packet that
 * it may have left at its endpoint is nothing that a later handler has sent. FALSE: as vmb_conduct_begin().
 */
gboolean vmb_conduct_forgive_unfinished(VmbConduct *conduct, VmbGuest *guest,
                                        const VmbScenario *scenario, guint range, GError **error);

/*
 * Compare with now: a guest that tests share brings what earlier ones are to blame for, in `before`.
 * Handlers of a scenario that misbehaves may. `unclaimed` is the range whose claim was awaited in vain, NULL:
 * there is none: part of a packet is nothing that a handler at its endpoint may have sent. FALSE:
 * VMB_ERROR_PROTOCOL, with each range and counter that has grown and by how much; or as
 * vmb_conduct_check_line(), or vmb_qmp_call().
 */
gboolean vmb_conduct_check(VmbGuest *guest, const VmbScenario *scenario, const VmbMachine *machine,
                           const VmbConduct *before, const VmbScenarioRange *unclaimed,
                           GError **error);

/*
 * Of any guest: hear from its agent, and look at what its results line has carried. What a program wrote
 * there comes before an answer. FALSE: VMB_ERROR_PROTOCOL, something that is not the agent's; or as
 * vmb_agent_link_hear().
 */
gboolean vmb_conduct_check_line(VmbGuest *guest, const VmbMachine *machine, GError **error);

#endif
