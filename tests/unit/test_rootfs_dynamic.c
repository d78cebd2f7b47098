/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What will do as a program's loader or library: an image is refused that the guest's loader would refuse. */
#include "test_rootfs_programs.h"

/* ---- Libraries that are data for everybody else ---- */

/* As packages install them: not executable, and where only its program looks. */
enum { INSTALLED = 0644 };

static const char own_path[] = "-Wl,-rpath,'$ORIGIN/../lib' -Wl,--enable-new-dtags";

/* libs/libown.so once more, which needs libdeep.so. */
static void make_deep(const char *options)
{
    g_autofree char *command = g_strdup_printf(
        "echo 'int deep(void){return 0;}' >deep.c; gcc -shared -fPIC -nostdlib -o libs/libdeep.so deep.c;"
        "echo 'int deep(void); int own(void){return deep();}' >own2.c;"
        "gcc -shared -fPIC -nostdlib -o libs/libown.so own2.c -Llibs -ldeep %s", options);

    g_free(run(command));
}

START_TEST(a_dormant_library_needs_its_own)
{
    make_program("x86_64", own_path);
    make_deep("");
    add("program", "/opt/app/bin/program");
    add_with_mode("libs/libown.so", "/opt/app/lib/libown.so", INSTALLED);
    add_c_library();
    expect_missing("libdeep.so");
    add_with_mode("libs/libdeep.so", "/usr/lib/libdeep.so", INSTALLED);
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

/* Sorted before and behind those that need them: each is found all the same. */
START_TEST(dormant_libraries_of_dormant_libraries)
{
    make_program("x86_64", "-Wl,-rpath,/a -Wl,--enable-new-dtags");
    make_deep("-Wl,-rpath,/z -Wl,--enable-new-dtags");
    g_free(run("echo 'int last(void){return 0;}' >last.c;"
               "gcc -shared -fPIC -nostdlib -Wl,-soname,last.so -o libs/last.so last.c;"
               "gcc -shared -fPIC -nostdlib -o libs/libdeep.so deep.c -Wl,--no-as-needed libs/last.so"));
    add("program", "/m/program");
    add_with_mode("libs/libown.so", "/a/libown.so", INSTALLED);
    add_with_mode("libs/libdeep.so", "/z/libdeep.so", INSTALLED);
    add_c_library();
    expect_missing("last.so");
}
END_TEST

START_TEST(its_own_are_copied_too)
{
    g_autofree char *libs = test_path("libs");

    make_program("x86_64", own_path);
    make_deep("");
    add("program", "/opt/app/bin/program");
    add_with_mode("libs/libown.so", "/opt/app/lib/libown.so", INSTALLED);
    must(rootfs_image_add_libraries(image, (const char *const[]){libs, NULL}, &error));
    ck_assert(rootfs_image_has(image, "/usr/lib/libdeep.so"));
    ck_assert(!rootfs_image_has(image, "/usr/lib/libown.so"));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

/* Its needs, its processor and its paths are nobody's. */
START_TEST(what_nobody_needs_stays_data)
{
    make_program("aarch64", "-Wl,-rpath,/opt -Wl,--disable-new-dtags");
    add_with_mode("program", "/opt/foreign", INSTALLED);
    add_with_mode("libs/libown.so", "/opt/app/lib/libown.so", INSTALLED);
    make_program("x86_64", "-Wl,-rpath,/opt -Wl,--disable-new-dtags");
    add_with_mode("program", "/opt/native", INSTALLED);
    must(rootfs_image_check_libraries(image, &error));
    make_program("x86_64", "");
    add("program", "/usr/bin/program");
    add_with_mode("libs/libown.so", "/opt/libown.so", INSTALLED);
    add_c_library();
    expect_missing("libown.so"); /* the DT_RPATH of what will not run is of no help */
}
END_TEST

START_TEST(a_dormant_library_of_another_machine)
{
    g_autofree char *libs = test_path("libs"), *none = test_path("none");

    make_program("aarch64", "");
    add_with_mode("libs/libown.so", "/opt/app/lib/libown.so", INSTALLED);
    make_program("x86_64", own_path);
    add("program", "/opt/app/bin/program");
    add_c_library();
    expect_unfit("libown.so", "but /opt/app/lib/libown.so is for aarch64; add one for x86_64");
    ck_assert(!rootfs_image_add_libraries(image, (const char *const[]){none, NULL}, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_LIBRARY, "but /opt/app/lib/libown.so is for aarch64");
    must(rootfs_image_add_libraries(image, (const char *const[]){libs, NULL}, &error));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

/* ---- Files that are none ---- */

START_TEST(a_loader_is_executed)
{
    make_program("x86_64", "");
    add("program", "/usr/bin/program");
    add("libs/libown.so", "/usr/lib/libown.so");
    must(rootfs_image_add_file(image, "/lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2",
                               &(RootfsOwner){INSTALLED, 0, 0}, &error));
    must(rootfs_image_add_file(image, "/lib/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", &all,
                               &error));
    expect_unfit("/lib64/ld-linux-x86-64.so.2", "but /lib64/ld-linux-x86-64.so.2 cannot be executed; add it "
                 "with mode 755");
}
END_TEST

START_TEST(a_loader_of_the_base_is_executed)
{
    g_autofree char *base = test_path("base.cpio");

    make_program("x86_64", "");
    g_free(run("mkdir -p root/lib64 root/lib; cd root; cp /lib64/ld-linux-x86-64.so.2 lib64;"
               "cp /lib/x86_64-linux-gnu/libc.so.6 ../libs/libown.so lib; chmod 644 lib64/*;"
               "find . | cpio --quiet -o -H newc >../base.cpio"));
    must(rootfs_image_load_base(image, base, FALSE, &error));
    add("program", "/usr/bin/program");
    expect_unfit("/lib64/ld-linux-x86-64.so.2", "cannot be executed");
}
END_TEST

/* Each is made as libs/libown.so. */
static const char *const others[] = {
    "echo 'INPUT(libown.a)' >libs/libown.so",
    ": >libs/libown.so",
    "gcc -c -fPIC -o libs/libown.so own.c",
    "gcc -nostdlib -static -Wl,-e,own -o libs/libown.so own.c",
    "objcopy --only-keep-debug libs/libown.so",
};

START_TEST(what_is_no_library)
{
    make_program("x86_64", "");
    g_free(run(others[_i]));
    add("program", "/usr/bin/program");
    add("libs/libown.so", "/usr/lib/libown.so");
    add_c_library();
    expect_unfit("libown.so", "but /usr/lib/libown.so is no shared library that is whole; build it");
}
END_TEST

START_TEST(a_damaged_one)
{
    make_program("x86_64", own_path);
    g_free(run("truncate -s 200 libs/libown.so"));
    add("program", "/opt/app/bin/program");
    add_with_mode("libs/libown.so", "/opt/app/lib/libown.so", INSTALLED);
    add_c_library();
    expect_unfit("libown.so", "but /opt/app/lib/libown.so is no shared library that is whole");
}
END_TEST

/* ---- Copies ---- */

START_TEST(two_programs_share_a_copy)
{
    g_autofree char *libs = test_path("libs");

    make_program("x86_64", "");
    add("program", "/usr/bin/one");
    add("program", "/usr/bin/two");
    must(rootfs_image_add_libraries(image, (const char *const[]){libs, NULL}, &error));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

/* What is no library is passed over on this host, though it has the name and the processor. */
START_TEST(an_object_is_not_copied)
{
    g_autofree char *libs = test_path("libs"), *bad = test_path("bad");

    make_program("x86_64", "");
    g_free(run("mkdir bad; gcc -c -fPIC -o bad/libown.so own.c"));
    add("program", "/usr/bin/program");
    must(rootfs_image_add_libraries(image, (const char *const[]){bad, libs, NULL}, &error));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

/* The base's is another processor's: it gives way when it may. */
START_TEST(a_copy_takes_the_bases_place)
{
    g_autofree char *libs = test_path("libs"), *base = test_path("base.cpio");

    make_program("aarch64", "");
    g_free(run("mkdir -p root/usr/lib; mv libs/libown.so root/usr/lib; cd root;"
               "find . | cpio --quiet -o -H newc >../base.cpio"));
    must(rootfs_image_load_base(image, base, TRUE, &error));
    make_program("x86_64", "");
    add("program", "/usr/bin/program");
    ck_assert(!rootfs_image_add_libraries(image, (const char *const[]){libs, NULL}, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_LIBRARY, "/usr/lib/libown.so is another processor's library");
    rootfs_image_set_replace(image, TRUE);
    must(rootfs_image_add_libraries(image, (const char *const[]){libs, NULL}, &error));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

/* ---- Paths of others ---- */

START_TEST(a_library_bequeaths_nothing_to_a_program)
{
    make_program("x86_64", "");
    make_deep("-Wl,-rpath,/opt -Wl,--disable-new-dtags");
    g_free(run("gcc -o program main.c -Llibs -lown -Wl,--no-as-needed -ldeep"));
    add("program", "/usr/bin/program");
    add("libs/libown.so", "/usr/lib/libown.so");
    add("libs/libdeep.so", "/opt/libdeep.so");
    add_c_library();
    expect_missing("libdeep.so");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rootfs_dynamic");
    TCase *tc = tcase_create("dynamic");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_dormant_library_needs_its_own);
    tcase_add_test(tc, dormant_libraries_of_dormant_libraries);
    tcase_add_test(tc, its_own_are_copied_too);
    tcase_add_test(tc, what_nobody_needs_stays_data);
    tcase_add_test(tc, a_dormant_library_of_another_machine);
    tcase_add_test(tc, a_loader_is_executed);
    tcase_add_test(tc, a_loader_of_the_base_is_executed);
    tcase_add_loop_test(tc, what_is_no_library, 0, G_N_ELEMENTS(others));
    tcase_add_test(tc, a_damaged_one);
    tcase_add_test(tc, two_programs_share_a_copy);
    tcase_add_test(tc, an_object_is_not_copied);
    tcase_add_test(tc, a_copy_takes_the_bases_place);
    tcase_add_test(tc, a_library_bequeaths_nothing_to_a_program);
    suite_add_tcase(suite, tc);
    return tap_run(suite);
}
