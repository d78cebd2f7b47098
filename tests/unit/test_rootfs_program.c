/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives of another machine's programs are told from this one's. The image is an x86's. */
#include "test_rootfs_fixture.h"

/* elf OCTAL: the first bytes of a 64-bit program, with this machine (e_machine); elf32 OCTAL likewise. */
static const char tools[] =
    "mkdir -p tree/bin tree/sbin; cd tree;"
    "elf() { printf '\\177ELF\\002\\001\\001\\0\\0\\0\\0\\0\\0\\0\\0\\0\\002\\0'; printf \"\\\\$1\\\\0\";"
    "  printf '%0300d' 0; };"
    "elf32() { printf '\\177ELF\\001\\001\\001\\0\\0\\0\\0\\0\\0\\0\\0\\0\\002\\0'; printf \"\\\\$1\\\\0\";"
    "  printf '%0300d' 0; };"
    "program() { elf $2 >$1; chmod +x $1; };"
    "program32() { elf32 $2 >$1; chmod +x $1; };"
    "script() { printf \"#!$2\\n:\\n\" >$1; chmod +x $1; };"
    "x86=076 arm=267 i386=003 arm32=050 riscv=363;";

static const struct archive {
    const char *make;
    const char *says; /* of what is refused; NULL: it is not */
    const char *remedy;
} archives[] = {
    {"program init $x86", NULL, NULL},
    {"program32 init $i386", NULL, NULL},
    {"program32 init $x86", "its /init is a program for another architecture", "; give an archive"},
    {"program32 init $arm32", "its /init is a program for a 32-bit ARM", "--machine raspi4b"},
    {"program init $arm", "its /init is a program for aarch64, and the machine is x86, which runs x86_64",
     "give --machine raspi4b, or an archive"},
    {"program init $riscv", "its /init is a program for another architecture", "; give an archive"},
    {"program init $x86; program bin/sh $arm", NULL, NULL},
    {"program bin/busybox $arm; ln -s busybox bin/sh; script init /bin/sh",
     "its /bin/busybox is a program for aarch64", "--machine raspi4b"},
    {"program bin/env $arm; script init ' /bin/env sh'", "its /bin/env is", "--machine raspi4b"},
    {"program bin/env $x86; script init ' /bin/env sh'; program bin/sh $arm", NULL, NULL},
    {"program bin/b $arm; script bin/a /bin/b; script init /bin/a", "its /bin/b is", "raspi4b"},
    {"script bin/a /bin/b; script bin/b /bin/a; script init /bin/a", NULL, NULL},
    {"program bin/real $arm; ln bin/real init", "is a program for aarch64", "raspi4b"},
    {"program bin/i $arm; ln -s bin/i init", "its /bin/i is", "raspi4b"},
    {"program sbin/init $arm; program bin/sh $x86", "its /sbin/init is", "raspi4b"},
    {"program bin/dash $arm; ln -s dash bin/sh", "its /bin/dash is", "raspi4b"},
    {"elf $arm >init", NULL, NULL}, /* cannot be run: told elsewhere */
    {"printf '#!' >init; chmod +x init", NULL, NULL},
    {"printf '\\177ELF' >init; chmod +x init", NULL, NULL},
    {": >init; chmod +x init", NULL, NULL},
    {"mkdir init", NULL, NULL},
};

static void check_one(const struct archive *archive, gboolean data, const char *pack)
{
    g_autofree char *command = g_strdup_printf(
        "%s %s; find . | cpio --quiet -o -H newc | %s >../base.cpio; cd ..; rm -r tree", tools,
        archive->make, pack);
    g_autofree char *base = test_path("base.cpio");
    gboolean good;

    g_free(run(command));
    good = rootfs_image_load_base(image, base, data, &error);
    if (archive->says == NULL) {
        must(good);
        return;
    }
    ck_assert(!good);
    EXPECT_ERROR(&error, ROOTFS_ERROR_FOREIGN, base, archive->says, archive->remedy);
    ck_assert(!rootfs_image_has(image, "/init"));
}

START_TEST(with_its_bytes)
{
    check_one(&archives[_i], TRUE, "cat");
}
END_TEST

START_TEST(without_them)
{
    check_one(&archives[_i], FALSE, "cat");
}
END_TEST

START_TEST(compressed)
{
    check_one(&archives[_i], FALSE, "gzip");
}
END_TEST

START_TEST(for_the_other_machine)
{
    g_autofree char *base = test_path("base.cpio");
    g_autofree char *command = g_strconcat(
        tools, "program init $x86; echo init | cpio --quiet -o -H newc >../base.cpio", NULL);

    g_free(run(command));
    rootfs_image_free(image);
    image = rootfs_image_new(ROOTFS_MACHINE_RASPI4B);
    ck_assert(!rootfs_image_load_base(image, base, TRUE, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_FOREIGN, "its /init is a program for x86_64, and the machine is "
                 "raspi4b, which runs aarch64; give --machine x86, or");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rootfs_program");
    TCase *tc = tcase_create("rootfs_program");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, with_its_bytes, 0, G_N_ELEMENTS(archives));
    tcase_add_loop_test(tc, without_them, 0, G_N_ELEMENTS(archives));
    tcase_add_loop_test(tc, compressed, 0, G_N_ELEMENTS(archives));
    tcase_add_test(tc, for_the_other_machine);
    suite_add_tcase(suite, tc);
    return tap_run(suite);
}
