/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of coreio.h: one context for the whole process, whose registrations and levels
 * belong to a connection, and which reports a loss where it is noticed.
 */
#include "coreio.h"

#include "ctx.h"

static struct coreio_ctx client;

int coreio_connect(const char *target)
{
    if (coreio_ctx_status(&client)) {
        coreio_ctx_forget(&client);
    }
    return coreio_ctx_connect(&client, target);
}

void coreio_disconnect(void)
{
    coreio_ctx_disconnect(&client);
    coreio_ctx_forget(&client);
    coreio_watch_close(&client.watch);
}

int coreio_register(unsigned rid, const coreio_func_t *func, void *priv)
{
    int err = coreio_ctx_status(&client);

    if (err && rid < COREIO_RANGES_MAX && func) {
        return err;
    }
    err = coreio_ctx_register(&client, rid, func, priv);
    return err ? err : coreio_ctx_status(&client);
}

int coreio_irq_update(unsigned rid, unsigned iid, unsigned state)
{
    int err = coreio_ctx_status(&client);

    if (err && rid < COREIO_RANGES_MAX && iid < COREIO_IRQS_MAX) {
        return err;
    }
    err = coreio_ctx_irq_update(&client, rid, iid, state);
    return err ? err : coreio_ctx_status(&client);
}

int coreio_dma_read(unsigned mid, unsigned sid, uint64_t addr, size_t len, void *buf,
                    unsigned flags, void (*cpl)(void *cplp, int err), void *cplp)
{
    return coreio_ctx_dma_read(&client, mid, sid, addr, len, buf, flags, cpl, cplp);
}

int coreio_dma_write(unsigned mid, unsigned sid, uint64_t addr, size_t len, void *buf,
                     unsigned flags, void (*cpl)(void *cplp, int err), void *cplp)
{
    return coreio_ctx_dma_write(&client, mid, sid, addr, len, buf, flags, cpl, cplp);
}

int coreio_preparefds(int nfds, fd_set *readfds, fd_set *writefds)
{
    return coreio_ctx_preparefds(&client, nfds, readfds, writefds);
}

int coreio_processfds(fd_set *readfds, fd_set *writefds)
{
    return coreio_ctx_processfds(&client, readfds, writefds);
}

int coreio_mainloop(long long usec)
{
    return coreio_ctx_run(&client, usec);
}
