# SPDX-License-Identifier: GPL-2.0-or-later
"""The outside half of the UART at a terminal: it answers while nobody types, and Ctrl-C ends it."""
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fake_vm import LIMIT_SECONDS, vector

UART = Path(__file__).parents[2] / "harness/scenarios/uart/uart.py"
DATA, STATUS = 0, 4
RX_READY = 1
IRQ_UPDATE = 0x41


@pytest.fixture
def terminal():
    """Its two ends: the user's and the program's."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def uart(vm, terminal):
    process = subprocess.Popen([sys.executable, UART, vm.target], stdin=terminal[1],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def guest(vm, uart):
    connection = vm.accept()
    connection.expect(vector("claim-0"))
    return connection


def at(offset, packet):
    """The vector, for another register."""
    return packet[:16] + bytes([offset]) + packet[17:]


def read(guest, offset):
    request = at(offset, vector("read-1"))
    guest.send(request)
    while (reply := guest.receive())[:24] != request[:24]:
        assert reply[8] == IRQ_UPDATE
    return reply[24]


def test_it_answers_while_nobody_types(guest):
    assert read(guest, STATUS) == 0


def test_keys_reach_the_guest(guest, terminal):
    os.write(terminal[0], b"ok\n")
    typed = b""
    while len(typed) < 3:
        if read(guest, STATUS) & RX_READY:
            typed += bytes([read(guest, DATA)])
    assert typed == b"ok\n"


def test_what_the_guest_sends_is_shown_at_once(guest, uart):
    guest.send(at(DATA, vector("write-1")))
    assert uart.stdout.read(1) == b"\x7e"


def test_one_ctrl_c_ends_it(guest, uart):
    assert read(guest, STATUS) == 0
    uart.send_signal(signal.SIGINT)
    assert uart.communicate(timeout=LIMIT_SECONDS) == (b"", b"")
    assert uart.returncode == 128 + signal.SIGINT


def test_a_lost_connection_ends_it(guest, uart):
    guest.close()
    said = uart.communicate(timeout=LIMIT_SECONDS)[1].decode()
    assert re.fullmatch(r"uart.py: lost the VM at \S+: Connection reset by peer: .*\n", said)
    assert uart.returncode == 3
