/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A handler that claims the range and dies of the first write that reaches it. */
#include "coreio.h"

#include <stdio.h>
#include <unistd.h>

static int die(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    (void)priv;
    (void)addr;
    (void)len;
    (void)buf;
    (void)flags;
    fprintf(stderr, "dying-handler: as planned\n");
    _exit(9);
}

int main(int argc, char **argv)
{
    static const coreio_func_t func = {.read = die, .write = die};

    if (argc != 2 || coreio_connect(argv[1]) != 0 || coreio_register(0, &func, NULL) != 0) {
        return 1;
    }
    return coreio_mainloop(-1) == 0 ? 0 : 1;
}
