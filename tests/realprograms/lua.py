# SPDX-License-Identifier: BSD-2-Clause
"""Runs the corpus of Lua scripts, whose output must not depend on how lua was built or traced."""

import os
import subprocess
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def scripts():
    """Names of the scripts of the corpus."""
    return sorted(path.name for path in CORPUS.glob("*.lua"))


def run(build, script: str, *, wrapper=(), environment=None, timeout=300):
    """(status, standard output, standard error) of one script, as bytes. WRAPPER is put before the program."""
    command = [str(word) for word in [*wrapper, build.binary, script]]
    done = subprocess.run(command, cwd=CORPUS, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          timeout=timeout, env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})})
    return done.returncode, done.stdout, done.stderr


def differences(reference, build, *, wrapper=(), environment=None, stderr=True):
    """Runs the corpus under both builds; returns {script: text} for each script that behaved differently.

    With stderr=False standard error is not compared, for a wrapper that writes there.
    """
    found = {}
    for script in scripts():
        expected = run(reference, script)
        actual = run(build, script, wrapper=wrapper, environment=environment)
        parts = (0, 1, 2) if stderr else (0, 1)
        for part, title in zip(parts, ("exit status", "standard output", "standard error")):
            if expected[part] != actual[part]:
                found[script] = f"{title}: {_first_difference(expected[part], actual[part])}"
                break
    return found


def _first_difference(expected, actual) -> str:
    if isinstance(expected, int):
        return f"{actual} instead of {expected}"
    for number, (one, other) in enumerate(zip(expected.split(b"\n"), actual.split(b"\n")), 1):
        if one != other:
            return f"line {number} is {other[:200]!r} instead of {one[:200]!r}"
    return f"{len(actual)} bytes instead of {len(expected)}"
