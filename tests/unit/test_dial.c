/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a target to a connected socket. getaddrinfo() is this file's: it answers as a test says. */
#include "coreio-ctx.h"
#include "dial.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MORE (COREIO_ADDRESSES_MAX + 4)

static int code;
static struct addrinfo answers[MORE];
static struct sockaddr_in names[MORE];
static unsigned freed;

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    (void)host, (void)service, (void)hints;
    errno = code == EAI_SYSTEM ? EINTR : EDOM;
    *list = answers;
    return code;
}

void freeaddrinfo(struct addrinfo *list)
{
    ck_assert_ptr_eq(list, answers);
    freed++;
}

/* The answer has `count` addresses: 127.0.0.1 with these ports, the last one again and again. */
static void answer(unsigned count, const uint16_t *ports, unsigned n_ports)
{
    for (unsigned i = 0; i < count; i++) {
        names[i] = (struct sockaddr_in){
            .sin_family = AF_INET,
            .sin_port = ports[i < n_ports ? i : n_ports - 1],
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        answers[i] = (struct addrinfo){
            .ai_addr = (struct sockaddr *)&names[i],
            .ai_addrlen = sizeof(names[i]),
            .ai_next = i + 1 < count ? &answers[i + 1] : NULL,
        };
    }
}

/* A socket of 127.0.0.1; *port is a free one, in the order of the network. */
static int bound(uint16_t *port)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    *port = name.sin_port;
    return fd;
}

static const struct coreio_target target = { .host = "host", .port = "1" };

static const struct {
    int code, err;
} failures[] = {
    { EAI_AGAIN, -EAGAIN },   { EAI_MEMORY, -ENOMEM }, { EAI_SYSTEM, -EINTR },
    { EAI_NONAME, -ENOENT },  { EAI_FAIL, -ENOENT },
};

START_TEST(a_lookup_that_fails)
{
    struct coreio_addresses addresses = { .count = 7 };

    code = failures[_i].code;
    ck_assert_int_eq(coreio_resolve(&target, &addresses), failures[_i].err);
    ck_assert_uint_eq(addresses.count, 7);
    ck_assert_uint_eq(freed, 0);
}
END_TEST

START_TEST(as_many_addresses_as_fit)
{
    static const uint16_t ports[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 };
    struct coreio_addresses addresses;

    answer(MORE, ports, sizeof(ports) / sizeof(ports[0]));
    ck_assert_int_eq(coreio_resolve(&target, &addresses), 0);
    ck_assert_uint_eq(addresses.count, COREIO_ADDRESSES_MAX);
    for (unsigned i = 0; i < COREIO_ADDRESSES_MAX; i++) {
        ck_assert_int_eq(addresses.list[i].len, sizeof(names[i]));
        ck_assert_mem_eq(&addresses.list[i].addr, &names[i], sizeof(names[i]));
    }
    ck_assert_uint_eq(freed, 1);
}
END_TEST

static void check_socket(int fd)
{
    int on = 0;
    socklen_t len = sizeof(on);

    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    ck_assert_int_eq(on, 1);
}

START_TEST(a_socket_as_it_is_wanted)
{
    struct coreio_interrupt nobody = { .ask = NULL };
    struct coreio_addresses addresses;
    struct pollfd writable = { .events = POLLOUT };
    uint16_t port;
    int listener = bound(&port);
    bool connecting = false;

    ck_assert_int_eq(listen(listener, 4), 0);
    answer(1, &port, 1);
    ck_assert_int_eq(coreio_resolve(&target, &addresses), 0);
    writable.fd = coreio_dial(&addresses.list[0], _i ? &nobody : NULL, &connecting);
    ck_assert_int_ge(writable.fd, 0);
    if (connecting) {
        ck_assert_int_eq(_i, 0);
        ck_assert_int_eq(poll(&writable, 1, 10000), 1);
        ck_assert_int_eq(coreio_dial_finish(writable.fd), 0);
    }
    check_socket(writable.fd);
    close(writable.fd);
    close(listener);
}
END_TEST

/* By a kernel that gives a socket the port that it connects to. */
START_TEST(connected_to_itself)
{
    uint16_t port;
    int fd = bound(&port);

    answer(1, &port, 1);
    ck_assert_int_eq(connect(fd, answers[0].ai_addr, answers[0].ai_addrlen), 0);
    ck_assert_int_eq(coreio_dial_finish(fd), -ECONNREFUSED);
    close(fd);
}
END_TEST

static int next_descriptor(void)
{
    int fd = dup(STDIN_FILENO);

    close(fd);
    return fd;
}

/* Bound and not listened on: refused, and nobody else gets the port. */
START_TEST(a_refused_connection_leaves_nothing_open)
{
    uint16_t port;
    int deaf = bound(&port), next = next_descriptor();
    coreio_ctx *ctx = coreio_ctx_new();

    answer(MORE, &port, 1);
    ck_assert_int_eq(coreio_ctx_connect(ctx, "host:1"), -ECONNREFUSED);
    ck_assert_int_eq(next_descriptor(), next);
    ck_assert_int_eq(coreio_ctx_connect_start(ctx, "host:1"), 0);
    ck_assert_int_eq(coreio_ctx_run(ctx, -1), -ECONNREFUSED);
    ck_assert_int_eq(next_descriptor(), next);
    coreio_ctx_free(ctx);
    close(deaf);
}
END_TEST

/* The last of three is the one that listens. */
START_TEST(each_address_is_tried)
{
    uint16_t ports[3];
    int fds[3];
    coreio_ctx *ctx = coreio_ctx_new();

    for (unsigned i = 0; i < 3; i++) {
        fds[i] = bound(&ports[i]);
    }
    ck_assert_int_eq(listen(fds[2], 4), 0);
    answer(3, ports, 3);
    ck_assert_int_eq(coreio_ctx_connect(ctx, "host:1"), 0);
    coreio_ctx_disconnect(ctx);
    ck_assert_int_eq(coreio_ctx_connect_start(ctx, "host:1"), 0);
    while (coreio_ctx_status(ctx) == -EINPROGRESS) {
        ck_assert_int_eq(coreio_ctx_run(ctx, 1000), 0);
    }
    ck_assert_int_eq(coreio_ctx_status(ctx), 0);
    coreio_ctx_free(ctx);
    for (unsigned i = 0; i < 3; i++) {
        close(fds[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dial");
    TCase *tcase = tcase_create("dial");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_lookup_that_fails, 0, sizeof(failures) / sizeof(failures[0]));
    tcase_add_test(tcase, as_many_addresses_as_fit);
    tcase_add_loop_test(tcase, a_socket_as_it_is_wanted, 0, 2);
    tcase_add_test(tcase, connected_to_itself);
    tcase_add_test(tcase, a_refused_connection_leaves_nothing_open);
    tcase_add_test(tcase, each_address_is_tried);
    suite_add_tcase(suite, tcase);
    return tap_run(suite);
}
