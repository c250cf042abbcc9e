// SPDX-License-Identifier: BSD-2-Clause
// clang calls all complex types the same: of integers they have an encoding of their own, and of 32 bytes they say whether
// the parts are long doubles.
// RUN: %clang -w -g -O0 %s -o %t && %S/Inputs/otrace-dump %t --types | FileCheck %s
// RUN: %clang -w -g -O0 -DQUAD %s -o %t && %S/Inputs/otrace-dump %t --types | FileCheck %s --check-prefix=QUAD
// RUN: %clang -w -g -O0 -DQUAD -DBOTH %s -o %t && %S/Inputs/otrace-dump %t --types | FileCheck %s --check-prefix=BOTH
// CHECK: base complex size 16 encoding 0x3{{$}}
// CHECK: base complex size 32 encoding 0x3 bits 80
// CHECK: base complex size 8 encoding 0x80{{$}}
// QUAD: base complex size 32 encoding 0x3 bits 128
// BOTH: base complex size 32 encoding 0x3{{$}}
_Complex double d;
_Complex int i;
#ifdef QUAD
_Complex __float128 q;
#else
_Complex long double l;
#endif
#ifdef BOTH
long double plain;
#endif
int main(void) { return 0; }
