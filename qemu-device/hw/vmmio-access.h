/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a load or a store to a range does: ask the handler, or follow the policy. */
#ifndef HW_MISC_VMMIO_ACCESS_H
#define HW_MISC_VMMIO_ACCESS_H

#include "exec/memory.h"

/* What becomes of an access that the handler does not answer. */
typedef enum VmmioPolicy {
    VMMIO_POLICY_FILL,  /* every byte reads 0xaa, a write is dropped */
    VMMIO_POLICY_ERROR, /* bus error */
    VMMIO_POLICY_WAIT,  /* wait until a handler claims again, and ask that one */
} VmmioPolicy;

/* "fill", "error" or "wait". False and an error, which names the property, for other text. */
bool vmmio_policy_parse(const char *property, const char *text, VmmioPolicy *policy,
                        Error **errp);

/* The range's region; its opaque is the VmmioState. */
extern const MemoryRegionOps vmmio_ops;

#endif
