/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules that vmbench rootfs build builds, and that build on each other. */
#include "rootfs_script.h"

#include "error.h"
#include "tap.h"

START_TEST(modules_come_with_what_they_need)
{
    must_print("module drv; module other; parameters drv;"
               "printf '[module]\\nafter = other\\nparameters = a=1 b=2\\n' >drv/module.ini;"
               "$build --module drv --module other; in_image 'lib/modules/\\(drv\\|other\\).ko';"
               "cpio --quiet -i --to-stdout etc/vmbench/modules <out.cpio",
               "lib/modules/drv.ko\nlib/modules/other.ko\nother.ko\ndrv.ko a=1 b=2\n");
}
END_TEST

/* That of module_param_cb() leaves no text in the module, unless it has a description. */
START_TEST(parameters_that_a_module_does_not_tell_of)
{
    must_print("module drv; printf 'static const struct kernel_param_ops ops;\n"
               "module_param_cb(c, &ops, NULL, 0);\n' >>drv/drv.c;"
               "printf '[module]\nparameters = c=1\n' >drv/module.ini; $build --module drv;"
               "echo 'MODULE_PARM_DESC(c, \"of no type\");' >>drv/drv.c; $build --module drv;"
               "sed -i s/c=/dd=/ drv/module.ini; ! $build --module drv 2>&1",
               "vmbench: drv/module.ini:2: the module drv has no parameter `dd`: it has c\n");
}
END_TEST

START_TEST(a_kernels_own_module)
{
    must_print("$build --no-base --add /bin/true:/init --with-libs --kernel-module uio;"
               "in_image lib/modules/uio.ko", "lib/modules/uio.ko\n");
}
END_TEST

/* poke and vmmio-uio lie in the base and are not loaded at boot; the latter depends on the kernel's uio. */
START_TEST(a_module_behind_those_of_the_base)
{
    must_print("module drv; printf '[module]\\nafter = poke; vmmio_uio\\n' >drv/module.ini;"
               "$build --module drv; cpio --quiet -i --to-stdout etc/vmbench/modules <out.cpio;"
               "in_image 'lib/modules/\\(poke\\|vmmio-uio\\).ko'",
               "poke.ko\nuio.ko\nvmmio-uio.ko\ndrv.ko\nlib/modules/poke.ko\nlib/modules/vmmio-uio.ko\n");
}
END_TEST

START_TEST(a_module_that_uses_a_header_of_the_bases)
{
    must_print("module drv; printf '[module]\\nafter = poke\\n' >drv/module.ini;"
               "sed -i '1i #include \"poke_registers.h\"' drv/drv.c; ! $build --module drv || exit 1;"
               "$build --module drv --module \"$SOURCE/guest-rootfs/modules/poke\" --replace;"
               "cpio --quiet -i --to-stdout etc/vmbench/modules <out.cpio", "poke.ko\ndrv.ko\n");
}
END_TEST

/* ---- Modules that use others ---- */

/* The module a-base exports, by a header that z-user includes; its name comes first, and its turn does. */
#define BASE_AND_USER                                                                              \
    "mkdir -p a-base z-user; echo 'int base_sum(int a, int b);' >a-base/base.h;"                   \
    "printf '#include <linux/module.h>\\n#include \"base.h\"\\nint base_sum(int a, int b)\\n"        \
    "{ return WARN_ON(a > 9) + a + b; }\\nEXPORT_SYMBOL_GPL(base_sum);\\n"                         \
    "MODULE_LICENSE(\"GPL\");\\n' >a-base/a-base.c;"                                               \
    "printf '#include <linux/module.h>\\n#include \"base.h\"\\nstatic int __init begin(void)\\n"   \
    "{ return base_sum(2, -2); }\\nmodule_init(begin);\\nMODULE_LICENSE(\"GPL\");\\n'"             \
    ">z-user/z-user.c; both='--module z-user --module a-base';"

/* Built again when these change: the kernel compares the checksums when it loads it. */
START_TEST(a_module_that_uses_anothers_symbols)
{
    must_print(BASE_AND_USER "printf '[module]\\nafter = a-base\\n' >z-user/module.ini; $build $both;"
               "cpio --quiet -i --to-stdout etc/vmbench/modules <out.cpio;"
               "sed -i 's/int b)/long b)/' a-base/*.[ch]; $build $both;"
               "cpio --quiet -id lib/modules/z-user.ko <out.cpio; cd lib/modules;"
               "tr '\\0' '\\n' <z-user.ko | grep ^depends=;"
               "objcopy -O binary -j __versions z-user.ko versions;"
               "crc=$(sed -n 's/^0x\\(.*\\)\tbase_sum\t.*/\\1/p'"
               "  ../../vmmio-bench/rootfs/x86/a-base-*/*.symvers);"
               "od -An -v -w64 -t x4 versions | grep -c \"^ $crc \"",
               "a-base.ko\nz-user.ko\ndepends=a-base\n1\n");
}
END_TEST

/* Three of them, and the last one uses the first. */
START_TEST(a_module_that_uses_what_comes_before_the_one_before)
{
    must_print(BASE_AND_USER "cp -r z-user y-last; mv y-last/z-user.c y-last/y-last.c;"
               "printf '[module]\\nafter = a_base' >z-user/module.ini;"
               "printf '[module]\\nafter = z_user' >y-last/module.ini; $build --module y-last $both;"
               "cpio --quiet -i --to-stdout etc/vmbench/modules <out.cpio",
               "a-base.ko\nz-user.ko\ny-last.ko\n");
}
END_TEST

/* ---- Mistakes ---- */

static const struct mistake {
    const char *script, *says;
} mistakes[] = {
    {"mkdir drv; $build --module drv", "drv holds no C files, and no Kbuild or Makefile that says obj-m := "
     "drv.o: name the directory of a module's source"},
    {"module drv; $build --module drv/drv.c", "drv/drv.c: is no kernel module"},
    {"$build --kernel-module nothing", "the kernel has no module nothing"},
    {"module drv; printf '[module]\\nload = boot\\nload = manual\\n' >drv/module.ini; $build --module drv",
     "drv/module.ini:3: `load` is on line 2 already: a key is there once"},
    {"module drv; printf '[module]\\nparameters = a=1\\134nb=2\\n' >drv/module.ini; $build --module drv",
     "drv/module.ini:2: parameters are one line"},
    {"module drv; echo 'static int number; module_param(number, int, 0);' >>drv/drv.c;"
     "printf '[module]\nparameters = nmber=42\n' >drv/module.ini; $build --module drv",
     "drv/module.ini:2: the module drv has no parameter `nmber`: did you mean number?"},
    {BASE_AND_USER "$build $both", "it uses base.h of the module a-base, which is to be built before it: "
     "write after = a-base below [module] in /"},
    {BASE_AND_USER "sed -i 's/#include .base.*/int base_sum(int a, int b);/' z-user/*.c; $build $both",
     "it uses base_sum of the module a-base, which is to be built before it: write after = a-base"},
    {BASE_AND_USER "cp a-base/base.h z-user; $build --module z-user", "ERROR: modpost: \"base_sum\" ["},
    {BASE_AND_USER "cp a-base/base.h z-user; $build --module z-user",
     "module z-user: the kernel exports nothing of the names above that are undefined: if another module "
     "does, have that one built too (--module DIR, and --replace where the base has it), and write after = "
     "NAME below [module] in /"},
    {BASE_AND_USER "printf '[module]\\nafter = a-base\\n' >z-user/module.ini; $build --module z-user",
     "z-user/module.ini: a-base is in `after`: the kernel has no module a-base; check the name, or add the "
     "module itself"},
    {BASE_AND_USER "printf '[module]\\nafter = a-base\\n' >z-user/module.ini; sed 's/a-base/z-user/' "
     "z-user/module.ini >a-base/module.ini; $build $both",
     "a-base/module.ini: waits for z-user, which waits for it; remove one"},
    {"module a-b; mkdir t; cp -r a-b t; $build --module a-b --module t/a-b",
     "t/a-b: the module a_b is added twice, also as a-b; remove one of the two"},
};

START_TEST(a_mistake_is_named)
{
    must_fail(mistakes[_i].script, mistakes[_i].says, VMB_ERROR_SETUP);
}
END_TEST

START_TEST(a_module_of_another_kernel)
{
    ck_assert_int_eq(run("printf '%s\\n' '.section .modinfo,\"a\"' '.asciz \"vermagic=5.10.0 SMP\"' |"
                         "gcc -c -x assembler - -o old.ko; $build --add old.ko:/lib/modules/old.ko"),
                     VMB_ERROR_SETUP);
    ck_assert_msg(strstr(child.err, "old.ko: is a module for the kernel '5.10.0 SMP'") != NULL, "%s",
                  child.err);
}
END_TEST

/* ---- Those of the tree ---- */

/* `module NAME AFTER` makes one. */
static const struct order {
    const char *make, *prints, *says;
} orders[] = {
    {"module a b.ko; module b c-d; module c_d ''", "c_d: \nb: c_d\na: b c_d\n", ""},
    {"module a uio", "a: \n", ""},
    {"module selfy selfy", "", "/m: selfy/module.ini: `after` names the module itself: remove it\n"},
    {"module s-y 'a;s_y.ko'", "", "/m: s-y/module.ini: `after` names the module itself: remove it\n"},
    {"module x-y ''; module x_y ''", "", " are modules of one name to the kernel, a - as a _: rename one\n"},
    {"module 'a b' ''", "", "/m: the path 'a b' has a blank or one of "},
};

START_TEST(the_order_of_the_trees_modules)
{
    g_autofree char *script = g_strdup_printf(
        "mkdir m; cd m;"
        "module() { mkdir \"$1\"; printf '[module]\\nafter = %%s\\n' \"$2\" >\"$1/module.ini\"; };"
        "%s; $SOURCE/guest-rootfs/modules/order .", orders[_i].make);
    int status = run(script);

    ck_assert_str_eq(child.out, orders[_i].prints);
    ck_assert_msg(strstr(child.err, orders[_i].says) != NULL, "%s", child.err);
    ck_assert_int_eq(status, orders[_i].says[0] != '\0');
    ck_assert_ptr_eq(strchr(child.err, '\n'), strrchr(child.err, '\n')); /* one line */
}
END_TEST

static Suite *rootfs_modules_suite(void)
{
    Suite *suite = suite_create("rootfs_modules");
    TCase *tc = tcase_create("rootfs_modules");

    tcase_set_timeout(tc, PATIENCE_SECONDS);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, modules_come_with_what_they_need);
    tcase_add_test(tc, parameters_that_a_module_does_not_tell_of);
    tcase_add_test(tc, a_kernels_own_module);
    tcase_add_test(tc, a_module_behind_those_of_the_base);
    tcase_add_test(tc, a_module_that_uses_a_header_of_the_bases);
    tcase_add_test(tc, a_module_that_uses_anothers_symbols);
    tcase_add_test(tc, a_module_that_uses_what_comes_before_the_one_before);
    tcase_add_loop_test(tc, a_mistake_is_named, 0, G_N_ELEMENTS(mistakes));
    tcase_add_test(tc, a_module_of_another_kernel);
    tcase_add_loop_test(tc, the_order_of_the_trees_modules, 0, G_N_ELEMENTS(orders));
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return tap_run(rootfs_modules_suite());
}
