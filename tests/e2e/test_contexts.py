# SPDX-License-Identifier: BSD-2-Clause
"""Contexts: what single calls were made with, looked at when the program is long somewhere else."""
import re

import pytest


def printed(out, word):
    """The lines that begin with the word, as the name=value that they have."""
    return [dict(re.findall(r"(\w+)=(.*?)(?= \w+=|$)", line)) for line in out.splitlines() if line.split()[0] == word]


@pytest.fixture(scope="module")
def program(compiled):
    return compiled("contexts.c", "-O1")


def texts(tool, program, commands, *args, before=("trace -d 3 settle", "run")):
    """Runs in text and returns what stands between the marks that are printed around each command."""
    marked = [word for command in commands for word in ('"<<<"', command)]
    done = tool.run([*before, *marked, '"<<<"'], program, *args)
    return done, [text.strip() for text in done.out.split('"<<<"\n')[1:-1]]


def test_values_are_those_of_the_call_and_of_its_end(tool, program):
    names = ["order->id", "order->note", "order->account->balance", "order->account->owner", "order->next->id",
             "order->rates[1]", "limit.low", "limit.high", "why", "*fee", "return", "errno",
             "pr __after/order/note", "cd __after", "order->account->balance", "*fee"]
    commands = [word for seq in (1, 2, 3) for word in (f"cd ~{seq}", *names)]
    done, got = texts(tool, program, commands)
    calls, ends = printed(done.out, "call"), printed(done.out, "end")
    assert len(calls) == len(ends) == 3
    for i, (call, end) in enumerate(zip(calls, ends)):
        mine = got[i * (len(names) + 1) + 1:(i + 1) * (len(names) + 1)]
        assert mine == [call["id"], f'"{call["note"]}"', call["balance"], f'"{call["owner"]}"', call["next"],
                        call["rate"], str(11 * (i + 1)), f"{i + 1}.5", f'"{call["why"]}"', call["fee"], end["got"],
                        end["errno"], f'"{end["note"]}"', "", end["balance"], end["fee"]]


def test_what_leads_out_of_the_copy_says_so(tool, program):
    _, got = texts(tool, program, ["cd ~3", "order->wild->id", "pr order/wild/id", "*order->wild", "pr __live/order/id",
                                   "order->id"])
    assert got[0] == ""
    assert got[3].startswith("<not in the copy 0x10")
    # at its end the program had made it -1
    assert got[4:] == ["-1", "3"]


def test_pointers_out_of_the_copy_are_errors(tool, program):
    done = tool.run(["trace -d 1 settle", "run", "cd ~~", "order->next->id + 0", "cd order/account"], program)
    assert done.err.count("not in the copy (__live follows it)") == 2


def test_a_killed_program_leaves_its_contexts(tool, program):
    done, got = texts(tool, program, ["cd ~2", "order->note", "order->account->owner", "pr __trc/where", "cd __up",
                                      "strict"], "3", "kill")
    call = printed(done.out, "call")[1]
    assert got[1:3] == [f'"{call["note"]}"', f'"{call["owner"]}"']
    assert got[3].endswith("main-->serve-->checked-->settle")
    assert got[5] == "2"


def test_callers_show_their_locals(tool, program):
    done, got = texts(tool, program, ["cd ~3", "up", "strict", "order->note", "pwd", "up", "total", "word", "fee", "view",
                                      "dn", "strict", "dn", "pwd", "pr __trc/stack", "order->id",
                                      "cd __up", "ls", "where"])
    call = printed(done.out, "call")[2]
    here = got[13]
    assert re.fullmatch(r"/osh/recent/traces/settle/call/\d{6}-\d\d-\d\d-\d\d\.3", here)
    assert got[2:5] == ["3", f'"{call["note"]}"', f"{here}/__up"]
    assert got[6:9] == [call["total"], f'"{call["word"]}"', call["fee"]]
    view = got[9].splitlines()
    assert re.fullmatch(r"contexts.c:\d+ serve", view[0])
    line = view[0].split(":")[1].split()[0]
    assert any(re.match(rf" *{line} +got = checked\(order, &fee, round\);", text.expandtabs()) for text in view)
    assert got[11] == "3"
    stack = got[14].splitlines()
    assert [text.split()[0] for text in stack[:4]] == ["settle", "checked", "serve", "main"]
    assert all(re.search(r" at contexts\.c:\d+$", text) for text in stack[:4]), stack
    assert not any("otrace" in text for text in stack)
    assert got[15] == "3"
    # what the compiler left nothing of is there, and says so
    assert {"order", "strict", "fee", "level", "left", "__up", "__down", "__trc"} == set(got[17].split())
    assert got[18].endswith("main-->serve-->checked-->settle")


def test_what_is_known_of_a_call(tool, program):
    done, got = texts(tool, program, ["cd ~1/__trc", "ls -l", "cd ..", "where", "cd", "view -i"])
    known = dict(line.split(maxsplit=1) for line in got[1].splitlines())
    event = re.search(r"(settle:tr-call:\S+\.1) return \S+  \((.*?)\)", done.err)
    assert known["id"] == event[1] and known["duration"] == event[2]
    assert known["context"] == "traces" and known["depth"] == "1"
    assert known["tid"].isdigit() and known["cpu"].isdigit()
    assert known["thread"] == program.name[:15]
    assert known["func"].startswith("long settle(struct order *order, struct limit limit")
    assert got[3] == known["where"] and known["where"].endswith("main-->serve-->checked-->settle")
    assert re.match(r"\S+/contexts\.c:\d+ settle\n", got[5])


def test_the_newest_are_kept_and_saved_ones_stay(tool, program):
    done, got = texts(tool, program, ["save 18", "set max_recent 2", "ls /osh/recent/traces/settle/call",
                                      "ls /osh/saved/traces/settle/call", "cd ~18", "pwd", "order->id", "del",
                                      "pwd", "ls /osh/all", "del *", "ls /osh/all", "cd ~~", "pwd"],
                      "20", before=("set max_recent 5", "trace -d 3 settle", "run", "ls /osh/all"))
    first = done.out.split('"<<<"\n')[0]
    assert re.findall(r"^settle:tr-call:\S+\.(\d+)$", first, re.MULTILINE) == ["16", "17", "18", "19", "20"]
    assert re.fullmatch(r"Saved settle:tr-call:\S+\.18", got[0])
    assert [name.rsplit(".")[-1] for name in got[2].split()] == ["19", "20"]
    assert [name.rsplit(".")[-1] for name in got[3].split()] == ["18"]
    assert re.fullmatch(r"/osh/saved/traces/settle/call/\S+\.18", got[5]) and got[6] == "18"
    assert re.fullmatch(r"Deleted settle:tr-call:\S+\.18", got[7]) and got[8] == "/osh/globals"
    assert [name.rsplit(".")[-1] for name in got[9].split()] == ["19", "20"]
    assert got[13] == "/osh/globals"


def test_entries_are_removed_by_path(tool, program):
    _, got = texts(tool, program, ["rm ~2", "ls -t /osh/recent/traces/settle/call", "rm -r /osh/recent/traces",
                                   "ls /osh/all"])
    assert got[0] == "Deleted 1 context"
    assert [name.rsplit(".")[-1] for name in got[1].split()] == ["3", "1"]
    assert got[2] == "Deleted 2 contexts"
    done = tool.run(["trace -d 1 settle", "run", "rm /osh/recent/traces", "rm /osh/globals/main", "rm"], program)
    assert "is a directory (rm -r)" in done.err and "is no entry that can be removed" in done.err


def test_lists_show_calls_on_a_line_and_json_has_the_values(tool, program):
    done = tool.json(["trace -d 3 settle", "run", "ls -l /osh/recent/traces/settle/call", "cd ~2", "ls -l",
                      "pr __trc/where"], program)
    call, end = (printed(done.out, word)[1] for word in ("call", "end"))
    lines = done.result("ls -l /osh/recent/traces/settle/call")["value"]
    assert [line["kind"] for line in lines] == ["context"] * 3
    assert 'limit={low = 22, high = 2.5}, why="end of month"' in lines[1]["text"]
    assert f'return {end["got"]}  (' in lines[1]["text"]
    entries = {entry["name"]: entry for entry in done.result("ls -l")["value"]}
    assert list(entries) == ["order", "limit", "why", "fee", "return", "errno", "__after", "__live", "__trc", "__up"]
    assert entries["limit"]["value"] == {"low": 22, "high": 2.5}
    assert entries["return"]["value"] == int(end["got"])
    assert entries["__up"]["text"].startswith("checked at contexts.c:")
    assert done.result("pr __trc/where")["value"].endswith("serve-->checked-->settle")
    assert call["id"] == "2"


def test_plain_traces_make_contexts_and_quiet_ones_none(tool, program):
    done = tool.run(["trace settle", "run", "cd ~~", "order->id", "order->next->id", "pr __trc/where"], program)
    assert "-->serve-->checked-->settle" in done.out
    done = tool.run(["trace -q settle", "run", "ls /osh/recent"], program)
    assert "there is none yet" in done.out + done.err


def test_that_no_contexts_are_made_is_said(tool, program):
    said = r"note: no contexts of \d+ functions without a condition; -d 1 makes them\n"
    assert re.search(said, tool.run(["trace *"], program).out)
    for plain in ("trace -q *", "trace -d 0 *", "trace -d 1 *", "trace settle"):
        assert "no contexts" not in tool.run([plain], program).out
    for option in ("-q", "-w"):
        done = tool.run([f"trace {option} -c error settle", "run", "ls /osh/recent"], program)
        assert f"note: no contexts with {option}; -d 1 makes them\n" in done.out
        assert "trace -c COND or -d 1" in done.out + done.err


def test_calls_decided_at_their_end_show_the_end(tool, program):
    done, got = texts(tool, program, ["ls /osh/recent/traces/settle", "cd ~~", "order->note", "order->account->balance",
                                      "limit.low", "return", "pr __trc/where"], before=(
                                          "trace -c 'return < 970' -d 3 settle", "run"))
    end = printed(done.out, "end")[2]
    assert got[0] == "return < 970"
    assert got[2:6] == [f'"{end["note"]}"', end["balance"], "33", end["got"]]
    assert got[6].endswith("serve-->checked-->settle")


def test_of_calls_decided_at_their_end_what_is_const_is_copied_too(tool, program):
    done, got = texts(tool, program, ["cd ~~", "order->id", "order->note", "order->account->balance"],
                      before=("trace -c 'return == 2' -d 2 audit", "run"))
    end = printed(done.out, "end")[1]
    assert got[1:] == ["2", f'"{end["note"]}"', end["balance"]]


def test_assertions_show_the_locals_of_their_frame(tool, compiled, build):
    program = compiled("traceasserts.c", f"-I{tool.source}/runtime/include", "-O1")
    done, got = texts(tool, program, ["cd ~~asserts", "local", "text", "errno", "pr __trc/where", "view", "up", "pwd"],
                      "4", before=("trace outer", "run"))
    assert got[1:4] == ["29", '"lvl-4"', "33"]
    assert got[4].endswith("main-->outer-->check")
    assert re.match(r"traceasserts\.c:\d+ check\n", got[5]) and "traceassert(counted(local)" in got[5]
    assert re.fullmatch(r"/osh/recent/asserts/check/too_high__level/\S+/__up", got[7])
    assert done.status == 0


def test_a_parked_threads_context_is_kept(tool, program):
    terminal = tool.terminal("run", program, "30")
    terminal.ready()
    terminal.type("set max_recent 1")
    terminal.type("trace -a break -c 'order->id < 3' -d 2 settle")
    terminal.type("run")
    terminal.expect("settle:br-")
    terminal.ready()
    terminal.sendline("cd ~~breaks")
    terminal.expect(r"BRK:settle\.\.\d\d-\d\d-\d\d\.1> ")
    terminal.sendline("order->id")
    terminal.expect(r"\n1\r")
    terminal.sendline("resume")
    terminal.expect("settle:br-")
    terminal.sendline("quit")
    terminal.finish()


def test_the_prompt_follows(tool, program):
    terminal = tool.terminal("run", program)
    terminal.ready()
    terminal.type("trace -d 3 settle")
    terminal.type("run")
    terminal.sendline("cd ~~")
    terminal.expect(r"settle\.\.\d\d-\d\d-\d\d\.3> ")
    terminal.sendline("up")
    terminal.expect(r"osh\.\.checked> ")
    terminal.sendline("up")
    terminal.expect(r"osh\.\.serve> ")
    terminal.sendline("cd")
    terminal.expect(r"settle\.\.\d\d-\d\d-\d\d\.3> ")
    terminal.sendline("cd order")
    terminal.expect(r"osh\.\.order> ")
    terminal.sendline("quit")
    terminal.finish()


def seqs(text):
    return re.findall(r"\.(\d+)$", text, re.MULTILINE)


def test_what_was_saved_goes_only_when_it_is_named(tool, program):
    _, got = texts(tool, program, ["save 2", "save 3", "rm -r /osh/all", "ls /osh/saved/traces/settle/call",
                                   "rm -r /osh/recent/*", "ls /osh/all", "rm ~2", "ls /osh/all", "cd /osh",
                                   "rm -r saved/*", "ls /osh/all"], "4")
    assert got[2] == "Deleted 2 contexts\n(2 that were saved stay (rm -r /osh/saved removes them))"
    assert seqs(got[3].replace("  ", "\n")) == ["2", "3"]
    assert got[4] == "Deleted 0 contexts\n(2 that were saved stay (rm -r /osh/saved removes them))"
    assert seqs(got[5]) == ["2", "3"]
    assert got[6] == "Deleted 1 context" and seqs(got[7]) == ["3"]
    assert got[9] == "Deleted 1 context" and seqs(got[10]) == []


def test_all_lists_numbers_as_numbers(tool, program):
    done = tool.json(["trace -d 1 settle", "run", "ls /osh/all"], program, "12")
    assert seqs("\n".join(done.result("ls /osh/all")["value"])) == [str(n) for n in range(1, 13)]


def test_searches_go_up_and_not_down_again(tool, program):
    """Frames, and what was there at the end, are looked at once; what the program has now is not."""
    done = tool.json(["trace -d 3 settle", "run", "cd ~~", "find -depth 8", "find . -name id", "grep 3",
                      "cd __live", "find -name id"], program)
    paths = [path.split("/call/", 1)[1].split("/", 1)[1] for path in done.result("find -depth 8")["value"]]
    assert len(paths) == len(set(paths))
    assert not [path for path in paths if "__down/" in path or "__live/" in path]
    assert "__up/strict" in paths and "__up/__up/round" in paths and "order/next/id" in paths
    ids = [path.split("/call/", 1)[1].split("/", 1)[1] for path in done.result("find . -name id")["value"]]
    assert [path for path in ids if "__trc" not in path] == [
        "order/id", "order/next/id", "__after/order/id", "__after/order/next/id"]
    at = [row["path"].split("/call/", 1)[1].split("/", 1)[1] for row in done.result("grep 3")["value"]]
    assert "order/id" in at and "__up/__up/round" in at
    assert [path.rsplit("/", 3)[1:] for path in done.result("find -name id")["value"]][0] == ["__live", "order", "id"]


def test_searches_look_into_each_copy(tool, program):
    """The same pointer leads to something else in each context."""
    done = tool.json(["trace -d 3 settle", "run", "find /osh/recent -name balance -depth 8"], program)
    found = done.result("find /osh/recent -name balance -depth 8")["value"]
    assert len([path for path in found if path.endswith("/order/account/balance") and "__after" not in path]) == 3


def test_labels_with_blanks_are_completed_with_quotes(tool, program):
    """What TAB makes of a label or an id is one word to the shell."""
    terminal = tool.terminal("run", program).ready()
    terminal.type("trace -q -d 1 -c 'order->id > 2 | order->id == 1' settle")
    terminal.type("run")
    terminal.expect("ended with status")
    terminal.ready()
    folder = "/osh/recent/traces/settle/"
    escaped = r"order->id\ >\ 2\ \|\ order->id\ ==\ 1".replace("\\ >", "\\ \\>")
    for typed, whole in ((f"ls {folder}", folder + escaped), (f"ls {folder}order->id\\ ", folder + escaped),
                         (f"ls '{folder}order->id > 2 ", folder + "order->id > 2 | order->id == 1"),
                         ("ls -t /osh/recent/tr", "/osh/recent/traces"), ("save settle:", "tr-" + escaped + ":")):
        terminal.send(typed + "\t")
        terminal.expect_exact(whole)
        terminal.send("\x15")
    terminal.send(f"cd {folder}o\t\t")
    terminal.expect_exact("order->id")
    terminal.sendline("")
    terminal.expect(r"osh\.\.\S[^\n]*> ")
    terminal.sendline("pwd")
    terminal.expect_exact(folder + "order->id > 2 | order->id == 1\r\n")
    terminal.send("cd ~~; save settle:tr-order->id\\ \t")
    terminal.expect_exact("\\ ==\\ 1:")
    terminal.sendline("1")
    terminal.expect(r"Saved settle:tr-order->id > 2 \| order->id == 1:\S+\.1\r")
    terminal.sendline("quit")
    terminal.finish()


@pytest.mark.parametrize("command", ["save settle:tr-order->id > 2:1", "del settle:tr-order->id == 2:1",
                                     "cd ~settle:tr-order->id > 2:1", "cd ~settle:tr-order->id == 2:1"])
def test_ids_that_want_quotes_say_so(tool, program, command):
    done = tool.json(["trace -q -d 1 -c 'order->id > 2' settle", "run", command], program)
    assert "needs quotes" in done.err
    assert not [path for path in tool.folder.iterdir() if path.name.startswith("2:")]


def test_null_is_null(tool, compiled):
    """Also as a text, and what lies behind it is not said to be elsewhere."""
    _, got = texts(tool, compiled("nothing.c"), [
        "cd ~~", "text", "none", "text == 0", "pr !text", "*indirect", "link->next->name", "link->next->next", "*none",
        "*link->next->next", "**indirect", "text ? 1 : 2"], before=("trace -d 2 look", "run"))
    assert got[1:] == ["NULL", "NULL", "1", "1", "NULL", "NULL", "NULL", "<NULL>", "<NULL>", "<NULL>", "2"]
    done = tool.json(["trace -d 2 look", "run", "cd ~~", "text", "*text", "none->number + 1", "*none"],
                     compiled("nothing.c"))
    assert done.result("text")["value"] is None and done.result("*none")["value"] == {"unreadable": "0x0"}
    assert "not in the copy" not in done.err and "cannot be read" in done.result("none->number + 1")["error"]
