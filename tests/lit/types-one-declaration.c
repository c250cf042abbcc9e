// SPDX-License-Identifier: BSD-2-Clause
// A struct that is only declared is one type, wherever the declarations stand.
// RUN: %clang -w -g -O0 -DFIRST -c %s -o %t1.o && %clang -w -g -O0 -c %s -o %t2.o
// RUN: %clang %t1.o %t2.o -o %t && %S/Inputs/otrace-dump %t --types | FileCheck %s
// CHECK-COUNT-1: struct opaque size 0 None:0 INCOMPLETE
// CHECK-NOT: struct opaque size
#ifdef FIRST
struct opaque;
struct opaque *first;
int main(void) { return 0; }
#else
typedef int something;
something between;
struct opaque *second;
#endif
