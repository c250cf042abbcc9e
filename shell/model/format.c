// SPDX-License-Identifier: BSD-2-Clause
// Values as text, the way C and gdb write them.
#include <string.h>

#include "model/wide.h"
#include "model/write.h"

#define REPEATS_MIN 10u

struct writer {
	const struct ot_format *format;
	struct ot_buf *out;
	unsigned int elements_left;
	unsigned int depth;
	struct ot_write_trail trail;
	bool broken;  /* the value being written is laid out on several lines */
	size_t limit; /* what would be longer does not fit on its line; 0 = there is none */
};

static void write_value(struct writer *w, const struct ot_value *value);

static void write_unreadable(struct writer *w, uint64_t address)
{
	bool is_copy = w->format->target && ot_target_is_copy(w->format->target);

	if (is_copy && !ot_target_may_have(w->format->target, address)) {
		ot_buf_adds(w->out, "<NULL");
	} else {
		ot_buf_adds(w->out, is_copy ? "<not in the copy " : "<unreadable ");
		ot_buf_add_hex(w->out, address);
	}
	ot_buf_addc(w->out, '>');
}

/* ------------------------------------------------------------------ scalars */

static void write_byte(struct writer *w, uint64_t number)
{
	char c = (char)number;

	ot_buf_add_i64(w->out, (int64_t)number);
	ot_buf_adds(w->out, " '");
	ot_buf_add_escaped(w->out, &c, 1, '\'');
	ot_buf_addc(w->out, '\'');
}

static void write_enum(struct writer *w, const struct ot_type *type, uint64_t number)
{
	const char *name = ot_write_enum_name(type, number);
	size_t start = w->out->len;

	if (name) {
		ot_buf_adds(w->out, name);
		return;
	}
	ot_buf_addc(w->out, '(');
	if (ot_write_enum_flags(type, number, " | ", w->out)) {
		ot_buf_addc(w->out, ')');
		return;
	}
	ot_buf_truncate(w->out, start);
	if (ot_type_is_signed(type))
		ot_buf_add_i64(w->out, (int64_t)number);
	else
		ot_buf_add_u64(w->out, number);
}

static void write_wide(struct writer *w, const struct ot_value *value)
{
	ot_auto_wide struct ot_wide wide = {0};

	if (ot_value_to_wide(value, &wide))
		ot_wide_write(&wide, ot_type_is_signed(value->type), w->out);
	else
		ot_buf_adds(w->out, "<not recorded>");
}

static void write_integer(struct writer *w, const struct ot_value *value)
{
	const struct ot_type *type = ot_type_strip(value->type);
	uint64_t number;

	if (ot_write_is_wide(value))
		write_wide(w, value);
	else if (!ot_value_to_u64(value, &number))
		ot_buf_adds(w->out, "<not recorded>");
	else if (type->kind == OTRACE_TYPE_ENUM)
		write_enum(w, type, number);
	else if (type->encoding == OTRACE_ENC_BOOL && number < 2)
		ot_buf_adds(w->out, number ? "true" : "false");
	else if (ot_type_is_byte(type) && !value->bit_size)
		write_byte(w, number);
	else if (ot_type_is_signed(type))
		ot_buf_add_i64(w->out, (int64_t)number);
	else
		ot_buf_add_u64(w->out, number);
}

static void write_float(struct writer *w, const struct ot_value *value)
{
	if (!ot_write_real(value, w->out))
		ot_buf_adds(w->out, "<not recorded>");
}

static void write_complex_part(struct writer *w, const struct ot_value *part)
{
	if (ot_type_is_float(part->type)) {
		write_float(w, part);
	} else if (ot_write_sign_matters(part)) {
		ot_write_hex(part, w->out);
	} else {
		write_integer(w, part);
	}
}

static void write_complex(struct writer *w, const struct ot_value *value)
{
	struct ot_type part;
	struct ot_value re, im;

	if (!ot_write_complex(value, &part, &re, &im)) {
		ot_buf_adds(w->out,
			    value->nr_bytes < ot_type_size(value->type)
				    ? "<not recorded>"
				    : "<complex: of long double or of __float128 is not known>");
		return;
	}
	write_complex_part(w, &re);
	ot_buf_adds(w->out, " + ");
	write_complex_part(w, &im);
	ot_buf_addc(w->out, 'i');
}

static void write_string(struct writer *w, uint64_t address, const struct ot_value_string *string)
{
	if (string->unreadable && !string->nr_bytes) {
		write_unreadable(w, address);
		return;
	}
	ot_buf_add_quoted(w->out, string->bytes, string->nr_bytes);
	if (string->cut)
		ot_buf_adds(w->out, "...");
	if (string->unreadable)
		write_unreadable(w, address + string->nr_bytes);
}

/* What is behind a pointer, where that was asked for. */
static void write_followed(struct writer *w, const struct ot_type *type, uint64_t address)
{
	struct ot_value target;
	bool is_cycle = false;

	if (w->elements_left &&
	    ot_write_follow(w->format, &w->trail, type, address, &target, &is_cycle)) {
		w->elements_left--;
		ot_buf_addc(w->out, ' ');
		write_value(w, &target);
		ot_write_unfollow(&w->trail);
	}
	if (is_cycle)
		ot_buf_adds(w->out, " <cycle>");
}

/* Another copy has another address, though one name may mean both. */
static void write_fn(struct writer *w, const struct ot_fn *fn)
{
	ot_buf_addc(w->out, '<');
	ot_fn_exact_name(w->format->program, fn, w->out);
	ot_buf_addc(w->out, '>');
}

static void write_address(struct writer *w, const struct ot_type *type, uint64_t address)
{
	const struct ot_type *plain = ot_type_strip(type);
	const struct ot_fn *fn = NULL;

	if (plain->target && ot_type_is_function(plain->target) && w->format->program)
		fn = ot_program_fn_at(w->format->program, address);
	if (fn) {
		write_fn(w, fn);
		return;
	}
	ot_buf_addc(w->out, '(');
	ot_buf_adds(w->out, ot_type_text(type));
	ot_buf_adds(w->out, ") ");
	ot_buf_add_hex(w->out, address);
	write_followed(w, type, address);
}

static void write_wide_text(struct writer *w, char letter, const uint8_t *bytes, size_t nr_units,
			    uint64_t unit_bytes)
{
	ot_buf_addc(w->out, letter);
	ot_buf_addc(w->out, '"');
	ot_write_wide_text(bytes, nr_units, unit_bytes, true, w->out);
	ot_buf_addc(w->out, '"');
}

/* A text behind the pointer; false: no such text. */
static bool write_wide_pointer(struct writer *w, const struct ot_type *element, uint64_t address)
{
	char letter = ot_write_wide_letter(w->format, element);
	ot_auto_free uint8_t *text = NULL;
	size_t nr_units = 0;
	bool cut = false;

	if (!letter ||
	    !ot_write_read_wide(w->format, address, ot_type_size(element), &text, &nr_units, &cut))
		return false;
	write_wide_text(w, letter, text, nr_units, ot_type_size(element));
	ot_buf_adds(w->out, cut ? "..." : "");
	return true;
}

static void write_pointer(struct writer *w, const struct ot_value *value)
{
	const struct ot_type *target = ot_type_strip(value->type)->target;
	struct ot_value_string string;
	ot_auto_free char *room = NULL;
	uint64_t address;

	if (!ot_value_to_u64(value, &address))
		ot_buf_adds(w->out, "<not recorded>");
	else if (!address)
		ot_buf_adds(w->out, "NULL");
	else if (write_wide_pointer(w, target, address))
		return;
	else if (ot_write_is_text(w->format, target) &&
		 ot_write_string(w->format, value, address, &string, &room))
		write_string(w, address, &string);
	else
		write_address(w, value->type, address);
}

/* ------------------------------------------------------------------ braces */

/* Whether the rest need not be written: it will be done on several lines, or nobody waits for it. */
static bool is_over(const struct writer *w)
{
	return (w->limit && w->out->len > w->limit) || ot_write_is_stopped(w->format);
}

static void write_break(struct writer *w, bool first)
{
	if (!first)
		ot_buf_addc(w->out, ',');
	if (w->broken) {
		ot_buf_addc(w->out, '\n');
		ot_buf_pad(w->out, ' ', 4 * (size_t)w->depth);
	} else if (!first) {
		ot_buf_addc(w->out, ' ');
	}
}

static void write_close(struct writer *w, unsigned int depth)
{
	if (w->broken) {
		ot_buf_addc(w->out, '\n');
		ot_buf_pad(w->out, ' ', 4 * (size_t)depth);
	}
	ot_buf_addc(w->out, '}');
}

static void write_incomplete(struct writer *w, const struct ot_type *type)
{
	const struct ot_program *program = w->format->program;

	ot_buf_adds(w->out, "<incomplete type");
	if (program && type->name && ot_program_type(program, type->name, type->kind))
		ot_buf_addf(w->out, ": several files define %s", ot_type_text(type));
	ot_buf_addc(w->out, '>');
}

static void write_record(struct writer *w, const struct ot_value *value)
{
	const struct ot_type *type = ot_type_strip(value->type);
	bool first = true;

	if (type->flags & OTRACE_TYPE_FLAG_INCOMPLETE) {
		write_incomplete(w, type);
		return;
	}
	ot_buf_addc(w->out, '{');
	w->depth++;
	for (uint32_t i = 0; i < type->nr_members && !is_over(w); i++) {
		const struct ot_member *member = &type->members[i];
		struct ot_value part;

		if (member->flags & OTRACE_MEMBER_STATIC || (!member->name && member->bit_size))
			continue;
		ot_value_member(value, member, member->bit_offset, &part);
		write_break(w, first);
		if (member->name)
			ot_buf_addf(w->out, "%s = ", member->name);
		write_value(w, &part);
		first = false;
	}
	w->depth--;
	write_close(w, w->depth);
}

static void write_char_array(struct writer *w, const struct ot_value *value, uint64_t count)
{
	unsigned int max = w->format->max_string_bytes;
	size_t len = ot_write_char_array(value);
	size_t shown;

	max = max ? max : OT_WRITE_MAX_STRING;
	shown = len < max ? len : max;
	ot_buf_add_quoted(w->out, (const char *)value->bytes, shown);
	if (shown < len || (len == value->nr_bytes && len < count))
		ot_buf_adds(w->out, "...");
}

static void write_wide_array(struct writer *w, const struct ot_value *value, uint64_t count)
{
	const struct ot_type *element = ot_type_strip(value->type)->target;
	unsigned int max = w->format->max_string_bytes;
	uint64_t unit_bytes = ot_type_size(element), there = value->nr_bytes / unit_bytes;
	size_t len = ot_write_wide_array(value, unit_bytes);
	size_t shown;

	max = max ? max : OT_WRITE_MAX_STRING;
	shown = len < max ? len : max;
	write_wide_text(w, ot_write_wide_letter(w->format, element), value->bytes, shown,
			unit_bytes);
	if (shown < len || (len == there && len < count))
		ot_buf_adds(w->out, "...");
}

static void write_elements(struct writer *w, const struct ot_value *value, uint64_t count)
{
	struct ot_write_window window
		__attribute__((cleanup(ot_write_window_deinit))) = {.array = value};
	bool lines = w->broken;
	uint64_t i = 0;

	/* numbers stay in rows; only what has braces of its own gets lines of its own */
	w->broken = lines && (ot_type_is_record(ot_type_strip(value->type)->target) ||
			      ot_type_is_array(ot_type_strip(value->type)->target));
	ot_buf_addc(w->out, '{');
	w->depth++;
	while (i < count && w->elements_left && !is_over(w)) {
		uint64_t left = count - i < w->elements_left ? count - i : w->elements_left, at;
		const struct ot_value *piece = ot_write_look(&window, w->format, i, left, &at);
		uint64_t run = ot_write_run(w->format, piece, at, at + count - i);
		struct ot_value element;

		write_break(w, i == 0);
		w->elements_left--;
		ot_value_element(piece, at, &element);
		write_value(w, &element);
		if (run >= REPEATS_MIN)
			ot_buf_addf(w->out, " <repeats %llu times>", (unsigned long long)run);
		i += run >= REPEATS_MIN ? run : 1;
	}
	if (i < count) {
		write_break(w, i == 0);
		ot_buf_adds(w->out, "...");
	}
	w->depth--;
	write_close(w, w->depth);
	w->broken = lines;
}

static void write_array(struct writer *w, const struct ot_value *value)
{
	const struct ot_type *type = ot_type_strip(value->type);
	uint64_t count;

	if (!ot_value_count(value, &count))
		ot_buf_adds(w->out, "{...}");
	else if (ot_write_is_text(w->format, type->target) && type->kind == OTRACE_TYPE_ARRAY)
		write_char_array(w, value, count);
	else if (type->kind == OTRACE_TYPE_ARRAY && ot_write_wide_letter(w->format, type->target))
		write_wide_array(w, value, count);
	else
		write_elements(w, value, count);
}

/* ------------------------------------------------------------------ layout */

static size_t column(const struct ot_buf *out)
{
	const char *line = out->len ? memrchr(out->data, '\n', out->len) : NULL;

	return line ? out->len - (size_t)(line + 1 - out->data) : out->len;
}

/* On one line where that fits, else broken into lines. */
static void write_braces(struct writer *w, const struct ot_value *value,
			 void (*body)(struct writer *w, const struct ot_value *value))
{
	unsigned int elements = w->elements_left;
	bool broken = w->broken;
	size_t start = w->out->len, limit = w->limit;

	if (w->depth >= (w->format->max_depth ? w->format->max_depth : OT_WRITE_MAX_DEPTH)) {
		ot_buf_adds(w->out, "{...}");
		return;
	}
	w->broken = false;
	/* the outermost decides; inside a line that fits nothing needs to be looked at again */
	if (w->format->width && (broken || w->depth == 0))
		w->limit = start - column(w->out) + w->format->width;
	body(w, value);
	if (w->limit != limit && w->out->len > w->limit) {
		ot_buf_truncate(w->out, start);
		w->elements_left = elements;
		w->broken = true;
		w->limit = 0;
		body(w, value);
	}
	w->limit = limit;
	w->broken = broken;
}

static void write_state(struct writer *w, const struct ot_value *value)
{
	switch (value->state) {
	case OT_VALUE_OPTIMIZED_OUT:
		ot_buf_adds(w->out, "<optimized out>");
		break;
	case OT_VALUE_UNREADABLE:
		write_unreadable(w, value->address);
		break;
	case OT_VALUE_VOID:
		ot_buf_adds(w->out, "void");
		break;
	default:
		ot_buf_adds(w->out, "<not recorded>");
	}
}

static void write_function(struct writer *w, const struct ot_value *value)
{
	const struct ot_fn *fn =
		w->format->program ? ot_program_fn_at(w->format->program, value->address) : NULL;

	if (fn)
		write_fn(w, fn);
	else
		ot_buf_add_hex(w->out, value->address);
}

static void write_known(struct writer *w, const struct ot_value *value)
{
	const struct ot_type *type = ot_type_strip(value->type);

	if (ot_type_is_record(type))
		write_braces(w, value, write_record);
	else if (type->kind == OTRACE_TYPE_ARRAY || type->kind == OTRACE_TYPE_VECTOR)
		write_braces(w, value, write_array);
	else if (ot_write_optimized_out(value))
		ot_buf_adds(w->out, "<optimized out>");
	else if (ot_write_styled(w->format, value, w->out))
		return;
	else if (ot_type_is_pointer(type))
		write_pointer(w, value);
	else if (ot_type_is_float(type))
		write_float(w, value);
	else if (ot_type_is_complex(type))
		write_complex(w, value);
	else if (ot_type_is_integer(type))
		write_integer(w, value);
	else
		ot_buf_addf(w->out, "<%s>", ot_type_text(value->type));
}

static void write_value(struct writer *w, const struct ot_value *value)
{
	ot_auto_value struct ot_value room = {0};

	if (ot_type_is_void(value->type) && value->state == OT_VALUE_OK) {
		ot_buf_adds(w->out, "void");
		return;
	}
	if (ot_type_is_function(value->type)) {
		write_function(w, value);
		return;
	}
	value = ot_write_fetch(w->format, value, &room);
	if (value->state != OT_VALUE_OK)
		write_state(w, value);
	else
		write_known(w, value);
}

void ot_value_format(const struct ot_format *format, const struct ot_value *value,
		     struct ot_buf *out)
{
	struct writer w = {.format = format, .out = out};

	w.elements_left = format->max_elements ? format->max_elements : OT_WRITE_MAX_ELEMENTS;
	ot_write_trail_init(&w.trail, value);
	write_value(&w, value);
}
