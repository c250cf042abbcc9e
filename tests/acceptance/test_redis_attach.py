# SPDX-License-Identifier: BSD-2-Clause
"""Joining a redis-server that works, looking into it, and leaving it as it was."""

import os
import re
import statistics
import threading
import time

import pytest
from accepting import descriptors, executable_mappings, figure, text_differences, threads
from realprograms import get, redis_load
from realprograms.redis_server import RedisServer

long = pytest.param(60, marks=pytest.mark.long, id="60s")
short = pytest.param(10, id="10s")


@pytest.fixture
def server(command):
    with RedisServer(get("redis", "otrace"), environment=command.listening(),
                     options=["--enable-debug-command", "local"]) as running:
        yield running


class Load(threading.Thread):
    """A load that checks every reply, beside the test."""

    def __init__(self, server, seconds):
        super().__init__(daemon=True)
        self.server, self.seconds, self.report = server, seconds, None
        self.start()

    def run(self):
        self.report = redis_load.run(self.server.port, seconds=self.seconds)

    def finish(self):
        self.join(self.seconds + 300)
        assert self.report is not None and self.report.errors == []
        return self.report


def commands_processed(server):
    return int(re.search(r"^total_commands_processed:(\d+)", server.cli("INFO", "stats"), re.M)[1])


def settled(what, pid):
    """What /proc says, once it has said the same for a while: clients that have gone are closed by and by."""
    last, since = what(pid), time.monotonic()
    while time.monotonic() < since + 0.5:
        time.sleep(0.05)
        now = what(pid)
        if now != last:
            last, since = now, time.monotonic()
    return last


def as_it_was(server, before, more_mappings=0):
    """Text byte by byte, threads and descriptors. A page that was written may be a mapping of its own."""
    different, compared = text_differences(server.pid, server.build.binary)
    assert different == [] and compared > 1000000
    assert len(executable_mappings(server.pid)) <= len(before["text"]) + more_mappings
    assert settled(threads, server.pid) == before["threads"]
    assert settled(descriptors, server.pid) == before["descriptors"]


def state(server):
    return {"threads": settled(threads, server.pid), "descriptors": settled(descriptors, server.pid),
            "text": executable_mappings(server.pid)}


@pytest.mark.parametrize("seconds", [short, long])
def test_looking_into_it_under_load(command, server, seconds, record_property):
    """processCommand is traced all the time, the variables are right, every reply is, and nothing stays behind."""
    before = state(server)
    load = Load(server, seconds)
    least = commands_processed(server)
    commands = ["trace processCommand", "pr server.port", "pr server.stat_numcommands", "cd /osh/types/client", "ls", "pwd"]
    attached = command.attach(server.pid, commands)
    attached.wait_until_ready()
    most = commands_processed(server)
    traced_from = most
    report = load.finish()
    traced_to = commands_processed(server)
    assert attached.leave() == 0, attached.errors()
    events = attached.events

    assert events.result("pr server.port")["text"].strip() == str(server.port)
    assert server.cli("CONFIG", "GET", "port").split() == ["port", str(server.port)]
    assert least <= int(events.result("pr server.stat_numcommands")["text"]) <= most
    assert events.result("pwd")["text"].strip() == "/osh/types/client"
    listed = events.result("ls")["text"]
    assert {"fields", "methods"} <= set(re.findall(r"\w+", listed)), listed

    calls = [event for event in events.calls if event["event"] == "call"]
    assert calls and {event["function"] for event in events.calls} == {"processCommand"}
    assert {event["args"]["c"]["type"] for event in calls} == {"client *"}
    assert {event["pid"] for event in calls} == {server.pid}
    assert {event["value"] for event in events.calls if event["event"] == "return"} <= {0, -1}
    # Each command is a call and a return, seen or counted as lost; scripts run commands of their own.
    recorded = events.counts["call"] + events.counts["return"] + events.lost
    assert recorded >= 2 * 0.8 * (traced_to - traced_from)
    as_it_was(server, before, more_mappings=2)
    figure(record_property, f"redis, processCommand traced for {seconds} s: {report.commands} replies checked, "
           f"{events.counts['call']} calls printed, {events.lost} records lost")


def test_what_a_quiet_server_says_is_what_info_says(command, server):
    """With nobody else asking, the numbers are equal and not just between two others."""
    server.cli("SET", "key", "value")
    told = commands_processed(server)  # the INFO itself is counted when it has been answered
    attached = command.attach(server.pid, ["pr server.stat_numcommands", "pr server.port", "pr server.db[0].id",
                                           "pr server.maxmemory_policy", "pr server.hz"])
    assert attached.wait() == 0, attached.errors()
    events = attached.events
    assert int(events.result("pr server.stat_numcommands")["text"]) - told in (0, 1)
    for name in ("port", "hz"):
        assert events.result(f"pr server.{name}")["text"].strip() == server.cli("CONFIG", "GET", name).split()[1]
    assert events.result("pr server.db[0].id")["text"].strip() == "0"


@pytest.mark.parametrize("seconds", [short, long])
def test_everything_traced_under_load(command, server, seconds, record_property):
    """All functions on and off while every reply is checked."""
    before = state(server)
    load = Load(server, seconds)
    attached = command.attach(server.pid, ["trace -q '*'", "status"])
    attached.wait_until_ready()
    report = load.finish()
    different, _ = text_differences(server.pid, server.build.binary)
    assert different, "no stub was on"
    assert attached.leave() == 0, attached.errors()
    as_it_was(server, before)
    figure(record_property, f"redis, everything traced for {seconds} s: {report.commands} replies checked, "
           f"slowest pipeline {report.slowest_ms:.1f} ms")


def test_switching_everything_under_load(command, server):
    """Joined and left again and again."""
    before = state(server)
    load = Load(server, 8)
    while load.is_alive():
        attached = command.attach(server.pid, ["trace -q '*'", "untrace '*'", "trace -q process*", "status"], seconds=0.2)
        assert attached.wait() == 0, attached.errors()
    load.finish()
    as_it_was(server, before)


def bgsave(server):
    """Saves in a child; the time that the fork took, in microseconds, as the server measured it."""
    saves = int(re.search(r"^rdb_saves:(\d+)", server.cli("INFO", "persistence"), re.M)[1])
    assert server.cli("BGSAVE") == "Background saving started"
    while True:
        told = server.cli("INFO", "persistence")
        if "rdb_bgsave_in_progress:0" in told:
            break
        time.sleep(0.02)
    assert "rdb_last_bgsave_status:ok" in told
    assert int(re.search(r"^rdb_saves:(\d+)", told, re.M)[1]) == saves + 1
    return int(re.search(r"^latest_fork_usec:(\d+)", server.cli("INFO", "stats"), re.M)[1])


@pytest.mark.alone
def test_saving_in_a_child_with_everything_traced(command, server, record_property):
    """The child writes the same file; the fork's time with all stubs on and off goes to the summary."""
    server.cli("DEBUG", "POPULATE", "200000", "key", "100")
    digest = server.cli("DEBUG", "DIGEST")
    assert re.fullmatch("[0-9a-f]{40}", digest)
    off, on = [], []
    bgsave(server)
    for _ in range(15):  # one fork takes 1.5 to 4 ms, whatever is on: seven were too few
        off.append(bgsave(server))
        attached = command.attach(server.pid, ["trace -q '*'", "status"])
        attached.wait_until_ready()
        time.sleep(0.2)  # the command has come to rest: it shares the processors with the server
        on.append(bgsave(server))
        assert attached.leave() == 0, attached.errors()
    server.cli("FLUSHALL")
    assert server.cli("DEBUG", "DIGEST") == "0" * 40
    os.rename(os.path.join(server.directory, "dump.rdb"), os.path.join(server.directory, "kept.rdb"))
    with RedisServer(get("redis"), options=["--dir", server.directory, "--dbfilename", "kept.rdb",
                                               "--enable-debug-command", "local"]) as plain:
        while "loading:1" in plain.cli("INFO", "persistence"):
            time.sleep(0.02)
        assert plain.cli("DEBUG", "DIGEST") == digest
    figure(record_property, f"redis, fork of BGSAVE: {statistics.median(on)} us with all stubs on, "
           f"{statistics.median(off)} us with none (medians of {len(on)}; least {min(on)} and {min(off)})")
