# SPDX-License-Identifier: BSD-2-Clause
"""set trace_related: calls that get a tagged object are shown, whatever their conditions; set save_tags: what tags is saved."""
import pytest

NEVER = ["trace -c 'strict == 99' parse", "trace -c 'a == 99' route", "trace -c 'reply->length == 99' answer",
         "trace -c 'length == -99' measure", "trace -c 'a == b' both"]
TAG = "trace -a tag -c 'fd == 2' client_new"


@pytest.fixture(scope="module")
def program(compiled):
    return compiled("related.c")


def calls(done):
    return [(e["function"], e["traces"], [(r["tag"], r["arg"]) for r in e.get("related", [])])
            for e in done.of("call") if e["function"] != "client_new"]


def result(done, command, nth=0):
    found = [r for r in done.of("result") if r["command"] == command][nth]
    assert found["error"] is None, found
    return found


def test_calls_that_get_a_tagged_object_are_shown_whatever_their_conditions_say(tool, program):
    done = tool.json(["set trace_related on", TAG, *NEVER, "run"], program)
    # a part of the client, the client on the stack, the client; not by one more step, nor where there is no pointer
    assert calls(done) == [("parse", [], [(1, "text")]), ("route", [], [(1, "client")]), ("both", [], [(1, "a")])]
    ends = [e["function"] for e in done.of("return") if e["function"] != "client_new"]
    assert ends == ["parse", "route", "both"] and all(e["traces"] == [] for e in done.of("return")[1:])
    related = done.of("call", "parse")[0]["related"]
    assert related == [{"tag": 1, "label": done.of("tag")[0]["label"], "arg": "text"}]


def test_off_nothing_is_recorded_or_said_of_it(tool, program):
    done = tool.json([TAG, *NEVER, "trace -c 'client->fd == 2' client_free", "run"], program)
    assert calls(done) == [("client_free", [7], [])] and "related" not in done.of("call", "client_free")[0]


def test_it_is_switched_while_functions_are_traced(tool, program):
    serve = ["serve(2)", "wait 0.2"]
    done = tool.json([TAG, *NEVER, "kept = client_new(1)", *serve, "set trace_related on", *serve, "set trace_related off", *serve],
                     program, options=["--unsafe"])
    assert [name for name, _, _ in calls(done)] == ["parse", "route", "both"]


def test_what_matches_has_a_context_that_says_what_it_is_related_to(tool, program):
    done = tool.json(["set trace_related on", TAG, "trace -c 'return < 0 || client->fd == 2' client_free",
                      "trace -c 'a == 99' route", "trace -c 'b->fd == 100' both", "run", "ls -l /osh/recent/traces/both/*/*/__trc/related",
                      "ls /osh/recent/traces", "ls /osh/recent/traces/client_free/*"], program)
    # of the last one the tag died in the call, before it matched
    shown = calls(done)
    assert ("route", [], [(1, "client")]) in shown and ("both", [4], [(1, "a")]) in shown
    assert [related for name, _, related in shown if name == "client_free"] == [[(1, "client")], []]
    assert set(result(done, "ls /osh/recent/traces")["text"].split()) == {"both", "client_free"}
    text = result(done, "ls -l /osh/recent/traces/both/*/*/__trc/related")["text"]
    assert text.count("a: tag 1 fd == 2@0x") == 1 and "(struct client *) 0x" in text


def test_a_call_may_be_related_to_several_objects(tool, program):
    done = tool.json(["set trace_related on", "kept = client_new(7)", "tag kept pet", "tag kept->query letters", TAG,
                      "trace -c 'a == b' both", "trace -c 'strict == 9' parse", "serve(2)", "parse(kept->query, 0)", "parse(\"other\", 0)",
                      "untag *", "parse(kept->query, 0)"], program, options=["--unsafe"])
    # of the two that have the letters it is the one inside; behind these are those of main
    assert calls(done)[:3] == [("parse", [], [(3, "text")]), ("both", [], [(3, "a"), (1, "b")]), ("parse", [], [(2, "text")])]
    assert {related[0][0] for _, _, related in calls(done)[3:]} == {4}
    assert done.of("call", "both")[0]["related"][1]["label"] == "pet"


def test_where_every_call_is_recorded_it_only_says_so(tool, program):
    done = tool.json(["set trace_related on", TAG, "trace -q -d 0 'c*' 'parse'", "trace route", "run"], program)
    both = {name: [] for name in ("parse", "route")}
    for name, traces, related in calls(done):
        both.setdefault(name, []).append((len(traces), related))
    assert both["route"] == [(1, []), (1, [(1, "client")]), (1, []), (1, [])]


def test_lines_say_it_behind_the_arguments(tool, program):
    done = tool.run(["set trace_related on", TAG, "trace -c 'a == 99' route", "run", "trace"], program)
    line, = [line for line in done.err.splitlines() if "route:tr-call" in line and "return" not in line]
    assert "e=5, f=6, client=(const struct client *) 0x" in line and line.endswith(" (client)]")
    assert " [related: fd == 2@0x" in line


def test_quiet_traces_stay_so(tool, program):
    done = tool.json(["set trace_related on", TAG, "trace -q -c 'a == 99' route", "run"], program)
    assert calls(done) == []


def test_limits_are_those_of_what_matches(tool, program):
    done = tool.json(["set trace_related on", "trace -a tag client_new", "trace -n 1 -c 'a == 1' route", "trace -c 'a == b' both",
                      "run"], program)
    # the first match ends the trace; which of the others come before it is switched off is not said
    assert [traces for name, traces, _ in calls(done) if name == "route"][0] == [2]
    assert len([0 for name, _, _ in calls(done) if name == "both"]) == 4
    over, = done.of("trace_over")
    assert over["trace"] == 2 and over["why"] == "1 match"


def test_contexts_of_what_tags_are_saved(tool, program):
    commands = ["set max_recent 1", TAG, "set save_tags on", "kept = client_new(2)", "kept = client_new(2)", "set save_tags off",
                "kept = client_new(2)", "ls /osh/saved/tags/client_new/*/*", "ls /osh/recent/tags/client_new/*/*",
                "trace -d 1 -q route", "serve(1)", "ls /osh/saved"]
    done = tool.json(commands, program, options=["--unsafe"])
    assert len(result(done, "ls /osh/saved/tags/client_new/*/*")["text"].splitlines()) == 2
    assert len(result(done, "ls /osh/recent/tags/client_new/*/*")["text"].splitlines()) == 1
    assert result(done, "ls /osh/saved")["text"] == "tags"


def test_they_are_in_the_file_that_contexts_are_written_to(tool, program):
    tool.run(["set pickle_file tags.db", "set save_tags on", TAG, "run"], program)
    done = tool("open", "-e", "ls /osh/pickled/tags/client_new/*/*", tool.folder / "tags.db")
    assert len(done.out.splitlines()) == 1 and ".2" not in done.err and "client_new/fd == 2/" in done.out
