# SPDX-License-Identifier: BSD-2-Clause
"""A raw client of the runtime's protocol: just enough to drive it without the shell.

The layouts repeat runtime/include/otrace/{abi,ring,wire}.h on purpose: a test that generated them from
the headers would not notice when they change by accident.
"""
import array
import mmap
import os
import socket
import struct
import subprocess
import tempfile
import time

WIRE_VERSION, ABI_VERSION = 4, 5
REPLY = 0x8000
(HELLO, MODULES, READ, WRITE, PROBE, UNPROBE, REDIRECT, STATUS, THREADS, TLS, GO, CALL, DETACH) = range(1, 14)
EVENT_MODULES, EVENT_CALL_DONE = 64, 65
FRAME, STACK, MEMORY, STRING, STACK_ARGS = range(5)
PAD, ENTER, LEAVE, ABANDONED, UNWOUND, ENTER_ONLY = range(6)
PARTS_OF_CONTEXTS = range(7, 10)
WAIT, PROBE_ENTER_ONLY, LEAVE_ONLY = 1, 2, 4
FORCE = 1
STATUS_FIELDS = (
    "nr_functions nr_on nr_traced nr_redirected nr_switches switch_total_ns window_max_ns nr_rings_used "
    "lost_no_ring lost_nested lost_waiting lost_fault text_pages_dirty arena_bytes area_used_bytes flags "
    "trace_caller trace_tid rbx rbp r12 r13 r14 r15 rsp"
).split()
VOID, INT, FLOAT, POINTER, STRING_VALUE, PARTS, IN_MEMORY, COMPLEX_X87 = range(8)
ON_MAIN = 0xFFFFFFFF


class Error(Exception):
    def __init__(self, status, text):
        super().__init__(f"status {status}: {text!r}")
        self.status, self.text = status, text


class Stream:
    """Bytes of the process, read one after the other."""

    def __init__(self, client, address):
        self.client, self.address, self.data, self.at = client, address, b"", 0

    def byte(self):
        if self.at == len(self.data):
            self.data += self.client.read(self.address + self.at, 64)
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def text(self):
        return bytes(iter(self.byte, 0)).decode()


class Function:
    """What an entry and its description say, as far as tests need it."""

    def __init__(self, client, address, symbol, description):
        self.address, self.symbol = address, symbol
        stream = Stream(client, description)
        pool = description - (stream.varint() >> 1)
        start, = struct.unpack("<I", client.read(pool + 8, 4))
        head = Stream(client, pool + start)
        nr_refs, nr_units, _, _, _, _, common, common_file = (head.varint() for _ in range(8))

        def reference(number):
            at = pool + start - 4 * (nr_refs - number + 1)
            return at + struct.unpack("<i", client.read(at, 4))[0] if number else 0

        has = stream.varint()
        self.flags = common ^ (stream.varint() if has & 2 else 0) | has & 1
        self.assumes = (stream.varint() if has & 8 else 0) | (64 if has & 16 else 0)
        self.stub = self.body = self.wrapper = 0
        self.args_offset = self.args_bytes = self.ret_offset = self.ret_bytes = self.frame_bytes = 0
        if not self.flags & 0xC:
            self.stub = symbol + (4 if has & 0x200 else 0)
            self.body, self.frame_bytes = self.stub + 5, 288
            if not self.flags & 2:
                self.wrapper = reference(stream.varint())
                if has & 0x400:
                    fields = [stream.varint() for _ in range(5)]
                else:
                    slots, ret = divmod(stream.varint(), 32)
                    fields = [32, 8 * slots, 32 + 8 * slots, ret, 32 + 8 * slots + max(8, (ret + 7) // 8 * 8)]
                self.args_offset, self.args_bytes, self.ret_offset, self.ret_bytes, self.frame_bytes = fields
        self.name = stream.text()
        if has & 0x80:
            stream.text()
        file = reference(stream.varint() if has & 4 else common_file)
        self.file = ""
        if file:
            delta, = struct.unpack("<i", client.read(file, 4))
            self.file = client.string(file + delta) if delta else ""


class Client:
    def __init__(self, path, flags=0, patience=5.0):
        end = time.time() + patience
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                break
            except OSError:
                self.socket.close()
                if time.time() > end:
                    raise
                time.sleep(0.01)
        self.request, self.events, self.fds = 0, [], []
        reply = self.call(HELLO, struct.pack("<IIII", WIRE_VERSION, ABI_VERSION, flags, os.getpid()))
        self.welcome = struct.unpack_from("<IIIIQQ", reply)
        self.area = mmap.mmap(self.fds[0], self.welcome[4])

    # -- messages
    def send(self, type_, payload=b""):
        self.request += 1
        self.socket.sendall(struct.pack("<IHHII", 16 + len(payload), type_, 0, self.request, 0) + payload)
        return self.request

    def receive_exactly(self, count):
        data = b""
        while len(data) < count:
            part, controls, _, _ = self.socket.recvmsg(count - len(data), 256)
            if not part:
                raise EOFError("the runtime closed the connection")
            for level, kind, bytes_ in controls:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    fds = array.array("i")
                    fds.frombytes(bytes_)
                    self.fds.extend(fds)
            data += part
        return data

    def receive(self):
        head = struct.unpack("<IHHII", self.receive_exactly(16))
        return head, self.receive_exactly(head[0] - 16)

    def call(self, type_, payload=b"", strict=True):
        request = self.send(type_, payload)
        while True:
            (_, kind, status, number, _), data = self.receive()
            if number == 0:
                self.events.append((kind, data))
                continue
            assert kind == type_ | REPLY and number == request, (kind, number, request)
            if status and strict:
                raise Error(status, data)
            return data

    def event(self, kind):
        while True:
            for i, (seen, data) in enumerate(self.events):
                if seen == kind:
                    del self.events[i]
                    return data
            (_, seen, _, number, _), data = self.receive()
            assert number == 0
            self.events.append((seen, data))

    # -- requests
    def read(self, address, count):
        data = self.call(READ, struct.pack("<QQ", address, count))
        got, = struct.unpack_from("<I", data)
        return data[8:8 + got]

    def string(self, address):
        text = b""
        while b"\0" not in text:
            part = self.read(address + len(text), 64)
            if not part:
                break
            text += part
        return text.split(b"\0")[0].decode()

    def modules(self):
        data, at, out = self.call(MODULES), 0, []
        while at < len(data):
            fields = struct.unpack_from("<8Q4I", data, at)
            path = data[at + 80:at + 80 + fields[11]].decode()
            out.append(dict(id=fields[0], fn_begin=fields[4], fn_end=fields[5], nr_fns=fields[8], nr_vars=fields[9],
                            abi=fields[10], path=path))
            at += 80 + (fields[11] + 7) // 8 * 8
        return out

    def functions(self):
        out = []
        for module in self.modules():
            data = self.read_all(module["fn_begin"], module["fn_end"])
            for at in range(0, len(data), 8):
                place, description = struct.unpack_from("<ii", data, at)
                address = module["fn_begin"] + at
                if place:
                    out.append(Function(self, address, address + place, address + 4 + description))
        return out

    def read_all(self, begin, end):
        data = b""
        while begin + len(data) < end:
            data += self.read(begin + len(data), min(1 << 20, end - begin - len(data)))
        return data

    def named(self, name):
        return next(f for f in self.functions() if f.name == name)

    def probe(self, *wishes):
        """wishes: (fn, trace_id, flags, enter captures, leave captures); a capture is (offset, bytes, kind)."""
        payload = b""
        for fn, trace_id, flags, enter, leave in wishes:
            payload += struct.pack("<QIIIIII", fn.address, trace_id, flags, len(enter), len(leave), 0, 0)
            for offset, count, kind in [*enter, *leave]:
                payload += struct.pack("<IIII", offset, count, kind, 0)
        data = self.call(PROBE, payload)
        return struct.unpack_from("<IIQQ", data), struct.unpack_from(f"<{len(wishes)}i", data, 24)

    def unprobe(self, *fns):
        return struct.unpack("<IIQQ", self.call(UNPROBE, struct.pack(f"<{len(fns)}Q", *(f.address for f in fns))))

    def redirect(self, fn, target, flags=0):
        return struct.unpack("<IIQQ", self.call(REDIRECT, struct.pack("<QQII", fn.address, target, flags, 0)))

    def status(self):
        return dict(zip(STATUS_FIELDS, struct.unpack(f"<{len(STATUS_FIELDS)}Q", self.call(STATUS))))

    def invoke(self, function, result, *arguments, thread=0, address=0, fixed=None):
        """Begins a call. A value is (class, bytes) or (class, bytes, parts, align). Returns the request's number."""
        count = len(arguments)
        payload = struct.pack("<QQIIII", function.address if function else 0, address, thread, count,
                              count if fixed is None else fixed, 0)
        values = [(kind, len(data), *(more or (0, 8))) for kind, data, *more in arguments]
        for value in [result, *values]:
            payload += struct.pack("<IIII", *value, *(0, 8)[len(value) - 2:])
        for _, data, *_ in arguments:
            payload += data + b"\0" * (-len(data) % 8)
        self.call(CALL, payload)
        return self.request

    def call_done(self):
        """(status, request, bytes of the result)"""
        data = self.event(EVENT_CALL_DONE)
        status, count, request, _ = struct.unpack_from("<IIII", data)
        return status, request, data[16:16 + count] if count <= 16 else data[32:]

    def go(self, flags=0, status=0):
        self.call(GO, struct.pack("<Ii", flags, status))

    def close(self):
        self.socket.close()
        for fd in self.fds:
            os.close(fd)

    # -- the trace area
    def rings(self):
        offset, stride, size, count = struct.unpack_from("<QQII", self.area, 24)
        return [Ring(self.area, offset + i * stride, size) for i in range(count)]


class Ring:
    def __init__(self, area, offset, size):
        self.area, self.offset, self.size = area, offset, size

    def field(self, offset, form="<Q"):
        return struct.unpack_from(form, self.area, self.offset + offset)[0]

    tid = property(lambda self: self.field(0, "<I"))
    generation = property(lambda self: self.field(4, "<I"))
    head = property(lambda self: self.field(32))
    nr_written = property(lambda self: self.field(40))

    def set_tail(self, value):
        struct.pack_into("<Q", self.area, self.offset + 128, value)

    def records(self):
        """All whole records that are still there, and the number of the ones that were written over."""
        SUB, base = 32768, self.offset + 4096
        head = self.head
        low = max(0, head - self.size + SUB)
        at = (low + SUB - 1) // SUB * SUB
        out, missed, counted = [], None, 0
        while at < head:
            if at % SUB == 0:
                position, before = struct.unpack_from("<QQ", self.area, base + at % self.size)
                assert position == at, (position, at)
                missed = before if missed is None else missed
                assert before == missed + counted, "count at the start of a sub-buffer"
                at += 16
                continue
            place = base + at % self.size
            trace, words, kind, flags = struct.unpack_from("<IHBB", self.area, place)
            assert words
            if kind != PAD:
                out.append(Record(self, trace, kind, flags, self.area[place + 8:place + words * 8]))
                counted += kind not in PARTS_OF_CONTEXTS
            at += words * 8
        return out, missed or 0


class Record:
    def __init__(self, ring, trace, kind, flags, data):
        self.tid, self.trace, self.kind, self.flags = ring.tid, trace, kind, flags
        self.tsc, self.seq = struct.unpack_from("<QQ", data)
        self.parent, self.depth, self.data = 0, 0, data[16:]
        if kind in (ENTER, ENTER_ONLY):
            self.parent, self.depth = struct.unpack_from("<QI", data, 16)
            self.data = data[32:]

    def words(self):
        return struct.unpack(f"<{len(self.data) // 8}Q", self.data)


class Program:
    """A program under the runtime, as `otrace run` (hold) or as started by its user (listen)."""

    def __init__(self, command, runtime, mode="listen", env=None, **popen):
        self.directory = tempfile.TemporaryDirectory()
        environment = dict(os.environ, OTRACE=mode, OTRACE_DIR=self.directory.name, **(env or {}))
        if runtime:
            environment["LD_PRELOAD"] = runtime
        self.process = subprocess.Popen(command, env=environment, **popen)

    def attach(self, flags=0):
        return Client(f"{self.directory.name}/{self.process.pid}", flags)

    def order(self, letter):
        """One line in, one line out: for programs that work by orders."""
        self.process.stdin.write(letter + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.directory.cleanup()
