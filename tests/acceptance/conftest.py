# SPDX-License-Identifier: BSD-2-Clause
"""The otrace command, for each test with sockets and a home of its own."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from accepting import Command  # pylint: disable=wrong-import-position


@pytest.fixture
def command(build):
    made = Command(build)
    yield made
    made.close()
