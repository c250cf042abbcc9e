# SPDX-License-Identifier: BSD-2-Clause
"""patch and unpatch: a function runs another's code, and its own again."""


def test_calls_run_the_other_function(tool, shop):
    done = tool.json(["patch add with multiply", "trace price"], shop)
    assert done.result("patch add with multiply")["text"].startswith("Patched add with multiply")
    assert [e["value"] for e in done.of("return", "price")] == [7 * 2, 7 * 4, 7 * 6]


def test_unpatch_restores(tool, shop):
    done = tool.json(["patch add with multiply", "unpatch add", "trace price", "patch"], shop)
    assert [e["value"] for e in done.of("return", "price")] == [7 * 3, 7 * 5, 7 * 7]
    assert done.result("patch")["text"] == "nothing is patched"


def test_a_function_is_not_patched_with_itself(tool, shop):
    done = tool.json(["patch add with add", "patch add with multiply", "patch multiply with add", "trace price"], shop)
    assert "itself" in done.result("patch add with add")["error"] or "back" in done.result("patch add with add")["error"]
    assert done.result("patch multiply with add")["error"]
    assert [e["value"] for e in done.of("return", "price")] == [7 * 2, 7 * 4, 7 * 6]


def test_a_replacement_that_is_nowhere_may_have_been_dropped(tool, shop):
    done = tool.json(["patch add with qqqqqqqq"], shop)
    error = done.result("patch add with qqqqqqqq")["error"]
    assert error.startswith('no function "qqqqqqqq" (compilers drop') and "__attribute__((used))" in error
    assert error in done.err


def test_unpatch_star_restores_all(tool, shop):
    done = tool.json(["patch add with multiply", "unpatch *", "trace price"], shop)
    assert [e["value"] for e in done.of("return", "price")] == [7 * 3, 7 * 5, 7 * 7]


def test_traced_and_patched_combine_and_say_so(tool, shop):
    done = tool.json(["patch add with multiply", "trace add"], shop)
    assert [(e["args"]["a"], e["value"]) for e in zip_calls(done)] == [(2, 2), (4, 4), (6, 6)]


def zip_calls(done):
    ends = {e["id"]: e for e in done.of("return", "add")}
    return [dict(args=e["args"], value=ends[e["id"]]["value"]) for e in done.of("call", "add")]


def test_another_prototype_is_refused_with_both(tool, shop):
    done = tool.json(["patch add with wrong_arguments"], shop)
    error = done.result("patch add with wrong_arguments")["error"]
    assert "int add(int a, int b)" in error and "wrong_arguments(const char *text)" in error and "--force" in error


def test_what_callers_rely_on_is_refused_with_the_reason(tool, shop):
    done = tool.json(["patch price with price", "patch jump with tick"], shop)
    assert done.result("patch price with price")["error"]
    assert done.result("patch jump with tick")["text"].startswith("Patched")


def test_force_overrides(tool, shop):
    done = tool.json(["patch --force add with half", "patch"], shop)
    assert done.result("patch")["text"] == "add with half"


def test_mistakes_get_a_clear_message(tool, shop):
    done = tool.json(["patch add", "patch add multiply", "patch add with nosuch", "unpatch add", "unpatch"], shop)
    assert [bool(e["error"]) for e in done.of("result")[:5]] == [True] * 5
    assert "usage" in done.result("patch add")["error"]
    assert "not patched" in done.result("unpatch add")["error"]
