// SPDX-License-Identifier: BSD-2-Clause
// Programs of every awkward signature check themselves while every call goes through a wrapper.
// RUN: %plain_clang -O1 -I %source/runtime/include -c %S/Inputs/all-on.c -o %t.on.o
// RUN: sh %S/Inputs/run-all-on %plain_clang %plugin %t.on.o %source/tests/programs -O0
// RUN: sh %S/Inputs/run-all-on %plain_clang %plugin %t.on.o %source/tests/programs -O2
// RUN: sh %S/Inputs/run-all-on %plain_clang %plugin %t.on.o %source/tests/programs -O2 -fcf-protection=full
// RUN: sh %S/Inputs/run-all-on %plain_clang %plugin %t.on.o %source/tests/programs -Os -fexceptions
