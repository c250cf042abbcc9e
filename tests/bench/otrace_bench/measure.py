# SPDX-License-Identifier: BSD-2-Clause
"""Ways to measure: interleaved runs, CPU time, instruction counts, sizes of a program file."""

import os
import re
import resource
import statistics
import subprocess
import tempfile
import threading
from pathlib import Path

MEASURED_CPU = max(os.sched_getaffinity(0))
OTHER_CPU = min(os.sched_getaffinity(0))


class BenchError(Exception):
    """A measurement could not be made; the message says which and why."""


def run(command, *, cwd=None, environment=None, timeout=600, cpu=None, stdin=subprocess.DEVNULL):
    """Runs COMMAND; returns (standard output, CPU seconds of it and its children). Failure is an error."""
    command = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, cwd=cwd, stdin=stdin, stdout=out, stderr=err,
                                   env={**os.environ, **(environment or {})})
        if cpu is not None:
            os.sched_setaffinity(process.pid, {cpu})
        try:
            _, status, usage = _wait(process, timeout)
        finally:
            if process.poll() is None:
                process.kill()
        out.seek(0)
        text = out.read()
        if status:
            err.seek(0)
            raise BenchError(f"status {status} from {' '.join(command)[:500]}\n{text[-1000:]}{err.read()[-2000:]}")
    return text, usage.ru_utime + usage.ru_stime


def children_seconds() -> float:
    """CPU seconds of all children that have ended so far, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait(process, timeout):
    """wait4() with a limit; the limit is enforced by a helper, so that resource usage is not lost."""
    timer = threading.Timer(timeout, process.kill)
    timer.start()
    try:
        pid, status, usage = os.wait4(process.pid, 0)
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return pid, process.returncode, usage


def interleave(subjects: dict, rounds: int) -> dict:
    """Calls each of SUBJECTS (name -> function returning a number) once a round; returns name -> numbers.

    The order rotates, so that none is always first, and slow phases of the machine hit all alike.
    """
    names = list(subjects)
    figures = {name: [] for name in names}
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            figures[name].append(subjects[name]())
    return figures


def ratios(figures: dict, base: str = "plain"):
    """({name: ratio of minima}, {name: ratio of medians}) against BASE."""
    least = {name: min(values) / min(figures[base]) for name, values in figures.items()}
    middle = {name: statistics.median(values) / statistics.median(figures[base]) for name, values in figures.items()}
    return least, middle


# Instructions


class Callgrind:
    """What valgrind's callgrind counted in one run, for the program's own code without libraries."""

    def __init__(self, file: Path, binary: Path):
        names = {}
        binary = str(Path(binary).resolve())
        self.total = self.instructions = self.calls = 0
        current = callee = None
        inclusive = False
        with open(file, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if inclusive:  # the cost of the call that the line before tells of
                    inclusive = False
                elif line[0] in "0123456789+-*":
                    if current == binary:
                        self.instructions += int(line.split()[-1])
                elif line.startswith(("ob=", "cob=")):
                    kind, _, value = line.strip().partition("=")
                    match = re.match(r"(\(\d+\))(?: (.*))?$", value)
                    if match[2]:
                        names[match[1]] = match[2]
                    if kind == "ob":
                        current = names[match[1]]
                    else:
                        callee = names[match[1]]
                elif line.startswith("calls="):
                    if (callee or current) == binary:
                        self.calls += int(line[6:].split()[0])
                    callee, inclusive = None, True
                elif line.startswith("fn="):
                    callee = None
                elif line.startswith(("summary:", "totals:")):
                    self.total = int(line.split()[1])
        if not self.instructions or not self.calls:
            raise BenchError(f"{file} has no counts for {binary}")


def callgrind_command(output: Path):
    return ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={output}"]


def without_debug(binary: Path, folder: Path, name: str) -> Path:
    """A copy without debug information: Debian 12's valgrind cannot read all of what clang 19 writes."""
    copy = folder / f"{name}.stripped"
    run(["strip", "--strip-debug", binary, "-o", copy])
    return copy


def callgrind(binary: Path, args, folder: Path, name: str, *, cwd=None) -> Callgrind:
    output = folder / f"callgrind.{name}"
    binary = without_debug(binary, folder, name)
    # The same addresses each time, since programs hash pointers.
    run(["setarch", "--addr-no-randomize", *callgrind_command(output), binary, *args], cwd=cwd, timeout=900)
    return Callgrind(output, binary)


# Sizes


def tool(*words) -> str:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True).stdout


class Elf:
    """Sizes of a program file, from readelf."""

    def __init__(self, path: Path):
        self.path = Path(path)
        self.sections = {}
        for match in re.finditer(r"^\s*\[\s*\d+\]\s+(\S+)\s+(\S+)\s+[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)",
                                 tool("readelf", "--wide", "--section-headers", path), re.M):
            self.sections[match[1]] = self.sections.get(match[1], 0) + int(match[3], 16)

    @property
    def text(self) -> int:
        """Bytes of code: every section that is executed."""
        return sum(size for name, size in self.sections.items() if name.startswith((".text", ".plt", ".init", ".fini"))
                   and not name.endswith("_array"))

    @property
    def loadable(self) -> int:
        """Bytes of all loaded segments in the file."""
        rows = re.findall(r"^\s*LOAD\s+\S+\s+\S+\s+\S+\s+(0x[0-9a-f]+)", tool("readelf", "--wide", "--segments", self.path), re.M)
        return sum(int(size, 16) for size in rows)

    @property
    def file(self) -> int:
        return self.path.stat().st_size

    @property
    def relocations(self) -> int:
        return sum(int(count) for count in re.findall(r"contains (\d+) entr", tool("readelf", "--wide", "--relocs", self.path)))

    @property
    def debug(self) -> int:
        return sum(size for name, size in self.sections.items() if name.startswith(".debug"))

    def functions(self) -> int:
        """Defined functions, by the symbol table."""
        return len(re.findall(r"^[0-9a-f]+ [TtWw] ", tool("nm", "--defined-only", self.path), re.M))
