# SPDX-License-Identifier: BSD-2-Clause
"""
The outside half of the UART: a serial port with a receive FIFO of 16 bytes and an interrupt.

    uart.py HOST:PORT

sends its standard input to the guest, from a terminal a line at a time, and prints what the guest
sends, until that is EOT (4), or until Ctrl-C. Exit status: 1 when it cannot connect, 2 when called
wrongly, 3 when the VM has gone.
"""
import asyncio
import collections
import contextlib
import os
import signal
import sys
import threading

from coreio.model import RO, RW, W1C, Block, Field, Irq, Register

FIFO_BYTES = 16
EOT = 4


class Uart(Block):
    data = Register(0x0)
    status = Register(0x4, access=RO)
    rx_ready = Field(status, 0)
    rx_level = Field(status, 8, 15)
    enable = Register(0x8, access=RW)
    rx_irq = Field(enable, 0)
    errors = Register(0xc, access=W1C)
    overrun = Field(errors, 0)
    irq = Irq(0, lambda self: self.rx_ready and self.rx_irq)

    def __init__(self, *arguments, on_byte, **keywords):
        self.on_byte = on_byte  # called with each byte that the guest sends
        super().__init__(*arguments, **keywords)

    def reset(self):
        super().reset()
        self.fifo = collections.deque()
        self.has_room = asyncio.Event()
        self.has_room.set()

    def receive(self, byte):
        """A byte comes from outside; one too many is lost, and the guest can see that."""
        if len(self.fifo) == FIFO_BYTES:
            self.overrun = 1
            return
        self.fifo.append(byte)
        self.update()

    async def send(self, data):
        """Send bytes to the guest as it takes them."""
        for byte in data:
            await self.has_room.wait()
            self.receive(byte)

    def update(self):
        self.rx_level = len(self.fifo)
        self.rx_ready = len(self.fifo) > 0
        if len(self.fifo) == FIFO_BYTES:
            self.has_room.clear()
        else:
            self.has_room.set()

    @data.on_read
    def pop(self):
        byte = self.fifo.popleft() if self.fifo else 0
        self.update()
        return byte

    @data.on_write
    def push(self, value):
        self.on_byte(value & 0xff)


def read_input(on_bytes):
    """
    Call on_bytes with what comes on standard input, to its end. In a thread: the event loop could
    wait for a terminal or a pipe, but not for a file.
    """
    with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody wants more
        while data := os.read(sys.stdin.fileno(), 4096):
            on_bytes(data)


async def forward(keys, uart):
    while True:
        await uart.send(await keys.get())


def fail(status, problem):
    print(f"uart.py: {problem}", file=sys.stderr)
    sys.exit(status)


def open_uart(target, on_byte):
    try:
        return Uart(target, on_byte=on_byte)
    except OSError as error:
        fail(1, f"cannot connect to {target!r}: {error.strerror}: give HOST:PORT of a VM that runs")


async def connect(target):
    loop = asyncio.get_running_loop()
    keys = asyncio.Queue()
    ended = asyncio.Event()

    def on_input(data):
        loop.call_soon_threadsafe(keys.put_nowait, data)

    def show(byte):
        if byte == EOT:
            ended.set()
        else:
            sys.stdout.buffer.write(bytes([byte]))
            sys.stdout.buffer.flush()

    async with open_uart(target, show) as uart:
        threading.Thread(target=read_input, args=[on_input], daemon=True).start()
        tasks = [asyncio.create_task(forward(keys, uart)), asyncio.create_task(ended.wait())]
        await asyncio.wait([uart.task, *tasks], return_when=asyncio.FIRST_COMPLETED)


def main():
    if len(sys.argv) != 2:
        fail(2, "usage: uart.py HOST:PORT (port 4800 when left out)")
    target = sys.argv[1]
    try:
        asyncio.run(connect(target))
    except OSError as error:
        fail(3, f"lost the VM at {target}: {error.strerror}: start it again, then uart.py")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
