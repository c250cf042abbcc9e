// SPDX-License-Identifier: BSD-2-Clause
// Without optimisation, ThinLTO has no place for the pass at the link: it works in the compile.
// RUN: %clang -g -O0 -flto=thin -c %s -o %t.o
// RUN: %plain_clang -O0 -flto=thin -fuse-ld=lld -Wl,--load-pass-plugin=%plugin %t.o -o %t.thin
// RUN: %t.thin && %S/Inputs/otrace-dump %t.thin --functions | FileCheck %s
// RUN: %clang -g -O0 -flto=full -c %s -o %t.o
// RUN: %plain_clang -O0 -flto=full -fuse-ld=lld -Wl,--load-pass-plugin=%plugin %t.o -o %t.full
// RUN: %t.full && %S/Inputs/otrace-dump %t.full --functions | FileCheck %s
// CHECK: function main
// CHECK-NEXT: symbol main stub +0
int main(void) { return 0; }
