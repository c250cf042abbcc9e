# SPDX-License-Identifier: BSD-2-Clause
"""CALL on the runtime's own thread: what functions find there, and what becomes of calls that go wrong."""
import os
import pathlib
import random
import signal
import struct
import subprocess
import time

import pytest

from oprobe import (COMPLEX_X87, FLOAT, IN_MEMORY, INT, ON_MAIN, PARTS, POINTER, STRING_VALUE, VOID, Error, Program)

FAULT, NOT_HELD, NO_THREAD, INVALID, TOO_MANY, CALL_RUNNING, CALL_LOST = 10, 12, 13, 14, 18, 23, 24
NO_FUNCTION, SAFE = 4, 17
WITHDRAW = 16
SOURCE = "../../e2e/programs/calls.c"


def number(value):
    return INT, struct.pack("<q", value)


@pytest.fixture(scope="module")
def calls(compile_subject):
    return compile_subject(SOURCE, "-Wno-deprecated-non-prototype", name="calls")


@pytest.fixture
def program(calls, runtime):
    with Program([calls, "serve"], runtime, stdout=subprocess.PIPE, text=True) as running:
        yield running


def status_of(client, *invocation, **more):
    with pytest.raises(Error) as error:
        client.invoke(*invocation, **more)
    return error.value.status


def test_the_thread_has_the_programs_files_and_a_libc_of_its_own(program):
    client = program.attach()
    client.invoke(client.named("libc_works"), (INT, 4), (STRING_VALUE, b"abc"))
    assert client.call_done()[2] == struct.pack("<i", 3)
    assert program.process.stdout.readline() == "said abc:42\n"


def test_the_thread_is_made_by_the_first_call_and_stays(program):
    client = program.attach()
    task = f"/proc/{program.process.pid}/task"
    while not any(pathlib.Path(task, tid, "comm").read_text() == "oshell-seed\n" for tid in os.listdir(task)):
        time.sleep(0.001)  # it makes the other one, and names itself when it runs
    before = set(os.listdir(task))
    seen = set()
    for _ in range(3):
        client.invoke(client.named("whose"), (INT, 4))
        seen.add(struct.unpack("<i", client.call_done()[2])[0])
    assert len(seen) == 1 and {str(next(iter(seen)))} == set(os.listdir(task)) - before
    with open(f"{task}/{next(iter(seen))}/status", encoding="ascii") as file:
        fields = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
    assert fields["Name"] == "oshell-call"
    assert int(fields["SigBlk"], 16) == 0xFFFFFFFFFFFFFFFF & ~(1 << 8) & ~(1 << 18) & ~(3 << 31)  # KILL, STOP, and glibc's two


def test_the_stack_is_the_programs_own_size(program):
    client = program.attach()
    client.invoke(client.named("deep"), (INT, 4), number(300))
    assert client.call_done()[2] == struct.pack("<i", 9)


def test_a_call_that_runs_keeps_others_off_its_thread_and_nothing_else(program):
    client = program.attach()
    first = client.invoke(client.named("nap"), (INT, 4), number(1))
    begin = time.time()
    assert status_of(client, client.named("nap"), (INT, 4), number(1)) == CALL_RUNNING
    assert client.status()["flags"] == 0
    assert time.time() - begin < 0.5
    assert client.call_done() == (0, first, struct.pack("<i", 1))
    client.invoke(client.named("nothing"), (INT, 4))
    assert client.call_done()[2] == struct.pack("<i", 77)


def test_a_shell_that_goes_leaves_its_call_and_the_next_is_not_told(program):
    client = program.attach()
    client.invoke(client.named("nap"), (INT, 4), number(1))
    client.close()
    client = program.attach()
    assert status_of(client, client.named("nothing"), (INT, 4)) == CALL_RUNNING
    time.sleep(1.3)
    last = client.invoke(client.named("nothing"), (INT, 4))
    assert client.call_done() == (0, last, struct.pack("<i", 77))


def test_a_thread_that_is_ended_is_told_and_replaced(program):
    client = program.attach()
    client.invoke(client.named("whose"), (INT, 4))
    first = client.call_done()[2]
    client.invoke(client.named("leave"), (INT, 4), number(3))
    assert client.call_done()[0] == CALL_LOST
    client.invoke(client.named("whose"), (INT, 4))
    assert client.call_done()[0] == 0 and first != b""


def test_a_child_that_comes_back_out_of_the_function_ends(program):
    client = program.attach()
    client.invoke(client.named("fork_and_return"), (INT, 4))
    assert client.call_done()[2] == struct.pack("<i", 1)
    children = f"/proc/{program.process.pid}/task/{program.process.pid}/children"
    time.sleep(0.3)
    with open(children, encoding="ascii") as file:
        for child in file.read().split():
            with open(f"/proc/{child}/stat", encoding="ascii") as stat:
                assert stat.read().rsplit(")", 1)[1].split()[0] == "Z"


def test_a_program_that_ends_in_a_call_closes_the_connection(program):
    client = program.attach()
    with pytest.raises((EOFError, ConnectionError)):
        client.invoke(client.named("end"), (INT, 4), number(6))
        client.call_done()
    assert program.process.wait(10) == 6


def test_a_crash_is_the_programs(program):
    client = program.attach()
    with pytest.raises((EOFError, ConnectionError)):  # perhaps before the call is said to have begun
        client.invoke(client.named("crash"), (INT, 4), number(6))
        client.call_done()
    assert program.process.wait(10) == -signal.SIGSEGV


def test_code_without_an_entry_is_called_by_its_address(program):
    client = program.attach()
    nothing = client.named("nothing")
    client.invoke(None, (INT, 4), address=nothing.symbol)
    assert client.call_done()[2] == struct.pack("<i", 77)
    for address in (0, 16, client.area and 0x7FFFFFFFF000, nothing.address):  # the last is readable, no code
        assert status_of(client, None, (INT, 4), address=address) == FAULT


def test_results_of_every_size_come_whole(program):
    client = program.attach()
    big = struct.pack("<5q", 1, 2, 3, 4, 500)
    client.invoke(client.named("of_big"), (IN_MEMORY, 40, 0, 8), number(7), (IN_MEMORY, big, 0, 8),
                  (FLOAT, struct.pack("<d", 2.5)))
    assert client.call_done()[2] == struct.pack("<5q", 7, 2, 3, 4, 500)
    client.invoke(client.named("schar"), (INT, 1), number(-128))
    assert client.call_done()[2] == b"\x7f"
    client.invoke(client.named("set_counter"), (VOID, 0), number(12))
    assert client.call_done()[2] == b""
    client.invoke(client.named("of_mixed"), (PARTS, 16, 1, 8), (PARTS, struct.pack("<di4x", 1.5, -7), 1, 8), number(3))
    assert struct.unpack("<di4x", client.call_done()[2]) == (4.5, -10)


@pytest.mark.parametrize("result, arguments, status", [
    ((INT, 4), [(STRING_VALUE, b"")] * 65, TOO_MANY),
    ((IN_MEMORY, (1 << 20) + 1), [], TOO_MANY),
    ((INT, 4), [(IN_MEMORY, bytes(40000))] * 2, TOO_MANY),
    ((INT, 0), [], INVALID), ((INT, 9), [], INVALID), ((FLOAT, 10), [], INVALID), ((STRING_VALUE, 3), [], INVALID),
    ((PARTS, 17), [], INVALID), ((IN_MEMORY, 0), [], INVALID), ((COMPLEX_X87, 16), [], INVALID), ((99, 4), [], INVALID),
    ((VOID, 1), [], INVALID), ((INT, 4, 0, 3), [], INVALID), ((INT, 4, 0, 128), [], INVALID),
    ((INT, 4), [(VOID, b"")], INVALID), ((INT, 4), [(INT, b"1234")], INVALID), ((INT, 4), [(POINTER, b"")], INVALID),
    ((INT, 4), [(IN_MEMORY, bytes(64), 0, 32)], INVALID), ((INT, 4), [(IN_MEMORY, bytes(64), 0, 64)], INVALID),
    ((INT, 4), [(COMPLEX_X87, bytes(32))], INVALID), ((INT, 4), [(PARTS, b"")], INVALID),
])
def test_what_cannot_be_is_refused(program, result, arguments, status):
    client = program.attach()
    assert status_of(client, client.named("nothing"), result, *arguments) == status
    client.invoke(client.named("nothing"), (INT, 4))
    assert client.call_done()[2] == struct.pack("<i", 77)


def threads_of_ours(pid):
    tids = []
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/comm", encoding="ascii") as file:
            if file.read().startswith("oshell"):
                tids.append(int(tid))
    assert len(tids) == 2
    return tids


def test_a_call_on_a_thread_that_waits_is_withdrawn(program):
    """By WITHDRAW, and with the connection; others are made meanwhile, and every stub goes off again."""
    client = program.attach()
    main = program.process.pid
    waiting = client.invoke(client.named("nothing"), (INT, 4), thread=main)
    assert client.status()["nr_on"] > 20
    assert status_of(client, client.named("nothing"), (INT, 4), thread=main) == CALL_RUNNING
    other = client.invoke(client.named("nothing"), (INT, 4))
    assert client.call_done() == (0, other, struct.pack("<i", 77))
    assert withdraw(client, waiting + 1000) == withdraw(client, other) == CALL_RUNNING
    assert withdraw(client, waiting) == 0 and withdraw(client, waiting) == CALL_RUNNING
    assert client.status()["nr_on"] == 0
    client.invoke(client.named("nothing"), (INT, 4), thread=main)
    client.close()
    client = program.attach()
    assert client.status()["nr_on"] == 0
    again = client.invoke(client.named("nothing"), (INT, 4), thread=main)
    assert withdraw(client, again) == 0


def withdraw(client, request):
    try:
        client.call(WITHDRAW, struct.pack("<II", request, 0))
    except Error as error:
        return error.status
    return 0


def test_threads_and_modes_that_are_refused(calls, runtime):
    with Program([calls, "serve"], runtime) as program:
        client = program.attach()
        nothing = client.named("nothing")
        assert status_of(client, nothing, (INT, 4), thread=ON_MAIN) == NOT_HELD
        for tid in (os.getpid(), *threads_of_ours(program.process.pid), 1 << 31):
            assert status_of(client, nothing, (INT, 4), thread=tid) == NO_THREAD
        assert status_of(client, None, (INT, 4), address=1) == FAULT
        client.close()
        client = program.attach(flags=1)
        assert status_of(client, client.named("nothing"), (INT, 4)) == SAFE


def test_damaged_calls_are_answered(program):
    """Random heads and values, none of which can name a function: an answer, never harm."""
    client = program.attach()
    chance = random.Random(4)
    for _ in range(3000):
        head = [chance.choice((0, 1, chance.getrandbits(64))), chance.choice((0, 8, chance.getrandbits(47)))]
        small = [chance.choice((0, 1, 3, 64, 65, chance.getrandbits(32))) for _ in range(4)]
        words = [chance.choice((0, 1, 8, 16, chance.getrandbits(32))) for _ in range(chance.randrange(40))]
        payload = struct.pack("<QQIIII", *head, *small) + struct.pack(f"<{len(words)}I", *words)
        with pytest.raises(Error):
            client.call(12, payload[:chance.randrange(len(payload) + 1)])
    client.invoke(client.named("nothing"), (INT, 4))
    assert client.call_done()[2] == struct.pack("<i", 77)


def test_a_call_of_a_traced_and_replaced_function_is_both(program):
    client = program.attach()
    third, half = client.named("schar"), client.named("is_odd")
    client.probe((third, 1, 0, [], []))
    client.invoke(third, (INT, 1), number(5))
    assert client.call_done()[2] == b"\4"
    assert client.status()["nr_rings_used"] == 1
    client.redirect(third, half.symbol)
    client.invoke(third, (INT, 1), number(5))
    assert client.call_done()[2] == b"\1"


def test_both_threads_of_a_held_program(calls, runtime):
    with Program([calls, "serve"], runtime, mode="hold") as program:
        client = program.attach()
        whose = client.named("whose")
        client.invoke(whose, (INT, 4), thread=ON_MAIN)
        assert struct.unpack("<i", client.call_done()[2])[0] == program.process.pid
        client.invoke(whose, (INT, 4))
        assert struct.unpack("<i", client.call_done()[2])[0] != program.process.pid
