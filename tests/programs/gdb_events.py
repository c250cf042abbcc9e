# SPDX-License-Identifier: BSD-2-Clause
"""The events of a program as gdb sees them, to prove the EXPECT lines by another tool (-O0).

Run inside gdb:  gdb -nx -batch -x gdb_events.py PROGRAM
with GDB_EVENTS naming the output (a JSON object a line) and GDB_FUNCTIONS the functions.
From Python: events(path, functions) runs gdb that way.
"""
import json
import os
import pathlib
import subprocess
import tempfile


def events(path, functions, timeout=300):
    """What gdb shows of the calls of these functions, as a list of events."""
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "events"
        env = dict(os.environ, GDB_EVENTS=str(out), GDB_FUNCTIONS=json.dumps(functions), LC_ALL="C")
        done = subprocess.run(["gdb", "-nx", "-batch", "-x", __file__, str(path)], env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=timeout, check=False)
        if not out.exists():
            raise RuntimeError("gdb failed:\n" + done.stdout + done.stderr)
        return [json.loads(line) for line in out.read_text().splitlines()]


def show(value):
    """A value of gdb in the JSON that a tracer prints."""
    kind = value.type.strip_typedefs()
    code = kind.code
    if code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        members = {}
        for field in kind.fields():
            if field.name is None and not field.is_base_class:
                members.update(show(value[field]))
            elif not field.is_base_class and hasattr(field, "bitpos"):
                members[field.name] = show(value[field])
        return members
    if code == gdb.TYPE_CODE_ARRAY:
        low, high = kind.range()
        target = kind.target().strip_typedefs()
        if target.sizeof == 1 and target.name == "char":
            data = bytes(int(value[i]) & 255 for i in range(low, high + 1))
            return data.split(b"\0")[0].decode(errors="replace")
        return [show(value[i]) for i in range(low, high + 1)]
    if code == gdb.TYPE_CODE_PTR:
        return pointer(value, kind)
    if code == gdb.TYPE_CODE_ENUM:
        return {"enum": value.format_string(), "value": int(value)}
    if code == gdb.TYPE_CODE_BOOL:
        return bool(value)
    if code == gdb.TYPE_CODE_FLT:
        number = float(value)
        return number if abs(number) != float("inf") and number == number else str(number)
    if code == gdb.TYPE_CODE_COMPLEX:
        re, im = value.format_string().rstrip("i").split(" + ")
        return {"re": float(re), "im": float(im)}
    if code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
        return int(value) if kind.sizeof <= 8 else wide(value, kind)
    return value.format_string()


def wide(value, kind):
    """An integer that gdb does not hand to Python: by its digits."""
    number = int(value.format_string(format="x"), 16)
    top = 1 << (8 * kind.sizeof - 1)
    return number - 2 * top if number >= top else number


def pointer(value, kind):
    """NULL, a function by name, a string as such, any other as address and type."""
    address = int(value)
    target = kind.target().strip_typedefs()
    if address == 0:
        return None
    if target.code == gdb.TYPE_CODE_FUNC:
        block = gdb.block_for_pc(address)
        name = block.function.name if block and block.function else None
        return {"function": name, "pointer": hex(address)}
    if target.sizeof == 1 and target.name == "char":
        try:
            return value.string(errors="replace")
        except gdb.MemoryError:
            return {"unreadable": hex(address)}
    return {"pointer": hex(address), "type": str(value.type)}


class Recorder:
    """Writes the events and gives out the ids."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.count = 0

    def write(self, event):
        json.dump(event, self.file)
        self.file.write("\n")

    def common(self, kind, name, number):
        thread = gdb.selected_thread()
        return {"event": kind, "id": "%s:%d" % (name, number), "function": name,
                "pid": thread.ptid[0], "thread": thread.ptid[1]}


def plug_in():
    """Set the breakpoints and run the program; only inside gdb."""
    recorder = Recorder(os.environ["GDB_EVENTS"])

    class Leave(gdb.FinishBreakpoint):
        """The end of one call."""

        def __init__(self, frame, name, number):
            super().__init__(frame, internal=True)
            self.what = name, number

        def stop(self):
            event = recorder.common("return", *self.what)
            if self.return_value is not None:
                event["value"] = show(self.return_value)
            recorder.write(event)
            return False

        def out_of_scope(self):
            pass

    class Enter(gdb.Breakpoint):
        """The begin of every call of a function."""

        def stop(self):
            frame = gdb.newest_frame()
            recorder.count += 1
            name, number = frame.name(), recorder.count
            event = recorder.common("call", name, number)
            event["file"] = frame.find_sal().symtab.filename
            block = frame.block()
            while block.function is None:
                block = block.superblock
            event["args"] = {s.name: show(s.value(frame)) for s in block if s.is_argument}
            recorder.write(event)
            try:
                Leave(frame, name, number)
            except ValueError:
                pass  # no caller to return to
            return False

    for setting in ("pagination off", "confirm off", "print thread-events off",
                    "breakpoint pending off", "startup-with-shell off",
                    "debuginfod enabled off"):
        gdb.execute("set " + setting)
    gdb.execute("handle SIGALRM SIGSEGV nostop noprint pass")
    for function in json.loads(os.environ["GDB_FUNCTIONS"]):
        Enter(function)
    gdb.execute("run")
    recorder.file.close()


try:
    import gdb
except ImportError:
    gdb = None
else:
    plug_in()
