/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's vMMIO ranges: those that --range asks for, and those that cannot be. */
#include <string.h>

#include "error.h"
#include "scenario_run.h"
#include "tap.h"

static const char *const machines[] = {"raspi4b", "x86"};

#define TWO "0xfe900000:0x2000:6:7", "--range", "0xfea00000:4096,listen=127.0.0.2:0,timeout-ms=0"

/* What nobody has claimed reads as aa: the second page of the first one, and the other one. */
START_TEST(the_guest_has_the_ranges)
{
    const char *args[] = {"shell", "--machine", machines[_i], "--accel", "tcg", "--port", "0",
                          "--range", "0xfe900000:0x2000", "--range",
                          "0xfea00000:4096,listen=127.0.0.2:0,on-disconnect=wait", NULL};
    g_autofree char *script = child_path(&child, "script");

    ck_assert(g_file_set_contents(
        script, "echo one `devmem 0xfe901ffc 32` two `devmem 0xfea00000 16`\n", -1, NULL));
    child.input = script;
    ck_assert_int_eq(child_run(&child, args), 0);
    assert_says(child.out, "one 0xAAAAAAAA two 0xAAAA\r");
    assert_says(child.out, " (range 0xfe900000, size 0x2000)\nvMMIO endpoint: 127.0.0.2:");
    assert_says(child.out, " (range 0xfea00000, size 0x1000)\n");
}
END_TEST

/* By the commands alone; a range's own property is the last one, which counts. */
START_TEST(the_command_has_the_ranges)
{
    static const char *const commands[] = {"shell", "boot"};
    const char *args[] = {commands[_i], "--machine", "x86", "--accel", "tcg", "--port", "0",
                          "--print-command", "--properties", "poll-us=0,timeout-ms=9", "--range", TWO,
                          NULL};

    ck_assert_int_eq(child_run(&child, args), 0);
    assert_says(child.out,
                "-device vmmio,id=vmmio0,start=0xfe900000,size=0x2000,listen=127.0.0.1:0,irq=6:7,"
                "poll-us=0,timeout-ms=9 \\\n"
                "    -device vmmio,id=vmmio1,start=0xfea00000,size=0x1000,listen=127.0.0.1:0,"
                "poll-us=0,timeout-ms=9,listen=127.0.0.2:0,timeout-ms=0 ");
}
END_TEST

static const char *const no_ranges[] = {"0xfe900000", "0xfe900000:", "here:4096", "0xfe900000:0x1000:",
                                        "0xfe900000:0x1000:x", ",timeout-ms=0", ""};

START_TEST(what_is_no_range_is_told)
{
    const char *args[] = {"boot", "--machine", "x86", "--accel", "tcg", "--port", "0",
                          "--range", no_ranges[_i], NULL};
    g_autofree char *says = g_strdup_printf("--range %s: it is START:SIZE[:IRQ]", no_ranges[_i]);

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_USAGE);
    child_assert_one_line(&child);
    assert_says(child.err, says);
}
END_TEST

static const char *const ids[][3] = {
    {"shell", "--range", "0xfe900000:0x1000,timeout-ms=0,id=foo"},
    {"boot", "--properties", "id=foo,timeout-ms=0"},
    {"demo", "--properties", "timeout-ms=0,id=foo"},
};

START_TEST(an_id_is_refused)
{
    const char *args[] = {ids[_i][0], "--machine", "x86", "--accel", "tcg", "--port", "0", ids[_i][1],
                          ids[_i][2], NULL};
    g_autofree char *says = g_strdup_printf("%s %s: leave `id=foo` out: ", ids[_i][1], ids[_i][2]);

    ck_assert_int_eq(child_run(&child, args), VMB_ERROR_USAGE);
    assert_says(child.err, says);
    ck_assert_str_eq(strchr(child.err, '\n'), "\n");
}
END_TEST

/* QEMU knows what is where in its machine. */
static const struct {
    const char *option, *value, *says;
} refused[] = {
    {"--range", "0x100000:0x1000", "vmmio: the range 0x100000 size 0x1000 overlaps RAM \"pc.ram\""},
    {"--range", "0xfe900001:0x1000", "vmmio: start=0xfe900001 is not a multiple of 0x1000"},
    {"--range", "0xfe900000:0x1000:999999", "irq"},
    {"--range", "0xfef00000:0x1000:4", "vmmio: irq=4 is not free: "},
    {"--range", "0xfe900000:0x1000,on-disconnect=go", "on-disconnect=go: write fill, error or wait"},
    {"--properties", "speed=9", "Property 'vmmio.speed' not found"},
};

START_TEST(a_range_that_cannot_be_is_bad_set_up)
{
    const char *args[] = {"shell", "--machine", "x86", "--accel", "tcg", "--port", "0",
                          refused[_i].option, refused[_i].value, NULL};
    g_autofree char *place = g_strdup_printf("vmbench: x86: %s %s: ", refused[_i].option,
                                             refused[_i].value);

    ck_assert_msg(child_run(&child, args) == VMB_ERROR_SETUP, "%s%s", child.out, child.err);
    child_assert_one_line(&child);
    ck_assert_msg(g_str_has_prefix(child.err, place), "%s", child.err);
    assert_says(child.err, refused[_i].says);
    assert_says(child.err, ": change it; docs/device.md has what a range may be");
}
END_TEST

/* Whether it would be saved for later runs or not; at the line of the second one. */
START_TEST(a_scenarios_range_is_told_by_its_line)
{
    write_scenario("a", "[scenario]\nmachines = x86\n\n[range fine]\n\n[range ram]\nstart = 0x100000\n\n"
                        "[step s]\nrun = true\n");
    ck_assert_int_eq(run("-j", "1"), VMB_ERROR_SETUP);
    assert_says(child.out, "/a/scenario.ini:6: the range `ram`: vmmio: the range 0x100000 size 0x1000 "
                           "overlaps RAM");
    ck_assert_int_eq(run("--cold", NULL), VMB_ERROR_SETUP);
    assert_says(child.out, "/a/scenario.ini:6: the range `ram`: vmmio: ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ranges");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 2 * PATIENCE_SECONDS);
    tcase_add_checked_fixture(all, scenario_setup, scenario_teardown);
    tcase_add_loop_test(all, the_guest_has_the_ranges, 0, 2);
    tcase_add_loop_test(all, the_command_has_the_ranges, 0, 2);
    tcase_add_loop_test(all, what_is_no_range_is_told, 0, G_N_ELEMENTS(no_ranges));
    tcase_add_loop_test(all, an_id_is_refused, 0, G_N_ELEMENTS(ids));
    tcase_add_loop_test(all, a_range_that_cannot_be_is_bad_set_up, 0, G_N_ELEMENTS(refused));
    tcase_add_test(all, a_scenarios_range_is_told_by_its_line);
    suite_add_tcase(suite, all);
    return tap_run(suite);
}
