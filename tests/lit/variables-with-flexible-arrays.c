// SPDX-License-Identifier: BSD-2-Clause
// The size of a variable tells how many elements the array has that it ends with: padding is none.
// RUN: %clang -w -g -O0 %s -o %t && %S/Inputs/otrace-dump %t --variables | FileCheck %s
// RUN: %clang -w -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --variables | FileCheck %s
// CHECK: variable none
// CHECK-NEXT: type struct flexible size 10
// CHECK: variable one
// CHECK-NEXT: type struct flexible size 12
// CHECK: variable three
// CHECK-NEXT: type struct flexible size 16
// CHECK: variable last
// CHECK-NEXT: type struct plain size 16
struct flexible { long n; char k; short data[]; };
struct plain { long n; char k; };
struct flexible none = {1}, one = {1, 2, {3}}, three = {1, 2, {3, 4, 5}};
struct plain last = {1, 2};
int main(void) { return 0; }
