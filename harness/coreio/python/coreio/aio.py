# SPDX-License-Identifier: BSD-2-Clause
"""
coreio in an asyncio program: a task serves the client, and DMA is awaited.

    task = asyncio.create_task(coreio.aio.serve(client))
    data = await coreio.aio.dma_read(client, 0x40000000, 4096)
"""
import asyncio
import os


async def serve(client):
    """Serve `client` until the task is cancelled. A lost connection raises OSError."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def on_readable():
        try:
            client.dispatch()
        except BaseException as error:
            if not ended.done():
                ended.set_exception(error)

    loop.add_reader(client, on_readable)
    try:
        await ended
    finally:
        loop.remove_reader(client)


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
