# SPDX-License-Identifier: BSD-2-Clause
"""Types made of others: gdb's values of the same file where gdb knows them, else what the source says."""
import json
import pathlib
import re
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent / "programs/types_shapes.c"

# What gdb and otrace write alike, but for what common() takes away.
AS_GDB = """shorts ints unsigneds longs floats halves wides three overlaid nested cube five lines no_nul nothing
gap gap_unknown flag_none same minus minus_unknown largest high high_unknown tiny without_name masked combined
counted_unknown first last looked_at alone fixed text inside anything left right undefined segment packed aligned like like_too
chain one_bit rows function functions maker table by_type unprototyped words atomic_pointer""".split()

# What gdb does not know, or writes in a way that is not C's; JSON.
AS_SOURCE = {
    "bytes": (r"{1 '\001', 2 '\002', -5 '\373', 0 '\000', 0 '\000', 0 '\000', 0 '\000', 0 '\000'}", [1, 2, -5, 0, 0, 0, 0, 0]),
    "doubles": ("{0.1, 2}", [0.1, 2]),
    "chars": (r"{1 '\001', 2 '\002', 3 '\003'}", [1, 2, 3]),
    "flags": (r"{5 '\005'}", [5]),  # debug information has bytes here, with eight of them in each
    "fields": ("{a = -4, b = 31, c = true, d = BLUE, all = 18446744073709551615, f = -1, g = -5, h = 100}",
               {"a": -4, "b": 31, "c": True, "d": {"enum": "BLUE", "value": 5}, "all": 2**64 - 1, "f": -1, "g": -5, "h": 100}),
    "straddling": (rf"{{x = 1 '\001', a = 100, b = 8000, c = -3, d = {-2**90}, e = {2**120 + 5}, y = -9 '\367'}}",
                   {"x": 1, "a": 100, "b": 8000, "c": -3, "d": -2**90, "e": 2**120 + 5, "y": -9}),
    "bit_ints": (f"{{m = -7, w = {5 << 270}, last = 1}}", {"m": -7, "w": 5 << 270, "last": 1}),
    "flexible": ("{n = 3, k = 107 'k', data = {1, 2, 3}}", {"n": 3, "k": 107, "data": [1, 2, 3]}),
    "flexible_padded": ("{n = 1, k = 112 'p', data = {9}}", {"n": 1, "k": 112, "data": [9]}),
    "flexible_none": (r"{n = 0, k = 0 '\000', data = {}}", {"n": 0, "k": 0, "data": []}),
    "flexible_structs": ("{n = 2, data = {{a = 1, b = 2}, {a = 3, b = 4}}}",
                         {"n": 2, "data": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}),
    "flexible_text": ('{n = 2, text = "hello"}', {"n": 2, "text": "hello"}),
    "flexible_text.text": ('"hello"', "hello"),
    "flexible.data[2]": ("3", 3),
    "zero_length": ("{n = 5, data = {}}", {"n": 5, "data": []}),
    "empty": ("{}", {}),
    "has_empty": ("{e = {}, a = 3}", {"e": {}, "a": 3}),
    "flag": ("(FA | FC)", {"enum": "FA|FC", "value": 9}),
    "flag_unknown": ("(FA | 0x40)", {"enum": "FA|0x40", "value": 65}),
    "flag_only": ("64", {"enum": None, "value": 64}),
    "combined_two": ("(CA | CC)", {"enum": "CA|CC", "value": 5}),
    "null": ("NULL", None),
    "has_null": ("{p = NULL, after = 6}", {"p": None, "after": 6}),
    "atomic_small": (r'{x = "\001\002\003"}', {"x": "\1\2\3"}),
    "atomic_smalls": (r"""{array = {{x = "\001\002\003"}, {x = "\004\005\006"}}, after = 9 '\t'}""",
                      {"array": [{"x": "\1\2\3"}, {"x": "\4\5\6"}], "after": 9}),
    "sizeof(atomic_small)": ("4", 4),
    "sizeof(atomic_smalls)": ("12", 12),
    "punned": ("{f = 1, i = 1065353216}", {"f": 1, "i": 1065353216}),
    "bit_array": ("{1, -2}", [1, -2]),
    "bit_array[1]": ("-2", -2),
}

CALLS = {
    "f_three": (["three", "flags", "chars"], "three"),
    "f_floats": (["floats"], "floats"),
    "f_wides": (["wides"], "wides"),
    "f_shorts": (["shorts", "ints", "doubles"], "shorts"),
    "f_fields": (["fields"], "fields"),
    "f_straddling": (["straddling"], "straddling"),
    "f_overlaid": (["overlaid"], "overlaid"),
    "f_nested": (["nested"], "nested"),
    "f_flag": (["flag_unknown", "minus", "largest"], "flag_unknown"),
    "f_small": (["atomic_small"], "atomic_small"),
    "f_function": (["function"], "function"),
    "f_punned": (["punned"], "punned"),
}


@pytest.fixture(scope="module", params=["-O0", "-O2"])
def shapes(request, build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    # without relocations gdb sees in the file what a process would have
    subprocess.run(["clang-19", "-std=gnu23", "-g", "-w", request.param, "-no-pie", f"-fpass-plugin={build}/lib/otrace.so",
                    SOURCE, "-o", "shapes"], cwd=folder, check=True)
    return folder / "shapes"


def gdb(program, names):
    script = program.parent / "show.py"
    script.write_text(f"for name in {names!r}:\n    value = gdb.parse_and_eval(name)\n"
                      "    print('@', value.format_string(symbols=False))\n")
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-ex", "set width 0", "-ex", "set print null-stop on", "-x", script,
                           program], capture_output=True, text=True, check=True)
    return [line[2:] for line in done.stdout.splitlines() if line.startswith("@ ")]


def common(text):
    text = re.sub(r"\((?:[^()]|\([^()]*\))*\) (0x)", r"\1", text)  # (struct node *) 0x7090
    text = re.sub(r"0x[0-9a-f]+ (\"|<one>)", r"\1", text)
    text = re.sub(r"\b0x0\b", "NULL", text)
    return re.sub(r"\s+", " ", text).replace("{ ", "{").replace(" }", "}")


def functions_by_name(texts):
    """gdb was asked for addresses alone."""
    return [re.sub(r"<\w+>", "ADDRESS", re.sub(r"0x4[0-9a-f]{5}\b", "ADDRESS", text)) for text in texts]


def test_composed_types_have_the_values_of_gdb(tool, shapes):
    assert len(set(AS_GDB)) == len(AS_GDB)
    words = [word for name in AS_GDB for word in ("-e", f"pr {name}")]
    events = [json.loads(line) for line in tool("open", "--json", *words, shapes).out.splitlines()]
    mine = [event["text"] or str(event["error"]) for event in events if event["event"] == "result"]
    mine, theirs = (functions_by_name(map(common, texts)) for texts in (mine, gdb(shapes, AS_GDB)))
    assert len(mine) == len(theirs) == len(AS_GDB)
    wrong = [f"{name}: {here} here, {there} in gdb" for name, here, there in zip(AS_GDB, mine, theirs) if here != there]
    assert not wrong, "\n".join(wrong)


def test_what_gdb_does_not_know_has_the_values_of_the_source(tool, shapes):
    done = tool.json(["run", *(f"pr {name}" for name in AS_SOURCE)], shapes)
    assert done.out == "4 8\n"
    for name, (text, value) in AS_SOURCE.items():
        result = done.result(f"pr {name}")
        assert common(result["text"] or str(result["error"])).strip() == text, name
        assert result["value"] == value, name


def test_composed_parameters_and_results_are_whole(tool, shapes):
    """What calls say of a variable that is passed is what `pr` says of it."""
    names = sorted({name for arguments, _ in CALLS.values() for name in arguments})
    done = tool.json(["trace f_*", "run", *(f"pr {name}" for name in names)], shapes)
    value = {name: done.result(f"pr {name}")["value"] for name in names}
    for function, (arguments, result) in CALLS.items():
        (call,), (back,) = done.of("call", function), done.of("return", function)
        assert list(call["args"].values()) == [value[name] for name in arguments], function
        assert back["value"] == value[result], function


def test_a_nullptr_t_is_null_wherever_it_goes(tool, shapes):
    """Optimised code need not pass on what can have one value only."""
    done = tool.json(["trace f_null", "run"], shapes)
    for value in (done.of("call", "f_null")[0]["args"]["x"], done.of("return", "f_null")[0]["value"]):
        assert value in (None, {"optimized_out": True})


def test_arrays_as_parameters_are_the_pointers_that_they_are(tool, shapes):
    done = tool.json(["trace f_matrix f_arrays f_either f_float128 f_flexible", "run"], shapes)
    (matrix,) = done.of("call", "f_matrix")
    assert (matrix["args"]["n"], matrix["args"]["m"], matrix["args"]["x"]["type"]) == (2, 3, "int (*)[]")
    assert done.of("return", "f_matrix")[0]["value"] == 6
    (arrays,) = done.of("call", "f_arrays")
    assert [arrays["args"][name]["type"] for name in "xyz"] == ["int *", "int *restrict const", "int (*)[3]"]
    (either,) = done.of("call", "f_either")
    assert either["args"]["x"]["ip"]["pointer"] == either["args"]["x"]["up"]["pointer"]
    assert done.of("call", "f_float128")[0]["args"]["x"] == 0.1
    (flexible,) = done.of("call", "f_flexible")
    assert flexible["args"]["x"] == {"n": 3, "k": 107, "data": {"unknown_length": True}}


def test_composed_types_have_the_sizes_of_gdb(tool, shapes):
    kinds = {"fields": "struct", "straddling": "struct", "overlaid": "union", "flexible": "struct", "flexible_text": "struct",
             "huge": "enum", "tiny": "enum", "masked": "enum", "aligned": "struct", "packed": "struct", "ints3": "", "floats16": "",
             "nested": "struct", "int3": "", "either": ""}
    sizes = gdb(shapes, [f"sizeof({kind} {name})" for name, kind in kinds.items()])
    out = tool("open", "-e", "ls -l /osh/types", shapes).out
    for name, size in zip(kinds, sizes):
        assert re.search(rf"^{name} +{size} ", out, re.MULTILINE), name
