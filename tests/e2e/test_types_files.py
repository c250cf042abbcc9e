# SPDX-License-Identifier: BSD-2-Clause
"""Types and variables of programs of several files: shared, completed elsewhere, kept apart; statics and thread-locals."""
import os
import pathlib
import re
import subprocess

import pytest

from waiting import wait_until

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
FILES = ("main.c", "one.c", "two.c")


def build_program(folder, plugin, *flags):
    for name in FILES:
        subprocess.run(["clang-19", "-g", "-w", *flags, f"-fpass-plugin={plugin}", "-c", PROGRAMS / "types_files" / name,
                        "-o", folder / f"{name}.o"], check=True)
    subprocess.run(["clang-19", *(folder / f"{name}.o" for name in FILES), "-pthread", "-o", folder / "files"], check=True)
    return folder / "files"


@pytest.fixture(scope="module", params=["-O0", "-O2"])
def files(request, build, tmp_path_factory):
    return build_program(tmp_path_factory.mktemp("files"), build / "lib/otrace.so", request.param)


def shown(tool, program, *expressions):
    done = tool.json(["run", *(f"pr {text}" for text in expressions)], program)
    return [(done.result(f"pr {text}")["text"] or str(done.result(f"pr {text}")["error"])).split("\n(")[0].strip()
            for text in expressions]


def types(tool, program):
    return tool("open", "-e", "ls -l /osh/types", program).out


def test_incomplete_types_are_completed_by_another_file(tool, files):
    assert shown(tool, files, "*opaque", "shared_main.opaque->secret", "sizeof(struct opaque)", "sizeof(opaque_t)") == [
        "{secret = 5}", "5", "4", "4"]


def test_types_of_one_name_in_two_files_are_kept_apart(tool, files):
    assert shown(tool, files, "local_main", "local_one", "*holder_one.private", "*holder_two.private") == [
        "{only_in_main = 1}", "{only_in_one = 2.5, c = 99 'c'}", "{in_one = 1.5}", '{in_two = "abc", z = 3}']


def test_a_type_that_several_files_define_is_not_guessed(tool, files):
    """main.c has the declaration alone, and nothing says which definition is meant."""
    (text,) = shown(tool, files, "*copied.private")
    assert text == "<incomplete type: several files define struct private>"


def test_a_type_of_one_header_is_one_type(tool, files):
    listed = types(tool, files)
    for name in ("shared", "kind", "pair", "opaque", "opaque_t"):
        assert len(re.findall(rf"^{name}(?:@\S+)? ", listed, re.MULTILINE)) == 1, f"{name} in\n{listed}"
    assert len(re.findall(r"^local(?:@\S+)? ", listed, re.MULTILINE)) == 2
    assert tool("open", "-e", "ls /osh/types/shared/methods", files).out == "use\n"


def test_a_type_of_one_header_is_stored_once(build, tmp_path):
    """20 files that include one header have the types of one."""
    (tmp_path / "common.h").write_text("".join(
        f"struct s{i} {{ int a{i}; struct s{i} *next; enum e{i} {{ A{i}, B{i} }} e; char text[{i + 1}]; }};\n"
        f"typedef struct s{i} t{i};\n" for i in range(40)))
    def size(nr):
        for i in range(nr):
            (tmp_path / f"f{i}.c").write_text('#include "common.h"\n' + "".join(f"t{j} v{j}_{i};\n" for j in range(40)))
        (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
        subprocess.run(["clang-19", "-g", f"-fpass-plugin={build}/lib/otrace.so", "main.c", *(f"f{i}.c" for i in range(nr)), "-o",
                        "program"], cwd=tmp_path, check=True)
        out = subprocess.run(["readelf", "-SW", "program"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        return int(re.search(r"\botrace_type\s+PROGBITS\s+\w+ \w+ (\w+)", out)[1], 16)
    # what is more are the names of the files
    assert size(1) > 40 * 60
    assert size(20) - size(1) < 19 * 60


def test_statics_of_functions_go_by_the_name_of_their_function(tool, files):
    assert shown(tool, files, "count::counter", "inlined::counter", "count::words[1]", "hidden@main.c", "hidden@one.c") == [
        "5", "102", '"y"', "10", "20"]


def test_arrays_declared_without_size_have_that_of_their_definition(tool, files):
    assert shown(tool, files, "table", "sizeof(table)", "*extern_table") == ["{1, 2, 3}", "12", "1"]


def test_thread_locals_are_those_of_the_main_thread(tool, files):
    process = tool.listen(files, "wait")
    try:
        wait_until(lambda: len(os.listdir(f"/proc/{process.pid}/task")) >= 3, "the program starts no thread")
        assert process.stdout.readline() == f"{102 + ord('y')} 31 9\n"
        done = tool.attach(["pr per_thread", "pr local_thread"], process.pid)
        assert [done.result(f"pr {name}")["value"] for name in ("per_thread", "local_thread")] == [7, {"only_in_main": 9}]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_linking_without_unused_sections_keeps_types_whole(build, tmp_path):
    """A type lives as long as anything that is of it."""
    plugin = build / "lib/otrace.so"
    program = build_program(tmp_path, plugin, "-ffunction-sections", "-fdata-sections")
    subprocess.run(["clang-19", *(tmp_path / f"{name}.o" for name in FILES), "-Wl,--gc-sections", "-pthread", "-o", program],
                   check=True)
    done = subprocess.run([build / "bin/otrace", "open", "-e", "pr shared_main", "-e", "ls -l /osh/types", program],
                          capture_output=True, text=True, check=True)
    assert done.stdout.startswith("{id = 1, next = NULL, opaque = NULL, kind = KIND_A}\n")
    assert re.search("^opaque +4 struct opaque", done.stdout, re.MULTILINE)
