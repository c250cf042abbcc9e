# SPDX-License-Identifier: BSD-2-Clause
"""python3 -m realprograms: builds the programs and runs the helpers of this package from a terminal."""

import argparse
import json
import shlex
import subprocess
import sys
import time

from . import cache, gdb_oracle, lua, redis_load, suites
from .build import LEVELS, PROGRAMS, VARIANTS, get, parse, smoke
from .errors import RealProgramError


def _build(options) -> int:
    for spec in options.variants:
        variant, level = parse(spec)
        for program in options.programs or PROGRAMS:
            begin = time.monotonic()
            build = get(program, variant, level, shlex.split(options.extra))
            smoke(build)
            print(f"{build.name:28} {time.monotonic() - begin:6.1f} s  {build.binary}", flush=True)
    return 0


def _path(options) -> int:
    build = get(options.program, *parse(options.variant))
    print(build.binaries[options.binary] if options.binary else build.binary)
    return 0


def _corpus(options) -> int:
    wrapper = shlex.split(options.wrapper)
    found = lua.differences(get("lua"), get("lua", *parse(options.variant)), wrapper=wrapper, stderr=not wrapper)
    for script, text in found.items():
        print(f"{script}: {text}")
    print(f"{len(lua.scripts()) - len(found)} of {len(lua.scripts())} scripts behaved as in the plain build")
    return bool(found)


def _load(options) -> int:
    report = redis_load.run(options.port, seconds=options.seconds, clients=options.clients, pipeline=options.pipeline)
    print(json.dumps({"commands": report.commands, "seconds": round(report.seconds, 3), "rate": round(report.rate),
                      "slowest_ms": round(report.slowest_ms, 3), "errors": report.errors}))
    return bool(report.errors)


def _suite(options) -> int:
    """Runs one suite on a build, and unless that is the reference itself, on the reference as well."""
    program, run = {"sqlite": ("testfixture", suites.sqlite), "redis": ("redis", suites.redis)}[options.suite]
    part = options.only or options.part
    extra = {"wrapper": shlex.split(options.wrapper)}
    if options.attach:
        extra["attach"] = options.attach
    environment = dict(pair.partition("=")[::2] for pair in options.env)
    build = get(program, *parse(options.variant))
    tested = run(build, part=part, environment=environment, **extra)
    print(f"{build.name}: {tested.ran} tests, {len(tested.failing)} failing")
    for name in sorted(tested.failing):
        print(f"  {name}")
    if not options.reference:
        return 0
    reference = run(get(program, *parse(options.reference)), part=part)
    text = suites.differences(reference, tested)
    print(text or f"the same tests fail in {options.reference}")
    return bool(text)


def _gdb(options) -> int:
    if options.calls:
        answer = gdb_oracle.calls(options.binary, options.args, options.function, returns=options.returns,
                                  limit=options.limit, after_prologue=options.after_prologue)
    else:
        answer = gdb_oracle.count(options.binary, options.args, options.function)
    json.dump(answer, sys.stdout, indent=1)
    print()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m realprograms", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    variants = f"{', '.join(VARIANTS)}; @{', @'.join(LEVELS)} after it for another level than O2"

    def command(name, function, text):
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=function)
        return made

    build = command("build", _build, "build variants of the programs, and check that each runs")
    build.add_argument("variants", nargs="+", metavar="VARIANT", help=variants)
    build.add_argument("-p", "--program", dest="programs", action="append", choices=list(PROGRAMS))
    build.add_argument("--extra", default="", help="more flags for compiling and linking, as one word")

    path = command("path", _path, "print the path of a program, building it when needed")
    path.add_argument("program", choices=list(PROGRAMS))
    path.add_argument("variant", nargs="?", default="plain", help=variants)
    path.add_argument("binary", nargs="?", help="another executable of the same program, such as redis-cli")

    corpus = command("corpus", _corpus, "run the Lua scripts and compare with the plain build")
    corpus.add_argument("variant", help=variants)
    corpus.add_argument("--wrapper", default="", help="command put before the program, as one word")

    load = command("load", _load, "load a redis-server on this machine, checking every reply")
    load.add_argument("port", type=int)
    load.add_argument("--seconds", type=float, default=10)
    load.add_argument("--clients", type=int, default=4)
    load.add_argument("--pipeline", type=int, default=16)

    suite = command("suite", _suite, "run SQLite's quicktest or Redis' runtest and compare what fails")
    suite.add_argument("suite", choices=("sqlite", "redis"))
    suite.add_argument("variant", nargs="?", default="plain", help=variants)
    suite.add_argument("--part", choices=("quick", "full"), default="quick")
    suite.add_argument("--only", action="append", metavar="NAME", help="one test file or unit, instead of a part")
    suite.add_argument("--reference", metavar="VARIANT", help="compare with this variant")
    suite.add_argument("--wrapper", default="", help="command put before the program, as one word")
    suite.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    suite.add_argument("--attach", default="", help="redis: shell command run beside each server ($OTRACE_PID)")

    gdb = command("gdb", _gdb, "count a program's calls of functions under gdb, or list them with their values")
    gdb.add_argument("-f", "--function", action="append", required=True, metavar="NAME[@FILE]")
    gdb.add_argument("--calls", action="store_true", help="list the calls instead of counting them")
    gdb.add_argument("--returns", action="store_true", help="with the values returned")
    gdb.add_argument("--limit", type=int, default=1000)
    gdb.add_argument("--after-prologue", action="store_true", help="for programs compiled at -O0")
    gdb.add_argument("binary")
    gdb.add_argument("args", nargs=argparse.REMAINDER)

    command("cache", lambda _: print(cache.directory()) or 0, "print the cache directory")
    return parser


def main() -> int:
    options = _parser().parse_args()
    try:
        return int(options.run(options))
    except (RealProgramError, ValueError, OSError, subprocess.SubprocessError) as error:
        print(f"realprograms: {error}", file=sys.stderr)
        return 1
