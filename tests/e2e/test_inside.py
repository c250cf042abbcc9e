# SPDX-License-Identifier: BSD-2-Clause
"""otrace_execute(): the shell inside the program, as its own tests use it."""
import re
import subprocess

import pytest


@pytest.fixture(scope="session")
def inside(compiled, source, build):
    return compiled("inside.c", f"-I{source}/runtime/include", f"-I{source}/shell/include", f"-L{build}/lib", "-loshell",
                    "-lotrace", f"-Wl,-rpath,{build}/lib")


def test_a_unit_test_replaces_a_static_function_and_calls_another(tool, inside):
    done = subprocess.run([inside], env=tool.env, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert done.stdout.endswith("done\n") and "child 0\n" in done.stdout
    assert "child with files 0\n" in done.stdout  # %#x of 0
    assert "child of a running line 0\n" in done.stdout
    assert "numbers taken 0 0\n" in done.stdout
    assert re.search(r"^call no_such; call nothing_here; pr 1 \+ 1 -> 2\n2\notrace: no function \"no_such\"", done.stdout,
                     re.MULTILINE)


def test_it_is_refused_while_another_shell_is_attached(tool, inside):
    done = tool("run", "-e", "run", inside)
    assert "pr account.owner -> 1\notrace: process " in done.out and "attached by process" in done.out


def test_the_library_exports_its_functions_and_has_no_readline(build):
    library = build / "lib/liboshell.so"
    names = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    assert [line.split()[2] for line in names.splitlines()] == ["otrace_execute", "otrace_execute_end", "otrace_set_echo"]
    needed = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
    assert "libotrace.so" in needed and "readline" not in needed
