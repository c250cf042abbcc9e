# SPDX-License-Identifier: BSD-2-Clause
"""Real programs to test and measure otrace on: Lua, SQLite and Redis from Debian's source packages.

    from realprograms import get
    lua = get("lua", "otrace")          # builds it, or finds it in the cache
    subprocess.run([lua.binary, "script.lua"])

See README.md beside this file for the variants, the cache and the helpers.
"""

from .build import PROGRAMS, VARIANTS, Build, get
from .errors import RealProgramError

__all__ = ["PROGRAMS", "VARIANTS", "Build", "RealProgramError", "get"]
