/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tap.h"
#include "target.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *text, *host, *port;
} good[] = {
    { "localhost", "localhost", "4800" },
    { "localhost:4300", "localhost", "4300" },
    { "127.0.0.1:1", "127.0.0.1", "1" },
    { "10.0.0.1", "10.0.0.1", "4800" },
    { "host:65535", "host", "65535" },
    { "::1", "::1", "4800" },
    { "fe80::1%eth0", "fe80::1%eth0", "4800" },
    { "[::1]", "::1", "4800" },
    { "[::1]:4300", "::1", "4300" },
    { "[localhost]:4300", "localhost", "4300" },
    { "unix:4300", "unix", "4300" },
    { "unix:/run/vm.sock", "/run/vm.sock", "" },
    { "unix:/a:b", "/a:b", "" },
};

static const char *const bad[] = {
    "",       ":",      ":4300",   "host:",      "host:0",   "host:65536", "host:99999",
    "host:x", "host:-1", "host:+1", "host: 4300", "host:4300 ", "host:0x10", "host:123456",
    "[]",     "[]:4300", "[::1",    "[::1]4300",  "[::1]:",   "[::1]:x",    "unix:",   "unix:x",
};

START_TEST(good_target)
{
    struct coreio_target target;

    ck_assert_int_eq(coreio_target_parse(good[_i].text, &target), 0);
    ck_assert_str_eq(target.host, good[_i].host);
    ck_assert_str_eq(target.port, good[_i].port);
    ck_assert_int_eq(target.is_unix, good[_i].host[0] == '/');
}
END_TEST

START_TEST(bad_target)
{
    struct coreio_target target;

    ck_assert_msg(coreio_target_parse(bad[_i], &target) == -EINVAL, "accepted '%s'", bad[_i]);
}
END_TEST

START_TEST(no_target)
{
    struct coreio_target target;

    ck_assert_int_eq(coreio_target_parse(NULL, &target), -EINVAL);
}
END_TEST

START_TEST(host_fills_its_place_and_no_more)
{
    struct coreio_target target;
    char text[COREIO_HOST_SIZE + 1];

    memset(text, 'h', sizeof(text));
    text[COREIO_HOST_SIZE - 1] = '\0';
    ck_assert_int_eq(coreio_target_parse(text, &target), 0);
    ck_assert_str_eq(target.host, text);
    text[COREIO_HOST_SIZE - 1] = 'h';
    text[COREIO_HOST_SIZE] = '\0';
    ck_assert_int_eq(coreio_target_parse(text, &target), -EINVAL);
}
END_TEST

START_TEST(path_fills_its_place_and_no_more)
{
    struct coreio_target target;
    char text[5 + COREIO_PATH_SIZE + 1] = "unix:/";

    memset(text + 6, 'p', sizeof(text) - 6);
    text[5 + COREIO_PATH_SIZE - 1] = '\0';
    ck_assert_int_eq(coreio_target_parse(text, &target), 0);
    ck_assert_str_eq(target.host, text + 5);
    text[5 + COREIO_PATH_SIZE - 1] = 'p';
    text[5 + COREIO_PATH_SIZE] = '\0';
    ck_assert_int_eq(coreio_target_parse(text, &target), -EINVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("target");
    TCase *tcase = tcase_create("target");

    tcase_add_loop_test(tcase, good_target, 0, sizeof(good) / sizeof(good[0]));
    tcase_add_loop_test(tcase, bad_target, 0, sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(tcase, no_target);
    tcase_add_test(tcase, host_fills_its_place_and_no_more);
    tcase_add_test(tcase, path_fills_its_place_and_no_more);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
