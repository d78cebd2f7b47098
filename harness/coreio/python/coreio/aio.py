# SPDX-License-Identifier: BSD-2-Clause
"""
coreio in an asyncio program: a task serves the client, and DMA is awaited.

    task = asyncio.create_task(coreio.aio.serve(client))
    data = await coreio.aio.dma_read(client, 0x40000000, 4096)
"""
import asyncio
import errno
import os

_servers = {}  # client -> _Server


class _Server:
    """Serves a client in an event loop for all who want that; each has a future for its end."""

    def __init__(self, client, loop):
        self.client, self.loop, self.futures = client, loop, set()
        loop.add_reader(client, self._dispatch)
        _servers[client] = self

    def _dispatch(self):
        try:
            self.client.dispatch()
        except BaseException as error:
            for future in list(self.futures):
                if not future.done():
                    future.set_exception(error)
                self.leave(future)
            if not isinstance(error, Exception):
                raise  # SystemExit ends the program, whatever it waits for

    def join(self):
        future = self.loop.create_future()
        future.add_done_callback(self.leave)  # if somebody cancels it
        self.futures.add(future)
        return future

    def leave(self, future):
        if future in self.futures:
            self.futures.remove(future)
            if not self.futures:
                if _servers.get(self.client) is self:
                    del _servers[self.client]
                if not self.loop.is_closed():
                    self.loop.remove_reader(self.client)


def start(client):
    """
    Serve `client` in the running event loop from now on. Returns a future, which ends with what
    ends the serving: OSError when the connection is lost. Serving goes on until each future that
    start() has returned for this client is done.

    EBUSY: another event loop serves it.
    """
    loop = asyncio.get_running_loop()
    server = _servers.get(client)
    if server is None or server.loop.is_closed():
        server = _Server(client, loop)
    if server.loop is not loop:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
    return server.join()


def stop(client, future):
    """Be served no more by start(). Returns the exception that had ended it before, or None."""
    if client in _servers:
        _servers[client].leave(future)
    if not future.get_loop().is_closed():
        future.cancel()
    return future.exception() if future.done() and not future.cancelled() else None


async def serve(client):
    """
    Serve `client` until the task is cancelled. A lost connection raises OSError. Several tasks
    may: they share the work, and a loss ends all of them.
    """
    future = start(client)
    try:
        await future
    finally:
        stop(client, future)


def _on_complete(future, err):
    if future.done():
        return  # nobody waits any more
    if err == 0:
        future.set_result(None)
    else:
        future.set_exception(OSError(-err, os.strerror(-err)))


async def dma_read(client, addr, length, mid=0, sid=0, flags=0):
    """`length` bytes of guest memory at `addr`. A task must serve the client meanwhile."""
    data = bytearray(length)
    future = asyncio.get_running_loop().create_future()
    client.dma_read(mid, sid, addr, data, flags, _on_complete, future)
    await future
    return bytes(data)


async def dma_write(client, addr, data, mid=0, sid=0, flags=0):
    """Write `data` to guest memory at `addr`. A task must serve the client meanwhile."""
    future = asyncio.get_running_loop().create_future()
    client.dma_write(mid, sid, addr, data, flags, _on_complete, future)
    await future
