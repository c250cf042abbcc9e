// SPDX-License-Identifier: BSD-2-Clause
// Where each class of parameter lies in the wrapper's frame: frame offset -> offset in the value + size.
// RUN: %clang -w -g -O0 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
// RUN: %clang -w -g -O1 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
// RUN: %clang -w -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
// RUN: %clang -w -g -O3 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
#define KEEP __attribute__((noinline, used))
struct two { int a, b; };
struct mixed { long l; double d; };
struct odd { char c[11]; };
struct big { long a[5]; };
struct low { long : 64; int x; };
// CHECK-LABEL: function scalars
// CHECK: param _Bool b: [32]->0+1
// CHECK: param char c: [40]->0+1
// CHECK: param float f: [48]->0+4
// CHECK: param long double ld: [64]->0+{{10|16}}
// CHECK: returns _Bool: {{.*}}->0+1
KEEP _Bool scalars(_Bool b, char c, float f, long double ld) { return b + c + f + ld; }
// CHECK-LABEL: function wide
// CHECK: param __int128 i: [32]->0+8 [40]->8+8
// CHECK: returns __int128: {{.*}}->0+16
KEEP __int128 wide(__int128 i) { return i * 3; }
// CHECK-LABEL: function structs
// CHECK: param struct two t: [32]->0+8
// CHECK: param struct mixed m: [40]->0+8 [48]->8+8
// CHECK: param struct odd o: [56]->0+8 [64]->8+3
// CHECK: param struct big b: *[72]->0+40
// CHECK: returns struct mixed: [{{[0-9]+}}]->0+16
KEEP struct mixed structs(struct two t, struct mixed m, struct odd o, struct big b) {
  m.l += t.a + t.b + o.c[10] + o.c[2] + b.a[3];
  return m;
}
// CHECK-LABEL: function large
// CHECK: returns struct big: *[32]->0+40
KEEP struct big large(long x) { struct big b = {{x, x}}; return b; }
// A result whose first word is padding comes back in the second word's register alone.
// CHECK-LABEL: function padded
// CHECK: returns struct low: [{{[0-9]+}}]->8+4
KEEP struct low padded(int x) { struct low l = {x}; return l; }
// CHECK-LABEL: function complexes
// CHECK: param complex a: [32]->0+8
// CHECK: param complex b: [40]->0+8 [48]->8+8
KEEP double complexes(float _Complex a, double _Complex b) { return a + b; }
// CHECK-LABEL: function old {{.*}}NO_PROTOTYPE
// CHECK: param char c: [32]->0+1
// CHECK: param short s: [40]->0+2
// CHECK: param float f: double [48]->0+4
KEEP int old(c, s, f) char c; short s; float f; { return c + s + f; }
int main(void) { return 0; }
