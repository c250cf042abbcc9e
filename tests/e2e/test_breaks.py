# SPDX-License-Identifier: BSD-2-Clause
"""Threads that wait at breaks: in scripts, at the prompt, under gdb, and when the shell goes."""
import os
import signal

import pytest
from waiting import wait_until


@pytest.fixture(scope="session")
def server(compiled):
    return compiled("breaks.c", "-pthread")


@pytest.fixture
def running(tool, server):
    process = tool.listen(server)
    yield process
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


def number(id_text):
    return id_text.rsplit(".", 1)[1]


def test_run_ends_at_a_break_and_goes_on_when_said_again(tool, server):
    done = tool.json(["trace -a break -c all -n 1 serve", "run", "pr served", "resume", "run", "status", "resume", "run"],
                     server, 200)
    assert done.status == 3
    assert done.out.endswith("bad errno: 0\n")
    call, = done.of("call")
    at_call, at_return = done.of("break")
    assert [at_call["at"], at_return["at"]] == ["call", "return"]
    assert at_call["thread"] == at_return["thread"] == call["thread"]
    assert number(at_call["id"]) == number(at_return["id"]) == number(call["id"])
    assert at_call["id"].startswith("serve:br-call:") and at_return["id"].startswith("serve:br-return:")
    first, second = done.of("resume")
    assert [first["reason"], second["reason"]] == ["resume"] * 2
    assert first["id"] == at_call["id"] and second["id"] == at_return["id"]
    back, = done.of("return")
    # the time that it waited is not the function's
    assert back["duration_ns"] < first["waited_ns"]
    parked, = done.result("status")["value"]["parked"]
    assert parked["id"] == at_return["id"] and parked["thread"] == call["thread"]
    kinds = [e["event"] for e in done.events if e["event"] in ("call", "break", "resume", "return", "exit")]
    assert kinds == ["call", "break", "resume", "return", "break", "resume", "exit"]


def test_a_new_time_for_breaks_is_not_that_of_traces_that_are_set(tool, server):
    done = tool.json(["trace -a break serve", "trace -a break -t 5 -c 'id == 0' serve", "set break_timeout 0.3", "trace",
                      "trace -a break serve", "set break_timeout 300ms", "set break_timeout", "trace"], server, 0)
    said = [e["text"] for e in done.of("result")]
    assert "1 trace that is set already: the time stays as it is" in said[2], said[2]
    assert " -t 60 serve" in said[3] and "already" not in said[5] + said[6] and " -t 0.3 serve" in said[7]


def test_a_deadline_the_traces_end_and_the_end_of_the_script(tool, server):
    done = tool.json(["trace -a break -t 40ms -n 1 serve", "run", "run"], server, 300)
    late, = done.of("resume")
    assert late["reason"] == "deadline" and late["waited_ns"] >= 40e6
    assert done.status == 3

    done = tool.json(["trace -a break serve", "run", "untrace serve", "run"], server, 100)
    assert {e["reason"] for e in done.of("resume")} == {"untrace"}
    assert len(done.of("resume")) == len(done.of("break"))
    assert done.status == 3

    # nobody is left who could say resume
    done = tool.json(["trace -a break -n 5 serve", "run"], server, 100)
    assert len(done.of("break")) == len(done.of("resume")) == 5
    assert {e["reason"] for e in done.of("resume")} == {"unattended"}
    assert done.status == 3
    assert tool.run(["trace -a break -n 5 serve", "run"], server, 100).err.count(", nobody is at the prompt)\n") == 5

    # what ends the program is not held up
    done = tool.json(["trace -a break -c return serve", "run", "set break_timeout 0", "trace -a gdb asked", "call asked 1",
                      "resume *"], server, 100)
    assert done.result("call asked 1")["error"].startswith("asked: it waits at a break: asked:br-call:")
    assert "no terminal for gdb" in done.err
    assert done.status == 3


def test_without_a_deadline_a_thread_waits_until_it_is_resumed(tool, server):
    """-t 0 is what `set break_timeout 0` is, and goes before what is set."""
    done = tool.json(["set break_timeout 20ms", "trace -a break -t 0 -n 1 serve", "trace", "run", "wait 0.3", "status",
                      "resume", "run"], server, 100)
    assert " -t 0" in done.result("trace")["value"][0]["options"]
    assert len(done.result("status")["value"]["parked"]) == 1
    assert {e["reason"] for e in done.of("resume")} == {"resume"}


def test_who_comes_when_the_commands_of_attach_are_over_goes_on_as_nobody_is_there(tool, running):
    done = tool.attach(["trace -a break -t 0 -n 4 serve", "wait 50", "resume *"], running.pid, ["--for", "1"])
    reasons = [e["reason"] for e in done.of("resume")]
    assert len(reasons) == 4 and set(reasons) == {"resume", "unattended"}
    assert "goes on at once" in tool("help", "trace").out


def test_at_a_break_where_and_up_say_where_its_context_is(tool, server):
    done = tool.run(["trace -a break -n 1 serve", "where", "run", "where", "up", "pr exc_stack", "cd ~~breaks", "where", "resume",
                     "cd ~~g", "run", "where"], server, 100)
    assert done.err.count("; `cd ~~breaks` goes to where a thread waits") == 3
    assert 'no "__trc" here: only a recorded context' in done.err and "no variable" not in done.err
    assert "work-->serve" in done.out
    assert done.err.count("; `cd ~~` goes to the newest one") == 1


def test_lines_of_what_was_untraced_at_a_break_are_counted_as_that(tool, server):
    terminal = tool.terminal("run", server, dimensions=(40, 200)).ready()
    terminal.type("trace -a break serve")
    terminal.sendline("run")
    for _ in range(3):
        terminal.expect("waits")
    terminal.expect_exact("BRK:globals> ")
    terminal.sendline("untrace *")
    terminal.expect(r"\.\.\. 3 lines of what is no longer traced not printed \(log shows them\)")
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_ids_that_resume_takes(tool, server):
    terminal = tool.terminal("run", server).ready()
    assert "no thread waits at a break" in terminal.type("resume")
    terminal.type("trace -a break -n 3 serve")
    terminal.sendline("run")
    ids = []
    for _ in range(3):
        terminal.expect(r"(serve:br-call:[^ ]*) waits: thread \d+")
        ids.append(terminal.match.group(1))
    terminal.expect_exact("BRK:globals> ")
    said = terminal.type("resume")
    assert "3 threads wait: which one?" in said and all(text in said.replace("\r\n", "") for text in ids)
    assert "no thread waits there" in terminal.type("resume ~999999")
    assert "no thread waits at such a break" in terminal.type("resume nobody*")
    assert f"Resuming {ids[1]}" in terminal.type(f"resume {ids[1]}")
    assert "no thread waits there" in terminal.type("resume 999999")
    assert f"Resuming {ids[0]}" in terminal.type(f"resume {number(ids[0])}")
    said = terminal.type(f"resume ~{number(ids[2])} serve:br-*")
    assert said.count("Resuming serve:br-") == 1
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_the_prompt_of_a_server_with_threads_that_wait(tool, server):
    terminal = tool.terminal("run", server).ready()
    terminal.type("trace -a break -n 2 serve")
    terminal.sendline("run")
    for _ in range(2):
        terminal.expect(r"(serve:br-call:[^ ]*) waits: thread (\d+)")
    terminal.expect_exact("BRK:globals> ")
    status = terminal.type("status")
    assert status.count("serve:br-call:") == 2

    # the others run on, and so do handlers of signals in one that waits
    before = sum(map(int, terminal.type("pr served").split("{")[-1].split("}")[0].split(",")))
    wait_until(lambda: sum(map(int, terminal.type("pr served").split("{")[-1].split("}")[0].split(","))) > before,
               "nobody serves")
    waiting = next(line for line in status.splitlines() if "serve:br-call:" in line)
    tid = int(waiting.split(" thread ")[1].split()[0])
    pid = int(next(line for line in status.splitlines() if line.startswith("process")).split()[1].rstrip(","))
    for nr in range(1, 4):
        signal_thread(pid, tid)
        wait_until(lambda nr=nr: f"\n{nr}\r\n" in terminal.type("pr nr_signals"), "no handler has run")

    one = waiting.split()[2 if waiting.startswith("at breaks") else 0]
    assert "2 threads wait" in terminal.type("resume")
    assert f"Resuming {one}" in terminal.type(f"resume ~{number(one)}")
    terminal.expect("goes on")
    terminal.expect_exact("BRK:globals> ")
    terminal.sendline("resume")
    terminal.expect("goes on")
    terminal.expect(r"[^:]globals> ")
    assert "at breaks" not in terminal.type("status")
    assert "0" in terminal.type("pr nr_bad_errno")
    terminal.type("trace -a break serve")
    terminal.expect("waits")
    terminal.sendline("quit")
    assert terminal.finish() == 0


def signal_thread(pid, tid):
    """SIGUSR1 for one thread: pthread_kill() from outside."""
    import ctypes  # pylint: disable=import-outside-toplevel
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.syscall(234, pid, tid, int(signal.SIGUSR1)) == 0  # tgkill


def served(tool, process):
    return tool.attach(["pr served"], process.pid).result("pr served")["value"]


def test_the_shell_is_used_while_a_thread_holds_the_allocators_lock(tool, running):
    commands = ["pr served", "ls /osh/globals", "ls -l /osh/threads", "pr served[1] + 1", "trace -q asked", "status",
                "view serve", "log -n 1", "find /osh/globals -name serve"]
    done = tool.attach(["trace -a break -n 1 carve", "pr wants_memory = 1", "wait 30", *commands, "resume", "pr wants_memory = 0",
                        "untrace all"], running.pid, ["--unsafe"])
    assert len(done.of("break")) == 1
    for command in commands:
        assert done.result(command)["error"] is None
    names = [e["event"] if e["event"] != "result" else e["command"] for e in done.events]
    assert names.index("break") < names.index(commands[0]) < names.index(commands[-1]) < names.index("resume")
    at_rest = done.result("pr served")["value"]
    wait_until(lambda: served(tool, running)[0] > at_rest[0], "it does not go on")


def test_threads_go_on_when_the_shell_leaves_or_is_killed(tool, running):
    for leave in (lambda terminal: terminal.sendline("quit"), lambda terminal: os.kill(terminal.pid, signal.SIGKILL)):
        terminal = tool.terminal("attach", running.pid).ready()
        terminal.sendline("trace -a break serve")
        for _ in range(3):
            terminal.expect("waits")
        terminal.expect_exact("BRK:globals> ")
        leave(terminal)
        terminal.finish()
        at_rest = served(tool, running)
        wait_until(lambda: all(a > b + 3 for a, b in zip(served(tool, running), at_rest)), "they do not go on")
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 3
    assert running.stdout.read() == "bad errno: 0\n"


def test_a_break_in_a_call_from_the_shell_does_not_hold_up_the_shell(tool, server):
    terminal = tool.terminal("run", server).ready()
    terminal.type("trace -a break -n 2 asked")
    said = terminal.type("run asked 4")
    terminal.expect_exact("BRK:globals> ")
    assert "Running asked" in said
    terminal.sendline("resume")
    terminal.expect("asked has returned 8")
    terminal.sendline("run")
    terminal.expect("Running")
    terminal.sendline("asked(5)")
    terminal.expect("it waits at a break: asked:br-call:")
    terminal.expect_exact("BRK:globals> ")
    terminal.sendline("pr 2 + 3")
    terminal.expect(r"\n5\r")
    terminal.sendline("resume")
    terminal.expect("goes on")
    terminal.sendline("asked(7)")
    terminal.expect(r"\n14\r")
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_a_condition_stands_in_the_id_and_the_printed_id_resumes(tool, server):
    terminal = tool.terminal("run", server, dimensions=(40, 200)).ready()
    terminal.type("trace -a break -n 1 -c 'job->number == 5 && job->worker == 1' serve")
    terminal.type("trace -a break -n 1 -c 'return == 7' serve")
    terminal.sendline("run")
    ids = set()
    for _ in range(2):
        terminal.expect(r"(serve:br-[^\n]*) waits: thread")
        ids.add(terminal.match.group(1))
    assert {text.split(":br-")[1].rsplit(":", 1)[0] for text in ids} == {"job->number == 5 && job->worker == 1", "return == 7"}
    for text in ids:
        terminal.expect_exact("globals> ")
        terminal.sendline(f"resume {text}")
        terminal.expect("goes on")
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_a_script_goes_on_behind_a_break_in_a_call_of_run(tool, server):
    done = tool.json(["trace -a break -n 1 asked", "run asked 21", "status", "resume", "run", "run"], server, 50)
    results = [e for e in done.of("result") if e["command"].startswith("run")]
    assert results[0]["text"] == "(the call of asked goes on behind a break)"
    assert len(done.result("status")["value"]["parked"]) == 1
    assert [e["value"] for e in results if "value" in e] == [42]
    assert done.status == 3


def test_gdb_has_the_thread_on_this_terminal_and_gives_it_back(tool, server):
    terminal = tool.terminal("run", server).ready()
    terminal.type("trace -a gdb -n 1 serve")
    terminal.sendline("run")
    terminal.expect("gdb has it; quit or detach there lets it go on, continue and step do not")
    terminal.expect(r"\(gdb\) ")
    terminal.sendline("print job.what")
    terminal.expect('"a job"')
    terminal.expect(r"\(gdb\) ")
    terminal.sendline("frame function serve")
    terminal.expect(r"\(gdb\) ")
    terminal.sendline("detach")
    terminal.expect(r"\(gdb\) ")
    terminal.sendline("quit")
    terminal.expect(r"serve:br-call:.* goes on")
    terminal.ready()
    assert "at breaks" not in terminal.type("status")
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_a_thread_that_has_the_loaders_list_goes_on_when_a_command_needs_it(tool, compiled):
    """Control code walks the list: it would wait until the deadline, or for ever, and the shell with it."""
    program = compiled("listing.c", "-pthread")
    done = tool.json(["set break_timeout 0", "trace -a break -n 1 other", "trace -a break -n 1 one_module", "run", "run",
                      "trace third", "status", "resume *", "run"], program)
    assert [e["id"].split(":")[0] for e in done.of("break")] == ["other", "one_module"]
    assert "Tracing" in done.result("trace third")["text"]
    # the other thread waits on: it is asked, too, but gets the list only when it is free
    assert [row["id"].split(":")[0] for row in done.result("status")["value"]["parked"]] == ["other"]
    assert {e["id"].split(":")[0]: e["reason"] for e in done.of("resume")} == {"one_module": "loader", "other": "resume"}
    assert len(done.of("call", "third")) == 1 and done.out == "1 5\n"
