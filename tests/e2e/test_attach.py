# SPDX-License-Identifier: BSD-2-Clause
"""otrace attach and ps: joining a process that runs, and leaving it as it was."""
import os
import signal
import subprocess
import time

import pytest
from waiting import wait_until


def alive(process):
    return process.poll() is None


def text_of(pid, program):
    """The program's text in memory."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            if line.rstrip().endswith(str(program)) and " r-xp " in line:
                low, high = (int(n, 16) for n in line.split()[0].split("-"))
                memory.seek(low)
                return memory.read(high - low)
    raise AssertionError("no text")


def test_a_traced_call_is_seen_and_the_program_goes_on(tool, worker):
    done = tool.attach(["trace tick"], worker.pid, ["--for", "0.5"])
    assert done.status == 0
    calls = done.of("call", "tick")
    assert calls
    numbers = [e["args"]["n"] for e in calls]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert alive(worker)


def test_without_a_trace_it_detaches_at_once(tool, worker):
    done = tool.attach(["pr shop.first"], worker.pid)
    assert done.result("pr shop.first")["value"]["number"] == 7
    assert done.status == 0 and alive(worker)


def test_text_is_as_before_after_it_has_left(tool, worker, shop):
    before = text_of(worker.pid, shop)
    tool.attach(["trace *"], worker.pid, ["--for", "0.1"])
    assert text_of(worker.pid, shop) == before


def test_it_can_be_joined_again_and_again(tool, worker):
    for _ in range(5):
        done = tool.attach(["trace tick"], worker.pid, ["--for", "0.1"])
        assert done.of("call", "tick") and not done.of("lost")


def test_a_name_will_do(tool, worker, shop):
    assert tool.attach(["status"], shop.name).status == 0


def test_several_of_a_name_are_listed(tool, worker, shop):
    other = tool.listen(shop, "work")
    done = tool.attach(["status"], shop.name)
    other.kill()
    other.wait()
    other.stdout.close()
    assert done.status == 1
    assert str(worker.pid) in done.err and str(other.pid) in done.err


def test_a_failed_command_makes_it_1(tool, worker):
    done = tool.attach(["trace nothing_like_it"], worker.pid)
    assert done.status == 1
    assert "nothing_like_it" in done.of("result")[0]["error"]


def test_usage_errors_are_2(tool):
    assert tool("attach").status == 2
    assert tool("attach", "--for", "soon", "1").status == 2
    assert tool("ps", "x3").status == 2
    assert tool("ps", "-e", "status").status == 2


def test_it_starts_safe(tool, worker):
    done = tool.attach(["patch add with multiply"], worker.pid)
    assert done.status == 1
    assert "--unsafe" in done.of("result")[0]["error"]


def test_unsafe_allows_a_patch_that_leaves_with_us(tool, worker, shop):
    before = text_of(worker.pid, shop)
    done = tool.attach(["patch add with multiply", "status"], worker.pid, ["--unsafe"])
    assert done.status == 0
    assert done.result("status")["value"]["patched"] == 1
    assert text_of(worker.pid, shop) == before


def test_no_such_process(tool):
    done = tool("attach", "-e", "status", "999999999")
    assert done.status == 1 and "no process 999999999" in done.err
    done = tool("attach", "-e", "status", "no-such-name")
    assert done.status == 1 and "no-such-name" in done.err


def test_a_process_that_does_not_listen_says_how_to_start_it(tool, shop):
    process = subprocess.Popen([shop, "work"], env=tool.env)
    done = tool("attach", "-e", "status", process.pid)
    process.kill()
    process.wait()
    assert done.status == 1
    assert "OTRACE=listen" in done.err and "LD_PRELOAD" in done.err


def test_a_process_that_is_not_instrumented_says_so(tool):
    process = subprocess.Popen(["sleep", "100"], env=tool.env)
    done = tool("attach", "-e", "status", process.pid)
    process.kill()
    process.wait()
    assert done.status == 1
    assert "not instrumented" in done.err


def test_a_second_shell_is_told_who_is_there(tool, worker):
    first = tool.terminal("attach", worker.pid).ready()
    done = tool("attach", "-e", "status", worker.pid)
    assert done.status == 1
    assert str(first.pid) in done.err
    first.sendline("quit")
    assert first.finish() == 0


def test_the_programs_end_is_told_and_its_records_stay(tool, worker):
    terminal = tool.terminal("attach", worker.pid).ready()
    terminal.type("trace -q tick")
    wait_until(lambda: "tick" in terminal.type("log -n 1").split("log -n 1")[1], "no record")
    worker.kill()
    terminal.expect("the program has ended")
    terminal.ready()
    assert "tick" in terminal.type("log -n 1")
    assert "has ended" in terminal.type("trace add")
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_killed_while_everything_is_traced_the_program_goes_on_untouched(tool, worker, shop):
    before = text_of(worker.pid, shop)
    terminal = tool.terminal("attach", worker.pid).ready()
    terminal.type("trace -q *")
    assert text_of(worker.pid, shop) != before
    os.kill(terminal.pid, signal.SIGKILL)
    terminal.close()
    wait_until(lambda: text_of(worker.pid, shop) == before, "stubs stay on")
    assert alive(worker)
    assert tool.attach(["status"], worker.pid).result("status")["value"]["on"] == 0


def test_ctrl_c_leaves_in_batch(tool, worker):
    process = subprocess.Popen([tool.path, "attach", "-e", "trace tick", str(worker.pid)], cwd=tool.folder,
                               env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert "tick" in process.stdout.readline()
    said = ""
    while "Ctrl-C leaves" not in said or "tick:tr-call:" not in said:  # in whichever order
        line = process.stderr.readline()
        assert line
        said += line
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert alive(worker)


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_reader_that_goes_ends_it(tool, worker, options):
    """As in otrace attach … | head: nobody would ever see what is traced on."""
    process = subprocess.Popen([tool.path, "attach", *options, "-e", "trace tick", str(worker.pid)], cwd=tool.folder,
                               env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = b""
    while b"tick:tr-call:" not in said:
        said += process.stdout.readline()
    process.stdout.close()
    process.wait(60)
    assert alive(worker)
    assert tool.attach(["status"], worker.pid).result("status")["value"]["on"] == 0


@pytest.fixture
def stopped(worker):
    """The worker, stopped; it answers nobody."""
    worker.send_signal(signal.SIGSTOP)
    yield worker
    worker.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_for_a_stopped_process_can_be_ended(tool, stopped, number):
    process = subprocess.Popen([tool.path, "attach", "-e", "pr shop.first", str(stopped.pid)], cwd=tool.folder,
                               env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    time.sleep(0.5)
    begin = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begin < 5
    assert process.returncode == 1 and "interrupted" in err


def test_many_who_gave_up_do_not_fill_its_queue(tool, stopped):
    """Each leaves an entry that a stopped process does not take; connect() would wait for room without end."""
    waiting = [subprocess.Popen([tool.path, "attach", "-e", "status", str(stopped.pid)], cwd=tool.folder,
                                env=tool.env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
               for _ in range(12)]
    time.sleep(1)
    for process in waiting:
        process.send_signal(signal.SIGTERM)
    for process in waiting:
        assert "stopped" in process.communicate(timeout=10)[1]


def test_what_a_stopped_process_was_asked_for_is_not_done_behind_our_back(tool, worker, shop):
    """Ctrl-C while it does not answer: the shell lets go, so that nothing stays on that nobody knows of."""
    before = text_of(worker.pid, shop)
    terminal = tool.terminal("attach", "--unsafe", worker.pid).ready()
    terminal.type("trace -q tick")
    time.sleep(0.5)  # whatever else it has to say is said
    worker.send_signal(signal.SIGSTOP)
    terminal.sendline("patch add with multiply")
    time.sleep(0.5)
    terminal.sendintr()
    terminal.expect("interrupted: .* does not answer.* detached")
    worker.send_signal(signal.SIGCONT)
    for line in ("patch", "unpatch add", "untrace tick"):
        terminal.sendline(line)
        terminal.expect(line.split(maxsplit=1)[0] + ": detached from")
    wait_until(lambda: text_of(worker.pid, shop) == before, "stubs stay on")
    done = tool.attach(["status"], worker.pid).result("status")["value"]
    assert (done["patched"], done["on"]) == (0, 0)
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_a_question_that_was_given_up_costs_nothing(tool, worker):
    terminal = tool.terminal("attach", worker.pid).ready()
    time.sleep(0.5)  # whatever else it has to say is said
    worker.send_signal(signal.SIGSTOP)
    terminal.sendline("pr shop.first.number")
    time.sleep(0.5)
    terminal.sendintr()
    terminal.expect("interrupted")
    worker.send_signal(signal.SIGCONT)
    terminal.sendline("pr shop.first.number")
    terminal.expect("[\r\n]7\r\n")
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_commands_may_come_from_standard_input(tool, worker):
    done = subprocess.run([tool.path, "attach", str(worker.pid)], input="pr shop.first.number\n", cwd=tool.folder,
                          env=tool.env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "7\n")


def test_ps_lists_who_listens(tool, worker, shop):
    done = tool("ps")
    line = [line for line in done.out.splitlines() if str(worker.pid) in line]
    assert len(line) == 1 and shop.name in line[0] and line[0].endswith("no")
    assert done.status == 0


def ps_row(tool, process):
    rows = [line.split() for line in tool("ps").out.splitlines() if line.split()[0] == str(process.pid)]
    assert len(rows) == 1
    return rows[0]


def test_ps_says_who_is_attached_and_how_many_functions_there_are(tool, worker):
    nr_functions = ps_row(tool, worker)[2]
    assert int(nr_functions) > 0
    terminal = tool.terminal("attach", worker.pid).ready()
    assert ps_row(tool, worker)[2:] == [nr_functions, "by", str(terminal.pid)]
    assert "tick" in terminal.type("trace tick")
    terminal.sendline("quit")
    assert terminal.finish() == 0


def test_ps_takes_nobodys_place(tool, worker):
    looking = subprocess.Popen(f"while :; do '{tool.path}' ps; done", shell=True, env=tool.env, cwd=tool.folder,
                               stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(40):
            done = tool.attach(["pr shop.first.number"], worker.pid)
            assert done.status == 0, done.err
    finally:
        os.killpg(looking.pid, signal.SIGKILL)
        looking.wait()


def test_ps_does_not_wait_for_the_stopped(tool, stopped, shop):
    others = [tool.listen(shop, "work") for _ in range(3)]
    for process in others[1:]:
        process.send_signal(signal.SIGSTOP)
    begin = time.monotonic()
    done = tool("ps")
    assert time.monotonic() - begin < 5
    for process in others:
        process.kill()
        process.wait()
        process.stdout.close()
    assert done.out.count("does not answer; is it stopped?") == 3 and stopped.pid
    assert [line for line in done.out.splitlines() if str(others[0].pid) in line][0].endswith("no")


def test_ps_takes_away_what_killed_processes_left_but_nothing_young(tool, worker):
    socket = tool.folder / "run/otrace" / str(worker.pid)
    worker.kill()
    worker.wait()
    tool("ps")
    assert socket.exists()
    os.utime(socket, (time.time() - 3600, time.time() - 3600))
    tool("ps")
    assert not socket.exists()


def test_ps_without_anybody_says_how_to_start_one(tool):
    done = tool("ps", env={"OTRACE_DIR": str(tool.folder / "run")})  # the only place it looks into
    assert done.status == 0 and "OTRACE=listen" in done.out


@pytest.mark.parametrize("what, part", [("/etc/passwd", "not a program"), ("/bin/true", "not instrumented"),
                                        ("/nonexistent", "No such file"), ("/", "not a file")])
def test_open_says_what_is_wrong_with_a_file(tool, what, part):
    done = tool("open", "-e", "ls", what)
    assert done.status == 1 and part in done.err


def test_open_looks_into_a_file_and_refuses_the_rest(tool, shop):
    done = tool("open", "-e", "pr shop.first.name", "-e", "trace add", "-e", "log", shop)
    assert '"apple"' in done.out
    assert done.status == 1
    assert "program file" in done.err and "no records" in done.err


@pytest.mark.parametrize("flags", [[], ["-fPIE", "-pie"], ["-no-pie", "-fno-pie"]])
def test_open_does_not_know_what_the_loader_fills_in(tool, compiled, flags):
    """Another module's address is no NULL; what lies beside it can be read all the same."""
    program = compiled("loaded.c", *flags)
    commands = ["pr alloc", "pr hooks", "pr *place", "pr table[1]", "pr table"]
    texts = [tool("open", "-e", command, program).out for command in commands]
    if "-no-pie" not in flags:  # there the linker may have put a place of its own
        assert "<unreadable" in texts[0]
        assert texts[1].count("<unreadable") == 2
        assert texts[4].count("<unreadable") == 2
    assert "number = 17" in texts[1] and "NULL" not in texts[0] + texts[1] + texts[2]
    assert texts[3].startswith("NULL")


def test_open_does_not_wait_for_a_fifo(tool):
    os.mkfifo(tool.folder / "fifo")
    done = tool("open", "-e", "ls", tool.folder / "fifo")
    assert done.status == 1 and "not a file" in done.err


def test_open_does_not_claim_that_a_file_runs(tool, shop):
    done = tool("open", "-e", "run", shop)
    assert done.status == 1
    assert "program file" in done.err and "runs already" not in done.err


def test_closed_standard_streams_stay_closed(tool, shop):
    """What the runtime opens must not become the program's standard output."""
    process = tool.listen(shop, "work", preexec_fn=lambda: os.closerange(0, 3))
    try:
        assert tool.attach(["trace -q tick"], process.pid, ["--for", "0.2"]).status == 0
        assert not {"0", "1", "2"} & set(os.listdir(f"/proc/{process.pid}/fd"))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
