// SPDX-License-Identifier: BSD-2-Clause
// RUN: %clang -w -g -O0 %s -o %t && %S/Inputs/otrace-dump %t --types | FileCheck %s
// RUN: %clang -w -g -O0 %s -o %t && %S/Inputs/otrace-dump %t --variables | FileCheck %s --check-prefix=VAR
// CHECK: base _BitInt size 8 encoding 0x5
// CHECK: base _Bool size 1 encoding 0x2
// CHECK: base __int128 size 16
// CHECK: base long double size 16 encoding 0x4 bits 80
// CHECK: base unsigned char size 1 encoding 0x8
// CHECK: enum negative size 4
// CHECK-NEXT: MINUS = -1
// CHECK-NEXT: PLUS = 1
// CHECK: enum unsigned_one size 4
// CHECK-NEXT: LARGE = 4294967295u
// CHECK: struct opaque size 0 {{.*}} INCOMPLETE
// CHECK: struct rich size {{[0-9]+}} {{.*}}types.c:
// CHECK-NEXT: @0 struct rich *next
// CHECK-NEXT: @8.0:3 int bits
// CHECK-NEXT: @8.3:13 unsigned int more
// CHECK-NEXT: @16 union {anonymous 8}
// CHECK-NEXT: @0 int i
// CHECK-NEXT: @0 double d
// CHECK-NEXT: @24 int (*call)(const char *, ...)
// CHECK-NEXT: @32 volatile int v
// CHECK-NEXT: @40 const char *const *names
// CHECK-NEXT: @48 short grid[2][3]
// CHECK-NEXT: @60 char tail[]
// CHECK: typedef struct {anonymous 4} nameless size 4
// CHECK-NEXT: @0 int only
// CHECK: union both size 8
// VAR: variable array
// VAR-NEXT: type int [4] size 16 at array
// VAR: variable aligned
struct opaque;
enum negative { MINUS = -1, PLUS = 1 };
enum unsigned_one { LARGE = 4294967295u };
typedef struct { int only; } nameless;
union both { int i; double d; };
struct rich {
  struct rich *next;
  int bits : 3;
  unsigned more : 13;
  union { int i; double d; };
  int (*call)(const char *, ...);
  volatile int v;
  const char *const *names;
  short grid[2][3];
  char tail[];
};
int array[4];
_Alignas(32) int aligned;
struct rich rich;
struct opaque *opaque;
enum negative negative;
enum unsigned_one unsigned_one;
nameless thing;
union both both;
_Bool flag;
__int128 wide;
long double ld;
unsigned char byte;
_BitInt(37) odd;
float __attribute__((vector_size(16))) vector;
_Atomic int atomic;
int main(void) { return 0; }
