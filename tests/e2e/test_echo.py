# SPDX-License-Identifier: BSD-2-Clause
"""A copy of all that the shell prints: set echo_file, and otrace_set_echo() for the shell inside a program."""
import os
import re
import subprocess

import pytest

from waiting import TIMEOUT


def test_a_file_gets_results_messages_and_traces_behind_what_it_has(tool, shop):
    copy = tool.folder / "the copy"
    copy.write_text("before\n")
    done = tool.run([f"set echo_file {copy}", "trace add", "nothing", "run", "pr 40 + 2"], shop)
    lines = copy.read_text().splitlines()
    printed = [line for line in (done.out + done.err).splitlines() if not line.startswith(("hello", "120"))]
    assert lines[0] == "before" and sorted(lines[1:]) == sorted(printed)
    assert sum("tr-call" in line for line in lines) == 6 and lines[-1] == "42"


def test_it_goes_on_beside_json_and_has_that_where_it_is_printed(tool, worker):
    copy = tool.folder / "copy"
    done = tool.attach([f"set echo_file {copy}", "pr 40 + 2", "set echo_file", "pr 7"], worker.pid)
    lines = copy.read_text().splitlines()
    assert [line for line in lines if '"42"' in line] and not [line for line in lines if '"hello"' in line]
    assert done.result("pr 7")["text"] == "7"


def test_at_the_prompt_what_is_typed_and_what_a_pager_shows_is_in_it(tool, shop):
    copy = tool.folder / "copy"
    shell = tool.terminal("run", "--", shop, env={"PAGER": "cat"}, dimensions=(12, 120)).ready()
    shell.type(f"set echo_file {copy}")
    shell.type("pr 40 + 2")
    shell.type("set")
    shell.sendline("quit")
    shell.finish()
    text = copy.read_text()
    assert re.search(r"globals> pr 40 \+ 2\n42\n", text) and re.search(r"> set\n(?:.* = .*\n){20}", text)
    assert "\nglobals> quit\nending the program" in text


def test_what_cannot_be_written_is_said_and_nobody_waits(tool, shop):
    done = tool.run(["set echo_file /dev/full", "pr 40 + 2", "pr 1"], shop)
    assert done.err.count("echo_file /dev/full: No space left on device; parts of the copy are lost") == 1
    assert "42\n1\n" in done.out
    os.mkfifo(tool.folder / "pipe")
    done = tool.json(["set echo_file pipe", "set echo_file /nowhere/x", "set echo_file"], shop)
    assert "cannot append to pipe: nobody reads the pipe" in done.result("set echo_file pipe")["error"]
    assert "No such file" in done.result("set echo_file /nowhere/x")["error"]
    reader = os.open(tool.folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    done = tool.run(["set echo_file pipe", "trace -q tick", "run", "log -n 100000"], shop, "burn", "20000")
    os.close(reader)
    assert "echo_file pipe: its reader is too slow; parts of the copy are lost" in done.err
    assert done.out.count("tick:tr-call") > 1000 or done.out.count("tick") > 1000


@pytest.fixture(scope="session")
def piped(compiled, source, build):
    return compiled("piped.c", f"-I{source}/runtime/include", f"-I{source}/shell/include", f"-L{build}/lib", "-loshell",
                    "-lotrace", f"-Wl,-rpath,{build}/lib")


@pytest.mark.parametrize("way, setting, said, mine", [
    ("pipe", "set echo_file pipe", "echo_file pipe: Broken pipe", -1),
    ("pipe", "set log_sink file:pipe", "cannot write the log: Broken pipe", -1),
    ("number", "set log_sink file:log", "cannot write the log: Bad file descriptor", 0)])
def test_a_program_survives_what_becomes_of_the_files_of_its_shell(tool, piped, way, setting, said, mine):
    done = subprocess.run([piped, way, setting, "pr 1"], env=tool.env, cwd=tool.folder, capture_output=True, text=True,
                          timeout=TIMEOUT, check=False)
    assert done.returncode == 0 and said in done.stdout and done.stdout.endswith(f"alive, {mine} bytes of mine\n")


def test_a_log_for_a_pipe_does_not_wait_for_a_reader(tool, shop):
    os.mkfifo(tool.folder / "pipe")
    done = tool.json(["set log_sink file:pipe"], shop)
    assert "cannot append to pipe: nobody reads the pipe" in done.result("set log_sink file:pipe")["error"]


def test_a_program_gets_what_its_shell_prints_while_it_prints(tool, compiled, source, build):
    program = compiled("echoed.c", f"-I{source}/runtime/include", f"-I{source}/shell/include", f"-L{build}/lib", "-loshell",
                       "-lotrace", f"-Wl,-rpath,{build}/lib")
    done = subprocess.run([program], env=tool.env, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    assert done.stdout.startswith("same 1 1, early 1\nTracing -c call mark\n") and done.stdout.endswith("then 0\n")
    assert re.search(r"---\n(?:.*\n)*mark:tr-call:.* n=1\n(?:.*\n)*---", done.stdout) and "nonsense" in done.stdout
