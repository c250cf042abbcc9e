// SPDX-License-Identifier: BSD-2-Clause
// Numbers in the style that was asked for, as gdb writes them: pr/x, pr/t. And pointers followed.
#include <string.h>

#include "model/wide.h"
#include "model/write.h"

/* A number's bits, and as many as count. */
struct bits {
	unsigned __int128 value;
	unsigned int size_bytes;
};

static bool bits_of(const struct ot_value *value, struct bits *ret)
{
	uint64_t size = ot_type_size(value->type);
	ot_auto_wide struct ot_wide wide = {0};

	if (value->bit_size) {
		ret->size_bytes = (unsigned int)size;
		if (!size || size > 16 || !ot_value_to_wide(value, &wide))
			return false;
		/* a number of the whole type, as gdb has it: -1 in five bits is 0xffffffff */
		ret->value = wide.nr > 1 ? (unsigned __int128)wide.limbs[1] << 64 : 0;
		if (wide.nr == 1 && ot_type_is_signed(value->type))
			ret->value = (unsigned __int128)(__int128)(int64_t)wide.limbs[0];
		ret->value |= wide.limbs[0];
		if (size < 16)
			ret->value &= ((unsigned __int128)1 << size * 8) - 1;
		return true;
	}
	/* of a long double's sixteen bytes ten are the number */
	if (ot_type_is_float(value->type) && size == 16 && !ot_type_is_float128(value->type))
		size = 10;
	if (!size || size > 16 || value->nr_bytes < size)
		return false;
	*ret = (struct bits){.size_bytes = (unsigned int)ot_type_size(value->type)};
	memcpy(&ret->value, value->bytes, size);
	return true;
}

static __int128 as_signed(const struct bits *bits)
{
	unsigned int unused = 128 - bits->size_bytes * 8;

	return (__int128)(bits->value << unused) >> unused;
}

static void write_based(const struct bits *bits, unsigned int log_base, const char *prefix,
			unsigned int min_digits, struct ot_buf *out)
{
	unsigned __int128 left = bits->value;
	char digits[130];
	size_t at = sizeof(digits);
	unsigned int nr = 0;

	for (; left || nr < min_digits; nr++) {
		digits[--at] = "0123456789abcdef"[left & ((1u << log_base) - 1)];
		left >>= log_base;
	}
	ot_buf_adds(out, prefix);
	ot_buf_add(out, digits + at, nr);
}

static void write_char(const struct ot_value *value, const struct bits *bits, struct ot_buf *out)
{
	long double real = 0;
	char c = (char)bits->value;

	if (ot_type_is_float(value->type) && ot_value_to_long_double(value, &real))
		c = (char)(real > -1e9L && real < 1e9L ? (long)real : 0);
	ot_buf_add_i64(out, ot_type_is_signed(value->type) || ot_type_is_float(value->type)
				    ? (int64_t)(signed char)c
				    : (int64_t)(unsigned char)c);
	ot_buf_adds(out, " '");
	ot_buf_add_escaped(out, &c, 1, '\'');
	ot_buf_addc(out, '\'');
}

/* The variable that an address lies in. */
static const struct ot_var *var_at(const struct ot_program *program, uint64_t address)
{
	size_t nr;
	struct ot_var *const *vars = ot_program_vars(program, &nr);

	for (size_t i = 0; i < nr; i++)
		if (!(vars[i]->flags & (OTRACE_VAR_THREAD_LOCAL | OTRACE_VAR_ADDRESS_IN_GOT |
					OTRACE_VAR_ADDRESS_IN_CODE)) &&
		    vars[i]->address && address >= vars[i]->address &&
		    address - vars[i]->address < ot_type_size(vars[i]->type))
			return vars[i];
	return NULL;
}

static void write_place(const struct ot_format *format, const struct ot_value *value,
			const struct bits *bits, struct ot_buf *out)
{
	uint64_t address =
		ot_type_is_signed(value->type) ? (uint64_t)as_signed(bits) : (uint64_t)bits->value;
	const struct ot_fn *fn = NULL;
	const struct ot_var *var = NULL;

	ot_buf_add_hex(out, address);
	if (format->program)
		fn = ot_program_fn_at(format->program, address);
	if (format->program && !fn)
		var = var_at(format->program, address);
	if (fn) {
		ot_buf_adds(out, " <");
		ot_fn_exact_name(format->program, fn, out);
		ot_buf_addc(out, '>');
	} else if (var && var->address == address) {
		ot_buf_addf(out, " <%s>", var->unique_name);
	} else if (var) {
		ot_buf_addf(out, " <%s+%llu>", var->unique_name,
			    (unsigned long long)(address - var->address));
	}
}

/* The bits of a whole number as those of a fraction of its size, where there is one. */
static bool write_fraction(const struct ot_value *value, const struct bits *bits,
			   struct ot_buf *out)
{
	long double real = 0;
	double wide;
	float small;

	if (ot_type_is_float(value->type))
		return ot_write_real(value, out);
	if (bits->size_bytes == sizeof(small)) {
		memcpy(&small, &bits->value, sizeof(small));
		real = small;
	} else if (bits->size_bytes == sizeof(wide)) {
		memcpy(&wide, &bits->value, sizeof(wide));
		real = wide;
	} else {
		ot_write_int128((const uint8_t *)&(__int128){ot_type_is_signed(value->type)
								     ? as_signed(bits)
								     : (__int128)bits->value},
				true, out);
		return true;
	}
	ot_write_float(real, bits->size_bytes, out);
	return true;
}

static bool write_in_style(const struct ot_format *format, const struct ot_value *value,
			   const struct bits *bits, struct ot_buf *out)
{
	__int128 is_signed = as_signed(bits);

	switch (format->style) {
	case 'x':
		write_based(bits, 4, "0x", 1, out);
		return true;
	case 'z':
		write_based(bits, 4, "0x", bits->size_bytes * 2, out);
		return true;
	case 'o':
		write_based(bits, 3, "0", 0, out);
		return true;
	case 't':
		write_based(bits, 1, "", 1, out);
		return true;
	case 'd':
		ot_write_int128((const uint8_t *)&is_signed, true, out);
		return true;
	case 'u':
		ot_write_int128((const uint8_t *)&bits->value, false, out);
		return true;
	case 'c':
		write_char(value, bits, out);
		return true;
	case 'a':
		write_place(format, value, bits, out);
		return true;
	default:
		return write_fraction(value, bits, out);
	}
}

bool ot_write_styled(const struct ot_format *format, const struct ot_value *value,
		     struct ot_buf *out)
{
	struct bits bits = {0};

	if (!format->style || format->style == 's' || !ot_type_is_scalar(value->type) ||
	    !bits_of(value, &bits))
		return false;
	return write_in_style(format, value, &bits, out);
}

bool ot_write_is_text(const struct ot_format *format, const struct ot_type *element)
{
	if (!element)
		return false;
	if (!format->style)
		return ot_type_is_char(element);
	return format->style == 's' && ot_type_is_byte(element);
}

/* ------------------------------------------------------------------ pointers followed */

void ot_write_trail_init(struct ot_write_trail *trail, const struct ot_value *value)
{
	trail->nr = 0;
	trail->open[0] = value->is_lvalue && ot_type_is_record(value->type) ? value->address : 0;
}

bool ot_write_follow(const struct ot_format *format, struct ot_write_trail *trail,
		     const struct ot_type *pointer, uint64_t address, struct ot_value *target_ret,
		     bool *cycle_ret)
{
	const struct ot_type *target = ot_type_strip(pointer)->target;

	if (trail->nr >= format->follow || trail->nr + 1 >= OT_NR(trail->open) || !format->target ||
	    !target || !ot_type_is_record(target) ||
	    ot_type_strip(target)->flags & OTRACE_TYPE_FLAG_INCOMPLETE)
		return false;
	for (unsigned int i = 0; i <= trail->nr; i++)
		if (trail->open[i] == address) {
			*cycle_ret = true;
			return false;
		}
	trail->open[++trail->nr] = address;
	ot_value_at(target, address, target_ret);
	return true;
}

void ot_write_unfollow(struct ot_write_trail *trail)
{
	trail->nr--;
}
