; SPDX-License-Identifier: BSD-2-Clause
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,verify -S %s | FileCheck %s
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; What fits into a register travels as a whole one, whatever its type.
; CHECK: @__otrace_hooks = linkonce_odr hidden global [4 x ptr] zeroinitializer, {{.*}}comdat
; CHECK: define linkonce_odr hidden i64 @__otrace_w_{{[0-9a-f]+}}(ptr nest %[[PROBE:.*]], i64 %[[X:.*]], i64 %[[P:.*]])
; CHECK-SAME: section ".text.otrace" comdat
; CHECK: %[[FRAME:.*]] = alloca [56 x i8], align 16
; CHECK: %[[SLOT:.*]] = getelementptr inbounds i8, ptr %[[FRAME]], i64 32
; CHECK: store i64 %[[X]], ptr %[[SLOT]]
; CHECK: store i64 %[[P]]
; CHECK: %[[ENTER:.*]] = load ptr, ptr @__otrace_hooks
; CHECK: %[[TARGET:.*]] = call ptr %[[ENTER]](ptr %[[FRAME]], ptr %[[PROBE]])
; CHECK: icmp eq ptr %[[TARGET]], null
; Loaded back, so that a runtime can change them.
; CHECK: %[[X2:.*]] = load i64
; CHECK: %[[P2:.*]] = load i64
; CHECK: %[[R:.*]] = call i64 %[[TARGET]](i64 %[[X2]], i64 %[[P2]])
; CHECK: store i64 %[[R]]
; CHECK: load ptr, ptr getelementptr {{.*}} @__otrace_hooks, i64 8
; CHECK: ret i64
define i32 @f(i32 %x, ptr %p) nounwind {
  ret i32 %x
}
