; SPDX-License-Identifier: BSD-2-Clause
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,verify -S %s | FileCheck %s
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; CHECK: @__otrace_hooks = linkonce_odr hidden global [4 x ptr] zeroinitializer, {{.*}}comdat
; CHECK: define linkonce_odr hidden i32 @__otrace_w_{{[0-9a-f]+}}(ptr nest %[[PROBE:.*]], i32 %[[X:.*]], ptr %[[P:.*]])
; CHECK-SAME: section ".text.otrace" comdat
; CHECK: %[[FRAME:.*]] = alloca [56 x i8], align 16
; CHECK: %[[SLOT:.*]] = getelementptr inbounds i8, ptr %[[FRAME]], i64 32
; CHECK: store i32 %[[X]], ptr %[[SLOT]]
; CHECK: store ptr %[[P]]
; CHECK: %[[ENTER:.*]] = load ptr, ptr @__otrace_hooks
; CHECK: %[[TARGET:.*]] = call ptr %[[ENTER]](ptr %[[FRAME]], ptr %[[PROBE]])
; CHECK: icmp eq ptr %[[TARGET]], null
; Loaded back, so that a runtime can change them.
; CHECK: %[[X2:.*]] = load i32
; CHECK: %[[P2:.*]] = load ptr
; CHECK: %[[R:.*]] = call i32 %[[TARGET]](i32 %[[X2]], ptr %[[P2]])
; CHECK: store i32 %[[R]]
; CHECK: load ptr, ptr getelementptr {{.*}} @__otrace_hooks, i64 8
; CHECK: ret i32
define i32 @f(i32 %x, ptr %p) nounwind {
  ret i32 %x
}
