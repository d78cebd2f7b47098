/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vmbench serve` is asked: lines that are requests, and lines that are none. */
#include "requests.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

START_TEST(a_program)
{
    g_autoptr(VmbRequest) request =
        vmb_request_parse("{\"run\": [\"ls\", \"-l\"], \"timeout\": 0.5}", NULL);

    ck_assert_ptr_nonnull(request);
    ck_assert_uint_eq(g_strv_length(request->argv), 2);
    ck_assert_str_eq(request->argv[0], "ls");
    ck_assert_str_eq(request->argv[1], "-l");
    ck_assert_uint_ge(request->timeout_ms, 500);
    ck_assert_uint_le(request->timeout_ms, 501);
}
END_TEST

static const struct {
    const char *line;
    gboolean claimed;
} waits[] = {{"{\"wait\": \"claim\"}", TRUE}, {"{\"wait\": \"release\"}", FALSE}};

START_TEST(a_wait)
{
    g_autoptr(VmbRequest) request = vmb_request_parse(waits[_i].line, NULL);

    ck_assert_ptr_nonnull(request);
    ck_assert_ptr_null(request->argv);
    ck_assert_int_eq(request->claimed, waits[_i].claimed);
    ck_assert_uint_ge(request->timeout_ms, 60000);
}
END_TEST

static const char *const none[] = {
    "",
    "nonsense",
    "[]",
    "{}",
    "{\"run\": []}",
    "{\"run\": [5]}",
    "{\"run\": \"true\"}",
    "{\"run\": [\"true\"], \"timeout\": 0}",
    "{\"run\": [\"true\"], \"timeout\": \"long\"}",
    "{\"run\": [\"true\"], \"timeout\": 86401}",
    "{\"run\": [\"true\"], \"wait\": \"claim\"}",
    "{\"wait\": \"forever\"}",
    "{\"wait\": 5}",
};

START_TEST(no_request)
{
    g_autofree char *says = g_strdup_printf("'%s' is no request: it is {\"run\"", none[_i]);
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(vmb_request_parse(none[_i], &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_USAGE));
    ck_assert_msg(g_str_has_prefix(error->message, says), "%s", error->message);
}
END_TEST

/* A file without a name that holds the text, to be read from its start. */
static int file_of(const char *text)
{
    int fd = memfd_create("requests", MFD_CLOEXEC);

    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

START_TEST(one_line_after_the_other)
{
    int fd = file_of("{\"run\": [\"one\"]}\n{\"run\": [\"two\"]}\n");
    VmbAlarm *alarm = vmb_alarm_new(1.0);
    VmbRequests *requests = vmb_requests_new(fd, alarm);
    static const char *const names[] = {"one", "two"};
    VmbRequest *request;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        ck_assert(vmb_requests_next(requests, &request, NULL));
        ck_assert_str_eq(request->argv[0], names[i]);
        vmb_request_free(request);
    }
    ck_assert(vmb_requests_next(requests, &request, NULL));
    ck_assert_ptr_null(request);
    vmb_requests_free(requests);
    vmb_alarm_free(alarm);
    close(fd);
}
END_TEST

/* Of bytes at the end of the input, and of those after which no more are read. */
static const gsize endless[] = {7, VMB_REQUEST_MAX + 1};

/* The line is refused. */
static void refuse(const char *text)
{
    int fd = file_of(text);
    VmbAlarm *alarm = vmb_alarm_new(1.0);
    VmbRequests *requests = vmb_requests_new(fd, alarm);
    g_autoptr(GError) error = NULL;
    VmbRequest *request;

    ck_assert(!vmb_requests_next(requests, &request, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_USAGE));
    ck_assert_msg(g_str_has_prefix(error->message, "a request without an end, or of more than "),
                  "%s", error->message);
    vmb_requests_free(requests);
    vmb_alarm_free(alarm);
    close(fd);
}

START_TEST(a_line_without_an_end)
{
    g_autofree char *text = g_strnfill(endless[_i], 'x');

    refuse(text);
}
END_TEST

/* Good JSON, and too long by a byte; it comes together with its end. */
START_TEST(a_line_that_is_too_long)
{
    static const char request[] = "{\"run\": [\"true\"]}";
    g_autofree char *blanks = g_strnfill(VMB_REQUEST_MAX + 1 - strlen(request), ' ');
    g_autofree char *text = g_strconcat(request, blanks, "\n", NULL);

    refuse(text);
}
END_TEST

/* The longest one. */
START_TEST(a_line_that_is_just_not_too_long)
{
    static const char request[] = "{\"run\": [\"true\"]}";
    g_autofree char *blanks = g_strnfill(VMB_REQUEST_MAX - strlen(request), ' ');
    g_autofree char *text = g_strconcat(request, blanks, "\n", NULL);
    int fd = file_of(text);
    VmbAlarm *alarm = vmb_alarm_new(1.0);
    VmbRequests *requests = vmb_requests_new(fd, alarm);
    VmbRequest *taken;

    ck_assert(vmb_requests_next(requests, &taken, NULL));
    ck_assert_ptr_nonnull(taken);
    vmb_request_free(taken);
    vmb_requests_free(requests);
    vmb_alarm_free(alarm);
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("requests");
    TCase *cases = tcase_create("requests");

    tcase_add_test(cases, a_program);
    tcase_add_loop_test(cases, a_wait, 0, G_N_ELEMENTS(waits));
    tcase_add_loop_test(cases, no_request, 0, G_N_ELEMENTS(none));
    tcase_add_test(cases, one_line_after_the_other);
    tcase_add_test(cases, a_line_that_is_too_long);
    tcase_add_test(cases, a_line_that_is_just_not_too_long);
    tcase_add_loop_test(cases, a_line_without_an_end, 0, G_N_ELEMENTS(endless));
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
