# SPDX-License-Identifier: GPL-2.0-or-later
"""vmmio-poke-outside as the tests drive it: line by line, with an end to each wait."""
import os
import select
import subprocess

PROGRAM = os.environ["POKE_OUTSIDE"]
PATIENCE = 60  # seconds


class Outside:
    """Connected to the guest; ended by end() or kill(), and at the latest with its `with`."""

    def __init__(self, guest, *options, stdin=subprocess.PIPE):
        self.guest, self.ahead = guest, b""
        self.process = subprocess.Popen([PROGRAM, *options, guest.endpoint],
                                        stdin=stdin, stdout=subprocess.PIPE, bufsize=0)
        guest.wait_claim(PATIENCE)

    def line(self):
        """The next line that it prints."""
        while b"\n" not in self.ahead:
            assert select.select([self.process.stdout], [], [], PATIENCE)[0], "it prints no line"
            more = self.process.stdout.read(65536)
            assert more, "it has ended"
            self.ahead += more
        line, _, self.ahead = self.ahead.partition(b"\n")
        return line.decode()

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")

    def kill(self):
        """End it, whatever it does. Returns the lines that nobody has taken."""
        self.process.kill()
        rest = self.ahead + self.process.communicate(timeout=PATIENCE)[0]
        self.guest.wait_release(PATIENCE)
        return rest.decode().splitlines()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.returncode is None:
            self.kill()
