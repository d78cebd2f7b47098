# SPDX-License-Identifier: BSD-2-Clause
"""
Model hardware of a virtual machine in Python.

The functions of this module are those of coreio.h, for one VM:

    import coreio

    def read(funcp, addr, data, flags):
        data[0] = 42
        return 0

    def write(funcp, addr, data, flags):
        return 0

    coreio.connect("localhost:4300")
    coreio.register(0, read, write)
    coreio.mainloop(-1)

coreio.Client serves several VMs, coreio.model declares registers in a line each, coreio.aio is for
asyncio. docs/python.md explains all of them.

What goes wrong raises OSError with errno set, of the subclass that this errno has: ConnectionError,
FileNotFoundError, ... An exception in a callback is a bus error in the guest and is reported through
sys.unraisablehook, once for each line and message, up to 100 for a client; BusError is not.
"""
import errno
import os
import time

from coreio._coreio import BusError
from coreio.client import Client

__all__ = ["FLAGS_IFETCH", "FLAGS_PRIV", "FLAGS_SECURE", "BusError", "Client", "connect",
           "disconnect", "dma_read", "dma_write", "irq_update", "mainloop", "preparefds",
           "processfds", "register"]

# How the guest made an access.
FLAGS_IFETCH = 2
FLAGS_PRIV = 4
FLAGS_SECURE = 8

# select.select() takes no descriptor from here on.
_FD_SETSIZE = 1024

_client = Client()
_disconnects = []  # the clients of the calls of disconnect() under way


def _error(number):
    return OSError(number, os.strerror(number))


def _connected():
    """The client, when it is connected; else OSError says why it is not."""
    status = _client.status()
    if status != 0:
        raise _error(-status)
    return _client


def connect(target):
    """
    Connect to the VM at "HOST[:PORT]", "[ADDRESS6]:PORT" or "unix:/PATH" and wait until that is
    done. PORT is 4800 when left out. EINVAL: a target of none of these forms; EISCONN: connected
    already; ECANCELED: disconnect() is under way, in another thread or as the caller of this
    completion; otherwise as coreio_connect() in coreio.h.
    """
    if _disconnects:
        raise _error(errno.ECANCELED)
    if _client.status() not in (0, -errno.ENOTCONN):
        disconnect()  # what is left of a connection that was lost
    _client.connect(target)


def disconnect():
    """
    Close the connection and forget all registrations. Functions of unfinished DMA are called with
    -ECANCELED first. Does nothing when not connected.
    """
    global _client
    ended, _client = _client, Client()
    _disconnects.append(ended)
    try:
        ended.disconnect()
    finally:
        _disconnects.remove(ended)


def register(rid, read, write, readp=None, writep=None, funcp=None):
    """
    Claim range `rid` (0-7) and have its accesses call read(funcp, addr, data, flags) and write(...)
    of the same form. `data` is a bytearray with the bytes of the access, which read changes in
    place. Return 0 or None; anything else is a bus error. readp and writep get the two elements of
    a pair: (funcp, addr, data1, data2, flags); without them a pair is two calls.

    EINVAL: no such range; ENOTCONN: not connected; EBUSY: registered already.
    """
    _connected().register(rid, read, write, readp, writep, funcp)


def irq_update(rid, iid, state):
    """Set interrupt line `iid` (0-7) of range `rid` (0-7) high or low. An edge takes two calls."""
    _connected().irq_update(rid, iid, state)


def mainloop(usec):
    """
    Serve the VM for `usec` microseconds, for ever when negative; 0 serves what is there. Ctrl-C
    raises KeyboardInterrupt here.

    ENOTCONN: not connected, or a callback has disconnected; EBUSY: called from a callback; or the
    error with which the connection was lost (ConnectionResetError: the VM has closed it).
    """
    end = time.monotonic_ns() // 1000 + usec
    while True:
        client = _client
        try:
            return client.run_us(usec)
        except OSError:
            if client is _client or _client.status() != 0:
                raise
        # A callback has disconnected and connected again: go on with the new connection.
        usec = usec if usec < 0 else max(0, end - time.monotonic_ns() // 1000)


def dma_read(mid, sid, addr, buf, flags, cpl=None, cplp=None):
    """
    Read len(buf) bytes of guest memory at `addr` into `buf`, a bytearray or another writable
    buffer. Without cpl it blocks. With cpl it returns at once and cpl(cplp, err) is called later
    by mainloop() or processfds(), err being 0 or a negative errno; `buf` cannot be resized until
    then. EFAULT: the VM refused; the rest is as coreio_dma_read() in coreio.h.
    """
    _connected().dma_read(mid, sid, addr, buf, flags, cpl, cplp)


def dma_write(mid, sid, addr, buf, flags, cpl=None, cplp=None):
    """Write the bytes of `buf` to guest memory at `addr`: see dma_read()."""
    _connected().dma_write(mid, sid, addr, buf, flags, cpl, cplp)


def _number(file):
    return file if isinstance(file, int) else file.fileno()


def preparefds(readfds, writefds):
    """
    For a select.select() of the program's own: (nfds, readable, writable), the lists being those
    given (of descriptors, or of objects with fileno()) and what the connection waits for. nfds is
    the largest descriptor + 1. EMFILE: the connection's descriptor is too large for select().
    """
    readable, writable = list(readfds), list(writefds)
    if _client.status() == 0:
        readable.append(_selectable())
    nfds = max((_number(file) + 1 for file in readable + writable), default=0)
    return nfds, readable, writable


def _selectable():
    number = _client.fileno()
    if number >= _FD_SETSIZE:
        raise _error(errno.EMFILE)
    return number


def processfds(readable, writable):
    """Serve the VM, without waiting, if select.select() found its descriptor in `readable`."""
    client = _connected()
    if client.serving:
        raise _error(errno.EBUSY)
    if _selectable() in [_number(file) for file in readable]:
        client.dispatch()
