// SPDX-License-Identifier: BSD-2-Clause
// Texts of wchar_t, char16_t and char32_t: L"..." with what it holds in UTF-8.
#include <string.h>

#include "model/write.h"

/* Integers like others, but for their names: clang has no base types for them in C. */
static char letter_of(const struct ot_type *type)
{
	static const struct {
		const char *name;
		char letter;
	} all[] = {{"wchar_t", 'L'}, {"char16_t", 'u'}, {"char32_t", 'U'}};

	for (; type; type = type->target) {
		for (size_t i = 0; i < OT_NR(all); i++)
			if (type->name && !strcmp(type->name, all[i].name) &&
			    (type->kind == OTRACE_TYPE_TYPEDEF || type->kind == OTRACE_TYPE_BASE))
				return all[i].letter;
		if (type->kind != OTRACE_TYPE_TYPEDEF && type->kind != OTRACE_TYPE_CONST &&
		    type->kind != OTRACE_TYPE_VOLATILE)
			return 0;
	}
	return 0;
}

char ot_write_wide_letter(const struct ot_format *format, const struct ot_type *element)
{
	uint64_t size = element ? ot_type_size(element) : 0;

	if (!element || (format->style && format->style != 's') || (size != 2 && size != 4) ||
	    !ot_type_is_integer(element))
		return 0;
	return letter_of(element);
}

static uint32_t unit_at(const uint8_t *bytes, size_t index, uint64_t unit_bytes)
{
	uint32_t unit = 0;

	memcpy(&unit, bytes + index * unit_bytes, unit_bytes);
	return unit;
}

static void add_utf8(uint32_t code, struct ot_buf *out)
{
	int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

	if (!more) {
		ot_buf_addc(out, (char)code);
		return;
	}
	ot_buf_addc(out, (char)((0xff00u >> (more + 1) & 0xffu) | code >> (6 * more)));
	while (more--)
		ot_buf_addc(out, (char)(0x80 | (code >> (6 * more) & 0x3f)));
}

static bool is_high(uint32_t unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(uint32_t unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

/* What is no character of Unicode, or does not show, is written as its number. */
static void add_code(uint32_t code, bool escaped, struct ot_buf *out)
{
	bool is_character = code <= 0x10ffff && !is_high(code) && !is_low(code);
	char c = (char)code;

	if (escaped && code < 0x80)
		ot_buf_add_escaped(out, &c, 1, '"');
	else if (!is_character && !escaped)
		add_utf8(0xfffd, out);
	else if (escaped && (!is_character || code < 0xa0))
		ot_buf_addf(out, "\\x%x", code);
	else
		add_utf8(code, out);
}

size_t ot_write_wide_text(const uint8_t *bytes, size_t nr_units, uint64_t unit_bytes, bool escaped,
			  struct ot_buf *out)
{
	size_t i = 0;

	for (; i < nr_units; i++) {
		uint32_t code = unit_at(bytes, i, unit_bytes);

		if (!code)
			break;
		if (unit_bytes == 2 && is_high(code) && i + 1 < nr_units &&
		    is_low(unit_at(bytes, i + 1, unit_bytes)))
			code = 0x10000 + ((code - 0xd800) << 10) +
			       (unit_at(bytes, ++i, unit_bytes) - 0xdc00);
		add_code(code, escaped, out);
	}
	return i;
}

size_t ot_write_wide_array(const struct ot_value *array, uint64_t unit_bytes)
{
	size_t there = array->nr_bytes / unit_bytes, len = 0;

	while (len < there && unit_at(array->bytes, len, unit_bytes))
		len++;
	return len;
}

bool ot_write_read_wide(const struct ot_format *format, uint64_t address, uint64_t unit_bytes,
			uint8_t **text_ret, size_t *nr_units_ret, bool *cut_ret)
{
	size_t max = format->max_string_bytes ? format->max_string_bytes : OT_WRITE_MAX_STRING;
	struct ot_target_span span = {.address = address, .bytes = max * unit_bytes};
	size_t nr = 0, got;
	uint8_t *text;

	if (!format->target)
		return false;
	span.buf = text = ot_alloc(span.bytes);
	ot_err_destroy(ot_target_readv(format->target, &span, 1));
	got = span.got / unit_bytes;
	while (nr < got && unit_at(text, nr, unit_bytes))
		nr++;
	if (!got) {
		free(text);
		return false;
	}
	*text_ret = text;
	*nr_units_ret = nr;
	*cut_ret = nr == got;
	return true;
}
