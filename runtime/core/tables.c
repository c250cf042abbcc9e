/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/tables.h"
#include "base/mem.h"

/* A description: its pool, and the stream behind the distance. */
struct description {
	struct otrace_pool_view view;
	struct otrace_stream stream;
	uint64_t distance;
};

static bool open_pool(uint64_t address, uint64_t low, uint64_t high, struct otrace_pool_view *ret)
{
	return address >= low && address < high &&
	       otrace_pool_open((const void *)address, high - address, ret);
}

static bool open_description(uint64_t address, uint64_t low, uint64_t high, enum ot_table_kind kind,
			     struct description *ret)
{
	uint64_t distance;

	if (address < low || address >= high)
		return false;
	ret->stream.at = (const void *)address;
	ret->stream.end = (const void *)high;
	distance = otrace_stream_varint(&ret->stream);
	if (!ret->stream.end || (distance & 1) != kind || distance >> 1 > address - low ||
	    !open_pool(address - (distance >> 1), low, high, &ret->view))
		return false;
	ret->distance = distance;
	ret->stream.end = ret->view.stream.end;
	return ret->stream.at < ret->stream.end;
}

static bool in_bounds(uint64_t address, uint64_t low, uint64_t high)
{
	return !(address & 3) && address >= low && address <= high &&
	       high - address >= sizeof(struct otrace_entry);
}

bool ot_entry_sound(uint64_t address, uint64_t low, uint64_t high, enum ot_table_kind kind)
{
	const struct otrace_entry *entry = (const void *)address;
	struct description description;
	uint64_t to;

	if (!in_bounds(address, low, high))
		return false;
	to = (uint64_t)otrace_ref_get(&entry->description);
	return entry->place.delta ? open_description(to, low, high, kind, &description)
				  : open_pool(to, low, high, &description.view);
}

bool ot_table_scan(uint64_t anchor, uint64_t low, uint64_t high, enum ot_table_kind kind,
		   struct ot_table *ret)
{
	const uint64_t bytes = sizeof(struct otrace_entry);
	struct ot_table table = {.begin = anchor, .end = anchor};

	if (!ot_entry_sound(anchor, low, high, kind))
		return false;
	while (table.begin - low >= bytes && ot_entry_sound(table.begin - bytes, low, high, kind))
		table.begin -= bytes;
	while (ot_entry_sound(table.end, low, high, kind))
		table.end += bytes;
	for (uint64_t at = table.begin; at < table.end; at += bytes)
		table.nr_records += ((const struct otrace_entry *)at)->place.delta != 0;
	*ret = table;
	return true;
}

const struct otrace_entry *ot_table_next(const struct ot_table *table, uint64_t at)
{
	for (; at < table->end; at += sizeof(struct otrace_entry)) {
		const struct otrace_entry *entry = (const void *)at;

		if (entry->place.delta)
			return entry;
	}
	return NULL;
}

static void skip(struct otrace_stream *stream, uint64_t nr)
{
	while (nr-- && stream->end)
		otrace_stream_varint(stream);
}

/*
 * The part of a description behind the file, with the parameters. Returns the bytes of those that are
 * passed by value in memory; what C++ passes by reference counts, too.
 */
static uint64_t skip_parameters(struct otrace_stream *stream, const struct otrace_fn *fn)
{
	uint64_t bytes = 0, size, how, nr;

	skip(stream, 2 + !!(fn->has & OTRACE_FN_HAS_UNIT) + !!(fn->flags & OTRACE_FN_SKIPPED) + 1);
	if (fn->has & OTRACE_FN_HAS_RESULT_PIECES)
		for (nr = otrace_stream_varint(stream); nr && stream->end; nr--)
			skip(stream, 4);
	for (nr = otrace_stream_varint(stream); nr && stream->end; nr--) {
		skip(stream, 1);
		how = fn->has & OTRACE_FN_HAS_PARAM_PIECES ? otrace_stream_varint(stream) : 0;
		for (; how > 1 && stream->end; how--) {
			skip(stream, 2);
			size = otrace_stream_varint(stream) & UINT32_MAX;
			if (otrace_stream_varint(stream) == OTRACE_PIECE_INDIRECT)
				bytes += OT_ROUND_UP(size, 16);
		}
	}
	return bytes;
}

static const void *target_of(const struct otrace_pool_view *view, uint32_t number)
{
	const struct otrace_ref *ref = otrace_pool_ref(view, number);

	return ref ? otrace_ref_get(ref) : NULL;
}

bool ot_fn_read(uint64_t address, uint64_t low, uint64_t high, struct ot_fn *ret)
{
	const struct otrace_entry *entry = (const void *)address;
	struct description description;

	if (!in_bounds(address, low, high) || !entry->place.delta ||
	    !open_description((uint64_t)otrace_ref_get(&entry->description), low, high,
			      OT_TABLE_FNS, &description))
		return false;
	ot_memset(ret, 0, sizeof(*ret));
	otrace_fn_read(&description.view, &description.stream, description.distance, &ret->head);
	if (!description.stream.end)
		return false;
	ret->symbol = (uint64_t)otrace_ref_get(&entry->place);
	if (ret->head.body_offset) {
		ret->stub = ret->symbol + ret->head.stub_offset;
		ret->body = ret->symbol + ret->head.body_offset;
	}
	ret->wrapper = (uint64_t)target_of(&description.view, ret->head.wrapper);
	ret->file = target_of(&description.view, ret->head.file);
	ret->by_value_bytes = skip_parameters(&description.stream, &ret->head);
	return true;
}

bool ot_var_flags(uint64_t address, uint64_t low, uint64_t high, uint32_t *ret)
{
	const struct otrace_entry *entry = (const void *)address;
	struct description description;

	if (!in_bounds(address, low, high) || !entry->place.delta ||
	    !open_description((uint64_t)otrace_ref_get(&entry->description), low, high,
			      OT_TABLE_VARS, &description))
		return false;
	*ret = (uint32_t)otrace_stream_varint(&description.stream);
	return description.stream.end != NULL;
}

/* ------------------------------------------------------------------ without an entry */

/* The part of a description behind the file. */
static void skip_rest(struct otrace_stream *stream, const struct otrace_fn *fn)
{
	uint64_t nr, how;

	skip_parameters(stream, fn);
	if (fn->has & OTRACE_FN_HAS_INLINED)
		for (nr = otrace_stream_varint(stream); nr && stream->end; nr--) {
			how = otrace_stream_varint(stream);
			skip(stream, (how & 1) + (how >> 1 & 1));
		}
}

void ot_pool_each_gone(uint64_t anchor, uint64_t low, uint64_t high,
		       void (*work)(const struct ot_fn *fn, void *context), void *context)
{
	struct otrace_pool_view view;
	uint64_t distance;
	struct ot_fn fn;

	if (!open_pool(
		    (uint64_t)otrace_ref_get(&((const struct otrace_entry *)anchor)->description),
		    low, high, &view))
		return;
	for (uint64_t i = 0; i < view.nr_fns; i++) {
		ot_memset(&fn, 0, sizeof(fn));
		distance = otrace_stream_varint(&view.stream);
		otrace_fn_read(&view, &view.stream, distance, &fn.head);
		skip_rest(&view.stream, &fn.head);
		if (!view.stream.end)
			return;
		fn.file = target_of(&view, fn.head.file);
		if (fn.head.flags & OTRACE_FN_INLINE_ONLY)
			work(&fn, context);
	}
}
