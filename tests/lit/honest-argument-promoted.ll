; SPDX-License-Identifier: BSD-2-Clause
; A pointer of which the callers pass the pointee is gone; what came in its place is no declared parameter.
; RUN: env OTRACE_QUIET=1 %opt -passes='otrace-mark,cgscc(argpromotion),otrace-emit,verify' %s | llc -filetype=obj -relocation-model=pic -o %t.o
; RUN: ld.lld -shared %t.o -o %t.so
; RUN: %S/Inputs/otrace-dump %t.so --functions | FileCheck %s
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

; CHECK: function promoted {{.*}}STATIC
; CHECK: assumes ARGUMENT_CHANGED
; CHECK: param ?: optimized out
; CHECK-NEXT: param i32: [40]->0+4
define internal i32 @promoted(ptr %p, i32 %x) {
  %v = load i32, ptr %p
  %r = add i32 %v, %x
  ret i32 %r
}
define i32 @caller(i32 %x) {
  %s = alloca i32
  store i32 %x, ptr %s
  %r = call i32 @promoted(ptr %s, i32 7)
  ret i32 %r
}
