/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Equal input gives equal bytes, and only what changed is compiled: the images of this tree and of a
 * copy, and images that are made of two copies.
 */
#include <string.h>

#include "tap.h"
#include "vmbench_child.h"

static Child child;

static void setup(void)
{
    child_init(&child);
    child.program = "/bin/bash";
}

static void teardown(void)
{
    child_finish(&child);
}

/*
 * `copy DIR sort...` copies the tree file by file in that order; one and two set what must make no
 * difference.
 */
static const char prepare[] =
    "cd '%s'; second=there/is/the/second; export CCACHE_DISABLE=1;"
    "copy() { local to=$PWD/$1; mkdir -p $to; shift; (cd \"$SOURCE\";"
    "  find meson.build meson_options.txt ci docs fixtures guest-rootfs harness qemu-device tests"
    "  ! -type d ! -name '*.pyc' -print0 | LC_ALL=C \"$@\" -z | cpio --quiet -0 -pdm $to);"
    "  : >$to/tests/meson.build; };" /* most of what meson would look at */
    "one() { cd first; umask 022; export LC_ALL=C TZ=UTC; };"
    "two() { cd $second; umask 077; export LC_ALL=C.UTF-8 TZ=Pacific/Auckland;"
    "  chmod -R go= .; find . -exec touch -hd '2001-02-03 04:05' {} +; };"
    "images=({raspi4b,x86}{,-network}.cpio);"
    "configure() { meson setup build -Dqemu_dir=\"$QEMU_DIR\" -Dguest_dir=\"$GUEST_DIR\" >&2; };"
    "make_images() { ninja -C build ${images[@]/#/guest-rootfs/} >&2; };";

/* Its output is in child.out. */
static void must(const char *script)
{
    g_autofree char *start = g_strdup_printf(prepare, child.dir);
    g_autofree char *whole = g_strconcat(start, script, NULL);
    const char *args[] = {"-ec", whole, NULL};
    int status = child_run(&child, args);

    ck_assert_msg(status == 0, "ended with %d: %s%s", status, child.out, child.err);
}

/* Each run of a compiler is a line: which one, and the C file's name or "link". */
static const char logged_compilers[] =
    "mkdir bin; printf '%s\\n' '#!/bin/sh' 'what=link;"
    " for word; do case $word in *.c) what=${word##*/}; esac; done'"
    " \"echo \\${0##*/} \\$what >>$PWD/log\" 'exec /usr/bin/${0##*/} \"$@\"' >bin/logged;"
    "chmod +x bin/logged; for arch in aarch64 x86_64; do ln -s logged bin/$arch-linux-gnu-gcc; done;";

/* The images of this build are the first ones. */
START_TEST(the_images_of_a_copy_and_a_change_to_it)
{
    must(logged_compilers);
    must("PATH=$PWD/bin:$PATH; copy $second sort -r; (two; configure; make_images);"
         "grep -c poke_node.c log");
    ck_assert_str_eq(child.out, "2\n");
    must("for image in ${images[@]}; do cmp {$IMAGES,$second/build/guest-rootfs}/$image; done");
    must("PATH=$PWD/bin:$PATH; rm log;"
         "(cd $second; echo '/* changed */' >>guest-rootfs/pkg/hello/hello.c; make_images); sort log");
    ck_assert_str_eq(child.out, "aarch64-linux-gnu-gcc hello.c\naarch64-linux-gnu-gcc link\n"
                     "x86_64-linux-gnu-gcc hello.c\nx86_64-linux-gnu-gcc link\n");
}
END_TEST

/* Of a copy with three more: `source FILE CODE` writes them, `depends` tells what the last one depends on. */
static const char three_modules[] =
    "copy first sort; cd first/guest-rootfs/modules; mkdir a-last b-mid c-base;"
    "source() { printf '#include <linux/module.h>\\n%s\\nMODULE_LICENSE(\"GPL\");\\n' \"$2\" >$1; };"
    "echo 'int c(void);' >c-base/base.h;"
    "source c-base/c.c 'int c(void); int c(void) { return 1; } EXPORT_SYMBOL_GPL(c);';"
    "source b-mid/b.c 'int c(void); int b(void); int b(void) { return c(); } EXPORT_SYMBOL_GPL(b);';"
    "source a-last/a.c 'int b(void); int a(void);\n#include \"base.h\"\nint a(void) { return b() + c(); }';"
    "printf '[module]\\nafter = uio; c_base\\n' >b-mid/module.ini;"
    "printf '# b-mid\\n[module]\\n after=b-mid;\\n' >a-last/module.ini; cd ../..; configure;"
    "build() { ninja -C build guest-rootfs/a-last.ko.x86.stamp; };"
    "depends() { build >&2; tr '\\0' '\\n' <build/guest-rootfs/work/x86/modules/a-last/a-last.ko |"
    "  grep ^depends=; };";

/* Built behind the ones that they use, and again when those change; ninja looks at module.ini too. */
START_TEST(modules_of_the_tree_that_use_each_other)
{
    g_autofree char *script = g_strconcat(
        three_modules,
        "depends; echo '#define b() 1' >>guest-rootfs/modules/c-base/base.h; depends;"
        "sed -i 's/after.*/after =/' guest-rootfs/modules/a-last/module.ini; build |"
        "  sed -n 's,write.*/modules/,... ,p';"
        "printf '[module]\\nafter = b-mid\\n' | tee guest-rootfs/modules/{a-last,c-base}/module.ini >&2;"
        "build | sed -n 's,.*\\(ERROR: \\).*/modules: ,\\1,p'", NULL);

    must(script);
    ck_assert_str_eq(child.out,
                     "depends=b-mid,c-base\ndepends=c-base\n"
                     "module a-last: it uses base.h of the module c-base, which is to be built before it: "
                     "... a-last/module.ini\n"
                     "ERROR: modules wait for each other by `after` in their module.ini: remove one: b-mid "
                     "c-base\n");
}
END_TEST

/* `image OUTPUT OPTION...` in a copy. */
static const char image[] =
    "unset SOURCE_DATE_EPOCH; copy first sort; copy $second sort -r;"
    "echo 'nod /opt/n 600 1 2 c 1 3' | tee first/m >$second/m;"
    "image() { XDG_CACHE_HOME=$PWD/cache \"$VMBENCH\" rootfs build --replace --overlay"
    "  guest-rootfs/overlay --overlay guest-rootfs/text:/opt/text --pkg guest-rootfs/pkg/hello"
    "  --pkg guest-rootfs/pkg/vmmio-test-system --module guest-rootfs/modules/poke --manifest m"
    "  --add guest-rootfs/pkg/build:/opt/build -o $*; };";

static const struct kind {
    const char *machine;
    const char *compression;
    const char *unpack;
} kinds[] = {
    {"raspi4b", "zstd", "zstdcat"},
    {"x86", "gzip", "zcat"},
};

/* As it is and compressed, each with a time and without one, which all members have then. */
START_TEST(an_image_of_two_copies)
{
    const struct kind *kind = &kinds[_i];
    g_autofree char *script = g_strdup_printf(
        "%simages() { image $1 $2; SOURCE_DATE_EPOCH=86400 image $1-later $2; };"
        "both() { images plain '--machine %s'; images small '--machine %s --compress %s'; };"
        "(one; both); (two; both); list() { TZ=UTC LC_ALL=C cpio --quiet -itv |"
        "  grep -o 'Jan .*  1970 ' | sort -u; };"
        "for image in {plain,small}{,-later}; do cmp {first,$second}/$image; done;"
        "for end in '' -later; do list <first/plain$end; %s <first/small$end | list; done",
        image, kind->machine, kind->machine, kind->compression, kind->unpack);

    must(script);
    ck_assert_str_eq(child.out, "Jan  1  1970 \nJan  1  1970 \nJan  2  1970 \nJan  2  1970 \n");
}
END_TEST

static Suite *rootfs_again_suite(void)
{
    Suite *suite = suite_create("rootfs_again");
    TCase *tc = tcase_create("rootfs_again");

    tcase_set_timeout(tc, 4 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_images_of_a_copy_and_a_change_to_it);
    tcase_add_test(tc, modules_of_the_tree_that_use_each_other);
    tcase_add_loop_test(tc, an_image_of_two_copies, 0, G_N_ELEMENTS(kinds));
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(rootfs_again_suite());
}
