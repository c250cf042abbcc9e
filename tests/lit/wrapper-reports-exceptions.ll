; SPDX-License-Identifier: BSD-2-Clause
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,verify -S %s | FileCheck %s
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; CHECK: define linkonce_odr hidden i64 @__otrace_w_{{.*}} personality ptr @__gcc_personality_v0
; CHECK: invoke i64 %{{.*}}()
; CHECK: landingpad { ptr, i32 }
; CHECK-NEXT: cleanup
; CHECK: getelementptr {{.*}} @__otrace_hooks, i64 16
; CHECK: resume
; CHECK: define linkonce_odr hidden i64 @__otrace_w_
; CHECK-NOT: invoke
; CHECK: ret i64
define void @throws() {
  ret void
}
define void @quiet() nounwind {
  ret void
}
