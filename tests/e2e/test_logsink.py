# SPDX-License-Identifier: BSD-2-Clause
"""Where lines of traces go, which of them, and how they look: log_sink, log_level, log_format, log_truncate."""
import pathlib
import re
import subprocess
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).resolve().parent / "programs"
ID = r"(\w+):tr-call:\d{6}-\d\d-\d\d-\d\d\.\d+"


@pytest.fixture(scope="module")
def death(compiled):
    return compiled("death.c", "-pthread")


def trace_lines(text):
    return [line for line in text.splitlines() if "tr-call" in line]


def test_a_file_gets_the_lines_behind_what_it_has(tool, shop):
    log = tool.folder / "the log"
    log.write_text("before\n")
    done = tool.run([f"set log_sink file:{log}", "trace add greet", "run", "set log_sink"], shop)
    plain = tool.run(["trace add greet"], shop)
    lines = log.read_text().splitlines()
    assert lines[0] == "before" and not trace_lines(done.err)
    assert f"log_sink = file:{log}" in done.out
    # the same lines as on standard error, but for times
    shapes = [[re.sub(r"\d{6}-[\d-]+|\(.*s\)", "", line) for line in some] for some in (lines[1:], trace_lines(plain.err))]
    assert shapes[0] == shapes[1] and len(shapes[0]) == 12


def test_a_file_gets_lines_beside_json_and_one_that_was_moved_is_made_anew(tool, shop):
    log = tool.folder / "log"
    sink = f"set log_sink file:{log}"
    done = tool.json([sink, "trace add", f"cd {tool.folder}", "mv log log.1", sink, "cd /osh/globals", "run"], shop)
    assert (tool.folder / "log.1").read_text() == ""
    assert len(trace_lines(log.read_text())) == 6 and len(done.of("call")) == 3


def test_syslog_gets_lines_with_their_priorities(tool, death, build):
    shim, logged = tool.folder / "shim.so", tool.folder / "logged"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", shim, PROGRAMS / "syslogged.c"], check=True)
    done = tool.run(["set log_sink syslog", "trace handle finish jumper"], death, "abort",
                    env={"LD_PRELOAD": str(shim), "SYSLOGGED": str(logged)})
    lines = [line.split(" ", 1) for line in logged.read_text().splitlines()]
    kinds = [(int(priority), text.split(":")[0].strip()) for priority, text in lines]
    assert kinds[:3] == [(6, "handle"), (6, "jumper"), (4, "jumper")] and "abandoned" in lines[2][1]
    assert kinds[3:] == [(6, "finish"), (3, "open when signal 6 (Aborted) killed the program"), (3, lines[5][1].strip()),
                         (3, "handle"), (3, "finish")]
    assert "tr-call" not in done.err and "killed by signal 6" in done.err


@pytest.mark.parametrize("level, kinds", [("info", {"call", "abandoned", "open"}), ("warning", {"abandoned", "open"}),
                                          ("error", {"open"})])
def test_the_level_leaves_out_what_is_less(tool, death, level, kinds):
    done = tool.run([f"set log_level {level}", "trace handle finish jumper"], death, "abort")
    assert {"abandoned" if "abandoned" in line else "open" if line.startswith("    ") else "call"
            for line in trace_lines(done.err)} == kinds


def test_the_format_has_fields_of_the_line(tool, shop):
    done = tool.run(["set log_format [%t] %l %p/%T %f: %m <%i> 100%%", "trace add"], shop)
    first = next(line for line in done.err.splitlines() if "add" in line)
    match = re.fullmatch(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})\] info (\d+)/(\d+) add: a=2, b=1 <(" + ID + r")> 100%", first)
    assert match and match[2] == match[3]  # of the main thread
    assert match[1][2:].replace("-", "").replace(":", "-")[:6] == match[4].split(":")[2][:6]


def test_long_lines_are_cut_by_characters_with_a_mark(tool, shop):
    done = tool.run(["set log_format %m", "set log_truncate 8", "trace add greet", "run"], shop)
    lines = done.err.splitlines()
    assert "a=2, b=1" in lines  # fits
    assert 'who="an…' in lines and max(map(len, lines)) == 8
    done = tool.run(["set log_format äöü%mäöü", "set log_truncate 4", "trace -c call add", "run"], shop)
    assert done.err.splitlines() == ["äöü…"] * 3


@pytest.mark.parametrize("command, part", [
    ("set log_sink printer", 'log_sink is stderr, file:PATH or syslog, not "printer"'),
    ("set log_sink file:", "file:PATH"), ("set log_sink file:/nowhere/log", "cannot append to /nowhere/log: No such"),
    ("set log_format %m %x", 'no field "%x": %t time, %i id'), ("set log_format 5%", 'no field "%"'),
    ("set log_level loud", "info"), ("set log_truncate some", "number")])
def test_mistakes_are_said_and_change_nothing(tool, shop, command, part):
    show = f"set {command.split()[1]}"
    done = tool.json([show, command, show, "trace add"], shop)
    assert part in done.result(command)["error"]
    before, after = (e["text"] for e in done.of("result") if e["command"] == show)
    assert before == after and len(done.of("call")) == 3


def test_a_log_that_cannot_be_written_is_said_once(tool, shop):
    done = tool.run(["set log_sink file:/dev/full", "trace add greet", "run"], shop)
    assert done.err.count("cannot write the log: No space left on device") == 1
    assert "hello ann" in done.out
