# SPDX-License-Identifier: BSD-2-Clause
"""Calls of functions of Lua, as otrace and as gdb see them."""

import shutil
import subprocess
from pathlib import Path

import pytest
from realprograms import gdb_oracle, get, lua

HERE = Path(__file__).resolve().parent
LEVELS = ("O0", "O1", "O2", "O3")


def plain_output(build, script):
    return subprocess.run([build.binary, script], capture_output=True, check=True, timeout=300).stdout


def pairs(events):
    """(call, return) of each id, in the order of the calls; what does not pair fails."""
    calls = {event["id"]: event for event in events.calls if event["event"] == "call"}
    ends = {event["id"]: event for event in events.calls if event["event"] == "return"}
    assert len(calls) == events.counts["call"] and len(ends) == events.counts["return"], "an id came twice"
    assert calls.keys() == ends.keys()
    return [(call, ends[id]) for id, call in calls.items()]


def is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def test_every_call_of_luaH_getint_is_seen(command):
    """The number of calls is gdb's; every id pairs; nothing is lost; the output is the plain build's."""
    plain, built, script = get("lua"), get("lua", "otrace"), HERE / "getint.lua"
    status, out, err, events = command.run(["trace -d 0 luaH_getint", "run"], [built.binary, script], kept=1000000)
    expected = gdb_oracle.count(plain.binary, [script], ["luaH_getint"])["luaH_getint"]
    assert 10000 <= expected <= 50000
    assert (status, out, err) == (0, plain_output(plain, script), b"")
    assert events.counts["call"] == expected
    assert events.lost == 0 and events.counts["lost"] == 0
    for call, end in pairs(events):
        assert call["args"].keys() == {"t", "key"}
        assert call["args"]["t"]["type"] == "Table *" and int(call["args"]["t"]["pointer"], 16)
        assert is_number(call["args"]["key"])
        assert end["value"]["type"] == "const TValue *"
        assert end["time_ns"] >= call["time_ns"] and end["duration_ns"] == end["time_ns"] - call["time_ns"]


class Places:
    """Addresses of two runs: the same one here is always the same one there, and the other way round."""

    def __init__(self):
        self.there, self.back = {}, {}

    def same(self, one, other):
        return self.there.setdefault(one, other) == other and self.back.setdefault(other, one) == one


def same(places, ours, theirs):
    """Whether a value of otrace is what gdb has for it."""
    if isinstance(theirs, dict) and "pointer" in theirs:
        if not isinstance(ours, dict) or "pointer" not in ours:
            return False
        if "function" in theirs:
            return ours.get("function") == theirs["function"]
        if on_stack(theirs["pointer"]):  # whose depth depends on what else is traced
            return ours["type"] == theirs["type"] and on_stack(ours["pointer"])
        return ours["type"] == theirs["type"] and places.same(ours["pointer"], theirs["pointer"])
    if isinstance(theirs, dict) and "string" in theirs:
        return isinstance(ours, dict) and "truncated" in ours and text(ours["string"]) == theirs["string"]
    if isinstance(theirs, str):
        return isinstance(ours, str) and (text(ours) == theirs or NOT_FINITE.get(ours) == theirs)
    if isinstance(theirs, float):
        return is_number(ours) and ours == theirs or isinstance(ours, float) and ours == theirs
    return type(ours) is type(theirs) and ours == theirs


def on_stack(pointer):
    return pointer.startswith("0x7ff") and len(pointer) == len("0x7fffffffbbb0")


# Strings that go on behind the length that is given with them.
LENGTHS = {("lua_pushlstring", "s"): "len"}
NOT_FINITE = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN", "-nan": "NaN"}


def text(ours):
    """A string of otrace's as gdb's are written: what is not UTF-8 with a backslash."""
    return ours.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def cut(args, string, length):
    """Leaves only what the function was given of a string."""
    value = args[string]
    whole = value["string"] if isinstance(value, dict) and "string" in value else value
    if isinstance(whole, str) and is_number(args[length]):
        kept = whole.encode("utf-8", "surrogateescape")[:args[length]]
        if len(kept) == args[length]:
            args[string] = text(kept.decode("utf-8", "surrogateescape"))


def optimized_out(value):
    return isinstance(value, dict) and "optimized_out" in value


@pytest.mark.parametrize("level", LEVELS)
def test_arguments_and_results_of_luaH_getint_are_gdbs(command, level):
    """All of them, at one and the same distance in the heap of both runs."""
    plain, built, script = get("lua", "plain", level), get("lua", "otrace", level), HERE / "getint-few.lua"
    _, out, _, events = command.run(["trace -d 0 luaH_getint", "run"], [built.binary, script], kept=1000000)
    assert out == plain_output(plain, script)
    ours = pairs(events)
    theirs = gdb_oracle.calls(plain.binary, [script], ["luaH_getint"], returns=True, limit=1000000,
                              after_prologue=level == "O0")
    assert len(ours) == len(theirs) > 500
    distance = int(ours[0][0]["args"]["t"]["pointer"], 16) - int(theirs[0]["args"]["t"]["pointer"], 16)
    places = Places()
    for (call, end), other in zip(ours, theirs):
        assert call["args"]["key"] == other["args"]["key"]
        assert call["args"]["t"]["type"] == other["args"]["t"]["type"] == "Table *"
        assert int(call["args"]["t"]["pointer"], 16) - int(other["args"]["t"]["pointer"], 16) == distance
        assert same(places, end["value"], other["value"]), f"{end['value']} instead of {other['value']}"


# Functions with parameters and results of many kinds: what follows is not about them, any would do. But not luaS_newlstr:
# how often luaS_new calls it depends on addresses of texts, by which it keeps the last strings it made.
FUNCTIONS = ["luaH_getint", "luaH_resize", "luaH_getstr", "luaV_equalobj", "luaV_lessthan", "luaV_idiv",
             "luaV_mod", "luaV_modf", "luaV_flttointeger", "luaO_str2num", "luaO_arith", "luaT_trybinTM",
             "luaT_objtypename", "luaL_checklstring", "luaL_checknumber", "luaL_optinteger", "luaL_len", "lua_pushnumber",
             "lua_pushboolean", "lua_pushlstring", "lua_pushstring", "lua_pushcclosure", "lua_getfield",
             "lua_rawgeti", "lua_compare", "lua_tonumberx", "lua_tolstring", "lua_type", "lua_newuserdatauv", "lua_concat",
             "luaG_opinterror", "luaD_growstack", "luaE_setdebt"]


@pytest.mark.parametrize("level", LEVELS)
def test_values_of_many_types_are_gdbs(command, level):
    """Each shows the value that gdb shows, or that it was optimised out; never a wrong one."""
    # One path for both, which is among the strings that the program handles.
    plain, built, program = get("lua", "plain", level), get("lua", "otrace", level), command.folder / "lua"
    script = HERE / "values.lua"
    expected = plain_output(plain, script)
    shutil.copy(built.binary, program)
    _, out, _, events = command.run([f"trace {' '.join(FUNCTIONS)}", "run"], [program, script], kept=1000000)
    assert out == expected
    ours = pairs(events)
    shutil.copy(plain.binary, program)
    theirs = gdb_oracle.calls(program, [script], FUNCTIONS, returns=True, limit=1000000, after_prologue=level == "O0")
    assert [call["function"] for call, _ in ours] == [other["function"] for other in theirs]
    assert len(theirs) > 1000
    places, wrong, compared, missing = Places(), [], 0, set()
    for (call, end), other in zip(ours, theirs):
        name = call["function"]
        assert list(call["args"]) == list(other["args"]), name
        for (function, string), length in LENGTHS.items():
            if name == function:
                cut(call["args"], string, length)
                cut(other["args"], string, length)
        values = [(f"{name}({key})", call["args"][key], value) for key, value in other["args"].items()]
        if other["returned"] and other["value"] is not None:
            values.append((f"{name} returns", end.get("value"), other["value"]))
        for what, our, their in values:
            if optimized_out(their):
                continue
            if optimized_out(our):
                missing.add(what)
            elif same(places, our, their):
                compared += 1
            else:
                wrong.append(f"{what}: {our} instead of {their}")
    assert not wrong, f"{len(wrong)} of {compared + len(wrong)} values: {wrong[:20]}"
    if level == "O0":
        assert not missing, missing
    print(f"{compared} values compared at -{level}; optimised out for otrace alone: {sorted(missing) or 'none'}")


def test_corpus_behaves_the_same_while_dormant():
    assert lua.differences(get("lua"), get("lua", "otrace")) == {}


@pytest.mark.parametrize("commands", [["trace -q '*'", "run"], ["trace -q -w '*'", "run"]], ids=["values", "words"])
def test_corpus_behaves_the_same_with_every_function_traced(command, commands):
    words = [str(command.path), "run", f"--json={command.folder}/events.json"]
    for text in commands:
        words += ["-e", text]
    assert lua.differences(get("lua"), get("lua", "otrace"), wrapper=[*words, "--"], environment=command.environment) == {}
