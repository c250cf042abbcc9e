# SPDX-License-Identifier: BSD-2-Clause
"""What the acceptance tests share: the otrace command on real programs, and what /proc says about a process."""

import collections
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

TIMEOUT = 600  # seconds after which something hangs; nothing is measured


def options(commands):
    return [word for command in commands for word in ("-e", command)]


class Events:
    """The lines of --json, taken as they come. Of calls and returns only the first are kept, all are counted."""

    def __init__(self, kept=20000):
        self.kept = kept
        self.calls, self.others = [], []
        self.counts = collections.Counter()

    def take(self, line):
        kind = line[10:line.index('"', 10)]
        self.counts[kind] += 1
        if kind in ("call", "return"):
            if len(self.calls) < self.kept:
                self.calls.append(json.loads(line))
        else:
            self.others.append(json.loads(line))

    @classmethod
    def of_file(cls, path, kept=20000):
        events = cls(kept)
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                events.take(line)
        return events

    @property
    def lost(self):
        return sum(event["count"] for event in self.others if event["event"] == "lost")

    def result(self, command):
        """What COMMAND answered; an error of its fails the test."""
        found = [event for event in self.others if event["event"] == "result" and event["command"] == command]
        assert len(found) == 1, f"{len(found)} results of {command!r} among {self.others[:50]}"
        assert found[0]["error"] is None, found[0]["error"]
        return found[0]


class Command:
    """The otrace command of one build, with folders of its own."""

    def __init__(self, build):
        self.path = build / "bin/otrace"
        self.runtime = build / "lib/libotrace.so"
        # Short: the path of a socket has room for 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="otrace-acc-"))
        (self.folder / "sockets").mkdir(mode=0o700)
        self.environment = {"OTRACE_DIR": str(self.folder / "sockets"), "HOME": str(self.folder)}

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def listening(self):
        """The environment of a program that can be joined."""
        return {**self.environment, "LD_PRELOAD": str(self.runtime), "OTRACE": "listen"}

    def run(self, commands, program, *, kept=20000, cwd=None):
        """`otrace run` in batch. Returns (status, standard output, standard error, events)."""
        file = self.folder / "events.json"
        file.unlink(missing_ok=True)
        done = subprocess.run([self.path, "run", f"--json={file}", *options(commands), "--", *program], cwd=cwd,
                              env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=TIMEOUT, check=False)
        return done.returncode, done.stdout, done.stderr, Events.of_file(file, kept)

    def attach(self, pid, commands, *, seconds=None, more=()):
        """Starts `otrace attach`; its events come in while it stays."""
        return Attached(self, pid, commands, seconds, more)


class Attached:
    """A running `otrace attach`."""

    def __init__(self, command, pid, commands, seconds, more):
        words = [command.path, "attach", "--json", *more, *options(commands)]
        if seconds is not None:
            words += ["--for", str(seconds)]
        self.events = Events()
        self.said = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([*map(str, words), str(pid)], env={**os.environ, **command.environment},
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.said, text=True)
        self.answered = threading.Event()  # the last command has been carried out
        self.last = commands[-1]
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.events.take(line)
            if line.startswith('{"event":"result"') and self.events.others[-1]["command"] == self.last:
                self.answered.set()
        self.answered.set()

    def wait_until_ready(self):
        assert self.answered.wait(TIMEOUT), "otrace attach does not answer"
        assert self.process.poll() is None, f"otrace attach has ended: {self.errors()}"

    def errors(self):
        self.said.seek(0)
        return self.said.read()

    def leave(self):
        """Ends it as Ctrl-C does; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self):
        try:
            status = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join(TIMEOUT)
        self.process.stdout.close()
        return status


# What the kernel says about a process.


def threads(pid):
    """{thread id: name}"""
    return {int(task.name): (task / "comm").read_text().strip() for task in Path(f"/proc/{pid}/task").iterdir()}


def descriptors(pid):
    """{number: what it is}"""
    return {int(fd.name): os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()}


def executable_mappings(pid):
    """(low, high, offset, file) of each mapping of a file that can be executed.

    The runtime's thunks, which stay for calls that may still be on their way through them, are no file's text.
    """
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        part = re.fullmatch(r"([0-9a-f]+)-([0-9a-f]+) r.x. ([0-9a-f]+) \S+ [1-9]\d* +(/.*)", line)
        if part and part[4] != "/memfd:otrace-thunks (deleted)":
            found.append((int(part[1], 16), int(part[2], 16), int(part[3], 16), part[4]))
    return found


def text_differences(pid, program):
    """Places at which the executable memory of a process is not what its files say; (them, bytes compared)."""
    found, compared, files = [], 0, set()
    with open(f"/proc/{pid}/mem", "rb") as memory:
        for low, high, offset, name in executable_mappings(pid):
            memory.seek(low)
            actual = memory.read(high - low)
            with open(name, "rb") as file:
                file.seek(offset)
                expected = file.read(high - low)
            # Behind the end of the file the last page has zeros.
            expected += bytes(len(actual) - len(expected))
            if actual != expected:
                first = next(i for i in range(len(actual)) if actual[i] != expected[i])
                found.append(f"{name}: offset {offset + first:#x}")
            compared += len(actual)
            files.add(name)
    assert str(program) in files, f"{program} has no executable mapping among {files}"
    return found, compared


def figure(record_property, text):
    """A measured figure: it stands in the summary of the tests."""
    record_property("figure", text)
    print(text)
