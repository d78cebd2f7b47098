/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "error.h"

G_DEFINE_QUARK(vmbench-error-quark, vmb_error)

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
