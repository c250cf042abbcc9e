# SPDX-License-Identifier: BSD-2-Clause
"""What the cache of builds keeps."""

import os

from realprograms import cache


def build(folder, name, age, *, done=True):
    made = folder / name
    made.mkdir()
    if done:
        (made / ".done").touch()
        os.utime(made / ".done", (1_000_000 - age, 1_000_000 - age))
    return made


def test_the_newest_and_what_was_used_lately_are_kept(tmp_path):
    builds = [build(tmp_path, f"b{age}", age) for age in (0, 10, 20, 5000)]
    cache.prune(builds, keep=1, age=1000)
    assert [made.exists() for made in builds] == [True, True, True, False]


def test_what_is_being_built_is_spared_and_makes_nobody_old(tmp_path):
    builds = [build(tmp_path, f"b{age}", age) for age in (0, 10, 20)]
    unfinished = build(tmp_path, "unfinished", 0, done=False)
    lock = tmp_path / "b0.lock"
    lock.touch()
    cache.prune([*builds, unfinished, lock], keep=1, age=1000)
    assert all(path.exists() for path in (*builds, unfinished, lock))
