# SPDX-License-Identifier: BSD-2-Clause
"""exc_stack and exc_context of a crash: frames, source and variables are those that gdb shows; also of a file."""
import json
import re
import shutil
import subprocess

import pytest

from waiting import TIMEOUT, wait_until

SHOWN = ["set post_mortem on", "run", "cd ~~exceptions"]
# what gdb has of each frame, as JSON has it: pointers only as NULL or not, texts up to their NUL
GDB = r"""
import gdb, json

def plain(value):
    type = value.type.strip_typedefs()
    if value.is_optimized_out:
        return "<optimized out>"
    if type.code == gdb.TYPE_CODE_STRUCT:
        return {field.name: plain(value[field.name]) for field in type.fields()}
    if type.code == gdb.TYPE_CODE_ARRAY:
        items = [value[i] for i in range(type.range()[1] + 1)]
        if type.target().strip_typedefs().name == "char":
            return bytes(int(i) & 255 for i in items).split(b"\0")[0].decode("latin-1")
        return [plain(i) for i in items]
    if type.code == gdb.TYPE_CODE_PTR:
        if type.target().strip_typedefs().unqualified().name == "char":
            return value.string()
        return "pointer" if int(value) else None
    return float(value) if type.code == gdb.TYPE_CODE_FLT else int(value)

def variables(frame):
    found, block = {}, frame.block()
    while block:
        for symbol in block:
            if symbol.is_variable or symbol.is_argument:
                try:
                    found.setdefault(symbol.name, plain(symbol.value(frame)))
                except gdb.error as error:
                    found.setdefault(symbol.name, "<error>")
        if block.function:
            break
        block = block.superblock
    return found

frame, frames = gdb.newest_frame(), []
while frame:
    frames.append((frame.name(), frame.find_sal().line, variables(frame)))
    frame = frame.older() if frame.name() != "main" else None
print("FRAMES " + json.dumps(frames))
"""


def plain(value):
    """A value of ours in the same way."""
    if isinstance(value, dict):
        return "pointer" if "pointer" in value else {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


def frames_of_gdb(tool, program):
    script = tool.folder / "frames.py"
    script.write_text(GDB)
    done = subprocess.run(["gdb", "-nx", "-batch", "-ex", "set print entry-values no", "-ex", "run", "-x", script, program],
                          cwd=tool.folder, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    line, = re.findall(r"^FRAMES (.*)$", done.stdout, re.MULTILINE)
    return json.loads(line)


def variables(frame):
    return {v["name"]: plain(v["value"]) if "value" in v else f"<{v['error']}>" for v in frame["variables"]}


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2"])
def test_frames_and_variables_are_those_of_gdb(tool, compiled, level):
    program = compiled("crashed.c", level)
    done = tool.json([*SHOWN, "pr exc_context"], program)
    report = done.result("pr exc_context")["value"]
    theirs = frames_of_gdb(tool, program)
    ours = report["frames"][:len(theirs)]
    assert [(f["function"], f["line"]) for f in ours] == [(name, line) for name, line, _ in theirs]
    assert [name for name, _, _ in theirs] == ["follow", "walk", "serve", "give_up", "main"]
    shown = 0
    for frame, (name, _, wanted) in zip(ours, theirs):
        got = variables(frame)
        if name == "give_up" and level != "-O0":
            # inlined, and its argument is gone: gdb shows whatever its register has
            assert got["round"] in ("<optimized out>", 4)
            continue
        assert got.keys() == wanted.keys(), name
        for variable, value in got.items():
            if value == "<optimized out>":
                # gdb finds some of these in what the caller knew
                assert level != "-O0" and wanted[variable] in ("<optimized out>", "round 4", 28, 4), (name, variable)
            elif wanted[variable] != "<error>":
                assert value == wanted[variable], (name, variable)
                shown += 1
    assert shown >= (22 if level == "-O0" else 10)


def test_the_report_has_source_and_variables(tool, compiled):
    program = compiled("crashed.c", "-O0")
    done = tool.run([*SHOWN, '"<<<"', "exc_stack", '"<<<"', "view exc_context", '"<<<"', "pr __trc/exc_stack", '"<<<"',
                     "ls -l exc_context", '"<<<"'], program)
    stack, context, again, listed = [text.strip() for text in done.out.split('"<<<"\n')[1:-1]]
    frames = [re.sub(r":\d+$", "", line) for line in stack.splitlines()[1:6]]
    assert frames == [f"#{i} {name} at crashed.c" for i, name in enumerate(["follow", "walk", "serve", "give_up", "main"])]
    assert re.match(r"follow:ex-SIGSEGV:\S+\n", stack) and again == stack
    mine = context.split("\n\n")[1]
    lines = mine.splitlines()
    number = int(lines[0].rsplit(":", 1)[1])
    source = [line for line in lines if re.match(r"  [ >] +\d+  ", line)]
    assert len(source) == 11 and [int(line[3:].split()[0]) for line in source] == list(range(number - 5, number + 6))
    marked, = [line for line in source if line[2] == ">"]
    assert marked.endswith("return seen + *where;")
    assert {"    depth = 7", "    seen = 29", "    where = NULL"} <= set(lines)
    assert '    item = {id = 4, price = 5, name = "first", next = ' in context
    assert "(no source: where it was compiled from was not recorded)" in context  # the C library
    assert listed.startswith("exc_context") and "#0" not in listed


def test_a_file_has_the_report_when_the_program_is_gone(tool, compiled):
    mine = tool.folder / "prog"
    shutil.copy(compiled("crashed.c", "-O2"), mine)
    done = tool.json(["set pickle_file crash.db", *SHOWN, "pr exc_context"], mine)
    before = done.result("pr exc_context")["value"]
    options = ["-e", "cd ~~exceptions", "-e", "pr exc_context", "-e", "pr exc_stack"]
    json_file = tool.folder / "opened.json"

    def opened():
        done = tool("open", f"--json={json_file}", *options, tool.folder / "crash.db", json_file=json_file)
        return done.result("pr exc_context")["value"], done.result("pr exc_stack")

    assert opened()[0] == before
    assert [variables(f) for f in before["frames"][:5]] == [variables(f) for f in opened()[0]["frames"][:5]]
    mine.unlink()
    report, stack = opened()
    # without the program's file there are neither callers nor variables, and that is said
    assert report["id"] == before["id"] and [f["function"] for f in report["frames"]] == ["follow"]
    assert not report["frames"][0]["variables"] and report["frames"][0]["variables_error"]
    assert report["note"].endswith("prog is gone, or another file by now") and report["note"] in stack["text"]


@pytest.mark.parametrize("settings", [["set break_timeout 0.2", "set post_mortem on"],
                                      ["set post_mortem on", "set break_timeout 0.2"]])
def test_a_program_that_recovers_is_caught_again(tool, compiled, settings):
    program = compiled("crashed.c", "-O0")
    env = dict(tool.env, LD_PRELOAD=str(tool.runtime), OTRACE="listen")
    process = subprocess.Popen([program, "3", "own"], cwd=tool.folder, env=env, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    wait_until((tool.folder / "run/otrace" / str(process.pid)).exists, "no socket")
    # each waits for a moment and goes on by itself; the program's end ends the rest
    words = [*settings, *["wait 60"] * 7]
    script = subprocess.Popen(["timeout", str(TIMEOUT), tool.path, "attach", "--json", *(w for c in words for w in ("-e", c)),
                               str(process.pid)], cwd=tool.folder, env=tool.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True)
    events = []
    for line in script.stdout:
        events.append(json.loads(line))
        if events[-1].get("command") == words[1]:
            process.stdin.write("\n")
            process.stdin.flush()
    script.stdout.close()
    assert script.wait() == 0
    assert process.stdout.read() == "recovered 3 times\n" and process.wait(TIMEOUT) == 0
    process.stdin.close()
    process.stdout.close()
    crashes = [e for e in events if e["event"] == "crash"]
    assert [e["function"] for e in crashes] == ["follow"] * 3 and len({e["id"] for e in crashes}) == 3
    assert {e["reason"] for e in events if e["event"] == "resume"} == {"deadline"}
