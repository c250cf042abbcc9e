// SPDX-License-Identifier: BSD-2-Clause
// Records go with their functions and variables, in both linkers; what stays keeps its record.
// RUN: %clang -g -O2 -ffunction-sections -fdata-sections -Wl,--gc-sections -fuse-ld=lld %s -o %t.lld
// RUN: %S/Inputs/otrace-dump %t.lld | FileCheck %s --implicit-check-not=dead
// RUN: %clang -g -O2 -ffunction-sections -fdata-sections -Wl,--gc-sections -fuse-ld=bfd %s -o %t.bfd
// RUN: %S/Inputs/otrace-dump %t.bfd | FileCheck %s --implicit-check-not=dead
// CHECK-DAG: function main
// CHECK-DAG: function alive
// CHECK-DAG: variable alive_variable
// CHECK-DAG: variable alive_thread
int alive_variable = 3, dead_variable = 4;
__thread int alive_thread = 3, dead_thread = 4;
struct dead_type { int x; };
int dead(struct dead_type *t) { return t->x + dead_variable + dead_thread; }
__attribute__((noinline)) int alive(int x) { return x + alive_variable + alive_thread; }
int main(int argc, char **argv) { return alive(argc); }
