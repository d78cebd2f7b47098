# SPDX-License-Identifier: BSD-2-Clause
"""
The outside half of the slider: a knob whose position the guest reads.

    slider.py HOST:PORT <POSITIONS

moves the slider to each number of the input, and waits each time until the guest has cleared the
interrupt that tells it so. Offset 0: a write of 0 clears the interrupt. Offset 4: the position.
"""
import sys
import threading

from coreio.model import RO, WO, Block, Irq, Register


class Slider(Block):
    clear = Register(0x0, access=WO)
    position = Register(0x4, access=RO)
    moved = Irq(0)

    def __init__(self, *arguments, **keywords):
        self.seen = threading.Event()  # by the guest: the last position
        self.seen.set()
        super().__init__(*arguments, **keywords)

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


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: slider.py HOST:PORT <POSITIONS (port 4800 when left out)")
    with Slider(sys.argv[1]) as slider, slider.background():
        for line in sys.stdin:
            slider.move(int(line))
        slider.seen.wait()


if __name__ == "__main__":
    main()
