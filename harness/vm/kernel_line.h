/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a line of a Linux kernel's log says about its health. No state; any thread. */
#ifndef VMBENCH_KERNEL_LINE_H
#define VMBENCH_KERNEL_LINE_H

#include <glib.h>

typedef enum {
    VMB_KERNEL_OTHER, /* nothing of interest */
    VMB_KERNEL_PANIC,
    VMB_KERNEL_OOPS,  /* an oops, a BUG() or a fault of the kernel; a mere warning is none */
    VMB_KERNEL_WHERE, /* of an oops or a warning: the function that did it */
    VMB_KERNEL_STUCK, /* a lockup, a stall or a task that hangs, as its watchdogs see it */
    VMB_KERNEL_NO_ROOM, /* for the image: a panic follows, which does not say so */
    VMB_KERNEL_END,   /* the last line of a kernel that was told to end */
} VmbKernelLine;

/*
 * Judge a line without its line end, by the words of Linux 6.1 on arm64 and x86. Only what the
 * kernel itself prints counts, a time stamp (printk.time) first: anybody can print or type the
 * words alone. Unless it is VMB_KERNEL_OTHER, *words becomes the kernel's words as valid UTF-8
 * (of VMB_KERNEL_WHERE "function+0x10/0x20 [module]"); free with g_free().
 */
VmbKernelLine vmb_kernel_line_judge(const char *line, char **words);

#endif
