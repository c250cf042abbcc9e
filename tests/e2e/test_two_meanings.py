# SPDX-License-Identifier: BSD-2-Clause
"""Variables that are called like commands or aliases: how they are had is said once, and the command runs."""
import subprocess

import pytest

SOURCE = """\
int log = 5, up = 6, status = 7, mine = 8, set;
struct { int run, ls; } s = {1, 2};
int main(void) { return log + up + status + mine + s.run + set; }
"""


@pytest.fixture(scope="module")
def program(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("meanings")
    (folder / "meanings.c").write_text(SOURCE)
    subprocess.run(["clang-19", "-g", "-O0", "-fno-builtin", f"-fpass-plugin={build}/lib/otrace.so", "meanings.c", "-o", "meanings"],
                   cwd=folder, check=True)
    return folder / "meanings"


@pytest.fixture
def look(tool, program):
    return lambda *lines: tool("open", *[word for line in lines for word in ("-e", line)], program)


def test_a_command_says_once_how_the_variable_of_its_name_is_had(look):
    done = look("status", "status", "pr status", "status + 1", "pr log", "set->x")
    assert done.err.count("status is a command; the variable of that name is `pr status`") == 1
    assert "7\n" in done.out and "5\n" in done.out and "log is" not in done.err


def test_an_alias_says_once_what_it_hides(look):
    done = look("alias mine pwd", "mine", "mine", "pr mine", "up", "show main")
    assert done.err.count("mine is an alias; the variable of that name is `pr mine`") == 1
    assert done.err.count("up is an alias; the variable of that name is `pr up`") == 1
    assert done.out.startswith("/osh/globals\n/osh/globals\n8\n") and "show is" not in done.err


def test_fields_of_the_struct_we_are_in_count(look):
    done = look("ls", "cd s", "ls", "ls", "cd /", "run")
    assert done.err.count("ls is a command; the variable of that name is `pr ls`") == 1 and "run is" not in done.err


def test_it_is_documented(look):
    assert "`pr log`" in look("help expressions").out and "pr NAME" in look("help alias").out


def test_aliases_for_contexts_say_that_there_is_none(look):
    done = look("dn", "cdt", "uv", "cde")
    assert done.err.count("only a recorded context has frames to go to, and this is none") == 3
    assert 'no ":" here: only an entry of /osh/db' in done.err and done.out == ""
