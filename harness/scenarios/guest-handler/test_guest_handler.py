# SPDX-License-Identifier: GPL-2.0-or-later
"""
The memory example with its outside half inside another guest: vmmio-test-outside runs on one
machine, vmmio-test-inside on the other, and QEMU's user network carries the requests from one to
the other. The handler sees the host as 10.0.2.2, where the other guest's endpoint is.
"""
import os
from pathlib import Path

EXPECTED = Path(os.environ["FIXTURES"]) / "memory"
OTHER = {"raspi4b": "x86", "x86": "raspi4b"}
LOG = "/tmp/outside.txt"


def expected(name):
    return (EXPECTED / name).read_text()


def test_a_handler_in_another_guest(vmbench_guest, vmbench_boot):
    host = vmbench_boot(OTHER[vmbench_guest.machine], ["--network"])
    host.load_network()
    host.load_network()  # again, as by hand
    port = vmbench_guest.endpoint.rpartition(":")[2]
    assert vmbench_guest.check(["vmmio-test-inside"]) == expected("inside-unclaimed.txt")

    host.check(["sh", "-c", f"vmmio-test-outside 10.0.2.2:{port} >{LOG} 2>&1 </dev/null &"])
    vmbench_guest.wait_claim()
    assert vmbench_guest.check(["vmmio-test-inside"]) == expected("inside-handled.txt")
    assert host.check(["grep", "-v", "^tick$", LOG]) == expected("outside.txt")

    host.check(["killall", "vmmio-test-outside"])
    vmbench_guest.wait_release()
    assert vmbench_guest.check(["vmmio-test-inside"]) == expected("inside-unclaimed.txt")
