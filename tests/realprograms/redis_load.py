# SPDX-License-Identifier: BSD-2-Clause
"""A load on a redis-server of this machine whose clients check every reply.

Each client owns its keys and keeps a model of them, so that it knows the exact bytes of every answer. It sends
pipelines of commands, reads as many replies, and compares. It talks to loopback addresses only, is bounded in
time, and stops at the first wrong reply.
"""

import ipaddress
import random
import secrets
import socket
import threading
import time
from dataclasses import dataclass, field

LONGEST = 3600


@dataclass
class Report:
    """What the load did. `errors` is empty when every reply was right."""

    commands: int = 0
    seconds: float = 0.0
    errors: list = field(default_factory=list)
    slowest_ms: float = 0.0  # the longest wait for the replies of one pipeline

    @property
    def rate(self) -> float:
        return self.commands / self.seconds if self.seconds else 0.0


def encode(*words) -> bytes:
    """One command as the server's protocol has it."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


# Replies as they stand on the wire.
OK = b"+OK\r\n"
NIL = b"$-1\r\n"


def integer(value) -> bytes:
    return b":%d\r\n" % value


def bulk(value) -> bytes:
    if value is None:
        return NIL
    text = value if isinstance(value, bytes) else str(value).encode()
    return b"$%d\r\n%b\r\n" % (len(text), text)


def array(replies) -> bytes:
    return b"*%d\r\n" % len(replies) + b"".join(replies)


class Model:
    """What one client has stored. Each method of `steps` returns a list of (command, expected reply)."""

    def __init__(self, number: int, seed: int, name: str):
        self.random = random.Random(seed * 1000 + number)
        self.prefix = f"otrace-load:{name}:{number}:"
        self.strings, self.counters, self.lists = {}, {}, {}
        self.hashes, self.sets, self.scores = {}, {}, {}
        self.steps = [self.set, self.get, self.append, self.incr, self.push, self.pop, self.range, self.hset, self.hget,
                      self.sadd, self.smembers, self.zadd, self.zrank, self.delete, self.transaction, self.script]

    def key(self, kind: str, count: int = 40) -> str:
        return f"{self.prefix}{kind}:{self.random.randrange(count)}"

    def value(self) -> bytes:
        size = self.random.choice((0, 3, 20, 100, 1000, 20000)) if self.random.random() < 0.3 else 12
        return self.random.randbytes(size)

    def next(self):
        return self.random.choice(self.steps)()

    def end(self):
        """Deletes what is there; lists and the like are gone already when they are empty."""
        keys = [*self.strings, *self.counters]
        keys += [key for store in (self.lists, self.hashes, self.sets, self.scores) for key, held in store.items() if held]
        return [(encode("DEL", *keys), integer(len(keys)))] if keys else []

    def set(self):
        key, value = self.key("string"), self.value()
        self.strings[key] = value
        return [(encode("SET", key, value), OK)]

    def get(self):
        key = self.key("string")
        return [(encode("GET", key), bulk(self.strings.get(key))),
                (encode("STRLEN", key), integer(len(self.strings.get(key, b""))))]

    def append(self):
        key = self.key("string")
        before = self.strings.get(key, b"")
        if len(before) > 30000:
            return self.get()
        self.strings[key] = before + b"-more"
        return [(encode("APPEND", key, "-more"), integer(len(self.strings[key])))]

    def incr(self):
        key, step = self.key("counter"), self.random.randrange(-5, 10)
        self.counters[key] = self.counters.get(key, 0) + step
        return [(encode("INCRBY", key, step), integer(self.counters[key])), (encode("GET", key), bulk(self.counters[key]))]

    def push(self):
        key, value = self.key("list", 8), self.value()
        items = self.lists.setdefault(key, [])
        if self.random.random() < 0.5:
            items.insert(0, value)
            return [(encode("LPUSH", key, value), integer(len(items)))]
        items.append(value)
        return [(encode("RPUSH", key, value), integer(len(items)))]

    def pop(self):
        key = self.key("list", 8)
        items = self.lists.get(key)
        return [(encode("LPOP", key), bulk(items.pop(0) if items else None)), (encode("LLEN", key), integer(len(items or ())))]

    def range(self):
        key = self.key("list", 8)
        items = self.lists.get(key, [])
        return [(encode("LRANGE", key, 0, 9), array([bulk(item) for item in items[:10]])),
                (encode("LINDEX", key, -1), bulk(items[-1] if items else None))]

    def hset(self):
        key, name, value = self.key("hash", 8), f"field{self.random.randrange(200)}", self.value()
        fields = self.hashes.setdefault(key, {})
        new = name not in fields
        fields[name] = value
        return [(encode("HSET", key, name, value), integer(new)), (encode("HLEN", key), integer(len(fields)))]

    def hget(self):
        key, name = self.key("hash", 8), f"field{self.random.randrange(200)}"
        fields = self.hashes.get(key, {})
        return [(encode("HGET", key, name), bulk(fields.get(name))), (encode("HEXISTS", key, name), integer(name in fields))]

    def sadd(self):
        key, member = self.key("set", 8), self.random.randrange(300)
        members = self.sets.setdefault(key, set())
        new = member not in members
        members.add(member)
        return [(encode("SADD", key, member), integer(new)), (encode("SISMEMBER", key, member), integer(1))]

    def smembers(self):
        key, member = self.key("set", 8), self.random.randrange(300)
        members = self.sets.get(key, set())
        gone = member in members
        members.discard(member)
        return [(encode("SREM", key, member), integer(gone)), (encode("SCARD", key), integer(len(members)))]

    def zadd(self):
        key, member, score = self.key("zset", 6), f"m{self.random.randrange(400):03}", self.random.randrange(1000)
        scores = self.scores.setdefault(key, {})
        new = member not in scores
        scores[member] = score
        return [(encode("ZADD", key, score, member), integer(new)), (encode("ZSCORE", key, member), bulk(score))]

    def zrank(self):
        key = self.key("zset", 6)
        ordered = sorted(self.scores.get(key, {}).items(), key=lambda item: (item[1], item[0]))
        first = [bulk(part) for pair in ordered[:5] for part in pair]
        steps = [(encode("ZCARD", key), integer(len(ordered))),
                 (encode("ZRANGE", key, 0, 4, "WITHSCORES"), array(first))]
        if ordered:
            rank = self.random.randrange(len(ordered))
            steps.append((encode("ZRANK", key, ordered[rank][0]), integer(rank)))
        return steps

    def delete(self):
        kind, count, store = self.random.choice((("string", 40, self.strings), ("counter", 40, self.counters),
                                                 ("list", 8, self.lists), ("zset", 6, self.scores)))
        key = self.key(kind, count)
        there = bool(store.pop(key, None)) if kind in ("list", "zset") else store.pop(key, None) is not None
        return [(encode("DEL", key), integer(there)), (encode("EXISTS", key), integer(0))]

    def transaction(self):
        key = self.key("counter")
        self.counters[key] = self.counters.get(key, 0) + 2
        queued = b"+QUEUED\r\n"
        return [(encode("MULTI"), OK), (encode("INCR", key), queued), (encode("INCR", key), queued),
                (encode("EXEC"), array([integer(self.counters[key] - 1), integer(self.counters[key])]))]

    def script(self):
        key, value = self.key("string"), b"from a script"
        self.strings[key] = value
        body = "redis.call('SET', KEYS[1], ARGV[1]); return {redis.call('STRLEN', KEYS[1]), 'done'}"
        return [(encode("EVAL", body, 1, key, value), array([integer(len(value)), bulk("done")]))]


class Client(threading.Thread):
    """One connection that sends pipelines until told to stop."""

    def __init__(self, model, address, pipeline, stop):
        super().__init__(daemon=True)
        self.model, self.address, self.pipeline, self.stopping = model, address, pipeline, stop
        self.commands, self.error, self.slowest = 0, None, 0.0

    def run(self):
        try:
            with socket.create_connection(self.address, timeout=60) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                replies = connection.makefile("rb")
                while not self.stopping.is_set():
                    steps = []
                    while len(steps) < self.pipeline:
                        steps += self.model.next()
                    self._exchange(connection, replies, steps)
                self._exchange(connection, replies, self.model.end())
        except Exception as error:  # whatever ends a client must reach the report
            self.error = f"client {self.model.prefix}: {type(error).__name__}: {error}"
            self.stopping.set()

    def _exchange(self, connection, replies, steps) -> None:
        """Sends the commands of STEPS at once and checks the reply to each."""
        begin = time.monotonic()
        connection.sendall(b"".join(command for command, _ in steps))
        for command, expected in steps:
            actual = replies.read(len(expected))
            if actual != expected:
                raise ValueError(f"{command[:200]!r} was answered {actual[:200]!r} instead of {expected[:200]!r}")
        self.slowest = max(self.slowest, time.monotonic() - begin)
        self.commands += len(steps)


def run(port: int, *, host="127.0.0.1", seconds=10.0, clients=4, pipeline=16, seed=1) -> Report:
    """Loads the server for SECONDS. The keys have names of their own and are deleted at the end."""
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{host} is not a loopback address")
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"between 0 and {LONGEST} seconds, not {seconds}")
    name = secrets.token_hex(4)
    stop = threading.Event()
    workers = [Client(Model(number, seed, name), (host, port), pipeline, stop) for number in range(clients)]
    begin = time.monotonic()
    for worker in workers:
        worker.start()
    stop.wait(seconds)
    stop.set()
    for worker in workers:
        worker.join(120)
    report = Report(seconds=time.monotonic() - begin)
    for worker in workers:
        report.commands += worker.commands
        report.slowest_ms = max(report.slowest_ms, worker.slowest * 1000)
        if worker.error:
            report.errors.append(worker.error)
        if worker.is_alive():
            report.errors.append(f"client {worker.model.prefix} did not stop")
    return report
