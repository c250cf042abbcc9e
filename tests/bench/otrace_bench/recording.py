# SPDX-License-Identifier: BSD-2-Clause
"""Redis with every function recorded: how much of its throughput each tracer leaves.

Commands per CPU time of the server is the figure that does not hang on whether the load generator keeps up.
"""

import contextlib
import shutil
import statistics

import realprograms
from realprograms.redis_server import RedisServer

from . import measure
from .programs import Saturation, redis_benchmark
from .table import Absent

SECTION = "Redis with every function recorded, redis-benchmark -P 16"
# SETs, and as many GETs. Fewer for the slower ones: about half a second each.
COMMANDS = {"plain": 200_000, "otrace": 100_000, "XRay": 50_000, "uftrace": 30_000}


class Recording:
    """Each method yields a server that is recorded in its way."""

    def __init__(self, bench):
        self.bench = bench
        self.builds = {column: realprograms.get("redis", variant)
                       for column, variant in (("plain", "plain"), ("XRay", "xray"), ("uftrace", "uftrace"), ("otrace", "otrace"))
                       if column != "otrace" or bench.otrace}
        self.load = Saturation(bench)
        self.options = ["--server_cpulist", measure.MEASURED_CPU]

    @contextlib.contextmanager
    def plain(self):
        with RedisServer(self.builds["plain"], options=self.options) as server:
            yield server

    @contextlib.contextmanager
    def xray(self):
        """XRay's flight recorder, every call, however short."""
        environment = {"XRAY_OPTIONS": "patch_premain=true xray_mode=xray-fdr verbosity=0",
                       "XRAY_FDR_OPTIONS": "func_duration_threshold_us=0 no_file_flush=true"}
        with RedisServer(self.builds["XRay"], environment=environment, options=self.options) as server:
            yield server

    @contextlib.contextmanager
    def uftrace(self):
        data = self.bench.folder / "uftrace-redis.data"
        shutil.rmtree(data, ignore_errors=True)
        wrapper = ["uftrace", "record", "-d", data, "--no-libcall", "--no-event", "-P", "."]
        try:
            with RedisServer(self.builds["uftrace"], wrapper=wrapper, options=self.options) as server:
                yield server
                # Ended by its own command: a signal would go to uftrace.
                with contextlib.suppress(Exception):
                    server.cli("shutdown", "nosave")
                server.process.wait(120)
            if sum(file.stat().st_size for file in data.glob("*.dat")) < COMMANDS["uftrace"] * 100:
                raise measure.BenchError("uftrace recorded too little of redis-server")
        finally:
            shutil.rmtree(data, ignore_errors=True)

    @contextlib.contextmanager
    def otrace(self):
        """Attached to from outside; all functions, argument words only."""
        ours = self.bench.otrace
        with RedisServer(self.builds["otrace"], environment=ours.preload(), options=self.options) as server:
            with ours.attached(server.pid, self.bench.folder, "trace -q -w '*'"):
                yield server

    def both(self, column: str):
        """(commands a second that redis-benchmark sees, server's CPU seconds for a command) on a fresh server."""
        with getattr(self, column.lower())() as server:
            return (redis_benchmark(self.builds["plain"], server.port, COMMANDS[column]),
                    self.load.seconds(server, COMMANDS[column] // 8))


def recorded(bench, table) -> None:
    recording = Recording(bench)
    rounds = bench.rounds(5)
    bench.say(f"{SECTION}: {rounds} rounds")
    figures = measure.interleave({column: lambda column=column: recording.both(column) for column in recording.builds}, rounds)
    nobody = Absent("-finstrument-functions has no recorder of its own")
    ours = {} if bench.otrace else {"otrace": bench.not_measured}
    rates = {column: [rate for rate, _ in values] for column, values in figures.items()}
    costs = {column: [cost for _, cost in values] for column, values in figures.items()}

    def add(what, unit, values, **options):
        table.add(SECTION, what, unit, values | ours | {"cyg": nobody}, **options)

    best = {column: max(values) for column, values in rates.items()}
    middle = {column: statistics.median(values) for column, values in rates.items()}
    add(f"commands a second, best of {rounds}", "1000/s", {column: rate / 1000 for column, rate in best.items()}, digits=0)
    for title, values in ((f"throughput kept, best of {rounds}", best), (f"throughput kept, median of {rounds}", middle)):
        add(title, "%", {column: 100 * rate / values["plain"] for column, rate in values.items()},
            budget="≥ 35", within=lambda percent: percent >= 35, digits=1)
    least = {column: min(values) for column, values in costs.items()}
    add(f"server's CPU time per command, minimum of {rounds}", "ns",
        {column: 1e9 * cost for column, cost in least.items()}, digits=0)
    add("commands per CPU time of the server kept", "%", {column: 100 * least["plain"] / cost for column, cost in least.items()},
        budget="≥ 35", within=lambda percent: percent >= 35, digits=1)
