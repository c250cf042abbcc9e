# SPDX-License-Identifier: BSD-2-Clause
"""otrace_set_trace(): a shell on the program's own terminal, that the program never notices."""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import termios

import pytest
from waiting import TIMEOUT, wait_until

QUIET = "children 0, signals 0, forks 0, turns 1"


@pytest.fixture(scope="session")
def settrace(compiled, source, build):
    return compiled("settrace.c", f"-I{source}/runtime/include", f"-L{build}/lib", "-lotrace", f"-Wl,-rpath,{build}/lib",
                    "-lpthread")


@pytest.fixture(scope="session")
def settrace_static(compiled, source, build):
    return compiled("settrace.c", f"-I{source}/runtime/include", f"-Wl,--whole-archive,{build}/lib/libotrace.a,--no-whole-archive",
                    "-lpthread")


def started(tool, program, *args, **more):
    return tool.terminal(*args, command=str(program), **more)


def finished(terminal, *lines):
    for line in lines:
        terminal.expect_exact(line)
    return terminal.finish()


def test_a_prompt_in_the_middle_of_the_program(tool, settrace):
    terminal = started(tool, settrace).ready()
    assert "5" in terminal.type("pr answer")
    assert re.search(r"process +%d, running" % terminal.pid, terminal.type("status"))
    terminal.sendline("quit")
    assert finished(terminal, "goes on", "back well, errno 77, n 3", f"answer 5, {QUIET}") == 0


def test_the_greeting_says_where_it_waits_and_where_the_variables_are(tool, settrace):
    terminal = started(tool, settrace).ready()
    assert re.search(rf"stop_here\(\) waits in otrace_set_trace\(\) at settrace.c:\d+, thread {terminal.pid}; its variables are in "
                     r"/osh/locals\r\n", terminal.before)
    said = terminal.type("n")
    assert "the function that waits has one: pr /osh/locals/n, or cd /osh/locals" in said and "did you mean" not in said
    assert "\r\n3\r\n" in terminal.type("pr /osh/locals/n")
    assert "/osh/locals" not in terminal.type("nosuch")
    terminal.sendline("quit")
    assert finished(terminal, "back well", QUIET) == 0


def test_unsafe_operations_are_allowed(tool, settrace):
    terminal = started(tool, settrace).ready()
    assert "not allowed" not in terminal.type("call on_fork")
    terminal.sendline("quit")
    assert finished(terminal, "back well", "forks 1") == 0


def test_the_thread_that_waits_makes_calls(tool, settrace):
    terminal = started(tool, settrace).ready()
    own = re.compile(rf"[\r\n]{terminal.pid}\r")
    assert own.search(terminal.type(f"call -t {terminal.pid} whose"))
    assert not own.search(terminal.type("call whose"))
    terminal.sendline("quit")
    assert finished(terminal, "back well, errno 77, n 3", QUIET) == 0


def test_ctrl_c_is_the_shells_and_ctrl_d_leaves(tool, settrace):
    terminal = started(tool, settrace).ready()
    terminal.sendintr()
    terminal.ready()
    terminal.sendeof()
    assert finished(terminal, "back well", QUIET) == 0


def test_it_can_be_called_again(tool, settrace):
    terminal = started(tool, settrace, "again").ready()
    terminal.sendline("quit")
    terminal.expect_exact("back well, errno 77, n 3")
    terminal.ready()
    terminal.sendline("quit")
    assert finished(terminal, "back well, errno 77, n 4") == 0


def test_a_second_thread_is_refused_meanwhile(tool, settrace):
    terminal = started(tool, settrace, "twice")
    terminal.expect_exact("back another shell is attached")
    terminal.sendline("quit")
    assert finished(terminal, "other: ok") == 8


@pytest.mark.parametrize("which", ["shell", "relay"])
def test_a_shell_that_is_killed_gives_the_terminal_back(tool, settrace, which):
    terminal = started(tool, settrace)
    before = termios.tcgetattr(terminal.child_fd)
    terminal.ready()
    assert termios.tcgetattr(terminal.child_fd) != before
    relay, shell = relay_and_shell_of(terminal.pid)
    os.kill(shell if which == "shell" else relay, signal.SIGKILL)
    terminal.expect_exact("back well")
    assert termios.tcgetattr(terminal.child_fd) == before
    assert finished(terminal, QUIET) == 0


def relay_and_shell_of(program):
    """The one that carries bytes, and the one that it started."""
    pids = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_shell_of(pid, program)]
    assert len(pids) == 2
    return sorted(pids, key=lambda pid: fields_of(pid)[0] in pids)


def is_shell_of(pid, program):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().split(b"\0")[1:5] == [b"attach", b"--unsafe", b"--guest", str(program).encode()]
    except OSError:
        return False


def fields_of(pid):
    """Parent, group, session, terminal, the group in its foreground."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return [int(word) for word in file.read().rsplit(")", 1)[1].split()[1:6]]


@pytest.mark.parametrize("kernel", ["new", "old"])
def test_the_shell_is_no_child_and_has_none_of_our_files_and_variables(tool, settrace, kernel):
    """Also where close_range() is missing."""
    terminal = tool.terminal(kernel, command=str(settrace), env={"KEEP": "1", "OTRACE_RING_BYTES": "65536"}).ready()
    relay, shell = relay_and_shell_of(terminal.pid)
    parent, group, session, _, foreground = fields_of(relay)
    assert parent != terminal.pid and group == session == foreground == terminal.pid
    _, group, session, _, foreground = fields_of(shell)
    assert group == session == foreground == shell
    for pid in (relay, shell):
        files = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        assert "/etc/passwd" not in files and any(file.startswith("/dev/") for file in files)
    with open(f"/proc/{shell}/environ", "rb") as file:
        names = {entry.split(b"=")[0] for entry in file.read().split(b"\0")}
    assert b"KEEP" in names and b"OTRACE_DIR" in names and not {b"LD_PRELOAD", b"OTRACE_RING_BYTES"} & names
    with open(f"/proc/{shell}/status", encoding="ascii") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
    assert int(status["SigBlk"], 16) == 0
    assert "/etc/passwd" in {os.readlink(f"/proc/{terminal.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{terminal.pid}/fd")}
    terminal.sendline("quit")
    assert finished(terminal, QUIET) == 0


def test_other_threads_may_read_the_terminal_and_control_it(tool, settrace):
    """Nobody is stopped for it, as in the background; and Ctrl-C is not the program's all the same."""
    terminal = started(tool, settrace, "reader")
    terminal.expect_exact("looked 20 times\r\n")
    terminal.sendline("pr answer + 60")
    terminal.expect_exact("65\r\n")
    terminal.ready()
    terminal.sendintr()
    terminal.ready()
    terminal.sendline("quit")
    assert finished(terminal, "back well", QUIET) == 0


def test_the_size_of_the_terminal_is_followed(tool, settrace):
    terminal = started(tool, settrace).ready()
    assert "40 120" in terminal.type("pipe pr answer | stty size </dev/tty")
    terminal.setwinsize(30, 90)
    terminal.sendline("pipe pr answer | stty size </dev/tty")  # behind the prompt that is drawn anew
    terminal.expect_exact("30 90")
    terminal.ready()
    terminal.sendline("quit")
    assert finished(terminal, "back well") == 0


def test_a_terminal_that_controls_nobody_is_taken_all_the_same(tool, settrace):
    """docker run -t, setsid: standard input is a terminal, and there is no /dev/tty."""
    master, slave = pty.openpty()
    process = subprocess.Popen([settrace], env=tool.env, cwd=tool.folder, stdin=slave, stdout=slave, stderr=slave,
                               start_new_session=True)
    os.close(slave)
    seen = b""
    while b"> " not in seen:
        seen += os.read(master, 1000)
    os.write(master, b"pr answer + 2\r")
    while not re.search(rb"[\r\n]7\r", seen):
        seen += os.read(master, 1000)
    os.write(master, b"quit\r")
    while QUIET.encode() not in seen:
        seen += os.read(master, 1000)
    assert process.wait(20) == 0
    os.close(master)


def test_a_terminal_of_another_session_is_refused(tool, settrace):
    """`setsid ./prog &` at a prompt: the shell that works there keeps its keys, and is not hung up."""
    script = "import os,signal\nsignal.signal(signal.SIGHUP, lambda *_: print('hung up'))\npid=os.fork()\n" \
             f"if not pid:\n os.setsid(); os.execv({str(settrace)!r},['p'])\n" \
             "os.waitpid(pid,0); print('foreground', os.tcgetpgrp(0) == os.getpgrp())"
    terminal = tool.terminal("-c", script, command=sys.executable)
    assert finished(terminal, "the terminal is another session's", "back no terminal of its own") == 0
    assert "hung up" not in terminal.before and "foreground True" in terminal.before


@pytest.mark.parametrize("streams", ["null", "pipe"])
def test_without_a_terminal_it_returns_at_once_and_says_so_once(tool, settrace, streams):
    done = subprocess.run([settrace, "again"], env=tool.env,
                          stdin=subprocess.DEVNULL if streams == "null" else subprocess.PIPE, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.stderr == "otrace: otrace_set_trace() opens no shell: standard input is no terminal\n"
    assert done.returncode == 9 and done.stdout.startswith("back no terminal of its own")
    assert not (tool.folder / "run/otrace").exists()


def test_in_the_background_of_a_terminal_it_is_refused(tool, settrace):
    """Another group has the terminal: the shell that works there keeps it."""
    script = f"import os,sys; pid=os.fork()\nif not pid:\n os.setpgid(0,0); os.execv({str(settrace)!r},['p'])\n" \
             "os.waitpid(pid,0)"
    terminal = tool.terminal("-c", script, command=sys.executable)
    assert finished(terminal, "in the background of its terminal", "back no terminal of its own") == 0


def test_under_otrace_run_the_shell_that_is_there_stays_the_one(tool, settrace):
    done = tool("run", "-e", "run", settrace)
    assert done.status == 8 and "back no terminal" in done.out
    terminal = tool.terminal("run", settrace).ready()
    terminal.sendline("run")
    terminal.expect("no terminal of its own|another shell is attached")
    terminal.sendline("quit")
    terminal.finish()


def test_raised_privileges_are_refused(tool, settrace_static, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("kernel: only root can make a program that is setuid for another")
    program = tmp_path / "raised"
    shutil.copy(settrace_static, program)
    os.chown(program, 1, 1)
    program.chmod(0o6755)
    terminal = started(tool, program)
    terminal.expect("not in a program with raised privileges|back well")
    assert "raised" in terminal.after
    assert terminal.finish() == 8


def test_the_archive_finds_the_command_by_the_environment_and_by_path(tool, settrace_static, build):
    for env in ({"OTRACE_SHELL": str(build / "bin/otrace")}, {"PATH": f"relative:{build}/bin:{os.environ['PATH']}"}):
        terminal = started(tool, settrace_static, env=env).ready()
        terminal.sendline("quit")
        assert finished(terminal, "back well", QUIET) == 0


def test_without_the_command_it_says_how_to_attach_and_waits(tool, settrace):
    terminal = started(tool, settrace, env={"OTRACE_SHELL": "/nonexistent/otrace"})
    terminal.expect(r"no otrace command here .*: otrace attach --unsafe (\d+)\r\n")
    assert int(terminal.match[1]) == terminal.pid
    socket = tool.folder / "run/otrace" / str(terminal.pid)
    wait_until(socket.exists, "it does not listen")
    done = tool.attach(["pr answer"], terminal.pid)
    assert done.result("pr answer")["text"] == "5"
    assert finished(terminal, "back well, errno 77, n 3", QUIET) == 0


def test_a_wrapper_may_take_its_time_and_start_the_shell_elsewhere(tool, settrace, build, tmp_path):
    """What counts is that it lives, then that a shell is attached."""
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f"#!/bin/sh\nsleep 0.5\n{build}/bin/otrace attach --unsafe -e 'pr answer + 3' "
                       f"-e 'pipe pr 1 | touch {tmp_path}/came' -e 'wait 0.5' -e 'pr answer + 4' $4 &\n"
                       f"while [ ! -e {tmp_path}/came ]; do sleep 0.1; done\n")
    wrapper.chmod(0o755)
    terminal = started(tool, settrace, env={"OTRACE_SHELL": str(wrapper)})
    assert finished(terminal, "8\r\n", "9\r\n", "back well", QUIET) == 0


def test_what_cannot_be_started_is_an_error(tool, settrace, tmp_path):
    broken = tmp_path / "otrace"
    broken.write_bytes(b"\x7fELF, but not really")
    broken.chmod(0o755)
    terminal = started(tool, settrace, env={"OTRACE_SHELL": str(broken)})
    terminal.expect("cannot start: .*otrace")
    terminal.expect_exact("back a system call failed, errno 77")
    assert finished(terminal, "children 0, signals 0, forks 0") == 8
    broken.write_text("#!/bin/sh\nexit 3\n")
    terminal = started(tool, settrace, env={"OTRACE_SHELL": str(broken)})
    assert finished(terminal, "back a system call failed", "children 0, signals 0, forks 0") == 8


def test_the_status_says_where_it_was_called(tool, settrace):
    """Checked against the compiler's table of lines."""
    terminal = started(tool, settrace, env={"OTRACE_SHELL": "/nonexistent/otrace"})
    terminal.expect("waiting for")
    sys.path.insert(0, str(tool.source / "tests/unit/runtime"))
    import oprobe  # pylint: disable=import-outside-toplevel
    client = oprobe.Client(str(tool.folder / "run/otrace" / str(terminal.pid)))
    status = client.status()
    assert status["trace_tid"] == terminal.pid
    with open(f"/proc/{terminal.pid}/maps", encoding="ascii") as file:
        base = int(file.readline().split("-")[0], 16)
    where = subprocess.run(["addr2line", "-f", "-e", settrace, hex(status["trace_caller"] - base - 1)],
                           capture_output=True, text=True, check=True).stdout
    assert where.split()[0] == "stop_here" and "settrace.c:" in where
    client.close()
    assert finished(terminal, "back well") == 0


def test_what_the_shell_leaves_in_the_background_keeps_nobody_waiting(tool, settrace):
    terminal = started(tool, settrace).ready()
    terminal.type(f"pipe pr answer | (sleep 20 & echo $! >{tool.folder}/sleeper)")
    terminal.sendline("quit")
    assert finished(terminal, "goes on", "back well", QUIET) == 0
    os.kill(int((tool.folder / "sleeper").read_text(encoding="ascii")), signal.SIGKILL)  # it is there yet


def test_a_real_time_thread_has_an_ordinary_shell(tool, settrace):
    terminal = started(tool, settrace, "realtime")
    terminal.expect("real time: ([^\r]*)\r\n")
    got = terminal.match[1]
    if got != "yes":
        terminal.ready().sendline("quit")
        terminal.finish()
        pytest.skip(f"kernel: no real-time policy here: {got}")
    terminal.ready()
    assert [os.sched_getscheduler(pid) for pid in (terminal.pid, *relay_and_shell_of(terminal.pid))] == \
        [os.SCHED_FIFO, os.SCHED_OTHER, os.SCHED_OTHER]
    terminal.sendline("quit")
    assert finished(terminal, "back well", QUIET) == 0


def job(tool, settrace):
    """The program as a job of a shell, which takes the terminal back when it has ended. Its process number."""
    script = "import os,signal\nsignal.signal(signal.SIGTTOU, signal.SIG_IGN)\npid=os.fork()\n" \
             f"if not pid:\n os.setpgid(0,0); os.tcsetpgrp(0,os.getpid()); os.execv({str(settrace)!r},['p'])\n" \
             "print('job', pid)\nos.waitpid(pid,0); os.tcsetpgrp(0,os.getpgrp()); print('over')\ninput()"
    terminal = tool.terminal("-c", script, command=sys.executable)
    terminal.expect(r"job (\d+)")
    return terminal, int(terminal.match[1])


@pytest.mark.parametrize("modes", ["left", "changed"])
def test_a_program_that_is_killed_leaves_the_terminal_as_it_was(tool, settrace, modes):
    """Unless others have set its modes meanwhile: then they are what these want."""
    terminal, program = job(tool, settrace)
    wanted = termios.tcgetattr(terminal.child_fd)
    terminal.ready()
    relay, shell = relay_and_shell_of(program)
    if modes == "changed":
        wanted[3] &= ~termios.ECHOK
        termios.tcsetattr(terminal.child_fd, termios.TCSANOW, wanted)
    os.kill(program, signal.SIGKILL)
    terminal.expect_exact("over")
    wait_until(lambda: not is_shell_of(relay, program) and not is_shell_of(shell, program), "the shell goes on")
    assert termios.tcgetattr(terminal.child_fd) == wanted
    terminal.sendline("")
    assert terminal.finish() == 0


def test_a_shell_that_is_stopped_sets_the_modes_anew(tool, settrace):
    terminal = started(tool, settrace)
    before = termios.tcgetattr(terminal.child_fd)
    terminal.ready()
    relay, _ = relay_and_shell_of(terminal.pid)
    raw = termios.tcgetattr(terminal.child_fd)
    os.kill(relay, signal.SIGSTOP)
    termios.tcsetattr(terminal.child_fd, termios.TCSANOW, before)
    os.kill(relay, signal.SIGCONT)
    wait_until(lambda: termios.tcgetattr(terminal.child_fd) == raw, "the modes are not set")
    terminal.sendline("quit")
    assert finished(terminal, "back well", QUIET) == 0


def test_streams_that_do_not_wait_lose_nothing(tool, settrace):
    """What the program shares with whoever started it may be O_NONBLOCK."""
    terminal = started(tool, settrace, env={"OTRACE_SHELL": "/nonexistent/otrace"})
    terminal.expect("waiting for")
    master, slave = pty.openpty()
    os.set_blocking(slave, False)
    with subprocess.Popen([tool.path, "attach", "--unsafe", "--guest", str(terminal.pid)], env=tool.env, cwd=tool.folder,
                          stdin=slave, stdout=slave, stderr=slave) as guest:
        try:
            read_until(master, b"> ")
            os.write(master, b"pipe pr answer | seq 100000 120000\r")
            wait_until(lambda: not room_in(slave), "nothing comes")
            seen = read_until(master, b"\n120000\r\n")
            os.write(master, b"quit\r")
            read_until(master, b"goes on")
            assert guest.wait(60) == 0
        finally:
            guest.kill()
    numbers = [int(line) for line in re.findall(rb"(1[0-9]{5})\r\n", seen.split(b"seq 100000 120000\r\n")[1])]
    assert numbers == list(range(100000, 120001))
    os.close(slave)
    os.close(master)
    assert finished(terminal, "back well") == 0


def read_until(terminal, end):
    seen = b""
    while end not in seen:
        assert select.select([terminal], [], [], TIMEOUT)[0], seen[-200:]
        seen += os.read(terminal, 10000)
    return seen


def room_in(terminal):
    return select.select([], [terminal], [], 0.2)[1]
