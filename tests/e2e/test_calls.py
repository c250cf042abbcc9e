# SPDX-License-Identifier: BSD-2-Clause
"""Functions called from the shell: `call` beside the program's threads, `run f` and `run -f` on its main thread."""
import os
import random
import re
import signal
import subprocess

import pytest
from waiting import wait_until

FLAGS = ("-Wno-deprecated-non-prototype",)


@pytest.fixture(scope="session")
def calls(compiled):
    return compiled("calls.c", *FLAGS)


@pytest.fixture(scope="session")
def expected(calls):
    """What the compiled calls give, by the words that make the same call from the shell."""
    lines = subprocess.run([calls], capture_output=True, text=True, check=True).stdout.splitlines()
    functions = {line.split()[0] for line in lines}
    assert len(lines) == len(functions) == 22
    return lines


@pytest.fixture
def serving(tool, calls):
    process = tool.listen(calls, "serve")
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


def numbers(text):
    """As C prints them, letters behind characters left out."""
    text = re.sub(r" '(\\.[0-7]*|[^\\])'", "", text)
    return [float(word) for word in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.sub(r"\w+ = ", "", text))]


def split_call(line, text):
    """The words of the call, and the numbers that it gave: as many as the shell shows, from the end."""
    found = numbers(text)
    words = line.split()
    return " ".join(words[:-len(found)]), [float(word) for word in words[-len(found):]]


def check_all(tool_call, expected):
    """Every line of expected, made from the shell; tool_call(commands) gives their texts."""
    commands = [re.sub(r"^(of_either either) .*", r"\1", line) for line in expected]
    known = {"of_small": 2, "of_mixed": 2, "of_floats": 3, "of_pair": 2, "of_big": 5, "of_bits": 3, "of_either": 0,
             "of_tight": 2, "of_zd": 2, "of_zf": 2, "of_zl": 2}
    calls, wanted = [], []
    for line in commands:
        words = line.split()
        count = known.get(words[0], 1)
        calls.append(" ".join(words[:len(words) - count]))
        wanted.append([float(word) for word in words[len(words) - count:]] if count else None)
    for call, want, text in zip(calls, wanted, tool_call(calls)):
        if want is None:
            assert text.startswith("{d = 5, "), (call, text)
        else:
            assert numbers(text) == pytest.approx(want, rel=1e-6), (call, text)


def test_every_class_of_argument_and_result_is_what_the_compiler_gives(tool, serving, expected):
    def through(calls):
        done = tool.attach([f"call {call}" for call in calls], serving.pid, ["--unsafe"])
        assert done.status == 0, done.out
        return [done.result(f"call {call}")["text"] for call in calls]

    check_all(through, expected)


def test_the_held_main_thread_takes_the_same_calls_in_a_row(tool, calls, expected):
    def through(words):
        done = tool.json([f"run {call}" for call in words], calls)
        assert done.status == 0
        return [done.result(f"run {call}")["text"] for call in words]

    check_all(through, expected)


def test_texts_pointers_and_enumerators_are_words(tool, serving):
    commands = {"call copy 'hello you'": '"hello you"', "call sum numbers 3": "60", "call sum &numbers[1] 2": "50",
                "call next_color RED": "BLUE", "call is_odd 3": "true", "call schar 'a'": "96 '`'", "call nothing": "77",
                "call of_wide wide": "92233720368547758090", "call is_odd 'counter + 1'": "false",
                "call half counter": "2.5", "call set_counter 8": "", "call large 0xffffffffffffffff": "0"}
    done = tool.attach([*commands, "pr counter"], serving.pid, ["--unsafe"])
    for command, text in commands.items():
        assert done.result(command)["text"] == text, command
    assert done.result("pr counter")["text"] == "8"


@pytest.mark.parametrize("command, part", [
    ("call", "which function"), ("call no_such_function", 'no function "no_such_function"'),
    ("call printf x", "printf was not compiled with otrace"), ("call malloc x", "malloc was not compiled with otrace"),
    ("call counter", "counter is a variable"), ("call crash 1 2", "2 arguments given: int crash(int n)"),
    ("call crash", "0 arguments given"), ("call crash x", 'n: "x" is no int'), ("call half 1x", 'd: "1x" is no double'),
    ("call of_pair mixed", "p: struct mixed cannot become struct pair"),
    ("call schar 128", "c: 128 does not fit into signed char"), ("call schar -129", "does not fit"),
    ("call large -1", "does not fit into unsigned long long"), ("call sum 5 1", "NULL, an address (0x...), or &variable"),
    ("call sum mixed 1", "struct mixed cannot become const int *"),
    ("call of_pair 5", "int cannot become struct pair"), ("call of_pair nowhere", '"nowhere" is no struct pair'),
    ("call -t 4194303 nothing", "no such thread"), ("call -t x nothing", "-t wants the number"),
    ("call -w 0 nothing", "-w wants seconds"), ("call -w", "-w what?"), ("call -z nothing", "has no option -z; it has -t -w"),
    ("call never_seen 1 2 3", "the optimizer has changed what it takes"),
])
def test_a_call_that_cannot_be_says_why(tool, serving, command, part):
    done = tool.attach([command, "call nothing"], serving.pid, ["--unsafe"])
    assert part in done.result(command)["error"]
    assert done.result("call nothing")["text"] == "77"
    assert done.status == 1


def test_calls_are_refused_in_safe_mode(tool, serving):
    done = tool.attach(["call nothing"], serving.pid)
    assert "safe mode" in done.result("call nothing")["error"]


def test_a_program_file_has_nothing_to_call(tool, calls):
    done = tool("open", "-e", "call nothing", calls)
    assert done.status == 1 and "this is a program file" in done.err


def test_the_function_finds_the_programs_files_and_a_libc_of_its_own(tool, serving):
    done = tool.attach(["call libc_works abc"], serving.pid, ["--unsafe"])
    assert done.result("call libc_works abc")["text"] == "3"
    assert serving.stdout.readline() == "said abc:42\n"


def test_threads_of_ours_leave_the_real_time_priority_of_the_program(tool, calls):
    """But for the one that callers may spin for."""
    before = os.sched_getscheduler(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        pytest.skip("kernel: no real-time priority to be had")
    try:
        process = tool.listen(calls, "serve")
    finally:
        os.sched_setscheduler(0, before, os.sched_param(0))
    tool.attach(["call nothing"], process.pid, ["--unsafe"])
    task = f"/proc/{process.pid}/task"
    policies = {name_of(f"{task}/{tid}"): os.sched_getscheduler(int(tid)) for tid in os.listdir(task)}
    process.kill()
    process.wait()
    process.stdout.close()
    assert policies.pop("oshell-seed") == policies.pop("oshell-call") == os.SCHED_OTHER
    assert set(policies.values()) == {os.SCHED_FIFO} and "oshell" in policies


def test_a_slow_call_is_given_up_and_the_rest_goes_on(tool, serving):
    done = tool.attach(["call -w 0.3 nap 2", "call nothing", "pr counter", "wait 2.2", "call nothing"], serving.pid,
                       ["--unsafe"])
    assert "it has not returned in time; the call goes on" in done.result("call -w 0.3 nap 2")["error"]
    texts = [e for e in done.of("result") if e["command"] == "call nothing"]
    assert "has not returned yet" in texts[0]["error"] and texts[1]["text"] == "77"
    assert done.result("pr counter")["text"] == "5"


def test_a_shell_that_is_killed_in_a_call_leaves_it_to_finish(tool, serving):
    shell = subprocess.Popen([tool.path, "attach", "--unsafe", "-e", "call nap 2", str(serving.pid)], cwd=tool.folder,
                             env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    task = f"/proc/{serving.pid}/task"
    wait_until(lambda: any(name_of(f"{task}/{tid}") == "oshell-call" for tid in os.listdir(task)), "no call")
    shell.kill()
    shell.wait()
    done = tool.attach(["call nothing", "wait 2.2", "call whose"], serving.pid, ["--unsafe"])
    assert "has not returned yet" in done.result("call nothing")["error"]
    assert int(done.result("call whose")["text"]) > 0
    assert serving.poll() is None


def name_of(task):
    try:
        with open(f"{task}/comm", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


@pytest.mark.parametrize("call, status", [("end 6", 6), ("crash 1", -signal.SIGSEGV)])
def test_a_program_that_ends_in_a_call_is_told(tool, serving, call, status):
    done = tool.attach([f"call {call}"], serving.pid, ["--unsafe"])
    assert "the program ended in the call" in done.result(f"call {call}")["error"]
    assert serving.wait(20) == status


def test_a_thread_that_is_ended_and_a_child_that_comes_back_do_no_harm(tool, serving):
    done = tool.attach(["call leave 3", "call fork_and_return", "call nothing"], serving.pid, ["--unsafe"])
    assert "ended its thread" in done.result("call leave 3")["error"]
    assert done.result("call fork_and_return")["text"] == "1"
    assert done.result("call nothing")["text"] == "77"


def test_a_traced_or_patched_function_is_called_as_it_is_now(tool, serving):
    done = tool.attach(["trace schar", "call schar 5", "wait 0.3", "untrace schar", "patch half with quarter",
                        "call half 2", "unpatch half", "call half 2"], serving.pid, ["--unsafe"])
    assert done.result("call schar 5")["text"].startswith("4")
    assert [e["args"]["c"] for e in done.of("call", "schar")] == [5]
    assert [e["value"] for e in done.of("return", "schar")] == [4]
    assert [e["text"] for e in done.of("result") if e["command"] == "call half 2"] == ["0.5", "1"]


def test_results_as_json(tool, serving):
    done = tool.attach(["call of_mixed mixed 3", "call copy hi", "call set_counter 1"], serving.pid, ["--unsafe"])
    assert done.result("call of_mixed mixed 3")["value"] == {"d": 4.5, "i": -10}
    assert done.result("call copy hi")["value"] == "hi"
    assert "value" not in done.result("call set_counter 1")


def test_ctrl_c_gives_a_call_up(tool, calls):
    terminal = tool.terminal("run", "--go", calls, "serve").ready()
    terminal.sendline("call -w 60 nap 3")
    terminal.expect_exact("nap 3")
    wait_until(lambda: "oshell-call" in threads_of(terminal), "no call")
    terminal.sendintr()
    terminal.expect("interrupted; the call goes on")
    terminal.ready()
    assert "has not returned yet" in terminal.type("call nothing")
    terminal.sendline("quit")
    terminal.finish()


def threads_of(terminal):
    """Names of all threads of the shell's children."""
    with open(f"/proc/{terminal.pid}/task/{terminal.pid}/children", encoding="ascii") as file:
        children = file.read().split()
    return [name_of(f"/proc/{child}/task/{tid}") for child in children for tid in os.listdir(f"/proc/{child}/task")]


def test_a_called_function_may_print_more_than_a_terminal_holds(tool, calls):
    terminal = tool.terminal("run", "--go", calls, "serve").ready()
    assert "said xyz:42" in terminal.type("call libc_works xyz")
    terminal.sendline("quit")
    terminal.finish()


def test_run_f_several_times_then_main(tool, calls):
    done = tool.run(["run nothing", "run set_counter 9", "run sum &numbers 3", "run copy 'a b'", "run half 5", "pr counter",
                     "run nothing 1", "run no_such", "run printf x", "run sum", "run"], calls)
    assert done.out.startswith('77\n60\n"a b"\n2.5\n9\nof_small')
    for part in ("1 argument given: int nothing(void)", 'no function "no_such"', "printf was not compiled with otrace",
                 "0 arguments given: int sum(const int *of, int nr)"):
        assert part in done.err
    assert done.status == 0


def test_run_f_at_the_prompt_tells_the_result_when_it_comes(tool, calls):
    terminal = tool.terminal("run", calls, "serve").ready()
    terminal.sendline("run nap 1")
    terminal.expect("Running nap")
    terminal.ready()
    assert "a call is still running: nap" in terminal.type("run nothing")
    terminal.expect("nap has returned 1")
    terminal.sendline("run nothing")
    terminal.expect("nothing has returned 77")
    terminal.ready()
    terminal.sendline("quit")
    terminal.finish()


@pytest.mark.parametrize("words, status, out", [
    (["-f", "schar", "5"], 4, "4 '\\004'\n"), (["-f", "large", "299"], 300 % 256, "300\n"),
    (["-f", "set_counter", "3"], 0, ""), (["-f", "half", "5"], 0, "2.5\n"), (["-f", "next_color", "RED"], 40, "BLUE\n"),
    (["-f", "end", "11"], 11, ""), (["-f", "printf", "x"], 125, ""), (["-f", "crash", "x"], 125, "")])
def test_run_with_f_ends_with_an_integer_result(tool, calls, words, status, out):
    done = tool("run", *words[:2], calls, *words[2:])
    assert (done.status, done.out) == (status, out), done.err


def test_a_program_that_is_ended_during_a_call_is_told(tool, serving):
    shell = subprocess.Popen([tool.path, "attach", "--unsafe", "-e", "call -w 50 nap 50", str(serving.pid)], cwd=tool.folder,
                             env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    task = f"/proc/{serving.pid}/task"
    wait_until(lambda: any(name_of(f"{task}/{tid}") == "oshell-call" for tid in os.listdir(task)), "no call")
    serving.terminate()
    _, err = shell.communicate(timeout=60)
    assert shell.returncode == 1 and "nap: the program ended in the call" in err


def test_no_words_harm_the_shell_or_the_program(tool, serving, tmp_path):
    chance = random.Random(7)
    functions = ["half", "schar", "is_odd", "of_small", "of_pair", "of_big", "of_zd", "of_wide", "many", "nine",
                 "next_color", "place", "large", "with_empty"]
    words = ["1", "-1", "0x", "1e400", "nan", "'", "\"a", "\\", "small", "pair.a", "&pair", "*", "&", "NULL", "99999999999999999999",
             "numbers[999999]", "(", "a b", "zd", "1.5", "RED", "-t", "-w", "$(", "main", "&main", "%s", "numbers", "wide", "\x01"]
    lines = [f"call {chance.choice(functions)} " + " ".join(chance.choice(words) for _ in range(chance.randrange(6)))
             for _ in range(400)]
    (tmp_path / "script").write_text("\n".join(lines) + "\ncall nothing\n")
    done = tool("attach", "--unsafe", "-x", "script", str(serving.pid))
    assert done.status == 1 and done.out.endswith("77\n")
    assert serving.poll() is None


def test_calls_are_part_of_expressions(tool, calls):
    """Texts and elements that are written in the expression are put into the process for the call."""
    done = tool.run(['pr libc_works("a\\"b") + 1', "whose() == whose()", "deep(3) + 1", "(*deep)(2)", "deep((char)259)",
                     'deep("x")', 'libc_works("x", 2)', "nosuch(2)"], calls)
    assert done.out.startswith('said a"b:42\n') and "\n4\n1\n10\n9\n9\n" in done.out, done
    assert "char * does not convert to int" in done.err and "libc_works takes 1 argument, not 2" in done.err
    assert 'no variable, function or constant "nosuch"' in done.err


def test_calls_in_expressions_are_refused_in_safe_mode(tool, calls):
    done = tool("run", "--safe", "-e", "deep(3)", "--", calls)
    assert "safe mode" in done.err and "--unsafe" in done.err
    assert "nothing runs here" in tool("open", "-e", "deep(3)", calls).err


def test_all_threads_follow_when_ids_are_changed(tool, calls, serving):
    """setgid() waits until every thread has handled a signal of glibc's: ours must not keep it blocked."""
    done = tool("attach", "--unsafe", "-e", "call change_ids", "-e", "call whose", "-e", "call change_ids", serving.pid)
    assert done.status == 0 and done.out.startswith("0\n") and done.out.endswith("\n0\n"), done
    done = tool.run(["run change_ids"], calls)
    assert "0\n" in done.out, done
