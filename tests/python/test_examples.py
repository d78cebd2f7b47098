# SPDX-License-Identifier: GPL-2.0-or-later
"""The Python halves of the examples, used wrongly and without a VM: one line, and no hanging."""
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fake_vm import LIMIT_SECONDS, vector

SCENARIOS = Path(__file__).parents[2] / "harness/scenarios"
EXAMPLES = ["slider", "uart"]


def start(name, *arguments):
    return subprocess.Popen([sys.executable, SCENARIOS / name / f"{name}.py", *arguments],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def ends(process, status, line):
    """With this status and one line on standard error; its standard input stays open."""
    try:
        assert process.wait(timeout=LIMIT_SECONDS) == status
        output, said = process.communicate()
        assert output == "" and re.fullmatch(line + r"\n", said), said
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", EXAMPLES)
def test_usage(name):
    ends(start(name), 2, rf"{name}.py: usage: {name}.py HOST:PORT .*")


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("target", ["", "host:port"])
def test_a_wrong_target(name, target):
    ends(start(name, target), 1,
         rf"{name}.py: cannot connect to '{target}': Invalid argument: give HOST:PORT .*")


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_refused_connection(vm, name):
    vm.listener.close()
    ends(start(name, vm.target), 1,
         rf"{name}.py: cannot connect to '{vm.target}': Connection refused: .*")


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_vm_that_goes(vm, name):
    process = start(name, vm.target)
    connection = vm.accept()
    connection.expect(vector("claim-0"))
    connection.close()
    ends(process, 3, rf"{name}.py: lost the VM at {vm.target}: Connection reset by peer: .*")


@pytest.fixture
def slider(vm):
    """It has moved once and wants to move again."""
    process = start("slider", vm.target)
    connection = vm.accept()
    connection.expect(vector("claim-0"))
    connection.receive(64)  # the line is low
    process.stdin.write("1\n2\n")
    process.stdin.flush()
    connection.receive(64)  # and high
    return process, connection


def test_a_vm_that_goes_before_it_has_seen_the_position(vm, slider):
    process, connection = slider
    connection.close()
    ends(process, 3, "slider.py: lost the VM at .*")


def test_a_vm_that_is_reset_before_it_has_seen_the_position(slider):
    process, connection = slider
    connection.send(bytes([0]) + vector("reset")[1:])
    levels = [connection.receive()[24] for _ in range(2)]
    assert levels == [0, 1]  # the next position
    process.kill()
    process.communicate()


def test_ctrl_c_in_the_slider(slider):
    process, _ = slider
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=LIMIT_SECONDS) == ("", "")
    assert process.returncode == 128 + signal.SIGINT


@pytest.mark.parametrize("position", ["", "seven", "-1", "4294967296"])
def test_a_position_that_is_none(vm, position):
    process = start("slider", vm.target)
    process.stdin.write(position + "\n")
    process.stdin.flush()
    ends(process, 2, f"slider.py: bad position '{position}': give numbers from 0 to 4294967295, .*")
