/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the sockets for a person are. */
#include "inspect.h"

#include <string.h>
#include <unistd.h>

#include "tap.h"

static void assert_starts(const char *text, const char *start)
{
    ck_assert_msg(g_str_has_prefix(text, start), "%s", text);
}

START_TEST(they_are_in_the_guests_directory)
{
    g_autoptr(VmbInspect) inspect = vmb_inspect_new(vmb_machine_find("x86"), "/logs/run/guest", NULL);
    g_auto(GStrv) words = vmb_inspect_arguments(inspect, FALSE);

    ck_assert_str_eq(words[1], "unix:/logs/run/guest/qmp,server=on,wait=off");
    ck_assert_str_eq(words[3], "unix:/logs/run/guest/gdb,server=on,wait=off");
}
END_TEST

/* One byte too long for sun_path, and three that mean something else to those who read them. */
START_TEST(they_are_elsewhere_when_that_is_no_name_for_them)
{
    g_autofree char *too_long = g_strnfill(104, '/');
    const char *const names[] = {too_long, "/a,b", "/a b", "/a'b"};
    g_autoptr(VmbInspect) inspect = vmb_inspect_new(vmb_machine_find("x86"), names[_i], NULL);
    g_auto(GStrv) words = vmb_inspect_arguments(inspect, FALSE);
    g_autofree char *start = g_strdup_printf("unix:%s/vmbench-%d-", g_get_tmp_dir(), (int)getpid());
    g_autofree char *directory = g_strndup(words[1] + strlen("unix:"),
                                           strcspn(words[1], ",") - strlen("unix:/qmp"));

    assert_starts(words[1], start);
    ck_assert(g_file_test(directory, G_FILE_TEST_IS_DIR));
    g_clear_pointer(&inspect, vmb_inspect_free);
    ck_assert(!g_file_test(directory, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST(the_longest_name_will_do)
{
    g_autofree char *longest = g_strnfill(103, '/');
    g_autoptr(VmbInspect) inspect = vmb_inspect_new(vmb_machine_find("x86"), longest, NULL);
    g_auto(GStrv) words = vmb_inspect_arguments(inspect, FALSE);

    ck_assert_uint_eq(strcspn(words[1], ","), strlen("unix:") + 107);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inspect");
    TCase *all = tcase_create("all");

    tcase_add_test(all, they_are_in_the_guests_directory);
    tcase_add_loop_test(all, they_are_elsewhere_when_that_is_no_name_for_them, 0, 4);
    tcase_add_test(all, the_longest_name_will_do);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
