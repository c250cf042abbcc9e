# SPDX-License-Identifier: BSD-2-Clause
"""The program's own calls, linked against either library."""
import subprocess

import pytest


@pytest.mark.parametrize("kind", ["so", "a", "static", "no-pie"])
def test_replace(compile_subject, build, kind):
    flags = {
        "so": [f"-L{build}/lib", "-Wl,-rpath," + str(build / "lib"), "-l:libotrace.so"],
        "a": [f"{build}/lib/libotrace.a"],
        "static": ["-static", f"{build}/lib/libotrace.a"],
        "no-pie": ["-no-pie", f"{build}/lib/libotrace.a"],
    }[kind]
    program = compile_subject("replace.c", *flags, name=f"replace-{kind}")
    done = subprocess.run([program], capture_output=True, text=True, timeout=120)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
