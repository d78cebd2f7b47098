/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules: for the right kernel, with what they need, in order. */
#include "test_rootfs_fixture.h"

#include "rootfs_module.h"

#define MAGIC "6.1.0-1-test SMP mod_unload"

/* A file that the builder takes for a module, with these .modinfo texts. Returns its path. */
static char *make_module(const char *name, const char *magic, const char *depends)
{
    g_autofree char *command = g_strdup_printf(
        "mkdir -p \"$(dirname %s)\"; printf '%%s\\n' '.section .modinfo,\"a\"' "
        "'.asciz \"license=GPL\"' '.asciz \"depends=%s\"' '.asciz \"vermagic=%s\"' "
        "'.asciz \"parmtype=gsi:int\"' '.asciz \"parmtype=name:charp\"' '.asciz \"parm=new:so\"' |"
        "gcc -c -x assembler - -o %s", name, depends, magic, name);

    g_free(run(command));
    return test_path(name);
}

/* A kernel with the modules core, mid (needs core) and snd-top (needs mid). */
static RootfsKernel *make_kernel(void)
{
    g_autofree char *directory = test_path("kernel");
    RootfsKernel *kernel;

    g_free(make_module("kernel/lib/core.ko", MAGIC, ""));
    g_free(make_module("kernel/lib/deep/mid.ko", MAGIC, "core"));
    g_free(make_module("kernel/snd-top.ko", MAGIC, "mid"));
    kernel = rootfs_kernel_new(directory, &error);
    must(kernel != NULL);
    return kernel;
}

static void add(RootfsModules *modules, const char *name, const char *depends, const char *ini)
{
    g_autofree char *path = make_module(name, MAGIC, depends);
    g_autofree char *key_file = ini != NULL ? test_file("module.ini", ini, strlen(ini)) : NULL;

    g_autoptr(RootfsModuleIni) says = key_file != NULL ? rootfs_module_ini_load(key_file, &error) : NULL;

    must(says != NULL || key_file == NULL);
    must(rootfs_modules_add(modules, path, says, &error));
}

/* What init loads. */
static void expect_list(const char *list)
{
    g_autofree char *output = test_path("out.cpio");
    g_autofree char *got = NULL;

    must(rootfs_image_write(image, output, &error));
    got = run("cpio --quiet -i --to-stdout etc/vmbench/modules <out.cpio");
    ck_assert_str_eq(got, list);
}

/* The same, and what lies in /lib/modules. */
static void expect_placed(RootfsModules *modules, const char *list, const char *files)
{
    g_autofree char *got_files = NULL;

    must(rootfs_modules_place(modules, image, &error));
    expect_list(list);
    got_files = run("cpio --quiet -it <out.cpio | sed -n 's,^lib/modules/,,p' | xargs");
    ck_assert_str_eq(g_strchomp(got_files), files);
}

/* ---- Kernels ---- */

START_TEST(a_kernel_knows_its_modules)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();

    ck_assert_str_eq(rootfs_kernel_vermagic(kernel), MAGIC);
    ck_assert(g_str_has_suffix(rootfs_kernel_module(kernel, "mid", &error), "/lib/deep/mid.ko"));
    ck_assert(g_str_has_suffix(rootfs_kernel_module(kernel, "snd_top", &error), "/snd-top.ko"));
    ck_assert(g_str_has_suffix(rootfs_kernel_module(kernel, "snd-top", &error), "/snd-top.ko"));
    ck_assert_ptr_null(rootfs_kernel_module(kernel, "other", &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, "no module other");
}
END_TEST

START_TEST(a_directory_without_modules)
{
    g_autofree char *missing = test_path("missing");

    ck_assert_ptr_null(rootfs_kernel_new(test_dir, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, test_dir, "no kernel module");
    ck_assert_ptr_null(rootfs_kernel_new(missing, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, "kernel modules:", missing, "No such file", "check the path");
}
END_TEST

#define OTHER_MAGIC "6.1.0-2-test SMP mod_unload"

/* Beside each other, and deeper, where a name that comes twice tells. */
START_TEST(two_kernels)
{
    g_autofree char *both = test_path("both");
    g_autofree char *deep = test_path("deep");
    g_autoptr(RootfsKernel) kernel = NULL;

    g_free(make_module("both/a/kernel/core.ko", MAGIC, ""));
    g_free(make_module("both/b/kernel/other.ko", OTHER_MAGIC, ""));
    ck_assert_ptr_null(rootfs_kernel_new(both, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, both, MAGIC, OTHER_MAGIC, "two kernels", "name the");
    g_free(make_module("deep/lib/modules/a/core.ko", MAGIC, ""));
    g_free(make_module("deep/lib/modules/b/core.ko", OTHER_MAGIC, ""));
    kernel = rootfs_kernel_new(deep, &error);
    must(kernel != NULL);
    ck_assert_ptr_null(rootfs_kernel_module(kernel, "core", &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, deep, "two kernels");
}
END_TEST

START_TEST(an_empty_module)
{
    g_autofree char *directory = test_path("kernel");
    g_autofree char *empty = NULL;

    g_free(run("mkdir kernel"));
    empty = test_file("kernel/a.ko", "", 0);
    g_free(make_module("kernel/b.ko", MAGIC, ""));
    ck_assert_ptr_null(rootfs_kernel_new(directory, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, empty, "is no kernel module", "remove it");
}
END_TEST

/* ---- Order ---- */

START_TEST(what_a_module_needs_comes_first)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);

    add(modules, "a.ko", "z-base,mid", "[module]\nparameters = gsi=16 name=\"x y\"\n");
    add(modules, "z-base.ko", "", NULL);
    expect_placed(modules, "z-base.ko\ncore.ko\nmid.ko\na.ko gsi=16 name=\"x y\"\n",
                  "a.ko core.ko mid.ko z-base.ko");
}
END_TEST

START_TEST(declared_order)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);

    add(modules, "a.ko", "", "[module]\nafter = c;snd-top\n");
    add(modules, "b.ko", "", NULL);
    add(modules, "c.ko", "", NULL);
    expect_placed(modules, "c.ko\ncore.ko\nmid.ko\nsnd-top.ko\na.ko\nb.ko\n",
                  "a.ko b.ko c.ko core.ko mid.ko snd-top.ko");
}
END_TEST

START_TEST(manual_modules_lie_there)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);

    add(modules, "a.ko", "mid", "[module]\nload = manual\n");
    add(modules, "b.ko", "", "[module]\nload = boot\n");
    must(rootfs_modules_add_kernels(modules, "snd_top", &error));
    expect_placed(modules, "b.ko\n", "a.ko b.ko core.ko mid.ko snd-top.ko");
}
END_TEST

START_TEST(a_module_of_ones_own_replaces_the_kernels)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);

    add(modules, "mid.ko", "", NULL);
    add(modules, "a.ko", "mid", NULL);
    expect_placed(modules, "mid.ko\na.ko\n", "a.ko mid.ko");
}
END_TEST

/* A base that loads x.ko and a.ko and has them, and the kernel's core. */
static void load_base(void)
{
    g_autofree char *base = test_path("base.cpio");

    g_free(run("mkdir -p root/lib/modules root/etc/vmbench; cd root; touch lib/modules/x.ko;"
               "touch lib/modules/a.ko; cp ../kernel/lib/core.ko lib/modules;"
               "printf 'core.ko debug\\na.ko old=1\\nx.ko\\n' >etc/vmbench/modules;"
               "find . | cpio --quiet -o -H newc >../base.cpio"));
    must(rootfs_image_load_base(image, base, FALSE, &error));
    rootfs_image_set_replace(image, TRUE);
}

START_TEST(a_bases_module_is_replaced)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);

    load_base();
    add(modules, "a.ko", "mid", "[module]\nparameters = new=1\n");
    add(modules, "b.ko", "", NULL);
    expect_placed(modules, "core.ko debug\nmid.ko\na.ko new=1\nx.ko\nb.ko\n",
                  "a.ko b.ko core.ko mid.ko x.ko");
}
END_TEST

/* One in the list, one with a need of its own that is not, and one of no use. Its bytes are not asked for. */
START_TEST(a_module_behind_those_of_a_base)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);
    g_autofree char *base = test_path("base.cpio");

    g_free(make_module("root/usr/lib/modules/my-own_x.ko", MAGIC, "core"));
    g_free(run("mkdir -p root/etc/vmbench; cd root; ln -s usr/lib lib; cd lib/modules; touch a.ko x.ko m.ko;"
               "mkdir d; touch d/deep.ko; cd ../..; printf 'a.ko old=1\\nx.ko\\n' >etc/vmbench/modules;"
               "find . | cpio --quiet -o -H newc >../base.cpio"));
    must(rootfs_image_load_base(image, base, FALSE, &error));
    rootfs_image_set_replace(image, TRUE);
    add(modules, "a.ko", "", "[module]\nafter = x\n");
    add(modules, "b.ko", "my_own_x", "[module]\nafter = x;my-own-x\n");
    must(rootfs_modules_place(modules, image, &error));
    expect_list("x.ko\na.ko\ncore.ko\nmy-own_x.ko\nb.ko\n");
    add(modules, "c.ko", "deep", NULL);
    ck_assert(!rootfs_modules_place(modules, image, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, "deep is needed by c: the kernel has no module deep");
}
END_TEST

START_TEST(an_empty_list)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);
    g_autofree char *base = test_path("base.cpio");

    g_free(run("mkdir -p root/etc/vmbench; cd root; touch etc/vmbench/modules;"
               "find . | cpio --quiet -o -H newc >../base.cpio"));
    must(rootfs_image_load_base(image, base, FALSE, &error));
    add(modules, "a.ko", "", NULL);
    expect_placed(modules, "a.ko\n", "a.ko");
}
END_TEST

START_TEST(a_bases_module_is_not_loaded_any_more)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);

    load_base();
    add(modules, "a.ko", "", "[module]\nload = manual\n");
    expect_placed(modules, "core.ko debug\nx.ko\n", "a.ko core.ko x.ko");
}
END_TEST

/* ---- Mistakes ---- */

START_TEST(modules_that_wait_for_each_other)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);

    add(modules, "a.ko", "b", NULL);
    add(modules, "b.ko", "", "[module]\nafter = a\n");
    ck_assert(!rootfs_modules_place(modules, image, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, "/a.ko: the modules a and b wait for each other; remove one "
                 "`after` in a module.ini");
}
END_TEST

START_TEST(a_missing_dependency)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);

    add(modules, "a.ko", "nowhere", NULL);
    ck_assert(!rootfs_modules_place(modules, image, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, "nowhere is needed by a", "add the module");
}
END_TEST

START_TEST(another_kernel)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);
    g_autofree char *path = make_module("a.ko", "5.10.0-1-test SMP mod_unload", "");

    must(rootfs_modules_add(modules, path, NULL, &error));
    rootfs_image_set_kernel(image, MAGIC);
    ck_assert(!rootfs_modules_place(modules, image, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, path, "5.10.0-1-test", MAGIC,
                 "build it again against that one, or, if", "name that one's modules with --kernel-modules");
}
END_TEST

START_TEST(what_is_no_module)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);
    g_autofree char *text = test_file("text.ko", "hello", 5);
    g_autofree char *object = test_path("object.ko");
    g_autofree char *missing = test_path("missing.ko");

    g_free(run("echo | gcc -c -x c - -o object.ko"));
    ck_assert(!rootfs_modules_add(modules, text, NULL, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, text, "no kernel module");
    ck_assert(!rootfs_modules_add(modules, object, NULL, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, object, "no kernel module");
    ck_assert(!rootfs_modules_add(modules, missing, NULL, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, missing, "No such file");
    ck_assert(!rootfs_modules_add_kernels(modules, "other", &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, "no module other");
}
END_TEST

START_TEST(a_name_twice)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);
    g_autofree char *other = make_module("x/a_b.ko", MAGIC, "");

    add(modules, "a-b.ko", "", NULL);
    ck_assert(!rootfs_modules_add(modules, other, NULL, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, other, "twice", "/a-b.ko");
    add(modules, "mid.ko", "", NULL);
    ck_assert(!rootfs_modules_add_kernels(modules, "mid", &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, "module mid", "/mid.ko", "remove one");
    must(rootfs_modules_add_kernels(modules, "core", &error));
    must(rootfs_modules_add_kernels(modules, "core", &error));
}
END_TEST

START_TEST(a_blank_in_a_name)
{
    g_autoptr(RootfsKernel) kernel = make_kernel();
    g_autoptr(RootfsModules) modules = rootfs_modules_new(kernel);
    g_autofree char *plain = make_module("a.ko", MAGIC, "");
    g_autofree char *path = test_path("a b.ko");

    g_free(run("mv a.ko 'a b.ko'"));
    ck_assert(!rootfs_modules_add(modules, path, NULL, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_MODULE, path, "blank", "rename");
}
END_TEST

#define BAD_ESCAPE "the value has an escape that is none: \\n, \\r, \\t, \\s and \\\\ are escapes"

static const struct ini {
    const char *text, *says;
} inis[] = {
    {"[module]\nload = later\n", ":2: `later` is no way to load it: write boot or manual"},
    {"[module]\n\nparameter = x=1\n", ":3: `parameter` is no key that this group has: did you mean "
     "`parameters`?"},
    {"[modules]\nload = boot\n", ":1: [modules] is unknown: it has one group, [module]"},
    {"[module]\n[other]\n", ":2: [other] is unknown: it has one group, [module]"},
    {"load = boot\n", ":1: a key before the first group: write its `[group]` above it"},
    {"[module]\nload\n", ":2: no `[group]`, `key = value` or `# comment`"},
    {"[module]\nafter = a\nload = boot\nafter = b\n", ":4: `after` is on line 2 already: a key is there "
     "once"},
    {"[module]\nparameters = a=1\n[module]\n", ":3: `module` is on line 1 already: a group is there once"},
    {"[module]\nparameters = name=\xff\n", ":2: it is no UTF-8: save it as that"},
    {"# \xff\n[module]\n", ":1: it is no UTF-8: save it as that"},
    {"[module]\nparameters = a=1\\nb=2\n", ":2: parameters are one line: leave the \\n out, or write a "
     "blank for it"},
    {"[module]\nparameters = a=\\d\n", ":2: " BAD_ESCAPE},
    {"[module]\nafter = a;\\d\n", ":2: " BAD_ESCAPE},
    {"[module]\nload = \\d\n", ":2: " BAD_ESCAPE},
    {"[module]\nafter = a;;b\n", ":2: a name is empty: write NAME;NAME, or leave `after` out"},
};

START_TEST(mistakes_in_the_key_file)
{
    g_autofree char *path = test_file("module.ini", inis[_i].text, strlen(inis[_i].text));
    g_autofree char *whole = g_strconcat(path, inis[_i].says, NULL);

    ck_assert_ptr_null(rootfs_module_ini_load(path, &error));
    ck_assert(g_error_matches(error, ROOTFS_ERROR, ROOTFS_ERROR_MODULE));
    ck_assert_str_eq(error->message, whole);
    g_clear_error(&error);
}
END_TEST

/* A test's message is one line. */
START_TEST(several_mistakes_are_one_line)
{
    static const char text[] = "[module]\nload\n\nafter\n";
    g_autofree char *path = test_file("module.ini", text, strlen(text));
    g_autofree char *whole = g_strdup_printf("%s:2: no `[group]`, `key = value` or `# comment`; "
                                             "%s:4: no `[group]`, `key = value` or `# comment`", path, path);

    ck_assert_ptr_null(rootfs_module_ini_load(path, &error));
    ck_assert_str_eq(error->message, whole);
    g_clear_error(&error);
}
END_TEST

START_TEST(what_the_key_file_may_leave_out)
{
    g_autofree char *path = test_file("module.ini", "", 0);
    g_autoptr(RootfsModuleIni) ini = rootfs_module_ini_load(path, &error);

    must(ini != NULL);
    ck_assert(!ini->manual);
    ck_assert_ptr_null(ini->parameters);
    ck_assert_ptr_null(ini->after);
}
END_TEST

START_TEST(a_key_file_that_is_none)
{
    g_autofree char *path = test_path("module.ini");

    ck_assert_ptr_null(rootfs_module_ini_load(path, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "No such file");
    g_free(run("mkfifo module.ini")); /* is not waited for */
    ck_assert_ptr_null(rootfs_module_ini_load(path, &error));
    EXPECT_ERROR(&error, ROOTFS_ERROR_SOURCE, path, "is no regular file");
}
END_TEST

static Suite *module_suite(void)
{
    Suite *suite = suite_create("rootfs_module");
    TCase *tc = tcase_create("module");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_kernel_knows_its_modules);
    tcase_add_test(tc, a_directory_without_modules);
    tcase_add_test(tc, two_kernels);
    tcase_add_test(tc, an_empty_module);
    tcase_add_test(tc, what_a_module_needs_comes_first);
    tcase_add_test(tc, declared_order);
    tcase_add_test(tc, manual_modules_lie_there);
    tcase_add_test(tc, a_module_of_ones_own_replaces_the_kernels);
    tcase_add_test(tc, a_bases_module_is_replaced);
    tcase_add_test(tc, a_module_behind_those_of_a_base);
    tcase_add_test(tc, an_empty_list);
    tcase_add_test(tc, a_bases_module_is_not_loaded_any_more);
    tcase_add_test(tc, modules_that_wait_for_each_other);
    tcase_add_test(tc, a_missing_dependency);
    tcase_add_test(tc, another_kernel);
    tcase_add_test(tc, what_is_no_module);
    tcase_add_test(tc, a_name_twice);
    tcase_add_test(tc, a_blank_in_a_name);
    tcase_add_loop_test(tc, mistakes_in_the_key_file, 0, G_N_ELEMENTS(inis));
    tcase_add_test(tc, several_mistakes_are_one_line);
    tcase_add_test(tc, what_the_key_file_may_leave_out);
    tcase_add_test(tc, a_key_file_that_is_none);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(module_suite());
}
