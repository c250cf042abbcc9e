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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pexpect

if __name__ == "__main__":
    sys.path[:0] = [str(folder) for folder in Path(__file__).resolve().parents[1:3]]

from otrace_bench.table import COLUMNS, Absent
from realprograms import build as builds
from realprograms import cache

SIZES = [1000, 10000, 100000]
FIRST, ATTACH, LIST, SHELL = "first attach", "attach", "ls /osh/globals", "shell's memory"
PER_FILE = 2000
FUNCTIONS_PER_TYPE = 10
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
    """The sources of a program of so many functions, a tenth as many structs, enums and globals each."""
    files = []
    for number in range((functions + PER_FILE - 1) // PER_FILE):
        files.append(folder / f"part{number}.c")
        files[-1].write_text(source(number, min(PER_FILE, functions - number * PER_FILE)), encoding="ascii")
    files.append(folder / "main.c")
    files[-1].write_text(MAIN, encoding="ascii")
    return files


def make(folder: Path, functions: int, plugin: Path) -> Path:
    """Compiles it, as many files at once as there are processors."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = write(folder, functions)
    objects = [file.with_suffix(".o") for file in sources]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(lambda pair: subprocess.run(["clang-19", "-g", "-O1", f"-fpass-plugin={plugin}", "-c", *pair], check=True),
                      [(source, "-o", made) for source, made in zip(sources, objects)]))
    program = folder / f"many{functions}"
    subprocess.run(["clang-19", *objects, "-o", program], check=True)
    for file in objects:
        file.unlink()
    return program


def memory(pid: int) -> int:
    """Bytes resident at most."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1]) * 1024


def shares(pid: int) -> dict:
    """What the kernel says of its memory: all that is resident, its share of it, and what is its own and changed; in bytes."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return {name: int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1]) * 1024 for name in ("Rss", "Pss", "Private_Dirty")}


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
    """(seconds, seconds of the shell on a processor) in the median; bytes."""
    last = functions - functions % 4 - 4
    with tempfile.TemporaryDirectory(prefix="otrace-many-") as folder:
        looker = Looker(build, program, Path(folder))
        try:
            before = shares(looker.process.pid)
            times = {FIRST: looker.attach()}
            times[ATTACH] = attach = median(looker.attach() for _ in range(rounds))
            listed = median(looker.attach("ls /osh/globals") for _ in range(rounds))
            times[LIST] = (listed[0] - attach[0], listed[1] - attach[1])
            terminal = looker.terminal()
            times["first completion"] = complete(terminal, f"pr global{functions - 10}"[:-1], "0")
            for name, typed, becomes in (
                    ("completion of a name", f"pr f{last}", " "), ("completion of a path", f"ls /osh/globals/f{last}", " "),
                    ("completion of a field", "pr global0.na", "me"), ("completion in types", "ls /osh/types/type0/fi", "elds")):
                times[name] = median(complete(terminal, typed, becomes) for _ in range(rounds))
            times[SHELL] = memory(terminal.pid)
            after = shares(looker.process.pid)
            times.update({f"program's memory more, {name}": after[name] - before[name] for name in before})
            terminal.sendeof()
            terminal.expect(pexpect.EOF)
            return times
        finally:
            looker.stop()


def budget(name: str) -> tuple:
    """The words of it and the most that is allowed, in milliseconds or MiB; of a program of 100 000 functions, so of any."""
    if name in (FIRST, ATTACH):
        return "≤ 300", 300
    if name == LIST:
        return "≤ 200", 200
    if "completion" in name:
        return "≤ 20", 20
    if name == SHELL:
        return "≤ 300", 300
    return "0; a connection takes 0.1", 0.1


def looking(bench, table) -> None:
    """The section of the benchmark."""
    others = {column: Absent("nobody else looks into a program") for column in COLUMNS if column != "otrace"}
    for functions in SIZES:
        section = f"Looking into a program of {functions:,} functions and {2 * functions // FUNCTIONS_PER_TYPE:,} types".replace(",", " ")
        bench.say(section)
        if not bench.otrace:
            table.add(section, ATTACH, "ms", {**others, "otrace": bench.not_measured})
            continue
        found = look(bench.otrace.build, cached(functions), functions, bench.rounds(5))
        for name, value in found.items():
            text, most = budget(name)
            is_memory = not isinstance(value, tuple)
            cell = value / 2**20 if is_memory else value[0] * 1000
            table.add(section, name, "MiB" if is_memory else "ms", {**others, "otrace": cell}, budget=text,
                      within=lambda figure, most=most: figure <= most, digits=1)


def cached(functions: int) -> Path:
    """The program, from the cache of builds or made now."""
    plugin = builds.plugin_path()
    key = cache.digest([source(0, PER_FILE), functions, cache.sha256(plugin)])
    folder = cache.directory() / "builds"
    made = cache.fill(folder / f"many-{functions}-{key}", lambda folder: make(folder, functions, plugin))
    cache.prune(folder.glob("many-*"), keep=2 * len(SIZES), age=6 * 3600)
    return made / f"many{functions}"


def main(arguments) -> int:
    """many.py BUILD FOLDER [FUNCTIONS...]: makes the programs (once) and prints how long looking takes.

    Each time is followed by the shell's share of a processor, which does not depend on what else the machine does.
    """
    if len(arguments) < 2:
        print(main.__doc__)
        return 2
    build, folder = Path(arguments[0]).resolve(), Path(arguments[1]).resolve()
    columns = {}
    sizes = [int(text) for text in arguments[2:]] or SIZES
    for functions in sizes:
        program = folder / str(functions) / f"many{functions}"
        if not program.exists():
            make(program.parent, functions, build / "lib/otrace.so")
        columns[functions] = look(build, program, functions)
    print(f"{'':36}" + "".join(f"{functions:>22}" for functions in sizes))
    for name in columns[sizes[0]]:
        cells = [columns[functions][name] for functions in sizes]
        texts = [f"{cell[0] * 1000:.1f} ({cell[1] * 1000:.1f}) ms" if isinstance(cell, tuple) else f"{cell / 2**20:.2f} MiB"
                 for cell in cells]
        print(f"{name:36}" + "".join(f"{text:>22}" for text in texts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
