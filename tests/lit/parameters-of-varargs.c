// SPDX-License-Identifier: BSD-2-Clause
// Offsets into struct otrace_varargs_frame: there is no wrapper.
// RUN: %clang -w -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
#include <stdarg.h>
struct big { long a[5]; };
// CHECK-LABEL: function many {{.*}}VARARGS
// CHECK-NEXT: symbol many stub +0 0f1f440000 body +5
// CHECK-NOT: wrapper
// CHECK: param int a: [32]->0+4
// CHECK: param double d: [96]->0+8
// CHECK: param char *p: [40]->0+8
// CHECK: param struct big s: stack [0]->0+40
// CHECK: param long double x: stack [48]->0+10
// CHECK: returns int: [224]->0+4
__attribute__((noinline, used)) int many(int a, double d, char *p, struct big s, long double x, ...) {
  va_list list;
  va_start(list, x);
  int sum = a + d + *p + s.a[0] + x + va_arg(list, int);
  va_end(list);
  return sum;
}
int main(void) { return 0; }
