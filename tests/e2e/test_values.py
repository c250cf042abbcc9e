# SPDX-License-Identifier: BSD-2-Clause
"""Values as `pr` shows them, against gdb's: the same file, looked at by both."""
import json
import math
import pathlib
import re
import struct
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent / "programs/values.c"

NAMES = """first second *head head->next->name head->next->at.y table yes no letter newline high nul small_negative byte bytes[2]
negative_short big_short counter lowest highest low_long high_long tenth wide widest pi_float third_float whole_float
tiny_float pi third tenth_double huge long_third long_tenth half_tenth half_huge complex_float complex_double vector numbers zeros mixed
matrix points message nothing anything function functions color strange_color negative_color both none
file_static changing main::calls &first.at &table[1] first.b first.c*2 sizeof(client) sizeof(first.wide+1)
points[1] *points matrix[1][2] -7/2 -7%3 7u-8 1.0f/3 counter&7 counter>>1 (char)counter (short)70000 !head
head!=&first table[2]-table[0] second.u.f""".split()


@pytest.fixture(scope="module", params=["-O0", "-O2"])
def program(request, build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    # without relocations gdb sees in the file what a process would have
    subprocess.run(["clang-19", "-g", request.param, "-no-pie", f"-fpass-plugin={build}/lib/otrace.so",
                    str(SOURCE), "-o", "values"], cwd=folder, check=True)
    return folder / "values"


def ours(otrace, program, expressions, *options):
    words = [word for text in expressions for word in ("-e", text)]
    done = subprocess.run([otrace, "open", *options, *words, str(program)], capture_output=True, text=True, check=False)
    return done.stdout


def results(otrace, program, expressions):
    lines = ours(otrace, program, [f"pr {text}" for text in expressions], "--json").splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == "result"]


def gdb(program, expressions):
    words = [word for text in expressions for word in ("-ex", f"print {text}")]
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-ex", "set width 0", "-ex", "set print null-stop on", *words, str(program)],
                          capture_output=True, text=True, check=True)
    return [line.split(" = ", 1)[1] for line in done.stdout.splitlines() if re.match(r"\$\d+ = ", line)]


def common(text):
    """What both write in their own way, in one way."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\([^()]*\(\*\)\([^()]*\)\) 0x[0-9a-f]+ (<\w+>)", r"\1", text)   # (int (*)(int)) 0x1139 <twice>
    text = re.sub(r"(?<!\) )0x[0-9a-f]+ (<twice>)", r"\1", text)
    text = re.sub(r"\((?:const )?(?:struct )?\w+ \*+\) ?", "", text)                # (client *) 0x7090
    text = re.sub(r"(0x[0-9a-f]+) <[^>]*>", r"\1", text)                            # 0x7090 <first>
    text = re.sub(r'0x[0-9a-f]+ (")', r"\1", text)                                  # 0x2004 "hello"
    text = re.sub(r"\b0x0\b|\(int \(\*\)\(int\)\) 0x0", "NULL", text)
    text = re.sub(r"\(([A-Z_]+(?: \| [A-Z_]+| \| (?:unknown: )?0x[0-9a-f]+)*)\)", r"\1", text)
    text = text.replace(" | unknown: ", "|").replace(" | ", "|")
    return re.sub(r"\{ ?| ?\}", lambda match: match[0].strip(), text).strip()


def same_number(left, right):
    if left == right:
        return True
    if math.isclose(left, right, rel_tol=1e-15):
        return True
    try:
        return struct.pack("f", left) == struct.pack("f", right)
    except OverflowError:
        return False


def same(left, right):
    if left == right:
        return True
    number = r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?"
    if re.sub(number, "#", left) != re.sub(number, "#", right):
        return False
    pairs = zip(re.findall(number, left), re.findall(number, right))
    return all(same_number(float(a), float(b)) for a, b in pairs)


def test_values_are_those_of_gdb(otrace, program):
    theirs = gdb(program, NAMES)
    mine = results(otrace, program, NAMES)
    assert len(theirs) == len(NAMES) == len(mine)
    wrong = []
    for name, their, event in zip(NAMES, theirs, mine):
        text = re.sub(r"\n\(.*\)$", "", event["text"] or str(event["error"]))
        if not same(common(text), common(their)):
            wrong.append(f"{name}: {common(text)} here, {common(their)} in gdb")
    assert not wrong, "\n".join(wrong)


def test_char_arrays_end_at_nul_or_at_their_end(otrace, program):
    out = ours(otrace, program, ["pr full", "pr text", "pr first.name"]).splitlines()
    assert out == ['"abcdefgh"', r'''"h\303\251llo\001\377 \"x\" \\ '"''', '"one"']


def test_json_values(otrace, program):
    expect = {
        "counter": 42,
        "yes": True,
        "letter": 97,
        "wide": -(5 << 90),
        "tenth_double": 0.1,
        "complex_float": {"re": 1.5, "im": 2},
        "color": {"enum": "RED", "value": 0},
        "strange_color": {"enum": None, "value": 9},
        "both": {"enum": "FLAG_A|FLAG_C", "value": 5},
        "message": "a message",
        "nothing": None,
        "points": [{"x": 1, "y": 2}, {"x": 3, "y": 4}],
        "vector": [1, 2.5, 3, 4],
        "head->next->note": 'note "2"\n',
        "text": "h\u00e9llo\x01\udcff \"x\" \\ '",
    }
    for event, wanted in zip(results(otrace, program, expect), expect.values()):
        assert event["value"] == wanted, event["command"]


def test_pointers_and_functions_in_json(otrace, program):
    head, function = results(otrace, program, ["head", "function"])
    assert head["value"]["type"] == "client *"
    assert int(head["value"]["pointer"], 16) > 0
    assert function["value"]["function"] == "twice"


def test_view_warns_when_the_source_has_changed(otrace, program, tmp_path, build):
    source = tmp_path / "shop.c"
    source.write_text("int price(int n)\n{\n\treturn n * 3;\n}\n\nint main(void)\n{\n\treturn price(0);\n}\n")
    subprocess.run(["clang-19", "-g", "-O0", f"-fpass-plugin={build}/lib/otrace.so", "shop.c", "-o", "shop"],
                   cwd=tmp_path, check=True)
    out = ours(otrace, tmp_path / "shop", ["view price"])
    assert "warning" not in out
    assert out.splitlines()[1:] == ["    1  int price(int n)", "    2  {", "    3  \treturn n * 3;", "    4  }"]
    source.write_text(source.read_text().replace("* 3", "* 4"))
    assert "not the text that was compiled" in ours(otrace, tmp_path / "shop", ["view price"])


@pytest.mark.parametrize("make, says", [
    (lambda path: path.write_bytes(b"\x7fELF"), "is not a program"),
    (lambda path: path.write_text("#!/bin/sh\n" + "#" * 100), "is not a program"),
    (lambda path: path.write_bytes(pathlib.Path("/bin/true").read_bytes()), "is not instrumented"),
    (lambda path: path.mkdir(), "is not a file"),
    (lambda path: None, "No such file"),
])
def test_what_is_no_instrumented_program_is_said(otrace, tmp_path, make, says):
    make(tmp_path / "x")
    done = subprocess.run([otrace, "open", "-e", "ls", str(tmp_path / "x")], capture_output=True, text=True, check=False)
    assert says in done.stderr


def test_damaged_files_never_crash(otrace, program, tmp_path):
    """Every kind of damage gives an error or odd values, never a crash."""
    whole = program.read_bytes()
    seed = 7
    for round_nr in range(60):
        data = bytearray(whole)
        for _ in range(40):
            seed = (seed * 1103515245 + 12345) % 2**31
            data[seed % len(data)] = (seed >> 8) % 256
        if round_nr % 3 == 0:
            data = data[:seed % len(data)]
        damaged = tmp_path / "damaged"
        damaged.write_bytes(data)
        done = subprocess.run([otrace, "open", "-e", "ls -l", "-e", "ls -l /osh/types", "-e", "*head", str(damaged)],
                              capture_output=True, check=False, timeout=20)
        assert done.returncode >= 0, f"killed by signal {-done.returncode} in round {round_nr}"


def test_names_may_have_letters_of_any_script(otrace, tmp_path, build):
    source = tmp_path / "names.c"
    source.write_text("int größe = 3;\nint main(void) { return größe; }\n", encoding="utf-8")
    subprocess.run(["clang-19", "-g", f"-fpass-plugin={build}/lib/otrace.so", source, "-o", tmp_path / "names"],
                   check=True)
    done = subprocess.run([otrace, "open", "-e", "größe + 1", tmp_path / "names"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("4\n", "")


def test_equal_elements_are_counted_behind_what_is_read_at_once(tool, compiled):
    program = compiled("large.c", "-Wno-gnu-variable-sized-type-not-at-end")
    assert tool("open", "-e", "pr zeros", program).out == "{0 <repeats 1000000 times>}\n"
    assert tool("open", "-e", "pr tail", program).out == "{0 <repeats 199999 times>, 1}\n"


def test_an_unknown_length_is_no_empty_array_in_json(tool, compiled):
    program = compiled("large.c", "-Wno-gnu-variable-sized-type-not-at-end")
    assert "{...}" in tool("open", "-e", "pr room.head", program).out
    value = [json.loads(line) for line in tool("open", "--json", "-e", "pr room.head", program).out.splitlines()][-1]
    assert value["value"] == {"length": 3, "data": {"unknown_length": True}}


def test_view_takes_a_type_as_pr_does(tool, compiled):
    out = tool("open", "-e", "view struct packet", compiled("large.c", "-Wno-gnu-variable-sized-type-not-at-end")).out
    assert "struct packet" in out and "int length;" in out


def test_what_was_typed_does_not_steer_the_terminal(tool, shop):
    err = tool("open", "-e", "pr counter \x1b[2J + )", shop).err
    assert "\x1b" not in err and "\\x1b[2J" in err
    line, mark = err.splitlines()[-2:]
    assert line[mark.index("^")] in "\\)"
