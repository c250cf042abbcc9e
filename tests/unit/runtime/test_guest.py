# SPDX-License-Identifier: BSD-2-Clause
"""The program is the host: what it does with its own memory, processes and limits goes as it does without the guest."""
import os
import re
import select
import signal
import socket
import subprocess
import time

import pytest

from oprobe import EVENT_MODULES, FRAME, STRING, Client, Error, Program
from test_runtime import BUSY, MEMFD_TEXT, all_records


@pytest.fixture(scope="session")
def guest(compile_subject):
    return compile_subject("guest.c")


@pytest.fixture(scope="session")
def neighbours(compile_subject):
    return [compile_subject("neighbour.c", "-shared", "-fPIC", f"-DNAME={name}", name=f"{name}.so")
            for name in ("first", "second")]


class Guest(Program):
    def __init__(self, command, runtime, *arguments, mode="listen", env=None):
        super().__init__([command, *arguments], runtime, mode, env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         text=True)


def no_copied_text(program):
    if program.order("x") != "mdwe 0":
        pytest.skip("kernel: no PR_SET_MDWE")


@pytest.mark.parametrize("copied", [False, True], ids=["in-place", "copied"])
def test_what_lies_between_two_modules_stays_as_it_is(guest, neighbours, runtime, copied):
    """Their texts are a few pages apart, and one's data is in between."""
    with Guest(guest, runtime, *neighbours) as program:
        assert program.order("i") == "loaded"
        assert program.order("n") == "3 4"
        if copied:
            no_copied_text(program)
        client = program.attach()
        functions = [client.named("first"), client.named("second")]
        assert abs(functions[0].stub - functions[1].stub) < 16 * 4096, "the test wants them side by side"
        assert client.probe(*((fn, 1, 0, [], []) for fn in functions))[1] == (0, 0)
        assert program.order("n") == "5 7"
        client.unprobe()
        assert program.order("n") == "7 10"
        assert len(all_records(client)) == 4


@pytest.mark.parametrize("copied", [False, True], ids=["in-place", "copied"])
def test_text_that_the_program_made_writable_stays_so(guest, runtime, copied):
    with Guest(guest, runtime) as program:
        client = program.attach()
        price = client.named("price")
        client.probe((price, 1, 0, [], []))
        client.unprobe()
        assert program.order("o") == "opened 0"
        if copied:
            no_copied_text(program)
        for _ in range(2):
            assert program.order("p") == "patched 0"
            assert client.probe((price, 1, 0, [], []))[1] == (0,)
            assert program.order("p") == "patched 0"
            assert program.order("a") == "7"
            client.unprobe()
        assert len(all_records(client)) == 4
        assert bool(client.status()["flags"] & MEMFD_TEXT) is False


def test_fork_inside_of_the_loaders_list(guest, runtime):
    """The list is the program's while it forks; the oshell thread wants it to switch."""
    with Guest(guest, runtime) as program:
        client = program.attach()
        client.socket.settimeout(20)
        price = client.named("price")
        program.process.stdin.write("f\n")
        program.process.stdin.flush()
        switched = 0
        while not select.select([program.process.stdout], [], [], 0)[0]:
            assert client.probe((price, 1, 0, [], []))[1] == (0,)
            client.unprobe()
            switched += 2
        assert program.process.stdout.readline() == "forked 50\n"
        assert switched


@pytest.mark.parametrize("kind", ["so", "a"])
def test_handlers_of_fork_take_locks_and_call_us(compile_subject, build, kind):
    flags = {"so": [f"-L{build}/lib", f"-Wl,-rpath,{build}/lib", "-l:libotrace.so"], "a": [f"{build}/lib/libotrace.a"]}
    program = compile_subject("forkhandlers.c", *flags[kind], name=f"forkhandlers-{kind}")
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.wait(20) == 0 and process.stdout.read() == "wrong 0\n"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("mode", ["listen", "listen,fork"])
def test_a_child_is_forked_in_the_first_call_of_a_thread(compile_subject, runtime, mode):
    """Where it listens too, it has an area of its own by the time that the hook goes on."""
    with Guest(compile_subject("forkfirst.c"), runtime, mode=mode) as program:
        client = program.attach()
        assert client.probe((client.named("price"), 1, 0, [], []))[1] == (0,)
        children, wrong = re.fullmatch(r"(\d+) children, (\d+) wrong", program.order("")).groups()
        assert int(children) > 0 and wrong == "0"


def test_hooks_of_a_program_that_forbids_itself_to_read_memory_are_interrupted(compile_subject, runtime):
    """Nobody can ask then whether the interrupted hook has been left by a jump: it lives, and what the handler calls is counted."""
    with Guest(compile_subject("refused.c"), runtime) as program:
        client = program.attach()
        assert client.probe(*((client.named(name), 1, 0, [], []) for name in ("outer", "inner")))[1] == (0, 0)
        assert program.order("") == "0 wrong"
        assert program.process.wait(20) == 0


def is_replaced_in_place(guest, neighbours, runtime):
    with Guest(guest, runtime, *neighbours) as program:
        client = program.attach()
        client.socket.settimeout(10)
        assert program.order("s") == "first"
        client.event(EVENT_MODULES)
        assert [m["path"] for m in client.modules()] == ["", neighbours[0]]
        place = program.order("")
        client.event(EVENT_MODULES)
        assert [m["path"] for m in client.modules()] == ["", neighbours[1]]
        assert client.named("second").stub
        return place == "same place"


def test_another_library_at_the_same_place(guest, neighbours, runtime):
    """Not one of its functions was switched on, so nothing of ours in its memory tells that it is gone. Whether the place is the
    same is the kernel's choice: pages that the runtime needs for a moment may lie there."""
    assert any(is_replaced_in_place(guest, neighbours, runtime) for _ in range(20))


def test_a_child_does_not_go_on_for_its_parents_shell(guest, runtime):
    with Guest(guest, runtime, mode="listen,fork") as program:
        client = program.attach()
        price, patched = client.named("price"), client.named("main")
        client.probe((price, 1, 0, [], []), (patched, 2, 0, [], []))
        client.redirect(price, next(f for f in client.functions() if f.name == "cheap").symbol)
        child, result = map(int, program.order("c").split())
        try:
            assert result == 7
            assert program.order("a") == "6"
            other = Client(f"{program.directory.name}/{child}")
            status = other.status()
            assert (status["nr_traced"], status["nr_redirected"], status["nr_rings_used"]) == (0, 0, 0)
            other.close()
        finally:
            os.kill(child, signal.SIGKILL)
        assert client.status()["nr_traced"] == 2


def test_memory_is_bounded_over_any_number_of_shells(guest, runtime):
    with Guest(guest, runtime) as program:
        sizes = []
        for session in range(60):
            client = program.attach()
            price = client.named("price")
            captures = [(price.args_offset, 8, FRAME)] * 300 + [(price.args_offset, 8, STRING)] * session * (session < 2)
            assert client.probe((price, session + 1, 0, captures, []))[1] == (0,)
            assert program.order("a") == "7"
            assert [r.trace for r in all_records(client)[-2:]] == [session + 1] * 2
            sizes.append(client.status()["arena_bytes"])
            client.close()
        assert sizes[-1] == sizes[1], sizes


def cpu_seconds(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        fields = open(f"/proc/{pid}/task/{task}/stat").read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def test_a_shell_that_cannot_be_taken_costs_nothing(guest, runtime):
    """The program's limit for files holds for the oshell thread's own table too."""
    with Guest(guest, runtime) as program:
        assert program.order("1") == "limit 0"
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.connect(f"{program.directory.name}/{program.process.pid}")
            time.sleep(0.1)
            before = cpu_seconds(program.process.pid)
            time.sleep(1)
            assert cpu_seconds(program.process.pid) - before < 0.2


def test_a_shell_comes_in_under_a_limit_of_three_files(guest, runtime):
    with Guest(guest, runtime) as program:
        assert program.order("3") == "limit 0"
        for _ in range(3):
            client = program.attach()
            with pytest.raises(Error) as error:
                program.attach()
            assert error.value.status == BUSY
            assert client.named("price").stub
            client.close()


def resident_bytes(pid):
    text = open(f"/proc/{pid}/status").read()
    return 1024 * int(text.split("VmRSS:")[1].split()[0])


@pytest.mark.parametrize("order", ["l", "L"], ids=["what-is-there", "and-what-comes"])
def test_a_program_that_locks_its_memory_does_not_lock_the_rings(guest, runtime, order):
    """They are 160 MiB in the address space, of which a trace uses what it writes."""
    with Guest(guest, runtime) as program:
        if program.order(order) != "locked 0":
            pytest.skip("kernel: no right to lock memory")
        sizes = [resident_bytes(program.process.pid)]
        client = program.attach()
        assert client.probe((client.named("price"), 1, 0, [], []))[1] == (0,)
        assert program.order("a") == "7"
        sizes.append(resident_bytes(program.process.pid))
        assert len(all_records(client)) == 2
    with subprocess.Popen([guest], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as plain:
        plain.stdin.write(f"{order}\n")
        plain.stdin.flush()
        assert plain.stdout.readline() == "locked 0\n"
        alone = resident_bytes(plain.pid)
        plain.stdin.close()
    # the oshell thread's stack is the program's default size, and locked like any other
    assert sizes[0] - alone < 12 << 20 and sizes[1] - sizes[0] < 4 << 20, (alone, sizes)
