// SPDX-License-Identifier: BSD-2-Clause
// Looking into a context: its memory as a target, its arguments and its end.
#include <stdio.h>
#include <string.h>

#include "contexts/internal.h"
#include "target/impl.h"

struct view {
	struct ot_target target;
	const struct ot_context *context;
	const struct ot_mapped_files *files;
	uint32_t side; /* OTRACE_COPY_AT_END, or 0 */
	bool is_mixed;
};

static void view_close(struct ot_target *target)
{
	free(target);
}

/* What the pieces of one end have at an address, as far as one piece goes. */
static size_t from_side(const struct ot_context *context, uint32_t side, uint64_t address,
			void *buf, size_t bytes)
{
	for (size_t i = 0; i < context->pieces.nr; i++) {
		const struct ot_context_piece *piece = &context->pieces.items[i];
		uint64_t offset = address - piece->address;

		if ((piece->flags & OTRACE_COPY_AT_END) != side || offset >= piece->bytes)
			continue;
		if (bytes > piece->bytes - offset)
			bytes = piece->bytes - (size_t)offset;
		memcpy(buf, context->memory.data + piece->offset + offset, bytes);
		return bytes;
	}
	return 0;
}

/* Byte by byte, as pieces may begin and end anywhere: only what one end has, or both alike. */
static size_t from_both(const struct ot_context *context, uint64_t address, uint8_t *buf,
			size_t bytes)
{
	size_t got = 0;

	for (; got < bytes; got++) {
		uint8_t end;
		size_t at_call = from_side(context, 0, address + got, buf + got, 1);
		size_t at_end = from_side(context, OTRACE_COPY_AT_END, address + got, &end, 1);

		if ((!at_call && !at_end) || (at_call && at_end && end != buf[got]))
			break;
		if (at_end)
			buf[got] = end;
	}
	return got;
}

static size_t from_pieces(const struct view *view, uint64_t address, void *buf, size_t bytes)
{
	return view->is_mixed ? from_both(view->context, address, buf, bytes)
			      : from_side(view->context, view->side, address, buf, bytes);
}

/* What a file of contexts has of constant data. */
static size_t from_file(const struct ot_contexts *store, uint64_t address, void *buf, size_t bytes)
{
	struct ot_target_span span = {.address = address, .buf = buf, .bytes = bytes};

	if (!store || !store->load)
		return 0;
	ot_err_destroy(ot_target_readv(store->target, &span, 1));
	return span.got;
}

static void read_span(const struct view *view, struct ot_target_span *span)
{
	span->got = 0;
	while (span->got < span->bytes) {
		uint64_t address = span->address + span->got;
		uint8_t *to = (uint8_t *)span->buf + span->got;
		size_t left = span->bytes - span->got;
		size_t got = from_pieces(view, address, to, left);

		if (!got)
			got = ot_mapped_files_read(view->files, address, to, left);
		if (!got)
			got = from_file(view->context->store, address, to, left);
		if (!got)
			return;
		span->got += got;
	}
}

static struct ot_err *view_readv(struct ot_target *target, struct ot_target_span *spans, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		read_span((const struct view *)target, &spans[i]);
	return NULL;
}

static int view_open_file(struct ot_target *target, uint64_t address)
{
	return ot_mapped_files_open(((const struct view *)target)->files, address);
}

static const struct ot_target_ops view_ops = {
	.cannot = "a context is a copy of what was: it cannot be changed (its __live leads to "
		  "what is there now)",
	.is_copy = true,
	.elsewhere = " (__live follows it)",
	.close = view_close,
	.readv = view_readv,
	.open_file = view_open_file,
};

static const struct ot_target_ops file_view_ops = {
	.cannot = "a context is a copy of what was: it cannot be changed",
	.is_copy = true,
	.close = view_close,
	.readv = view_readv,
	.open_file = view_open_file,
};

struct ot_target *ot_context_view_create(const struct ot_context *context, bool after,
					 const struct ot_mapped_files *files)
{
	struct view *view = ot_alloc(sizeof(*view));

	view->target.ops = ot_contexts_is_file(context->store) ? &file_view_ops : &view_ops;
	view->target.state = OT_TARGET_FILE;
	view->context = context;
	view->files = files;
	/* of a call that was decided at its end there is nothing else */
	view->side = after || context->is_late ? OTRACE_COPY_AT_END : 0;
	return &view->target;
}

struct ot_target *ot_context_view(struct ot_contexts *contexts, struct ot_context *context,
				  bool after)
{
	ot_context_load(context);
	if (!context->views[after]) {
		ot_mapped_files_check(contexts->files);
		context->views[after] = ot_context_view_create(context, after, contexts->files);
	}
	return context->views[after];
}

void ot_context_view_mix(struct ot_target *view, bool mixed)
{
	if (view && view->ops->close == view_close)
		((struct view *)view)->is_mixed = mixed;
}

bool ot_context_has_after(const struct ot_context *context)
{
	ot_context_load(context);
	return context->ended != OT_CALL_ENTER && context->ends[1].has_place;
}

/* ------------------------------------------------------------------ values */

void ot_context_arg(const struct ot_context *context, uint32_t index, struct ot_value *ret)
{
	struct ot_value value;

	ot_context_load(context);
	ot_capture_arg(context->plan, index, context->enter.data, context->enter.len, &value);
	ot_value_copy(&value, ret);
	ot_value_deinit(&value);
}

void ot_context_return(const struct ot_context *context, struct ot_value *ret)
{
	struct ot_value value;

	ot_context_load(context);
	ot_capture_return(context->plan, context->leave.data, context->leave.len, &value);
	ot_value_copy(&value, ret);
	ot_value_deinit(&value);
}

const char *ot_context_arg_name(const struct ot_context *context, uint32_t index, char room[16])
{
	const char *name = context->plan->args[index].name;

	if (name)
		return name;
	snprintf(room, 16, "arg%u", index + 1);
	return room;
}

static const struct ot_context_end *last_end(const struct ot_context *context)
{
	ot_context_load(context);
	return &context->ends[context->ends[1].has_place];
}

int32_t ot_context_errno(const struct ot_context *context)
{
	return last_end(context)->error;
}

uint32_t ot_context_cpu(const struct ot_context *context)
{
	return last_end(context)->cpu;
}

/* By the numbers that DWARF gives them. */
static void set_registers(const uint64_t *values, const uint8_t *numbers, size_t nr,
			  struct ot_frame *ret)
{
	for (size_t i = 0; i < nr; i++) {
		ret->registers[numbers[i]] = values[i];
		ret->known |= 1u << numbers[i];
	}
	ret->pc = values[nr];
}

/* What was interrupted is where it is; behind a call, what is meant is where the call is. */
static void first_frame(const struct ot_context *context, const struct ot_context_end *end,
			struct ot_frame *ret)
{
	/* as OTRACE_REC_REGISTERS and struct otrace_rec_crash have them */
	static const uint8_t kept[] = {3, 6, 12, 13, 14, 15, 7};
	static const uint8_t all[] = {8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7};

	if (context->is_crash)
		set_registers(context->more.registers, all, OT_NR(all), ret);
	else
		set_registers(end->registers, kept, OT_NR(kept), ret);
	if (context->is_frame && !context->is_crash)
		ret->pc--;
}

static struct ot_context_frames *unwind(struct ot_contexts *contexts, struct ot_context *context)
{
	bool after = !context->ends[0].has_registers;
	const struct ot_context_end *end = &context->ends[after];
	struct ot_target *view = ot_context_view(contexts, context, after);
	struct ot_frame first = {0};

	first_frame(context, end, &first);
	return ot_context_frames_create(contexts->files, view, end->has_registers ? &first : NULL,
					context->fn ? context->fn->wrapper : 0);
}

const struct ot_context_frames *ot_context_frames(struct ot_contexts *contexts,
						  struct ot_context *context)
{
	ot_context_load(context);
	if (!context->frames)
		context->frames = unwind(contexts, context);
	return context->frames;
}

size_t ot_context_nr_callers(struct ot_contexts *contexts, struct ot_context *context)
{
	size_t nr = ot_context_frames(contexts, context)->nr;

	return context->is_frame && nr ? nr - 1 : nr;
}

struct ot_context_frame *ot_context_frame_at(struct ot_contexts *contexts,
					     struct ot_context *context, size_t number)
{
	const struct ot_context_frames *frames = ot_context_frames(contexts, context);
	size_t at = number + context->is_frame;

	return at && at <= frames->nr ? &frames->items[at - 1] : NULL;
}
