# SPDX-License-Identifier: BSD-2-Clause
"""set post_mortem on: a thread that crashes can be looked at before its signal ends the program."""
import json
import os
import signal
import subprocess

from waiting import TIMEOUT, wait_until


def test_the_others_run_on_and_resume_lets_it_die_by_its_signal(tool, compiled):
    program = compiled("../../unit/runtime/crash.c", "-pthread")
    env = dict(tool.env, LD_PRELOAD=str(tool.runtime), OTRACE="listen")
    process = subprocess.Popen([program], cwd=tool.folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_until((tool.folder / "run/otrace" / str(process.pid)).exists, "no socket")

    def order(letter):
        process.stdin.write(letter + "\n")
        process.stdin.flush()
        return process.stdout.readline()

    commands = ["set post_mortem on", "trace serve follow", "wait 60", "status", "pr kept", "resume", "wait 60"]
    script = subprocess.Popen(["timeout", str(TIMEOUT), tool.path, "attach", "--json",
                               *(w for c in commands for w in ("-e", c)), str(process.pid)],
                              cwd=tool.folder, env=tool.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    events = []
    for line in script.stdout:
        events.append(json.loads(line))
        if events[-1].get("command") == commands[1]:
            assert order("n") == "here\n"
        if events[-1]["event"] == "break":
            assert order("p") == "here\n"  # the main thread goes on
    script.stdout.close()
    script.wait()
    assert process.wait(TIMEOUT) == -signal.SIGSEGV
    process.stdin.close()
    process.stdout.close()

    crash, = [e for e in events if e["event"] == "crash"]
    assert (crash["signal"], crash["function"], crash["address"]) == ("SIGSEGV", "follow", 0)
    serve, follow = [e for e in events if e["event"] == "call"]
    assert [c.split(":")[0] for c in crash["open"].split()] == ["serve", "follow"]
    assert [c.rsplit("~", 1)[1] for c in crash["open"].split()] == [e["id"].rsplit(".", 1)[1] for e in (serve, follow)]
    assert crash["thread"] == serve["thread"] != process.pid
    stop, = [e for e in events if e["event"] == "break"]
    assert stop["id"].startswith("follow:br-SIGSEGV:") and stop["thread"] == crash["thread"]
    results = {e["command"]: e for e in events if e["event"] == "result"}
    assert results["pr kept"]["value"] == 1
    assert [p["id"] for p in results["status"]["value"]["parked"]] == [stop["id"]]
    assert results["resume"]["value"] == [stop["id"]]
    assert not os.path.exists(f"/proc/{process.pid}")
