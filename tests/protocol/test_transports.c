/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unix sockets and IPv6, for both connections of a context, begun and waited for. */
#include "dma_vm.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DIRECTORY "/tmp/coreio-XXXXXX"

static char directory[sizeof(DIRECTORY)];

/* Both take the place of the session's own listener. */
static void listen_unix(void)
{
    char path[sizeof(directory) + sizeof("/vm")];

    strcpy(directory, DIRECTORY);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/vm", directory);
    close(session.vm.listener);
    fake_vm_bind_unix(&session.vm, path, session.vm.idle);
    fake_vm_listen(&session.vm);
    context.dma.listener = session.vm.listener;
}

static void listen_ipv6(void)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(session.vm.listener);
    session.vm.listener = context.dma.listener = fd;
    snprintf(session.vm.target, sizeof(session.vm.target), "[::1]:%u", ntohs(address.sin6_port));
}

static void (*const listeners[])(void) = { listen_unix, listen_ipv6 };

/* Containers often come without IPv6. */
static bool has_ipv6_loopback(void)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    close(fd);
    return bound;
}

/* How many of them are tested. */
static int count_listeners(void)
{
    if (has_ipv6_loopback() || getenv("VMMIO_NO_SKIP")) {
        return 2;
    }
    printf("# ipv6 left out: this machine has no ::1 (VMMIO_NO_SKIP=1 makes that a failure)\n");
    return 1;
}

static void finish(void)
{
    char path[sizeof(directory) + sizeof("/vm")];

    context_end();
    snprintf(path, sizeof(path), "%s/vm", directory);
    unlink(path);
    rmdir(directory);
}

static void check_both_connections(void)
{
    uint8_t bytes[100] = { 0 };

    dma_vm = (struct dma_vm){ .hold = 0 };
    memset(dma_vm.memory, 0x5c, sizeof(bytes));
    context_accept();
    fake_vm_send_vector(&session.vm, "read-32-fetch");
    fake_vm_expect_vector(&session.vm, "read-32-fetch-reply");
    dma_vm_start();
    ck_assert_int_eq(coreio_ctx_dma_read(context.ctx, 0, 0, DMA_VM_START, sizeof(bytes), bytes, 0,
                                         NULL, NULL), 0);
    ck_assert_mem_eq(bytes, dma_vm.memory, sizeof(bytes));
    coreio_ctx_disconnect(context.ctx);
    dma_vm_stop();
}

START_TEST(waited_for)
{
    listeners[_i]();
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    check_both_connections();
}
END_TEST

START_TEST(begun)
{
    listeners[_i]();
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), 0);
    check_both_connections();
    ck_assert_uint_eq(context.connected, 1);
}
END_TEST

static void stop(void *priv)
{
    coreio_ctx_stop(priv);
}

/* A Unix socket is connected at once: nothing comes that would wake a run up for the event. */
START_TEST(begun_and_told)
{
    const coreio_events_t events = { .connected = stop };
    struct pollfd wait = { .fd = coreio_ctx_fd(context.ctx), .events = POLLIN };

    listen_unix();
    coreio_ctx_set_events(context.ctx, &events, context.ctx);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), 0);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), 0);
    ck_assert_int_eq(poll(&wait, 1, 10000), 1);
    ck_assert_int_eq(coreio_ctx_run(context.ctx, -1), 0);
}
END_TEST

START_TEST(nobody_listens)
{
    listeners[_i]();
    close(session.vm.listener);
    session.vm.listener = -1;
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), -ECONNREFUSED);
    ck_assert_int_eq(coreio_ctx_connect_start(context.ctx, session.vm.target), 0);
    context_run_until(-ECONNREFUSED);
}
END_TEST

int main(void)
{
    int count = count_listeners();
    TCase *tcase;
    Suite *suite = context_suite("transports", false, &tcase);

    tcase_add_checked_fixture(tcase, context_listen, finish);
    tcase_add_loop_test(tcase, waited_for, 0, count);
    tcase_add_loop_test(tcase, begun, 0, count);
    tcase_add_test(tcase, begun_and_told);
    tcase_add_loop_test(tcase, nobody_listens, 0, count);
    return tap_run(suite);
}
