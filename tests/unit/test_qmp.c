/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP client against a scripted QEMU: one line of script goes out for each command. */
#include "qmp.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"

static VmbAlarm *alarm_;
static VmbQmp *qmp;
static int far_end;
static guint far_source;
static const char *const *script; /* the replies still to give */
static GString *received;
static GString *events;

static void say(const char *text)
{
    ck_assert_int_eq(write(far_end, text, strlen(text)), (ssize_t)strlen(text));
}

static gboolean on_command(int fd, GIOCondition condition, gpointer data)
{
    char buffer[4096];
    ssize_t n = read(fd, buffer, sizeof(buffer));

    (void)condition;
    (void)data;
    ck_assert_int_gt(n, 0);
    g_string_append_len(received, buffer, n);
    if (*script == NULL) {
        return G_SOURCE_CONTINUE; /* a QEMU that no longer answers */
    }
    if (strcmp(*script, "EOF") == 0) {
        shutdown(fd, SHUT_RDWR);
        return G_SOURCE_REMOVE;
    }
    say(*script++);
    return G_SOURCE_CONTINUE;
}

static void on_event(gpointer data, const char *name, JsonObject *event_data)
{
    (void)data;
    g_string_append_printf(events, "%s%s;", name, event_data != NULL ? "+data" : "");
}

static void open_qmp(double timeout_scale, const char *const *replies)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    far_end = fds[1];
    script = replies;
    received = g_string_new(NULL);
    events = g_string_new(NULL);
    alarm_ = vmb_alarm_new(timeout_scale);
    qmp = vmb_qmp_new(fds[0], alarm_, on_event, NULL);
    far_source = g_unix_fd_add(far_end, G_IO_IN, on_command, NULL);
}

static void close_qmp(void)
{
    vmb_qmp_free(qmp);
    vmb_alarm_free(alarm_);
    if (*script == NULL || strcmp(*script, "EOF") != 0) {
        g_source_remove(far_source);
    }
    close(far_end);
    g_string_free(received, TRUE);
    g_string_free(events, TRUE);
}

static void greet(void)
{
    g_autoptr(GError) error = NULL;

    say(GREETING);
    ck_assert(vmb_qmp_handshake(qmp, &error));
    ck_assert_ptr_null(error);
}

#define CAPABILITIES_DONE "{\"return\": {}, \"id\": 1}\r\n"

START_TEST(handshake_and_a_command_with_arguments)
{
    static const char *const replies[] = {
        CAPABILITIES_DONE, "{\"return\": \"127.0.0.1:4300\", \"id\": 2}\r\n", NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(1.0, replies);
    greet();
    g_autoptr(JsonNode) node = vmb_qmp_get(qmp, "/machine/x", "endpoint", &error);

    ck_assert_ptr_nonnull(node);
    ck_assert_str_eq(json_node_get_string(node), "127.0.0.1:4300");
    ck_assert_str_eq(received->str,
                     "{\"execute\":\"qmp_capabilities\",\"id\":1}\n"
                     "{\"execute\":\"qom-get\",\"id\":2,\"arguments\":{\"path\":\"/machine/x\","
                     "\"property\":\"endpoint\"}}\n");
    close_qmp();
}
END_TEST

START_TEST(events_come_between_and_do_not_disturb)
{
    static const char *const replies[] = {
        CAPABILITIES_DONE,
        "{\"timestamp\": {}, \"event\": \"STOP\"}\r\n"
        "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true}}\r\n"
        "{\"return\": true, \"id\": 2}\r\n",
        NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(1.0, replies);
    greet();
    g_autoptr(JsonNode) node = vmb_qmp_call(qmp, "x", NULL, &error);

    ck_assert_ptr_nonnull(node);
    ck_assert(json_node_get_boolean(node));
    ck_assert_str_eq(events->str, "STOP;SHUTDOWN+data;");
    close_qmp();
}
END_TEST

START_TEST(a_reply_of_an_earlier_command_is_passed_over)
{
    static const char *const replies[] = {
        CAPABILITIES_DONE,
        "{\"return\": \"late\", \"id\": 1}\r\n{\"return\": \"odd\", \"id\": \"2\"}\r\n"
        "{\"return\": \"right\", \"id\": 2}\r\n",
        NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(1.0, replies);
    greet();
    g_autoptr(JsonNode) node = vmb_qmp_call(qmp, "x", NULL, &error);

    ck_assert_ptr_nonnull(node);
    ck_assert_str_eq(json_node_get_string(node), "right");
    close_qmp();
}
END_TEST

START_TEST(an_error_reply_is_told_in_its_own_words)
{
    static const char *const replies[] = {
        CAPABILITIES_DONE,
        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such property\"}, \"id\": 2}\r\n",
        NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(1.0, replies);
    greet();
    ck_assert_ptr_null(vmb_qmp_get(qmp, "/x", "y", &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROTOCOL));
    ck_assert_str_eq(error->message, "QEMU refused qom-get: no such property");
    ck_assert_ptr_null(vmb_alarm_error(alarm_));
    close_qmp();
}
END_TEST

static const char *const impossible_lines[] = {
    "this is not JSON\r\n",
    "{\"return\": \r\n",
    "[1, 2]\r\n",
    "17\r\n",
    "{\"hello\": \"world\"}\r\n",
    "{\"event\": 5}\r\n",
    "{\"error\": \"text\", \"id\": 2}\r\n",
    "\377\376\r\n",
};

START_TEST(what_is_no_qmp_ends_the_run)
{
    const char *const replies[] = {CAPABILITIES_DONE, impossible_lines[_i], NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(1.0, replies);
    greet();
    ck_assert_ptr_null(vmb_qmp_call(qmp, "x", NULL, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_PROTOCOL));
    ck_assert_ptr_nonnull(vmb_alarm_error(alarm_));
    close_qmp();
}
END_TEST

/* The rest of the reply, once the command has got its first part. */
static gboolean say_rest(gpointer rest)
{
    if (*script != NULL) {
        return G_SOURCE_CONTINUE;
    }
    say(rest);
    return G_SOURCE_REMOVE;
}

START_TEST(a_line_split_at_each_byte_is_one_line)
{
    static char reply[] = "{\"return\": 42, \"id\": 2}\r\n";
    g_autofree char *head = g_strndup(reply, (gsize)_i);
    const char *const replies[] = {CAPABILITIES_DONE, head, NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(1.0, replies);
    greet();
    g_timeout_add(1, say_rest, reply + _i);
    g_autoptr(JsonNode) node = vmb_qmp_call(qmp, "x", NULL, &error);

    ck_assert_ptr_nonnull(node);
    ck_assert_int_eq(json_node_get_int(node), 42);
    close_qmp();
}
END_TEST

START_TEST(a_line_without_end_ends_the_run)
{
    static const char *const replies[] = {NULL};
    g_autofree char *flood = g_strnfill(65536, 'x');

    open_qmp(1.0, replies);
    for (int i = 0; i < 17; i++) {
        say(flood);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
    }
    ck_assert(g_error_matches(vmb_alarm_error(alarm_), VMB_ERROR, VMB_ERROR_PROTOCOL));
    close_qmp();
}
END_TEST

START_TEST(no_answer_in_time_is_an_error)
{
    static const char *const replies[] = {CAPABILITIES_DONE, NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(0.02, replies);
    greet();
    ck_assert_ptr_null(vmb_qmp_call(qmp, "x", NULL, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_QEMU_DIED));
    close_qmp();
}
END_TEST

START_TEST(who_did_not_answer_is_not_asked_again)
{
    static const char *const replies[] = {CAPABILITIES_DONE, NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(0.02, replies);
    greet();
    ck_assert_ptr_null(vmb_qmp_call(qmp, "x", NULL, NULL));
    ck_assert_ptr_null(vmb_qmp_get(qmp, "/machine/y", "z", &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_QEMU_DIED));
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    ck_assert_ptr_null(strstr(received->str, "qom-get"));
    close_qmp();
}
END_TEST

START_TEST(who_answers_late_is_asked_again)
{
    static const char *const replies[] = {CAPABILITIES_DONE, NULL};
    static const char *const later[] = {"{\"return\": 3, \"id\": 3}\r\n", NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(0.02, replies);
    greet();
    ck_assert_ptr_null(vmb_qmp_call(qmp, "x", NULL, NULL));
    say("{\"return\": 2, \"id\": 2}\r\n");
    script = later;
    g_autoptr(JsonNode) node = vmb_qmp_call(qmp, "y", NULL, &error);

    ck_assert_ptr_nonnull(node);
    ck_assert_int_eq(json_node_get_int(node), 3);
    close_qmp();
}
END_TEST

START_TEST(no_greeting_in_time_is_an_error)
{
    static const char *const replies[] = {NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(0.02, replies);
    ck_assert(!vmb_qmp_handshake(qmp, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_QEMU_DIED));
    close_qmp();
}
END_TEST

START_TEST(a_closed_connection_is_an_error_well_before_the_timeout)
{
    static const char *const replies[] = {CAPABILITIES_DONE, "EOF", NULL};
    g_autoptr(GError) error = NULL;

    open_qmp(3.0, replies);
    greet();
    gint64 start = g_get_monotonic_time();

    ck_assert_ptr_null(vmb_qmp_call(qmp, "x", NULL, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_QEMU_DIED));
    ck_assert_ptr_nonnull(strstr(error->message, "closed its QMP connection"));
    /* The exit status gets its time, which is scaled too. */
    ck_assert_int_ge(g_get_monotonic_time() - start, 1500 * 1000);
    close_qmp();
}
END_TEST

static gboolean never(gpointer data)
{
    (void)data;
    return FALSE;
}

/* _i: it is allowed before, or just after QEMU closes. */
START_TEST(a_close_that_is_allowed_is_no_error)
{
    static const char *const replies[] = {CAPABILITIES_DONE, "EOF", NULL};
    VmbLimit limit = {15000, VMB_ERROR_MISMATCH, "no alarm"};
    g_autoptr(GError) error = NULL;

    open_qmp(0.02, replies); /* 10 ms of grace, 300 ms of watching */
    greet();
    if (_i == 0) {
        vmb_qmp_allow_close(qmp);
    }
    vmb_qmp_send(qmp, "quit");
    while (received->len == 0 || strstr(received->str, "quit") == NULL) {
        g_main_context_iteration(NULL, TRUE);
    }
    vmb_qmp_allow_close(qmp);
    ck_assert(!vmb_wait(alarm_, never, NULL, limit, &error));
    ck_assert(g_error_matches(error, VMB_ERROR, VMB_ERROR_MISMATCH));
    close_qmp();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("qmp");
    TCase *cases = tcase_create("qmp");

    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, handshake_and_a_command_with_arguments);
    tcase_add_test(cases, events_come_between_and_do_not_disturb);
    tcase_add_test(cases, a_reply_of_an_earlier_command_is_passed_over);
    tcase_add_test(cases, an_error_reply_is_told_in_its_own_words);
    tcase_add_loop_test(cases, what_is_no_qmp_ends_the_run, 0, G_N_ELEMENTS(impossible_lines));
    tcase_add_loop_test(cases, a_line_split_at_each_byte_is_one_line, 1, 24);
    tcase_add_test(cases, a_line_without_end_ends_the_run);
    tcase_add_test(cases, no_answer_in_time_is_an_error);
    tcase_add_test(cases, who_did_not_answer_is_not_asked_again);
    tcase_add_test(cases, who_answers_late_is_asked_again);
    tcase_add_test(cases, no_greeting_in_time_is_an_error);
    tcase_add_test(cases, a_closed_connection_is_an_error_well_before_the_timeout);
    tcase_add_loop_test(cases, a_close_that_is_allowed_is_no_error, 0, 2);
    suite_add_tcase(suite, cases);
    return tap_run(suite);
}
