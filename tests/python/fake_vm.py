# SPDX-License-Identifier: GPL-2.0-or-later
"""The listening side of the protocol as plain bytes: the golden packets of fixtures/wire."""
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

WIRE = Path(os.environ["FIXTURES"]) / "wire"
LIMIT_SECONDS = 20
PACKET = 64
TAG = slice(4, 8)
ERROR_BYTE, ERROR_BIT = 3, 0x40


def vector(name):
    """The bytes of a wire vector."""
    lines = (WIRE / (name + ".txt")).read_text().splitlines()
    texts = [line.split("#")[0] for line in lines]
    return bytes.fromhex("".join(text for text in texts if "=" not in text))


def with_error(packet):
    """The packet as the reply to an access that failed."""
    return packet[:ERROR_BYTE] + bytes([packet[ERROR_BYTE] | ERROR_BIT]) + packet[ERROR_BYTE + 1:]


class FakeVm:
    """Listens at `target`; accept() waits for the client, whose packets the test then scripts."""

    def __init__(self, path=None, listener=None):
        if path is None:
            self.listener = listener or socket.create_server(("127.0.0.1", 0))
            host, port = self.listener.getsockname()[:2]
            self.target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            self.listener.listen()
            self.target = f"unix:{path}"
        self.listener.settimeout(LIMIT_SECONDS)
        self.connections = []

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(LIMIT_SECONDS)
        if connection.family != socket.AF_UNIX:  # a packet does not wait for an acknowledgement
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections.append(connection)
        return Connection(connection)

    def close(self):
        for connection in self.connections:
            connection.close()
        self.listener.close()


class Connection:
    def __init__(self, connection):
        self.socket = connection

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, length=PACKET):
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            assert more, f"the client has closed after {data.hex(' ')}"
            data += more
        return data

    def expect(self, data):
        assert self.receive(len(data)).hex(" ") == data.hex(" ")

    def close(self):
        self.socket.close()


def script(function, *arguments):
    """Run the VM's side in a thread; join() raises what went wrong there."""
    return Script(function, arguments)


class Script:
    def __init__(self, function, arguments):
        self.error = None
        self.thread = threading.Thread(target=self.run, args=(function, arguments), daemon=True)
        self.thread.start()

    def run(self, function, arguments):
        try:
            function(*arguments)
        except BaseException as error:
            self.error = error

    def join(self):
        self.thread.join(LIMIT_SECONDS)
        assert not self.thread.is_alive(), "the VM's script does not end"
        if self.error:
            raise self.error


def serve_until(client, script):
    """Serve the client until the VM's script has ended."""
    while script.thread.is_alive():
        client.run(0.01)
    script.join()


def with_preloaded(variable, program, *arguments):
    """Run a Python program with the library that this variable names before the C library."""
    libraries = ":".join(filter(None, [os.environ.get("LD_PRELOAD"), os.environ[variable]]))
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True,
                          text=True, timeout=60, env={**os.environ, "LD_PRELOAD": libraries})
