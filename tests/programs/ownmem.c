// SPDX-License-Identifier: BSD-2-Clause
// A program with its own memcpy, memset, memmove, memcmp, strlen, malloc and free, all traceable.
// A tracer that uses any of them in its hooks calls itself without end, or sees its own calls.
// BUILD {"cflags":["-fno-builtin","-ffreestanding"],"not":["asan"]}
// asan: has interceptors of its own for all of them.
// EXPECT {"function":"memcpy","args":{"n":777},"exit":"return","count":1}
// EXPECT {"function":"strlen","args":{"s":"own"},"value":3,"count":1}
// EXPECT {"function":"memset","args":{"c":119,"n":555},"count":1}
// EXPECT {"function":"malloc","args":{"size":12345},"value":{"type":"void *"},"count":1}
// EXPECT {"function":"use","args":{"n":3},"value":6,"calls":1}
// EXPECT {"function":"free","calls":{"least":500}}
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

#define OWN __attribute__((noinline, used, visibility("default")))

enum { HEAP = 1 << 20 };

static _Alignas(16) char heap[HEAP];
static size_t heap_used;
static int mallocs, frees;
static long copied;

/* The empty statement keeps the loops from being turned into calls of themselves. */
OWN void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((char *)to)[i] = ((const char *)from)[i];
		TOUCH();
	}
	__atomic_fetch_add(&copied, (long)n, __ATOMIC_RELAXED);
	return to;
}

OWN void *memmove(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = (uintptr_t)to < (uintptr_t)from ? i : n - 1 - i;

		((char *)to)[at] = ((const char *)from)[at];
		TOUCH();
	}
	return to;
}

OWN void *memset(void *to, int c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((char *)to)[i] = (char)c;
		TOUCH();
	}
	return to;
}

OWN int memcmp(const void *a, const void *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int difference = ((const unsigned char *)a)[i] - ((const unsigned char *)b)[i];

		TOUCH();
		if (difference)
			return difference;
	}
	return 0;
}

OWN size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		TOUCH();
	}
	return n;
}

/* Never gives anything back: a block is preceded by its size. */
OWN void *malloc(size_t size)
{
	size_t need = ((size + 15) & ~(size_t)15) + 16;
	size_t at = __atomic_fetch_add(&heap_used, need, __ATOMIC_RELAXED);

	if (size > HEAP || at + need > HEAP)
		return NULL;
	*(size_t *)(void *)(heap + at) = size;
	__atomic_fetch_add(&mallocs, 1, __ATOMIC_RELAXED);
	return heap + at + 16;
}

OWN void free(void *p)
{
	TOUCH();
	if (p)
		__atomic_fetch_add(&frees, 1, __ATOMIC_RELAXED);
}

OWN void *calloc(size_t n, size_t size)
{
	void *p = n && size > HEAP / n ? NULL : malloc(n * size);

	return p ? memset(p, 0, n * size) : NULL;
}

OWN void *realloc(void *p, size_t size)
{
	void *q = malloc(size);
	size_t old = p ? ((size_t *)p)[-2] : 0;

	if (p && q)
		memcpy(q, p, old < size ? old : size);
	return q;
}

EXACT int use(int n)
{
	struct {
		int v[300];
	} a, b;
	int sum = 0;

	memset(&a, 0, sizeof(a));
	for (int i = 0; i <= n; i++)
		a.v[i] = i;
	memcpy(&b, &a, sizeof(a));
	for (int i = 0; i < 300; i++)
		sum += b.v[i];
	return sum;
}

EXACT void *in_thread(void *argument)
{
	for (long i = 0; i < 250; i++) {
		char *p = malloc(24);

		CHECK(p != NULL);
		memset(p, (int)i, 24);
		CHECK(p[23] == (char)i);
		free(p);
	}
	return argument;
}

int main(void)
{
	static char from[1000], to[1000];
	pthread_t thread;
	int before = mallocs;
	char *p;

	for (int i = 0; i < 1000; i++)
		from[i] = (char)i;
	CHECK(memcpy(to, from, HIDE((size_t)777)) == to && to[776] == (char)776 && to[777] == 0);
	CHECK(memset(to, 'w', HIDE((size_t)555)) == to && to[554] == 'w' && to[555] == (char)555);
	CHECK(strlen(HIDE("own")) == 3);
	CHECK(memcmp(from, from + 256, HIDE((size_t)200)) == 0);
	CHECK(memmove(from + 1, from, HIDE((size_t)100)) == from + 1 && from[100] == 99);
	p = malloc(HIDE((size_t)12345));
	CHECK(p == NULL || (p > heap && p < heap + HEAP));
	free(p);
	CHECK(use(HIDE(3)) == 6);
	CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0);
	in_thread(NULL);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(mallocs - before >= 501 && frees >= 501 && copied >= 777 + 1200);
	FINISH("ownmem");
}
