# SPDX-License-Identifier: BSD-2-Clause
"""The runtime driven by its protocol alone, in programs compiled with the pass."""
import os
import re
import socket
import struct
import subprocess

import pytest

from oprobe import (ABANDONED, ABI_VERSION, ENTER, ENTER_ONLY, EVENT_MODULES, FLOAT, FRAME, HELLO, INT, LEAVE, MEMORY, ON_MAIN,
                    STRING, STRING_VALUE, TLS, WIRE_VERSION, WRITE, Client, Error, Program)

(PROTOCOL, VERSION, BUSY, NO_FUNCTION) = (1, 2, 3, 4)
(STUB_CHANGED, FAULT, ASSUMES, NOT_HELD, INVALID, SAFE) = (6, 10, 11, 12, 14, 17)
HELD, MEMFD_TEXT = 1, 4


class Subject(Program):
    """The subject, one order at a time."""

    def __init__(self, command, runtime, mode="listen", env=None):
        super().__init__([command], runtime, mode, env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end(self):
        self.process.stdin.close()
        rest = self.process.stdout.read()
        self.process.wait(10)
        return rest


def all_records(client):
    out = []
    for ring in client.rings():
        if ring.head:
            records, missed = ring.records()
            assert missed == 0
            assert ring.nr_written == len(records)
            out += records
    return out


def args_of(fn, count):
    return [(fn.args_offset + 8 * i, 8, FRAME) for i in range(count)]


def ret_of(fn):
    return [(fn.ret_offset, min(8, fn.ret_bytes), FRAME)]


def test_enter_and_leave_with_words(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        add = client.named("add")
        (switched, refused, _, _), statuses = client.probe((add, 9, 0, args_of(add, 2), ret_of(add)))
        assert (switched, refused, statuses) == (1, 0, (0,))
        assert program.order("a") == "7"
        enter, leave = all_records(client)
        assert (enter.kind, enter.trace, [w & 0xFFFFFFFF for w in enter.words()]) == (ENTER, 9, [3, 4])
        assert (leave.kind, leave.seq, leave.words()) == (LEAVE, enter.seq, (7,))
        assert enter.seq == 1 and enter.depth == 1 and enter.parent == 0
        assert client.unprobe(add)[0] == 1
        assert client.read(add.stub, 5) == bytes.fromhex("0f1f440000")
        assert program.order("a") == "7"
        assert len(all_records(client)) == 2


def test_text_is_the_files_after_detach(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        functions = [f for f in client.functions() if f.stub]
        before = [client.read(f.stub, 32) for f in functions]
        client.probe(*[(f, 1, 0, [], []) for f in functions])
        assert client.status()["nr_on"] == len(functions)
        assert all(client.read(f.stub, 1) == b"\xe9" for f in functions)
        client.close()
        again = program.attach()
        assert [again.read(f.stub, 32) for f in functions] == before
        assert again.status()["nr_on"] == 0
        maps = open(f"/proc/{program.process.pid}/maps").read()
        assert "rwx" not in maps


def test_varargs_keep_arguments_and_result(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        scale = client.named("scale")
        assert scale.wrapper == 0
        client.probe((scale, 1, 0, [(32, 8, FRAME), (96, 8, FRAME)], [(272, 10, FRAME)]))
        assert program.order("v") == "773"
        enter, leave = all_records(client)
        assert enter.words()[0] & 0xFFFFFFFF == 12
        assert struct.unpack("<d", enter.data[8:16]) == (1.5,)
        mantissa, exponent = struct.unpack("<QH", leave.data[:10])
        assert mantissa * 2.0 ** (exponent - 16383 - 63) == 773


def test_wild_pointers_are_captured_and_errno_is_kept(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        length = client.named("length")
        client.probe((length, 1, 0, [(length.args_offset, 64, STRING), (length.args_offset, 20, MEMORY)], []))
        assert program.order("w").endswith("errno 77")
        enters = [r for r in all_records(client) if r.kind == ENTER]
        strings = []
        for record in enters:
            count, = struct.unpack_from("<Q", record.data)
            strings.append(record.data[8:8 + count])
        assert strings == [b"", b"", b"", b"x" * 6, b"literal\0", b""]
        count, = struct.unpack_from("<Q", enters[3].data, 16)
        assert count == 6


def test_longjmp_closes_open_calls(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        deep, add = client.named("deep"), client.named("add")
        client.probe((deep, 1, 0, args_of(deep, 1), []), (add, 2, 0, [], []))
        assert program.order("j") == "2"
        records = all_records(client)
        kinds = [r.kind for r in records]
        assert kinds == [ENTER] * 11 + [ABANDONED] * 11 + [ENTER, LEAVE]
        assert {r.seq for r in records[:11]} == {r.seq for r in records[11:22]}
        assert records[22].depth == 1 and records[22].parent == 0


def test_small_stack(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        down = client.named("down")
        client.probe((down, 1, 0, args_of(down, 1), ret_of(down)))
        assert program.order("t") == "50"
        records = all_records(client)
        assert sum(r.kind in (ENTER, ENTER_ONLY) for r in records) == 51
        assert client.status()["lost_fault"] == 0


def test_replacement_runs_and_goes_with_the_shell(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        add, down = client.named("add"), client.named("down")
        client.redirect(add, down.symbol)
        assert program.order("a") == "3"
        client.probe((add, 1, 0, [], []))
        assert program.order("a") == "3"
        assert [r.flags for r in all_records(client)] == [2, 2]
        client.close()
        assert program.attach().status()["nr_redirected"] == 0
        assert program.order("a") == "7"


def test_replacement_must_be_code(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        add = client.named("add")
        for target in (8, add.address):
            with pytest.raises(Error) as error:
                client.redirect(add, target)
            assert error.value.status == FAULT
        assert client.status()["nr_redirected"] == 0


def test_child_is_off_and_right(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        add = client.named("add")
        client.probe((add, 1, 0, [], []))
        assert program.order("f") == "42"
        assert all_records(client) == []
        assert program.order("a") == "7"
        assert len(all_records(client)) == 2


def test_modules_come_and_go(subject, runtime, plugin):
    with Subject(subject, runtime, env={"SUBJECT_LIBRARY": plugin}) as program:
        client = program.attach()
        assert len(client.modules()) == 1
        for _ in range(3):
            assert program.order("o") == "loaded"
            client.event(EVENT_MODULES)
            assert [m["path"] for m in client.modules()] == ["", plugin]
            function = client.named("plugin")
            assert client.probe((function, 5, 0, args_of(function, 1), ret_of(function)))[1] == (0,)
            before = len(all_records(client))
            assert program.order("u") == "6"
            assert len(all_records(client)) == before + 2
            assert program.order("c") == "closed 0"
            client.event(EVENT_MODULES)
            assert len(client.modules()) == 1
            with pytest.raises(AssertionError):
                assert client.probe((function, 5, 0, [], []))[1] == (0,)


def test_memory_that_may_not_be_writable_and_executable(subject, runtime):
    with Subject(subject, runtime) as program:
        answer = program.order("m")
        if answer != "mdwe 0":
            pytest.skip("kernel: no PR_SET_MDWE")
        client = program.attach()
        add = client.named("add")
        before = client.read(add.stub, 32)
        assert client.probe((add, 1, 0, args_of(add, 2), ret_of(add)))[1] == (0,)
        assert client.status()["flags"] & MEMFD_TEXT
        assert program.order("a") == "7"
        assert len(all_records(client)) == 2
        client.unprobe()
        assert client.read(add.stub, 32) == before
        assert program.order("a") == "7"


def test_foreign_bytes_are_refused(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        add = client.named("add")
        with open(f"/proc/{program.process.pid}/mem", "r+b", buffering=0) as memory:
            memory.seek(add.stub)
            memory.write(b"\xcc")
            assert client.probe((add, 1, 0, [], []))[1] == (STUB_CHANGED,)
            assert client.read(add.stub, 1) == b"\xcc"
            memory.seek(add.stub)
            memory.write(b"\x0f")
        assert client.probe((add, 1, 0, [], []))[1] == (0,)


def test_write_and_thread_local(subject, runtime):
    with Subject(subject, runtime, mode="hold") as program:
        client = program.attach()
        client.go()
        assert program.order("e") == "- -"
        function = client.named("add")
        for address in (8, function.symbol):
            with pytest.raises(Error) as error:
                client.call(WRITE, struct.pack("<QQI", address, 4, 1))
            assert error.value.status == FAULT
        assert client.call(WRITE, struct.pack("<QQI", client.rings()[0].size and stack_word(program), 4, 1)) == b""
        for address in (8, function.symbol, function.symbol + 1):
            with pytest.raises(Error) as error:
                client.call(TLS, struct.pack("<QII", address, 0, 0))
            assert error.value.status == INVALID
        assert "mine 7" in program.end()


def stack_word(program):
    for line in open(f"/proc/{program.process.pid}/maps"):
        if "[stack]" in line:
            return int(line.split("-")[0], 16)
    raise AssertionError("no stack")


def test_safe_mode(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach(flags=1)
        add = client.named("add")
        with pytest.raises(Error) as error:
            client.redirect(add, add.symbol)
        assert error.value.status == SAFE
        assert client.probe((add, 1, 0, [], []))[1] == (0,)


def test_hold_call_exit(subject, runtime):
    with Subject(subject, runtime, mode="hold") as program:
        client = program.attach()
        assert client.welcome[2] & 1 and client.status()["flags"] & HELD
        greet = client.named("greet")
        request = client.invoke(greet, (INT, 4), (STRING_VALUE, b"world"), (FLOAT, struct.pack("<d", 2.5)), thread=ON_MAIN)
        assert client.call_done() == (0, request, struct.pack("<i", len("hello world 2.5\n")))
        client.go(flags=1, status=9)
        assert program.process.wait(10) == 9
        assert program.process.stdout.read() == "hello world 2.5\n"


def test_held_program_goes_on_when_the_shell_dies(subject, runtime):
    with Subject(subject, runtime, mode="hold") as program:
        client = program.attach()
        add = client.named("add")
        client.probe((add, 1, 0, [], []))
        client.close()
        assert program.order("a") == "7"


def test_not_held(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        add = client.named("add")
        for attempt in (client.go, lambda: client.invoke(add, (INT, 4), thread=ON_MAIN)):
            with pytest.raises(Error) as error:
                attempt()
            assert error.value.status == NOT_HELD


def test_old_preload_comes_back(subject, runtime):
    with Subject(subject, runtime, mode="hold", env={"OTRACE_LD_PRELOAD": "/nonexistent/old.so"}) as program:
        program.attach().go()
        assert program.order("e") == "- /nonexistent/old.so"


def test_second_client_is_told_who_is_first(subject, runtime):
    with Subject(subject, runtime) as program:
        first = program.attach()
        with pytest.raises(Error) as error:
            program.attach()
        assert error.value.status == BUSY and str(os.getpid()) in error.value.text.decode()
        assert first.status()["nr_on"] == 0


def test_other_versions_are_refused(subject, runtime):
    with Subject(subject, runtime) as program:
        path = f"{program.directory.name}/{program.process.pid}"
        program.attach().close()
        raw = socket.socket(socket.AF_UNIX)
        raw.connect(path)
        raw.sendall(struct.pack("<IHHII", 32, HELLO, 0, 1, 0) + struct.pack("<IIII", 77, 1, 0, 0))
        _, kind, status, _, _ = struct.unpack("<IHHII", raw.recv(16))
        assert (kind, status) == (HELLO | 0x8000, VERSION)
        assert struct.unpack_from("<II", raw.recv(4096)) == (WIRE_VERSION, ABI_VERSION)


def test_damaged_messages(subject, runtime):
    """Every type, with payloads of every awkward size: an answer or a closed connection, never harm."""
    with Subject(subject, runtime) as program:
        client = program.attach()
        for kind in [*range(2, 11), 12, 14, 16, 63, 200, 0x7FFF]:
            for payload in (b"", b"\0" * 3, b"\xff" * 8, b"\xff" * 16, b"\0" * 24, b"\xff" * 40, bytes(range(256)) * 5):
                try:
                    client.call(kind, payload)
                except Error:
                    pass
        for head in (struct.pack("<IHHII", 3, 2, 0, 1, 0), struct.pack("<IHHII", 0xFFFFFFFF, 2, 0, 1, 0)):
            client.socket.sendall(head)
            with pytest.raises((EOFError, OSError)):
                client.receive()
            client.close()
            client = program.attach()
        assert program.order("a") == "7"


def test_unwritable_directory(subject, runtime, tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "open")
    for name in ("open", "file", "link", "no/such", "x" * 120):
        done = subprocess.run([subject], input="a\n", capture_output=True, text=True, timeout=20,
                              env=dict(os.environ, LD_PRELOAD=runtime, OTRACE="listen", OTRACE_DIR=str(tmp_path / name)))
        assert done.stdout.startswith("7\n")
        assert done.stderr.count("\n") == 1 and done.stderr.startswith("otrace: cannot listen"), done.stderr


def test_nothing_happens_unasked(subject, runtime, tmp_path):
    done = subprocess.run([subject], input="a\n", capture_output=True, text=True,
                          env=dict(os.environ, LD_PRELOAD=runtime, OTRACE_DIR=str(tmp_path)))
    assert done.stdout.startswith("7\n") and done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_static_program(compile_subject, build):
    static = compile_subject("subject.c", "-static", f"{build}/lib/libotrace.a", "-Wl,-u,otrace_listen", name="static")
    for mode in ("listen", "hold"):
        with Subject(static, None, mode=mode) as program:
            client = program.attach()
            add = client.named("add")
            assert client.probe((add, 1, 0, args_of(add, 2), ret_of(add)))[1] == (0,)
            if mode == "hold":
                client.go()
            assert program.order("a") == "7"
            assert len(all_records(client)) == 2


def test_threads_are_listed(subject, runtime):
    with Subject(subject, runtime) as program:
        client = program.attach()
        add = client.named("add")
        client.probe((add, 1, 0, [], []))
        program.order("a")
        data = client.call(9)
        threads = [struct.unpack_from("<IIQ16s", data, at) for at in range(0, len(data), 32)]
        names = {t[3].rstrip(b"\0") for t in threads}
        assert names == {b"oshell", b"oshell-seed", b"subject"} and len(threads) == 3
        assert [t for t in threads if t[0] == program.process.pid][0][1] == 0


def test_ring_overrun_is_counted_exactly(stress, runtime):
    with Program([stress, "30000"], runtime, "hold", env={"OTRACE_RING_BYTES": "65536"},
                 stdout=subprocess.PIPE, text=True) as program:
        client = program.attach()
        price = client.named("price")
        client.probe((price, 1, 0, args_of(price, 1), ret_of(price)))
        client.go()
        assert "wrong 0" in program.process.communicate(timeout=60)[0]
        total = 0
        for ring in client.rings():
            if ring.head:
                records, missed = ring.records()
                assert missed + len(records) == ring.nr_written
                total += ring.nr_written
        assert total == 8 * 30000 * 2


@pytest.mark.alone
def test_switching_under_load(stress, runtime, record_property):
    """Eight threads call and another forks while two functions go on and off."""
    with Program([stress], runtime, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        client = program.attach()
        price, many, other = (client.named(name) for name in ("price", "many", "half_price"))
        switches, windows = 0, []
        while switches < 100_000:
            on, _ = client.probe((price, 1, 0, args_of(price, 1), []), (many, 2, 0, [], []))
            if switches % 7 == 0:
                client.redirect(price, other.symbol)
            off = client.unprobe()
            if switches % 7 == 0:
                client.redirect(price, 0)
            switches += on[0] + off[0]
            windows += [on[3], off[3]]
        windows.sort()
        out, _ = program.process.communicate("\n", timeout=60)
        print(out)
        barrier = re.search(r"barrier_ns ([1-9]\d*)", out)
        barriers = f"take {2 * int(barrier[1]) / 1e3:.1f} us here" if barrier else "could not be measured"
        record_property("figure", f"{switches} switches under 8 calling threads and a forking one: a caller can wait at a "
                        f"stub for {windows[len(windows) // 2] / 1e3:.1f} us (median of batches), "
                        f"{windows[len(windows) * 99 // 100] / 1e3:.1f} us (99 %), {windows[-1] / 1e3:.1f} us (longest); "
                        f"two of the kernel's barriers {barriers}")
        assert program.process.returncode == 0 and " wrong 0 " in out
