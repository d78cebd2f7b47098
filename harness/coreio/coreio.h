/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coreio: model hardware outside a virtual machine.
 *
 * A program connects to the vMMIO endpoint of a VM, registers callbacks for
 * the ranges that it models, and runs the main loop; each guest access to a
 * range becomes one callback.
 *
 *     #include <coreio.h>
 *     #include <string.h>
 *
 *     static int on_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
 *     {
 *         memset(buf, 42, len);
 *         return 0;
 *     }
 *
 *     int main(int argc, char **argv)
 *     {
 *         static const coreio_func_t func = { .read = on_read };
 *
 *         if (argc < 2 || coreio_connect(argv[1]) || coreio_register(0, &func, NULL)) {
 *             return 1;
 *         }
 *         coreio_mainloop(-1); // until the VM ends
 *         return 1;
 *     }
 *
 * New programs may prefer coreio-ctx.h: the same callbacks, with as many connections as
 * one likes, automatic reconnect, and a descriptor for any event loop.
 *
 * Results: every int is 0, or a negative errno that the function documents.
 *
 * Threads: the library holds one connection for the process and no lock. Call
 * it from one thread at a time. Callbacks run in the thread that called
 * coreio_mainloop() or coreio_processfds(). No signal handler is installed,
 * and a VM that goes away raises no SIGPIPE.
 *
 * When the VM closes the connection, the function that notices returns
 * -ECONNRESET, or the errno of the failed system call (-ETIMEDOUT, ...). From
 * then on every function that needs the connection returns the same value,
 * called "the loss" below, until coreio_disconnect() or coreio_connect().
 */
#ifndef COREIO_H
#define COREIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/select.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ranges of one endpoint (rid 0-7) and interrupt lines of one range (iid 0-7). */
#define COREIO_RANGES_MAX 8
#define COREIO_IRQS_MAX 8

/* How the guest made the access: bits of a callback's `flags`. */
#define COREIO_FLAGS_IFETCH 2 /* instruction fetch */
#define COREIO_FLAGS_PRIV 4   /* privileged, not user mode */
#define COREIO_FLAGS_SECURE 8 /* from the secure world */

/*
 * What a range does. Arguments of a callback:
 *   priv   the pointer given to coreio_register()
 *   addr   guest-physical address of the first byte (0xfef00004, not 4)
 *   len    bytes of the access, 1-32; of one element for a pair, 1-16
 *   buf    the data, first byte lowest; 8-byte aligned, 32 bytes readable and
 *          writable, valid until the callback returns. For a write the bytes
 *          above `len` are as the VM sent them (zero). For a read it holds
 *          what the VM sent, 0xaa, so data left alone reads as unclaimed; only
 *          the first `len` bytes are sent back.
 *   flags  COREIO_FLAGS_*
 *
 * A callback returns 0, or anything else for a bus error in the guest (a
 * posted write has no answer, so its result is lost). It may call every
 * function below except coreio_mainloop() and coreio_processfds().
 *
 * Any member may be NULL. Without readp or writep, a pair is two calls of read
 * or write, for `addr` and `addr + len`, the second only when the first
 * returned 0 and left the registration and the connection in place; else the
 * pair has failed. Without read, the range reads as unclaimed (0xaa); without
 * write, writes are accepted and dropped.
 */
typedef struct coreio_func {
    int (*read)(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags);
    int (*write)(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags);
    int (*readp)(void *priv, uint64_t addr, size_t len, void *buf1, void *buf2, unsigned flags);
    int (*writep)(void *priv, uint64_t addr, size_t len, void *buf1, void *buf2, unsigned flags);
} coreio_func_t;

/*
 * Connect to the VM and wait until the connection is made.
 *
 * target: "HOST", "HOST:PORT", "ADDRESS6", "[ADDRESS6]", "[ADDRESS6]:PORT" or
 * "unix:/PATH". HOST is a name or an IPv4 address, PORT is 1-65535, 4800 when
 * left out. Each address of a name is tried in turn. The string is not kept.
 * "::1:4300" is an address without a port: one with a port needs the brackets.
 *
 * -EINVAL     target is NULL, empty, or not of these forms
 * -EISCONN    connected already: coreio_disconnect() first
 * -ECANCELED  called by a completion of DMA that coreio_disconnect() calls
 * -ENOENT     the host name is not known, or there is no such Unix socket
 * -EAGAIN     the name service did not answer; try again later
 * -ENOMEM     out of memory
 * -ECONNREFUSED, -ENETUNREACH, -EMFILE, ...: errno of socket(2) or connect(2)
 *             for the last address tried
 */
int coreio_connect(const char *target);

/*
 * Close the connection and forget all registrations. Updates that the VM has
 * not taken yet are lost, and unfinished DMA is completed with -ECANCELED. Does
 * nothing when not connected. coreio_connect() and coreio_register() then work
 * afresh.
 */
void coreio_disconnect(void);

/*
 * Claim range `rid` (0-7) and have its accesses call *func, which is copied.
 * `priv` is handed to the callbacks and stays the caller's. The claim is sent
 * at once and has no answer: a VM without such a range closes the connection,
 * as it does when another client claims the range later.
 *
 * -EINVAL    rid > 7 or func is NULL
 * -ENOTCONN  not connected: registrations belong to a connection
 * -EBUSY     this connection has registered the range already
 * -EAGAIN    64 KiB wait to be sent; serve the connection and try again
 * the loss   the VM has closed the connection
 */
int coreio_register(unsigned rid, const coreio_func_t *func, void *priv);

/*
 * Set interrupt line `iid` (0-7) of range `rid` (0-7) to `state`: 0 is low,
 * anything else high. An edge takes two calls. A level that equals the one
 * last sent on this connection is not sent again. The update goes out before
 * the reply to the access whose callback makes this call.
 *
 * -EINVAL    rid > 7 or iid > 7
 * -ENOTCONN  not connected
 * -EAGAIN    64 KiB wait to be sent; the level is unchanged, try again
 * the loss   the VM has closed the connection
 */
int coreio_irq_update(unsigned rid, unsigned iid, unsigned state);

/*
 * Read or write `len` bytes of guest memory at `addr` through region `sid` (0-15) of IOMMU
 * `mid` (0-255); 0 and 0: guest-physical. `flags` are COREIO_FLAGS_*. The transfer travels
 * in requests of up to 32 bytes on a second connection to the same target, which the first
 * call makes.
 *
 * With cpl == NULL the call blocks until the transfer is finished; only the DMA connection
 * is served meanwhile, so it may be made inside a callback. Else it returns at once, and
 * cpl(cplp, err) is called exactly once from a later coreio_processfds(), coreio_mainloop()
 * or coreio_disconnect(); after a result other than 0, never. `buf` stays the library's
 * until then.
 *
 * Results, of the call or given to cpl:
 *
 * -EFAULT     the VM refused: no RAM there, memory kept from DMA, or no such mid or sid;
 *             a part may have been transferred
 * -ECANCELED  coreio_disconnect() came first
 * the loss    the connection, or the DMA connection alone, ended first; the latter is
 *             made anew by the next call
 * -EINVAL     (call) mid > 255, sid > 15, flags > 15, buf NULL with len > 0, or addr + len
 *             beyond 64 bits
 * -ENOTCONN   (call) not connected
 * -EAGAIN     (call, cpl != NULL) 1024 transfers are unfinished: serve the connection until
 *             a completion was called, and try again
 * -ENOMEM     (call, cpl != NULL) out of memory
 * -ECONNREFUSED, -EMFILE, ...  errno with which the DMA connection could not be made
 */
int coreio_dma_read(unsigned mid, unsigned sid, uint64_t addr, size_t len, void *buf,
                    unsigned flags, void (*cpl)(void *cplp, int err), void *cplp);
int coreio_dma_write(unsigned mid, unsigned sid, uint64_t addr, size_t len, void *buf,
                     unsigned flags, void (*cpl)(void *cplp, int err), void *cplp);

/*
 * For a select(2) loop of the caller's: add what the connections wait for to
 * *readfds and *writefds (neither may be NULL) and return the larger of `nfds`
 * and the highest descriptor + 1. Without a connection nothing is added
 * and `nfds` comes back.
 *
 * -EMFILE  a descriptor is FD_SETSIZE or more, which select(2) cannot watch;
 *          coreio_mainloop() has no such limit
 */
int coreio_preparefds(int nfds, fd_set *readfds, fd_set *writefds);

/*
 * Serve the connection after select(2): call the callbacks of the accesses
 * that have arrived and send what waits. Never blocks, except in a callback.
 * Either set may be NULL: nothing is ready then.
 *
 * -ENOTCONN  not connected, or a callback has disconnected
 * -EBUSY     called from a callback
 * -EMFILE    as for coreio_preparefds()
 * the loss   the VM has closed the connection; what had arrived before is
 *            served first, up to the first answer that could not be sent
 */
int coreio_processfds(fd_set *readfds, fd_set *writefds);

/*
 * Serve the connection for `usec` microseconds, for ever when negative; 0
 * serves what is there and does not wait. Returns 0 when the time is over. A
 * signal does not end it.
 *
 * -ENOTCONN  not connected, or a callback has disconnected
 * -EBUSY     called from a callback
 * the loss   as for coreio_processfds()
 */
int coreio_mainloop(long long usec);

#ifdef __cplusplus
}
#endif

#endif
