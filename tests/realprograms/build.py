# SPDX-License-Identifier: BSD-2-Clause
"""Builds variants of the real programs and keeps them, keyed by everything that went into them."""

import inspect
import json
import os
import shlex
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import cache, debsource
from .errors import RealProgramError
from .redis_server import RedisServer

REPOSITORY = Path(__file__).resolve().parents[2]
COMPILER = "clang-19"
JOBS = 2
LEVELS = ("O0", "O1", "O2", "O3", "Os")

# What each variant adds to "clang-19 -g -O2", when compiling and when linking alike.
VARIANTS = {
    "plain": (),
    "otrace": ("-fpass-plugin={plugin}",),
    "xray": ("-fxray-instrument", "-fxray-instruction-threshold=1"),
    # uftrace's fastest way in; it also takes -pg, at twice the cost per call.
    "uftrace": ("-fpatchable-function-entry=5",),
    "uftrace-pg": ("-pg",),
    "cyg": ("-finstrument-functions",),
    "cyg-after-inlining": ("-finstrument-functions-after-inlining",),
}


@dataclass(frozen=True)
class Build:
    """A finished build. `binary` is the program's main executable, `binaries` all of them by name."""

    program: str
    variant: str
    level: str
    directory: Path
    tree: Path  # the package's source tree that was compiled
    binaries: dict

    @property
    def binary(self) -> Path:
        return next(iter(self.binaries.values()))

    @property
    def name(self) -> str:
        return f"{self.program}:{self.variant}@{self.level}"


@dataclass(frozen=True)
class Compiler:
    """The command and flags of one variant."""

    flags: tuple  # of the variant, including -g
    level: str  # -O2

    @property
    def command(self):
        return [COMPILER, *self.flags]

    def compile_all(self, sources, objects: Path, options, cwd: Path, log: Path):
        """Compiles SOURCES (biggest first, in parallel) into OBJECTS and returns the object files in source order."""
        objects.mkdir(parents=True, exist_ok=True)
        made = {source: objects / (Path(source).stem + ".o") for source in sources}
        if len(set(made.values())) != len(sources):
            raise RealProgramError(f"two sources of one name among {sources}")

        def one(source):
            cache.run([*self.command, self.level, *options, "-c", source, "-o", made[source]], cwd=cwd, log=log)

        order = sorted(sources, key=lambda source: -(cwd / source).stat().st_size)
        with ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(one, order))
        return [made[source] for source in sources]

    def link(self, objects, output: Path, options, log: Path) -> Path:
        cache.run([*self.command, self.level, *objects, "-o", output, *options], log=log)
        return output


class Lua:
    """lua, the interpreter, without libtool, the C++ build and readline.

    Its hash seed is a fixed one instead of time and addresses, so that every run makes the same calls.
    """

    package = "lua5.4"
    options = ("-std=gnu99", "-w", "-DLUA_COMPAT_5_3", "-DLUA_USE_LINUX", "-Dluai_makeseed(L)=0x5eed")

    def prepare(self, tree: Path) -> None:
        """Writes the header that Debian's rules generate."""
        name = cache.run(["dpkg-architecture", "-qDEB_HOST_MULTIARCH"]).strip()
        header = tree / "src" / "lua5.4-deb-multiarch.h"
        header.write_text(f'#define DEB_HOST_MULTIARCH "{name}"\n', encoding="ascii")

    def build(self, tree: Path, target: Path, compiler: Compiler):
        source = tree / "src"
        sources = sorted(path.name for path in source.glob("*.c") if path.name != "luac.c")
        log = target / "build.log"
        objects = compiler.compile_all(sources, target / "obj", self.options, source, log)
        return source, {"lua": compiler.link(objects, target / "lua", ["-Wl,-E", "-lm", "-ldl"], log)}


class SQLite:
    """sqlite3, the shell, from the amalgamation, with Debian's options."""

    package = "sqlite3"
    options = (
        "-w", "-fno-strict-aliasing", "-I.", "-DSQLITE_SECURE_DELETE", "-DSQLITE_ENABLE_COLUMN_METADATA",
        "-DSQLITE_ENABLE_FTS3", "-DSQLITE_ENABLE_FTS3_PARENTHESIS", "-DSQLITE_ENABLE_FTS4", "-DSQLITE_ENABLE_FTS5",
        "-DSQLITE_ENABLE_RTREE=1", "-DSQLITE_SOUNDEX=1", "-DSQLITE_ENABLE_UNLOCK_NOTIFY",
        "-DSQLITE_OMIT_LOOKASIDE=1", "-DSQLITE_ENABLE_DBSTAT_VTAB", "-DSQLITE_ALLOW_ROWID_IN_VIEW",
        "-DSQLITE_ENABLE_LOAD_EXTENSION", "-DSQLITE_ENABLE_JSON1", "-DSQLITE_LIKE_DOESNT_MATCH_BLOBS",
        "-DSQLITE_THREADSAFE=1", "-DSQLITE_ENABLE_FTS3_TOKENIZER=1", "-DSQLITE_USE_URI=1",
        "-DSQLITE_MAX_SCHEMA_RETRY=25", "-DSQLITE_ENABLE_PREUPDATE_HOOK", "-DSQLITE_ENABLE_SESSION",
        "-DSQLITE_ENABLE_STMTVTAB", "-DSQLITE_ENABLE_MATH_FUNCTIONS", "-DSQLITE_MAX_VARIABLE_NUMBER=250000",
    )

    def prepare(self, tree: Path) -> None:
        """Generates the sources: the amalgamation, the shell, and what the test program needs."""
        folder = tree / "bld"
        folder.mkdir()
        log = folder / "prepare.log"
        cache.run(["../configure", "--disable-shared", "--enable-fts4", "--enable-fts5", "--enable-threadsafe",
                   "--enable-load-extension", f"--with-tcl={self._tcl()}", f"CC={COMPILER}", "CFLAGS=-O1"],
                  cwd=folder, log=log)
        cache.run(["make", "sqlite3.c", "shell.c"], cwd=folder, log=log)
        command = cache.run(["make", "--dry-run", "--no-print-directory", "testfixture"], cwd=folder)
        (folder / "testfixture.cmd").write_text(command, encoding="utf-8")

    @staticmethod
    def _tcl() -> str:
        """The directory of tclConfig.sh."""
        for path in sorted(Path("/usr/lib").glob("*/tcl8.*/tclConfig.sh")):
            return str(path.parent)
        raise RealProgramError("tclConfig.sh not found; Debian's package tcl-dev has it")

    def build(self, tree: Path, target: Path, compiler: Compiler):
        folder, log = tree / "bld", target / "build.log"
        objects = compiler.compile_all(["sqlite3.c", "shell.c"], target / "obj", self.options, folder, log)
        return folder, {"sqlite3": compiler.link(objects, target / "sqlite3", ["-lm", "-ldl", "-lpthread"], log)}


class Testfixture(SQLite):
    """testfixture, the Tcl interpreter that runs SQLite's own tests."""

    def build(self, tree: Path, target: Path, compiler: Compiler):
        folder, log = tree / "bld", target / "build.log"
        options, sources, libraries = self._parts((folder / "testfixture.cmd").read_text(encoding="utf-8"))
        objects = compiler.compile_all(sources, target / "obj", ["-w", *options], folder, log)
        binary = compiler.link(objects, target / "testfixture", ["-rdynamic", *libraries], log)
        shutil.rmtree(target / "obj")
        return folder, {"testfixture": binary}

    @staticmethod
    def _parts(commands: str):
        """(options, sources, libraries) of the command by which SQLite's own makefile builds testfixture."""
        words = shlex.split(commands.replace("\\\n", " ").strip().splitlines()[-1])
        if "-o" not in words:
            raise RealProgramError(f"make --dry-run testfixture does not end with a command that links it: {words[:20]}")
        output = words.index("-o")
        start = next(i for i, word in enumerate(words) if word == COMPILER)
        options = [word for word in words[start + 1:output] if not word.startswith("-O")]
        rest = words[output + 2:]
        sources = [word for word in rest if word.endswith(".c")]
        return options, sources, [word for word in rest if word not in sources]


class Redis:
    """redis-server and its companions with their bundled libraries, on libc's malloc, without TLS and systemd."""

    package = "redis"
    programs = ("redis-server", "redis-cli", "redis-benchmark", "redis-check-aof", "redis-check-rdb", "redis-sentinel")

    def prepare(self, tree: Path) -> None:
        shutil.rmtree(tree / "deps" / "jemalloc")

    def build(self, tree: Path, target: Path, compiler: Compiler):
        copy = target / "tree"
        shutil.copytree(tree, copy, symlinks=True)
        self.make(copy, compiler, target / "build.log")
        for path in copy.rglob("*.o"):
            path.unlink()
        return copy, {name: copy / "src" / name for name in self.programs}

    @staticmethod
    def make(tree: Path, compiler: Compiler, log: Path, *, jobs: int = JOBS, programs=("all",)) -> None:
        """Runs the package's own makefile. The build stamp in the binaries is a fixed one."""
        command = " ".join(compiler.command)
        cache.run(["make", "-C", "src", f"-j{jobs}", f"CC={command} -w", f"OPTIMIZATION={compiler.level}",
                   "MALLOC=libc", "BUILD_TLS=no", "USE_SYSTEMD=no", *programs], cwd=tree, log=log,
                  env={**os.environ, "SOURCE_DATE_EPOCH": "1", "GIT_CEILING_DIRECTORIES": str(tree)})


PROGRAMS = {"lua": Lua(), "sqlite": SQLite(), "testfixture": Testfixture(), "redis": Redis()}


def plugin_path() -> Path:
    """The pass plugin to build with: lib/otrace.so of $OTRACE_BUILD, by default of build/ in the checkout.

    It is a copy in the cache, so that a build that goes on meanwhile does not change it under the compiler.
    """
    path = Path(os.environ.get("OTRACE_BUILD") or REPOSITORY / "build").resolve() / "lib" / "otrace.so"
    if not path.exists():
        raise RealProgramError(f"{path} is missing; run make first")
    plugins = cache.directory() / "plugins"
    copy = cache.fill(plugins / cache.sha256(path)[:16], lambda folder: shutil.copy(path, folder / "otrace.so"))
    cache.prune(plugins.glob("*[0-9a-f]"), keep=6, age=6 * 3600)
    return copy / "otrace.so"


def _recipe_key(program: str) -> str:
    """Changes when the way PROGRAM is built changes."""
    classes = [Compiler, *(kind for kind in type(PROGRAMS[program]).__mro__ if kind is not object)]
    return cache.digest([inspect.getsource(kind) for kind in classes])


def _compiler_identity() -> str:
    return cache.run([COMPILER, "--version"])


def source_tree(program: str) -> Path:
    """The unpacked and prepared source tree of PROGRAM, shared by its variants and not to be changed."""
    recipe = PROGRAMS[program]
    dsc = debsource.fetch(recipe.package)
    key = cache.digest([inspect.getsource(recipe.prepare), cache.sha256(dsc), _compiler_identity()])

    def make(path: Path) -> None:
        debsource.extract(dsc, path / "source")
        recipe.prepare(path / "source")

    trees = cache.directory() / "trees"
    path = cache.fill(trees / f"{recipe.package}-{key}", make)
    return path / "source"


def compiler(variant: str = "plain", level: str = "O2", extra=()) -> Compiler:
    """The compiler of VARIANT, with EXTRA flags."""
    if variant not in VARIANTS:
        raise RealProgramError(f"no variant {variant!r}; there are {', '.join(VARIANTS)}")
    if level not in LEVELS:
        raise RealProgramError(f"no level {level!r}; there are {', '.join(LEVELS)}")
    flags = VARIANTS[variant]
    if variant == "otrace":
        flags = [flag.format(plugin=plugin_path()) for flag in flags]
    return Compiler(("-g", *flags, *extra), f"-{level}")


def get(program: str, variant: str = "plain", level: str = "O2", extra=()) -> Build:
    """The build of PROGRAM (lua, sqlite, testfixture, redis) as VARIANT, from the cache or made now.

    LEVEL is O0, O1, O2, O3 or Os; EXTRA are more flags for compiling and linking.
    """
    if program not in PROGRAMS:
        raise RealProgramError(f"no program {program!r}; there are {', '.join(PROGRAMS)}")
    tool = compiler(variant, level, extra)
    tree = source_tree(program)
    key = cache.digest([_recipe_key(program), str(tree), tool.command, tool.level, _compiler_identity(),
                        cache.sha256(plugin_path()) if variant == "otrace" else None])
    builds = cache.directory() / "builds"
    stem = f"{program}-{variant}-{level}"

    def make(path: Path) -> None:
        used, binaries = PROGRAMS[program].build(tree, path, tool)
        made = {"tree": str(used), "binaries": {name: str(file) for name, file in binaries.items()}}
        (path / "build.json").write_text(json.dumps(made, indent=1), encoding="utf-8")

    path = cache.fill(builds / f"{stem}-{key}", make)
    cache.prune(builds.glob(f"{stem}-*[0-9a-f]"), keep=6, age=6 * 3600)
    made = json.loads((path / "build.json").read_text(encoding="utf-8"))
    return Build(program, variant, level, path, Path(made["tree"]),
                 {name: Path(file) for name, file in made["binaries"].items()})


def parse(spec: str):
    """(variant, level) of VARIANT[@LEVEL]."""
    variant, _, level = spec.partition("@")
    return variant, level or "O2"


def smoke(build: Build) -> str:
    """Runs the build once and returns what it said; raises when that is wrong."""
    with tempfile.TemporaryDirectory(prefix="otrace-smoke-") as folder:  # -pg programs leave a file where they run

        def output(*words, **options):
            done = subprocess.run([str(build.binary), *words], capture_output=True, text=True, timeout=60, cwd=folder,
                                  check=False, **options)
            if done.returncode:
                raise RealProgramError(f"{build.name}: exit status {done.returncode}: {done.stderr[-500:]}")
            return done.stdout.strip()

        if build.program == "lua":
            said, expected = output("-e", "print(_VERSION, 2^10)"), "Lua 5.4\t1024.0"
        elif build.program == "sqlite":
            said, expected = output(":memory:", "select 6*7, group_concat(value) from json_each('[1,2]')"), "42|1,2"
        elif build.program == "testfixture":
            # Without a script it prompts as an interpreter does; the answer stands after the prompt.
            said = output(input="sqlite3 db :memory:; puts [db one {select 6*7}]; exit 0\n").split()[-1]
            expected = "42"
        else:
            with RedisServer(build) as server:
                said, expected = server.cli("PING"), "PONG"
    if said != expected:
        raise RealProgramError(f"{build.name}: said {said!r} instead of {expected!r}")
    return said
