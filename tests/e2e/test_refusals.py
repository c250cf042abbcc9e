# SPDX-License-Identifier: BSD-2-Clause
"""Programs that otrace cannot trace, or not in full: they run as ever, and what is said names the reason and the way."""
import os
import shutil
import signal
import struct
import subprocess
import tempfile

import pytest
from waiting import TIMEOUT, wait_until

SHOP = "hello ann\nhello bob\nhello cleo\n120 1.5 46\n"


@pytest.fixture
def linked_in(compiled, build):
    """The shop with the runtime in it."""
    return compiled("shop.c", "-Wl,-u,otrace_listen", str(build / "lib/libotrace.a"))


def started(tool, command, **env):
    return subprocess.Popen(list(map(str, command)), cwd=tool.folder, env=dict(tool.env, **env), stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process):
    process.send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=TIMEOUT)
    return out, err


# ---------------------------------------------------------------------- fork


@pytest.fixture
def family(compiled):
    return compiled("family.c")


def beats(done):
    return {e["args"]["who"] for e in done.of("call", "beat")}


def test_a_forked_child_listens_when_it_is_asked_for(tool, family):
    parent = started(tool, [family], LD_PRELOAD=str(tool.runtime), OTRACE="listen,fork")
    child = int(parent.stdout.readline())
    wait_until((tool.folder / "run/otrace" / str(child)).exists, "the child does not listen")
    assert beats(tool.attach(["trace beat"], child, ["--for", "0.3"])) == {2}
    assert beats(tool.attach(["trace beat"], parent.pid, ["--for", "0.3"])) == {1}
    parent.stdin.close()
    assert parent.wait(TIMEOUT) == 0 and parent.stderr.read() == ""


def test_a_forked_child_is_left_alone_otherwise_and_how_to_ask_is_said(tool, family):
    parent = started(tool, [family], LD_PRELOAD=str(tool.runtime), OTRACE="listen")
    child = int(parent.stdout.readline())
    wait_until((tool.folder / "run/otrace" / str(parent.pid)).exists, "the parent does not listen")
    done = tool.attach(["trace beat"], child, ["--for", "0.1"])
    assert done.status == 1 and "OTRACE=listen,fork" in done.err
    assert beats(tool.attach(["trace beat"], parent.pid, ["--for", "0.3"])) == {1}
    parent.stdin.close()
    assert parent.wait(TIMEOUT) == 0


def test_a_child_forked_while_traced_goes_on_untraced(tool, family):
    done = tool.json(["trace beat", "run"], family, stdin=subprocess.DEVNULL)
    assert done.status == 0 and beats(done) <= {1}


# ---------------------------------------------------------------------- raised privileges


@pytest.fixture
def raised(linked_in, tmp_path):
    """A program that runs with another group than its user: secure in the loader's sense."""
    path = tmp_path / "raised"
    shutil.copy(linked_in, path)
    other = next(group for group in (1000, 1001, 65534) if group != os.getegid())
    try:
        os.chown(path, -1, other)
    except PermissionError:
        pytest.skip("kernel: only root may give a file to another group")
    path.chmod(0o2755)
    if os.statvfs(path).f_flag & os.ST_NOSUID:
        pytest.skip("kernel: mounted without setgid")
    return path


def test_raised_privileges_ignore_the_environment(tool, raised):
    program = started(tool, [raised, "work"], OTRACE="listen", OTRACE_DIR=str(tool.folder / "run/here"))
    wait_until(lambda: "raised" in os.readlink(f"/proc/{program.pid}/exe"), "it does not start")
    done = tool.attach(["status"], program.pid)
    assert done.status == 1 and "raised privileges" in done.err
    assert not (tool.folder / "run/here").exists()
    names = [os.readlink(f"/proc/{program.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{program.pid}/fd")]
    assert not [name for name in names if "socket" in name or "otrace" in name]
    assert ended(program)[1] == ""


def test_raised_privileges_run_untraced_and_it_is_said(tool, raised):
    done = tool.run(["trace add"], raised)
    assert done.out == SHOP
    assert "raised privileges" in done.err and "untraced" in done.err


# ---------------------------------------------------------------------- other tables


@pytest.fixture
def other_version(shop, tmp_path):
    """The shop, as a pass of the future would have made it."""
    data = bytearray(shop.read_bytes())
    at = data.find(struct.pack("<I", 1) + b"otrace\0\0")
    assert at > 0
    struct.pack_into("<I", data, at + 12, 77)
    path = tmp_path / "future"
    path.write_bytes(data)
    path.chmod(0o755)
    return path


def version_is_told(text):
    return "future was compiled with tables of version 77" in text and "compile it again" in text


def test_tables_of_another_version_run(tool, other_version):
    done = tool.run(["trace add", "status"], other_version)
    assert done.out == SHOP
    assert version_is_told(done.err), done.err


def test_tables_of_another_version_open(tool, other_version):
    done = tool("open", "-e", "ls", other_version)
    assert done.status == 1 and version_is_told(done.err)


def test_tables_of_another_version_attach(tool, other_version):
    program = tool.listen(other_version, "work")
    done = tool.attach(["trace add"], program.pid)
    assert program.poll() is None
    program.kill()
    program.wait()
    program.stdout.close()
    assert done.status == 1 and version_is_told(done.err)


# ---------------------------------------------------------------------- without -g, without the pass


def test_without_debug_information_machine_types_are_shown(tool, compiled):
    done = tool.json(["trace add", "run"], compiled("shop.c", debug=False))
    assert done.of("call", "add")[0]["args"] == {"arg1": 2, "arg2": 1}
    assert done.of("return", "add")[0]["value"] == 3
    done = tool.run(["pr add"], compiled("shop.c", debug=False))
    assert "i32 add(i32, i32)" in done.out + done.err


def test_without_debug_information_the_compiler_says_so(build, tmp_path, source):
    done = subprocess.run(["clang-19", f"-fpass-plugin={build}/lib/otrace.so", "-c",
                           source / "tests/e2e/programs/shop.c", "-o", tmp_path / "shop.o"],
                          capture_output=True, text=True, check=True)
    assert "without -g" in done.stderr and "machine types" in done.stderr


def test_without_the_pass_it_runs_and_the_compiler_is_named(tool, compiled):
    done = tool.run(["trace add"], compiled("shop.c", plugin=False))
    assert done.out == SHOP
    assert "not instrumented" in done.err and "otrace cc" in done.err


@pytest.mark.parametrize("first", ["#!/bin/sh", "#! /bin/sh -e", "", "#!", "#!" + 248 * " " + "/bin/sh"],
                         ids=["plain", "blank", "none", "empty", "cut"])
def test_a_script_is_told_from_the_program_that_it_starts(tool, shop, first):
    """Also one that the kernel refuses to run and the C library gives to /bin/sh."""
    script = tool.folder / "start"
    script.write_text(f'{first}\nexec "{shop}"\n', encoding="utf-8")
    script.chmod(0o755)
    done = tool.run(["trace add"], script)
    assert done.out == SHOP
    shell = os.path.realpath("/bin/sh")
    assert f"{script} is a script that {shell} runs" in done.err and "OTRACE=listen" in done.err
    assert "not instrumented" not in done.err


def test_a_pipe_in_place_of_a_program_keeps_nobody_waiting(tool):
    os.mkfifo(tool.folder / "pipe", 0o755)
    done = tool("run", tool.folder / "pipe")
    assert done.status == 126 and "Permission denied" in done.err


# ---------------------------------------------------------------------- no place for the socket


def test_a_folder_that_cannot_be_made_is_named_and_the_program_runs(tool, shop):
    done = subprocess.run([shop], capture_output=True, text=True, check=False, timeout=TIMEOUT, env=dict(
        tool.env, LD_PRELOAD=str(tool.runtime), OTRACE="listen", OTRACE_DIR="/proc/nowhere"))
    assert (done.returncode, done.stdout) == (0, SHOP)
    assert done.stderr.startswith("otrace: cannot listen for a shell, the program goes on without: /proc/nowhere")
    assert "cannot be made" in done.stderr and done.stderr.count("\n") == 1


def test_a_word_in_the_environment_that_is_none_is_said(tool, shop):
    done = subprocess.run([shop], capture_output=True, text=True, check=False, timeout=TIMEOUT, env=dict(
        tool.env, LD_PRELOAD=str(tool.runtime), OTRACE="fork,lisen"))
    assert (done.returncode, done.stdout) == (0, SHOP)
    assert done.stderr == "otrace: OTRACE has a word that is none of listen, fork, hold: lisen\n"


def test_without_a_place_for_a_folder_run_says_which(tool, shop):
    done = tool.run(["trace add"], shop, env={"TMPDIR": "/proc"})
    assert done.status == 125 and "/proc/otrace-run-" in done.err


def test_attach_says_how_a_static_program_is_joined(tool, source, tmp_path):
    static = tmp_path / "static-shop"
    subprocess.run([tool.path, "cc", "-g", "-O2", "-static", source / "tests/e2e/programs/shop.c", "-o", static], check=True)
    program = started(tool, [static, "work"], OTRACE="listen")
    done = tool.attach(["status"], program.pid)
    assert done.status == 1 and "-Wl,-u,otrace_listen -lotrace" in done.err and "LD_PRELOAD" not in done.err
    ended(program)


# ---------------------------------------------------------------------- filters for system calls


def test_a_program_with_a_filter_of_its_own_can_be_traced_and_the_danger_is_told(tool, compiled, source):
    program = started(tool, [compiled(str(source / "tests/unit/runtime/trials.c"), "-pthread")],
                      LD_PRELOAD=str(tool.runtime), OTRACE="listen")
    wait_until((tool.folder / "run/otrace" / str(program.pid)).exists, "it does not listen")
    assert "filters for system calls" not in tool.attach(["status"], program.pid).err
    program.stdin.write("k\n")
    program.stdin.flush()
    assert program.stdout.readline() == "0\n"
    done = tool.attach(["status"], program.pid)
    assert "filters for system calls" in done.err and "process_vm_readv" in done.err
    program.stdin.write("a\n")
    assert program.communicate(timeout=TIMEOUT)[0] == "7\n"
    assert program.returncode == 0


def test_a_program_that_may_not_be_read_says_what_is_refused(tool, compiled):
    process = tool.listen(compiled("filtered.c"))
    try:
        if process.stdout.readline() == "refused\n":
            pytest.skip("kernel: no filters for system calls")
        done = tool.attach(["trace twice"], process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert "process_vm_readv is refused" in done.err and "damaged" not in done.err


def test_damaged_tables_are_named_whichever_way_one_comes(tool, shop):
    """The note leads nowhere: there are no functions, and that is not what the program's author wrote."""
    sections = subprocess.run(["readelf", "-SW", shop], capture_output=True, text=True, check=True).stdout
    note = next(line.split() for line in sections.splitlines() if ".note.otrace" in line)
    at = int(note[note.index("NOTE") + 2], 16) + 24  # behind the head, the name and the version
    program = bytearray(shop.read_bytes())
    program[at:at + 4] = b"\x10\0\0\0"
    damaged = tool.folder / "damaged"
    damaged.write_bytes(program)
    damaged.chmod(0o755)
    assert "damaged table" in tool("open", "-e", "ls", damaged).err
    assert "damaged table" in tool("run", "-e", "ls", damaged).err
    process = tool.listen(damaged, "work")
    assert "damaged table" in tool("attach", "-e", "ls", process.pid).err
    process.kill()
    process.wait()
    process.stdout.close()


def test_another_users_process_is_said_to_be_that(build):
    """Process 1 is root's; a user without rights asks, with a copy of the program that he can reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        shutil.copy(build / "bin/otrace", folder)
        nobody = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        done = subprocess.run([*nobody, f"{folder}/otrace", "attach", "-e", "pr 1", "1"], capture_output=True, text=True, timeout=TIMEOUT,
                              cwd="/", env={"PATH": os.environ["PATH"], "HOME": "/nowhere"}, check=False)
    assert done.returncode and "process 1 is another user's" in done.stderr, done
