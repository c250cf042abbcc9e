# SPDX-License-Identifier: BSD-2-Clause
"""A static function of a header has a copy in each file that includes it: to whoever names it, it is one function."""
import subprocess

import pytest

FILES = {
    "half.h": "static __attribute__((noinline, used)) int half(int n) { return n / 2; }\n"
              "static inline __attribute__((always_inline)) int nowhere(int n) { return n + 1; }\n",
    "other.h": "static __attribute__((noinline, used)) int rival(int n) { return n + 10; }\n",
    "a.c": '#include "half.h"\n#include "other.h"\nint in_a(int n) { return half(n) + nowhere(n); }\n',
    "b.c": '#include "half.h"\nstatic __attribute__((noinline, used)) int rival(int n) { return n + 20; }\n'
           "int in_b(int n) { return half(n) + nowhere(n); }\n",
    "main.c": "#include <stdio.h>\nint in_a(int), in_b(int);\n__attribute__((used)) int third(int n) { return n / 3; }\n"
              'int main(void) { printf("%d %d\\n", in_a(30), in_b(60)); return 0; }\n',
}


@pytest.fixture(scope="module")
def program(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("copies")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="ascii")
    subprocess.run(["clang-19", "-g", "-O0", f"-fpass-plugin={build}/lib/otrace.so", "a.c", "b.c", "main.c", "-o", "copies"],
                   check=True, cwd=folder)
    return folder / "copies"


def test_any_copy_is_called(tool, program):
    done = tool.run(["pr half(20)", "call half 8", "cd /osh/files/b.c", "pr half(6)", "pr half@a.c(4)", "pr half"], program)
    assert done.out.splitlines()[:4] == ["10", "4", "3", "2"], done.err
    assert "half.h:1" in done.out and "(one of 2 copies" in done.out


def test_functions_of_one_name_that_differ_are_asked_for(tool, program):
    done = tool.run(["pr rival(1)", "call rival 1", "patch rival with third", "pr rival@a.c(1)", "pr rival@b.c(1)",
                     "cd /osh/files/b.c", "pr rival(2)"], program)
    assert done.out.splitlines()[:3] == ["11", "21", "22"], done.err
    assert done.err.count("choose rival@a.c or rival@b.c") + done.err.count("choose rival@b.c or rival@a.c") == 3


def test_a_copy_that_is_left_nowhere_says_where_it_went(tool, program):
    done = tool.run(["pr nowhere(1)", "call nowhere 1"], program)
    assert done.err.count("nowhere was inlined into in_") == 2


def test_all_copies_are_patched_and_given_back(tool, program):
    done = tool.run(["patch half with third", "patch", "ls /osh/patches", "run"], program)
    assert "Patched half with third (2 copies)\nhalf with third\nhalf\n" in done.out and "41 81\n" in done.out, done
    done = tool.run(["patch half with third", "unpatch half", "patch", "run"], program)
    assert "Unpatched half (2 copies)\nnothing is patched\n" in done.out and "46 91\n" in done.out, done
    done = tool.run(["patch half@b.c with third", "unpatch *", "patch half@b.c with third", "run"], program)
    assert "Unpatched half\n" in done.out and "46 81\n" in done.out, done


def build_two(build, folder, first, second):
    """A program of two units with a function of one header, which has first or second in front of its body."""
    plugin = f"-fpass-plugin={build}/lib/otrace.so"
    (folder / "main.c").write_text("int in_ma(int), in_mb(int);\n"
                                   "int main(void) { return in_ma(1) + in_mb(1) < 0; }\n", encoding="ascii")
    for unit, text, options in (("ma", *first), ("mb", *second)):
        (folder / "price.h").write_text(text, encoding="ascii")
        (folder / f"{unit}.c").write_text(f'#include "price.h"\nint (*fp_{unit})(int) = price;\n'
                                          f"int in_{unit}(int n) {{ return price(n); }}\n", encoding="ascii")
        subprocess.run(["clang-19", "-g", "-O0", plugin, *options, "-c", f"{unit}.c"], check=True, cwd=folder)
    subprocess.run(["clang-19", "-g", "-O0", plugin, "main.c", "ma.o", "mb.o", "-o", "two"], check=True, cwd=folder)
    return folder / "two"


PRICE = "static __attribute__((noinline, used)) int price(int n) { return n * RATE; }\n"


def test_two_versions_of_a_header_are_two_functions(tool, build, tmp_path):
    program = build_two(build, tmp_path, (PRICE.replace("RATE", "2"), []), (PRICE.replace("RATE", "3"), []))
    done = tool.run(["pr price(10)", "call price 10", "patch price with in_ma", "pr price@ma.c(10)", "pr price@mb.c(10)",
                     "pr fp_ma"], program)
    assert done.out.splitlines()[:3] == ["20", "30", "<price@ma.c>"], done
    assert done.err.count("choose price@ma.c or price@mb.c") + done.err.count("choose price@mb.c or price@ma.c") == 3


def test_copies_whose_macros_may_differ_are_told(tool, build, tmp_path):
    program = build_two(build, tmp_path, (PRICE, ["-DRATE=2"]), (PRICE, ["-DRATE=3"]))
    done = tool.run(["pr price(10)", "call price 10", "pr fp_mb == price", "pr price@mb.c(10)", "call price@mb.c 10",
                     "pr fp_ma", "pr fp_mb", "pr/a fp_mb", "pr fp_mb == price@mb.c"], program)
    lines = done.out.splitlines()
    assert lines[:7] == ["20", "20", "0", "30", "30", "<price@ma.c>", "<price@mb.c>"] and lines[8] == "1", done
    assert "<price@mb.c>" in lines[7]
    assert done.err.count("price@ma.c is meant, one of 2 copies; NAME@file.c chooses") == 3, done.err
    done = tool.json(["fp_mb"], program)
    assert done.result("fp_mb")["value"]["function"] == "price@mb.c"
