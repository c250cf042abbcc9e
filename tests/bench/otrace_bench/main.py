# SPDX-License-Identifier: BSD-2-Clause
"""Runs the sections, prints the table and writes it as Markdown and CSV."""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from realprograms import RealProgramError

from . import calls, many, matching, programs, recording, switching, tagging
from .measure import BenchError, tool
from .otrace import Otrace
from .table import Absent, Table

REPOSITORY = Path(__file__).resolve().parents[3]
SECTIONS = {"dormant": programs.dormant, "compile": programs.compiling, "call": calls.measure_calls, "match": matching.matching,
            "tags": tagging.tagging, "redis": recording.recorded, "switch": switching.switching, "look": many.looking}
# What a peer is missing without, and the Debian package that has it.
NEEDED = {"uftrace": "uftrace", "valgrind": "valgrind", "readelf": "binutils", "nm": "binutils", "make": "make",
          "dpkg-source": "dpkg-dev", "tclsh": "tcl", "setarch": "util-linux", "clang-19": "clang-19"}


class Bench:
    """What the sections share: options, the otrace under test, a scratch folder."""

    not_measured = Absent("otrace was not measured (--peers-only)")

    def __init__(self, options, folder: Path):
        self.quick, self.folder = options.quick, folder
        self.otrace = None if options.peers_only else Otrace(options.build.resolve())

    def rounds(self, wanted: int) -> int:
        return max(1, wanted // 5) if self.quick else wanted

    @staticmethod
    def say(text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)

    @staticmethod
    def parallel(function, subjects):
        """FUNCTION of each of SUBJECTS, on all processors: for counts, which do not depend on time."""
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            return list(pool.map(function, subjects))


def install_missing() -> None:
    """Installs the peers and tools that are missing; what cannot be had ends the run."""
    missing = {package for command, package in NEEDED.items()
               if subprocess.run(["which", command], stdout=subprocess.DEVNULL, check=False).returncode}
    if not list(Path("/usr/lib/llvm-19/lib/clang/19/lib/linux").glob("libclang_rt.xray-x86_64.a")):
        missing.add("libclang-rt-19-dev")
    if not missing:
        return
    print(f"Installing {' '.join(sorted(missing))} to measure against.", file=sys.stderr)
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    for words in (["update"], ["install", "-y", "--no-install-recommends", *sorted(missing)]):
        subprocess.run([*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", *words], check=True,
                       stdout=sys.stderr)


def heading(options) -> str:
    """When, where and of what the figures are."""
    def git(*words):
        return subprocess.run(["git", "-C", str(REPOSITORY), *words], capture_output=True, text=True, check=False).stdout.strip()

    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                  if line.startswith("model name")), "unknown processor")
    changed = " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    quick = " **Quick run: too few rounds to quote.**" if options.quick else ""
    return (f"# Benchmark\n\n{time.strftime('%Y-%m-%d')}, commit {git('rev-parse', '--short', 'HEAD') or 'unknown'}{changed}. {model}, "
            f"{os.cpu_count()} processors, Linux {platform.release()}, {tool('clang-19', '--version').splitlines()[0]}, "
            f"uftrace {tool('uftrace', '--version').split()[1]}. Method: [README.md](README.md).{quick}\n\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument("build", nargs="?", type=Path, default=REPOSITORY / "build", help="build directory (build)")
    parser.add_argument("--only", action="append", choices=list(SECTIONS), help="one section; may be repeated")
    parser.add_argument("--output", type=Path, help="where to write results.md and results.csv (BUILD/bench)")
    parser.add_argument("--save", action="store_true", help="write them beside the README, for the repository")
    parser.add_argument("--quick", action="store_true", help="a fifth of the rounds, to try the harness")
    parser.add_argument("--peers-only", action="store_true", help="measure without otrace")
    return parser.parse_args()


def main() -> int:
    options = _options()
    os.environ["OTRACE_BUILD"] = str(options.build.resolve())
    output = REPOSITORY / "tests" / "bench" if options.save else options.output or options.build / "bench"
    table = Table()
    begin = time.monotonic()
    try:
        install_missing()
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="otrace-bench-") as folder:
            bench = Bench(options, Path(folder))
            for name, section in SECTIONS.items():
                if not options.only or name in options.only:
                    section(bench, table)
    except (BenchError, RealProgramError, OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    text = heading(options) + table.markdown()
    (output / "results.md").write_text(text, encoding="utf-8")
    (output / "results.csv").write_text(table.csv(), encoding="utf-8")
    print(text)
    print(f"{time.monotonic() - begin:.0f} s; {output}/results.md and results.csv", file=sys.stderr)
    return 0
