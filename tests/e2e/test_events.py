# SPDX-License-Identifier: BSD-2-Clause
"""shell/EVENTS.md has every event of --json and its fields; and the example of holds, which makes some of them."""
import json
import re
import subprocess

import pytest

from waiting import TIMEOUT


@pytest.fixture(scope="module")
def documented(source):
    """{event: {field: whether it is always there}}"""
    events = {}
    for line in (source / "shell/EVENTS.md").read_text().splitlines():
        if match := re.match(r"### `(\w+)`(?:, `(\w+)`)?", line):
            names = [name for name in match.groups() if name]
            events.update({name: {} for name in names})
        elif match := re.match(r"\| `(\w+)`( \?)? \|", line):
            for name in names:
                events[name][match[1]] = not match[2]
    return events


def test_every_event_that_the_code_writes_is_documented(source, documented):
    names, fields = {"release", "hold", "resume", "break"}, set()
    for file in (source / "shell").rglob("*.c"):
        text = file.read_text()
        found = re.findall(r'\\"event\\":\\"(\w+|%s)\\"', text)
        names |= set(found) - {"%s"}
        if "%s" in found:  # the two that choose between two names
            assert re.search(r'\? "(release|resume)" : "(hold|break)"', text)
        if found or file.name == "arming.c":
            fields |= set(re.findall(r'[,{]\\"(\w+)\\":', text)) | set(re.findall(r'^\s*ot_buf_addf\(out, "\\"(\w+)\\":', text, re.M))
    assert names == set(documented)
    known = {"event"} | {field for event in documented.values() for field in event}
    # what lists and status write for their own results stands beside
    assert fields - known <= {"thread_name", "certain", "decided"}, fields - known


def check(events, documented):
    """Nothing that is not documented, everything that is always there."""
    for event in events:
        fields = documented[event["event"]]
        assert set(event) - {"event"} <= set(fields), event
        assert {name for name, always in fields.items() if always} <= set(event), event


def test_what_comes_has_the_fields_that_are_documented(tool, shop, compiled, documented, source):
    death = compiled("death.c", "-pthread")
    seen = set()
    include = f"-I{source}/runtime/include"
    for program, commands in [
            ((shop,), ["trace -n 2 add greet", "trace -a break -t 0.05 price", "trace jump", "trace -q fact", "patch multiply with add",
                       "trace multiply", "run", "run", "run", "status", "nonsense", "pr shelf"]),
            ((shop, "jump"), ["trace jump", "run"]),
            ((compiled("ends.c", "-pthread"), "jump"), ["trace -c 'n == 99' inner jumps around", "run"]),
            ((compiled("flights.cpp", "-O1", "-lstdc++"),), ["trace leaf middle outer", "run"]),
            ((compiled("tagged.c", "-pthread"),), ["fill()", "tag nodes[1] one", "grow(1, 1000000)", "release(1)"]),
            ((death, "abort"), ["set break_timeout 0.05", "set post_mortem true", "trace handle finish jumper", "run", "run"]),
            ((compiled("traceasserts.c", include), "4"), ["trace outer check"])]:
        done = tool.json(commands, *program)
        check(done.events, documented)
        seen |= {event["event"] for event in done.events} | {field for event in done.of("return") for field in event}
    assert {"hello", "result", "call", "return", "break", "resume", "trace_over", "died", "exit", "assert", "crash", "tag",
            "matched", "inner"} <= seen, seen


@pytest.fixture(scope="module")
def loop(source, build, tmp_path_factory):
    program = tmp_path_factory.mktemp("loop") / "loop"
    subprocess.run(["clang-19", "-g", "-O1", "-Wall", "-Wextra", f"-fpass-plugin={build}/lib/otrace.so",
                    f"-I{source}/runtime/include", source / "tests/examples/holds/loop.c", "-o", program, f"-L{build}/lib",
                    "-lotrace", f"-Wl,-rpath,{build}/lib"], check=True)
    return program


def run_loop(command, env):
    done = subprocess.run(command, input="1\n2\n3\n", env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_the_example_answers_one_request_later(tool, loop, documented):
    assert run_loop([loop], tool.env).stdout.splitlines() == ["1 squared is 1", "2 squared is 4", "3 squared is 9"]
    file = tool.folder / "events"
    run_loop([tool.path, "run", f"--json={file}", "-e", "trace -a hold -c 'request->number == 2' handle", "-e", "run",
              "-e", "resume", "-e", "run", "--", loop], tool.env)
    events = [json.loads(line) for line in file.read_text().splitlines()]
    check(events, documented)
    assert [e["event"] for e in events if e["event"] in ("hold", "release")] == ["hold", "release"]
