# SPDX-License-Identifier: BSD-2-Clause
"""Programs for the tests of the runtime: compiled once, with the pass of this build."""
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
CLANG = "clang-19"


@pytest.fixture(scope="session")
def compile_subject(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runtime")

    def compile_(source, *flags, name=None):
        out = folder / (name or pathlib.Path(source).stem)
        subprocess.run([CLANG, "-g", "-O2", f"-fpass-plugin={build}/lib/otrace.so", str(HERE / source),
                        f"-I{HERE.parents[2]}/runtime/include", "-o", str(out), *flags, "-lpthread"], check=True)
        return str(out)

    return compile_


@pytest.fixture(scope="session")
def runtime(build):
    return str(build / "lib/libotrace.so")


@pytest.fixture(scope="session")
def subject(compile_subject):
    return compile_subject("subject.c")


@pytest.fixture(scope="session")
def stress(compile_subject):
    return compile_subject("stress.c")


@pytest.fixture(scope="session")
def plugin(compile_subject):
    return compile_subject("plugin.c", "-shared", "-fPIC", name="plugin.so")
