; SPDX-License-Identifier: BSD-2-Clause
; Another tool keeps something at the entry.
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,verify -S %s | FileCheck %s
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace -pass-remarks-missed=otrace %s -disable-output 2>&1 | FileCheck %s --check-prefix=REMARK
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace %s | llc -filetype=obj -relocation-model=pic -o %t.o
; RUN: ld.lld -shared %t.o -o %t.so
; RUN: %S/Inputs/otrace-dump %t.so --functions | FileCheck %s --check-prefix=TABLE
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

define void @odd() prologue i8 144 {
  ret void
}
; CHECK-NOT: @odd{{.*}}prologue [5 x i8]
; REMARK: no stub in odd: has prologue data
; TABLE: function odd
; TABLE-SAME: SKIPPED
; TABLE: skipped PROLOGUE_DATA
; TABLE-NOT: stub
