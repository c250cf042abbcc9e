# SPDX-License-Identifier: BSD-2-Clause
"""A condition that cannot be decided does not hold, and the list of traces says how often that was."""
import pytest


@pytest.fixture(scope="module")
def wild(compiled):
    return compiled("wild.c")


# ten calls; of those with an even n (0, 2, 4, 6, 8) p leads nowhere; the result is n + 1
@pytest.mark.parametrize("cond, hits, faults", [
    ("*(int*)16 == 0 || n == 2", 0, 10), ("n == 2 || *(int*)16 == 0", 1, 9),
    ("*(int*)16 == 0 && n == 2", 0, 10), ("n == 2 && *(int*)16 == 0", 0, 1),
    ("!(*(int*)16 == 0)", 0, 10), ("*(int*)16 ? n : 1", 0, 10), ("n == 2 ? *(int*)16 : n == 3", 1, 1),
    ("p->n == 3 || n == 2", 5, 5), ("p->n == 3, n == 3", 1, 5), ("!(p->n == 3)", 0, 5),
    ("p->next->n == 3", 5, 5), ("p->name == \"x\"", 5, 5), ("p->weight > 1.5", 5, 5), ("p->n + 1 == 4", 5, 5),
    ("p->next->next->n == 3 || n == 3", 0, 10), ("10 / n == 3", 1, 1),
    # decided at the end
    ("*(int*)16 == 0 || $return == 2", 0, 10), ("$return == 2 || *(int*)16 == 0", 1, 9),
    ("p->n == 3 || $return == 3", 5, 5), ("$return == 3 || p->n == 3", 6, 4), ("10 / ($return - 1) == 3", 1, 1),
    # nothing of it is asked
    ("n == 3 || n < 0 && p->n == 3", 1, 0), ("$return == 4 || $return < 0 && p->n == 3", 1, 0)])
def test_faults_are_counted(tool, wild, cond, hits, faults):
    command = f"trace -q -c '{cond}' look"
    done = tool.json([command, "pr run_all()", "trace"], wild)
    assert done.result("pr run_all()")["value"] == 55
    row, = done.result("trace")["value"]
    assert (row["hits"], row["evaluated"], row["faults"]) == (hits, 10, faults)
    text = done.result("trace")["text"]
    assert (f"faults: {faults} (not decided" in text) if faults else "faults" not in text


def test_each_trace_of_a_function_counts_its_own(tool, wild):
    done = tool.json(["trace -q -c 'p->n == 3' look", "trace -q -c 'n == 3' look", "trace -q -c 'p->n == $return' look",
                      "pr run_all()", "trace"], wild)
    assert [(row["hits"], row["faults"]) for row in done.result("trace")["value"]] == [(5, 5), (1, 0), (0, 5)]
