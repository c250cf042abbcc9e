# SPDX-License-Identifier: BSD-2-Clause
"""The awkward programs of tests/programs under otrace: dormant and recorded, they run as they do alone."""
import os
import pathlib
import subprocess
import sys

import pytest

PROGRAMS = pathlib.Path(__file__).resolve().parent.parent / "programs"
sys.path.insert(0, str(PROGRAMS))

import build as programs_build  # noqa: E402

TIMEOUT = 170
LEVELS = ("O0", "O1", "O2", "O3")

CELLS = list(programs_build.matrix("quick", [], list(LEVELS), ["pie"]))


def cell_id(cell):
    program, level, mode = cell
    return f"{program.name}-{level}-{mode}"


@pytest.fixture(scope="module")
def tools(otrace):
    return programs_build.Tools(compiler=[str(otrace), "cc"], cxx=[str(otrace), "c++"])


@pytest.fixture
def compiled_cell(request, tools, tmp_path):
    program, level, mode = request.param
    return program, level, mode, programs_build.build(program, level, mode, tmp_path, tools)


def run(*command):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=TIMEOUT, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("compiled_cell", CELLS, ids=cell_id, indirect=True)
def test_dormant_it_runs_as_ever(compiled_cell):
    program, _, _, path = compiled_cell
    status, out, err = run(path)
    assert (status, out.splitlines()[-1:]) == (0, [f"ok {program.name}"]), err


@pytest.mark.parametrize("compiled_cell", CELLS, ids=cell_id, indirect=True)
def test_with_every_function_recorded_it_runs_as_ever(otrace, compiled_cell):
    path = compiled_cell[3]
    plain = run(path)
    assert run(otrace, "run", "--json=" + os.devnull, "-e", "trace -q *", "--", path) == plain
