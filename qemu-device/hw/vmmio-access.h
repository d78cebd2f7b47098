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

struct VmmioState;
struct VmmioOp;

/* Who has finished an access. */
typedef enum VmmioFinisher {
    VMMIO_BY_HANDLER,
    VMMIO_BY_POLICY,   /* on-timeout or on-disconnect: the handler has not answered */
    VMMIO_BY_FALLBACK, /* nobody is there to ask */
    VMMIO_BY_LOG,      /* it had been made before the instruction was taken back */
} VmmioFinisher;

/*
 * Make the access; op->data of a read and op->result are set. BQL held, and released while it waits. Does
 * not return when the instruction is taken back (vmmio-vcpu.h).
 */
VmmioFinisher vmmio_access(struct VmmioState *s, struct VmmioOp *op, MemTxAttrs attrs);

/* The range's region, in vmmio-region.c; its opaque is the VmmioState. */
extern const MemoryRegionOps vmmio_ops;

#endif
