# SPDX-License-Identifier: BSD-2-Clause
"""Walking through a living redis-server by its tree, and asking gdb on the same process what is there."""

import re
import socket
import subprocess
import time
from pathlib import Path

import pytest
from realprograms import get
from realprograms.redis_server import RedisServer


@pytest.fixture(scope="module")
def build_of_redis():
    return get("redis", "otrace")


@pytest.fixture
def server(command, build_of_redis):
    with RedisServer(build_of_redis, environment=command.listening()) as running:
        for number in range(100):
            running.cli("SET", f"key{number}", "value")
        running.cli("RPUSH", "list", "one", "two")
        yield running


def ask(command, server, commands, more=()):
    """{command: its result event}. Nothing may fail."""
    attached = command.attach(server.pid, commands, more=more)
    assert attached.wait() == 0, attached.errors()
    return {text: attached.events.result(text) for text in commands}


def gdb(server, *expressions):
    """What gdb prints for each, on the same process; it lets go of it behind that."""
    words = [word for text in expressions for word in ("-ex", f"output {text}", "-ex", "echo \\n#\\n")]
    done = subprocess.run(["gdb", "-q", "-nx", "-nh", "-batch", "-iex", "set debuginfod enabled off", "-p", str(server.pid),
                           "-ex", "echo #\\n", "-ex", "set width 0", "-ex", "set height 0", *words],
                          capture_output=True, text=True, timeout=300, check=True)
    return [part.strip() for part in done.stdout.split("#\n")[1:len(expressions) + 1]]


def gdb_of_file(server, text):
    """What gdb says about the program file."""
    return subprocess.run(["gdb", "-q", "-nx", "-nh", "-batch", "-iex", "set debuginfod enabled off", "-ex", "set width 0",
                           "-ex", text, str(server.build.binaries["redis-server"])], capture_output=True, text=True, timeout=300,
                          check=True).stdout


def number(text):
    return int(text, 0)


def resident_constants(server):
    """(KiB that the process has of the constant data of its file, KiB of it that there are)."""
    had, size, mine = 0, 0, False
    for line in Path(f"/proc/{server.pid}/smaps").read_text(encoding="utf-8").splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            mine = " r--p " in line and line.endswith(str(server.build.binary))
        elif mine and line.startswith(("Rss:", "Size:")):
            had += int(line.split()[1]) * line.startswith("Rss:")
            size += int(line.split()[1]) * line.startswith("Size:")
    return had, size


def test_looking_takes_no_memory_of_the_program(command, server):
    """Its tables are read from the file, and what the runtime looks at for itself it gives back."""
    before, size = resident_constants(server)
    assert size - before > 200, "the server itself has looked at all of it"
    mine = ask(command, server, ["ls /osh/globals", "ls /osh/types", "find /osh/globals -type 'list *'"])
    assert "server" in mine["ls /osh/globals"]["text"]
    after, _ = resident_constants(server)
    assert after <= before + 64, f"{after - before} KiB more, of {size}; the server's own faults bring up to 64 at a time"


def test_the_steps_of_the_issue_give_what_gdb_gives(command, server):
    """cd server, ls -l, cd db/0, pr *dict, pr server.clients->len: as written there."""
    mine = ask(command, server, ["cd /osh/globals/server", "ls -l", "cd db/0", "pwd", "pr *dict", "pr dict->ht_used[0]",
                                 "pr server.clients->len", "ls -l /osh/globals/server/db/0"])
    assert mine["pwd"]["value"] == "/osh/globals/server/db/0"
    used, exponent, length, first, second, index = gdb(
        server, "server.db[0].dict->ht_used[0]", "(int)server.db[0].dict->ht_size_exp[0]", "server.clients->len",
        "(long)server.db[0].dict->ht_table[0]", "(long)server.db[0].dict->ht_table[1]", "server.db[0].id")
    value = mine["pr *dict"]["value"]
    assert value["ht_used"] == [number(used), 0] and number(used) == 101
    assert value["ht_size_exp"][0] == number(exponent)
    assert int(value["ht_table"][0]["pointer"], 16) == number(first)
    assert value["ht_table"][1] is None and number(second) == 0
    assert mine["pr dict->ht_used[0]"]["text"].strip() == used
    assert mine["pr server.clients->len"]["text"].strip() == length
    entries = {entry["name"]: entry for entry in mine["ls -l /osh/globals/server/db/0"]["value"]}
    assert entries["id"]["value"] == number(index) == 0
    assert entries["dict"]["type"] == "dict *" and entries["dict"]["size"] == 8


def test_a_static_inline_function_of_a_header_is_called(command, build_of_redis):
    """pr sdslen(server.pidfile): each file that includes sds.h has a copy of it, or none is left; any copy will do.

    The file's name is no sds (its length is what lies before it), so one is asked for as well. gdb calls the copy that it likes.
    """
    words = ["sdslen(server.pidfile)", "sdslen(shared.crlf->ptr)", "sdslen(((client *)server.clients->head->value)->querybuf)"]
    with RedisServer(build_of_redis, environment=command.listening(), options=["--pidfile", "pid"]) as server, \
            socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"*2\r\n$4\r\nECHO\r\n$40\r\nthis is not")  # stays in the buffer of its client
        time.sleep(0.2)
        mine = ask(command, server, [f"pr {text}" for text in words], more=["--unsafe"])
        shown = [mine[f"pr {text}"]["text"].splitlines() for text in words]
        assert [lines[0] for lines in shown] == gdb(server, *words)
        # that there are several is said behind the value, as soon as more than one is left
        assert all(len(lines) == 1 or re.fullmatch(r"\(sdslen@\S+ is meant, one of \d+ copies; NAME@file.c chooses\)", lines[1])
                   for lines in shown), shown
        assert mine[f"pr {words[1]}"]["value"] == 2
        assert server.cli("PING") == "PONG"


def test_ls_l_of_the_server_has_gdbs_members_sizes_and_numbers(command, server):
    """All members in their order; sizes of all, values of all integers that nothing changes meanwhile."""
    detail = ask(command, server, ["ls -l /osh/globals/server"])["ls -l /osh/globals/server"]["value"]
    names = [entry["name"] for entry in detail]
    sizes = gdb(server, *[f"sizeof(server.{name})" for name in names])
    assert [entry["size"] for entry in detail] == list(map(number, sizes))
    total = gdb(server, "(long)&server." + names[0] + " - (long)&server",
                *[f"(long)&server.{after} - (long)&server.{before}" for before, after in zip(names, names[1:])])
    assert number(total[0]) == 0 and all(number(step) > 0 for step in total[1:])
    steady = [entry for entry in detail if entry["type"] == "int" and isinstance(entry["value"], int)]
    assert len(steady) > 80
    theirs = gdb(server, *[f"server.{entry['name']}" for entry in steady])
    different = [entry["name"] for entry, value in zip(steady, theirs) if entry["value"] != number(value)]
    assert len(different) <= 3, different  # clocks and counters go on
    port = next(entry for entry in detail if entry["name"] == "port")
    assert port["value"] == server.port


def test_find_has_the_lists_that_gdb_has_among_the_members(command, server):
    """Every member of the server whose type is list *, and what else is found is a list to gdb too."""
    found = ask(command, server, ["find /osh/globals -type 'list *'"])["find /osh/globals -type 'list *'"]["value"]
    members = re.findall(r"^    list \*(\w+);$", gdb_of_file(server, "ptype struct redisServer"), re.M)
    assert len(members) > 8
    assert {f"/osh/globals/server/{name}" for name in members} <= set(found)
    assert len(found) == len(set(found))
    some = [path for path in found if re.fullmatch(r"/osh/globals/\w+(/[a-z]\w*)?", path)][:20]
    for text in gdb(server, *["sizeof(*" + path.removeprefix("/osh/globals/").replace("/", ".") + ")" for path in some
                              if "/" not in path.removeprefix("/osh/globals/server/").removeprefix("/osh/globals/")]):
        assert number(text) == 48


def test_what_find_says_can_be_given_to_pr_and_cd(command, server):
    paths = ask(command, server, ["find /osh/globals/server -type 'list *' -depth 1"])
    paths = paths["find /osh/globals/server -type 'list *' -depth 1"]["value"]
    assert "/osh/globals/server/clients" in paths
    mine = ask(command, server, [f"pr {path}" for path in paths])
    theirs = gdb(server, *["(long)" + path.removeprefix("/osh/globals/").replace("/", ".") for path in paths])
    for path, text in zip(paths, theirs):
        value = mine[f"pr {path}"]["value"]
        assert (int(value["pointer"], 16) if value else 0) == number(text)


def test_methods_of_client_are_the_functions_that_gdb_says_take_one(command, server):
    """`info functions` prints C declarations; those that begin with a pointer to client are the methods."""
    mine = set(ask(command, server, ["ls /osh/types/client/methods"])["ls /osh/types/client/methods"]["value"])
    declared = re.findall(r"^\d+:\t.*?[ *](\w+)\((?:const )?(?:struct )?client \*[,)]",
                          gdb_of_file(server, "info functions -q -n"), re.M)
    assert len(declared) > 300
    alone = {name.split("@")[0] for name in mine}
    assert set(declared) <= alone, sorted(set(declared) - alone)
    # What was inlined everywhere has no function in the debugger's list; nothing else may be more.
    more = sorted(alone - set(declared))
    signatures = ask(command, server, [f"ls -l /osh/types/client/methods/{name}" for name in more])
    for name in more:
        text = signatures[f"ls -l /osh/types/client/methods/{name}"]["value"][0]["text"]
        assert re.search(r"\((?:const )?(?:struct )?client \*", text), text
        assert "(inlined only)" in text, text


def test_grep_finds_the_port_where_it_is(command, server):
    found = ask(command, server, [f"grep {server.port} /osh/globals/server -depth 2"])
    found = found[f"grep {server.port} /osh/globals/server -depth 2"]["value"]
    assert {"path": "/osh/globals/server/port", "text": str(server.port)} in found
