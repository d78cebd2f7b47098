# SPDX-License-Identifier: GPL-2.0-or-later
"""DMA of the module: what it asks for, buffers, completions, errors."""
import array
import errno
import gc
import sys

import pytest

import coreio
from fake_vm import ERROR_BIT, ERROR_BYTE, FakeVm, script, serve_until, vector


class Memory:
    """Guest memory behind the protocol, request by request; beyond SIZE there is none."""

    SIZE = 8192

    def __init__(self):
        self.bytes = bytearray(self.SIZE)

    def serve(self, vm, requests):
        connection = vm.accept()
        for _ in range(requests):
            connection.send(self.reply(bytearray(connection.receive())))

    def reply(self, packet):
        opcode, size = packet[8], packet[10] & 0x3f
        addr = int.from_bytes(packet[16:24], "little")
        assert packet[3] & 0x80 and 1 <= size <= 32 and addr // 32 == (addr + size - 1) // 32
        if addr + size > self.SIZE:
            packet[ERROR_BYTE] |= ERROR_BIT
        elif opcode == 0x01:
            packet[24:24 + size] = self.bytes[addr:addr + size]
        else:
            assert opcode == 0x05
            self.bytes[addr:addr + size] = packet[24:24 + size]
        return packet


@pytest.fixture
def client(vm):
    with coreio.Client(vm.target) as client:
        vm.accept()
        yield client


def test_a_request_is_as_the_protocol_has_it(vm, client):
    request = vector("dma-read")
    size, addr = request[10] & 0x3f, int.from_bytes(request[16:24], "little")
    data = bytearray(b"\xaa" * size)

    def check():
        connection = vm.accept()
        got = connection.receive()
        assert got[:4] == request[:4] and got[8:24] == request[8:24]
        reply = vector("dma-read-reply")
        connection.send(reply[:4] + got[4:8] + reply[8:])
    checking = script(check)
    client.dma_read(request[0], request[11] & 15, addr, data, request[11] >> 4)
    checking.join()
    assert data == vector("dma-read-reply")[24:24 + size]


def test_blocking(vm, client):
    memory = Memory()
    serving = script(memory.serve, vm, 3 + 3 + 1)
    client.dma_write(0, 0, 30, bytes(range(36)), 0)
    data = bytearray(36)
    client.dma_read(mid=0, sid=0, addr=30, buf=data)
    assert data == bytes(range(36)) == memory.bytes[30:66]
    with pytest.raises(OSError) as raised:
        client.dma_write(0, 0, Memory.SIZE, b"x")
    assert raised.value.errno == errno.EFAULT
    serving.join()


def test_blocking_inside_a_callback(vm, client):
    values = []

    def read(funcp, addr, data, flags):
        word = bytearray(8)
        client.dma_read(0, 0, 64, word, 0)
        values.append(bytes(word))
        data[0] = 0x01

    client.register(0, read, read)
    connection = vm.connections[0]
    memory = Memory()
    memory.bytes[64:72] = b"in guest"
    serving = script(memory.serve, vm, 1)
    connection.sendall(vector("read-1"))
    serve_until(client, serving)
    assert values == [b"in guest"]


def test_asynchronous(vm, client):
    memory, done = Memory(), []
    serving = script(memory.serve, vm, 256 + 1)
    buffer = bytearray(bytes(range(256)) * 32)
    client.dma_write(0, 0, 0, buffer, 0, lambda *result: done.append(result), "first")
    client.dma_write(0, 0, Memory.SIZE, b"x", 0, lambda *result: done.append(result), "second")
    assert done == []
    with pytest.raises(BufferError):
        buffer.append(0)
    serve_until(client, serving)
    while len(done) < 2:
        client.run(0.01)
    assert done == [("first", 0), ("second", -errno.EFAULT)]
    buffer.append(0)
    assert memory.bytes == buffer[:-1]


def test_a_buffer_lives_until_the_end(vm, client):
    memory, done = Memory(), []
    memory.bytes[:] = b"\x5a" * Memory.SIZE
    serving = script(memory.serve, vm, 128)
    for i in range(128):
        client.dma_read(0, 0, 32 * i, bytearray(32), 0, lambda cplp, err: done.append(err))
    gc.collect()
    garbage = [bytearray(32) for _ in range(1000)]
    serve_until(client, serving)
    while len(done) < 128:
        client.run(0.01)
    assert done == [0] * 128 and not any(map(any, garbage))


def test_disconnect_ends_transfers(vm, client):
    done, buffer = [], bytearray(64)
    references = sys.getrefcount(buffer)
    client.dma_read(0, 0, 0, buffer, 0, lambda cplp, err: done.append((cplp, err)), 5)
    client.disconnect()
    assert done == [(5, -errno.ECANCELED)]
    assert sys.getrefcount(buffer) == references


def test_a_client_that_goes_ends_transfers():
    vm, done = FakeVm(), []
    client = coreio.Client(vm.target)
    client.dma_read(0, 0, 0, bytearray(64), 0, lambda cplp, err: done.append(err))
    del client
    gc.collect()
    assert done == [-errno.ECANCELED]
    vm.close()


def test_an_exception_in_a_completion_is_reported(vm, client, reports):
    client.dma_read(0, 0, 0, bytearray(1), 0, lambda cplp, err: 1 // 0)
    client.disconnect()
    assert [type(value) for value in reports] == [ZeroDivisionError]


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
def test_an_exit_in_a_completion_leaves_disconnect(vm, client, end):
    def leave(cplp, err):
        raise end(7)

    client.dma_read(0, 0, 0, bytearray(1), 0, leave)
    with pytest.raises(end):
        client.disconnect()
    client.connect(vm.target)
    client.run(0)


def test_buffers_of_any_kind(vm, client):
    memory = Memory()
    serving = script(memory.serve, vm, 4)
    client.dma_write(0, 0, 0, array.array("I", [1, 2]))
    client.dma_write(0, 0, 8, memoryview(b"12345678")[2:4])
    words = array.array("H", [0] * 5)
    client.dma_read(0, 0, 0, words)
    client.dma_read(0, 0, 0, bytearray())
    assert list(words) == [1, 0, 2, 0, 0x3433]
    client.dma_read(0, 0, 0, bytearray(1))
    serving.join()


@pytest.mark.parametrize("arguments, error", [
    ((0, 0, 0, b"read-only"), BufferError), ((0, 0, 0, "text"), TypeError),
    ((0, 0, -1, bytearray(1)), OverflowError), ((0, 0, 0, bytearray(1), 0, 5), TypeError),
    ((256, 0, 0, bytearray(1)), OSError), ((0, 16, 0, bytearray(1)), OSError),
    ((0, 0, 0, bytearray(1), 16), OSError), ((0, 0, (1 << 64) - 1, bytearray(2)), OSError)])
def test_arguments_that_cannot_be(client, arguments, error):
    with pytest.raises(error) as raised:
        client.dma_read(*arguments)
    if error is OSError:
        assert raised.value.errno == errno.EINVAL


def test_too_many_transfers(vm, client):
    with pytest.raises(BlockingIOError):
        for _ in range(1025):
            client.dma_read(0, 0, 0, bytearray(1), 0, lambda cplp, err: None)
