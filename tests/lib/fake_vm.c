/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_vm.h"

#include "vector.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define STEP_SECONDS 10

/* Let the client work, then wait a moment for `fd`; fails the test when time is up. */
static void wait_for(struct fake_vm *vm, int fd, short events, time_t started, const char *step)
{
    struct pollfd wait = { .fd = fd, .events = events };

    ck_assert_msg(time(NULL) - started <= STEP_SECONDS, "the client did not let the VM %s", step);
    if (vm->idle) {
        vm->idle();
    }
    poll(&wait, 1, 1);
}

void fake_vm_bind(struct fake_vm *vm, void (*idle)(void))
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);

    vm->conn = -1;
    vm->idle = idle;
    vm->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(vm->listener, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(vm->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(getsockname(vm->listener, (struct sockaddr *)&address, &len), 0);
    snprintf(vm->target, sizeof(vm->target), "127.0.0.1:%u", ntohs(address.sin_port));
}

void fake_vm_bind_unix(struct fake_vm *vm, const char *path, void (*idle)(void))
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    vm->conn = -1;
    vm->idle = idle;
    vm->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(vm->listener, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    ck_assert_int_eq(bind(vm->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    snprintf(vm->target, sizeof(vm->target), "unix:%s", path);
}

void fake_vm_listen(struct fake_vm *vm)
{
    ck_assert_int_eq(listen(vm->listener, 4), 0);
}

void fake_vm_limit_window(struct fake_vm *vm)
{
    const int bytes = 16384;

    ck_assert_int_eq(setsockopt(vm->listener, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
}

int fake_vm_client(const struct fake_vm *vm)
{
    struct sockaddr_storage own, peer;
    socklen_t own_len = sizeof(own);

    ck_assert_int_eq(getsockname(vm->listener, (struct sockaddr *)&own, &own_len), 0);
    for (int fd = 0; fd < FD_SETSIZE; fd++) {
        socklen_t len = sizeof(peer);

        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && len == own_len &&
            memcmp(&peer, &own, len) == 0) {
            return fd;
        }
    }
    ck_abort_msg("the client has no socket");
}

static void limit_buffers(int fd)
{
    const int bytes = 16384;

    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
}

void fake_vm_limit_buffers(const struct fake_vm *vm)
{
    limit_buffers(fake_vm_client(vm));
    limit_buffers(vm->conn);
}

void fake_vm_stop(struct fake_vm *vm)
{
    fake_vm_hang_up(vm);
    if (vm->listener >= 0) {
        close(vm->listener);
        vm->listener = -1;
    }
}

void fake_vm_accept(struct fake_vm *vm)
{
    time_t started = time(NULL);
    const int on = 1;

    fake_vm_hang_up(vm);
    while ((vm->conn = accept4(vm->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0) {
        ck_assert_int_eq(errno, EAGAIN);
        wait_for(vm, vm->listener, POLLIN, started, "accept it");
    }
    /* A Unix socket has no such option. */
    ck_assert(setsockopt(vm->conn, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 ||
              errno == EOPNOTSUPP);
}

size_t fake_vm_send_some(struct fake_vm *vm, const void *bytes, size_t len)
{
    ssize_t n = send(vm->conn, bytes, len, MSG_NOSIGNAL);

    ck_assert_msg(n >= 0 || errno == EAGAIN, "the VM cannot send: %s", strerror(errno));
    return n > 0 ? (size_t)n : 0;
}

void fake_vm_send(struct fake_vm *vm, const void *bytes, size_t len)
{
    time_t started = time(NULL);
    const char *next = bytes;

    while (len > 0) {
        size_t n = fake_vm_send_some(vm, next, len);

        if (n == 0) {
            wait_for(vm, vm->conn, POLLOUT, started, "send");
        }
        next += n;
        len -= n;
    }
}

void fake_vm_send_vector(struct fake_vm *vm, const char *name)
{
    struct vector vector;

    vector_load(name, &vector);
    fake_vm_send(vm, vector.bytes, vector.len);
}

void fake_vm_receive(struct fake_vm *vm, void *bytes, size_t len)
{
    time_t started = time(NULL);
    char *next = bytes;

    while (len > 0) {
        ssize_t n = recv(vm->conn, next, len, 0);

        if (n > 0) {
            next += n;
            len -= (size_t)n;
            continue;
        }
        ck_assert_msg(n < 0, "the client closed with %zu bytes still to come", len);
        ck_assert_msg(errno == EAGAIN, "the VM cannot receive: %s", strerror(errno));
        wait_for(vm, vm->conn, POLLIN, started, "receive");
    }
}

static void print_words(const char *title, const uint8_t *bytes, size_t len)
{
    fprintf(stderr, "%s:\n", title);
    for (size_t i = 0; i < len; i++) {
        fprintf(stderr, "%02x%c", bytes[i], i % 8 == 7 ? '\n' : ' ');
    }
}

void fake_vm_expect(struct fake_vm *vm, const void *bytes, size_t len)
{
    uint8_t *got = malloc(len);
    bool equal;

    ck_assert_ptr_nonnull(got);
    fake_vm_receive(vm, got, len);
    equal = memcmp(got, bytes, len) == 0;
    if (!equal) {
        print_words("expected", bytes, len);
        print_words("got", got, len);
    }
    free(got);
    ck_assert_msg(equal, "the client sent other bytes than expected");
}

void fake_vm_expect_vector(struct fake_vm *vm, const char *name)
{
    struct vector vector;

    vector_load(name, &vector);
    fake_vm_expect(vm, vector.bytes, vector.len);
}

void fake_vm_expect_closed(struct fake_vm *vm)
{
    time_t started = time(NULL);
    char byte;
    ssize_t n;

    while ((n = recv(vm->conn, &byte, 1, 0)) < 0 && errno == EAGAIN) {
        wait_for(vm, vm->conn, POLLIN, started, "see the connection closed");
    }
    ck_assert_msg(n <= 0, "the client sent byte %02x and should have closed", (unsigned char)byte);
}

void fake_vm_hang_up(struct fake_vm *vm)
{
    if (vm->conn >= 0) {
        close(vm->conn);
    }
    vm->conn = -1;
}

void fake_vm_abort(struct fake_vm *vm)
{
    const struct linger none = { .l_onoff = 1, .l_linger = 0 };

    ck_assert_int_eq(setsockopt(vm->conn, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
    fake_vm_hang_up(vm);
}
