# SPDX-License-Identifier: GPL-2.0-or-later
"""coreio.model: registers as the guest and as the model see them."""
import errno
import re
import subprocess
import sys
from pathlib import Path

import pytest

import coreio
from coreio.model import RC, RO, RW, W1C, WO, Block, Field, Irq, Register
from fake_vm import script, serve_until, vector

BASE = 0xfef00000


class Client:
    """Takes a block's place in a VM: the test is the guest."""

    def __init__(self):
        self.lines = []

    def register(self, rid, read, write):
        self.read, self.write = read, write

    def unregister(self, rid):
        pass

    def on_reset(self, rid, function):
        self.reset = function

    def irq_update(self, rid, iid, state):
        self.lines.append((iid, state))

    def get(self, offset, size, flags=0):
        data = bytearray(b"\xaa" * size)
        self.read(None, BASE + offset, data, flags)
        return int.from_bytes(data, "little")

    def put(self, offset, size, value, flags=0):
        self.write(None, BASE + offset, bytearray(value.to_bytes(size, "little")), flags)


class Device(Block):
    rw = Register(0x00, access=RW, reset=0x11223344)
    ro = Register(0x04, access=RO, reset=0x55)
    wo = Register(0x08, access=WO, reset=0x66)
    w1c = Register(0x0c, access=W1C, reset=0xff)
    rc = Register(0x10, access=RC, reset=0xffffffff)
    wide = Register(0x18, width=8)
    byte = Register(0x20, width=1)
    half = Register(0x22, width=2)
    hooked = Register(0x24)
    low = Field(rw, 0)
    middle = Field(rw, 4, 11)
    line = Irq(0)
    pending = Irq(1, lambda self: self.byte)

    def __init__(self, **keywords):
        self.hooks = []
        super().__init__(**keywords)

    @hooked.on_read
    def get_hooked(self):
        self.hooks.append(("read", self.flags))
        return 0x77

    @hooked.on_write
    def put_hooked(self, value):
        self.hooks.append(("write", value))

    @w1c.on_write
    def cleared(self, value):
        self.hooks.append(("cleared", value, self.w1c))


@pytest.fixture
def guest():
    return Client()


@pytest.fixture
def device(guest):
    return Device(client=guest)


def test_read_and_write(guest, device):
    assert guest.get(0, 4) == 0x11223344
    guest.put(0, 4, 0xdeadbeef)
    assert device.rw == guest.get(0, 4) == 0xdeadbeef


def test_read_only(guest, device):
    guest.put(4, 4, 0xffffffff)
    assert guest.get(4, 4) == device.ro == 0x55
    device.ro = 0x99
    assert guest.get(4, 4) == 0x99


def test_write_only(guest, device):
    guest.put(8, 4, 0x123)
    assert guest.get(8, 4) == 0 and device.wo == 0x123


def test_write_one_clears(guest, device):
    guest.put(0xc, 4, 0x0f)
    assert guest.get(0xc, 4) == 0xf0
    assert device.hooks == [("cleared", 0x0f, 0xf0)]
    guest.put(0xd, 1, 0xff)
    assert guest.get(0xc, 4) == 0xf0


def test_reading_clears(guest, device):
    assert guest.get(0x11, 1) == 0xff
    assert guest.get(0x10, 4) == 0xffff00ff
    assert guest.get(0x10, 4) == device.rc == 0
    guest.put(0x10, 4, 5)
    assert device.rc == 0


def test_part_of_a_register(guest, device):
    assert guest.get(1, 2) == 0x2233
    guest.put(2, 1, 0xff)
    assert device.rw == 0x11ff3344
    guest.put(0x1c, 4, 0x12345678)
    assert device.wide == 0x12345678 << 32 and guest.get(0x1f, 1) == 0x12


def test_over_several_registers(guest, device):
    assert guest.get(0, 8) == 0x55 << 32 | 0x11223344
    assert guest.get(3, 2) == 0x5511
    guest.put(2, 8, 0x0000_ffff_ffff_abcd)
    assert device.rw == 0xabcd3344 and device.ro == 0x55 and device.wo == 0


@pytest.mark.parametrize("offset, size", [(0x14, 4), (0x21, 1), (0x20, 2), (0x28, 1), (0xfff, 1),
                                          (0x24, 8)])
def test_where_no_register_is(guest, device, offset, size):
    with pytest.raises(coreio.BusError, match="Device: no register at offset 0x"):
        guest.get(offset, size)
    with pytest.raises(coreio.BusError):
        guest.put(offset, size, 0)
    assert device.hooks == []


def test_hooks(guest, device):
    assert guest.get(0x24, 4, coreio.FLAGS_SECURE) == 0x77
    guest.put(0x24, 4, 0x12345678)
    guest.put(0x25, 1, 0xff)
    assert device.hooks == [("read", coreio.FLAGS_SECURE), ("write", 0x12345678),
                            ("write", 0x1234ff78)]


def test_fields(guest, device):
    assert (device.low, device.middle) == (0, 0x34)
    device.middle = 0xff
    device.low = 1
    assert guest.get(0, 4) == 0x11223ff5
    with pytest.raises(ValueError):
        device.low = 2
    with pytest.raises(ValueError):
        device.middle = -1


def test_lines(guest, device):
    del guest.lines[:]
    device.line = 1
    assert device.line is True
    device.line = False
    assert guest.lines == [(0, True), (0, False)]


def test_a_line_follows_the_model(guest, device):
    assert guest.lines[-1] == (1, False)
    guest.put(0x20, 1, 1)
    assert guest.lines[-1] == (1, True) and device.pending
    device.byte = 0
    assert guest.lines[-1] == (1, False) and not device.pending
    with pytest.raises(AttributeError):
        device.pending = True


def test_reset(guest, device):
    device.rw = device.byte = 1
    device.line = True
    guest.reset()
    assert (device.rw, device.byte, device.line, device.pending) == (0x11223344, 0, False, False)
    assert guest.lines[-2:] == [(0, False), (1, False)]


def test_lines_go_low_when_it_closes(guest, device):
    device.line = True
    device.byte = 1
    del guest.lines[:]
    device.close()
    assert sorted(guest.lines) == [(0, False), (1, False)]
    device.close()
    device.line = True
    assert len(guest.lines) == 2


def test_a_base(guest):
    class Word(Block):
        word = Register(0x1000)
    word = Word(client=guest, base=BASE - 0x1000)
    guest.put(0, 4, 9)
    assert word.word == 9


def test_values_that_do_not_fit(device):
    for value in (-1, 256, 1 << 64):
        with pytest.raises(ValueError, match="byte: .* has more than 8 bits"):
            device.byte = value
    with pytest.raises(ValueError, match="middle: 0x100 has more than 8 bits"):
        device.middle = 256


@pytest.mark.parametrize("value", [1.5, "1", None])
@pytest.mark.parametrize("name", ["byte", "low"])
def test_values_that_are_no_integers(device, name, value):
    with pytest.raises(TypeError, match=f"{name}: {value!r} is no integer"):
        setattr(device, name, value)


@pytest.mark.parametrize("returned, error, message", [
    (1 << 40, ValueError, "value: on_read: 0x10000000000 has more than 32 bits"),
    (-1, ValueError, "value: on_read: -0x1 has more than 32 bits"),
    ("5", TypeError, "value: on_read: '5' is no integer")])
def test_what_a_hook_cannot_return(guest, returned, error, message):
    class Returns(Block):
        value = Register(0x0)

        @value.on_read
        def get(self):
            return returned
    Returns(client=guest)
    with pytest.raises(error, match=message):
        guest.get(0, 1)


def test_a_hook_that_returns_none(guest):
    class Counts(Block):
        value = Register(0x0, reset=4)

        @value.on_read
        def get(self):
            self.value += 1
    Counts(client=guest)
    assert guest.get(0, 4) == 5


@pytest.mark.parametrize("declare", [
    lambda: Register(0, width=3), lambda: Register(2, width=4), lambda: Register(-4),
    lambda: Register(0, access="rw"), lambda: Field(Register(0), 32), lambda: Field(Register(0), 4, 3),
    lambda: Register(0, access=RO).on_write(print),
    lambda: type("Two", (Block,), {"a": Register(0), "b": Register(2, width=2)})])
def test_declarations_that_cannot_be(declare):
    with pytest.raises((TypeError, RuntimeError)):
        declare()


def block(*bases, **members):
    return type("Wrong", bases or (Block,), members)


def stated():
    """A class of its own for each test: what goes wrong in one does not reach the next."""
    class Stated(Block):
        status = Register(0x0)
        ready = Field(status, 0)
    return Stated


def hook_of(decorator):
    """A method that it has decorated."""
    @decorator
    def method(self, *value):
        pass
    return method


def hook_named_like_its_register():
    class Wrong(Block):
        status = Register(0)

        @status.on_write
        def status(self, value):
            pass


def hook_named_like_an_inherited_register():
    base = stated()
    return block(base, status=hook_of(base.status.on_write))


def two_hooks():
    register = Register(0)
    return block(a=register, first=hook_of(register.on_write), second=hook_of(register.on_write))


@pytest.mark.parametrize("declare, message", [
    (hook_named_like_its_register,
     "status: the hook has the register's name; name the hook differently"),
    (hook_named_like_an_inherited_register,
     "status: the hook has the register's name; name the hook differently"),
    (lambda: block(hook=hook_of(stated().status.on_write)),
     "Wrong: hook is a hook of status, which is no register of the class"),
    (two_hooks, "Wrong: a has two methods for on_write"),
    (lambda: block(a=Irq(0), b=Irq(0)), "Wrong: b and a are both interrupt line 0"),
    (lambda: block(stated(), status=Register(0)),
     "Wrong: ready is a field of a register that the class does not have: .* needs new fields"),
    (lambda: Irq(8), "interrupt line 8: it is 0 to 7"),
    (lambda: Irq(-1), "interrupt line -1: it is 0 to 7"),
    (lambda: Irq("0"), "interrupt line '0': it is 0 to 7"),
    (lambda: Irq(0, 1), "interrupt line 0: its level is a function of the block, not 1"),
    (lambda: Field("a", 1), "a field of 'a': give the Register itself"),
    (lambda: Register(0, RO), r"a register of RO bytes: .* \(access=RO\?\)"),
    (lambda: Register(0, access=WO).on_read(print), "a register that is WO has no on_read"),
    (lambda: Register(0).on_read(print), "on_read: .*print.* is no method of a class")])
def test_what_is_wrong_with_a_declaration(declare, message):
    with pytest.raises(TypeError, match=message):
        declare()


def test_a_class_that_was_refused_leaves_no_trace(guest):
    base = stated()
    with pytest.raises(TypeError, match="the hook has the register's name"):
        block(base, status=hook_of(base.status.on_write))
    block(base, put=hook_of(base.status.on_write))(client=guest)
    guest.put(0, 4, 1)
    assert guest.get(0, 4) == 1


def test_names_that_a_block_has_itself(guest):
    class Empty(Block):
        pass
    for name in {*vars(Empty(client=guest)), *dir(Block), "task"}:
        if not name.startswith("__"):
            for member in (Register(0), Field(Register(0), 0), Irq(0)):
                with pytest.raises(TypeError, match=f"Wrong: {name} is a member of every Block"):
                    block(**{name: member})


def test_a_register_that_is_declared_anew(guest):
    class Anew(stated()):
        status = Register(0x8, reset=2)
        ready = Field(status, 1)
    anew = Anew(client=guest)
    assert anew.ready == 1 and guest.get(8, 4) == 2


def test_a_reset_value_that_does_not_fit():
    with pytest.raises(ValueError):
        Register(0, width=1, reset=256)


def test_a_subclass_adds_registers(guest):
    class More(Device):
        more = Register(0x40, reset=3)
    more = More(client=guest)
    assert guest.get(0x40, 4) == 3 and guest.get(4, 4) == 0x55 and more.more == 3


class Base(Block):
    value = Register(0x0)

    @value.on_read
    def get(self):
        return 1


class Override(Base):
    def get(self):
        return 2


class Replace(Base):
    @Base.value.on_read
    def other(self):
        return 3

    @Base.value.on_write
    def put(self, value):
        raise coreio.BusError


class Both(Override, Replace):
    pass


@pytest.mark.parametrize("block, value", [(Base, 1), (Override, 2), (Replace, 3), (Both, 3)])
def test_hooks_of_a_subclass(guest, block, value):
    block(client=guest)
    assert guest.get(0, 4) == value
    if issubclass(block, Replace):
        with pytest.raises(coreio.BusError):
            guest.put(0, 4, 0)
    else:
        guest.put(0, 4, 0)


def test_a_hook_that_is_no_method():
    with pytest.raises(TypeError, match="on_read of value: .*lambda.* is no method of the class"):
        class Wrong(Block):
            value = Register(0x0)
            value.on_read(lambda self: 5)


HOOK_RAISES = """
from coreio.model import Block, Register
from fake_vm import FakeVm, vector

class Broken(Block):
    value = Register(0x0, width=1)

    @value.on_write
    def put(self, value):
        raise ValueError("of the hook")

def test_it():
    vm = FakeVm()
    with Broken(vm.target) as broken, broken.background():
        connection = vm.accept()
        connection.expect(vector("claim-0"))
        connection.send(vector("write-1") + vector("ping"))
        connection.expect(vector("ping"))
    vm.close()
"""


@pytest.mark.parametrize("strict", [False, True])
def test_a_hook_that_raises_in_pytest(tmp_path, strict):
    """With the option of docs/python.md it fails the test."""
    page = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
    option = re.search(r"`(-W \S*Unraisable\S*)`", page)[1].split()
    (tmp_path / "test_it.py").write_text(HOOK_RAISES)
    ended = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider",
                            *(option if strict else []), "test_it.py"],
                           cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "ValueError: of the hook" in ended.stdout
    assert ("1 failed" if strict else "1 passed, 1 warning") in ended.stdout, ended.stdout
    assert ended.returncode == strict


def test_against_a_vm(vm, reports):
    class Cell(Block):
        value = Register(0x0, width=1)
    with Cell(vm.target) as cell:
        connection = vm.accept()
        connection.expect(vector("claim-0"))
        connection.send(vector("write-1") + vector("writea-8"))
        reply = vector("writea-8-error")
        serve_until(cell.client, script(connection.expect, reply))
        assert cell.value == 0x7e
    assert reports == []
    cell.close()


class Line(Block):
    irq = Irq(5)


def test_a_range_that_is_taken_keeps_its_lines(vm):
    with coreio.Client(vm.target) as client:
        connection = vm.accept()
        with Line(client=client, rid=2) as line:
            connection.receive(64)  # the claim
            line.irq = True
            with pytest.raises(OSError) as raised:
                Line(client=client, rid=2)
            assert raised.value.errno == errno.EBUSY
            client.irq_update(0, 0, 1)
            connection.expect(vector("irq-lower") + vector("irq-raise"))
            assert connection.receive()[0] == 0  # of range 0: nothing was between
        connection.expect(vector("irq-lower"))


def test_two_blocks_in_one_client(vm):
    class Cell(Block):
        value = Register(0x0, width=1)
    with coreio.Client(vm.target) as client:
        with Cell(client=client, rid=0), Cell(client=client, rid=7) as second:
            connection = vm.accept()
            connection.expect(vector("claim-0") + vector("claim-7"))
            with pytest.raises(OSError) as raised:
                Cell(client=client, rid=7)
            assert raised.value.errno == errno.EBUSY
            second.value = 1
            resets = [bytes([rid]) + vector("reset")[1:] for rid in (0, 7)]
            connection.send(b"".join(resets) + vector("ping"))
            serve_until(client, script(connection.expect, vector("ping")))
            assert second.value == 0
        assert client.connected
