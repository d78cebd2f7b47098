# SPDX-License-Identifier: GPL-2.0-or-later
"""The slider in a guest: every position arrives, in order, and none twice."""
import subprocess
import sys
from pathlib import Path

import pytest

SLIDER = Path(__file__).parent / "slider.py"
POSITIONS = [0, 1, 127, 128, 255, 65535, 0xffffffff, 7] * 5


@pytest.fixture(scope="module")
def guest(vmbench_guest):
    vmbench_guest.load_uio()
    return vmbench_guest


def test_the_guest_sees_every_position(guest):
    outside = subprocess.Popen([sys.executable, SLIDER, guest.endpoint], text=True,
                               stdin=subprocess.PIPE)
    outside.stdin.write("".join(f"{position}\n" for position in POSITIONS))
    outside.stdin.flush()
    printed = guest.check(["vmmio-slider-inside", len(POSITIONS)])
    outside.stdin.close()
    assert printed == "".join(f"position {position}\n" for position in POSITIONS)
    assert outside.wait(timeout=60) == 0


def test_the_modules_are_loaded_once(guest):
    guest.load_uio()
    result = guest.run(["vmmio-uio-load", "gsi=17"])
    assert result.exit_status == 1
    assert result.stderr.startswith("vmmio-uio-load: ") and result.stderr.count("\n") == 1


def test_a_usage_error_is_told(guest):
    assert guest.run(["vmmio-slider-inside"]).exit_status == 2
