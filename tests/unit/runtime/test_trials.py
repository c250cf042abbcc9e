# SPDX-License-Identifier: BSD-2-Clause
"""Programs that close, filter, cancel, overflow and replace themselves, with everything in them traced.

Each trial is made twice: without the runtime, and with every function recorded, texts too. What the program says and how
it ends has to be the same.
"""
import os
import re
import struct
import subprocess

import pytest

from oprobe import ABANDONED, ENTER, ENTER_ONLY, EVENT_MODULES, FRAME, LEAVE, PROBE, STRING, Program
from test_runtime import all_records, args_of, ret_of


@pytest.fixture(scope="session")
def trials(compile_subject):
    return compile_subject("trials.c")


class Trial(Program):
    def __init__(self, command, runtime, folder, mode="listen"):
        super().__init__([command, str(folder)], runtime, mode, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)

    def end(self):
        self.process.stdin.close()
        rest = self.process.stdout.read(), self.process.stderr.read()
        return (*rest, self.process.wait(20))


def alone(command, letters, folder):
    done = subprocess.run([command, str(folder)], input="".join(letter + "\n" for letter in letters), capture_output=True,
                          text=True, timeout=60, check=False)
    return done.stdout, done.stderr, done.returncode


def trace_everything(client):
    """Every function, with its arguments and result; the one that takes a text with the text."""
    wishes = []
    for fn in client.functions():
        if fn.stub and fn.wrapper:
            enter = [(fn.args_offset + at, 8, FRAME) for at in range(0, fn.args_bytes, 8)]
            if fn.name == "first_letter":
                enter = [(fn.args_offset, 40, STRING)]
            wishes.append((fn, 1, 0, enter, ret_of(fn) if fn.ret_bytes else []))
    assert all(status == 0 for status in client.probe(*wishes)[1])


def traced(command, runtime, letters, folder):
    with Trial(command, runtime, folder) as program:
        client = program.attach()
        trace_everything(client)
        for letter in letters:
            program.process.stdin.write(letter + "\n")
        program.process.stdin.flush()
        out = program.end()
        return out, client


@pytest.mark.parametrize("letters", ["aA", "d", "D", "x", "e", "o", "O", "h", "w", "j", "v", "s", "fA", "ka", "lcA", "lC"],
                         ids="plain cancel cancel-asynchronous exit-group execve overflow overflow-unhandled small-altstack "
                             "swapcontext longjmp-from-handler vfork seccomp-strict filtered filtered-to-death "
                             "closed closed-with-stderr".split())
def test_a_trial_goes_as_it_does_alone(trials, runtime, tmp_path, letters):
    assert traced(trials, runtime, letters, tmp_path)[0] == alone(trials, letters, tmp_path)


def test_a_jump_out_of_a_hook_does_not_end_the_trace(trials, runtime, tmp_path):
    with Trial(trials, runtime, tmp_path) as program:
        client = program.attach()
        trace_everything(client)
        add = client.named("add")
        client.probe((add, 2, 0, args_of(add, 2), ret_of(add)))
        told = re.fullmatch(r"(\d+) alarms, 100", program.order("J"))
        assert told and int(told[1]) >= 20  # the last may come on the heels of the one before
        records = [r for ring in client.rings() if ring.head for r in ring.records()[0] if r.trace == 2]
        assert [r.kind for r in records] == [ENTER, LEAVE] * 100


def test_a_child_is_forked_in_a_hook(trials, runtime, tmp_path):
    """By a handler that interrupted it: when that returns in the child, the hook goes on there."""
    with Trial(trials, runtime, tmp_path) as program:
        client = program.attach()
        trace_everything(client)
        total, add = client.named("sum_of"), client.named("add")
        client.probe((total, 1, 0, [], []), (add, 2, 0, args_of(add, 2), ret_of(add)))
        told = re.fullmatch(r"(\d+) alarms, 0 wrong, 2", program.order("F"))
        assert told and int(told[1]) >= 40  # the last may come on the heels of the one before
        records = [r for ring in client.rings() if ring.head for r in ring.records()[0] if r.trace == 2]
        assert [r.kind for r in records] == [ENTER, LEAVE]


def arm_with_rules(client, fn, trace_id):
    """One that matches and copies registers and stack, one that is decided at the end."""
    context = struct.pack("<14I", 56, 1, 2, *[0] * 7, 512, 65536, 0, 0)
    late = struct.pack("<14I", 56, 2, 1, *[0] * 11)
    rules = context + late
    set_ = struct.pack("<QIIIIII", fn.address, trace_id, 0, 2, 1, 2, len(rules))
    captures = b"".join(struct.pack("<IIII", *capture, 0) for capture in [*args_of(fn, 2), *ret_of(fn)])
    status = struct.unpack_from("<i", client.call(PROBE, set_ + captures + rules), 24)
    assert status == (0,)


@pytest.mark.parametrize("is_ruled", [False, True], ids=["plain", "rules"])
def test_a_child_is_forked_behind_each_instruction_of_a_hook(trials, runtime, tmp_path, is_ruled):
    with Trial(trials, runtime, tmp_path) as program:
        client = program.attach()
        trace_everything(client)
        if is_ruled:
            arm_with_rules(client, client.named("add"), 2)
        told = re.fullmatch(r"(\d+) steps, 0 wrong, 16", program.order("S"))
        assert told and int(told[1]) >= 200


@pytest.mark.parametrize("is_ruled", [False, True], ids=["plain", "rules"])
def test_a_jump_behind_each_instruction_of_a_hook(trials, runtime, tmp_path, is_ruled):
    with Trial(trials, runtime, tmp_path) as program:
        client = program.attach()
        trace_everything(client)
        client.unprobe(client.named("on_step_jump"))  # its records would push the others out
        add = client.named("add")
        if is_ruled:
            arm_with_rules(client, add, 2)
        else:
            client.probe((add, 2, 0, args_of(add, 2), ret_of(add)))
        told = re.fullmatch(r"(\d+) jumps, 0 wrong, 8", program.order("H" if is_ruled else "G"))
        assert told and int(told[1]) >= 200
        records = [r for ring in client.rings() if ring.head for r in ring.records()[0] if r.trace == 2]
        begun = sorted(r.seq for r in records if r.kind == ENTER)
        ended = sorted(r.seq for r in records if r.kind in (LEAVE, ABANDONED))
        assert begun == ended
        left_alone = {r.seq for r in records if r.kind == ENTER and r.words() == (2, 2)}
        assert len(left_alone) == int(told[1]) and left_alone <= {r.seq for r in records if r.kind == LEAVE}


def test_a_struct_by_value_has_no_room_for_a_copy(trials, runtime, tmp_path):
    with Trial(trials, runtime, tmp_path) as program:
        client = program.attach()
        total = client.named("sum_large")
        client.probe((total, 1, 0, [], ret_of(total)))
        assert program.order("b") == "7, 7"
        records = [[r.kind for r in ring.records()[0]] for ring in client.rings() if ring.head]
        assert sorted(records) == [[ENTER, LEAVE], [ENTER_ONLY]]


def test_a_stack_is_not_what_was_there_before(trials, runtime, tmp_path):
    """What is known of a stack that is gone is not believed: neither that it can be read, nor where it ends."""
    with Trial(trials, runtime, tmp_path) as program:
        client = program.attach()
        note = client.named("keep_text")
        client.probe((note, 1, 0, [(note.args_offset, 40, STRING)], ret_of(note)))
        assert program.order("g") == "18"
        records = all_records(client)
        assert [r.kind for r in records] == [ENTER, LEAVE] * 9
        texts = [r.words()[0] for r in records[::2]]
        assert texts == [6] * 3 + [0] * 6


def test_arguments_are_copied_from_one_stack_only(trials, runtime, tmp_path):
    with Trial(trials, runtime, tmp_path) as program:
        client = program.attach()
        total = client.named("sum_of")
        client.probe((total, 1, 0, [], []))
        assert program.order("n") == "36"
        assert [r.kind for r in all_records(client)] == [ENTER_ONLY]


def open_files(pid):
    return sorted(os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.parametrize("letter", "cC", ids=["from-3", "with-stderr"])
def test_the_runtime_has_no_descriptor_that_the_program_could_close(trials, runtime, tmp_path, letter):
    """Closed under a shell's eyes, with files opened in their place: neither they nor the shell notice."""
    with Trial(trials, runtime, tmp_path) as program:
        pid = program.process.pid
        client = program.attach()
        trace_everything(client)
        assert len(open_files(pid)) == 3
        assert program.order(letter) == "64"
        for _ in range(3):
            assert program.order("A") == "65"
        texts = [r.data[8:10] for r in all_records(client) if r.kind == ENTER and r.data[8:10] == b"A\n"]
        assert len(texts) == 3
        client.close()
        assert program.order("A") == "65"
        client = program.attach()
        trace_everything(client)
        assert program.order("A") == "65"
        assert program.order("m") == "0 wrong"
        client.close()
        assert program.order("m") == "0 wrong"
        out, err, status = program.end()
        assert (out, err, status) == ("", "", 0)
    assert {(tmp_path / f"data-{fd}").stat().st_size for fd in range(64)} == {0}


def test_the_other_end_of_a_pipe_sees_the_program_close_it(trials, runtime, tmp_path):
    """The runtime keeps nothing of the program open: a daemon's parent waits for its end of file."""
    with Trial(trials, runtime, tmp_path) as program:
        program.attach()
        assert program.order("C") == "64"
        assert program.process.stderr.read() == ""


def test_what_was_open_when_it_was_cut_off_is_closed(trials, runtime, tmp_path):
    """Calls that a cancelled thread, a filter or a jump has ended are shown as abandoned, and the next ones are right."""
    (_, client) = traced(trials, runtime, "dj", tmp_path)
    records = all_records(client)
    begun = {r.seq for r in records if r.kind == ENTER}
    ended = [r.seq for r in records if r.kind in (LEAVE, ABANDONED)]
    assert len(begun) == len([r for r in records if r.kind == ENTER])
    assert set(ended) <= begun and len(ended) == len(set(ended))
    assert [r for r in records if r.kind == ABANDONED]


def test_under_a_hardware_shadow_stack(compile_subject, runtime, tmp_path):
    shadow = compile_subject("shadow.c", "-fcf-protection=full")
    if not alone(shadow, "", tmp_path)[0].startswith("enabled 0\n"):
        pytest.skip("kernel: no shadow stacks for programs (or the processor has none)")
    with Trial(shadow, runtime, tmp_path, "hold") as program:
        client = program.attach()
        trace_everything(client)
        total = client.named("sum")
        client.probe((total, 2, 0, [], []))
        client.go()
        assert program.end() == ("enabled 0\n78 101\n", "", 3)
        records = all_records(client)
        assert sum(r.kind == ENTER for r in records) == sum(r.kind == LEAVE for r in records) + 1


def test_a_library_is_unloaded_under_its_own_open_call(trials, runtime, plugin, tmp_path, monkeypatch):
    monkeypatch.setenv("SUBJECT_LIBRARY", plugin)
    with Trial(trials, runtime, tmp_path) as program:
        client = program.attach()
        for _ in range(3):
            assert program.order("u") == "loaded"
            client.event(EVENT_MODULES)
            through, add, away = (client.named(name) for name in ("plugin_through", "add", "away"))
            client.probe(*[(fn, 1, 0, args_of(fn, 1), []) for fn in (through, add, away)])
            before = len(all_records(client))
            assert program.order("") == "5 2"
            kinds = [r.kind for r in all_records(client)[before:]]
            assert kinds == [ENTER, ENTER, ENTER, LEAVE, ABANDONED, ABANDONED, ENTER, LEAVE]
            client.event(EVENT_MODULES)
        assert program.order("a") == "7"
        assert program.end() == ("", "", 0)


def test_a_hook_takes_little_of_a_small_stack(trials, runtime, tmp_path):
    """A coroutine's is made for the coroutine; at the first call on one its bounds are asked for."""
    before = [int(n) for n in alone(trials, "p", tmp_path)[0].split()]
    with Trial(trials, runtime, tmp_path) as program:
        client = program.attach()
        add = client.named("add")
        client.probe((add, 1, 0, args_of(add, 2), ret_of(add)))
        assert program.order("a") == "7"
        after = [int(n) for n in program.order("p").split()]
    more = [b - a for a, b in zip(before, after)]
    assert more[0] < 1024 and more[1] < 512, more
