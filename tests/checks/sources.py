# SPDX-License-Identifier: BSD-2-Clause
"""For the checks: the files of the project."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Written by other projects' rules, or on purpose in another style.
NOT_OURS = ("tests/realprograms/corpus/", "tests/fuzz/corpus/")


def files(*folders, suffixes=None):
    """Files below the folders, as paths relative to the root: those in git and those about to be."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *folders], cwd=ROOT,
                            stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    for name in sorted(set(listed)):
        path = pathlib.PurePosixPath(name)
        if (suffixes is None or path.suffix in suffixes) and not name.startswith(NOT_OURS):
            if (ROOT / path).is_file():
                yield path


def text(path):
    return (ROOT / path).read_text(errors="replace")


def close(problems, advice):
    """End the check: each problem on a line, and what to do about them."""
    for problem in problems:
        print(problem)
    if problems:
        print(advice)
    sys.exit(1 if problems else 0)
