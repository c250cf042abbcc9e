// SPDX-License-Identifier: BSD-2-Clause
// RUN: %clang -w -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --variables | FileCheck %s --implicit-check-not=declared_only
// CHECK-DAG: variable global {{.*}}variables.c:[[@LINE+1]]
int global = 1;
// CHECK-DAG: variable file_static {{.*}} STATIC
static int file_static = 2;
// CHECK-DAG: variable per_thread {{.*}} THREAD_LOCAL
__thread int per_thread = 3;
// CHECK-DAG: variable folded {{.*}} CONSTANT_VALUE
// CHECK-DAG: value 42
static int folded = 42;
// CHECK-DAG: variable constant {{.*}}variables.c:[[@LINE+1]] READ_ONLY{{$}}
const int constant = 5;
// CHECK-DAG: variable hardware {{.*}}READ_ONLY{{$}}
const volatile int hardware = 6;
// CHECK-DAG: variable shared_weak {{.*}} WEAK
__attribute__((weak)) int shared_weak = 6;
extern int declared_only;
// CHECK-DAG: variable calls {{.*}} STATIC FUNCTION_STATIC
// CHECK-DAG: linkage name count.calls
// CHECK-DAG: in count
int count(void) { static int calls; return ++calls + folded + file_static++ + hardware; }
int main(void) { return 0; }
