; SPDX-License-Identifier: BSD-2-Clause
; Under -fcf-protection=branch the symbol has a landing pad, the body behind the stub has the backend's own.
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,verify %s | llc -filetype=obj -o %t.o
; RUN: llvm-objdump -d %t.o | FileCheck %s
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; CHECK: <global>:
; CHECK-NEXT: endbr64
; CHECK-NEXT: 0f 1f 44 00 00 nopl
; CHECK-NEXT: endbr64
; CHECK-NEXT: ret
define void @global() {
  ret void
}
; A static function that nobody calls through a pointer: the wrapper will.
; CHECK: <local>:
; CHECK-NEXT: endbr64
; CHECK-NEXT: nopl
; CHECK-NEXT: endbr64
define internal void @local() {
  ret void
}
; CHECK: <unchecked>:
; CHECK-NEXT: nopl
; CHECK-NEXT: ret
define void @unchecked() nocf_check {
  ret void
}
!llvm.module.flags = !{!0}
!0 = !{i32 8, !"cf-protection-branch", i32 1}
