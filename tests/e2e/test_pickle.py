# SPDX-License-Identifier: BSD-2-Clause
"""Files of contexts: written by one shell, read by others when the program and its file are gone."""
import contextlib
import os
import random
import re
import shutil
import sqlite3
import struct
import subprocess
import threading
import time

import pytest

from test_contexts import printed
from waiting import TIMEOUT


@pytest.fixture(scope="module")
def program(compiled):
    return compiled("contexts.c", "-O1")


def between(done):
    """What was printed between the marks around each command."""
    return [text.strip() for text in done.out.split('"<<<"\n')[1:-1]]


def marked(commands):
    return [word for command in commands for word in ('"<<<"', command)] + ['"<<<"']


def options(commands):
    return [word for command in commands for word in ("-e", command)]


def opened(tool, file, commands):
    done = tool("open", *options(marked(commands)), file)
    return done, between(done)


def numbers(names):
    return [name.rsplit(".")[-1] for name in names.split()]


@pytest.fixture
def written(tool, program):
    """A file that a shell wrote of a program which is deleted now; and what the shell and the program printed."""
    mine = tool.folder / "prog"
    shutil.copy(program, mine)
    done = tool.run(["set pickle_file calls.db", "trace -d 3 settle", "run", '"<<<"',
                     "ls -l /osh/recent/traces/settle/call", '"<<<"', "save -o one.db ~2"], mine)
    mine.unlink()
    return tool.folder / "calls.db", done


def test_values_are_there_when_the_program_is_gone(tool, written):
    file, before = written
    names = ["order->id", "order->note", "order->account->balance", "order->account->owner", "order->next->id",
             "order->rates[1]", "limit.low", "why", "*fee", "return", "errno", "order->id + limit.low",
             "pr __after/order/note", "cd __after", "order->account->balance", "*fee", "cd -"]
    commands = [word for seq in (1, 2, 3) for word in (f"cd ~{seq}", *names)]
    done, got = opened(tool, file, ["ls -l /osh/pickled/traces/settle/call", *commands, "ls", "pwd", "pr __trc/stack",
                                    "pr __trc/thread", "ls -l /osh/types/order/fields", "settle(0, 0, 0, 0)",
                                    "order->wild->id + 1", "cd order/wild", "reasons[0] + 1", "cd /osh/globals/reasons/0"])
    assert got[0] == between(before)[0]
    calls, ends = printed(before.out, "call"), printed(before.out, "end")
    assert len(calls) == len(ends) == 3
    for i, (call, end) in enumerate(zip(calls, ends)):
        at = 2 + i * (len(names) + 1)
        low = 11 * (i + 1)
        assert got[at:at + len(names)] == [
            call["id"], f'"{call["note"]}"', call["balance"], f'"{call["owner"]}"', call["next"], call["rate"], str(low),
            f'"{call["why"]}"', call["fee"], end["got"], end["errno"], str(i + 1 + low), f'"{end["note"]}"', "",
            end["balance"], end["fee"], got[at + len(names) - 1]]
    inside, where, stack, thread, fields = got[-10:-5]
    # there is no __live, and without the program's file no caller
    assert inside.split() == ["order", "limit", "why", "fee", "return", "errno", "__after", "__trc"]
    assert re.fullmatch(r"/osh/pickled/traces/settle/call/\S+\.3", where)
    assert stack.startswith("settle at contexts.c:") and "prog is gone, or another file by now" in stack
    assert thread == '"prog"' or thread == "prog"
    assert fields.split()[0] == "id"
    assert "nothing runs" in done.err
    assert done.err.count("is not in the copy") >= 2 and "__live" not in done.err


def test_callers_are_there_while_the_program_is(tool, program):
    tool.run(["trace -d 1 settle", "run", "save -o one.db ~2"], program)
    _, got = opened(tool, "one.db", ["cd ~~", "up", "strict", "up", "pwd", "pr __trc/func"])
    assert got[2] == "2"
    assert got[4].endswith("/__up/__up") and "serve" in got[5]


def test_a_frame_of_no_file_has_no_place(tool, program):
    tool.run(["trace -d 1 settle", "run", "save -o one.db ~2"], program)
    with contextlib.closing(sqlite3.connect(tool.folder / "one.db")) as db:
        db.execute("UPDATE file SET base = 0")
        db.commit()
    _, got = opened(tool, "one.db", ["cd ~2", "pr __trc/stack", "ls -l"])
    assert re.search(r"^0x[0-9a-f]+$", got[1], re.MULTILINE) and " at\n" not in (got[1] + got[2]).replace(" at \n", " at\n")


def test_any_shell_reads_them_and_filters(tool, compiled, written):
    file, _ = written
    other = compiled("calls.c")
    done = tool.run(marked(["unpickle one.db", "ls /osh/pickled/traces/settle/call", "order->id", "cd ~2", "order->account->owner",
                            f"unpickle {file} seq=3", "ls /osh/pickled/traces/settle/call",
                            f"unpickle {file} id=settle:*", "ls /osh/pickled/traces/settle/call",
                            "rm -r /osh/pickled/traces", "ls /osh/pickled", f"unpickle {file} colour=1",
                            f"unpickle {file} function=none", "unpickle nothing.db"]), other)
    got = between(done)
    assert got[0] == "1 context of one.db in /osh/pickled"
    assert numbers(got[1]) == ["2"]
    assert got[4] == '"cleo"'
    assert got[5].startswith("1 context") and numbers(got[6]) == ["2", "3"]
    # what is read again is there once
    assert got[7].startswith("3 contexts") and sorted(numbers(got[8])) == ["1", "2", "3"]
    assert got[9] == "Deleted 3 contexts" and "traces" not in got[10]
    assert 'no field "colour"' in done.err and got[12].startswith("0 contexts")
    assert "cannot open nothing.db: No such file" in done.err


def test_results_that_come_late_and_limits(tool, program):
    # each call of settle pushes the context of the serve that makes it out
    done = tool.run(["set max_recent 1", "set pickle_file late.db", "trace -d 1 serve settle", "run", "ls /osh/all",
                     "set pickle_file ''", "set pickle_max_bytes 100", "save -o cut.db *"], program)
    assert done.status == 0, done.err
    _, got = opened(tool, "late.db", ["ls -l /osh/pickled/traces/serve/call", "ls -l /osh/pickled/traces/settle/call"])
    results = re.findall(r"^\S+ \S+\.\d+ return (\d+)|^(?:serve|settle):\S+ return (\d+)", done.err, re.MULTILINE)
    shown = [int(text) for text in re.findall(r"return (-?\d+)", got[0] + "\n" + got[1])]
    assert len(shown) == 6 and sorted(shown) == sorted(int(a or b) for a, b in results)
    _, got = opened(tool, "cut.db", ["cd ~~", "pr __trc/copied"])
    assert re.search(r"pickle_max_bytes had no room for \d+ more pieces", got[1])


def test_files_are_added_to_and_trouble_is_said_once(tool, program):
    for _ in range(2):
        tool.run(["set pickle_file both.db", "trace -d 1 settle", "run"], program)
    with sqlite3.connect(tool.folder / "both.db") as db:
        assert db.execute("SELECT process, count(*) FROM context GROUP BY process").fetchall() == [(1, 3), (2, 3)]
    _, got = opened(tool, "both.db", ["ls /osh/pickled/traces/settle/call"])
    assert sorted(numbers(got[0])) == ["1", "1", "2", "2", "3", "3"]
    done = tool.run(["set pickle_file /nowhere/x.db", "set pickle_file both.db", "set pickle_max_file 1k", "trace -d 1 settle",
                     "run", "trace"], program)
    assert "/nowhere/x.db" in done.err
    assert done.err.count("pickle_max_file allows no more") == 1


@contextlib.contextmanager
def writing(tool, program, file):
    """A shell that writes what the program does, while the block runs."""
    commands = [f"set pickle_file {file}", "trace -d 1 settle", "run"]
    options = [word for command in commands for word in ("-e", command)]
    shell = subprocess.Popen([tool.path, "run", *options, "--", program], cwd=tool.folder, env=tool.env,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield shell
    shell.out = shell.communicate(timeout=TIMEOUT)[0]


def nr_rows(file):
    with contextlib.closing(sqlite3.connect(file)) as db:
        return db.execute("SELECT process, count(*) FROM context GROUP BY process").fetchall()


def test_two_shells_may_begin_the_same_file(tool, program, written):
    with contextlib.closing(sqlite3.connect(written[0])) as db:
        schema = db.execute("SELECT sql FROM sqlite_master WHERE type = 'table'").fetchall()
        numbers_of_it = [f"PRAGMA {name}={db.execute(f'PRAGMA {name}').fetchone()[0]}"
                         for name in ("application_id", "user_version")]
    file = tool.folder / "new.db"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with writing(tool, program, file) as shell:
            time.sleep(0.4)  # it has seen an empty file, and waits for its turn
            for command in [*numbers_of_it, *(sql for sql, in schema), "COMMIT"]:
                db.execute(command)
    assert "otrace: " not in shell.out and nr_rows(file) == [(1, 3)]


@pytest.mark.parametrize("lock", [["BEGIN IMMEDIATE"], ["BEGIN", "SELECT count(*) FROM context"]],
                         ids=["writes", "reads"])
def test_while_another_has_the_file_contexts_wait(tool, program, lock):
    file = tool.folder / "one.db"
    tool.run([f"set pickle_file {file}", "trace -d 1 settle", "run"], program)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
        for command in lock:
            db.execute(command)
        with writing(tool, program, file) as shell:
            time.sleep(2.5)
            db.execute("COMMIT")
    assert "otrace: " not in shell.out and nr_rows(file) == [(1, 3), (2, 3)]


def test_foreign_and_newer_files_say_what_they_are(tool, written):
    file, _ = written
    foreign = tool.folder / "foreign.db"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE t(a)")
    newer = tool.folder / "newer.db"
    shutil.copy(file, newer)
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version=99")
    text = tool.folder / "text.db"
    text.write_text("no database at all\n")
    done = tool("open", "-e", f"unpickle {foreign}", "-e", f"unpickle {newer}", "-e", f"unpickle {text}",
                "-e", "set pickle_file text.db", file)
    assert "not one of otrace's contexts" in done.err
    assert "a newer otrace wrote it (format 99, this one reads up to 2)" in done.err
    assert done.err.count("it is not SQLite's") == 2
    assert tool("open", foreign).status == tool("open", newer).status == 1
    assert text.read_text() == "no database at all\n"


def test_damaged_files_are_errors(tool, written):
    file, _ = written
    whole = file.read_bytes()
    chance = random.Random(7)
    damaged = tool.folder / "damaged.db"
    look = options(["ls -l /osh/pickled/*/*/*", "cd ~2", "ls -l", "*order", "pr __after/order", "ls -l __trc"])
    nr_errors = 0
    for i in range(40):
        data = bytearray(whole[:chance.randrange(100, len(whole))] if i % 4 == 0 else whole)
        for _ in range(0 if i % 4 == 0 else chance.choice((1, 20, 400))):
            data[chance.randrange(100, len(data))] ^= chance.randrange(1, 256)
        damaged.write_bytes(data)
        done = tool("open", *look, damaged)
        assert done.status in (0, 1), (i, done.status, done.err)
        nr_errors += done.status
    assert nr_errors > 10


def test_files_that_ask_for_too_much_get_nothing(tool, written):
    file, _ = written
    with contextlib.closing(sqlite3.connect(file)) as db:
        # 1 GB: all pieces are the same bytes
        db.execute("UPDATE context SET memory = zeroblob(1048576), pieces = ? WHERE seq = 2",
                   (struct.pack("<QIIII", 4096, 0, 1 << 20, 0, 0) * 1000,))
        os.mkfifo(tool.folder / "pipe")
        db.execute("UPDATE file SET path = ?", (str(tool.folder / "pipe"),))
        db.commit()
    opener = threading.Thread(target=lambda: os.close(os.open(tool.folder / "pipe", os.O_WRONLY)), daemon=True)
    opener.start()
    done, got = opened(tool, file, ["cd ~2", "ls", "cd ~1", "order->id", "pr __trc/stack"])
    assert done.status == 0 and "the pieces of settle:" in done.out + done.err and got[3] == "1"
    assert "pipe is gone, or another file by now" in got[4] and opener.is_alive()
    os.close(os.open(tool.folder / "pipe", os.O_RDONLY | os.O_NONBLOCK))
