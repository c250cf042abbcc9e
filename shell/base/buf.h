/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A growing text. Zero-initialised is empty; data is NULL until something was added, and always
 * ends with a NUL that len does not count.
 */
#ifndef OT_BASE_BUF_H
#define OT_BASE_BUF_H

#include "base/clean.h"

struct ot_buf {
	char *data;
	size_t len;
	size_t cap;
};

#define OT_BUF_INIT {NULL, 0, 0}

void ot_buf_deinit(struct ot_buf *buf);
/** Empties and keeps the memory. */
void ot_buf_reset(struct ot_buf *buf);
/** Cuts back to @p len bytes. */
void ot_buf_truncate(struct ot_buf *buf, size_t len);
/** Room for @p more bytes and a NUL. */
void ot_buf_reserve(struct ot_buf *buf, size_t more);
void ot_buf_add(struct ot_buf *buf, const void *data, size_t bytes);
void ot_buf_adds(struct ot_buf *buf, const char *text);
void ot_buf_addc(struct ot_buf *buf, char c);
void ot_buf_pad(struct ot_buf *buf, char c, size_t times);
void ot_buf_addf(struct ot_buf *buf, const char *format, ...) OT_PRINTF(2, 3);
void ot_buf_vaddf(struct ot_buf *buf, const char *format, va_list args) OT_PRINTF(2, 0);
/* Without printf(): these are in the path of every traced call. */
void ot_buf_add_u64(struct ot_buf *buf, uint64_t value);
void ot_buf_add_i64(struct ot_buf *buf, int64_t value);
void ot_buf_add_hex(struct ot_buf *buf, uint64_t value); /* with 0x */
/** A JSON string with its quotes. Bytes that are no UTF-8 become \udcXX (as Python's
 * surrogateescape), so that any byte string comes back. */
void ot_buf_add_json(struct ot_buf *buf, const char *text, size_t bytes);
/** A C string literal with its quotes, or a part of one without. */
void ot_buf_add_quoted(struct ot_buf *buf, const char *text, size_t bytes);
void ot_buf_add_escaped(struct ot_buf *buf, const char *text, size_t bytes, char quote);
/** The text, never NULL; valid until the next change. */
const char *ot_buf_text(const struct ot_buf *buf);
/** Gives the text away; the buffer is empty afterwards. Free with free(). */
char *ot_buf_take(struct ot_buf *buf);

#define ot_auto_buf __attribute__((cleanup(ot_buf_deinit)))

#endif
