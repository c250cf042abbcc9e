# SPDX-License-Identifier: BSD-2-Clause
"""A program of any number of functions and types, and how long the shell takes to look into it."""

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pexpect

PER_FILE = 2000
FUNCTIONS_PER_TYPE = 5
FUNCTIONS_PER_GLOBAL = 10

SHAPES = ("int f{0}(struct type{1} *self, int n)\n{{\n\tself->count += n;\n\treturn (int)self->count + {0};\n}}\n",
          "static KEEP long f{0}(const struct type{1} *self, const char *name)\n{{\n\treturn self->count + name[0];\n}}\n",
          "int f{0}(int a, long b)\n{{\n\treturn a * {0} ^ (int)b;\n}}\n",
          "void f{0}(enum kind{1} kind, struct type{1} *to)\n{{\n\tto->kind = kind;\n}}\n")

TYPE = """\
enum kind{0} {{ KIND{0}_A = {0}, KIND{0}_B }};
struct type{0} {{
\tlong count;
\tenum kind{0} kind;
\tchar name[16];
\tstruct type{0} *next;
\tstruct type{1} *other;
\tint (*call)(struct type{0} *self, int n);
}};
"""

MAIN = """\
#include <stdio.h>
#include <unistd.h>
int main(void)
{
\tputs("ready");
\tfflush(stdout);
\tfor (;;)
\t\tpause();
}
"""


def source(number: int, functions: int) -> str:
    """One file: its types, globals and functions. Types refer to their file's own."""
    first = number * PER_FILE
    nr_types = max(1, functions // FUNCTIONS_PER_TYPE)
    type_of = first // FUNCTIONS_PER_TYPE
    out = ["/* SPDX-License-Identifier: BSD-2-Clause */", "#define KEEP __attribute__((noinline, used))"]
    out += [TYPE.format(type_of + i, type_of + (i + 1) % nr_types) for i in range(nr_types)]
    out += [f"struct type{type_of + i % nr_types} global{first + i * FUNCTIONS_PER_GLOBAL} = {{{i}}};"
            for i in range(max(1, functions // FUNCTIONS_PER_GLOBAL))]
    out += [SHAPES[i % len(SHAPES)].format(first + i, type_of + i % nr_types) for i in range(functions)]
    return "\n".join(out) + "\n"


def write(folder: Path, functions: int) -> list:
    """The sources of a program of so many functions, a fifth as many structs and as many enums, a tenth as many globals."""
    files = []
    for number in range((functions + PER_FILE - 1) // PER_FILE):
        files.append(folder / f"part{number}.c")
        files[-1].write_text(source(number, min(PER_FILE, functions - number * PER_FILE)), encoding="ascii")
    files.append(folder / "main.c")
    files[-1].write_text(MAIN, encoding="ascii")
    return files


def make(folder: Path, functions: int, plugin: Path) -> Path:
    """Compiles it, one file at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for file in write(folder, functions):
        objects.append(file.with_suffix(".o"))
        subprocess.run(["clang-19", "-g", "-O1", f"-fpass-plugin={plugin}", "-c", file, "-o", objects[-1]], check=True)
    program = folder / f"many{functions}"
    subprocess.run(["clang-19", *objects, "-o", program], check=True)
    for file in objects:
        file.unlink()
    return program


def memory(pid: int) -> int:
    """Bytes resident at most."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1]) * 1024


def resident(pid: int) -> int:
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1]) * 1024


class Looker:
    """The shell on a living program, timed from outside, by its terminal."""

    def __init__(self, build: Path, program: Path, folder: Path):
        self.build = build
        (folder / "s").mkdir(mode=0o700, exist_ok=True)
        self.environment = {**os.environ, "OTRACE_DIR": str(folder / "s"), "HOME": str(folder), "TERM": "xterm", "NO_COLOR": "1"}
        self.process = subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                        env={**self.environment, "LD_PRELOAD": str(build / "lib/libotrace.so"), "OTRACE": "listen"})
        self.process.stdout.readline()
        while not (folder / "s" / str(self.process.pid)).exists():
            time.sleep(0.01)

    def attach(self, command="pwd") -> tuple:
        start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([self.build / "bin/otrace", "attach", "-e", command, str(self.process.pid)], env=self.environment,
                       stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def terminal(self):
        terminal = pexpect.spawn(str(self.build / "bin/otrace"), ["attach", str(self.process.pid)], env=self.environment,
                                 encoding="ascii", dimensions=(50, 160), timeout=120)
        terminal.delaybeforesend = None
        terminal.expect_exact("globals> ")
        return terminal

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def on_cpu(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def complete(terminal, typed: str, becomes: str) -> tuple:
    """From the tab key to the completed word, and the processor's share of it."""
    terminal.send(typed)
    terminal.expect_exact(typed)
    time.sleep(0.05)
    start, cpu = time.monotonic(), on_cpu(terminal.pid)
    terminal.send("\t")
    terminal.expect_exact(becomes)
    took = time.monotonic() - start
    time.sleep(0.05)
    cpu = on_cpu(terminal.pid) - cpu
    terminal.send("\x15")
    return took, cpu


def median(pairs) -> tuple:
    """Of the times and of the processor's, each."""
    return tuple(statistics.median(column) for column in zip(*pairs))


def look(build: Path, program: Path, functions: int, rounds: int = 5) -> dict:
    """(seconds, seconds of the processor) in the median; bytes at most."""
    last = functions - functions % 4 - 4
    with tempfile.TemporaryDirectory(prefix="otrace-many-") as folder:
        looker = Looker(build, program, Path(folder))
        try:
            before = resident(looker.process.pid)
            attach = median(looker.attach() for _ in range(rounds))
            listed = median(looker.attach("ls /osh/globals") for _ in range(rounds))
            terminal = looker.terminal()
            times = {"attach": attach, "ls /osh/globals": (listed[0] - attach[0], listed[1] - attach[1])}
            times["first completion"] = complete(terminal, f"pr global{functions - 10}"[:-1], "0")
            for name, typed, becomes in (
                    ("completion of a name", f"pr f{last}", " "), ("completion of a path", f"ls /osh/globals/f{last}", " "),
                    ("completion of a field", "pr global0.na", "me"), ("completion in types", "ls /osh/types/type0/fi", "elds")):
                times[name] = median(complete(terminal, typed, becomes) for _ in range(rounds))
            times["shell's memory"] = memory(terminal.pid)
            times["program's memory more"] = resident(looker.process.pid) - before
            terminal.sendeof()
            terminal.expect(pexpect.EOF)
            return times
        finally:
            looker.stop()


def main(arguments) -> int:
    """many.py BUILD FOLDER [FUNCTIONS...]: makes the programs (once) and prints how long looking takes.

    Each time is followed by the shell's share of a processor, which does not depend on what else the machine does.
    """
    if len(arguments) < 2:
        print(main.__doc__)
        return 2
    build, folder = Path(arguments[0]).resolve(), Path(arguments[1]).resolve()
    columns = {}
    sizes = [int(text) for text in arguments[2:]] or [1000, 10000, 100000]
    for functions in sizes:
        program = folder / str(functions) / f"many{functions}"
        if not program.exists():
            make(program.parent, functions, build / "lib/otrace.so")
        columns[functions] = look(build, program, functions)
    print(f"{'':24}" + "".join(f"{functions:>22}" for functions in sizes))
    for name in columns[sizes[0]]:
        cells = [columns[functions][name] for functions in sizes]
        texts = [f"{cell / 2**20:.1f} MiB" if "memory" in name else f"{cell[0] * 1000:.1f} ({cell[1] * 1000:.1f}) ms"
                 for cell in cells]
        print(f"{name:24}" + "".join(f"{text:>22}" for text in texts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
