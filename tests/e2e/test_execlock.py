# SPDX-License-Identifier: BSD-2-Clause
"""set exec_lock: while an expression is evaluated records wait, and the program does not."""
import pytest


@pytest.fixture
def ticking(tool, compiled):
    process = tool.listen(compiled("locked.c"))
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def between(done, first, second):
    events = done.events
    at = [next(i for i, e in enumerate(events) if e.get("command") == command) for command in (first, second)]
    return [e for e in events[at[0]:at[1]] if e["event"] == "call"], [e for e in events[at[1]:] if e["event"] == "call"]


@pytest.mark.parametrize("value", ["true", "false"])
def test_records_come_behind_the_result(tool, ticking, value):
    switch, call = f"set exec_lock {value}", "pr pass(50)"
    done = tool.attach(["trace -c call tick", "wait 0.05", f"{switch}; {call}", "wait 0.05", "untrace all", "exec done = 1"],
                       ticking.pid, options=["--unsafe"])
    inside, behind = between(done, switch, call)
    assert done.result(call)["text"] == "50" and behind and not done.of("lost")
    # the program has gone on, and nothing of it is lost
    assert bool(inside) == (value == "false")
    numbers = [e["args"][0]["value"] if isinstance(e["args"], list) else e["args"]["n"] for e in done.of("call", "tick")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and len(numbers) > 50


def test_it_ends_after_a_second_and_is_not_there_for_traces_that_wait(tool, ticking):
    call = "pr pass(2500)"
    done = tool.attach([f"set exec_lock true; trace -c call tick; {call}", "untrace all"],
                       ticking.pid, options=["--unsafe"])
    inside, _ = between(done, "set exec_lock true", call)
    assert inside and "exec_lock: the expression takes longer than 1000 ms; records are taken in again" in done.err
    done = tool.attach([f"set exec_lock true; trace --wait -c call tick; {call}", "untrace all", "exec done = 1"],
                       ticking.pid, options=["--unsafe"])
    inside, _ = between(done, "set exec_lock true", call)
    assert inside and "exec_lock" not in done.err
