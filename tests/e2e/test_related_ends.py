# SPDX-License-Identifier: BSD-2-Clause
"""Calls that one exception or one longjmp left: the outer one's end leads to the inner one's."""
import re

import pytest

FUNCTIONS = "leaf noise middle guarded outer again other later"


@pytest.fixture(scope="module")
def thrown(compiled):
    return compiled("flights.cpp", "-O1", "-lstdc++")


@pytest.fixture(scope="module")
def jumped(compiled):
    return compiled("jumped.c", "-O1")


def links(done):
    """(function, function of the inner call, whether that is certain) of each end that has one, as they came."""
    ends = [e for e in done.of("return") if "unwound" in e or "abandoned" in e]
    by_id = {e["id"]: e["function"] for e in ends}
    return [(e["function"], by_id.get(e.get("inner")), e.get("inner_certain")) for e in ends]


PASSING = [("leaf", None, None), ("middle", "leaf", True), ("noise", None, None), ("guarded", "middle", True),
           ("outer", "guarded", True)]


@pytest.mark.parametrize("condition", ["", "-c error ", "-c return ", "-q "])
def test_an_exception_is_one_through_all_calls(tool, thrown, condition):
    done = tool.json([f"trace {condition}{FUNCTIONS}", "run"], thrown)
    if condition == "-q ":
        log = tool.run([f"trace {condition}{FUNCTIONS}", "run", "log"], thrown).out
        assert len(re.findall(r"left by an exception \[the one that left ~\d+\]", log)) == 6
        return
    assert links(done)[:10] == PASSING * 2
    # thrown again, made into another one, and one that lies where the first lay: only the first and the last are told
    assert links(done)[10:] == [("leaf", None, None), ("again", "leaf", False), ("leaf", None, None), ("other", None, None),
                                ("leaf", None, None), ("later", "leaf", False)]
    # the exception itself is as the program made it
    text = tool.run([f"trace {condition}{FUNCTIONS}", "run"], thrown).out
    assert "again: leaf\n" in text and "other: other\n" in text and "later: later\n" in text


@pytest.mark.parametrize("condition", ["", "-c error "])
def test_contexts_of_one_exception_are_linked(tool, thrown, condition):
    names = ["outer", "guarded", "middle", "leaf"]
    commands = [word for i in range(4) for word in (f"cd ~{i + 1}", "ls", "pr __trc/related")]
    done = tool.run(["set pickle_file ends.db", f"trace {condition}{FUNCTIONS}", "run",
                     *[w for c in commands for w in ('"<<<"', c)], '"<<<"', "cd ~1/~guarded:ex-exception:*", '"<<<"', "pwd",
                     '"<<<"'], thrown)
    got = [text.strip() for text in done.out.split('"<<<"\n')[1:-1]]
    opened = tool("open", *[w for c in commands for w in ("-e", '"<<<"', "-e", c)], "-e", '"<<<"', "ends.db")
    theirs = [text.strip() for text in opened.out.split('"<<<"\n')[1:-1]]
    for texts in (got, theirs):
        for i, name in enumerate(names[1:]):
            inner, = [entry for entry in texts[3 * i + 1].split() if entry.startswith("~")]
            assert re.fullmatch(rf"~{name}:ex-exception:\S+\.{i + 2}", inner)
            assert texts[3 * i + 2] == f"{inner[1:]} (the same exception)"
        assert "~" not in texts[10] and {"exc_stack", "exc_context"} <= set(texts[10].split())
    assert re.fullmatch(r"/osh/recent/exceptions/outer/exception/\S+\.1/~guarded:\S+", got[-1])


def test_what_is_not_certain_says_so(tool, thrown):
    done = tool.run([f"trace {FUNCTIONS}", "run", "cd ~11", '"<<<"', "pr __trc/related", "exc_stack", "exc_context"], thrown)
    related, report = done.out.split('"<<<"\n')[1].split("\n", 1)
    assert re.fullmatch(r"leaf:ex-exception:\S+\.12 \(the same exception thrown again, or another at its address\)", related)
    assert "#0 again at flights.cpp:" in report and "  arguments as the call began\n    n = 1\n" in report


@pytest.mark.parametrize("condition", ["", "-c error "])
def test_calls_that_one_longjmp_left_are_linked(tool, jumped, condition):
    done = tool.json([f"trace {condition}low middle high tick", "run", "cd ~1", "ls", "pr __trc/related", "cd ~3",
                      "pr n", "pr exc_stack"], jumped)
    assert links(done) == [("low", None, None), ("middle", "low", True), ("high", "middle", True), ("low", None, None)]
    assert [name.split(":")[0] for name in done.result("ls")["value"] if name.startswith("~")] == ["~middle"]
    assert re.fullmatch(r"middle:ex-abandoned:\S+\.2 \(ended together\)", done.result("pr __trc/related")["value"])
    assert done.result("pr n")["value"] == 3
    assert done.result("pr exc_stack")["value"]["frames"][0]["function"] == "low"


def test_a_context_that_was_pushed_out_before_its_end_has_its_link_in_the_file(tool, thrown):
    tool.run(["set max_recent 1", "set pickle_file ends.db", "trace -q -d 1 outer guarded middle leaf", "run"], thrown)
    looks = [word for i in range(1, 4) for word in ("-e", '"<<<"', "-e", f"cd ~{i}", "-e", "pr __trc/related")]
    got = tool("open", *looks, "ends.db").out.split('"<<<"\n')[1:]
    assert [re.search(r"(\w+):[^ ]*\.\d+ \(the same exception\)", text)[1] for text in got] == ["guarded", "middle", "leaf"]
