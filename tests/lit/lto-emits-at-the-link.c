// SPDX-License-Identifier: BSD-2-Clause
// Compiled for LTO, a file is only marked; the link does the work, once.
// RUN: %clang -g -O2 -flto=full -c %s -o %t.1.o && %clang -g -O2 -flto=full -c -DOTHER %s -o %t.2.o
// RUN: llvm-dis %t.1.o -o - | FileCheck %s --check-prefix=MARKED
// RUN: not %plain_clang -O2 -flto=full -fuse-ld=lld %t.1.o %t.2.o -o %t.none 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: %plain_clang -O2 -flto=full -fuse-ld=lld -Wl,--load-pass-plugin=%plugin %t.1.o %t.2.o -o %t.full
// RUN: %t.full && %S/Inputs/otrace-dump %t.full --functions | FileCheck %s
// RUN: %clang -g -O2 -flto=thin -c %s -o %t.1.o && %clang -g -O2 -flto=thin -c -DOTHER %s -o %t.2.o
// RUN: not %plain_clang -O2 -flto=thin -fuse-ld=lld %t.1.o %t.2.o -o %t.none 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: %plain_clang -O2 -flto=thin -fuse-ld=lld -Wl,--load-pass-plugin=%plugin %t.1.o %t.2.o -o %t.thin
// RUN: %t.thin && %S/Inputs/otrace-dump %t.thin --functions | FileCheck %s
// MARKED-NOT: prologue
// MARKED: "otrace-fn"
// MISSING: undefined hidden symbol: __otrace_LTO_link_needs_lld_and_load_pass_plugin
// CHECK-DAG: function main
// CHECK-DAG: function kept
// CHECK-DAG: function small {{.*}}INLINE_ONLY
// CHECK-DAG: inlined into main
// CHECK-DAG: param int unused: optimized out
#ifdef OTHER
int small(int x) { return x * 3; }
__attribute__((noinline)) int kept(int x, int unused) { __asm__ volatile(""); return x + 1; }
#else
int small(int), kept(int, int);
int main(int argc, char **argv) { return small(argc) + kept(argc, 9) - 5; }
#endif
