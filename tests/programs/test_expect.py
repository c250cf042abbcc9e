# SPDX-License-Identifier: BSD-2-Clause
"""The EXPECT lines are true: gdb sees at -O0 what they say. And expect.verify() finds lies."""
import copy

import pytest

import build
import expect
import gdb_events

# Left out is what gdb cannot follow: frames left by exceptions and siglongjmp, functions that libc
# has as well, threads by the thousand, too many calls, vectors returned, wide _BitInt.
PROVED = """attributes callconv cancel complexes copyreloc coroutines floats funcptr honest_constant
honest_dead honest_folded honest_promoted honest_pure honest_returned honest_unused ifunc knr
manyargs mixed naked objects recursion sizes statics varargs variables""".split()


@pytest.fixture(scope="module", name="out")
def _out(tmp_path_factory):
    return tmp_path_factory.mktemp("programs")


@pytest.mark.parametrize("name", PROVED)
def test_gdb_agrees(name, out):
    program, = build.programs([name])
    path = build.build(program, "O0", "nopie", out)
    names = expect.functions(program, "O0", "nopie")
    events = gdb_events.events(path, names)
    assert expect.verify(program, "O0", "nopie", events, later=True) == []


@pytest.fixture(name="seen")
def _seen():
    """The program fresh as a right tracer shows it."""
    program, = build.programs(["fresh"])
    events = []
    for line in program.expects():
        for i in range(1000):
            text = line["series"]["format"] % i
            event = {"id": "%s:%d" % (line["function"], i), "function": line["function"], "pid": 1}
            path = line["series"].get("arg", [])
            args = {path[0]: {path[1]: text} if len(path) > 1 else text} if path else {}
            events.append(dict(event, event="call", args=args))
            events.append(dict(event, event="return", value=text))
    assert expect.verify(program, "O0", "nopie", events) == []
    return program, events


def test_a_stale_text_is_found(seen):
    program, events = seen
    lie = copy.deepcopy(events)
    calls = [e for e in lie if e["event"] == "call" and e["function"] == "show"]
    calls[7]["args"]["text"] = calls[8]["args"]["text"]
    wrong, = expect.verify(program, "O0", "nopie", lie)
    assert "call 7 shows 'text number 8 on the stack'" in wrong


def test_a_missing_call_and_a_lost_pair_are_found(seen):
    program, events = seen
    assert any("999 calls" in w for w in expect.verify(program, "O0", "nopie", events[2:]))
    twice = expect.verify(program, "O0", "nopie", events + events[-1:])
    assert any("return without a call" in w for w in twice)


@pytest.mark.parametrize("expected, shown, honest, right", [
    (3, 3, False, True),
    (3, 4, False, False),
    (18446744073709551615, "18446744073709551615", False, True),
    (7, {"optimized_out": True}, False, False),
    (7, {"optimized_out": True}, True, True),
    (7, 8, True, False),
    ({"a": 1}, {"a": 1, "b": 2}, False, True),
    ({"a": 1, "b": 2}, {"a": 1}, False, False),
    ({"a": 1}, {"a": {"optimized_out": True}}, True, True),
    ({"like": "nan"}, "-nan", False, True),
    ({"like": "-inf"}, "-Infinity", False, True),
    ({"like": "-inf"}, "inf", False, False),
    ({"char": "a"}, 97, False, True),
    ({"char": "a"}, "b", False, False),
    ({"starts": "ab"}, {"string": "abc", "truncated": 9}, False, True),
    (None, None, False, True),
    (None, {"pointer": "0x10", "type": "int *"}, False, False),
    ([1, 2], [1, 2, 3], False, False),
])
def test_matches(expected, shown, honest, right):
    assert expect.matches(expected, shown, honest) is right


@pytest.mark.parametrize("expected, shown, right", [
    ("add", "add", True),
    ("add", "add(int, int)", True),
    ("add", "badd", False),
    ("add", "other::add(int)", False),
    ("largest<int>", "int largest<int>(int, int)", True),
    ("operator+", "operator+(money const&, money const&)", True),
    ("by_value", "by_value[abi:cxx11](std::string)", True),
])
def test_same_function(expected, shown, right):
    assert expect.same_function(expected, shown) is right
