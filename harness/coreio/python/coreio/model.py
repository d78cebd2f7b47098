# SPDX-License-Identifier: BSD-2-Clause
"""
Hardware as a block of registers, a line each.

    from coreio.model import RO, W1C, Block, Field, Irq, Register

    class Timer(Block):
        status = Register(0x00, access=W1C)
        expired = Field(status, 0)
        count = Register(0x04, access=RO)
        irq = Irq(0, lambda self: self.expired)

    with Timer("localhost:4300") as timer:
        timer.run()

For the model a register is an attribute, an int that it reads and sets as it likes: access rules
bind the guest alone. Accesses of the guest may be of any size: smaller than a register, or over
several. Where no register is, they are bus errors.
"""
import contextlib
import operator

from coreio import aio
from coreio._coreio import BusError
from coreio.client import Client

RW = "RW"    #: the guest reads and writes
RO = "RO"    #: the guest reads; its writes do nothing
WO = "WO"    #: the guest writes; it reads 0
W1C = "W1C"  #: the guest reads; a 1 that it writes clears the bit
RC = "RC"    #: reading clears what was read; writes do nothing

_ACCESSES = (RW, RO, WO, W1C, RC)
_PAGE = 0x1000
_LINES = range(8)


def _fitting(name, value, bits):
    """The value as an int, if it is one of that many bits."""
    try:
        number = int(operator.index(value))
    except TypeError:
        raise TypeError(f"{name}: {value!r} is no integer") from None
    if not 0 <= number < 1 << bits:
        raise ValueError(f"{name}: {number:#x} has more than {bits} bits")
    return number


class Register:
    """
    Register(offset, width, access, reset): `width` bytes (1, 2, 4 or 8), little-endian, at
    `offset` of the range, a multiple of width. `reset` is the value at start and after a reset.

    Hooks are methods of the block, and a class that extends it may replace them:

        @data.on_read
        def pop(self):
            return self.fifo.pop()   # what the guest reads; None: the register's value

        @data.on_write
        def push(self, value):       # called after the register was changed
            self.fifo.append(value)

    `value` is the register's new one for RW and WO, else the bits that the guest wrote.

    A class that declares a register of its base anew does so with its fields and hooks as well.
    """

    def __init__(self, offset, width=4, access=RW, reset=0):
        if width not in (1, 2, 4, 8):
            hint = f" (access={width}?)" if width in _ACCESSES else ""
            raise TypeError(f"a register of {width} bytes: it has 1, 2, 4 or 8{hint}")
        if offset < 0 or offset % width != 0:
            raise TypeError(f"a register at offset {offset:#x}: a multiple of its {width} bytes")
        if access not in _ACCESSES:
            raise TypeError(f"access {access!r}: it is RW, RO, WO, W1C or RC")
        self.offset, self.width, self.access = offset, width, access
        self.mask = (1 << 8 * width) - 1
        self.name = None
        self.reset = self._fitting(reset)
        self.hooks = []       # ("read" or "write", function), of all classes of blocks
        self.methods = set()  # id() of those functions that are methods of one

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, block, owner):
        return self if block is None else block._values[self]

    def __set__(self, block, value):
        block._values[self] = self._fitting(value)
        block._changed()

    def _fitting(self, value):
        return _fitting(self.name or "register", value, 8 * self.width)

    def _hook(self, kind, function):
        if not hasattr(function, "__dict__"):
            raise TypeError(f"on_{kind}: {function!r} is no method of a class")
        self.hooks.append((kind, function))
        # The one trace of this register if the method has its name and so takes its place.
        vars(function).setdefault("_hook_of", []).append(self)
        return function

    def on_read(self, function):
        """
        Decorator: the method of the block that is called when the guest reads. It returns what the
        guest gets, an int that fits, or None for the register's value.
        """
        if self.access == WO:
            raise TypeError("a register that is WO has no on_read: the guest reads 0")
        return self._hook("read", function)

    def on_write(self, function):
        """Decorator: the method of the block that is called when the guest has written."""
        if self.access in (RO, RC):
            raise TypeError(f"a register that is {self.access} has no on_write: writes do nothing")
        return self._hook("write", function)

    def guest_read(self, block, mask):
        """The register as the guest reads it; `mask` are the bits that it wants."""
        hook = block._hook(self, "read")
        value = hook() if hook else None
        if value is None:
            value = 0 if self.access == WO else block._values[self]
        else:
            value = _fitting(f"{self.name}: on_read", value, 8 * self.width)
        if self.access == RC:
            block._values[self] &= ~mask
        return value

    def guest_write(self, block, value, mask):
        """The guest writes those bits of `value` that `mask` has."""
        value &= mask
        if self.access in (RW, WO):
            value |= block._values[self] & ~mask
            block._values[self] = value
        elif self.access == W1C:
            block._values[self] &= ~value
        hook = block._hook(self, "write")
        if hook:
            hook(value)


def _hooks_in(cls):
    """(name, function, register) of the hooks among a class's own members."""
    for name, member in vars(cls).items():
        for register in getattr(member, "__dict__", {}).get("_hook_of", ()):
            yield name, member, register


class Field:
    """Field(register, low, high): bits low to high of a register; one bit without `high`."""

    def __init__(self, register, low, high=None):
        if not isinstance(register, Register):
            raise TypeError(f"a field of {register!r}: give the Register itself")
        high = low if high is None else high
        if not 0 <= low <= high < 8 * register.width:
            raise TypeError(f"a field of bits {low} to {high}: the register has "
                            f"{8 * register.width}")
        self.register, self.low = register, low
        self.bits = high - low + 1
        self.mask = (1 << self.bits) - 1

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, block, owner):
        return self if block is None else block._values[self.register] >> self.low & self.mask

    def __set__(self, block, value):
        value = _fitting(self.name, value, self.bits)
        others = block._values[self.register] & ~(self.mask << self.low)
        self.register.__set__(block, others | value << self.low)


class Irq:
    """
    Irq(iid): interrupt line iid (0-7) of the range, an attribute that the model sets and that
    reads as True or False. Irq(iid, level) follows the model by itself: level(block) says
    whether the line is high, and is asked after each change of a register.
    """

    def __init__(self, iid, level=None):
        if not isinstance(iid, int) or iid not in _LINES:
            raise TypeError(f"interrupt line {iid!r}: it is 0 to {_LINES[-1]}")
        if level is not None and not callable(level):
            raise TypeError(f"interrupt line {iid}: its level is a function of the block, "
                            f"not {level!r}")
        self.iid, self.level = iid, level

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, block, owner):
        return self if block is None else block._lines.get(self.iid, False)

    def __set__(self, block, state):
        if self.level is not None:
            raise AttributeError("this line follows its level function: it cannot be set")
        self.update(block, state)

    def update(self, block, state):
        if block._has_range:
            block.client.irq_update(block.rid, self.iid, bool(state))
        block._lines[self.iid] = bool(state)


class Block:
    """
    The registers of one range, in a class of its own. Block("localhost:4300") connects a client of
    its own; Block(client=client, rid=1) takes a place in that client. Offsets count from `base`,
    the range's guest-physical address; without it from the 4 KiB page that the access is in.
    """

    # Each block sets its own. Here they are names that no register may have.
    client = rid = base = flags = task = None
    _owns_client = _values = _lines = _busy = _has_range = _bytes = None
    _registers = ()
    _irqs = ()
    _hooks = {}  # (register, "read" or "write") -> name of the method

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        for base in cls.__mro__:  # first: they are methods even if this class is refused
            for _, function, register in _hooks_in(base):
                register.methods.add(id(function))
        members = {name: getattr(cls, name) for name in dir(cls)}
        declared = {name: member for name, member in members.items()
                    if isinstance(member, (Register, Field, Irq))}
        for name in declared:
            if hasattr(Block, name):
                raise TypeError(f"{cls.__name__}: {name} is a member of every Block: choose "
                                "another name")
        cls._registers = [member for member in declared.values() if isinstance(member, Register)]
        cls._irqs = [member for member in declared.values() if isinstance(member, Irq)]
        cls._bytes = cls._place_registers()
        cls._check_lines()
        cls._check_hooks()
        for name, member in declared.items():
            if isinstance(member, Field) and member.register not in cls._registers:
                raise TypeError(f"{cls.__name__}: {name} is a field of a register that the class "
                                "does not have: a register that is declared anew needs new fields")
        cls._hooks = cls._find_hooks()

    @classmethod
    def _place_registers(cls):
        """Offset of each byte -> its register."""
        places = {}
        for register in cls._registers:
            for offset in range(register.offset, register.offset + register.width):
                other = places.setdefault(offset, register)
                if other is not register:
                    raise TypeError(f"{cls.__name__}: {register.name} and {other.name} are both "
                                    f"at offset {offset:#x}")
        return places

    @classmethod
    def _check_lines(cls):
        lines = {}
        for irq in cls._irqs:
            other = lines.setdefault(irq.iid, irq)
            if other is not irq:
                raise TypeError(f"{cls.__name__}: {irq.name} and {other.name} are both interrupt "
                                f"line {irq.iid}")

    @classmethod
    def _check_hooks(cls):
        """Those that this class itself has: of its registers, and one of each kind."""
        seen = {}
        for name, method, register in _hooks_in(cls):
            if register.name in (None, name):
                raise TypeError(f"{name}: the hook has the register's name; name the hook "
                                "differently (or the register is in no class)")
            if register not in cls._registers:
                raise TypeError(f"{cls.__name__}: {name} is a hook of {register.name}, which is no "
                                "register of the class")
            for kind, function in register.hooks:
                if function is method and seen.setdefault((register, kind), method) != method:
                    raise TypeError(f"{cls.__name__}: {register.name} has two methods for "
                                    f"on_{kind}")

    @classmethod
    def _find_hooks(cls):
        """Those of this class and its bases, by name, so that a class may override the method."""
        marked, found = {}, {}
        for register in cls._registers:
            for kind, function in register.hooks:
                marked.setdefault(id(function), []).append((register, kind))
        for base in reversed(cls.__mro__):
            for name, member in vars(base).items():
                for register, kind in marked.get(id(member), ()):
                    found[register, kind] = name
        for register in cls._registers:
            for kind, function in register.hooks:
                if id(function) not in register.methods:
                    raise TypeError(f"{cls.__name__}: on_{kind} of {register.name}: {function!r} "
                                    "is no method of the class")
        return found

    def _hook(self, register, kind):
        name = self._hooks.get((register, kind))
        return getattr(self, name) if name else None

    def __init__(self, target=None, *, client=None, rid=0, base=None):
        self._owns_client = client is None
        self.client = Client() if client is None else client
        self.rid, self.base = rid, base
        self.flags = 0  #: coreio.FLAGS_* of the access that a hook is called for
        self._values = {}
        self._lines = {}
        self._busy = False
        self._has_range = False  # lines reach the VM: not those of a block whose range is taken
        self._reset_from_vm()    # before the first access comes
        self.client.register(rid, self._read, self._write)
        self._has_range = True
        for irq in self._irqs:
            irq.update(self, self._lines.get(irq.iid, False))
        self.client.on_reset(rid, self._reset_from_vm)
        if target is not None:
            self.connect(target)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    async def __aenter__(self):
        self.task = aio.start(self.client)
        return self

    async def __aexit__(self, kind, *exception):
        lost = aio.stop(self.client, self.task)
        self.close()
        if kind is None and lost is not None:
            raise lost

    def connect(self, target):
        """Connect the client: see coreio.connect()."""
        self.client.connect(target)

    def close(self):
        """Disconnect; a block in somebody else's client lowers its lines and gives its range back."""
        if self._has_range:
            try:
                for irq in self._irqs:
                    irq.update(self, False)
            finally:
                self._give_range_back()
        if self._owns_client:
            self.client.disconnect()

    def _give_range_back(self):
        self._has_range = False
        self.client.on_reset(self.rid, None)
        with contextlib.suppress(FileNotFoundError):  # the program has done it
            self.client.unregister(self.rid)

    def run(self, seconds=None):
        """Serve the guest in this thread: see coreio.Client.run()."""
        self.client.run(seconds)

    @contextlib.contextmanager
    def background(self):
        """Serve the guest in a thread while the `with` block runs."""
        with self.client.background():
            yield self

    def reset(self):
        """
        At start and when the VM was reset: registers get their reset values and lines go low.
        Extend it for what else a model has at power-on (and call super().reset()).
        """
        for register in self._registers:
            self._values[register] = register.reset
        for irq in self._irqs:
            if irq.level is None:
                irq.update(self, False)

    def _reset_from_vm(self):
        with self._one_change():
            self.reset()

    @contextlib.contextmanager
    def _one_change(self):
        """Lines that follow the model do so once, at the end."""
        nested, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = nested
            self._changed()

    def _changed(self):
        if not self._busy:
            for irq in self._irqs:
                if irq.level is not None:
                    irq.update(self, irq.level(self))

    def _pieces(self, addr, length):
        """(register, its first byte, the byte after its last) of all that an access touches."""
        offset = addr & _PAGE - 1 if self.base is None else addr - self.base
        pieces, end = [], offset + length
        while offset < end:
            register = self._bytes.get(offset)
            if register is None:
                raise BusError(f"{type(self).__name__}: no register at offset {offset:#x}")
            stop = min(end - register.offset, register.width)
            pieces.append((register, offset - register.offset, stop))
            offset = register.offset + stop
        return pieces

    def _read(self, funcp, addr, data, flags):
        pieces, at = self._pieces(addr, len(data)), 0
        self.flags = flags
        with self._one_change():
            for register, first, stop in pieces:
                mask = (1 << 8 * stop) - (1 << 8 * first)
                value = register.guest_read(self, mask).to_bytes(register.width, "little")
                data[at:at + stop - first] = value[first:stop]
                at += stop - first

    def _write(self, funcp, addr, data, flags):
        pieces, at = self._pieces(addr, len(data)), 0
        self.flags = flags
        with self._one_change():
            for register, first, stop in pieces:
                mask = (1 << 8 * stop) - (1 << 8 * first)
                value = int.from_bytes(data[at:at + stop - first], "little") << 8 * first
                register.guest_write(self, value, mask)
                at += stop - first
