# SPDX-License-Identifier: BSD-2-Clause
"""Contexts in a real program: what is copied of a call, and that gdb sees the true frames in the copied stack."""
import re
import struct
import subprocess

import pytest

from oprobe import ENTER, LEAVE, PROBE, Program

COPY, REGISTERS, PLACE = 7, 8, 9
RULE_CONTEXT = 2
IS_STACK, AT_END, IS_TEXT = 1, 2, 4
TEXT = 0xFFFFFFFF


def rule(enter, leave, pointers, layouts, stack_bytes=4096):
    arrays = [struct.pack("<II", *pointer) for pointer in [*enter, *leave, *pointers]]
    arrays += [struct.pack("<IIII", *layout, 0) for layout in layouts]
    data = b"".join(arrays)
    return struct.pack("<14I", 56 + len(data), 1, RULE_CONTEXT, 0, 0, 0, len(enter), len(leave), len(pointers),
                       len(layouts), stack_bytes, 65536, 0, 0) + data


def arm(client, fn, trace_id, rule_):
    client.call(PROBE, struct.pack("<QIIIIII", fn.address, trace_id, 0, 0, 0, 1, len(rule_)) + rule_)


@pytest.fixture(scope="module")
def contexts(compile_subject):
    return compile_subject("contexts.c")


@pytest.fixture(scope="module")
def called(contexts, runtime):
    """The program behind its calls, what it printed, and the records."""
    with Program([contexts], runtime, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        client = program.attach()
        look, total = client.named("look"), client.named("sum")
        node = look.args_offset
        arm(client, look, 3, rule([(node, 0), (node + 8, TEXT)], [(node, 0)], [(0, 1), (8, TEXT)], [(24, 0, 2), (24, 0, 0)]))
        arm(client, total, 4, rule([], [], [], []))
        printed = program.order("c")
        records = [record for ring in client.rings() for record in ring.records()[0]]
        yield program, printed, records
        client.close()


def copies(records):
    out = []
    for record in records:
        if record.kind == COPY:
            address, count, flags = struct.unpack_from("<QII", record.data)
            out.append((address, flags, bytes(record.data[16:16 + count])))
    return out


def test_what_is_copied(called):
    _, printed, records = called
    first = int(printed.split()[1], 16)
    of_look = [record for record in records if record.trace == 3]
    assert [r.kind for r in of_look if r.kind != COPY] == [ENTER, REGISTERS, PLACE, LEAVE, REGISTERS, PLACE]
    end = next(i for i, r in enumerate(of_look) if r.kind == LEAVE)
    entry = [copy for copy in copies(of_look[:end]) if not copy[1] & IS_STACK]
    after = [copy for copy in copies(of_look[end:]) if not copy[1] & IS_STACK]
    assert [(flags, data) for _, flags, data in entry[1:]] == [
        (IS_TEXT, b"text\0"), (0, entry[2][2]), (IS_TEXT, b"first\0")]
    assert (entry[0][0], struct.unpack("<QQQ", entry[0][2])[2]) == (first, 1)
    assert (entry[2][0], struct.unpack("<QQQ", entry[2][2])[2]) == (struct.unpack_from("<Q", entry[0][2])[0], 2)
    # what the function has changed
    assert (after[0][0], after[0][1], struct.unpack("<QQQ", after[0][2])[2]) == (first, AT_END, 7)
    assert len(after) == 3 and all(flags & AT_END for _, flags, _ in after)


def orders_for(parts, path):
    """Puts the process back to where the copy was taken, and looks."""
    registers = struct.unpack_from("<8Q", next(part for part in parts if part.kind == REGISTERS).data)
    stack = [copy for copy in copies(parts) if copy[1] & IS_STACK]
    assert stack[0][0] == registers[6]
    path.write_bytes(b"".join(data for _, _, data in stack))
    orders = [f"restore {path} binary {stack[0][0]}"]
    orders += [f"set ${name} = {value}" for name, value in zip("rbx rbp r12 r13 r14 r15 rsp rip".split(), registers)]
    orders.append("bt")
    for name in ("inner", "middle", "outer"):
        orders += [f"frame function {name}", f'printf "kept %ld\\n", kept_{name}']
    return [*orders, "frame 0", "echo next\\n"]


def test_gdb_sees_the_true_frames(called, tmp_path):
    program, _, records = called
    command = ["gdb", "-nx", "-batch", "-p", str(program.process.pid), "-ex", "set stack-cache off"]
    for trace in 3, 4:
        own = [record for record in records if record.trace == trace]
        end = next(i for i, r in enumerate(own) if r.kind == LEAVE)
        for parts in own[:end], own[end:]:
            for order in orders_for(parts, tmp_path / f"stack{len(command)}"):
                command += ["-ex", order]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    for hook, text in zip(("enter_by_rules", "leave_by_rules", "ot_hook_varargs", "leave_by_rules"), out.split("next\n")):
        names = re.findall(r"^#\d+ +(?:0x\w+ in )?(\S+) \(", text.partition("kept")[0], re.M)
        assert hook in names, text
        behind = names[names.index(hook) + 1:]
        # the wrapper, or the entry of functions with variable arguments, and the program's own frames
        assert behind[1:5] == ["inner", "middle", "outer", "main"], text
        assert re.findall(r"^kept (\S+)", text, re.M) == ["114", "21", "5"], text
    assert out.count("next\n") == 4
