/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes the place of libcoreio: see c_api.h. Python starts in the process that first calls. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "c_api.h"

static struct c_api api;

static void fail(const char *what)
{
    PyErr_Print();
    fprintf(stderr, "c_api: %s\n", what);
    exit(EXIT_FAILURE);
}

/* The interpreter that the build found, not the first on the user's PATH. */
static void start_python(void)
{
    PyConfig config;
    PyObject *module, *done;

    PyConfig_InitPythonConfig(&config);
    config.install_signal_handlers = 0;
    if (PyStatus_Exception(PyConfig_SetBytesString(&config, &config.program_name, PYTHON)) ||
        PyStatus_Exception(Py_InitializeFromConfig(&config))) {
        fail("Python does not start");
    }
    PyConfig_Clear(&config);
    module = PyImport_ImportModule("c_api");
    done = module ? PyObject_CallMethod(module, "fill", "K", (unsigned long long)(uintptr_t)&api)
                  : NULL;
    if (!done) {
        fail("c_api.py cannot be used");
    }
}

static const struct c_api *python(void)
{
    if (!api.connect) {
        start_python();
    }
    return &api;
}

int coreio_connect(const char *target)
{
    return python()->connect(target);
}

void coreio_disconnect(void)
{
    python()->disconnect();
}

int coreio_register(unsigned rid, const coreio_func_t *func, void *priv)
{
    return python()->registers(rid, func, priv);
}

int coreio_irq_update(unsigned rid, unsigned iid, unsigned state)
{
    return python()->irq_update(rid, iid, state);
}

int coreio_dma_read(unsigned mid, unsigned sid, uint64_t addr, size_t len, void *buf,
                    unsigned flags, void (*cpl)(void *cplp, int err), void *cplp)
{
    return python()->dma_read(mid, sid, addr, len, buf, flags, cpl, cplp);
}

int coreio_dma_write(unsigned mid, unsigned sid, uint64_t addr, size_t len, void *buf,
                     unsigned flags, void (*cpl)(void *cplp, int err), void *cplp)
{
    return python()->dma_write(mid, sid, addr, len, buf, flags, cpl, cplp);
}

int coreio_preparefds(int nfds, fd_set *readfds, fd_set *writefds)
{
    return python()->preparefds(nfds, readfds, writefds);
}

int coreio_processfds(fd_set *readfds, fd_set *writefds)
{
    return python()->processfds(readfds, writefds);
}

int coreio_mainloop(long long usec)
{
    return python()->mainloop(usec);
}
