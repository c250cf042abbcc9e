# SPDX-License-Identifier: BSD-2-Clause
"""Runs the test suites that SQLite and Redis bring along, and says which tests failed.

The packages' suites are not all green on every machine (as root, say), so what counts is that two builds fail in
the same tests. Every test file runs in a process of its own, so that a crash costs one file and not the suite;
a file that crashes, hangs or ends early adds a failure named after it. What failed runs again alone, as some of
these tests depend on timing: what fails in both runs counts; and when both fail in different things, all of them.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from .build import JOBS, Build
from .errors import RealProgramError
from .redis_server import free_port

# One name, however it ended: what fails again when it runs again has to be called the same.
DID_NOT_END = "did not come to its end"

# What SQLite's attach.test says and ends, in the middle.
ROOT_REFUSED = "**** Tests do not work when run as root ****"

# Files of SQLite's quicktest that take more than a second, most of them sleeping; part="quick" leaves them out.
SQLITE_SLOW = frozenset("""
    atof1 busy2 fts4opt fts5aa fts5ah fts5aj fts5auto fts5bigpl fts5corrupt2 fts5porter fts5synonym2 fts5tok2 fts5update
    index5 joinD memjournal2 oserror pager1 pager2 round1 sharedA temptable2 unionall2 vacuum6 vacuummem walsetlk walvfs
    where8 window3 windowE windowpushd with1 with3
    """.split())

# Units of Redis' runtest that sleep for long or measure time; part="quick" leaves them out.
REDIS_SLOW = frozenset("""
    unit/aofrw unit/dump unit/expire unit/geo unit/latency-monitor unit/maxmemory unit/memefficiency unit/obuf-limits
    unit/type/list-3 integration/block-repl integration/corrupt-dump integration/corrupt-dump-fuzzer integration/failover
    integration/psync2 integration/psync2-master-restart integration/psync2-pingoff integration/psync2-reg
    integration/replication integration/replication-2 integration/replication-3 integration/replication-4
    integration/replication-buffer integration/replication-psync
    """.split())


@dataclass
class Result:
    """What a suite did: how many tests ran in each file, and the names of those that failed."""

    counts: dict = field(default_factory=dict)
    failing: set = field(default_factory=set)
    output: dict = field(default_factory=dict)  # of each file with a failure, the end of what it printed

    @property
    def ran(self) -> int:
        return sum(self.counts.values())

    def only(self, names) -> "Result":
        """The part of it that these files have."""
        return Result({name: ran for name, ran in self.counts.items() if name in names},
                      {failed for failed in self.failing if failed.split(": ")[0] in names},
                      {name: text for name, text in self.output.items() if name in names})

    def add(self, name: str, ran: int, failing: set, output: str) -> None:
        self.counts[name] = ran
        self.failing |= failing
        if failing:
            self.output[name] = output[-4000:]


def other_counts(reference: Result, tested: Result) -> str:
    """Where not as many tests ran: a text for people."""
    return ", ".join(f"{name} {ran} and {tested.counts.get(name, 0)}" for name, ran in sorted(reference.counts.items())
                     if ran != tested.counts.get(name, 0))


def differences(reference: Result, tested: Result) -> str:
    """Empty when the same files ran and the same tests fail in both, else a text for people."""
    lost = {name for name in reference.failing if name.endswith(f": {DID_NOT_END}")}
    silent = {name for name, ran in reference.counts.items() if ran and not tested.counts.get(name, 1)}
    lines = [f"{title}: {', '.join(sorted(names))}" for title, names in (
        ("only the reference has", reference.counts.keys() - tested.counts.keys()),
        ("the reference has no", tested.counts.keys() - reference.counts.keys()),
        ("of no use as a reference", lost),
        ("not one test ran of", silent),
        ("failing only in the reference", reference.failing - tested.failing),
        ("failing only in what was tested", tested.failing - reference.failing)) if names]
    return "\n".join(lines)


def _bounded(command, *, cwd, timeout, environment=None):
    """Runs COMMAND in a process group of its own that is ended with it. Returns (status or None, output)."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(word) for word in command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   env={**os.environ, **(environment or {})})
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        output.seek(0)
        return status, output.read().decode(errors="replace")


def _run_all(names, one, jobs, retries) -> Result:
    """Runs ONE(name) -> (ran, failing, output) for every name, and again alone for those with failures."""
    result = Result()
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = dict(zip(names, pool.map(one, names)))
    for name, (ran, failing, output) in outcomes.items():
        for _ in range(retries if failing else 0):
            ran, again, output = one(name)
            if not again or failing & again:
                failing &= again
                break
            failing |= again
        result.add(name, ran, failing, output)
    return result


# SQLite


def sqlite_files(build: Build):
    """Names of the test files of `make quicktest` (SQLite's extraquick), as SQLite's own lists give them."""
    tests = build.tree.parent / "test"
    with tempfile.TemporaryDirectory(prefix="otrace-sqlite-") as folder:
        script = Path(folder) / "list.tcl"
        script.write_text("""
            set testdir [lindex $argv 0]
            set argv0 $testdir/list.test
            set argv {}
            source $testdir/permutations.test
            array set suite $::testspec(extraquick)
            foreach f [lsort -unique $suite(-files)] { puts "FILE [file rootname [file tail $f]]" }
            """, encoding="ascii")
        status, output = _bounded([build.binary, script, tests], cwd=folder, timeout=120)
    names = re.findall(r"^FILE (\S+)$", output, re.M)
    if status or not names:
        raise RealProgramError(f"{build.name} cannot list its tests: {output[-1000:]}")
    return names


def sqlite(build: Build, *, part="quick", wrapper=(), says="", environment=None, jobs=JOBS, timeout=300,
           retries=2) -> Result:
    """SQLite's quicktest on a build of `testfixture`. PART is quick, full, or a list of file names.

    WRAPPER is the command to put before the program's, such as ["otrace", "run", ..., "--"]. SAYS is a pattern of what it
    prints when it does its work: a file where it does not has failed.
    """
    tests = build.tree.parent / "test"
    if part in ("quick", "full"):
        names = [name for name in sqlite_files(build) if part == "full" or name not in SQLITE_SLOW]
    else:
        names = list(part)

    def one(name):
        # Of equal length for every build and run, since some tests depend on the length of path names.
        folder = tempfile.mkdtemp(prefix="otrace-sqlite-")
        try:
            command = [*wrapper, build.binary, tests / "permutations.test", "extraquick", f"{name}.test"]
            status, output = _bounded(command, cwd=folder, timeout=timeout, environment=environment)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        failing = set(re.findall(r"^! (\S+) expected", output, re.M))
        listed = re.search(r"^!Failures on these tests: (.*)$", output, re.M)
        if listed:
            failing |= set(listed[1].split())
        summary = re.search(r"^(\d+) errors out of (\d+) tests", output, re.M)
        if status == 1 and ROOT_REFUSED in output:
            failing.add("stops for root")
        elif status not in (0, 1) or not summary or (status and not failing):
            failing.add(DID_NOT_END)
        if not re.search(says, output, re.M):
            failing.add(f"did not say {says}")
        if failing:
            output += f"\n{name}.test: {'timed out' if status is None else f'ended with status {status}'}"
        return int(summary[2]) if summary else 0, {f"{name}: {test}" for test in failing}, output

    return _run_all(names, one, jobs, retries)


# Redis


def redis_units(build: Build):
    """Names of all units of `runtest`."""
    helper = (build.tree / "tests" / "test_helper.tcl").read_text(encoding="utf-8")
    listed = re.search(r"set ::all_tests \{(.*?)\}", helper, re.S)
    if not listed:
        raise RealProgramError(f"{build.tree}/tests/test_helper.tcl lists no units")
    return listed[1].split()


def _redis_tree(build: Build, folder: Path, wrapper, attach: str) -> Path:
    """A tree in FOLDER that runtest can work in, whose src/redis-server runs the build's under WRAPPER."""
    tree = folder / "redis"
    tree.mkdir()
    for entry in build.tree.iterdir():
        if entry.name == "tests":
            shutil.copytree(entry, tree / "tests", symlinks=True)
        elif entry.name != "src":
            (tree / entry.name).symlink_to(entry)
    # A bare system has no /etc/hosts: the suite would wait for ever for its own clients.
    helper = tree / "tests" / "test_helper.tcl"
    text = helper.read_text(encoding="utf-8")
    if "socket localhost " not in text:
        raise RealProgramError(f"{helper} does not connect to localhost any more")
    helper.write_text(text.replace("socket localhost ", "socket 127.0.0.1 "), encoding="utf-8")
    (tree / "src").mkdir()
    for entry in (build.tree / "src").iterdir():
        (tree / "src" / entry.name).symlink_to(entry)
    server = tree / "src" / "redis-server"
    server.unlink()
    lines = ["#!/bin/sh"]
    if attach:
        # The server keeps this script's process id: runtest sends signals to it. And it has no child but its own:
        # runtest kills the first one that it finds, so this one's parent ends at once.
        lines.append(f"(OTRACE_PID=$$ setsid sh -c {shlex.quote(attach)} >>attach.log 2>&1 </dev/null &)")
    command = shlex.join([*map(str, wrapper), str(build.binaries["redis-server"])])
    lines.append(f'exec {command} "$@"')
    server.write_text("\n".join(lines) + "\n", encoding="utf-8")
    server.chmod(0o755)
    return tree


def redis_failing(status, output):
    """What fails in a unit of runtest, by its output and exit status (None: it was stopped)."""
    failing = set(re.findall(r"^\[err\]: (.*?)(?: in tests/\S+)?$", output, re.M))
    exceptions = {f"exception: {text}" for text in re.findall(r"^\[exception\]: (.*)$", output, re.M)}
    failing |= exceptions
    # An exception is the end of a unit, with a name that can be compared: in Redis 7.0 a test of replication sets
    # repl-diskless-load to a value that the server does not know, in every build.
    ended = "[1/1 done]" in output or exceptions
    if status is None or "[TIMEOUT]" in output or not ended or (status and not failing):
        failing.add(DID_NOT_END)
    return failing


def redis(build: Build, *, part="quick", wrapper=(), attach="", environment=None, jobs=JOBS, timeout=900,
          retries=2) -> Result:
    """Redis' runtest. PART is quick, full, or a list of unit names.

    Every server of the suite starts as WRAPPER + redis-server in ENVIRONMENT; the wrapper must keep the process id (as
    `env` does), for runtest sends signals to it. ATTACH is a shell command run beside each server, with the
    server's process id in $OTRACE_PID.
    """
    units = redis_units(build)
    if part in ("quick", "full"):
        names = [name for name in units if part == "full" or name not in REDIS_SLOW]
    else:
        names = list(part)
    if missing := set(names) - set(units):
        raise RealProgramError(f"runtest has no {', '.join(sorted(missing))}")

    def one(name):
        folder = Path(tempfile.mkdtemp(prefix="otrace-runtest-"))
        try:
            tree = _redis_tree(build, folder, wrapper, attach)
            base = _ports.take()
            command = ["./runtest", "--clients", 1, "--single", name, "--no-latency", "--baseport", base,
                       "--portcount", _Ports.count, "--timeout", timeout - 30]
            status, output = _bounded(command, cwd=tree, timeout=timeout, environment=environment)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        output = re.sub(r"\x1b\[[0-9;]*m", "", output)
        ran = len(re.findall(r"^\[(?:ok|err)\]:", output, re.M))
        failing = redis_failing(status, output)
        if DID_NOT_END in failing:
            output += f"\n{name}: {'timed out' if status is None else f'ended with status {status}'}"
        return ran, {f"{name}: {test}" for test in failing}, output

    return _run_all(names, one, jobs, retries)


class _Ports:
    """Hands out ranges of ports, so that suites that run side by side do not meet."""

    count = 200

    def __init__(self):
        self.next = None
        self.lock = threading.Lock()

    def take(self) -> int:
        with self.lock:
            if self.next is None or self.next > 31000:
                self.next = free_port()
            base, self.next = self.next, self.next + 2 * self.count
            return base


_ports = _Ports()
