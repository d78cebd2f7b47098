# SPDX-License-Identifier: GPL-2.0-or-later
"""Signals while a call blocks: Ctrl-C ends it, other handlers run and it goes on."""
import contextlib
import errno
import mmap
import os
import signal
import socket
import threading

import pytest

import coreio
from fake_vm import TAG, FakeVm, script, vector, with_preloaded

MAIN = threading.main_thread().ident


@pytest.fixture
def client(vm):
    with coreio.Client(vm.target) as client:
        client.mmio = vm.accept()
        yield client


@pytest.fixture
def on_usr1():
    """on_usr1(function): what SIGUSR1 calls."""
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda function: signal.signal(signal.SIGUSR1, lambda number, frame: function())
    signal.signal(signal.SIGUSR1, before)


def interrupt(number=signal.SIGINT):
    signal.pthread_kill(MAIN, number)


def soon(function):
    timer = threading.Timer(0.1, function)
    timer.start()
    return timer


def reply(packet, byte):
    """A DMA request, answered with this byte."""
    return packet[:24] + bytes([byte]) * 32 + packet[56:]


def test_dma(vm, client):
    asked = []

    def leave_unanswered():
        asked.append(vm.accept())
        asked.append(asked[0].receive())
        interrupt()

    data = bytearray(32)
    vm_side = script(leave_unanswered)
    with pytest.raises(KeyboardInterrupt):
        client.dma_read(0, 0, 0, data)
    vm_side.join()
    data.append(1)  # it is the program's again

    def answer_late():
        connection, first = asked
        second = connection.receive()
        assert second[TAG] != first[TAG]
        connection.send(reply(first, 1) + reply(second, 2))

    vm_side = script(answer_late)
    other = bytearray(32)
    client.dma_read(0, 0, 0, other)
    vm_side.join()
    assert data == bytes(32) + b"\1" and other == b"\2" * 32


def test_long_dma(vm, client):
    """Also what is not asked for yet is forgotten."""
    def serve():
        connection = vm.accept()
        connection.receive()
        interrupt()
        connection.receive(1023 * 64)
        connection.send(reply(connection.receive(), 3))

    vm_side = script(serve)
    with pytest.raises(KeyboardInterrupt):
        client.dma_read(0, 0, 0, bytearray(1 << 20))
    data = bytearray(32)
    client.dma_read(0, 0, 0, data)
    vm_side.join()
    assert data == b"\3" * 32


def test_dma_that_never_rests(vm, client):
    """There is a reply whenever it looks: it asks for signals all the same."""
    def echo():
        connection = vm.accept().socket
        soon(interrupt)
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(1 << 16):
                connection.sendall(data)

    vm_side = script(echo)
    with mmap.mmap(-1, 1 << 30) as memory:  # takes no memory before it is read into
        with pytest.raises(KeyboardInterrupt):
            client.dma_read(0, 0, 0, memory)
        assert (memory[0], memory[-1]) == (0xaa, 0)
    client.disconnect()
    vm_side.join()


def test_a_handler_that_returns(vm, client, on_usr1):
    on_usr1(lambda: client.irq_update(2, 5, 1))

    def serve():
        connection = vm.accept()
        request = connection.receive()
        interrupt(signal.SIGUSR1)
        client.mmio.expect(vector("irq-raise"))
        connection.send(reply(request, 7))

    vm_side = script(serve)
    data = bytearray(32)
    client.dma_read(0, 0, 0, data)
    vm_side.join()
    assert data == b"\7" * 32


def test_dma_in_a_handler(vm, client, on_usr1):
    inner, outer = bytearray(32), bytearray(32)
    on_usr1(lambda: client.dma_read(0, 0, 64, inner))

    def serve():
        connection = vm.accept()
        first = connection.receive()
        interrupt(signal.SIGUSR1)
        connection.send(reply(connection.receive(), 2))
        connection.send(reply(first, 1))

    vm_side = script(serve)
    client.dma_read(0, 0, 0, outer)
    vm_side.join()
    assert (outer, inner) == (b"\1" * 32, b"\2" * 32)


def test_disconnect_in_a_handler(vm, client, on_usr1):
    on_usr1(client.disconnect)

    def serve():
        vm.accept().receive()
        interrupt(signal.SIGUSR1)

    vm_side = script(serve)
    with pytest.raises(OSError) as raised:
        client.dma_read(0, 0, 0, bytearray(32))
    vm_side.join()
    assert raised.value.errno == errno.ECANCELED


def fill(client):
    """Until the client's queue is full, for a VM that reads nothing."""
    level = 0
    with pytest.raises(BlockingIOError):
        while True:
            level = 1 - level
            client.irq_update(0, 0, level)


# On a Unix socket: the buffers of TCP would grow meanwhile.
def test_flush(tmp_path):
    vm = FakeVm(tmp_path / "vm")
    with coreio.Client(vm.target) as client:
        vm.accept()
        fill(client)
        with pytest.raises(KeyboardInterrupt):
            soon(interrupt)
            client.flush()
        with pytest.raises(BlockingIOError):
            client.flush(0)
    vm.close()


def test_flush_goes_on(tmp_path, on_usr1):
    """The handler lets the VM read."""
    def drain():
        while connection.socket.recv(1 << 16):
            pass

    vm, draining = FakeVm(tmp_path / "vm"), []
    on_usr1(lambda: draining.append(script(drain)))
    with coreio.Client(vm.target) as client:
        connection = vm.accept()
        fill(client)
        soon(lambda: interrupt(signal.SIGUSR1))
        client.flush()
    draining[0].join()
    vm.close()


@pytest.fixture
def full():
    """The address of a listener that lets nobody in any more."""
    waiting = []
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        for _ in range(8):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(listener.getsockname())
        yield "127.0.0.1:%d" % listener.getsockname()[1]
        for attempt in waiting:
            attempt.close()


def test_connect(full):
    client = coreio.Client()
    with pytest.raises(KeyboardInterrupt):
        soon(interrupt)
        client.connect(full)
    assert client.status() == -errno.ENOTCONN


def test_connect_in_a_handler(vm, full, on_usr1):
    client = coreio.Client()
    on_usr1(lambda: client.connect(vm.target))
    with pytest.raises(KeyboardInterrupt):
        soon(lambda: (interrupt(signal.SIGUSR1), vm.accept(), interrupt()))
        client.connect(full)
    assert client.connected


@pytest.fixture
def busy(vm, client):
    """Another thread waits for DMA, and gives way to others twice a second."""
    blocked = script(client.dma_read, 0, 0, 0, bytearray(32))
    connection = vm.accept()
    request = connection.receive()
    yield
    connection.send(reply(request, 0))
    blocked.join()


def test_waiting_for_another_thread(client, busy):
    with pytest.raises(KeyboardInterrupt):
        soon(interrupt)
        while True:
            client.irq_update(0, 0, 1)


def test_a_handler_while_waiting_for_another_thread(client, busy, on_usr1):
    ran = []
    on_usr1(lambda: ran.append(client.status()))
    soon(lambda: interrupt(signal.SIGUSR1))
    while not ran:
        client.irq_update(0, 0, 1)
    assert ran == [0]


LOOK_UP = """
import coreio
for connect in coreio.Client().connect, coreio.Client().connect_start:
    try:
        connect("host:1")
    except InterruptedError as error:
        print(error.filename)
"""


def test_a_lookup_that_the_system_interrupts():
    """No handler has raised: it is an error like any other."""
    ended = with_preloaded("LOOKUP", LOOK_UP)
    assert (ended.stdout, ended.stderr) == ("host:1\nhost:1\n", "")
