/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/poke, the character device by which processes poke. */
#ifndef POKE_NODE_H
#define POKE_NODE_H

#include "poke_device.h"

/*
 * Make the node, until the driver leaves poke->device. Its major number is in /proc/devices. There
 * is one at a time. Returns 0, or the negative errno of what the kernel refused.
 */
int poke_node_add(struct poke *poke);

#endif
