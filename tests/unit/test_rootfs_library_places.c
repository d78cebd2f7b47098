/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories where some loaders look and others do not: a library there is found by the former alone. */
#include "test_rootfs_programs.h"

/* Made from the directory `root`, and only added to: of its files the names are read. */
static void load_base(const char *commands)
{
    g_autofree char *base = test_path("base.cpio");
    g_autofree char *command = g_strdup_printf(
        "mkdir -p root/etc/own root/lib64 root/lib root/usr/lib root/usr/lib64; cd root;"
        "cp /lib64/ld-linux-x86-64.so.2 lib64; %s;"
        "find . | cpio --quiet -o -H newc >../base.cpio", commands);

    g_free(run(command));
    must(rootfs_image_load_base(image, base, FALSE, &error));
}

static void expect_overlooked(const char *guest)
{
    g_autofree char *says = g_strconcat("but ", guest, " is where its loader does not look; put it into "
                                        "/usr/lib, or, with its directory in /etc/ld.so.conf, run ldconfig",
                                        NULL);

    expect_unfit("libown.so", says);
}

/* ---- Debian's loader ---- */

static const char *const elsewhere[] = {
    "/usr/local/lib/libown.so", "/lib64/libown.so", "/usr/lib64/libown.so", "/etc/own/libown.so",
};

/* What --with-libs copies is Debian's too, whatever directory its loader is in. */
START_TEST(where_it_does_not_look)
{
    g_autofree char *conf = test_file("own.conf", "# ours\n  /etc/own \n", 19);

    make_program("x86_64", "");
    must(rootfs_image_add_file(image, "/etc/ld.so.conf.d/own.conf", conf, &all, &error));
    add("program", "/usr/bin/program");
    add("libs/libown.so", elsewhere[_i]);
    add_c_library();
    expect_overlooked(elsewhere[_i]);
    add("libs/libown.so", "/usr/lib/libown.so");
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

/* A C library that was added does not show whose loader that is. */
START_TEST(an_added_c_library_there)
{
    make_program("x86_64", "");
    add("program", "/usr/bin/program");
    add("libs/libown.so", "/lib64/libown.so");
    add_c_library();
    must(rootfs_image_add_file(image, "/lib64/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", &all, &error));
    expect_overlooked("/lib64/libown.so");
}
END_TEST

START_TEST(a_copy_goes_where_it_looks)
{
    g_autofree char *libs = test_path("libs"), *none = test_path("none");

    make_program("x86_64", "");
    add("program", "/usr/bin/program");
    add("libs/libown.so", "/usr/local/lib/libown.so");
    ck_assert(!rootfs_image_add_libraries(image, (const char *const[]){none, NULL}, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_LIBRARY, "but /usr/local/lib/libown.so is where its loader");
    must(rootfs_image_add_libraries(image, (const char *const[]){libs, NULL}, &error));
    ck_assert(rootfs_image_has(image, "/usr/lib/libown.so"));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

/* ---- Others ---- */

static const struct home {
    const char *c_library, *own; /* directories */
    gboolean found;
} homes[] = {
    {"lib64", "/lib64", TRUE},
    {"lib64", "/usr/lib64", TRUE},
    {"usr/lib64", "/lib64", TRUE},
    {"lib", "/lib64", FALSE},
    {"lib64", "/usr/local/lib", FALSE},
};

START_TEST(a_base_with_its_c_library_there)
{
    const struct home *home = &homes[_i];
    g_autofree char *guest = g_strconcat(home->own, "/libown.so", NULL);
    g_autofree char *command = g_strdup_printf(
        "cp /lib/x86_64-linux-gnu/libc.so.6 %s; ln -s /%s/libc.so.6 usr/lib", home->c_library,
        home->c_library);

    make_program("x86_64", "");
    load_base(command);
    add("program", "/usr/bin/program");
    add("libs/libown.so", guest);
    if (home->found) {
        must(rootfs_image_check_libraries(image, &error));
    } else {
        expect_overlooked(guest);
    }
}
END_TEST

static const struct musl {
    const char *loader;
    gboolean found;
} musls[] = {{"/lib/ld-musl-x86_64.so.1", TRUE}, {"/lib/ld-mine-x86_64.so.1", FALSE}};

/* Both the program and the library need something of /usr/local/lib. */
START_TEST(musl_looks_below_local)
{
    const struct musl *musl = &musls[_i];
    g_autofree char *command = g_strdup_printf(
        "mkdir libs; echo 'int deep(void){return 0;}' >deep.c; echo 'int own(void){return 0;}' >own.c;"
        "echo 'int own(void);void _start(void){own();}' >main.c;"
        "gcc -nostdlib -shared -fPIC -o libs/libdeep.so deep.c;"
        "gcc -nostdlib -shared -fPIC -o libs/libown.so own.c -Wl,--no-as-needed -Llibs -ldeep;"
        "gcc -nostdlib -fPIC -pie -Wl,--dynamic-linker=%s -o program main.c -Llibs -lown "
        "-Wl,--allow-shlib-undefined -Wl,-rpath-link,libs", musl->loader);

    g_free(run(command));
    add("program", "/usr/bin/program");
    add("libs/libown.so", "/usr/local/lib/libown.so");
    add("libs/libown.so", musl->loader);
    add("libs/libdeep.so", "/usr/local/lib/libdeep.so");
    if (musl->found) {
        must(rootfs_image_check_libraries(image, &error));
    } else {
        ck_assert(!rootfs_image_check_libraries(image, &error));
        EXPECT_ERROR(&error, ROOTFS_ERROR_LIBRARY, "is where its loader does not look");
    }
}
END_TEST

/* ---- /etc/ld.so.cache ---- */

static const char conf_and_library[] =
    "echo /etc/own >etc/ld.so.conf; cp /lib/x86_64-linux-gnu/libc.so.6 lib; cp ../libs/libown.so etc/own";

static void load_configured_base(const char *more)
{
    g_autofree char *commands = g_strconcat(conf_and_library, "; ", more, NULL);

    make_program("x86_64", "");
    load_base(commands);
    add("program", "/usr/bin/program");
}

START_TEST(a_cache_knows_the_bases_files)
{
    load_configured_base("PATH=$PATH:/sbin ldconfig -r . 2>../warnings; test -s etc/ld.so.cache");
    must(rootfs_image_check_libraries(image, &error));
    rootfs_image_set_replace(image, TRUE);
    add("libs/libown.so", "/etc/own/libown.so");
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

START_TEST(without_a_cache)
{
    load_configured_base(":");
    expect_overlooked("/etc/own/libown.so");
}
END_TEST

START_TEST(a_cache_does_not_know_what_is_added)
{
    load_configured_base("mv etc/own/libown.so etc/own/libother.so; : >etc/ld.so.cache");
    add("libs/libown.so", "/etc/own/libown.so");
    expect_overlooked("/etc/own/libown.so");
}
END_TEST

START_TEST(an_added_cache_is_of_the_whole_tree)
{
    g_autofree char *cache = test_file("ld.so.cache", "", 0);

    load_configured_base("mv etc/own/libown.so etc/own/libother.so");
    add("libs/libown.so", "/etc/own/libown.so");
    must(rootfs_image_add_file(image, "/etc/ld.so.cache", cache, &all, &error));
    must(rootfs_image_check_libraries(image, &error));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rootfs_library_places");
    TCase *tc = tcase_create("places");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, where_it_does_not_look, 0, G_N_ELEMENTS(elsewhere));
    tcase_add_test(tc, an_added_c_library_there);
    tcase_add_test(tc, a_copy_goes_where_it_looks);
    tcase_add_loop_test(tc, a_base_with_its_c_library_there, 0, G_N_ELEMENTS(homes));
    tcase_add_loop_test(tc, musl_looks_below_local, 0, G_N_ELEMENTS(musls));
    tcase_add_test(tc, a_cache_knows_the_bases_files);
    tcase_add_test(tc, without_a_cache);
    tcase_add_test(tc, a_cache_does_not_know_what_is_added);
    tcase_add_test(tc, an_added_cache_is_of_the_whole_tree);
    suite_add_tcase(suite, tc);
    return tap_run(suite);
}
