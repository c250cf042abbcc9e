// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

void ot_buf_deinit(struct ot_buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

void ot_buf_truncate(struct ot_buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	buf->len = len;
	buf->data[len] = '\0';
}

void ot_buf_reset(struct ot_buf *buf)
{
	ot_buf_truncate(buf, 0);
}

void ot_buf_reserve(struct ot_buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;

	if (need <= buf->cap)
		return;
	if (need < buf->cap * 2)
		need = buf->cap * 2;
	if (need < 64)
		need = 64;
	buf->data = ot_realloc(buf->data, need, 1);
	buf->cap = need;
	buf->data[buf->len] = '\0';
}

void ot_buf_add(struct ot_buf *buf, const void *data, size_t bytes)
{
	if (!bytes)
		return;
	ot_buf_reserve(buf, bytes);
	memcpy(buf->data + buf->len, data, bytes);
	buf->len += bytes;
	buf->data[buf->len] = '\0';
}

void ot_buf_adds(struct ot_buf *buf, const char *text)
{
	ot_buf_add(buf, text, strlen(text));
}

void ot_buf_addc(struct ot_buf *buf, char c)
{
	ot_buf_add(buf, &c, 1);
}

void ot_buf_pad(struct ot_buf *buf, char c, size_t times)
{
	ot_buf_reserve(buf, times);
	memset(buf->data + buf->len, c, times);
	buf->len += times;
	buf->data[buf->len] = '\0';
}

void ot_buf_vaddf(struct ot_buf *buf, const char *format, va_list args)
{
	va_list again;
	int len;

	ot_buf_reserve(buf, 128);
	va_copy(again, args);
	len = vsnprintf(buf->data + buf->len, buf->cap - buf->len, format, args);
	if (len < 0)
		ot_fatal("cannot format text");
	if ((size_t)len >= buf->cap - buf->len) {
		ot_buf_reserve(buf, (size_t)len);
		vsnprintf(buf->data + buf->len, buf->cap - buf->len, format, again);
	}
	va_end(again);
	buf->len += (size_t)len;
}

void ot_buf_addf(struct ot_buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ot_buf_vaddf(buf, format, args);
	va_end(args);
}

void ot_buf_add_u64(struct ot_buf *buf, uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	ot_buf_add(buf, digits + at, sizeof(digits) - at);
}

void ot_buf_add_i64(struct ot_buf *buf, int64_t value)
{
	if (value < 0) {
		ot_buf_addc(buf, '-');
		ot_buf_add_u64(buf, 0 - (uint64_t)value);
	} else {
		ot_buf_add_u64(buf, (uint64_t)value);
	}
}

void ot_buf_add_hex(struct ot_buf *buf, uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value);
	digits[--at] = 'x';
	digits[--at] = '0';
	ot_buf_add(buf, digits + at, sizeof(digits) - at);
}

/* The escape letter of a control character in C, or 0. */
static char escape_letter(unsigned char c)
{
	static const char letters[] = "abtnvfr"; /* 7 to 13 */

	return c >= 7 && c <= 13 ? letters[c - 7] : 0;
}

void ot_buf_add_escaped(struct ot_buf *buf, const char *text, size_t bytes, char quote)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\\' || c == (unsigned char)quote) {
			ot_buf_addc(buf, '\\');
			ot_buf_addc(buf, (char)c);
		} else if (c >= ' ' && c < 0x7f) {
			ot_buf_addc(buf, (char)c);
		} else if (escape_letter(c)) {
			ot_buf_addc(buf, '\\');
			ot_buf_addc(buf, escape_letter(c));
		} else {
			ot_buf_addf(buf, "\\%03o", c);
		}
	}
}

void ot_buf_add_quoted(struct ot_buf *buf, const char *text, size_t bytes)
{
	ot_buf_addc(buf, '"');
	ot_buf_add_escaped(buf, text, bytes, '"');
	ot_buf_addc(buf, '"');
}

/* Bytes of the UTF-8 sequence at the start of text, 0 = not one (overlong, surrogate, cut). */
static size_t utf8_length(const unsigned char *text, size_t bytes)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	uint32_t code = text[0] & (0x7fu >> len);

	if (!len || text[0] > 0xf4 || len > bytes)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fu);
	}
	if (code < lowest[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

/* One byte or sequence that cannot stand in a JSON string as it is; returns its length. */
static size_t json_special(struct ot_buf *buf, const char *text, size_t bytes)
{
	unsigned char c = (unsigned char)text[0];
	size_t len = 1;

	if (c == '"' || c == '\\') {
		ot_buf_addc(buf, '\\');
		ot_buf_addc(buf, (char)c);
	} else if (c == '\n' || c == '\t' || c == '\r') {
		ot_buf_addc(buf, '\\');
		ot_buf_addc(buf, escape_letter(c));
	} else if (c < ' ' || c == 0x7f) {
		ot_buf_addf(buf, "\\u%04x", c);
	} else {
		len = utf8_length((const unsigned char *)text, bytes);
		if (len)
			ot_buf_add(buf, text, len);
		else
			ot_buf_addf(buf, "\\udc%02x", c);
	}
	return len ? len : 1;
}

void ot_buf_add_json(struct ot_buf *buf, const char *text, size_t bytes)
{
	size_t plain = 0;
	size_t i = 0;

	ot_buf_addc(buf, '"');
	while (i < bytes) {
		unsigned char c = (unsigned char)text[i];

		if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') {
			i++;
			continue;
		}
		ot_buf_add(buf, text + plain, i - plain);
		i += json_special(buf, text + i, bytes - i);
		plain = i;
	}
	ot_buf_add(buf, text + plain, i - plain);
	ot_buf_addc(buf, '"');
}

const char *ot_buf_text(const struct ot_buf *buf)
{
	return buf->data ? buf->data : "";
}

char *ot_buf_take(struct ot_buf *buf)
{
	char *text = buf->data ? buf->data : ot_strdup("");

	memset(buf, 0, sizeof(*buf));
	return text;
}
