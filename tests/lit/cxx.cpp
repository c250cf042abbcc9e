// SPDX-License-Identifier: BSD-2-Clause
// RUN: %clangxx -g -O0 %s -o %t && %t && %S/Inputs/otrace-dump %t | FileCheck %s
// CHECK-DAG: function space::thing::method
// CHECK-DAG: linkage name _ZN5space5thing6methodEi
// CHECK-DAG: function space::twice<int>
// CHECK-DAG: function space::tagged {{.*}}cxx.cpp
// CHECK-DAG: linkage name _ZN5space6taggedB2v2Ei
// CHECK-DAG: variable space::thing::shared
// CHECK-DAG: struct space::thing size 16
// CHECK-DAG: @0 struct space::base {{.*}}BASE_CLASS
namespace space {
struct base { virtual ~base() {} };
struct thing : base { int x = 1; static int shared; int method(int y) { return x + y; } };
__attribute__((abi_tag("v2"))) int tagged(int x) { return x; }
int thing::shared = 3;
template <class T> T twice(T t) { return t + t; }
}
int main() { space::thing t; return t.method(1) + space::twice(1) + space::thing::shared + space::tagged(0) - 7; }
