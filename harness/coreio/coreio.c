/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of coreio.h: one client for the whole process. */
#include "coreio.h"

#include "ctx.h"

#include <errno.h>

static struct coreio_ctx client;

int coreio_connect(const char *target)
{
    return coreio_ctx_connect(&client, target);
}

void coreio_disconnect(void)
{
    coreio_ctx_disconnect(&client);
}

int coreio_register(unsigned rid, const coreio_func_t *func, void *priv)
{
    return coreio_ctx_register(&client, rid, func, priv);
}

int coreio_irq_update(unsigned rid, unsigned iid, unsigned state)
{
    return coreio_ctx_irq_update(&client, rid, iid, state);
}

int coreio_dma_read(unsigned mid, unsigned sid, uint64_t addr, size_t len, void *buf,
                    unsigned flags, void (*cpl)(void *cplp, int err), void *cplp)
{
    (void)mid, (void)sid, (void)addr, (void)len, (void)buf, (void)flags, (void)cpl, (void)cplp;
    return -ENOSYS;
}

int coreio_dma_write(unsigned mid, unsigned sid, uint64_t addr, size_t len, void *buf,
                     unsigned flags, void (*cpl)(void *cplp, int err), void *cplp)
{
    (void)mid, (void)sid, (void)addr, (void)len, (void)buf, (void)flags, (void)cpl, (void)cplp;
    return -ENOSYS;
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
    return coreio_ctx_mainloop(&client, usec);
}
