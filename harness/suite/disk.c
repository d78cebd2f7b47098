/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk.h"

#include <sys/statvfs.h>

static gboolean check(const char *directory, guint64 mib, const char *remedy, GError **error)
{
    struct statvfs disk;
    guint64 have;

    if (statvfs(directory, &disk) != 0) {
        return TRUE; /* whoever writes there has the better words */
    }
    have = disk.f_bavail * (guint64)disk.f_frsize >> 20;
    if (have < mib) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_SETUP,
                    "the disk is nearly full: %" G_GUINT64_FORMAT " MiB are free for %s, and a run may "
                    "need %" G_GUINT64_FORMAT ": make room, or choose another directory with %s",
                    have, directory, mib, remedy);
    }
    return have >= mib;
}

static gboolean read_amount(guint64 *mib, GError **error)
{
    const char *value = g_getenv("VMBENCH_DISK_MIB");

    *mib = VMB_DISK_MIB;
    if (value != NULL && value[0] != '\0' &&
        !g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, mib, NULL)) {
        g_set_error(error, VMB_ERROR, VMB_ERROR_USAGE, "VMBENCH_DISK_MIB=%s: it is a number", value);
        return FALSE;
    }
    return TRUE;
}

gboolean vmb_disk_check(const char *logs, GError **error)
{
    guint64 mib;

    return read_amount(&mib, error) && check(logs, mib, "--logs", error) &&
           check(g_get_tmp_dir(), mib, "TMPDIR", error);
}
