# SPDX-License-Identifier: BSD-2-Clause
"""The awkward programs in every mode of compiling and linking, at -O2; in make check-long at -O0 and -O3 too.

make check has one third of the pairs at -O2, in which every program and every mode comes several times; the others
are in make check-long. As PIE they run at every level: test_awkward_levels.py.
"""
import awkward
import pytest

MODES = [mode for mode in awkward.matrix.MODES if mode != "pie"]
OTHERS = ["O0", "O3"]
NAMES = [program.name for program in awkward.matrix.programs()]
CELLS = awkward.cells("quick", levels=["O2"], modes=MODES)


@pytest.fixture(scope="module")
def bench(build, tmp_path_factory):
    return awkward.Bench(build, tmp_path_factory.mktemp("modes"))


def is_for_check(program, mode):
    """A diagonal of the table of programs and modes."""
    return (NAMES.index(program.name) + MODES.index(mode)) % 3 == 0


def in_two_parts():
    """The cells at -O2, those that are left to make check-long marked."""
    return {"argvalues": [pytest.param(*cell, id=name, marks=[] if is_for_check(cell[0], cell[2]) else pytest.mark.long)
                          for cell, name in zip(CELLS["argvalues"], CELLS["ids"])]}


def test_make_check_has_every_program_and_every_mode():
    chosen = [(program.name, mode) for program, _, mode in CELLS["argvalues"] if is_for_check(program, mode)]
    for name in [p.name for p in awkward.matrix.programs() if "O2" in p.levels]:
        assert sum(name == program for program, _ in chosen) >= 3, name
    for mode in MODES:
        assert sum(mode == m for _, m in chosen) >= 8, mode


@pytest.mark.parametrize("program, level, mode", **in_two_parts())
def test_a_program(bench, program, level, mode):
    cell = bench.cell(program, level, mode)
    cell.dormant()
    cell.all()


@pytest.mark.long
@pytest.mark.parametrize("program, level, mode", **awkward.cells("full", levels=OTHERS, modes=MODES))
def test_a_program_at_other_levels(bench, program, level, mode):
    cell = bench.cell(program, level, mode)
    cell.dormant()
    cell.all()


@pytest.mark.parametrize("program, level, mode", **awkward.cells("quick", levels=["O2"], modes=["pie"]))
def test_with_the_runtime_linked_in(build, tmp_path, program, level, mode):
    """-lotrace, the shared library; the static one is what static programs above are linked with."""
    library = build / "lib"
    cell = awkward.Bench(build, tmp_path, runtime=[f"-L{library}", "-Wl,--no-as-needed", "-lotrace",
                                                   f"-Wl,-rpath,{library}"]).cell(program, level, mode)
    cell.dormant()
    cell.all()
