/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct VmbLogFile {
    int fd;
    char *path;
    VmbAlarm *alarm;
};

VmbLogFile *vmb_log_file_new(const char *path, VmbAlarm *alarm, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    VmbLogFile *log;

    if (fd < 0) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "cannot write %s: %s: choose another directory with --logs", path,
                    g_strerror(errno));
        return NULL;
    }
    log = g_new0(VmbLogFile, 1);
    log->fd = fd;
    log->path = g_strdup(path);
    log->alarm = alarm;
    return log;
}

void vmb_log_file_free(VmbLogFile *log)
{
    close(log->fd);
    g_free(log->path);
    g_free(log);
}

const char *vmb_log_file_path(const VmbLogFile *log)
{
    return log->path;
}

void vmb_log_file_append(VmbLogFile *log, const guint8 *bytes, gsize len)
{
    while (len > 0) {
        ssize_t n = write(log->fd, bytes, len);

        if (n > 0) {
            bytes += n;
            len -= (gsize)n;
        } else if (n == 0 || errno != EINTR) {
            vmb_alarm_raise(log->alarm,
                            g_error_new(VMB_ERROR, VMB_ERROR_SETUP,
                                        "cannot write %s: %s: make room, or choose another "
                                        "directory with --logs",
                                        log->path, g_strerror(n == 0 ? ENOSPC : errno)));
            return;
        }
    }
}
