// SPDX-License-Identifier: BSD-2-Clause
// A static function whose result is known: callers have it, the function returns nothing in particular.
// RUN: %clang -w -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
int sink;
// CHECK-LABEL: function constant
// CHECK: assumes{{.*}} RESULT_DROPPED
// CHECK: returns int: optimized out
static __attribute__((noinline)) int constant(int x) { sink += x; return 42; }
struct pair { long a, b; };
// Only b is asked for: no register holds the struct as declared.
// CHECK-LABEL: function half
// CHECK: assumes{{.*}} RESULT_DROPPED
// CHECK: returns struct pair: optimized out
static __attribute__((noinline)) struct pair half(long x) { sink += x; struct pair p = {x + 1, x * 5}; return p; }
int main(int argc, char **argv) { return constant(argc) + half(argc).b; }
