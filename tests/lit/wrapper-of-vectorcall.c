// SPDX-License-Identifier: BSD-2-Clause
// The wrapper of a vectorcall function has a name that every linker takes in a shared object.
// RUN: %clang -g -O1 -fPIC -shared -fuse-ld=bfd %s -o %t && llvm-nm %t | FileCheck %s
// RUN: %clang -g -O1 -fPIC -shared -fuse-ld=lld %s -o %t && llvm-nm %t | FileCheck %s
// CHECK: __otrace_w_{{[0-9a-f]+$}}
__attribute__((vectorcall, noinline)) static double scale(double x) { return x * 2; }
double (*pointer)(double) __attribute__((vectorcall)) = scale;
