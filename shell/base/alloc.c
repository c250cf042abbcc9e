// SPDX-License-Identifier: BSD-2-Clause
// Memory that is there. The shell gives up in one place when there is none: every caller that
// tried to go on would need memory to say so.
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clean.h"

#define SMALL_PAGE_BYTES 4096u

void ot_fatal(const char *format, ...)
{
	va_list args;

	fputs("otrace: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(125);
}

void *ot_alloc(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);

	if (!memory)
		ot_fatal("out of memory (%zu bytes)", bytes);
	return memory;
}

void ot_use_large_pages(void *at, size_t bytes)
{
	uintptr_t begin =
		((uintptr_t)at + SMALL_PAGE_BYTES - 1) & ~(uintptr_t)(SMALL_PAGE_BYTES - 1);
	uintptr_t end = ((uintptr_t)at + bytes) & ~(uintptr_t)(SMALL_PAGE_BYTES - 1);

	if (begin < end)
		madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* a wish */
}

void *ot_alloc_table(size_t nr, size_t bytes)
{
	size_t all;
	void *memory;

	if (__builtin_mul_overflow(nr, bytes, &all))
		ot_fatal("out of memory (%zu times %zu bytes)", nr, bytes);
	if (all < OT_LARGE_PAGE_BYTES / 2)
		return ot_alloc(all);
	all = all < OT_LARGE_PAGE_BYTES ? OT_LARGE_PAGE_BYTES : all;
	memory = ot_alloc(all);
	ot_use_large_pages(memory, all);
	return memory;
}

void *ot_realloc(void *old, size_t nr, size_t bytes)
{
	void *memory = reallocarray(old, nr ? nr : 1, bytes ? bytes : 1);

	if (!memory)
		ot_fatal("out of memory (%zu times %zu bytes)", nr, bytes);
	if (nr >= 2 * OT_LARGE_PAGE_BYTES / (bytes ? bytes : 1))
		ot_use_large_pages(memory, nr * bytes);
	return memory;
}

char *ot_strndup(const char *text, size_t bytes)
{
	char *copy = ot_alloc(bytes + 1);

	if (bytes)
		memcpy(copy, text, bytes);
	return copy;
}

char *ot_strdup(const char *text)
{
	return ot_strndup(text, strlen(text));
}

char *ot_vasprintf(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		ot_fatal("out of memory");
	return text;
}

char *ot_asprintf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = ot_vasprintf(format, args);
	va_end(args);
	return text;
}
