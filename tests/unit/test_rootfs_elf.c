/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ELF files are programs, and for which machine: everything else is data. */
#include "test_rootfs_fixture.h"

#include <elf.h>

enum { HEADER_SIZE = 64, PI = ROOTFS_MACHINE_RASPI4B, X86 = ROOTFS_MACHINE_X86 };

/* Headers without anything behind them. */
static const struct file {
    guint8 class, order, type, machine;
    const char *guest;
    guint mode;
    int on;           /* the machine */
    const char *says; /* of what is refused; NULL: it is not */
} files[] = {
    /* Programs. */
    {2, 1, ET_EXEC, EM_X86_64, "/opt/a", 0755, X86, NULL},
    {2, 1, ET_DYN, EM_X86_64, "/opt/a", 0755, PI, "is a program for x86_64, the guest runs aarch64; build it "
     "with aarch64-linux-gnu-gcc"},
    {2, 1, ET_EXEC, EM_AARCH64, "/opt/a", 0755, PI, NULL},
    {2, 1, ET_EXEC, EM_AARCH64, "/opt/a", 0711, X86, "is a program for aarch64, the guest runs x86_64; build "
     "it with x86_64-linux-gnu-gcc, or, if it is data there, add it without execute permission"},
    {2, 1, ET_EXEC, EM_RISCV, "/opt/a", 0755, X86, "another architecture"},
    {2, 1, ET_EXEC, EM_RISCV, "/opt/a", 0755, PI, "another architecture"},
    /* Of the 32-bit processors. */
    {1, 1, ET_EXEC, EM_386, "/opt/a", 0755, X86, NULL},
    {1, 1, ET_EXEC, EM_386, "/opt/a", 0755, PI, "is a program for a 32-bit x86"},
    {1, 1, ET_EXEC, EM_ARM, "/opt/a", 0755, PI, NULL},
    {1, 1, ET_EXEC, EM_ARM, "/opt/a", 0755, X86, "is a program for a 32-bit ARM"},
    /* x32, ILP32 and the other byte order: no kernel here has them. */
    {1, 1, ET_EXEC, EM_X86_64, "/opt/a", 0755, X86, "another architecture"},
    {1, 1, ET_EXEC, EM_AARCH64, "/opt/a", 0755, PI, "another architecture"},
    {2, 2, ET_EXEC, EM_AARCH64, "/opt/a", 0755, PI, "another architecture"},
    {2, 1, ET_EXEC, EM_386, "/opt/a", 0755, X86, "another architecture"},
    /* Libraries, where loaders look. */
    {2, 1, ET_DYN, EM_AARCH64, "/usr/lib/x86_64-linux-gnu/a.so", 0644, X86, "is a program for aarch64"},
    {2, 1, ET_DYN, EM_AARCH64, "/lib/a.so", 0644, X86, "outside the library directories"},
    {2, 1, ET_DYN, EM_AARCH64, "/usr/local/lib/a.so", 0644, X86, "outside the library directories"},
    {2, 1, ET_DYN, EM_AARCH64, "/lib32/a.so", 0644, X86, "is a program for aarch64"},
    {2, 1, ET_DYN, EM_X86_64, "/lib/arm-linux-gnueabihf/a.so", 0644, PI, "is a program for x86_64"},
    {1, 1, ET_DYN, EM_386, "/usr/lib/i386-linux-gnu/a.so", 0644, X86, NULL},
    {2, 1, ET_DYN, EM_AARCH64, "/opt/a.so", 0644, X86, NULL},
    {2, 1, ET_DYN, EM_AARCH64, "/lib/firmware/a.so", 0644, X86, NULL},
    {2, 1, ET_EXEC, EM_AARCH64, "/lib/a", 0644, X86, NULL},
    /* Modules, for the kernel's own processor alone. */
    {2, 1, ET_REL, EM_X86_64, "/lib/modules/a.ko", 0644, X86, NULL},
    {2, 1, ET_REL, EM_AARCH64, "/lib/modules/a.ko", 0644, X86, "is a kernel module for aarch64, the guest's "
     "kernel is one for x86_64; build it against that kernel"},
    {1, 1, ET_REL, EM_386, "/lib/modules/a.ko", 0644, X86, "is a kernel module for a 32-bit x86"},
    /* Data. */
    {2, 1, ET_REL, EM_AARCH64, "/opt/a.o", 0755, X86, NULL},
    {2, 1, ET_REL, EM_BPF, "/opt/a.o", 0755, X86, NULL},
    {2, 1, ET_EXEC, EM_BPF, "/opt/a", 0755, X86, NULL},
    {1, 1, ET_EXEC, EM_ARM, "/lib/firmware/a.elf", 0644, X86, NULL},
    {1, 2, ET_EXEC, EM_PPC, "/opt/a", 0600, X86, NULL},
    {2, 1, ET_CORE, EM_AARCH64, "/opt/core", 0755, X86, NULL},
};

static char *make(const struct file *file)
{
    guint8 head[HEADER_SIZE] = {0x7f, 'E', 'L', 'F', file->class, file->order, 1};
    gsize low = file->order == 1 ? 0 : 1;

    head[16 + low] = file->type;
    head[18 + low] = file->machine;
    head[20 + 3 * low] = 1;
    head[(file->class == 1 ? 40 : 52) + low] = file->class == 1 ? 52 : HEADER_SIZE;
    return test_file("file", head, sizeof(head));
}

START_TEST(each_kind_of_file)
{
    const struct file *file = &files[_i];
    g_autofree char *host = make(file);
    g_autoptr(RootfsImage) own = rootfs_image_new((RootfsMachine)file->on);
    const RootfsOwner owner = {file->mode, 0, 0};
    gboolean good = rootfs_image_add_file(own, file->guest, host, &owner, &error);

    if (file->says == NULL) {
        must(good);
        return;
    }
    ck_assert(!good);
    EXPECT_ERROR(&error, ROOTFS_ERROR_MACHINE, host, file->says);
    ck_assert(!rootfs_image_has(own, file->guest));
}
END_TEST

static const RootfsOwner can_run = {0755, 0, 0};
static const RootfsOwner is_read = {0644, 0, 0};

START_TEST(what_is_no_elf_file)
{
    g_autofree char *script = test_file("script", "#!/bin/sh\n", 10);
    g_autofree char *empty = test_file("empty", "", 0);

    must(rootfs_image_add_file(image, "/bin/script", script, &can_run, &error));
    must(rootfs_image_add_file(image, "/bin/empty", empty, &can_run, &error));
}
END_TEST

START_TEST(a_damaged_program)
{
    g_autofree char *path = test_file("cut", "\177ELF\2\1", 6);

    ck_assert(!rootfs_image_add_file(image, "/bin/cut", path, &can_run, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "is a damaged ELF file (", "build or copy it again");
    must(rootfs_image_add_file(image, "/opt/cut", path, &is_read, &error));
}
END_TEST

/* It contradicts itself where libelf sees no error. */
START_TEST(a_reason_is_always_told)
{
    g_autofree char *path = test_path("program");

    g_free(run("echo 'int main(void) { return 0; }' | gcc -x c - -o program;"
               "interp=$(LC_ALL=C readelf -SW program | sed -n 's/.*\\.interp *PROGBITS *[0-9a-f]* "
               "\\([0-9a-f]*\\) \\([0-9a-f]*\\).*/\\1 \\2/p'); set -- $interp;"
               "head -c $((0x$2)) /dev/zero | tr '\\0' x |"
               "dd of=program bs=1 seek=$((0x$1)) conv=notrunc status=none"));
    ck_assert(!rootfs_image_add_file(image, "/bin/program", path, &can_run, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "is a damaged ELF file (it contradicts itself); build");
}
END_TEST

static const struct cut {
    const char *options, *guest, *end;
} cuts[] = {
    {"-static", "/bin/program", "100"},
    {"-static", "/bin/program", "20000"}, /* in a segment */
    {"-static", "/bin/program", "-1"},    /* in the table of sections, which it runs without */
    {"", "/bin/program", "-1"},
    {"-shared -fPIC", "/usr/lib/own.so", "-1"},
    {"-c", "/lib/modules/own.ko", "-1"},
    {"-c", "/lib/modules/own.ko", "100"},
};

/* As a copy that broke off, or a disk that was full, leaves it. */
START_TEST(a_file_that_was_cut)
{
    const struct cut *cut = &cuts[_i];
    g_autofree char *whole = test_path("whole");
    g_autofree char *path = test_path("cut");
    g_autofree char *script = g_strdup_printf(
        "echo 'int main(void) { return 0; }' | gcc %s -x c - -o whole; head -c %s whole >cut",
        cut->options, cut->end);

    g_free(run(script));
    must(rootfs_image_add_file(image, "/opt/whole", whole, &is_read, &error));
    ck_assert(!rootfs_image_add_file(image, cut->guest, path, &can_run, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "is a damaged ELF file (", "build or copy it again");
}
END_TEST

/* .bss is a section without bytes in the file. */
START_TEST(a_file_with_bss_is_whole)
{
    g_autofree char *path = test_path("program");
    g_autofree char *module = test_path("own.ko");

    g_free(run("echo 'char big[1 << 20]; int main(void) { return big[1]; }' >p.c;"
               "gcc -static p.c -o program; strip program; gcc -c p.c -o own.ko"));
    must(rootfs_image_add_file(image, "/bin/program", path, &can_run, &error));
    must(rootfs_image_add_file(image, "/lib/modules/own.ko", module, &is_read, &error));
}
END_TEST

/* Executable as they are: with the mode of what they were made from. */
static const struct debugged {
    const char *options, *name, *guest;
} debugged[] = {
    {"", "program", "/usr/lib/debug/program"},
    {"-static", "program", "/usr/lib/debug/program"},
    {"-shared -fPIC", "own.so", "/usr/lib/own.so"},
    {"-c", "own.ko", "/lib/modules/own.ko"},
};

START_TEST(debugging_information_is_data)
{
    const struct debugged *one = &debugged[_i];
    g_autofree char *make = g_strdup_printf(
        "echo 'int main(void) { return 0; }' | aarch64-linux-gnu-gcc -g %s -x c - -o %s;"
        "aarch64-linux-gnu-objcopy --only-keep-debug %s", one->options, one->name, one->name);
    g_autofree char *path = test_path(one->name);

    g_free(run(make));
    must(rootfs_image_add_file(image, one->guest, path, &can_run, &error));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rootfs_elf");
    TCase *tc = tcase_create("elf");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, each_kind_of_file, 0, G_N_ELEMENTS(files));
    tcase_add_test(tc, what_is_no_elf_file);
    tcase_add_test(tc, a_damaged_program);
    tcase_add_loop_test(tc, a_file_that_was_cut, 0, G_N_ELEMENTS(cuts));
    tcase_add_test(tc, a_file_with_bss_is_whole);
    tcase_add_test(tc, a_reason_is_always_told);
    tcase_add_loop_test(tc, debugging_information_is_data, 0, G_N_ELEMENTS(debugged));
    suite_add_tcase(suite, tc);
    return tap_run(suite);
}
