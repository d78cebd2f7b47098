/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"

#include <fcntl.h>
#include <unistd.h>

#include "rootfs_image.h"

int vmb_exit_status(const GError *error, const VmbAlarm *alarm)
{
    if (g_error_matches(error, ROOTFS_ERROR, ROOTFS_ERROR_FOREIGN)) {
        return VMB_ERROR_USAGE; /* the wrong file, or the wrong machine */
    }
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
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);

    fflush(stdout);
    for (char **line = lines; *line != NULL; line++) {
        fprintf(stderr, "vmbench: %s\n", *line);
    }
    return vmb_exit_status(error, alarm);
}

FILE *vmb_take_stdout(void)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    dup2(STDERR_FILENO, STDOUT_FILENO);
    return fd >= 0 ? fdopen(fd, "w") : NULL;
}
