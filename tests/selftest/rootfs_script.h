/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts that build images with vmbench rootfs build, each in a private directory. */
#ifndef TESTS_ROOTFS_SCRIPT_H
#define TESTS_ROOTFS_SCRIPT_H

#include <check.h>
#include <string.h>

#include "vmbench_child.h"

static Child child;

static inline void setup(void)
{
    child_init(&child);
    g_setenv("XDG_CACHE_HOME", child.dir, TRUE); /* what is built is kept there */
    child.program = "/bin/sh";
}

static inline void teardown(void)
{
    child_finish(&child);
}

/* Address space that no 4 GiB fit into. AddressSanitizer itself takes far more. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define LITTLE_MEMORY "little_memory() { :; };"
#define MUCH_MEMORY
#endif
#endif
#ifndef LITTLE_MEMORY
#define LITTLE_MEMORY "little_memory() { ulimit -v 1000000; };"
#endif

/* What the scripts below make to build from; $build is the command. */
static const char prepare[] =
    "cd '%s'; build='%s rootfs build --machine x86 -o out.cpio';"
    "program() { mkdir -p $1; printf '#include <stdio.h>\\n"
    "int main(void) { puts(\"%%s\"); return 0; }\\n' \"$2\" >$1/main.c; };"
    "module() { mkdir -p $1; printf '#include <linux/module.h>\\n"
    "static int __init begin(void) { return 0; }\\nmodule_init(begin);\\n"
    "MODULE_LICENSE(\"GPL\");\\n' >$1/$1.c; };"
    /* To that of a module: the numbers a and b. */
    "parameters() { printf 'static int a, b;\nmodule_param(a, int, 0);\nmodule_param(b, int, 0);\n'"
    "  >>$1/$1.c; };"
    /* newc, without its data */
    "claim() { printf '070701%%08x%%08x%%032x%%s%%032x%%08x%%08xf\\0' 1 33188 0 $1 0 2 0; };"
    /* $1 links with targets of $2 bytes, which 4 divides; no trailer */
    "links() { target=$(printf %%$2s | tr ' ' t); head=$(printf %%08x 1 41471 0 0 1 0 $2 0 0 0 0 10 0);"
    "  seq -f \"070701${head}l%%08.0f@$target\" $1 | tr -d '\\n' | tr @ '\\0' | gzip -1; };"
    LITTLE_MEMORY
    "in_image() { cpio --quiet -it <out.cpio | grep -x \"$1\"; };";

static inline int run(const char *script)
{
    g_autofree char *start = g_strdup_printf(prepare, child.dir, g_getenv("VMBENCH"));
    g_autofree char *whole = g_strconcat(start, script, NULL);
    const char *args[] = {"-ec", whole, NULL};

    return child_run(&child, args);
}

static inline void must(const char *script)
{
    int status = run(script);

    ck_assert_msg(status == 0, "%s ended with %d: %s%s", script, status, child.out, child.err);
}

static inline void must_print(const char *script, const char *expected)
{
    must(script);
    ck_assert_str_eq(child.out, expected);
}

/* With this among its errors and this status, and without an image. */
static inline void must_fail(const char *script, const char *says, int status)
{
    int ended = run(script);

    ck_assert_msg(strstr(child.err, says) != NULL, "%s", child.err);
    ck_assert_ptr_null(strstr(child.err, "\u201c")); /* GLib's words are not ours */
    ck_assert_int_eq(ended, status);
    ck_assert_int_eq(run("test ! -e out.cpio"), 0);
}

#endif
