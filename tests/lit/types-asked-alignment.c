// SPDX-License-Identifier: BSD-2-Clause
// Alignments that the source asks for: of variables, types and members. What it does not ask for is not said.
// RUN: %clang -std=gnu2x -w -g -O0 %s -o %t && %S/Inputs/otrace-dump %t --variables --types | FileCheck %s
// CHECK: variable apart
// CHECK-NEXT: type int size 4
// CHECK-NEXT: align 64
// CHECK: variable value
// CHECK-NEXT: type struct asked size 32
// CHECK-NOT: align
// CHECK: {{^}}struct asked size 32
// CHECK-NEXT: @0 char c{{$}}
// CHECK-NEXT: @16 int i align 16
// CHECK-NEXT: @20.0:3 unsigned int b{{$}}
// CHECK-NEXT: @24 int last{{$}}
_Alignas(64) int apart = 1;
struct asked { char c; _Alignas(16) int i; unsigned b : 3; int last; } value;
int main(void) { return apart + value.i; }
