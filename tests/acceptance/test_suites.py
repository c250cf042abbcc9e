# SPDX-License-Identifier: BSD-2-Clause
"""The suites that SQLite and Redis bring along: the tests that fail are those that fail in the plain build."""

import concurrent.futures
import functools
import json
import shlex

import pytest
from accepting import figure
from realprograms import get, suites

pytestmark = pytest.mark.alone  # they load every core, and some of their tests depend on timing

# What make check has time for. Chosen for the many kinds of code they go through, and because they are quick.
SQLITE = """aggerror alter attach autovacuum badutf between bind blob boundary3 btree01 cast coalesce collate1 conflict
    corruptC count crash date delete distinct e_expr enc4 exists expr fkey1 fts3query fts5simple func func2 in index insert
    intpkey join json101 like limit misc1 null orderby1 printf quote rtree1 rowid savepoint schema select1 select6 sort
    subquery table tkt1435 trans trigger1 types unique update upsert1 utf16align vacuum view where window1 with2
    without_rowid1""".split()
REDIS = """unit/type/string unit/type/incr unit/type/hash unit/type/set unit/type/zset unit/keyspace unit/scan unit/info unit/multi
    unit/bitops unit/hyperloglog unit/pubsub unit/introspection unit/functions unit/acl unit/protocol
    integration/rdb integration/aof""".split()

# Not when everything is traced: each of its calls has a text, and to read one safely takes a microsecond of the
# kernel, so that its 18 seconds become more than half an hour.
SQLITE_TEXTS = {"fts5bigpl"}

# They say "ok" as often as they come to something in a given time: 11 to 23, and 52 and 72 times.
COUNTS_VARY = {"integration/psync2-reg", "integration/psync2"}

PARTS = [pytest.param("check", id="some"), pytest.param("full", marks=pytest.mark.long, id="full")]


@functools.cache
def reference(suite, part):
    """What the plain build's tests come to; once for all that is compared with it."""
    if suite == "sqlite":
        return suites.sqlite(get("testfixture"), part=chosen_sqlite(part), timeout=900)
    return suites.redis(get("redis"), part=chosen_redis(part))


def chosen_sqlite(part):
    if part != "check":
        return part
    there = set(suites.sqlite_files(get("testfixture")))
    return [name for name in SQLITE if name in there]


def chosen_redis(part):
    if part != "check":
        return part
    there = set(suites.redis_units(get("redis")))
    return [name for name in REDIS if name in there]


def keep(build, suite, part, how, result):
    """What a run of half an hour came to is written beside the other logs; returns it."""
    folder = build / "check"
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"counts": result.counts, "failing": sorted(result.failing)}
    (folder / f"suite-{suite}-{part}-{how.replace(' ', '-')}.json").write_text(json.dumps(kept, indent=1))
    return result


def compare(build, suite, part, tested, record_property, how, without=frozenset()):
    whole = keep(build, suite, part, "plain", reference(suite, part))
    plain = whole.only(whole.counts.keys() - without)
    assert suites.differences(plain, tested) == "", {name: tested.output.get(name, "")[-1500:] for name in tested.output}
    # SQLite's tests with threads and deadlines count what they get to: 300 736 and 300 742 in two runs.
    counted = [result.only(result.counts.keys() - COUNTS_VARY) for result in (plain, tested)]
    assert plain.ran > 100, plain.counts
    assert abs(counted[1].ran - counted[0].ran) <= plain.ran // 1000, suites.other_counts(*counted)
    figure(record_property, f"{suite}, {how}: {tested.ran} tests, {len(tested.failing)} fail as in the plain build")


@pytest.mark.parametrize("part", PARTS)
def test_sqlite_dormant(build, part, record_property):
    tested = suites.sqlite(get("testfixture", "otrace"), part=chosen_sqlite(part), timeout=900)
    keep(build, "sqlite", part, "dormant", tested)
    compare(build, "sqlite", part, tested, record_property, "dormant")


@pytest.mark.parametrize("part", PARTS)
def test_sqlite_with_everything_traced(build, command, part, record_property):
    wrapper = [command.path, "run", "-e", "trace -q '*'", "-e", "run", "--"]
    fixture = get("testfixture", "otrace")
    names = [name for name in suites.sqlite_files(fixture) if name not in SQLITE_TEXTS]
    tested = suites.sqlite(fixture, part=names if part == "full" else chosen_sqlite(part), wrapper=wrapper, timeout=1800,
                           says=r"^Tracing -c all -q \* \(\d{4,} functions\)$", environment=command.environment)
    keep(build, "sqlite", part, "everything traced", tested)
    compare(build, "sqlite", part, tested, record_property, "everything traced", SQLITE_TEXTS)


def redis_traced(command, part):
    """Every server of the suite is joined when it listens, and all its functions are traced from then on."""
    wrapper = ["env", *(f"{name}={value}" for name, value in command.listening().items())]
    environment = shlex.join(["env", *(f"{name}={value}" for name, value in command.environment.items())])
    # The loop ends with the server: it is not there any more, or has been left because it ended.
    attach = (f"echo $OTRACE_PID >>{command.folder}/started; while kill -0 $OTRACE_PID 2>/dev/null; do "
              f"[ -S {command.environment['OTRACE_DIR']}/$OTRACE_PID ] && "
              f"{environment} {shlex.quote(str(command.path))} attach -e \"trace -q '*'\" $OTRACE_PID && "
              f"echo $OTRACE_PID >>{command.folder}/joined && break; sleep 0.02; done")
    return suites.redis(get("redis", "otrace"), part=chosen_redis(part), wrapper=wrapper, attach=attach)


@pytest.mark.long
@pytest.mark.parametrize("part", PARTS)
def test_redis(build, command, part, record_property):
    """The three of them side by side: most of their tests wait for something."""
    get("redis"), get("redis", "otrace")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        plain = pool.submit(reference, "redis", part)
        dormant = pool.submit(suites.redis, get("redis", "otrace"), part=chosen_redis(part))
        traced = pool.submit(redis_traced, command, part)
        plain.result()
        results = {how: keep(build, "redis", part, how, suite.result())
                   for how, suite in (("dormant", dormant), ("everything traced", traced))}
    for how, tested in results.items():
        compare(build, "redis", part, tested, record_property, how)
    joined, started = (len((command.folder / name).read_text().split()) for name in ("joined", "started"))
    record_property("figure", f"redis, everything traced: {joined} of {started} servers were joined")
    # The others end at once: they have a wrong configuration on purpose, or only print something.
    assert joined >= started // 2
