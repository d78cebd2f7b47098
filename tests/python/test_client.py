# SPDX-License-Identifier: GPL-2.0-or-later
"""coreio.Client: several VMs, threads, reconnecting, what is freed."""
import errno
import gc
import os
import resource
import sys
import threading
import time
import weakref
from pathlib import Path

import pytest

import coreio
from fake_vm import (LIMIT_SECONDS, FakeVm, script, serve_until, vector, with_error,
                     with_preloaded)

RESET = vector("reset")


def nothing(funcp, addr, data, flags):
    return 0


def connected(vm, **callbacks):
    client = coreio.Client(vm.target)
    connection = vm.accept()
    client.register(0, callbacks.get("read", nothing), callbacks.get("write", nothing))
    connection.expect(vector("claim-0"))
    return client, connection


def wait_for(condition):
    end = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.001)


def test_several_at_once(vm, tmp_path):
    other_vm = FakeVm(tmp_path / "vm")
    one, one_connection = connected(vm)
    other, other_connection = connected(other_vm)
    with one, other:
        one.irq_update(2, 5, 1)
        one_connection.expect(vector("irq-raise"))
        other_connection.send(vector("ping"))
        serve_until(other, script(other_connection.expect, vector("ping")))
    other_vm.close()


def test_registrations_before_the_connection(vm):
    with coreio.Client() as client:
        client.register(0, nothing, nothing)
        assert client.status() == -errno.ENOTCONN and not client.connected
        client.connect(vm.target)
        assert client.connected
        vm.accept().expect(vector("claim-0"))


def test_a_range_is_given_back(vm):
    client, connection = connected(vm, read=lambda funcp, addr, data, flags: 1)
    with client:
        client.unregister(0)
        with pytest.raises(FileNotFoundError):
            client.unregister(0)
        connection.send(vector("read-1"))
        serve_until(client, script(connection.expect, vector("read-1")))
        client.register(0, nothing, nothing)
        connection.expect(vector("claim-0"))


def test_a_range_is_given_back_between_the_halves_of_a_pair(vm):
    calls = []

    def read(funcp, addr, data, flags):
        calls.append(addr)
        client.unregister(0)

    client, connection = connected(vm, read=read)
    with client:
        connection.send(vector("readp-4"))
        serve_until(client, script(connection.expect, with_error(vector("readp-4"))))
    assert calls == [0xfef00020]


def test_it_connects_again_by_itself(vm):
    client, connection = connected(vm)
    lost = []
    with client:
        client.set_reconnect(1, 100)
        client.set_events(disconnected=lost.append)
        connection.close()
        again = script(lambda: vm.accept().expect(vector("claim-0")))
        serve_until(client, again)
    assert lost == [-errno.ECONNRESET]


def test_reset_is_told(vm):
    resets = []
    client, connection = connected(vm)
    with client:
        client.on_reset(RESET[0], lambda: resets.append("reset"))
        connection.send(RESET + vector("ping"))
        serve_until(client, script(connection.expect, vector("ping")))
    assert resets == ["reset"]


def tell_a_reset_and_a_loss(client, connection):
    connection.send(RESET + vector("ping"))
    serve_until(client, script(connection.expect, vector("ping")))
    connection.close()
    with pytest.raises(ConnectionResetError):
        client.run()


@pytest.mark.parametrize("block_first", [True, False])
def test_events_of_the_program_and_of_a_block(vm, block_first):
    told = []
    client, connection = connected(vm)
    with client:
        for block in (block_first, not block_first):
            if block:
                client.on_reset(RESET[0], lambda: told.append("block"))
            else:
                client.set_events(disconnected=told.append, reset=told.append)
        tell_a_reset_and_a_loss(client, connection)
    assert told == [RESET[0], "block", -errno.ECONNRESET]


def test_events_that_are_taken_back(vm):
    told = []
    client, connection = connected(vm)
    with client:
        client.set_events(disconnected=told.append, reset=told.append)
        client.on_reset(RESET[0], lambda: told.append("block"))
        client.set_events()
        client.on_reset(RESET[0], None)
        tell_a_reset_and_a_loss(client, connection)
    assert told == []


@pytest.mark.parametrize("event", ["connected", "disconnected", "reset"])
def test_an_event_that_cannot_be_called(event):
    with pytest.raises(TypeError, match=f"{event}: 5 cannot be called"):
        coreio.Client().set_events(**{event: 5})


def test_an_exception_in_an_event_is_reported(vm, reports):
    client, connection = connected(vm)
    with client:
        client.on_reset(RESET[0], lambda: 1 // 0)
        connection.send(RESET + vector("ping"))
        serve_until(client, script(connection.expect, vector("ping")))
    assert [type(value) for value in reports] == [ZeroDivisionError]


def test_a_thread_raises_a_line_while_another_serves(vm):
    client, connection = connected(vm)
    with client, client.background():
        for level in (1, 0) * 50:
            client.irq_update(2, 5, level)
            connection.expect(vector("irq-raise" if level else "irq-lower"))


def test_serving_in_the_background(vm):
    client, connection = connected(vm)
    with client, client.background():
        for _ in range(50):
            connection.send(vector("writea-8"))
            connection.expect(vector("writea-8"))


def test_a_loss_in_the_background_is_raised_at_the_end(vm):
    client, connection = connected(vm)
    with pytest.raises(ConnectionResetError):
        with client, client.background():
            connection.close()
            wait_for(lambda: not client.connected)
    client.connect(vm.target)
    with client:
        client.run(0)


def test_blocks_in_the_background_share_a_thread(vm):
    client, connection = connected(vm)
    threads = threading.active_count()
    with client:
        with client.background():
            with client.background():
                assert threading.active_count() == threads + 1
            connection.send(vector("writea-8"))
            connection.expect(vector("writea-8"))
        assert threading.active_count() == threads
        client.run(0)


def test_a_loss_is_raised_by_every_block_in_the_background(vm):
    client, connection = connected(vm)
    with client, pytest.raises(ConnectionResetError):
        with client.background():
            with pytest.raises(ConnectionResetError):
                with client.background():
                    connection.close()
                    wait_for(lambda: not client.connected)
            client.disconnect()
            client.connect(vm.target)
            again = vm.accept()
            again.expect(vector("claim-0"))
            with client.background():
                again.send(vector("writea-8"))
                again.expect(vector("writea-8"))


@pytest.mark.parametrize("serve", [lambda client: client.run(0), lambda client: client.dispatch(),
                                   lambda client: client.background().__enter__()])
def test_only_one_serves(vm, serve):
    client, connection = connected(vm)
    with client:
        running = script(client.run)
        wait_for(lambda: client.serving)
        with pytest.raises(OSError) as raised:
            serve(client)
        assert raised.value.errno == errno.EBUSY
        connection.send(vector("writea-8"))
        connection.expect(vector("writea-8"))
        client.stop()
        running.join()
        client.dispatch()


def test_stop_in_a_callback(vm):
    client, connection = connected(vm, write=lambda *arguments: client.stop())
    with client:
        connection.send(vector("writea-8"))
        client.run()
        connection.expect(vector("writea-8"))


def test_spinning(vm):
    client, connection = connected(vm)
    with client:
        client.set_spin(1000)
        for _ in range(10):
            connection.send(vector("writea-8"))
            serve_until(client, script(connection.expect, vector("writea-8")))
        client.run(0.02)


SPIN = """
import ctypes, sys, coreio
counted = ctypes.CDLL(sys.argv[2])
with coreio.Client(sys.argv[1]) as client:
    for spin in 0, 1000000:
        client.set_spin(spin)
        before = [ctypes.c_int.in_dll(counted, name).value for name in ("looks", "sleeps")]
        client.run(0.05)
        after = [ctypes.c_int.in_dll(counted, name).value for name in ("looks", "sleeps")]
        print(*[late > early for early, late in zip(before, after)])
"""


def test_spinning_is_looking_in_the_place_of_sleeping(vm):
    ended = with_preloaded("POLLS", SPIN, vm.target, os.environ["POLLS"])
    assert (ended.stdout, ended.stderr) == ("False True\nTrue False\n", "")


def test_flush_and_its_limit(vm):
    client, _ = connected(vm)
    with client:
        client.flush(0.1)
        with pytest.raises(OSError):
            client.flush(-1)
    with pytest.raises(OSError) as raised:
        client.flush()
    assert raised.value.errno == errno.ENOTCONN


def test_two_threads_cannot_serve_inside_a_callback(vm):
    inside, leave, errors = threading.Event(), threading.Event(), []

    def write(*arguments):
        inside.set()
        leave.wait(20)

    client, connection = connected(vm, write=write)
    with client, client.background():
        connection.send(vector("writea-8"))
        assert inside.wait(20)
        with pytest.raises(OSError) as raised:
            client.run(0)
        errors.append(raised.value.errno)
        leave.set()
        connection.expect(vector("writea-8"))
    assert errors == [errno.EBUSY]


def test_a_client_in_a_cycle_is_freed_and_closes(vm):
    class Device:
        def read(self, funcp, addr, data, flags):
            return 0

    device = Device()
    device.client = coreio.Client(vm.target)
    connection = vm.accept()
    device.client.register(0, device.read, device.read, funcp=device)
    connection.expect(vector("claim-0"))
    gone = weakref.ref(device)
    del device
    gc.collect()
    assert gone() is None
    assert connection.socket.recv(1) == b""


def one_round(vm, reports):
    """Everything that takes references, once; in one thread, as threads keep memory of their own."""
    calls = []

    def read(*arguments):
        calls.append("read")
        return 1 // 0

    client, connection = connected(vm, read=read, write=lambda *arguments: calls.append("write"))
    with client:
        client.set_events(reset=lambda rid: calls.append("reset"))
        connection.send(vector("read-1") + vector("writea-8") + RESET)
        while len(calls) < 3:
            client.run(0.001)
        connection.receive(128)
        client.dma_read(0, 0, 0, bytearray(1), 0, lambda cplp, err: calls.append("dma"))
        dma_connection = vm.accept()
        client.unregister(0)
        with pytest.raises(OSError):
            client.register(9, nothing, nothing)
        with pytest.raises(TypeError):
            client.register(1, 5, nothing)
        with pytest.raises(OSError):
            client.connect("")
    assert calls == ["read", "write", "reset", "dma"]
    connection.close()
    dma_connection.close()
    vm.connections.clear()
    reports.clear()


def resident_kib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


def test_nothing_leaks(vm, reports):
    rounds = 500
    one_round(vm, reports)
    files = len(os.listdir("/proc/self/fd"))
    for _ in range(rounds):  # Python's own lists of free objects fill
        one_round(vm, reports)
    gc.collect()
    blocks, resident = sys.getallocatedblocks(), resident_kib()
    for _ in range(rounds):
        one_round(vm, reports)
    gc.collect()
    assert sys.getallocatedblocks() - blocks < rounds  # not one object a round
    assert resident_kib() - resident < 8192            # nor a context, which is many kilobytes
    assert len(os.listdir("/proc/self/fd")) == files
