# SPDX-License-Identifier: BSD-2-Clause
"""Where fetched sources and builds are kept, and how two processes share that place.

$OTRACE_CACHE if set, else /var/cache/otrace for root, else $XDG_CACHE_HOME/otrace (~/.cache/otrace).
Never inside the checkout. Everything in it can be deleted at any time that nobody uses it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from .errors import RealProgramError


def directory() -> Path:
    """The cache directory, created when missing."""
    chosen = os.environ.get("OTRACE_CACHE")
    if not chosen:
        if os.geteuid() == 0:
            chosen = "/var/cache/otrace"
        else:
            chosen = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "otrace")
    path = Path(chosen).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def locked(path: Path):
    """Holds an exclusive lock named after PATH; a second process waits here for the first one's work."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{path}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(value) -> str:
    """A short name for VALUE (anything that JSON can hold)."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def fill(path: Path, make) -> Path:
    """Returns the directory PATH, filled by MAKE(path) unless an earlier call has finished doing so.

    MAKE works at the final place, since builds remember their directory. A half-done one is started again.
    """
    done = path / ".done"
    with locked(path):
        if not done.exists():
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
            make(path)
            done.touch()
        os.utime(done)
    return path


def prune(paths, keep: int, age: float) -> None:
    """Deletes all but the KEEP most recently used of PATHS, sparing what was used in the last AGE seconds."""

    def last_use(path):
        with contextlib.suppress(OSError):
            return (path / ".done").stat().st_mtime
        return None  # being built right now, or no build

    used = {path: last_use(path) for path in paths}
    by_age = sorted((path for path, when in used.items() if when is not None), key=used.get, reverse=True)
    for path in by_age[keep:]:
        if used[path] < used[by_age[0]] - age:
            shutil.rmtree(path, ignore_errors=True)


def run(command, *, log=None, **options) -> str:
    """Runs a build command, output to the file LOG or returned; a failure raises with the end of that output."""
    command = [str(word) for word in command]
    # "make check" is no business of the makes that are started here: they would print more, for one.
    environment = options.pop("env", None) or os.environ
    options["env"] = {name: value for name, value in environment.items()
                      if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False, **options)
    except FileNotFoundError as error:
        raise RealProgramError(f"{command[0]}: not found; \"make deps\" installs what the tests need") from error
    if log:
        with open(log, "a", encoding="utf-8") as stream:
            stream.write(f"$ {' '.join(command)}\n{done.stdout}")
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-30:])
        raise RealProgramError(f"exit status {done.returncode} from: {' '.join(command)[:2000]}\n{end}")
    return done.stdout
