/* SPDX-License-Identifier: BSD-2-Clause */
/* What the C library calls: accesses and events become calls of Python functions. */
#include "context.h"

#include <errno.h>
#include <string.h>

/* Of one client, so that a message that is new each time floods nobody. */
#define REPORTS_MAX 100

/* The line that raised: ("file.py", 12) of the innermost frame. NULL: an exception is set. */
static PyObject *place_of(PyObject *traceback)
{
    PyObject *at = new_ref(traceback);
    PyObject *next, *frame, *code, *place = NULL;

    while (at && (next = PyObject_GetAttrString(at, "tb_next")) != Py_None) {
        Py_DECREF(at);
        at = next;
    }
    if (!at) {
        return NULL;
    }
    Py_DECREF(Py_None);
    frame = PyObject_GetAttrString(at, "tb_frame");
    code = frame ? PyObject_GetAttrString(frame, "f_code") : NULL;
    if (code) {
        place = Py_BuildValue("(NN)", PyObject_GetAttrString(code, "co_filename"),
                              PyObject_GetAttrString(at, "tb_lineno"));
    }
    Py_XDECREF(code);
    Py_XDECREF(frame);
    Py_DECREF(at);
    return place;
}

/* Where and what: without a traceback, as for a bad result, the callback is the place. */
static PyObject *report_of(PyObject *callback, PyObject *value, PyObject *traceback)
{
    PyObject *place = traceback ? place_of(traceback) : new_ref(callback);
    PyObject *text = place ? PyObject_Str(value) : NULL;
    PyObject *report = text ? Py_BuildValue("(OO)", place, text) : NULL;

    Py_XDECREF(place);
    Py_XDECREF(text);
    return report;
}

/* True when this is to be reported: it is new, and there were not too many. */
static bool is_new_report(Context *self, PyObject *callback, PyObject *value, PyObject *traceback)
{
    PyObject *report = self->reports < REPORTS_MAX ? report_of(callback, value, traceback) : NULL;
    int known = report ? PySet_Contains(self->reported, report) : -1;

    if (known == 0) {
        known = PySet_Add(self->reported, report);
    }
    Py_XDECREF(report);
    if (known < 0) {
        PyErr_Clear();
    }
    return known <= 0 && self->reports < REPORTS_MAX;
}

/* Takes the references. */
static void report(Context *self, PyObject *callback, PyObject *type, PyObject *value,
                   PyObject *traceback)
{
    PyErr_Restore(type, value, traceback);
    PyErr_WriteUnraisable(callback);
    self->reports++;
    if (self->reports == REPORTS_MAX) {
        PyErr_Format(PyExc_RuntimeError, "%d exceptions of callbacks reported: no more will be",
                     REPORTS_MAX);
        PyErr_WriteUnraisable(callback);
    }
}

bool context_has_raised(const Context *self)
{
    return self->raised && self->raiser == PyThread_get_thread_ident();
}

bool context_raise(Context *self)
{
    PyObject *raised = self->raised;

    if (!context_has_raised(self)) {
        return false;
    }
    self->raised = NULL;
    PyErr_SetObject((PyObject *)Py_TYPE(raised), raised);
    Py_DECREF(raised);
    return true;
}

void context_callback_raised(Context *self, PyObject *callback)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback) {
        PyException_SetTraceback(value, traceback);
    }
    if (!PyErr_GivenExceptionMatches(type, PyExc_Exception)) {
        self->raiser = PyThread_get_thread_ident();
        replace_ref(&self->raised, new_ref(value));
    } else if (!PyErr_GivenExceptionMatches(type, coreio_bus_error) &&
               is_new_report(self, callback, value, traceback)) {
        report(self, callback, type, value, traceback);
        return;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

/* Copy what a read callback has put into its bytearray. */
static int take_data(PyObject *data, void *buf, size_t len)
{
    if ((size_t)PyByteArray_Size(data) != len) {
        PyErr_Format(PyExc_ValueError,
                     "the callback made %zu bytes of data into %zd: change them in place", len,
                     PyByteArray_Size(data));
        return -1;
    }
    memcpy(buf, PyByteArray_AsString(data), len);
    return 0;
}

/* What a callback returned: 0 or None is success. Negative: an exception is set. */
static int status_of(PyObject *result)
{
    /* Before Python 3.10 PyLong_AsLong() alone would cut a float. */
    PyObject *number = result == Py_None ? PyLong_FromLong(0) : PyNumber_Index(result);
    long status = number ? PyLong_AsLong(number) : -1;

    Py_XDECREF(number);
    if (status == -1 && PyErr_Occurred()) {
        PyErr_Format(PyExc_TypeError,
                     "the callback returned %R: return 0 or None, or a number for a bus error",
                     result);
        return -1;
    }
    return status != 0;
}

/* The bytes of an access, `n` buffers of them, and how the guest made it. */
struct access {
    uint64_t addr;
    size_t len;
    void *buf[2];
    unsigned n;
    unsigned flags;
    bool is_read;
};

static PyObject *call(PyObject *function, PyObject *funcp, const struct access *access,
                      PyObject *data[2])
{
    PyObject *addr = PyLong_FromUnsignedLongLong(access->addr);
    PyObject *flags = PyLong_FromUnsignedLong(access->flags);
    PyObject *result = NULL;

    if (addr && flags && access->n == 1) {
        result = PyObject_CallFunctionObjArgs(function, funcp, addr, data[0], flags, NULL);
    } else if (addr && flags) {
        result = PyObject_CallFunctionObjArgs(function, funcp, addr, data[0], data[1], flags, NULL);
    }
    Py_XDECREF(addr);
    Py_XDECREF(flags);
    return result;
}

/* Returns 0, 1 for a bus error that the callback asked for, or -1 with an exception set. */
static int call_with_data(PyObject *function, PyObject *funcp, const struct access *access)
{
    PyObject *data[2] = {NULL, NULL};
    PyObject *result = NULL;
    int status = 0;

    for (unsigned i = 0; i < access->n && status == 0; i++) {
        data[i] = PyByteArray_FromStringAndSize(access->buf[i], (Py_ssize_t)access->len);
        status = data[i] ? 0 : -1;
    }
    if (status == 0) {
        result = call(function, funcp, access, data);
        status = result ? status_of(result) : -1;
    }
    for (unsigned i = 0; i < access->n && access->is_read && status == 0; i++) {
        status = take_data(data[i], access->buf[i], access->len);
    }
    Py_XDECREF(result);
    Py_XDECREF(data[0]);
    Py_XDECREF(data[1]);
    return status;
}

/*
 * A callback may unregister itself, so it is held while it runs. One that ends the program leaves
 * the access to the VM: a disconnected client sends no reply.
 */
static int serve(struct range *range, PyObject *function, const struct access *access)
{
    Context *self = range->self;
    PyObject *funcp = new_ref(range->funcp);
    int status;

    Py_INCREF(function);
    context_leave(self);
    status = call_with_data(function, funcp, access);
    if (status < 0) {
        context_callback_raised(self, function);
    }
    Py_DECREF(function);
    Py_DECREF(funcp);
    context_return(self);
    if (context_has_raised(self)) {
        coreio_ctx_disconnect(self->ctx);
    }
    return status == 0 ? 0 : -EIO;
}

static int on_read(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    struct range *range = priv;
    struct access access = {addr, len, {buf, NULL}, 1, flags, true};

    return serve(range, range->read, &access);
}

static int on_write(void *priv, uint64_t addr, size_t len, void *buf, unsigned flags)
{
    struct range *range = priv;
    struct access access = {addr, len, {buf, NULL}, 1, flags, false};

    return serve(range, range->write, &access);
}

static int on_readp(void *priv, uint64_t addr, size_t len, void *buf1, void *buf2, unsigned flags)
{
    struct range *range = priv;
    struct access access = {addr, len, {buf1, buf2}, 2, flags, true};

    return serve(range, range->readp, &access);
}

static int on_writep(void *priv, uint64_t addr, size_t len, void *buf1, void *buf2, unsigned flags)
{
    struct range *range = priv;
    struct access access = {addr, len, {buf1, buf2}, 2, flags, false};

    return serve(range, range->writep, &access);
}

/* None is no callback. */
static PyObject *new_ref_or_null(PyObject *object)
{
    return object && object != Py_None ? new_ref(object) : NULL;
}

static int check_callables(PyObject *const *callables, const char *const *names, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (callables[i] && callables[i] != Py_None && !PyCallable_Check(callables[i])) {
            PyErr_Format(PyExc_TypeError, "%s: %R cannot be called", names[i], callables[i]);
            return -1;
        }
    }
    return 0;
}

PyObject *context_register(Context *self, PyObject *args, PyObject *keywords)
{
    static const char *names[] = {"rid", "read", "write", "readp", "writep", "funcp", NULL};
    PyObject *callables[4] = {NULL, NULL, NULL, NULL};
    PyObject *funcp = Py_None;
    coreio_func_t func;
    unsigned rid;
    int err;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O&OO|OOO:register", (char **)names,
                                     context_unsigned, &rid, &callables[0], &callables[1],
                                     &callables[2], &callables[3], &funcp) ||
        check_callables(callables, names + 1, 4) < 0) {
        return NULL;
    }
    if (context_enter(self) < 0) {
        return NULL;
    }
    func.read = callables[0] != Py_None ? on_read : NULL;
    func.write = callables[1] != Py_None ? on_write : NULL;
    func.readp = callables[2] && callables[2] != Py_None ? on_readp : NULL;
    func.writep = callables[3] && callables[3] != Py_None ? on_writep : NULL;
    err = coreio_ctx_register(self->ctx, rid, &func, &self->ranges[rid % COREIO_RANGES_MAX]);
    if (err) {
        return context_done(self, err);
    }
    self->ranges[rid] = (struct range){
        .self = self,
        .read = new_ref_or_null(callables[0]),
        .write = new_ref_or_null(callables[1]),
        .readp = new_ref_or_null(callables[2]),
        .writep = new_ref_or_null(callables[3]),
        .funcp = new_ref(funcp),
    };
    return context_done(self, 0);
}

/* Drop the references of a range. */
static void release(struct range old)
{
    Py_XDECREF(old.read);
    Py_XDECREF(old.write);
    Py_XDECREF(old.readp);
    Py_XDECREF(old.writep);
    Py_XDECREF(old.funcp);
}

PyObject *context_unregister(Context *self, PyObject *args)
{
    struct range old = {.self = NULL};
    unsigned rid;
    int err;

    if (!PyArg_ParseTuple(args, "O&:unregister", context_unsigned, &rid)) {
        return NULL;
    }
    if (context_enter(self) < 0) {
        return NULL;
    }
    err = coreio_ctx_unregister(self->ctx, rid);
    if (err == 0) {
        old = self->ranges[rid];
        self->ranges[rid] = (struct range){.self = NULL};
    }
    context_leave(self);
    release(old);
    return context_result(err);
}

/* Call an event's function, if there is one; `format` is that of its arguments. */
static void call_event(Context *self, PyObject *event, const char *format, int argument)
{
    PyObject *result;

    if (!event) {
        return;
    }
    Py_INCREF(event);
    context_leave(self);
    result = PyObject_CallFunction(event, format, argument);
    if (!result) {
        context_callback_raised(self, event);
    }
    Py_XDECREF(result);
    Py_DECREF(event);
    context_return(self);
}

static void on_connected(void *priv)
{
    Context *self = priv;

    call_event(self, self->connected, "", 0);
}

static void on_disconnected(void *priv, int err)
{
    Context *self = priv;

    call_event(self, self->disconnected, "i", err);
}

static void on_reset(void *priv, unsigned rid)
{
    Context *self = priv;

    call_event(self, self->reset, "i", (int)rid);
}

PyObject *context_set_events(Context *self, PyObject *args, PyObject *keywords)
{
    static const char *names[] = {"connected", "disconnected", "reset", NULL};
    static const coreio_events_t events = {on_connected, on_disconnected, on_reset};
    PyObject *callables[3] = {NULL, NULL, NULL};

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|OOO:set_events", (char **)names,
                                     &callables[0], &callables[1], &callables[2]) ||
        check_callables(callables, names, 3) < 0) {
        return NULL;
    }
    if (context_enter(self) < 0) {
        return NULL;
    }
    coreio_ctx_set_events(self->ctx, &events, self);
    context_leave(self);
    replace_ref(&self->connected, new_ref_or_null(callables[0]));
    replace_ref(&self->disconnected, new_ref_or_null(callables[1]));
    replace_ref(&self->reset, new_ref_or_null(callables[2]));
    Py_RETURN_NONE;
}

void context_clear_callbacks(Context *self)
{
    for (unsigned rid = 0; rid < COREIO_RANGES_MAX; rid++) {
        struct range old = self->ranges[rid];

        self->ranges[rid] = (struct range){.self = NULL};
        release(old);
    }
    Py_CLEAR(self->connected);
    Py_CLEAR(self->disconnected);
    Py_CLEAR(self->reset);
}

int context_visit_callbacks(Context *self, visitproc visit, void *arg)
{
    for (unsigned rid = 0; rid < COREIO_RANGES_MAX; rid++) {
        Py_VISIT(self->ranges[rid].read);
        Py_VISIT(self->ranges[rid].write);
        Py_VISIT(self->ranges[rid].readp);
        Py_VISIT(self->ranges[rid].writep);
        Py_VISIT(self->ranges[rid].funcp);
    }
    Py_VISIT(self->connected);
    Py_VISIT(self->disconnected);
    Py_VISIT(self->reset);
    return 0;
}
