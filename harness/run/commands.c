/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"

#include <stdio.h>

int vmb_exit_status(const GError *error, const VmbAlarm *alarm)
{
    if (error->domain != VMB_ERROR) {
        return VMB_ERROR_SETUP;
    }
    if (error->code == VMB_ERROR_INTERRUPTED && alarm != NULL) {
        return 128 + vmb_alarm_signal(alarm);
    }
    return error->code;
}

int vmb_fail(const GError *error, const VmbAlarm *alarm)
{
    fflush(stdout);
    fprintf(stderr, "vmbench: %s\n", error->message);
    return vmb_exit_status(error, alarm);
}
