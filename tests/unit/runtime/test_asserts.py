# SPDX-License-Identifier: BSD-2-Clause
"""traceassert(), by the protocol: who asks for its records, what they hold, and that without anybody it is assert()."""
import signal
import struct
import subprocess

import pytest

from oprobe import ENTER, LEAVE, Program

ASSERTS, ACTIVE = 25, 1
COPY, REGISTERS, PLACE, ASSERT = 7, 8, 9, 11
KINDS = {"preloaded": [], "static": ["-static", "-Wl,-u,otrace_listen"]}


class Subject(Program):
    def __init__(self, command, runtime):
        super().__init__([command], runtime, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ends(self, order):
        self.process.stdin.write(order + "\n")
        _, err = self.process.communicate()
        return -self.process.returncode, err


@pytest.fixture(params=KINDS)
def subject(request, compile_subject, build, runtime):
    static = request.param == "static"
    command = compile_subject("asserts.c", *KINDS[request.param], *([f"{build}/lib/libotrace.a"] if static else []),
                              name=f"asserts-{request.param}")
    with Subject(command, None if static else runtime) as program:
        yield program


def records(client):
    return [record for ring in client.rings() if ring.head for record in ring.records()[0]]


def texts(record):
    parent, line, action, flags, size = struct.unpack_from("<QIIII", record.data)
    return (parent, line, action, flags), record.data[24:24 + size].split(b"\0")[:-1]


def test_a_shell_that_wants_them_gets_registers_and_stack(subject):
    client = subject.attach()
    client.call(ASSERTS, struct.pack("<II", ACTIVE, 0))
    assert subject.order("t").split()[2] == "77" and not records(client)
    function, marker, error = subject.order("f").split()
    function, marker = int(function, 16), int(marker, 16)
    assert error == "77"
    head, registers, *copies, place = records(client)
    assert [head.kind, registers.kind, place.kind] == [ASSERT, REGISTERS, PLACE]
    assert len({r.seq for r in (head, registers, *copies, place)}) == 1 and head.seq > 0
    (parent, line, action, flags), (label, file, name, condition, wanted) = texts(head)
    assert (parent, action, flags) == (0, 0, 0) and line == 15
    assert (label, name, condition, wanted) == (b"007", b"check", b"wrong == 0", b"")
    assert file.endswith(b"asserts.c")
    *_, rsp, rip = registers.words()
    assert function < rip < function + 512 and rsp % 16 == 0
    stack, at = b"", rsp
    for copy in copies:
        address, size, what = struct.unpack_from("<QII", copy.data)
        assert (copy.kind, address, what) == (COPY, at, 1)
        stack += copy.data[16:16 + size]
        at += size
    assert 0 < len(stack) <= 4096
    assert struct.unpack_from("<Q", stack, marker - rsp) == (0x0123456789abcdef,)
    assert struct.unpack_from("<i", place.data, 20) == (77,)


def test_what_is_traced_makes_them_wanted_and_is_their_parent(subject):
    client = subject.attach()
    client.probe((client.named("around"), 9, 0, [], []))
    subject.order("x")
    subject.order("t")  # the call before is over
    found = records(client)
    enter, head, *parts, leave = found[:[r.kind for r in found].index(LEAVE) + 1]
    assert parts[-1].kind == PLACE
    assert (enter.kind, head.kind, leave.kind) == (ENTER, ASSERT, LEAVE)
    (parent, *_), (label, *_) = texts(head)
    assert parent == enter.seq == leave.seq != head.seq
    assert label == b"0" * 99 and enter.tsc <= head.tsc <= leave.tsc  # cut


@pytest.mark.parametrize("before", ["nothing", "attached", "asked", "gone"])
def test_without_somebody_who_traces_it_is_assert(subject, before):
    client = subject.attach()
    if before != "nothing":
        client.probe((client.named("around"), 9, 0, [], []))
        subject.order("f")
        client.unprobe()
    if before in ("asked", "gone"):
        client.call(ASSERTS, struct.pack("<II", ACTIVE, 0))
        subject.order("f")
    if before == "asked":
        client.call(ASSERTS, struct.pack("<II", 0, 0))
    if before == "gone":
        client.close()
        client = subject.attach()
    ended, err = subject.ends("f")
    assert ended == signal.SIGABRT and "check: Assertion `wrong == 0' failed" in err


def test_much_stack_comes_in_pieces_and_ends_where_the_stack_does(subject):
    client = subject.attach()
    client.call(ASSERTS, struct.pack("<II", ACTIVE, 60000))
    subject.order("f")
    copies = [struct.unpack_from("<QI", r.data) for r in records(client) if r.kind == COPY]
    stack = next(line for line in open(f"/proc/{subject.process.pid}/maps", encoding="utf-8") if "[stack]" in line)
    end = int(stack.split()[0].split("-")[1], 16)
    assert all(a + n == b for (a, n), (b, _) in zip(copies, copies[1:]))
    assert sum(n for _, n in copies) == min(60000, end - copies[0][0])
