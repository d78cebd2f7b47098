/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that are not static: this one, and small ones that the compilers make. */
#include "test_rootfs_programs.h"

#include "rootfs_elf.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

static RootfsElf *read_elf(const char *path)
{
    int fd = open(path, O_RDONLY);
    RootfsElf *elf = NULL;

    ck_assert_int_ge(fd, 0);
    must(rootfs_elf_read(fd, path, &elf, &error));
    close(fd);
    return elf;
}

/* ---- Reading ---- */

START_TEST(a_program_names_its_libraries)
{
    g_autofree char *path = test_path("program");
    g_autoptr(RootfsElf) elf = NULL;

    make_program("x86_64", "-Wl,-rpath,'$ORIGIN/../lib:/opt' -Wl,--enable-new-dtags");
    elf = read_elf(path);
    ck_assert_uint_eq(elf->machine, EM_X86_64);
    ck_assert_str_eq(elf->interpreter, "/lib64/ld-linux-x86-64.so.2");
    ck_assert_uint_eq(elf->needed->len, 2);
    ck_assert_str_eq(elf->needed->pdata[0], "libown.so");
    ck_assert_str_eq(elf->needed->pdata[1], "libc.so.6");
    ck_assert_str_eq(elf->search, "$ORIGIN/../lib:/opt");
    ck_assert_ptr_null(elf->vermagic);
}
END_TEST

START_TEST(the_other_machine)
{
    g_autofree char *path = test_path("program");
    g_autoptr(RootfsElf) elf = NULL;

    make_program("aarch64", "-Wl,-rpath,/opt -Wl,--disable-new-dtags");
    elf = read_elf(path);
    ck_assert_uint_eq(elf->machine, EM_AARCH64);
    ck_assert_str_eq(elf->interpreter, "/lib/ld-linux-aarch64.so.1");
    ck_assert_str_eq(elf->search, "/opt");
}
END_TEST

/* The entry of the file's dynamic segment with this tag, in a 64-bit file. */
static Elf64_Dyn *dynamic_entry(char *bytes, Elf64_Sxword tag)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;
    const Elf64_Phdr *segment = (const Elf64_Phdr *)(bytes + header->e_phoff);
    Elf64_Dyn *entry;

    while (segment->p_type != PT_DYNAMIC) {
        segment++;
    }
    for (entry = (Elf64_Dyn *)(bytes + segment->p_offset); entry->d_tag != tag; entry++) {
        ck_assert_int_ne(entry->d_tag, DT_NULL);
    }
    return entry;
}

/* No linker here writes both: the name, which stands first, becomes the DT_RUNPATH. */
START_TEST(a_runpath_before_an_rpath)
{
    g_autofree char *path = test_path("both.so"), *bytes = NULL;
    g_autoptr(RootfsElf) elf = NULL;
    Elf64_Dyn *first;
    gsize len;

    g_free(run("echo 'int own(void){return 0;}' | gcc -shared -fPIC -nostdlib -x c - -o both.so "
               "-Wl,-soname,/run -Wl,-rpath,/old -Wl,--disable-new-dtags"));
    ck_assert(g_file_get_contents(path, &bytes, &len, NULL));
    first = dynamic_entry(bytes, DT_SONAME);
    ck_assert(first < dynamic_entry(bytes, DT_RPATH));
    first->d_tag = DT_RUNPATH;
    g_free(test_file("both.so", bytes, len));
    elf = read_elf(path);
    ck_assert_str_eq(elf->search, "/run");
    ck_assert(!elf->bequeaths);
}
END_TEST

START_TEST(a_static_program_needs_nothing)
{
    g_autofree char *path = test_path("static");
    g_autoptr(RootfsElf) elf = NULL;

    g_free(run("echo 'int main(void){return 0;}' >main.c; gcc -static -o static main.c"));
    elf = read_elf(path);
    ck_assert_ptr_null(elf->interpreter);
    ck_assert_uint_eq(elf->needed->len, 0);
}
END_TEST

/* Whatever is cut off: an error that names the file, or what is left is whole. */
START_TEST(cut_anywhere)
{
    g_autofree char *path = test_path("program");
    off_t end;
    int fd, errors = 0;

    make_program("x86_64", "");
    fd = open(path, O_RDWR);
    for (end = lseek(fd, 0, SEEK_END) - 1; end >= 4; end--) {
        g_autoptr(RootfsElf) elf = NULL;

        ck_assert_int_eq(ftruncate(fd, end), 0);
        if (!rootfs_elf_read(fd, path, &elf, &error)) {
            EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "damaged");
            errors++;
        }
    }
    close(fd);
    ck_assert_int_gt(errors, 500);
}
END_TEST

/* ---- In an image ---- */

START_TEST(each_missing_part_is_named)
{
    make_program("x86_64", "");
    add("program", "/usr/bin/program");
    expect_missing("/lib64/ld-linux-x86-64.so.2");
    must(rootfs_image_add_file(image, "/lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2",
                               &all, &error));
    expect_missing("libown.so");
    add("libs/libown.so", "/usr/lib/x86_64-linux-gnu/libown.so");
    expect_missing("libc.so.6");
    must(rootfs_image_add_file(image, "/lib/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", &all,
                               &error));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

static const struct place {
    const char *options, *guest; /* where the library is found with these linker options */
    gboolean found;
} places[] = {
    {"", "/opt/own/libown.so", FALSE},
    {"-Wl,-rpath,/opt/own", "/opt/own/libown.so", TRUE},
    {"-Wl,-rpath,/opt/other:'$ORIGIN/../lib/own'", "/usr/lib/own/libown.so", TRUE},
    {"-Wl,-rpath,'${ORIGIN}'", "/usr/bin/libown.so", TRUE},
};

START_TEST(where_libraries_are_found)
{
    const struct place *place = &places[_i];

    make_program("x86_64", place->options);
    add("program", "/usr/bin/program");
    add("libs/libown.so", place->guest);
    add_c_library();
    if (place->found) {
        must(rootfs_image_check_libraries(image, &error));
    } else {
        expect_missing("libown.so");
    }
}
END_TEST

START_TEST(links_of_the_guest_are_followed)
{
    make_program("x86_64", "");
    must(rootfs_image_add_symlink(image, "/lib", "usr/lib", &all, &error));
    must(rootfs_image_add_symlink(image, "/lib64", "usr/lib64", &all, &error));
    must(rootfs_image_add_file(image, "/usr/lib64/ld.so", "/lib64/ld-linux-x86-64.so.2", &all,
                               &error));
    must(rootfs_image_add_symlink(image, "/usr/lib64/ld-linux-x86-64.so.2", "ld.so", &all, &error));
    must(rootfs_image_add_file(image, "/lib/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", &all,
                               &error));
    add("libs/libown.so", "/usr/lib/libown.so.1");
    must(rootfs_image_add_symlink(image, "/usr/lib/libown.so", "libown.so.2", &all, &error));
    add("program", "/usr/bin/program");
    expect_missing("libown.so"); /* the link leads nowhere */
    must(rootfs_image_add_symlink(image, "/usr/lib/libown.so.2", "libown.so.1", &all, &error));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

static const struct chain {
    const char *program, *library; /* options of the linker */
    gboolean found;
} chains[] = {
    {"-Wl,-rpath,/opt -Wl,--disable-new-dtags", "", TRUE},
    {"-Wl,-rpath,/opt -Wl,--enable-new-dtags", "", FALSE},
    {"-Wl,-rpath,/opt -Wl,--disable-new-dtags", "-Wl,-rpath,/x -Wl,--enable-new-dtags", FALSE},
};

/* program -> libown.so -> libdeep.so, both in /opt. */
START_TEST(libraries_of_libraries)
{
    g_autofree char *command = g_strdup_printf(
        "echo 'int deep(void){return 0;}' >deep.c; gcc -shared -fPIC -nostdlib -o libs/libdeep.so deep.c;"
        "echo 'int deep(void); int own(void){return deep();}' >own2.c;"
        "gcc -shared -fPIC -nostdlib -o libs/libown.so own2.c -Llibs -ldeep %s", chains[_i].library);

    make_program("x86_64", chains[_i].program);
    g_free(run(command));
    add("program", "/usr/bin/program");
    add_c_library();
    add("libs/libown.so", "/opt/libown.so");
    add("libs/libdeep.so", "/opt/libdeep.so");
    if (chains[_i].found) {
        must(rootfs_image_check_libraries(image, &error));
    } else {
        expect_missing("libdeep.so");
    }
}
END_TEST

/* ---- Copied from the host ---- */

static const struct machine {
    const char *prefix, *loader;
    RootfsMachine machine;
} machines[] = {
    {"x86_64", "/lib64/ld-linux-x86-64.so.2", ROOTFS_MACHINE_X86},
    {"aarch64", "/lib/ld-linux-aarch64.so.1", ROOTFS_MACHINE_RASPI4B},
};

START_TEST(all_that_a_program_needs)
{
    const struct machine *machine = &machines[_i];
    g_autofree char *program = test_path("program");
    g_autofree char *libs = test_path("libs");
    g_autoptr(RootfsImage) own = rootfs_image_new(machine->machine);

    make_program(machine->prefix, "-lm -Wl,--no-as-needed -lpthread");
    must(rootfs_image_add_file(own, "/usr/bin/program", program, &all, &error));
    ck_assert(!rootfs_image_add_libraries(own, NULL, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_LIBRARY, program, "libown.so", "--libs-from");
    must(rootfs_image_add_libraries(own, (const char *const[]){libs, NULL}, &error));
    must(rootfs_image_check_libraries(own, &error));
    ck_assert(rootfs_image_has(own, machine->loader));
    ck_assert(rootfs_image_has(own, "/usr/lib/libown.so"));
    ck_assert(rootfs_image_has(own, "/usr/lib/libc.so.6"));
}
END_TEST

/* ---- 32-bit programs beside the others ---- */

/* Directories of the 32-bit loader. */
static const char *const older[] = {"/usr/lib/i386-linux-gnu", "/lib/i386-linux-gnu", "/lib", "/usr/lib"};

/* `libs` of this width, and a program of 32 bits that needs both. */
static void make_older(const char *width)
{
    g_autofree char *command = g_strdup_printf(
        "mkdir -p libs m32; echo 'int own(void){return 0;}' >own.c;"
        "echo 'int own(void);void _start(void){own();}' >main.c;"
        "gcc %s -nostdlib -shared -fPIC -o libs/libown.so own.c; cp libs/libown.so libs/loader.so;"
        "gcc -m32 -nostdlib -shared -fPIC -o m32/libown.so own.c;"
        "gcc -m32 -nostdlib -fPIC -pie -Wl,--dynamic-linker=/lib/loader.so -o program main.c -Lm32 -lown",
        width);

    g_free(run(command));
}

START_TEST(an_older_program_needs_its_own)
{
    g_autofree char *guest = g_strconcat(older[_i], "/libown.so", NULL);

    make_older("-m32");
    add("program", "/usr/bin/program");
    expect_missing("/lib/loader.so");
    add("libs/loader.so", "/lib/loader.so");
    expect_missing("libown.so");
    add("libs/libown.so", guest);
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

START_TEST(an_older_loader_is_not_the_others)
{
    make_older("-m64");
    add("program", "/usr/bin/program");
    add("libs/loader.so", "/lib/loader.so");
    expect_unfit("/lib/loader.so", "but /lib/loader.so is for x86_64; add one for a 32-bit x86");
}
END_TEST

START_TEST(an_older_loader_passes_the_others_over)
{
    make_older("-m32");
    add("program", "/usr/bin/program");
    add("libs/loader.so", "/lib/loader.so");
    make_older("-m64");
    add("libs/libown.so", "/lib/libown.so");
    expect_unfit("libown.so", "but /lib/libown.so is for x86_64; add one for a 32-bit x86");
}
END_TEST

START_TEST(an_older_programs_libraries_are_copied)
{
    g_autofree char *bad = test_path("bad"), *libs = test_path("libs");
    const char *const directories[] = {bad, libs, NULL};

    make_older("-m64");
    g_free(run("mv libs bad"));
    make_older("-m32");
    add("program", "/usr/bin/program");
    must(rootfs_image_add_libraries(image, directories, &error));
    must(rootfs_image_check_libraries(image, &error));
    ck_assert(rootfs_image_has(image, "/usr/lib/libown.so"));
}
END_TEST

/* One path cannot hold both. */
START_TEST(libraries_of_one_name_for_two)
{
    g_autofree char *bad = test_path("bad"), *libs = test_path("libs");
    const char *const directories[] = {bad, libs, NULL};

    make_older("-m64");
    add("libs/libown.so", "/usr/lib/libown.so");
    g_free(run("mv libs bad"));
    make_older("-m32");
    add("program", "/usr/bin/program");
    ck_assert(!rootfs_image_add_libraries(image, directories, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_LIBRARY, "/program: needs libown.so, whose copy has no place: "
                 "/usr/lib/libown.so is another processor's library; give --add ",
                 "/libs/libown.so:/usr/lib/i386-linux-gnu/libown.so:755");
    add("libs/libown.so", "/usr/lib/i386-linux-gnu/libown.so");
    must(rootfs_image_add_libraries(image, directories, &error));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

/* A link that leads nowhere is in the way of a copy, and no library. */
START_TEST(a_link_in_the_way_of_a_copy)
{
    g_autofree char *libs = test_path("libs");
    const char *const directories[] = {libs, NULL};

    make_program("x86_64", "");
    add("program", "/usr/bin/program");
    must(rootfs_image_add_symlink(image, "/usr/lib/libown.so", "gone.so", &all, &error));
    ck_assert(!rootfs_image_add_libraries(image, directories, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_DUPLICATE, "/usr/lib/libown.so is added twice, as a link to gone.so");
}
END_TEST

static Suite *library_suite(void)
{
    Suite *suite = suite_create("rootfs_library");
    TCase *tc = tcase_create("library");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_program_names_its_libraries);
    tcase_add_test(tc, the_other_machine);
    tcase_add_test(tc, a_runpath_before_an_rpath);
    tcase_add_test(tc, a_static_program_needs_nothing);
    tcase_add_test(tc, cut_anywhere);
    tcase_add_test(tc, each_missing_part_is_named);
    tcase_add_loop_test(tc, where_libraries_are_found, 0, G_N_ELEMENTS(places));
    tcase_add_test(tc, links_of_the_guest_are_followed);
    tcase_add_loop_test(tc, libraries_of_libraries, 0, G_N_ELEMENTS(chains));
    tcase_add_loop_test(tc, all_that_a_program_needs, 0, G_N_ELEMENTS(machines));
    tcase_add_loop_test(tc, an_older_program_needs_its_own, 0, G_N_ELEMENTS(older));
    tcase_add_test(tc, an_older_loader_is_not_the_others);
    tcase_add_test(tc, an_older_loader_passes_the_others_over);
    tcase_add_test(tc, an_older_programs_libraries_are_copied);
    tcase_add_test(tc, libraries_of_one_name_for_two);
    tcase_add_test(tc, a_link_in_the_way_of_a_copy);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(library_suite());
}
