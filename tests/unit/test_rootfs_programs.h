/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of dynamic programs share: small ones that the compilers make, in the test's directory. */
#ifndef TEST_ROOTFS_PROGRAMS_H
#define TEST_ROOTFS_PROGRAMS_H

#include "test_rootfs_fixture.h"

static const RootfsOwner all = {0755, 0, 0};

/* A library `libown.so` and a program `program` that needs it, with these linker options. */
static inline void make_program(const char *prefix, const char *options)
{
    g_autofree char *command = g_strdup_printf(
        "echo 'int own(void){return 0;}' >own.c; echo 'int own(void);int main(void){return own();}' "
        ">main.c; mkdir -p libs;"
        "%s-linux-gnu-gcc -shared -fPIC -Wl,-soname,libown.so -o libs/libown.so own.c;"
        "%s-linux-gnu-gcc -o program main.c -Llibs -lown %s", prefix, prefix, options);

    g_free(run(command));
}

/* Put the test's file `name` into the image. */
static inline void add_with_mode(const char *name, const char *guest, guint mode)
{
    const RootfsOwner owner = {mode, 0, 0};
    g_autofree char *path = test_path(name);

    must(rootfs_image_add_file(image, guest, path, &owner, &error));
}

static inline void add(const char *name, const char *guest)
{
    add_with_mode(name, guest, 0755);
}

/* The loader and the C library of this host, an x86's. */
static inline void add_c_library(void)
{
    must(rootfs_image_add_file(image, "/lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2",
                               &all, &error));
    must(rootfs_image_add_file(image, "/lib/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", &all,
                               &error));
}

static inline void expect_missing(const char *name)
{
    g_autofree char *output = test_path("out.cpio");

    ck_assert(!rootfs_image_check_libraries(image, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_LIBRARY, "needs", name, "-static", "--with-libs");
    ck_assert(!rootfs_image_write(image, output, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_LIBRARY, "needs", name);
}

/* A file that is there will not do, and `says` why not. */
static inline void expect_unfit(const char *name, const char *says)
{
    ck_assert(!rootfs_image_check_libraries(image, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_LIBRARY, "needs", name, says);
}

#endif
