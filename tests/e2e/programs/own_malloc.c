// SPDX-License-Identifier: BSD-2-Clause
// A program with an allocator of its own, which a library of its uses too. -DLIBRARY: that library.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct thing {
	int number;
	char name[32];
};

struct thing *library_make(void);
void library_free(struct thing *thing);

#ifdef LIBRARY
struct thing *library_make(void)
{
	return malloc(sizeof(struct thing));
}

void library_free(struct thing *thing)
{
	free(thing);
}
#else
static char pool[1 << 20] __attribute__((aligned(16)));
static size_t used;

void *malloc(size_t bytes)
{
	char *at = pool + used;

	used += 16 + ((bytes + 15) & ~(size_t)15);
	memcpy(at, &bytes, sizeof(bytes));
	return at + 16;
}

void free(void *block)
{
	(void)block;
}

void *calloc(size_t nr, size_t bytes)
{
	return malloc(nr * bytes); /* the pool is zeroes, and nothing comes again */
}

void *realloc(void *block, size_t bytes)
{
	char *to = malloc(bytes);
	size_t old = 0;

	if (block)
		memcpy(&old, (char *)block - 16, sizeof(old));
	return memcpy(to, block ? block : to, old < bytes ? old : bytes);
}

__attribute__((noinline)) struct thing *make_thing(int number)
{
	struct thing *thing = library_make();

	thing->number = number;
	return thing;
}

int main(void)
{
	for (int i = 0; i < 3; i++)
		library_free(make_thing(i));
	puts("ok");
	return 0;
}
#endif
