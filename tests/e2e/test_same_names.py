# SPDX-License-Identifier: BSD-2-Clause
"""Constants and types of one name in several files: the file at hand has its own, elsewhere one is asked for; never a guess."""
import subprocess

import pytest

A = """enum color { RED, GREEN } ca; struct item { int a, b; } ia; struct T { int x; } ta; static struct { int count; } both = {7};
int all(void); int main(void) { both.count++; return all() + ca + ia.a + ta.x + both.count; }
"""
B = """enum color { BLUE = 7, RED = 3 } cb = BLUE; struct item { long a; int d; } ib; typedef long T; T tb;
_BitInt(7) narrow = 3; unsigned _BitInt(200) wide = 5;
static __attribute__((noinline)) int both(void) { static int count = 3, other = 4; return count++ + other++; }
int all(void) { return both() + (int)(cb + ib.d + tb + narrow + (int)wide); }
"""


@pytest.fixture(scope="module")
def of_files(build, tmp_path_factory):
    def compiled(level, **files):
        folder = tmp_path_factory.mktemp("same")
        names = [f"{name}.c" for name in files]
        for name, text in zip(names, files.values()):
            (folder / name).write_text(text, encoding="ascii")
        subprocess.run(["clang-19", "-g", level, f"-fpass-plugin={build}/lib/otrace.so", *names, "-o", "both"], check=True, cwd=folder)
        return folder / "both"
    return compiled


@pytest.fixture(scope="module")
def two_files(of_files):
    return of_files("-O1", a=A, b=B)


def test_a_constant_of_several_files_is_that_of_the_file_or_asked_for(tool, two_files):
    done = tool.run(["cd /osh/files/b.c", "RED + 0", "cb = RED", "cb + 0", "cd /osh/globals", "RED@a.c + 0", "RED@b.c + 0", "RED"],
                    two_files)
    assert [line for line in done.out.splitlines() if line] == ["3", "RED", "3", "0", "3"], done
    assert 'several constants are called "RED"' in done.err and "RED@b.c" in done.err


def test_a_type_of_several_files_is_asked_for(tool, two_files):
    done = tool("open", "-e", "sizeof(struct item)", "-e", "sizeof(struct item@b.c)", "-e", "sizeof(T)", two_files)
    assert done.out.split() == ["16", "8"] and 'several types are called "item"' in done.err, done


def test_what_has_an_unknown_number_of_bits_is_not_stored(tool, two_files):
    done = tool.run(["narrow = 64", "wide = -1", "narrow++", "wide + 1", "narrow", "wide"], two_files)
    assert done.out.split() == ["3", "5"], done
    assert done.err.count("is not recorded: nothing is stored") == 3 and "is wider than 128 bits" in done.err


def test_types_of_one_name_are_told_apart_in_errors(tool, two_files):
    done = tool.run(["ia = ib", "&ia - &ib", "1 ? &ia : &ib", "(struct item@b.c){1} == ia", "ib = (struct item@b.c){1, 2}"], two_files)
    assert "struct item (b.c) does not convert to struct item (a.c)" in done.err
    assert "struct item * (a.c) - struct item * (b.c): only pointers to the same" in done.err
    assert "one branch is struct item * (a.c), the other struct item * (b.c)" in done.err
    assert "struct item (b.c) == struct item (a.c)" in done.err
    assert done.out.split() == ["{a", "=", "1,", "d", "=", "2}"], done


def test_a_field_wins_over_a_static_and_an_error_says_so(tool, two_files):
    """A struct of one file, a function of the other."""
    done = tool.run(["both.count", "both.other", "both::count", "both::other", "both.countr"], two_files)
    assert done.out.split() == ["7", "3", "4"], done
    assert 'has no field "other" (the static of the function both is both::other)' in done.err
    assert done.err.count("the static of the function") == 1


NEAR = """struct point { int x, y; }; typedef struct { short q; } pair; enum mode { FIRST = 1, LAST };
typedef unsigned char item; typedef struct dict { int used; struct dict *next; } dict; typedef int num;
struct point p1 = {1, 2}; pair pr1 = {3}; enum mode m1 = LAST; item it = 200; dict d0 = {11, 0};
struct db { dict *dict; num num; unsigned char item; } db0 = {&d0, 5, 200};
int two(void); int main(void) { return two() + p1.x + pr1.q + m1 + it + db0.num; }
"""
FAR = """struct point { long z; char c; double d; }; typedef struct { long a, b; } pair; enum mode { LAST = 50, OTHER };
struct point p2 = {9, 'q', 2}; pair pr2 = {7, 8}; enum mode m2 = LAST; static int item = 3, dict = 7;
int two(void) { return p2.z + pr2.a + m2 + item++ + dict++; }
"""


@pytest.fixture(scope="module")
def near_and_far(of_files):
    return of_files("-O0", near=NEAR, far=FAR)


def test_types_are_those_of_the_file_at_hand(tool, near_and_far):
    texts = ["sizeof(struct point)", "sizeof(pair)", "sizeof(struct point@near.c)", "(enum mode)1", "sizeof(item)"]
    done = tool("open", "-e", "cd /osh/files/far.c", *(word for text in texts for word in ("-e", f"pr {text}")),
                "-e", "cd /osh/files/near.c", *(word for text in texts for word in ("-e", f"pr {text}")),
                "-e", "cd /osh/globals", "-e", "pr sizeof(struct point)", "-e", "pr sizeof(pair)", "-e", "pr LAST + 0", near_and_far)
    assert done.out.split() == ["24", "16", "8", "1", "4", "8", "2", "8", "FIRST", "1"], done
    assert "choose point@near.c or point@far.c" in done.err or "choose point@far.c or point@near.c" in done.err
    assert "pair@near.c" in done.err and "pair@far.c" in done.err
    assert 'several constants are called "LAST"' in done.err and done.err.splitlines()[-2:] == ["  LAST + 0", "  ^"], done.err


def test_a_name_is_the_type_or_the_variable_that_it_is_here(tool, near_and_far):
    """As the compiler has it in each place: a static of another file hides nothing."""
    done = tool("open", "-e", "cd /osh/files/far.c", "-e", "pr (item)-1", "-e", "pr (dict)*2", "-e", "pr sizeof(dict)",
                "-e", "cd /osh/files/near.c", "-e", "pr (item)-1 + 0", "-e", "pr ((dict *)&d0)->used", "-e", "pr sizeof(dict)",
                "-e", "cd /osh/globals", "-e", "pr sizeof(dict)", "-e", "pr ((dict *)&d0)->used", "-e", "pr (item + 1)",
                "-e", "pr (item@far.c)-1", "-e", "pr (item@near.c)-1 + 0",
                "-e", "cd db0", "-e", "pr (num)-1", "-e", "pr sizeof(dict)", "-e", "pr (item)-1", near_and_far)
    assert done.out.split() == ["2", "14", "4", "255", "11", "16", "16", "11", "4", "2", "255", "4", "8", "199"], done
    assert not done.err, done


def test_a_cast_that_may_be_an_operation_is_refused(tool, near_and_far):
    done = tool("open", "-e", "pr (item)-1", "-e", "pr (item)+1", "-e", "pr (item)*&it", "-e", "pr (item)300", "-e", "pr (item *)&it == &it",
                near_and_far)
    assert done.err.count("a cast or an operation") == 3 and "did you mean item@far.c?" in done.err, done
    assert done.out.split() == ["44", "','", "1"], done


def test_the_variable_that_a_type_was_taken_for_is_named(tool, near_and_far):
    done = tool("open", "-e", "pr (dict)-1", "-e", "pr (dict * 2)", "-e", "pr (dict)", near_and_far)
    assert done.err.count("did you mean dict@far.c?") == 3 and not done.out, done
