/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VMMIO0 "/machine/peripheral/vmmio0"

void device_start(struct qtest *vm, const char *properties)
{
    qtest_start(vm, "aarch64",
                DEVICE_VIRT " -accel qtest -device vmmio,id=vmmio0,listen=127.0.0.1:0%s%s",
                properties[0] ? "," : "", properties);
    qmp_open(vm);
}

void device_connect(struct qtest *vm, const char *id, struct peer *peer)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);
    g_autofree char *endpoint = qmp_get_string(vm, path, "endpoint");

    peer_connect(peer, endpoint);
}

static gint64 deadline(void)
{
    return g_get_monotonic_time() + QTEST_SECONDS * G_TIME_SPAN_SECOND;
}

static void pause_until(struct qtest *vm, gint64 end, const char *what)
{
    if (g_get_monotonic_time() > end) {
        qtest_fail(vm, "%s within %d s", what, QTEST_SECONDS);
    }
    g_usleep(1000);
}

void device_await_claims(struct qtest *vm, const char *id, uint64_t claims)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);
    gint64 end = deadline();
    uint64_t counted;

    while ((counted = qmp_get_uint(vm, path, "claims")) < claims) {
        pause_until(vm, end, "the claim did not take effect");
    }
    ck_assert_uint_eq(counted, claims);
}

void device_claim(struct qtest *vm, struct peer *peer, uint64_t claims)
{
    peer_send_text(peer, DEVICE_CLAIM_0);
    device_await_claims(vm, "vmmio0", claims);
}

void device_connect_and_claim(struct qtest *vm, struct peer *peer)
{
    device_connect(vm, "vmmio0", peer);
    device_claim(vm, peer, 1);
}

void device_await_released(struct qtest *vm)
{
    gint64 end = deadline();

    while (qmp_get_bool(vm, VMMIO0, "handler-connected")) {
        pause_until(vm, end, "the range was not released");
    }
}

void device_check_read(struct qtest *vm, struct peer *peer)
{
    uint8_t request[PEER_PACKET];

    qtest_send_read(vm, 4, DEVICE_BASE);
    peer_expect(peer, DEVICE_READ_4, request);
    peer_answer(peer, request, 0x13579bdf);
    ck_assert_uint_eq(qtest_answer_value(vm), 0x13579bdf);
}

void device_check_fresh_client(struct qtest *vm)
{
    struct peer peer;

    device_connect(vm, "vmmio0", &peer);
    device_claim(vm, &peer, qmp_get_uint(vm, VMMIO0, "claims") + 1);
    device_check_read(vm, &peer);
    peer_close(&peer);
    device_await_released(vm);
}

void device_check_refused(const char *system, const char *machine, const char *devices,
                          const char *words)
{
    g_autofree char *printed = NULL;
    struct qtest vm;
    int status;

    /* A start that fails gives nothing back before it exits: no leak to be told of. */
    qtest_allow_leaks();
    /* Shown if QEMU does not end. */
    fprintf(stderr, "%s %s\n", machine, devices);
    qtest_start(&vm, system, "%s -accel qtest %s", machine, devices);
    status = qtest_wait_exit(&vm);
    printed = qtest_stderr(&vm);
    ck_assert_msg(status == 1, "%s: exit status %d", devices, status);
    ck_assert_msg(strstr(printed, words), "%s: printed without '%s': %s", devices, words, printed);
    ck_assert_msg(strchr(printed, '\n') == printed + strlen(printed) - 1,
                  "%s: not one line: %s", devices, printed);
}

unsigned device_count_fds(const struct qtest *vm)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", vm->pid);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    unsigned count = 0;

    ck_assert_ptr_nonnull(dir);
    while (g_dir_read_name(dir)) {
        count++;
    }
    return count;
}

void device_await_fds(const struct qtest *vm, unsigned count)
{
    gint64 end = deadline();

    while (device_count_fds(vm) != count) {
        ck_assert_msg(g_get_monotonic_time() < end, "%u files are open, before it were %u",
                      device_count_fds(vm), count);
        g_usleep(1000);
    }
}

long device_resident_kib(const struct qtest *vm)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", vm->pid);
    g_autofree char *text = NULL;
    const char *line;

    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    line = strstr(text, "VmRSS:");
    ck_assert_ptr_nonnull(line);
    return strtol(line + strlen("VmRSS:"), NULL, 10);
}

int device_run(const char *suite_name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(suite_name);
    TCase *tcase = tcase_create(suite_name);

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    for (size_t i = 0; i < count; i++) {
        tcase_add_test(tcase, tests[i]);
    }
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
