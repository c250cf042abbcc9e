# SPDX-License-Identifier: BSD-2-Clause
"""traceassert(): shown and passed while somebody traces, assert() otherwise, with the runtime and without."""
import pathlib
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).resolve().parent / "programs"
INCLUDE = f"-I{PROGRAMS.parents[2]}/runtime/include"
PLAIN = "traceasserts.c:29: check: Assertion `counted(local) < 20 && text[0]' failed."


@pytest.fixture(scope="module")
def asserts(compiled):
    return compiled("traceasserts.c", INCLUDE)


def test_a_false_one_is_shown_and_the_program_goes_on(tool, asserts):
    done = tool.json(["trace outer check"], asserts, "4")
    assert done.status == 0 and done.out == "13\n20\n27\n34\nevaluated 4\n"
    third, fourth = done.of("assert", "check")
    assert third["label"] == "too/high: level" and third["condition"] == "counted(local) < 20 && text[0]"
    assert third["file"].endswith("traceasserts.c") and third["line"] == 29 and third["action"] == ""
    assert re.fullmatch(r"check:as-too_high__level:\d{6}-\d\d-\d\d-\d\d\.\d+", third["id"])
    # it stands in the call that was open then
    calls = done.of("call", "check")
    assert [a["parent"] for a in (third, fourth)] == ["~" + calls[i]["id"].split(".")[1] for i in (2, 3)]
    assert third["thread"] == calls[2]["thread"] and calls[2]["time_ns"] <= third["time_ns"] <= calls[3]["time_ns"]
    assert not done.of("lost")


def test_the_line_has_id_place_and_condition(tool, asserts):
    done = tool.run(["trace -q outer"], asserts, "4", "dance")
    lines = [line.split(" ", 1) for line in done.err.splitlines() if ":as-" in line]
    assert [id.split(":as-")[0] for id, _ in lines] == ["check", "check", "main"] and done.status == 0
    assert lines[1][1] == f"{PROGRAMS}/traceasserts.c:29 counted(local) < 20 && text[0]"
    assert lines[2][1].endswith('argc < 3 [there is no action "dance"]')


def test_without_a_label_the_condition_names_it_and_an_unknown_action_does_nothing(tool, asserts):
    done = tool.json(["trace outer"], asserts, "1", "dance")
    one, = done.of("assert")
    assert one["function"] == "main" and one["label"] == "" and ":as-argc_<_3:" in one["id"]
    assert one["action"] == "dance" and one["action_known"] is False and done.status == 0


@pytest.mark.parametrize("commands", [["run"], ["trace outer", "untrace outer", "run"]])
def test_where_nothing_is_traced_it_ends_the_program(tool, asserts, commands):
    done = tool.json(commands, asserts, "4")
    assert done.out == "13\n20\n" and PLAIN in done.err and not done.of("assert")
    assert done.of("exit")[0]["signal"] == signal.SIGABRT


def test_they_can_be_wanted_where_nothing_is_traced(tool, asserts):
    done = tool.json(["set assert_context 4", "set assert_active on", "run"], asserts, "4")
    assert done.status == 0 and [e["function"] for e in done.of("assert")] == ["check", "check"]
    done = tool.json(["set assert_active on", "set assert_active off", "run"], asserts, "4")
    assert PLAIN in done.err and not done.of("assert")


def test_log_has_them_among_the_calls(tool, asserts):
    done = tool.json(["trace -q check", "run", "log", "log -n 3", "log main", "log -s"], asserts, "4")
    ids = [e["id"] for e in done.of("assert", "check")]
    lines = done.result("log")["text"].splitlines()
    assert [line.split(" ")[0] for line in lines if ":as-" in line] == ids
    # the call, the assertion in it, its end
    assert [":as-" in line for line in lines[-3:]] == [False, True, False]
    assert done.result("log -n 3")["text"].splitlines() == lines[-3:]
    assert ":as-" not in done.result("log main")["text"]
    assert [(row["function"], row["calls"]) for row in done.result("log -s")["value"]] == [("check", 4)]


def test_its_context_has_the_variables_of_its_function_and_of_callers(tool, asserts):
    done = tool.json(["trace -q outer", "run", "ls /osh/recent/asserts/check", "cd ~~", "pwd", "pr local", "pr text", "pr errno",
                      "cd __up/__up", "pr argc", "pr i"], asserts, "4")
    place, number = done.result("pwd")["text"], done.of("assert")[1]["id"].rsplit(":", 1)[1]
    assert place == f"/osh/recent/asserts/check/too_high__level/{number}"
    # of level 4: what the function computes, and main's in registers that its callees have saved
    assert [done.result(f"pr {name}")["value"] for name in ("local", "text", "errno")] == [29, "lvl-4", 33]
    assert [done.result(f"pr {name}")["value"] for name in ("argc", "i")] == [2, 1]


def test_break_parks_the_thread_until_it_is_resumed(tool, asserts):
    shell = tool.terminal("run", "--", asserts, "2", "break").ready()
    shell.type("trace -q outer")
    shell.sendline("run")
    shell.expect(r"main:as-argc_<_3:[\d-]+\.(\d+) ")
    number = shell.match[1]
    shell.expect(rf"main:br-argc_<_3:[\d-]+\.{number} waits: thread \d+, until resume")
    time.sleep(0.3)  # longer than the shell takes to let go whom nobody wants to wait
    assert "evaluated" not in shell.type("pr nr_evaluated")
    shell.sendline(f"resume ~{number}")
    shell.expect(f"Resuming main:br-.*{number}")
    shell.expect("evaluated 2")
    shell.sendline("quit")
    assert shell.finish() == 0


def test_where_nobody_is_there_to_resume_it_goes_on(tool, asserts):
    done = tool.json(["trace -q outer", "run"], asserts, "2", "break")
    stop, go = done.of("break") + done.of("resume")
    assert stop["id"] == go["id"] == done.of("assert")[0]["id"].replace(":as-", ":br-")
    assert stop["at"] == "assert" and stop["function"] == "main" and done.out.endswith("evaluated 2\n")


@pytest.mark.parametrize("setting, most_ns", [("set assert_context 2", 60e9), ("set break_timeout 0.1", 0.1e9)])
def test_break_waits_as_long_as_that_of_a_trace(tool, asserts, setting, most_ns):
    # the second run waits for what comes first, the time or somebody; the end of the script lets it go
    done = tool.json([setting, "trace -q outer", "run", *["run"] * (most_ns < 1e9)], asserts, "2", "break")
    stop, go = done.of("break") + done.of("resume")
    assert stop["left_ns"] is not None and stop["left_ns"] <= most_ns and done.status == 0
    assert (go["reason"] == "deadline") == (most_ns < 1e9)


@pytest.mark.parametrize("compiler, ending", [("gcc", "abort"), ("gcc -std=c99 -pedantic", "abort"), ("gcc -DNDEBUG", 0),
                                              ("g++", "abort"), ("clang-19 -static", "abort")])
def test_without_the_runtime_it_is_assert(tmp_path, compiler, ending):
    program = tmp_path / "plain"
    subprocess.run([*compiler.split(), "-Wall", "-Wextra", "-Werror", "-O1", INCLUDE, PROGRAMS / "traceasserts.c", "-o",
                    program], check=True)
    done = subprocess.run([program, "4"], capture_output=True, text=True, check=False)
    assert done.returncode == (-signal.SIGABRT if ending == "abort" else ending)
    assert (PLAIN.split(":")[0] in done.stderr) == (ending == "abort")
    # with NDEBUG it is evaluated all the same: a shell could ask for it
    assert ("evaluated 4" in done.stdout) == (ending == 0)
