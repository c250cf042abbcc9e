# SPDX-License-Identifier: BSD-2-Clause
"""Threads that crash are recorded and wait while a shell wants that; then the signal does what it would have done."""
import signal
import struct
import subprocess
import time

import pytest

from oprobe import ENTER, Program

POST_MORTEM, RESUME, PARKED_LIST = 29, 22, 23
COPY, REGISTERS, PLACE, PARKED, RESUMED, CRASH = 7, 8, 9, 14, 15, 21
IS_STACK = 1
RED_ZONE_BYTES = 128


@pytest.fixture(scope="module")
def crash(compile_subject):
    return compile_subject("crash.c")


class Subject(Program):
    def __init__(self, crash, runtime, *arguments):
        super().__init__([crash, *arguments], runtime, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def post_mortem(client, on, deadline_ns=0):
    client.call(POST_MORTEM, struct.pack("<IIQ", on, 0, deadline_ns))


def records(client):
    out = []
    for ring in client.rings():
        if ring.head:
            out += ring.records()[0]
    return out


def wait_for_parked(client):
    end = time.monotonic() + 60
    while True:
        data = client.call(PARKED_LIST)
        if struct.unpack_from("<I", data, 16)[0]:
            return struct.unpack_from("<QI", data, 24)
        assert time.monotonic() < end
        time.sleep(0.01)


def handlers(program):
    """Which signals the program catches."""
    status = open(f"/proc/{program.process.pid}/status", encoding="ascii").read()
    return int(status.split("SigCgt:")[1].split()[0], 16)


def catches(program, number):
    return bool(handlers(program) >> (number - 1) & 1)


def test_a_thread_that_crashes_waits_and_the_others_run_on(crash, runtime):
    with Subject(crash, runtime) as program:
        client = program.attach()
        before = handlers(program)
        post_mortem(client, 1)
        assert catches(program, signal.SIGSEGV) and catches(program, signal.SIGABRT)
        serve, follow = client.named("serve"), client.named("follow")
        client.probe((serve, 5, 0, [], []), (follow, 6, 0, [], []))
        assert program.order("n") == "here"
        seq, tid = wait_for_parked(client)
        assert tid != program.process.pid
        assert program.order("p") == "here"  # the others go on
        found = [r for r in records(client) if r.seq == seq]
        kinds = [r.kind for r in found]
        assert kinds[0] == CRASH and kinds[1] == REGISTERS and kinds[-2:] == [PLACE, PARKED]
        assert set(kinds[2:-2]) == {COPY}
        parent, number, code, address = struct.unpack_from("<QIiQ", found[0].data)
        assert (number, code, address) == (signal.SIGSEGV, 1, 0)  # SEGV_MAPERR
        inside, = [r.seq for r in records(client) if r.kind == ENTER and r.trace == 6]
        assert parent == inside
        rsp, rip = struct.unpack_from("<QQ", found[0].data, 24 + 15 * 8)
        assert follow.body <= rip < follow.body + 200
        assert struct.unpack_from("<QQ", found[1].data, 48) == (rsp, rip)
        stack, at = b"", (rsp & ~7) - RED_ZONE_BYTES
        for record in found[2:-2]:
            address, count, flags = struct.unpack_from("<QII", record.data)
            assert address == at and flags == IS_STACK
            stack += record.data[16:16 + count]
            at += count
        assert stack == client.read((rsp & ~7) - RED_ZONE_BYTES, len(stack))
        assert struct.pack("<I", 0x5EED) in stack  # a local of serve()
        # off puts back what was there, on again takes it
        post_mortem(client, 0)
        assert handlers(program) == before
        client.call(RESUME, struct.pack("<IIQ", 0, 0, seq))
        assert program.process.wait(60) == -signal.SIGSEGV


@pytest.mark.parametrize("how, own, status", [("a", False, -signal.SIGABRT), ("n", True, 7)])
def test_abort_and_a_handler_of_the_programs(crash, runtime, how, own, status):
    with Subject(crash, runtime, *(["own"] if own else [])) as program:
        client = program.attach()
        post_mortem(client, 1)
        assert program.order(how) == "here"
        seq, _ = wait_for_parked(client)
        client.call(RESUME, struct.pack("<IIQ", 0, 0, seq))
        assert program.process.wait(60) == status


@pytest.mark.parametrize("how", ["deadline", "shell", "off"])
def test_nobody_waits_for_ever(crash, runtime, how):
    with Subject(crash, runtime) as program:
        client = program.attach()
        before = handlers(program)
        post_mortem(client, 1, 50_000_000 if how == "deadline" else 0)
        if how == "off":
            client.close()
            end = time.monotonic() + 60
            while handlers(program) != before:
                assert time.monotonic() < end
                time.sleep(0.01)
        program.order("n")
        if how == "shell":
            wait_for_parked(client)
            client.close()
        assert program.process.wait(60) == -signal.SIGSEGV
