// SPDX-License-Identifier: BSD-2-Clause
// Parameters that clang stores in another form than they come in: vectors of three elements, of bits, in memory.
// RUN: %clang -w -g -O0 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
// RUN: %clang -w -g -O1 %s -o %t && %S/Inputs/otrace-dump %t --functions | FileCheck %s
// CHECK: function bits
// CHECK: param bits8 x: [32]->0+1
// CHECK: function memory
// CHECK: param floats16 x: *[{{[0-9]+}}]->0+64
// CHECK: function small
// CHECK: param chars3 x: [32]->0+4
// CHECK: function three
// CHECK: param ints3 x: [{{[0-9]+}}]->0+12
typedef int ints3 __attribute__((ext_vector_type(3)));
typedef char chars3 __attribute__((ext_vector_type(3)));
typedef _Bool bits8 __attribute__((ext_vector_type(8)));
typedef float floats16 __attribute__((vector_size(64)));
#define KEPT __attribute__((noinline, optnone))
KEPT bits8 bits(bits8 x) { return x; }
KEPT floats16 memory(floats16 x) { return x; }
KEPT chars3 small(chars3 x) { return x; }
KEPT ints3 three(ints3 x) { return x; }
int main(void) { return 0; }
