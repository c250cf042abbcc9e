/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What copyreloc.c and its library share.
 * The declarations are visible also when everything else is compiled as hidden.
 */
#ifndef COPYRELOC_H
#define COPYRELOC_H

#pragma GCC visibility push(default)

struct shared {
	int a;
	char name[20];
};

extern int shared_counter;
extern struct shared shared_struct;
extern __thread int shared_thread_local;

int lib_add(int n);
void lib_set_name(const char *name);
int lib_struct_a(void);
int *lib_counter_address(void);
void *lib_function_address(void);
int lib_call(int (*f)(int), int n);
int lib_thread_local(void);

#pragma GCC visibility pop

#endif
