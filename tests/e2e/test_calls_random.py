# SPDX-License-Identifier: BSD-2-Clause
"""Random signatures, called from the shell and by the compiler's own code: they must agree on every argument."""
import random
import subprocess

import pytest

NR_FUNCTIONS = 120
INTEGERS = ["char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned", "long", "unsigned long",
            "_Bool"]
FLOATS = ["float", "double", "long double"]
HEAD = """
#include <complex.h>
#define KEEP __attribute__((noinline, used))
#define TOUCH() __asm__ volatile("" : : : "memory")
static unsigned long mix(unsigned long h, unsigned long v) { return (h ^ v) * 1099511628211ul + 7; }
int printf(const char *, ...);
unsigned usleep(unsigned);
"""


class Maker:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.text = [HEAD]
        self.structs = []  # (name, leaves): expressions behind the value, each with its kind
        self.main = []

    def scalar(self):
        return self.chance.choice(INTEGERS + FLOATS + ["int *"])

    def value(self, kind):
        if kind == "int *":
            return "(int *)0x1234"
        if kind == "_Bool":
            return "1"
        number = self.chance.randrange(0 if "unsigned" in kind else -100, 120)
        return f"{number}.5" if kind in FLOATS else str(number)

    def member(self, number):
        """(declaration, leaves, initializer)"""
        name, pick = f"m{number}", self.chance.random()
        if pick < 0.15 and self.structs:
            inner, leaves, initial, _ = self.chance.choice(self.structs)
            return f"{inner} {name};", [(f".{name}{leaf}", kind) for leaf, kind in leaves], initial
        if pick < 0.3:
            kind, count = self.scalar(), self.chance.randrange(1, 4)
            return (f"{kind} {name}[{count}];", [(f".{name}[{i}]", kind) for i in range(count)],
                    "{" + ", ".join(self.value(kind) for _ in range(count)) + "}")
        if pick < 0.4:
            width = self.chance.randrange(2, 30)
            return f"int {name} : {width};", [(f".{name}", "int")], str(self.chance.randrange(-(1 << width - 1), 1 << width - 1))
        if pick < 0.45:
            return f"double _Complex {name};", [(f".{name}", "complex")], "1.5 - 2.5 * I"
        kind = self.scalar()
        return f"{kind} {name};", [(f".{name}", kind)], self.value(kind)

    def struct(self):
        name = f"struct s{len(self.structs)}"
        members = [self.member(i) for i in range(self.chance.choice((1, 1, 2, 2, 2, 3, 3, 4, 6)))]
        kind = self.chance.random()
        if kind < 0.12:
            name = name.replace("struct", "union")
            members = [member for member in members if ":" not in member[0]] or [("int m0;", [(".m0", "int")], "5")]
            leaves, initial = members[0][1], members[0][2]
        else:
            leaves = [leaf for member in members for leaf in member[1]]
            initial = ", ".join(member[2] for member in members)
        packed = "__attribute__((packed)) " if kind > 0.88 else ""
        words = name.split()
        self.text.append(f"{words[0]} {packed}{words[1]} {{ {' '.join(member[0] for member in members)} }};")
        self.structs.append((name, leaves, "{" + initial + "}", words[1]))
        self.text.append(f"{name} v_{words[1]} = {{{initial}}};")
        self.text.append(f"KEEP {name} id_{words[1]}({name} of) {{ TOUCH(); return of; }}")

    @staticmethod
    def mixed(expression, kind):
        if kind == "complex":
            return f"h = mix(h, (unsigned long)(long)(creal({expression}) * 8)); h = mix(h, (unsigned long)(long)(cimag({expression}) * 8));"
        if kind in FLOATS:
            return f"h = mix(h, (unsigned long)(long)({expression} * 8));"
        return f"h = mix(h, (unsigned long){expression});"

    def function(self, number):
        parameters, words, body, given = [], [], [], []
        for i in range(self.chance.randrange(1, 12)):
            if self.chance.random() < 0.5:
                name, leaves, _, short = self.chance.choice(self.structs)
                parameters.append(f"{name} p{i}")
                words.append(f"v_{short}")
                given.append(f"v_{short}")
                body += [self.mixed(f"p{i}{leaf}", kind) for leaf, kind in leaves]
            else:
                kind = self.scalar()
                value = self.value(kind)
                parameters.append(f"{kind} p{i}")
                given.append(value)
                words.append("0x1234" if kind == "int *" else "true" if kind == "_Bool" else value)
                words[-1] = "1" if words[-1] == "true" else words[-1]
                body.append(self.mixed(f"p{i}", kind))
        self.text.append(f"KEEP unsigned long f{number}({', '.join(parameters)}) {{ unsigned long h = 1; TOUCH(); "
                         f"{' '.join(body)} return h; }}")
        self.main.append(f'printf("%lu f{number} {" ".join(words)}\\n", f{number}({", ".join(given)}));')

    def program(self):
        for _ in range(40):
            self.struct()
        for number in range(NR_FUNCTIONS):
            self.function(number)
        wait = "if (argc > 1) for (;;) usleep(100000);"
        return "\n".join(self.text) + f"\nint main(int argc, char **argv) {{ (void)argv; {wait} {' '.join(self.main)} return 0; }}\n"


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("flags", [["-O2"], ["-O0"]], ids=["O2", "O0"])
def test_random_signatures_agree_with_the_compiler(tool, build, tmp_path, seed, flags):
    maker = Maker(seed)
    source, program = tmp_path / "random.c", tmp_path / "random"
    source.write_text(maker.program())
    subprocess.run(["clang-19", "-g", *flags, "-w", f"-fpass-plugin={build}/lib/otrace.so", source, "-o", program], check=True)
    wanted = [line.split(" ", 1) for line in subprocess.run([program], capture_output=True, text=True, check=True)
              .stdout.splitlines()]
    assert len(wanted) == NR_FUNCTIONS
    commands = [f"call {call}" for _, call in wanted]
    shorts = [short for *_, short in maker.structs]
    process = tool.listen(program, "wait")
    try:
        done = tool.attach([*commands, *[f"call id_{short} v_{short}" for short in shorts],
                            *[f"pr v_{short}" for short in shorts]], process.pid, ["--unsafe"])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    wrong = [(call, done.result(f"call {call}"), value) for value, call in wanted
             if done.result(f"call {call}")["text"] != value]
    assert not wrong
    for short in shorts:
        came, is_there = done.result(f"call id_{short} v_{short}"), done.result(f"pr v_{short}")
        assert came["error"] is None and came["text"] == is_there["text"], short
