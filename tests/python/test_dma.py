# SPDX-License-Identifier: GPL-2.0-or-later
"""DMA of the module: what it asks for, buffers, completions, errors."""
import array
import errno
import gc
import sys

import pytest

import coreio
from fake_vm import ERROR_BIT, ERROR_BYTE, TAG, FakeVm, script, serve_until, vector


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


def without_tag(packet):
    return packet[:TAG.start] + packet[TAG.stop:]


def answer(vm, request, reply):
    """The VM's side: exactly this request, but for its tag, and then the reply."""
    connection = vm.accept()
    got = connection.receive()
    assert without_tag(got).hex(" ") == without_tag(request).hex(" ")
    connection.send(reply[:TAG.start] + got[TAG] + reply[TAG.stop:])


def fields(request):
    """mid, sid, addr, the data and flags of a vector, as the calls take them."""
    size, addr = request[10] & 0x3f, int.from_bytes(request[16:24], "little")
    return request[0], request[11] & 15, addr, bytearray(request[24:24 + size]), request[11] >> 4


def test_a_read_is_as_the_protocol_has_it(vm, client):
    request, reply = vector("dma-read"), vector("dma-read-reply")
    mid, sid, addr, data, flags = fields(request)
    answering = script(answer, vm, request, reply)
    client.dma_read(mid, sid, addr, data, flags)
    answering.join()
    assert data == fields(reply)[3]


def test_a_write_is_as_the_protocol_has_it(vm, client):
    request = vector("dma-writea")
    answering = script(answer, vm, request, vector("dma-writea-error"))
    with pytest.raises(OSError) as raised:
        client.dma_write(*fields(request))
    answering.join()
    assert raised.value.errno == errno.EFAULT


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


def test_the_vm_closes_the_dma_connection(vm, client):
    """The transfers end, blocking or not; the client stays connected, and the next one works."""
    def close(requests):
        connection = vm.accept()
        connection.receive(64 * requests)
        connection.close()

    done = []
    closing = script(close, 3)
    for i in range(3):
        client.dma_read(0, 0, 32 * i, bytearray(32), 0, lambda *result: done.append(result), i)
    serve_until(client, closing)
    while len(done) < 3:
        client.run(0.01)
    assert done == [(i, -errno.ECONNRESET) for i in range(3)]
    closing = script(close, 1)
    with pytest.raises(ConnectionResetError):
        client.dma_read(0, 0, 0, bytearray(32))
    closing.join()
    serving = script(Memory().serve, vm, 1)
    client.dma_write(0, 0, 0, b"x")
    serving.join()
    assert client.connected


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
