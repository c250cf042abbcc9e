// SPDX-License-Identifier: BSD-2-Clause
// An executable has as many dynamic relocations as without the pass, and its tables are read-only.
// RUN: %clang -g -O2 %s -o %t.with && llvm-readelf -r %t.with | grep -c R_X86 > %t.n1
// RUN: %plain_clang -g -O2 %s -o %t.without && llvm-readelf -r %t.without | grep -c R_X86 > %t.n2
// RUN: diff %t.n1 %t.n2
// RUN: %clang -g -O2 -fuse-ld=lld %s -o %t.with && llvm-readelf -r %t.with | grep -c R_X86 > %t.n1
// RUN: %plain_clang -g -O2 -fuse-ld=lld %s -o %t.without && llvm-readelf -r %t.without | grep -c R_X86 > %t.n2
// RUN: diff %t.n1 %t.n2
// RUN: %clang -g -O2 -fPIC -pie %s -o %t.with && llvm-readelf -r %t.with | grep -c R_X86 > %t.n1
// RUN: %plain_clang -g -O2 -fPIC -pie %s -o %t.without && llvm-readelf -r %t.without | grep -c R_X86 > %t.n2
// RUN: diff %t.n1 %t.n2
// RUN: %clang -g -O2 -fPIC -pie -fuse-ld=lld %s -o %t.with && llvm-readelf -r %t.with | grep -c R_X86 > %t.n1
// RUN: %plain_clang -g -O2 -fPIC -pie -fuse-ld=lld %s -o %t.without && llvm-readelf -r %t.without | grep -c R_X86 > %t.n2
// RUN: diff %t.n1 %t.n2
// RUN: %clang -g -O2 -fPIC -no-pie %s -o %t.with && llvm-readelf -r %t.with | grep -c R_X86 > %t.n1
// RUN: %plain_clang -g -O2 -fPIC -no-pie %s -o %t.without && llvm-readelf -r %t.without | grep -c R_X86 > %t.n2
// RUN: diff %t.n1 %t.n2
// RUN: %clang -g -O2 -fuse-ld=lld %s -o %t.with && llvm-readelf -SW %t.with | FileCheck %s
// CHECK-DAG: .note.otrace NOTE {{.*}} A {{ *}}
// CHECK-DAG: otrace_fn PROGBITS {{.*}} AL
// CHECK-DAG: otrace_var PROGBITS {{.*}} AL
// CHECK-DAG: otrace_type PROGBITS {{.*}} A {{ *}}
// CHECK-DAG: otrace_tu PROGBITS {{.*}} A {{ *}}
static const char *const words[] = {"zero", "one", "two"};
int exported = 1;
const char *word(unsigned i) { return words[i]; }
int several(int x) { switch (x) { case 0: return 5; case 1: return 9; case 2: return 2; case 3: return 77; } return 0; }
int main(int argc, char **argv) { return word(argc)[0] + several(argc) + exported; }
