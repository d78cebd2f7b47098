/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coreio.Context: one coreio_ctx as a Python object.
 *
 * Threads. The C library wants one thread at a time, so a context has a lock. A thread has it
 * exactly while it is inside the library: from context_enter() to context_leave() around every
 * call. Python code of any kind, the freeing of an object included, runs without it: what the
 * library calls begins with context_leave() and ends with context_return(), so that a callback may
 * do what any thread may, and calls that block (connect, flush, DMA) give way, to handlers
 * of signals and to who waits, every COREIO_INTERRUPT_USEC. These also go without the GIL. Who
 * has the lock may wait for the GIL, so who waits for the lock does it without the GIL.
 *
 * run() waits in ppoll(2) with neither. docs/decisions/0010 tells why it is so.
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
    PyObject *raised;           /* what the call that called back is to raise, or NULL */
    unsigned long raiser;       /* and in which thread */
    struct transfer *transfers; /* unfinished asynchronous DMA */
    unsigned spin_us;
    bool serving; /* a thread is in run() or dispatch() */
    int wake_fd;  /* eventfd(2), readable after stop() */
    PyThread_type_lock lock;
    PyThread_type_lock turn; /* who has it gets the lock next */
    PyThreadState *state;    /* of who has the lock, while without the GIL */
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
 * Take the lock, and give it back. -1: the handler of a signal that came while another thread
 * had it has raised an exception.
 */
int context_enter(Context *self);
void context_leave(Context *self);

/* As context_enter() at the end of a callback: nothing can prevent that the library goes on. */
void context_return(Context *self);

/* With the lock, around a call that may block: without the GIL. Nothing between may use Python. */
void context_block(Context *self);
void context_unblock(Context *self);

/*
 * None for 0; else raises OSError, of the subclass that -err has, and returns NULL. With
 * -EINTR the exception may be there already, from a call that a handler of a signal has ended.
 */
PyObject *context_result(int err);

/* The end of a method: context_leave(), and the result of its call. */
PyObject *context_done(Context *self, int err);

/* coreio_ctx_fd(); -EINTR: an exception is set. */
int context_fd(Context *self);

/* A PyLong as an unsigned int; one that does not fit becomes UINT_MAX, which no call takes. */
int context_unsigned(PyObject *number, void *address);

/* callbacks.c */

/*
 * A callback has raised: take the exception. One that is no Exception (KeyboardInterrupt,
 * SystemExit) ends the call that called back, run() or another, and is raised by it, and in an
 * access disconnects, so that the access has no reply and the VM decides about it; BusError is
 * silent; any other is reported through sys.unraisablehook, once for each line of code and
 * message, the first 100.
 */
void context_callback_raised(Context *self, PyObject *callback);

/* A callback in this thread has ended the call; and have that call raise it, if so. */
bool context_has_raised(const Context *self);
bool context_raise(Context *self);

PyObject *context_register(Context *self, PyObject *args, PyObject *keywords);
PyObject *context_unregister(Context *self, PyObject *args);
PyObject *context_set_events(Context *self, PyObject *args, PyObject *keywords);

/* Drop the references of all ranges and events. */
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
