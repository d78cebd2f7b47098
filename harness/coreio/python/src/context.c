/* SPDX-License-Identifier: BSD-2-Clause */
/* The module coreio._coreio: the type Context and the exception BusError. */
#include "context.h"
#include "ctx.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

PyObject *coreio_bus_error;

/* For longer than a thread has the lock without giving way; a signal ends the wait too. */
#define WAIT_USEC (2 * COREIO_INTERRUPT_USEC)

static bool wait_for(PyThread_type_lock lock)
{
    PyLockStatus status = PyThread_acquire_lock_timed(lock, 0, 0);

    if (status != PY_LOCK_ACQUIRED) {
        Py_BEGIN_ALLOW_THREADS
        status = PyThread_acquire_lock_timed(lock, WAIT_USEC, 1);
        Py_END_ALLOW_THREADS
    }
    return status == PY_LOCK_ACQUIRED;
}

/* Through the turn, so that who gives the lock back does not have it again before who waits. */
static bool wait_in_turn(Context *self)
{
    bool taken;

    if (!wait_for(self->turn)) {
        return false;
    }
    taken = wait_for(self->lock);
    PyThread_release_lock(self->turn);
    return taken;
}

/* -1, only if `interruptible`: the handler of a signal has raised. */
static int take(Context *self, bool interruptible)
{
    while (!wait_in_turn(self)) {
        if (interruptible && PyErr_CheckSignals() < 0) {
            return -1;
        }
    }
    return 0;
}

int context_enter(Context *self)
{
    return take(self, true);
}

void context_return(Context *self)
{
    take(self, false);
    if (context_has_raised(self)) {
        coreio_ctx_stop(self->ctx);
    }
}

void context_leave(Context *self)
{
    PyThread_release_lock(self->lock);
}

void context_block(Context *self)
{
    self->state = PyEval_SaveThread();
}

void context_unblock(Context *self)
{
    PyEval_RestoreThread(self->state);
}

/* Called by the C library from time to time while it blocks. True: a handler has raised. */
static bool is_interrupted(void *priv)
{
    Context *self = priv;
    bool raised;

    context_unblock(self);
    context_leave(self);
    raised = PyErr_CheckSignals() < 0;
    take(self, false);
    context_block(self);
    return raised;
}

PyObject *context_result(int err)
{
    if (err >= 0) {
        Py_RETURN_NONE;
    }
    if (err == -EINTR && PyErr_Occurred()) {
        return NULL;
    }
    errno = -err;
    return PyErr_SetFromErrno(PyExc_OSError);
}

PyObject *context_done(Context *self, int err)
{
    context_leave(self);
    return context_result(err);
}

int context_unsigned(PyObject *number, void *address)
{
    PyObject *index = PyNumber_Index(number);
    unsigned long value = index ? PyLong_AsUnsignedLong(index) : 0;

    Py_XDECREF(index);
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_OverflowError)) {
            return 0;
        }
        PyErr_Clear();
        value = UINT_MAX;
    }
    *(unsigned *)address = value < UINT_MAX ? (unsigned)value : UINT_MAX;
    return 1;
}

/* The old locks are not freed: to threads that the child has not got they are still in use. */
static PyObject *context_renew_locks(Context *self, PyObject *unused)
{
    PyThread_type_lock lock = PyThread_allocate_lock();
    PyThread_type_lock turn = PyThread_allocate_lock();

    (void)unused;
    if (!lock || !turn) {
        return PyErr_NoMemory();
    }
    self->lock = lock;
    self->turn = turn;
    return context_result(0);
}

static PyObject *context_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Context *self = (Context *)alloc(type, 0);

    (void)args, (void)keywords;
    if (!self) {
        return NULL;
    }
    self->lock = PyThread_allocate_lock();
    self->turn = PyThread_allocate_lock();
    self->reported = PySet_New(NULL);
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake_fd < 0) {
        Py_DECREF(self);
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    self->ctx = self->lock && self->turn && self->reported ? coreio_ctx_new() : NULL;
    if (!self->ctx) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    coreio_ctx_set_interrupt(self->ctx, is_interrupted, self);
    return (PyObject *)self;
}

static int context_traverse(Context *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->reported);
    Py_VISIT(self->raised);
    return context_visit_callbacks(self, visit, arg) || context_visit_transfers(self, visit, arg);
}

static void disconnect(Context *self)
{
    if (self->ctx) {
        take(self, false);
        coreio_ctx_disconnect(self->ctx);
        context_leave(self);
    }
}

/* Unfinished DMA ends, and its functions are called, while an object of a subclass is whole. */
static void context_finalize(Context *self)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    disconnect(self);
    PyErr_Restore(type, value, traceback);
}

static int context_clear(Context *self)
{
    disconnect(self);
    context_clear_callbacks(self);
    Py_CLEAR(self->reported);
    Py_CLEAR(self->raised);
    return 0;
}

static void context_dealloc(Context *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    freefunc free_object = (freefunc)PyType_GetSlot(type, Py_tp_free);

    PyObject_GC_UnTrack(self);
    context_clear(self);
    coreio_ctx_free(self->ctx);
    if (self->lock) {
        PyThread_free_lock(self->lock);
    }
    if (self->turn) {
        PyThread_free_lock(self->turn);
    }
    if (self->wake_fd >= 0) {
        close(self->wake_fd);
    }
    free_object(self);
    Py_DECREF(type);
}

/* Both ways to connect, `start` for the one that does not wait. */
static PyObject *connect_to(Context *self, PyObject *args,
                            int (*connect)(coreio_ctx *ctx, const char *target))
{
    PyObject *target, *bytes;
    const char *text;
    int err;

    if (!PyArg_ParseTuple(args, "U", &target)) {
        return NULL;
    }
    bytes = PyUnicode_EncodeFSDefault(target);
    text = bytes ? PyBytes_AsString(bytes) : NULL;
    if (!text) {
        return NULL;
    }
    if (strlen(text) != (size_t)PyBytes_Size(bytes)) { /* a null byte hides a part */
        err = -EINVAL;
    } else if (context_enter(self) < 0) {
        err = -EINTR;
    } else {
        context_block(self);
        err = connect(self->ctx, text);
        context_unblock(self);
        context_leave(self);
    }
    Py_DECREF(bytes);
    if (err == 0 || PyErr_Occurred()) {
        return context_result(err);
    }
    errno = -err;
    return PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, target);
}

static PyObject *context_connect(Context *self, PyObject *args)
{
    return connect_to(self, args, coreio_ctx_connect);
}

static PyObject *context_connect_start(Context *self, PyObject *args)
{
    return connect_to(self, args, coreio_ctx_connect_start);
}

static PyObject *context_disconnect(Context *self, PyObject *unused)
{
    (void)unused;
    if (context_enter(self) < 0) {
        return NULL;
    }
    coreio_ctx_disconnect(self->ctx);
    context_leave(self);
    return context_raise(self) ? NULL : context_result(0);
}

static PyObject *context_status(Context *self, PyObject *unused)
{
    int status;

    (void)unused;
    if (context_enter(self) < 0) {
        return NULL;
    }
    status = coreio_ctx_status(self->ctx);
    context_leave(self);
    return PyLong_FromLong(status);
}

static PyObject *context_set_reconnect(Context *self, PyObject *args)
{
    unsigned first, most;

    if (!PyArg_ParseTuple(args, "O&O&", context_unsigned, &first, context_unsigned, &most)) {
        return NULL;
    }
    if (context_enter(self) < 0) {
        return NULL;
    }
    return context_done(self, coreio_ctx_set_reconnect(self->ctx, first, most));
}

static PyObject *context_set_spin(Context *self, PyObject *args)
{
    unsigned us;

    if (!PyArg_ParseTuple(args, "O&", context_unsigned, &us)) {
        return NULL;
    }
    if (context_enter(self) < 0) {
        return NULL;
    }
    self->spin_us = us;
    coreio_ctx_set_spin(self->ctx, us);
    return context_done(self, 0);
}

static PyObject *context_irq_update(Context *self, PyObject *args)
{
    unsigned rid, iid;
    int state;

    if (!PyArg_ParseTuple(args, "O&O&p", context_unsigned, &rid, context_unsigned, &iid, &state)) {
        return NULL;
    }
    if (context_enter(self) < 0) {
        return NULL;
    }
    return context_done(self, coreio_ctx_irq_update(self->ctx, rid, iid, (unsigned)state));
}

static PyObject *context_flush_us(Context *self, PyObject *args)
{
    long long us;
    int err;

    if (!PyArg_ParseTuple(args, "L", &us)) {
        return NULL;
    }
    if (context_enter(self) < 0) {
        return NULL;
    }
    context_block(self);
    err = coreio_ctx_flush(self->ctx, us);
    context_unblock(self);
    return context_done(self, err);
}

int context_fd(Context *self)
{
    int fd;

    if (context_enter(self) < 0) {
        return -EINTR;
    }
    fd = coreio_ctx_fd(self->ctx);
    context_leave(self);
    return fd;
}

static PyObject *context_fileno(Context *self, PyObject *unused)
{
    int fd = context_fd(self);

    (void)unused;
    return fd < 0 ? context_result(fd) : PyLong_FromLong(fd);
}

static PyObject *context_get_serving(Context *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->serving);
}

/* Through void (*)(void): a method with keywords has one argument more than PyCFunction. */
#define METHOD(name, flags, doc) \
    {#name, (PyCFunction)(void (*)(void))context_##name, flags, PyDoc_STR(doc)}

static PyMethodDef context_methods[] = {
    METHOD(connect, METH_VARARGS, "connect(target): connect and wait until it is done"),
    METHOD(connect_start, METH_VARARGS, "connect_start(target): begin to connect"),
    METHOD(disconnect, METH_NOARGS, "disconnect(): close the connection; unfinished DMA ends"),
    METHOD(status, METH_NOARGS, "status(): 0 when connected, else a negative errno"),
    METHOD(set_reconnect, METH_VARARGS,
           "set_reconnect(first_ms, most_ms): make a lost connection again; 0, 0: do not"),
    METHOD(set_spin, METH_VARARGS, "set_spin(usec): ask for so long before sleeping"),
    METHOD(register, METH_VARARGS | METH_KEYWORDS,
           "register(rid, read, write, readp=None, writep=None, funcp=None): model range rid"),
    METHOD(unregister, METH_VARARGS, "unregister(rid): forget the callbacks of range rid"),
    METHOD(set_events, METH_VARARGS | METH_KEYWORDS,
           "set_events(connected=None, disconnected=None, reset=None): functions to call"),
    METHOD(irq_update, METH_VARARGS, "irq_update(rid, iid, state): set an interrupt line"),
    METHOD(dma_read, METH_VARARGS | METH_KEYWORDS,
           "dma_read(mid, sid, addr, buf, flags=0, cpl=None, cplp=None): read guest memory"),
    METHOD(dma_write, METH_VARARGS | METH_KEYWORDS,
           "dma_write(mid, sid, addr, buf, flags=0, cpl=None, cplp=None): write guest memory"),
    METHOD(flush_us, METH_VARARGS, "flush_us(usec): wait until all that is to be sent is sent"),
    METHOD(fileno, METH_NOARGS, "fileno(): a descriptor that is readable when dispatch() is due"),
    METHOD(dispatch, METH_NOARGS, "dispatch(): serve what has arrived and do not wait"),
    METHOD(run_us, METH_VARARGS, "run_us(usec): serve for so long, for ever when negative"),
    METHOD(stop, METH_NOARGS, "stop(): let run() return, the one in progress or else the next"),
    METHOD(cancel_stop, METH_NOARGS, "cancel_stop(): forget a stop() that no run() has seen"),
    METHOD(renew_locks, METH_NOARGS, "renew_locks(): for a forked child, before any other call"),
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef context_getset[] = {
    {"serving", (getter)context_get_serving, NULL, PyDoc_STR("is a thread in run() or dispatch()?"), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot context_slots[] = {
    {Py_tp_doc, PyDoc_STR("One client of one VM: see coreio-ctx.h")},
    {Py_tp_new, context_new},
    {Py_tp_finalize, context_finalize},
    {Py_tp_dealloc, context_dealloc},
    {Py_tp_traverse, context_traverse},
    {Py_tp_clear, context_clear},
    {Py_tp_methods, context_methods},
    {Py_tp_getset, context_getset},
    {0, NULL},
};

static PyType_Spec context_spec = {
    .name = "coreio._coreio.Context",
    .basicsize = sizeof(Context),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = context_slots,
};

static PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "coreio._coreio",
    .m_doc = PyDoc_STR("The C half of coreio"),
    .m_size = -1,
};

PyMODINIT_FUNC PyInit__coreio(void);

PyMODINIT_FUNC PyInit__coreio(void)
{
    PyObject *module = PyModule_Create(&module_def);
    PyObject *context = PyType_FromSpec(&context_spec);

    coreio_bus_error = PyErr_NewExceptionWithDoc(
        "coreio.BusError", "Raised by a callback: the access fails, and nothing is reported.",
        NULL, NULL);
    if (!module || !context || !coreio_bus_error ||
        PyModule_AddObject(module, "Context", context) < 0 ||
        PyModule_AddObject(module, "BusError", new_ref(coreio_bus_error)) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
