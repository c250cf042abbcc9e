#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Build and run the test programs in every mode of the compile matrix.

On the command line:
    build.py                          every program, the quick matrix, clang-19
    build.py --matrix full            every program x every level x every mode
    build.py -l O2 -m pie recursion   one program
    build.py --compiler 'otrace cc' --wrap 'otrace run -e run --'
    build.py --cflags '-fpass-plugin=build/lib/otrace.so' --env OTRACE=listen
    build.py --list                   names, levels and modes

From Python (pytest):
    import build
    tools = build.Tools(cflags=["-fpass-plugin=..."])
    for program, level, mode in build.matrix("quick"):
        path = build.build(program, level, mode, tmp_path, tools)
        build.run(program, path, tools)            # raises build.Failed unless "ok NAME"
    program.expects(level)                         # the EXPECT lines, for expect.verify()

A program is described by comment lines at its head:
    // BUILD {"sources": ["b.c"], "lib": ["x.c"], "not": ["asan"], "levels": ["O1"], ...}
        sources  more files           lib     files that form the library in shared modes
        cflags   more options         ldflags more options of the link
        levels   the only levels it can have
        not      modes it cannot have ("asan", or at one level "O0/lto"); the reason stands beside
    // EXPECT {...} lines say what a tracer must show: see expect.py
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
LEVELS = ["O0", "O1", "O2", "O3", "Os"]


class Failed(Exception):
    """A program that did not build, did not run, or computed something wrong."""


class Mode:
    """One column of the compile matrix: what is added to compiling and linking."""

    def __init__(self, name, cflags=(), ldflags=("-pie",), shared=False, steps=()):
        self.name = name
        self.cflags = list(cflags)
        self.ldflags = list(ldflags)
        self.shared = shared  # library and main program apart
        self.steps = steps  # "relocatable" before the link, "strip" after it


PIE = ["-fPIE"]
NOPIE = ["-fno-pie"]
SECTIONS = PIE + ["-ffunction-sections", "-fdata-sections"]
BFD = "-fuse-ld=bfd"
LLD = "-fuse-ld=lld"
MODES = {mode.name: mode for mode in [
    Mode("pie", PIE, ["-pie", BFD]),
    Mode("nopie", NOPIE, ["-no-pie", BFD]),
    Mode("static", NOPIE, ["-static", BFD]),
    Mode("static-pie", PIE, ["-static-pie", LLD]),
    Mode("shared", PIE, ["-pie", BFD], shared=True),
    Mode("shared-hidden", PIE + ["-fvisibility=hidden"], ["-pie", LLD], shared=True),
    Mode("shared-nopie", NOPIE, ["-no-pie", BFD], shared=True),
    Mode("shared-nopie-lld", NOPIE, ["-no-pie", LLD], shared=True),
    Mode("lld", PIE, ["-pie", LLD]),
    Mode("lto", PIE + ["-flto"], ["-pie", LLD]),
    Mode("thinlto", PIE + ["-flto=thin"], ["-pie", LLD]),
    Mode("gc", SECTIONS, ["-pie", BFD, "-Wl,--gc-sections"]),
    Mode("gc-lld", SECTIONS, ["-pie", LLD, "-Wl,--gc-sections"]),
    Mode("relocatable", PIE, ["-pie", BFD], steps=["relocatable"]),
    Mode("cet", PIE + ["-fcf-protection=full"], ["-pie", BFD]),
    Mode("exceptions", PIE + ["-fexceptions"], ["-pie", BFD]),
    Mode("asan", PIE + ["-fsanitize=address"], ["-pie", "-fsanitize=address"]),
    Mode("strip", PIE, ["-pie", BFD], steps=["strip"]),
]}


class Tools:
    """The compiler with its options, and what the programs are run under."""

    def __init__(self, compiler="clang-19", cxx=None, cflags=(), ldflags=(), wrap=(), env=None,
                 timeout=120):
        self.cc = shlex.split(compiler) if isinstance(compiler, str) else list(compiler)
        if cxx is None:
            last = self.cc[-1]
            names = [("clang", "clang++"), ("gcc", "g++"), ("cc", "c++")]
            plus = next((re.sub(r"^(.*/)?%s" % a, lambda m, b=b: (m.group(1) or "") + b, last)
                         for a, b in names if os.path.basename(last).startswith(a)), last)
            self.cxx = self.cc[:-1] + [plus]
        else:
            self.cxx = shlex.split(cxx) if isinstance(cxx, str) else list(cxx)
        self.cflags = list(cflags)
        self.ldflags = list(ldflags)
        self.wrap = list(wrap)
        self.env = dict(env or {})
        self.timeout = timeout


class Program:
    """A test program: its files and the remarks at their heads."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        self.build = {}
        self._expects = []
        for line in path.read_text().splitlines():
            found = re.match(r"// (BUILD|EXPECT) (\{.*\})$", line)
            if found and found.group(1) == "BUILD":
                self.build.update(json.loads(found.group(2)))
            elif found:
                self._expects.append(json.loads(found.group(2)))
        self.lib = [HERE / f for f in self.build.get("lib", [])]
        self.sources = [path] + [HERE / f for f in self.build.get("sources", [])] + self.lib
        self.cplusplus = any(f.suffix == ".cpp" for f in self.sources)
        self.levels = self.build.get("levels", LEVELS)

    def supports(self, level, mode):
        refused = self.build.get("not", [])
        return level in self.levels and mode not in refused and level + "/" + mode not in refused

    def expects(self, level="O0", mode="pie"):
        """The EXPECT lines that hold at this level and in this mode."""
        return [e for e in self._expects
                if level in e.get("levels", LEVELS) and mode not in e.get("not", [])]


def programs(names=()):
    """Every program, or those named, in alphabetical order."""
    found = {}
    others = set()
    for path in sorted(HERE.glob("*.c")) + sorted(HERE.glob("*.cpp")):
        program = Program(path)
        found[program.name] = program
        others.update(f.stem for f in program.sources[1:])
    found = {n: p for n, p in sorted(found.items()) if n not in others}
    unknown = set(names) - set(found)
    if unknown:
        raise Failed("no such program: " + ", ".join(sorted(unknown)))
    return [p for n, p in found.items() if not names or n in names]


def matrix(kind="quick", names=(), levels=(), modes=()):
    """Triples (program, level, mode). Quick is every level as PIE and every mode at -O2."""
    for program in programs(names):
        for level in levels or LEVELS:
            for mode in modes or MODES:
                wanted = kind == "full" or mode == "pie" or level == "O2" or levels or modes
                if wanted and program.supports(level, mode):
                    yield program, level, mode


def command(arguments, what):
    """Run a command of the build; its output appears only when it fails."""
    arguments = [str(a) for a in arguments]
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise Failed("%s: exit status %d\n$ %s\n%s" % (
            what, done.returncode, shlex.join(arguments), done.stdout))
    return done.stdout


_objects = {}
_objects_lock = threading.Lock()


def compile_file(source, flags, out, tools):
    """Compile one file, once for all modes that use the same options and directory."""
    compiler = tools.cxx if source.suffix == ".cpp" else tools.cc
    std = "-std=gnu++17" if source.suffix == ".cpp" else "-std=gnu17"
    arguments = compiler + [std, "-Wall", "-Wextra"] + flags + tools.cflags + ["-c", source]
    key = hashlib.sha256(repr((str(out), [str(a) for a in arguments])).encode()).hexdigest()[:16]
    with _objects_lock:
        lock = _objects.setdefault(key, threading.Lock())
    target = pathlib.Path(out) / "objects" / ("%s-%s.o" % (source.stem, key))
    with lock:
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".part.o")
            command(arguments + ["-o", partial], source.name)
            partial.rename(target)
    return target


def build(program, level, mode, out, tools=None):
    """Build one program; the executable's path. The files go to the directory out."""
    tools = tools or Tools()
    mode = MODES[mode] if isinstance(mode, str) else mode
    if not program.supports(level, mode.name):
        raise Failed("%s cannot be built with %s %s" % (program.name, level, mode.name))
    out = pathlib.Path(out)
    where = out / ("%s-%s-%s" % (program.name, level, mode.name))
    where.mkdir(parents=True, exist_ok=True)
    target = where / program.name
    common = ["-" + level, "-g", "-pthread"] + program.build.get("cflags", [])
    link = (tools.cxx if program.cplusplus else tools.cc) + ["-" + level, "-pthread"]
    link += [f for f in mode.cflags if f.startswith(("-flto", "-fsanitize"))]
    libs = program.build.get("ldflags", []) + ["-lm"] + tools.ldflags

    def objects(files, flags):
        return [compile_file(f, common + flags, out, tools) for f in files]

    if not mode.shared:
        linked = objects(program.sources, mode.cflags)
        if "relocatable" in mode.steps:
            command(["ld", "-r", "-o", where / "all.o"] + linked, "ld -r")
            linked = [where / "all.o"]
    else:
        # Without files for a library of its own the whole program becomes one, main() included.
        pic = [f for f in mode.cflags if f not in ("-fPIE", "-fno-pie")] + ["-fPIC"]
        if program.lib:
            inside = objects(program.lib, pic)
            outside = [f for f in program.sources if f not in program.lib]
            linked = objects(outside, mode.cflags)
        else:
            renamed = ["-Dmain=program_main", "-include", HERE / "shared/rename.h"]
            inside = objects(program.sources, pic + renamed)
            linked = objects([HERE / "shared/main.c"], mode.cflags)
        library = where / ("lib%s.so" % program.name)
        use = [f for f in mode.ldflags if f.startswith("-fuse-ld")]
        command(link + use + ["-shared", "-o", library] + inside + libs, "link of the library")
        linked = linked + [library, "-Wl,-rpath," + str(where)]
    command(link + mode.ldflags + ["-o", target] + linked + libs, "link")
    if "strip" in mode.steps:
        command(["strip", target], "strip")
    return target


def run(program, path, tools=None):
    """Run a program that was built and check that it found itself right."""
    tools = tools or Tools()
    arguments = [str(a) for a in tools.wrap + [path]]
    env = dict(os.environ, LC_ALL="C", **tools.env)
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", env=env, timeout=tools.timeout, check=False)
    except subprocess.TimeoutExpired as late:
        raise Failed("%s: no end after %d s\n%s" % (path, tools.timeout, late.stderr)) from late
    last = done.stdout.splitlines()[-1:]
    if done.returncode != 0 or last != ["ok " + program.name]:
        raise Failed("%s: exit status %d\n$ %s\n%s%s" % (
            program.name, done.returncode, shlex.join(arguments), done.stdout, done.stderr))
    return done


def build_and_run(program, level, mode, out, tools):
    """What is wrong with one cell of the matrix, or None."""
    try:
        run(program, build(program, level, mode, out, tools), tools)
    except Failed as failed:
        return "FAIL %s -%s %s\n%s" % (program.name, level, mode, failed)
    return None


def arguments_parser():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="PROGRAM")
    parser.add_argument("--matrix", choices=["quick", "full"], default="quick")
    parser.add_argument("-l", "--level", action="append", choices=LEVELS, default=[])
    parser.add_argument("-m", "--mode", action="append", choices=list(MODES), default=[])
    parser.add_argument("--compiler", default="clang-19", help="command, may have arguments")
    parser.add_argument("--cxx", help="C++ compiler (default: made from --compiler)")
    parser.add_argument("--cflags", default="", help="added to every compilation")
    parser.add_argument("--ldflags", default="", help="added to every link")
    parser.add_argument("--wrap", default="", help="command that runs the programs")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one run")
    parser.add_argument("--out", help="directory for what is built (default: a temporary one)")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true")
    return parser


def main():
    options = arguments_parser().parse_args()
    if options.list:
        print("programs:", *(p.name for p in programs(options.names)))
        print("levels:  ", *LEVELS)
        print("modes:   ", *MODES)
        return 0
    tools = Tools(options.compiler, options.cxx, shlex.split(options.cflags),
                  shlex.split(options.ldflags), shlex.split(options.wrap),
                  dict(e.split("=", 1) for e in options.env), options.timeout)
    cells = list(matrix(options.matrix, options.names, options.level, options.mode))
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="programs.") as scratch:
        out = options.out or scratch
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            wrong = list(filter(None, pool.map(lambda c: build_and_run(*c, out, tools), cells)))
    for text in wrong:
        print(text)
    print("%d of %d right, %.0f s" % (
        len(cells) - len(wrong), len(cells), time.monotonic() - start))
    return 1 if wrong or not cells else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit("build.py: %s" % error)
