# SPDX-License-Identifier: BSD-2-Clause
"""
Fixtures for tests with a guest, found by pytest once coreio is installed:

    def test_temperature(vmbench_guest):
        with Thermometer(vmbench_guest.endpoint).background():
            assert vmbench_guest.run(["read-temperature"]).stdout == "23\\n"

vmbench_guest   a coreio.vmbench.Guest, booted once for each test module and machine
vmbench_boot    vmbench_boot("x86") boots another; it ends with the test

Options: --vmbench PROGRAM, --vmbench-machine raspi4b|x86|all.
"""
import pytest

from coreio.vmbench import Guest, VmbenchError

MACHINES = ["raspi4b", "x86"]


def pytest_addoption(parser):
    group = parser.getgroup("vmbench")
    group.addoption("--vmbench", metavar="PROGRAM",
                    help="vmbench of a built tree (default: $VMBENCH, else the one on the PATH)")
    group.addoption("--vmbench-machine", choices=[*MACHINES, "all"], default="all",
                    help="machine that guests are (default: each in turn)")


def pytest_generate_tests(metafunc):
    if "vmbench_machine" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--vmbench-machine")
        metafunc.parametrize("vmbench_machine", MACHINES if chosen == "all" else [chosen],
                             indirect=True, scope="module")


@pytest.fixture(scope="module")
def vmbench_machine(request):
    # Of a plain value pytest 7 makes another one for each test that has parameters besides, and
    # the guest, which goes with it, would boot again.
    return request.param


def start(request, machine, options=()):
    """What is wrong with the set-up is a line for the user, not a traceback of this file."""
    try:
        return Guest(machine, request.config.getoption("--vmbench"), options)
    except VmbenchError as error:
        problem = f"vmbench: {error}"
    pytest.fail(problem, pytrace=False)


@pytest.fixture(scope="module")
def vmbench_guest(request, vmbench_machine):
    with start(request, vmbench_machine) as guest:
        yield guest


@pytest.fixture
def vmbench_boot(request):
    guests = []

    def boot(machine, options=()):
        guests.append(start(request, machine, options))
        return guests[-1]

    yield boot
    for guest in guests:
        guest.close()
