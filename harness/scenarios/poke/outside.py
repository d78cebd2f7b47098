# SPDX-License-Identifier: GPL-2.0-or-later
"""vmmio-poke-outside as the tests drive it: line by line, with an end to each wait."""
import os
import queue
import subprocess
import threading

PROGRAM = os.environ["POKE_OUTSIDE"]
PATIENCE = 60  # seconds


class Outside:
    """Connected to the guest; ended by end() or kill(), and at the latest with its `with`."""

    def __init__(self, guest, *options, stdin=subprocess.PIPE):
        self.guest, self.lines = guest, queue.Queue()
        self.process = subprocess.Popen([PROGRAM, *options, guest.endpoint], stdin=stdin,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        self.reader = threading.Thread(target=self.read_lines)
        self.reader.start()
        guest.wait_claim(PATIENCE)

    def read_lines(self):
        """All the time: a device that waits to print answers no access, and those time out."""
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)  # the end

    def line(self):
        """The next line that it prints."""
        line = self.lines.get(timeout=PATIENCE)
        assert line is not None, "it has ended"
        return line

    def type(self, line):
        self.process.stdin.write(line + "\n")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """End it, whatever it does. Returns the lines that nobody has taken."""
        with self.process:
            self.process.kill()
            self.reader.join()
        self.guest.wait_release(PATIENCE)
        return [line for line in self.lines.queue if line is not None]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.returncode is None:
            self.kill()
