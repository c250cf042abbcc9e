// SPDX-License-Identifier: BSD-2-Clause
// A wrapper is shared by files compiled for different processors: it may use no more than all of them have.
// RUN: %clang -O2 -g -mavx2 -S -emit-llvm %s -o - | FileCheck %s
// CHECK: define linkonce_odr hidden i64 @__otrace_w_{{.*}} #[[BASE:[0-9]+]] section
// CHECK: define linkonce_odr hidden <8 x float> @__otrace_w_{{.*}} #[[WIDE:[0-9]+]] section
// CHECK-DAG: attributes #[[BASE]] = {{.*}}"target-cpu"="x86-64" "target-features" "tune-cpu"
// CHECK-DAG: attributes #[[WIDE]] = {{.*}}"min-legal-vector-width"="256"{{.*}}"target-features"="{{.*}}+avx2
typedef float wide __attribute__((vector_size(32)));
int narrow(int x) { return x; }
wide take(wide v) { return v + v; }
