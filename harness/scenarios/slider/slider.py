# SPDX-License-Identifier: BSD-2-Clause
"""
The outside half of the slider: a knob whose position the guest reads.

    slider.py HOST:PORT <POSITIONS

moves the slider to each number of the input, a line each, and waits each time until the guest has
cleared the interrupt that tells it so. Offset 0: a write of 0 clears the interrupt. Offset 4: the
position. Exit status: 1 when it cannot connect, 2 when called or fed wrongly, 3 when the VM has
gone.
"""
import signal
import sys
import threading

from coreio.model import RO, WO, Block, Irq, Register


class Slider(Block):
    clear = Register(0x0, access=WO)
    position = Register(0x4, access=RO)
    moved = Irq(0)

    def __init__(self, *arguments, **keywords):
        self.seen = threading.Event()  # by the guest: the last position
        super().__init__(*arguments, **keywords)

    def reset(self):
        super().reset()
        self.seen.set()

    def move(self, position):
        """Move the slider and tell the guest. Waits until it has seen the position before."""
        self.seen.wait()
        self.seen.clear()
        self.position = position
        self.moved = True

    @clear.on_write
    def on_clear(self, value):
        if value == 0:
            self.moved = False
            self.seen.set()


def move_all(slider, problems):
    """
    Move the slider as the input says. In a thread of its own, while the main thread serves the
    guest: that one ends when the VM has gone, or by Ctrl-C, whatever this one waits for.
    """
    line = ""
    try:
        # Not sys.stdin, which Python would close at its end while this thread is reading.
        for line in open(0, closefd=False):
            slider.move(int(line))
        slider.seen.wait()
    except ValueError:
        problems.append(f"bad position {line.strip()!r}: give numbers from 0 to 4294967295, "
                        "one a line")
    finally:
        slider.client.stop()


def fail(status, problem):
    print(f"slider.py: {problem}", file=sys.stderr)
    sys.exit(status)


def serve(slider, target):
    problems = []
    threading.Thread(target=move_all, args=[slider, problems], daemon=True).start()
    try:
        slider.run()
    except OSError as error:
        fail(3, f"lost the VM at {target}: {error.strerror}: start it again, then slider.py")
    if problems:
        fail(2, problems[0])


def main():
    if len(sys.argv) != 2:
        fail(2, "usage: slider.py HOST:PORT <POSITIONS (port 4800 when left out)")
    target = sys.argv[1]
    try:
        slider = Slider(target)
    except OSError as error:
        fail(1, f"cannot connect to {target!r}: {error.strerror}: give HOST:PORT of a VM that runs")
    with slider:
        serve(slider, target)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
