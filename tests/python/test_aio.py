# SPDX-License-Identifier: GPL-2.0-or-later
"""coreio.aio: an asyncio program around a client."""
import asyncio
import errno

import pytest

import coreio
from coreio import aio
from coreio.model import Block, Register
from fake_vm import LIMIT_SECONDS, script, vector
from test_dma import Memory


def connect(vm):
    client = coreio.Client(vm.target)
    return client, vm.accept()


def in_thread(function, *arguments):
    return asyncio.get_running_loop().run_in_executor(None, function, *arguments)


async def is_served(connection):
    connection.send(vector("ping"))
    await in_thread(connection.expect, vector("ping"))


def test_serving_while_other_tasks_run(vm):
    client, connection = connect(vm)
    turns = []

    async def count():
        while True:
            turns.append(None)
            await asyncio.sleep(0)

    async def main():
        tasks = [asyncio.create_task(aio.serve(client)), asyncio.create_task(count())]
        await is_served(connection)
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


def test_a_loss_ends_every_task(vm):
    async def main():
        tasks = [asyncio.create_task(aio.serve(client)) for _ in range(3)]
        await asyncio.sleep(0)
        tasks.pop().cancel()
        await is_served(connection)
        connection.close()
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), LIMIT_SECONDS)

    client, connection = connect(vm)
    with client:
        assert [type(error) for error in asyncio.run(main())] == [ConnectionResetError] * 2


def test_another_loop_cannot_serve_too(vm):
    async def other():
        await aio.serve(client)

    async def main():
        future = aio.start(client)
        with pytest.raises(OSError) as raised:
            await in_thread(asyncio.run, other())
        assert aio.stop(client, future) is None
        return raised.value.errno

    client, _ = connect(vm)
    with client:
        assert asyncio.run(main()) == errno.EBUSY


def test_a_loop_that_was_closed_leaves_the_client_to_the_next(vm):
    def closed():
        async def start():
            return aio.start(client)

        loop = asyncio.new_event_loop()
        future = loop.run_until_complete(start())
        loop.close()
        return future

    async def main():
        old, new = futures[1], aio.start(client)
        assert aio.stop(client, old) is None
        await is_served(connection)
        assert aio.stop(client, new) is None

    client, connection = connect(vm)
    futures = [closed()]
    assert aio.stop(client, futures[0]) is None
    futures.append(closed())
    with client:
        asyncio.run(main())


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


def test_a_block_serves(vm):
    async def main():
        async with Cell(vm.target) as cell:
            connection = await in_thread(vm.accept)
            await in_thread(connection.expect, vector("claim-0"))
            connection.send(vector("write-1"))
            await is_served(connection)
            return cell.value

    assert asyncio.run(main()) == 0x7e


def test_two_blocks_of_a_client(vm):
    async def main():
        async with Cell(client=client, rid=0) as outer:
            async with Cell(client=client, rid=7) as inner:
                await in_thread(connection.expect, vector("claim-0") + vector("claim-7"))
                await is_served(connection)
            assert inner.task.cancelled() and not outer.task.done()
            await is_served(connection)
            async with Cell(client=client, rid=7):
                await in_thread(connection.expect, vector("claim-7"))
                outer.task.cancel()
                await asyncio.sleep(0)
                await is_served(connection)

    client, connection = connect(vm)
    with client:
        asyncio.run(main())
        client.run(0)


def test_a_block_and_a_task(vm):
    async def main():
        task = asyncio.create_task(aio.serve(client))
        async with Cell(client=client):
            await in_thread(connection.expect, vector("claim-0"))
        await is_served(connection)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    client, connection = connect(vm)
    with client:
        asyncio.run(main())


def is_closed(cell):
    return cell.client.status() == -errno.ENOTCONN


@pytest.mark.parametrize("mine", [None, ValueError("mine")])
def test_a_loss_is_raised_by_the_block_and_hides_no_error_of_the_program(vm, mine):
    async def main(cell):
        async with cell:
            vm.accept().close()
            await asyncio.wait([cell.task])
            if mine:
                raise mine

    cell = Cell(vm.target)
    with pytest.raises(type(mine) if mine else ConnectionResetError):
        asyncio.run(main(cell))
    assert is_closed(cell)


def test_a_block_that_is_left_by_cancellation(vm):
    async def main(cell):
        async with cell:
            asyncio.current_task().cancel()
        await asyncio.sleep(0)
        pytest.fail("the block has swallowed the cancellation")

    cell = Cell(vm.target)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main(cell))
    assert is_closed(cell)


def test_connecting_again_by_itself(vm):
    async def main():
        client.connect_start(vm.target)
        async with Cell(client=client):
            for _ in range(3):
                connection = await in_thread(vm.accept)
                await in_thread(connection.expect, vector("claim-0"))
                await is_served(connection)
                connection.close()

    told = []
    with coreio.Client() as client:
        client.set_reconnect(1, 50)
        client.set_events(lambda: told.append("connected"), told.append)
        asyncio.run(main())
    assert told[:5] == ["connected", -errno.ECONNRESET] * 2 + ["connected"]
