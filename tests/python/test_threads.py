# SPDX-License-Identifier: GPL-2.0-or-later
"""Several threads, or processes, with one client. The VM often waits for what it has not answered."""
import errno
import gc
import os
import signal
import sys
import threading
import time
import weakref

import pytest

import coreio
from fake_vm import LIMIT_SECONDS, TAG, FakeVm, script, vector
from test_client import connected
from test_dma import Memory

try:
    import _xxsubinterpreters as interpreters
except ImportError:  # its name from Python 3.13 on
    import _interpreters as interpreters

MAIN = threading.main_thread().ident


def wait(event):
    assert event.wait(LIMIT_SECONDS)


def until(condition):
    end = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < end


def until_inside(function, running):
    """Until the script is in this function, or in what that calls in C."""
    until(lambda: sys._current_frames()[running.thread.ident].f_code is function.__code__)


def fails_with(number, function, *arguments):
    with pytest.raises(OSError) as raised:
        function(*arguments)
    assert raised.value.errno == number


def answered(packet, byte):
    """A DMA request of 32 bytes, answered with this byte."""
    return packet[:24] + bytes([byte]) * 32 + packet[56:]


class Blocked:
    """A thread in dma_read() of 32 bytes, whose request the VM has got and not answered."""

    def __init__(self, vm, client):
        self.data = bytearray(32)
        self.thread = script(self.read, client)
        self.connection = vm.accept()
        self.request = self.connection.receive()

    def read(self, client):
        self.error = None
        try:
            client.dma_read(0, 0, 0, self.data)
        except OSError as error:
            self.error = error.errno

    def answer(self):
        self.connection.send(answered(self.request, 7))
        self.thread.join()
        assert (self.error, self.data) == (None, b"\7" * 32)

    def is_cancelled(self):
        self.thread.join()
        assert (self.error, self.data) == (errno.ECANCELED, bytes(32))


class Callback:
    """A write callback that ends when the test lets it."""

    def __init__(self):
        self.inside, self.leave = threading.Event(), threading.Event()

    def __call__(self, *arguments):
        self.inside.set()
        wait(self.leave)


# The callback lets the GIL go, so it comes back into the library while DMA is under way there.
def test_accesses_and_dma_at_once(vm):
    def read(funcp, addr, data, flags):
        time.sleep(0)
        data[0] = 0x5c

    def echo():
        dma = vm.accept().socket
        while data := dma.recv(1 << 16):
            dma.sendall(data)

    def access():
        for _ in range(100):
            connection.send(vector("read-1") * 50)
            connection.expect(vector("read-1-reply") * 50)

    client, connection = connected(vm, read=read)
    with client, client.background():
        echoing, accesses = script(echo), script(access)
        while accesses.thread.is_alive():
            data = bytearray(32768)
            client.dma_read(0, 0, 0, data)
            assert data == b"\xaa" * 32768
        accesses.join()
    echoing.join()


def test_dma_of_two_threads(vm):
    memory = Memory()
    memory.bytes[:] = os.urandom(Memory.SIZE)

    def read():
        for addr in range(0, Memory.SIZE, 256):
            data = bytearray(256)
            client.dma_read(0, 0, addr, data)
            assert data == memory.bytes[addr:addr + 256]

    with coreio.Client(vm.target) as client:
        vm.accept()
        serving = script(memory.serve, vm, 2 * Memory.SIZE // 32)
        for reading in [script(read), script(read)]:
            reading.join()
        serving.join()


def test_all_work_while_a_callback_waits(vm):
    write = Callback()
    client, connection = connected(vm, write=write)
    with client, client.background():
        connection.send(vector("writea-8"))
        wait(write.inside)
        client.irq_update(2, 5, 1)
        connection.expect(vector("irq-raise"))
        client.flush()
        Blocked(vm, client).answer()
        assert client.status() == 0 and not write.leave.is_set()
        write.leave.set()
        connection.expect(vector("writea-8"))


def test_dma_in_a_callback_while_another_thread_waits_for_its_own(vm):
    ready, data = threading.Event(), bytearray(32)

    def write(*arguments):
        wait(ready)
        client.dma_read(0, 0, 64, data)

    client, connection = connected(vm, write=write)
    with client, client.background():
        connection.send(vector("writea-8"))
        first = Blocked(vm, client)
        ready.set()
        request = first.connection.receive()
        assert request[TAG] != first.request[TAG]
        first.connection.send(answered(request, 9))
        connection.expect(vector("writea-8"))
        assert data == b"\x09" * 32
        first.answer()


def test_disconnect_while_another_thread_waits_for_dma(vm):
    client, connection = connected(vm)
    blocked = Blocked(vm, client)
    client.disconnect()
    blocked.is_cancelled()
    assert connection.socket.recv(1) == b""


def test_disconnect_in_a_callback_while_another_thread_waits_for_dma(vm):
    ready = threading.Event()

    def write(*arguments):
        wait(ready)
        client.disconnect()

    client, connection = connected(vm, write=write)
    connection.send(vector("writea-8"))
    serving = script(fails_with, errno.ENOTCONN, client.run)
    blocked = Blocked(vm, client)
    ready.set()
    serving.join()
    blocked.is_cancelled()


def test_disconnect_while_another_thread_flushes(tmp_path):
    vm = FakeVm(tmp_path / "vm")
    with coreio.Client(vm.target) as client:
        vm.accept()
        with pytest.raises(BlockingIOError):
            for n in range(1 << 20):
                client.irq_update(0, 0, n % 2)
        flushing = script(fails_with, errno.ENOTCONN, client.flush)
        until_inside(coreio.Client.flush, flushing)
        client.disconnect()
        flushing.join()
    vm.close()


def test_disconnect_while_another_thread_connects(tmp_path):
    """Nobody makes room in the queue of the Unix socket: only disconnect() ends the call."""
    vm = FakeVm(tmp_path / "vm")
    vm.listener.listen(0)
    other, client = coreio.Client(vm.target), coreio.Client()
    connecting = script(fails_with, errno.ECANCELED, client.connect, vm.target)
    # The first one may come before the thread has begun to wait.
    until(lambda: client.disconnect() or not connecting.thread.is_alive())
    connecting.join()
    other.disconnect()
    vm.close()


def test_a_client_is_usable_while_another_thread_connects(tmp_path):
    """A Unix socket whose queue is full gives connect() nothing to poll for."""
    vm = FakeVm(tmp_path / "vm")
    vm.listener.listen(0)
    other, client = coreio.Client(vm.target), coreio.Client()

    def connect():
        client.connect(vm.target)

    connecting = script(connect)
    until_inside(connect, connecting)
    assert client.status() == -errno.ENOTCONN
    client.register(0, None, None)
    vm.accept()
    vm.accept().expect(vector("claim-0"))
    connecting.join()
    other.disconnect()
    client.disconnect()
    vm.close()


def test_ctrl_c_when_a_callback_ends_and_another_thread_has_the_client(vm):
    started = threading.Event()

    def write(*arguments):
        started.set()
        wait(ready)

    def block():
        wait(started)
        blocked.append(Blocked(vm, client))
        ready.set()
        signal.pthread_kill(MAIN, signal.SIGINT)

    ready, blocked = threading.Event(), []
    client, connection = connected(vm, write=write)
    connection.send(vector("writea-8"))
    vm_side = script(block)
    with pytest.raises(KeyboardInterrupt):
        client.run()
    vm_side.join()
    client.disconnect()
    blocked[0].is_cancelled()


def test_one_thread_serves(vm):
    client, connection = connected(vm)
    with client, client.background():
        until(lambda: client.serving)
        fails_with(errno.EBUSY, client.run, 0)
        fails_with(errno.EBUSY, client.dispatch)
        connection.send(vector("writea-8"))
        connection.expect(vector("writea-8"))
    assert not client.serving


class InBackground:
    """A write callback that is in background() itself, from `enter` to `leave`."""

    def __init__(self):
        self.called, self.enter = threading.Event(), threading.Event()
        self.inside, self.leave = threading.Event(), threading.Event()

    def __call__(self, *arguments):
        self.called.set()
        wait(self.enter)
        with self.client.background():
            self.inside.set()
            wait(self.leave)


def in_background(vm, callback):
    callback.client, connection = connected(vm, write=callback)
    connection.send(vector("writea-8"))
    return callback.client, connection


def until_it_joins(running):
    """Until the script waits for the end of the thread that serves."""
    def joins():
        frame = sys._current_frames()[running.thread.ident]
        while frame and frame.f_code is not threading.Thread.join.__code__:
            frame = frame.f_back
        return frame

    until(joins)


def test_a_callback_enters_the_background_that_another_thread_leaves(vm, reports):
    def serve():
        with client.background():
            wait(write.called)

    write = InBackground()
    client, connection = in_background(vm, write)
    serving = script(serve)
    until_it_joins(serving)
    write.enter.set()
    write.leave.set()
    serving.join()
    connection.expect(vector("writea-8"))
    serves_again(client, connection)
    assert reports == []


def test_a_callback_is_the_last_in_the_background(vm, reports):
    write = InBackground()
    client, connection = in_background(vm, write)
    write.enter.set()
    with client.background():
        wait(write.inside)
    write.leave.set()
    connection.expect(vector("writea-8"))
    until(lambda: not client.serving)
    serves_again(client, connection)
    assert reports == []


def serves_again(client, connection):
    with client, client.background():
        connection.send(vector("ping"))
        connection.expect(vector("ping"))


def pending(client, function):
    """Asynchronous DMA whose completion calls the function."""
    client.dma_read(0, 0, 0, bytearray(1), 0, lambda cplp, err: function())


# The callback that has begun first ends first.
def test_serving_ends_while_a_completion_of_disconnect_runs(vm):
    write, completion = Callback(), Callback()
    client, connection = connected(vm, write=write)
    pending(client, completion)
    connection.send(vector("writea-8"))
    serving = script(fails_with, errno.ENOTCONN, client.run)
    wait(write.inside)
    disconnecting = script(client.disconnect)
    wait(completion.inside)
    write.leave.set()
    serving.join()
    completion.leave.set()
    disconnecting.join()
    client.connect(vm.target)
    client.run(0)
    client.disconnect()


def test_disconnects_of_two_threads_end_in_another_order(vm):
    first, second = Callback(), Callback()
    client, connection = connected(vm)
    pending(client, first)
    pending(client, second)
    disconnects = [script(client.disconnect)]
    wait(first.inside)
    disconnects.append(script(client.disconnect))
    wait(second.inside)
    for callback, disconnect in zip((first, second), disconnects):
        callback.leave.set()
        disconnect.join()
    client.connect(vm.target)
    client.disconnect()


def test_serving_when_a_completion_of_disconnect_runs(vm):
    completion = Callback()
    client, _ = connected(vm)
    pending(client, completion)
    disconnecting = script(client.disconnect)
    wait(completion.inside)
    fails_with(errno.ENOTCONN, client.run)
    completion.leave.set()
    disconnecting.join()


def test_a_client_lives_as_long_as_a_thread_waits_in_it(vm):
    client = coreio.Client(vm.target)
    vm.accept()
    gone = weakref.ref(client)
    blocked = Blocked(vm, client)
    del client
    gc.collect()
    assert gone() is not None
    blocked.answer()
    del blocked.thread
    gc.collect()
    assert gone() is None


def in_child(function):
    """Run the function in a child process; wait() for its success."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            function()
            status = 0
        finally:
            os._exit(status)
    return child


def succeeds(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_child_process_serves_in_place_of_its_parent(vm):
    def serve():
        connection.close()  # its copy of the VM's end
        fails_with(errno.ECONNRESET, client.run)

    client, connection = connected(vm)
    child = in_child(serve)
    connection.send(vector("writea-8"))
    connection.expect(vector("writea-8"))
    connection.close()
    assert succeeds(child)


def test_a_child_process_that_drops_the_client_leaves_the_parent_its_own(vm):
    client, connection = connected(vm)

    def drop():
        nonlocal client
        del client
        gc.collect()

    assert succeeds(in_child(drop))
    with client, client.background():
        connection.send(vector("writea-8"))
        connection.expect(vector("writea-8"))


def test_a_child_process_leaves_a_client_in_which_a_thread_of_the_parent_waits(vm):
    def leave():
        signal.alarm(LIMIT_SECONDS)  # ends the child if it hangs
        client.disconnect()

    client, _ = connected(vm)
    blocked = Blocked(vm, client)
    assert succeeds(in_child(leave))
    blocked.answer()
    client.disconnect()


IN_AN_INTERPRETER = """
import coreio

def read(*arguments):
    raise coreio.BusError

client = coreio.Client(target)
client.register(0, read, None)
try:
    client.run()
except ConnectionResetError:
    client.disconnect()
"""


def interpreter_with_this_gil():
    if sys.version_info >= (3, 13):
        return interpreters.create("legacy")
    return interpreters.create(isolated=False)


def test_an_interpreter_of_its_own(vm):
    def use():
        connection = vm.accept()
        connection.expect(vector("claim-0"))
        connection.send(vector("read-1"))
        connection.expect(vector("read-1-error"))
        connection.close()

    for _ in range(2):
        using, interpreter = script(use), interpreter_with_this_gil()
        interpreters.run_string(interpreter, f"target = '{vm.target}'" + IN_AN_INTERPRETER)
        interpreters.destroy(interpreter)
        using.join()
