# SPDX-License-Identifier: BSD-2-Clause
"""What it costs to find out whether one of six pointers leads to one of 10 000 tagged objects."""

import re
import statistics

from realprograms import build as builds

from . import measure
from .matching import OTHERS, SOURCES

SECTION = "Whether one of six pointers is tagged, of 10 000 tags"
ROUNDS = 3
TAGGING = "trace -q -d 0 -a tag make"


class Tagging:
    """One program; each run gives the ns per call, the least of its rounds."""

    def __init__(self, bench):
        self.bench = bench
        self.program = bench.folder / "tagging"
        compiler = builds.compiler("otrace")
        measure.run([*compiler.command, compiler.level, SOURCES / "tagging.c", "-o", self.program])

    def least(self, condition: str, which: str, calls: int) -> float:
        """Under a trace with the condition, all objects tagged."""
        trace = f"trace -q -d 0 -c '{condition}' work_six"
        text, events = self.bench.otrace.run(self.bench.folder, [TAGGING, trace, "run"], [self.program, which, calls, ROUNDS])
        for command in (TAGGING, trace):
            if "Tracing" not in "".join(self.bench.otrace.results(events, command)):
                raise measure.BenchError(f"{command}: nothing is traced")
        figures = [float(figure) for figure in re.findall(r"^\d+\.\d{4}$", text, re.M)]
        if len(figures) != ROUNDS:
            raise measure.BenchError(f"expected {ROUNDS} figures in: {text[-500:]}")
        return min(figures)


def tagging(bench, table) -> None:
    if not bench.otrace:
        return
    made, calls = Tagging(bench), 5_000_000
    # One that is tagged matches, which would be recorded: so the condition goes on, and says no.
    subjects = {"untagged without": lambda: made.least("0 == 1", "untagged", calls),
                "untagged": lambda: made.least("tagged", "untagged", calls),
                "tagged without": lambda: made.least("a == 0", "tagged", calls),
                "tagged": lambda: made.least("tagged, a == 0", "tagged", calls)}
    rounds = bench.rounds(5)
    bench.say(f"{SECTION}: {rounds} rounds")
    figures = measure.interleave(subjects, rounds)
    for title, pick in ((f"minimum of {rounds}", min), (f"median of {rounds}", statistics.median)):
        for which, name in (("untagged", "none is"), ("tagged", "the last one is")):
            with_it, without = pick(figures[which]), pick(figures[f"{which} without"])
            table.add(SECTION, f"{name}, over the same call without the question ({without:.1f} ns), {title}", "ns more",
                      {"plain": 0.0, "otrace": with_it - without, **OTHERS}, digits=1, budget="≤ 30", within=lambda ns: ns <= 30)
