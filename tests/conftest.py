# SPDX-License-Identifier: BSD-2-Clause
"""What every pytest test may ask for: where the build is."""
import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What a developer has set for their own runs must not change the results.
for name in [name for name in os.environ if name == "OTRACE" or name.startswith("OTRACE_")]:
    if name not in ("OTRACE_DEPS", "OTRACE_BUILD"):
        del os.environ[name]


@pytest.fixture(scope="session")
def source():
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def build():
    """The build folder: bin/otrace, lib/otrace.so, lib/libotrace.so, lib/libotrace.a."""
    folder = pathlib.Path(os.environ.get("OTRACE_BUILD", ROOT / "build")).resolve()
    if not (folder / "bin/otrace").exists():
        pytest.fail(f"{folder}/bin/otrace does not exist: build first (make), or name a build in OTRACE_BUILD")
    return folder


@pytest.fixture(scope="session")
def otrace(build):
    """The otrace command."""
    return str(build / "bin/otrace")
