/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A handler as programs for this protocol are: the calls of coreio.h alone, in a select() loop.
 * C99 without extensions, and C++.
 */
#include <coreio.h>

#include <stdio.h>
#include <string.h>

static unsigned char memory[256];

static int on_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    (void)priv, (void)flags;
    memcpy(buf, memory + addr % 128, len);
    return 0;
}

static int on_write(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    (void)priv, (void)flags;
    memcpy(memory + addr % 128, buf, len);
    return 0;
}

static const coreio_func_t func = { on_read, on_write, NULL, NULL };

static int serve(void)
{
    for (;;) {
        fd_set readfds, writefds;
        int nfds;

        FD_ZERO(&readfds);
        FD_ZERO(&writefds);
        nfds = coreio_preparefds(0, &readfds, &writefds);
        if (nfds < 0) {
            return nfds;
        }
        if (select(nfds, &readfds, &writefds, NULL, NULL) < 0) {
            return -1;
        }
        nfds = coreio_processfds(&readfds, &writefds);
        if (nfds != 0) {
            return nfds;
        }
    }
}

int main(int argc, char **argv)
{
    int err = coreio_connect(argc > 1 ? argv[1] : "localhost:4300");

    if (err == 0) {
        err = coreio_register(0, &func, NULL);
    }
    if (err == 0) {
        err = serve();
    }
    fprintf(stderr, "old_style: %s\n", strerror(-err));
    return 1;
}
