/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One property: whatever the tables of a module say, the module is refused or can be looked around in.
 *
 * An input is a module: where its entries of functions and of variables begin and end (four words of
 * 32 bits, from the start of the memory), and behind them its memory. tables-corpus makes inputs of
 * real programs. test-links: oshell
 */
#include <string.h>

#include "look.h"
#include "target/impl.h"

#define BASE 0x400000ull
#define PAGE_BYTES 4096u
#define INPUT_MAX_BYTES (256u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct input {
	struct ot_target target;
	const uint8_t *memory;
	size_t bytes;
};

static uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static struct ot_err *input_readv(struct ot_target *target, struct ot_target_span *spans, size_t nr)
{
	struct input *input = (struct input *)target;

	for (size_t i = 0; i < nr; i++) {
		uint64_t offset = spans[i].address - BASE;
		uint64_t end = whole_pages(input->bytes);
		size_t there;

		spans[i].got = 0;
		if (spans[i].address < BASE || offset >= end)
			continue;
		spans[i].got =
			(size_t)(spans[i].bytes < end - offset ? spans[i].bytes : end - offset);
		memset(spans[i].buf, 0, spans[i].got);
		there = offset < input->bytes ? (size_t)(input->bytes - offset) : 0;
		memcpy(spans[i].buf, input->memory + (there ? offset : 0),
		       there < spans[i].got ? there : spans[i].got);
	}
	return NULL;
}

static struct ot_err *input_refresh(struct ot_target *target)
{
	(void)target;
	return NULL;
}

static void input_close(struct ot_target *target)
{
	(void)target;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const struct ot_target_ops ops = {.cannot = "an input cannot do this",
						 .close = input_close,
						 .refresh = input_refresh,
						 .readv = input_readv};
	struct input input = {.target = {.ops = &ops}};
	struct ot_target_module *module;
	uint32_t at[4];

	if (bytes < sizeof(at) || bytes > INPUT_MAX_BYTES)
		return 0;
	memcpy(at, data, sizeof(at));
	input.memory = data + sizeof(at);
	input.bytes = bytes - sizeof(at);
	input.target.path = ot_strdup("/an/input");
	module = ot_alloc(sizeof(*module));
	module->path = ot_strdup("/an/input");
	module->m = (struct otrace_module){.id = 1,
					   .low = BASE,
					   .high = BASE + whole_pages(input.bytes),
					   .fn_begin = BASE + at[0],
					   .fn_end = BASE + at[1],
					   .var_begin = BASE + at[2],
					   .var_end = BASE + at[3],
					   .abi_version = OTRACE_ABI_VERSION};
	ot_target_set_modules(&input.target, module, 1);
	look_at_program(&input.target);
	ot_target_close(&input.target);
	return 0;
}
