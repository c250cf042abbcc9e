# SPDX-License-Identifier: BSD-2-Clause
"""The real programs while nothing is traced: time, instructions, sizes, memory; and the time to compile them."""

import re
import subprocess
import tempfile
from pathlib import Path

import realprograms
from realprograms import build as builds
from realprograms.redis_server import RedisServer

from . import measure
from .table import Absent

WORKLOADS = Path(__file__).resolve().parent.parent / "workloads"
SOURCES = Path(__file__).resolve().parent.parent / "src"
# The column that each variant stands in.
VARIANTS = {"plain": "plain", "otrace": "otrace", "xray": "XRay", "uftrace": "uftrace", "cyg-after-inlining": "cyg"}


def variants(bench):
    """The variants to build; without otrace when only peers are measured."""
    return [variant for variant in VARIANTS if variant != "otrace" or bench.otrace]


def cells(bench, values: dict) -> dict:
    """Figures by variant as cells by column."""
    made = {VARIANTS[variant]: value for variant, value in values.items()}
    if not bench.otrace:
        made["otrace"] = bench.not_measured
    return made


class Workload:
    """One program with a fixed piece of work, of two sizes: to be timed, and to be counted under callgrind."""

    def __init__(self, bench, program: str):
        self.bench, self.program = bench, program
        self.builds = {variant: realprograms.get(program, variant) for variant in variants(bench)}

    measured = "CPU time"

    def seconds(self, variant: str) -> float:
        raise NotImplementedError

    def callgrind(self, variant: str) -> measure.Callgrind:
        raise NotImplementedError


class LuaWork(Workload):
    def seconds(self, variant):
        return measure.run([self.builds[variant].binary, WORKLOADS / "lua.lua", 120], cpu=measure.MEASURED_CPU)[1]

    def callgrind(self, variant):
        return measure.callgrind(self.builds[variant].binary, [WORKLOADS / "lua.lua", 2], self.bench.folder, f"lua-{variant}")


class SQLiteWork(Workload):
    def script(self, rows: int) -> Path:
        path = self.bench.folder / f"sqlite-{rows}.sql"
        path.write_text((WORKLOADS / "sqlite.sql").read_text(encoding="utf-8").replace("@ROWS@", str(rows)), encoding="utf-8")
        return path

    def seconds(self, variant):
        command = [self.builds[variant].binary, "-bail", ":memory:", f".read {self.script(60000)}"]
        return measure.run(command, cpu=measure.MEASURED_CPU)[1]

    def callgrind(self, variant):
        arguments = ["-bail", ":memory:", f".read {self.script(4000)}"]
        return measure.callgrind(self.builds[variant].binary, arguments, self.bench.folder, f"sqlite-{variant}")


def redis_benchmark(build, port: int, commands: int) -> float:
    """Commands a second that the server answered to pipelines of 16 SETs, then of 16 GETs."""
    text, _ = measure.run([build.binaries["redis-benchmark"], "-p", port, "-t", "set,get", "-n", commands, "-P", 16, "-c", 50,
                           "-r", 100000, "--csv"], cpu=measure.OTHER_CPU)
    rates = [float(rate) for rate in re.findall(r'^"(?:SET|GET)[^"]*","([\d.]+)"', text, re.M)]
    if len(rates) != 2:
        raise measure.BenchError(f"redis-benchmark said: {text[-500:]}")
    return len(rates) / sum(1 / rate for rate in rates)


class Saturation:
    """A load that keeps a server busy, and the CPU time that the server's main thread takes for a command."""

    depth = 16  # commands in a pipeline, as in the source

    def __init__(self, bench):
        self.client = bench.folder / "saturate"
        if not self.client.exists():
            measure.run([builds.COMPILER, "-O2", SOURCES / "saturate.c", "-o", self.client])

    def seconds(self, server: RedisServer, pipelines: int) -> float:
        before = self._cpu_ns(server.pid)
        measure.run([self.client, server.port, pipelines], cpu=measure.OTHER_CPU)
        return (self._cpu_ns(server.pid) - before) / 1e9 / (pipelines * self.depth)

    @staticmethod
    def _cpu_ns(pid: int) -> int:
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(encoding="ascii").split()[0])


class RedisWork(Workload):
    measured = "server's CPU time per command"

    def __init__(self, bench, program):
        super().__init__(bench, program)
        self.load = Saturation(bench)
        self.servers = {}

    def __enter__(self):
        for variant, build in self.builds.items():
            self.servers[variant] = RedisServer(build, options=["--server_cpulist", measure.MEASURED_CPU])
        return self

    def __exit__(self, *_):
        for server in self.servers.values():
            server.stop()

    def seconds(self, variant):
        return self.load.seconds(self.servers[variant], 40_000)

    def callgrind(self, variant):
        output = self.bench.folder / f"callgrind.redis-{variant}"
        build = self.builds[variant]
        binary = measure.without_debug(build.binary, self.bench.folder, f"redis-{variant}")
        wrapper = ["setarch", "--addr-no-randomize", *measure.callgrind_command(output)]
        # One connection, so that the server goes through its loop in the same way every time.
        with RedisServer(build, server=binary, wrapper=wrapper, options=["--hz", "1"]) as server:
            measure.run([build.binaries["redis-benchmark"], "-p", server.port, "-t", "set,get", "-n", 8000, "-P", 16, "-c", 1,
                         "--csv"])
            subprocess.run([build.binaries["redis-cli"], "-p", str(server.port), "shutdown", "nosave"], check=True)
            server.process.wait(60)
        return measure.Callgrind(output, binary)

    def dirty_kib(self, variant) -> float:
        """Memory of the program file that this process has a private, changed copy of."""
        pid, total, mine = self.servers[variant].pid, 0, False
        file = str(self.builds[variant].binary)
        for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                mine = line.endswith(file)
            elif mine and line.startswith("Private_Dirty:"):
                total += int(line.split()[1])
        return float(total)

    def threads(self, variant) -> float:
        return float(len(list(Path(f"/proc/{self.servers[variant].pid}/task").iterdir())))


def _dormant(bench, table, title: str, work: Workload, rounds: int) -> None:
    section = f"Dormant: {title}"
    bench.say(f"{section}: {rounds} rounds")
    figures = measure.interleave({name: lambda name=name: work.seconds(name) for name in work.builds}, rounds)
    least, middle = measure.ratios(figures)
    table.add(section, f"{work.measured}, minimum of {rounds}", "ratio", cells(bench, least),
              budget="goal ≤ 1.005", within=lambda ratio: ratio <= 1.005, digits=3)
    table.add(section, f"{work.measured}, median of {rounds}", "ratio", cells(bench, middle), digits=3)

    bench.say(f"{section}: instructions")
    counted = dict(zip(work.builds, bench.parallel(work.callgrind, work.builds)))
    per_call = {name: count.instructions / count.calls for name, count in counted.items()}
    table.add(section, "instructions of the program's own code", "ratio",
              cells(bench, {name: count / per_call["plain"] for name, count in per_call.items()}), digits=4)
    table.add(section, "instructions more for each call", "count",
              cells(bench, {name: count - per_call["plain"] for name, count in per_call.items()}),
              budget="1.00: one nop", within=lambda more: abs(more - 1) < 0.05, digits=3)

    files = {name: measure.Elf(build.binary) for name, build in work.builds.items()}
    base = files["plain"]
    functions = base.functions()

    def add(what, unit, figure, **options):
        table.add(section, what, unit, cells(bench, {name: figure(elf) for name, elf in files.items()}), **options)

    add("functions in the file", "count", lambda elf: elf.functions(), digits=0)
    add("code", "ratio", lambda elf: elf.text / base.text, budget="≤ 1.12", within=lambda ratio: ratio <= 1.12, digits=3)
    add("loadable size", "ratio", lambda elf: elf.loadable / base.loadable, budget="≤ 1.25",
        within=lambda ratio: ratio <= 1.25, digits=3)
    add("file size with debug information", "ratio", lambda elf: elf.file / base.file, digits=3)
    add("loadable bytes more for each function", "bytes", lambda elf: (elf.loadable - base.loadable) / functions, digits=0)
    add("bytes of DWARF for each function", "bytes", lambda elf: elf.debug / functions, digits=0)
    add("dynamic relocations more", "count", lambda elf: elf.relocations - base.relocations, budget="0",
        within=lambda more: more == 0, digits=0)


def dormant(bench, table) -> None:
    _dormant(bench, table, "Lua", LuaWork(bench, "lua"), bench.rounds(15))
    _dormant(bench, table, "SQLite", SQLiteWork(bench, "sqlite"), bench.rounds(15))
    with RedisWork(bench, "redis") as work:
        _dormant(bench, table, "Redis", work, bench.rounds(11))
        dirty = {name: work.dirty_kib(name) for name in work.builds}
        table.add("Dormant: Redis", "changed memory of the program file, against plain", "KiB",
                  cells(bench, {name: size - dirty["plain"] for name, size in dirty.items()}),
                  budget="0", within=lambda more: more <= 0, digits=0)
        threads = {name: work.threads(name) for name in work.builds}
        table.add("Dormant: Redis", "threads, against plain", "count",
                  cells(bench, {name: count - threads["plain"] for name, count in threads.items()}),
                  budget="0", within=lambda more: more == 0, digits=0)


def _compile_seconds(bench, program: str, variant: str) -> float:
    """CPU seconds that one complete build takes, without the cache."""
    recipe, tree = builds.PROGRAMS[program], builds.source_tree(program)
    with tempfile.TemporaryDirectory(dir=bench.folder) as target:
        marker = measure.children_seconds()
        recipe.build(tree, Path(target), builds.compiler(variant))
        return measure.children_seconds() - marker


def compiling(bench, table) -> None:
    """All variants of a program are compiled in turn, each time on both processors."""
    for program, title, rounds in (("lua", "Lua", 3), ("sqlite", "SQLite", 1), ("redis", "Redis", 2)):
        section = "Compiling (with -g, CPU time of a complete build)"
        rounds = bench.rounds(rounds)
        bench.say(f"Compiling {title}: {rounds} rounds")
        names = [name for name in variants(bench) if program == "lua" or name in ("plain", "otrace", "xray")]
        figures = measure.interleave({name: lambda name=name: _compile_seconds(bench, program, name) for name in names}, rounds)
        least, _ = measure.ratios(figures)
        row = cells(bench, least)
        for column in ("uftrace", "cyg"):
            row.setdefault(column, Absent("timed for Lua only, to keep the benchmark short"))
        table.add(section, f"{title}, minimum of {rounds} ({min(figures['plain']):.1f} s plain)", "ratio", row,
                  budget="≤ 1.10", within=lambda ratio: ratio <= 1.10, digits=3)
