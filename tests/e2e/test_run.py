# SPDX-License-Identifier: BSD-2-Clause
"""otrace run in batch: the program keeps its streams, its status, its Ctrl-C."""
import os
import re
import signal
import subprocess

import pytest

PLAIN = "hello ann\nhello bob\nhello cleo\n120 1.5 46\n"


def test_a_program_alone_just_runs(tool, shop):
    done = tool(shop)
    assert (done.status, done.out, done.err) == (0, PLAIN, "")


def test_its_exit_status_is_ours(tool, shop):
    assert tool(shop, "exit", "7").status == 7


def test_a_signal_is_128_and_its_number(tool, shop):
    done = tool(shop, "kill", str(int(signal.SIGSEGV)))
    assert done.status == 128 + signal.SIGSEGV
    assert "killed by signal 11" in done.err


def test_its_standard_input_is_its_own(tool, shop):
    read, write = os.pipe()
    os.write(write, b"A")
    os.close(write)
    done = tool(shop, "read", stdin=read)
    os.close(read)
    assert done.out.startswith("got 65\n")


def test_the_environment_is_put_back_before_main(tool, compiled, tmp_path):
    program = compiled("environment.c")
    plain = subprocess.run([program], env=tool.env, capture_output=True, text=True, check=True).stdout
    assert tool(program).out == plain
    preload = dict(LD_PRELOAD=os.fspath(compiled("late.c", "-shared", "-fPIC")))
    plain = subprocess.run([program], env=dict(tool.env, **preload), capture_output=True, text=True, check=True).stdout
    assert "LD_PRELOAD" in plain
    assert tool(program, env=preload).out == plain


def test_not_found_is_127(tool):
    done = tool("run", "./no-such-program")
    assert done.status == 127
    assert "no-such-program" in done.err and "No such file" in done.err


def test_not_executable_is_126(tool, tmp_path):
    (tmp_path / "data").write_text("x")
    done = tool("run", "./data")
    assert done.status == 126
    assert "Permission denied" in done.err


def test_a_usage_error_is_125(tool):
    done = tool("run", "--no-such-option", "true")
    assert done.status == 125
    assert "--no-such-option" in done.err


def test_a_program_without_instrumentation_still_runs(tool, compiled):
    done = tool.run(["trace main"], compiled("shop.c", plugin=False), "exit", "3")
    assert done.status == 3
    assert done.out == PLAIN
    assert "not instrumented" in done.err and "otrace cc" in done.err


def test_a_static_program_without_the_runtime_still_runs(tool, compiled):
    done = tool.run(["trace main"], compiled("shop.c", "-static"), "exit", "3")
    assert done.status == 3
    assert done.out == PLAIN
    assert "statically linked" in done.err and "-lotrace" in done.err


def test_an_unwritable_socket_folder_is_125(tool, shop, tmp_path):
    done = tool(shop, env={"TMPDIR": str(tmp_path / "missing")})
    assert done.status == 125
    assert "cannot make a folder for the socket" in done.err


def test_a_missing_runtime_is_125(tool, shop):
    done = tool(shop, env={"OTRACE_RUNTIME": "/nonexistent.so"})
    assert done.status == 125
    assert "OTRACE_RUNTIME=/nonexistent.so" in done.err


def test_nothing_is_left_in_the_temporary_folder(tool, shop, tmp_path):
    tool.run(["trace *"], shop)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("otrace-run")]


def test_results_go_to_output_and_traces_to_error(tool, shop):
    done = tool.run(["trace add", "run", "pr 1 + 2"], shop)
    assert done.out == f"Tracing -c all add\n{PLAIN}3\n"
    lines = done.err.splitlines()
    assert len(lines) == 6
    assert re.fullmatch(r"add:tr-call:\d{6}-\d\d-\d\d-\d\d\.\d+ a=2, b=1", lines[0])
    assert re.fullmatch(r"add:tr-call:\d{6}-\d\d-\d\d-\d\d\.\d+ return 3  \(\d+\.\d\d [um]?s\)", lines[1])


def test_a_failed_command_is_reported_and_the_rest_run(tool, shop):
    done = tool.run(["trace nothing_like_it", "pr 6 * 7"], shop)
    assert done.status == 0
    assert "42\n" in done.out and done.out.endswith(PLAIN)
    assert "nothing_like_it" in done.err


def test_commands_come_from_files_in_order(tool, shop, tmp_path):
    (tmp_path / "script").write_text("# a comment\n\npr 2\nwait 0; pr 3\npr 4\n")
    done = tool("run", "-e", "pr 1", "-x", "script", "-e", "pr 5", shop)
    assert done.out == "1\n2\n3\n4\n5\n" + PLAIN


def test_a_missing_script_is_said_and_the_program_runs(tool, shop):
    done = tool("run", "-x", "missing", shop)
    assert done.out == PLAIN
    assert "missing" in done.err


def test_go_starts_before_the_first_command(tool, shop):
    done = tool.run(["run"], shop, options=["--go"])
    assert "already" in done.err or "has ended" in done.err
    assert done.out == PLAIN


def test_quit_before_run_ends_the_program_and_says_so(tool, shop):
    done = tool.run(["quit", "pr 1"], shop)
    assert done.out == ""
    assert "ending the program" in done.err and "killed" not in done.err
    assert done.status == 128 + signal.SIGTERM


def test_a_function_is_called_on_the_main_thread(tool, shop):
    done = tool.run(["run add 40 2", "run half 5", "run fact 3"], shop)
    assert done.out == "42\n2.5\n6\n" + PLAIN


def test_arguments_that_do_not_fit_are_refused(tool, shop):
    done = tool.run(["run add 1", "run add 1 x", "run add 1 99999999999", "run no_such 1"], shop)
    assert done.out == PLAIN
    for text in ("int add(int a, int b)", '"x" is no int', "does not fit into int", "no_such"):
        assert text in done.err


def test_f_ends_with_the_result(tool, shop):
    done = tool("run", "-f", "add", shop, "3", "4")
    assert (done.status, done.out) == (7, "7\n")


def test_f_comes_behind_the_commands(tool, shop, tmp_path):
    (tmp_path / "script").write_text("pr 1 + 1\n")
    done = tool("run", "-e", "trace add", "-x", "script", "-f", "add", shop, "3", "4")
    assert (done.status, done.out) == (7, "Tracing -c all add\n2\n7\n")
    assert "a=3, b=4" in done.err and "return 7" in done.err
    done = tool("run", "-e", "quit", "-f", "add", shop, "3", "4")
    assert (done.status, done.out) == (128 + signal.SIGTERM, "")


def test_a_variable_is_no_function_to_call_or_trace(tool, shop):
    done = tool("run", "-f", "counter", shop)
    assert (done.status, done.err) == (125, "otrace: counter is a variable, no function\n")
    done = tool.run(["trace counter", "patch add with counter"], shop)
    assert done.err == 2 * "otrace: counter is a variable, no function\n"


def test_f_gives_a_function_like_main_the_arguments(tool, shop):
    done = tool("run", "-f", "like_main", shop, "a b", "c")
    assert (done.status, done.out) == (3, "[name][a b][c]\n3\n") or (done.status, done.out) == (
        3, "3\n[name][a b][c]\n")
    done = tool.run(["run like_main", "run like_main x"], shop, "y")
    assert "2\n" in done.out and "own argc and argv" in done.err


def test_safe_mode_refuses_calls_and_patches(tool, shop):
    done = tool.run(["run add 1 2", "patch add with multiply", "patch"], shop, options=["--safe"])
    assert done.out == "nothing is patched\n" + PLAIN
    assert done.err.count("safe mode") == 2


def test_sigterm_goes_to_the_program(tool, shop):
    process = subprocess.Popen([tool.path, "run", "-e", "pr 1", shop, "work"], cwd=tool.folder, env=tool.env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "1\n"
    process.send_signal(signal.SIGTERM)
    process.stdout.close()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM


def test_a_program_that_replaces_itself_keeps_its_status(tool, shop):
    done = tool.run(["trace *"], shop, "exec")
    assert done.status == 9


def test_variables_stay_readable_after_the_end(tool, shop):
    done = tool.run(["pr counter", "run", "pr counter", "status", "ls"], shop)
    before, after = [line for line in done.out.splitlines() if re.fullmatch(r"\d+", line)]
    assert (int(before), int(after)) == (5, 8)
    assert "ended" in done.out and "counter" in done.out


def test_memory_of_a_program_that_was_killed_is_gone_and_says_so(tool, shop):
    done = tool.run(["run", "pr counter"], shop, "kill", "9")
    assert "the program has ended: its memory is gone" in done.out


@pytest.mark.parametrize("command", ["trac add", "tracee *", "helpp"])
def test_a_misspelt_command_gets_the_nearest(tool, shop, command):
    done = tool.run([command], shop)
    assert ("trace" if command.startswith("t") else "help") in done.err
    assert done.out == PLAIN


def test_our_own_standard_streams_may_be_closed(tool, shop):
    """Results that nobody reads must not go to the program's socket or memory."""
    script = f'exec "{tool.path}" run -e "pr shop.first" -e "trace tick" -e run -e status -- "{shop}" exit 7 <&- >&-'
    done = subprocess.run(["sh", "-c", script], cwd=tool.folder, env=tool.env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (7, "")


def test_a_run_without_a_program_is_a_usage_error(tool):
    done = tool("run")
    assert (done.status, done.out) == (125, "")
    assert "a program to start is missing" in done.err
    done = tool()
    assert done.status == 0 and "otrace attach" in done.out


@pytest.mark.parametrize("script, part", [(None, "Is a directory"), (b"pr 1\n\0pr 2\n", "NUL byte")])
def test_a_script_that_cannot_be_read_is_an_error(tool, shop, tmp_path, script, part):
    if script is None:
        (tmp_path / "script").mkdir()
    else:
        (tmp_path / "script").write_bytes(script)
    done = tool("open", "-x", "script", shop)
    assert done.status == 1 and part in done.err
    done = tool("run", "-x", "script", shop, "exit", "7")
    assert done.status == 7 and part in done.err


@pytest.mark.parametrize("command", ["status x", "swapd x", "quit now"])
def test_words_that_nobody_asked_for_are_refused(tool, shop, command):
    done = tool.run([command, "pr 6 * 7"], shop)
    assert "takes no arguments" in done.err
    assert done.out == "42\n" + PLAIN


@pytest.mark.parametrize("where", ["results", "json", "json on output", "messages"])
def test_what_cannot_be_written_is_a_failure(tool, shop, where):
    options = {"json": "--json=/dev/full", "json on output": "--json"}.get(where, "--safe")
    stream = 2 if where == "messages" else 1
    for mode, status in (("open", 1), ("run", 7)):
        with open("/dev/full", "w", encoding="ascii") as full:
            streams = {1: subprocess.PIPE, 2: subprocess.PIPE}
            if where != "json":
                streams[2 if where == "json on output" and mode == "run" else stream] = full
            done = subprocess.run([tool.path, mode, options, "-e", "pr 1", "-e", "status",
                                   *(["-e", "nosuch"] if where == "messages" else []), shop,
                                   *(["exit", "7"] if mode == "run" else [])], cwd=tool.folder, env=tool.env,
                                  stdout=streams[1], stderr=streams[2], text=True, timeout=60, check=False)
        assert done.returncode == status
        if streams[2] == subprocess.PIPE:
            assert done.stderr.count("No space left on device") == 1


@pytest.mark.parametrize("word, status, part", [
    ("trace", 0, "trace [-a ACTION] [-c COND]"), ("attach", 0, "otrace attach [OPTIONS] PID|NAME"),
    ("run", 0, "In the shell: run [FUNCTION"), ("run trace", 0, "trace [-a ACTION] [-c COND]"),
    ("trace attach", 0, "otrace attach [OPTIONS] PID|NAME"), ("-- trace", 0, "trace [-a ACTION] [-c COND]"),
    ("--json trace", 0, "trace [-a ACTION] [-c COND]"), ("*", 0, "untrace"),
    ("trac", 2, "did you mean trace, tag or tree?"), ("run trac", 2, "did you mean trace, tag or tree?"), ("-q", 2, "unknown option -q")])
def test_help_of_a_command_needs_no_program(tool, word, status, part):
    done = tool("help", *word.split())
    assert done.status == status and part in (done.err if status else done.out), done
    assert not status or not done.out


def test_the_word_help_behind_an_option_is_no_question(tool):
    done = tool("attach", "-h", "-e", "help", "123")
    assert done.status == 0 and done.out == tool("--help").out


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["ps"]])
def test_help_that_cannot_be_written_is_a_failure(tool, args):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([tool.path, *args], env=tool.env, stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=60, check=False)
    assert done.returncode == 1 and "No space left on device" in done.stderr
