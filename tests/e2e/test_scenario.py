# SPDX-License-Identifier: BSD-2-Clause
"""A session on the example server from its begin to its end, as the original's demonstration goes.

Not in it, because they are not there yet: an edit of the source in place of a replacement that is compiled in,
pickle_file and unpickle.
"""
import signal
import subprocess

import pytest

EXAMPLE = "tests/examples/reciprocal"


@pytest.fixture(scope="module")
def reciprocal(build, source, tmp_path_factory):
    program = tmp_path_factory.mktemp("scenario") / "reciprocal"
    sources = [*sorted((source / EXAMPLE).glob("*.c")), source / "tests/e2e/programs/respond_patch.c"]
    subprocess.run(["clang-19", "-g", "-O0", "-std=gnu17", "-pthread", f"-fpass-plugin={build}/lib/otrace.so",
                    f"-I{source}/runtime/include", f"-I{source / EXAMPLE}", *sources, "-o", program], check=True)
    return program


@pytest.fixture
def server(tool, reciprocal):
    """The server, whose own client has asked once and asks no more."""
    process = tool.listen(reciprocal, "-v", "-d", "3600000")
    assert process.stdout.readline().startswith("reciprocal: listening")
    assert process.stdout.readline() == "/ of 4: status 200, 1/4 = 0.25\n"
    yield process
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    process.stdout.close()


class Session:
    """What a batch of commands said, in its order."""

    def __init__(self, done):
        self.events = done.events
        self.results = done.of("result")

    def result(self, command, nth=0):
        return [r for r in self.results if r["command"] == command][nth]

    def text(self, command, nth=0):
        assert self.result(command, nth)["error"] is None, self.result(command, nth)
        return self.result(command, nth)["text"].strip()

    def value(self, command, nth=0):
        assert self.result(command, nth)["error"] is None, self.result(command, nth)
        return self.result(command, nth)["value"]

    def error(self, command, nth=0):
        return self.result(command, nth)["error"]

    def between(self, first, last, *kinds):
        """The events of these kinds that came while the commands from first to last, unique ones, were carried out."""
        places = [i for i, e in enumerate(self.events) if e["event"] == "result" and e["command"] in (first, last)]
        return [e for e in self.events[places[0]:places[-1] + 1] if e["event"] in kinds]


LOOK_AROUND = ["help", "ls", "ls -c", "ls -f", "ls -v", "ls -l counters", "ls -l answer", "view -i reciprocal_of",
               "view -d submit", "pr counters.requests"]
SAFE = ["set safe_mode", "pr submit(8)", "exec counters.refused = 70", "!counters.refused = 70",
        "patch respond with respond_watched", "pr counters.refused"]
UNSAFE = ["set safe_mode", "!counters.refused = 70", "pr counters.refused", "exec counters.refused = 0", "pr submit(8)"]
AN_ERROR = ["trace -c error route_find", "trace -c 'return.value > 1e300' respond", "submit(5)", 'ask("/nosuch", 5)',
            "cd ~~", "path", "return", "cd ~~g", "submit(0)", "cd ~~", "ls", "ls -l", "pr n", "return", "pr __trc/where",
            "view -i", "up", "pwd", "fd > 0", "request->number.text", "cd ~~g", "untrace *"]
AN_ASSERTION = ["patch respond with respond_watched", "trace respond", "submit(0.0005)", "cd ~~asserts", "ls",
                "answer.value", "answer", "view", "cd ~~traces", "request->number.text",
                "cd ~~g", "patch", "unpatch respond", "untrace respond", "submit(0.0001)"]
TAGGED = ["trace -a tag -c self.number.value==1 request_parse", "trace -a tag -c self.value==1 number_parse",
          "trace -c taggedself respond", "trace -c taggedrequest response_write", "submit(2)", "submit(1)", "tag", "untag *",
          "untrace *", "status"]


def test_looking_around_is_safe(tool, server):
    s = Session(tool.attach([*LOOK_AROUND, *SAFE], server.pid))
    assert "trace" in s.text("help") and "help COMMAND says more" in s.text("help")
    functions, types, variables = (set(s.value(f"ls -{letter}")) for letter in "fcv")
    assert {"respond", "submit", "reciprocal_of"} <= functions and {"request", "answer", "number"} <= types
    assert {"counters", "recent", "routes"} <= variables and functions | types | variables == set(s.value("ls"))
    assert {e["name"]: e["value"] for e in s.value("ls -l counters")} == {"requests": 1, "refused": 0, "open_connections": 0}
    assert "1.0 / number.value" in s.text("view -i reciprocal_of")
    assert s.text("view -d submit").endswith("/* One who asks for the reciprocal of n. */")
    assert s.value("pr counters.requests") == 1
    assert s.value("set safe_mode") == "true" and s.value("pr counters.refused") == 0
    assert all("safe mode" in s.error(command) for command in SAFE[1:-1])


def check_unsafe(s):
    assert s.value("set safe_mode") == "false"
    assert s.value("pr counters.refused") == 70
    assert s.value("pr submit(8)")["enum"] == "STATUS_OK"


def check_error(s):
    """The page that is not there ends with NULL, the reciprocal of 0 with a wrong answer; each has its context."""
    shown = s.between("trace -c error route_find", "patch respond with respond_watched", "call", "return")
    assert [e["function"] for e in shown] == ["route_find"] * 4 + ["respond"] * 2
    assert s.value("path") == "/nosuch" and s.value("return") is None
    assert {"request", "n", "return", "__trc", "__up"} <= set(s.value("ls"))
    assert s.value("pr n") == 0
    assert s.value("return", 1) == {"status": {"enum": "STATUS_OK", "value": 200}, "value": "inf"}
    assert s.value("pr __trc/where").endswith("connection-->serve-->respond")
    assert "reciprocal.c:52 respond" in s.text("view -i")
    assert s.value("pwd").startswith("/osh/recent/traces/respond/return.value > 1e300/") and s.value("pwd").endswith("/__up")
    assert (s.value("fd > 0"), s.value("request->number.text")) == (1, "0")


def check_assertion(s):
    """The replacement prints, and its assertion has the variables of that moment; then all is as before."""
    call, failed, end = s.between("trace respond", "untrace respond", "call", "return", "assert")
    assert call["args"]["n"] == 0.0005 and call["patched"] is True and end["value"]["value"] == 2000
    assert (failed["function"], failed["condition"]) == ("respond_watched", "answer.value < 1000")
    assert {"request", "n", "route", "answer"} <= set(s.value("ls", 1))
    assert s.value("answer.value") == 2000 and s.value("answer")["status"]["enum"] == "STATUS_OK"
    assert "respond_patch.c:20 respond_watched" in s.text("view")
    assert s.value("request->number.text", 1) == "0.0005"
    assert s.text("patch") == "respond with respond_watched" and s.text("unpatch respond") == "Unpatched respond"


def check_tagged(s):
    """Of two requests the one is followed whose number was 1, from where it was made."""
    request, = {e["args"]["self"]["pointer"] for e in s.between("submit(2)", "submit(1)", "call")
                if e["function"] == "request_parse"}
    by_tag = [(e["function"], e["args"]["request"]["pointer"]) for e in s.between("submit(2)", "submit(1)", "call")
              if "parse" not in e["function"]]
    assert by_tag == [("respond", request), ("response_write", request)]
    assert {(tag["type"], tag["label"].split("@")[0]) for tag in s.value("tag")} == {
        ("struct request", "self.number.value==1"), ("struct number", "self.value==1")}
    assert s.value("status")["on"] == 0


def test_an_error_an_assertion_and_a_tag(tool, server):
    s = Session(tool.attach([*UNSAFE, *AN_ERROR, *AN_ASSERTION, *TAGGED], server.pid, options=["--unsafe"]))
    check_unsafe(s)
    check_error(s)
    check_assertion(s)
    check_tagged(s)
    server.send_signal(signal.SIGTERM)
    said = server.stdout.read().splitlines()
    # The replacement spoke once, and not when it had been taken back.
    assert [line for line in said if line.startswith("respond")] == ["respond to 0.0005"]
    assert "/ of 0: status 200, 1/0 = inf" in said and said[-1] == "reciprocal: 9 requests, 1 refused"
