/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmbench boot refuses before it boots anything, and what it does not. */
#include <string.h>

#include "error.h"
#include "tap.h"
#include "vmbench_child.h"

static Child child;
static Child maker; /* of what the options name; its directory is there for all tests */

static void setup(void)
{
    child_init(&child);
    g_setenv("XDG_CACHE_HOME", child.dir, TRUE); /* what is built is kept there */
}

static void teardown(void)
{
    child_finish(&child);
}

/* Makes what the options name, once for all tests. */
static const char make_named[] =
    "mkdir own; printf '#!/bin/sh\\n' >own/init; mkdir -p drv more/x86/modules;"
    "guests=$(\"$VMBENCH\" shell --machine x86 --accel tcg --port 0 --print-command --logs logs |"
    "  sed -n 's,.*-kernel \\(.*\\)/x86/kernel .*,\\1,p');"
    "ln -s $guests/x86/headers $guests/x86/kernel more/x86;"
    "printf '.section .modinfo,\"a\"\\n.asciz \"vermagic=5.10.0 SMP\"\\n' |"
    "  gcc -c -x assembler - -o more/x86/modules/other.ko;"
    "printf '#include <linux/module.h>\\nMODULE_LICENSE(\"GPL\");\\n' >drv/drv.c;"
    "cd own; echo init | cpio --quiet -o -H newc >../plain.cpio;"
    "chmod +x init; echo init | cpio --quiet -o -H odc >../odc.cpio;"
    "echo init | cpio --quiet -o -H newc >../good.cpio; cd ..; gzip -k odc.cpio;"
    "truncate -s 60M large; truncate -s 400M larger; mkdir links; truncate -s 60M links/1;"
    "for i in 2 3 4; do ln links/1 links/$i; done; (cd links; ls | cpio --quiet -o -H newc) >links.cpio;"
    "echo drv/drv.c | cpio --quiet -o -H newc >none.cpio;"
    "xz -k --check=crc64 good.cpio; xz -c --check=crc32 good.cpio >good.cpio.xz.32; gzip -k good.cpio;";

static const struct mistake {
    const char *options, *says;
    int status;
} mistakes[] = {
    {"--init mine", "--init mine: it is keep, bench or a path", VMB_ERROR_USAGE},
    {"--init /nowhere", "--init /nowhere: the image has no such file", VMB_ERROR_USAGE},
    {"--initrd none.cpio --init keep", "--init keep: the image has no /init and no /sbin/init; give "
     "--init bench, or", VMB_ERROR_USAGE},
    {"--init /etc/passwd", "init /etc/passwd is no executable file", VMB_ERROR_USAGE},
    {"--initrd plain.cpio", "init /init is no executable file in the image: give it mode 755",
     VMB_ERROR_USAGE},
    {"--add /bin/true:/usr/bin/x", "which is not in the image", VMB_ERROR_SETUP},
    {"--add /nowhere:/x", "/nowhere: cannot be read", VMB_ERROR_SETUP},
    {"--initrd /etc/passwd", "--initrd: base archive /etc/passwd: is truncated, damaged or no cpio",
     VMB_ERROR_SETUP},
    {"--initrd odc.cpio", "is cpio of a kind that no kernel unpacks; make it again with `cpio -o -H newc`",
     VMB_ERROR_SETUP},
    {"--initrd odc.cpio.gz", "is cpio of a kind that no kernel unpacks", VMB_ERROR_SETUP},
    {"--initrd good.cpio.xz", "has a check that no kernel knows; compress it again with `xz --check=crc32`",
     VMB_ERROR_SETUP},
    {"--initrd $IMAGES/raspi4b.cpio", "raspi4b.cpio: its /init is a program for aarch64, and the machine is "
     "x86, which runs x86_64; give --machine raspi4b, or", VMB_ERROR_USAGE},
    {"--kernel more/x86/kernel --module drv", "give --kernel-modules too", VMB_ERROR_SETUP},
    {"--memory 128 --add large:/opt/large", "the guest has no room for its image: files of 6",
     VMB_ERROR_SETUP},
    {"--memory 128 --add large:/opt/large", "of 128 MiB of memory: leave some out, or give it more with "
     "--memory", VMB_ERROR_SETUP},
    {"--machine raspi4b --add larger:/opt/large", "of 960 MiB of memory: leave some out, or see \"Memory and "
     "time\" in", VMB_ERROR_SETUP},
    {"--guest-dir more --module drv", "the guest boots '5.10.0 SMP'", VMB_ERROR_SETUP},
    {"--kernel more/x86/kernel --kernel-modules more/x86/modules --module drv",
     "the guest boots '5.10.0 SMP'", VMB_ERROR_SETUP},
};

static void make_all(void)
{
    child_init(&maker);

    g_autofree char *script = g_strdup_printf("cd '%s'; %s", maker.dir, make_named);
    const char *args[] = {"-ec", script, NULL};

    maker.program = "/bin/sh";
    ck_assert_msg(child_run(&maker, args) == 0, "%s%s", maker.out, maker.err);
}

static void remove_all(void)
{
    child_finish(&maker);
}

/* Run `vmbench boot OPTIONS` where the script above ran. */
static int boot_with(const char *options)
{
    g_autofree char *script = g_strdup_printf(
        "cd '%s'; exec \"$VMBENCH\" boot --machine x86 --accel tcg --port 0 --logs '%s/logs' %s",
        maker.dir, child.dir, options);
    const char *args[] = {"-ec", script, NULL};

    child.program = "/bin/sh";
    return child_run(&child, args);
}

START_TEST(a_mistake_is_named)
{
    const struct mistake *mistake = &mistakes[_i];

    ck_assert_msg(boot_with(mistake->options) == mistake->status, "%s%s", child.out, child.err);
    child_assert_one_line(&child);
    ck_assert_msg(strstr(child.err, mistake->says) != NULL, "%s", child.err);
}
END_TEST

START_TEST(a_mistake_prints_no_command)
{
    const struct mistake *mistake = &mistakes[_i];
    g_autofree char *options = g_strconcat(mistake->options, " --print-command", NULL);

    ck_assert_msg(boot_with(options) == mistake->status, "%s%s", child.out, child.err);
    ck_assert_str_eq(child.out, "");
    ck_assert_msg(strstr(child.err, mistake->says) != NULL, "%s", child.err);
}
END_TEST

static const char *const no_mistakes[] = {
    "--memory 64", "--add large:/opt/large", "--memory 128 --kernel more/x86/kernel --add large:/opt/large",
    "--memory 256 --initrd links.cpio",
    "--initrd none.cpio", "--initrd none.cpio --init bench", "--init keep",
    "--initrd good.cpio", "--initrd good.cpio.gz", "--initrd good.cpio.xz.32",
    "--kernel more/x86/kernel", "--kernel more/x86/kernel --init bench",
    "--guest-dir more --add good.cpio:/x",
};

START_TEST(what_is_no_mistake)
{
    g_autofree char *options = g_strconcat(no_mistakes[_i], " --print-command", NULL);

    ck_assert_msg(boot_with(options) == 0, "%s%s", child.out, child.err);
    ck_assert_str_eq(child.err, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("boot_mistakes");
    TCase *tc = tcase_create("boot_mistakes");

    tcase_set_timeout(tc, PATIENCE_SECONDS);
    tcase_add_unchecked_fixture(tc, make_all, remove_all);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_mistake_is_named, 0, G_N_ELEMENTS(mistakes));
    tcase_add_loop_test(tc, a_mistake_prints_no_command, 0, G_N_ELEMENTS(mistakes));
    tcase_add_loop_test(tc, what_is_no_mistake, 0, G_N_ELEMENTS(no_mistakes));
    suite_add_tcase(suite, tc);
    return tap_run(suite);
}
