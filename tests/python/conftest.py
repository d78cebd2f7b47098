# SPDX-License-Identifier: GPL-2.0-or-later
import sys

import pytest

import coreio
from fake_vm import FakeVm


@pytest.fixture
def vm():
    vm = FakeVm()
    yield vm
    vm.close()


@pytest.fixture
def reports(monkeypatch):
    """What went to sys.unraisablehook."""
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: reported.append(args.exc_value))
    return reported


@pytest.fixture
def module():
    """The functions of the module, disconnected at the end."""
    yield coreio
    coreio.disconnect()
