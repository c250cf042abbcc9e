# SPDX-License-Identifier: BSD-2-Clause
"""Fast reads: conditions follow wild pointers by plain loads, and neither the program nor its handlers notice."""
import os
import re
import signal
import struct
import subprocess
import time

import pytest

from oprobe import PROBE, Program

COUNTS, POST_MORTEM, PARKED_LIST, RESUME, FAST_READS = 18, 29, 23, 22, 31
FAST, IDLE, STATIC, REPLACED, UNSEEN, HANDLER, TAKEN, LOADING = range(8)
NR_WILD = 8
COUNTER = 1
TEXT = b"found\0"


def operations():
    """The numbers of instructions, from the header."""
    header = os.path.join(os.path.dirname(__file__), "../../../runtime/include/otrace/bytecode.h")
    names = re.findall(r"^\tX\((\w+), ", open(header, encoding="utf-8").read(), re.M)
    return {name: i + 1 for i, name in enumerate(names)}


OPS = operations()


def code(name, width=0, arg=0, imm=0):
    return struct.pack("<BBHI", OPS[name], width, arg, imm)


def condition(fn, how):
    """p->n == 99, p->next->n == 99, or p->text is "found"."""
    begin = code("FRAME", 8, 0, fn.args_offset)
    if how == "text":
        return begin + code("ADD", 8 | 0x20, 0, 16) + code("TEXT", 1, 0, len(TEXT)) + TEXT.ljust(8, b"\0") + code("ANSWER")
    if how == "next":
        begin += code("LOAD", 8)
    return begin + code("LOAD", 8, 0, 8) + code("EQUAL", 8 | 0x20, 0, 99) + code("ANSWER")


class Subject(Program):
    def __init__(self, program, runtime, *arguments, env=None):
        super().__init__([program, *arguments], runtime, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, *orders):
        for order in orders:
            assert self.order(order) == "done", order


@pytest.fixture(scope="module")
def fast(compile_subject):
    return compile_subject("fast.c")


def arm(client, how="n"):
    look = client.named("look")
    program = condition(look, how)
    rule = struct.pack("<14I", 56 + len(program), COUNTER, 0, 0, len(program) // 8, *[0] * 9) + program
    data = client.call(PROBE, struct.pack("<QIIIIII", look.address, 3, 0, 0, 0, 1, len(rule)) + rule)
    assert struct.unpack_from("<i", data, 24) == (0,)


def set_fast(client, flags):
    """flags: 1 = on, 0 = off, 2 = only ask. (wanted, why, signal, places watched)"""
    return struct.unpack("<4I", client.call(FAST_READS, struct.pack("<II", flags, 0)))


def wait_for_why(client, why):
    end = time.monotonic() + 60
    while (state := set_fast(client, 2))[1] != why:
        assert time.monotonic() < end, state
        time.sleep(0.01)
    return state


def counts(client):
    """(evaluated, matched, faults)"""
    return struct.unpack_from("<3Q", client.call(COUNTS, struct.pack("<II", COUNTER, 0xFFFFFFFF)))


def handler_of(program, number=signal.SIGSEGV):
    """Whether the program catches the signal, whoever set that."""
    status = open(f"/proc/{program.process.pid}/status", encoding="ascii").read()
    return int(status.split("SigCgt:")[1].split()[0], 16) >> (number - 1) & 1


def wait_until_gone(program):
    limit = time.monotonic() + 60
    while handler_of(program):
        assert time.monotonic() < limit
        time.sleep(0.01)


@pytest.fixture(name="subject")
def subject_(fast, runtime):
    """A program with fast reads on and no system call for safe ones: what matches was read fast."""
    with Subject(fast, runtime) as program:
        client = program.attach()
        arm(client)
        assert set_fast(client, 1)[:2] == (1, FAST)
        program.do("f")
        yield program, client


def end(program):
    program.process.stdin.close()
    assert program.process.wait(60) == 0


@pytest.mark.parametrize("how", ["n", "next", "text"])
def test_what_is_read_and_what_is_not(fast, runtime, how):
    with Subject(fast, runtime) as program:
        client = program.attach()
        arm(client, how)
        program.do("g", "w")
        wild = counts(client)
        # half of n: the text is whole, and next leads nowhere
        assert wild == (1 + NR_WILD, 1, NR_WILD)
        assert set_fast(client, 1)[:2] == (1, FAST)
        program.do("w", "g")
        assert counts(client) == tuple(2 * value for value in wild)
        program.do("f", "g", "w", "g")
        assert counts(client) == (2 * (1 + NR_WILD) + 2 + NR_WILD, 4, 3 * NR_WILD)
        end(program)


def test_handlers_are_there_only_while_needed(fast, runtime):
    with Subject(fast, runtime) as program:
        client = program.attach()
        assert set_fast(client, 1)[:2] == (1, IDLE) and not handler_of(program)
        arm(client)
        assert set_fast(client, 2)[:2] == (1, FAST)
        assert handler_of(program) and handler_of(program, signal.SIGBUS)
        assert program.order("q") == "default"  # as far as the program can see
        client.unprobe()
        assert set_fast(client, 2)[:2] == (1, IDLE)
        assert not handler_of(program) and not handler_of(program, signal.SIGBUS)
        arm(client)
        assert handler_of(program)
        set_fast(client, 0)
        assert not handler_of(program)
        set_fast(client, 1)
        assert handler_of(program)
        client.close()
        wait_until_gone(program)
        program.do("w")
        end(program)


@pytest.mark.parametrize("orders, matched", [
    (["b", "w", "B", "g"], 1), (["k", "g"], 1), (["h", "g"], 3), (["H", "g"], 2), (["u", "g"], 1), (["s", "g"], 1),
    (["x", "g"], 1), (["L", "g"], 2), (["j", "g"], 2), (["y", "g"], 1), (["hm", "d", "g"], None)],
    ids="blocked thread handler blocking-handler unblocking-handler sigsuspend swapcontext linked siglongjmp syscall masked-handler".split())
def test_a_thread_that_blocks_the_signal_lives(subject, orders, matched):
    program, client = subject
    program.do("g")
    before = counts(client)
    assert before[1:] == (1, 0)
    program.do(*orders)
    after = counts(client)
    assert after[2] >= NR_WILD or orders[0] == "k"
    # behind it, it reads fast again, at the latest when a pause is over
    limit = time.monotonic() + 60
    while counts(client)[1] == after[1]:
        assert time.monotonic() < limit
        program.do("g")
    if matched:
        assert counts(client)[1] >= 1 + 1
    end(program)


def test_stacks_for_signals_that_are_too_small(subject):
    program, client = subject
    program.do("g", "A")
    before = counts(client)[1]
    limit = time.monotonic() + 60
    while counts(client)[1] == before:
        assert time.monotonic() < limit
        program.do("g")
    end(program)


def test_contexts_whose_link_nobody_has_set(subject):
    program, client = subject
    program.do("g", "X", "g")
    assert counts(client)[1] == 3
    end(program)


def test_a_handler_that_blocks_by_its_mask_suspends_it(subject):
    program, client = subject
    program.do("hm")
    assert set_fast(client, 2)[:3] == (1, HANDLER, signal.SIGUSR1)
    program.do("hm", "w", "d")
    wait_for_why(client, FAST)
    program.do("g")
    end(program)


def test_one_that_was_there_before(fast, runtime):
    with Subject(fast, runtime) as program:
        client = program.attach()
        program.do("hm")
        assert set_fast(client, 1)[:3] == (1, HANDLER, signal.SIGUSR1)
        arm(client)
        program.do("hm", "w")
        assert set_fast(client, 2)[:3] == (1, HANDLER, signal.SIGUSR1)
        end(program)


@pytest.mark.parametrize("how, name", [("s", "plain"), ("i", "info")])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("post_mortem", [False, True], ids=["alone", "with-post-mortem"])
def test_the_programs_handler_gets_its_own_faults(fast, runtime, how, name, before, post_mortem):
    with Subject(fast, runtime, *([how] if before else [])) as program:
        client = program.attach()
        arm(client)
        assert set_fast(client, 1)[:2] == (1, FAST)
        if post_mortem:
            client.call(POST_MORTEM, struct.pack("<IIQ", 1, 0, 1_000_000))
        if not before:
            program.do("o" + how)
        assert program.order("q") == name
        program.do("w", "g")
        for order in ("cn", "cw", "cn"):
            assert program.order(order) == "back"
        assert program.order("q") == name
        program.do("w", "g")
        assert counts(client)[1] >= 2
        assert set_fast(client, 2)[:2] == (1, FAST)
        set_fast(client, 0)
        assert program.order("cn") == "back"
        if post_mortem:
            client.call(POST_MORTEM, struct.pack("<IIQ", 0, 0, 0))
        assert program.order("q") == name and program.order("cn") == "back"
        end(program)


@pytest.mark.parametrize("how", ["own", "default"])
def test_an_action_that_was_saved_while_nobody_watched(fast, runtime, how):
    with Subject(fast, runtime, *(["i"] if how == "own" else [])) as program:
        client = program.attach()
        client.call(POST_MORTEM, struct.pack("<IIQ", 1, 0, 1_000_000))
        program.do("ms")
        arm(client)
        assert set_fast(client, 1)[:2] == (1, FAST)
        program.do("w", "mr", "w", "g")
        if how == "own":
            assert program.order("q") == "info" and program.order("cn") == "back"
        set_fast(client, 0)
        client.call(POST_MORTEM, struct.pack("<IIQ", 0, 0, 0))
        if how == "own":
            assert program.order("q") == "info" and program.order("cn") == "back"
            end(program)
        else:
            assert not handler_of(program)


@pytest.mark.parametrize("post_mortem", [False, True])
def test_a_crash_is_a_crash(subject, post_mortem):
    program, client = subject
    if post_mortem:
        client.call(POST_MORTEM, struct.pack("<IIQ", 1, 0, 1_000_000))
    program.do("w", "g")
    program.process.stdin.write("cn\n")
    program.process.stdin.flush()
    assert program.process.wait(60) == -signal.SIGSEGV


def test_a_signal_that_is_sent_is_one(subject):
    program, _ = subject
    program.do("w")
    program.process.send_signal(signal.SIGSEGV)
    assert program.process.wait(60) == -signal.SIGSEGV


def test_children(subject):
    program, client = subject
    program.do("g", "w")
    assert os.waitstatus_to_exitcode(int(program.order("v"))) == 5
    assert os.waitstatus_to_exitcode(int(program.order("F"))) == 5
    assert handler_of(program)
    program.do("w", "g")
    assert set_fast(client, 2)[:2] == (1, FAST)
    end(program)


def test_masks_that_change_deep_in_the_stack_cost_little(fast, runtime):
    with Subject(fast, runtime) as program:
        client = program.attach()
        arm(client)
        took = []
        for on in (0, 1):
            set_fast(client, on)
            begin = time.monotonic()
            program.do("D")
            took.append(time.monotonic() - begin)
        assert took[1] < 8 * took[0]  # of 40, when it is looked through each time
        end(program)


def test_a_child_of_vfork_takes_no_ring_for_its_parent(fast, runtime):
    with Subject(fast, runtime) as program:
        client = program.attach()
        arm(client)
        tid = int(program.order("V"))
        assert [ring.tid for ring in client.rings() if ring.nr_written] == [tid]
        end(program)


def test_children_of_a_fork_nobody_is_told_of(subject):
    program, _ = subject
    assert os.waitstatus_to_exitcode(int(program.order("R"))) == 0
    end(program)


def test_a_program_that_takes_the_handler_unseen(subject):
    program, client = subject
    program.do("r")
    assert wait_for_why(client, TAKEN)[2] == signal.SIGSEGV
    program.do("w", "g")
    assert set_fast(client, 1)[:2] == (1, TAKEN)  # on already
    set_fast(client, 0)
    assert set_fast(client, 1)[:2] == (1, FAST)
    program.do("w", "g")
    end(program)


def test_a_module_that_comes_late(fast, compile_subject, runtime):
    plugin = compile_subject("fast_plugin.c", "-shared", "-fPIC", name="fast_plugin.so")
    with Subject(fast, runtime, env={"PLUGIN": plugin}) as program:
        client = program.attach()
        arm(client)
        assert set_fast(client, 1)[:2] == (1, FAST)
        program.do("g", "l")
        wait_for_why(client, FAST)
        program.do("f", "g", "l", "g")
        assert counts(client)[2] == 2 * NR_WILD + 1  # the good one was not read: it was blocked
        end(program)


def runs_traced(program):
    status = open(f"/proc/{program.process.pid}/status", encoding="ascii").read()
    return "TracerPid:\t0\n" not in status and "State:\tt" not in status


def test_a_crash_is_seen_where_it_is(fast, runtime):
    """By a debugger, as by the core: raised again, with the program's own action, at the same instruction."""
    with Subject(fast, runtime) as program:
        client = program.attach()
        arm(client)
        assert set_fast(client, 1)[:2] == (1, FAST)
        program.do("w")
        gdb = subprocess.Popen(["gdb", "-q", "-nx", "-batch", "-p", str(program.process.pid),
                                *(word for _ in range(2) for c in ("continue", "bt 1") for word in ("-ex", c)), "-ex", "continue"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        limit = time.monotonic() + 60
        while not runs_traced(program):
            assert time.monotonic() < limit
            time.sleep(0.01)
        program.process.stdin.write("cn\n")
        program.process.stdin.flush()
        said = gdb.communicate(timeout=60)[0]
        stops = re.findall(r"^#0 .*$", said, re.M)
        assert [("crash_here" in stop) for stop in stops[-2:]] == [True, True], said
        assert program.process.wait(60) == -signal.SIGSEGV


def test_handlers_change_under_threads(subject):
    program, client = subject
    program.do("a", "w", "g")
    assert program.order("cn") == "back" and program.order("q") == "plain"
    assert set_fast(client, 2)[:2] == (1, FAST)
    end(program)


@pytest.mark.parametrize("order", ["t", "T"])
def test_memory_goes_under_many_threads(subject, order):
    program, client = subject
    program.do(order, "w", "g")
    assert counts(client)[2] >= NR_WILD
    end(program)


def test_on_and_off_under_threads(fast, runtime):
    with Subject(fast, runtime) as program:
        client = program.attach()
        arm(client)
        program.process.stdin.write("t\n" * 3)
        program.process.stdin.flush()
        for i in range(200):
            set_fast(client, i % 2)
            if i % 20 == 0:
                client.unprobe()
                arm(client)
        set_fast(client, 0)
        for _ in range(3):
            assert program.process.stdout.readline() == "done\n"
        wait_until_gone(program)  # hooks that ran in the end were waited for
        end(program)


@pytest.mark.parametrize("flag, why", [("-static", STATIC), ("-fsanitize=thread", REPLACED), ("-fsanitize=address", REPLACED)])
def test_what_cannot_be_watched_is_refused(compile_subject, runtime, build, flag, why):
    flags = [flag, "-Wl,-u,otrace_listen", str(build / "lib/libotrace.a")] if flag == "-static" else [flag]
    program_path = compile_subject("fast.c", *flags, name="fast" + flag)
    with Subject(program_path, None if flag == "-static" else runtime) as program:
        client = program.attach()
        arm(client)
        assert set_fast(client, 1)[:2] == (1, why)
        assert program.order("q") in ("default", "another")
        program.do("g")
        if flag == "-static":
            program.do("w")
            assert counts(client) == (1 + NR_WILD, 1, NR_WILD)
        end(program)
