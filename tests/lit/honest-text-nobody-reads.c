// SPDX-License-Identifier: BSD-2-Clause
// What a function does not read, callers in the same file need not write: only the address is passed on.
// RUN: %clang -w -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
// Callers that nobody knows write what they like.
// CHECK-LABEL: function callback
// CHECK: param const char *s: [32]->0+8
// CHECK-LABEL: function is_set
// CHECK: param const char *s: address [32]->0+8
// CHECK-LABEL: function first
// CHECK: param const char *s: [32]->0+8
__attribute__((noinline)) static int is_set(const char *s) { __asm__ volatile(""); return s != 0; }
__attribute__((noinline)) static int first(const char *s) { return s[0]; }
int callback(const char *s) { return s != 0; }
int (*table[])(const char *) = {callback};
int main(int argc, char **argv) { return is_set(argv[0]) + first(argv[0]); }
