# SPDX-License-Identifier: BSD-2-Clause
"""What a condition costs that is false, beside gdb's and the kernel's, and what a context costs."""

import os
import re
import statistics
import subprocess
from pathlib import Path

import realprograms
from realprograms import build as builds
from realprograms.redis_server import RedisServer

from . import measure
from .programs import Saturation, redis_benchmark
from .table import Absent

SOURCES = Path(__file__).resolve().parent.parent / "src"
SECTION = "Calls that a condition lets pass"
FAST = "set fast_reads on"
REDIS = "Redis with trace -c 'c->argc == 99' processCommand"
NOBODY = Absent("the peer has no conditions on arguments")
TRACEFS = Path("/sys/kernel/tracing")
OTHERS = {"XRay": NOBODY, "uftrace": NOBODY, "cyg": NOBODY}


def _append(path: Path, line: str) -> None:
    """Without the seek to the end that open(…, "a") makes and these files refuse."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(fd, line.encode())
    finally:
        os.close(fd)


class Matching:
    """One program, run in several ways; each run gives the ns of processor time per call, the least of its rounds."""

    rounds = 3

    def __init__(self, bench):
        self.bench = bench
        self.made = {}
        for variant in ("plain", "otrace"):
            compiler = builds.compiler(variant)
            self.made[variant] = bench.folder / f"matching-{variant}"
            measure.run([*compiler.command, compiler.level, "-pthread", SOURCES / "matching.c", "-o", self.made[variant]])

    def least(self, text: str) -> float:
        figures = [float(figure) for figure in re.findall(r"^\d+\.\d{4}$", text, re.M)]
        if len(figures) != self.rounds:
            raise measure.BenchError(f"expected {self.rounds} figures in: {text[-500:]}")
        return min(figures)

    def plain(self, what: str, calls: int, threads: int = 1) -> float:
        return self.least(measure.run([self.made["plain"], what, calls, self.rounds, threads])[0])

    def traced(self, trace: str, what: str, calls: int, threads: int = 1, first: tuple = ()) -> float:
        """Under a trace; one that was not set is an error. @p first: commands in front of it."""
        text, events = self.bench.otrace.run(self.bench.folder, [*first, trace, "run"],
                                             [self.made["otrace"], what, calls, self.rounds, threads])
        if "Tracing" not in "".join(self.bench.otrace.results(events, trace)):
            raise measure.BenchError(f"{trace}: nothing is traced")
        return self.least(text)

    def gdb(self, calls: int) -> float:
        """A conditional breakpoint that is never met."""
        text, _ = measure.run(["gdb", "-q", "-nx", "-batch", "-ex", "break work_int if a == 12345678", "-ex", "run",
                               "--args", self.made["plain"], "int", calls, self.rounds])
        return self.least(text)

    def uprobe(self, calls: int) -> float | Absent:
        """The kernel's own, with a filter on the first argument that is never met."""
        symbols = measure.tool("nm", self.made["plain"])
        address = int(re.search(r"^([0-9a-f]+) T work_int$", symbols, re.M)[1], 16)
        headers = measure.tool("readelf", "--wide", "--segments", self.made["plain"])
        for offset, virtual, size in re.findall(r"LOAD\s+(0x\w+)\s+(0x\w+)\s+0x\w+\s+0x\w+\s+(0x\w+)", headers):
            if int(virtual, 16) <= address < int(virtual, 16) + int(size, 16):
                address += int(offset, 16) - int(virtual, 16)
                break
        event = TRACEFS / "events" / "uprobes" / "otrace_bench"
        try:
            if not (TRACEFS / "uprobe_events").exists():
                subprocess.run(["mount", "-t", "tracefs", "none", TRACEFS], capture_output=True, check=False)
            _append(TRACEFS / "uprobe_events", f"p:otrace_bench {self.made['plain']}:{address:#x} a=%di:s32\n")
            (event / "filter").write_text("a == 12345678", encoding="ascii")
            (event / "enable").write_text("1", encoding="ascii")
        except OSError as error:
            return Absent(f"the kernel here allows no uprobes ({error.strerror})")
        try:
            return self.plain("int", calls)
        finally:
            (event / "enable").write_text("0", encoding="ascii")
            _append(TRACEFS / "uprobe_events", "-:otrace_bench\n")


def _conditions(bench, table, matching: Matching) -> None:
    many, some = 10_000_000, 500_000
    trace_int, trace_node = "trace -q -c 'a == 12345678' work_int", "trace -q -c 'p->q->n == 99' work_node"
    subjects = {"plain int": lambda: matching.plain("int", many), "plain node": lambda: matching.plain("node", many),
                "read": lambda: matching.plain("read", some),
                "chase": lambda: matching.plain("chase", some),
                "way and chase": lambda: matching.traced("trace -q -c 'b == 12345678' work_chase", "chase", some),
                "never": lambda: matching.traced("trace -q -c '0 == 1' work_int", "int", many),
                "node": lambda: matching.traced(trace_node, "node", some),
                "fast": lambda: matching.traced(trace_node, "node", many, first=(FAST,)),
                "gdb": lambda: matching.gdb(2000)}
    for threads in (1, 2, 16):
        subjects[f"int {threads}"] = lambda threads=threads: matching.traced(trace_int, "int", many // threads, threads)
        subjects[f"plain {threads}"] = lambda threads=threads: matching.plain("int", many // threads, threads)
    uprobe = matching.uprobe(50_000)
    if not isinstance(uprobe, Absent):
        subjects["uprobe"] = lambda: matching.uprobe(50_000)
    rounds = bench.rounds(5)
    bench.say(f"{SECTION}: {rounds} rounds")
    figures = measure.interleave(subjects, rounds)
    for title, pick in ((f"minimum of {rounds}", min), (f"median of {rounds}", statistics.median)):
        of = {name: pick(values) for name, values in figures.items()}
        wrapper = of["never"] - of["plain int"]
        table.add(SECTION, f"the way through wrapper and hook, {title}", "ns more", {"plain": 0.0, "otrace": wrapper, **OTHERS}, digits=1)
        table.add(SECTION, f"-c 'a == 12345678' on an int, {title}", "ns more", {"plain": 0.0, "otrace": of["int 1"] - of["plain int"], **OTHERS},
                  digits=1, budget=f"≤ {wrapper + 10:.1f}: the way and 10", within=lambda ns, wrapper=wrapper: ns <= wrapper + 10)
        for threads in (2, 16):
            table.add(SECTION, f"the same in {threads} threads, processor time, {title}", "ns more",
                      {"plain": 0.0, "otrace": of[f"int {threads}"] - of[f"plain {threads}"], **OTHERS}, digits=1)
        reads = of["chase"]
        table.add(SECTION, f"-c 'b == 12345678' on a function that makes the reads of p->q->n itself, {title}", "ns more",
                  {"plain": 0.0, "otrace": of["way and chase"] - reads, **OTHERS}, digits=1)
        table.add(SECTION, f"-c 'p->q->n == 99', its safe reads {reads:.0f} ns (one alone, always the same: {of['read']:.0f}), {title}", "ns more",
                  {"plain": 0.0, "otrace": of["node"] - of["plain node"], **OTHERS}, digits=1,
                  budget=f"≤ {wrapper + reads + 50:.1f}: the way, the reads and 50",
                  within=lambda ns, most=wrapper + reads + 50: ns <= most)
        table.add(SECTION, f"-c 'p->q->n == 99' with fast_reads, {title}", "ns more",
                  {"plain": 0.0, "otrace": of["fast"] - of["plain node"], **OTHERS}, digits=1)
        table.add(SECTION, f"gdb's conditional breakpoint, times slower, {title}", "factor",
                  {"plain": 0.0, "otrace": (of["gdb"] - of["plain int"]) / (of["int 1"] - of["plain int"]), **OTHERS}, digits=0)
        kernel = uprobe if isinstance(uprobe, Absent) else (of["uprobe"] - of["plain int"]) / (of["int 1"] - of["plain int"])
        table.add(SECTION, f"a uprobe with a filter, times slower, {title}", "factor", {"plain": 0.0, "otrace": kernel, **OTHERS}, digits=0)


def _contexts(bench, table, matching: Matching) -> None:
    calls = 20_000
    subjects = {"plain": lambda: matching.plain("context", calls),
                "flow": lambda: matching.traced("trace -q work_context", "context", calls),
                "read": lambda: matching.plain("read", 500_000),
                "context": lambda: matching.traced("trace -q -d 1 work_context", "context", calls)}
    rounds = bench.rounds(5)
    section = "A context of one string and one struct"
    bench.say(f"{section}: {rounds} rounds")
    figures = measure.interleave(subjects, rounds)
    for title, pick in ((f"minimum of {rounds}", min), (f"median of {rounds}", statistics.median)):
        of = {name: pick(values) for name, values in figures.items()}
        table.add(section, f"the call recorded, copied at its begin and its end, {title}", "ns more",
                  {"plain": 0.0, "otrace": of["context"] - of["plain"], **OTHERS}, digits=0,
                  budget=f"≤ {1000 + 4 * of['read']:.0f}: 1 us and its system calls of {of['read']:.0f} ns",
                  within=lambda ns, most=1000 + 4 * of["read"]: ns <= most)


def _redis(bench, table) -> None:
    build, plain = realprograms.get("redis", "otrace"), realprograms.get("redis", "plain")
    load, commands = Saturation(bench), 1_600_000
    ours = bench.otrace

    def kept(setup):
        with RedisServer(build, environment=ours.preload(), options=["--server_cpulist", measure.MEASURED_CPU]) as server:
            if not setup:
                return redis_benchmark(plain, server.port, commands), load.seconds(server, commands // 32)
            with ours.attached(server.pid, bench.folder, *setup):
                return redis_benchmark(plain, server.port, commands), load.seconds(server, commands // 32)

    trace = "trace -q -c 'c->argc == 99' processCommand"
    rounds = bench.rounds(5)
    bench.say(f"{REDIS}: {rounds} rounds")
    figures = measure.interleave({"off": lambda: kept(()), "safe": lambda: kept((trace,)), "fast": lambda: kept((FAST, trace))},
                                 rounds)
    rate = {name: max(value for value, _ in values) for name, values in figures.items()}
    cost = {name: min(value for _, value in values) for name, values in figures.items()}
    for reads, more in (("fast", {"budget": "≥ 98", "within": lambda percent: percent >= 98}),
                        ("safe", {"budget": "less their cost"})):
        table.add(REDIS, f"{reads} reads: throughput kept, best of {rounds}", "%",
                  {"plain": 100.0, "otrace": 100 * rate[reads] / rate["off"], **OTHERS}, digits=1, **more)
        table.add(REDIS, f"{reads} reads: server's CPU time per command, minimum of {rounds}", "ns more",
                  {"plain": 0.0, "otrace": 1e9 * (cost[reads] - cost["off"]), **OTHERS}, digits=0)


def matching(bench, table) -> None:
    if not bench.otrace:
        return
    made = Matching(bench)
    _conditions(bench, table, made)
    _contexts(bench, table, made)
    _redis(bench, table)
