# SPDX-License-Identifier: BSD-2-Clause
"""Several traces on a function, what their names mean, their limits and what is said of them."""
import json
import re
import subprocess

import pytest
from waiting import wait_until


@pytest.fixture(scope="module")
def methods(compiled):
    return compiled("methods.c")


def functions(done, kind="call"):
    return {e["function"] for e in done.of(kind)}


def traces(done, command="trace"):
    """The list as JSON, by number; of several lists the last one."""
    lists = [e["value"] for e in done.of("result") if e["command"] == command]
    return {row["number"]: row for row in lists[-1]}


CLIENT = {"client_read", "client_find", "client_close"}
BUFFER = {"buffer_add", "buffer_close", "round_of"}


@pytest.mark.parametrize("name, expected", [
    ("client", CLIENT), ("struct client", CLIENT), ("'struct client'", CLIENT), ("buffer", BUFFER),
    ("struct buffer", BUFFER), ("client.client_close", {"client_close"}), ("client.*_f*", {"client_find"}),
    (".*_close", {"client_close", "buffer_close"}), (".client_read", {"client_read"}), ("struct both", {"use_both"}),
    ("methods.c", CLIENT | BUFFER | {"main", "both", "use_both", "client_new", "count"})])
def test_names_are_functions_structs_methods_and_files(tool, methods, name, expected):
    done = tool.json([f"trace -q {name}", "trace", "run", "log -s", f"untrace {name}", "trace"], methods)
    found = {row["function"] for row in done.result("log -s")["value"]}
    nr = len(expected) - ("round_of" in expected and "round_of" not in found)
    assert found in (expected, expected - {"round_of"})
    assert f"({nr} function" in done.result(f"trace -q {name}")["text"]


def test_the_function_goes_before_a_struct_of_its_name(tool, methods):
    done = tool.json(["trace both"], methods)
    assert functions(done) == {"both"}
    assert "`struct both`" in done.result("trace both")["text"]


@pytest.mark.parametrize("command, part", [
    ("trace clint", "client"), ("trace struct clint", "client"), ("trace client.client_clos", "client_close"),
    ("trace .nothing", 'no method ".nothing"'), ("trace -a jump count", '"jump"'),
    ("trace -n 0 count", '"0"'), ("trace -n x count", '"x"'), ("trace -d 99 count", "0 (no contexts) to 16"),
    ("trace -n 2 -n 3 count", "-n N is there twice"), ("trace -n -2 -n -3 count", "-n -N is there twice"),
    ("trace -c call -c error count", "-c is there twice"), ("trace -a tag -a break count", "-a is there twice"),
    ("trace -s 0 count", "1 to 16"), ("trace -r 5/s count", "100/ms"), ("trace -t soon -a break count", '"soon"'),
    ("trace -t 5 count", "-a break"), ("trace -a tag count", "no pointer to a struct"),
    ("trace -a tag=nobody client_close", '"nobody"'), ("trace -a tag=id client_new", "no pointer"),
    ("trace -a", "-a wants"), ("untrace 7", "no trace 7"), ("untrace count", "not traced"), ("top", "top -n 1"),
    ("top -n 0", "from 1 on"), ("top a b", "not two")])
def test_mistakes_say_what_is_wanted(tool, methods, command, part):
    assert part in tool.json([command], methods).result(command)["error"]


@pytest.mark.parametrize("all_of_them", ["*", "all"])
def test_with_nothing_traced_nothing_is_untraced(tool, methods, all_of_them):
    done = tool.json([f"untrace {all_of_them}"], methods)
    assert done.result(f"untrace {all_of_them}")["text"] == "nothing was traced"


def test_several_traces_sit_on_a_function(tool, methods):
    """Each counts and shows for itself; taking one away leaves the others."""
    done = tool.json(["trace -q *", "trace -d 0 count", "trace -c call -w methods.c:count", "trace"], methods)
    calls = done.of("call", "count")
    assert [e["traces"] for e in calls] == [[1, 2, 3]] * 10
    assert functions(done) == functions(done, "return") == {"count"}
    assert {number: row["functions"] for number, row in traces(done).items()} == {1: 10, 2: 1, 3: 1}
    done = tool.json(["trace -q *", "trace -c call count", "untrace *", "trace -c return count", "trace -q -d 0 co*",
                      "untrace count", "trace"], methods)
    assert traces(done).keys() == {4}
    assert not done.of("call") and not done.of("return")


def test_the_same_name_and_condition_takes_the_new_options(tool, methods):
    done = tool.json(["trace -c call count", "trace -q count", "trace -c all -n 3 count", "trace"], methods)
    assert done.result("trace")["text"].startswith("1  -c all -n 3 count: 0 hits")
    assert len(done.of("call", "count")) == len(done.of("return", "count")) == 3


def test_untrace_takes_names_numbers_and_functions_out_of_others(tool, methods):
    done = tool.json(["trace -q client", "trace -q count", "trace -q .*_close", "untrace 2", "untrace client_close",
                      "trace", "run", "log -s"], methods)
    assert done.result("untrace 2")["text"] == "Untraced trace 2: count"
    assert {number: row["functions"] for number, row in traces(done).items()} == {1: 2, 3: 1}
    assert {row["function"] for row in done.result("log -s")["value"]} == {"client_read", "client_find", "buffer_close"}


def test_what_nobody_traces_is_switched_off(tool, methods):
    done = tool.json(["trace -q *", "trace -q -n 5 count", "untrace *", "status"], methods)
    assert done.result("status")["value"]["on"] == done.result("status")["value"]["traced"] == 0
    done = tool.json(["trace -q count", "trace -q -n 5 co*", "untrace count", "status"], methods)
    assert done.result("status")["value"]["on"] == 1


def test_n_ends_a_trace_or_passes_over_the_first(tool, methods):
    done = tool.json(["trace -n 4 client_read", "trace -q -c call -n -8 count"], methods)
    assert [e["args"]["n"] for e in done.of("call", "client_read")] == [0, 1, 2, 3]
    assert [e["value"] for e in done.of("return", "client_read")] == [0, 1, 2, -2]
    over = done.of("trace_over")
    assert [(e["trace"], e["name"], e["why"]) for e in over] == [(1, "client_read", "4 matches")]
    done = tool.run(["trace -d 0 -n -8 count"], methods)
    first = 2 + 8
    assert [line.split(" ", 1)[1] for line in done.err.splitlines() if " n=" in line] == [
        f"n={first}", f"n={first + 1}"]


def test_n_passes_over_the_first_and_then_ends(tool, methods):
    """[3.3]"""
    for command in ("trace -n -3 -n 2 client_read", "trace -n 2 -n -3 client_read"):
        done = tool.json([command, "trace"], methods)
        assert done.result("trace")["value"][0]["options"] == "-c all -n -3 -n 2"
        assert [e["args"]["n"] for e in done.of("call", "client_read")] == [3, 4]
        assert [e["why"] for e in done.of("trace_over")] == ["2 matches"]


@pytest.mark.parametrize("condition, function, n", [("error", "client_find", None), ("return == -2", "client_read", 3),
                                                    ("n == 3 && client->id > 0", "client_read", 3), ("n == 11", "count", 11)])
def test_conditions_of_many_functions_leave_contexts(tool, methods, condition, function, n):
    done = tool.json([f"trace -c '{condition}' *", "trace", "run", "cd ~~", "pr __trc/func", *(["pr n"] if n else [])], methods)
    assert "no contexts" not in done.result(f"trace -c '{condition}' *")["text"]
    assert f" {function}(" in done.result("pr __trc/func")["text"].replace("*", " ")
    assert not n or done.result("pr n")["text"] == str(n)


def test_a_trace_that_is_over_is_listed_and_costs_nothing(tool, methods):
    process = tool.listen(methods, "100000", "1000")
    try:
        done = tool.attach(["trace -q -n 3 count", "wait 0.2", "trace", "status", "trace -q -n 5 count", "wait 0.2",
                            "trace", "untrace count", "trace"], process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    lists = [e["value"] for e in done.of("result") if e["command"] == "trace"]
    assert [(row["hits"] >= hits, row["over"]) for (row,), hits in zip(lists, (3, 5))] == [(True, "hits")] * 2
    assert lists[2] == []
    assert done.result("status")["value"]["on"] == 0
    assert [e["why"] for e in done.of("trace_over")] == ["3 matches", "5 matches"]


def test_a_rate_ends_a_trace(tool, shop):
    done = tool.json(["trace -q -c call -r 20/ms tick"], shop, "burn", "20000")
    assert [e["why"] for e in done.of("trace_over")] == ["more than 20 matches in a millisecond (-r)"]


def test_default_limits_are_parameters(tool, shop):
    done = tool.json(["set trace_most", "set trace_most 50", "trace -q -d 1 tick", "trace -q -d 0 add"], shop,
                     "burn", "2000")
    assert done.result("set trace_most")["value"] == "100000"
    assert [(e["name"], e["why"]) for e in done.of("trace_over")] == [("tick", "50 matches (set trace_most)")]


def test_the_master_switch_forgets_nothing(tool, methods):
    done = tool.json(["trace count", "set trace_active off", "status", "trace both", "trace", "set trace_active on"],
                     methods)
    assert done.result("status")["value"]["on"] == 0
    assert "tracing is off" in done.result("trace both")["text"]
    assert traces(done).keys() == {1, 2}
    assert functions(done) == {"count", "both"}
    assert not tool.json(["trace count", "set trace_active off"], methods).of("call")


def test_top_has_rates_times_and_errors(tool, methods):
    """Of eight reads a round one returns -2; of two looks one finds nothing."""
    done = tool.json(["trace -q client count", "run", "top -n 1"], methods, "200", "1000")
    rows = {row["function"]: row for row in done.result("top -n 1")["value"]}
    assert {name: (row["calls"], row["errors"]) for name, row in rows.items()} == {
        "client_read": (1600, 200), "client_find": (400, 200), "client_close": (400, 0), "count": (2000, 0)}
    assert all(0 < row["mean_ns"] <= row["max_ns"] and row["calls_per_s"] > 0 for row in rows.values())
    rates = [row["calls_per_s"] for row in done.result("top -n 1")["value"]]
    assert rates == sorted(rates, reverse=True)


def test_top_after_the_end_says_what_there_was_and_that_it_is_over(tool, methods):
    """Calls within microseconds have no rate; a second table would have nothing to say."""
    done = tool.json(["trace -q client count", "run", "top -n 3"], methods, "5")
    rows = done.result("top -n 3")["value"]
    assert [(row["function"], row["calls"]) for row in rows] == [
        ("count", 50), ("client_read", 40), ("client_close", 10), ("client_find", 10)]
    assert not [row for row in rows if "calls_per_s" in row]
    text = done.result("top -n 3")["text"]
    assert text.count("calls/s") == 1 and "the program has ended" in text


def test_top_is_live(tool, methods):
    process = tool.listen(methods, "100000", "1000")
    try:
        done = tool.attach(["trace -q count", "wait 0.1", "top -n 2", "untrace *"], process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    (row,) = done.result("top -n 2")["value"]
    assert row["calls"] > row["calls_per_s"] > 0


def late(done, function=None):
    return [e for e in done.of("call", function) if e.get("late")]


def test_conditions_choose_calls_at_their_beginning_or_at_their_end(tool, methods):
    """Reads are (client 1 or 2, n = 0..7) and return n, but -id at n = 3."""
    done = tool.json(["trace -c 'n > 4 && client->id == 2' client_read", "trace -c 'return < 0' client_read",
                      "trace -c 'client->name == \"bob\"' client_close", "trace -c error client_find",
                      "trace -c 'self.id==1,n>=4' client_read"], methods)
    by_trace = {number: [e for e in done.of("call") if number in e["traces"]] for number in range(1, 6)}
    assert [e["args"]["n"] for e in by_trace[1]] == [5, 7]
    assert [(e["args"]["n"], e["late"]) for e in by_trace[2]] == [(3, True)]
    assert len(by_trace[3]) == 1 and not late(done, "client_close")
    assert [(e["args"]["id"], e["late"]) for e in by_trace[4]] == [(1, True)]
    assert [e["args"]["n"] for e in by_trace[5]] == [4, 6]
    ends = {e["id"]: e for e in done.of("return")}
    assert ends.keys() == {e["id"] for e in done.of("call")}
    assert ends[by_trace[2][0]["id"]]["value"] == -2 and ends[by_trace[4][0]["id"]]["value"] is None


def test_a_call_that_is_decided_at_its_end_is_marked(tool, methods):
    done = tool.run(["trace -c 'return == 4' client_read"], methods)
    lines = [line for line in done.err.splitlines() if line.startswith("client_read:")]
    call, end = (line.split(" ", 1) for line in lines)
    assert call[0] == end[0] + "*" and end[1].startswith("return 4  (")
    assert call[1].startswith("client=(struct client *) 0x") and call[1].endswith("n=4")


def test_a_call_is_shown_once_and_late_ones_have_their_arguments(tool, methods):
    """Whether a quiet trace has the call already, or one that has shown it."""
    done = tool.json(["trace -q *", "trace -c 'return == 4' client_read", "trace -c 'n >= 4' count", "trace -c 'return > 0' count",
                      "run", "log -s", "log -t", "log -n 1000 count"], methods)
    assert [(e["args"]["n"], e["late"], e["traces"]) for e in done.of("call", "client_read")] == [(4, True, [2])]
    assert len(done.of("call", "count")) == len(done.of("return", "count")) == 10
    rows = {row["function"]: row["calls"] for row in done.result("log -s")["value"]}
    assert rows["client_read"] == 8 and rows["count"] == 10
    assert done.result("log -t")["text"].count("client_read(") == 8
    assert done.result("log -n 1000 count")["text"].count(" n=") == 10


def test_the_list_has_what_was_asked_and_what_it_cost(tool, methods):
    process = tool.listen(methods, "100000", "1000")
    try:
        done = tool.attach(["trace -q -c 'n == 3' client_read", "trace -q -d 1 client_find", "wait 0.3", "trace",
                            "untrace *"], process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    asked, copied = (traces(done)[number] for number in (1, 2))
    assert asked["evaluated"] > asked["hits"] * 7 > 0 and asked["cost_ns"] > 0
    assert copied["copied_bytes"] > 0 and copied["hits"] > 0


def test_the_list_says_what_its_hits_are_where_records_were_lost(tool, shop):
    """The program fills its ring many times before anybody reads."""
    done = tool.json(["trace -q tick", "trace -q -n 9000000 add", "trace", "run", "trace"], shop, "burn", "6000000")
    first, last = (e for e in done.of("result") if e["command"] == "trace")
    (row, counted) = last["value"]
    lost = 6000000 - row["hits"]
    assert row["hits"] == row["read"] and lost > 0 and counted["read"] == 0
    said = re.search(r"\(hits of traces without a condition are the calls that were read; (\d+) records were lost\)", last["text"])
    # each call has two records
    assert lost <= int(said[1]) <= 2 * lost + 1
    assert "lost" not in first["text"]


def test_conditions_that_ask_the_kernel_much_get_a_hint_once(tool, shop):
    program = tool.listen(shop, "burn", "100000000000")
    try:
        done = tool.attach(["trace -q -c 'stop == 7' tick", "trace -q -c 'n == -7' tick", "wait 0.5", "trace", "trace", "untrace *"], program.pid)
        fast = tool.attach(["set fast_reads on", "trace -q -c 'stop == 7' tick", "wait 0.5", "trace", "untrace *"], program.pid)
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
    first, second = (e["text"] for e in done.of("result") if e["command"] == "trace")
    assert first.count("set fast_reads on") == 1 and "(trace 1 asks the kernel for the memory that its condition reads;" in first
    assert "fast_reads" not in second and "fast_reads" not in fast.result("trace")["text"]


def test_a_condition_of_a_wildcard_leaves_out_where_it_makes_no_sense(tool, methods):
    done = tool.json(["trace -c 'id == 1' *", "trace -c 'nosuch == 1' count", "trace -c 'nosuch == 1' c*", "trace"],
                     methods)
    assert functions(done) == {"client_new", "client_find"}
    assert "where that makes no sense" in done.result("trace -c 'id == 1' *")["text"]
    assert "nosuch" in done.result("trace -c 'nosuch == 1' count")["error"]
    assert "none of" in done.result("trace -c 'nosuch == 1' c*")["error"]
    assert traces(done).keys() == {1}


def test_one_object_is_followed_by_its_tag(tool, methods):
    """What makes it returns it; then only the calls that get it are shown."""
    done = tool.json(["trace -a tag -q -c 'id == 2' client_new", "trace -c tagged client_read",
                      "trace -c taggedclient client_close", "trace"], methods)
    assert {e["args"]["n"] for e in done.of("call", "client_read")} == {1, 3, 5, 7}
    (closed,) = done.of("call", "client_close")
    assert closed["args"]["client"]["pointer"] == done.of("call", "client_read")[0]["args"]["client"]["pointer"]
    assert done.result("trace")["text"].startswith("1  -a tag -c 'id == 2' -q client_new: ")


@pytest.fixture
def orphaned(tool, methods):
    """A process with `trace -k` of a shell that was killed."""
    process = tool.listen(methods, "100000", "1000")
    commands = ["trace -q -k -c 'n >= 0' count", "trace -q -k client", "wait 60"]
    shell = subprocess.Popen([tool.path, "attach", "--json", *(w for c in commands for w in ("-e", c)), str(process.pid)],
                             cwd=tool.folder, env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        while json.loads(shell.stdout.readline()).get("command") != commands[1]:
            pass
    finally:
        shell.kill()
        shell.wait()
        shell.stdout.close()
    # it is noticed within a moment
    wait_until(lambda: tool.attach(["status"], process.pid).status == 0, "a killed shell is still attached")
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_what_an_earlier_shell_left_is_listed_and_ended_by_name(tool, orphaned):
    done = tool.attach(["trace", "untrace count"], orphaned.pid)
    one, two = done.result("trace")["value"]
    assert (one["number"], one["name"], one["options"], one["left"]) == (1, "count", "-k", True)
    assert (two["number"], set(two["name"].split(", ")), two["functions"]) == (2, CLIENT, 3)
    assert one["evaluated"] >= one["hits"] > 0 and two["hits"] > 0
    assert done.result("trace")["text"].startswith("1  -k count: left by an earlier shell, ")
    assert done.result("untrace count")["text"] == "Untraced count: left by an earlier shell on 1 function"

    # a shell that goes in peace, with traces of its own, leaves the rest alone
    again = tool.attach(["trace -q buffer_add", "trace", "untrace count"], orphaned.pid, options=("--for", "0.1"))
    assert [(t["number"], t.get("left", False)) for t in again.result("trace")["value"]] == [(1, False), (2, True)]
    assert "count is not traced" in again.result("untrace count")["error"]

    # a function is one shell's; a number is what was left, too
    commands = ["trace -q client_read", "untrace client_read", "trace", "untrace 2", "trace", "untrace 2", "status"]
    said = [e for e in tool.attach(commands, orphaned.pid).of("result")]
    assert said[0]["text"].endswith("  note: ends what an earlier shell left on 1 function")
    assert set(said[2]["value"][0]["name"].split(", ")) == CLIENT - {"client_read"}
    assert said[3]["text"] == "Untraced trace 2: left by an earlier shell on 2 functions"
    assert said[4]["text"] == "nothing is traced" and "there is no trace 2" in said[5]["error"]
    assert said[6]["value"]["on"] == 0


def test_untrace_all_ends_what_an_earlier_shell_left_and_says_so(tool, orphaned):
    nr = sum(t["functions"] for t in tool.attach(["trace"], orphaned.pid).result("trace")["value"])
    done = tool.attach(["untrace *", "trace", "status"], orphaned.pid)
    assert done.result("untrace *")["text"] == f"Untraced *: left by an earlier shell on {nr} functions"
    assert done.result("trace")["text"] == "nothing is traced" and done.result("status")["value"]["on"] == 0


def test_k_keeps_a_trace_when_the_shell_goes(tool, methods):
    process = tool.listen(methods, "100000", "1000")
    try:
        tool.attach(["trace -q -k count", "trace -q client"], process.pid, options=("--for", "0.1"))
        other = tool.attach(["trace -n 3 -d 0 client_read"], process.pid, options=("--for", "0.3"))
        done = tool.attach(["status", "untrace *"], process.pid)
        off = tool.attach(["status"], process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert [d.result("status")["value"]["on"] for d in (done, off)] == [1, 0]
    # what stays counts for itself, not for the next one with a number
    assert len(other.of("call", "client_read")) == 3
