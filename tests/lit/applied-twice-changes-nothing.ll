; SPDX-License-Identifier: BSD-2-Clause
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,verify -S %s -o %t.once
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,otrace,verify -S %s -o %t.twice
; RUN: env OTRACE_QUIET=1 %opt -passes=otrace,verify -S %t.once -o %t.again
; RUN: diff %t.once %t.twice
; RUN: grep -v ModuleID %t.once > %t.a
; RUN: grep -v ModuleID %t.again > %t.b
; RUN: diff %t.a %t.b
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

define i32 @f(i32 %x) {
  ret i32 %x
}
