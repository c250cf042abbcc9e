# SPDX-License-Identifier: BSD-2-Clause
"""The awkward programs at every level: as ever when dormant, right values when traced, one by one or all."""
import json
import subprocess

import awkward
import pytest


@pytest.fixture(scope="module")
def bench(build, tmp_path_factory):
    return awkward.Bench(build, tmp_path_factory.mktemp("levels"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """What each program says when it is compiled without the pass."""
    folder = tmp_path_factory.mktemp("plain")
    said = {}

    def plain(program):
        if program.name not in said:
            level = program.levels[0]
            said[program.name] = awkward.run([awkward.matrix.build(program, level, "pie", folder)])
        return said[program.name]

    return plain


@pytest.mark.parametrize("program, level, mode", **awkward.cells("quick", modes=["pie"]))
def test_a_program(bench, plain, program, level, mode):
    cell = bench.cell(program, level, mode)
    assert awkward.run([cell.path]) == plain(program)
    cell.quiet()
    cell.exact()
    cell.all()


@pytest.mark.parametrize("program, level, mode", **awkward.cells("quick", levels=["O2"], modes=["pie"]))
def test_with_the_plugin_and_clang_alone(build, tmp_path, program, level, mode):
    cell = awkward.Bench(build, tmp_path, driver=False).cell(program, level, mode)
    cell.dormant()
    cell.all()


VARIABLES = [(program, line) for program in awkward.matrix.programs() for line in program.expects()
             if "variable" in line]


@pytest.mark.parametrize("level", ["O0", "O2"])
@pytest.mark.parametrize("program", sorted({p.name for p, _ in VARIABLES}))
def test_variables_after_the_end(bench, program, level):
    """pr shows them as the program left them."""
    found, = awkward.matrix.programs([program])
    cell = bench.cell(found, level, "pie")
    lines = [line for line in found.expects(level) if "variable" in line]
    names = [line["variable"] if "in" not in line else f"{line['in']}::{line['variable']}" for line in lines]
    seen, events = cell.under(["run", *[f"pr {name}" for name in names]])
    assert cell.is_ok(seen, events), seen
    shown = {e["command"]: e for e in events if e["event"] == "result"}
    wrong = []
    for name, line in zip(names, lines):
        result = shown[f"pr {name}"]
        known = not result["error"] and awkward.expect.matches(line["value"], result["value"])
        if not known and not (line.get("missing_ok") and (result["error"] or
                                                          result["value"] == awkward.expect.OPTIMIZED_OUT)):
            wrong.append((line, result))
    assert wrong == []


@pytest.mark.parametrize("level", ["O1", "O2", "O3"])
def test_texts_are_right_when_log_shows_them_after_the_end(bench, level):
    program, = awkward.matrix.programs(["fresh"])
    cell = bench.cell(program, level, "pie")
    names = awkward.expect.functions(program, level, "pie")
    seen, events = cell.under([*[f"trace -q --wait {name}" for name in names], "run",
                               *[f"log -n 5000 {name}" for name in names]])
    assert cell.last_line_is_ok(seen), seen
    for line in program.expects(level):
        series = line["series"]
        text, = [e["text"] for e in events if e.get("command") == f"log -n 5000 {line['function']}"]
        wanted = [series["format"] % i for i in range(series["from"], series["to"] + 1)]
        assert [t for t in wanted if text.count(f'"{t}"') != 1] == [], text[:500]


HONEST = [p for p in awkward.matrix.programs() if p.name.startswith("honest_")]


def with_a_second_copy(otrace, folder, program, level):
    """The program, linked with itself under other names: NAME_again does what NAME does. Also the names."""
    names = awkward.expect.functions(program, level, "pie")
    source = awkward.PROGRAMS / f"{program.name}.c"
    renamed = [f"-D{name}={name}_again" for name in [*names, "main"]]
    for flags, output in (([], "first.o"), (renamed, "second.o")):
        subprocess.run([otrace, "cc", "-g", f"-{level}", *flags, "-c", source, "-o", folder / output], check=True)
    subprocess.run([otrace, "cc", folder / "first.o", folder / "second.o", "-Wl,--allow-multiple-definition",
                    "-o", folder / "twice"], check=True)
    return folder / "twice", names


@pytest.mark.parametrize("level", ["O0", "O1", "O2", "O3"])
@pytest.mark.parametrize("program", HONEST, ids=lambda program: program.name)
def test_an_honest_function_is_replaced_or_refused_with_the_reason(otrace, tmp_path, program, level):
    """By a copy of itself, so that what the program computes must stay right whichever it is."""
    path, names = with_a_second_copy(otrace, tmp_path, program, level)
    for name in names:
        file = tmp_path / "events.json"
        seen = awkward.run([otrace, "run", f"--json={file}", "-e", f"patch {name} with {name}_again",
                            "-e", f"trace {name}_again", "-e", "run", "--", path])
        assert seen[0] in (0, 1) and seen[1].splitlines()[-1:] == [f"ok {program.name}"], (name, seen)
        events = [json.loads(line) for line in file.open()]
        patched, = [e for e in events if e["event"] == "result" and e["command"].startswith("patch")]
        ran = [e for e in events if e["event"] == "call" and e["function"] == f"{name}_again"]
        if patched["error"]:
            assert len(patched["error"]) > 20 and not ran, (name, patched)
        else:
            assert patched["text"].startswith(f"Patched {name} with {name}_again") and ran, (name, patched)
        if level == "O0":
            assert not patched["error"], (name, patched)


def test_a_stripped_program_is_traced_as_before(build, tmp_path):
    program, = awkward.matrix.programs(["sizes"])
    cell = awkward.Bench(build, tmp_path).cell(program, "O2", "strip")
    listed = subprocess.run(["readelf", "-S", cell.path], capture_output=True, text=True, check=True).stdout
    assert ".debug_info" not in listed and ".symtab" not in listed
    cell.exact()
