/* SPDX-License-Identifier: BSD-2-Clause */
/* DMA. The buffer of an asynchronous transfer stays exported, so alive and in place, to its end. */
#include "context.h"

#include <errno.h>

/* An unfinished asynchronous transfer, a member of its context's list. */
struct transfer {
    Context *self; /* borrowed: a context ends all transfers before it goes */
    struct transfer *next, **link;
    Py_buffer view;
    PyObject *cpl, *cplp;
};

/* Arguments of a call. */
struct request {
    bool is_read;
    unsigned mid, sid, flags;
    uint64_t addr;
    Py_buffer view;
    PyObject *cpl, *cplp; /* borrowed; cpl NULL: blocking */
};

static int to_address(PyObject *number, void *address)
{
    PyObject *index = PyNumber_Index(number);
    unsigned long long value = index ? PyLong_AsUnsignedLongLong(index) : 0;

    Py_XDECREF(index);
    if (PyErr_Occurred()) {
        return 0;
    }
    *(uint64_t *)address = value;
    return 1;
}

static int parse(PyObject *args, PyObject *keywords, struct request *request)
{
    static const char *names[] = {"mid", "sid", "addr", "buf", "flags", "cpl", "cplp", NULL};
    PyObject *buffer;

    request->flags = 0;
    request->cpl = Py_None;
    request->cplp = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O&O&O&O|O&OO", (char **)names,
                                     context_unsigned, &request->mid, context_unsigned,
                                     &request->sid, to_address, &request->addr, &buffer,
                                     context_unsigned, &request->flags, &request->cpl,
                                     &request->cplp)) {
        return -1;
    }
    if (request->cpl == Py_None) {
        request->cpl = NULL;
    } else if (!PyCallable_Check(request->cpl)) {
        PyErr_Format(PyExc_TypeError, "cpl: %R cannot be called", request->cpl);
        return -1;
    }
    return PyObject_GetBuffer(buffer, &request->view,
                              request->is_read ? PyBUF_WRITABLE : PyBUF_SIMPLE);
}

static int call(Context *self, const struct request *request, void (*cpl)(void *cplp, int err),
                void *cplp)
{
    size_t len = (size_t)request->view.len;

    return request->is_read
               ? coreio_ctx_dma_read(self->ctx, request->mid, request->sid, request->addr, len,
                                     request->view.buf, request->flags, cpl, cplp)
               : coreio_ctx_dma_write(self->ctx, request->mid, request->sid, request->addr, len,
                                      request->view.buf, request->flags, cpl, cplp);
}

static PyObject *transfer_blocking(Context *self, struct request *request)
{
    int err = context_enter(self) < 0 ? -EINTR : 0;

    if (!err) {
        context_block(self);
        err = call(self, request, NULL, NULL);
        context_unblock(self);
        context_leave(self);
    }
    PyBuffer_Release(&request->view);
    return context_result(err);
}

static void transfer_free(struct transfer *transfer)
{
    *transfer->link = transfer->next;
    if (transfer->next) {
        transfer->next->link = transfer->link;
    }
    PyBuffer_Release(&transfer->view);
    Py_DECREF(transfer->cpl);
    Py_DECREF(transfer->cplp);
    PyMem_Free(transfer);
}

/* The buffer is the program's again when its function is called. */
static void on_complete(void *priv, int err)
{
    struct transfer *transfer = priv;
    Context *self = transfer->self;
    PyObject *cpl = new_ref(transfer->cpl);
    PyObject *cplp = new_ref(transfer->cplp);
    PyObject *result;

    context_leave(self);
    transfer_free(transfer);
    result = PyObject_CallFunction(cpl, "Oi", cplp, err);
    if (!result) {
        context_callback_raised(self, cpl);
    }
    Py_XDECREF(result);
    Py_DECREF(cpl);
    Py_DECREF(cplp);
    context_return(self);
}

static PyObject *transfer_later(Context *self, struct request *request)
{
    struct transfer *transfer = PyMem_Calloc(1, sizeof(*transfer));
    int err;

    if (!transfer) {
        PyBuffer_Release(&request->view);
        return PyErr_NoMemory();
    }
    /* The view moves as a whole: no exporter may be told of a copy. */
    *transfer = (struct transfer){
        .self = self,
        .next = self->transfers,
        .link = &self->transfers,
        .view = request->view,
        .cpl = new_ref(request->cpl),
        .cplp = new_ref(request->cplp),
    };
    if (transfer->next) {
        transfer->next->link = &transfer->next;
    }
    self->transfers = transfer;
    err = context_enter(self) < 0 ? -EINTR : 0;
    if (!err) {
        err = call(self, request, on_complete, transfer);
        context_leave(self);
    }
    if (err) {
        transfer_free(transfer);
    }
    return context_result(err);
}

static PyObject *transfer(Context *self, PyObject *args, PyObject *keywords, bool is_read)
{
    struct request request = {.is_read = is_read};

    if (parse(args, keywords, &request) < 0) {
        return NULL;
    }
    return request.cpl ? transfer_later(self, &request) : transfer_blocking(self, &request);
}

PyObject *context_dma_read(Context *self, PyObject *args, PyObject *keywords)
{
    return transfer(self, args, keywords, true);
}

PyObject *context_dma_write(Context *self, PyObject *args, PyObject *keywords)
{
    return transfer(self, args, keywords, false);
}

int context_visit_transfers(Context *self, visitproc visit, void *arg)
{
    for (struct transfer *at = self->transfers; at; at = at->next) {
        Py_VISIT(at->cpl);
        Py_VISIT(at->cplp);
        Py_VISIT(at->view.obj);
    }
    return 0;
}
