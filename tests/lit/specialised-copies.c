// SPDX-License-Identifier: BSD-2-Clause
// A copy of a function that the optimiser made for a constant argument has the names of the source.
// RUN: %clang -w -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
// CHECK-LABEL: function apply {{.*}}specialised-copies.c:14-14 OPTIMIZED
// CHECK: param int n: [32]->0+4
// CHECK: param int (*f)(int): [40]->0+8
// CHECK-LABEL: function apply {{.*}}specialised-copies.c:14-14 OPTIMIZED
// CHECK-NEXT: linkage name apply.specialized.
// CHECK: param int n: [32]->0+4
// CHECK-NEXT: param int (*f)(int): optimized out
int printf(const char *, ...);
static int twice(int a) { return a * 2; }
static int thrice(int a) { return a * 3; }
__attribute__((noinline)) int apply(int n, int (*f)(int)) { int s = 0; for (int i = 0; i < n; i++) { s += f(i); printf("%d\n", s); } return s; }
int main(int c, char **v) { return apply(c + 2, twice) + apply(c + 3, thrice); }
