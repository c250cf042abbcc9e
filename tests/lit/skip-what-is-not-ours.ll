; SPDX-License-Identifier: BSD-2-Clause
; Copies for inlining only have no code here; what the pass or the runtime adds is never instrumented.
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,verify -S %s | FileCheck %s
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; CHECK-NOT: @copy(){{.*}}prologue
; CHECK-NOT: @__otrace_helper(){{.*}}prologue
; CHECK: define void @f(){{.*}}prologue
define available_externally void @copy() {
  ret void
}
define void @__otrace_helper() {
  ret void
}
define void @f() {
  call void @copy()
  ret void
}
