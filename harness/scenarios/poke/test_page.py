# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/poke.md, from top to bottom: its commands in a guest, and its code in the sources."""
import os
import re
import subprocess
from pathlib import Path

from outside import PATIENCE, Outside

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"<!-- (\w+)(?:: (\S+))? -->\n```\w*\n(.*?)```", re.DOTALL)
COMMAND = "build/harness/scenarios/vmmio-poke-outside "
BUILD = Path(os.environ["VMBENCH"]).parents[1]
ENDPOINT = " 127.0.0.1:4300\n"
MAJOR = re.compile(r"^\d+ poke$", re.MULTILINE)  # whatever number is free

blocks = BLOCK.findall((ROOT / "docs" / "poke.md").read_text())


class Reader:
    """Does what the page says."""

    def __init__(self, guest):
        self.guest, self.outside = guest, None

    def do_make(self, command, text):
        """What it would run boots such a guest as this test has. Nothing is built while tests run."""
        words = [*text.split(), "--dry-run", "--no-print-directory", f"BUILD={BUILD}"]
        plan = subprocess.run(words, cwd=ROOT, check=True, capture_output=True,
                              text=True).stdout.splitlines()[-1]
        assert plan == f"{os.environ['VMBENCH']} {command} --machine raspi4b"

    def do_outside(self, _, text):
        assert text.startswith(COMMAND) and text.endswith(ENDPOINT)
        self.end()
        self.outside = Outside(self.guest, *text[len(COMMAND):-len(ENDPOINT)].split())

    def do_guest(self, machine, text):
        if machine in ("", self.guest.machine):
            shown = ""
            for line in re.findall("^/ # (.*)\n", text, re.MULTILINE):
                shown += f"/ # {line}\n" + self.guest.check(["sh", "-c", line])
            assert MAJOR.sub("N poke", shown) == MAJOR.sub("N poke", text)

    def do_waiting(self, _, text):
        command = re.fullmatch("/ # (.*)\n", text)[1]
        self.guest.check(["sh", "-c", f"sh -c '{command}' </dev/null >/tmp/shown 2>&1 &"])

    def do_shown(self, _, text):
        wait = "until [ -s /tmp/shown ]; do usleep 10000; done; cat /tmp/shown"
        assert self.guest.check(["sh", "-c", wait], PATIENCE) == text

    def do_printed(self, _, text):
        for line in text.splitlines():
            assert self.outside.line() == line

    def do_typed(self, _, text):
        self.outside.type(text.rstrip("\n"))

    def do_from(self, path, text):
        assert text in (ROOT / path).read_text(), f"{path} has no longer what docs/poke.md shows"

    def end(self):
        """Nothing was printed but what the page tells."""
        assert self.outside is None or self.outside.kill() == []


def test_the_page(vmbench_guest):
    reader = Reader(vmbench_guest)
    try:
        for kind, argument, text in blocks:
            getattr(reader, f"do_{kind}")(argument, text)
    finally:
        reader.end()
    vmbench_guest.check(["rmmod", "poke"])


def test_every_block_has_its_mark():
    fences = (ROOT / "docs" / "poke.md").read_text().count("```")
    assert len(blocks) == fences // 2 > 0
