# SPDX-License-Identifier: GPL-2.0-or-later
"""
The Python half of c_api.c: each call of coreio.h becomes one of the module `coreio`, whose
callbacks call the C functions that were registered.
"""
import ctypes
import errno
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_longlong, c_size_t, c_uint,
                    c_uint64, c_ubyte, c_void_p)

import coreio

SINGLE = CFUNCTYPE(c_int, c_void_p, c_uint64, c_size_t, c_void_p, c_uint)
PAIR = CFUNCTYPE(c_int, c_void_p, c_uint64, c_size_t, c_void_p, c_void_p, c_uint)
COMPLETION = CFUNCTYPE(None, c_void_p, c_int)
FD_SETSIZE = 1024
BUFFER_BYTES = 32


class Functions(Structure):
    _fields_ = [("read", SINGLE), ("write", SINGLE), ("readp", PAIR), ("writep", PAIR)]


def result(function, *arguments):
    """What a C call returns: 0, a number, or a negative errno."""
    try:
        return function(*arguments) or 0
    except OSError as error:
        return -error.errno


def forward(function, fill):
    """A Python callback that calls the C one; buffers of C have 32 bytes, the rest is `fill`."""
    if not function:
        return None

    def callback(funcp, addr, *rest):
        *datas, flags = rest
        buffers = [(c_ubyte * BUFFER_BYTES)(*data, *[fill] * (BUFFER_BYTES - len(data)))
                   for data in datas]
        status = function(funcp, addr, len(datas[0]), *map(ctypes.addressof, buffers), flags)
        for data, buffer in zip(datas, buffers):
            data[:] = bytes(buffer)[:len(data)]
        return status
    return callback


def connect(target):
    return result(coreio.connect, target.decode()) if target is not None else -errno.EINVAL


def register(rid, functions, priv):
    if not functions:
        return -errno.EINVAL
    given = functions.contents
    # The struct is the caller's and may go; what it points to are C functions, which stay.
    copies = [type(f)(ctypes.cast(f, c_void_p).value or 0)
              for f in (given.read, given.write, given.readp, given.writep)]
    fills = (0xaa, 0, 0xaa, 0)
    return result(coreio.register, rid, *map(forward, copies, fills), priv)


def dma(function):
    def call(mid, sid, addr, length, buf, flags, cpl, cplp):
        data = (c_ubyte * length).from_address(buf or 0) if length else bytearray()
        if not cpl:
            return result(function, mid, sid, addr, data, flags)
        done = COMPLETION(ctypes.cast(cpl, c_void_p).value)
        return result(function, mid, sid, addr, data, flags, done, cplp)
    return call


def members(fd_set):
    return [fd for fd in range(FD_SETSIZE) if fd_set and fd_set[fd // 8] >> fd % 8 & 1]


def preparefds(nfds, readfds, writefds):
    def prepare():
        largest, readable, writable = coreio.preparefds(members(readfds), members(writefds))
        for fd_set, fds in ((readfds, readable), (writefds, writable)):
            for fd in fds:
                fd_set[fd // 8] |= 1 << fd % 8
        return max(nfds, largest)
    return result(prepare)


def processfds(readfds, writefds):
    return result(coreio.processfds, members(readfds), members(writefds))


FD_SET = POINTER(c_ubyte)
DMA = (c_int, c_uint, c_uint, c_uint64, c_size_t, c_void_p, c_uint, COMPLETION, c_void_p)
# As struct c_api lists them.
CALLS = [
    CFUNCTYPE(c_int, c_char_p)(connect),
    CFUNCTYPE(None)(lambda: coreio.disconnect()),
    CFUNCTYPE(c_int, c_uint, POINTER(Functions), c_void_p)(register),
    CFUNCTYPE(c_int, c_uint, c_uint, c_uint)(
        lambda rid, iid, state: result(coreio.irq_update, rid, iid, state)),
    CFUNCTYPE(*DMA)(dma(coreio.dma_read)),
    CFUNCTYPE(*DMA)(dma(coreio.dma_write)),
    CFUNCTYPE(c_int, c_int, FD_SET, FD_SET)(preparefds),
    CFUNCTYPE(c_int, FD_SET, FD_SET)(processfds),
    CFUNCTYPE(c_int, c_longlong)(lambda usec: result(coreio.mainloop, usec)),
]


def fill(address):
    table = (c_void_p * len(CALLS)).from_address(address)
    for i, call in enumerate(CALLS):
        table[i] = ctypes.cast(call, c_void_p)
