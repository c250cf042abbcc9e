# SPDX-License-Identifier: BSD-2-Clause
"""One traced call of `int work(int, int)`, and one redirected call."""

import re
import shutil
import statistics
from pathlib import Path

from realprograms import build as builds

from . import measure
from .table import Absent

SOURCES = Path(__file__).resolve().parent.parent / "src"
SECTION = "Traced call of work(int, int), recorded"
NO_ARGUMENTS = Absent("the peer records no typed arguments")


class Calls:
    """The micro-benchmark programs, and how each is run. Each run gives ns per call, the least of its rounds."""

    rounds = 3  # within one run of a program

    def __init__(self, bench):
        self.bench = bench
        self.folder = bench.folder
        self.made = {}
        self.uftrace_kept = 1.0
        for name, variant, options in (("plain", "plain", ()), ("xray", "xray", ("-DXRAY",)), ("uftrace", "uftrace", ()),
                                       ("otrace", "otrace", ())):
            if variant != "otrace" or bench.otrace:
                self.made[name] = self._compile(name, builds.compiler(variant), [SOURCES / "calls.c", *options])
        # The handlers must not be instrumented themselves.
        for name, options in (("cyg", ("-DRECORD",)), ("cyg-empty", ())):
            handler = self.folder / f"{name}.o"
            measure.run([builds.COMPILER, "-O2", *options, "-c", SOURCES / "cyg.c", "-o", handler])
            self.made[name] = self._compile(name, builds.compiler("cyg-after-inlining"), [SOURCES / "calls.c", handler])
        self.made["rdtsc"] = self._compile("rdtsc", builds.compiler(), [SOURCES / "rdtsc.c"])

    def _compile(self, name, compiler, words) -> Path:
        output = self.folder / f"calls-{name}"
        measure.run([*compiler.command, compiler.level, *words, "-o", output])
        return output

    def least(self, text: str) -> float:
        figures = [float(figure) for figure in re.findall(r"^\d+\.\d{4}$", text, re.M)]
        if len(figures) != self.rounds:
            raise measure.BenchError(f"expected {self.rounds} figures in: {text[-500:]}")
        return min(figures)

    def alone(self, name: str, calls: int) -> float:
        return self.least(measure.run([self.made[name], calls, self.rounds], cwd=self.folder)[0])

    def xray(self, calls: int) -> float:
        """XRay's flight recorder; the log that it leaves must not be empty."""
        for old in self.folder.glob("xray-log.*"):
            old.unlink()
        figure = self.alone("xray", calls)
        if sum(log.stat().st_size for log in self.folder.glob("xray-log.*")) < 100_000:
            raise measure.BenchError("XRay left no log of the calls")
        return figure

    def uftrace(self, calls: int, *, arguments: bool) -> float:
        """uftrace record; what it wrote must hold the calls."""
        data = self.folder / "uftrace.data"
        shutil.rmtree(data, ignore_errors=True)
        words = ["-A", "work@arg1,arg2", "-R", "work@retval"] if arguments else []
        text, _ = measure.run(["uftrace", "record", "-d", data, "--no-libcall", "--no-event", "-P", "work", *words,
                               self.made["uftrace"], calls, self.rounds])
        # An entry and an exit of 16 bytes each; what it could not keep up with it drops.
        kept = sum(file.stat().st_size for file in data.glob("*.dat")) / (calls * self.rounds * 32)
        self.uftrace_kept = min(self.uftrace_kept, kept)
        if kept < 0.2:
            raise measure.BenchError(f"uftrace recorded {100 * kept:.0f} % of the calls")
        shutil.rmtree(data)
        return self.least(text)

    def otrace(self, calls: int) -> float:
        """`trace -q work`: entry, exit, two typed arguments and the value."""
        ours = self.bench.otrace
        text, events = ours.run(self.folder, ["trace -q work", "run", "log -s work"], [self.made["otrace"], calls, self.rounds])
        if "work" not in "".join(ours.results(events, "log -s work")):
            raise measure.BenchError("otrace's log has no call of work")
        return self.least(text)

    def redirected(self, calls: int) -> float:
        text, _ = self.bench.otrace.run(self.folder, ["patch work with work_instead", "run"],
                                        [self.made["otrace"], calls, self.rounds])
        return self.least(text)


def measure_calls(bench, table) -> None:
    """Every tracer's time per call less that of the plain program in the same round."""
    calls = Calls(bench)
    many, some = 20_000_000, 2_000_000
    subjects = {
        "plain": lambda: calls.alone("plain", many),
        "rdtsc": lambda: calls.alone("rdtsc", many),
        "XRay": lambda: calls.xray(some),
        "uftrace": lambda: calls.uftrace(some, arguments=False),
        "uftrace with arguments": lambda: calls.uftrace(some, arguments=True),
        "cyg": lambda: calls.alone("cyg", some),
        "cyg empty": lambda: calls.alone("cyg-empty", many),
    }
    if bench.otrace:
        subjects["otrace"] = lambda: calls.otrace(some)
        subjects["otrace dormant"] = lambda: calls.alone("otrace", many)
        subjects["otrace redirected"] = lambda: calls.redirected(many)
    rounds = bench.rounds(7)
    bench.say(f"{SECTION}: {rounds} rounds")
    figures = measure.interleave(subjects, rounds)
    stamp = min(figures["rdtsc"])
    for title, pick in ((f"minimum of {rounds}", min), (f"median of {rounds}", statistics.median)):
        more = {name: pick(values) - pick(figures["plain"]) for name, values in figures.items()}
        ours = more.get("otrace", bench.not_measured)
        table.add(SECTION, f"entry and exit, {title}", "ns more",
                  {"plain": 0.0, "otrace": ours, "XRay": more["XRay"], "uftrace": more["uftrace"], "cyg": more["cyg"]}, digits=1)
        budget = 2 * stamp + 8
        table.add(SECTION, f"entry, exit and two typed words, {title}", "ns more",
                  {"plain": 0.0, "otrace": ours, "XRay": NO_ARGUMENTS, "uftrace": more["uftrace with arguments"],
                   "cyg": NO_ARGUMENTS}, digits=1,
                  budget=f"≤ {budget:.1f}: two rdtsc of {stamp:.1f} and 8", within=lambda ns, budget=budget: ns <= budget)
        if pick is min:
            least = more
    table.add(SECTION, "times slower than otrace with arguments", "factor", _factors(bench, least), digits=1,
              budget="XRay ≥ 4, uftrace ≥ 8",
              within=lambda _: least["XRay"] >= 4 * least["otrace"] and least["uftrace with arguments"] >= 8 * least["otrace"])
    table.add(SECTION, "no tracing: nops or empty handlers", "ns more",
              {"plain": 0.0, "otrace": least.get("otrace dormant", bench.not_measured),
               "XRay": Absent("measured on the real programs above"), "uftrace": Absent("measured on the real programs above"),
               "cyg": least["cyg empty"]}, digits=2)
    nobody = Absent("the peer cannot redirect calls")
    table.add("Redirected call", "over a direct call", "ns more",
              {"plain": 0.0, "otrace": least.get("otrace redirected", bench.not_measured), "XRay": nobody, "uftrace": nobody,
               "cyg": nobody}, budget="≤ 2", within=lambda ns: ns <= 2, digits=2)
    table.notes.append(f"uftrace kept at least {100 * calls.uftrace_kept:.0f} % of the records of work(); what it drops costs "
                       "it less.")
    table.notes.append(f"One rdtsc costs {stamp:.1f} ns on this machine; the plain call {min(figures['plain']):.2f} ns.")


def _factors(bench, least: dict) -> dict:
    if not bench.otrace:
        return {column: bench.not_measured for column in ("plain", "otrace", "XRay", "uftrace", "cyg")}
    ours = least["otrace"]
    return {"plain": 0.0, "otrace": 1.0, "XRay": least["XRay"] / ours, "uftrace": least["uftrace with arguments"] / ours,
            "cyg": least["cyg"] / ours}
