# SPDX-License-Identifier: BSD-2-Clause
"""struct otrace_callbacks: the program is told of its traced calls, of replacements and of messages."""
from pathlib import Path

import pytest

from waiting import TIMEOUT

PROGRAMS = Path(__file__).resolve().parent / "programs"
UNTRACED = """set -14 0
add 7 errno 5
scale 10
sum 7.5
add 2
deepest 0 of 0 calls
edit add to 1
replace 0 30
edit add back 0
restore 0 11
threads done
log otrace: otrace_set_trace() opens no shell: standard input is no terminal
trace no terminal of its own: standard input is none, or others use it
none 4
"""


@pytest.fixture(scope="module")
def callbacks(compiled, build):
    return compiled("callbacks.c", "-pthread", f"-I{PROGRAMS.parents[2]}/runtime/include", f"-L{build}/lib",
                    f"-Wl,-rpath,{build}/lib", "-lotrace")


def told(out):
    return [line for line in out.splitlines() if line.startswith(("call ", "return "))]


def test_callbacks_get_calls_and_results_and_change_neither(tool, callbacks):
    done = tool.json(["trace -q add scale sum", "run", "log -s"], callbacks)
    lines = told(done.out)
    # what the functions got and gave is what it is without; errno too
    assert "".join(line + "\n" for line in done.out.splitlines() if not line.startswith(("call", "return"))) == \
        UNTRACED.replace("deepest 0 of 0", "deepest 1 of 5")
    assert lines[:6] == ["call add 3 4 ~1", "return add 7 ~1", "call scale 0 4 (2.5) ~2", "return scale 0 (10) ~2",
                         lines[4], lines[5]]
    assert lines[4].startswith("call sum 3 ") and lines[5].endswith("(7.5) ~3")
    # 4 was left by longjmp() out of its callback, and the next is told all the same
    assert lines[6:8] == ["call add 1 1 ~5", "return add 2 ~5"]
    sums = {row["function"]: row["calls"] for row in done.result("log -s")["value"]}
    assert sums["add"] == 6 and sums["sum"] == 1


def test_only_what_is_traced_is_told(tool, callbacks):
    done = tool.json(["trace -q scale", "run"], callbacks)
    assert [line.split()[1] for line in told(done.out)] == ["scale", "scale"]


def test_calls_of_callbacks_are_recorded_and_call_none(tool, callbacks):
    done = tool.json(["trace -q add leaf work", "run", "log -s", "status"], callbacks)
    assert "deepest 1 of" in done.out and "wrong" not in done.out and "threads done" in done.out
    sums = {row["function"]: row for row in done.result("log -s")["value"]}
    # those of the threads, and more of the callbacks; set and taken away a thousand times meanwhile
    assert sums["leaf"]["calls"] > 20000 and sums["leaf"]["ended"] == sums["leaf"]["calls"]
    assert not done.of("lost")


def test_without_a_shell_edits_and_messages_are_told(tool, callbacks):
    done = tool("run", "--go", "-e", "wait", "--", callbacks)
    assert not told(done.out) and "edit add to 1" in done.out and "log otrace: " in done.out


def test_patches_of_a_shell_are_told(tool, callbacks):
    process = tool.listen(callbacks, "serve")
    assert process.stdout.readline() == "serving\n"
    tool.attach(["patch add with other", "unpatch add"], process.pid, options=["--unsafe"])
    assert process.communicate(timeout=TIMEOUT)[0] == "edits 1 0\n"


def test_a_shell_that_goes_takes_its_patches_along_and_that_is_told(tool, callbacks):
    process = tool.listen(callbacks, "serve")
    assert process.stdout.readline() == "serving\n"
    tool.attach(["patch add with other"], process.pid, options=["--unsafe"])
    assert process.communicate(timeout=TIMEOUT)[0] == "edits 1 0\n"


def test_what_a_shell_looks_at_and_changes_is_told_before(tool, callbacks):
    process = tool.listen(callbacks, "looked")
    assert process.stdout.readline() == "0 0\n"
    done = tool.attach(["fresh", "pr fresh + pair.a", "pr /osh/globals/fresh", "cd /osh/globals/pair", "cd /osh/globals",
                        "sizeof(pair)", "ls", "nothing", "*second = 7", "pair.a++", "exec done = 1"],
                       process.pid, options=["--unsafe"])
    # the callback counted before it was read
    assert [done.result(command)["text"] for command in ("fresh", "pr fresh + pair.a", "pr /osh/globals/fresh")] == ["1", "3", "3"]
    assert process.communicate(timeout=TIMEOUT)[0].splitlines() == [
        "look fresh 4", "look fresh 4", "look pair 8", "look fresh 4", "look pair 8", "look second 8", "store pair 4",
        "look pair 8", "store pair 4", "look done 4", "store done 4", "2 7"]


def test_wide_vectors_of_varargs_calls_survive_callbacks(tool, compiled, build):
    """Named arguments and results lie in whole registers; unnamed ones of more than 16 bytes are passed in memory."""
    program = compiled("widecalls.c", f"-I{PROGRAMS.parents[2]}/runtime/include", f"-L{build}/lib",
                       f"-Wl,-rpath,{build}/lib", "-lotrace")
    plain = tool.json(["run"], program).out.splitlines()
    traced = tool.json(["trace -q add add_widest", "run"], program).out.splitlines()
    assert plain[0] in ("111.5 222.5 333.5 444.5", "no AVX")
    assert traced[:-1] == plain[:-1]
    if plain[0] != "no AVX":
        nr = len(plain) - 1
        assert plain[-1] == "calls 0 returns 0" and traced[-1] == f"calls {nr} returns {nr}"
