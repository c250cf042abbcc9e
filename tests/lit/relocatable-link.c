// SPDX-License-Identifier: BSD-2-Clause
// Objects linked with ld -r keep their records.
// RUN: %clang -g -O2 -c %s -o %t.1.o
// RUN: %clang -g -O2 -c -DOTHER %s -o %t.2.o
// RUN: ld.bfd -r %t.1.o %t.2.o -o %t.bfd.o && %plain_clang %t.bfd.o -o %t.bfd
// RUN: %S/Inputs/otrace-dump %t.bfd | FileCheck %s
// RUN: ld.lld -r %t.1.o %t.2.o -o %t.lld.o && %plain_clang -fuse-ld=lld %t.lld.o -o %t.lld
// RUN: %S/Inputs/otrace-dump %t.lld | FileCheck %s
// CHECK-DAG: function main
// CHECK-DAG: function other
// CHECK-DAG: variable here
// CHECK-DAG: variable there
#ifdef OTHER
__thread int there = 2;
int other(int x) { return x + there; }
#else
int here = 1;
int other(int);
int main(int argc, char **argv) { return other(argc) + here - 4; }
#endif
