# SPDX-License-Identifier: BSD-2-Clause
"""set fast_reads: what the shell says of it. What it does is in unit/runtime/test_fast_reads.py."""


def test_the_shell_says_how_conditions_read_and_why(tool, compiled):
    program = compiled("../../unit/runtime/fast.c", "-pthread")
    trace = "trace -q -c '*where == 3' crash_here"
    done = tool.json(["set fast_reads on", trace, "status", "untrace crash_here", "set fast_reads", "set fast_reads off"], program)
    assert done.result("set fast_reads on")["text"] == "fast_reads = true\nno condition reads through pointers"
    assert done.result("status")["value"]["conditions"] == "fast reads"
    assert "conditions  fast reads\n" in done.result("status")["text"]
    assert done.result("set fast_reads")["value"] == "true"
    assert done.result("set fast_reads off")["text"] == "fast_reads = false"
    assert done.status == 0


def test_it_says_why_not(tool, compiled):
    program = compiled("../../unit/runtime/fast.c", "-pthread", "-fsanitize=address")
    env = {"ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
    done = tool.json(["set fast_reads on", "trace -q -c '*where == 3' crash_here", "status"], program, env=env)
    reason = "safe reads: functions for signals are not libc's, but a sanitizer's or its own"
    assert done.result("set fast_reads on")["text"] == f"fast_reads = true\n{reason}"
    assert done.result("status")["value"]["conditions"] == reason
