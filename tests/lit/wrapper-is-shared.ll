; SPDX-License-Identifier: BSD-2-Clause
; One wrapper for one way of passing values, whatever the names of the types and the promises about the pointers.
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,verify -S %s | FileCheck %s
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

%struct.a = type { i64, i64, i64 }
%struct.b = type { i64, i64, i64 }
%struct.c = type { i64, i64, i64, i64 }
; CHECK-COUNT-6: define linkonce_odr hidden {{.*}}@__otrace_w_
; CHECK-NOT: define linkonce_odr hidden {{.*}}@__otrace_w_
define void @f1(ptr nocapture readonly %p, ptr byval(%struct.a) align 8 %s) nounwind {
  ret void
}
define void @f2(ptr noalias nonnull %p, ptr byval(%struct.b) align 8 %s) nounwind {
  ret void
}
; Another size on the stack.
define void @f3(ptr %p, ptr byval(%struct.c) align 8 %s) nounwind {
  ret void
}
; Another convention (fastcc is the same on x86-64).
define internal coldcc void @f4(ptr %p, ptr byval(%struct.c) align 8 %s) nounwind {
  ret void
}
; Extended or not, alone in a register; a pointer and a result too.
define void @f5(i8 signext %x) nounwind {
  ret void
}
define void @f6(i8 zeroext %x) nounwind {
  ret void
}
define internal fastcc ptr @f7(i64 %x) nounwind {
  ret ptr null
}
; In another kind of register.
define void @f8(float %x) nounwind {
  ret void
}
define double @f9(double %x) nounwind {
  ret double 0.0
}
@keep7 = global ptr @f7
@keep = global ptr @f4
