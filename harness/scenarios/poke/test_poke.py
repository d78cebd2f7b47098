# SPDX-License-Identifier: GPL-2.0-or-later
"""/dev/poke in a guest: each write is one POKE!!! outside, and returns what the device made of it."""
import itertools
import signal
import socket
import subprocess

import pytest
from coreio.model import RO, Block, Register
from outside import PROGRAM, Outside

MODULE = "/lib/modules/poke.ko"
COMMAND, STATUS = 0xfef00004, 0xfef0000c
IDLE, BUSY, DONE, FAILED = range(4)
TEXT_MAX = 65536


def words(guest, interrupt):
    """The module's parameters. On the Pi the device tree tells the driver of the interrupt."""
    if not interrupt:
        return ["polled=1"]
    return [f"gsi={guest.irq}"] if guest.machine == "x86" else []


def insert(guest, interrupt):
    guest.check(["insmod", MODULE, *words(guest, interrupt)])


@pytest.fixture(params=["interrupt", "polled"])
def guest(vmbench_guest, request):
    """With the driver, which is loaded for each test and removed after it."""
    vmbench_guest.has_interrupt = request.param == "interrupt"
    insert(vmbench_guest, vmbench_guest.has_interrupt)
    yield vmbench_guest
    vmbench_guest.check(["rmmod", "poke"])


def sh(guest, command):
    return guest.check(["sh", "-c", command])


def poke(guest, *arguments):
    """What vmmio-poke-inside prints: the number that write() returned, or its error."""
    return guest.check(["vmmio-poke-inside", *arguments]).strip()


class Writer:
    """A vmmio-poke-inside that runs while the test goes on."""

    count = 0

    def __init__(self, guest, *arguments):
        Writer.count += 1
        self.guest, self.file = guest, f"/tmp/writer{Writer.count}"
        words = " ".join(map(str, arguments))
        self.pid = sh(guest, f"vmmio-poke-inside {words} </dev/null >{self.file} 2>&1 & echo $!")

    def result(self):
        return sh(self.guest, f"until [ -s {self.file} ]; do usleep 10000; done; "
                  f"cat {self.file}").strip()

    def signal(self, name):
        sh(self.guest, f"kill -{name} {self.pid}")

    def wait_end(self):
        sh(self.guest, f"while kill -0 {self.pid.strip()} 2>/dev/null; do usleep 10000; done")


def test_as_the_tutorial_does(guest):
    major = sh(guest, "grep poke /proc/devices").split()[0]
    with Outside(guest) as outside:
        sh(guest, f"mknod /tmp/poke c {major} 0; echo > /tmp/poke")
        assert outside.kill() == ["POKE!!!"]
    sh(guest, "rm /tmp/poke")


def test_the_node_is_there_while_the_module_is(vmbench_guest):
    for _ in range(3):
        insert(vmbench_guest, interrupt=False)
        vmbench_guest.check(["test", "-c", "/dev/poke"])
        vmbench_guest.check(["rmmod", "poke"])
        assert sh(vmbench_guest, "ls /dev/poke /sys/class/poke 2>&1 | grep -vc 'No such' || :") == "0\n"
        assert sh(vmbench_guest, "grep poke /proc/devices /proc/interrupts /proc/iomem || :") == ""


@pytest.mark.parametrize("length, written", [(0, 0), (1, 1), (8, 8), (5000, 5000),
                                             (TEXT_MAX, TEXT_MAX), (TEXT_MAX + 1, TEXT_MAX)])
def test_every_byte_arrives(guest, length, written):
    with Outside(guest, "--text") as outside:
        writer = Writer(guest, length)
        assert outside.line() == "POKE!!! " + "x" * written
        assert writer.result() == str(written)
        assert outside.kill() == []


def test_any_bytes_arrive_in_order(guest):
    with Outside(guest, "--text") as outside:
        sh(guest, r"printf '0123456789 abc\\\n\377\001' > /dev/poke")
        assert outside.kill() == [r"POKE!!! 0123456789 abc\x5c\x0a\xff\x01"]


def interrupts(guest):
    """How often the driver's interrupt came, on all CPUs; None when it has none."""
    line = sh(guest, "grep ' poke$' /proc/interrupts || :").split()[1:]
    return sum(map(int, itertools.takewhile(str.isdigit, line))) if line else None


def test_one_interrupt_for_each_write(guest):
    before = interrupts(guest)
    assert (before is not None) == guest.has_interrupt
    with Outside(guest):
        for _ in range(20):
            assert poke(guest, 3) == "3"
    assert interrupts(guest) == (before + 20 if guest.has_interrupt else None)


def test_a_write_returns_what_the_device_decides_later(guest):
    """That it waits is proved by its result, which is decided after the device has the text."""
    with Outside(guest, "--hold") as outside:
        for answer in ["ok", "fail", "fail", "ok", "fail", "ok"]:
            writer = Writer(guest, 3)
            assert outside.line() == "POKE!!!"
            outside.type(answer)
            assert writer.result() == ("3" if answer == "ok" else "EIO")
        assert outside.kill() == []


def test_the_shell_sees_the_error(guest):
    with Outside(guest, "--hold") as outside:
        outside.type("fail")
        result = guest.run(["sh", "-c", "echo > /dev/poke"])
    assert (result.exit_status, result.stderr) == (1, "sh: write error: Input/output error\n")


def test_the_device_goes_away_while_a_write_waits(guest):
    with Outside(guest, "--hold") as outside:
        writer = Writer(guest, 3)
        assert outside.line() == "POKE!!!"
        outside.kill()
    assert writer.result() == "EIO"
    with Outside(guest):
        assert poke(guest, 3) == "3"


@pytest.mark.parametrize("name, result", [("INT", "EINTR"), ("USR1", "EINTR"), ("KILL", "")])
def test_a_signal_ends_a_write(guest, name, result):
    with Outside(guest, "--hold") as outside:
        writer = Writer(guest, 3)
        assert outside.line() == "POKE!!!"
        writer.signal(name)
        writer.wait_end()
        assert sh(guest, f"cat {writer.file}").strip() == result
        after = Writer(guest, 4)
        assert outside.line() == "POKE!!!"
        outside.type("ok")
        assert after.result() == "4"


def test_two_writes_take_turns(guest):
    with Outside(guest, "--text", "--hold") as outside:
        writers = {size: Writer(guest, size) for size in (300, 5000)}
        first = outside.line()
        outside.type("fail")
        second = outside.line()
        outside.type("ok")
        assert {first, second} == {"POKE!!! " + "x" * size for size in writers}
        assert writers[first.count("x")].result() == "EIO"
        assert writers[second.count("x")].result() == str(second.count("x"))


def test_texts_are_not_mixed(guest):
    lengths = range(20001, 20007)
    with Outside(guest, "--text") as outside:
        writers = {length: Writer(guest, length) for length in lengths}
        texts = {outside.line() for _ in lengths}
        assert texts == {"POKE!!! " + "x" * length for length in lengths}
        assert {length: writer.result() for length, writer in writers.items()} == \
            {length: str(length) for length in lengths}
        assert outside.kill() == []


def test_a_write_that_does_not_wait(guest):
    with Outside(guest, "--text", "--hold") as outside:
        assert poke(guest, "--nonblock", 3) == "3"
        assert outside.line() == "POKE!!! xxx"
        assert poke(guest, "--nonblock", 4) == "EAGAIN"
        waiting = Writer(guest, 5)
        outside.type("fail")  # of this the first has not waited to be told
        assert outside.line() == "POKE!!! xxxxx"
        outside.type("ok")
        assert waiting.result() == "5"
        assert outside.kill() == []


def test_an_end_that_nobody_waits_for(guest):
    """The module goes while the device works: what it says later must not disturb the next one."""
    with Outside(guest, "--hold") as outside:
        assert poke(guest, "--nonblock", 3) == "3"
        assert outside.line() == "POKE!!!"
        guest.check(["rmmod", "poke"])
        outside.type("ok")
        assert sh(guest, f"until devmem {STATUS:#x} 32 | grep 0x00000002; do :; done")
        insert(guest, guest.has_interrupt)
        assert interrupts(guest) == interrupts(guest)  # the line does not stay high
        outside.type("ok")
        assert poke(guest, 3) == "3"
        assert outside.kill() == ["POKE!!!"]


def test_a_device_that_takes_too_long(guest):
    sh(guest, "echo 300 > /sys/module/poke/parameters/timeout_ms")
    with Outside(guest, "--hold", stdin=subprocess.DEVNULL) as outside:
        assert poke(guest, 3) == "ETIMEDOUT"
        assert outside.line() == "POKE!!!"
        assert poke(guest, 3) == "ETIMEDOUT"
        assert outside.line() == "POKE!!!"


def test_a_device_that_comes_later(guest):
    sh(guest, "dmesg -c > /dev/null")
    assert poke(guest, 3) == "ENODEV"
    assert "its ID reads 0xaaaaaaaa: start vmmio-poke-outside" in sh(guest, "dmesg")
    with Outside(guest):
        assert poke(guest, 3) == "3"
    assert poke(guest, 3) == "ENODEV"


class Stranger(Block):
    """A device that is none of the driver's."""
    id = Register(0x0, access=RO, reset=0x12345678)


def test_a_device_with_another_id(guest):
    sh(guest, "dmesg -c > /dev/null")
    with Stranger(guest.endpoint) as stranger, stranger.background():
        guest.wait_claim()
        assert poke(guest, 3) == "ENODEV"
    guest.wait_release()
    assert "no poke device: its ID reads 0x12345678: start vmmio-poke-outside" in sh(guest, "dmesg")
    with Outside(guest):
        assert poke(guest, 3) == "3"


def test_a_stopped_device(guest):
    """Nobody answers the guest's accesses, which end one by one: it goes on, and says what it saw."""
    with Outside(guest) as outside:
        sh(guest, "dmesg -c > /dev/null")
        outside.signal(signal.SIGSTOP)
        assert poke(guest, 3) == "ENODEV"
        assert "its ID reads 0xaaaaaaaa" in sh(guest, "dmesg")
        outside.signal(signal.SIGCONT)
        assert poke(guest, 3) == "3"
        assert outside.kill() == ["POKE!!!"]


def test_a_device_that_is_stopped_while_a_write_waits(guest):
    with Outside(guest, "--hold") as outside:
        writer = Writer(guest, 3)
        assert outside.line() == "POKE!!!"
        outside.signal(signal.SIGSTOP)
        assert writer.result() == "EIO"
        outside.signal(signal.SIGCONT)
        after = Writer(guest, 4)
        assert outside.line() == "POKE!!!"
        outside.type("ok")
        assert after.result() == "4"
        assert outside.kill() == []


def test_the_module_stays_while_a_file_is_open(guest):
    pid = sh(guest, "sleep 1000 </dev/null 2>/dev/null >/dev/poke & echo $!").strip()
    sh(guest, f"until [ /proc/{pid}/fd/1 -ef /dev/poke ]; do usleep 10000; done")
    assert guest.run(["rmmod", "poke"]).exit_status == 1
    sh(guest, f"kill {pid}; while kill -0 {pid} 2>/dev/null; do usleep 10000; done")


def test_one_range_has_one_driver(vmbench_guest):
    vmbench_guest.load_uio()
    assert vmbench_guest.run(["insmod", MODULE, *words(vmbench_guest, True)]).exit_status != 0
    assert "cannot have the range at 0xfef00000" in sh(vmbench_guest, "dmesg")
    vmbench_guest.check(["rmmod", "vmmio-uio"])
    insert(vmbench_guest, interrupt=True)
    assert vmbench_guest.run(["vmmio-uio-load"]).exit_status == 1
    sh(vmbench_guest, "rmmod poke; rmmod vmmio-uio 2>/dev/null; vmmio-uio-load && rmmod vmmio-uio")


# A PC cannot tell where a range is, but where RAM is.
@pytest.mark.parametrize("word", ["start=0x100000", "gsi=9999"])
def test_parameters_that_cannot_be(vmbench_guest, word):
    result = vmbench_guest.run(["insmod", MODULE, word])
    assert result.exit_status != 0 and result.stderr.count("\n") == 1
    sh(vmbench_guest, "! grep poke /proc/modules /proc/devices /proc/iomem")


def read(guest, address):
    return int(guest.check(["devmem", hex(address), "32"]), 16)


def write(guest, address, value):
    guest.check(["devmem", hex(address), "32", hex(value)])


def test_the_registers(vmbench_guest):
    with Outside(vmbench_guest, "--hold") as outside:
        for answer, end in [("ok", DONE), ("fail", FAILED)]:
            assert read(vmbench_guest, STATUS) == IDLE
            write(vmbench_guest, COMMAND, 1)
            assert read(vmbench_guest, STATUS) == BUSY
            assert outside.line() == "POKE!!!"
            outside.type(answer)
            sh(vmbench_guest, f"until devmem {STATUS:#x} 32 | grep 0x0000000{end}; do :; done")
            write(vmbench_guest, COMMAND, 0)
        write(vmbench_guest, COMMAND, 1)
        write(vmbench_guest, COMMAND, 1)
        assert read(vmbench_guest, STATUS) == FAILED
        assert vmbench_guest.check(["devmem", hex(STATUS), "8"]) == "0x00\n"
        assert outside.kill() == ["POKE!!!"]


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--loud", "a"]])
def test_a_wrong_call(arguments):
    check_refused([PROGRAM, *arguments], 2, "usage: ")


@pytest.mark.parametrize("endpoint, status", [("127.0.0.1:none", 2), ("unix:/none", 1)])
def test_a_wrong_endpoint(endpoint, status):
    check_refused([PROGRAM, endpoint], status, endpoint)


def check_refused(argv, status, message):
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert message in ended.stderr and ended.stderr.count("\n") == 1


def test_the_end_of_the_vm():
    with socket.create_server(("127.0.0.1", 0)) as vm:
        endpoint = f"127.0.0.1:{vm.getsockname()[1]}"
        outside = subprocess.Popen([PROGRAM, endpoint], stderr=subprocess.PIPE, text=True)
        vm.accept()[0].close()
        _, error = outside.communicate(timeout=60)
    assert outside.returncode == 3
    assert error == f"vmmio-poke-outside: lost the VM at {endpoint}: Connection reset by peer\n"


@pytest.mark.parametrize("arguments", [[], ["three"], ["--nonblock"], ["1", "2"]])
def test_a_usage_error_inside(vmbench_guest, arguments):
    assert vmbench_guest.run(["vmmio-poke-inside", *arguments]).exit_status == 2
