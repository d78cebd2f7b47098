# SPDX-License-Identifier: GPL-2.0-or-later
"""coreio.aio: an asyncio program around a client."""
import asyncio
import errno

import pytest

import coreio
from coreio import aio
from coreio.model import Block, Register
from fake_vm import script, vector
from test_dma import Memory


def connect(vm, memory=None):
    client = coreio.Client(vm.target)
    connection = vm.accept()
    return client, connection


def test_serving_while_other_tasks_run(vm):
    client, connection = connect(vm)
    turns = []

    async def count():
        while True:
            turns.append(None)
            await asyncio.sleep(0)

    async def main():
        tasks = [asyncio.create_task(aio.serve(client)), asyncio.create_task(count())]
        loop = asyncio.get_running_loop()
        connection.send(vector("ping"))
        await loop.run_in_executor(None, connection.expect, vector("ping"))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with client:
        asyncio.run(main())
    assert turns


def test_a_loss_ends_the_task(vm):
    client, connection = connect(vm)
    connection.close()
    with client, pytest.raises(ConnectionResetError):
        asyncio.run(aio.serve(client))


def test_an_exit_in_a_callback_ends_the_task(vm):
    def read(*arguments):
        raise SystemExit(7)

    client, connection = connect(vm)
    client.register(0, read, read)
    connection.send(vector("read-1"))
    with client, pytest.raises(SystemExit):
        asyncio.run(aio.serve(client))


async def transfer(client):
    task = asyncio.create_task(aio.serve(client))
    await aio.dma_write(client, 0x1005, bytes(range(100)))
    data = await aio.dma_read(client, 0x1004, 102)
    with pytest.raises(OSError) as raised:
        await aio.dma_read(client, Memory.SIZE, 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return data, raised.value.errno


def test_dma_is_awaited(vm):
    client, _ = connect(vm)
    memory = script(Memory().serve, vm, 4 + 4 + 1)
    with client:
        data, number = asyncio.run(transfer(client))
    memory.join()
    assert data == b"\0" + bytes(range(100)) + b"\0"
    assert number == errno.EFAULT


class Cell(Block):
    value = Register(0x0, width=1)


def test_a_block_serves_in_a_task(vm):
    async def main():
        loop = asyncio.get_running_loop()
        async with Cell(vm.target) as cell:
            connection = await loop.run_in_executor(None, vm.accept)
            await loop.run_in_executor(None, connection.expect, vector("claim-0"))
            connection.send(vector("write-1") + vector("ping"))
            await loop.run_in_executor(None, connection.expect, vector("ping"))
            return cell.value

    assert asyncio.run(main()) == 0x7e


def test_a_loss_is_raised_by_the_block(vm):
    async def main():
        async with Cell(vm.target) as cell:
            vm.accept().close()
            await cell.task

    with pytest.raises(ConnectionResetError):
        asyncio.run(main())
