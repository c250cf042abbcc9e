# SPDX-License-Identifier: BSD-2-Clause
"""Calls from 64 threads, their signal handlers, the program's own malloc() and the ends of threads and of the program,
while what is traced, where, and what runs in its place is switched."""
import re
import signal

import pytest

from waiting import TIMEOUT

NR_THREADS = 64


@pytest.fixture(scope="module")
def program(compiled):
    return compiled("storm.c", "-pthread")


@pytest.fixture
def storm(tool, program):
    process = tool.listen(program)
    assert process.stdout.readline() == "ready\n"
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()
    process.stdout.close()


def end(process):
    """Ends the program as it is meant to; what it says of itself."""
    process.send_signal(signal.SIGTERM)
    told = process.stdout.read()
    assert process.wait() == 0
    return {name: int(number) for name, number in re.findall(r"(\w+)=(-?\d+)", told)}


CALLS = 512  # of each thread
COUNTED = {"-c 'n % 7 == 3' step": 73 * NR_THREADS, "-c 'return == 14' step": 5, "-c call step": CALLS * NR_THREADS,
           "-c 'item->bias == 10 && item->name == \"signal\"' handled": CALLS // 16 * NR_THREADS,
           "-c 'bytes == 777' note": CALLS // 16 * NR_THREADS, "-c 'return < 3' leaving": 3}


def test_nothing_is_lost_of_what_can_be_counted(tool, storm):
    """Each condition holds as often as it has to, and of each call there are records, or they are counted as lost."""
    done = tool.attach([*(f"trace -q {what}" for what in COUNTED), f"pr run_all({CALLS})", "trace", "log -s", "status",
                        "untrace *"], storm.pid, options=["--unsafe"])
    assert done.result(f"pr run_all({CALLS})")["value"] == 0
    assert [row["hits"] for row in done.result("trace")["value"]] == list(COUNTED.values())
    assert not any(row["faults"] for row in done.result("trace")["value"])
    called = {row["function"]: row["calls"] for row in done.result("log -s")["value"]}
    read, lost = map(int, re.search(r"(\d+) read, (\d+) lost", done.result("status")["text"]).groups())
    unwritten = sum(number for name, number in done.result("status")["value"].items() if name.startswith("lost_"))
    # A call is two records; what the second condition says at the end of a call that is there already is one more.
    whole = [number for what, number in COUNTED.items() if "step" not in what] + [CALLS * NR_THREADS]
    assert read + lost + unwritten == 2 * sum(whole) + COUNTED["-c 'return == 14' step"]
    if not lost + unwritten:
        assert sorted(called.values()) == sorted(whole)
    told = end(storm)
    assert told["wrong"] == 0 and told["calls"] == CALLS * NR_THREADS and told["handled"] == CALLS // 16 * NR_THREADS


def test_the_ends_of_threads_and_of_the_program_are_seen(tool, program):
    done = tool.json(["trace -c 'return < 3' leaving", "trace -c 'n == 3' finished", "run"], program, "32")
    assert sorted(e["value"] for e in done.of("return", "leaving")) == [0, 1, 2]
    assert all(e["late"] for e in done.of("call", "leaving"))
    assert [e["value"] for e in done.of("return", "finished")] == [5]
    assert "leaving=64 finished=5 wrong=0" in done.out and done.status == 0


ROUND = ["trace -q -c 'n % 7 == 3' step", "patch step with other", "trace -q -c 'return < 0' step",
         "trace -q -d 2 -c 'item->next->bias == 3' step", "trace -q -a tag -n 100 -c 'item->bias == 5' step", "unpatch step",
         "trace -q -c tagged handled", "trace -q *", "untrace *", "untag *"]


@pytest.mark.parametrize("rounds", [pytest.param(10, id="10 times"),
                                    pytest.param(1000000 // len(ROUND), marks=pytest.mark.long, id="a million")])
def test_switching_under_load(tool, storm, rounds, tmp_path):
    """Every result is right, by the one function or the other, and afterwards nothing is on."""
    lines = tmp_path / "switch"
    lines.write_text("\n".join([*ROUND, ""]) * rounds)
    done = tool("attach", "--unsafe", "--for", "0", "-e", "start_all(0)", "-x", lines, "-e", "status", "-e", "stop_all()",
                "-e", "calls", storm.pid, timeout=TIMEOUT + rounds / 50)
    assert done.status == 0, done.err[-1000:]
    assert re.search(r"functions +\d+ with a stub, 0 on, 0 traced, 0 patched\n", done.out)
    wrong, calls = map(int, done.out.splitlines()[-2:])
    told = end(storm)
    assert wrong == told["wrong"] == 0 and calls == told["calls"] > 0 < told["handled"]
    assert told["leaving"] == NR_THREADS
