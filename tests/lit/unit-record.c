// SPDX-License-Identifier: BSD-2-Clause
// RUN: %clang -g -O2 -grecord-command-line %s -o %t && %S/Inputs/otrace-dump %t --units | FileCheck %s
// RUN: md5sum < %s | cut -d" " -f1 > %t.md5 && %S/Inputs/otrace-dump %t --units | grep -q -f %t.md5
// RUN: %clang -gdwarf-4 -O2 %s -o %t && %S/Inputs/otrace-dump %t --units | grep -q -f %t.md5
// CHECK: unit {{.*}}unit-record.c in {{/.*}} md5 {{[0-9a-f]+}} OPTIMIZED
// CHECK-NEXT: producer {{.*}}clang version
// CHECK-NEXT: command {{.*}}-grecord-command-line
int main(void) { return 0; }
