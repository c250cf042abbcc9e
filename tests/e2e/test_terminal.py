# SPDX-License-Identifier: BSD-2-Clause
"""The prompt, on a real terminal."""
import os
import signal

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
    prompt.send("unt\t")
    prompt.expect_exact("untrace ")
    prompt.send("\x15trace --w\t")
    prompt.expect_exact("trace --wait ")
    prompt.send("\x15trace wrong_a\t")
    prompt.expect_exact("wrong_arguments ")
    prompt.send("\x15pr coun\t")
    prompt.expect_exact("counter")


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
    assert "1\r\n2\r\n" in prompt.type("pr 1; pr 2")


def test_a_call_on_the_main_thread_is_told_when_it_is_over(prompt):
    prompt.sendline("run add 1 2")
    prompt.expect("add has returned")


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
