# SPDX-License-Identifier: GPL-2.0-or-later
"""What docs/python.md and other pages about the module say, word for word, in guests."""
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import coreio

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
BLOCK = re.compile(r"<!-- (\w+): (\S+) -->\n```\w*\n(.*?)```", re.DOTALL)


def blocks(kind):
    return {name: text for found, name, text in BLOCK.findall(PAGE.read_text()) if found == kind}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("page")
    for name, text in blocks("file").items():
        (directory / name).write_text(text)
    return directory


def start(directory, program, *arguments):
    return subprocess.Popen([sys.executable, directory / program, *arguments], text=True,
                            stdout=subprocess.PIPE, cwd=directory)


def end(guest, process):
    process.terminate()
    output = process.communicate(timeout=60)[0]
    guest.wait_release()
    return output


def test_the_first_handler(vmbench_guest, directory):
    handler = start(directory, "first.py", vmbench_guest.endpoint)
    vmbench_guest.wait_claim()
    typed, shown = blocks("guest")["first.py"], ""
    for line in typed.splitlines(keepends=True):
        if line.startswith("# "):
            shown += line + vmbench_guest.check(line[2:].split())
    assert shown == typed
    assert end(vmbench_guest, handler) == blocks("output")["first.py"]


def test_the_program_of_the_block(vmbench_guest, directory):
    handler = start(directory, "timer.py", vmbench_guest.endpoint)
    vmbench_guest.wait_claim()
    assert vmbench_guest.check(["devmem", "0xfef0000c", "16"]) == "0x0001\n"
    end(vmbench_guest, handler)


def test_the_clock(vmbench_guest, directory):
    handler = start(directory, "clock.py", vmbench_guest.endpoint)
    assert handler.stdout.readline() == "1\n"
    vmbench_guest.wait_claim()
    assert int(vmbench_guest.check(["devmem", "0xfef00000", "32"]), 16) >= 1
    end(vmbench_guest, handler)


def test_the_dump(vmbench_guest, directory):
    handler = start(directory, "dump.py", vmbench_guest.endpoint, "0x1000000")
    assert re.fullmatch(r"([0-9a-f]{2} ){15}[0-9a-f]{2}\n", handler.communicate(timeout=60)[0])
    assert handler.returncode == 0


def test_the_test(directory, vmbench_machine):
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "coreio.pytest_plugin", "-p", "no:cacheprovider",
         "--vmbench-machine", vmbench_machine, "test_timer.py"],
        cwd=directory, capture_output=True, text=True, timeout=300, env=os.environ)
    assert ended.returncode == 0 and "1 passed" in ended.stdout, ended.stdout + ended.stderr


def test_the_served_guest():
    lines = blocks("serve")["x86"].splitlines()
    requests = "".join(line[2:] + "\n" for line in lines if line.startswith("> "))
    ended = subprocess.run([os.environ["VMBENCH"], "serve", "--machine", "x86"], input=requests,
                           capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    shown = [json.loads(line) for line in lines if not line.startswith("> ")]
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert shown[0].keys() == answers[0].keys() and shown[0]["machine"] == answers[0]["machine"]
    assert shown[1:] == answers[1:]


def docstring_program():
    return textwrap.dedent(re.search(r"    import coreio\n.*\n    \S+\n", coreio.__doc__, re.DOTALL)[0])


def readme_program():
    readme = Path(__file__).parents[2] / "harness/coreio/python/README.md"
    return re.search(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)[1]


@pytest.mark.parametrize("program, first", [(docstring_program, 42), (readme_program, 1)])
def test_a_first_glance(vmbench_guest, tmp_path, program, first):
    text = program()
    assert text.count('"localhost:4300"') == 1
    (tmp_path / "glance.py").write_text(text.replace("localhost:4300", vmbench_guest.endpoint))
    handler = start(tmp_path, "glance.py")
    vmbench_guest.wait_claim()
    assert int(vmbench_guest.check(["devmem", "0xfef00000", "8"]), 16) == first
    assert end(vmbench_guest, handler) == ""


def test_every_program_was_run():
    assert set(blocks("file")) == {"first.py", "timer.py", "clock.py", "dump.py", "test_timer.py"}
