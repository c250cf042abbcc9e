# SPDX-License-Identifier: BSD-2-Clause
"""Random expressions: what the compilers make of them, and what otrace does.

EXPRESSIONS=100000 for more than the usual, EXPRESSIONS_SEED=7 for others.
"""
import fractions
import json
import os
import pathlib
import struct
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from generate import Generator  # pylint: disable=wrong-import-position

NR = int(os.environ.get("EXPRESSIONS", "4000"))
SEED = int(os.environ.get("EXPRESSIONS_SEED", "1"))
PER_PROGRAM = 2000


def compiled(folder, name, compiler, source, *options):
    path = folder / f"{name}.c"
    path.write_text(source)
    done = subprocess.run([compiler, "-w", "-g", "-O0", "-fwrapv", "-std=gnu17", "-no-pie", *options, str(path), "-o", str(folder / name)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    return folder / name


def said(program):
    return subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout.splitlines()


def long_double(data):
    """Exactly; None for NaN and infinities."""
    mantissa, exponent = struct.unpack("<QH", data[:10])
    if exponent & 0x7fff == 0x7fff:
        return None
    power = (exponent & 0x7fff or 1) - 16383 - 63
    value = fractions.Fraction(mantissa) * fractions.Fraction(2) ** power
    return -value if exponent & 0x8000 else value


def same_fraction(text, data):
    if "nan" in text or "inf" in text:
        as_float = {4: "<f", 8: "<d"}.get(len(data))
        if as_float:
            wanted = struct.unpack(as_float, data)[0]
            return ("nan" in text) == (wanted != wanted) and ("nan" in text or float(text) == wanted)
        mantissa = struct.unpack("<QH", data[:10])[0]
        return long_double(data) is None and ("nan" in text) == (mantissa != 1 << 63)
    if len(data) == 4:
        return struct.pack("<f", float(text)) == data
    if len(data) == 8:
        return struct.pack("<d", float(text)) == data
    exact = long_double(data)
    given = fractions.Fraction(text)
    if exact is None:
        return False
    if not exact:
        return not given
    exponent = struct.unpack("<H", data[8:10])[0] & 0x7fff or 1
    return abs(given - exact) * 2 <= fractions.Fraction(2) ** (exponent - 16383 - 63)


def same(event, line):
    """Whether the value is the one that the compiler's program printed."""
    kind, size, digits = line.split()
    data = bytes.fromhex(digits)
    value = event.get("value")
    if isinstance(value, dict):
        value = value.get("value", value.get("pointer"))
    if kind == "f":
        return isinstance(value, str) and same_fraction(value, data) and len(data) == int(size)
    if kind == "b":
        return value is bool(data[0])
    if isinstance(value, bool) or value is None:
        return False
    return value.isdigit() | (value[:1] == "-") and int(value) == int.from_bytes(data, "little", signed=kind == "i")


def evaluated(otrace, mode, program, texts, folder):
    script = folder / "script"
    script.write_text("".join(f"pr {text}\n" for text in texts))
    out = folder / "events.json"
    done = subprocess.run([otrace, mode, f"--json={out}", "-x", str(script), *(["--"] if mode == "run" else []), str(program)],
                          capture_output=True, text=True, check=False, timeout=600)
    events = [json.loads(line, parse_int=str, parse_float=str) for line in out.read_text().splitlines()]
    results = [event for event in events if event["event"] == "result"]
    assert len(results) >= len(texts), done.stderr[-2000:]
    return results


def differences(texts, lines, results):
    found = []
    for text, line, event in zip(texts, lines, results):
        if not same(event, line):
            found.append(f"{text}\n    compiler: {line}\n    otrace: {event.get('error') or event.get('value')}")
    return found


def report(found, total):
    return f"{len(found)} of {total} differ:\n" + "\n".join(sorted(found, key=len)[:12])


@pytest.mark.parametrize("part", range((NR + PER_PROGRAM - 1) // PER_PROGRAM))
def test_expressions_have_the_compilers_values(otrace, build, tmp_path, part, record_property):
    generator = Generator(SEED * 1000 + part)
    made = [generator.expression() for _ in range(min(PER_PROGRAM, NR - part * PER_PROGRAM))]
    texts = [text for text, _ in made]
    source = generator.program(texts)
    program = compiled(tmp_path, "ours", "clang-19", source, f"-fpass-plugin={build}/lib/otrace.so")
    lines = said(program)
    assert len(lines) == len(texts)
    # the generator keeps to what C defines: where the compilers differ it is wrong, not otrace
    common = {text: line for (text, portable), line in zip(made, lines) if portable}
    theirs = said(compiled(tmp_path, "theirs", "gcc", generator.program(list(common))))
    differ = [f"{text}: {common[text]} and {line}" for text, line in zip(common, theirs)
              if common[text] != line and not line.startswith("f ") and "z" not in text]
    assert not differ, differ[:5]
    found = differences(texts, lines, evaluated(otrace, "open", program, texts, tmp_path))
    assert not found, report(found, len(texts))
    sizes = [f"sizeof({text})" for text in texts if "bits." not in text and not text.startswith(("\"", "*\""))][:500]
    wanted = dict(zip(texts, lines))
    results = evaluated(otrace, "open", program, sizes, tmp_path)
    wrong = [text for text, event in zip(sizes, results) if event.get("value") != wanted[text[7:-1]].split()[1]]
    assert not wrong, wrong[:5]
    record_property("figure", f"{len(texts)} random expressions have the compiler's values")


def test_assignments_change_what_the_compilers_would(otrace, build, tmp_path):
    generator = Generator(SEED * 1000 + 999)
    changes = [generator.assignment() for _ in range(600)]
    after = [*generator.changing, *(f"+first.bits.{name}" for name in ("u3", "s5", "u31", "flag", "c4", "sc7", "us9", "e4")),
             "+second.bits.s32", "grid[1][2]", "grid[1][0]", "first.many[1].y", "second.word", "first.word", "first.name[2]"]
    source = generator.program(after, changes)
    program = compiled(tmp_path, "ours", "clang-19", source, f"-fpass-plugin={build}/lib/otrace.so")
    lines = said(program)
    found = differences(changes + after, lines, evaluated(otrace, "run", program, changes + after, tmp_path))
    assert not found, report(found, len(changes + after))
