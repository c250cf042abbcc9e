/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/area.h"
#include "core/capture.h"
#include "core/look.h"
#include "core/thread.h"

#define AREA_FEW_WORDS 8u

static uint64_t read_memory(void *out, uint64_t from, uint64_t bytes,
			    const struct otrace_frame *frame)
{
	if (ot_look_is_plain(from, bytes, frame)) {
		ot_memcpy(out, (const void *)from, bytes);
		return bytes;
	}
	return ot_safe_read(out, from, bytes);
}

/* Zeroes what the last word has beyond the bytes. */
static uint64_t *pad(uint64_t *out, uint64_t bytes)
{
	ot_memset((char *)out + bytes, 0, OT_ROUND_UP(bytes, 8) - bytes);
	return out + OT_ROUND_UP(bytes, 8) / 8;
}

static uint64_t *capture_frame(uint64_t *out, const struct otrace_frame *frame,
			       const struct ot_step *step)
{
	const char *from = (const char *)frame + step->offset;

	if (step->bytes > AREA_FEW_WORDS * 8) {
		ot_memcpy(out, from, step->bytes);
		return pad(out, step->bytes);
	}
	for (uint32_t i = 0; i < step->words; i++)
		out[i] = ((const uint64_t *)from)[i];
	out[step->words - 1] &= step->mask;
	return out + step->words;
}

/* Always as many bytes as asked for; zeroes where nothing could be read. */
static uint64_t *capture_stack(uint64_t *out, uint64_t from, const struct otrace_frame *frame,
			       const struct ot_step *step)
{
	uint64_t got = read_memory(out, from, step->bytes, frame);

	ot_memset((char *)out + got, 0, step->bytes - got);
	return pad(out, step->bytes);
}

static uint64_t *capture_memory(uint64_t *out, uint64_t from, const struct otrace_frame *frame,
				const struct ot_step *step)
{
	uint64_t got = read_memory(out + 1, from, step->bytes, frame);

	out[0] = got;
	return pad(out + 1, got);
}

/* Read as memory first, then cut: the kernel copies 64 bytes in the time of one. */
static uint64_t *capture_string(uint64_t *out, uint64_t from, const struct otrace_frame *frame,
				const struct ot_step *step)
{
	uint64_t got = read_memory(out + 1, from, step->bytes, frame);
	uint64_t used = ot_strnlen((const char *)(out + 1), got);

	if (used < got)
		used++;
	out[0] = used;
	return pad(out + 1, used);
}

static uint64_t *run_step(uint64_t *out, const struct otrace_frame *frame,
			  const struct ot_step *step)
{
	const struct otrace_varargs_frame *varargs = (const void *)frame;
	uint64_t word;

	if (step->kind == OTRACE_CAPTURE_FRAME)
		return capture_frame(out, frame, step);
	if (step->kind == OTRACE_CAPTURE_STACK_ARGS)
		return capture_stack(out, varargs->stack_args + step->offset, frame, step);
	ot_memcpy(&word, (const char *)frame + step->offset, sizeof(word));
	if (step->kind == OTRACE_CAPTURE_STACK)
		return capture_stack(out, word, frame, step);
	if (step->kind == OTRACE_CAPTURE_MEMORY)
		return capture_memory(out, word, frame, step);
	return capture_string(out, word, frame, step);
}

OT_SLOW uint64_t *ot_capture(uint64_t *out, const struct otrace_frame *frame,
			     const struct ot_step *steps, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		out = run_step(out, frame, &steps[i]);
	return out;
}
