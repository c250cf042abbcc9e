// SPDX-License-Identifier: BSD-2-Clause
// The store: making contexts of events and parts, and letting the oldest go.
#include <stdio.h>
#include <string.h>

#include "contexts/internal.h"
#include "stream/clock.h"

#define SPARE_MAX 32u
#define SPARE_MAX_BYTES (256u * 1024u) /* of one: what was large is given back */
#define PARTS_MAX_BYTES (1u << 20)     /* of one: the runtime's limit is a quarter of it */

static const struct {
	const char *name;
	const char *prefix;
} kinds[OT_NR_CONTEXT_KINDS] = {
	[OT_CONTEXT_TRACES] = {"traces", "tr-"},
	[OT_CONTEXT_BREAKS] = {"breaks", "br-"},
	[OT_CONTEXT_EXCEPTIONS] = {"exceptions", "ex-"},
	[OT_CONTEXT_ASSERTS] = {"asserts", "as-"},
	[OT_CONTEXT_TAGS] = {"tags", "tg-"},
	[OT_CONTEXT_HOLDS] = {"holds", "hd-"},
};

const char *ot_context_kind_name(enum ot_context_kind kind)
{
	return kinds[kind].name;
}

int ot_context_kind_of(const char *name)
{
	for (size_t i = 0; i < OT_NR(kinds); i++)
		if (!strcmp(name, kinds[i].name))
			return (int)i;
	return -1;
}

/* An id has its time behind the label. */
static bool is_id_begun(const char *word)
{
	const char *colon = strrchr(word, ':');

	for (size_t i = 0; colon && i < OT_NR(kinds); i++)
		if (!strncmp(colon + 1, kinds[i].prefix, strlen(kinds[i].prefix)))
			return true;
	return false;
}

struct ot_err *ot_context_explain_id(struct ot_err *err, const char *word)
{
	return is_id_begun(word)
		       ? ot_err_suffix(err,
				       "; an id with blanks or > in it needs quotes, and its last "
				       "number is enough")
		       : err;
}

/* ------------------------------------------------------------------ life */

struct ot_contexts *ot_contexts_create(struct ot_target *target)
{
	struct ot_contexts *contexts = ot_alloc(sizeof(*contexts));

	contexts->target = target;
	contexts->files = ot_mapped_files_create(target);
	ot_contexts_set_limits(contexts, OT_CONTEXTS_MAX_RECENT, OT_CONTEXTS_MAX_BYTES);
	return contexts;
}

void ot_context_forget_looks(struct ot_context *context)
{
	for (size_t i = 0; i < OT_NR(context->views); i++) {
		ot_target_close(context->views[i]);
		context->views[i] = NULL;
	}
	ot_context_frames_destroy(context->frames);
	context->frames = NULL;
}

static void destroy(struct ot_context *context)
{
	ot_context_forget_looks(context);
	ot_buf_deinit(&context->enter);
	ot_buf_deinit(&context->leave);
	ot_buf_deinit(&context->memory);
	ot_buf_deinit(&context->texts);
	ot_vec_deinit(&context->pieces);
	free(context->damage);
	free(context->related);
	free(context);
}

static void slot_destroy(struct ot_context_slot *slot)
{
	ot_buf_deinit(&slot->enter_bytes);
	ot_buf_deinit(&slot->end_bytes);
	free(slot);
}

void ot_contexts_destroy(struct ot_contexts *contexts)
{
	const struct ot_map_slot *at;
	size_t i = 0;

	if (!contexts)
		return;
	while ((at = ot_map_next(&contexts->by_seq, &i)))
		destroy(at->value);
	for (i = 0; (at = ot_map_next(&contexts->slots, &i));)
		slot_destroy(at->value);
	while (contexts->spare) {
		struct ot_context *next = contexts->spare->older;

		destroy(contexts->spare);
		contexts->spare = next;
	}
	ot_map_deinit(&contexts->by_seq);
	ot_map_deinit(&contexts->slots);
	ot_vec_deinit(&contexts->listing);
	ot_mapped_files_destroy(contexts->files);
	free(contexts);
}

void ot_contexts_set_filer(struct ot_contexts *contexts, ot_contexts_filer filer, void *priv)
{
	contexts->filer = filer;
	contexts->filer_priv = priv;
}

void ot_contexts_set_relater(struct ot_contexts *contexts, ot_contexts_relater relater, void *priv)
{
	contexts->relater = relater;
	contexts->relater_priv = priv;
}

void ot_contexts_save_all(struct ot_contexts *contexts, enum ot_context_kind kind, bool saved)
{
	contexts->saved_kinds &= ~(1u << kind);
	contexts->saved_kinds |= (unsigned int)saved << kind;
}

void ot_contexts_look(struct ot_contexts *contexts)
{
	if (contexts)
		ot_mapped_files_look(contexts->files);
}

/* ------------------------------------------------------------------ shelves */

static void put(struct ot_contexts *contexts, struct ot_context *context)
{
	struct ot_context_shelf *shelf = &contexts->shelves[context->kind];

	context->older = shelf->newest;
	context->newer = NULL;
	if (shelf->newest)
		shelf->newest->newer = context;
	else
		shelf->oldest = context;
	shelf->newest = context;
	shelf->nr_recent++;
	ot_map_set(&contexts->by_seq, context->seq, context);
}

static void take_off(struct ot_contexts *contexts, struct ot_context *context)
{
	struct ot_context_shelf *shelf = &contexts->shelves[context->kind];

	if (context->older)
		context->older->newer = context->newer;
	else
		shelf->oldest = context->newer;
	if (context->newer)
		context->newer->older = context->older;
	else
		shelf->newest = context->older;
}

static void charge(struct ot_contexts *contexts, struct ot_context *context)
{
	size_t bytes = sizeof(*context) + context->enter.len + context->leave.len +
		       context->memory.len + context->pieces.nr * sizeof(*context->pieces.items);

	if (!context->charged_bytes)
		return;
	contexts->bytes += bytes - context->charged_bytes;
	context->charged_bytes = bytes;
}

/* It is not among the recent ones any more. */
static void retire(struct ot_contexts *contexts, struct ot_context *context)
{
	if (!context->charged_bytes)
		return;
	contexts->bytes -= context->charged_bytes;
	contexts->shelves[context->kind].nr_recent--;
	context->charged_bytes = 0;
}

static void recycle(struct ot_contexts *contexts, struct ot_context *context)
{
	ot_context_forget_looks(context);
	free(ot_take(context->damage));
	free(ot_take(context->related));
	if (contexts->nr_spare >= SPARE_MAX || context->memory.cap > SPARE_MAX_BYTES) {
		destroy(context);
		return;
	}
	context->older = contexts->spare;
	contexts->spare = context;
	contexts->nr_spare++;
}

void ot_contexts_delete(struct ot_contexts *contexts, struct ot_context *context)
{
	if (contexts->browsed == context)
		contexts->browsed = NULL;
	if (context->is_changed && contexts->watch.goes)
		contexts->watch.goes(contexts->watch.priv, context);
	retire(contexts, context);
	take_off(contexts, context);
	ot_map_remove(&contexts->by_seq, context->seq);
	recycle(contexts, context);
}

static bool may_go(const struct ot_contexts *contexts, const struct ot_context *context)
{
	return context->charged_bytes && !context->is_pinned && contexts->browsed != context;
}

static struct ot_context *oldest_of(const struct ot_contexts *contexts, size_t kind)
{
	struct ot_context *context = contexts->shelves[kind].oldest;

	while (context && !may_go(contexts, context))
		context = context->newer;
	return context;
}

/* Of those of which there are most, so that a flood of one kind takes nothing of the others. */
static struct ot_context *oldest_of_largest(const struct ot_contexts *contexts)
{
	struct ot_context *best = NULL;
	size_t most = 0;

	for (size_t kind = 0; kind < OT_NR_CONTEXT_KINDS; kind++) {
		struct ot_context *context = oldest_of(contexts, kind);

		if (context && contexts->shelves[kind].nr_recent > most) {
			most = contexts->shelves[kind].nr_recent;
			best = context;
		}
	}
	return best;
}

static void evict(struct ot_contexts *contexts, struct ot_context *context)
{
	contexts->nr_evicted++;
	if (contexts->evicted)
		contexts->evicted(contexts->evicted_priv, context->seq);
	if (context->is_saved)
		retire(contexts, context);
	else
		ot_contexts_delete(contexts, context);
}

/* @newest has just grown and is not to go for it. */
static void keep_limits(struct ot_contexts *contexts, const struct ot_context *newest)
{
	struct ot_context *context;

	while (contexts->shelves[newest->kind].nr_recent > contexts->max_recent) {
		context = oldest_of(contexts, newest->kind);
		if (!context || context == newest)
			break;
		evict(contexts, context);
	}
	while (contexts->bytes > contexts->max_bytes) {
		context = oldest_of_largest(contexts);
		if (!context || context == newest)
			break;
		evict(contexts, context);
	}
}

void ot_contexts_set_limits(struct ot_contexts *contexts, unsigned int max_recent,
			    uint64_t max_bytes)
{
	contexts->max_recent = max_recent ? max_recent : 1;
	contexts->max_bytes = max_bytes;
	for (size_t kind = 0; kind < OT_NR_CONTEXT_KINDS; kind++)
		if (contexts->shelves[kind].newest)
			keep_limits(contexts, contexts->shelves[kind].newest);
}

/* ------------------------------------------------------------------ making */

static struct ot_context *fresh(struct ot_contexts *contexts)
{
	struct ot_context *context = contexts->spare, empty = {0};

	if (!context)
		return ot_alloc(sizeof(*context));
	contexts->spare = context->older;
	contexts->nr_spare--;
	empty.enter = context->enter;
	empty.leave = context->leave;
	empty.memory = context->memory;
	empty.texts = context->texts;
	empty.pieces.items = context->pieces.items;
	empty.pieces.cap = context->pieces.cap;
	*context = empty;
	ot_buf_reset(&context->enter);
	ot_buf_reset(&context->leave);
	ot_buf_reset(&context->memory);
	ot_buf_reset(&context->texts);
	return context;
}

/* As a component of a path, and as a part of an id. */
static void add_component(struct ot_buf *out, const char *text)
{
	for (; *text; text++)
		ot_buf_addc(out, *text == '/' || *text == ':' ? '_' : *text);
}

/* "price:tr-call:TIME.SEQ", then the function and the label for themselves. */
static void write_texts(struct ot_context *context, const char *function, const char *label)
{
	struct ot_buf *out = &context->texts;
	size_t name, function_at, label_at;

	add_component(out, function);
	ot_buf_addc(out, ':');
	ot_buf_adds(out, kinds[context->kind].prefix);
	add_component(out, label);
	ot_buf_addc(out, ':');
	name = out->len;
	ot_buf_adds(out, ot_clock_text(context->call_time_ns));
	ot_buf_addc(out, '.');
	ot_buf_add_u64(out, context->seq);
	ot_buf_addc(out, '\0');
	function_at = out->len;
	add_component(out, function);
	ot_buf_addc(out, '\0');
	label_at = out->len;
	add_component(out, label);
	context->id = out->data;
	context->name = out->data + name;
	context->function = out->data + function_at;
	context->label = out->data + label_at;
}

static void file(struct ot_contexts *contexts, struct ot_context *context, const char *function,
		 enum ot_context_kind kind, const char *label)
{
	context->kind = kind;
	context->store = contexts;
	context->is_saved = contexts->saved_kinds >> kind & 1;
	context->order = ++contexts->nr_made;
	write_texts(context, function, label && *label ? label : "call");
	put(contexts, context);
	context->charged_bytes = 1;
	contexts->bytes++;
	charge(contexts, context);
	keep_limits(contexts, context);
	ot_contexts_look(contexts);
}

/* For who writes contexts down: once until it has done so. */
static void note_change(struct ot_contexts *contexts, struct ot_context *context)
{
	if (context->is_changed || !contexts->watch.changed)
		return;
	context->is_changed = true;
	contexts->watch.changed(contexts->watch.priv, context);
}

static void take_end(struct ot_context *context, const struct ot_call_event *event)
{
	context->ended = event->kind;
	context->return_time_ns = event->time_ns;
	context->duration_ns = event->begin_known && event->time_ns > event->begin_ns
				       ? event->time_ns - event->begin_ns
				       : 0;
	context->flags |= event->flags;
	context->more.related = event->related;
	context->more.related_seq = event->related_seq;
	ot_buf_reset(&context->leave);
	if (event->kind == OT_CALL_RETURN && event->nr_bytes)
		ot_buf_add(&context->leave, event->captures, event->nr_bytes);
}

/* A call that was left otherwise than by returning is what one looks for: it has a kind of its own. */
static const char *abnormal_label(enum ot_call_event_kind ended)
{
	if (ended == OT_CALL_UNWOUND)
		return "exception";
	return ended == OT_CALL_ABANDONED ? "abandoned" : NULL;
}

static void file_as_exception(struct ot_contexts *contexts, struct ot_context *context)
{
	ot_auto_free char *function = ot_strdup(context->function);

	take_off(contexts, context);
	contexts->shelves[context->kind].nr_recent--;
	context->kind = OT_CONTEXT_EXCEPTIONS;
	context->order = ++contexts->nr_made;
	ot_buf_reset(&context->texts);
	write_texts(context, function, abnormal_label(context->ended));
	put(contexts, context);
	keep_limits(contexts, context);
}

/* A ring goes to another thread when its own has ended. */
static void name_thread(struct ot_context *context, const struct otrace_ring *ring)
{
	if (ring && ring->owner_tid == context->tid)
		memcpy(context->thread_name, ring->thread_name, sizeof(context->thread_name) - 1);
}

static void note_related(const struct ot_contexts *contexts, struct ot_context *context,
			 const struct ot_context_slot *slot)
{
	struct ot_buf lines = OT_BUF_INIT;

	if (contexts->relater)
		contexts->relater(contexts->relater_priv, slot->trace, &slot->enter, &lines);
	context->related = lines.len ? ot_buf_take(&lines) : NULL;
	ot_buf_deinit(&lines);
}

static struct ot_context *make_of(struct ot_contexts *contexts, const struct ot_context_slot *slot,
				  uint32_t matched)
{
	struct ot_context_filing filing = {0};
	struct ot_context *context = fresh(contexts);
	const struct ot_call_event *enter = &slot->enter;

	context->seq = enter->seq;
	context->fn = slot->trace->fn;
	context->plan = slot->trace->plan;
	context->tid = enter->tid;
	name_thread(context, slot->ring);
	context->depth = enter->depth;
	context->parent_seq = enter->parent_seq;
	context->parent_trace_id = enter->parent_trace_id;
	context->parent_time_ns = enter->parent_time_ns;
	context->call_time_ns = enter->call_time_ns;
	context->flags = enter->flags;
	context->ended = OT_CALL_ENTER;
	context->is_late = slot->has_end;
	if (slot->enter_bytes.len)
		ot_buf_add(&context->enter, slot->enter_bytes.data, slot->enter_bytes.len);
	if (slot->has_end)
		take_end(context, &slot->end);
	note_related(contexts, context, slot);
	if (contexts->filer)
		contexts->filer(contexts->filer_priv, slot->trace, matched, &filing);
	file(contexts, context, context->fn->unique_name, filing.kind, ot_buf_text(&filing.label));
	ot_buf_deinit(&filing.label);
	if (abnormal_label(context->ended) && context->kind == OT_CONTEXT_TRACES)
		file_as_exception(contexts, context);
	return context;
}

struct ot_context *ot_contexts_make(struct ot_contexts *contexts,
				    const struct ot_context_made *made)
{
	struct ot_context *context;

	if (ot_map_get(&contexts->by_seq, made->seq))
		return NULL;
	context = fresh(contexts);
	context->seq = made->seq;
	context->fn = made->fn;
	context->tid = made->tid;
	context->call_time_ns = made->time_ns;
	context->is_frame = true;
	context->is_crash = made->registers != NULL;
	if (made->registers)
		memcpy(context->more.registers, made->registers, sizeof(context->more.registers));
	context->parent_seq = made->parent_seq;
	context->ended = OT_CALL_ENTER;
	file(contexts, context, made->fn ? made->fn->unique_name : made->function, made->kind,
	     made->label);
	note_change(contexts, context);
	return context;
}

struct ot_context *ot_contexts_insert(struct ot_contexts *contexts, const struct ot_context *like)
{
	struct ot_context *context;

	if (ot_map_get(&contexts->by_seq, like->seq))
		return NULL;
	context = ot_alloc(sizeof(*context));
	*context = *like;
	context->is_unread = true;
	file(contexts, context, like->function, like->kind, like->label);
	return context;
}

/* ------------------------------------------------------------------ events */

static const struct otrace_ring *ring_of(const struct ot_contexts *contexts, uint32_t tid)
{
	const struct otrace_area *area = contexts->target ? ot_target_area(contexts->target) : NULL;

	for (uint32_t i = 0; area && i < area->nr_rings; i++) {
		const struct otrace_ring *ring =
			(const void *)((const char *)area + area->rings_offset +
				       i * area->ring_stride_bytes);

		if (ring->owner_tid == tid)
			return ring;
	}
	return NULL;
}

static struct ot_context_slot *slot_of(struct ot_contexts *contexts, uint32_t tid)
{
	if (contexts->last && contexts->last_tid == tid)
		return contexts->last;
	contexts->last = ot_map_get(&contexts->slots, (uint64_t)tid + 1);
	contexts->last_tid = tid;
	if (!contexts->last) {
		contexts->last = ot_alloc(sizeof(*contexts->last));
		contexts->last->ring = ring_of(contexts, tid);
		ot_map_set(&contexts->slots, (uint64_t)tid + 1, contexts->last);
	}
	return contexts->last;
}

/* The bytes go with the record: they are copied, into room that is there already. */
static void keep_event(const struct ot_call_event *event, struct ot_call_event *to,
		       struct ot_buf *bytes)
{
	*to = *event;
	ot_buf_reset(bytes);
	if (event->nr_bytes)
		ot_buf_add(bytes, event->captures, event->nr_bytes);
	to->captures = bytes->data;
}

static bool wants_copies(const struct ot_trace *trace, uint32_t matched)
{
	for (uint32_t i = 0; i < trace->nr_rules; i++)
		if (matched >> i & 1 && trace->rules[i]->copies)
			return true;
	return false;
}

/* Of a call that was left and decided then nothing could be copied: its arguments are what there is. */
static bool is_all_there_is(const struct ot_context_slot *slot, const struct ot_call_event *end)
{
	return end->kind == OT_CALL_ABANDONED && slot->enter.is_late &&
	       wants_copies(slot->trace, slot->enter.matched);
}

static void begin(struct ot_context_slot *slot, const struct ot_trace *trace,
		  const struct ot_call_event *event)
{
	/* another trace matches at the end of the same call, whose arguments are there */
	bool again = slot->trace && slot->enter.seq == event->seq;

	slot->trace = trace;
	slot->has_end = false;
	if (!again || event->nr_bytes)
		keep_event(event, &slot->enter, &slot->enter_bytes);
}

void ot_contexts_call(struct ot_contexts *contexts, const struct ot_trace *trace,
		      const struct ot_call_event *event)
{
	struct ot_context_slot *slot;
	struct ot_context *context;

	/* without a rule nobody asked for contexts: most calls of a flood */
	if (!trace || event->kind == OT_CALL_LOST || !event->matched)
		return;
	slot = slot_of(contexts, event->tid);
	if (event->kind == OT_CALL_ENTER) {
		begin(slot, trace, event);
		return;
	}
	context = contexts->by_seq.nr ? ot_map_get(&contexts->by_seq, event->seq) : NULL;
	if (context) {
		take_end(context, event);
		charge(contexts, context);
		/* where somebody is the path stays */
		if (abnormal_label(context->ended) && context->kind == OT_CONTEXT_TRACES &&
		    may_go(contexts, context))
			file_as_exception(contexts, context);
		note_change(contexts, context);
	} else if (slot->trace && slot->enter.seq == event->seq) {
		slot->has_end = true;
		keep_event(event, &slot->end, &slot->end_bytes);
		if (is_all_there_is(slot, event))
			note_change(contexts, make_of(contexts, slot, slot->enter.matched));
		else if (contexts->watch.ended)
			contexts->watch.ended(contexts->watch.priv, event);
	} else if (contexts->watch.ended) {
		contexts->watch.ended(contexts->watch.priv, event);
	}
}

/* ------------------------------------------------------------------ parts */

static void take_copy(struct ot_context *context, const struct otrace_rec_copy *copy, size_t room)
{
	size_t bytes = copy->bytes < room ? copy->bytes : room;
	struct ot_context_piece piece = {.address = copy->address,
					 .offset = (uint32_t)context->memory.len,
					 .bytes = (uint32_t)bytes,
					 .flags = copy->flags};

	if (!bytes || context->memory.len + bytes > PARTS_MAX_BYTES)
		return;
	ot_buf_add(&context->memory, copy + 1, bytes);
	ot_vec_push(&context->pieces, piece);
}

/* REGISTERS do not say which end they are of: they are the first of it, or those of the end. */
static void take_registers(struct ot_context *context, const struct otrace_rec_registers *rec)
{
	struct ot_context_end *end = &context->ends[context->ends[0].has_place || context->is_late];

	ot_context_frames_destroy(ot_take(context->frames));
	end->has_registers = true;
	memcpy(end->registers, rec->values, sizeof(end->registers));
}

static void take_place(struct ot_context *context, const struct otrace_rec_place *place)
{
	struct ot_context_end *end = &context->ends[(place->flags & OTRACE_COPY_AT_END) != 0];

	end->has_place = true;
	end->cpu = place->cpu;
	end->error = place->error;
	end->left_out = place->left_out;
}

static void take_part(struct ot_context *context, const struct otrace_rec *rec)
{
	size_t bytes = rec->nr_words * 8u;

	if (rec->type == OTRACE_REC_COPY && bytes >= sizeof(struct otrace_rec_copy))
		take_copy(context, (const void *)rec, bytes - sizeof(struct otrace_rec_copy));
	else if (rec->type == OTRACE_REC_REGISTERS && bytes >= sizeof(struct otrace_rec_registers))
		take_registers(context, (const void *)rec);
	else if (rec->type == OTRACE_REC_PLACE && bytes >= sizeof(struct otrace_rec_place))
		take_place(context, (const void *)rec);
}

static bool is_at_end(const struct otrace_rec *rec)
{
	if (rec->type == OTRACE_REC_COPY)
		return ((const struct otrace_rec_copy *)rec)->flags & OTRACE_COPY_AT_END;
	return rec->type == OTRACE_REC_PLACE &&
	       ((const struct otrace_rec_place *)rec)->flags & OTRACE_COPY_AT_END;
}

/* A call that had a context which was pushed out gets no other for what comes at its end. */
static bool may_begin(const struct ot_context_slot *slot, const struct otrace_rec *rec)
{
	if (!slot->trace || slot->enter.seq != rec->call_seq)
		return false;
	if (rec->type == OTRACE_REC_PLACE &&
	    ((const struct otrace_rec_place *)rec)->flags & OTRACE_PLACE_SPARED)
		return false;
	return slot->has_end ? slot->enter.is_late : !is_at_end(rec);
}

void ot_contexts_part(struct ot_contexts *contexts, uint32_t tid, const struct otrace_rec *rec)
{
	struct ot_context *context = ot_map_get(&contexts->by_seq, rec->call_seq);
	const struct ot_context_slot *slot;

	if (!context) {
		slot = slot_of(contexts, tid);
		if (!may_begin(slot, rec)) {
			contexts->nr_astray++;
			return;
		}
		context = make_of(contexts, slot, slot->enter.matched);
	}
	take_part(context, rec);
	charge(contexts, context);
	note_change(contexts, context);
	keep_limits(contexts, context);
}

/* ------------------------------------------------------------------ finding */

struct ot_context *ot_contexts_by_seq(const struct ot_contexts *contexts, uint64_t seq)
{
	return ot_map_get(&contexts->by_seq, seq);
}

/* What stands behind the last dot is unique; the rest must fit, but for the label, which log lines shorten. */
struct ot_context *ot_contexts_by_id(const struct ot_contexts *contexts, const char *id)
{
	const char *dot = strrchr(id, '.'), *colon = strrchr(id, ':');
	struct ot_context *context;
	char *end;
	uint64_t seq = dot ? strtoull(dot + 1, &end, 10) : 0;

	if (!seq || *end || !colon)
		return NULL;
	context = ot_map_get(&contexts->by_seq, seq);
	if (!context || strcmp(colon + 1, context->name) != 0)
		return NULL;
	return !strncmp(id, context->function, strlen(context->function)) ? context : NULL;
}

struct ot_context *ot_contexts_newest(const struct ot_contexts *contexts, int kind)
{
	struct ot_context *best = NULL;

	for (int i = 0; i < (int)OT_NR_CONTEXT_KINDS; i++) {
		struct ot_context *context = contexts->shelves[i].newest;

		while (context && !context->charged_bytes)
			context = context->older;
		if (context && (kind < 0 || kind == i) && (!best || context->order > best->order))
			best = context;
	}
	return best;
}

static int compare_order(const void *a, const void *b)
{
	const struct ot_context *left = *(struct ot_context *const *)a;
	const struct ot_context *right = *(struct ot_context *const *)b;

	return (left->order > right->order) - (left->order < right->order);
}

struct ot_context *const *ot_contexts_list(struct ot_contexts *contexts, int kind, bool saved,
					   size_t *nr_ret)
{
	contexts->listing.nr = 0;
	for (int i = 0; i < (int)OT_NR_CONTEXT_KINDS; i++)
		for (struct ot_context *context = contexts->shelves[i].oldest; context;
		     context = context->newer)
			if ((kind < 0 || kind == i) &&
			    (saved ? context->is_saved : context->charged_bytes != 0))
				ot_vec_push(&contexts->listing, context);
	if (kind < 0 && contexts->listing.nr)
		qsort(contexts->listing.items, contexts->listing.nr,
		      sizeof(*contexts->listing.items), compare_order);
	*nr_ret = contexts->listing.nr;
	return contexts->listing.items;
}

void ot_contexts_on_evicted(struct ot_contexts *contexts, void (*evicted)(void *priv, uint64_t seq),
			    void *priv)
{
	contexts->evicted = evicted;
	contexts->evicted_priv = priv;
}

uint64_t ot_contexts_nr_evicted(const struct ot_contexts *contexts)
{
	return contexts->nr_evicted;
}

uint64_t ot_contexts_nr_astray(const struct ot_contexts *contexts)
{
	return contexts->nr_astray;
}

uint64_t ot_contexts_bytes(const struct ot_contexts *contexts)
{
	return contexts->bytes;
}

/* ------------------------------------------------------------------ keeping */

void ot_contexts_pin(struct ot_contexts *contexts, uint64_t seq, bool pinned)
{
	struct ot_context *context = ot_map_get(&contexts->by_seq, seq);

	if (context)
		context->is_pinned = pinned;
}

void ot_contexts_browse(struct ot_contexts *contexts, struct ot_context *context)
{
	contexts->browsed = context;
}

void ot_contexts_save(struct ot_contexts *contexts, struct ot_context *context)
{
	(void)contexts;
	context->is_saved = true;
}
