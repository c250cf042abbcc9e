# SPDX-License-Identifier: BSD-2-Clause
"""The awkward programs in every mode of compiling and linking, at -O2; the rest of the matrix in make check-long."""
import awkward
import pytest

MODES = [mode for mode in awkward.matrix.MODES if mode != "pie"]
OTHERS = [level for level in awkward.matrix.LEVELS if level != "O2"]


@pytest.fixture(scope="module")
def bench(build, tmp_path_factory):
    return awkward.Bench(build, tmp_path_factory.mktemp("modes"))


@pytest.mark.parametrize("program, level, mode", **awkward.cells("quick", levels=["O2"], modes=MODES))
def test_a_program(bench, program, level, mode):
    cell = bench.cell(program, level, mode)
    cell.dormant()
    cell.all()


@pytest.mark.long
@pytest.mark.parametrize("program, level, mode", **awkward.cells("full", levels=OTHERS, modes=MODES))
def test_the_whole_matrix(bench, program, level, mode):
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
