# SPDX-License-Identifier: BSD-2-Clause
"""The programs of tests/programs under the otrace command: building them once, running them in each way.

A Bench builds with one compiler; a Cell is one program at one level in one mode:
    cell.dormant()   runs by itself, as if it had not been compiled with the pass
    cell.exact()     the functions of its EXPECT lines traced, their values compared
    cell.all()       everything traced, with the same comparison
    cell.quiet()     everything recorded, nothing printed
Each asserts, and says what was wrong.
"""
import json
import pathlib
import re
import subprocess
import sys

PROGRAMS = pathlib.Path(__file__).resolve().parent.parent / "programs"
sys.path.insert(0, str(PROGRAMS))

import build as matrix  # pylint: disable=wrong-import-position
import expect           # pylint: disable=wrong-import-position

TIMEOUT = 240  # seconds after which something hangs; nothing is measured
STATIC = ("static", "static-pie")
# Ten million calls each: they are recorded and counted, and only what is beside them is written out.
MANY = {"tailcalls": ["ping", "pong"], "musttail": ["count_down"]}


def is_many(program, level):
    return program.name in MANY and (program.name, level) != ("tailcalls", "O0")


def processor():
    return tuple(set(pathlib.Path("/proc/cpuinfo").read_text().split()) & {"avx", "avx2", "avx512f"})


def run(arguments, **more):
    done = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=TIMEOUT, check=False, **more)
    return done.returncode, done.stdout, done.stderr


class Bench:
    """A compiler and a folder for what it makes."""

    def __init__(self, build, folder, driver=True, runtime=None):
        self.otrace = build / "bin/otrace"
        self.library = build / "lib"
        self.folder = folder
        self.driver = driver
        self.runtime = runtime  # how it comes into the program: None = preloaded, else options of the link
        if driver:
            self.compiler = {"compiler": [str(self.otrace), "cc"], "cxx": [str(self.otrace), "c++"]}
        else:
            self.compiler = {"cflags": [f"-fpass-plugin={build}/lib/otrace.so"]}

    def cell(self, program, level, mode):
        ldflags = self.runtime or []
        if mode in STATIC:  # nothing can be preloaded there
            ldflags = [f"-L{self.library}", "-Wl,-u,otrace_listen", "-lotrace"]
        tools = matrix.Tools(ldflags=ldflags, **self.compiler)
        return Cell(self, program, level, mode, matrix.build(program, level, mode, self.folder, tools))


class Cell:
    """One program, built."""

    def __init__(self, bench, program, level, mode, path):
        self.bench = bench
        self.program = program
        self.level = level
        self.mode = mode
        self.path = path

    def dormant(self):
        seen = run([self.path])
        assert seen == (0, f"ok {self.program.name}\n", "") or self.last_line_is_ok(seen), seen

    def last_line_is_ok(self, seen):
        status, out, err = seen
        return status == 0 and out.splitlines()[-1:] == [f"ok {self.program.name}"] and not err

    def quiet(self):
        """Everything recorded and nothing printed: all that the program does is what it does alone."""
        seen = run([self.bench.otrace, "run", "--json=/dev/null", "-e", "trace -q *", "--", self.path])
        assert seen == run([self.path])

    def is_ok(self, seen, events):
        """What the messages of commands say is no business of the program."""
        err = "" if any(e["event"] == "result" and e["error"] for e in events) else seen[2]
        return self.last_line_is_ok((seen[0], seen[1], err))

    def under(self, commands):
        """Runs with these commands; the events, after the program did what it does alone."""
        file = self.path.with_suffix(".json")
        words = [word for command in commands for word in ("-e", command)]
        try:
            seen = run([self.bench.otrace, "run", f"--json={file}", *words, "--", self.path])
            events = [json.loads(line) for line in file.open()] if file.exists() else []
        finally:
            file.unlink(missing_ok=True)
        return seen, events

    def check(self, commands, names):
        seen, events = self.under(commands)
        optional = expect.optional(self.program, self.level, self.mode)
        excused = [f"trace --wait '{name}'" for name in optional]
        failed = [e for e in events if e["event"] == "result" and e["error"] and e["command"] not in excused]
        assert not failed, failed
        assert self.is_ok(seen, events), seen
        wrong = expect.verify(self.program, self.level, self.mode, events, later=True, cpu=processor(),
                              driver=self.bench.driver)
        if names is not None:
            wrong = [text for text in wrong if not text.startswith(tuple(f"{name}:" for name in names))]
        assert wrong == [], "\n".join(wrong)
        return events

    def exact(self):
        names = expect.functions(self.program, self.level, self.mode)
        left_out = MANY[self.program.name] if is_many(self.program, self.level) else []
        names = [name for name in names if name not in left_out]
        return self.check([f"trace --wait '{name}'" for name in names], left_out)

    def all(self):
        if is_many(self.program, self.level):
            return self.many()
        return self.check(["trace --wait '*'"], None)

    def many(self):
        """All recorded, none lost, and as many as there must be."""
        seen, events = self.under(["trace -q --wait '*'", "run", "status"])
        assert self.last_line_is_ok(seen), seen
        status = [e["text"] for e in events if e["event"] == "result" and e["command"] == "status"]
        read, lost = map(int, re.search(r"(\d+) read, (\d+) lost", status[0]).groups())
        calls = sum(e["calls"] for e in self.program.expects(self.level, self.mode) if e["function"] in
                    MANY[self.program.name] and "calls" in e)
        assert lost == 0 and read >= calls > 10000000, status
        return events


def cells(kind, **choice):
    """For pytest.mark.parametrize: the cells of the matrix and their names."""
    chosen = list(matrix.matrix(kind, **choice))
    return {"argvalues": chosen, "ids": [f"{p.name}-{level}-{mode}" for p, level, mode in chosen]}
