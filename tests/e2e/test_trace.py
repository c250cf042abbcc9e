# SPDX-License-Identifier: BSD-2-Clause
"""trace, untrace, log: which calls are recorded and how they are shown."""
import json
import re

import pytest


def calls(done, function=None):
    return done.of("call", function)


def test_json_begins_with_hello_and_ends_with_exit(tool, shop):
    done = tool.json(["trace add"], shop, "exit", "4")
    assert done.events[0]["event"] == "hello" and done.events[0]["format"] == 1
    assert [e for e in done.events if e["event"] != "result"][-1] == {
        "event": "exit", "pid": done.events[0]["pid"], "status": 4}


def test_json_leaves_the_programs_output_alone(tool, shop):
    done = tool.json(["trace *", "run", "status"], shop)
    assert done.out == "hello ann\nhello bob\nhello cleo\n120 1.5 46\n"


def test_json_without_a_file_is_on_standard_error(tool, shop):
    done = tool("run", "--json", "-e", "trace half", shop)
    events = [json.loads(line) for line in done.err.splitlines()]
    assert [e["event"] for e in events if e.get("function") == "half"] == ["call", "return"]


def test_a_call_and_its_return_have_one_id(tool, shop):
    done = tool.json(["trace -d 0 add greet"], shop)
    begins = {e["id"]: e for e in calls(done)}
    ends = {e["id"]: e for e in done.of("return")}
    assert begins.keys() == ends.keys() and len(begins) == 6
    assert all(re.fullmatch(r"(add|greet):tr-call:\d{6}-\d\d-\d\d-\d\d\.\d+", id) for id in begins)
    first = calls(done, "add")[0]
    assert first["args"] == {"a": 2, "b": 1}
    assert first["file"].endswith("shop.c") and first["line"] > 1
    end = ends[first["id"]]
    assert end["value"] == 3
    assert end["time_ns"] - first["time_ns"] == end["duration_ns"]
    assert "value" not in done.of("return", "greet")[0]
    assert calls(done, "greet")[1]["args"] == {"who": "bob"}


def test_depth_and_parent_follow_the_calls(tool, shop):
    done = tool.json(["trace serve price add"], shop)
    by_id = {e["id"]: e for e in calls(done)}
    for event in calls(done, "add"):
        price = by_id[event["parent"]]
        serve = by_id[price["parent"]]
        assert (price["function"], serve["function"], serve["parent"]) == ("price", "serve", None)
        assert (event["depth"], price["depth"], serve["depth"]) == (3, 2, 1)


@pytest.mark.parametrize("when, events", [("call", {"call"}), ("return", {"return"}), ("all", {"call", "return"})])
def test_c_chooses_what_is_shown(tool, shop, when, events):
    done = tool.json([f"trace -c {when} add"], shop)
    assert {e["event"] for e in done.events if e.get("function") == "add"} == events
    assert done.result(f"trace -c {when} add")["text"] == f"Tracing -c {when} add"


def test_q_records_without_printing(tool, shop):
    done = tool.json(["trace -q add", "run", "log -s"], shop)
    assert not calls(done)
    assert done.result("log -s")["value"][0]["calls"] == 3


def test_options_may_stand_behind_the_names(tool, shop):
    done = tool.json(["trace add -q half -c call", "trace"], shop)
    assert done.result("trace")["text"] == "1  -c call -q add: 0 hits\n2  -c call -q half: 0 hits"


def test_w_leaves_strings_unread(tool, shop):
    done = tool.json(["trace -w greet"], shop)
    assert calls(done, "greet")[0]["args"]["who"].keys() == {"pointer", "type"}


def test_a_wildcard_takes_all_that_match(tool, shop):
    done = tool.json(["trace *e"], shop)
    assert {e["function"] for e in calls(done)} == {"serve", "price"}
    assert "functions)" in done.result("trace *e")["text"]


def test_a_file_can_be_named_before_or_behind(tool, shop):
    done = tool.json(["trace shop.c:add", "trace half@shop.c"], shop)
    assert {e["function"] for e in calls(done)} == {"add", "half"}


def test_without_a_name_it_lists(tool, shop):
    done = tool.json(["trace", "trace -c call add", "trace -q g*", "trace"], shop)
    texts = [e["text"] for e in done.of("result") if e["command"] == "trace"]
    assert texts == ["nothing is traced", "1  -c call add: 0 hits\n2  -c all -q g*: 1 function, 0 hits"]


def test_an_inlined_function_says_where_and_what_to_do(tool, shop):
    done = tool.json(["trace twice"], shop)
    error = done.result("trace twice")["error"]
    assert "inlined into" in error and "shop.c:" in error and "noinline" in error


def test_an_unknown_name_gets_the_nearest(tool, shop):
    done = tool.json(["trace grete"], shop)
    assert "greet" in done.result("trace grete")["error"]


@pytest.mark.parametrize("command, part", [("trace -c", "-c wants"), ("trace -c now add", '"now"'),
                                           ("trace -z add", "-z"), ("trace -q", "which function"),
                                           ("untrace", "which function"), ("untrace add", "not traced"),
                                           ("trace 'add", "quote"), ("log -n x", "number"),
                                           ("log -t -s", "not both"), ("log nosuchthing", "nosuchthing")])
def test_mistakes_get_a_clear_message(tool, shop, command, part):
    done = tool.json([command], shop)
    assert part in done.result(command)["error"]
    assert done.status == 0


def test_untrace_stops_one_or_all(tool, shop):
    done = tool.json(["trace add fact half", "untrace add", "untrace *", "trace greet", "run", "trace"], shop)
    assert {e["function"] for e in calls(done)} == {"greet"}
    assert done.result("untrace *")["text"] == "Untraced * (2 functions)"


def test_a_longjmp_ends_the_call_as_abandoned(tool, shop):
    done = tool.json(["trace jump serve"], shop, "jump")
    ends = [e for e in done.of("return", "jump")]
    assert len(ends) == 1 and ends[0]["abandoned"] is True


def test_a_library_that_is_loaded_later_is_traced_too(tool, shop, compiled):
    library = compiled("late.c", "-shared", "-fPIC")
    done = tool.json(["trace late* add"], shop, "load", library)
    assert "late 21" in done.out
    found = done.result("trace late* add")
    assert found["error"] or calls(done, "late_added")
    done = tool.json(["trace *"], shop, "load", library)
    assert [e["args"] for e in calls(done, "late_added")] in ([{"n": 20}], [])


def test_log_shows_the_last_records(tool, shop):
    done = tool.json(["trace -q add half", "run", "log -n 3", "log half", "log"], shop)
    assert len(done.result("log -n 3")["text"].splitlines()) == 3
    assert [line.split(":")[0] for line in done.result("log half")["text"].splitlines()] == ["half", "half"]
    assert len(done.result("log")["text"].splitlines()) == 8


def test_log_t_indents_by_depth(tool, shop):
    done = tool.json(["trace -q serve price add", "run", "log -t"], shop)
    lines = done.result("log -t")["text"].splitlines()
    assert lines[0].startswith("thread ")
    assert lines[1].startswith('serve(who="ann")')
    assert lines[2].startswith("  price(")
    assert re.match(r"    add\(a=2, b=1\) = 3  \(", lines[3])


def test_log_s_sums_by_function(tool, shop):
    done = tool.json(["trace -q serve add", "run", "log -s"], shop)
    rows = {row["function"]: row for row in done.result("log -s")["value"]}
    assert rows["serve"]["calls"] == rows["serve"]["ended"] == 3
    assert rows["serve"]["self_ns"] <= rows["serve"]["total_ns"] - rows["add"]["total_ns"]
    assert rows["add"]["min_ns"] <= rows["add"]["max_ns"] <= rows["add"]["total_ns"]
    totals = [row["total_ns"] for row in done.result("log -s")["value"]]
    assert totals == sorted(totals, reverse=True)


def test_log_s_has_the_time_of_a_recursive_function_once(tool, compiled):
    done = tool.json(["trace -q main fact", "run", "log -s"], compiled("shop.c", "-O0"))
    rows = {row["function"]: row for row in done.result("log -s")["value"]}
    assert rows["fact"]["calls"] == rows["fact"]["ended"] == 5
    assert rows["fact"]["total_ns"] == rows["fact"]["max_ns"] <= rows["main"]["total_ns"]


def test_waiting_for_the_reader_loses_nothing(tool, shop):
    done = tool.json(["trace --wait tick"], shop, "burn", "200000", env={"OTRACE_RING_BYTES": "131072"})
    assert len(calls(done, "tick")) == 200000
    assert not done.of("lost")
    assert [e["args"]["n"] for e in calls(done)] == list(range(200000))


def test_what_is_lost_is_counted_exactly(tool, shop):
    done = tool.json(["trace tick"], shop, "burn", "400000", env={"OTRACE_RING_BYTES": "65536"})
    seen = len(calls(done)) + len(done.of("return"))
    assert seen + sum(e["count"] for e in done.of("lost")) == 800000


def test_log_knows_of_all_that_was_lost(tool, shop):
    """What the rings hold when tracing ends is read to its end, and what was overwritten there is what status says."""
    tool.env["OTRACE_RING_BYTES"] = "65536"
    process = tool.listen(shop, "burn", "1000000000")
    try:
        done = tool.attach(["trace -q tick", "wait 0.3", "untrace tick", "log -s", "status", "log -s tick"], process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    lost = int(re.search(r"(\d+) lost in all", done.result("status")["text"])[1])
    assert lost
    for command in ("log -s", "log -s tick"):
        assert f"({lost} records were lost and are not counted)" in done.result(command)["text"]


def test_everything_stays_readable_after_a_kill(tool, shop):
    done = tool.json(["trace *", "run", "log -n 1", "trace add"], shop, "kill", "9")
    assert done.status == 128 + 9
    assert {e["function"] for e in calls(done)} == {"main"}
    assert "main" in done.result("log -n 1")["text"]
    assert "has ended" in done.result("trace add")["error"]




def test_wait_lets_the_program_go_on_between_commands(tool, worker):
    done = tool.attach(["trace -q tick", "wait 0.5", "log -s", "untrace tick"], worker.pid)
    assert re.search(r"^ +[1-9]\d* .*\btick$", done.result("log -s")["text"], re.M)


def test_wait_wants_seconds(tool, worker):
    done = tool.attach(["wait soon"], worker.pid)
    assert done.status == 1 and "expected seconds" in done.result("wait soon")["error"]


@pytest.fixture
def many_varargs(compiled, source):
    return compiled(str(source / "tests/programs/varargs_many.c"), "-pthread")


def test_ends_of_varargs_calls_are_seen_or_said_to_be_missing(tool, many_varargs):
    done = tool.json(["trace sum_groups"], many_varargs)
    ended = {e["id"] for e in done.of("return")}
    missing = {e["id"] for e in calls(done) if e.get("end_recorded") is False}
    assert ended and missing and not ended & missing
    assert ended | missing == {e["id"] for e in calls(done)}
    assert {e["value"] for e in done.of("return")} == {81200, 420}
    assert {(e["args"]["first"], e["args"]["n"]) for e in calls(done)} == {(1, 200), (5, 10)}


def test_calls_without_an_end_are_shown_to_who_wants_ends(tool, many_varargs):
    done = tool.run(["trace -c return sum_groups"], many_varargs)
    lines = [line for line in done.err.splitlines() if line.startswith("sum_groups:")]
    assert any(line.endswith(" [its end is not recorded]") for line in lines)
    assert all("return" in line or line.endswith(" [its end is not recorded]") for line in lines)
    done = tool.run(["trace -c call sum_groups"], many_varargs)
    assert "[its end" not in done.err and "sum_groups:" in done.err


def test_a_large_struct_by_value_is_cut(tool, compiled):
    done = tool.json(["trace sum"], compiled("large_struct.c"))
    call, end = calls(done, "sum")[0], done.of("return", "sum")[0]
    assert call["args"]["start"] == 1 and end["value"] == 4
