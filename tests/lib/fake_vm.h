/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scripted VM for tests of clients: the listening side of the protocol, as
 * plain bytes. It knows no packet but the golden ones and shares no code with
 * what it tests.
 *
 * A step that does not succeed within ten seconds fails the running Check test.
 * While a step waits it calls `idle`, in which a client of the same process
 * serves its connection; for a client in a process of its own `idle` is NULL.
 */
#ifndef TESTS_FAKE_VM_H
#define TESTS_FAKE_VM_H

#include <stdbool.h>
#include <stddef.h>

struct fake_vm {
    int listener;
    int conn;        /* -1 when no client is connected */
    char target[128]; /* "127.0.0.1:PORT" or "unix:PATH" */
    void (*idle)(void);
};

/* Take a free port of 127.0.0.1 without listening: connections are refused. */
void fake_vm_bind(struct fake_vm *vm, void (*idle)(void));

/* The same with the path of a Unix socket, of less than 100 bytes, which must not exist yet. */
void fake_vm_bind_unix(struct fake_vm *vm, const char *path, void (*idle)(void));

/* Listen on it. A client's connect() then succeeds even before the accept. */
void fake_vm_listen(struct fake_vm *vm);

/*
 * Give the connections accepted from now on a small receive window, which clients soon fill. A
 * window cut down later would make TCP drop what is under way and pause for seconds.
 */
void fake_vm_limit_window(struct fake_vm *vm);

/* The client's end of a connection to the VM, in this process. */
int fake_vm_client(const struct fake_vm *vm);

/*
 * Give both ends of the connection small buffers, for good: those of the kernel take megabytes, and
 * grow while a test believes them full. The client is in this process.
 */
void fake_vm_limit_buffers(const struct fake_vm *vm);

/* Close everything. */
void fake_vm_stop(struct fake_vm *vm);

/* Wait for the next client. */
void fake_vm_accept(struct fake_vm *vm);

/* Send all the bytes, or the packet of a wire vector. */
void fake_vm_send(struct fake_vm *vm, const void *bytes, size_t len);
void fake_vm_send_vector(struct fake_vm *vm, const char *name);

/* Send what the socket takes at once. Returns that number of bytes, 0 when it is full. */
size_t fake_vm_send_some(struct fake_vm *vm, const void *bytes, size_t len);

/* Receive exactly `len` bytes. */
void fake_vm_receive(struct fake_vm *vm, void *bytes, size_t len);

/* The next bytes that the client sends must be these. */
void fake_vm_expect(struct fake_vm *vm, const void *bytes, size_t len);
void fake_vm_expect_vector(struct fake_vm *vm, const char *name);

/* The client has nothing more to say and must close its connection. */
void fake_vm_expect_closed(struct fake_vm *vm);

/* Close the connection in order, or abort it (the client sees a reset). */
void fake_vm_hang_up(struct fake_vm *vm);
void fake_vm_abort(struct fake_vm *vm);

#endif
