# SPDX-License-Identifier: BSD-2-Clause
"""tag, untag: objects that are followed, from where they are tagged to where the program frees them."""
import re
import subprocess

import pytest

NR = 32
PART_OFFSET = 4


@pytest.fixture(scope="module")
def program(compiled):
    return compiled("tagged.c", "-pthread")


@pytest.fixture
def waiting(tool, program):
    """The program, at rest behind fill()."""
    process = tool.listen(program, "wait")
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


class Session:
    """What a batch of commands said, each command numbered: the same may come several times."""

    def __init__(self, done):
        self.done = done
        self.results = done.of("result")

    def result(self, command, nth=0):
        return [r for r in self.results if r["command"] == command][nth]

    def value(self, command, nth=0):
        assert self.result(command, nth)["error"] is None, self.result(command, nth)
        return self.result(command, nth)["value"]

    def events(self, what):
        return [e for e in self.done.events if e["event"] == "tag" and e["what"] == what]


def run(tool, program, commands):
    return Session(tool.json(commands, program, options=["--unsafe"]))


def number(text):
    return int(text, 0) if isinstance(text, str) else int(text["pointer"], 0)


def test_a_tag_follows_its_object_to_the_end(tool, program):
    s = run(tool, program, ["fill()", "tag nodes[1] one", "nodes[1]", "tag", "grow(1, 1000000)", "tag", "nodes[1]",
                            "grow(1, 80)", "release(1)", "tag", "nodes[1] = make(1)"])
    tagged = s.value("tag nodes[1] one")
    assert tagged == {"tag": 1, "label": "one", "address": tagged["address"], "bytes": 120, "type": "struct node",
                      "by": "you"}
    assert number(s.value("nodes[1]")) == number(tagged["address"])
    assert s.value("tag") == [tagged]
    text = s.result("tag nodes[1] one")["text"]
    assert text == f"Tagged (struct node *) {tagged['address']}, 120 bytes, as one"
    assert re.match(r"1 +one +0x[0-9a-f]+  120 bytes  struct node  by you, .* ago$", s.result("tag")["text"])
    # errno is what the program set
    assert s.value("grow(1, 1000000)") == 77 and s.value("release(1)") == 78
    moved, cut = s.events("moved")
    assert moved["from"] == tagged["address"] != moved["address"] and moved["bytes"] == 120
    assert s.value("tag", 1)[0]["address"] == moved["address"]
    assert number(s.value("nodes[1]", 1)) == number(moved["address"])
    assert (cut["bytes"], cut["label"], cut["address"]) == (80, "one", cut["from"])
    ended, = s.events("ended")
    assert (ended["tag"], ended["why"]) == (1, "freed")
    assert s.value("tag", 2) == [] and s.result("tag", 2)["text"] == "nothing is tagged"


def test_parts_end_and_move_with_what_they_are_in(tool, program):
    s = run(tool, program, ["fill()", "tag &nodes[2].part inner", "tag nodes[2] outer", "grow(2, 200000)", "tag",
                            "grow(2, 0)", "tag", "nodes[2] = make(2)"])
    assert {e["label"] for e in s.events("moved")} == {"inner", "outer"}
    lies = {t["label"]: number(t["address"]) for t in s.value("tag")}
    assert lies["inner"] - lies["outer"] == PART_OFFSET
    # realloc() to nothing is free()
    assert {(e["label"], e["why"]) for e in s.events("ended")} == {("inner", "freed"), ("outer", "freed")}


def test_parts_end_and_move_with_blocks_that_are_not_tagged(tool, program):
    s = run(tool, program, ["fill()", "tag &nodes[2].part inner", "tag &nodes[3].text[100] last", "grow(2, 200000)", "tag",
                            "release(2)", "nodes[2] = make(2)", "grow(3, 60)", "release(4)", "tag", "nodes[4] = make(4)"])
    moved, = s.events("moved")
    assert moved["label"] == "inner" and moved["from"] != moved["address"] == s.value("tag")[0]["address"]
    assert [(e["label"], e["why"]) for e in s.events("ended")] == [("inner", "freed"), ("last", "realloc() left nothing of it")]
    assert s.value("tag", 1) == []


def test_what_can_be_tagged_and_how_large_it_is(tool, program):
    s = run(tool, program, ["fill()", "tag fixed", "tag nodes whole", "tag anything", "tag -b 40 anything", "tag number",
                            "tag 5", "tag function", "tag nosuchthing", "tag -b 0 anything", "tag -z fixed", "tag (void*)0",
                            "tag -b 4", "tag a b c", "tag -b 100000000000000 anything", "cd fixed", "tag . here", "untag 1",
                            "tag"])
    assert s.value("tag fixed")["bytes"] == 120
    assert s.value("tag nodes whole")["bytes"] == 8 * NR
    assert s.value("tag -b 40 anything")["bytes"] == 40
    for command, part in (("tag anything", "how large"), ("tag number", "&number"), ("tag 5", "no pointer"),
                          ("tag function", "function"), ("tag nosuchthing", "nosuchthing"),
                          ("tag -b 0 anything", "-b wants"), ("tag -z fixed", "-z"), ("tag (void*)0", "NULL"),
                          ("tag -b 4", "which object"), ("tag a b c", '"c"'),
                          ("tag -b 100000000000000 anything", "out of range")):
        assert part in s.result(command)["error"], command
    # one object has one tag: the directory's is that of the first, tagged anew
    here = s.value("tag . here")
    assert here["address"] == s.value("tag fixed")["address"] and here["type"] == "struct node"
    assert "no label" in s.result("untag 1")["error"]
    assert {t["label"] for t in s.value("tag")} == {"here", "whole", s.value("tag -b 40 anything")["address"]}


def test_untag_by_pointer_label_number_and_all(tool, program):
    s = run(tool, program, ["fill()", *(f"tag nodes[{i}] {name}" for i, name in enumerate("aabcdef")),
                            "untag nodes[2]", "untag a", "untag 4", "untag node:tg-d:261122-14-11-44.5", "untag nodes[2]",
                            "untag nosuch", "untag", "tag", "release(3)", "untag *", "tag"])
    assert s.result("untag nodes[2]")["text"] == "Untagged b"
    assert s.result("untag a")["text"] == "Untagged a\nUntagged a"
    assert s.result("untag 4")["text"] == "Untagged c"
    assert s.result("untag node:tg-d:261122-14-11-44.5")["text"] == "Untagged d"
    assert "not tagged" in s.result("untag nodes[2]", 1)["error"]
    assert "no label" in s.result("untag nosuch")["error"] and "which object" in s.result("untag")["error"]
    assert [t["label"] for t in s.value("tag")] == ["e", "f"]
    assert s.result("untag *")["text"] == "Untagged * (2 objects)"
    assert not s.events("ended") and s.value("tag", 1) == []


def test_objects_are_followed_in_all_threads(tool, program):
    s = run(tool, program, ["fill()", *(f"tag nodes[{i}] n{i}" for i in range(NR)), "tag", "run"])
    assert s.done.out == "0 left\n"
    assert len(s.value("tag")) == NR
    labels = {f"n{i}" for i in range(NR)}
    assert {e["label"] for e in s.events("ended")} == labels and len(s.events("ended")) == NR
    assert {e["why"] for e in s.events("ended")} == {"freed"}
    assert len({e["thread"] for e in s.events("ended")}) == 4
    bytes_of = {e["label"]: e["bytes"] for e in s.events("moved") if e["bytes"] == 60}
    assert bytes_of == {f"n{i}": 60 for i in range(0, NR, 2)}


def test_libc_and_later_libraries_are_watched_and_children_left_alone(tool, program, compiled, tmp_path):
    library = compiled("tagged.c", "-shared", "-fPIC", "-DLIBRARY", plugin=False)
    lines = tmp_path / "lines"
    lines.write_text("x" * 200000 + "\n")
    s = run(tool, program, ["fill()", "line = (char *)nodes[7]", "tag -b 8 line text", "tag nodes[8] lib", "tag nodes[9] kept",
                            f'read_lines("{lines}")', "nodes[7] = make(7)", f'load("{library}")', "wait 0.5", "drop_it(8)",
                            "nodes[8] = make(8)", "in_child(9)", "tag"])
    assert s.value(f'read_lines("{lines}")') == 1 and s.value("in_child(9)") == 3
    assert (s.events("moved")[0]["label"], s.events("moved")[0]["bytes"]) == ("text", 8)
    assert (s.events("ended")[0]["label"], s.events("ended")[0]["why"]) == ("lib", "freed")
    assert [t["label"] for t in s.value("tag")] == ["text", "kept"]


def test_what_is_watched_can_be_chosen(tool, program):
    s = run(tool, program, ["set tag_free false", "fill()", "tag nodes[1] one", "tag nodes[2] two", "release(1)",
                            "nodes[1] = make(1)", "grow(2, 500000)", "set tag_free true", "set tag_realloc false",
                            "grow(2, 900000)", "release(2)", "nodes[2] = make(2)", "tag"])
    assert [e["label"] for e in s.events("moved")] == ["two"]
    assert [t["label"] for t in s.value("tag")] in (["one"], ["one", "two"])
    assert "one" not in {e["label"] for e in s.events("ended")}


def test_a_program_with_its_own_free_is_told_what_is_not_seen(tool, compiled, program):
    own = compiled("tagged.c", "-pthread", "-DOWN_FREE")
    s = run(tool, own, ["fill()", "tag nodes[1] one", "release(1)", "nodes[1] = make(1)", "tag"])
    assert "no jump slot" in s.result("tag nodes[1] one")["text"]
    assert [t["label"] for t in s.value("tag")] == ["one"]
    s = run(tool, program, ["fill()", "tag nodes[1] one"])
    assert "slot" not in s.result("tag nodes[1] one")["text"]


def test_the_loader_alone_knows_whose_free_it_is(tool, compiled):
    """The program's, found by a table of the old kind: not the C library's."""
    library = compiled("own_malloc.c", "-shared", "-fPIC", "-DLIBRARY", "-Wl,-z,lazy", plugin=False)
    own = compiled("own_malloc.c", "-fno-builtin", "-rdynamic", "-Wl,--hash-style=sysv", "-Wl,-z,lazy",
                   "-Wl,--no-as-needed", str(library))
    done = tool.json(["trace -q -a tag make_thing", "run"], own)
    assert done.out == "ok\n" and done.of("exit")[0]["status"] == 0


def test_calls_tag_and_are_found_by_tags(tool, program):
    s = run(tool, program, ["trace -a tag -c 'id == 5 || id == 6' make", "trace -c tagged touch", "trace -c taggednode grow",
                            "trace -a tag -c 'node->id == 3' touch", "fill()", "tag", "touch(nodes[5])", "touch(nodes[7])",
                            "touch((struct node *)((char *)nodes[6] + 4))", "touch(nodes[3])", "tag nodes[3] mine",
                            "touch(nodes[3])", "untag *", "touch(nodes[5])"])
    assert 'no parameter "taggednode"' in s.result("trace -c taggednode grow")["error"]
    five, six, three = s.events("set")[:3]
    assert five["label"] == f"id == 5 || id == 6@{five['address']}" and five["by"] == "trace -a tag -c 'id == 5 || id == 6' make"
    assert (five["type"], five["bytes"]) == ("struct node", 120) and three["label"].startswith("node->id == 3@")
    begins = {e["id"]: e for e in s.done.of("call")}
    of_set = [e for id, e in begins.items() if int(id.split(".")[-1]) == five["call"]]
    assert [e["function"] for e in of_set] == ["make"]
    assert [t["tag"] for t in s.value("tag")] == [five["tag"], six["tag"]]
    # once by its own tag, once by an address inside; the third of touch() by its own condition, then by the tag
    touched = [number(e["args"]["node"]) for e in s.done.of("call", "touch")]
    assert touched[:4] == [number(five["address"]), number(six["address"]) + 4, number(three["address"]),
                           number(three["address"])]
    # main goes on with them, and the fifth is not tagged any more
    assert len(touched) > 4 and number(five["address"]) not in touched[4:]


def test_the_same_trace_of_a_later_shell_tags_too(tool, waiting):
    for options in ("", "-k ", ""):
        trace = f"trace -a tag=return {options}-c 'return->id == 7' make"
        done = tool.attach([trace, "make(7)", "make(8)", "make(7)", "tag", "untrace *"], waiting.pid, options=("--unsafe",))
        assert done.status == 0, done.err
        assert len(done.result("tag")["value"]) == 2, (options, done.events)


def test_of_a_quiet_trace_tags_are_quiet_too(tool, program):
    s = run(tool, program, ["trace -q -a tag make", "fill()", "tag", "untrace *", "run"])
    assert len(s.value("tag")) == NR and s.value("tag")[0]["type"] == "struct node"
    assert not s.events("set") and not s.events("moved") and not s.events("ended")


def slots_of(file, base, names):
    """Where the words lie through which a module calls functions."""
    text = subprocess.run(["readelf", "-rW", str(file)], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^([0-9a-f]+) +\w+ +R_X86_64_(?:JUMP_SLOT?|GLOB_DAT) +\w+ (\w+)", text, re.M)
    return {name: base + int(offset, 16) for offset, name in found if name in names}


def mapped(pid, part):
    """File and lowest address of a module."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        for line in maps:
            if part in line and line.split()[2] == "00000000":
                return line.split()[5], int(line.split("-")[0], 16)
    raise AssertionError(f"{part} is not mapped")


def test_slots_lead_elsewhere_only_while_there_are_tags(tool, program, waiting):
    slots = {**slots_of(*mapped(waiting.pid, "/libc.so.6"), ("free",)),
             **slots_of(*mapped(waiting.pid, f"/{program.name}"), ("realloc",))}
    assert len(slots) == 2
    look = [f"*(unsigned long *){address}" for address in slots.values()]
    done = Session(tool.attach([*look, "tag nodes[1] one", *look, "untag one", *look, "tag nodes[2]", "tag"], waiting.pid))
    after = Session(tool.attach([*look, "tag", "tag nodes[2]"], waiting.pid))
    for command in look:
        before, during, behind = (done.value(command, nth) for nth in range(3))
        assert before == behind == after.value(command) != during
    # a shell takes its tags along
    assert len(done.value("tag")) == 1 and after.value("tag") == []
    # what was read-only is so again
    with open(f"/proc/{waiting.pid}/maps", encoding="utf-8") as maps:
        protection = [line.split()[1] for line in maps for low, high in [line.split()[0].split("-")]
                      if int(low, 16) <= slots["free"] < int(high, 16)]
    assert protection == ["r--p"]
