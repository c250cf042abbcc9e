# SPDX-License-Identifier: BSD-2-Clause
"""Expressions as somebody types them: what they change, how they are shown, what they say when they cannot."""
import json
import re
import struct
import subprocess

import pytest

from test_values import common, gdb, ours, program  # noqa: F401  pylint: disable=unused-import

STYLED = """first.a first.b first.c first.name counter lowest highest byte bytes small_negative negative_short low_long wide
color strange_color yes letter newline high nul pi_float tenth_double numbers zeros mixed points matrix &table[1] head
function table""".split()
REFUSED = {("c", "wide")}  # by gdb: more than eight bytes


@pytest.fixture
def stored(compiled):
    return compiled("stored.c", "-O0")


@pytest.mark.parametrize("style", "xduotc")
def test_numbers_are_shown_in_the_style_asked_for_as_gdb_does(otrace, program, style):  # noqa: F811
    names = [name for name in STYLED if (style, name) not in REFUSED]
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-ex", "set width 0", *[word for name in names
                           for word in ("-ex", f"print/{style} {name}")], str(program)], capture_output=True, text=True, check=True)
    theirs = [line.split(" = ", 1)[1] for line in done.stdout.splitlines() if re.match(r"\$\d+ = ", line)]
    assert len(theirs) == len(names), done.stderr
    mine = [re.sub(r"\n\s*", "", ours(otrace, program, [f"pr/{style} {name}"]).strip()) for name in names]
    wrong = [f"pr/{style} {name}: {mine} here, {their} in gdb" for name, their, mine in zip(names, theirs, mine)
             if common(mine) != common(their)]
    assert not wrong, "\n".join(wrong)


def test_a_style_may_stand_apart_and_goes_into_parts(tool, stored):
    out = tool("open", "-e", "pr /x 255", "-e", "pr/t 5", "-e", "pr/x first", "-e", "pr/s first.name", "-e", "pr/c table",
               "-e", "pr/f 1065353216", "-e", "pr/a &table[1]", "-e", "pr/a &main", "-e", "pr/z byte", stored).out.splitlines()
    assert out[:2] == ["0xff", "101"]
    whole = re.sub(r"\s", "", "".join(out[2:-6]))
    assert re.fullmatch(r"\{number=0x1,kind=0x1,offset=0xffffffff,good=0x1,name=\{0x66,0x69,0x72,0x73,0x74,0x0,0x0,0x0\},"
                        r"next=0x[0-9a-f]+\}", whole), whole
    assert out[-6:-4] == ['"first"', "{1 '\\001', 2 '\\002', 3 '\\003', 4 '\\004'}"]
    assert out[-4] == "1"
    assert re.fullmatch(r"0x[0-9a-f]+ <table\+4>", out[-3]) and re.fullmatch(r"0x[0-9a-f]+ <main>", out[-2])
    assert out[-1] == "0xfa"
    assert "no format \"y\"" in tool("open", "-e", "pr/y 1", stored).err


def test_pointers_are_followed_when_asked_and_cycles_cut(tool, stored):
    out = tool.run(["second.next = &first", "pr/9 head"], stored).out
    flat = " ".join(out.split())
    assert re.search(r'\(struct item \*\) 0x\w+ \{ ?number = 1, .*name = "first", next = \(struct item \*\) 0x\w+ '
                     r'\{ ?number = 2, .* next = \(struct item \*\) 0x\w+ <cycle>', flat), out
    events = tool.json(["second.next = &first", "pr/9 head"], stored)
    value = events.result("pr/9 head")["value"]["value"]
    assert value["number"] == 1 and value["next"]["value"]["number"] == 2
    assert value["next"]["value"]["next"]["cycle"] is True
    one = tool("open", "-e", "pr/1 head", stored).out
    assert one.count("number") == 1 and "next = (struct item *) 0x" in one


def test_assignments_change_the_running_program(tool, stored):
    changes = ["counter = 7", "counter *= 3", "byte += 10", "real /= 4", "state = IDLE", "head->kind = 6", "head->offset--",
               "head->next->good = 5", "first.name[0] = 'F'", "table[1]++, --table[2]", "*(table + 3) = table[0] << 4",
               "second = (struct item){.number = 9, .name = \"new\"}", "*(int *)&limit"]
    out = tool.run([*changes, "own = 8", "run"], stored).out
    lines = out.splitlines()
    assert "21 4 0.375 0 100 8" in lines and "1 6 -2 1 First" in lines and "9 0 0 0 new" in lines and "1 3 2 16" in lines, out
    assert out.splitlines()[:5] == ["7", "21", "4 '\\004'", "0.375", "IDLE"]


def test_assignments_are_refused_with_the_reason_and_the_way_out(tool, stored):
    safe = tool.run(["counter = 1", "counter++", "counter"], stored, options=["--safe"])
    assert safe.err.count("nothing is stored: safe mode (--unsafe when otrace starts allows it)") == 2
    assert "42" in safe.out.splitlines()
    file = tool("open", "-e", "counter = 1", stored)
    assert "nothing is stored: nothing runs here, this is a program file (use run or attach)" in file.err
    const = tool.run(["limit = 1.5"], stored)
    assert "double cannot be stored in const int, which is const" in const.err
    calls = tool.run(["main()"], stored, options=["--safe"])
    assert "no function is called: safe mode" in calls.err


def test_memory_that_is_read_only_stays_as_it_is(tool, stored):
    result = tool.run(["*(int *)&limit = 1", "limit"], stored)
    assert "100" in result.out.splitlines() and result.err.strip()


def test_earlier_results_are_named(tool, stored):
    out = tool("open", "-e", "counter", "-e", "first", "-e", "$1 + 1", "-e", "$2.name", "-e", "$$ == \"first\"", "-e", "$5 * 2",
               stored).out.splitlines()
    assert out[0] == "42" and out[-4:] == ["43", '"first"', "1", "2"]
    assert "no result $9; the last one is $1" in tool("open", "-e", "counter", "-e", "$9", stored).err


def test_the_object_of_the_directory_is_a_name(tool, stored):
    out = tool("open", "-e", "cd head", "-e", "$.number", "-e", "$.next->number", "-e", "sizeof $", "-e", "cd /osh/globals", "-e", "$",
               stored)
    assert out.out.splitlines()[-3:] == ["1", "2", "24"]
    assert "there is none here" in out.err


def test_a_mistake_is_shown_where_it_is(tool, stored):
    for text, says, mark in (("counter + * ", "the expression stops where a value should follow", 11),
                             ("(int (*)[3)counter", "\"]\" expected here", 10), ("head->numbr", "no field \"numbr\"", 6),
                             ("1 ? head : 2.5", "one branch is struct item *, the other double", 2)):
        err = tool("open", "-e", f"pr {text}", stored).err.splitlines()
        assert says in err[0], err
        assert err[2].index("^") - err[1].index(text.strip()[:5]) == mark, err
    assert "did you mean number?" in tool("open", "-e", "head->numbr", stored).err


@pytest.fixture
def expressed(compiled):
    return compiled("expressed.c", "-O0", "-std=gnu2x", "-w")


def of_commands(done):
    """Without the lines of the program."""
    return [line for line in done.out.splitlines() if "\t" not in line]


def same_numbers(here, there):
    """Floats of otrace have as many digits as they need."""
    if isinstance(here, list):
        return isinstance(there, list) and len(here) == len(there) and all(map(same_numbers, here, there))
    return str(here).strip("-") == "nan" and there != there or here == there or struct.pack("f", here) == struct.pack("f", there)


def test_alignments_vectors_and_words_have_the_compilers_values(tool, expressed):
    said = subprocess.run([expressed], capture_output=True, text=True, check=True).stdout
    wanted = {text: json.loads(value.replace("-nan", "NaN").replace("nan", "NaN")) for text, value in
              (line.split("\t") for line in said.splitlines())}
    assert len(wanted) > 110
    done = tool.json([f"pr {text}" for text in wanted], expressed)
    results = {text: done.result(f"pr {text}") for text in wanted}
    wrong = [f"{text}: {results[text]['error'] or results[text]['value']} here, {value} from the compiler" for text, value in wanted.items()
             if results[text]["value"] is None or not same_numbers(results[text]["value"], value)]
    assert not wrong, "\n".join(wrong)


def test_an_alignment_that_is_not_recorded_is_not_guessed(tool, expressed):
    """Packed or not, these are laid out alike."""
    done = tool("open", *(word for text in ("struct two", "struct packed_two", "union alike") for word in ("-e", f"_Alignof({text})")),
                expressed)
    assert not done.out and done.err.count("the alignment is not recorded: 4, or less if the struct is packed") == 3, done


def test_vectors_that_do_not_fit_say_why(tool, expressed):
    for text, says in (("ints + floats", "ints4 + floats4: elements of one size and kind are needed"),
                       ("ints + longs", "ints4 + longs2: elements of one size"), ("floats % floats", "the operator needs integers"),
                       ("bytes + 300", "this int does not fit into elements of type signed char"), ("ints / (ints - ints)", "element 0: division by zero"),
                       ("ints << 32", "element 0: shifted by more bits than there are"), ("~floats", '"~" needs integers'),
                       ("(long)ints", "ints4 cannot be cast to long"), ("ints && 1", "a number or pointer is needed"),
                       ("ints++", "a number or pointer is needed")):
        done = tool.run([text], expressed)
        assert says in done.err and not of_commands(done), (text, done.err, done.out)


def test_vectors_are_assigned_and_their_elements(tool, expressed):
    done = tool.run(["ints = more", "ints += 1", "ints <<= more & 1", "ints[2] = 9", "ints", "unsigneds = ints", "floats *= others",
                     "ints = floats", "ints = 1"], expressed)
    assert of_commands(done) == ["{4, 3, -2, 1}", "{5, 4, -1, 2}", "{5, 8, -1, 4}", "9", "{5, 8, 9, 4}", "{5, 8, 9, 4}",
                                     "{3, -4, -0.05, 0}"], done
    assert "floats4 does not convert to ints4" in done.err and "int does not convert to ints4" in done.err


def test_wide_texts_are_shown_and_compared(tool, expressed):
    names = ["wide", "wide16", "wide32", "wide_pointer"]
    shown = subprocess.run(["gdb", "-q", "-nx", "-batch", "-ex", "set host-charset UTF-8", *(word for name in names for word in ("-ex", f"p {name}")),
                            expressed], capture_output=True, text=True, check=True).stdout
    theirs = [re.sub(r"0x\w+ |<[^>]*> |\\000", "", line.split(" = ", 1)[1]) for line in shown.splitlines() if " = " in line]
    done = tool.json(["run", *names, "wide_null", 'wide == L"wide\\u00e9\\n"', 'wide16 == u"a"', 'wide_pointer == L"behind"', "wide[0:3]",
                      "pr/d wide32"], expressed)
    assert [done.result(name)["text"].strip() for name in names] == theirs == [
        'L"wide\u00e9\\n"', 'u"a\u20ac\U0001f600"', 'U"full"', 'L"behind"']
    assert [done.result(name)["value"] for name in names] == ["wide\u00e9\n", "a\u20ac\U0001f600", "full", "behind"]
    assert [event["text"].strip() for event in done.of("result")[-6:]] == ["NULL", "1", "0", "1", 'L"wid"', "{102, 117, 108, 108}"]


def test_a_struct_with_const_fields_is_not_assigned(tool, expressed):
    done = tool.run(["kept = kept", "holder = other_holder", "holder.all[1] = kept", "points = other_points", "holder.plain = 3",
                     "holder.all[0].free = 4", "holder.all[0].number = 5"], expressed)
    for text in ("struct kept is not assigned as a whole", "struct holder is not assigned as a whole",
                 'the field "number" of struct kept is const', "int cannot be stored in const int, which is const"):
        assert text in done.err
    assert done.err.count("as a whole") == 3
    said = of_commands(done)
    assert len(said) == 3 and "plain = 5" in said[0] and said[1:] == ["3", "4"], done


def test_a_static_is_named_with_its_function(tool, expressed):
    done = tool.run(["f.counter", "f.counter = 5", "run", "f.counter", "f::counter", "f.countr"], expressed)
    assert of_commands(done) == ["41", "5", "6", "6"], done.out
    assert 'the function f has no static "countr"' in done.err and "did you mean f::counter?" in done.err


def test_a_bit_field_behind_the_last_page_cannot_be_read(tool, expressed):
    done = tool.json(["run", "*edge", "edge->a", "edge->c"], expressed)
    text = done.result("*edge")["text"]
    assert re.fullmatch(r"\{a = 3, b = 77, c = <unreadable 0x\w+fff>\}\n\(the program has ended: its memory is gone\)\s*", text), text
    assert done.result("*edge")["value"]["c"]["unreadable"].endswith("fff")
    assert done.result("edge->a")["value"] == 3 and "<unreadable" in done.result("edge->c")["text"]


def test_a_misspelt_name_behind_sizeof_is_pointed_at(tool, expressed):
    for text in ("sizeof numbr", "sizeof(numbr)", "_Alignof numbr", "~~numbr"):
        err = tool("open", "-e", text, expressed).err.splitlines()
        assert 'no variable, function or constant "numbr"' in err[0] and "did you mean number?" in "".join(err), err
        assert err[2].index("^") - err[1].index(text) == text.index("numbr"), err


def test_a_wildcard_before_a_separator_of_c_says_what_is_wanted(tool, expressed):
    done = tool("open", "-e", "ls *holder.plain", "-e", "ls *holder/plain", "-e", "ls oth*er.plain", expressed)
    assert '"." goes on from one (from each: *holder/plain)' in done.err and done.err.count("goes on") == 1, done
    assert sorted(done.out.split()) == ["holder/plain", "oth*er.plain", "other_holder/plain"], done


def test_what_cannot_be_written_or_called_is_said_with_its_address(tool, stored):
    lines = ["*(int *)8 = 1", "*(int *)main = 0", "((int (*)(int, int))8)(1, 2)", "1" + " + 1" * 2000]
    done = tool.json(lines, stored, options=["--unsafe"])
    errors = [done.result(line)["error"] for line in lines]
    assert errors[0].startswith("memory at 0x8 cannot be written") and "(int *)8" in errors[0]
    assert re.match(r"memory at 0x[0-9a-f]+ cannot be written", errors[1]), errors[1]
    assert errors[2].startswith("there is no code at 0x8")
    assert "it has 8001 bytes, and may have 4096" in errors[3]


def test_complex_integers_are_shown_and_not_calculated_with(otrace, expressed):
    assert ours(otrace, expressed, ["pr steps"]).strip() == "3 + 4i"
    for text in ("steps + 1", "-steps", "1 * steps"):
        done = subprocess.run([otrace, "open", "-e", f"pr {text}", expressed], capture_output=True, text=True, check=False)
        assert "a _Complex int is shown and not calculated with" in done.stderr


def test_many_choices_in_each_other_are_looked_at_once(tool, stored):
    """Twice for each level would be a thousand million times."""
    text = "counter"
    for _ in range(31):
        text = f"({text} ?: 7)"
    plain = tool("open", "-e", "counter ?: 7", stored).out
    assert plain and tool("open", "-e", text, stored).out == plain


def test_a_field_of_an_array_is_of_one_element(tool, shop):
    """-> is C for that of the first; a dot would be anybody's guess."""
    for text in ("shelf.number", "shelf[0:2].number"):
        assert "of which element?" in tool("open", "-e", text, shop).err
    for text in ("shelf->number", "shelf[0].number"):
        assert tool("open", "-e", text, shop).out == "0\n"
    assert tool("open", "-e", "ls shelf/*/number", shop).out.split() == ["shelf/0/number", "shelf/1/number"]


@pytest.mark.parametrize("text, outside", [
    ("table[3]", False), ("table[4]", True), ("table[99]", True), ("table[-1]", True), ("&table[4]", False),
    ("sizeof table[9]", False), ("&table[2] - 1", False), ("table[table[9] * 0]", True)])
def test_elements_that_an_array_does_not_have_are_noted(tool, stored, text, outside):
    assert ("(outside of int [4])" in tool("open", "-e", text, stored).out) == outside
