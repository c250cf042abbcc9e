# SPDX-License-Identifier: BSD-2-Clause
"""Holds: event loops put requests aside, and take them up when the protocol says so."""
import pathlib
import socket
import struct
import subprocess
import time

import pytest

from oprobe import ENTER, LEAVE, PROBE, PROBE_ENTER_ONLY, Error, Program

TRACE_SET, RELEASE, HELD_LIST = 17, 27, 28
HELD, RELEASED = 19, 20
ACTION_HOLD, COUNTER = 4, 5
SHELL, DEADLINE, GONE, UNTRACED, ENDING, EVICTED, CANCELLED, NO_LOOP, FULL = range(1, 10)
OF_COUNTER = 1
SOURCE = pathlib.Path(__file__).resolve().parents[2] / "e2e/programs/holds.c"


@pytest.fixture(scope="module")
def holds(compile_subject, build):
    return compile_subject(str(SOURCE), f"-L{build}/lib", f"-Wl,-rpath,{build}/lib", "-l:libotrace.so", name="holds")


class Server(Program):
    def __init__(self, holds, mode, folder, loops=1):
        self.folder = folder
        super().__init__([holds, str(folder), mode, str(loops)], None, stdout=subprocess.PIPE, text=True)

    def connect(self, number=0):
        end = time.monotonic() + 60
        while True:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(60)
            try:
                connection.connect(str(self.folder / str(number)))
                return connection
            except OSError:
                connection.close()
                assert time.monotonic() < end
                time.sleep(0.01)


def ask(connection, number):
    connection.sendall(b"%d\n" % number)


def answer(connection):
    return connection.recv(100).decode().strip()


def is_answered(connection):
    connection.setblocking(False)
    try:
        return bool(connection.recv(100, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(60)


def hold_calls(client, most=0, deadline_ns=0, flags=0):
    """Arms handle() with a rule that holds. It has no condition: the first `most` calls match."""
    client.call(TRACE_SET, struct.pack("<IIQQIIQ", COUNTER, 0, 0, most, 1, 0, deadline_ns))
    rule = struct.pack("<14I", 56, COUNTER, 0, ACTION_HOLD, *[0] * 10)
    handle = client.named("handle")
    reply = client.call(PROBE, struct.pack("<QIIIIII", handle.address, 77, flags, 0, 0, 1, len(rule)) + rule)
    assert struct.unpack_from("<i", reply, 24) == (0,)
    return handle


def held(client):
    data = client.call(HELD_LIST)
    _, full, no_loop, count, _ = struct.unpack_from("<QQQII", data)
    calls = [struct.unpack_from("<QIIIIQQ32s", data, 32 + 72 * i) for i in range(count)]
    return [(seq, counter, label.rstrip(b"\0").decode()) for seq, _, counter, _, _, _, _, label in calls], full, no_loop


def release(client, *seqs, reason=SHELL, flags=0, counter=0):
    return struct.unpack("<II", client.call(RELEASE, struct.pack(f"<IIII{len(seqs)}Q", flags, counter, reason, 0, *seqs)))[0]


def wait_for_held(client, count):
    end = time.monotonic() + 60
    while len(held(client)[0]) != count:
        assert time.monotonic() < end, held(client)
        time.sleep(0.005)
    return held(client)[0]


def records(client, *kinds):
    out = []
    for ring in client.rings():
        if ring.head:
            out += [r for r in ring.records()[0] if r.kind in kinds]
    return sorted(out, key=lambda r: r.tsc)


def reasons(client):
    return [struct.unpack_from("<QI", r.data)[1] for r in records(client, RELEASED)]


@pytest.mark.parametrize("mode", ["fd", "queue", "poll"])
def test_one_request_waits_and_the_others_are_answered(holds, tmp_path, mode):
    with Server(holds, mode, tmp_path) as server:
        client = server.attach()
        first, second = server.connect(), server.connect()
        ask(second, 1)
        assert answer(second) == "answered 1"
        hold_calls(client, most=2)
        ask(first, 2)
        (seq, counter, label), = wait_for_held(client, 1)
        assert (counter, label) == (COUNTER, "parsed")
        third = server.connect()
        ask(third, 3)
        other, = [call[0] for call in wait_for_held(client, 2) if call[0] != seq]
        ask(second, 4)
        assert answer(second) == "answered 4"
        assert not is_answered(first)
        # by its number, once; an unknown one is nobody's
        assert release(client, seq, 999999) == 1
        assert answer(first) == "answered 2"
        assert release(client, seq) == 0
        assert not is_answered(third)
        assert release(client) == 1
        assert answer(third) == "answered 3"
        assert held(client) == ([], 0, 0)
        shown = [(r.kind, r.seq) for r in records(client, ENTER, LEAVE, HELD, RELEASED)]
        assert shown == [(ENTER, seq), (HELD, seq), (LEAVE, seq), (ENTER, other), (HELD, other), (LEAVE, other),
                         (RELEASED, seq), (RELEASED, other)]
        assert reasons(client) == [SHELL, SHELL]
        waited, = struct.unpack_from("<Q", records(client, RELEASED)[0].data)
        taken = records(client, RELEASED)[0].tsc - records(client, HELD)[0].tsc
        assert 0 < waited and taken > 0


def test_deadline_trace_eviction_and_the_shells_end_let_go(holds, tmp_path):
    with Server(holds, "fd", tmp_path) as server:
        client = server.attach()
        hold_calls(client, deadline_ns=50_000_000)
        connections = [server.connect() for _ in range(4)]
        ask(connections[0], 10)
        assert answer(connections[0]) == "answered 10"
        hold_calls(client)
        ask(connections[1], 11)
        wait_for_held(client, 1)
        assert release(client, flags=OF_COUNTER, counter=COUNTER + 1, reason=UNTRACED) == 0
        assert release(client, flags=OF_COUNTER, counter=COUNTER, reason=UNTRACED) == 1
        assert answer(connections[1]) == "answered 11"
        ask(connections[2], 12)
        (seq, _, _), = wait_for_held(client, 1)
        assert release(client, seq, reason=EVICTED) == 1
        assert answer(connections[2]) == "answered 12"
        assert reasons(client) == [DEADLINE, UNTRACED, EVICTED]
        with pytest.raises(Error):
            release(client, reason=CANCELLED)
        ask(connections[3], 13)
        wait_for_held(client, 1)
        client.close()
        assert answer(connections[3]) == "answered 13"
        ask(connections[3], 14)
        assert answer(connections[3]) == "answered 14"


def test_a_request_whose_client_has_gone_is_never_taken_up(holds, tmp_path):
    with Server(holds, "fd", tmp_path) as server:
        client = server.attach()
        hold_calls(client)
        first, second = server.connect(), server.connect()
        ask(first, 20)
        ask(second, 21)
        wait_for_held(client, 2)
        first.close()
        assert server.process.stdout.readline() == "gone 20\n"
        wait_for_held(client, 1)
        assert reasons(client) == [CANCELLED]
        assert release(client) == 1
        assert answer(second) == "answered 21"


def test_each_loop_takes_up_its_own(holds, tmp_path):
    with Server(holds, "fd", tmp_path, loops=3) as server:
        client = server.attach()
        hold_calls(client)
        connections = [server.connect(i) for i in (0, 1, 2, 1)]
        for i, connection in enumerate(connections):
            ask(connection, 30 + i)
        wait_for_held(client, 4)
        assert release(client) == 4
        assert [answer(c) for c in connections] == ["answered 30", "answered 31", "answered 32", "answered 33"]


def test_without_an_event_loop_nothing_is_held_and_it_is_said(holds, tmp_path):
    with Server(holds, "none", tmp_path) as server:
        client = server.attach()
        hold_calls(client)
        connection = server.connect()
        ask(connection, 40)
        assert answer(connection) == "answered 40"
        assert held(client) == ([], 0, 1)
        assert reasons(client) == [NO_LOOP]


def test_a_call_without_a_recorded_end_is_not_held(holds, tmp_path):
    """Nobody knows whether it still runs."""
    with Server(holds, "fd", tmp_path) as server:
        client = server.attach()
        hold_calls(client, flags=PROBE_ENTER_ONLY)
        connection = server.connect()
        ask(connection, 50)
        assert answer(connection) == "answered 50"
        assert held(client) == ([], 0, 0)
