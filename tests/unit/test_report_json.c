/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run as JSON, and a result that comes back from it. */
#include "report_json.h"

#include <glib/gstdio.h>
#include <string.h>

#include "report_run.h"
#include "tap.h"

static char *directory;
static char *path;

static void make_directory(void)
{
    directory = g_dir_make_tmp("vmbench-report-XXXXXX", NULL);
    path = g_build_filename(directory, "report", NULL);
}

/* Nothing else is left there, no temporary file. */
static void remove_directory(void)
{
    g_remove(path);
    ck_assert_int_eq(g_rmdir(directory), 0);
    g_free(path);
    g_free(directory);
}

START_TEST(a_run_as_json)
{
    VmbRunOutcome *run = report_run_new();
    g_autoptr(VmbReporter) reporter = vmb_report_json_new(path, NULL);
    g_autofree char *text = NULL;

    ck_assert_ptr_nonnull(reporter);
    ck_assert(report_run_tell(run, reporter, NULL));
    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    report_run_compare(text, "run.json");
    report_run_free(run);
}
END_TEST

START_TEST(a_place_that_is_none_is_refused_before_the_run)
{
    g_autofree char *nowhere = g_build_filename(directory, "no", "run.json", NULL);
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(vmb_report_json_new(nowhere, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_SETUP));
}
END_TEST

/* NULL: it is no result. */
static VmbResult *read_result(const char *text)
{
    g_autoptr(JsonNode) node = json_from_string(text, NULL);

    ck_assert_ptr_nonnull(node);
    return vmb_result_from_json(json_node_get_object(node));
}

START_TEST(a_result_comes_back)
{
    g_autoptr(VmbResult) result = read_result(
        "{\"verdict\": \"flaky\", \"status\": 0, \"message\": \"m\", \"details\": \"d\\n\", "
        "\"step\": \"s\", \"file\": \"/f\", \"line\": 7, \"seconds\": 2, \"boot\": 0.5, "
        "\"restored\": true, \"attempts\": 2, \"logs\": \"/l\", \"note\": \"n\", "
        "\"before\": {\"status\": 5, \"message\": \"b\"}}");

    ck_assert_int_eq(result->status, 0);
    ck_assert_str_eq(result->message, "m");
    ck_assert_str_eq(result->details, "d\n");
    ck_assert_str_eq(result->step, "s");
    ck_assert_str_eq(result->file, "/f");
    ck_assert_uint_eq(result->line, 7);
    ck_assert_double_eq(result->seconds, 2.0);
    ck_assert_double_eq(result->boot, 0.5);
    ck_assert(result->restored);
    ck_assert_uint_eq(result->attempts, 2);
    ck_assert_str_eq(result->logs, "/l");
    ck_assert_str_eq(result->note, "n");
    ck_assert_int_eq(result->before->status, VMB_ERROR_PANIC);
    ck_assert_str_eq(result->before->message, "b");
    ck_assert_str_eq(vmb_result_verdict(result), "flaky");
}
END_TEST

/* What has no status must not become a pass. */
START_TEST(what_is_no_result_is_none)
{
    static const char *const texts[] = {
        "{}", "{\"verdict\": \"pass\"}", "{\"status\": null}", "{\"status\": \"1\"}",
        "{\"status\": [0]}", "{\"status\": true}", "{\"status\": 0.5}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        ck_assert_msg(read_result(texts[i]) == NULL, "%s", texts[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report_json");
    TCase *cases = tcase_create("json");

    tcase_add_checked_fixture(cases, make_directory, remove_directory);
    tcase_add_test(cases, a_run_as_json);
    tcase_add_test(cases, a_place_that_is_none_is_refused_before_the_run);
    tcase_add_test(cases, a_result_comes_back);
    tcase_add_test(cases, what_is_no_result_is_none);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
