# SPDX-License-Identifier: BSD-2-Clause
"""Calls that no condition matches and that end badly are recorded; how deep calls are; traces that come and go."""
import re

import pytest


@pytest.fixture(scope="module")
def ends(compiled):
    return compiled("ends.c", "-pthread")


@pytest.fixture(scope="module")
def moved(compiled):
    return compiled("moved.c", "-pthread")


@pytest.fixture(scope="module")
def thrown(compiled):
    return compiled("thrown.cpp", "-lstdc++")


NEVER = "trace -c 'n == 99'"


def unmatched(done):
    return [e for e in done.of("return") if e.get("matched") is False]


def test_a_longjmp_past_calls_that_no_condition_matches(tool, ends):
    """The innermost first; those that return leave nothing, and what follows is right."""
    done = tool.json([f"{NEVER} inner jumps around", "run", "log", "log -t"], ends, "jump")
    assert done.out == "4\n5\n7\n41\n"
    assert not done.of("call")
    found = unmatched(done)
    assert [e["function"] for e in found] == ["jumps", "around"] == [e["function"] for e in done.of("return")]
    assert all(e["abandoned"] and not e["args_kept"] and e["traces"] == [] and e["thread"] for e in found)
    assert "no match; its arguments were not kept" in done.result("log")["text"]
    assert "jumps(...) abandoned  (no match)" in done.result("log -t")["text"]


def test_they_have_the_recorded_call_around_them_as_parent(tool, ends):
    done = tool.json([f"{NEVER} jumps", "trace around inner"], ends, "jump")
    jumped = unmatched(done)
    assert [(e["function"], e["depth"]) for e in jumped] == [("jumps", 2)]
    left = [e for e in done.of("return", "around") if e.get("abandoned")]
    assert len(left) == 1 and jumped[0]["parent"] == left[0]["id"]
    # those in between do not count: inner is called by jumps, which is called by around
    assert {e["depth"] for e in done.of("call", "inner")} == {2, 1}
    assert len(done.of("return", "inner")) == len(done.of("call", "inner")) == 5


@pytest.mark.parametrize("how, function", [("thread", "gone"), ("cancel", "waits")])
def test_the_end_of_a_thread(tool, ends, how, function):
    done = tool.json([f"{NEVER} gone waits inner"], ends, how)
    found = unmatched(done)
    assert [e["function"] for e in found] == [function]
    assert found[0]["abandoned"] and found[0]["thread"] != found[0]["pid"]


def test_exit(tool, ends):
    """The frames of the thread that calls exit() still stand."""
    done = tool.json([f"{NEVER} leaves", "run", "log"], ends, "exit")
    found = unmatched(done)
    assert [(e["function"], e["exit"], e["args"]) for e in found] == [("leaves", True, {"n": 0, "weight": 2.5})]
    assert "abandoned (exit): n=0, weight=2.5 [no match]" in done.result("log")["text"]
    assert done.of("exit")[0]["status"] == 3


def test_an_exception(tool, thrown):
    """What a pointer leads to may have changed since: then arguments are not shown."""
    done = tool.json([f"{NEVER} throws passes"], thrown)
    assert done.out == "1\n2\nno\n4\n"
    found = unmatched(done)
    assert [(e["function"], e["unwound"]) for e in found] == [("throws", True), ("passes", True)]
    assert found[0]["args_kept"] is False
    assert found[1]["args"] == {"n": 2, "weight": 1.5}


def test_those_that_match_end_as_ever(tool, thrown):
    done = tool.json(["trace -c 'n == 2' throws passes"], thrown)
    assert not unmatched(done)
    assert [e["function"] for e in done.of("return") if e.get("unwound")] == ["throws", "passes"]


def test_a_trace_that_is_over_says_nothing(tool, thrown):
    """With -n 1 the first match ends it: what is thrown later is nobody's."""
    done = tool.json(["trace -c 'n == 0' -n 1 passes"], thrown)
    assert len(done.of("call", "passes")) == 1 and not unmatched(done)


def test_quiet_traces_print_none(tool, ends):
    done = tool.json([f"trace -q -c 'n == 99' jumps", "run", "log"], ends, "jump")
    assert not done.of("return")
    assert "abandoned" in done.result("log")["text"]


def test_depth_counts_calls_of_traced_functions_matched_or_not(tool, ends):
    done = tool.json(["trace -c '$depth > 28' down", "run", "trace"], ends, "deep")
    assert done.out == "31\n"
    assert [e["args"]["n"] for e in done.of("call", "down")] == [2, 1, 0]
    # of recorded calls, three are open at most
    assert [e["depth"] for e in done.of("call", "down")] == [1, 2, 3]
    done = tool.json(["trace -c '$depth == 31 && $return == 1' down"], ends, "deep")
    assert [e["args"]["n"] for e in done.of("call", "down")] == [0]
    done = tool.json(["trace -c 'call, $depth > 28' down"], ends, "deep")
    assert [e["args"]["n"] for e in done.of("call", "down")] == [2, 1, 0] and not done.of("return")


def test_a_call_that_another_thread_goes_on_with(tool, moved):
    """What was kept to decide it is the first thread's: it is counted as lost. What nothing was kept of ends well."""
    done = tool.json(["trace -c '$return == 14' moves", "run", "status"], moved)
    assert done.out == "14\n" and not done.of("call") and not done.of("return")
    assert sum(e["count"] for e in done.of("lost")) == 1
    assert "1 lost in all" in done.result("status")["text"]
    done = tool.json(["trace -c 'n == 9' moves", "trace -c 'n == 7' halfway"], moved)
    assert done.out == "14\n" and not unmatched(done) and not done.of("lost")
    assert len(done.of("call", "halfway")) == len(done.of("return", "halfway")) == 2


def memory_kib(done):
    return [int(number) for number in re.findall(r"(\d+) KiB of the runtime", str(done.events))]


CONDITIONS = ["n == {}", "n == 1 && $depth > {}", "$return == {} && n == 7", "n > 0, n < -{}"]


def changing(functions, nr):
    """Sets and takes away as many traces, nearly each with a condition of its own."""
    for i in range(nr):
        yield f"trace -q -c '{CONDITIONS[i % 4].format(i)}' {functions[i // 4 % len(functions)]}"
        yield "untrace *"


def come_and_go(tool, ends, nr):
    script = tool.folder / "script"
    begin = ["trace -c 'n == 7' stays", "trace -a break -n 1 arrived", "run", "resume *", "untrace *"]
    script.write_text("\n".join([*begin, *changing(["inner", "stays"], nr // 10), "status",
                                 *changing(["inner", "stays"], nr), "status", "trace -c 'n == 40' inner",
                                 "pr go = 1", "run"]))
    return tool.json([f"source {script}"], ends, "open")


def check_come_and_go(done, nr):
    before, after = memory_kib(done)
    # of 400 bytes and more each, if they stayed
    assert after - before <= 512 < nr * 400 // 1024
    # the call that was open all the time ends as it began
    assert [(e["function"], e["value"]) for e in done.of("return", "stays")] == [("stays", 8)]
    assert not unmatched(done) and done.of("exit")[0]["status"] == 0


def test_traces_that_come_and_go_take_no_more_memory(tool, ends):
    check_come_and_go(come_and_go(tool, ends, 3000), 3000)


@pytest.mark.long
def test_a_hundred_thousand_traces_that_come_and_go(tool, ends):
    check_come_and_go(come_and_go(tool, ends, 100_000), 100_000)
