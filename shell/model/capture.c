// SPDX-License-Identifier: BSD-2-Clause
// Capture plans. A value lies in the frame in pieces; each piece is one step of the capture program,
// and the string behind a char pointer one more.
#include <string.h>

#include "model/capture.h"

#define IN_PIECES_MAX_BYTES \
	(1u << 20) /* of a value put together; what lies in one piece has any size */

/** Where the result of a step lies, and what it is for. */
struct ot_capture_step {
	const struct otrace_piece *piece; /* NULL: the string */
	uint32_t bytes;			  /* asked for */
	bool counted;			  /* a word with the count comes first */
};

struct builder {
	struct ot_capture_plan *plan;
	struct otrace_capture *captures;
	uint32_t nr; /* of captures */
	uint32_t nr_steps;
	uint32_t record_bytes;
	unsigned int flags;
};

static uint32_t padded(uint32_t bytes)
{
	return (bytes + 7u) & ~7u;
}

/* Bytes of the record that a step takes at most. */
static uint32_t step_bytes(const struct ot_capture_step *step)
{
	return padded(step->bytes) + (step->counted ? 8 : 0);
}

static bool is_counted(uint32_t kind)
{
	return kind == OTRACE_CAPTURE_MEMORY || kind == OTRACE_CAPTURE_STRING;
}

static bool add_step(struct builder *b, uint32_t kind, uint32_t frame_offset, uint32_t bytes,
		     const struct otrace_piece *piece)
{
	struct ot_capture_step step = {.piece = piece, .bytes = bytes, .counted = is_counted(kind)};

	if (b->record_bytes + step_bytes(&step) > OT_CAPTURE_RECORD_MAX_BYTES)
		return false;
	b->record_bytes += step_bytes(&step);
	b->plan->steps[b->nr_steps++] = step;
	b->captures[b->nr++] =
		(struct otrace_capture){.frame_offset = frame_offset, .bytes = bytes, .kind = kind};
	return true;
}

/* In C, an indirect value is the caller's copy on the stack; a C++ object may lie anywhere, and so
 * may the place for a result. */
static uint32_t piece_kind(const struct ot_fn *fn, const struct otrace_piece *piece, bool is_return)
{
	bool anywhere = is_return || (fn->tu && fn->tu->flags & OTRACE_TU_CPLUSPLUS);

	if (piece->kind == OTRACE_PIECE_INDIRECT)
		return anywhere ? OTRACE_CAPTURE_MEMORY : OTRACE_CAPTURE_STACK;
	if (piece->kind == OTRACE_PIECE_STACK)
		return OTRACE_CAPTURE_STACK_ARGS;
	return OTRACE_CAPTURE_FRAME;
}

/* A damaged table must not make the runtime copy from outside of the frame. */
static bool piece_fits(const struct ot_fn *fn, const struct otrace_piece *piece, uint64_t size)
{
	uint64_t frame = fn->flags & OTRACE_FN_VARARGS ? sizeof(struct otrace_varargs_frame)
						       : fn->frame_bytes;
	uint64_t bytes =
		piece->kind == OTRACE_PIECE_INDIRECT || piece->kind == OTRACE_PIECE_DOUBLE_TO_FLOAT
			? 8
			: piece->size_bytes;

	if (piece->kind > OTRACE_PIECE_ADDRESS_ONLY)
		return false;
	if (piece->kind != OTRACE_PIECE_STACK && (uint64_t)piece->frame_offset + bytes > frame)
		return false;
	return (uint64_t)piece->value_offset + piece->size_bytes <= size;
}

static uint32_t piece_capture_bytes(const struct otrace_piece *piece)
{
	if (piece->kind == OTRACE_PIECE_DOUBLE_TO_FLOAT)
		return 8;
	if (piece->size_bytes > OT_CAPTURE_VALUE_MAX_BYTES)
		return OT_CAPTURE_VALUE_MAX_BYTES;
	return piece->size_bytes;
}

static struct ot_err *plan_pieces(struct builder *b, struct ot_capture_value *value,
				  const struct otrace_piece *pieces, uint32_t nr, bool is_return)
{
	const struct ot_fn *fn = b->plan->fn;
	uint64_t size = ot_type_size(value->type);

	value->whole = nr == 1 && pieces[0].kind != OTRACE_PIECE_DOUBLE_TO_FLOAT &&
		       pieces[0].value_offset == 0 && pieces[0].size_bytes == size;
	if (!value->whole && size > IN_PIECES_MAX_BYTES) {
		value->state = OT_VALUE_MISSING;
		return NULL;
	}
	for (uint32_t i = 0; i < nr; i++) {
		const struct otrace_piece *piece = &pieces[i];

		if (!piece_fits(fn, piece, size))
			return ot_err_new(OT_ERR_DAMAGED,
					  "damaged table: a value of %s lies outside of its frame",
					  fn->unique_name);
		if (!add_step(b, piece_kind(fn, piece, is_return), piece->frame_offset,
			      piece_capture_bytes(piece), piece)) {
			value->state = OT_VALUE_MISSING;
			return NULL;
		}
		value->nr_steps++;
	}
	return NULL;
}

static void plan_string(struct builder *b, struct ot_capture_value *value,
			const struct otrace_piece *pieces)
{
	if (!(b->flags & OT_CAPTURE_STRINGS) || !value->whole || value->state != OT_VALUE_OK ||
	    pieces[0].kind != OTRACE_PIECE_DIRECT || !ot_type_is_char_pointer(value->type))
		return;
	value->has_string = add_step(b, OTRACE_CAPTURE_STRING, pieces[0].frame_offset,
				     OT_CAPTURE_STRING_BYTES, NULL);
	value->nr_steps += value->has_string;
}

static struct ot_err *plan_value(struct builder *b, struct ot_capture_value *value,
				 const char *name, const struct ot_type *type,
				 const struct otrace_piece *pieces, uint32_t nr, bool is_return)
{
	*value = (struct ot_capture_value){.name = name, .type = type, .first_step = b->nr_steps};
	if (is_return && ot_type_is_void(type)) {
		value->state = OT_VALUE_VOID;
		return NULL;
	}
	if (!nr) {
		value->state = OT_VALUE_OPTIMIZED_OUT;
		return NULL;
	}
	OT_TRY(plan_pieces(b, value, pieces, nr, is_return));
	plan_string(b, value, pieces);
	return NULL;
}

static struct ot_err *plan_fn(struct builder *b, struct ot_capture_plan *plan)
{
	const struct ot_fn *fn = plan->fn;

	b->captures = plan->enter;
	for (uint32_t i = 0; i < fn->nr_params; i++)
		OT_TRY(plan_value(b, &plan->args[i], fn->params[i].name, fn->params[i].type,
				  fn->params[i].pieces, fn->params[i].nr_pieces, false));
	plan->nr_enter = b->nr;
	b->captures = plan->leave;
	b->nr = 0;
	b->record_bytes = 0;
	OT_TRY(plan_value(b, &plan->ret, NULL, fn->return_type, fn->return_pieces,
			  fn->nr_return_pieces, true));
	plan->nr_leave = b->nr;
	return NULL;
}

struct ot_err *ot_capture_plan_create(const struct ot_fn *fn, unsigned int flags,
				      struct ot_capture_plan **ret)
{
	struct ot_capture_plan *plan = ot_alloc(sizeof(*plan));
	struct builder builder = {.plan = plan, .flags = flags};
	size_t nr_enter = fn->nr_params;
	size_t nr_leave = (size_t)fn->nr_return_pieces + 1;
	struct ot_err *err;

	for (uint32_t i = 0; i < fn->nr_params; i++)
		nr_enter += fn->params[i].nr_pieces;
	plan->fn = fn;
	plan->flags = flags;
	plan->args = ot_alloc(fn->nr_params * sizeof(*plan->args));
	plan->enter = ot_alloc(nr_enter * sizeof(*plan->enter));
	plan->leave = ot_alloc(nr_leave * sizeof(*plan->leave));
	plan->steps = ot_alloc((nr_enter + nr_leave) * sizeof(*plan->steps));
	err = plan_fn(&builder, plan);
	if (err) {
		ot_capture_plan_destroy(plan);
		return err;
	}
	*ret = plan;
	return NULL;
}

void ot_capture_plan_destroy(struct ot_capture_plan *plan)
{
	if (!plan)
		return;
	free(plan->args);
	free(plan->enter);
	free(plan->leave);
	free(plan->steps);
	free(plan);
}

/* ------------------------------------------------------------------ decoding */

/** The result of one step inside a record. */
struct result {
	const uint8_t *bytes; /* NULL: not there */
	uint32_t nr_bytes;
};

struct cursor {
	const uint8_t *at;
	size_t left;
};

static struct result take_result(struct cursor *cursor, const struct ot_capture_step *step)
{
	struct result result = {.nr_bytes = step->bytes};
	uint64_t count;
	size_t used;

	if (step->counted) {
		if (cursor->left < 8)
			goto cut;
		memcpy(&count, cursor->at, sizeof(count));
		cursor->at += 8;
		cursor->left -= 8;
		result.nr_bytes = count < step->bytes ? (uint32_t)count : step->bytes;
	}
	used = padded(result.nr_bytes);
	if (cursor->left < used)
		goto cut;
	result.bytes = cursor->at;
	cursor->at += used;
	cursor->left -= used;
	return result;
cut:
	cursor->left = 0;
	result.nr_bytes = 0;
	return result;
}

static void decode_string(const struct ot_capture_step *step, const struct result *result,
			  struct ot_value *ret)
{
	const char *end;
	uint64_t address;

	/* NULL points to nothing: a text of which nothing is known would be another value */
	if (!result->bytes || (ot_value_to_u64(ret, &address) && !address))
		return;
	end = memchr(result->bytes, 0, result->nr_bytes);
	ret->string.known = true;
	ret->string.bytes = (const char *)result->bytes;
	ret->string.nr_bytes =
		end ? (uint32_t)(end - (const char *)result->bytes) : result->nr_bytes;
	ret->string.cut = !end && result->nr_bytes == step->bytes;
	ret->string.unreadable = !end && result->nr_bytes < step->bytes;
}

/* Puts a piece where it belongs in the value and marks its bytes as known. */
static void place_piece(const struct otrace_piece *piece, const struct result *result,
			uint8_t *bytes, uint8_t *known)
{
	uint32_t nr = result->nr_bytes < piece->size_bytes ? result->nr_bytes : piece->size_bytes;
	double number;
	float small;

	if (!result->bytes)
		return;
	if (piece->kind == OTRACE_PIECE_DOUBLE_TO_FLOAT) {
		memcpy(&number, result->bytes, sizeof(number));
		small = (float)number;
		nr = piece->size_bytes < sizeof(small) ? piece->size_bytes : sizeof(small);
		memcpy(bytes + piece->value_offset, &small, nr);
	} else if (nr) {
		memcpy(bytes + piece->value_offset, result->bytes, nr);
	}
	memset(known + piece->value_offset, 1, nr);
}

static void decode_pieces(const struct ot_capture_value *value, const struct ot_capture_step *steps,
			  struct cursor *cursor, struct ot_value *ret)
{
	uint64_t size = ot_type_size(value->type);
	uint32_t nr_pieces = value->nr_steps - value->has_string;

	ret->own = ot_alloc(size * 2);
	ret->bytes = ret->own;
	ret->nr_bytes = size;
	ret->known = ret->own + size;
	for (uint32_t i = 0; i < nr_pieces; i++) {
		struct result result = take_result(cursor, &steps[i]);

		if (!result.bytes)
			ret->state = OT_VALUE_MISSING;
		place_piece(steps[i].piece, &result, ret->own, ret->own + size);
	}
}

static void decode_whole(const struct ot_capture_step *steps, struct cursor *cursor,
			 struct ot_value *ret)
{
	struct result result = take_result(cursor, steps);

	if (!result.bytes || (!result.nr_bytes && steps->bytes))
		ret->state = OT_VALUE_MISSING;
	ret->bytes = result.bytes;
	ret->nr_bytes = result.nr_bytes;
}

/* Decodes a value; the cursor stands at its first step and is moved behind its last. */
static void decode_value(const struct ot_capture_plan *plan, const struct ot_capture_value *value,
			 struct cursor *cursor, struct ot_value *ret)
{
	const struct ot_capture_step *steps = plan->steps + value->first_step;

	memset(ret, 0, sizeof(*ret));
	ret->type = value->type;
	ret->state = value->state;
	if (!value->nr_steps)
		return;
	if (value->whole)
		decode_whole(steps, cursor, ret);
	else
		decode_pieces(value, steps, cursor, ret);
	if (value->has_string) {
		struct result result = take_result(cursor, &steps[value->nr_steps - 1]);

		decode_string(&steps[value->nr_steps - 1], &result, ret);
	}
}

void ot_capture_arg(const struct ot_capture_plan *plan, uint32_t index, const void *bytes,
		    size_t nr_bytes, struct ot_value *ret)
{
	struct cursor cursor = {.at = bytes, .left = bytes ? nr_bytes : 0};

	for (uint32_t i = 0; i < plan->args[index].first_step; i++)
		take_result(&cursor, &plan->steps[i]);
	decode_value(plan, &plan->args[index], &cursor, ret);
}

void ot_capture_return(const struct ot_capture_plan *plan, const void *bytes, size_t nr_bytes,
		       struct ot_value *ret)
{
	struct cursor cursor = {.at = bytes, .left = bytes ? nr_bytes : 0};

	decode_value(plan, &plan->ret, &cursor, ret);
}

/* ------------------------------------------------------------------ writing */

/* Captured values know nothing but what was captured: no target to follow pointers in. */
static struct ot_format captured_format(const struct ot_format *format)
{
	struct ot_format captured = *format;

	captured.target = NULL;
	return captured;
}

static void write_args(const struct ot_capture_plan *plan, const struct ot_format *format,
		       const void *bytes, size_t nr_bytes, bool json, struct ot_buf *out)
{
	struct cursor cursor = {.at = bytes, .left = bytes ? nr_bytes : 0};
	struct ot_format captured = captured_format(format);

	for (uint32_t i = 0; i < plan->fn->nr_params; i++) {
		const struct ot_capture_value *arg = &plan->args[i];
		struct ot_value value;

		decode_value(plan, arg, &cursor, &value);
		ot_buf_adds(out, !i ? "" : json ? "," : ", ");
		if (json)
			ot_buf_addc(out, '"');
		if (arg->name)
			ot_buf_adds(out, arg->name);
		else
			ot_buf_addf(out, "arg%u", i + 1);
		ot_buf_adds(out, json ? "\":" : "=");
		if (json)
			ot_value_json(&captured, &value, out);
		else
			ot_value_format(&captured, &value, out);
		ot_value_deinit(&value);
	}
}

void ot_capture_format_args(const struct ot_capture_plan *plan, const struct ot_format *format,
			    const void *bytes, size_t nr_bytes, struct ot_buf *out)
{
	write_args(plan, format, bytes, nr_bytes, false, out);
}

void ot_capture_json_args(const struct ot_capture_plan *plan, const struct ot_format *format,
			  const void *bytes, size_t nr_bytes, struct ot_buf *out)
{
	ot_buf_addc(out, '{');
	write_args(plan, format, bytes, nr_bytes, true, out);
	ot_buf_addc(out, '}');
}

void ot_capture_format_return(const struct ot_capture_plan *plan, const struct ot_format *format,
			      const void *bytes, size_t nr_bytes, struct ot_buf *out)
{
	struct ot_format captured = captured_format(format);
	ot_auto_value struct ot_value value = {0};

	if (plan->ret.state == OT_VALUE_VOID)
		return;
	ot_capture_return(plan, bytes, nr_bytes, &value);
	ot_value_format(&captured, &value, out);
}

void ot_capture_json_return(const struct ot_capture_plan *plan, const struct ot_format *format,
			    const void *bytes, size_t nr_bytes, struct ot_buf *out)
{
	struct ot_format captured = captured_format(format);
	ot_auto_value struct ot_value value = {0};

	if (plan->ret.state == OT_VALUE_VOID)
		return;
	ot_capture_return(plan, bytes, nr_bytes, &value);
	ot_value_json(&captured, &value, out);
}
