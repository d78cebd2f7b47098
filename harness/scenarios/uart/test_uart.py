# SPDX-License-Identifier: GPL-2.0-or-later
"""The UART in a guest: more bytes than the FIFO holds, each answered, none lost."""
import subprocess
import sys
from pathlib import Path

import pytest

UART = Path(__file__).parent / "uart.py"
TEXT = "The quick brown fox jumps over the lazy dog.\n" * 10
EOT = "\x04"


@pytest.fixture(scope="module")
def guest(vmbench_guest):
    vmbench_guest.load_uio()
    return vmbench_guest


@pytest.mark.parametrize("text", [TEXT, "", "x"], ids=["long", "none", "one"])
def test_every_byte_is_answered(guest, text):
    outside = subprocess.Popen([sys.executable, UART, guest.endpoint], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    outside.stdin.write(text + EOT)
    outside.stdin.flush()  # and it stays open, as a terminal does
    guest.wait_claim()
    assert guest.check(["vmmio-uart-inside"]) == f"{len(text) + 1} bytes\n"
    assert outside.stdout.read() == text.upper()
    assert outside.wait(timeout=60) == 0
    outside.stdin.close()
    guest.wait_release()
