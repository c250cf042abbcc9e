# SPDX-License-Identifier: BSD-2-Clause
"""The tree of /osh and the way through it, in whole programs. What rows of the parity list say stands in brackets."""
import json
import os
import re
import signal
import subprocess
import time

import pytest

THREADS = ("-pthread", "-D_GNU_SOURCE", "-O0")


@pytest.fixture(scope="session")
def program(compiled):
    return compiled("tree.c", *THREADS)


@pytest.fixture
def living(tool, program):
    """The program with its threads; rows that need a process look into it."""
    process = tool.listen(program, "stay")
    assert process.stdout.readline() == "ready\n"
    yield process
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


class Look:
    """Commands in one shell on a program file: what each said."""

    def __init__(self, tool, program):
        self.tool, self.program = tool, program

    def __call__(self, *commands):
        words = [word for command in commands for word in ("-e", command)]
        done = self.tool("open", "--json", *words, self.program)
        return [event for event in map(json.loads, done.out.splitlines()) if event["event"] == "result"]

    def names(self, *commands):
        """What the last command listed."""
        last = self(*commands)[-1]
        assert last["error"] is None, last
        return last["value"]

    def error(self, *commands):
        last = self(*commands)[-1]
        assert last["error"] is not None, last
        return last["error"]


@pytest.fixture
def look(tool, program):
    return Look(tool, program)


def text_of(results):
    return [result["text"].strip() if result["error"] is None else result["error"] for result in results]


# The directories


def test_globals_have_variables_functions_and_types_by_name(look):
    """[13, 16]"""
    names = look.names("ls /osh/globals")
    assert {"number", "start", "ring_number", "ring_twice", "main", "ring", "derived"} <= set(names)
    assert names == sorted(names)
    assert "storage" not in names and "asked" not in names  # they are inside their functions


def test_names_that_several_files_have_say_their_file(tool, build, tmp_path):
    """[13]"""
    for name, value in (("one", 1), ("two", 2)):
        (tmp_path / f"{name}.c").write_text(
            f"static int shared = {value};\nstatic __attribute__((noinline, used)) int same(int n) {{ return n + shared; }}\n"
            f"int use_{name}(void) {{ return same({value}); }}\n")
    (tmp_path / "main.c").write_text("int use_one(void), use_two(void);\nint main(void) { return use_one() + use_two() == 0; }\n")
    subprocess.run(["clang-19", "-g", "-O0", f"-fpass-plugin={build}/lib/otrace.so", "one.c", "two.c", "main.c", "-o", "both"],
                   cwd=tmp_path, check=True)
    look = Look(tool, tmp_path / "both")
    names = look.names("ls /osh/globals")
    assert {"shared@one.c", "shared@two.c", "same@one.c", "same@two.c"} <= set(names)
    assert text_of(look("pr /osh/globals/shared@two.c", "pr /osh/files/one.c/shared")) == ["2", "1"]
    assert "choose same@one.c or same@two.c" in look.error("cd same")
    assert look.names("ls /osh/files") == ["main.c", "one.c", "two.c"]
    assert look.names("ls /osh/files/two.c") == ["same", "shared", "use_two"]
    assert text_of(look("cd /osh/files/two.c", "pr shared"))[1] == "2"  # names mean the file's own


def test_sources_and_modules_are_directories(look, program):
    """[14]"""
    assert look.names("ls /osh/modules") == [program.name]
    module = look.names(f"ls /osh/modules/{program.name}")
    assert {"number", "ring_twice"} <= set(module) and "ring" not in module
    found = look.names("find /osh/files -name tree.c")
    assert len(found) == 1
    here = look.names(f"ls {found[0]}")
    assert {"number", "ring_twice", "main", "ring"} <= set(here)
    detail = look.names("ls -l /osh/modules")[0]
    assert detail["kind"] == "module" and str(program) in detail["text"]


def gdb(program, *expressions):
    words = [word for text in expressions for word in ("-ex", f"output {text}", "-ex", "echo \\n")]
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", *words, str(program)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", ["struct ring", "struct bits", "struct derived"])
def test_types_have_fields_with_the_offsets_and_sizes_of_gdb(look, program, name):
    """[15]"""
    tag = name.split()[1]
    fields = look.names(f"ls -l /osh/types/{tag}/fields")
    plain = [field for field in fields if " : " not in field["type"]]
    assert plain
    theirs = gdb(program, *[f"(long)&(({name} *)0)->{field['name']}" for field in plain],
                 *[f"sizeof((({name} *)0)->{field['name']})" for field in plain])
    mine = [re.match(r"offset (\d+)", field["text"])[1] for field in plain] + [str(field["size"]) for field in plain]
    assert mine == theirs


def test_methods_are_functions_that_take_a_pointer_to_the_type_first(look):
    """[15]: const, typedef and tag all count; a second parameter does not."""
    assert look.names("ls /osh/types/ring/methods") == ["ring_number", "ring_twice"]
    assert look.names("ls /osh/types/base/methods") == []


def test_functions_are_entries_with_signature_and_place(look):
    """[16]"""
    detail = look.names("ls -l /osh/globals/ring_twice")[0]
    assert detail["kind"] == "function"
    assert re.match(r"static int ring_twice\(struct ring \*self, int times\)  \S*tree\.c:\d+$", detail["text"])
    assert look.names("ls /osh/globals/ring_number/asked") == ["/osh/globals/ring_number/asked"]


def test_directories_of_later_say_what_they_are_for(look):
    """[19-26]"""
    for name in ("all", "recent", "saved", "pickled", "db", "web", "locals"):
        listed, gone = look(f"ls /osh/{name}", f"cd /osh/{name}")
        assert listed["value"] == [] and listed["error"] is None and gone["error"] is None
        assert listed["text"].startswith("(") and listed["text"] == gone["text"]


def test_patches_are_what_is_patched_now(tool, shop):
    """[23]"""
    done = tool.json(["ls /osh/patches", "patch add with multiply", "ls -l /osh/patches"], shop)
    assert done.result("ls /osh/patches")["value"] == []
    detail = done.result("ls -l /osh/patches")["value"]
    assert [entry["name"] for entry in detail] == ["add"] and "patched with multiply" in detail[0]["text"]


def test_threads_say_what_the_kernel_and_the_runtime_know(tool, living):
    """/osh/threads, of the issue: name, state, recorded, and thread-locals with that thread's values."""
    tasks = {task: open(f"/proc/{living.pid}/task/{task}/comm", encoding="ascii").read().strip()
             for task in os.listdir(f"/proc/{living.pid}/task")}
    first = next(task for task, name in tasks.items() if name == "first")
    second = next(task for task, name in tasks.items() if name == "second")
    done = tool.attach(["ls /osh/threads", f"pr /osh/threads/{first}/name", f"ls -l /osh/threads/{first}/recorded",
                        "ls -l /osh/threads", f"pr /osh/threads/{second}/tls/mine", f"ls /osh/threads/{first}/frames",
                        "trace -q beat", "wait 0.3", f"ls -l /osh/threads/{first}", f"ls -l /osh/threads/{first}/tls/mine",
                        f"ls -l /osh/threads/{second}/tls/mine", f"pr /osh/threads/{living.pid}/tls/mine",
                        f"cd /osh/threads/{second}; pr mine", "cd /osh/threads/1"], living.pid, options=["--for", "0"])
    assert {*done.result("ls /osh/threads")["value"]} >= {*tasks}
    marked = {entry["name"] for entry in done.result("ls -l /osh/threads")["value"] if "otrace's own" in entry["text"]}
    assert marked == {task for task, name in tasks.items() if name.startswith("oshell")} and len(marked) == 2
    assert done.result(f"pr /osh/threads/{second}/tls/mine")["text"].strip() == "2"  # it has called nothing that was traced yet
    assert "stopped" in done.result(f"ls /osh/threads/{first}/frames")["text"]
    assert done.result(f"pr /osh/threads/{first}/name")["text"].strip() == "first"
    assert done.result(f"ls -l /osh/threads/{first}/recorded")["value"][0]["value"].startswith("no")
    detail = {entry["name"]: entry for entry in done.result(f"ls -l /osh/threads/{first}")["value"]}
    assert detail["name"]["value"] == "first" and detail["recorded"]["value"] == "yes"
    assert detail["state"]["value"] in ("sleeping", "running")
    assert done.result(f"ls -l /osh/threads/{first}/tls/mine")["value"][0]["value"] == 1
    assert done.result(f"ls -l /osh/threads/{second}/tls/mine")["value"][0]["value"] == 2
    assert done.result(f"pr /osh/threads/{living.pid}/tls/mine")["text"].strip() == "100"
    assert done.result("pr mine")["text"].strip() == "2"
    assert 'no "1" here' in done.result("cd /osh/threads/1")["error"]


def test_a_program_file_has_no_threads(look):
    assert "program file" in look.error("ls /osh/threads")


# Objects


@pytest.mark.parametrize("path, names", [
    ("derived", ["base", "extra", "other"]),
    ("derived/base", ["id", "label"]),
    ("derived->other", ["id", "label"]),
    ("unnamed", ["lowest", "low", "high"]),
    ("bits", ["small", "negative", "both"]),
    ("bits.both", ["whole", "bytes"]),
    ("matrix", ["0", "1"]),
    ("matrix/1", ["0", "1", "2"]),
    ("to_number", ["*"]),
    ("to_pointer/0", ["*"]),
    ("row", ["0", "1", "2"]),
    ("callback", ["ring_number"]),
    ("callbacks/0", ["ring_number"]),
    ("vector", ["0", "1", "2", "3"]),
    ("letters", [str(n) for n in range(8)]),
    ("start->next.next->next", ["next", "number"]),
    ("rings[2].next", ["next", "number"]),
])
def test_any_object_is_entered_by_its_parts(look, path, names):
    """[17, 18]"""
    assert look.names("cd /osh/globals", f"ls {path}") == names


@pytest.mark.parametrize("path, value", [
    ("bits/small", "5"), ("bits/negative", "-3"), ("bits/both/bytes/0", "4 '\\004'"), ("matrix[1][2]", "6"),
    ("to_number/*", "42"), ("to_number/0", "42"), ("to_pointer/*/*", "42"), ("row/1", "5"), ("vector/2", "3"),
    ("letters/1", "101 'e'"), ("start->next->number", "2"), ("derived.other->label", '"seven"'), ("text", '"some text"'),
])
def test_the_parts_have_their_values(look, path, value):
    """[17, 18]"""
    assert text_of(look(f"pr /osh/globals/{path}")) == [value]


@pytest.mark.parametrize("path, says", [
    ("null", "null is NULL"), ("null/id", "null is NULL"), ("wild", "wild points to 0x10, which cannot be read"),
    ("opaque", "void pointer"), ("text", "not a directory"), ("nothing", "not a directory"), ("number", "not a directory"),
    ("bits/small", "not a directory"), ("no_callback", "no_callback is NULL"), ("matrix/2", 'no "2" here'),
    ("matrix/-1", 'no "-1" here'), ("derived/bse", "did you mean base?"),
])
def test_what_cannot_be_entered_says_why(look, path, says):
    """[17]"""
    assert says in look.error(f"cd /osh/globals/{path}")


def test_long_arrays_are_cut_and_any_index_can_be_entered(look):
    """[18]"""
    listed, last, behind = look("ls /osh/globals/huge", "pr /osh/globals/huge/99999", "pr /osh/globals/huge/100000")
    assert len(listed["value"]) == 200 and "99800 more elements" in listed["text"]
    assert "99800 more elements" in listed["cut"]
    assert last["text"].strip() == "0" and 'no "100000"' in behind["error"]


def test_flexible_arrays_are_entered_by_any_index(tool, living):
    """[18]"""
    done = tool.attach(["ls /osh/globals/flexible/data", "pr /osh/globals/flexible->data[2]"], living.pid)
    assert "unknown length" in done.result("ls /osh/globals/flexible/data")["text"]
    assert done.result("pr /osh/globals/flexible->data[2]")["text"].strip() == "30"


def test_an_incomplete_struct_says_so(look):
    listed = look("ls /osh/globals/elsewhere")[0]
    assert listed["value"] == [] and "only declared" in listed["text"]


def test_cycles_can_be_followed_for_ever(look):
    """[17]"""
    assert text_of(look("cd /osh/globals/start" + "->next" * 301, "pr number"))[1] == "2"


# The way


def test_paths_mix_slashes_dots_arrows_and_indices(look):
    """[29]"""
    same = ["rings[1].next->number", "rings/1/next/number", "rings/1.next->number", "/osh/globals/rings[1]/next.number",
            "~~g/rings/1/next/number", "~~g/rings[1].next.number", "matrix/../rings/./1//next->number"]
    values = {look.names(f"ls -l {path}")[0]["value"] for path in same}
    assert values == {3}


def test_wildcards_in_every_component_match_one_directory(look):
    """[29]"""
    assert text_of(look("cd /o?h/gl*/d[e]rived/b*", "pwd"))[1] == "/osh/globals/derived/base"
    error = look.error("cd /osh/globals/ring*")
    assert "ambiguous" in error and "ring_number" in error
    assert 'no "q*" here' in look.error("cd /osh/globals/q*")
    assert look.names("ls ring_*") == ["ring_number", "ring_twice"]
    assert look.names("ls d*/*/label st*/n*") == ["derived/base/label", "derived/other/label", "start/next", "start/number"]
    assert "nothing matches" in look.error("ls q*")


def test_the_short_ways_of_cd(look, tool):
    """[28, 30]"""
    steps = look("cd /osh/types", "cd", "pwd", "cd -", "pwd", "cd ~~g", "pwd", "cd ~~w", "pwd", "cd ~~g", "pwd", "cd ~", "pwd",
                 "cd -", "cd ~root", "pwd", "cd", "pwd")
    assert [text for text in text_of(steps) if text] == [
        "/osh/globals", "/osh/types", "/osh/globals", str(tool.folder), "/osh/globals", str(tool.folder), "/root",
        str(tool.folder)]
    assert "no user and no trace" in look.error("cd ~no-such-user")


def test_without_contexts_there_is_no_newest_to_list(look):
    """[28]"""
    assert "there is no context yet" in look.error("ls ~~")
    assert "there is no context yet" in look.error("ls -d ~~")
    assert "there is no context yet" in look.error("cd ~~")
    assert "there is no context yet" in look.error("pr ~~/number")
    for kind in ("exceptions", "asserts", "breaks", "traces", "tags", "holds"):
        assert f"there is no context of {kind} yet (" in look.error(f"cd ~~{kind}")


def test_a_command_behind_cd_runs_there_if_it_got_there(tool, program):
    """[30]"""
    done = tool("open", "-e", "cd derived; pwd", "-e", "cd nowhere; pwd", "-e", "cdls nowhere; pwd", program)
    assert done.out.splitlines() == ["/osh/globals/derived"]
    assert done.err.count('no "nowhere" here') == 2


def test_cdls_goes_and_lists_with_the_options_of_ls(look):
    """[31]"""
    listed, where = look("cdls -a rings/0", "pwd")
    assert listed["value"] == ["next", "number", "__reserved__"]
    assert where["value"] == "/osh/globals/rings/0"
    assert "no option -z" in look.error("cdls -z derived")
    assert text_of(look("cdls -z derived", "pwd"))[1] == "/osh/globals"


def test_the_stack_of_directories(look):
    """[31]"""
    steps = look("pushd derived", "pushd base", "pwd -a", "swapd", "pwd", "popd", "pwd", "pushd /osh", "popd -a", "pwd -a", "popd",
                 "swapd", "pushd nowhere", "pwd -a")
    said = text_of(steps)
    assert steps[2]["value"] == ["/osh/globals/derived/base", "/osh/globals/derived", "/osh/globals"]
    assert said[4] == "/osh/globals/derived" and said[6] == "/osh/globals/derived/base"
    assert steps[9]["value"] == ["/osh/globals"]
    assert "nothing to pop" in said[10] and "nothing to swap" in said[11]
    assert 'no "nowhere" here' in said[12] and steps[13]["value"] == ["/osh/globals"]


def test_real_directories_can_be_gone_to(look):
    """[27]: what runs there is another matter."""
    steps = look("cd /usr/incl*", "pwd", "cd ..", "pwd", "cd /", "pwd", "cd osh", "pwd", "cd /etc/passwd", "cd /nowhere")
    said = text_of(steps)
    assert said[1] == "/usr/include" and said[3] == "/usr" and said[5] == "/" and said[7] == "/osh"
    assert "not a directory" in said[8] and 'no "nowhere" here' in said[9]
    assert {"osh", "usr", "etc"} <= set(look.names("ls /"))


def test_a_vanished_object_is_a_stale_directory(tool, living):
    """[29, 30]"""
    terminal = tool.terminal("attach", living.pid).ready()
    terminal.type("cd start->next->next")
    assert "number" in terminal.type("ls")
    living.send_signal(signal.SIGUSR1)
    terminal.type("wait 0.2")
    assert "stale directory /osh/globals/start/next/next" in terminal.type("ls")
    assert "stale directory" in terminal.type("pr number")
    assert "stale directory" in terminal.type("cd next")
    terminal.sendline("cd ../..")
    terminal.expect_exact("osh..start> ")
    terminal.sendline("quit")
    terminal.finish()


def test_prompts_say_where_we_are(tool, program):
    """[40]"""
    terminal = tool.terminal("open", program).ready()
    for path, prompt in (("/osh", "osh> "), ("/osh/types", "types> "), ("ring", "osh..ring> "), ("methods", "osh..methods> "),
                         ("/", "/> "), ("/usr", "usr> "), ("include", "include> "), ("~~g", "globals> "),
                         ("start->next", "osh..next> ")):
        terminal.sendline(f"cd {path}")
        terminal.expect_exact("\n")
        terminal.expect_exact(prompt)
    terminal.sendeof()
    terminal.finish()


# ls


def test_ls_lists_what_is_in_a_directory(look):
    """[33], and not its name, as the original did"""
    assert look.names("ls /osh/globals/derived") == ["base", "extra", "other"]
    assert look.names("cd derived", "ls .") == look.names("cd derived", "ls") == ["base", "extra", "other"]
    assert look.names("ls -d /osh/globals/derived") == ["/osh/globals/derived"]
    several = look("ls derived bits.both number")[0]
    assert several["text"].rstrip() == "number\n\nderived:\nbase\nextra\nother\n\nbits.both:\nwhole\nbytes"
    assert several["value"] == ["number", "derived/base", "derived/extra", "derived/other", "bits.both/whole", "bits.both/bytes"]


def test_ls_lists_what_is_there_and_says_what_is_not(tool, program):
    done = tool("open", "-e", "ls nix derived nax", program)
    assert done.out.split() == ["no", '"nax"', "here", "(/osh/globals)", *"derived: base extra other".split()]
    assert 'no "nix" here' in done.err


def test_inside_a_function_are_its_statics(look):
    """Its name alone is the function, as that of any leaf."""
    assert look.names("ls ring_number/") == look.names("cd ring_number", "ls") == look.names("ls ring_number/.") == ["asked"]
    assert look.names("ls ring_number") == ["ring_number"] and look.names("ls -d ring_number/") == ["ring_number/"]
    none = look("cd ring_twice", "ls")[-1]
    assert none["value"] == [] and none["text"] == "(its static variables: it has none)"


@pytest.mark.parametrize("path", ["*/nosuch", "r*/nosuch/x", "*/asked/nix"])
def test_a_pattern_that_nothing_matches_says_so(look, path):
    assert look.error(f"ls {path}") == look.error(f"ls -l {path}") == f'nothing matches "{path}"'
    assert "it is ambiguous" in look.error("ls ring_*.asked.x")


def test_notes_are_not_in_what_is_piped_or_written(tool, program):
    """They are for people: on standard error, and in JSON where they were."""
    commands = ["ls huge | tail -1", "pipe ls huge | wc -l", "ls huge > list.txt", "find /osh/globals -type 'struct base *' | sort | tail -1",
                "cd /osh/locals | wc -c"]
    done = tool("open", *[word for command in commands for word in ("-e", command)], program)
    assert done.out.splitlines() == ["199", "200", "/osh/globals/wild", "0"]
    assert done.err.splitlines()[:3] == ["otrace: (... 99800 more elements; any index can be entered)"] * 3
    assert "cannot be read)" in done.err and "/osh/locals" not in done.err and "(variables of the function" in done.err
    assert (tool.folder / "list.txt").read_text().splitlines() == [str(i) for i in range(200)]
    done = tool("open", "--json", "-e", "ls huge | tail -1", program)
    result = json.loads(done.out.splitlines()[1])
    assert (result["text"], result["cut"]) == ("199", "... 99800 more elements; any index can be entered") and not done.err


def test_notes_of_lines_around_are_told_once(tool, program):
    (tool.folder / "lines").write_text("noecho ls huge\nnoecho ls huge | tail -1\n")
    done = tool("open", "-e", "source lines | wc -l", program)
    assert done.out == "201\n" and done.err.splitlines() == ["otrace: (... 99800 more elements; any index can be entered)"] * 2


def test_view_of_a_member_shows_where_it_is_declared(look):
    for path, shown in (("derived/extra", "struct derived"), ("derived/base/id", "struct base"), ("start->number", "struct ring"),
                        ("unnamed/lowest", "struct unnamed"), ("matrix/1/2", "matrix"), ("/osh/types/derived/fields/extra", "struct derived")):
        text = look(f"view {path}")[0]["text"]
        assert re.match(rf"\S+/tree.c:\d+ {shown}\n", text), text
    assert "int is not declared" in look.error("view int")


def test_ls_takes_kinds_and_their_letters_combine(look):
    """[34]"""
    kinds = {letter: set(look.names(f"ls -{letter} /osh/globals")) for letter in "cfv"}
    assert {"ring", "derived", "base"} & kinds["c"] == {"ring", "base"}
    assert {"ring_number", "main"} <= kinds["f"] and {"number", "start"} <= kinds["v"]
    assert set(look.names("ls -cf /osh/globals")) == kinds["c"] | kinds["f"]
    assert set(look.names("ls /osh/globals")) == kinds["c"] | kinds["f"] | kinds["v"]
    assert look.names("ls -m /osh/globals") == []
    assert "types" in look.names("ls -m /osh") and look.names("ls -f /osh") == []
    assert "ls has no option -q" in look.error("ls -lq")


def test_ls_l_has_types_sizes_and_values(look, program):
    """[35]"""
    detail = {entry["name"]: entry for entry in look.names("ls -l /osh/globals")}
    assert detail["number"] == {"name": "number", "kind": "variable", "type": "int", "size": 4, "value": 42, "text": "= 42"}
    assert detail["bits"]["value"]["negative"] == -3 and detail["bits"]["type"] == "struct bits"
    assert detail["null"]["value"] is None and detail["text"]["value"] == "some text"
    assert detail["callback"]["value"]["function"] == "ring_number"
    names = ["huge", "derived", "matrix", "to_pointer", "vector", "letters"]
    assert [str(detail[name]["size"]) for name in names] == gdb(program, *[f"sizeof({name})" for name in names])
    line = next(line for line in look("ls -l /osh/globals")[0]["text"].splitlines() if line.startswith("number"))
    assert re.match(r"number +int +4 = 42$", line)


def test_names_of_the_form_x_are_hidden(look):
    """[36]"""
    assert "__hidden__" not in look.names("ls /osh/globals") and "__hidden__" in look.names("ls -a /osh/globals")
    assert look.names("ls start") == ["next", "number"]
    assert look.names("ls -a start") == ["next", "number", "__reserved__"]
    assert look.names("ls __hidden__") == ["__hidden__"] and look.names("ls __h*") == ["__hidden__"]
    assert "__hidden__" not in look.names("ls *")


def test_members_of_what_is_embedded_can_be_hidden(look):
    """[37]"""
    assert look.names("ls -. derived") == ["extra", "other"]
    assert look.names("ls -.base derived") == ["extra", "other"]
    assert "(nothing of that name is embedded here, so nothing is hidden)" in look("ls -.nosuch derived")[0]["text"]
    assert look.names("ls -. unnamed") == ["high"]
    assert look.names("ls -.. unnamed") == ["low", "high"]
    assert look.names("ls -... unnamed") == ["lowest", "low", "high"]
    assert look.names("ls -. /osh/types/derived/fields") == ["extra", "other"]
    assert [entry["name"] for entry in look.names("ls -l. derived")] == ["extra", "other"]
    assert look.names("ls -.nothing derived") == ["base", "extra", "other"]


def test_ls_t_sorts_by_time_where_there_is_one(look, tmp_path):
    """[38]"""
    for age, name in enumerate(("new", "older", "oldest")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000000 - age, 1000000 - age))
    assert look.names(f"ls -t {tmp_path}/[no]*") == [f"{tmp_path}/{name}" for name in ("new", "older", "oldest")]
    assert look.names("ls -t derived") == ["base", "extra", "other"]


@pytest.mark.parametrize("columns", [0, 1, 2, 10, 79, 400])
def test_columns_of_any_width(tool, program, columns):
    """[33]: a terminal of no width at all made the original throw."""
    terminal = tool.terminal("open", program, dimensions=(24, columns or 80), env={"NO_COLOR": "1"})
    if not columns:
        terminal.setwinsize(24, 0)
    terminal.expect_exact("> ")
    terminal.sendline("ls /osh/globals/unnamed; ls -l /osh/globals/unnamed; quit")
    assert terminal.finish() == 0


def test_columns_are_filled_downwards(tool, program):
    """[33]"""
    terminal = tool.terminal("open", program, dimensions=(24, 24), env={"NO_COLOR": "1"}).ready()
    terminal.sendline("ls /osh")
    terminal.expect_exact("all      pickled\r\ndb       recent\r\nfiles    saved\r\nglobals  threads\r\n"
                          "locals   types\r\nmodules  web\r\npatches\r\n")
    terminal.sendeof()
    terminal.finish()


def test_values_are_cut_to_the_terminal(tool, program):
    """[35]"""
    terminal = tool.terminal("open", program, dimensions=(24, 60), env={"NO_COLOR": "1"}).ready()
    lines = [line.rstrip() for line in terminal.type("ls -l /osh/globals").splitlines()]
    assert any(line.startswith("rings ") and line.endswith("...") for line in lines)
    assert max(map(len, lines)) <= 60
    terminal.sendeof()
    terminal.finish()


def test_colours_are_for_terminals_that_want_them(tool, program):
    """[33]"""
    def said(**env):
        terminal = tool.terminal("open", program, env=env).ready()
        text = terminal.type("ls derived ring_number")
        terminal.sendeof()
        terminal.finish()
        return text

    assert "\x1b[32mring_number\x1b[0m" in said() and "\x1b[34mbase" in said()
    assert "\x1b[3" not in said(NO_COLOR="1") and "ring_number" in said(NO_COLOR="1")
    assert "\x1b[3" not in said(TERM="dumb")
    assert "\x1b" not in tool("open", "-e", "ls", "-e", "ls -l", program).out


# find, grep


def test_find_compares_types_as_c_does(look):
    """Typedefs, tags and qualifiers are looked through; each place is told of once."""
    by_name, by_tag, const = (look.names(f"find /osh/globals -type '{text}'") for text in ("ring *", "struct ring*", "const ring *"))
    assert by_name == by_tag == const
    assert {"/osh/globals/start", "/osh/globals/start/next"} <= set(by_name)
    assert len(by_name) == len(set(by_name)) == 4
    assert "/osh/globals/volatile_number" in look.names("find -type int")
    assert look.names("find -type 'struct bas?'") == ["/osh/globals/derived/base"]
    assert look.names("find -type 'int (*)(const ring *)'")[:1] == ["/osh/globals/callback"]
    assert look.names("find /osh/types -type 'struct base *'") == ["/osh/types/derived/fields/other"]
    assert "did you mean ring?" in look.error("find -type 'rimg *'")


def test_find_compares_names_and_minds_its_depth(look):
    assert look.names("find /osh/globals -name low*") == ["/osh/globals/unnamed/lowest", "/osh/globals/unnamed/low"]
    assert look.names("find -name asked") == ["/osh/globals/ring_number/asked"]
    assert look.names("find /osh -depth 1 -name g*") == ["/osh/globals"]
    shallow, whole = look("find -depth 1", "find derived -name id")
    assert "were not gone into" in shallow["text"] and "were not gone into" in shallow["cut"] and "cut" not in whole
    assert look.names("find derived -name id -type int") == ["/osh/globals/derived/base/id"]
    for bad in ("find -depth 0", "find -depth x", "find -size 3", "find -name", "find a b", "find / -name x", "grep", "grep a b c"):
        assert look.error(bad)


def test_grep_compares_values_as_pr_shows_them(look):
    assert look.names("grep seven") == [{"path": "/osh/globals/derived/base/label", "text": '"seven"'}]
    assert {"path": "/osh/globals/number", "text": "42"} in look.names("grep 42")
    assert look.names("grep 4") != [] and all(entry["text"].startswith("4") for entry in look.names("grep 4"))
    assert look.names("grep ring_number /osh/globals/callbacks") == [{"path": "/osh/globals/callbacks/0", "text": "<ring_number>"}]
    assert [entry["path"] for entry in look.names("grep s?me*")] == ["/osh/globals/text"]


def test_what_find_and_grep_say_can_be_given_back(look):
    paths = look.names("find /osh/globals -type 'struct base'") + [entry["path"] for entry in look.names("grep 8")]
    assert paths
    for result in look(*[f"pr {path}" for path in paths], f"cd {paths[0]}"):
        assert result["error"] is None


def interrupts_a_search(terminal):
    """Stopped for the second after which its progress is shown, for it may be over in less. False: it was."""
    terminal.sendline("find wood -depth 40 -name nowhere")
    terminal.expect_exact("nowhere\r\n")
    time.sleep(0.2)
    os.kill(terminal.pid, signal.SIGSTOP)
    time.sleep(1)
    os.kill(terminal.pid, signal.SIGCONT)
    if terminal.expect([r"nowhere \.\.\. \d+ s, \d{3,}", terminal.PROMPT]):  # how many it has looked at
        return False
    terminal.sendintr()
    return not terminal.expect([r"\(interrupted after \d+ places\)", terminal.PROMPT])


def test_ctrl_c_ends_a_search(tool, living):
    terminal = tool.terminal("attach", living.pid).ready()
    terminal.sendline("find / -name x")
    terminal.expect_exact("outside /osh")
    terminal.ready()
    assert any(interrupts_a_search(terminal) for _ in range(20))
    terminal.ready()
    terminal.sendline("pr 1 + 2")  # the prompt comes twice to one that was stopped
    terminal.expect_exact("pr 1 + 2\r\n3\r\n")
    assert living.poll() is None
    terminal.sendeof()
    terminal.finish()
