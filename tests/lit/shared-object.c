// SPDX-License-Identifier: BSD-2-Clause
// In a shared object another module may define the variable that is used: the record goes through the GOT.
// Under the large code model no single instruction loads an address.
// RUN: %clang -g -O2 -fPIC -shared %s -o %t.so && %S/Inputs/otrace-dump %t.so | FileCheck %s
// RUN: %clang -g -O2 -fPIC -shared -fuse-ld=lld %s -o %t.so && %S/Inputs/otrace-dump %t.so | FileCheck %s
// RUN: %clang -g -O2 -fPIC -shared -fvisibility=hidden %s -o %t.so && %S/Inputs/otrace-dump %t.so | FileCheck %s --check-prefix=HIDDEN
// RUN: %clang -g -O2 -fPIC -shared -mcmodel=large %s -o %t.so && %S/Inputs/otrace-dump %t.so | FileCheck %s --check-prefix=LARGE
// CHECK: function f
// CHECK-NEXT: symbol f stub +0
// CHECK-DAG: variable open {{.*}}ADDRESS_IN_CODE
// CHECK-DAG: variable closed {{.*}}STATIC
// LARGE: variable open {{.*}}ADDRESS_IN_GOT
// HIDDEN-NOT: ADDRESS_IN_
// HIDDEN: variable open
int open = 1;
static int closed = 2;
int f(int x) { return x + open++ + closed++; }
