# SPDX-License-Identifier: BSD-2-Clause
"""Runs inside gdb for gdb_oracle.py: sets breakpoints, runs the program, writes the answer as JSON."""

import json
import math
import os
import shlex

import gdb  # there only inside gdb

STRING_LIMIT = 64
MANY = 2_000_000_000


def read_string(pointer) -> dict:
    """A C string, cut at STRING_LIMIT bytes."""
    try:
        raw = bytes(gdb.selected_inferior().read_memory(int(pointer), STRING_LIMIT + 1))
    except gdb.MemoryError:
        raw = b""
        try:
            while b"\0" not in raw and len(raw) <= STRING_LIMIT:
                raw += bytes(gdb.selected_inferior().read_memory(int(pointer) + len(raw), 1))
        except gdb.MemoryError:
            return {"unreadable": hex(int(pointer) + len(raw))}
    text, _, _ = raw.partition(b"\0")
    if b"\0" not in raw:
        return {"string": text[:STRING_LIMIT].decode("utf-8", "backslashreplace"), "cut": True}
    return text.decode("utf-8", "backslashreplace")


def number(value):
    """A floating value; what JSON cannot say is a string."""
    real = float(value)
    if math.isnan(real):
        return "NaN"
    return ("-" if real < 0 else "") + "Infinity" if math.isinf(real) else real


def convert(value, depth=0):
    """VALUE as JSON has it."""
    if value.is_optimized_out:
        return {"optimized_out": True}
    kind = value.type.strip_typedefs()
    code = kind.code
    try:
        if code == gdb.TYPE_CODE_PTR:
            target = kind.target().strip_typedefs()
            if int(value) == 0:
                return None
            if target.code == gdb.TYPE_CODE_INT and target.sizeof == 1:
                return read_string(value)
            if target.code == gdb.TYPE_CODE_FUNC:
                symbol = gdb.block_for_pc(int(value))
                name = symbol.function.name if symbol and symbol.function else None
                return {"function": name, "pointer": hex(int(value))}
            return {"pointer": hex(int(value)), "type": str(value.type)}
        if code == gdb.TYPE_CODE_ENUM:
            return {"enum": str(value), "value": int(value)}
        if code == gdb.TYPE_CODE_BOOL:
            return bool(value)
        if code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
            return int(value)
        if code == gdb.TYPE_CODE_FLT:
            return number(value)
        if code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            if depth > 4:
                return {"type": str(value.type)}
            return {field.name or "": convert(value[field], depth + 1) for field in kind.fields() if hasattr(field, "bitpos")}
        if code == gdb.TYPE_CODE_ARRAY:
            low, high = kind.range()
            return [convert(value[i], depth + 1) for i in range(low, min(high, low + 99) + 1)]
        if code == gdb.TYPE_CODE_VOID:
            return None
    except gdb.MemoryError:
        return {"unreadable": hex(int(value.address)) if value.address is not None else True}
    return {"text": str(value)}


def find(name: str):
    """(symbol, address of the first instruction) of a function; NAME@FILE for one of several."""
    plain, _, file = name.partition("@")
    found = []
    for symbol in [gdb.lookup_global_symbol(plain), *gdb.lookup_static_symbols(plain)]:
        if symbol and symbol.type.code == gdb.TYPE_CODE_FUNC and (not file or symbol.symtab.filename.endswith(file)):
            address = int(symbol.value().address)
            if address not in [known for _, known in found]:
                found.append((symbol, address))
    if not found:
        raise gdb.GdbError(f"no function {name}")
    if len(found) > 1:
        files = ", ".join(symbol.symtab.filename for symbol, _ in found)
        raise gdb.GdbError(f"{name} is the name of functions in {files}; say {plain}@FILE")
    return found[0]


class ReturnSite(gdb.Breakpoint):
    """One place that calls return to. Stays set: making and deleting breakpoints is what takes gdb long."""

    sites = {}
    pending = {}  # by thread, the calls under way: (stack pointer after the return, where to, type, call)

    def __init__(self, address):
        super().__init__(f"*{address:#x}", internal=True)
        self.silent = True

    @classmethod
    def expect(cls, frame, kind, call):
        """Notes the value with which the call of FRAME returns. Returns nothing that gdb must clean up."""
        caller = frame.older()
        if caller is None:
            return
        address, stack = caller.pc(), int(caller.read_register("rsp"))
        if address not in cls.sites:
            cls.sites[address] = cls(address)
        waiting = cls.pending.setdefault(call["thread"], [])
        # Calls in the way were left by longjmp; but one that returns to the same place tail-called this one.
        while waiting and (waiting[-1][0] < stack or waiting[-1][0] == stack and
                           (waiting[-1][1] != address or waiting[-1][3]["function"] == call["function"])):
            waiting.pop()
        waiting.append((stack, address, kind, call))

    def stop(self):
        frame = gdb.newest_frame()
        stack = int(frame.read_register("rsp"))
        waiting = self.pending.get(gdb.selected_thread().ptid[1], [])
        while waiting and waiting[-1][0] < stack:
            waiting.pop()
        while waiting and waiting[-1][0] == stack:
            _, _, kind, call = waiting.pop()
            call["returned"] = True
            void = kind.strip_typedefs().code == gdb.TYPE_CODE_VOID
            call["value"] = None if void else convert(self.value(frame, kind))
        return False

    @staticmethod
    def value(frame, kind):
        """The value of a scalar type, from the register that the ABI returns it in."""
        if kind.strip_typedefs().code == gdb.TYPE_CODE_FLT:
            lane = "v2_double" if kind.sizeof == 8 else "v4_float"
            return frame.read_register("xmm0")[lane][0].cast(kind)
        return frame.read_register("rax").cast(kind)

    @staticmethod
    def handles(kind) -> bool:
        kind = kind.strip_typedefs()
        if kind.code == gdb.TYPE_CODE_FLT:
            return kind.sizeof in (4, 8)
        scalar = (gdb.TYPE_CODE_VOID, gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR, gdb.TYPE_CODE_BOOL, gdb.TYPE_CODE_ENUM,
                  gdb.TYPE_CODE_PTR)
        return kind.code in scalar and kind.sizeof <= 8


class SlowReturn(gdb.FinishBreakpoint):
    """The same for one call that returns anything else, by gdb's own knowledge of the ABI."""

    def __init__(self, frame, call):
        super().__init__(frame, internal=True)
        self.silent = True
        self.call = call

    def stop(self):
        self.call["returned"] = True
        self.call["value"] = convert(self.return_value)
        return False


class Entry(gdb.Breakpoint):
    """Notes the arguments of each call of one function."""

    def __init__(self, name, spec, request, calls):
        super().__init__(spec)
        self.silent = True
        self.name, self.request, self.calls = name, request, calls

    def stop(self):
        if len(self.calls) >= self.request["limit"]:
            self.enabled = False
            return False
        frame = gdb.newest_frame()
        while frame.type() == gdb.INLINE_FRAME:  # a function whose first instruction belongs to one inlined into it
            frame = frame.older()
        arguments = {symbol.name: convert(symbol.value(frame)) for symbol in self.arguments(frame)}
        call = {"function": self.name, "thread": gdb.selected_thread().ptid[1], "args": arguments}
        self.calls.append(call)
        if self.request["returns"]:
            call["returned"] = False
            kind = frame.function().type.target()
            if ReturnSite.handles(kind):
                ReturnSite.expect(frame, kind, call)
            else:
                SlowReturn(frame, call)
        return False

    @staticmethod
    def arguments(frame):
        block = frame.block()
        while block.superblock and not block.superblock.is_static:
            block = block.superblock
        return [symbol for symbol in block if symbol.is_argument]


def main(request, answer) -> None:
    for setting in ("pagination off", "confirm off", "breakpoint pending off", "print thread-events off",
                    "print inferior-events off", "startup-with-shell on", "follow-fork-mode parent", "detach-on-fork on",
                    "unwindonsignal on"):
        gdb.execute(f"set {setting}")
    # Signals are the program's business.
    gdb.execute("handle all nostop noprint pass", to_string=True)
    gdb.execute("handle SIGTRAP SIGINT stop nopass", to_string=True)
    gdb.execute("unset environment OTRACE_GDB_REQUEST")
    gdb.execute("unset environment LINES")
    gdb.execute("unset environment COLUMNS")
    run = (f"{shlex.join(request['args'])} <{shlex.quote(request['stdin'])} "
           f">{shlex.quote(request['stdout'])} 2>&1")
    gdb.execute(f"set args {run}")
    # Addresses are known, and final, once the program has been loaded.
    gdb.execute("starti", to_string=True)
    functions = {name: find(name) for name in request["functions"]}
    counters, calls = {}, []
    for name, (_, address) in functions.items():
        if request["mode"] == "count":
            counters[name] = gdb.Breakpoint(f"*{address:#x}")
            counters[name].ignore_count = MANY
        else:
            plain, _, file = name.partition("@")
            spec = (f"-source {file} -function {plain}" if file else f"-function {plain}") \
                if request["after_prologue"] else f"*{address:#x}"
            Entry(name, spec, request, calls)
    gdb.execute("continue", to_string=True)
    if gdb.selected_inferior().pid:  # stopped elsewhere, at a trap instruction in the program say
        raise gdb.GdbError(f"stopped in {gdb.selected_frame().name()}")
    answer["counts"] = {name: point.hit_count for name, point in counters.items()}
    answer["calls"] = calls
    answer["exit"] = gdb.convenience_variable("_exitcode") is not None and int(gdb.convenience_variable("_exitcode"))


REQUEST = json.loads(os.environ["OTRACE_GDB_REQUEST"])
ANSWER = {}
try:
    main(REQUEST, ANSWER)
except (gdb.error, gdb.GdbError) as error:
    ANSWER["error"] = str(error)
with open(REQUEST["answer"], "w", encoding="utf-8") as stream:
    json.dump(ANSWER, stream)
