# SPDX-License-Identifier: BSD-2-Clause
"""The comforts of the shell, in batch: lines, parameters, aliases, files of commands, commands of the machine."""
import json
import os
import re
import signal
import subprocess
import time

import pytest

SOURCE = """\
// A file with comments.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* How often
 * it was asked. */
int asked; /* beside it */

// A point
// of the plane.
struct point {
	int x;
	int y;
};

struct point corner = {3, 4};
int many[30] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
const char *text = "abcdefghijklmnopqrstuvwxyz";
struct { struct { struct { int deep; } c; } b; } a = {{{1}}};

/** Adds. */
__attribute__((noinline))
int
sum(int first, int second)
{
	asked++;
	return first + second + corner.x;
}

__attribute__((noinline)) int plain(int n) { return n + many[n & 15] + a.b.c.deep + text[0]; }

static void on_int(int number)
{
	(void)number;
	write(1, "interrupted\\n", 12);
	_exit(3);
}

int main(int argc, char **argv)
{
	signal(SIGINT, on_int);
	printf("%d %d\\n", sum(argc, 2), plain(argc));
	fflush(stdout);
	while (argc > 1)
		pause();
	return 0;
}
"""


@pytest.fixture(scope="module")
def comments(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("comments")
    (folder / "comments.c").write_text(SOURCE)
    subprocess.run(["clang-19", "-g", "-O1", f"-fpass-plugin={build}/lib/otrace.so", "comments.c", "-o", "comments"],
                   cwd=folder, check=True)
    return folder / "comments"


@pytest.fixture
def look(tool, comments):
    """look("CMD", ...): what these lines print about a program file."""
    def look(*lines, env=None, options=()):
        words = [word for line in lines for word in ("-e", line)]
        return tool("open", *options, *words, comments, env=env)
    return look


# ------------------------------------------------------------------ lines

def test_expressions_are_c_to_the_end_of_the_line(look):
    done = look("pr 6 | 1", "5 > 3", "pr asked == 0 | 2", "pr !asked")
    assert done.out == "7\n1\n3\n1\n" and not done.err


def test_a_semicolon_in_an_expression_is_an_error_that_tells_of_lines(look):
    done = look("pr 1; pr 2")
    assert done.status == 1 and not done.out
    assert "an expression goes to the end of the line" in done.err and "a line of its own" in done.err


def test_a_pipe_in_an_expression_tells_of_pipe(look):
    done = look("pr asked | grep 5")
    assert "`pipe pr EXPRESSION | COMMAND`" in done.err


def test_other_commands_are_separated_by_semicolons_outside_quotes(look):
    done = look("pwd; pwd ;; pr 1", "alias both 'pwd; pwd'; both; pr 2")
    assert done.out == "/osh/globals\n/osh/globals\n1\n/osh/globals\n/osh/globals\n2\n" and not done.err


def test_text_goes_to_unix_commands_and_files(look, tool):
    done = look("ls /osh/globals | grep -c '^[a-z]*$' > count.txt", "ls -l /osh/globals | grep asked",
                "pwd > where.txt", "pwd >> where.txt")
    assert done.status == 0 and done.out == "asked  int 0\n" or re.fullmatch(r"asked +.*0\n", done.out)
    names = int((tool.folder / "count.txt").read_text())
    assert names >= 8  # one name a line: not columns
    assert (tool.folder / "where.txt").read_text() == "/osh/globals\n/osh/globals\n"


def test_pipe_passes_the_value_of_an_expression_on(look):
    done = look("pipe pr 8 | 1 | sed s/9/nine/", "pipe corner | tr x X")
    assert done.out.splitlines()[0] == "nine" and "X = 3" in done.out


@pytest.mark.parametrize("line, part", [
    ("pwd |", "no command behind |"), ("pwd >", "no file name behind >"), ("pwd > a b", "one file name"),
    ("pwd || pwd", "|| is not"), ("pwd > ''", "empty file name"), ("pipe pr 1", "pipe wants"),
    ("pwd > /nowhere/x", "cannot write /nowhere/x: No such file"), ("pwd > /dev/full", "No space left on device"),
    ("pwd | exit 3", "exit 3: exit status 3"), ("pwd | kill -9 $$", "killed by signal 9"),
    ("pipe nosuch | cat", "nothing was passed on"), ("pwd | nosuch_command", "exit status 127")])
def test_what_fails_behind_a_command_is_reported(look, line, part):
    done = look(line, "pr 40 + 2")
    assert done.status == 1 and part in done.err and done.out == "42\n", done.err


def test_a_command_that_fails_leaves_the_file_as_it_was(look, tool):
    (tool.folder / "kept").write_text("before\n")
    look("view nosuch > kept")
    assert (tool.folder / "kept").read_text() == "before\n"


def test_a_command_that_fails_makes_no_file_unless_it_said_something(look, tool):
    look("ls nope > none", "ls nope >> none", "nosuch > none")
    assert not (tool.folder / "none").exists()
    (tool.folder / "kept").write_text("before\n")
    done = look("ls -d nope corner > part", "ls -d nope corner > kept", "ls -d nope corner >> kept")
    assert (tool.folder / "part").read_text() == "corner\n" and (tool.folder / "kept").read_text() == "before\ncorner\n"
    assert done.err.count('no "nope" here') == 3


def test_a_file_becomes_shorter_and_keeps_its_place(look, tool):
    (tool.folder / "long").write_text("x" * 100000)
    (tool.folder / "link").symlink_to("long")
    (tool.folder / "long").chmod(0o600)
    inode = (tool.folder / "long").stat().st_ino
    assert look("pwd > link").status == 0
    assert (tool.folder / "long").read_text() == "/osh/globals\n" and (tool.folder / "link").is_symlink()
    assert (tool.folder / "long").stat().st_ino == inode and (tool.folder / "long").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there_is_told_before_the_command_runs(tool, comments):
    done = tool.run(["source lines > /nowhere/x", "exec asked = 5", "pr asked"], comments)
    assert "cannot write /nowhere/x: No such file" in done.err and "lines" not in done.err.replace("source lines", "")


def test_a_reader_that_has_enough_is_no_error(look):
    done = look("ls /osh/globals | head -1")
    assert done.status == 0 and done.out.count("\n") == 1 and not done.err


def test_what_follows_a_cd_that_failed_is_not_run(look):
    done = look("cd /osh/nowhere; pwd", "cd /osh/types; pwd", "cdls nowhere; pwd", "alias go 'cd nosuch'; go; pwd")
    assert done.out == "/osh/types\n"
    assert done.err.count("nosuch") and done.err.count("nowhere")


# ------------------------------------------------------------------ parameters

def test_set_lists_shows_and_sets(look):
    done = look("set", "set max_depth", "set max_depth 7; set max_depth", "set max_depth \"\"", "set pager less -R")
    lines = done.out.splitlines()
    names = [line.split(" ")[0] for line in lines if " = " in line]
    assert {"pretty_print", "max_depth", "max_elements", "max_string", "repeat_interval", "editor", "pager", "safe_mode",
            "osh_bin", "add_env", "shell_timeout", "log_lines", "history_size", "color", "width"} <= set(names)
    assert lines[-5:] == ["max_depth = 20", "max_depth = 7", "max_depth = 7", "max_depth = 20", "pager = less -R"]


@pytest.mark.parametrize("line, part", [
    ("set pretty_pint", "did you mean pretty_print?"), ("set max_depth many", "a number, 1 to 100"),
    ("set max_depth 0", "a number"), ("set max_depth -1", "a number"), ("set max_string 99G", "a size, 1 to 16M"),
    ("set pretty_print maybe", "true or false"), ("set color blue", "auto, always, never"),
    ("set repeat_interval 1 year", "a time, 0.01 s to 1 h"), ("set add_env LANG", "NAME=VALUE")])
def test_a_wrong_value_says_what_is_wanted(look, line, part):
    done = look(line)
    assert done.status == 1 and part in done.err, done.err


def test_booleans_are_read_as_what_they_say(look):
    done = look("set pretty_print False", "set pretty_print ON", "set pretty_print no", "set pretty_print 1")
    assert [line.split()[-1] for line in done.out.splitlines()] == ["false", "true", "false", "true"]


def test_sizes_and_times_have_units(look):
    done = look("set max_string 4k", "set max_string 1M", "set repeat_interval 500ms", "set repeat_interval 2m")
    assert done.out.splitlines() == ["max_string = 4k", "max_string = 1M", "repeat_interval = 0.5 s",
                                     "repeat_interval = 2 min"]


def test_limits_of_printing_are_parameters(look):
    assert look("set max_elements 3", "pr many").out.splitlines()[1] == "{1, 2, 3, ...}"
    assert '"abcde"...' in look("set max_string 5", "pr text").out
    assert "deep" not in look("set max_depth 2", "pr a").out


def test_pretty_print_lays_values_out_on_several_lines_or_not(look):
    pretty = look("set width 10", "pr corner").out
    assert len(pretty.splitlines()) > 2
    flat = look("set width 10", "set pretty_print false", "pr corner").out.splitlines()[-1]
    assert flat == "{x = 3, y = 4}"


def test_width_lays_lists_out(look):
    assert look("set width 100", "ls").out.count("\n") < look("ls").out.count("\n")


def test_safe_mode_can_be_switched_on_but_not_off(tool, comments):
    done = tool.run(["set safe_mode", "set safe_mode true", "patch sum with plain", "set safe_mode false"], comments)
    assert "safe_mode = false\nsafe_mode = true\n" in done.out
    assert "not allowed in safe mode" in done.err and "cannot be left" in done.err


def test_help_set_explains_each_parameter(look):
    text = look("help set").out
    listed = re.findall(r"^(\w+) +=", look("set").out, re.M)
    assert listed and all(re.search(rf"^{name} .*at first", text, re.M) for name in listed)


def test_parameters_are_in_the_json(tool, comments):
    done = tool("open", "--json", "-e", "set max_depth 9", comments)
    events = [json.loads(line) for line in done.out.splitlines()]
    assert events[-1]["value"] == "9"


# ------------------------------------------------------------------ aliases

def test_help_knows_what_is_typed_like_a_command(look, tool):
    for word in ("where", "up", "dn", "uv", "dv", "cdt", "exc_stack", "exc_context"):
        assert f"{word}  in a context" in look(f"help {word}").out
        done = tool("help", word)
        assert done.status == 0 and done.out.startswith(f"{word}  in a context") and done.out.count("\n") == 1
    assert "where is an alias: pr __trc/where\n" in look("help where").out
    conditions = tool("help", "trace").out
    assert "$errno (as the call leaves it" in conditions and '== "name": its name' in conditions


def test_aliases_put_arguments_where_they_are_wanted(look):
    done = look(r"alias p pr \*", "p 1 + 2", r"alias second pr \2", "second 10 20 30", r"alias w pwd", "w", "alias p",
                r"alias twice 'pwd; pr \1 + \1'", "twice 4")
    assert done.out == "3\n20\n/osh/globals\np          pr \\*\n/osh/globals\n8\n"


def test_an_alias_makes_the_arguments_of_a_call(tool, comments):
    done = tool.run([r"alias call run sum \1 \2", "call 5 6", r"alias show_call pipe pr \** | cat"], comments)
    assert "14\n" in done.out
    done = tool("open", "-e", r"alias last pr (\**)", "-e", "last 1 0x10 'a b'", comments)
    assert done.out == '"a b"\n' or "a b" in done.out + done.err


def test_arguments_are_put_behind_an_alias_without_marks(look):
    done = look("alias l ls -d", "l /osh/types")
    assert done.out == "/osh/types\n"


def test_an_alias_within_its_own_text_is_the_command(look):
    done = look("alias pwd 'pwd; pwd'", "pwd")
    assert done.out == "/osh/globals\n/osh/globals\n"


def test_aliases_for_aliases_end(look):
    lines = [f"alias a{n} a{n + 1}" for n in range(40)] + ["a0"]
    assert "too many" in look(*lines).err
    lines = [rf"alias b{n} b{n + 1} \* \*" for n in range(15)] + ["b0 " + "x" * 30]
    assert "too long" in look(*lines).err
    assert look("alias x y", "alias y x", "x").status == 1


def test_an_alias_can_be_removed_and_misspelt(look):
    done = look("alias shaw pwd", 'alias shaw ""', "alias shaw", 'alias shaw ""', "alias 1x pwd", "alias alias pwd")
    assert not done.out
    assert "did you mean show?" in done.err and "no name for an alias" in done.err and "stays" in done.err


def test_the_aliases_that_are_always_there(look):
    names = [line.split()[0] for line in look("alias").out.splitlines()]
    assert names == ["cde", "cdt", "dn", "doc", "dv", "show", "up", "uv", "where"]
    assert "Adds." in look("doc sum").out and "asked++" in look("show sum").out


# ------------------------------------------------------------------ help

def test_help_has_columns_and_hints(look):
    text = look("help").out
    assert re.search(r"^help +\w+ +\w+", text, re.M) and "C expression" in text and "TAB" in text
    assert len(text.splitlines()) < 15


def test_help_of_all_has_a_line_for_each(look):
    text = look("help *").out
    for name in ("help", "cd", "pr", "exec", "alias", "set", "source", "repeat", "view", "pipe", "interrupt", "quit"):
        assert re.search(rf"^  {name} +\w+", text, re.M), name


@pytest.mark.parametrize("topic, part", [
    ("exec", "assignments"), ("repeat", "TIMES"), ("tree", "/osh/locals"), ("lines", "CMD > FILE"),
    ("outside", "$SHELL"), ("max_depth", "nesting"),
    ("show", "show is an alias: view"), ("init", "otracerc"), ("expressions", "pipe pr"), ("!", "exec STATEMENT")])
def test_help_of_one(look, topic, part):
    assert part in look(f"help {topic}").out


def test_help_of_nothing_known_gives_the_nearest(look):
    assert "did you mean source?" in look("help sourse").err


# ------------------------------------------------------------------ source, repeat, init files

@pytest.mark.parametrize("line, says", [
    ("trace --wiat sum", "trace has no option --wiat; it has -a -c -n -d -s -r -t -k -q -w --wait; did you mean --wait?"),
    ("log -x", "log has no option -x; it has -n -t -s"), ("find -tpye int", "it has -name -type -depth; did you mean -type?"),
    ("grep -x 5", "grep has no option -x"), ("patch --froce sum with plain", "did you mean --force?"),
    ("view -x sum", "view has no option -x; it has -d -e -i"), ("ls --lnog", "ls has no option --lnog")])
def test_a_misspelt_option_gets_the_right_ones(tool, comments, line, says):
    done = tool.run([line], comments)
    assert says in done.err, done.err


def test_source_echoes_lines_and_drops_comments(look, tool):
    (tool.folder / "lines").write_text("# no\n\n  pr 1 + 1\nnoecho pr 3\n   # no\nset max_depth 5\n")
    done = look("source lines", "set max_depth")
    assert done.out.splitlines() == ["globals> pr 1 + 1", "2", "3", "globals> set max_depth 5", "max_depth = 5",
                                     "max_depth = 5"]


def test_an_error_in_a_sourced_file_says_where(look, tool):
    (tool.folder / "outer").write_text("pwd\nsource inner\nnosuch thing\n")
    (tool.folder / "inner").write_text("\n\nset nosuch\n")
    done = look("source outer")
    assert "inner:3: no parameter" in done.err and "outer:3: no command" in done.err
    assert done.status == 1


@pytest.mark.parametrize("name, content, part", [
    ("loop", b"source loop\n", "16 deep"), ("binary", b"pwd\0x\n", "NUL byte"), ("missing", None, "No such file")])
def test_bad_files_are_refused(look, tool, name, content, part):
    if content is not None:
        (tool.folder / name).write_bytes(content)
    done = look(f"source {name}", "pr 1")
    assert part in done.err and done.out.endswith("1\n") and done.status == 1


def test_source_can_be_passed_on(look, tool):
    (tool.folder / "lines").write_text("pwd\nnoecho pr 2\n")
    assert look("source lines | cat -n").out.split() == ["1", "globals>", "pwd", "2", "/osh/globals", "3", "2"]


def test_repeat_runs_so_often_in_a_script(look):
    start = time.monotonic()
    done = look("set repeat_interval 50ms", "repeat -n 3 pwd; pr 1")
    assert done.out.splitlines()[1:] == ["/osh/globals", "1"] * 3
    assert time.monotonic() - start >= 0.1
    assert "say how often" in look("repeat pwd").err
    for wrong in ("repeat -n 0 pwd", "repeat -n x pwd", "repeat -n 3", "repeat"):
        assert look(wrong).status == 1


def test_a_line_that_fails_ends_repeat(look):
    done = look("repeat -n 5 nosuch thing")
    assert done.err.count("no command") == 1


def test_init_files_are_run_first(tool, look):
    config = tool.folder / ".config/otrace"
    config.mkdir(parents=True)
    (config / "init").write_text("alias hello pwd\n\nbad line here\n")
    (tool.folder / ".otracerc").write_text("set max_depth 3\n")
    (tool.folder / ".otracerc").chmod(0o600)
    done = look("hello", "set max_depth")
    assert done.out.endswith("/osh/globals\nmax_depth = 3\n")
    assert "otrace/init:3: no command" in done.err
    assert done.status == 0, "what is wrong in an init file is no failure of the script"
    assert look("set max_depth", options=["--no-init"]).out == "max_depth = 20\n"
    done = tool("open", "--json", "-e", "set max_depth", tool.folder.parent / "nosuch")
    assert "init" not in done.err


def test_init_files_are_not_for_json(tool, comments):
    (tool.folder / ".otracerc").write_text("set max_depth 3\n")
    (tool.folder / ".otracerc").chmod(0o600)
    done = tool("open", "--json", "-e", "set max_depth", comments)
    assert json.loads(done.out.splitlines()[-1])["value"] == "20"


def test_xdg_config_home_is_honoured(tool, look, tmp_path):
    (tmp_path / "conf/otrace").mkdir(parents=True)
    (tmp_path / "conf/otrace/init").write_text("set max_depth 4\n")
    assert look("set max_depth", env={"XDG_CONFIG_HOME": str(tmp_path / "conf")}).out.endswith("max_depth = 4\n")


@pytest.mark.parametrize("how, part", [("writable", "others may write"), ("link", "symbolic link"),
                                       ("folder", "a folder"), ("fifo", "not a file"), ("other", "somebody else"),
                                       ("hard link", "another name")])
def test_a_local_init_file_that_others_may_have_made_is_not_run(tool, look, how, part):
    path = tool.folder / ".otracerc"
    if how == "link":
        (tool.folder / "real").write_text("set max_depth 3\n")
        path.symlink_to("real")
    elif how == "hard link":
        (tool.folder / "real").write_text("set max_depth 3\n")
        path.hardlink_to(tool.folder / "real")
        path.chmod(0o600)
    elif how == "folder":
        path.mkdir()
    elif how == "fifo":
        os.mkfifo(path)
    else:
        path.write_text("set max_depth 3\n")
        path.chmod(0o666 if how == "writable" else 0o600)
    if how == "other":
        if os.geteuid():
            pytest.skip("kernel: only root can give files away")
        os.chown(path, 12345, 12345)
    done = look("set max_depth")
    assert done.out == "max_depth = 20\n" and ".otracerc is not run: " in done.err and part in done.err


# ------------------------------------------------------------------ exec, view

def test_exec_is_refused_in_safe_mode_and_for_files(tool, comments):
    done = tool.run(["exec asked", "! asked"], comments, options=["--safe"])
    assert done.err.count("exec is not allowed in safe mode") == 2
    done = tool("open", "-e", "!asked", comments)
    assert "nothing runs here" in done.err


def test_exec_runs_statements_and_prints_nothing(tool, comments):
    done = tool.run(["exec asked; corner.x;", "!sizeof(asked); ';'"], comments)
    assert not done.err and done.out == "6 101\n"


@pytest.mark.parametrize("line, part", [
    ("exec", "exec what?"), ("exec ;", "exec what?"), ("!", "exec what?"), ("exec if (1) asked", "no if"),
    ("exec asked; nosuch; asked", "statement 2"), ("exec {1}", "no blocks"), ("exec /osh/types", "not a path")])
def test_what_exec_cannot_run_is_said(tool, comments, line, part):
    done = tool.run([line], comments)
    assert part in done.err, done.err


def test_view_shows_source_of_functions_types_and_variables(look):
    assert "return first + second" in look("view sum").out
    out = look("view point").out
    assert "struct point {" in out and "int y;" in out
    assert "struct point corner = {3, 4};" in look("view corner").out


@pytest.mark.parametrize("name, comment", [
    ("sum", ["/** Adds. */"]), ("asked", ["/* How often", " * it was asked. */"]),
    ("point", ["// A point", "// of the plane."])])
def test_view_d_shows_the_comment_above(look, name, comment):
    out = look(f"view -d {name}").out.splitlines()
    assert [re.sub(r"^ *\d+  ", "", line) for line in out[1:]] == comment


def test_view_d_without_a_comment_says_so(look):
    assert "no comment above plain" in look("view -d plain").err
    assert "no comment above corner" in look("view -d corner").err
    assert "has no option -x" in look("view -x plain").err


def test_view_e_needs_a_terminal(look):
    assert "view -e: there is no terminal for an editor" in look("view -e sum").err
    assert look("view -i sum").out == look("view sum").out


def test_view_writes_source_that_compiles_to_a_file(look, tool):
    done = look("view point > point.c", "view sum >> point.c")
    assert done.status == 0 and not done.out
    text = (tool.folder / "point.c").read_text()
    assert text.startswith("struct point {\n") and "\nsum(int first, int second)\n{\n" in text
    text = "int asked; " + text.replace("};", "} corner;").replace("\nsum(", "\nint sum(", 1)
    subprocess.run(["clang-19", "-fsyntax-only", "-x", "c", "-"], input=text, text=True, check=True)


# ------------------------------------------------------------------ the machine's shell

def test_outside_osh_lines_are_run_by_the_shell(look, tool):
    (tool.folder / "here").write_text("a line\n")
    done = look("cd /", f"cd / ; cat {tool.folder}/here | tr a A; echo $((6 * 7))", "for i in 1 2; do echo $i; done")
    assert done.out == "A line\n42\n1\n2\n" and not done.err


def test_commands_of_otrace_stay_outside_but_those_that_mean_unix(look):
    done = look("cd /", "ls -d /usr", "pwd | cat", "pr 6 * 7", "set max_depth", "trace nothing", "cd /osh/types; pwd")
    assert done.out.startswith("/usr\n") and done.out.endswith("42\nmax_depth = 20\n/osh/types\n")


def test_a_unix_command_that_fails_is_reported(look):
    done = look("cd /", "exit 7")
    assert done.status == 1 and "exit 7: exit status 7" in done.err


def test_unix_commands_have_no_input_and_plain_streams_in_a_script(tool, comments):
    done = subprocess.run([tool.path, "open", comments], input="cd /\ncat\necho out; echo err >&2\ncd /osh\npr 4\n",
                          env=tool.env, cwd=tool.folder, text=True, capture_output=True, timeout=60, check=False)
    assert done.stdout == "out\n4\n" and done.stderr == "err\n"


def test_osh_bin_and_add_env_surround_unix_commands(look, tool):
    folder = tool.folder / "bin"
    folder.mkdir()
    (folder / "greet").write_text("#!/bin/sh\necho hello $WHO \"$TWO\"\n")
    (folder / "greet").chmod(0o755)
    done = look(f"set osh_bin {folder}", "set add_env \"WHO=ann TWO='x y'\"", "cd /", "greet", "cd /osh",
                "pwd | greet")
    assert done.out.splitlines()[2:] == ["hello ann x y"] * 2


def test_shell_timeout_ends_what_takes_too_long(look):
    start = time.monotonic()
    done = look("set shell_timeout 300ms", "cd /", "sleep 60 | cat", "set shell_timeout 0", "echo alive")
    assert time.monotonic() - start < 20
    assert "took longer than shell_timeout" in done.err and done.out.endswith("alive\n")


def test_unix_output_is_text_of_the_result_in_json(tool, comments):
    done = tool("open", "--json", "-e", "ls /osh/globals | grep -c asked", "-e", "cd /", "-e", "echo plain", comments)
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [e["text"] for e in events if e["event"] == "result"] == ["1", "", "plain"]


def test_view_outside_shows_files(look, tool):
    (tool.folder / "letter").write_text("dear\n")
    assert look("cd /", f"view {tool.folder}/letter").out == "dear\n"


def test_shell_is_the_users(look, tool):
    (tool.folder / "mysh").write_text("#!/bin/sh\necho mine: \"$2\"\n")
    (tool.folder / "mysh").chmod(0o755)
    assert look("cd /", "some thing", env={"SHELL": str(tool.folder / "mysh")}).out == "mine: some thing\n"


# ------------------------------------------------------------------ interrupt, quit

def test_interrupt_reaches_the_handler_of_the_program(tool, comments):
    program = tool.listen(comments, "stay")
    try:
        assert program.stdout.readline().startswith("7 ")
        done = tool("attach", "-e", "interrupt", program.pid)
        assert "not allowed in safe mode" in done.err
        done = tool("attach", "--unsafe", "-e", "interrupt", program.pid)
        assert f"SIGINT sent to process {program.pid}" in done.out
        assert program.wait(20) == 3
        assert "interrupted\n" in program.stdout.read()
    finally:
        if program.poll() is None:
            program.send_signal(signal.SIGKILL)
            program.wait()
        program.stdout.close()


def test_quit_in_a_file_leaves_the_rest_alone(look, tool):
    (tool.folder / "lines").write_text("noecho pr 1\nquit\npr 2\n")
    assert look("source lines; pr 3", "pr 4").out == "1\nglobals> quit\n"


@pytest.mark.parametrize("line, fails", [("ls /osh/globals | grep x", True), ("ls /osh/globals | head -1", False), ("ls ~~g", True)])
def test_a_path_of_the_tree_outside_says_where_it_means_something(look, line, fails):
    done = look("cd /", line)
    assert "outside /osh such lines go to $SHELL, which has no /osh: `cd /osh` first" in done.err
    assert done.status == fails
    assert "outside /osh" not in look("cd /", "ls /nowhere/osh").err


def test_an_alias_for_itself_says_so(look):
    done = look('alias rec "rec 1"', "rec", "help rec")
    assert done.out == "rec is an alias: rec 1\n"
    assert 'no command "rec": the alias of that name is not taken again in what it stands for: rec 1' in done.err
    assert "did you mean" not in done.err


def test_a_type_that_several_files_have_says_so(tool, build):
    for name, members in (("one", "int a;"), ("two", "char *b;")):
        (tool.folder / f"{name}.c").write_text(f"struct local {{ {members} }};\nstruct local of_{name};\n")
    (tool.folder / "main.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["clang-19", "-g", f"-fpass-plugin={build}/lib/otrace.so", "one.c", "two.c", "main.c", "-o", "both"],
                   cwd=tool.folder, check=True)
    done = tool("open", "-e", "struct local", "-e", "view struct local", "-e", "struct local@two.c", "both")
    assert done.out.count("(several types are called local; another is local@two.c)") == 2
    assert done.out.endswith("struct local {\n\tchar *b;\n};\n")
