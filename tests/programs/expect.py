# SPDX-License-Identifier: BSD-2-Clause
"""Compare what a tracer shows of a test program with the EXPECT lines at the program's head.

Each line is JSON about one function (or {"variable": NAME, "value": V} about a variable, with
"in" for a function's static, as it is when the program ends):
    function     name as in the source; C++ demangled, with or without its parameters
    file         only calls of the function in this file
    args, value  what matching calls show; arguments that are not named do not matter
    count        how many calls match (default: at least one), a number or {"least":, "most":}
    calls        how many calls the function has in all, likewise
    exit         return (default when there is a value), unwound, abandoned, any, or a list: how matching
                 calls end. A call without a return event counts as abandoned.
    series       {"arg": [path] or "value": [path], "format": F, "from": A, "to": B}: the calls in
                 their order show the texts F % A to F % B
    honest       {"optimized_out":true} is as good as a value, and the pointer alone as a text; the function
                 may be gone
    later        args and value that are compared only when asked for: complex, vector, 128 bits
    missing_ok   a tracer may not know the function; skipped: it must not be traced
    value_optional  the exit may be untraced
    entry_only   args may be {"not_recorded":true}: between a musttail call and its target lies
                 nothing that could keep them
    lossy        some calls may be lost, as long as they are counted: a signal's, inside a hook
    driver       holds when built by otrace cc: clang by itself drops the attribute it is about
    levels, not  where the line holds; cpu: only where the processor has this feature

An expected value matches itself, and
    {"like": "nan" | "inf" | "-inf"}   however it is written     {"char": "a"}   97 or "a"
    {"starts": TEXT}                   TEXT, or the beginning of a string that was cut
    an object                          an object that has these members and perhaps others
    a number                           a number, or a string of digits where it needs 64 bits

Only events of the process that speaks first are looked at, not those of its children.
"""
import re

OPTIMIZED_OUT = {"optimized_out": True}
NOT_RECORDED = {"not_recorded": True}


def _number(value):
    """A number of JSON, or one that was written as a string for its size."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    return None


def _like(kind, actual):
    text = str(actual).lower()
    if kind == "nan":
        return "nan" in text
    return "inf" in text and text.startswith("-") == kind.startswith("-")


def matches(expected, actual, honest=False):
    """Whether a value shown is the one expected."""
    if honest and actual == OPTIMIZED_OUT:
        return True
    if honest and isinstance(expected, str) and isinstance(actual, dict) and set(actual) == {"pointer", "type"}:
        return True
    if isinstance(expected, dict):
        if "char" in expected:
            shown = actual.get("char", actual.get("value")) if isinstance(actual, dict) else actual
            return shown in (expected["char"], ord(expected["char"]))
        if "like" in expected:
            return _like(expected["like"], actual)
        if "starts" in expected:
            text = actual.get("string") if isinstance(actual, dict) else actual
            return isinstance(text, str) and text.startswith(expected["starts"])
        return isinstance(actual, dict) and all(
            k in actual and matches(v, actual[k], honest) for k, v in expected.items())
    if isinstance(expected, list):
        return (isinstance(actual, list) and len(expected) == len(actual) and
                all(matches(e, a, honest) for e, a in zip(expected, actual)))
    if isinstance(expected, (int, float)):
        return _number(actual) == expected
    return expected == actual


def same_function(expected, shown):
    """Names are equal but for the parameters and results that demangling adds."""
    if expected == shown:
        return True
    shown = re.sub(r"\[abi:\w+\]", "", shown)
    return re.search(r"(^|[ *&])%s(\(.*)?$" % re.escape(expected), shown) is not None


class Call:
    """A call event with the return event of the same id, if there was one."""

    def __init__(self, event):
        self.event = event
        self.args = event.get("args", {})
        self.returned = None

    def end(self):
        if self.returned is None:
            return "abandoned"
        ends = [end for end in ("abandoned", "unwound") if self.returned.get(end)]
        return ends[0] if ends else "return"


def calls_of(events):
    """The calls of the process that speaks first, in order, and what does not pair."""
    calls, order, pid, errors = {}, [], None, []
    for event in events:
        kind = event.get("event")
        if kind not in ("call", "return"):
            if kind == "lost":
                errors.append("lost records: %s" % event)
            continue
        pid = pid or event["pid"]
        if event["pid"] != pid:
            continue
        name = event["id"]
        if kind == "call":
            if name in calls:
                errors.append("two calls have the id %s" % name)
            calls[name] = Call(event)
            order.append(calls[name])
        elif name not in calls or calls[name].returned:
            errors.append("return without a call: %s" % name)
        else:
            calls[name].returned = event
    return order, errors


def _counts(wanted, n, honest=False):
    if honest and not isinstance(wanted, dict):
        return n >= wanted  # calls told apart by what was optimised out look alike
    if isinstance(wanted, dict):
        return wanted.get("least", 0) <= n <= wanted.get("most", n)
    return n == wanted


def _call_fits(line, call, later):
    """Whether a call shows the arguments and the result of an EXPECT line."""
    honest = line.get("honest", False)
    args, value = dict(line.get("args", {})), line.get("value")
    check_value = "value" in line
    if later and "later" in line:
        args.update(line["later"].get("args", {}))
        check_value = check_value or "value" in line["later"]
        value = line["later"].get("value", value)
    excused = [NOT_RECORDED] if line.get("entry_only") else []
    if not all(k in call.args and (call.args[k] in excused or matches(v, call.args[k], honest))
               for k, v in args.items()):
        return False
    end = line.get("exit", "return" if check_value else "any")
    ends = end if isinstance(end, list) else [end]
    if not {"any", call.end()} & set(ends) and not (line.get("value_optional") and not call.returned):
        return False
    if check_value and call.returned and call.end() == "return":
        shown = call.returned.get("value")
        return matches(value, shown, honest)
    return True


def _series(line, calls):
    series = line["series"]
    wanted = [series["format"] % i for i in range(series["from"], series["to"] + 1)]
    shown = []
    for call in calls:
        if "arg" in series:
            at, path = call.args, series["arg"]
        else:
            at, path = (call.returned or {}).get("value"), series["value"]
        for step in path:
            at = at.get(step) if isinstance(at, dict) else None
        shown.append(at)
    for i, (want, show) in enumerate(zip(wanted, shown)):
        if want != show:
            return "call %d shows %r and not %r" % (i, show, want)
    return None if len(wanted) == len(shown) else "%d texts, not %d" % (len(shown), len(wanted))


def verify_line(line, every_call, later=False, lost=0):
    """What is wrong with the calls of one function, or None."""
    name = line["function"]
    calls = [c for c in every_call if same_function(name, c.event["function"])]
    if "file" in line:
        calls = [c for c in calls if c.event["file"].rpartition("/")[2] == line["file"]]
    if line.get("skipped"):
        return "%s is traced and cannot be" % name if calls else None
    if not calls and (line.get("missing_ok") or line.get("honest")):
        return None
    if "calls" in line and not _counts(line["calls"], len(calls) + lost):
        return "%s: %d calls, expected %s" % (name, len(calls), line["calls"])
    if "series" in line:
        wrong = _series(line, calls)
        return "%s: %s" % (name, wrong) if wrong else None
    fitting = sum(_call_fits(line, c, later) for c in calls) + lost
    if _counts(line.get("count", line.get("calls", {"least": 1})), fitting,
               line.get("honest", False) or line.get("entry_only", False)):
        return None
    examples = ["%s -> %s" % (c.event, c.returned) for c in calls[:3]]
    return "%s: %d of %d calls are as in %s; the first:\n    %s" % (
        name, fitting, len(calls), line, "\n    ".join(examples))


def verify(program, level, mode, events, later=False, cpu=(), driver=True):
    """Every disagreement between the events (dicts, in order) and the program's EXPECT lines."""
    calls, errors = calls_of(events)
    lines = [line for line in program.expects(level, mode) if "function" in line]
    if any(line.get("lossy") for line in lines):
        errors = [error for error in errors if not error.startswith("lost records")]
    lost = sum(event["count"] for event in events if event.get("event") == "lost")
    for line in lines:
        if line.get("driver") and not driver:
            continue
        if line.get("cpu") in (None, *cpu):
            wrong = verify_line(line, calls, later, lost if line.get("lossy") else 0)
            if wrong:
                errors.append(wrong)
    return errors


def functions(program, level, mode):
    """The names to trace for verify(), without those that cannot be."""
    return sorted({e["function"] for e in program.expects(level, mode)
                   if "function" in e and not e.get("skipped")})


def optional(program, level, mode):
    """Those of functions() that a tracer may not know: inlined, removed or of another convention."""
    return sorted({e["function"] for e in program.expects(level, mode) if "function" in e
                   and not e.get("skipped") and (e.get("missing_ok") or e.get("honest"))})
