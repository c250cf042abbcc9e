// SPDX-License-Identifier: BSD-2-Clause
// Sizes that debug information does not say: of _Atomic structs, which are rounded up, and of nullptr_t.
// RUN: %clang -std=gnu23 -w -g -O0 %s -o %t && %S/Inputs/otrace-dump %t --variables --types | FileCheck %s
// CHECK: variable null
// CHECK-NEXT: type void * size 8
// CHECK: variable one
// CHECK-NEXT: type _Atomic struct small size 4
// CHECK: variable several
// CHECK-NEXT: type _Atomic struct small [2] size 8
// CHECK: {{^}}struct has size 16
// CHECK-NEXT: @0 _Atomic struct small a[2]
// CHECK-NEXT: @8 void *p
struct small { char x[3]; };
typeof(nullptr) null;
_Atomic struct small one;
_Atomic struct small several[2];
struct has { _Atomic struct small a[2]; typeof(nullptr) p; } has;
int main(void) { return 0; }
