# SPDX-License-Identifier: BSD-2-Clause
"""The prompt, on a real terminal."""
import json
import os
import signal
import time

import pexpect
import pytest
from waiting import wait_until


@pytest.fixture
def prompt(tool, shop):
    return tool.terminal("run", shop, "work").ready()


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def pid_of(terminal):
    terminal.type("status")
    words = [line for line in terminal.before.splitlines() if line.startswith("process")]
    return int(words[0].split()[1].rstrip(","))


def test_a_banner_and_a_prompt_before_main(tool, shop):
    terminal = tool.terminal(shop)
    terminal.expect("otrace [0-9.]+: .*, [0-9]+ functions")
    terminal.expect("run starts it")
    terminal.expect_exact("globals> ")
    terminal.sendline("run")
    for line in ("hello ann", "hello bob", "hello cleo", "120 1.5 46"):
        terminal.expect_exact(line + "\r\n")
    terminal.expect("ended with status 0")
    terminal.ready()
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_the_prompt_says_where_we_are(prompt):
    prompt.sendline("cd /osh")
    prompt.expect_exact("osh> ")
    prompt.sendline("cd /osh/types/shop")
    prompt.expect_exact("osh..shop> ")
    prompt.sendline("cd")
    prompt.expect_exact("globals> ")


def test_quit_leaves_no_process_behind_and_says_so(prompt):
    pid = pid_of(prompt)
    prompt.type("run")
    prompt.sendline("quit")
    prompt.expect("ending the program")
    assert prompt.finish() == 0
    assert gone(pid)


def test_ctrl_d_quits(prompt):
    pid = pid_of(prompt)
    prompt.sendeof()
    assert prompt.finish() == 0
    assert gone(pid)


def test_ctrl_c_is_the_shells(prompt):
    pid = pid_of(prompt)
    prompt.type("run")
    prompt.send("half a li")
    prompt.expect_exact("half a li")
    prompt.sendintr()
    prompt.ready()
    assert "3" in prompt.type("pr 1 + 2")
    assert not gone(pid)


def test_the_exit_status_is_the_programs(tool, shop):
    terminal = tool.terminal("run", "--go", shop, "exit", "6").ready()
    terminal.expect("ended with status 6")
    terminal.ready()
    terminal.sendline("quit")
    assert terminal.finish() == 6


def test_the_program_gets_no_keys(tool, shop):
    terminal = tool.terminal("run", "--go", shop, "read")
    terminal.expect("got -1")
    terminal.ready()


def test_traces_leave_a_half_typed_line_alone(prompt):
    prompt.type("trace tick")
    prompt.send("pr 40 + ")
    prompt.expect_exact("pr 40 + ")
    prompt.send("\x01\x0brun\r")  # the line is replaced by "run", then typed again
    prompt.expect("tick:tr-call:")
    prompt.send("pr 40 + ")
    prompt.expect("tick:tr-call:.*\n.*globals> pr 40 \\+ ")
    prompt.sendline("2")
    prompt.expect("[\r\n]42\r\n")


def test_half_a_line_of_the_program_is_shown_on_its_own(tool, shop):
    terminal = tool.terminal("run", "--go", shop, "ask")
    terminal.expect("half a line more\r\n")
    terminal.expect("name\\? \r\n")
    terminal.ready()


def test_printing_is_capped_and_the_rest_is_counted(tool, shop):
    terminal = tool.terminal("run", shop, "burn", "100000").ready()
    terminal.type("trace tick")
    terminal.sendline("run")
    terminal.expect(r"\.\.\. \d+ more lines not printed")
    terminal.expect("ended with status 0")
    terminal.ready()
    assert "tick" in terminal.type("log -n 1 tick")


def test_a_flood_leaves_the_keys_alone_and_ends_with_its_trace(tool, shop):
    terminal = tool.terminal("run", shop, "burn", "1000000000").ready()
    terminal.type("trace tick")
    terminal.sendline("run")
    terminal.expect("not printed")
    terminal.sendline("untrace tick")
    terminal.expect("Untraced tick")
    # Lines printed before may still be in the terminal; those of the next seconds would be old ones.
    terminal.expect("not printed")
    terminal.expect("globals> ")
    with pytest.raises(pexpect.TIMEOUT):
        terminal.expect("tick:tr-call", timeout=3)
    terminal.sendline("log -n 1 tick")
    terminal.expect("log -n 1 tick")
    terminal.expect("tick:tr-call|tick\\(")
    terminal.sendline("quit")
    terminal.finish()


def test_tab_completes_commands_options_and_names(prompt):
    prompt.send("untr\t")
    prompt.expect_exact("untrace ")
    prompt.send("\x15trace --w\t")
    prompt.expect_exact("trace --wait ")
    prompt.send("\x15trace wrong_a\t")
    prompt.expect_exact("wrong_arguments ")
    prompt.send("\x15pr coun\t")
    prompt.expect_exact("counter")


@pytest.mark.parametrize("typed, whole", [("pr special->nu", "special->number "), ("pr 1>special->na", "special->name"),
                                          ("pr shelf[1].nu", "shelf[1].number "), ("pr (struct it", "(struct item "),
                                          ("pr snooze::n", "snooze::naps "), ("special->nu", "special->number ")])
def test_tab_completes_what_c_writes_with_several_signs(prompt, typed, whole):
    prompt.send(typed + "\t")
    prompt.expect_exact(whole)


@pytest.mark.parametrize("typed, fields", [("pr special->", "name +number"), ("pr (struct ", "item +shop")])
def test_tab_lists_what_may_follow_and_nothing_else(prompt, typed, fields):
    prompt.send(typed + "\t\t\t")
    prompt.expect(fields)
    prompt.ready()
    assert "counter" not in prompt.before


def test_history_is_kept_for_the_next_session(tool, shop):
    first = tool.terminal("open", shop).ready()
    first.type("pr 12 + 34")
    first.sendline("quit")
    assert first.finish() == 0
    history = tool.folder / ".local/state/otrace/history"
    assert "pr 12 + 34" in history.read_text()
    second = tool.terminal("open", shop).ready()
    second.send("\x1b[A\x1b[A")
    second.expect_exact("pr 12 + 34")


def test_two_shells_keep_the_lines_of_both_and_not_too_many(tool, shop):
    history = tool.folder / ".local/state/otrace/history"
    history.parent.mkdir(parents=True)
    history.write_text("".join(f"pr {n}\n" for n in range(2000)))
    shells = [tool.terminal("open", shop).ready() for _ in range(2)]
    for n, terminal in enumerate(shells):
        terminal.type(f"pr {n}11")
    for terminal in shells:
        terminal.sendline("quit")
        assert terminal.finish() == 0
    lines = history.read_text().splitlines()
    assert lines[-4:] == ["pr 011", "quit", "pr 111", "quit"]
    assert len(lines) == 2000


def test_a_dumb_terminal_without_width_works(tool, shop):
    terminal = tool.terminal("open", shop, dimensions=(0, 0), env={"TERM": "dumb"}).ready()
    assert "counter" in terminal.type("ls")
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_a_new_size_is_taken(tool, shop):
    terminal = tool.terminal("open", shop).ready()
    wide = terminal.type("ls").count("\n")
    terminal.setwinsize(40, 20)
    wait_until(lambda: terminal.type("ls").count("\n") > wide, "still wide")


def test_bad_lines_cost_nothing(prompt):
    for line in ("", ";;", "nosuch", "trace", "trace 'x", "pr )", "cd /nowhere", "\\", "log -n", "view", "patch a"):
        prompt.type(line)
    assert "3" in prompt.type("pr 1 + 2")


def test_several_commands_on_a_line(prompt):
    assert "/osh/globals\r\n2\r\n" in prompt.type("pwd; pr 2")


def test_a_call_on_the_main_thread_is_told_when_it_is_over(prompt):
    prompt.sendline("run add 1 2")
    prompt.expect("add has returned 3\r\n")
    prompt.sendline("run tick 1")
    prompt.expect("tick has returned\r\n")


def test_a_call_on_the_main_thread_has_its_result_in_json(tool, shop, tmp_path):
    terminal = tool.terminal("run", "--json=events.json", shop, "work").ready()
    terminal.sendline("run half 5")
    terminal.expect("half has returned 2.5\r\n")
    terminal.sendline("quit")
    terminal.finish()
    events = [json.loads(line) for line in (tmp_path / "events.json").read_text().splitlines()]
    assert [e["value"] for e in events if e.get("command") == "run half 5" and "value" in e] == [2.5]


def test_a_second_call_waits_for_the_first(prompt):
    prompt.type("run snooze 3 7")
    for line in ("run add 1 2", "run"):
        prompt.sendline(line)
        prompt.expect("a call is still running: snooze")
    prompt.expect("snooze has returned 7\r\n")
    prompt.sendline("run add 1 2")
    prompt.expect("add has returned 3\r\n")


def test_being_ended_ends_the_program_too(prompt):
    pid = pid_of(prompt)
    prompt.type("run")
    prompt.kill(signal.SIGTERM)
    prompt.expect(pexpect.EOF)
    wait_until(lambda: gone(pid), "the program goes on")


def test_attach_detaches_on_quit_and_the_program_goes_on(tool, worker):
    terminal = tool.terminal("attach", worker.pid).ready()
    terminal.type("trace -q tick")
    terminal.sendline("quit")
    terminal.expect(f"detached; process {worker.pid} goes on")
    assert terminal.finish() == 0
    assert worker.poll() is None


def test_ctrl_c_ends_a_wait_and_nothing_else(prompt):
    pid = pid_of(prompt)
    prompt.type("run")
    prompt.sendline("pwd; wait 1000")
    prompt.expect("[\r\n]/osh/globals\r\n")
    prompt.sendintr()
    prompt.expect("interrupted\r\n.*globals> ")
    assert "3" in prompt.type("pr 1 + 2")
    assert not gone(pid)


def test_what_is_typed_during_a_command_is_run_behind_it(prompt):
    prompt.sendline("pwd; wait 1; pr 100 + 1")
    prompt.expect("[\r\n]/osh/globals\r\n")
    prompt.send("pr 200 + 2\rwait 0.2\rpr 3000\x1b[D\x7f")
    prompt.expect_exact("101\r\n")
    prompt.expect("[\r\n]202\r\n")
    prompt.sendline(" + 3")  # the cursor stands in front of the last digit
    prompt.expect("[\r\n]60\r\n")
    prompt.send("wait 0.2\r\x04")
    assert prompt.finish() == 0


@pytest.mark.parametrize("typed", ["", "half a li", "wait 1000\r"])
def test_for_sets_an_end_at_the_prompt_too(tool, worker, typed):
    terminal = tool.terminal("attach", "--for", "0.5", worker.pid).ready()
    terminal.send(typed)
    terminal.expect("the time of --for is over\r\n")
    terminal.expect(f"detached; process {worker.pid} goes on")
    assert terminal.finish() == 0
    assert worker.poll() is None


@pytest.fixture
def job(tool, shop):
    """A prompt as a job of a shell."""
    terminal = tool.terminal("--norc", "--noprofile", "-i", command="bash", env={"PS1": "$ "})
    terminal.expect_exact("$ ")
    terminal.sendline(f"{tool.path} open {shop}")
    return terminal.ready()


def test_ctrl_z_stops_and_fg_brings_the_prompt_back(job):
    job.send("pr 40 + ")
    job.expect_exact("pr 40 + ")
    for _ in range(2):
        job.send("\x1a")
        job.expect("Stopped")
        job.expect_exact("$ ")
        job.sendline("stty -a")
        job.expect(" icanon.* echo ")
        job.expect_exact("$ ")
        job.sendline("fg")
        job.expect("globals> pr 40 \\+ ")
    job.sendline("2")
    job.expect("[\r\n]42\r\n")
    job.ready()


def test_ctrl_z_stops_a_command_too(job):
    job.sendline("wait 2; pr 6 * 7")
    job.expect_exact("6 * 7\r\n")
    job.send("\x1a")
    job.expect("Stopped")
    job.sendline("fg")
    job.expect_exact("42\r\n")
    assert "3" in job.ready().type("pr 1 + 2")


@pytest.fixture
def long_tables(tool, compiled):
    """The prompt in a program with tables so long that to print all that they lead to takes a while."""
    program = tool.listen(compiled("long.c"))
    assert program.stdout.readline() == "filled\n"
    terminal = tool.terminal("attach", program.pid).ready()
    terminal.type("set max_elements 1000000")
    yield terminal
    program.kill()
    program.wait()


@pytest.mark.parametrize("command", ["pr/12 table", "set pretty_print false; pr/12 table"])
def test_ctrl_c_ends_what_takes_long_to_print(long_tables, command):
    long_tables.sendline(command)
    long_tables.expect_exact("\n")
    time.sleep(0.3)
    long_tables.sendintr()
    long_tables.expect("interrupted")
    long_tables.ready()
    assert "42" in long_tables.type("pr 6 * 7")
    long_tables.sendline("quit")
    assert long_tables.finish() == 0


def test_ctrl_c_ends_what_takes_long_to_show(long_tables):
    long_tables.sendline("pr table")
    long_tables.expect_exact("(struct node *) ")
    time.sleep(0.3)  # nobody reads, and the terminal is full
    long_tables.sendintr()
    long_tables.ready()
    assert len(long_tables.before) < 1 << 20
    assert "42" in long_tables.type("pr 6 * 7")
    long_tables.sendline("quit")
    assert long_tables.finish() == 0


def test_sigterm_ends_the_shell_while_it_prints(long_tables):
    long_tables.sendline("pr/12 table")
    long_tables.expect_exact("\n")
    time.sleep(0.3)
    long_tables.kill(signal.SIGTERM)
    long_tables.expect("interrupted")
    long_tables.finish()
