/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store holds records as they came; each view walks it once, or twice where it must know how
 * many there are, and pairs calls and returns anew on the way.
 */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/names.h"
#include "base/vec.h"
#include "cmds/cmd.h"
#include "cmds/logview.h"
#include "stream/asserts.h"

typedef unsigned long long ull;

/* A walk over the store. */
struct walk {
	const struct ot_logview *view;
	struct ot_calls *calls;
	uint64_t at;
	const struct ot_trace *trace; /* of the event; NULL for losses */
	struct ot_call_event event;
	bool wants_asserts;
	bool is_assert; /* and no call; nor a loss */
	struct ot_assert assert;
};

static void walk_begin(struct walk *walk, const struct ot_logview *view)
{
	memset(walk, 0, sizeof(*walk));
	walk->view = view;
	walk->calls = ot_calls_create();
}

static void walk_end(struct walk *walk)
{
	ot_calls_destroy(walk->calls);
}

static bool matches(const struct ot_logview *view, const struct ot_trace *trace)
{
	return !view->glob || ot_glob_match(view->glob, trace->fn->name) ||
	       ot_glob_match(view->glob, trace->fn->unique_name);
}

static bool takes_assert(struct walk *walk, const struct ot_store_item *item)
{
	const char *glob = walk->view->glob;

	walk->is_assert = walk->wants_asserts &&
			  ot_assert_read(item->rec, item->tid, item->time_ns, &walk->assert) &&
			  (!glob || ot_glob_match(glob, walk->assert.function));
	return walk->is_assert;
}

/* Steps to the next event that the view wants. */
static bool walk_next(struct walk *walk)
{
	struct ot_store_item item;

	while (ot_store_next(walk->view->store, &walk->at, &item)) {
		walk->trace = NULL;
		walk->is_assert = false;
		if (!item.rec) {
			ot_calls_lost(walk->calls, item.tid, item.lost, item.time_ns, &walk->event);
			return true;
		}
		if (item.rec->type == OTRACE_REC_ASSERT) {
			if (takes_assert(walk, &item))
				return true;
			continue;
		}
		if (OTRACE_REC_IS_PART(item.rec->type) || item.rec->type == OTRACE_REC_RESUMED) {
			ot_calls_part(walk->calls, item.tid, item.rec, item.time_ns);
			continue;
		}
		ot_calls_feed(walk->calls, item.tid, item.rec, item.time_ns, &walk->event);
		walk->trace = ot_traces_by_id(walk->view->writer.traces, item.rec->trace_id);
		/* That it matched once more, at its end: the call is there already. */
		if (walk->event.matched_before)
			continue;
		if (walk->trace && matches(walk->view, walk->trace))
			return true;
	}
	return false;
}

static uint64_t count_events(const struct ot_logview *view)
{
	struct walk walk;
	uint64_t nr = 0;

	walk_begin(&walk, view);
	walk.wants_asserts = true;
	while (walk_next(&walk))
		nr++;
	walk_end(&walk);
	return nr;
}

static void nothing(const struct ot_logview *view)
{
	if (ot_store_nr(view->store))
		ot_buf_adds(view->out, "no records of these functions\n");
	else
		ot_buf_adds(view->out, "no records yet (trace NAME, then let the program run)\n");
}

void ot_logview_lines(const struct ot_logview *view)
{
	uint64_t nr = count_events(view);
	uint64_t skip = nr > view->nr_max ? nr - view->nr_max : 0;
	struct walk walk;

	if (!nr)
		nothing(view);
	walk_begin(&walk, view);
	walk.wants_asserts = true;
	while (walk_next(&walk)) {
		if (skip) {
			skip--;
			continue;
		}
		if (walk.is_assert)
			ot_assert_text(&walk.assert, view->out);
		else
			ot_event_text(&view->writer, walk.trace, &walk.event, view->out);
	}
	walk_end(&walk);
}

/* ------------------------------------------------------------------ tree */

/* A call in the tree, with its end once that is found. Captures stay in the store. */
struct node {
	const struct ot_trace *trace; /* NULL = records lost here */
	struct ot_call_event begin;
	struct ot_call_event end;
	bool ended;
};

struct tree {
	OT_VEC(struct node) nodes; /* in the order of their beginnings */
	struct ot_map by_seq;	   /* seq -> index + 1 */
	OT_VEC(uint32_t) threads;  /* in the order of their first records */
};

static void note_thread(struct tree *tree, uint32_t tid)
{
	for (size_t i = 0; i < tree->threads.nr; i++)
		if (tree->threads.items[i] == tid)
			return;
	ot_vec_push(&tree->threads, tid);
}

static void take_event(struct tree *tree, const struct walk *walk)
{
	struct node node = {.trace = walk->trace, .begin = walk->event};
	uintptr_t index;

	note_thread(tree, walk->event.tid);
	if (walk->event.kind == OT_CALL_ENTER || walk->event.kind == OT_CALL_LOST) {
		ot_vec_push(&tree->nodes, node);
		if (walk->trace)
			ot_map_set(&tree->by_seq, walk->event.seq,
				   (void *)(uintptr_t)tree->nodes.nr);
		return;
	}
	if (walk->event.is_unmatched) {
		node.end = walk->event;
		node.ended = true;
		ot_vec_push(&tree->nodes, node);
		return;
	}
	index = (uintptr_t)ot_map_get(&tree->by_seq, walk->event.seq);
	/* The beginning was dropped: there is no place for it in a tree. */
	if (!index)
		return;
	tree->nodes.items[index - 1].end = walk->event;
	tree->nodes.items[index - 1].ended = true;
}

static void node_end(const struct ot_logview *view, const struct node *node)
{
	const struct ot_call_event *end = &node->end;
	struct ot_buf *out = view->out;
	size_t before;

	if (end->kind == OT_CALL_RETURN) {
		ot_buf_adds(out, " = ");
		before = out->len;
		ot_capture_format_return(node->trace->plan, &view->writer.format, end->captures,
					 end->nr_bytes, out);
		if (out->len == before)
			ot_buf_truncate(out, before - 3);
	} else {
		ot_buf_adds(out,
			    end->kind == OT_CALL_UNWOUND ? " left by an exception" : " abandoned");
	}
	if (!end->begin_known) {
		ot_buf_adds(out, end->is_unmatched ? "  (no match)" : "");
		return;
	}
	ot_buf_adds(out, "  (");
	ot_event_duration(end->time_ns - end->begin_ns, out);
	ot_buf_addc(out, ')');
}

static void node_line(const struct ot_logview *view, const struct node *node)
{
	struct ot_buf *out = view->out;

	if (!node->trace) {
		ot_event_text(&view->writer, NULL, &node->begin, out);
		return;
	}
	ot_buf_pad(out, ' ', 2 * (size_t)(node->begin.depth ? node->begin.depth - 1 : 0));
	ot_buf_addf(out, "%s(", node->trace->fn->unique_name);
	if (node->begin.is_unmatched && node->begin.flags & OTRACE_REC_FLAG_NO_ARGS)
		ot_buf_adds(out, "...");
	else
		ot_capture_format_args(node->trace->plan, &view->writer.format,
				       node->begin.captures, node->begin.nr_bytes, out);
	ot_buf_addc(out, ')');
	if (node->ended)
		node_end(view, node);
	else if (node->begin.end_expected)
		ot_buf_adds(out, "  (not ended)");
	ot_buf_adds(out, "  ~");
	ot_buf_add_u64(out, node->begin.seq);
	ot_buf_addc(out, '\n');
}

static void print_thread(const struct ot_logview *view, const struct tree *tree, uint32_t tid,
			 size_t first)
{
	bool any = false;

	for (size_t i = first; i < tree->nodes.nr; i++) {
		const struct node *node = &tree->nodes.items[i];

		if (node->begin.tid != tid)
			continue;
		if (!any)
			ot_buf_addf(view->out, "thread %u\n", tid);
		any = true;
		node_line(view, node);
	}
}

void ot_logview_tree(const struct ot_logview *view)
{
	struct tree tree = {0};
	struct walk walk;
	size_t first;

	walk_begin(&walk, view);
	while (walk_next(&walk))
		take_event(&tree, &walk);
	walk_end(&walk);
	if (!tree.nodes.nr)
		nothing(view);
	first = tree.nodes.nr > view->nr_max ? tree.nodes.nr - (size_t)view->nr_max : 0;
	for (size_t i = 0; i < tree.threads.nr; i++)
		print_thread(view, &tree, tree.threads.items[i], first);
	ot_vec_deinit(&tree.nodes);
	ot_vec_deinit(&tree.threads);
	ot_map_deinit(&tree.by_seq);
}

/* ------------------------------------------------------------------ sums */

struct sum {
	const struct ot_fn *fn;
	uint64_t calls;
	uint64_t ended;
	uint64_t total_ns;
	uint64_t self_ns;
	uint64_t min_ns;
	uint64_t max_ns;
};

/* A call inside another of the same function is in its time already. By depth, so that a lost record
 * does no more harm than that of its own call. */
static bool is_outermost(struct ot_map *outer, const struct walk *walk)
{
	const struct ot_call_event *event = &walk->event;
	uint64_t key = ((uint64_t)event->tid << 32 | walk->trace->fn->index) + 1;
	uintptr_t depth = (uintptr_t)ot_map_get(outer, key);

	if (event->kind == OT_CALL_ENTER) {
		if (event->end_expected && (!depth || depth >= event->depth))
			ot_map_set(outer, key, (void *)(uintptr_t)event->depth);
		return true;
	}
	if (depth && depth < event->depth)
		return false;
	ot_map_set(outer, key, NULL);
	return true;
}

static void add_event(struct ot_map *sums, struct ot_map *outer, const struct walk *walk)
{
	const struct ot_call_event *event = &walk->event;
	uint64_t key = (uint64_t)walk->trace->fn->index + 1, ns;
	struct sum *sum = ot_map_get(sums, key);
	bool outermost;

	if (event->is_unmatched)
		return;
	outermost = is_outermost(outer, walk);
	if (!sum) {
		sum = ot_alloc(sizeof(*sum));
		sum->fn = walk->trace->fn;
		sum->min_ns = UINT64_MAX;
		ot_map_set(sums, key, sum);
	}
	if (event->kind == OT_CALL_ENTER) {
		sum->calls++;
		return;
	}
	if (!event->begin_known)
		return;
	ns = event->time_ns > event->begin_ns ? event->time_ns - event->begin_ns : 0;
	sum->ended++;
	if (outermost)
		sum->total_ns += ns;
	sum->self_ns += event->self_ns;
	sum->min_ns = ns < sum->min_ns ? ns : sum->min_ns;
	sum->max_ns = ns > sum->max_ns ? ns : sum->max_ns;
}

static int by_total(const void *a, const void *b)
{
	const struct sum *sa = *(const struct sum *const *)a, *sb = *(const struct sum *const *)b;

	if (sa->total_ns != sb->total_ns)
		return sa->total_ns < sb->total_ns ? 1 : -1;
	return strcmp(sa->fn->unique_name, sb->fn->unique_name);
}

static void column(struct ot_buf *out, uint64_t ns)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	ot_event_duration(ns, &text);
	ot_buf_addf(out, " %11s", ot_buf_text(&text));
}

static void sum_line(const struct sum *sum, struct ot_buf *out)
{
	ot_buf_addf(out, "%10llu", (ull)sum->calls);
	if (sum->ended) {
		column(out, sum->total_ns);
		column(out, sum->self_ns);
		column(out, sum->min_ns);
		column(out, sum->max_ns);
	} else {
		ot_buf_addf(out, " %11s %11s %11s %11s", "-", "-", "-", "-");
	}
	ot_buf_addf(out, "  %s\n", sum->fn->unique_name);
}

static void sum_json(const struct sum *sum, struct ot_buf *json)
{
	ot_buf_adds(json, json->len > 1 ? ",{\"function\":" : "{\"function\":");
	ot_buf_add_json(json, sum->fn->unique_name, strlen(sum->fn->unique_name));
	ot_buf_addf(json, ",\"calls\":%llu,\"ended\":%llu,\"total_ns\":%llu,\"self_ns\":%llu",
		    (ull)sum->calls, (ull)sum->ended, (ull)sum->total_ns, (ull)sum->self_ns);
	if (sum->ended)
		ot_buf_addf(json, ",\"min_ns\":%llu,\"max_ns\":%llu", (ull)sum->min_ns,
			    (ull)sum->max_ns);
	ot_buf_addc(json, '}');
}

static void print_sums(const struct ot_logview *view, const struct ot_map *sums)
{
	ot_auto_free struct sum **sorted = ot_alloc((sums->nr + 1) * sizeof(*sorted));
	struct ot_map_slot *slot;
	size_t at = 0, nr = 0;

	while ((slot = ot_map_next(sums, &at)))
		sorted[nr++] = slot->value;
	qsort(sorted, nr, sizeof(*sorted), by_total);
	ot_buf_addc(view->json, '[');
	if (nr)
		ot_buf_addf(view->out, "%10s %11s %11s %11s %11s  %s\n", "calls", "total", "self",
			    "min", "max", "function");
	for (size_t i = 0; i < nr; i++) {
		sum_line(sorted[i], view->out);
		sum_json(sorted[i], view->json);
		free(sorted[i]);
	}
	ot_buf_addc(view->json, ']');
}

void ot_logview_sums(const struct ot_logview *view)
{
	struct ot_map sums = {0}, outer = {0};
	struct walk walk;

	walk_begin(&walk, view);
	while (walk_next(&walk))
		if (walk.trace)
			add_event(&sums, &outer, &walk);
	walk_end(&walk);
	if (!sums.nr)
		nothing(view);
	print_sums(view, &sums);
	if (view->nr_lost)
		ot_cmd_note(view->call, "%llu records were lost and are not counted",
			    (ull)view->nr_lost);
	ot_map_deinit(&sums);
	ot_map_deinit(&outer);
}
