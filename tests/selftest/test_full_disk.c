/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmbench run where there is no room: for its logs, its reports, its temporary files. */
#include <string.h>

#include "error.h"
#include "scenario_run.h"
#include "small_disk.h"
#include "tap.h"

static char *disk;

static void use_disk(const char *name, guint kib)
{
    disk = child_path(&child, name);
    small_disk_begin();
    small_disk_mount(disk, kib);
}

static void teardown(void)
{
    small_disk_unmount(disk);
    scenario_teardown();
    g_free(disk);
}

/* Nothing is started, and nothing of it is left. */
START_TEST(too_little_room_is_said_at_once)
{
    static const char *const names[] = {"logs", "tmp"};
    static const char *const remedies[] = {"--logs", "TMPDIR"};
    g_autofree char *says = NULL;
    g_autoptr(GDir) dir = NULL;

    use_disk(names[_i], 1024);
    says = g_strdup_printf("vmbench: the disk is nearly full: 1 MiB are free for %s", disk);
    write_scenario("hello", RUN("true"));
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_SETUP);
    ck_assert_str_eq(child.out, "");
    ck_assert_msg(g_str_has_prefix(child.err, says), "%s", child.err);
    assert_says(child.err, remedies[_i]);
    ck_assert_ptr_eq(strchr(child.err, '\n'), child.err + strlen(child.err) - 1);
    dir = g_dir_open(disk, 0, NULL);
    ck_assert_ptr_null(g_dir_read_name(dir));
}
END_TEST

START_TEST(another_amount_can_be_asked_for)
{
    use_disk("logs", 1024);
    write_scenario("hello", RUN("true"));
    g_setenv("VMBENCH_DISK_MIB", "1", TRUE);
    ck_assert_int_eq(run(NULL, NULL), 0);
    g_setenv("VMBENCH_DISK_MIB", "little", TRUE);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_USAGE);
    assert_says(child.err, "VMBENCH_DISK_MIB=little");
}
END_TEST

/* The guest talks, and the log has no room for it. */
START_TEST(a_log_that_fills_the_disk_is_told)
{
    use_disk("logs", 512);
    g_setenv("VMBENCH_DISK_MIB", "0", TRUE);
    write_scenario("noise", RUN("sh -c 'head -c 1048576 /dev/zero >/dev/console'"));
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_SETUP);
    assert_says(child.out, "setup: cannot write ");
    assert_says(child.out, "console.log: No space left on device: make room, ");
}
END_TEST

/* Its verdict stands, and what could not be kept is said. */
START_TEST(a_failure_without_room_is_told)
{
    static const char note[] = "      note: its logs are not complete: ";

    use_disk("logs", 256);
    g_setenv("VMBENCH_DISK_MIB", "0", TRUE);
    write_scenario("bad", RUN("sh -c 'exit 3'"));
    small_disk_fill(disk);
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_PROGRAM_FAILED);
    assert_says(child.out, "guest-exit: sh ");
    assert_says(child.out, note);
    ck_assert_ptr_null(strstr(strstr(child.out, note) + 1, note));
    assert_says(child.out, "No space left on device");
}
END_TEST

START_TEST(a_report_without_room_is_told)
{
    g_autofree char *junit = NULL;

    use_disk("reports", 64);
    junit = g_build_filename(disk, "junit.xml", NULL);
    write_scenario("hello", RUN("true"));
    small_disk_fill(disk);
    ck_assert_int_eq(run("--junit", junit), VMB_ERROR_SETUP);
    assert_says(child.out, "1 passed, 0 failed");
    assert_says(child.err, "vmbench: cannot write the report ");
    assert_says(child.err, "No space left on device: name another file");
}
END_TEST

/* The guest's image, with what the scenario adds. */
START_TEST(an_image_without_room_is_told)
{
    use_disk("logs", 512);
    g_setenv("VMBENCH_DISK_MIB", "0", TRUE);
    write_scenario("added", "[scenario]\nmachines = x86\nadd = scenario.ini:/added\n"
                   "[step s]\nrun = true\n");
    ck_assert_int_eq(run(NULL, NULL), VMB_ERROR_SETUP);
    assert_says(child.out, "setup: cannot write ");
    assert_says(child.out, "/image.cpio: the disk is full: ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("full_disk");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 4 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(all, scenario_setup, teardown);
    tcase_add_loop_test(all, too_little_room_is_said_at_once, 0, 2);
    tcase_add_test(all, another_amount_can_be_asked_for);
    tcase_add_test(all, a_log_that_fills_the_disk_is_told);
    tcase_add_test(all, a_failure_without_room_is_told);
    tcase_add_test(all, a_report_without_room_is_told);
    tcase_add_test(all, an_image_without_room_is_told);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
