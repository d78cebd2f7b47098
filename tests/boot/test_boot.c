/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main job on the machine that MACHINE names: the demo as its user runs it, with nothing
 * but defaults, and every byte that it leaves compared with the fixtures once more. It runs once for
 * all tests.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "config.h"
#include "kvm.h"
#include "tap.h"
#include "vmbench_child.h"

static Child child;
static const char *machine;
static char *json;

static void run_demo(void)
{
    machine = g_getenv("MACHINE");
    ck_assert_ptr_nonnull(machine);
    child_init(&child);
    json = child_path(&child, "result.json");

    const char *args[] = {"demo", "--machine", machine, "--json", json, NULL};
    int status = child_run(&child, args);

    ck_assert_msg(status == 0, "exit status %d: %s%s", status, child.out, child.err);
    ck_assert_str_eq(child.err, "");
}

static void teardown(void)
{
    child_finish(&child);
    g_free(json);
}

static guint occurrences(const char *text, const char *part)
{
    guint count = 0;

    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

static char *read_bytes(const char *path, gsize *len)
{
    char *bytes = NULL;

    ck_assert_msg(g_file_get_contents(path, &bytes, len, NULL), "no %s", path);
    return bytes;
}

static char *read_log(const char *name)
{
    g_autofree char *path = g_build_filename(child.dir, "logs", machine, name, NULL);

    return read_bytes(path, NULL);
}

static void assert_kept_as_expected(const char *name)
{
    g_autofree char *fixture = g_build_filename(g_getenv("FIXTURES"), "memory", name, NULL);
    g_autofree char *log = g_build_filename(child.dir, "logs", machine, name, NULL);
    gsize expected_len;
    gsize got_len;
    g_autofree char *expected = read_bytes(fixture, &expected_len);
    g_autofree char *got = read_bytes(log, &got_len);

    ck_assert_uint_eq(got_len, expected_len);
    ck_assert_mem_eq(got, expected, expected_len);
}

static void assert_no_kvm_said_once(void)
{
    g_autofree char *why = NULL;
    gboolean wanted = vmb_machine_find(machine)->can_use_kvm;
    guint expected = wanted && !vmb_kvm_is_usable(&why) ? 1 : 0;

    ck_assert_uint_eq(occurrences(child.out, "going on with TCG\n"), expected);
}

START_TEST(the_demo_passes)
{
    g_autofree char *verdict = g_strdup_printf("%-8s passed in ", machine);

    ck_assert_uint_eq(occurrences(child.out, "64 lines as expected\n"), 2);
    ck_assert_uint_eq(occurrences(child.out, "128 lines as expected\n"), 1);
    ck_assert_uint_eq(occurrences(child.out, "     0xaa   0xaaaa  0xaaaaaaaa  "), 16);
    ck_assert_ptr_nonnull(strstr(
        child.out, "\n       15     0x0f   0x100f  0x1211100f  0x161514131211100f\n"));
    ck_assert_ptr_nonnull(strstr(child.out, verdict));
    ck_assert_ptr_nonnull(strstr(child.out, "\ndemo: 1 machine passed in "));
    assert_no_kvm_said_once();
    assert_kept_as_expected("inside-unclaimed.txt");
    assert_kept_as_expected("inside-handled.txt");
    assert_kept_as_expected("outside.txt");
}
END_TEST

START_TEST(its_logs_tell_the_story)
{
    g_autofree char *own = NULL;
    g_autofree char *console = NULL;
    g_autofree char *first_step = g_strdup_printf("\n%s ", machine);
    g_auto(GStrv) command = NULL;
    g_auto(GStrv) parts = NULL;

    own = read_log("vmbench.log");
    console = read_log("console.log");
    parts = g_strsplit(own, first_step, 2);
    ck_assert(g_shell_parse_argv(parts[0], NULL, &command, NULL));
    ck_assert_ptr_nonnull(strstr(command[0], vmb_machine_find(machine)->qemu_program));
    ck_assert(g_strv_contains((const char *const *)command, "-kernel"));
    ck_assert_ptr_null(strstr(child.out, "\033"));
    ck_assert_ptr_null(strstr(console, "0xaaaa"));
}
END_TEST

START_TEST(its_figures_add_up)
{
    static const char *const phases[] = {"boot", "inside-unclaimed", "claim",
                                         "inside-handled", "outside", "quit"};
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *root;
    JsonObject *result;
    JsonObject *times;
    double sum = 0;

    ck_assert(json_parser_load_from_file(parser, json, NULL));
    root = json_node_get_object(json_parser_get_root(parser));
    result = json_object_get_object_member(json_object_get_object_member(root, "machines"),
                                           machine);
    times = json_object_get_object_member(result, "phases");
    ck_assert(json_object_get_boolean_member(result, "passed"));
    ck_assert_uint_eq(json_object_get_size(times), G_N_ELEMENTS(phases));
    for (gsize i = 0; i < G_N_ELEMENTS(phases); i++) {
        sum += json_object_get_double_member(times, phases[i]);
    }
    ck_assert_double_gt(json_object_get_double_member(times, "boot"), 0);
    ck_assert_double_le(sum, json_object_get_double_member(root, "total"));
    ck_assert_double_gt(json_object_get_double_member(root, "peak_rss_mib"), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("boot");
    TCase *cases = tcase_create("boot");

    tcase_set_timeout(cases, 2 * PATIENCE_SECONDS);
    tcase_add_unchecked_fixture(cases, run_demo, teardown);
    tcase_add_test(cases, the_demo_passes);
    tcase_add_test(cases, its_logs_tell_the_story);
    tcase_add_test(cases, its_figures_add_up);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
