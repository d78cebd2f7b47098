/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a binding does while it is asked whether a call that waits shall give up: a handler of a
 * signal, or another thread, may use the context meanwhile. Here it is asked while a connection to
 * a Unix socket is made whose queue is full; coreio_ctx_set_interrupt() is not in the shared
 * library.
 */
#include "context.h"
#include "ctx.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DIRECTORY "/tmp/coreio-XXXXXX"

static char directory[sizeof(DIRECTORY)];
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static char target[sizeof("unix:") + sizeof(address.sun_path)];
static int listener;
static int filler;  /* takes the one place in the listener's queue */
static int mmio;    /* the listener's end of the connection for accesses */
static int dma;     /* and of the DMA connection */
static unsigned asked;
static uint8_t bytes[32];

static void fill(void)
{
    filler = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(filler, (struct sockaddr *)&address, sizeof(address)), 0);
}

/* In place of the C library's: "host" has two addresses, both this listener's. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    static struct sockaddr_in numeric = { .sin_family = AF_INET };
    static struct addrinfo unix_answers[2], answer;

    (void)hints;
    numeric.sin_addr.s_addr = inet_addr(host);
    numeric.sin_port = htons((uint16_t)atoi(service));
    answer.ai_addr = (struct sockaddr *)&numeric;
    answer.ai_addrlen = sizeof(numeric);
    unix_answers[0].ai_addr = unix_answers[1].ai_addr = (struct sockaddr *)&address;
    unix_answers[0].ai_addrlen = unix_answers[1].ai_addrlen = sizeof(address);
    unix_answers[0].ai_next = &unix_answers[1];
    *list = strcmp(host, "host") == 0 ? unix_answers : &answer;
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}

/* Empty the queue, so that there is a place for the connection that waits. */
static void make_room(void)
{
    int fd = accept(listener, NULL, NULL);

    ck_assert_int_ge(fd, 0);
    close(fd);
}

/* Of the listener, the end of the next connection. */
static int accept_next(void)
{
    struct timeval limit = { .tv_sec = 10 };
    int fd;

    ck_assert_int_eq(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    fd = accept(listener, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    return fd;
}

static void check_closed(int fd)
{
    uint8_t byte;

    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

static void start(void)
{
    filler = mmio = dma = -1;
    asked = 0;
    context_listen();
    strcpy(directory, DIRECTORY);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/vm", directory);
    snprintf(target, sizeof(target), "unix:%s", address.sun_path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listener, 0), 0);
}

static void close_if_open(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

static void end(void)
{
    context_end();
    close_if_open(filler);
    close_if_open(mmio);
    close_if_open(dma);
    close(listener);
    unlink(address.sun_path);
    rmdir(directory);
}

/* Connected to the full listener, so that only the DMA connection is to be made. */
static void start_connected(void)
{
    start();
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, target), 0);
    mmio = accept_next();
    fill();
}

static int read_memory(void (*cpl)(void *cplp, int err))
{
    static struct completion done;

    return coreio_ctx_dma_read(context.ctx, 0, 0, 0, sizeof(bytes), bytes, 0, cpl, &done);
}

static bool give_up(void *priv)
{
    ck_assert_ptr_eq(priv, &asked);
    asked++;
    return true;
}

static bool give_up_third(void *priv)
{
    return give_up(priv) && asked == 3;
}

static bool go_on_once(void *priv)
{
    (void)priv;
    if (++asked == 2) {
        make_room();
    }
    return false;
}

static bool connect_elsewhere(void *priv)
{
    (void)priv;
    if (asked++ == 0) {
        ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
        make_room();
    }
    return false;
}

static bool lose_and_connect_elsewhere(void *priv)
{
    if (asked == 0) {
        close(mmio);
        mmio = -1;
        ck_assert_int_eq(coreio_ctx_dispatch(context.ctx), -ECONNRESET);
    }
    return connect_elsewhere(priv);
}

static bool disconnect(void *priv)
{
    (void)priv;
    asked++;
    coreio_ctx_disconnect(context.ctx);
    return false;
}

static bool reconnect(void *priv)
{
    disconnect(priv);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, session.vm.target), 0);
    return false;
}

/* Takes the place of the filler alone: the call that waited has gone. */
static void check_nobody_waits(void)
{
    make_room();
    ck_assert_int_eq(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(accept(listener, NULL, NULL), -1);
    ck_assert_int_eq(errno, EAGAIN);
}

/* Makes the connection that the waiting call is about; then that call connects, later it gives up. */
static bool begin_dma(void *priv)
{
    (void)priv;
    switch (++asked) {
    case 1:
        make_room();
        ck_assert_int_eq(read_memory(complete), 0);
        return false;
    case 2:
        dma = accept_next();
        return false;
    default:
        return true;
    }
}

/* At once, and not at its other address. */
START_TEST(a_connect_gives_up)
{
    fill();
    coreio_ctx_set_interrupt(context.ctx, give_up, &asked);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, "host:1"), -EINTR);
    ck_assert_uint_eq(asked, 1);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), -ENOTCONN);
}
END_TEST

START_TEST(a_connect_goes_on)
{
    fill();
    coreio_ctx_set_interrupt(context.ctx, go_on_once, NULL);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, target), 0);
    ck_assert_uint_ge(asked, 2);
}
END_TEST

START_TEST(connected_elsewhere_meanwhile)
{
    fill();
    coreio_ctx_set_interrupt(context.ctx, connect_elsewhere, NULL);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, target), -EISCONN);
    check_closed(accept_next());
    context_accept();
    context_settle();
}
END_TEST

START_TEST(disconnected_meanwhile)
{
    fill();
    coreio_ctx_set_interrupt(context.ctx, disconnect, NULL);
    ck_assert_int_eq(coreio_ctx_connect(context.ctx, target), -ECANCELED);
    ck_assert_uint_eq(asked, 1);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), -ENOTCONN);
    check_nobody_waits();
}
END_TEST

START_TEST(dma_gives_up)
{
    coreio_ctx_set_interrupt(context.ctx, give_up, &asked);
    ck_assert_int_eq(read_memory(NULL), -EINTR);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), 0);
}
END_TEST

START_TEST(asynchronous_dma_does_not_wait)
{
    coreio_ctx_set_interrupt(context.ctx, give_up, &asked);
    ck_assert_int_eq(read_memory(complete), -EAGAIN);
    ck_assert_uint_eq(asked, 0);
}
END_TEST

/* For ten minutes, if it is not asked. */
static void spin(void)
{
    make_room();
    coreio_ctx_set_spin(context.ctx, 600000000);
}

START_TEST(spinning_dma_gives_up)
{
    spin();
    coreio_ctx_set_interrupt(context.ctx, give_up_third, &asked);
    ck_assert_int_eq(read_memory(NULL), -EINTR);
    ck_assert_uint_eq(asked, 3);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), 0);
}
END_TEST

START_TEST(spinning_dma_disconnected_meanwhile)
{
    spin();
    coreio_ctx_set_interrupt(context.ctx, disconnect, NULL);
    ck_assert_int_eq(read_memory(NULL), -ECANCELED);
    ck_assert_uint_eq(asked, 1);
}
END_TEST

START_TEST(dma_disconnected_meanwhile)
{
    coreio_ctx_set_interrupt(context.ctx, disconnect, NULL);
    ck_assert_int_eq(read_memory(NULL), -ECANCELED);
    ck_assert_uint_eq(asked, 1);
    ck_assert_int_eq(coreio_ctx_status(context.ctx), -ENOTCONN);
    check_nobody_waits();
}
END_TEST

/* The connection that waited would be one to the VM before. */
START_TEST(dma_connected_elsewhere_meanwhile)
{
    coreio_ctx_set_interrupt(context.ctx, lose_and_connect_elsewhere, NULL);
    ck_assert_int_eq(read_memory(NULL), -ECANCELED);
    check_closed(accept_next());
    context_accept();
    context_settle();
}
END_TEST

START_TEST(dma_reconnected_meanwhile)
{
    coreio_ctx_set_interrupt(context.ctx, reconnect, NULL);
    ck_assert_int_eq(read_memory(NULL), -ECANCELED);
    ck_assert_uint_eq(asked, 1);
    check_nobody_waits();
    context_accept();
    context_settle();
}
END_TEST

/* Both requests travel on the connection that was made first. */
START_TEST(dma_begun_meanwhile)
{
    uint8_t requests[128];

    coreio_ctx_set_interrupt(context.ctx, begin_dma, NULL);
    ck_assert_int_eq(read_memory(NULL), -EINTR);
    ck_assert_int_eq(recv(dma, requests, sizeof(requests), MSG_WAITALL), sizeof(requests));
    check_closed(accept_next());
}
END_TEST

int main(void)
{
    TCase *tcase, *connected = tcase_create("connected");
    Suite *suite = context_suite("asking", false, &tcase);

    tcase_add_checked_fixture(tcase, start, end);
    tcase_add_test(tcase, a_connect_gives_up);
    tcase_add_test(tcase, a_connect_goes_on);
    tcase_add_test(tcase, connected_elsewhere_meanwhile);
    tcase_add_test(tcase, disconnected_meanwhile);
    tcase_add_checked_fixture(connected, start_connected, end);
    tcase_set_timeout(connected, 60);
    tcase_add_test(connected, dma_gives_up);
    tcase_add_test(connected, asynchronous_dma_does_not_wait);
    tcase_add_test(connected, spinning_dma_gives_up);
    tcase_add_test(connected, spinning_dma_disconnected_meanwhile);
    tcase_add_test(connected, dma_disconnected_meanwhile);
    tcase_add_test(connected, dma_connected_elsewhere_meanwhile);
    tcase_add_test(connected, dma_reconnected_meanwhile);
    tcase_add_test(connected, dma_begun_meanwhile);
    suite_add_tcase(suite, connected);
    return tap_run(suite);
}
