; SPDX-License-Identifier: BSD-2-Clause
; RUN: not %opt -passes=otrace %s -disable-output 2>&1 | FileCheck %s
; CHECK: otrace: target riscv64-unknown-linux is not supported
target triple = "riscv64-unknown-linux"
define void @f() {
  ret void
}
