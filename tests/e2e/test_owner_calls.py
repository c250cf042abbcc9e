# SPDX-License-Identifier: BSD-2-Clause
"""Calls on the thread asked for: a running thread of the program makes them itself, where that can be."""
import os
import signal
import subprocess

import pytest
from waiting import wait_until


class Threads:
    """A program with a main thread, one that works and one that sleeps."""

    def __init__(self, tool, process):
        self.tool, self.process = tool, process
        self.main, self.worker, self.sleeper = map(int, process.stdout.readline().split())

        symbols = subprocess.run(["nm", process.args[0]], capture_output=True, text=True, check=True).stdout.splitlines()
        with open(f"/proc/{process.pid}/maps", encoding="ascii") as maps:
            base = int(maps.readline().split("-")[0], 16)
        self.step, = (base + int(line.split()[0], 16) for line in symbols if line.split()[-1] == "step")
        self.dormant = self.stub()

    def stub(self, pid=None):
        """The first bytes of step(), there or in a child."""
        with open(f"/proc/{pid or self.process.pid}/mem", "rb") as memory:
            memory.seek(self.step)
            return memory.read(5)

    def do(self, *commands):
        return self.tool.attach(list(commands), self.process.pid, ["--unsafe"])


@pytest.fixture(scope="session")
def owner(compiled):
    return compiled("owner.c")


@pytest.fixture(scope="session")
def library(compiled):
    return compiled("library.c", "-shared", "-fPIC")


@pytest.fixture(params=[()])
def threads(tool, owner, request):
    process = tool.listen(owner, *request.param)
    yield Threads(tool, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("before", [[], ["trace step", "trace deep"]], ids=["dormant", "traced"])
def test_a_running_thread_makes_the_calls_with_its_own_thread_locals_and_errno(threads, before):
    on = f"call -t {threads.worker}"
    done = threads.do(*before, f"{on} whose", f"{on} my_own", f"{on} scaled 2.5 abcd", *[f"{on} spoil"] * 30, f"{on} deep 40",
                      *[line.replace("trace", "untrace") for line in before], "call my_own", "pr nr_bad_errno")
    assert done.result(f"{on} whose")["text"] == str(threads.worker)
    assert done.result(f"{on} my_own")["text"] == "2"
    assert done.result(f"{on} scaled 2.5 abcd")["text"] == "10"
    assert [e["text"] for e in done.of("result") if e["command"] == f"{on} spoil"] == ["5"] * 30
    assert done.result(f"{on} deep 40")["text"] == "40"
    assert done.result("call my_own")["text"] == "0"  # the runtime's own thread
    assert done.result("pr nr_bad_errno")["text"] == "0"


def test_a_call_that_a_thread_makes_is_traced_as_its_own(threads):
    done = threads.do("trace my_own", f"call -t {threads.worker} my_own", "wait 0.3", "untrace my_own")
    event, = done.of("call", "my_own")
    assert event["thread"] == threads.worker


def test_the_parameter_call_thread_is_for_expressions_too(threads):
    done = threads.do(f"set call_thread {threads.worker}", "pr whose() + 0", "my_own()", "call my_own", "call -t 0 my_own",
                      "set call_thread 0", "pr my_own()")
    assert done.result("pr whose() + 0")["text"] == str(threads.worker)
    assert done.result("my_own()")["text"] == done.result("call my_own")["text"] == "2"
    assert done.result("call -t 0 my_own")["text"] == done.result("pr my_own()")["text"] == "0"


@pytest.mark.parametrize("threads", [(), ("alternate",)], ids=["same stack", "alternate stack"], indirect=True)
def test_no_call_is_made_in_a_handler_of_a_signal(threads):
    """Main enters functions in handlers only; later elsewhere too, and then it is there."""
    on = f"call -t {threads.main} in_handler"
    done = threads.do(f"call -w 0.7 -t {threads.main} count", "call set_go 1", *[on] * 20, "pr nr_counted", "pr nr_handled > 50")
    assert "no function where it could begin" in done.result(f"call -w 0.7 -t {threads.main} count")["error"]
    assert [e["text"] for e in done.of("result") if e["command"] == on] == ["0"] * 20
    assert done.result("pr nr_counted")["text"] == "0"
    assert done.result("pr nr_handled > 50")["text"] == "1"


def test_a_call_that_has_not_begun_in_time_is_withdrawn_and_never_made(threads):
    on = f"call -w 0.3 -t {threads.sleeper} count"
    done = threads.do(on, "call wake", "wait 0.3", "pr nr_counted", f"call -t {threads.sleeper} my_own")
    assert "it has not returned in time" in done.result(on)["error"] and "is withdrawn" in done.result(on)["error"]
    assert done.result("pr nr_counted")["text"] == "0"
    assert done.result(f"call -t {threads.sleeper} my_own")["text"] == "3"


def test_a_shell_that_is_killed_takes_its_waiting_call_along(tool, threads):
    shell = subprocess.Popen([tool.path, "attach", "--unsafe", "-e", f"call -w 50 -t {threads.sleeper} count",
                              str(threads.process.pid)], cwd=tool.folder, env=tool.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: threads.stub() != threads.dormant, "the call does not wait")
    shell.kill()
    shell.wait()
    wait_until(lambda: threads.stub() == threads.dormant, "the stubs stay on")
    done = threads.do("call wake", "wait 0.3", "pr nr_counted")
    assert done.result("pr nr_counted")["text"] == "0"


def test_slow_and_lost_calls_are_told(threads):
    on = f"call -w 0.3 -t {threads.worker}"
    done = threads.do(f"{on} nap 1000", f"{on} whose", "call my_own", "wait 1", f"{on} my_own", f"{on} leave", f"{on} my_own")
    assert "the call goes on" in done.result(f"{on} nap 1000")["error"]
    assert "has not returned yet" in done.result(f"{on} whose")["error"]
    assert done.result("call my_own")["text"] == "0"
    texts = [e for e in done.of("result") if e["command"] == f"{on} my_own"]
    assert texts[0]["text"] == "2" and "no such thread" in texts[1]["error"]
    assert "ended its thread" in done.result(f"{on} leave")["error"]
    assert threads.process.poll() is None and threads.stub() == threads.dormant


def test_a_call_that_never_returns_keeps_its_own_thread_only(threads):
    on = f"call -t {threads.sleeper} my_own"
    done = threads.do(f"call -w 0.3 -t {threads.worker} nap 100000", "call wake", on)
    assert "the call goes on" in done.result(f"call -w 0.3 -t {threads.worker} nap 100000")["error"]
    assert done.result(on)["text"] == "3"
    again = threads.do(on, f"call -t {threads.worker} my_own")
    assert again.result(on)["text"] == "3"
    assert "has not returned yet" in again.result(f"call -t {threads.worker} my_own")["error"]


@pytest.fixture
def meanwhile(tool, owner, library):
    """Starts a command in a shell, waits until its call does, and then lets main do what it waits for."""
    started = []

    def begin(what, command):
        process = tool.listen(owner, what, library)
        started.append(process)
        threads = Threads(tool, process)
        assert process.stdout.readline() == "ready\n"
        shell = subprocess.Popen([tool.path, "attach", "--unsafe", "-e", command.format(main=threads.main), str(process.pid)],
                                 cwd=tool.folder, env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        started.append(shell)
        wait_until(lambda: threads.stub() != threads.dormant, "the call does not wait")
        process.send_signal(signal.SIGUSR1)
        return threads, shell

    yield begin
    for process in started:
        process.kill()
        process.communicate(timeout=60)


@pytest.mark.parametrize("what", ["unload", "unload and sleep"])
def test_a_function_that_is_unloaded_while_its_call_waits_is_not_called(meanwhile, what):
    threads, shell = meanwhile(what, "call -w 20 -t {main} plugged 1")
    assert "the module was unloaded" in shell.communicate(timeout=60)[1]
    assert threads.process.poll() is None and threads.stub() == threads.dormant
    assert threads.do("call my_own").result("call my_own")["text"] == "0"


def test_a_child_of_vfork_does_not_take_its_parents_calls_away(meanwhile):
    threads, shell = meanwhile("vfork", "call -w 5 -t {main} whose")
    assert shell.communicate(timeout=60) == (f"{threads.main}\n", "")


def test_a_forked_child_does_not_keep_the_stubs_on_for_a_call_that_waits(meanwhile):
    threads, shell = meanwhile("fork", "call -w 5 -t {main} whose")
    child = int(threads.process.stdout.readline())
    wait_until(lambda: threads.stub(child) == threads.dormant, "the child's stubs stay on")
    assert shell.communicate(timeout=60) == (f"{threads.main}\n", "")
