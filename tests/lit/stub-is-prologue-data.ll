; SPDX-License-Identifier: BSD-2-Clause
; The stub is one canonical 5-byte nop, on a function aligned so that its first two bytes lie in one word.
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,verify -S %s | FileCheck %s
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace %s | llc -filetype=obj -o %t.o
; RUN: llvm-objdump -d %t.o | FileCheck %s --check-prefix=CODE
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; CHECK: define void @plain() {{.*}}align 2 prologue [5 x i8] c"\0F\1FD\00\00"
define void @plain() {
  ret void
}
; An alignment that is there is never lowered.
; CHECK: define void @aligned() {{.*}}align 64 prologue
define void @aligned() align 64 {
  ret void
}
; CODE: <plain>:
; CODE-NEXT: 0f 1f 44 00 00 nopl
