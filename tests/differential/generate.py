# SPDX-License-Identifier: BSD-2-Clause
"""Random C programs and expressions over their globals, without undefined behaviour.

Signed arithmetic is compiled to wrap (-fwrapv), divisors are positive, shifts are masked, fractions become whole
numbers only where they fit, indices are in bounds.
"""
import random
import re
import struct

INTS = ["_Bool", "char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int", "long",
        "unsigned long", "long long", "unsigned long long", "__int128", "unsigned __int128"]
FLOATS = ["float", "double", "long double"]
SIZES = dict(zip(INTS, [1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 8, 8, 16, 16]))
TYPES = """
enum plain { ZERO, ONE, SEVEN = 7 };
enum minus { MINUS = -3, PLUS = 4 };
enum wide { HUGE_ONE = 0x123456789abc, SMALL_ONE = 1 };
enum __attribute__((packed)) small { TINY = 1, LARGEST = 200 };
typedef unsigned short u16;
typedef const long clong;
typedef struct point { int x; short y; } point;
struct fields {
	unsigned u3 : 3; int s5 : 5; unsigned u31 : 31; unsigned u32 : 32; int s32 : 32; _Bool flag : 1;
	unsigned char c4 : 4; signed char sc7 : 7; unsigned short us9 : 9; short ss16 : 16; enum plain e4 : 4;
	unsigned long l40 : 40; long sl35 : 35; unsigned long l64 : 64;
};
struct outer {
	char tag; struct point at; struct point many[3]; u16 codes[2][4]; struct outer *next; int *number;
	union { unsigned word; float real; struct { unsigned char low, high; }; };
	struct fields bits; double weight; char name[8]; const int fixed;
};
struct packed { char c; int i; short s[3]; } __attribute__((packed));
struct aligned { char c; _Alignas(32) int i; };
union mixed { char c; double d; int i[3]; };
typedef int (*operation)(int, int);
typedef int ints4 __attribute__((vector_size(16)));
typedef unsigned words4 __attribute__((vector_size(16)));
typedef signed char bytes16 __attribute__((vector_size(16)));
typedef long longs2 __attribute__((vector_size(16)));
typedef float floats4 __attribute__((vector_size(16)));
typedef double doubles2 __attribute__((vector_size(16)));
"""
TYPE_NAMES = INTS + FLOATS + ["enum plain", "enum minus", "enum wide", "enum small", "u16", "clong", "struct point", "point",
                              "struct fields", "struct outer", "struct packed", "struct aligned", "union mixed",
                              "operation", "int *", "char *const *", "int (*)[3]", "int[3]", "point[2][3]", "void *",
                              "int (*)(int, char)", "struct outer *[4]", "double (*(*)[2])(void)", "const char"]
VECTORS = {"ints4": ("int", 4), "words4": ("unsigned int", 4), "bytes16": ("signed char", 16), "longs2": ("long", 2), "floats4": ("float", 4),
           "doubles2": ("double", 2)}
BITS = {"u3": 0, "s5": 1, "u31": 0, "u32": 0, "s32": 1, "flag": 0, "c4": 0, "sc7": 1, "us9": 0, "ss16": 1, "e4": 0}
WIDE_BITS = ["l40", "sl35", "l64"]  # compilers differ: clang promotes by the declared type, gcc by the bits
OFFSETS = ["struct outer, at.y", "struct outer, many[2].x", "struct outer, codes[1][3]", "struct outer, high",
           "struct outer, weight", "struct packed, s[1]", "struct aligned, i", "union mixed, i[2]", "point, y"]
UNARY = ["+", "-", "~", "!"]
INT_OPS = ["+", "-", "*", "&", "|", "^"]
COMPARE = ["<", ">", "<=", ">=", "==", "!="]


def readable(text):
    """A bit-field has no type of its own, so it is promoted to be shown or measured."""
    return f"+{text}" if re.fullmatch(r"[^ ]*bits\.\w+", text) else text


class Generator:
    """Makes declarations once, then any number of expressions."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.portable = True  # the expression being made means the same to every compiler
        self.ints, self.floats, self.arrays, self.lines = [], [], {}, []
        self.changing = []
        self.declare()

    def pick(self, things):
        return self.random.choice(things)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    # ------------------------------------------------------------------ declarations

    def number(self, kind):
        bits = SIZES[kind] * 8
        value = self.pick([0, 1, self.random.getrandbits(bits), self.random.getrandbits(bits), (1 << bits) - 1, 1 << (bits - 1),
                           (1 << (bits - 1)) - 1, self.random.randrange(100)]) % (1 << bits)
        if kind == "_Bool":
            return str(value & 1)
        if bits > 64:
            return f"(({kind})0x{value >> 64:x}u << 64 | 0x{value & (1 << 64) - 1:x}u)"
        return f"({kind})0x{value:x}u"

    def fraction(self, kind):
        value = self.pick([0.0, 1.5, -2.25, 1e-3, 3.0, 1e10, self.random.uniform(-1000, 1000),
                           struct.unpack("d", struct.pack("Q", self.random.getrandbits(64)))[0]])
        if value != value or abs(value) > 1e30 or abs(value) < 1e-30:
            value = 0.1
        return f"{value!r}{dict(zip(FLOATS, ('f', '', 'L')))[kind]}"

    def declare(self):
        for number, kind in enumerate(INTS * 2):
            name = f"i{number}"
            constant = self.pick(["", "", "", "const ", "volatile ", "static "])
            self.lines.append(f"{constant}{kind} {name} = {self.number(kind)};")
            self.ints.append(name)
            if constant != "const ":
                self.changing.append(name)
        for number, kind in enumerate(FLOATS * 2):
            self.lines.append(f"{kind} f{number} = {self.fraction(kind)};")
            self.floats.append(f"f{number}")
            self.changing.append(f"f{number}")
        for number, kind in enumerate(FLOATS):
            self.lines.append(f"{kind} _Complex z{number} = {self.fraction(kind)} + {self.fraction(kind)}i;")
        for kind, (element, count) in VECTORS.items():
            for number in range(2):
                values = ", ".join(self.fraction(element) if element in FLOATS else self.number(element) for _ in range(count))
                self.lines.append(f"{kind} v{kind}{number} = {{{values}}};")
        for kind in ("plain", "minus", "wide", "small"):
            value = {"plain": "SEVEN", "minus": "MINUS", "wide": "HUGE_ONE", "small": "LARGEST"}[kind]
            self.lines.append(f"enum {kind} e_{kind} = {value};")
            self.ints.append(f"e_{kind}")
            self.changing.append(f"e_{kind}")
        for number, kind in enumerate(INTS):
            values = ", ".join(self.number(kind) for _ in range(5))
            self.lines.append(f"{kind} a{number}[5] = {{{values}}};\n{kind} *p{number} = &a{number}[2];")
            self.arrays[f"a{number}"] = f"p{number}"
        self.lines.append("clong fixed = -5; u16 half = 65535;")
        self.ints += ["fixed", "half"]
        for name, more in (("first", ".next = &second, .number = &i6_number"), ("second", ".next = &first")):
            self.lines.append(self.outer(name, more))
        self.lines.append("struct outer *op = &first;\nstruct outer *const kept = &second;\nconst struct outer *read = &first;\n"
                          "int grid[3][4] = {{1, 2, 3, 4}, {5, -6, 7, 8}, {9, 10, 11, 0x7fffffff}};\n"
                          "int (*rows)[4] = &grid[1];\nchar text[] = \"some text\";\nconst char *words = \"words\";\n"
                          "struct packed tight = {1, 0x12345678, {1, -2, 3}};\nunion mixed mixed = {.d = 2.5};\n"
                          "static int add(int a, int b) { return a + b; }\noperation apply = add;\n"
                          "void *nothing;\nstruct aligned lined = {1, 2};")
        self.ints += ["grid[1][1]", "(*rows)[2]", "rows[-1][3]", "rows[1][3]", "text[2]", "words[1]", "tight.i", "tight.s[1]",
                      "mixed.i[1]", "read->fixed"]

    def outer(self, name, more):
        r = self.random.getrandbits
        bits = ", ".join([str(r(3)), str(r(5) - 16), str(r(31)), str(r(32)) + "u", str(r(32) - 2**31), str(r(1)), str(r(4)),
                          str(r(7) - 64), str(r(9)), str(r(16) - 2**15), "SEVEN", str(r(40)), str(r(35) - 2**34), str(r(64)) + "u"])
        return (("static struct outer second; static int i6_number = 77;\n" if name == "first" else "") +
                f"static struct outer {name} = {{.tag = {r(7)}, .at = {{{r(31)}, {r(15)}}}, .many = {{{{1, 2}}, {{-3, 4}}, {{5, -6}}}},\n"
                f"\t.codes = {{{{1, 2, 3, 65535}}, {{5, 6, 7, 8}}}}, .word = {r(32)}u, .bits = {{{bits}}}, .weight = {r(20) / 64},\n"
                f"\t.name = \"name\", .fixed = {r(30)}, {more}}};")

    # ------------------------------------------------------------------ leaves

    def literal(self):
        value = self.pick([0, 1, 2, 7, 255, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, self.random.getrandbits(31),
                           self.random.getrandbits(20), self.random.getrandbits(63)])
        suffix = self.pick(["", "", "", "u", "l", "ul", "LL", "llu", "U", "LU"])
        form = self.pick(["{}", "{}", "0x{:x}", "0{:o}", "0X{:X}", "0b{:b}"])
        return form.format(value) + suffix

    def character(self):
        return self.pick(["'a'", "'\\n'", "'\\0'", "'\\xff'", "'\\377'", "'\\\\'", "'\\''", "'\"'", "L'\\x263a'", "L'x'", "u'\\u20ac'",
                          "U'\\U0001f600'", "'ab'", "'\\xff\\1z'", "'four'", "'\\e'", "u'\\xffff'"])

    def struct_place(self):
        return self.pick(["first", "second", "op[0]", "(*op)", "(*kept)", "(*read)", "(*first.next)", "(*op->next->next)"])

    def arrow(self):
        return self.pick(["op", "kept", "read", "(&first)", "op->next", "read->next", "(&second)"])

    def member(self):
        place = self.pick([self.struct_place() + ".", self.arrow() + "->"])
        name = self.pick(["tag", "at.x", "at.y", f"many[{self.index(3)}].x", f"codes[{self.index(2)}][{self.index(4)}]", "word",
                          "low", "high", "name[1]", "fixed", "bits." + self.pick(list(BITS)), "bits." + self.pick(list(BITS))])
        return place + name

    def index(self, count, depth=0):
        if depth < 2 and self.chance(30):
            masked = {2: 1, 3: 1, 4: 3, 5: 3}[count]
            return f"({self.integer(depth + 4)}) & {masked}"
        return str(self.random.randrange(count))

    def wide_field(self):
        self.portable = False
        return f"{self.struct_place()}.bits.{self.pick(WIDE_BITS)}"

    def sized(self):
        kind = self.random.randrange(4)
        if kind == 0:
            return f"sizeof({self.pick(TYPE_NAMES)})"
        if kind == 1:
            return f"_Alignof({self.pick(TYPE_NAMES)})"
        if kind == 2:
            return f"offsetof({self.pick(OFFSETS)})"
        return "sizeof(" + self.pick([readable(self.arith(4)), self.pick(["first", "op->many", "grid[1]", "grid", "text", "\"text\"", "*op", "tight",
                                      "L\"wide\"", "(int[]){1, 2, 3}", "(struct point){1}", "*rows", "add(1, 2)", "apply",
                                      "&first.at", "op->codes[0]", "\"two\" \"parts\""])]) + ")"

    def written(self):
        a, b, c = (self.literal() for _ in range(3))
        return self.pick([
            f"((struct point){{{a}, .y = {b}}}).y", f"((point){{.x = {a}}}).x", f"((int[]){{{a}, {b}, {c}}})[{self.index(3)}]",
            f"((unsigned char[4]){{[2] = {a}, {b}}})[{self.index(4)}]", f"((struct outer){{.many[1].y = {a}, {b}}}).many[2].x",
            f"((struct outer){{1, 2, 3, {{4, 5, {{6, 7}}}}}}).many[1].x", f"((struct outer){{.high = {a}}}).word",
            f"+((struct fields){{.u3 = {a}, {b}}}).s5", f"((union mixed){{.i = {{{a}, {b}}}}}).i[1]", f"((char[]){{\"literal\"}})[{self.index(5)}]",
            f"\"a string\"[{self.index(5)}]", "*\"text\"", f"((int[2][2]){{1, 2, {a}}})[1][0]", f"(_Bool){{{a}}}", f"((point[2]){{[1] = {{.y = 9}}}})[1].y",
            f"(int){{{b}}}", f"L\"wide\"[{self.index(4)}]", "u\"\\u20ac\"[0]", f"((struct outer){{.at = first.at}}).at.x",
            f"{self.index(5)}[\"swapped\"]", "\"concat\" \"enated\"[7]", "((struct outer){.name = \"abcdefgh\"}).name[7]"])

    def leaf(self):
        kind = self.random.randrange(100)
        if kind < 40:
            return self.pick(self.ints)
        if kind < 55:
            return self.literal()
        if kind < 60:
            return self.character()
        if kind < 78:
            return self.member()
        if kind < 82:
            return self.wide_field()
        if kind < 88:
            return self.pick(["ZERO", "ONE", "SEVEN", "MINUS", "PLUS", "HUGE_ONE", "SMALL_ONE", "TINY", "LARGEST"])
        if kind < 94:
            return self.sized()
        return self.written()

    # ------------------------------------------------------------------ whole numbers

    def integer(self, depth):
        if depth >= 5 or self.chance(8):
            return self.leaf()
        kind = self.random.randrange(100)
        if kind < 30:
            return f"({self.integer(depth + 1)}) {self.pick(INT_OPS)} ({self.integer(depth + 1)})"
        if kind < 38:
            return f"({self.integer(depth + 1)}) {self.pick(['/', '%'])} ((({self.integer(depth + 1)}) & 15) + 1)"
        if kind < 46:
            return f"({self.integer(depth + 1)}) {self.pick(['<<', '>>'])} (({self.integer(depth + 1)}) & {self.pick([3, 7, 31])})"
        if kind < 54:
            return f"({self.arith(depth + 1)}) {self.pick(COMPARE)} ({self.arith(depth + 1)})"
        if kind < 62:
            return f"{self.pick(UNARY)}({self.integer(depth + 1)})"
        if kind < 72:
            return f"({self.pick(INTS + ['u16', 'clong', 'enum plain', 'enum minus', 'enum small', 'const int'])})({self.integer(depth + 1)})"
        if kind < 77:
            return f"({self.arith(depth + 1)}) ? ({self.integer(depth + 1)}) : ({self.integer(depth + 1)})"
        if kind < 80:
            return f"({self.arith(depth + 1)}) {self.pick(['&&', '||'])} ({self.arith(depth + 1)})"
        if kind < 82:
            return f"({self.arith(depth + 1)}, {self.integer(depth + 1)})"
        if kind < 84:
            return f"({self.integer(depth + 1)}) ?: ({self.integer(depth + 1)})"
        if kind < 87:
            return self.truncated(depth)
        if kind < 97:
            return self.pointed(depth)
        return self.flat(depth)

    def flat(self, depth):
        """Without parentheses: precedence decides."""
        parts = [self.leaf() for _ in range(self.random.randrange(2, 6))]
        ops = INT_OPS + COMPARE + ["&&", "||"]
        return " ".join(part + (f" {self.pick(ops)}" if i + 1 < len(parts) else "") for i, part in enumerate(parts))

    def truncated(self, depth):
        value = self.real(depth + 2)
        return f"(({value}) >= 0 && ({value}) < 100 ? ({self.pick(INTS)})({value}) : ({self.integer(depth + 2)}))"

    def array(self):
        return self.pick(list(self.arrays))

    def pointed(self, depth):
        """Through pointers, and what comes of them."""
        array, inside = self.array(), self.index(5, depth)
        pointer = self.arrays[array]
        back = self.pick(["-2", "-1", "0", "1", "2"])
        return self.pick([
            f"{array}[{inside}]", f"*({array} + ({inside}))", f"({inside})[{array}]", f"*({pointer} + {back})", f"{pointer}[{back}]",
            f"{pointer} - {array}", f"&{array}[{inside}] - {pointer}", f"{pointer} {self.pick(COMPARE)} &{array}[{inside}]",
            f"*&{array}[{inside}]", f"!{pointer}", f"{pointer} == 0", f"{pointer} && ({self.integer(depth + 2)})",
            "(char *)&op->at - (char *)op", "&first == op", "op->next == &second", "&grid[2] - rows", "rows[1] - grid[0]",
            "*(op->next->next->number)", f"*(({self.integer(depth + 2)}) ? &{array}[1] : {pointer})", "nothing == 0", "apply == add", "apply == &add",
            "*apply == add", "(void *)apply == (void *)add", f"(({self.integer(depth + 2)}) ? op : kept)->tag", "words[0] == *words",
            "container_of(&op->at, struct outer, at) == op", "container_of(&op->many[1], struct outer, many[1])->tag",
            "(&first)->at.x", "(*&first).at.y", "((unsigned char *)&first)[0]", f"*(unsigned char *)&{array}[1]",
            f"*(unsigned short *)((char *)&{array}[0])", "(*(int (*)[4])grid)[1]", "((int (*)[4])grid)[2][1]", "*(*(grid + 1) + 2)",
            f"(({self.integer(depth + 2)}) ? 0 : op) == op", f"(({self.integer(depth + 2)}) ? (void *)0 : {pointer}) == {pointer}"])

    def address(self):
        """An address as a number: the same in the file as in the process, as it is linked to its place."""
        self.portable = False
        array = self.array()
        return "(unsigned long)" + self.pick([
            f"&{array}[{self.index(5)}]", array, self.arrays[array], f"({array} + 3)", f"({self.arrays[array]} - 1)", f"&{array}", f"(&{array} + 1)",
            "op", "op->next", "&op->many[1].y", "&op->codes[1]", "(op->codes + 1)", "add", "&add", "apply", "*apply", "grid", "&grid[1][2]",
            "(rows + 1)", "*rows", "&rows[1][1]", "words", "text", "&text[3]", "&read->fixed", "((void *)op + 3)", "&*op", "&kept[1]",
            "&first.name", "container_of(&second.weight, struct outer, weight)"])

    # ------------------------------------------------------------------ fractions

    def real(self, depth):
        if depth >= 5 or self.chance(12):
            return self.pick(self.floats + ["op->weight", "first.weight", "mixed.d", "1.5", "2.f", "0x1.8p3", "1e3", "3.25L", "0.1f", ".5", "0.1",
                                            "0x.8p-2f", "1.e-2L", "09.5"])
        kind = self.random.randrange(10)
        if kind < 5:
            return f"({self.real(depth + 1)}) {self.pick(['+', '-', '*', '/'])} ({self.arith(depth + 1)})"
        if kind < 6:
            return f"({self.integer(depth + 1)}) {self.pick(['+', '-', '*'])} ({self.real(depth + 1)})"
        if kind < 7:
            return f"({self.pick(FLOATS)})({self.arith(depth + 1)})"
        if kind < 8:
            return f"{self.pick(['+', '-'])}({self.real(depth + 1)})"
        if kind < 9:
            return f"({self.integer(depth + 1)}) ? ({self.real(depth + 1)}) : ({self.arith(depth + 1)})"
        return f"({self.arith(depth + 1)}, {self.real(depth + 1)})"

    def complex(self, depth):
        kind = self.random.randrange(8)
        if depth >= 5 or kind == 0:
            return self.pick(["z0", "z1", "z2", "2.5i", "(1 - 0.5fi)"])
        if kind < 3:
            return f"({self.complex(depth + 1)}) {self.pick(['+', '-', '*', '/'])} ({self.complex(depth + 1)})"
        if kind < 4:
            return f"({self.complex(depth + 1)}) {self.pick(['+', '-', '*', '/'])} ({self.arith(depth + 2)})"
        if kind < 5:
            return f"({self.arith(depth + 2)}) {self.pick(['+', '-', '*', '/'])} ({self.complex(depth + 1)})"
        if kind < 6:
            return f"{self.pick(['-', '~', '+'])}({self.complex(depth + 1)})"
        if kind < 7:
            return f"({self.pick(FLOATS)} _Complex)({self.pick([self.complex, self.arith])(depth + 1)})"
        return f"({self.integer(depth + 2)}) ? ({self.complex(depth + 1)}) : ({self.arith(depth + 1)})"

    def of_complex(self, depth):
        """What is not complex of what is."""
        value = self.complex(depth)
        return self.pick([f"__real__({value})", f"__imag__({value})", f"(float)({value})", f"({value}) == ({self.complex(depth + 1)})",
                          f"({value}) != 0", f"!({value})", f"sizeof({value})", f"({value}) ? 1 : 2.5"])

    def arith(self, depth):
        return self.integer(depth) if self.chance(75) else self.real(depth)

    # ------------------------------------------------------------------ vectors

    def vector(self, kind, depth):
        if depth >= 4 or self.chance(25):
            return f"v{kind}{self.random.randrange(2)}"
        a, b, what = self.vector(kind, depth + 1), self.vector(kind, depth + 1), self.random.randrange(100)
        if VECTORS[kind][0] in FLOATS:
            return f"({a}) {self.pick('+-*/')} ({b})" if what < 80 else f"-({a})" if what < 90 else f"({a}) {self.pick('+-*')} 2"
        if what < 50:
            return f"({a}) {self.pick(INT_OPS)} ({b})"
        if what < 60:
            return f"({a}) {self.pick('/%')} ((({b}) & 15) + 1)"
        if what < 70:
            return f"({a}) {self.pick(['<<', '>>'])} (({b}) & 7)"
        if what < 85:
            return f"({kind})(({a}) {self.pick(COMPARE)} ({b}))"
        if what < 95:
            return f"{self.pick('-~+')}({a})"
        return f"({kind})({self.vector(self.pick(list(VECTORS)), depth + 2)})"

    def of_vector(self, depth):
        kind = self.pick(list(VECTORS))
        element, count = VECTORS[kind]
        value = self.vector(kind, depth)
        return self.pick([f"({value})[{self.random.randrange(count)}]", f"({value})[{self.random.randrange(count)}]",
                          f"(({value}) {self.pick(COMPARE)} ({self.vector(kind, depth + 1)}))[{self.random.randrange(count)}]",
                          f"sizeof({value})", f"(({kind}){{{', '.join(['1'] * count)}}} + ({value}))[{count - 1}]",
                          f"({element})({value})[0]"])

    def typed(self, depth):
        return self.pick([f"(typeof({self.pick(self.ints)}))({self.integer(depth + 1)})", f"sizeof(typeof(+({self.integer(depth + 1)})))",
                          f"(__typeof__({self.arith(depth + 2)} + 0))1"])

    # ------------------------------------------------------------------ from outside

    def expression(self):
        """(text, whether every compiler agrees)"""
        while True:
            self.portable = True
            kind = self.random.randrange(100)
            start = self.random.randrange(4)
            text = readable(self.address() if kind < 5 else self.of_complex(start) if kind < 12 else self.of_vector(start) if kind < 16 else self.typed(start) if kind < 18 else self.real(start) if kind < 22 else self.integer(start))
            if kind >= 90 and kind < 95:
                text = f"(({text}) * 0 - 1) < 0"  # whether it is signed
            if len(text) < 1000:
                return text, self.portable

    def assignment(self):
        """A statement that changes a global, and every compiler agrees."""
        while True:
            self.portable = True
            fields = [f"{place}.bits.{name}" for place in ("first", "op->next[0]", "(*kept)") for name in BITS]
            place = self.pick([self.pick(self.changing), self.pick(fields), f"{self.array()}[{self.index(5)}]", "op->at.x", "first.many[1].y",
                               "second.word", "op->high", "first.name[2]", "(*p6)", "p9[1]", "grid[1][2]", "(*rows)[0]", "first.weight"])
            is_real = place.startswith("f") and place[1:].isdigit() or place.endswith("weight")
            kind = self.random.randrange(100)
            if kind < 15:
                text = self.pick(["++{}", "--{}", "{}++", "{}--"]).format(place)
            elif is_real:
                text = f"{place} {self.pick(['=', '+=', '-=', '*='])} {self.arith(3)}"
            elif kind < 50:
                text = f"{place} = {self.integer(2)}"
            elif kind < 80:
                text = f"{place} {self.pick(['+=', '-=', '*=', '&=', '|=', '^='])} {self.integer(3)}"
            elif kind < 90:
                text = f"{place} {self.pick(['<<=', '>>='])} ({self.integer(3)}) & 7"
            else:
                text = f"{place} {self.pick(['/=', '%='])} (({self.integer(3)}) & 15) + 1"
            if len(text) < 1000 and self.portable:
                return f"+({text})" if "bits." in place else text

    def program(self, expressions, assignments=()):
        """The C program that prints each one's type, size and bytes: assignments first, in their order."""
        parts = ["#include <stddef.h>\n#include <stdio.h>\n#include <string.h>\n", TYPES,
                 "#define container_of(p, T, m) ((T *)((char *)(p) - offsetof(T, m)))\n", "\n".join(self.lines), HELPERS]
        lines = [f"\tSHOW(({text}));\n" for text in [*assignments, *expressions]]
        chunks = [lines[at:at + 50] for at in range(0, len(lines), 50)]
        for number, chunk in enumerate(chunks):
            parts.append(f"static void part{number}(void)\n{{\n{''.join(chunk)}}}\n")
        calls = "".join(f"\tpart{number}();\n" for number in range(len(chunks)))
        parts.append(f"int main(void)\n{{\n{calls}\treturn 0;\n}}\n")
        return "\n".join(parts)


HELPERS = """
#define KIND(v) _Generic((v), _Bool: "b", char: "i", signed char: "i", unsigned char: "u", short: "i", unsigned short: "u", \\
	int: "i", unsigned: "u", long: "i", unsigned long: "u", long long: "i", unsigned long long: "u", __int128: "i", \\
	unsigned __int128: "u", float: "f", double: "f", long double: "f")
static void show(const char *kind, const void *bytes, size_t size)
{
	printf("%s %zu ", kind, size);
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const unsigned char *)bytes)[i]);
	printf("\\n");
}
#define SHOW(e) do { __auto_type v = e; show(KIND(v), &v, sizeof(v)); } while (0)
"""
