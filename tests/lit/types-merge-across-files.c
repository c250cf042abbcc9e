// SPDX-License-Identifier: BSD-2-Clause
// The same type of two files is one symbol; another type of the same name is another.
// RUN: %clang -g -c %s -o %t.1.o && %clang -g -c -DOTHER %s -o %t.2.o && %clang -g -c -DMAIN %s -o %t.3.o
// RUN: %plain_clang %t.1.o %t.2.o %t.3.o -o %t
// RUN: %S/Inputs/otrace-dump %t --types | FileCheck %s
// CHECK-COUNT-1: {{^}}struct common size 16
// CHECK-NOT: {{^}}struct common
// CHECK: struct differs size 4
// CHECK: struct differs size 8
struct common { long a; struct common *next; };
#ifdef MAIN
int main(void) { return 0; }
#elif defined(OTHER)
struct differs { long a; };
int f2(struct common *c, struct differs *d) { return c->a + d->a; }
#else
struct differs { int a; };
int f1(struct common *c, struct differs *d) { return c->a + d->a; }
#endif
