# SPDX-License-Identifier: BSD-2-Clause
"""The otrace commands that the benchmark gives, and what it reads from their answers. All of that is here."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from . import measure


class Otrace:
    """The command of one build directory."""

    def __init__(self, build: Path):
        self.build = build
        self.command = build / "bin" / "otrace"
        self.library = build / "lib" / "libotrace.so"

    def run_command(self, events: Path, commands, program):
        """The command line of `otrace run` with COMMANDS before and `run` in their middle ("run" in the list)."""
        words = [str(self.command), "run", f"--json={events}"]
        for text in commands:
            words += ["-e", text]
        return [*words, "--", *map(str, program)]

    def run(self, folder: Path, commands, program):
        """Runs PROGRAM; returns (its standard output with otrace's, the events)."""
        events = folder / "events.json"
        events.unlink(missing_ok=True)
        text, _ = measure.run(self.run_command(events, commands, program))
        return text, list(self.events(events))

    @staticmethod
    def events(file: Path):
        """The events written so far; a command that failed is an error."""
        with open(file, encoding="utf-8") as stream:
            for line in stream:
                if not line.endswith("\n"):
                    break  # being written
                event = json.loads(line)
                if event["event"] == "result" and event.get("error"):
                    raise measure.BenchError(f"otrace: {event['command']}: {event['error']}")
                yield event

    @classmethod
    def results(cls, events, command: str):
        """The texts that COMMAND answered, in order."""
        return [event["text"] for event in events if event["event"] == "result" and event["command"] == command]

    @staticmethod
    def switched(status: str):
        """(stubs switched, ns it took, ns the longest wait of a caller) since the start, from what `status` says."""
        match = re.search(r"^switches +(\d+) in ([\d.]+) ms, longest wait of a caller ([\d.]+) us$", status, re.M)
        if not match:
            raise measure.BenchError(f"no \"switches N in T ms\" in the answer of status: {status[:500]!r}")
        return int(match[1]), float(match[2]) * 1e6, float(match[3]) * 1e3

    @contextlib.contextmanager
    def attached(self, pid: int, folder: Path, *commands: str):
        """`otrace attach` with COMMANDS, which have been carried out when the block begins; leaves with the block."""
        command = commands[-1]
        events = folder / "attach.json"
        events.unlink(missing_ok=True)
        with open(folder / "attach.log", "w+", encoding="utf-8") as log:
            process = subprocess.Popen([str(self.command), "attach", "--unsafe", f"--json={events}",
                                        *(word for each in commands for word in ("-e", each)), str(pid)],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                end = time.monotonic() + 60
                while not (events.exists() and self.results(self.events(events), command)):
                    if process.poll() is not None or time.monotonic() > end:
                        log.seek(0)
                        raise measure.BenchError(f"otrace attach did not carry out {command!r}: {log.read()[-1000:]}")
                    time.sleep(0.05)
                yield events
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                    try:
                        process.wait(60)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.wait()

    def preload(self) -> dict:
        """The environment of a program that waits to be attached to."""
        others = os.environ.get("LD_PRELOAD")
        return {"LD_PRELOAD": f"{self.library} {others}" if others else str(self.library), "OTRACE": "listen"}
