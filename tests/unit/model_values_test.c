/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of any width, complex numbers, flags and arrays without a length, written. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "model/made.h"
#include "model/wide.h"

static struct ot_type base(const char *name, uint64_t bytes, uint8_t encoding, uint64_t bits)
{
	return (struct ot_type){.kind = OTRACE_TYPE_BASE,
				.name = name,
				.size_bytes = bytes,
				.encoding = encoding,
				.count = bits};
}

static char *written(const struct ot_value *value, bool json)
{
	struct ot_format format = {0};
	struct ot_buf out = OT_BUF_INIT;

	if (json)
		ot_value_json(&format, value, &out);
	else
		ot_value_format(&format, value, &out);
	return ot_buf_take(&out);
}

static void assert_written(const struct ot_value *value, const char *text, const char *json)
{
	ot_auto_free char *got = written(value, false);
	ot_auto_free char *got_json = written(value, true);

	assert_string_equal(got, text);
	assert_string_equal(got_json, json);
}

static void assert_bytes(const struct ot_type *type, const void *bytes, size_t nr, const char *text,
			 const char *json)
{
	ot_auto_value struct ot_value value = {0};

	ot_value_of_bytes(type, bytes, nr, &value);
	assert_written(&value, text, json);
}

/* ------------------------------------------------------------------ integers */

static void integers_of_any_width_are_decimal(void **state)
{
	const struct ot_type wide = base("_BitInt", 32, OTRACE_ENC_SIGNED, 0);
	const struct ot_type whole = base("unsigned _BitInt", 32, OTRACE_ENC_UNSIGNED, 0);
	uint64_t limbs[4] = {0};
	const char *power =
		"57896044618658097711785492504343953926634992332820282019728792003956564819968";
	char negative[80];

	(void)state;
	assert_bytes(&wide, limbs, sizeof(limbs), "0", "0");
	limbs[1] = 1;
	assert_bytes(&wide, limbs, sizeof(limbs), "18446744073709551616", "18446744073709551616");
	memset(limbs, 0xff, sizeof(limbs));
	assert_bytes(&wide, limbs, sizeof(limbs), "-1", "-1");
	memset(limbs, 0, sizeof(limbs));
	limbs[3] = 1ull << 63; /* 2 to the power of 255, or minus that */
	assert_bytes(&whole, limbs, sizeof(limbs), power, power);
	snprintf(negative, sizeof(negative), "-%s", power);
	assert_bytes(&wide, limbs, sizeof(limbs), negative, negative);
	limbs[3] = 0;
	limbs[0] = 10000000000000000000ull; /* digits are made 19 at a time */
	assert_bytes(&wide, limbs, sizeof(limbs), "10000000000000000000", "10000000000000000000");
}

static void bits_above_those_of_the_type_do_not_count(void **state)
{
	const struct ot_type narrow = base("_BitInt(33)", 8, OTRACE_ENC_SIGNED, 33);
	const struct ot_type unsigned_narrow =
		base("unsigned _BitInt(33)", 8, OTRACE_ENC_UNSIGNED, 33);
	const struct ot_type pair = base("_BitInt(65)", 16, OTRACE_ENC_SIGNED, 65);
	const uint64_t word = 0xabcdef0100000002;
	const uint64_t words[2] = {0, 0xfedcba9876543211};

	(void)state;
	assert_bytes(&narrow, &word, 8, "-4294967294", "-4294967294");
	assert_bytes(&unsigned_narrow, &word, 8, "4294967298", "4294967298");
	assert_bytes(&pair, words, 16, "-18446744073709551616", "-18446744073709551616");
}

static void bit_fields_may_straddle_and_be_wide(void **state)
{
	const struct ot_type wide = base("__int128", 16, OTRACE_ENC_SIGNED, 0);
	uint8_t bytes[17];
	struct ot_value value = {.type = &wide, .bytes = bytes, .nr_bytes = sizeof(bytes)};
	unsigned __int128 number = (unsigned __int128)5 << 90;
	uint64_t low;

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	value.bit_size = 128;
	value.bit_shift = 7;
	assert_written(&value, "-1", "-1");
	value.bit_size = 100;
	value.bit_shift = 3;
	memset(bytes, 0, sizeof(bytes));
	number <<= 3;
	memcpy(bytes, &number, sizeof(number));
	assert_written(&value, "6189700196426901374495621120", "6189700196426901374495621120");
	assert_false(ot_value_to_u64(&value, &low));
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 9 << 3;
	assert_true(ot_value_to_u64(&value, &low));
	assert_int_equal(low, 9);
}

static void a_number_that_does_not_fit_is_no_u64(void **state)
{
	const struct ot_type type = base("_BitInt", 24, OTRACE_ENC_SIGNED, 0);
	uint64_t limbs[3] = {7, 0, 0};
	ot_auto_value struct ot_value value = {0};
	uint64_t number = 0;

	(void)state;
	ot_value_of_bytes(&type, limbs, sizeof(limbs), &value);
	assert_true(ot_value_to_u64(&value, &number));
	assert_int_equal(number, 7);
	ot_value_deinit(&value);
	limbs[2] = 1;
	ot_value_of_bytes(&type, limbs, sizeof(limbs), &value);
	assert_false(ot_value_to_u64(&value, &number));
	ot_value_deinit(&value);
	memset(limbs, 0xff, sizeof(limbs));
	ot_value_of_bytes(&type, limbs, sizeof(limbs), &value);
	assert_true(ot_value_to_u64(&value, &number));
	assert_int_equal(number, UINT64_MAX);
}

static void very_wide_numbers_are_hex(void **state)
{
	static uint8_t bytes[1024];
	const struct ot_type type = base("unsigned _BitInt", sizeof(bytes), OTRACE_ENC_UNSIGNED, 0);

	(void)state;
	bytes[9] = 0x12;
	bytes[0] = 0x34;
	assert_bytes(&type, bytes, sizeof(bytes), "0x12000000000000000034",
		     "\"0x12000000000000000034\"");
}

static void integers_cut_off_are_not_shown(void **state)
{
	const struct ot_type type = base("_BitInt", 32, OTRACE_ENC_SIGNED, 0);
	uint8_t bytes[31] = {1};

	(void)state;
	assert_bytes(&type, bytes, sizeof(bytes), "<not recorded>", "{\"not_recorded\":true}");
}

/* ------------------------------------------------------------------ complex, flags */

static void parts_of_complex_integers_are_hex_where_the_sign_matters(void **state)
{
	const struct ot_type chars = base("_Complex char", 2, OTRACE_ENC_COMPLEX_INTEGER, 0);
	const struct ot_type wides = base("_Complex __int128", 32, OTRACE_ENC_COMPLEX_INTEGER, 0);
	uint64_t words[4] = {0, 1, UINT64_MAX, UINT64_MAX};

	(void)state;
	assert_bytes(&chars, "\x03\x80", 2, "3 + 0x80i", "{\"re\":3,\"im\":\"0x80\"}");
	assert_bytes(&wides, words, 32,
		     "18446744073709551616 + 0xffffffffffffffffffffffffffffffffi",
		     "{\"re\":18446744073709551616,\"im\":\"0xffffffffffffffffffffffffffffffff\"}");
}

static void complex_numbers_of_an_unknown_kind_are_not_guessed(void **state)
{
	const struct ot_type unknown = base("complex", 32, OTRACE_ENC_COMPLEX, 0);
	const struct ot_type x87 = base("_Complex long double", 32, OTRACE_ENC_COMPLEX, 80);
	long double parts[2] = {0.5L, -2};
	ot_auto_free char *text = NULL;
	ot_auto_value struct ot_value value = {0};

	(void)state;
	assert_bytes(&x87, parts, 32, "0.5 + -2i", "{\"re\":0.5,\"im\":-2}");
	ot_value_of_bytes(&unknown, parts, 32, &value);
	text = written(&value, false);
	assert_non_null(strstr(text, "is not known"));
}

static struct ot_type enum_of(const struct ot_enumerator *all, uint32_t nr)
{
	return (struct ot_type){
		.kind = OTRACE_TYPE_ENUM, .size_bytes = 4, .enumerators = all, .nr_members = nr};
}

static void only_enums_made_of_bits_are_flags(void **state)
{
	static const struct ot_enumerator flags[] = {
		{"A", 1, false}, {"A_TOO", 1, false}, {"B", 2, false}, {"C", 8, false}};
	static const struct ot_enumerator masks[] = {
		{"A", 1, false}, {"B", 2, false}, {"C", 4, false}, {"ALL", 7, false}};
	static const struct ot_enumerator counted[] = {{"A", 0, false},
						       {"B", 1, false},
						       {"C", 2, false},
						       {"D", 3, false},
						       {"E", 4, false}};
	static const struct ot_enumerator gaps[] = {
		{"A", 0, false}, {"B", 5, false}, {"C", 6, false}, {"D", 100, false}};
	const struct ot_type types[] = {enum_of(flags, 4), enum_of(masks, 4), enum_of(counted, 5),
					enum_of(gaps, 4)};
	const uint32_t nine = 9, six = 6, seven = 7, five = 5;

	(void)state;
	assert_bytes(&types[0], &nine, 4, "(A | C)", "{\"enum\":\"A|C\",\"value\":9}");
	assert_bytes(&types[0], &seven, 4, "(A | B | 0x4)", "{\"enum\":\"A|B|0x4\",\"value\":7}");
	assert_bytes(&types[1], &six, 4, "(B | C)", "{\"enum\":\"B|C\",\"value\":6}");
	assert_bytes(&types[1], &seven, 4, "ALL", "{\"enum\":\"ALL\",\"value\":7}");
	assert_bytes(&types[2], &six, 4, "6", "{\"enum\":null,\"value\":6}");
	assert_bytes(&types[3], &five, 4, "B", "{\"enum\":\"B\",\"value\":5}");
	assert_bytes(&types[3], &seven, 4, "7", "{\"enum\":null,\"value\":7}");
}

/* ------------------------------------------------------------------ sizes */

static void an_atomic_may_be_larger_than_what_it_is_made_of(void **state)
{
	const struct ot_type small = {.kind = OTRACE_TYPE_STRUCT, .name = "small", .size_bytes = 3};
	const struct ot_type atomic = {
		.kind = OTRACE_TYPE_ATOMIC, .target = &small, .size_bytes = 4};
	const struct ot_type named = {
		.kind = OTRACE_TYPE_TYPEDEF, .name = "t", .target = &atomic, .size_bytes = 4};
	const struct ot_type array = {.kind = OTRACE_TYPE_ARRAY, .target = &named, .count = 3};
	ot_auto_value struct ot_value value = {0};
	struct ot_value element;
	uint8_t bytes[12] = {0};

	(void)state;
	assert_int_equal(ot_type_size(&named), 4);
	assert_int_equal(ot_type_size(&array), 12);
	ot_value_of_bytes(&array, bytes, sizeof(bytes), &value);
	ot_value_element(&value, 2, &element);
	assert_ptr_equal(element.bytes, value.bytes + 8);
}

static void storage_says_how_many_elements_there_are(void **state)
{
	const struct ot_type number = base("int", 4, OTRACE_ENC_SIGNED, 0);
	const struct ot_type array = {.kind = OTRACE_TYPE_ARRAY,
				      .target = &number,
				      .flags = OTRACE_TYPE_FLAG_COUNT_UNKNOWN};
	const struct ot_member members[] = {{.name = "n", .type = &number},
					    {.name = "data", .type = &array, .bit_offset = 32}};
	const struct ot_type flexible = {
		.kind = OTRACE_TYPE_STRUCT, .size_bytes = 4, .members = members, .nr_members = 2};
	struct ot_value value = {.type = &flexible, .is_lvalue = true, .address = 0x1000};
	struct ot_value data;
	uint64_t count = 99;

	(void)state;
	ot_value_member(&value, &members[1], 32, &data);
	assert_false(ot_value_count(&data, &count));
	value.has_room = true;
	value.room_bytes = 16;
	ot_value_member(&value, &members[1], 32, &data);
	assert_true(ot_value_count(&data, &count));
	assert_int_equal(count, 3);
	value.room_bytes = 4;
	ot_value_member(&value, &members[1], 32, &data);
	assert_true(ot_value_count(&data, &count));
	assert_int_equal(count, 0);
	ot_value_member(&value, &members[0], 0, &data);
	assert_false(data.has_room);
}

/* ------------------------------------------------------------------ alignments */

static void a_damaged_table_has_alignments_too(void **state)
{
	const struct ot_type byte = base("char", 1, OTRACE_ENC_SIGNED, 0);
	struct ot_type vector = {.kind = OTRACE_TYPE_VECTOR, .target = &byte};
	struct ot_member member = {.name = "v", .type = &vector};
	struct ot_type record = {
		.kind = OTRACE_TYPE_STRUCT, .members = &member, .nr_members = 1, .size_bytes = 16};
	struct ot_align align;

	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++) {
		vector.size_bytes = vector.count = 1ull << bit;
		for (unsigned int asked = 0; asked < 2; asked++) {
			member.align_bytes = asked << 31;
			ot_type_align(&record, &align);
			assert_true(align.least && align.least <= align.most);
			assert_true(align.most <= 1u << 31);
		}
	}
	member.align_bytes = 0;
	vector.size_bytes = record.size_bytes = 64;
	ot_type_align(&record, &align);
	assert_int_equal(align.most, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_of_any_width_are_decimal),
		cmocka_unit_test(bits_above_those_of_the_type_do_not_count),
		cmocka_unit_test(bit_fields_may_straddle_and_be_wide),
		cmocka_unit_test(a_number_that_does_not_fit_is_no_u64),
		cmocka_unit_test(very_wide_numbers_are_hex),
		cmocka_unit_test(integers_cut_off_are_not_shown),
		cmocka_unit_test(parts_of_complex_integers_are_hex_where_the_sign_matters),
		cmocka_unit_test(complex_numbers_of_an_unknown_kind_are_not_guessed),
		cmocka_unit_test(only_enums_made_of_bits_are_flags),
		cmocka_unit_test(an_atomic_may_be_larger_than_what_it_is_made_of),
		cmocka_unit_test(storage_says_how_many_elements_there_are),
		cmocka_unit_test(a_damaged_table_has_alignments_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
