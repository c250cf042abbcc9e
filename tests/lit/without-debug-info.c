// SPDX-License-Identifier: BSD-2-Clause
// RUN: %clang -O2 %s -o %t 2>&1 | FileCheck %s --check-prefix=NOTE
// RUN: env OTRACE_QUIET=1 %clang -O2 %s -o %t 2>&1 | count 0
// RUN: %S/Inputs/otrace-dump %t | FileCheck %s
// NOTE: otrace: note: {{.*}}without-debug-info.c: compiled without -g: machine types
// CHECK: function f
// CHECK-SAME: NO_DEBUG_INFO
// CHECK: symbol f stub +0
// CHECK: param i32: [32]->0+4
// CHECK: param void *: [40]->0+8
// CHECK: returns i64: [48]->0+8
// CHECK: variable g
// CHECK: type i32 size 4
// CHECK: NO_DEBUG_INFO
int g = 4;
long f(int x, char *p) { return x + p[g]; }
int main(void) { return 0; }
