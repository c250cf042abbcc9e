# SPDX-License-Identifier: BSD-2-Clause
"""What the suites' harness calls a failure: it must not lose one."""

import pytest
from realprograms.suites import DID_NOT_END, Result, _run_all, differences, other_counts, redis_failing

END = f"a: {DID_NOT_END}"


@pytest.mark.parametrize("runs, failing", [
    ([{"a: 1"}, set()], set()),                          # depended on timing
    ([{"a: 1", "a: 2"}, {"a: 1"}], {"a: 1"}),
    ([{"a: 1"}, {END}, {END}], {END}),                   # wrong, then dead: not passed
    ([{"a: 1"}, {"a: 2"}, {"a: 3"}], {"a: 1", "a: 2", "a: 3"}),
    ([{"a: 1"}, {"a: 2"}, set()], set()),
    ([set()], set())], ids=["once", "twice", "then dead", "each time another", "then well", "well"])
def test_what_fails_in_both_runs_counts_and_when_they_differ_all_of_it(runs, failing):
    left = iter(runs)
    result = _run_all(["a"], lambda name: (7, set(next(left)), "text"), 1, 2)
    assert result.failing == failing and result.counts == {"a": 7} and not list(left)


def result(counts, *failing):
    return Result(counts, set(failing), {})


@pytest.mark.parametrize("reference, tested, text", [
    (result({"a": 5}, "a: 1"), result({"a": 5}, "a: 1"), ""),
    (result({"a": 5}), result({"a": 5}, "a: 1"), "failing only in what was tested: a: 1"),
    (result({"a": 5}, "a: 1"), result({"a": 5}), "failing only in the reference: a: 1"),
    (result({"a": 5, "b": 5}), result({"a": 5}), "only the reference has: b"),
    (result({"a": 5}), result({"a": 0}), "not one test ran of: a"),
    (result({"a": 5}, END), result({"a": 5}, END), f"of no use as a reference: {END}")])
def test_differences_of_two_builds(reference, tested, text):
    assert differences(reference, tested) == text


@pytest.mark.parametrize("status, output, failing", [
    (0, "[ok]: a (1 ms)\n[1/1 done]: u", set()),
    (1, "[err]: a in tests/unit/u.tcl\n[1/1 done]: u", {"a"}),
    (1, "[ok]: a (1 ms)\n[exception]: Executing test client: ERR b.\nERR b", {"exception: Executing test client: ERR b."}),
    (1, "[ok]: a (1 ms)", {DID_NOT_END}),
    (0, "[ok]: a (1 ms)", {DID_NOT_END}),
    (1, "[1/1 done]: u", {DID_NOT_END}),
    (None, "[exception]: b", {"exception: b", DID_NOT_END}),
    (1, "[err]: a\n[TIMEOUT]: clients state report follows.", {"a", DID_NOT_END})])
def test_what_runtest_says_of_a_unit(status, output, failing):
    assert redis_failing(status, output) == failing


def test_where_not_as_many_tests_ran_is_said():
    assert other_counts(result({"a": 5, "b": 6, "c": 7}), result({"a": 5, "b": 8})) == "b 6 and 8, c 7 and 0"
