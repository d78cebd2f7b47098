/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls of coreio.h, made of the Python module `coreio`: what c_api.c hands out and c_api.py
 * fills in, in this order. So a C program written for libcoreio, such as the scripts of
 * tests/protocol, drives a Python handler.
 */
#ifndef TESTS_PYTHON_C_API_H
#define TESTS_PYTHON_C_API_H

#include "coreio.h"

typedef void (*c_api_completion)(void *cplp, int err);

struct c_api {
    int (*connect)(const char *target);
    void (*disconnect)(void);
    int (*registers)(unsigned rid, const coreio_func_t *func, void *priv);
    int (*irq_update)(unsigned rid, unsigned iid, unsigned state);
    int (*dma_read)(unsigned mid, unsigned sid, uint64_t addr, size_t len, void *buf,
                    unsigned flags, c_api_completion cpl, void *cplp);
    int (*dma_write)(unsigned mid, unsigned sid, uint64_t addr, size_t len, void *buf,
                     unsigned flags, c_api_completion cpl, void *cplp);
    int (*preparefds)(int nfds, fd_set *readfds, fd_set *writefds);
    int (*processfds)(fd_set *readfds, fd_set *writefds);
    int (*mainloop)(long long usec);
};

#endif
