/* SPDX-License-Identifier: GPL-2.0-or-later */
/* newc archives written by hand, as cpio(5) has them. */
#ifndef TEST_ROOTFS_NEWC_H
#define TEST_ROOTFS_NEWC_H

#include <glib.h>
#include <string.h>

static inline void newc_align(GString *archive)
{
    while (archive->len % 4 != 0) {
        g_string_append_c(archive, '\0');
    }
}

/* A member's header and name; `size` is what it says of its data, which the caller appends. */
static inline void newc_header(GString *archive, const char *name, guint mode, guint major,
                               guint minor, guint size)
{
    g_string_append_printf(archive, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
                           1, mode, 0, 0, 1, 0, size, 0, 0, major, minor, (guint)strlen(name) + 1,
                           0);
    g_string_append_len(archive, name, (gssize)strlen(name) + 1);
    newc_align(archive);
}

static inline void newc_member(GString *archive, const char *name, guint mode, guint major,
                               guint minor, const char *data)
{
    newc_header(archive, name, mode, major, minor, (guint)strlen(data));
    g_string_append(archive, data);
    newc_align(archive);
}

static inline void newc_trailer(GString *archive)
{
    newc_member(archive, "TRAILER!!!", 0, 0, 0, "");
}

#endif
