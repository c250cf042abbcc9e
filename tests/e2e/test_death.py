# SPDX-License-Identifier: BSD-2-Clause
"""The program's death: which calls were open, in every thread, with their arguments, and what ended it."""
import json
import os
import signal
import subprocess

import pytest

from waiting import TIMEOUT

TRACE = ["trace handle finish jumper rest leaf"]


@pytest.fixture(scope="module")
def death(compiled):
    return compiled("death.c", "-pthread")


def open_calls(event):
    """The threads' open calls, outermost first, that of the main thread before the others."""
    threads = {}
    for call in event["open"]:
        assert call["event"] == "call" and call["certain"] is True and call["thread_name"].startswith("death")
        threads.setdefault(call["thread"], []).append((call["function"], call["args"]))
    return [threads.pop(event["pid"], None), *sorted(threads.values(), key=str)]


def check_open(event):
    main, *workers = open_calls(event)
    assert [name for name, _ in main] == ["handle", "finish"]
    assert main[0][1]["what"] == "tea" and main[1][1]["code"] == 42
    assert workers == [[("rest", {"number": 71})], [("rest", {"number": 72})]]


@pytest.mark.parametrize("way, number", [("segv", signal.SIGSEGV), ("abort", signal.SIGABRT), ("kill", signal.SIGKILL)])
def test_a_signal_shows_what_was_open_in_every_thread(tool, death, way, number):
    done = tool.json(TRACE, death, way)
    died, = done.of("died")
    assert died["signal"] == number and "status" not in died
    check_open(died)
    # the ids are those that the calls had, and no other call is open
    begins, ends = ({e["id"] for e in done.of(kind)} for kind in ("call", "return"))
    assert {call["id"] for call in died["open"]} == begins - ends
    assert [e["event"] for e in done.events if e["event"] != "result"][-2:] == ["died", "exit"]


@pytest.mark.parametrize("way, number", [("segv", signal.SIGSEGV), ("kill", signal.SIGKILL)])
def test_calls_that_would_be_decided_at_their_end_are_there_and_say_so(tool, death, way, number):
    done = tool.json(["trace -q -c error handle rest leaf", "trace finish", "run"], death, way)
    died, = done.of("died")
    check_open(died)
    # nothing was recorded of the undecided ones
    assert not done.of("call", "handle") and not done.of("call", "rest")
    assert {(c["function"], c.get("decided"), c.get("late")) for c in died["open"]} == \
        {("handle", False, True), ("finish", None, None), ("rest", False, True)}
    done = tool.run(["trace -q -c error handle rest leaf", "trace finish", "run"], death, way)
    lines = done.err[done.err.index("open when signal"):].splitlines()
    undecided = [line for line in lines if line.endswith(" [its condition is decided at its end]")]
    assert sorted(line.split(":")[0].strip() for line in undecided) == ["handle", "rest", "rest"]
    assert 'what="tea"' in "".join(undecided) and "number=71" in "".join(undecided)


@pytest.mark.parametrize("way", ["exit", "_exit"])
def test_exit_inside_of_traced_calls_shows_them(tool, death, way):
    done = tool.json(["trace -q handle finish rest", "run"], death, way)
    died, = done.of("died")
    assert died["status"] == 42 == done.status and "signal" not in died
    check_open(died)


def test_the_text_has_one_line_for_each_with_the_innermost_last(tool, death):
    done = tool.run(TRACE, death, "abort")
    lines = done.err.splitlines()
    begin = lines.index("open when signal 6 (Aborted) killed the program:")
    assert lines[begin + 1].startswith("  thread ") and " death" in lines[begin + 1]
    assert [line.split(":")[0].strip() for line in lines[begin + 2:begin + 4]] == ["handle", "finish"]
    assert 'what="tea"' in lines[begin + 2] and "code=42" in lines[begin + 3]
    assert lines[-1] == "otrace: the program was killed by signal 6 (Aborted)"
    assert sum(line.startswith("open when") for line in lines) == 1


def test_an_end_with_nothing_open_says_nothing(tool, death):
    done = tool.json(["trace handle finish leaf jumper"], death)
    assert done.status == 5 and not done.of("died")
    assert "exit with" not in done.err and "open when" not in done.err


def attach(tool, process, *commands):
    words = [word for command in commands for word in ("-e", command)]
    return subprocess.Popen([tool.path, "attach", "--json", "--unsafe", *words, str(process.pid)], cwd=tool.folder,
                            env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def test_attached_it_shows_what_the_system_tells_of_the_end(tool, death):
    process = tool.listen(death, "work")
    assert process.stdout.readline() == "inside\n"
    shell = attach(tool, process, "trace -q handle finish", "stay = 1")
    assert process.stdout.readline() == "staying\n"
    os.kill(process.pid, signal.SIGKILL)
    out, _ = shell.communicate(timeout=TIMEOUT)
    process.wait()
    process.stdout.close()
    died, = [e for e in map(json.loads, out.splitlines()) if e["event"] == "died"]
    assert died["signal"] == signal.SIGKILL
    main, = open_calls(died)
    assert [name for name, _ in main] == ["handle", "finish"] and main[0][1]["what"] == "tea"


def test_calls_that_are_open_when_the_shell_goes_are_no_deaths(tool, death):
    process = tool.listen(death, "work")
    assert process.stdout.readline() == "inside\n"
    shell = attach(tool, process, "trace -q handle finish", "wait 0.05", "log -n 1", "quit")
    out, err = shell.communicate(timeout=TIMEOUT)
    assert process.poll() is None
    process.kill()
    process.wait()
    process.stdout.close()
    assert '"died"' not in out and "open when" not in err and "tr-call" in out
