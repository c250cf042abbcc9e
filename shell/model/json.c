// SPDX-License-Identifier: BSD-2-Clause
// Values as JSON. Written straight into the text: this is in the path of every traced call.
#include <math.h>
#include <string.h>

#include "model/wide.h"
#include "model/write.h"

struct writer {
	const struct ot_format *format;
	struct ot_buf *out;
	unsigned int elements_left;
	unsigned int depth;
	struct ot_write_trail trail;
};

static void json_value(struct writer *w, const struct ot_value *value);

static void json_literal(struct writer *w, const char *text)
{
	ot_buf_add_json(w->out, text, strlen(text));
}

static void json_hex(struct writer *w, uint64_t number)
{
	ot_buf_addc(w->out, '"');
	ot_buf_add_hex(w->out, number);
	ot_buf_addc(w->out, '"');
}

static void json_unreadable(struct writer *w, uint64_t address)
{
	bool is_copy = w->format->target && ot_target_is_copy(w->format->target) &&
		       ot_target_may_have(w->format->target, address);

	ot_buf_adds(w->out, is_copy ? "{\"not_in_copy\":" : "{\"unreadable\":");
	json_hex(w, address);
	ot_buf_addc(w->out, '}');
}

static void json_missing(struct writer *w)
{
	ot_buf_adds(w->out, "{\"not_recorded\":true}");
}

/* Of a type that has no other form. */
static void json_bytes(struct writer *w, const struct ot_value *value)
{
	ot_buf_adds(w->out, "{\"bytes\":\"");
	for (size_t i = 0; i < value->nr_bytes; i++)
		ot_buf_addf(w->out, "%02x", value->bytes[i]);
	ot_buf_adds(w->out, "\"}");
}

static void json_number(struct writer *w, bool is_signed, uint64_t number)
{
	if (is_signed)
		ot_buf_add_i64(w->out, (int64_t)number);
	else
		ot_buf_add_u64(w->out, number);
}

static void json_enum(struct writer *w, const struct ot_type *type, uint64_t number)
{
	const char *name = ot_write_enum_name(type, number);
	ot_auto_buf struct ot_buf flags = OT_BUF_INIT;

	ot_buf_adds(w->out, "{\"enum\":");
	if (!name && ot_write_enum_flags(type, number, "|", &flags))
		name = ot_buf_text(&flags);
	if (name)
		json_literal(w, name);
	else
		ot_buf_adds(w->out, "null");
	ot_buf_adds(w->out, ",\"value\":");
	json_number(w, ot_type_is_signed(type), number);
	ot_buf_addc(w->out, '}');
}

/* JSON has numbers of any length. */
static void json_wide(struct writer *w, const struct ot_value *value)
{
	bool quoted = ot_value_bits(value) > OT_WIDE_DECIMAL_MAX_BITS;
	ot_auto_wide struct ot_wide wide = {0};

	if (!ot_value_to_wide(value, &wide)) {
		json_missing(w);
		return;
	}
	ot_buf_adds(w->out, quoted ? "\"" : "");
	ot_wide_write(&wide, ot_type_is_signed(value->type), w->out);
	ot_buf_adds(w->out, quoted ? "\"" : "");
}

static void json_integer(struct writer *w, const struct ot_value *value)
{
	const struct ot_type *type = ot_type_strip(value->type);
	uint64_t number;

	if (ot_write_is_wide(value))
		json_wide(w, value);
	else if (!ot_value_to_u64(value, &number))
		json_missing(w);
	else if (type->kind == OTRACE_TYPE_ENUM)
		json_enum(w, type, number);
	else if (type->encoding == OTRACE_ENC_BOOL && number < 2)
		ot_buf_adds(w->out, number ? "true" : "false");
	else
		json_number(w, ot_type_is_signed(type), number);
}

/* NaN and the infinities have no number in JSON. */
static void json_float(struct writer *w, const struct ot_value *value)
{
	bool special = !ot_write_is_number(value);
	size_t start = w->out->len;

	ot_buf_adds(w->out, special ? "\"" : "");
	if (!ot_write_real(value, w->out)) {
		ot_buf_truncate(w->out, start);
		json_missing(w);
		return;
	}
	ot_buf_adds(w->out, special ? "\"" : "");
}

static void json_complex_part(struct writer *w, const struct ot_value *part)
{
	if (ot_type_is_float(part->type)) {
		json_float(w, part);
	} else if (ot_write_sign_matters(part)) {
		ot_buf_addc(w->out, '"');
		ot_write_hex(part, w->out);
		ot_buf_addc(w->out, '"');
	} else {
		json_integer(w, part);
	}
}

static void json_complex(struct writer *w, const struct ot_value *value)
{
	struct ot_type part;
	struct ot_value re, im;

	if (!ot_write_complex(value, &part, &re, &im)) {
		json_bytes(w, value);
		return;
	}
	ot_buf_adds(w->out, "{\"re\":");
	json_complex_part(w, &re);
	ot_buf_adds(w->out, ",\"im\":");
	json_complex_part(w, &im);
	ot_buf_addc(w->out, '}');
}

/* ------------------------------------------------------------------ pointers */

static void json_text(struct writer *w, const char *bytes, size_t nr_bytes, bool cut)
{
	if (cut)
		ot_buf_adds(w->out, "{\"string\":");
	ot_buf_add_json(w->out, bytes, nr_bytes);
	if (cut) {
		ot_buf_adds(w->out, ",\"truncated\":");
		ot_buf_add_u64(w->out, nr_bytes);
		ot_buf_addc(w->out, '}');
	}
}

static void json_function(struct writer *w, const struct ot_fn *fn, uint64_t address)
{
	ot_auto_buf struct ot_buf name = OT_BUF_INIT;

	ot_buf_adds(w->out, "{\"function\":");
	ot_fn_exact_name(w->format->program, fn, &name);
	json_literal(w, ot_buf_text(&name));
	ot_buf_adds(w->out, ",\"pointer\":");
	json_hex(w, address);
	ot_buf_addc(w->out, '}');
}

static void json_followed(struct writer *w, const struct ot_type *type, uint64_t address)
{
	struct ot_value target;
	bool is_cycle = false;

	if (w->elements_left &&
	    ot_write_follow(w->format, &w->trail, type, address, &target, &is_cycle)) {
		w->elements_left--;
		ot_buf_adds(w->out, ",\"value\":");
		json_value(w, &target);
		ot_write_unfollow(&w->trail);
	}
	if (is_cycle)
		ot_buf_adds(w->out, ",\"cycle\":true");
}

static void json_address(struct writer *w, const struct ot_type *type, uint64_t address)
{
	const struct ot_type *plain = ot_type_strip(type);
	const struct ot_fn *fn = NULL;

	if (plain->target && ot_type_is_function(plain->target) && w->format->program)
		fn = ot_program_fn_at(w->format->program, address);
	if (fn) {
		json_function(w, fn, address);
		return;
	}
	ot_buf_adds(w->out, "{\"pointer\":");
	json_hex(w, address);
	ot_buf_adds(w->out, ",\"type\":");
	json_literal(w, ot_type_text(type));
	json_followed(w, type, address);
	ot_buf_addc(w->out, '}');
}

static void json_wide_text(struct writer *w, const uint8_t *bytes, size_t nr_units,
			   uint64_t unit_bytes, bool cut)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_write_wide_text(bytes, nr_units, unit_bytes, false, &text);
	json_text(w, ot_buf_text(&text), text.len, cut);
}

/* A text behind the pointer; false: no such text. */
static bool json_wide_pointer(struct writer *w, const struct ot_type *element, uint64_t address)
{
	ot_auto_free uint8_t *bytes = NULL;
	size_t nr_units = 0;
	bool cut = false;

	if (!ot_write_wide_letter(w->format, element) ||
	    !ot_write_read_wide(w->format, address, ot_type_size(element), &bytes, &nr_units, &cut))
		return false;
	json_wide_text(w, bytes, nr_units, ot_type_size(element), cut);
	return true;
}

static void json_pointer(struct writer *w, const struct ot_value *value)
{
	struct ot_value_string string;
	ot_auto_free char *room = NULL;
	uint64_t address;

	if (!ot_value_to_u64(value, &address))
		json_missing(w);
	else if (!address)
		ot_buf_adds(w->out, "null");
	else if (json_wide_pointer(w, ot_type_strip(value->type)->target, address))
		return;
	else if (!ot_type_is_char_pointer(value->type) ||
		 !ot_write_string(w->format, value, address, &string, &room))
		json_address(w, value->type, address);
	else if (string.unreadable && !string.nr_bytes)
		json_unreadable(w, address);
	else
		json_text(w, string.bytes, string.nr_bytes, string.cut || string.unreadable);
}

/* ------------------------------------------------------------------ braces */

/* Members of anonymous members are members of the whole, as in C. */
static void json_members(struct writer *w, const struct ot_value *value, bool *first)
{
	const struct ot_type *type = ot_type_strip(value->type);

	for (uint32_t i = 0; i < type->nr_members; i++) {
		const struct ot_member *member = &type->members[i];
		struct ot_value part;

		if (member->flags & OTRACE_MEMBER_STATIC || (!member->name && member->bit_size))
			continue;
		ot_value_member(value, member, member->bit_offset, &part);
		if (!member->name && ot_type_is_record(member->type)) {
			if (w->depth < OT_WRITE_MAX_DEPTH) {
				w->depth++;
				json_members(w, &part, first);
				w->depth--;
			}
			continue;
		}
		ot_buf_adds(w->out, *first ? "" : ",");
		json_literal(w, member->name ? member->name : "");
		ot_buf_addc(w->out, ':');
		json_value(w, &part);
		*first = false;
	}
}

static void json_record(struct writer *w, const struct ot_value *value)
{
	const struct ot_type *type = ot_type_strip(value->type);
	bool first = true;

	if (type->flags & OTRACE_TYPE_FLAG_INCOMPLETE) {
		ot_buf_adds(w->out, "{\"incomplete\":");
		json_literal(w, ot_type_text(value->type));
		ot_buf_addc(w->out, '}');
		return;
	}
	ot_buf_addc(w->out, '{');
	json_members(w, value, &first);
	ot_buf_addc(w->out, '}');
}

static void json_elements(struct writer *w, const struct ot_value *value, uint64_t count)
{
	struct ot_write_window window
		__attribute__((cleanup(ot_write_window_deinit))) = {.array = value};
	uint64_t shown = count < w->elements_left ? count : w->elements_left;

	if (shown < count)
		ot_buf_adds(w->out, "{\"array\":");
	ot_buf_addc(w->out, '[');
	for (uint64_t i = 0;
	     i < shown && (w->elements_left || i == 0) && !ot_write_is_stopped(w->format); i++) {
		const struct ot_value *piece;
		struct ot_value element;
		uint64_t at;

		ot_buf_adds(w->out, i ? "," : "");
		piece = ot_write_look(&window, w->format, i, shown - i, &at);
		ot_value_element(piece, at, &element);
		w->elements_left -= w->elements_left != 0;
		json_value(w, &element);
	}
	ot_buf_addc(w->out, ']');
	if (shown < count) {
		ot_buf_adds(w->out, ",\"truncated\":");
		ot_buf_add_u64(w->out, shown);
		ot_buf_addc(w->out, '}');
	}
}

static void json_wide_array(struct writer *w, const struct ot_value *value, uint64_t count)
{
	uint64_t unit_bytes = ot_type_size(ot_type_strip(value->type)->target);
	unsigned int max = w->format->max_string_bytes;
	size_t len = ot_write_wide_array(value, unit_bytes);
	size_t shown =
		len < (max ? max : OT_WRITE_MAX_STRING) ? len : (max ? max : OT_WRITE_MAX_STRING);

	json_wide_text(w, value->bytes, shown, unit_bytes,
		       shown < len || (len == value->nr_bytes / unit_bytes && len < count));
}

static void json_array(struct writer *w, const struct ot_value *value)
{
	const struct ot_type *type = ot_type_strip(value->type);
	unsigned int max = w->format->max_string_bytes;
	uint64_t count;

	if (!ot_value_count(value, &count)) {
		ot_buf_adds(w->out, "{\"unknown_length\":true}");
	} else if (ot_type_is_char(type->target) && type->kind == OTRACE_TYPE_ARRAY) {
		size_t len = ot_write_char_array(value);
		size_t shown = len < (max ? max : OT_WRITE_MAX_STRING)
				       ? len
				       : (max ? max : OT_WRITE_MAX_STRING);

		json_text(w, (const char *)value->bytes, shown,
			  shown < len || (len == value->nr_bytes && len < count));
	} else if (type->kind == OTRACE_TYPE_ARRAY &&
		   ot_write_wide_letter(w->format, type->target)) {
		json_wide_array(w, value, count);
	} else {
		json_elements(w, value, count);
	}
}

static void json_braces(struct writer *w, const struct ot_value *value)
{
	unsigned int max = w->format->max_depth ? w->format->max_depth : OT_WRITE_MAX_DEPTH;

	if (w->depth >= max) {
		ot_buf_adds(w->out, "{\"nested\":");
		json_literal(w, ot_type_text(value->type));
		ot_buf_addc(w->out, '}');
		return;
	}
	w->depth++;
	if (ot_type_is_record(value->type))
		json_record(w, value);
	else
		json_array(w, value);
	w->depth--;
}

static void json_state(struct writer *w, const struct ot_value *value)
{
	switch (value->state) {
	case OT_VALUE_OPTIMIZED_OUT:
		ot_buf_adds(w->out, "{\"optimized_out\":true}");
		break;
	case OT_VALUE_UNREADABLE:
		json_unreadable(w, value->address);
		break;
	case OT_VALUE_VOID:
		ot_buf_adds(w->out, "null");
		break;
	default:
		json_missing(w);
	}
}

static void json_known(struct writer *w, const struct ot_value *value)
{
	const struct ot_type *type = ot_type_strip(value->type);

	if (ot_type_is_record(type) || type->kind == OTRACE_TYPE_ARRAY ||
	    type->kind == OTRACE_TYPE_VECTOR)
		json_braces(w, value);
	else if (ot_write_optimized_out(value))
		ot_buf_adds(w->out, "{\"optimized_out\":true}");
	else if (ot_type_is_pointer(type))
		json_pointer(w, value);
	else if (ot_type_is_float(type))
		json_float(w, value);
	else if (ot_type_is_complex(type))
		json_complex(w, value);
	else if (ot_type_is_integer(type))
		json_integer(w, value);
	else if (value->nr_bytes)
		json_bytes(w, value);
	else
		json_missing(w);
}

static void json_value(struct writer *w, const struct ot_value *value)
{
	ot_auto_value struct ot_value room = {0};
	const struct ot_fn *fn;

	if (ot_type_is_void(value->type) && value->state == OT_VALUE_OK) {
		ot_buf_adds(w->out, "null");
		return;
	}
	if (ot_type_is_function(value->type)) {
		fn = w->format->program ? ot_program_fn_at(w->format->program, value->address)
					: NULL;
		if (fn)
			json_function(w, fn, value->address);
		else
			json_address(w, value->type, value->address);
		return;
	}
	value = ot_write_fetch(w->format, value, &room);
	if (value->state != OT_VALUE_OK)
		json_state(w, value);
	else
		json_known(w, value);
}

void ot_value_json(const struct ot_format *format, const struct ot_value *value, struct ot_buf *out)
{
	struct writer w = {.format = format, .out = out};

	w.elements_left = format->max_elements ? format->max_elements : OT_WRITE_MAX_ELEMENTS;
	ot_write_trail_init(&w.trail, value);
	json_value(&w, value);
}
