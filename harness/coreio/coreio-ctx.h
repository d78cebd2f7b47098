/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coreio-ctx: the re-entrant client API. Each coreio_ctx is one client of one VM;
 * a program may have as many as it likes.
 *
 *     #include <coreio-ctx.h>
 *     #include <string.h>
 *
 *     static int on_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
 *     {
 *         memset(buf, *(const uint8_t *)priv, len);
 *         return 0;
 *     }
 *
 *     int main(int argc, char **argv)
 *     {
 *         static const coreio_func_t func = { .read = on_read };
 *         coreio_ctx *ctx = coreio_ctx_new();
 *         uint8_t device = 42;
 *
 *         if (ctx == NULL || argc < 2 || coreio_ctx_register(ctx, 0, &func, &device) ||
 *             coreio_ctx_connect(ctx, argv[1])) {
 *             return 1;
 *         }
 *         coreio_ctx_run(ctx, -1); // until the VM ends
 *         coreio_ctx_free(ctx);
 *         return 1;
 *     }
 *
 * The callbacks of a range, coreio_func_t, and the COREIO_* numbers are those of
 * coreio.h, whose calls are a thin layer over these with one context of their own.
 *
 * Results: every int is 0, or a negative errno that the function documents. A
 * `ctx` must not be NULL except where a function says so.
 *
 * State. A context is in one of four states, which coreio_ctx_status() tells:
 *
 *     unconnected  -ENOTCONN     at first, and after coreio_ctx_disconnect()
 *     connecting   -EINPROGRESS  after coreio_ctx_connect_start(), and while a
 *                                lost connection is to be made again
 *     connected    0
 *     lost         the loss      the VM closed the connection (-ECONNRESET), or the
 *                                errno with which it ended (-ETIMEDOUT, ...), or with
 *                                which coreio_ctx_connect_start() failed
 *
 * Registrations and interrupt levels belong to the context, not to the connection:
 * they may be made in every state, and each new connection begins with the claims
 * of all registered ranges and the levels of all lines that were ever set.
 *
 * Threads: a context is used by one thread at a time; different contexts by different
 * threads at once. There are no globals, no locks, no signal handlers, and no SIGPIPE.
 *
 * Callbacks (of ranges, events and DMA) run inside coreio_ctx_run(),
 * coreio_ctx_dispatch(), coreio_ctx_disconnect() and coreio_ctx_free(), in the thread
 * that called it, and nowhere else. They may call every function for the same context
 * except coreio_ctx_run(), coreio_ctx_dispatch() and coreio_ctx_free(), which return
 * -EBUSY there; for other contexts, every function. A completion of DMA that
 * coreio_ctx_disconnect() or coreio_ctx_free() calls can neither connect nor begin DMA:
 * that returns -ECANCELED.
 *
 * After fork() one of the two processes goes on with a context; the other one may only
 * free it.
 */
#ifndef COREIO_CTX_PUBLIC_H
#define COREIO_CTX_PUBLIC_H

#include "coreio.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coreio_ctx coreio_ctx;

/* Unfinished asynchronous DMA transfers that a context takes. */
#define COREIO_DMA_TRANSFERS_MAX 1024

/* What happens to a context as a whole. Any member may be NULL. */
typedef struct coreio_events {
    /*
     * The connection that coreio_ctx_connect_start() or the automatic reconnect
     * began is made; claims and levels are on their way. coreio_ctx_connect()
     * returns instead.
     */
    void (*connected)(void *priv);
    /*
     * The connection is lost, or coreio_ctx_connect_start() failed for good; `err`
     * is why, a negative errno. All unfinished DMA has been completed with it before.
     * With automatic reconnect the next attempt is already planned. Not called by
     * coreio_ctx_disconnect(), nor for a loss that the program has seen for itself:
     * one that it connects again after before this was called.
     */
    void (*disconnected)(void *priv, int err);
    /*
     * The VM was reset. Put the model into its state after power-on; the lines keep
     * their levels until changed. Once for each packet, and the VM sends one for
     * each range that this client holds. `rid` is 0-7.
     */
    void (*reset)(void *priv, unsigned rid);
} coreio_events_t;

/*
 * A new context, unconnected, with no registrations, no events, automatic reconnect
 * and spinning off. Free with coreio_ctx_free(). NULL: out of memory.
 */
coreio_ctx *coreio_ctx_new(void);

/*
 * Disconnect as coreio_ctx_disconnect() does and free the context. NULL is allowed.
 *
 * -EBUSY  called from a callback of this context; nothing is freed
 */
int coreio_ctx_free(coreio_ctx *ctx);

/* Have events call *events (copied) with `priv`. NULL: no events. */
void coreio_ctx_set_events(coreio_ctx *ctx, const coreio_events_t *events, void *priv);

/*
 * Make a lost connection again, without end: the k-th attempt since the loss begins
 *
 *     min(first_ms x 2^(k-1), most_ms)
 *
 * milliseconds after the attempt before it failed (k = 1: after the loss). A loss
 * after less than most_ms of connection goes on counting instead of starting at k = 1,
 * so that two clients that take the same range from each other do not do it at full
 * speed. The addresses are those found when the program connected; names are not looked
 * up again. coreio_ctx_connect_start() is repeated by the same law when it fails, and
 * coreio_ctx_connect() is not.
 *
 * first_ms = 0 turns it off: a loss is then final, also one whose next attempt is
 * being waited for.
 *
 * -EINVAL  first_ms > most_ms, or most_ms > 3600000 (an hour)
 */
int coreio_ctx_set_reconnect(coreio_ctx *ctx, unsigned first_ms, unsigned most_ms);

/*
 * Low latency at the price of a busy CPU: whenever coreio_ctx_run() or a blocking DMA
 * call finds nothing to do, it asks the socket again and again for `usec` microseconds
 * before it sleeps. 0, the value at first, is off. Best with a CPU for each side.
 */
void coreio_ctx_set_spin(coreio_ctx *ctx, unsigned usec);

/*
 * Connect and wait until the connection is made.
 *
 * target: "HOST", "HOST:PORT", "ADDRESS6", "[ADDRESS6]", "[ADDRESS6]:PORT" or
 * "unix:/PATH". HOST is a name or an IPv4 address, PORT 1-65535, 4800 when left out.
 * Each address of a name is tried in turn. The string is not kept.
 * "::1:4300" is an address without a port: one with a port needs the brackets.
 *
 * -EINVAL     target is NULL, empty, or not of these forms; or a path of more than
 *             107 bytes
 * -EISCONN    connected or connecting: coreio_ctx_disconnect() first
 * -ECANCELED  the context is being disconnected or freed, by the caller of this callback;
 *             or, in a binding to a language that lets other threads or the handler of a
 *             signal in while this call waits, was disconnected by one of them meanwhile
 * -ENOENT     the host name is not known, or there is no such Unix socket
 * -EAGAIN     the name service did not answer; try again later
 * -ENOMEM     out of memory
 * -ECONNREFUSED, -ENETUNREACH, -EACCES, -EMFILE, ...: errno of socket(2) or
 *             connect(2) for the last address tried
 *
 * After an error the state is what it was before.
 */
int coreio_ctx_connect(coreio_ctx *ctx, const char *target);

/*
 * Begin to connect and return at once. coreio_ctx_run() or coreio_ctx_dispatch() goes
 * on with it and calls the event `connected` or `disconnected`. Only a host name that
 * is neither an address nor in /etc/hosts may block, while it is looked up.
 *
 * Errors are those of coreio_ctx_connect() up to -ENOMEM, but for a Unix socket that is
 * not there or whose queue is full, and nothing has begun then; all others come with the
 * event. With automatic reconnect it comes when that is turned off before the connection
 * was made.
 */
int coreio_ctx_connect_start(coreio_ctx *ctx, const char *target);

/*
 * Close the connection, or stop connecting, and become unconnected. Unfinished DMA is
 * completed with -ECANCELED before the call returns. What the VM has not taken yet is
 * lost. Registrations and levels stay. Does nothing when unconnected.
 */
void coreio_ctx_disconnect(coreio_ctx *ctx);

/* The state, as listed on top. A loss shows here once a call has noticed it. */
int coreio_ctx_status(const coreio_ctx *ctx);

/*
 * Have accesses to range `rid` (0-7) call *func (copied) with `priv`, and claim the
 * range: at once when connected, and on each new connection. A claim has no answer: a
 * VM without such a range closes the connection, as it does when another client claims
 * the range later.
 *
 * -EINVAL   rid > 7 or func is NULL
 * -EBUSY    the range is registered already
 * -EAGAIN   64 KiB wait to be sent: coreio_ctx_flush(), and try again
 *
 * A loss that this call notices is reported by the next run or dispatch.
 */
int coreio_ctx_register(coreio_ctx *ctx, unsigned rid, const coreio_func_t *func, void *priv);

/*
 * Forget the callbacks and the levels of range `rid`. The protocol has no way to give a
 * range back, so the VM goes on asking: it gets each request back untouched, and the
 * guest reads 0xaa, until the connection ends.
 *
 * -EINVAL  rid > 7
 * -ENOENT  the range is not registered
 */
int coreio_ctx_unregister(coreio_ctx *ctx, unsigned rid);

/*
 * Set interrupt line `iid` (0-7) of range `rid` (0-7) to `state`: 0 is low, anything
 * else high. An edge takes two calls. A level that equals the last one is not sent
 * again on the same connection. Goes out before the reply to the access whose callback
 * makes this call. When not connected, the level is kept for the connection to come.
 *
 * -EINVAL   rid > 7 or iid > 7
 * -EAGAIN   64 KiB wait to be sent; the level is unchanged: coreio_ctx_flush(), and try
 *           again
 *
 * A loss that this call notices is reported by the next run or dispatch.
 */
int coreio_ctx_irq_update(coreio_ctx *ctx, unsigned rid, unsigned iid, unsigned state);

/*
 * Read or write `len` bytes of guest memory at `addr` through region `sid` (0-15) of
 * IOMMU `mid` (0-255); 0 and 0: guest-physical. `flags` are COREIO_FLAGS_*. The transfer
 * is cut into requests of up to 32 bytes, none across a 32-byte boundary; up to 1024 of
 * them are on their way at once, many in one system call. They travel on a second
 * connection to the same address, made by the first call that needs it. Memory of the
 * guest is read or written in the order of the requests; there is no order against the
 * accesses, which travel on the first connection, but for this: when a transfer is
 * finished the VM has done it.
 *
 * cpl == NULL: blocks until the transfer is finished. Only the DMA connection is served
 * meanwhile, and no callback is called, so it may be made inside one. Transfers begun
 * before are carried out before.
 *
 * cpl != NULL: returns at once. Later, from coreio_ctx_run() or coreio_ctx_dispatch(),
 * cpl(cplp, err) is called exactly once, in the order in which transfers finish; after a
 * result other than 0 of this call, never. `buf` stays the library's until then. Requests
 * of several calls leave together, when the program runs, dispatches or flushes. It is
 * not called from within this call, not even for len = 0.
 *
 * Results, of the call or given to cpl:
 *
 * -EFAULT      the VM refused a request (error bit): no RAM there, memory that it keeps
 *              from DMA, or a mid or sid that it does not have. Parts of the transfer may
 *              have been done, and more of buf than that may have been read into
 * -ECANCELED   coreio_ctx_disconnect() or coreio_ctx_free() came first
 * the loss     the connection, or the DMA connection alone, ended first. The latter is
 *              made anew by the next call
 * -EINVAL      (call) mid > 255, sid > 15, flags > 15, buf NULL with len > 0, or addr + len
 *              beyond 64 bits
 * -ENOTCONN, -EINPROGRESS  (call) not connected, or not yet
 * -EAGAIN      (call, cpl != NULL) COREIO_DMA_TRANSFERS_MAX transfers are unfinished: run
 *              or dispatch until a completion was called, and try again. Or the queue of the
 *              VM's Unix socket is full: try again later
 * -ENOMEM      (call, cpl != NULL) out of memory
 * -ECONNREFUSED, -EMFILE, ...  errno with which the DMA connection could not be made
 */
int coreio_ctx_dma_read(coreio_ctx *ctx, unsigned mid, unsigned sid, uint64_t addr, size_t len,
                        void *buf, unsigned flags, void (*cpl)(void *cplp, int err), void *cplp);
int coreio_ctx_dma_write(coreio_ctx *ctx, unsigned mid, unsigned sid, uint64_t addr, size_t len,
                         const void *buf, unsigned flags, void (*cpl)(void *cplp, int err),
                         void *cplp);

/*
 * Hand all that waits to be sent (claims, levels, replies, the DMA requests that may be on
 * their way) to the kernel, waiting for room up to `usec` microseconds (0: not at all,
 * negative: as long as it takes). Nothing is received and no callback called, so it may be
 * used inside one; but a VM that first wants its replies read never makes room, so do not
 * wait for ever.
 *
 * -EAGAIN   time is over and something still waits
 * -ENOTCONN, -EINPROGRESS  not connected, or not yet
 * the loss  the connection is lost
 */
int coreio_ctx_flush(coreio_ctx *ctx, long long usec);

/*
 * A descriptor for any event loop: poll(2), epoll(7), select(2), libuv, asyncio, ... Watch
 * it for input only (POLLIN), level-triggered, with no time limit on the context's behalf,
 * and call coreio_ctx_dispatch() when it is readable: it stands for all sockets and timers
 * of the context. It is the same for the context's whole life, in every state; the context
 * closes it. Only a program that calls this pays for it.
 *
 * When the kernel has no memory to watch a socket, or the user watches too much already,
 * it is readable every 10 ms, until there is some.
 *
 * -EMFILE, -ENFILE, -ENOMEM  errno of epoll_create1(2) or timerfd_create(2)
 */
int coreio_ctx_fd(coreio_ctx *ctx);

/*
 * Do what there is to do and do not wait: receive, call callbacks, send, reconnect.
 *
 * -EBUSY     called from a callback of this context
 * -ENOTCONN  unconnected, or a callback has disconnected
 * the loss   the connection is lost; what had arrived before was served first, up to the
 *            first answer that could not be sent. Not with automatic reconnect
 */
int coreio_ctx_dispatch(coreio_ctx *ctx);

/*
 * Dispatch for `usec` microseconds, for ever when negative, and sleep when there is
 * nothing to do; 0 serves what is there. Returns 0 when the time is over or after
 * coreio_ctx_stop(). A signal does not end it: a program that ends by signals runs a loop
 * of its own with coreio_ctx_fd() and signalfd(2). Errors are those of
 * coreio_ctx_dispatch().
 */
int coreio_ctx_run(coreio_ctx *ctx, long long usec);

/*
 * From a callback: let the coreio_ctx_run() or coreio_ctx_dispatch() that calls it return, 0
 * if nothing is wrong, once the packet at hand is served. Packets received behind it wait for
 * the next one. Elsewhere it does nothing.
 */
void coreio_ctx_stop(coreio_ctx *ctx);

#ifdef __cplusplus
}
#endif

#endif
