# SPDX-License-Identifier: BSD-2-Clause
"""`--` ends the options of every command, and what looks like one stands behind it."""
import pytest


@pytest.mark.parametrize("command", [
    "trace -q -- add", "trace -- add", "log -n 5 -- add", "top -n 1 -- add", "ls -l -- /osh/globals", "ls -- /osh",
    "cdls -- /osh", "cd -- /osh", "view -i -- add", "find -name add -- /osh/globals", "grep -- 5 /osh/globals",
    "tag -b 8 -- special", "call -w 5 -- add 1 2", "call -- add 1 2", "patch -- add with multiply", "untrace -- *",
    "pwd --", "help -- ls", "set -- pretty_print", "wait -- 0"])
def test_it_is_taken_by_all(tool, shop, command):
    done = tool.json(["trace -q multiply", command], shop, options=["--unsafe"])
    assert done.result(command)["error"] is None


@pytest.mark.parametrize("command, part", [
    ("trace -- -q", "-q"), ("log -- -t", "-t"), ("top -n 1 -- -n 1", "not two"), ("ls -- -l", "-l"), ("view -- -d", "-d"),
    ("find -- -name", "-name"), ("rm -- -r", "-r"), ("save -- -o", "-o"), ("patch -- --force", "usage")])
def test_behind_it_nothing_is_an_option(tool, shop, command, part):
    error = tool.json([command], shop, options=["--unsafe"]).result(command)["error"]
    assert part in error and "has no option" not in error


def test_arguments_of_a_called_function_are_left_alone(tool, shop):
    done = tool.run(["call greet --", "run"], shop, options=["--unsafe"])
    assert "hello --\n" in done.out


def test_values_that_look_like_options_are_searched_for(tool, shop):
    done = tool.json(["counter = -31", "grep -- -31 /osh/globals"], shop, options=["--unsafe"])
    assert [row["path"] for row in done.result("grep -- -31 /osh/globals")["value"]] == ["/osh/globals/counter"]
