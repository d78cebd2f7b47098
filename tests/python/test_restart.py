# SPDX-License-Identifier: GPL-2.0-or-later
"""A handler that Ctrl-C ends in a callback, and the one that is started in its place."""
import signal
import subprocess
import sys

import coreio
from fake_vm import LIMIT_SECONDS, script

WINDOW = 0xfef00000

# No Event.wait(): a signal between its steps becomes a RuntimeError of its locks.
HANDLER = """
import sys
import time
import coreio

def access(funcp, addr, data, flags):
    print("inside", flush=True)
    while True:
        time.sleep(0.01)

coreio.connect(sys.argv[1])
coreio.register(0, access, access)
coreio.mainloop(-1)
"""


def interrupt_inside(guest, access):
    """Start an access of the guest's and end its handler, by Ctrl-C, in the callback."""
    handler = subprocess.Popen([sys.executable, "-c", HANDLER, guest.endpoint], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        guest.wait_claim()
        answers = []
        accessing = script(lambda: answers.append(guest.check(["devmem", *access])))
        assert handler.stdout.readline() == "inside\n"
        handler.send_signal(signal.SIGINT)
        _, errors = handler.communicate(timeout=LIMIT_SECONDS)
    finally:
        handler.kill()
        handler.communicate()
    assert handler.returncode == -signal.SIGINT
    assert errors.splitlines()[-1] == "KeyboardInterrupt" and errors.count("Traceback") == 1
    return accessing, answers


def test_the_access_is_the_next_handlers(vmbench_boot, vmbench_machine):
    calls = []

    def read(funcp, addr, data, flags):
        calls.append(("read", addr))
        data[:] = bytes.fromhex("78 56 34 12")

    def write(funcp, addr, data, flags):
        calls.append(("write", addr, data.hex(" ")))

    guest = vmbench_boot(vmbench_machine, ["--properties", "on-disconnect=wait,timeout-ms=0"])
    for access, call, answer in [
            (["0xfef00004", "32"], ("read", WINDOW + 4), "0x12345678\n"),
            (["0xfef00008", "16", "0xabcd"], ("write", WINDOW + 8, "cd ab"), "")]:
        accessing, answers = interrupt_inside(guest, access)
        with coreio.Client(guest.endpoint) as client, client.background():
            client.register(0, read, write)
            accessing.join()
        assert (answers, calls) == ([answer], [call])
        calls.clear()
        guest.wait_release()
