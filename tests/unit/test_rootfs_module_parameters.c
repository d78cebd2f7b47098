/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A module.ini's parameters, beside those that a module has. */
#include "rootfs_image.h"
#include "rootfs_module_parameters.h"
#include "tap.h"

static char *some[] = {(char *)"number", (char *)"io_base", (char *)"name", NULL};
static char *none[] = {NULL};

static gboolean check(char **parameters, const char *text, GError **error)
{
    const RootfsElf elf = {.parameters = parameters};
    const RootfsModuleIni ini = {.parameters = (char *)text, .parameters_place = (char *)"m.ini:2"};

    return rootfs_module_parameters_check(&ini, &elf, "drv", error);
}

static const char *const good[] = {
    "", " ", "number=42", "number", " name=a\tnumber=1 ", "io-base=7", "name=\"b c=d\" number=1",
    "\"name=b c\" number=1", "async_probe", "async-probe=1", "dyndbg=+p", "dyndbg=\"file a.c +p\"",
    "other.x=1",
};

START_TEST(what_a_module_takes)
{
    g_autoptr(GError) error = NULL;

    ck_assert_msg(check(some, good[_i], &error), "%s: %s", good[_i], error != NULL ? error->message : "");
}
END_TEST

static const struct bad {
    char **has;
    const char *text, *says;
} bad[] = {
    {some, "nmber=42", "`nmber`: did you mean number?"},
    {some, "number=1 io_bse=2", "`io_bse`: did you mean io_base?"},
    {some, "\"nme=b c\"", "`nme`: did you mean name?"},
    {some, "\"nme\"", "`nme`: did you mean name?"},
    {some, "name=\"b c\" d", "`d`: it has number, io_base, name"},
    {some, "=1", "``: it has number, io_base, name"},
    {none, "number=42", "`number`: it has none; leave it out"},
};

START_TEST(what_it_does_not_take)
{
    g_autofree char *whole = g_strconcat("m.ini:2: the module drv has no parameter ", bad[_i].says, NULL);
    g_autoptr(GError) error = NULL;

    ck_assert(!check(bad[_i].has, bad[_i].text, &error));
    ck_assert(g_error_matches(error, ROOTFS_ERROR, ROOTFS_ERROR_MODULE));
    ck_assert_str_eq(error->message, whole);
}
END_TEST

START_TEST(what_cannot_be_known)
{
    const RootfsElf elf = {.parameters = none};
    const RootfsModuleIni says_nothing = {.manual = TRUE};

    ck_assert(check(NULL, "any=1", NULL));
    ck_assert(rootfs_module_parameters_check(NULL, &elf, "drv", NULL));
    ck_assert(rootfs_module_parameters_check(&says_nothing, &elf, "drv", NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rootfs_module_parameters");
    TCase *tc = tcase_create("parameters");

    tcase_add_loop_test(tc, what_a_module_takes, 0, G_N_ELEMENTS(good));
    tcase_add_loop_test(tc, what_it_does_not_take, 0, G_N_ELEMENTS(bad));
    tcase_add_test(tc, what_cannot_be_known);
    suite_add_tcase(suite, tc);
    return tap_run(suite);
}
