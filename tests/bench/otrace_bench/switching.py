# SPDX-License-Identifier: BSD-2-Clause
"""Switching: all stubs of a program with 100 000 functions, and one of them."""

import re
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from realprograms import build as builds
from realprograms import cache

from . import measure
from .calls import SOURCES
from .table import Absent

FILES, PER_FILE = 20, 5000
FUNCTIONS = FILES * PER_FILE
ONE_TIMES = 5


def _source(number: int) -> str:
    """One generated file: PER_FILE functions of a few shapes, and one that calls them all."""
    out = ["/* SPDX-License-Identifier: BSD-2-Clause */", "#define N __attribute__((noinline))"]
    shapes = ("N int f{0}(int a) {{ return a + {0}; }}", "N int f{0}(int a) {{ return a * {0} ^ 5; }}",
              "N int f{0}(int a) {{ return (a - {0}) & 0xffff; }}", "N int f{0}(int a) {{ return a / 3 + {0}; }}")
    first = number * PER_FILE
    out += [shapes[i % len(shapes)].format(first + i) for i in range(PER_FILE)]
    out.append(f"int call_{number}(int v) {{")
    out += [f"v = f{first + i}(v);" for i in range(PER_FILE)]
    out.append("return v; }")
    return "\n".join(out) + "\n"


def program(variant: str, *options) -> Path:
    """The program as VARIANT, from the cache of builds or made now."""
    compiler = builds.compiler(variant, "O1")
    plugin = cache.sha256(builds.plugin_path()) if variant == "otrace" else ""
    key = cache.digest([_source(0), FILES, compiler.command, options, plugin, cache.sha256(SOURCES / "switching.c"),
                        cache.sha256(Path(__file__))])

    def make(folder: Path) -> None:
        sources = []
        for number in range(FILES):
            sources.append(folder / f"part{number}.c")
            sources[-1].write_text(_source(number), encoding="ascii")
        every = folder / "all.c"
        every.write_text("".join(f"int call_{n}(int);\n" for n in range(FILES)) +
                         "int call_all(int v) { " + " ".join(f"v += call_{n}(v);" for n in range(FILES)) + " return v; }\n",
                         encoding="ascii")
        sources += [every, SOURCES / "switching.c"]
        objects = [folder / (source.stem + ".o") for source in sources]
        with ThreadPoolExecutor(builds.JOBS) as pool:
            list(pool.map(lambda pair: measure.run([*compiler.command, compiler.level, *options, "-c", pair[0], "-o", pair[1]]),
                          zip(sources, objects)))
        measure.run([*compiler.command, *objects, "-o", folder / "switching"])
        for file in objects:
            file.unlink()

    folder = cache.directory() / "builds"
    made = cache.fill(folder / f"switching-{variant}-{key}", make)
    cache.prune(folder.glob(f"switching-{variant}-*[0-9a-f]"), keep=3, age=6 * 3600)
    return made / "switching"


def _xray(bench) -> dict:
    text, _ = measure.run([program("xray", "-DXRAY"), bench.rounds(7)], cpu=measure.MEASURED_CPU)
    found = {name: float(value) for name, value in re.findall(r"^(\w+) (\d+)$", text, re.M)}
    rates = {name: found["functions"] / (found[f"{name}_ns"] / 1e9) / 1e6 for name in ("all", "all_median")}
    return {"all": rates["all"], "all median": rates["all_median"], "one": found["one_ns"] / 1000,
            "one median": found["one_median_ns"] / 1000}


def _otrace(bench) -> dict:
    """All on and off, then one on and off a few times, with the times that `status` gives."""
    ours, rates, ones, waits = bench.otrace, [], [], []
    for _ in range(bench.rounds(5)):
        commands = ["status", "trace -q '*'", "status", "untrace '*'", "status"]
        commands += ["trace -q f50000", "status", "untrace f50000", "status"] * ONE_TIMES
        _, events = ours.run(bench.folder, [*commands, "run"], [program("otrace")])
        totals = [ours.switched(text) for text in ours.results(events, "status")]
        if len(totals) != 3 + 2 * ONE_TIMES:
            raise measure.BenchError(f"{len(totals)} answers of status instead of {3 + 2 * ONE_TIMES}")
        waits.append(totals[-1][2] / 1000)
        steps = [(after[0] - before[0], after[1] - before[1]) for before, after in zip(totals, totals[1:])]
        for count, ns in steps[:2]:
            if count < FUNCTIONS:
                raise measure.BenchError(f"{count} stubs were switched instead of {FUNCTIONS}")
            rates.append(count / (ns / 1e9) / 1e6)
        for count, ns in steps[2:]:
            if count != 1:
                raise measure.BenchError(f"{count} stubs were switched instead of one")
            ones.append(ns / 1000)
    return {"all": max(rates), "all median": statistics.median(rates), "one": min(ones), "one median": statistics.median(ones),
            "wait": max(waits)}


def switching(bench, table) -> None:
    section = f"Switching in a program of {FUNCTIONS:,} functions".replace(",", " ")
    bench.say(section)
    xray = _xray(bench)
    ours = _otrace(bench) if bench.otrace else dict.fromkeys(("all", "all median", "one", "one median", "wait"), bench.not_measured)
    none = {"plain": Absent("nothing to switch"), "cyg": Absent("nothing to switch"),
            "uftrace": Absent("uftrace patches only while it starts a program")}
    table.add(section, "all functions, millions a second, best", "M/s", {**none, "otrace": ours["all"], "XRay": xray["all"]},
              budget="≥ 1", within=lambda rate: rate >= 1, digits=2)
    table.add(section, "all functions, millions a second, median", "M/s",
              {**none, "otrace": ours["all median"], "XRay": xray["all median"]},
              budget="≥ 1", within=lambda rate: rate >= 1, digits=2)
    table.add(section, "one function, minimum", "us", {**none, "otrace": ours["one"], "XRay": xray["one"]},
              budget="≤ 50", within=lambda us: us <= 50, digits=1)
    table.add(section, "one function, median", "us", {**none, "otrace": ours["one median"], "XRay": xray["one median"]},
              budget="≤ 50", within=lambda us: us <= 50, digits=1)
    atomic = Absent("one store; a caller never waits")
    table.add(section, "longest wait of a caller at a stub (worst of all runs)", "us",
              {**none, "otrace": ours["wait"], "XRay": atomic}, digits=1)
