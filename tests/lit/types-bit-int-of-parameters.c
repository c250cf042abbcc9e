// SPDX-License-Identifier: BSD-2-Clause
// Debug information has the bytes of a _BitInt and not its bits. In registers what lies above them is anything, so the
// types of parameters and results say how many there are.
// RUN: %clang -std=gnu23 -g -O0 %s -o %t && %S/Inputs/otrace-dump %t --functions --types | FileCheck %s
// RUN: %clang -std=gnu23 -g -O2 %s -o %t && %S/Inputs/otrace-dump %t --functions --types | FileCheck %s
// CHECK: function all
// CHECK: param _BitInt x: [32]->0+8
// CHECK: returns _BitInt: [{{[0-9]+}}]->0+8
// CHECK: function narrow
// CHECK: param _BitInt(17) x: [32]->0+4
// CHECK: returns _BitInt(17): [{{[0-9]+}}]->0+4
// CHECK: function pair
// CHECK: param unsigned _BitInt(100) x: [32]->0+8 [40]->8+8
// CHECK: returns unsigned _BitInt(100): [{{[0-9]+}}]->0+16
// CHECK: function two
// CHECK: param _BitInt(40) x: [32]->0+8
// CHECK: param _BitInt(40) y: [40]->0+8
// CHECK: returns _BitInt(33): [{{[0-9]+}}]->0+8
// CHECK: function wide
// CHECK: param _BitInt{{(\(200\))?}} x: *[{{[0-9]+}}]->0+32
// CHECK: returns _BitInt{{(\(200\))?}}: *[{{[0-9]+}}]->0+32
typedef _BitInt(40) forty;
#define KEPT __attribute__((noinline, optnone))
KEPT _BitInt(64) all(_BitInt(64) x) { return x; }
KEPT _BitInt(17) narrow(_BitInt(17) x) { return x; }
KEPT unsigned _BitInt(100) pair(unsigned _BitInt(100) x) { return x; }
KEPT _BitInt(33) two(const forty x, forty y) { return x + y; }
KEPT _BitInt(200) wide(_BitInt(200) x) { return x; }
int main(void) { return (int)(all(1) + narrow(2) + (int)pair(3) + two(4, 5) + (int)wide(6)); }
