/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What else lies at the addresses of a range. */
#ifndef HW_MISC_VMMIO_OVERLAP_H
#define HW_MISC_VMMIO_OVERLAP_H

#include "vmmio.h"

/*
 * False and an error when RAM, ROM or another vmmio range lies in the range: neither
 * could give way. To be called before the range is mapped, as the next one.
 */
bool vmmio_overlap_check(VmmioState *s, Error **errp);

/*
 * Names of the devices that answer in the range now, without those that QEMU only logs accesses
 * to. The caller unrefs the array.
 */
GPtrArray *vmmio_overlap_devices(VmmioState *s);

/*
 * The range has been mapped, and these answered in it before: warn of them, as hidden by the
 * range or, when they still answer, as hiding it.
 */
void vmmio_overlap_warn(VmmioState *s, const GPtrArray *before);

#endif
