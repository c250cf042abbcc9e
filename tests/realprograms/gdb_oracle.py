# SPDX-License-Identifier: BSD-2-Clause
"""The second opinion: what gdb says about the calls of a program.

    count(binary, ["script.lua"], ["luaH_getint"])       -> {"luaH_getint": 4711}
    calls(binary, args, ["work"], returns=True)          -> [{"function": "work", "args": {...}, "value": ...}, ...]

Values have the form that otrace's JSON gives them. Counting stops at the first instruction of a function, where each
call passes once whatever the optimiser did. Arguments are asked for there too at -O1 and above, where the debug
information is right from the first instruction on; for a build at -O0 say after_prologue=True.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from .errors import RealProgramError

SCRIPT = Path(__file__).with_name("gdb_script.py")


def count(binary, args, functions, **options) -> dict:
    """How often each of FUNCTIONS was called in one run. Takes about 25 us a call."""
    return _run({"mode": "count", "functions": list(functions)}, binary, args, **options)["counts"]


def calls(binary, args, functions, *, returns=False, limit=10000, after_prologue=False, **options) -> list:
    """The first LIMIT calls of FUNCTIONS in order of entry, with their arguments.

    With returns=True each has "value", the value returned ("returned": False when it left otherwise).
    """
    request = {"mode": "calls", "functions": list(functions), "returns": returns, "limit": limit,
               "after_prologue": after_prologue}
    return _run(request, binary, args, **options)["calls"]


def _run(request, binary, args, *, cwd=None, stdin=None, timeout=600, environment=None) -> dict:
    """Runs the program under gdb as REQUEST says. A name that several functions share is written NAME@FILE."""
    with tempfile.TemporaryDirectory(prefix="otrace-gdb-") as folder:
        answer = Path(folder) / "answer.json"
        request = {**request, "answer": str(answer), "args": [str(arg) for arg in args],
                   "stdin": str(stdin or "/dev/null"), "stdout": str(Path(folder) / "stdout")}
        # The program must see neither our variables nor gdb's idea of a terminal size.
        command = ["gdb", "-nx", "-nh", "-batch", "-iex", "set debuginfod enabled off", "-x", str(SCRIPT), str(binary)]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, errors="replace", timeout=timeout,
                              check=False, stdin=subprocess.DEVNULL,
                              env={**os.environ, **(environment or {}), "OTRACE_GDB_REQUEST": json.dumps(request)})
        if not answer.exists():
            raise RealProgramError(f"gdb gave no answer for {binary}: {(done.stderr or done.stdout)[-2000:]}")
        found = json.loads(answer.read_text(encoding="utf-8"))
    if found.get("error"):
        raise RealProgramError(f"gdb on {binary}: {found['error']}")
    return found
