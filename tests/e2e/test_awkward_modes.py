# SPDX-License-Identifier: BSD-2-Clause
"""The awkward programs in every mode of compiling and linking, at -O2, and in make check-long at -O0 and -O3.

As PIE they run at every level: test_awkward_levels.py.
"""
import awkward
import pytest

MODES = [mode for mode in awkward.matrix.MODES if mode != "pie"]
OTHERS = ["O0", "O3"]


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
