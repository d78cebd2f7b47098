/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "error.h"

G_DEFINE_QUARK(vmbench-error-quark, vmb_error)

static const char *const verdict_names[] = {
    [0] = "pass",
    [VMB_ERROR_MISMATCH] = "mismatch",
    [VMB_ERROR_USAGE] = "usage",
    [VMB_ERROR_SETUP] = "setup",
    [VMB_ERROR_BOOT_TIMEOUT] = "boot-timeout",
    [VMB_ERROR_PANIC] = "panic",
    [VMB_ERROR_QEMU_DIED] = "qemu-died",
    [VMB_ERROR_HANDLER_DIED] = "handler-died",
    [VMB_ERROR_NO_CLAIM] = "no-claim",
    [VMB_ERROR_PROGRAM_MISSING] = "program-missing",
    [VMB_ERROR_PROGRAM_FAILED] = "guest-exit",
    [VMB_ERROR_PROGRAM_TIMEOUT] = "test-hang",
    [VMB_ERROR_PROTOCOL] = "protocol",
    [VMB_ERROR_INTERRUPTED] = "interrupted",
    [VMB_ERROR_PROGRAM_SIGNAL] = "guest-signal",
    [VMB_ERROR_OOPS] = "oops",
    [VMB_ERROR_KERNEL_HANG] = "kernel-hang",
    [VMB_ERROR_RESET] = "reset",
    [VMB_ERROR_SKIPPED] = "skipped",
};

const char *vmb_verdict_name(int code)
{
    return code >= 0 && code < (int)G_N_ELEMENTS(verdict_names) ? verdict_names[code] : "unknown";
}

const char *vmb_error_log_name(const GError *error)
{
    if (error->domain != VMB_ERROR) {
        return "vmbench.log";
    }
    switch ((VmbErrorCode)error->code) {
    case VMB_ERROR_BOOT_TIMEOUT:
    case VMB_ERROR_PANIC:
    case VMB_ERROR_PROGRAM_MISSING:
    case VMB_ERROR_PROGRAM_FAILED:
    case VMB_ERROR_PROGRAM_TIMEOUT:
    case VMB_ERROR_PROGRAM_SIGNAL:
    case VMB_ERROR_OOPS:
    case VMB_ERROR_KERNEL_HANG:
    case VMB_ERROR_RESET:
        return "console.log";
    case VMB_ERROR_QEMU_DIED:
        return "qemu.log";
    case VMB_ERROR_HANDLER_DIED:
    case VMB_ERROR_NO_CLAIM:
        return "handler.log";
    default:
        return "vmbench.log";
    }
}
