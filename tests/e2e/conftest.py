# SPDX-License-Identifier: BSD-2-Clause
"""Whole programs under the otrace command: how tests compile, start and talk to them."""
import json
import os
import pathlib
import signal
import subprocess
import sys

import pexpect
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from waiting import TIMEOUT, wait_until  # pylint: disable=wrong-import-position

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"


class Result:
    """What a command did."""

    def __init__(self, done, json_lines):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        self.events = [json.loads(line) for line in json_lines.splitlines()]

    def of(self, kind, function=None):
        return [e for e in self.events if e["event"] == kind and function in (None, e.get("function"))]

    def result(self, command):
        found = [e for e in self.of("result") if e["command"] == command]
        assert len(found) == 1, f"{command}: {len(found)} results in {self.events}"
        return found[0]


def command_options(commands):
    return [word for command in commands for word in ("-e", command)]


class Tool:
    """The otrace command."""

    def __init__(self, path, runtime, folder):
        self.path = path
        self.runtime = runtime
        self.folder = folder
        self.source = PROGRAMS.parents[2]
        self.env = dict(os.environ, HOME=str(folder), XDG_RUNTIME_DIR=str(folder / "run"), TERM="xterm",
                        TMPDIR=str(folder), PAGER="")
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "OTRACE_BUILD", "OTRACE_DEPS"):
            self.env.pop(name, None)
        (folder / "run").mkdir(mode=0o700, exist_ok=True)

    def __call__(self, *args, stdin=subprocess.DEVNULL, env=None, json_file=None, timeout=TIMEOUT):
        done = subprocess.run([self.path, *map(str, args)], cwd=self.folder, env=dict(self.env, **(env or {})),
                              stdin=stdin, capture_output=True, text=True, timeout=timeout, check=False)
        return Result(done, json_file.read_text() if json_file else "")

    def run(self, commands, *program, options=(), **more):
        """`otrace run` in batch, text."""
        return self("run", *options, *command_options(commands), "--", *program, **more)

    def json(self, commands, *program, options=(), **more):
        """`otrace run` in batch, JSON in a file."""
        file = self.folder / "events.json"
        return self("run", f"--json={file}", *options, *command_options(commands), "--", *program, json_file=file,
                    **more)

    def attach(self, commands, who, options=()):
        """`otrace attach` in batch; JSON is on standard output."""
        done = subprocess.run([self.path, "attach", "--json", *options, *command_options(commands), str(who)],
                              cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIMEOUT, check=False)
        return Result(done, done.stdout)

    def listen(self, *program, **more):
        """Starts a program that can be joined, and waits until it can."""
        env = dict(self.env, LD_PRELOAD=str(self.runtime), OTRACE="listen")
        process = subprocess.Popen(list(map(str, program)), cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True, **more)
        socket = self.folder / "run/otrace" / str(process.pid)
        wait_until(socket.exists, f"{socket} does not appear")
        return process

    def terminal(self, *args, dimensions=(40, 120), env=None, command=None):
        return Terminal(command or self.path, list(map(str, args)), cwd=str(self.folder), env=dict(self.env, **(env or {})),
                        dimensions=dimensions, timeout=TIMEOUT, encoding="utf-8")


class Terminal(pexpect.spawn):
    """A person at a prompt."""

    PROMPT = r"(?:globals|osh|otrace)[^\n]*> "

    def ready(self):
        self.expect(self.PROMPT)
        return self

    def type(self, line):
        """Types a line and returns what came before the next prompt."""
        self.sendline(line)
        self.ready()
        return self.before

    def finish(self):
        """Waits for the end; returns the exit status."""
        self.expect(pexpect.EOF)
        self.close()
        return self.exitstatus if self.signalstatus is None else 128 + self.signalstatus


@pytest.fixture
def tool(otrace, build, tmp_path):
    return Tool(otrace, build / "lib/libotrace.so", tmp_path)


@pytest.fixture(scope="session")
def compiled(build, tmp_path_factory):
    """compiled("shop.c", "-O2") -> path of the instrumented program; made once."""
    folder = tmp_path_factory.mktemp("programs")
    made = {}

    def compiled(source, *flags, plugin=True, debug=True):
        key = (source, flags, plugin, debug)
        if key not in made:
            output = folder / f"{pathlib.Path(source).stem}{len(made)}"
            command = ["clang-19", *(["-g"] if debug else []), "-O2", *flags]
            if plugin:
                command.append(f"-fpass-plugin={build}/lib/otrace.so")
            subprocess.run([*command, PROGRAMS / source, "-o", output], check=True)
            made[key] = output
        return made[key]

    return compiled


@pytest.fixture(scope="session")
def shop(compiled):
    return compiled("shop.c")


@pytest.fixture
def worker(tool, shop):
    """A program that works until it is told to end, and can be joined."""
    process = tool.listen(shop, "work")
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
