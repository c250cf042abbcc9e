// SPDX-License-Identifier: BSD-2-Clause
// What a type's stream has to say because nobody would expect it.
// RUN: %clang -w -g -O0 -x c++ %s -o %t && %S/Inputs/otrace-dump %t --types | FileCheck %s
// CHECK: class derived size 40
// CHECK-NEXT: @0 struct base BASE_CLASS
// CHECK-NEXT: @16 struct second BASE_CLASS
// CHECK-NEXT: @0 int shared STATIC
// CHECK-NEXT: @24 long number
// CHECK-NEXT: @32 char letter
// CHECK: enum far size 8
// CHECK-NEXT: LOWEST = -9223372036854775808
// CHECK-NEXT: BEFORE = -1
// CHECK-NEXT: ZERO = 0
// CHECK-NEXT: HIGHEST = 9223372036854775807
// CHECK: enum large size 8
// CHECK-NEXT: ALL = 18446744073709551615u
// CHECK-NEXT: NONE = 0u
// CHECK: struct loose size 64
// CHECK-NEXT: @0 char c
// CHECK-NEXT: @32 int aligned
// CHECK-NEXT: @36 char after
// CHECK: struct many size 2400
// CHECK-NEXT: @0 int (*m0)[1]
// CHECK: @2392 int (*m299)[300]
// CHECK: struct packed size 13
// CHECK-NEXT: @0 char c
// CHECK-NEXT: @1 long number
// CHECK-NEXT: @9 int last
// CHECK: struct pairs size 20
// CHECK-NEXT: @0 int first
// CHECK-NEXT: @4 struct two two
// CHECK-NEXT: @12 struct two array[1]
// CHECK: struct sparse size 12
// CHECK-NEXT: @0.0:3 int a
// CHECK-NEXT: @4.0:5 int b
// CHECK-NEXT: @8 char c
// CHECK: typedef struct same same size 4
// CHECK: typedef struct tag other size 4
struct base { void *p; int i; };
struct second { long l; };
class derived : public base, public second { public: static int shared; long number; char letter; };
int derived::shared;
enum far : long { LOWEST = -9223372036854775807 - 1, BEFORE = -1, ZERO, HIGHEST = 9223372036854775807 };
enum large : unsigned long { ALL = ~0ul, NONE = 0 };
struct loose { char c; alignas(32) int aligned; char after; };
#define M(n) int (*m##n)[n + 1];
#define M10(n) M(n##0) M(n##1) M(n##2) M(n##3) M(n##4) M(n##5) M(n##6) M(n##7) M(n##8) M(n##9)
#define M100(n) M10(n##0) M10(n##1) M10(n##2) M10(n##3) M10(n##4) M10(n##5) M10(n##6) M10(n##7) M10(n##8) M10(n##9)
struct many { M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9)
  M10(1) M10(2) M10(3) M10(4) M10(5) M10(6) M10(7) M10(8) M10(9) M100(1) M100(2) };
struct __attribute__((packed)) packed { char c; long number; int last; };
struct two { int a, b; };
struct pairs { int first; two two; struct two array[1]; };
struct sparse { int a : 3; int : 0; int b : 5; char c __attribute__((aligned(4))); };
typedef struct same { int i; } same;
typedef struct tag { int i; } other;
derived d;
far f;
large l;
loose lo;
many m;
packed p;
pairs ps;
sparse s;
same sa;
other o;
int main() { return 0; }
