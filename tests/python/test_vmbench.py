# SPDX-License-Identifier: GPL-2.0-or-later
"""coreio.vmbench and the fixtures: a guest in the hands of a Python program."""
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import coreio
from coreio.vmbench import Guest, VmbenchError

VMBENCH = os.environ["VMBENCH"]


def test_a_program_in_the_guest(vmbench_guest):
    result = vmbench_guest.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (result.exit_status, result.signal) == (3, None)
    assert (result.stdout, result.stderr) == ("out\n", "err\n")


def test_a_line_for_words(vmbench_guest):
    for ask in (vmbench_guest.run, vmbench_guest.check):
        with pytest.raises(TypeError, match="'uname -m': give a list of words"):
            ask("uname -m")


def test_a_signal(vmbench_guest):
    result = vmbench_guest.run(["sh", "-c", "kill -9 $$"])
    assert (result.exit_status, result.signal) == (None, 9)


def test_a_failure_is_shown(vmbench_guest):
    with pytest.raises(AssertionError, match="ls /none.*No such file"):
        vmbench_guest.check(["ls", "/none"])


def test_no_such_program(vmbench_guest):
    with pytest.raises(VmbenchError) as raised:
        vmbench_guest.run(["no-such-program"])
    assert raised.value.status == 9
    assert vmbench_guest.check(["echo", "on it goes"]) == "on it goes\n"


def test_a_request_that_is_no_json_leaves_the_guest(vmbench_guest):
    with pytest.raises(TypeError):
        vmbench_guest.wait_claim(timeout=object())
    assert vmbench_guest.check(["echo", "on it goes"]) == "on it goes\n"


def test_a_program_that_does_not_end(vmbench_guest):
    with pytest.raises(VmbenchError) as raised:
        vmbench_guest.run(["sleep", "1000"], timeout=0.2)
    assert raised.value.status == 11


def test_a_handler_in_this_process(vmbench_guest):
    def read(funcp, addr, data, flags):
        data[:] = (0x12345678).to_bytes(4, "little")

    with coreio.Client(vmbench_guest.endpoint) as client, client.background():
        client.register(0, read, None)
        vmbench_guest.wait_claim()
        assert vmbench_guest.check(["devmem", "0xfef00000", "32"]) == "0x12345678\n"
    vmbench_guest.wait_release()
    assert vmbench_guest.check(["devmem", "0xfef00000", "32"]) == "0xAAAAAAAA\n"


def test_a_file_that_is_added(tmp_path):
    script = tmp_path / "mytest"
    script.write_text("#!/bin/sh\necho my test on $(uname -m)\n")
    script.chmod(0o755)
    with Guest("x86", options=["--add", f"{script}:/usr/bin/mytest"]) as guest:
        assert guest.check(["mytest"]) == "my test on x86_64\n"


OWN_INIT = """#!/bin/sh
mkdir -p /proc
mount -t proc proc /proc
echo ready >/own-init.new
mv /own-init.new /own-init
while :; do sleep 1000; done
"""


MAKE_OWN = """
cpio --quiet -id bin/busybox <"$0"
for name in sh cat sleep mkdir mount mv; do ln -s busybox bin/$name; done
find . | cpio --quiet -o -H newc | gzip >../own.cpio.gz
"""


def test_an_image_of_ones_own(tmp_path):
    """Its init stays process 1; the agent runs programs beside it."""
    image = Path(VMBENCH).parent.parent / "guest-rootfs" / "x86.cpio"
    init = tmp_path / "own" / "init"
    init.parent.mkdir()
    init.write_text(OWN_INIT)
    init.chmod(0o755)
    subprocess.run(["sh", "-ec", MAKE_OWN, image], check=True, cwd=init.parent)
    with Guest("x86", options=["--initrd", str(tmp_path / "own.cpio.gz")]) as guest:
        assert guest.check(["sh", "-c", "until cat /own-init; do :; done 2>/dev/null"]) == "ready\n"
        assert guest.check(["cat", "/proc/1/cmdline"]) == "/bin/sh\0/init\0"


def test_no_claim_comes(vmbench_guest):
    with pytest.raises(VmbenchError):
        vmbench_guest.wait_claim(timeout=0.2)


def test_a_request_that_is_interrupted_ends_the_guest(vmbench_boot):
    guest = vmbench_boot("x86")
    main = threading.main_thread().ident
    with pytest.raises(KeyboardInterrupt):
        threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()
        guest.run(["sleep", "600"], timeout=600)
    with pytest.raises(VmbenchError, match="the guest was closed"):
        guest.run(["echo", "hello"])
    assert guest.close() == 128 + signal.SIGTERM


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_answers_that_nobody_reads_end_the_guest():
    with subprocess.Popen([VMBENCH, "serve", "--machine", "x86"], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert json.loads(process.stdout.readline())["machine"] == "x86"
        qemu, = children(process.pid)
        process.stdout.close()
        print('{"run": ["true"]}', file=process.stdin, flush=True)
        assert process.wait(timeout=300) == 3
        assert "cannot write an answer: Broken pipe" in process.stderr.read()
    assert not Path(f"/proc/{qemu}").exists()


def test_another_guest(vmbench_boot):
    assert vmbench_boot("x86").check(["uname", "-m"]) == "x86_64\n"


# A Pi without its watchdog's driver halts then, and QEMU goes on.
@pytest.mark.parametrize("command", ["poweroff", "halt -f", "reboot"])
def test_a_guest_that_ends_by_itself(vmbench_machine, command):
    with Guest(vmbench_machine, VMBENCH) as guest:
        with pytest.raises(VmbenchError, match="the guest ended by itself .reboot: ") as raised:
            guest.run(command.split())
            guest.run(["sleep", "50"])  # the first may have been answered before
        assert raised.value.status == 17
        assert guest.close() == 17


def test_no_such_machine():
    with pytest.raises(VmbenchError) as raised:
        Guest("vax", VMBENCH)
    assert raised.value.status == 2


def test_no_such_file():
    with pytest.raises(VmbenchError, match="none") as raised:
        Guest("x86", VMBENCH, ["--kernel", "/none"])
    assert raised.value.status == 3


def test_no_vmbench():
    with pytest.raises(VmbenchError, match="cannot run /none: No such file.*--vmbench") as raised:
        Guest("x86", "/none")
    assert raised.value.status == 3


def test_no_vmbench_is_one_line_of_pytest(tmp_path):
    (tmp_path / "test_one.py").write_text("def test_one(vmbench_guest):\n    pass\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "coreio.pytest_plugin", "-p",
         "no:cacheprovider", "--vmbench", "/none", "--vmbench-machine", "x86"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 1
    assert "\nvmbench: cannot run /none: No such file or directory: " in ended.stdout
    report = ended.stdout.split("short test summary")[0]  # where newer ones say it once more
    assert report.count("cannot run") == 1 and "pytest_plugin.py" not in ended.stdout


# All kinds of them: tests/unit/test_requests.c.
@pytest.mark.parametrize("line", ["nonsense", "x" * 70000], ids=["nonsense", "long"])
def test_a_request_that_is_none(line):
    ended = subprocess.run([VMBENCH, "serve", "--machine", "x86"], input=line + "\n", text=True,
                           capture_output=True, timeout=300)
    ready, error = map(json.loads, ended.stdout.splitlines())
    assert ready["machine"] == "x86"
    assert error["status"] == ended.returncode == 2
    assert "request" in error["error"] and "request" in ended.stderr
