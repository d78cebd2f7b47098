# SPDX-License-Identifier: GPL-2.0-or-later
"""coreio.Client: ways to connect, and an event loop of the program's own."""
import errno
import os
import select
import socket

import pytest

import coreio
from fake_vm import LIMIT_SECONDS, FakeVm, script, serve_until, vector


def nothing(funcp, addr, data, flags):
    return 0


@pytest.fixture
def vm6():
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        if os.environ.get("VMMIO_NO_SKIP"):
            raise
        pytest.skip("this machine has no ::1 (VMMIO_NO_SKIP=1 makes that a failure)")
    vm = FakeVm(listener=listener)
    yield vm
    vm.close()


def is_served(client, connection):
    connection.send(vector("ping"))
    serve_until(client, script(connection.expect, vector("ping")))


def test_ipv6(vm6):
    assert vm6.target.startswith("[::1]:")
    with coreio.Client(vm6.target) as client:
        connection = vm6.accept()
        is_served(client, connection)
        client.dma_read(0, 0, 0, bytearray(1), 0, lambda cplp, err: None)
        vm6.accept()


def test_connecting_in_the_background(vm):
    told = []
    with coreio.Client() as client:
        client.register(0, nothing, nothing)
        client.set_events(lambda: told.append("connected"), told.append)
        client.connect_start(vm.target)
        assert not client.connected and told == []
        with pytest.raises(OSError) as raised:
            client.dma_read(0, 0, 0, bytearray(1))
        assert raised.value.errno == errno.EINPROGRESS
        accepting = script(lambda: vm.accept().expect(vector("claim-0")))
        serve_until(client, accepting)
        assert client.connected and told == ["connected"]


def test_connecting_in_the_background_in_vain(vm):
    told = []
    vm.listener.close()
    with coreio.Client() as client:
        client.set_events(lambda: told.append("connected"), told.append)
        client.connect_start(vm.target)
        with pytest.raises(ConnectionRefusedError):
            client.run()
    assert told == [-errno.ECONNREFUSED]


def test_a_loop_of_the_program(vm):
    """Its descriptor is readable when there is something to do, and only then."""
    poll = select.poll()

    def turn():
        assert poll.poll(LIMIT_SECONDS * 1000) == [(client.fileno(), select.POLLIN)]
        client.dispatch()

    with coreio.Client() as client:
        client.register(0, nothing, nothing)
        poll.register(client, select.POLLIN)
        client.connect_start(vm.target)
        accepting = script(lambda: vm.accept().expect(vector("claim-0")))
        while not client.connected:
            turn()
        accepting.join()
        connection = vm.connections[0]
        for _ in range(3):
            connection.sendall(vector("writea-8"))
            turn()
            assert connection.recv(64) == vector("writea-8")
            assert poll.poll(0) == []
        connection.close()
        with pytest.raises(ConnectionResetError):
            while True:
                turn()
