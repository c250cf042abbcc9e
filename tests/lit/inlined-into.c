// SPDX-License-Identifier: BSD-2-Clause
// RUN: %clang -w -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
int sink;
// CHECK-LABEL: function both
// CHECK: stub +0
// CHECK: assumes INLINED_COPIES
// CHECK: inlined into main ({{.*}}inlined-into.c:[[@LINE+1]])
void both(int x) { sink += x; } int main(int argc, char **argv) { both(argc); extern int other(int); return other(argc); }
static int gone(int x) { return x * 5; }
int other(int x) { return gone(x); }
// CHECK-LABEL: function gone
// CHECK-SAME: inlined-into.c:[[@LINE-3]]-[[@LINE-3]] STATIC INLINE_ONLY
// CHECK-NOT: stub
// CHECK: inlined into other ({{.*}}inlined-into.c:[[@LINE-4]])
