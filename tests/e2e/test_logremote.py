# SPDX-License-Identifier: BSD-2-Clause
"""set log_remote: lines of traces go to a log server, which may be slow, gone or never there."""
import contextlib
import re
import socket
import subprocess
import threading

import pytest

from waiting import TIMEOUT

LINES = 12  # of `trace add greet` in the shop


class Server:
    """Listens, and keeps what comes; where no family or kind is said, TCP by IPv4."""

    def __init__(self, host="127.0.0.1", port=0, family=socket.AF_INET, kind=socket.SOCK_STREAM, small=False):
        self.socket = socket.socket(family, kind)
        self.socket.settimeout(TIMEOUT)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if small:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.bind((host, port))
        self.port = self.socket.getsockname()[1]
        if kind == socket.SOCK_STREAM:
            self.socket.listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def accept(self):
        connection = self.socket.accept()[0]
        connection.settimeout(TIMEOUT)
        return connection

    def read(self):
        """All that one connection brings, until its end."""
        with self.accept() as connection:
            return read_all(connection)


def read_all(connection):
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts).decode()


@contextlib.contextmanager
def reading(server):
    """A list that has the text of a connection behind the block."""
    texts = []
    thread = threading.Thread(target=lambda: texts.append(server.read()))
    thread.start()
    yield texts
    thread.join()


def free_port():
    """A port of no server: bound, and never listened at, as long as the block lasts."""
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    return contextlib.closing(one), one.getsockname()[1]


def localhost():
    """Its name, if this machine knows it: a bare one has no /etc/hosts."""
    try:
        return socket.gethostbyname("localhost") and "localhost"
    except OSError:
        return "127.0.0.1"


LOCALHOST = localhost()


def without_times(text):
    return re.sub(r"\d{6}-[\d-]+|\(.*s\)", "", text)


@pytest.mark.parametrize("host, name, family", [("127.0.0.1", "127.0.0.1", socket.AF_INET),
                                                ("127.0.0.1", f"tcp:{LOCALHOST}", socket.AF_INET)],
                         ids=["address", "name"])
def test_a_server_gets_the_lines_of_the_screen(tool, shop, host, name, family):
    with Server(host, family=family) as server, reading(server) as texts:
        done = tool.run([f"set log_remote {name}:{server.port}", "trace add greet", "run", "set log_remote"], shop)
    plain = tool.run(["trace add greet"], shop)
    assert without_times(texts[0]) == without_times(plain.err) and texts[0].count("\n") == LINES
    assert "tr-call" not in done.err and done.status == 0
    assert f"log_remote = {name}:{server.port}" in done.out


def test_level_format_and_cutting_hold_for_it_and_json_goes_on(tool, shop):
    with Server() as server, reading(server) as texts:
        done = tool.json([f"set log_remote 127.0.0.1:{server.port}", "set log_format %f %m", "set log_truncate 9",
                          "trace -c call add"], shop)
    assert texts[0].splitlines() == ["add a=2,…", "add a=4,…", "add a=6,…"]
    assert len(done.of("call")) == 3


def test_the_port_is_9020_where_none_is_said(tool, shop):
    with Server("127.90.20.7", 9020) as server, reading(server) as texts:
        tool.run(["set log_remote 127.90.20.7", "trace add greet"], shop)
    assert texts[0].count("\n") == LINES


def test_nothing_goes_back_to_where_the_sink_says(tool, shop):
    log = tool.folder / "log"
    with Server() as server, reading(server) as texts:
        tool.run([f"set log_remote 127.0.0.1:{server.port}", "trace -n 1 add", f"set log_sink file:{log}", "run"], shop)
    assert texts[0].count("\n") == 2 and log.read_text() == ""
    with Server() as server, reading(server) as texts:
        done = tool.run([f"set log_remote 127.0.0.1:{server.port}", 'set log_remote ""', "trace add greet"], shop)
    assert texts[0] == "" and done.err.count("tr-call") == LINES


def test_datagrams_have_a_line_each(tool, shop):
    with Server(kind=socket.SOCK_DGRAM) as server:
        tool.run([f"set log_remote udp:127.0.0.1:{server.port}", "trace add greet"], shop)
        lines = [server.socket.recv(1 << 16).decode() for _ in range(LINES)]
    assert all("\n" not in line and re.match(r"(add|greet):tr-call:", line) for line in lines)


def test_a_server_that_refuses_is_said_once_and_the_program_runs(tool, shop):
    closing, port = free_port()
    with closing:
        done = tool.run([f"set log_remote 127.0.0.1:{port}", "trace add greet"], shop)
    assert "hello ann" in done.out and done.status == 0
    assert done.err.count(f"log_remote 127.0.0.1:{port}: Connection refused; 1 MiB of lines is kept, and it is tried") == 1
    assert done.err.count(f"otrace: {LINES} lines of the log did not reach the server") == 1


def test_refused_datagrams_are_said_once(tool, shop):
    closing, port = free_port()
    with closing:
        done = tool.run([f"set log_remote udp:127.0.0.1:{port}", "trace add greet", "run"], shop)
    assert done.err.count("Connection refused; lines are lost, and counted") == 1
    assert re.search(r"otrace: \d+ lines of the log did not reach the server", done.err)


class Joined:
    """A shell that is attached to a process and gets its commands one by one."""

    def __init__(self, tool, pid):
        self.process = subprocess.Popen([tool.path, "attach", "--no-init", str(pid)], cwd=tool.folder, env=tool.env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait_for(self, text):
        for line in self.process.stderr:
            if text in line:
                return
        assert False, f"it ends without {text}"

    def end(self):
        return self.process.communicate("untrace all\n", timeout=TIMEOUT)


def test_a_connection_that_breaks_is_made_again(tool, worker):
    with Server() as server:
        joined = Joined(tool, worker.pid)
        joined.say(f"set log_remote 127.0.0.1:{server.port}; trace tick")
        joined.say("wait 3600")
        with server.accept() as first:
            text = first.recv(1 << 16).decode()
            assert text.startswith("tick:tr-call:")
        with server.accept() as second, second.makefile() as lines:
            assert re.match(r"tick:tr-call:\S+ ", lines.readline())  # a whole one, though the first was cut
            joined.process.send_signal(2)
            out, err = joined.end()
            assert all(re.match(r"tick:tr-call:\S+ (n=\d+|return.*)\n$", line) for line in lines)
    assert "tr-call" not in out + err
    assert f"log_remote 127.0.0.1:{server.port}: Connection reset by peer" in err and "connected again" in err


def test_lines_wait_for_a_server_that_comes_later(tool, worker):
    closing, port = free_port()
    with closing:
        joined = Joined(tool, worker.pid)
        joined.say(f"set log_remote 127.0.0.1:{port}; trace -n 5 tick")
        joined.wait_for("Connection refused")
    with Server(port=port) as server, reading(server) as texts:
        joined.say("wait 3600")
        joined.wait_for("connected again")
        joined.process.send_signal(2)
        joined.end()
    assert texts[0].count("tick:tr-call:") == 10


def test_a_slow_server_holds_nobody_up_and_what_is_lost_is_counted(tool, shop):
    calls = 100000
    events = tool.folder / "events"
    with Server(small=True) as server:
        command = [tool.path, "run", f"--json={events}", "-e", f"set log_remote 127.0.0.1:{server.port}", "-e",
                   "trace --wait tick", "--", shop, "burn", str(calls)]
        with subprocess.Popen(command, cwd=tool.folder, env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as shell, server.accept() as connection:
            err = next(line for line in shell.stderr if "too slow: lines are lost, and counted" in line)
            text = read_all(connection)
            out, more = shell.communicate(timeout=TIMEOUT)
    lines = text.split("\n")[:-1]
    gaps = [int(match[1]) for line in lines if (match := re.match(r"\.\.\. (\d+) lines? of this log (?:was|were) lost here$", line))]
    told = [int(number) for number in re.findall(r"(\d+) lines (?:were lost|of the log did not)", err + more)]
    came = sum(line.startswith("tick:tr-call:") for line in lines)
    assert "hello cleo" in out and shell.returncode == 0
    assert gaps and came + len(gaps) == len(lines) and sum(gaps) <= sum(told)
    assert came + sum(told) == 2 * calls == events.read_text().count('"function":"tick"')


@pytest.mark.parametrize("value, part", [
    ("", None), ("nohost.invalid:1", "cannot find the host nohost.invalid: "), ("127.0.0.1:0", "HOST[:PORT]"),
    ("127.0.0.1:http", "not \"127.0.0.1:http\""), ("::1", "brackets"), ("udp:", "HOST[:PORT]"), ("[::1", "brackets"),
    ("localhost:65536", "HOST[:PORT]")])
def test_mistakes_are_said_and_change_nothing(tool, shop, value, part):
    command = f'set log_remote "{value}"'
    done = tool.json([command, "set log_remote", "trace add"], shop)
    error = done.result(command)["error"]
    assert error is None if part is None else part in error
    assert done.result("set log_remote")["text"].split("=")[1].split()[:1] in ([], ['""'])
    assert len(done.of("call")) == 3


def test_a_line_that_is_longer_than_what_is_kept_is_lost_alone(tool, shop):
    script = tool.folder / "script"
    with Server() as server, reading(server) as texts:
        script.write_text(f"set log_remote 127.0.0.1:{server.port}\ntrace -c return add\nset log_format {'%m' * 200000}\n"
                          "call add 1 2\nset log_format %m\ncall add 3 4\nuntrace all\n")
        done = tool.run([f"source {script}"], shop)
    lines = texts[0].splitlines()
    assert lines[0] == "... 1 line of this log was lost here" and len(lines) == 2 and lines[1].startswith("return 7")
    assert "otrace: 1 line of the log did not reach the server" in done.err
