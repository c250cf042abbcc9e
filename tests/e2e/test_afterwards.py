# SPDX-License-Identifier: BSD-2-Clause
"""What is listed and what is refused when the program has ended."""
import pytest


def test_what_was_traced_is_listed_with_its_last_counts(tool, shop):
    done = tool.json(["trace -q add", "trace -q -c 'a > 3' price", "trace -q -c 'a > 2' add", "run", "trace"], shop)
    said = done.result("trace")
    assert [(row["name"], row["functions"], row["hits"], row["evaluated"]) for row in said["value"]] == [
        ("add", 1, 3, 3), ("add", 1, 2, 3)]
    assert "until the program ended" in said["text"] and "at least" not in said["text"]


def test_of_a_killed_program_the_counts_are_those_that_were_read(tool, shop):
    done = tool.json(["trace -c 'argc > 0' main", "run", "trace"], shop, "kill", "9")
    assert done.status == 128 + 9
    (row,) = done.result("trace")["value"]
    assert row["name"] == "main" and row["hits"] == row["evaluated"] == len(done.of("call", "main")) == 1
    assert "at least" in done.result("trace")["text"]


def test_nothing_was_traced_or_tagged(tool, shop):
    done = tool.json(["run", "trace", "tag", "top -n 1"], shop)
    assert done.result("trace")["text"] == "nothing was traced"
    assert done.result("tag")["text"] == "nothing was tagged"
    assert "no calls were recorded" in done.result("top -n 1")["text"]


def test_what_was_tagged_is_listed(tool, shop):
    said = tool.json(["tag special apple", "run", "tag"], shop).result("tag")
    assert [row["label"] for row in said["value"]] == ["apple"]
    assert "nothing is followed any more" in said["text"]


@pytest.mark.parametrize("command, part", [
    ("trace add", "trace alone lists"), ("untrace add", "nothing is traced any more"),
    ("untrace *", "nothing is traced any more"), ("tag &shop x", "tag alone lists"),
    ("untag x", "nothing is followed any more")])
def test_what_needs_the_program_says_that_it_has_ended(tool, shop, command, part):
    error = tool.json(["trace -q add", "run", command], shop).result(command)["error"]
    assert "the program has ended" in error and part in error
