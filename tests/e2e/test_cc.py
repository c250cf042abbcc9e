# SPDX-License-Identifier: BSD-2-Clause
"""otrace cc and otrace c++ stand in for clang, in every mode of clang that build systems use."""
import os
import pathlib
import signal
import subprocess

import pytest

CLANG = {"cc": "clang-19", "c++": "clang++-19"}
SOURCE = """\
#include <stdio.h>
struct point { int x, y; };
int add(struct point *p, int more) { return p->x + p->y + more; }
int main(int argc, char **argv)
{
    struct point p = { argc, 2 };
    printf("%d\\n", add(&p, 4));
    return argv[0] ? 3 : 0;
}
"""
ASM = ".globl answer\n.type answer,@function\nanswer: mov $42,%eax\n ret\n.section .note.GNU-stack\n"


def run(command, cwd, **more):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
                          stdin=more.pop("stdin", subprocess.DEVNULL), **more)


@pytest.fixture
def here(tmp_path):
    (tmp_path / "a.c").write_text(SOURCE)
    (tmp_path / "a.cpp").write_text(SOURCE)
    (tmp_path / "b.c").write_text("int twice(int n) { return 2 * n; }\n")
    (tmp_path / "s.s").write_text(ASM)
    (tmp_path / "S.S").write_text("#define UNUSED 1\n" + ASM)
    (tmp_path / "use_s.c").write_text("int answer(void); int main(void) { return answer() != 42; }\n")
    (tmp_path / "args").write_text("-O2 -DWHAT='a b' -c 'b.c'\n")
    (tmp_path / "bad.c").write_text("int main(void) { return nothing; }\n")
    return tmp_path


def sections(path):
    listed = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True, check=True).stdout
    return {word for line in listed.splitlines() for word in line.split() if word.startswith((".", "otrace"))}


def instrumented(path):
    return ".text.otrace" in sections(path) or "otrace_fn" in sections(path)


@pytest.mark.parametrize("arguments", [
    "--version", "-v", "-dumpversion", "-dumpmachine", "-print-file-name=libc.so", "-print-search-dirs",
    "-E a.c", "-E -dM a.c", "-M a.c", "-MM -MP b.c", "-fsyntax-only a.c", "-c bad.c", "-c missing.c", "",
    "-c s.s -o s.o", "-c S.S -o S.o", "-no-such-option -c b.c", "-flto --version", "-flto -v", "-O2 -c b.c",
    "-O2 -Werror -c b.c -o b.o -L. -lm", "@args", "-cc1 -fsyntax-only b.c", "-flto -fsyntax-only b.c",
])
@pytest.mark.parametrize("language", ["cc", "c++"])
def test_says_what_clang_says(otrace, here, language, arguments):
    """Configure scripts read standard error and the exit status."""
    ours = run([otrace, language, *arguments.split()], here)
    clang = run([CLANG[language], *arguments.split()], here)
    assert ours.returncode == clang.returncode
    assert ours.stdout == clang.stdout
    assert ours.stderr == clang.stderr


def test_compile_and_link_at_once(otrace, here):
    done = run([otrace, "cc", "-O2", "a.c", "-o", "a"], here)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert instrumented(here / "a")
    ran = run(["./a"], here)
    assert (ran.returncode, ran.stdout) == (3, "7\n")


def test_objects_assembly_and_archives_together(otrace, here):
    for step in (["-c", "b.c"], ["-c", "s.s"], ["-O1", "use_s.c", "s.o", "b.o", "-o", "mixed"]):
        done = run([otrace, "cc", "-Werror", *step], here)
        assert (done.returncode, done.stderr) == (0, "")
    assert run(["./mixed"], here).returncode == 0
    assert not instrumented(here / "s.o")


def test_standard_input(otrace, here):
    with open(here / "a.c") as source:
        done = run([otrace, "cc", "-x", "c", "-", "-o", "stdin"], here, stdin=source)
    assert (done.returncode, done.stderr) == (0, "")
    assert instrumented(here / "stdin")


def test_cplusplus(otrace, here):
    (here / "x.cc").write_text("#include <stdexcept>\n#include <cstdio>\n"
                               "int f(int n) { if (n) throw std::runtime_error(\"no\"); return n; }\n"
                               "int main(int n, char **) { try { f(n); } catch (std::exception &e) { puts(e.what()); } }\n")
    done = run([otrace, "c++", "-O2", "x.cc", "-o", "x"], here)
    assert (done.returncode, done.stderr) == (0, "")
    assert run(["./x"], here).stdout == "no\n"


@pytest.mark.parametrize("flag, kept", [("-g", True), ("-g3", True), ("-O2", False), ("-g0", False), ("-g -g0", False)])
def test_debug_information_stays_only_where_asked_for(otrace, here, flag, kept):
    done = run([otrace, "cc", *flag.split(), "-c", "a.c"], here)
    assert (done.returncode, done.stderr) == (0, "")
    assert (".debug_info" in sections(here / "a.o")) == kept
    assert instrumented(here / "a.o")
    assert "otrace_type" in sections(here / "a.o")


@pytest.mark.parametrize("name", ["s.s", "S.S"])
def test_assembly_gets_no_debug_information(otrace, here, name):
    assert run([otrace, "cc", "-c", name, "-o", "out.o"], here).returncode == 0
    assert not any(section.startswith(".debug") for section in sections(here / "out.o"))


@pytest.mark.parametrize("mode", ["-flto", "-flto=full", "-flto=thin"])
@pytest.mark.parametrize("steps", ["one", "two"])
def test_lto(otrace, here, mode, steps):
    if steps == "one":
        commands = [["-O2", mode, "a.c", "b.c", "-o", "a"]]
    else:
        commands = [["-O2", mode, "-c", "a.c"], ["-O2", mode, "-c", "b.c"], [mode, "a.o", "b.o", "-o", "a"]]
    for command in commands:
        done = run([otrace, "cc", *command], here)
        assert (done.returncode, done.stderr) == (0, "")
    assert instrumented(here / "a")
    assert ".debug_info" not in sections(here / "a")
    assert run(["./a"], here).stdout == "7\n"


def test_lto_keeps_debug_information_that_was_asked_for_when_compiling(otrace, here):
    for command in (["-g", "-flto", "-c", "a.c"], ["-flto", "a.o", "-o", "a"]):
        assert run([otrace, "cc", *command], here).returncode == 0
    assert ".debug_info" in sections(here / "a")


@pytest.mark.parametrize("linker", ["-fuse-ld=bfd", "-fuse-ld=gold", "--ld-path=/usr/bin/ld.bfd"])
def test_lto_with_another_linker_is_refused(otrace, here, linker):
    done = run([otrace, "cc", "-flto", linker, "a.c", "-o", "a"], here)
    assert done.returncode == 1
    assert "only lld can load the otrace" in done.stderr
    assert not (here / "a").exists()


def test_dry_run_shows_the_plugin(otrace, build, here):
    done = run([otrace, "cc", "-###", "-c", "a.c"], here)
    assert done.returncode == 0
    assert f"-fpass-plugin={build / 'lib/otrace.so'}" in done.stderr


def test_headers_and_library_are_found_where_otrace_is(otrace, here):
    """As mpicc does; what the user names comes first."""
    (here / "uses.c").write_text("#include <otrace/otrace.h>\n#include <otrace/shell.h>\n"
                                 "int main(void) { return otrace_strerror(0) ? 0 : 1; }\n")
    for command in (["uses.c", "-o", "uses", "-lotrace"], ["-c", "uses.c"], ["uses.o", "-o", "uses", "-loshell", "-lotrace"]):
        done = run([otrace, "cc", *command], here)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = run([otrace, "cc", "-g", "-o", "loop", pathlib.Path(__file__).parents[1] / "examples/holds/loop.c", "-lotrace"], here)
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run([otrace, "run", "-e", "run", "--", "./loop"], cwd=here, input="3\n", capture_output=True, text=True,
                          timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "3 squared is 9\n")
    (here / "mine/otrace").mkdir(parents=True)
    (here / "mine/otrace/otrace.h").write_text("#error mine\n")
    assert "error: mine" in run([otrace, "cc", "-Imine", "-c", "uses.c"], here).stderr
    (here / "libotrace.a").write_text("not a library")
    assert run([otrace, "cc", "uses.o", "-L.", "-lotrace"], here, env={**os.environ, "LIBRARY_PATH": "/usr/lib"}).returncode != 0


def test_choosing_the_compiler(otrace, here):
    wrapper = here / "a compiler"
    wrapper.write_text("#!/bin/sh\necho \"$0 ran\"\nexec clang-19 \"$@\"\n")
    wrapper.chmod(0o755)
    done = run([otrace, "cc", "-c", "b.c"], here, env={**os.environ, "OTRACE_CC": str(wrapper)})
    assert done.stdout == f"{wrapper} ran\n"
    done = run([otrace, "c++", "-c", "a.cpp"], here, env={**os.environ, "OTRACE_CXX": "env clang++-19"})
    assert (done.returncode, done.stderr) == (0, "")


def test_no_compiler(otrace, here):
    done = run([otrace, "cc", "-c", "b.c"], here, env={**os.environ, "OTRACE_CC": "no-such-clang"})
    assert done.returncode == 127
    assert "no-such-clang" in done.stderr and "OTRACE_CC" in done.stderr


def test_no_plugin(otrace, here):
    done = run([otrace, "cc", "-c", "b.c"], here, env={**os.environ, "OTRACE_PLUGIN": "/no/such/plugin.so"})
    assert done.returncode == 1
    assert "/no/such/plugin.so" in done.stderr and "OTRACE_PLUGIN" in done.stderr
    assert not (here / "b.o").exists()


def test_signals_are_the_compilers(otrace, here):
    """The driver becomes the compiler, so a signal to its process reaches the compiler."""
    process = subprocess.Popen([otrace, "cc", "-x", "c", "-c", "-", "-o", "never.o"], cwd=here, stdin=subprocess.PIPE)
    try:
        path = pathlib.Path(f"/proc/{process.pid}/exe")
        for _ in range(1000):
            if "clang" in os.readlink(path):
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == -signal.SIGTERM
    finally:
        process.stdin.close()
        process.kill()
        process.wait()


def test_configure_and_make(otrace, here):
    """A build system that takes the compiler as two words."""
    (here / "Makefile").write_text("CC = cc\nprog: a.o b.o\n\t$(CC) -o $@ a.o b.o\n"
                                   "%.o: %.c\n\t$(CC) $(CFLAGS) -MD -MF $*.d -c -o $@ $<\n")
    done = run(["make", f"CC={otrace} cc", "CFLAGS=-O2"], here)
    assert (done.returncode, done.stderr) == (0, "")
    assert instrumented(here / "prog")
    assert (here / "a.d").exists()
