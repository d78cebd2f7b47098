/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coreio.Context: one coreio_ctx as a Python object.
 *
 * Threads. The GIL is what keeps the context to one thread at a time: every call of the C
 * library is made with it held, but for those that may block (connect, flush, blocking DMA).
 * Around these the GIL is released and `blocked` set; context_enter() lets other threads wait.
 * Python's handlers of signals run inside these calls, with the GIL, and may use the context.
 * run() waits in ppoll(2) without the GIL and touches nothing of the context meanwhile, so any
 * thread may raise a line or start DMA while another one runs.
 *
 * All functions here need the GIL. Those that return a PyObject * or -1 have set an exception.
 */
#ifndef COREIO_PYTHON_CONTEXT_H
#define COREIO_PYTHON_CONTEXT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

#include "coreio-ctx.h"

typedef struct Context Context;
struct transfer;

/* The callbacks of a range, strong references or NULL; `self` is borrowed. */
struct range {
    Context *self;
    PyObject *read, *write, *readp, *writep;
    PyObject *funcp;
};

struct Context {
    PyObject_HEAD
    coreio_ctx *ctx;
    struct range ranges[COREIO_RANGES_MAX];
    PyObject *connected, *disconnected, *reset; /* events, strong or NULL */
    PyObject *reported;         /* set of (place, message) of reported exceptions */
    unsigned reports;           /* their number */
    PyObject *raised;           /* an exception that run() or dispatch() is to raise, or NULL */
    struct transfer *transfers; /* unfinished asynchronous DMA */
    unsigned spin_us;
    bool serving; /* inside coreio_ctx_dispatch() */
    int wake_fd;  /* eventfd(2), readable after stop() */
    unsigned blocked; /* calls of one thread that block in the C library, one inside the other */
    unsigned long blocker;     /* that thread, which has the lock */
    PyThreadState *state;      /* and its state while it is without the GIL */
    PyThread_type_lock lock;
};

/* Py_NewRef() and Py_XSETREF(), which not every supported version has. */
static inline PyObject *new_ref(PyObject *object)
{
    Py_INCREF(object);
    return object;
}

static inline void replace_ref(PyObject **slot, PyObject *object)
{
    PyObject *old = *slot;

    *slot = object;
    Py_XDECREF(old);
}

/* coreio.BusError: a callback raises it to fail an access without a report. */
extern PyObject *coreio_bus_error;

/*
 * Wait until no other thread blocks inside the context. -1: the handler of a signal that came
 * meanwhile has raised an exception.
 */
int context_enter(Context *self);

/* Surround a C call that may block. Nothing between may use Python. */
void context_block(Context *self);
void context_unblock(Context *self);

/*
 * None for 0; else raises OSError, of the subclass that -err has, and returns NULL. With
 * -EINTR the exception may be there already, from a call that a handler of a signal has ended.
 */
PyObject *context_result(int err);

/* A PyLong as an unsigned int; one that does not fit becomes UINT_MAX, which no call takes. */
int context_unsigned(PyObject *number, void *address);

/* callbacks.c */

/*
 * A callback has raised: take the exception. One that is no Exception (KeyboardInterrupt,
 * SystemExit) ends run() and is raised by it, and in an access disconnects, so that the access has
 * no reply and the VM decides about it; BusError is silent; any other is reported through
 * sys.unraisablehook, once for each line of code and message, the first 100.
 */
void context_callback_raised(Context *self, PyObject *callback);

PyObject *context_register(Context *self, PyObject *args, PyObject *keywords);
PyObject *context_unregister(Context *self, PyObject *args);
PyObject *context_set_events(Context *self, PyObject *args, PyObject *keywords);

/* Drop the references of a range, or of all and the events. */
void context_clear_range(struct range *range);
void context_clear_callbacks(Context *self);
int context_visit_callbacks(Context *self, visitproc visit, void *arg);

/* dma.c */
PyObject *context_dma_read(Context *self, PyObject *args, PyObject *keywords);
PyObject *context_dma_write(Context *self, PyObject *args, PyObject *keywords);
int context_visit_transfers(Context *self, visitproc visit, void *arg);

/* run.c */
PyObject *context_dispatch(Context *self, PyObject *unused);
PyObject *context_run_us(Context *self, PyObject *args);
PyObject *context_stop(Context *self, PyObject *unused);
PyObject *context_cancel_stop(Context *self, PyObject *unused);

#endif
