/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The runtime's own memory and string functions. The program may define, replace or instrument
 * memcpy and its relatives, so nothing in the runtime calls those of libc. All are safe everywhere:
 * no lock, no errno, no vector register.
 */
#ifndef OT_BASE_MEM_H
#define OT_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#define ot_likely(x) __builtin_expect(!!(x), 1)
#define ot_unlikely(x) __builtin_expect(!!(x), 0)

#define OT_ROUND_UP(x, to) (((x) + (to) - 1) & ~((uint64_t)(to) - 1))
#define OT_ROUND_DOWN(x, to) ((x) & ~((uint64_t)(to) - 1))
#define OT_PAGE_BYTES 4096u

static inline uint64_t ot_smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t ot_larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/** Compiler barrier: orders memory accesses against a signal handler of the same thread. */
#define ot_barrier() __asm__ volatile("" ::: "memory")

void *ot_memcpy(void *to, const void *from, size_t bytes);
void *ot_memset(void *to, int byte, size_t bytes);
int ot_memcmp(const void *a, const void *b, size_t bytes);
void *ot_memmove(void *to, const void *from, size_t bytes);

size_t ot_strlen(const char *text);
size_t ot_strnlen(const char *text, size_t most);
int ot_strcmp(const char *a, const char *b);
bool ot_strstarts(const char *text, const char *prefix);
bool ot_strends(const char *text, const char *suffix);
/** Last part of a path. */
const char *ot_basename(const char *path);
/** Copies at most size_bytes - 1 bytes and adds a NUL. Returns the bytes copied. */
size_t ot_strcopy(char *to, const char *from, size_t size_bytes);

/** Value of an unsigned number at the start of text (base 10 or 16), 0 if there is none; *end_ret is
 * the first byte behind it (NULL = not wanted). */
uint64_t ot_parse_u64(const char *text, unsigned base, const char **end_ret);

/** Text under construction in the caller's buffer: always NUL-terminated, cut when full. */
struct ot_text {
	char *bytes;
	size_t size_bytes;
	size_t used_bytes;
};

#define OT_TEXT(buffer) ((struct ot_text){.bytes = (buffer), .size_bytes = sizeof(buffer)})

void ot_text_add(struct ot_text *text, const char *part);
void ot_text_add_u64(struct ot_text *text, uint64_t value, unsigned base);

#endif
