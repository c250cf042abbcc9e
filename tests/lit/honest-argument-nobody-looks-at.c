// SPDX-License-Identifier: BSD-2-Clause
// Callers in the same file pass nothing in particular for an argument that is not used.
// RUN: %clang -w -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
// CHECK-LABEL: function called_here
// CHECK: assumes ARGUMENT_DROPPED
// CHECK: param int unused: optimized out
__attribute__((noinline)) int called_here(int x, int unused) { return x * 3; }
// Nobody here calls it, so all callers pass what is declared.
// CHECK-LABEL: function callback
// CHECK-NOT: assumes
// CHECK: param void *unused: [40]->0+8
int callback(int x, void *unused) { return x * 3; }
int (*table[])(int, void *) = {callback};
int main(int argc, char **argv) { return called_here(argc, 7); }
