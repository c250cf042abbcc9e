# SPDX-License-Identifier: BSD-2-Clause
"""The comforts of the shell on a real terminal: full-screen programs, the pager, repeat, completion, Ctrl-C."""
import os
import shutil
import signal
import subprocess
import sys
import time

import pexpect
import pytest
from waiting import wait_until

# Takes the whole terminal as an editor does, and leaves it as it should not.
FULL_SCREEN = """\
import os, signal, sys, termios, tty
tty.setraw(0)
mine = os.tcgetpgrp(0) == os.getpgrp()
os.write(1, b"screen %d %d up" % (mine, signal.getsignal(signal.SIGINT) == signal.default_int_handler))
keys = b""
while not keys.endswith(b"q"):
    keys += os.read(0, 1)
os.write(1, b" got " + ascii(keys).encode() + b"\\r\\n")
os.kill(os.getpid(), signal.SIGKILL if sys.argv[1:] else signal.SIGCONT)
"""


@pytest.fixture
def prompt(tool, shop):
    return tool.terminal("run", shop, "work").ready()


@pytest.fixture
def file_prompt(tool, shop):
    return tool.terminal("open", shop).ready()


@pytest.fixture
def full_screen(tool):
    path = tool.folder / "full.py"
    path.write_text(FULL_SCREEN)
    return f"{sys.executable} {path}"


def outside(terminal):
    terminal.sendline("cd /")
    terminal.expect_exact("/> ")
    return terminal


def test_a_full_screen_program_has_the_terminal_and_gives_it_back(prompt, full_screen):
    outside(prompt)
    # a shell that forks for its last command, as dash does, ends with a status of its own
    for how, said in (("", ""), (" killed", "killed by signal 9|exit status 137")):
        prompt.sendline(full_screen + how)
        prompt.expect_exact("screen 1 1 up")
        prompt.send("\x03\x1a\rq")  # Ctrl-C, Ctrl-Z and Enter are keys for it
        prompt.expect_exact("got b'\\x03\\x1a\\rq'")
        prompt.expect(said)
        prompt.expect_exact("/> ")
    prompt.sendline("pr 40 + 2")  # echo and line editing work as before
    prompt.expect("pr 40 \\+ 2\r\n42\r\n")


def test_ctrl_c_ends_the_unix_command_and_not_the_program(prompt):
    prompt.type("run")
    outside(prompt)
    # not a word of the shell itself: dash loses a Ctrl-C that meets it while it starts the command behind
    prompt.sendline(f"""{sys.executable} -c 'import signal, time; signal.signal(2, signal.SIG_DFL); print("up", flush=True)
time.sleep(1000)'""".replace("\n", "; "))
    prompt.expect("up\r\n")
    prompt.sendintr()
    prompt.expect("interrupted\r\n.*/> ")
    prompt.sendline("cd /osh/globals")
    prompt.ready()
    assert "running" in prompt.type("status")


def test_a_shell_that_says_by_its_status_that_it_was_interrupted_was(file_prompt):
    outside(file_prompt)
    file_prompt.sendline("sh -c 'exit 130'")
    file_prompt.expect("interrupted\r\n.*/> ")


def test_ctrl_z_is_no_way_to_lose_a_command(file_prompt):
    outside(file_prompt)
    file_prompt.sendline("echo started; sleep 1; echo over")
    file_prompt.expect("started\r\n")
    file_prompt.send("\x1a")
    file_prompt.expect("over\r\n.*/> ")


def test_unix_commands_read_keys_and_know_the_size(file_prompt):
    outside(file_prompt)
    file_prompt.setwinsize(33, 99)
    file_prompt.sendline("stty size; read word; echo got $word")
    file_prompt.expect("33 99\r\n")
    file_prompt.sendline("hello")
    file_prompt.expect("got hello\r\n")


def test_a_reader_behind_a_pipe_gets_keys(file_prompt, tool):
    (tool.folder / "reads.sh").write_text("grep -c counter; read key < /dev/tty; echo key $key\n")
    file_prompt.sendline(f"ls /osh/globals | sh {tool.folder}/reads.sh")
    file_prompt.expect("[\r\n]1\r\n")
    file_prompt.sendline("pressed")
    file_prompt.expect("key pressed\r\n")
    file_prompt.ready()


def test_traces_wait_until_the_screen_is_ours_again(prompt, full_screen):
    prompt.type("run")
    outside(prompt)
    prompt.sendline(full_screen)
    prompt.expect_exact("screen 1 1 up")
    prompt.send("q")
    prompt.expect_exact("/> ")
    prompt.sendline("trace tick; echo on; sleep 0.5; echo off")
    prompt.expect("[\r\n]on\r\n(.*)off\r\n")
    assert "tick:" not in prompt.match.group(1)
    prompt.expect("tick:tr-call")


def test_long_results_go_through_the_pager_and_short_ones_do_not(tool, shop):
    (tool.folder / "page.sh").write_text('echo PAGER BEGIN; wc -l; echo PAGER END\n')
    terminal = tool.terminal("open", shop, dimensions=(10, 80), env={"PAGER": f"sh {tool.folder}/page.sh"}).ready()
    assert "PAGER" not in terminal.type("pwd")
    terminal.sendline("help *")
    terminal.expect("PAGER BEGIN\r\n *[0-9]+\r\nPAGER END\r\n")
    assert "Ctrl-D" not in terminal.before
    terminal.ready()
    terminal.type('set pager ""')
    assert "PAGER" not in terminal.type("help *")
    terminal.type(f"set pager sh {tool.folder}/page.sh")
    assert "PAGER BEGIN" in terminal.type("help *")


def test_less_is_the_pager_where_nothing_is_said(tool, shop):
    terminal = tool.terminal("open", shop, dimensions=(10, 80), env={"LESS": "-FRX"})
    terminal.ready()
    terminal.type("set pager less -FRX")
    terminal.sendline("help *")
    terminal.expect_exact(":\x1b[K")  # less waits for a key
    terminal.send("q")
    terminal.ready()
    assert "42" in terminal.type("pr 40 + 2")


def test_repeat_has_the_screen_until_enter(prompt):
    prompt.sendline("repeat pr counter")
    prompt.expect_exact("\x1b[?1049h")
    for _ in range(3):
        prompt.expect_exact("\x1b[H\x1b[2J")
        prompt.expect("[\r\n]5\r\n")
    prompt.send("\r")
    prompt.expect_exact("\x1b[?1049l")
    prompt.ready()
    assert "3" in prompt.type("pr 1 + 2")


def test_repeat_ends_with_ctrl_c_and_the_program_goes_on(prompt):
    prompt.type("run")
    prompt.sendline("repeat pwd; pr counter")
    prompt.expect_exact("\x1b[?1049h")
    prompt.expect("/osh/globals\r\n[0-9]+\r\n")
    prompt.sendintr()
    prompt.expect_exact("\x1b[?1049l")
    prompt.ready()
    assert "running" in prompt.type("status")


def test_repeat_ends_with_a_trace_event(prompt):
    prompt.type("trace -c call tick")
    prompt.sendline("repeat run")
    prompt.expect_exact("\x1b[?1049l")
    prompt.expect("tick:tr-call")


def test_repeat_n_times_and_with_a_unix_command(file_prompt):
    outside(file_prompt)
    file_prompt.sendline("repeat -n 2 echo $((40 + 2))")
    file_prompt.expect("42\r\n")
    file_prompt.expect_exact("\x1b[?1049l")
    file_prompt.expect_exact("/> ")


def test_a_line_says_what_takes_more_than_a_second_and_goes_away(tool, worker):
    terminal = tool.terminal("attach", worker.pid).ready()
    worker.send_signal(signal.SIGSTOP)
    terminal.sendline("trace -q tick")
    terminal.expect_exact("\r\x1b[Ktrace -q tick ... 1 s")
    worker.send_signal(signal.SIGCONT)
    terminal.expect_exact("\r\x1b[K")
    terminal.expect("Tracing .*tick\r\n")
    terminal.ready()
    assert "..." not in terminal.type("wait 1.5")


def test_view_e_opens_the_editor_at_the_line(file_prompt, tool):
    (tool.folder / "my editor").write_text("#!/bin/sh\necho edits \"$1\" \"$(basename \"$2\")\"\n")
    (tool.folder / "my editor").chmod(0o755)
    file_prompt.type(f"set editor '\"{tool.folder}/my editor\"'")
    file_prompt.sendline("view -e price")
    file_prompt.expect(r"edits \+\d+ shop.c\r\n")
    file_prompt.ready()


@pytest.mark.parametrize("typed, whole", [
    ("ali\t", "alias "), ("do\t", "doc "), ("set max_d\t", "max_depth "), ("set pretty_print fa\t", "false "),
    ("set color al\t", "always "), ("help outs\t", "outside "), ("help interr\t", "interrupt "), ("popd -\t", "popd -a "),
    ("show pric\t", "price "), ("!coun\t", "!counter "), ("exec coun\t", "counter "), ("repeat -n 3 pr coun\t", "counter "),
    ("pipe pr coun\t", "counter "), ("pwd; set max_s\t", "max_string "), ("alias x\t", "alias x"), ("alias u\t\t", "up"),
    ("source som\t", "some_file "), ("pwd > som\t", "some_file "), ("pwd | cat fold\t", "folder/"),
    ("set osh_\t", "osh_bin "), ("special->nu\t", "special->number "), ("pr shop.fir\t", "shop.first"),
    ("pr shelf[0].nu\t", "shelf[0].number ")])
def test_tab_completes(file_prompt, tool, typed, whole):
    (tool.folder / "some_file").write_text("")
    (tool.folder / "folder").mkdir()
    file_prompt.send(typed)
    file_prompt.expect_exact(whole)


@pytest.mark.parametrize("typed", ["trace 'ad\t\t", 'pr "x\t\t', "set '\t\t", "pr (\t", "pr a[\t", "\\\t", "|\t", "> \t", "!\t\t",
                                   "repeat \t", "view 'pri\t\t"])
def test_tab_behind_an_open_quote_or_bracket_is_harmless(file_prompt, typed):
    file_prompt.setwinsize(200, 120)
    file_prompt.send(typed)
    file_prompt.send("\x15")
    time.sleep(0.1)
    file_prompt.send("\x03")
    file_prompt.expect_exact("^C")
    file_prompt.ready()
    assert "3" in file_prompt.type("pr 1 + 2")


def test_tab_outside_completes_files(file_prompt, tool):
    (tool.folder / "long_name_of_a_file").write_text("inside\n")
    outside(file_prompt)
    file_prompt.send(f"cat {tool.folder}/long_n\t")
    file_prompt.expect_exact("long_name_of_a_file ")
    file_prompt.sendline("")
    file_prompt.expect("inside\r\n")


def test_ctrl_r_searches_the_history(file_prompt):
    file_prompt.type("pr 12 + 34")
    file_prompt.type("pwd")
    file_prompt.send("\x1212 +")
    file_prompt.expect("reverse-i-search")
    file_prompt.send("\r")
    file_prompt.expect("[\r\n]46\r\n")


def test_history_size_is_a_parameter(tool, shop):
    terminal = tool.terminal("open", shop).ready()
    terminal.type("set history_size 3")
    for n in range(6):
        terminal.type(f"pr {n}")
    terminal.sendline("quit")
    terminal.finish()
    lines = (tool.folder / ".local/state/otrace/history").read_text().splitlines()
    assert lines == ["pr 4", "pr 5", "quit"]


def test_log_lines_are_a_parameter(tool, shop):
    terminal = tool.terminal("run", shop, "burn", "3000").ready()
    terminal.type("set log_lines 7")
    terminal.type("trace -c call tick")
    terminal.sendline("run")
    terminal.expect(r"\.\.\. \d+ more lines not printed")
    assert terminal.before.count("tick:tr-call") <= 14
    terminal.expect("ended with status 0")


def test_width_follows_the_terminal_unless_it_is_set(tool, shop):
    terminal = tool.terminal("open", shop).ready()
    terminal.type("set width 20")
    narrow = terminal.type("ls").count("\n")
    terminal.setwinsize(60, 200)
    wait_until(lambda: terminal.type("ls").count("\n") == narrow, "not as narrow as before")
    terminal.type("set width 0")
    wait_until(lambda: terminal.type("ls").count("\n") < narrow, "still narrow")


def test_an_init_file_is_run_before_the_prompt(tool, shop):
    config = tool.folder / ".config/otrace"
    config.mkdir(parents=True)
    (config / "init").write_text("alias hi pr 4242\n")
    terminal = tool.terminal("open", shop).ready()
    assert "4242" in terminal.type("hi")


def test_ctrl_c_stops_what_else_is_on_the_line(prompt):
    prompt.sendline("pwd; wait 1000; pwd")
    prompt.expect("/osh/globals\r\n")
    prompt.sendintr()
    prompt.expect("interrupted(; not run: wait 1000; pwd)?\r\n")
    prompt.ready()
    assert "/osh/globals" not in prompt.before


def test_ctrl_c_that_comes_when_a_command_is_done_says_what_was_not_run(tool, prompt):
    (tool.folder / "one").write_text("pipe pr 1 | kill -INT $PPID\n")
    (tool.folder / "two").write_text("pipe pr 1 | kill -INT $PPID\npr 4242\n")
    prompt.sendline(f"source {tool.folder}/one; pr 4242; pwd")
    prompt.expect("interrupted; not run: pr 4242; pwd\r\n")
    prompt.ready()
    prompt.sendline(f"source {tool.folder}/two; pr 4343")
    prompt.expect("two: interrupted behind line 1\r\n")
    prompt.ready()
    assert "4343" not in prompt.type("pwd").split("pwd", 1)[1]


def test_ctrl_c_stops_a_file_of_commands(tool, prompt):
    (tool.folder / "lines").write_text("wait 1000\npr 4242\n")
    prompt.sendline(f"source {tool.folder}/lines")
    prompt.expect("wait 1000\r\n")
    prompt.sendintr()
    prompt.ready()
    assert "4242" not in prompt.type("pwd")


def test_a_hangup_during_a_unix_command_ends_all(tool, shop):
    terminal = outside(tool.terminal("run", shop, "work").ready())
    terminal.sendline("echo pid $$; exec sleep 1000")
    terminal.expect(r"pid (\d+)\r\n")
    sleeper = int(terminal.match.group(1))
    terminal.kill(15)
    terminal.expect(pexpect.EOF)
    wait_until(lambda: not os.path.exists(f"/proc/{sleeper}"), "the command goes on")


@pytest.mark.parametrize("where, typed, whole", [
    ("/osh/globals", "cd ../ty", "../types"), ("/osh/types/shop", "cd ..", "cd ../"), ("/osh/types/shop", "ls ../../glo", "../../globals"),
    ("/osh/globals/shop", "$.cus", "$.customers "), ("/osh/globals/shop", "pr $.first.nu", "$.first.number "),
    ("/", "pr coun", "counter "), ("/", "pr special->nu", "special->number "), ("/osh/globals", "ls ~~g/coun", "~~g/counter "),
    ("/osh/types", "find /osh -type 'struct it", "'struct item"), ("/osh/globals", "find -type ite", "-type item "), ("/", "cd /os", "cd /osh")])
def test_tab_follows_paths_and_objects(file_prompt, where, typed, whole):
    file_prompt.sendline(f"cd {where}")
    file_prompt.expect_exact("\n")
    file_prompt.expect("> ")
    file_prompt.send(typed + "\t")
    file_prompt.expect_exact(whole)


def test_tab_offers_members_of_the_object_and_leaves_a_type_open(file_prompt):
    file_prompt.sendline("cd shop")
    file_prompt.expect_exact("osh..shop> ")
    file_prompt.send("$.\t\t")
    file_prompt.expect(r"\$\.customers +\$\.earned +\$\.first")
    file_prompt.send("\x15find /osh/globals -type 'struct item\t *' | sed s/special/found/\r")
    file_prompt.expect_exact("/osh/globals/found\r\n")


def test_wait_says_how_long_it_has_waited(file_prompt):
    file_prompt.sendline("wait 100")
    file_prompt.expect_exact("wait 100 ... 1 s")
    file_prompt.expect_exact("wait 100 ... 2 s")
    file_prompt.sendintr()
    file_prompt.ready()


CHAIN = """#include <stdlib.h>
#include <unistd.h>
struct node { int width; struct node *next; };
struct node *list;
int numbers[4096] = {1, 2, 3}, last = 7;
int main(void) {
	list = calloc(1, sizeof(*list));
	list->next = calloc(1, sizeof(*list));
	for (;;)
		pause();
}
"""


@pytest.fixture(scope="module")
def chain(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    (folder / "chain.c").write_text(CHAIN, encoding="ascii")
    subprocess.run(["clang-19", "-g", "-O0", f"-fpass-plugin={build}/lib/otrace.so", "chain.c", "-o", "chain"], check=True,
                   cwd=folder)
    return folder / "chain"


@pytest.mark.parametrize("content", [b"", b"\xff" * 200000], ids=["empty", "other"])
def test_a_file_that_is_written_over_stays_as_it_was_opened(tool, chain, tmp_path, content):
    program = tmp_path / "rewritten"
    shutil.copy(chain, program)
    terminal = tool.terminal("open", program).ready()
    program.write_bytes(content)
    assert "7" in terminal.type("pr last").splitlines()
    assert "6" in terminal.type("pr numbers[0] + numbers[1] + numbers[2]").splitlines()
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_a_command_does_not_wait_for_a_program_that_is_stopped(tool, chain):
    terminal = tool.terminal("run", "--go", chain).ready()
    terminal.type("cd /osh/globals/list/next")
    program = int(subprocess.run(["pgrep", "-P", str(terminal.pid), "chain"], check=True, capture_output=True).stdout)
    os.kill(program, signal.SIGSTOP)
    begin = time.monotonic()
    terminal.type("set")
    took = time.monotonic() - begin
    os.kill(program, signal.SIGKILL)
    terminal.close(force=True)
    assert took < 3


def test_a_fifo_that_nobody_reads_is_refused(tool, shop):
    os.mkfifo(tool.folder / "fifo")
    done = tool.run(["pwd > fifo"], shop)
    assert "cannot write fifo: nobody reads it" in done.err
