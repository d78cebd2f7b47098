/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests that fill an image share: the image, and an error that nobody expects. */
#ifndef TEST_ROOTFS_FIXTURE_H
#define TEST_ROOTFS_FIXTURE_H

#include "test_rootfs.h"

#include <glib/gstdio.h> /* before the name `error`, which newer ones use for a parameter */

static RootfsImage *image;
static GError *error;

static inline void set_up(void)
{
    test_dir_set_up();
    image = rootfs_image_new(ROOTFS_MACHINE_X86);
    error = NULL;
}

static inline void tear_down(void)
{
    rootfs_image_free(image);
    test_dir_tear_down();
}

static inline void must(gboolean good)
{
    ck_assert_msg(good, "%s", error != NULL ? error->message : "failed without an error");
}

/* Run shell commands in the test's directory; returns what they print, which the caller frees. */
static inline char *run(const char *command)
{
    return test_command((const char *const[]){"env", "LC_ALL=C", "sh", "-ec", command, NULL},
                        test_dir);
}

#endif
