// SPDX-License-Identifier: BSD-2-Clause
// The code is the same with -g, without, and when debug information is dropped; wrappers included.
// RUN: sh %S/Inputs/same-text %plain_clang %plugin %s -O0
// RUN: sh %S/Inputs/same-text %plain_clang %plugin %s -O1
// RUN: sh %S/Inputs/same-text %plain_clang %plugin %s -O2
// RUN: sh %S/Inputs/same-text %plain_clang %plugin %s -O3
// RUN: sh %S/Inputs/same-text %plain_clang %plugin %s -Os
// RUN: sh %S/Inputs/same-text %plain_clang %plugin %s -O2 -fcf-protection=full
// RUN: sh %S/Inputs/same-text %plain_clang %plugin %s -O2 -fexceptions -fPIC
struct pair { int a; float b; };
struct big { long a[5]; };
static const char *const words[] = {"zero", "one", "two"};
static __thread int counter;
int sink;
const char *word(unsigned i) { return i < 3 ? words[i] : "many"; }
static int local(struct pair *p, int unused) { counter++; return p->a * 2; }
struct pair make(int a, float b) { struct pair p = {a, b}; sink += local(&p, 1); return p; }
struct big large(struct big b, long double d) { b.a[2] += d; return b; }
int old(c, f) char c; float f; { static int calls; return c + f + ++calls; }
_Bool truth(_Bool b, __int128 i) { return b && i; }
int several(int x) { switch (x) { case 0: return 5; case 1: return 9; case 2: return 2; case 3: return 77; } return 0; }
