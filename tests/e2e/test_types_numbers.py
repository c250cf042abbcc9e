# SPDX-License-Identifier: BSD-2-Clause
"""Every arithmetic type, as `pr`, `ls -l`, JSON and trace lines show it, against what the program says of itself."""
import json
import re
import subprocess

import pytest

FLAGS = ("-std=gnu23", "-w")


class Seen:
    """What a program says of its values, and what otrace shows of the same run."""

    def __init__(self, tool, program):
        self.truth = dict(line.split("\t") for line in subprocess.run(
            [program], capture_output=True, text=True, check=True).stdout.splitlines())
        assert len(self.truth) > 50
        shown = [text for name in self.truth for text in (f"pr g_{name}", f"pr s_{name}.m", f"ls -l /osh/globals/g_{name}")]
        done = tool.run(["trace f_*", "run", *shown], program)
        self.trace = done.err
        events = tool.json(["trace f_*", "run", *shown], program)
        self.results = {event["command"]: event for event in events.of("result")}
        self.calls = {event["function"]: event["args"]["x"] for event in events.of("call")}
        self.returns = {event["function"]: event["value"] for event in events.of("return")}

    def traced(self, name, pattern):
        found = re.findall(rf"^f_{name}:\S+ {pattern}", self.trace, re.MULTILINE)
        return found[0] if len(found) == 1 else found

    def wrong(self, look):
        return "\n".join(f"{name}: {look(name)} here, {value} in the program"
                         for name, value in self.truth.items() if look(name) != value)


@pytest.fixture(scope="module", params=["-O0", "-O2"])
def numbers(request, compiled):
    return compiled("types_numbers.c", *FLAGS, request.param)


@pytest.fixture
def seen(tool, numbers):
    return Seen(tool, numbers)


def as_json(text):
    """What JSON has for a text, by the kind of text that it is."""
    if " + " in text:
        re_part, im_part = text[:-1].split(" + ")
        return {"re": as_json(re_part), "im": as_json(im_part)}
    if text in ("true", "false"):
        return text == "true"
    return float(text) if re.search(r"[.e]", text) else int(text.split(" ")[0])


def test_arithmetic_types_have_the_values_that_the_program_says(seen):
    shown = [lambda name: seen.results[f"pr g_{name}"]["text"],
             lambda name: seen.results[f"pr s_{name}.m"]["text"],
             lambda name: seen.traced(name, r"before=1, x=(.*), behind=2$"),
             lambda name: seen.traced(name, r"return (.*?)  \(.*\)$")]
    for look in shown:
        assert not seen.wrong(look)
    for name, value in seen.truth.items():
        assert f"= {value}"[:40] in seen.results[f"ls -l /osh/globals/g_{name}"]["text"]


def test_arithmetic_types_are_exact_in_json(seen):
    for name, value in seen.truth.items():
        expected = as_json(value)
        assert seen.results[f"pr g_{name}"]["value"] == expected, name
        assert seen.results[f"pr s_{name}.m"]["value"] == expected, name
        assert seen.calls[f"f_{name}"] == expected, name
        assert seen.returns[f"f_{name}"] == expected, name


def test_numbers_of_more_than_4096_bits_are_hex(tool, tmp_path, build):
    source = tmp_path / "large.c"
    source.write_text("""
        _BitInt(4096) decimal = -1; unsigned _BitInt(8000) hex; _BitInt(8000) negative = -255;
        int main(void) { hex = (unsigned _BitInt(8000))5 << 4100; return 0; }""")
    subprocess.run(["clang-19", "-std=gnu23", "-g", f"-fpass-plugin={build}/lib/otrace.so", source, "-o", tmp_path / "large"],
                   check=True)
    done = tool.json(["run", "pr decimal", "pr hex", "pr negative"], tmp_path / "large")
    text = [event["text"].strip() for event in done.of("result") if event["command"].startswith("pr")]
    value = [event["value"] for event in done.of("result") if event["command"].startswith("pr")]
    assert text == ["-1", hex(5 << 4100), "-0xff"]
    assert value == [-1, hex(5 << 4100), "-0xff"]


def test_the_sign_of_complex_integers_is_not_guessed(tool, tmp_path, build):
    """Debug information does not say whether the parts are signed."""
    source = tmp_path / "complex.c"
    source.write_text("_Complex int a = 3 + 2i; _Complex int b; int main(void) { b = a; __real__ b = -1; return 0; }")
    subprocess.run(["clang-19", "-std=gnu23", "-g", f"-fpass-plugin={build}/lib/otrace.so", source, "-o", tmp_path / "complex"],
                   check=True)
    done = tool.json(["run", "pr a", "pr b"], tmp_path / "complex")
    assert [done.result(f"pr {name}")["text"] for name in "ab"] == ["3 + 2i", "0xffffffff + 2i"]
    assert done.result("pr b")["value"] == {"re": "0xffffffff", "im": 2}


def test_complex_numbers_of_32_bytes_are_told_apart_or_not_shown(tool, tmp_path, build):
    """clang calls long double and __float128 the same when they are complex."""
    texts = {"_Complex long double": "0.5 + 2i", "_Complex __float128": "0.5 + 2i", "both": "<complex: of long double or of"}
    for number, (kind, expected) in enumerate(texts.items()):
        kind = "_Complex long double" if kind == "both" else kind
        more = "__float128 other = 1;" if number == 2 else ""
        source = tmp_path / f"c{number}.c"
        source.write_text(f"{kind} z = {{0.5, 2}}; {more} int main(void) {{ return __real__ z > 1; }}")
        subprocess.run(["clang-19", "-std=gnu17", "-w", "-g", f"-fpass-plugin={build}/lib/otrace.so", source, "-o",
                        tmp_path / f"c{number}"], check=True)
        assert tool("open", "-e", "pr z", tmp_path / f"c{number}").out.startswith(expected), kind


def test_digits_of_float128_read_back(tool, tmp_path, build):
    source = tmp_path / "quad.c"
    source.write_text("__float128 third = 1.0q / 3, tenth = 0.1q, quarter = 0.25q, huge = 1e4000q; int main(void) { return 0; }")
    subprocess.run(["clang-19", "-g", f"-fpass-plugin={build}/lib/otrace.so", source, "-o", tmp_path / "quad"], check=True)
    out = tool("open", "-e", "pr third", "-e", "pr tenth", "-e", "pr quarter", "-e", "pr huge", tmp_path / "quad").out
    third, *others = out.splitlines()
    assert others == ["0.1", "0.25", "1e+4000"]
    assert json.loads(third) == pytest.approx(1 / 3)
    source.write_text(f"_Static_assert({third}q == 1.0q / 3, \"other digits\");")
    subprocess.run(["clang-19", "-fsyntax-only", source], check=True)
