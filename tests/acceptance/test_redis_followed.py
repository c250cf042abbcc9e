# SPDX-License-Identifier: BSD-2-Clause
"""One client of a busy redis-server is followed by its tag; of the others nothing is shown."""

import re
import socket
import subprocess
import time

import pytest
from accepting import TIMEOUT, figure
from realprograms import get
from realprograms.redis_server import RedisServer

FOLLOWED = ["readQueryFromClient", "processCommand", "call", "addReply*"]


class Client:
    """A client that speaks the protocol; its replies are short."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.replies = self.socket.makefile("rb")

    def say(self, *words):
        texts = [str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(text), text) for text in texts))
        return self.reply()

    def reply(self):
        line = self.replies.readline().strip()
        if line[:1] == b"*":
            return [self.reply() for _ in range(int(line[1:]))]
        if line[:1] != b"$" or line == b"$-1":
            return line.decode()
        return self.replies.read(int(line[1:]) + 2)[:-2].decode()

    def close(self):
        self.replies.close()
        self.socket.close()


@pytest.fixture
def server(command):
    with RedisServer(get("redis", "otrace"), environment=command.listening()) as running:
        yield running


@pytest.fixture
def busy(server):
    """The server with ten other clients that never stop."""
    words = [server.build.binaries["redis-benchmark"], "-p", server.port, "-c", 10, "-P", 8, "-n", 1000000000, "-q", "-t", "set"]
    load = subprocess.Popen([*map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    least = commands_processed(server) + 1000
    wait_until(lambda: commands_processed(server) > least, "redis-benchmark does not begin")
    yield server
    assert load.poll() is None, "redis-benchmark has ended"
    load.terminate()
    load.wait()


def wait_until(condition, what):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def commands_processed(server):
    return int(re.search(r"^total_commands_processed:(\d+)", server.cli("INFO", "stats"), re.M)[1])


def tags(events, what):
    return [e for e in list(events.others) if e["event"] == "tag" and e["what"] == what]


def followed(events):
    """What came by the tags: not the calls that tagged, which were decided when they ended."""
    return [e for e in events.calls if e["event"] == "call" and "late" not in e]


def whom(event):
    """(type, address) of what the call is about."""
    first = next(iter(event["args"].values()))
    return first["type"], first["pointer"]


def requests_of(calls):
    """The names of the calls as they came, one list for each time that something was read."""
    found = []
    for event in calls:
        if event["function"] == "readQueryFromClient":
            found.append([])
        found[-1].append(event["function"])
    return found


REQUESTS = [(("SET", "followed", "value"), "+OK"), (("GET", "followed"), "value"), (("INCR", "followed:n"), ":1"),
            (("RPUSH", "followed:l", "a", "b"), ":2"), (("LRANGE", "followed:l", "0", "-1"), ["a", "b"]),
            (("GET", "nosuch"), "$-1"), (("NOSUCH",), "-ERR"), (("DEL", "followed", "followed:n", "followed:l"), ":3")]


def ask(client):
    for words, expected in REQUESTS:
        got = client.say(*words)
        assert got.startswith(expected) if expected == "-ERR" else got == expected


ROUNDS = 5


def follow(server, mine, other):
    """Both ask the same, while the server carries out thousands of commands for all; returns how many it were."""
    least = commands_processed(server)
    for i in range(ROUNDS):
        ask(mine)
        ask(other)
        wait_until(lambda: commands_processed(server) > least + 1000 * (i + 1), "redis-benchmark does not go on")
    mine.close()
    other.close()
    return commands_processed(server) - least


def check_requests(requests):
    """Each is there from its reading to its replies, and the last that is read is that the client has gone."""
    assert requests.pop() == ["readQueryFromClient"]
    requests = requests[-ROUNDS * len(REQUESTS):]
    for (words, _), names in zip(REQUESTS * ROUNDS, requests, strict=True):
        begin = FOLLOWED[:2] if words == ("NOSUCH",) else FOLLOWED[:3]
        assert names[:len(begin)] == begin and len(names) > len(begin), (words, names)
        assert all(name.startswith("addReply") for name in names[len(begin):]), (words, names)
    assert requests == requests[:len(REQUESTS)] * ROUNDS


# What a user types. The connection is not the client, but has it: it is found by where it leads to.
BY_CONDITIONS = ["trace -n 1 -a tag -c '(char *)c->name->ptr == \"followed\"' processCommand",
                 "trace -n 1 -a tag -c '((client *)conn->private_data)->id == {}' readQueryFromClient"]
BY_HAND = ["tag lookupClientByID({}) followed", "tag lookupClientByID({})->conn"]


@pytest.mark.parametrize("finding", [BY_CONDITIONS, BY_HAND], ids=["by conditions", "by hand"])
def test_one_client_is_followed_and_the_others_are_not_shown(command, busy, finding, record_property):
    """It is found by its name or number on the wire, followed by its tag, and when it is freed nobody is."""
    mine, other = Client(busy.port), Client(busy.port)
    assert mine.say("CLIENT", "SETNAME", "followed") == other.say("CLIENT", "SETNAME", "other") == "+OK"
    number = mine.say("CLIENT", "ID")[1:]
    ask_where = [f"pr lookupClientByID({number})", f"pr lookupClientByID({number})->conn"]
    attached = command.attach(busy.pid, [*ask_where, *(text.format(number) for text in finding),
                                         f"trace -d 0 -c tagged {' '.join(FOLLOWED)}"], more=["--unsafe"])
    attached.wait_until_ready()
    events = attached.events
    assert mine.say("PING") == "+PONG"
    wait_until(lambda: len(tags(events, "set")) == (2 if finding is BY_CONDITIONS else 0), "nothing is tagged")
    nr_all = follow(busy, mine, other)
    wait_until(lambda: len(tags(events, "ended")) == 2, "the tags do not end")
    # Clients that come now lie where those were that have gone.
    for _ in range(5):
        other = Client(busy.port)
        ask(other)
        other.close()
    assert attached.leave() == 0, attached.errors()
    calls = followed(events)
    assert {whom(e) for e in calls} == {(told["type"], told["pointer"]) for told in
                                        (events.result(text)["value"] for text in ask_where)}
    check_requests(requests_of(calls))
    assert {e["id"] for e in calls} <= {e["id"] for e in events.calls if e["event"] == "return"}
    assert events.lost == 0 and nr_all > 1000 * ROUNDS
    figure(record_property, f"redis, one client followed by its tag: {len(calls)} calls shown while {nr_all} commands ran")
