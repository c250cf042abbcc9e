// SPDX-License-Identifier: BSD-2-Clause
// RUN: %clang -g -O2 %s -finstrument-function-entry-bare -o %t
// RUN: %S/Inputs/otrace-dump %t --functions | FileCheck %s --check-prefixes=CHECK,BARE
// RUN: %t
// RUN: %clang -g -O2 %s -o %t
// RUN: %S/Inputs/otrace-dump %t --functions | FileCheck %s --check-prefixes=CHECK,NOTBARE
// clang keeps the attribute from passes, unless it instruments. So the pass takes it from the instrumentation that
// -finstrument-function-entry-bare would do, and takes that away: no call may be left.
// RUN: llvm-nm %t | FileCheck %s --check-prefix=SYMBOLS --implicit-check-not=__cyg_profile
// SYMBOLS: main
// CHECK: function attributed
// BARE: skipped NO_INSTRUMENT
// NOTBARE: stub +0
// CHECK: function annotated
// CHECK: skipped NO_INSTRUMENT
// CHECK: function plain
// CHECK-NEXT: symbol plain stub +0
__attribute__((no_instrument_function, noinline)) int attributed(int x) { return x + 1; }
__attribute__((annotate("otrace_skip"), noinline)) int annotated(int x) { return x + 2; }
__attribute__((noinline)) int plain(int x) { return x + 3; }
int main(void) { return attributed(1) + annotated(1) + plain(1) - 9; }
