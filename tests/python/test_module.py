# SPDX-License-Identifier: GPL-2.0-or-later
"""The functions of the module `coreio`, in what the scripts of tests/protocol do not see."""
import errno
import random
import signal
import socket
import subprocess
import threading
import time

import pytest

import coreio
from fake_vm import script, vector


def nothing(funcp, addr, data, flags):
    return 0


def connect(module, vm, read=nothing, write=nothing, **more):
    module.connect(vm.target)
    connection = vm.accept()
    module.register(0, read, write, **more)
    connection.expect(vector("claim-0"))
    return connection


def ask(module, connection, request, reply):
    """The reply to a request, for which the module is served."""
    connection.send(request)
    waiting = script(connection.expect, reply)
    while waiting.thread.is_alive():
        module.mainloop(1000)
    waiting.join()


def test_the_extension_exports_its_init_function_alone():
    """Else another libcoreio in the process could take the place of its own."""
    listed = subprocess.run(["nm", "--dynamic", "--defined-only", "--format=just-symbols",
                             coreio._coreio.__file__], capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split() if "asan" not in name]
    assert names == ["PyInit__coreio"]


def test_flags_are_those_of_the_protocol():
    assert (coreio.FLAGS_IFETCH, coreio.FLAGS_PRIV, coreio.FLAGS_SECURE) == (2, 4, 8)


def test_callbacks_get_what_the_protocol_says(module, vm):
    calls = []

    def read(funcp, addr, data, flags):
        calls.append((funcp, addr, bytes(data), flags))
        data[:] = bytes(range(1, len(data) + 1))

    connection = connect(module, vm, read, funcp="mine")
    ask(module, connection, vector("read-32-fetch"), vector("read-32-fetch-reply"))
    assert calls == [("mine", 0x123456789abcde0, b"\xaa" * 32, coreio.FLAGS_IFETCH)]


@pytest.mark.parametrize("value", [1, -1, True])
def test_a_result_other_than_0_is_a_bus_error(module, vm, reports, value):
    connection = connect(module, vm, lambda *arguments: value)
    ask(module, connection, vector("read-1"), vector("read-1-error"))
    assert reports == []


def test_bus_error_is_not_reported(module, vm, reports):
    def read(*arguments):
        raise coreio.BusError
    connection = connect(module, vm, read)
    ask(module, connection, vector("read-1"), vector("read-1-error"))
    assert reports == []


def test_an_exception_is_reported_once_a_line(module, vm, reports):
    def read(funcp, addr, data, flags):
        if addr == 0xfef00003:
            raise ValueError("one")
        raise ValueError("other")

    connection = connect(module, vm, read)
    one, error = vector("read-1"), vector("read-1-error")
    for _ in range(3):
        ask(module, connection, one, error)
        ask(module, connection, one[:16] + b"\x04" + one[17:], error[:16] + b"\x04" + error[17:])
    assert [str(value) for value in reports] == ["one", "other"]


@pytest.mark.parametrize("result", ["text", 1.5, b"\0", 1 << 80])
def test_a_result_that_is_no_number_is_reported(module, vm, reports, result):
    connection = connect(module, vm, lambda *arguments: result)
    ask(module, connection, vector("read-1"), vector("read-1-error"))
    assert [type(value) for value in reports] == [TypeError]


def test_data_of_another_length_are_reported(module, vm, reports):
    connection = connect(module, vm, lambda funcp, addr, data, flags: data.extend(b"more"))
    ask(module, connection, vector("read-1"), vector("read-1-error"))
    assert [type(value) for value in reports] == [ValueError]


def test_each_bad_result_is_reported_once(module, vm, reports):
    results = iter(["one", "other", "one", 1.5])
    connection = connect(module, vm, lambda *arguments: next(results))
    for _ in range(4):
        ask(module, connection, vector("read-1"), vector("read-1-error"))
    assert [str(value).split(":")[0] for value in reports] == [
        f"the callback returned {result}" for result in ("'one'", "'other'", "1.5")]


def test_a_flood_of_reports_ends(module, vm, reports):
    results = iter(range(200))
    connection = connect(module, vm, lambda *arguments: str(next(results)))
    for _ in range(200):
        ask(module, connection, vector("read-1"), vector("read-1-error"))
    assert len(reports) == 101 and "no more" in str(reports[-1])


def test_a_callback_may_keep_its_data(module, vm):
    kept = []
    connection = connect(module, vm, write=lambda funcp, addr, data, flags: kept.append(data))
    ask(module, connection, vector("writea-8"), vector("writea-8"))
    ask(module, connection, vector("writea-2-unaligned"), vector("writea-2-unaligned"))
    assert kept == [bytes(range(8)), b"\xef\xbe"]


def test_ctrl_c_ends_the_main_loop(module, vm):
    connect(module, vm)
    main = threading.main_thread().ident
    timer = threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        module.mainloop(-1)
    timer.join()
    module.mainloop(0)


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
def test_an_exit_in_a_callback_leaves_the_access_to_the_vm(module, vm, reports, end):
    def read(*arguments):
        raise end(7)
    connection = connect(module, vm, read)
    connection.send(vector("read-1"))
    with pytest.raises(end) as raised:
        module.mainloop(-1)
    assert raised.value.args == (7,) and reports == []
    assert connection.socket.recv(1) == b""
    module.disconnect()
    connect(module, vm)
    module.mainloop(0)


def test_other_threads_run_while_it_waits(module, vm):
    connect(module, vm)
    turns = []
    stop = threading.Event()

    def count():
        while not stop.is_set():
            turns.append(None)
            time.sleep(0.001)
    counter = threading.Thread(target=count)
    counter.start()
    module.mainloop(200000)
    stop.set()
    counter.join()
    assert len(turns) > 2


@pytest.mark.parametrize("target", ["", ":", "host:", "host:0", "host:65536", "host:port", "a\0b:1",
                                    "unix:", "unix:" + "x" * 200, "[::1"])
def test_a_wrong_target(module, target):
    with pytest.raises(OSError) as raised:
        module.connect(target)
    assert raised.value.errno == errno.EINVAL
    assert raised.value.filename == target


@pytest.mark.parametrize("target", [None, 5, b"localhost:1"])
def test_a_target_that_is_no_text(module, target):
    with pytest.raises(TypeError):
        module.connect(target)


def test_a_refused_connection(module, vm):
    vm.listener.close()
    with pytest.raises(ConnectionRefusedError):
        module.connect(vm.target)


def test_a_host_that_nobody_knows(module):
    with pytest.raises(OSError) as raised:
        module.connect("no-such-host.invalid:1")
    assert raised.value.errno in (errno.ENOENT, errno.EAGAIN)


def test_no_such_socket(module, tmp_path):
    with pytest.raises(FileNotFoundError):
        module.connect(f"unix:{tmp_path}/none")


@pytest.mark.parametrize("call", [
    lambda: coreio.register(0, nothing, nothing), lambda: coreio.irq_update(0, 0, 1),
    lambda: coreio.mainloop(0), lambda: coreio.processfds([], []),
    lambda: coreio.dma_read(0, 0, 0, bytearray(1), 0), lambda: coreio.dma_write(0, 0, 0, b"x", 0)])
def test_calls_before_connect(module, call):
    with pytest.raises(OSError) as raised:
        call()
    assert raised.value.errno == errno.ENOTCONN


def test_connecting_twice(module, vm):
    connect(module, vm)
    with pytest.raises(OSError) as raised:
        module.connect(vm.target)
    assert raised.value.errno == errno.EISCONN


def test_connecting_in_a_completion_of_disconnect(module, vm):
    def connect_again(cplp, err):
        with pytest.raises(OSError) as raised:
            module.connect(vm.target)
        errors.append((err, raised.value.errno))

    errors = []
    connect(module, vm)
    module.dma_read(0, 0, 0, bytearray(1), 0, connect_again)
    vm.accept()
    module.disconnect()
    assert errors == [(-errno.ECANCELED, errno.ECANCELED)]
    connect(module, vm)


def test_the_same_range_twice_and_after_a_disconnect(module, vm):
    connect(module, vm)
    with pytest.raises(OSError) as raised:
        module.register(0, nothing, nothing)
    assert raised.value.errno == errno.EBUSY
    module.disconnect()
    connect(module, vm)


@pytest.mark.parametrize("rid", [8, -1, 1 << 40])
def test_a_range_that_cannot_be(module, vm, rid):
    connect(module, vm)
    with pytest.raises(OSError) as raised:
        module.register(rid, nothing, nothing)
    assert raised.value.errno == errno.EINVAL


def test_a_callback_that_cannot_be_called(module, vm):
    connect(module, vm)
    with pytest.raises(TypeError, match="write: 5 cannot be called"):
        module.register(1, nothing, 5)


def test_a_vm_that_speaks_garbage(module, vm, reports):
    """A thousand packets of one block and an opcode that no VM sends a request with."""
    packets = 1000
    garbage = bytearray(random.Random(4).randbytes(64 * packets))
    garbage[1::64] = bytes(packets)
    garbage[8::64] = bytes(0x07 + i % 0xf9 for i in range(packets))
    calls = []

    def read(funcp, addr, data, flags):
        calls.append(addr)
        data[0] = 0x5c

    connection = connect(module, vm, read, read)
    ask(module, connection, bytes(garbage) + vector("read-1"), vector("read-1-reply"))
    assert len(calls) == 1 and reports == []


def test_a_loss_is_told_until_the_next_connect(module, vm):
    connect(module, vm).close()
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            module.mainloop(-1)
    with pytest.raises(ConnectionResetError):
        module.irq_update(0, 0, 1)
    connect(module, vm)


def test_objects_with_a_descriptor_in_a_select_loop(module, vm):
    connect(module, vm)
    own, other = socket.socketpair()
    with own, other:
        nfds, readable, writable = module.preparefds([own], [other])
        assert readable[0] is own and writable == [other] and len(readable) == 2
        assert nfds == max(own.fileno(), other.fileno(), readable[1]) + 1
        module.processfds([own], [other])


def test_a_flood_of_updates_is_refused_in_the_end(module, vm):
    connection = connect(module, vm)
    accepted = 0
    with pytest.raises(BlockingIOError):
        while True:
            module.irq_update(2, 5, accepted % 2 == 0)
            accepted += 1
    waiting = script(connection.receive, accepted * 64)
    while waiting.thread.is_alive():
        module.mainloop(1000)
    waiting.join()
