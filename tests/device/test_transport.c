/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints: TCP over IPv4 and IPv6, Unix sockets, several in one VM, several ranges on one. */
#include "device.h"
#include "tap.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* READ of 4 bytes at 0xfef01000, first as range 1, then as range 0 of another endpoint. */
#define READ_AT_1000                                                                               \
    " 00 00 00 .. .. .. ..  01 00 04 40 00 00 00 00  00 10 f0 fe 00 00 00 00 "                     \
    "aa aa aa aa aa aa aa aa  aa aa aa aa aa aa aa aa "                                            \
    "aa aa aa aa aa aa aa aa  aa aa aa aa aa aa aa aa"
#define READ_RANGE_1 "01" READ_AT_1000
#define READ_RANGE_0 "00" READ_AT_1000

#define CLAIM_1 "01 00 00 80 00 00 00 00  f0"

static void start(struct qtest *vm, const char *devices)
{
    qtest_start(vm, "aarch64", DEVICE_VIRT " -accel qtest %s", devices);
    qmp_open(vm);
}

static void check_one_access(const char *listen)
{
    g_autofree char *device = g_strdup_printf("-device vmmio,id=vmmio0,listen=%s", listen);
    struct qtest vm;
    struct peer peer;

    start(&vm, device);
    device_connect_and_claim(&vm, &peer);
    device_check_read(&vm, &peer);
    peer_close(&peer);
    device_await_released(&vm);
    ck_assert_uint_eq(qtest_read(&vm, 4, DEVICE_BASE), 0xaaaaaaaa);
    qtest_stop(&vm);
}

/* A directory of its own, and a path for a socket there. */
static char *make_dir(char **path)
{
    char *dir = g_dir_make_tmp("vmmio-XXXXXX", NULL);

    ck_assert_ptr_nonnull(dir);
    *path = g_build_filename(dir, "socket", NULL);
    return dir;
}

/* QEMU removes the socket when it exits, so the directory is empty. */
START_TEST(unix_socket)
{
    g_autofree char *path = NULL;
    g_autofree char *dir = make_dir(&path);
    g_autofree char *listen = g_strdup_printf("unix:%s", path);

    check_one_access(listen);
    ck_assert_int_eq(g_rmdir(dir), 0);
}
END_TEST

/* One byte less than is refused in test_properties.c. */
START_TEST(longest_unix_path)
{
    g_autofree char *path = NULL;
    g_autofree char *dir = make_dir(&path);
    g_autofree char *name = g_strnfill(107 - strlen(dir) - 1, 'x');
    g_autofree char *listen = g_strdup_printf("unix:%s/%s", dir, name);

    ck_assert_uint_eq(strlen(listen), strlen("unix:") + 107);
    check_one_access(listen);
    ck_assert_int_eq(g_rmdir(dir), 0);
}
END_TEST

START_TEST(unix_address_is_told)
{
    g_autofree char *path = NULL;
    g_autofree char *dir = make_dir(&path);
    g_autofree char *listen = g_strdup_printf("unix:%s", path);
    g_autofree char *device = g_strdup_printf("-device vmmio,id=vmmio0,listen=%s", listen);
    g_autofree char *endpoint = NULL;
    struct qtest vm;

    start(&vm, device);
    endpoint = qmp_get_string(&vm, "/machine/peripheral/vmmio0", "endpoint");
    ck_assert_str_eq(endpoint, listen);
    qtest_stop(&vm);
    ck_assert_int_eq(g_rmdir(dir), 0);
}
END_TEST

/* A bound socket, which listens unless it is to be dead. */
static int make_socket(const char *path, bool dead)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    if (!dead) {
        ck_assert_int_eq(listen(fd, 1), 0);
    }
    return fd;
}

/* What a QEMU leaves that was killed. */
START_TEST(dead_unix_socket_is_replaced)
{
    g_autofree char *path = NULL;
    g_autofree char *dir = make_dir(&path);
    g_autofree char *listen = g_strdup_printf("unix:%s", path);

    close(make_socket(path, true));
    check_one_access(listen);
    ck_assert_int_eq(g_rmdir(dir), 0);
}
END_TEST

/* Somebody else's socket works on, also for who connects after the attempt. */
START_TEST(unix_socket_in_use)
{
    g_autofree char *path = NULL;
    g_autofree char *dir = make_dir(&path);
    g_autofree char *device = g_strdup_printf("-device vmmio,listen=unix:%s", path);
    g_autofree char *endpoint = g_strdup_printf("unix:%s", path);
    int fd = make_socket(path, false);
    struct peer peer;

    device_check_refused("aarch64", DEVICE_VIRT, device, "another program listens there");
    close(accept(fd, NULL, NULL)); /* the look whether somebody listens */
    peer_connect(&peer, endpoint);
    close(fd);
    ck_assert_int_eq(g_unlink(path), 0);
    ck_assert_int_eq(g_rmdir(dir), 0);
}
END_TEST

START_TEST(other_files_are_kept)
{
    g_autofree char *path = NULL;
    g_autofree char *dir = make_dir(&path);
    g_autofree char *device = g_strdup_printf("-device vmmio,listen=unix:%s", path);
    g_autofree char *text = NULL;

    ck_assert(g_file_set_contents(path, "precious", -1, NULL));
    device_check_refused("aarch64", DEVICE_VIRT, device, "the file exists and is no socket");
    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    ck_assert_str_eq(text, "precious");
    ck_assert_int_eq(g_unlink(path), 0);
    ck_assert_int_eq(g_rmdir(dir), 0);
}
END_TEST

START_TEST(ipv6)
{
    check_one_access("[::1]:0");
}
END_TEST

START_TEST(named_host)
{
    check_one_access("localhost:0");
}
END_TEST

START_TEST(port_0_is_told)
{
    g_autofree char *endpoint = NULL;
    guint64 port;
    struct qtest vm;

    start(&vm, "-device vmmio,id=vmmio0,listen=127.0.0.1:0");
    endpoint = qmp_get_string(&vm, "/machine/peripheral/vmmio0", "endpoint");
    ck_assert(g_str_has_prefix(endpoint, "127.0.0.1:"));
    ck_assert(g_ascii_string_to_unsigned(strchr(endpoint, ':') + 1, 10, 1, 65535, &port, NULL));
    qtest_stop(&vm);
}
END_TEST

START_TEST(every_address_is_warned_of)
{
    g_autofree char *printed = NULL;
    struct qtest vm;

    start(&vm, "-device vmmio,id=vmmio0,listen=0.0.0.0:0");
    qtest_await_stderr(&vm, "can be reached from other machines");
    printed = qtest_stderr(&vm);
    ck_assert_ptr_eq(strchr(printed, '\n'), printed + strlen(printed) - 1);
    qtest_stop(&vm);
}
END_TEST

START_TEST(loopback_is_not_warned_of)
{
    g_autofree char *printed = NULL;
    struct qtest vm;

    start(&vm, "-device vmmio,id=vmmio0,listen=127.0.0.1:0");
    ck_assert_uint_eq(qtest_read(&vm, 1, DEVICE_BASE), 0xaa);
    printed = qtest_stderr(&vm);
    ck_assert_str_eq(printed, "");
    qtest_stop(&vm);
}
END_TEST

/* The number of a range is its place on the command line, not its address. */
START_TEST(two_ranges_on_one_endpoint)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start(&vm, "-device vmmio,id=vmmio0,listen=127.0.0.1:0 "
               "-device vmmio,id=vmmio1,start=0xfef01000,listen=127.0.0.1:0");
    device_connect(&vm, "vmmio1", &peer);
    peer_send_text(&peer, CLAIM_1);
    device_claim(&vm, &peer, 1);
    device_check_read(&vm, &peer);
    qtest_send_read(&vm, 4, 0xfef01000);
    peer_expect(&peer, READ_RANGE_1, request);
    peer_answer(&peer, request, 0x11);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x11);
    qtest_stop(&vm);
}
END_TEST

START_TEST(ranges_are_numbered_in_order)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer peer;

    start(&vm, "-device vmmio,id=first,start=0xfef02000,listen=127.0.0.1:0 "
               "-device vmmio,id=second,start=0xfef01000,listen=127.0.0.1:0");
    device_connect(&vm, "first", &peer);
    peer_send_text(&peer, "00 00 00 80 00 00 00 00  f0");
    peer_send_text(&peer, CLAIM_1);
    device_await_claims(&vm, "second", 1);
    qtest_send_read(&vm, 4, 0xfef01000);
    peer_expect(&peer, READ_RANGE_1, request);
    peer_answer(&peer, request, 0x22);
    ck_assert_uint_eq(qtest_answer_value(&vm), 0x22);
    qtest_stop(&vm);
}
END_TEST

/* Two handlers on one endpoint, a range each. */
START_TEST(a_handler_for_each_range)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer zero, one;

    start(&vm, "-device vmmio,id=vmmio0,listen=127.0.0.1:0 "
               "-device vmmio,id=vmmio1,start=0xfef01000,listen=127.0.0.1:0");
    device_connect_and_claim(&vm, &zero);
    ck_assert_uint_eq(qtest_read(&vm, 4, 0xfef01000), 0xaaaaaaaa);
    device_connect(&vm, "vmmio1", &one);
    peer_send_text(&one, CLAIM_1);
    device_await_claims(&vm, "vmmio1", 1);
    device_check_read(&vm, &zero);
    qtest_send_read(&vm, 4, 0xfef01000);
    peer_expect(&one, READ_RANGE_1, request);
    peer_answer(&one, request, 1);
    ck_assert_uint_eq(qtest_answer_value(&vm), 1);
    peer_close(&zero);
    device_await_released(&vm);
    ck_assert(qmp_get_bool(&vm, "/machine/peripheral/vmmio1", "handler-connected"));
    qtest_stop(&vm);
}
END_TEST

/* Strings that differ are endpoints of their own, and each counts from range 0. */
START_TEST(two_endpoints)
{
    uint8_t request[PEER_PACKET];
    struct qtest vm;
    struct peer first, second;

    start(&vm, "-device vmmio,id=vmmio0,listen=127.0.0.1:0 "
               "-device vmmio,id=vmmio1,start=0xfef01000,listen=127.0.0.2:0");
    device_connect_and_claim(&vm, &first);
    device_connect(&vm, "vmmio1", &second);
    peer_send_text(&second, DEVICE_CLAIM_0);
    device_await_claims(&vm, "vmmio1", 1);
    device_check_read(&vm, &first);
    qtest_send_read(&vm, 4, 0xfef01000);
    peer_expect(&second, READ_RANGE_0, request);
    peer_answer(&second, request, 2);
    ck_assert_uint_eq(qtest_answer_value(&vm), 2);
    qtest_stop(&vm);
}
END_TEST

/* Connect and have it noticed: a request is answered with the error bit (IOMMU 3 is none). */
static void join(struct qtest *vm, struct peer *peer)
{
    device_connect(vm, "vmmio0", peer);
    peer_send_text(peer, "03 00 00 80 01 00 00 00  01 00 04 00");
    peer_expect(peer, "03 00 00 c0 01 00 00 00  01 00 04 00", NULL);
}

/* As many as are allowed and no more; a place that gets free can be taken. */
static void check_cap(const char *property, unsigned places)
{
    g_autofree struct peer *peers = g_new0(struct peer, places);
    g_autofree char *device = g_strdup_printf("-device vmmio,id=vmmio0,listen=127.0.0.1:0%s",
                                              property);
    struct qtest vm;
    struct peer further;
    unsigned full;

    start(&vm, device);
    for (unsigned i = 0; i < places; i++) {
        join(&vm, &peers[i]);
    }
    full = device_count_fds(&vm);
    device_connect(&vm, "vmmio0", &further);
    peer_expect_closed(&further);
    qtest_await_stderr(&vm, "refused: there are");
    peer_close(&peers[0]);
    device_await_fds(&vm, full - 1);
    join(&vm, &peers[0]);
    device_claim(&vm, &peers[places - 1], 1);
    device_check_read(&vm, &peers[places - 1]);
    qtest_stop(&vm);
}

START_TEST(one_connection)
{
    check_cap(",max-connections=1", 1);
}
END_TEST

START_TEST(two_hundred_connections)
{
    check_cap(",max-connections=200", 200);
}
END_TEST

/* The number that the next file which QEMU opens would have. */
static rlim_t first_unused_fd(const struct qtest *vm)
{
    rlim_t fd = 0;

    for (;;) {
        g_autofree char *path = g_strdup_printf("/proc/%d/fd/%lu", vm->pid, (unsigned long)fd);

        if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
            return fd;
        }
        fd++;
    }
}

static void limit_files(const struct qtest *vm, rlim_t count)
{
    struct rlimit limit;

    ck_assert_int_eq(prlimit(vm->pid, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = count;
    ck_assert_int_eq(prlimit(vm->pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

/* Seconds of CPU time that QEMU has used. */
static double cpu_seconds(const struct qtest *vm)
{
    struct timespec used;
    clockid_t clock;

    ck_assert_int_eq(clock_getcpuclockid(vm->pid, &clock), 0);
    ck_assert_int_eq(clock_gettime(clock, &used), 0);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* Clients that come meanwhile wait; those that are there are served, and QEMU does not spin. */
START_TEST(no_file_for_another_client)
{
    g_autofree char *printed = NULL;
    struct qtest vm;
    struct peer handler, waiting[20];
    rlim_t plenty = 1024;
    double used;

    start(&vm, "-device vmmio,id=vmmio0,listen=127.0.0.1:0,ping-ms=0,max-connections=100");
    device_connect_and_claim(&vm, &handler);
    limit_files(&vm, first_unused_fd(&vm));
    for (size_t i = 0; i < G_N_ELEMENTS(waiting); i++) {
        device_connect(&vm, "vmmio0", &waiting[i]);
    }
    qtest_await_stderr(&vm, "cannot accept clients: Too many open files");
    used = cpu_seconds(&vm);
    peer_expect_silence(&handler, 2000);
    ck_assert_double_lt(cpu_seconds(&vm) - used, 0.5);
    device_check_read(&vm, &handler);
    limit_files(&vm, plenty);
    peer_send_text(&waiting[19], DEVICE_CLAIM_0);
    device_await_claims(&vm, "vmmio0", 2);
    device_check_read(&vm, &waiting[19]);
    printed = qtest_stderr(&vm);
    ck_assert_ptr_eq(strstr(strstr(printed, "cannot accept") + 1, "cannot accept"), NULL);
    qtest_stop(&vm);
}
END_TEST

static bool has_ipv6_loopback(void)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return bound;
}

int main(void)
{
    Suite *suite = suite_create("transport");
    TCase *tcase = tcase_create("transport");

    tcase_set_timeout(tcase, DEVICE_TEST_SECONDS);
    tcase_add_test(tcase, unix_socket);
    tcase_add_test(tcase, longest_unix_path);
    tcase_add_test(tcase, unix_address_is_told);
    tcase_add_test(tcase, dead_unix_socket_is_replaced);
    tcase_add_test(tcase, unix_socket_in_use);
    tcase_add_test(tcase, other_files_are_kept);
    tcase_add_test(tcase, named_host);
    tcase_add_test(tcase, port_0_is_told);
    tcase_add_test(tcase, every_address_is_warned_of);
    tcase_add_test(tcase, loopback_is_not_warned_of);
    tcase_add_test(tcase, two_ranges_on_one_endpoint);
    tcase_add_test(tcase, ranges_are_numbered_in_order);
    tcase_add_test(tcase, a_handler_for_each_range);
    tcase_add_test(tcase, two_endpoints);
    tcase_add_test(tcase, one_connection);
    tcase_add_test(tcase, two_hundred_connections);
    tcase_add_test(tcase, no_file_for_another_client);
    if (has_ipv6_loopback() || g_getenv("VMMIO_NO_SKIP")) {
        tcase_add_test(tcase, ipv6);
    } else {
        printf("# ipv6 left out: this machine has no ::1 (VMMIO_NO_SKIP=1 makes that a failure)\n");
    }
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
