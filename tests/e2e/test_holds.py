# SPDX-License-Identifier: BSD-2-Clause
"""Requests that an event loop puts aside, and takes up again when the shell says so."""
import json
import signal
import socket
import subprocess

import pytest
from waiting import TIMEOUT, wait_until


@pytest.fixture(scope="session")
def holds(compiled, source, build):
    return compiled("holds.c", f"-I{source}/runtime/include", f"-L{build}/lib", "-lotrace", f"-Wl,-rpath,{build}/lib",
                    "-pthread")


class Server:
    def __init__(self, tool, holds, mode):
        self.folder = tool.folder / mode
        self.folder.mkdir()
        self.process = tool.listen(holds, self.folder, mode)
        self.pid = self.process.pid

    def ask(self, number):
        """A request on a connection of its own."""
        path = self.folder / "0"
        wait_until(path.exists, f"{path} does not appear")
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT)
        connection.connect(str(path))
        connection.sendall(b"%d\n" % number)
        return connection

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(params=["fd", "queue"])
def server(tool, holds, request):
    server = Server(tool, holds, request.param)
    yield server
    server.close()


def answer(connection):
    return connection.recv(100).decode().strip()


def is_answered(connection):
    connection.setblocking(False)
    try:
        return bool(connection.recv(100, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(TIMEOUT)


def held_number(terminal):
    terminal.expect(r"handle:hd-parsed:\d{6}-\d\d-\d\d-\d\d\.(\d+) is held until resume")
    return terminal.match[1]


def test_the_request_that_matches_waits_and_the_others_are_answered(tool, server):
    terminal = tool.terminal("attach", server.pid).ready()
    assert "no request is held" in terminal.type("resume")
    # what the end of a call says comes too late
    assert "nothing left to hold" in terminal.type("trace -a hold -c '$duration > 5' handle")
    assert "Tracing -a hold -c 'number == 7' -t 60 handle" in terminal.type("trace -a hold -t 60 -c 'number == 7' handle")
    seventh, eighth = server.ask(7), server.ask(8)
    assert answer(eighth) == "answered 8"
    number = held_number(terminal)
    assert not is_answered(seventh)
    # another one, and the loop still serves
    again = server.ask(7)
    other = held_number(terminal)
    assert int(other) > int(number)
    for line, said in [("status", rf"held +handle:hd-parsed:\S+\.{number} for"), ("resume", "2 wait: which one"),
                       ("resume nobody:hd*", r"nobody:hd\*: no thread waits")]:
        terminal.sendline(line)
        terminal.expect(said)
    terminal.sendline(f"resume ~{number}")
    terminal.expect(rf"handle:hd-parsed:\S+\.{number} goes on  \(\S+ \w+, resume\)")
    assert answer(seventh) == "answered 7" and not is_answered(again)
    # the only one that is left
    terminal.sendline("resume")
    terminal.expect(rf"\.{other} goes on")
    assert answer(again) == "answered 7"
    # a client that goes takes its request with it
    leaving, staying = server.ask(7), server.ask(7)
    held_number(terminal), held_number(terminal)
    leaving.close()
    terminal.expect(r"was given up by the program  \(\S+ \w+, cancelled\)")
    assert server.process.stdout.readline() == "gone 7\n"
    terminal.sendline("untrace handle")
    terminal.expect(r"goes on  \(\S+ \w+, untrace\)")
    assert answer(staying) == "answered 7"
    # its time is over
    terminal.sendline("trace -a hold -t 30ms handle")
    terminal.expect("Tracing")
    late = server.ask(9)
    terminal.expect(r"is held until resume or for \S+ ms")
    terminal.expect(r"goes on  \(\S+ \w+, deadline\)")
    assert answer(late) == "answered 9"
    # nobody is left to say resume
    terminal.sendline("trace -a hold handle")
    terminal.expect("Tracing")
    last = server.ask(10)
    held_number(terminal)
    terminal.sendline("quit")
    assert answer(last) == "answered 10"
    terminal.finish()
    assert answer(server.ask(11)) == "answered 11"


def test_a_request_whose_context_is_pushed_out_goes_on(tool, holds):
    server = Server(tool, holds, "poll")
    terminal = tool.terminal("attach", server.pid).ready()
    terminal.type("set max_recent 1")
    assert "Tracing" in terminal.type("trace -a hold -d 1 handle")
    first = server.ask(1)
    number = held_number(terminal)
    second = server.ask(2)
    terminal.expect(rf"handle:hd-parsed:\S+\.{number} goes on  \(\S+ \w+, evicted\)")
    assert answer(first) == "answered 1" and not is_answered(second)
    terminal.sendline("quit")
    assert answer(second) == "answered 2"
    server.close()


def test_a_script_waits_for_what_is_held(tool, holds):
    server = Server(tool, holds, "poll")
    commands = ["trace -a hold -c 'number == 3' handle", "wait 60", "status", "resume", "wait 0.1", "quit"]
    script = subprocess.Popen(["timeout", str(TIMEOUT), tool.path, "attach", "--json", *(w for c in commands for w in ("-e", c)), str(server.pid)],
                              cwd=tool.folder, env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    events = []
    for line in script.stdout:
        events.append(json.loads(line))
        if events[-1].get("command") == commands[0]:
            connections = [server.ask(n) for n in (2, 3, 4)]
    assert script.wait() == 0
    script.stdout.close()
    assert [answer(c) for c in connections] == ["answered 2", "answered 3", "answered 4"]
    hold, release = ([e for e in events if e["event"] == kind][0] for kind in ("hold", "release"))
    call, = [e for e in events if e["event"] == "call"]
    assert call["args"]["number"] == 3
    assert hold["id"] == release["id"] == call["id"].replace(":tr-call:", ":hd-parsed:")
    assert (hold["label"], hold["function"], hold["thread"]) == ("parsed", "handle", call["thread"])
    assert 0 < hold["left_ns"] <= 60e9  # set break_timeout
    assert release["reason"] == "resume" and release["waited_ns"] > 0
    results = {e["command"]: e for e in events if e["event"] == "result"}
    held, = results["status"]["value"]["held"]
    assert held["id"] == hold["id"]
    assert results["resume"]["value"] == [hold["id"]]
    server.close()


def test_a_program_without_an_event_loop_is_told_so(tool, holds):
    server = Server(tool, holds, "none")
    terminal = tool.terminal("attach", server.pid).ready()
    terminal.type("trace -a hold handle")
    connection = server.ask(5)
    terminal.expect(r"handle:hd-parsed:\S+ goes on: thread \d+ has no event loop")
    assert answer(connection) == "answered 5"
    terminal.sendline("status")
    terminal.expect("1 not held: their threads have no event loop")
    server.close()
