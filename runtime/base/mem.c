/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"
#include "arch/arch.h"

void *ot_memcpy(void *to, const void *from, size_t bytes)
{
	ot_arch_copy(to, from, bytes);
	return to;
}

void *ot_memmove(void *to, const void *from, size_t bytes)
{
	char *out = to;
	const char *in = from;

	if (out <= in || out >= in + bytes)
		return ot_memcpy(to, from, bytes);
	while (bytes--) {
		out[bytes] = in[bytes];
		ot_barrier();
	}
	return to;
}

void *ot_memset(void *to, int byte, size_t bytes)
{
	ot_arch_fill(to, byte, bytes);
	return to;
}

int ot_memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < bytes; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t ot_strlen(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

size_t ot_strnlen(const char *text, size_t most)
{
	size_t n = 0;

	while (n < most && text[n])
		n++;
	return n;
}

int ot_strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

bool ot_strstarts(const char *text, const char *prefix)
{
	while (*prefix)
		if (*text++ != *prefix++)
			return false;
	return true;
}

bool ot_strends(const char *text, const char *suffix)
{
	size_t n = ot_strlen(text), m = ot_strlen(suffix);

	return n >= m && !ot_strcmp(text + n - m, suffix);
}

const char *ot_basename(const char *path)
{
	const char *last = path;

	for (; *path; path++)
		if (*path == '/')
			last = path + 1;
	return last;
}

size_t ot_strcopy(char *to, const char *from, size_t size_bytes)
{
	size_t n = ot_strnlen(from, size_bytes - 1);

	ot_memcpy(to, from, n);
	to[n] = 0;
	return n;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a' + 10);
	return 99;
}

uint64_t ot_parse_u64(const char *text, unsigned base, const char **end_ret)
{
	uint64_t value = 0;

	while (digit_value(*text) < base)
		value = value * base + digit_value(*text++);
	if (end_ret)
		*end_ret = text;
	return value;
}

void ot_text_add(struct ot_text *text, const char *part)
{
	while (*part && text->used_bytes + 1 < text->size_bytes)
		text->bytes[text->used_bytes++] = *part++;
	text->bytes[text->used_bytes] = 0;
}

void ot_text_add_u64(struct ot_text *text, uint64_t value, unsigned base)
{
	char digits[24];
	int i = sizeof(digits) - 1;

	digits[i] = 0;
	do {
		digits[--i] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	ot_text_add(text, &digits[i]);
}
