// SPDX-License-Identifier: BSD-2-Clause
// A scalar that is returned straight from the middle of an array is the whole result, not a part of one.
// RUN: %clang -w -g -O0 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
// RUN: %clang -w -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
#define KEEP __attribute__((noinline, used))
// CHECK-LABEL: function unaligned
// CHECK: returns long: {{.*}}->0+8
KEEP long unaligned(void) {
  char text[16] = "0123456789abcde";
  return *(volatile long *)(text + 4);
}
// CHECK-LABEL: function last
// CHECK: returns int: {{.*}}->0+4
KEEP int last(int x) {
  volatile int v[64];
  v[63] = x;
  return v[63];
}
int main(void) { return unaligned() && last(7); }
