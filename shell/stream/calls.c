/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/map.h"
#include "base/vec.h"
#include "stream/calls.h"

struct open_call {
	uint64_t seq;
	uint64_t time_ns;
	uint64_t begin_ns; /* behind the copying of a context */
	uint64_t parent_seq;
	uint64_t inner_ns; /* spent in recorded calls made inside */
	uint32_t trace_id;
	uint32_t depth;
	uint32_t matched;
};

/** A call that ended without returning. */
struct bad_end {
	enum ot_call_event_kind kind;
	uint64_t seq;
	uint64_t time_ns; /* of its begin */
	uint32_t trace_id;
	uint64_t exception; /* UNWOUND; 0 = not known */
	uint64_t words[2];
};

/* What runs while an exception passes, such as a destructor, may throw and catch others. */
#define BAD_ENDS 8u
/* With others a record may be of another shape. */
#define USUAL_FLAGS \
	(OTRACE_REC_FLAG_NO_ARGS | OTRACE_REC_FLAG_REDIRECTED | OTRACE_REC_FLAG_TRUNCATED)

struct thread {
	OT_VEC(struct open_call) open; /* innermost last */
	struct bad_end bad[BAD_ENDS];  /* the newest at nr_bad - 1 */
	uint64_t nr_bad;	       /* ever */
};

struct ot_calls {
	struct ot_map threads; /* tid + 1 -> struct thread */
	uint32_t last_tid;
	struct thread *last; /* of last_tid: records of one thread come in rows */
};

struct ot_calls *ot_calls_create(void)
{
	return ot_alloc(sizeof(struct ot_calls));
}

void ot_calls_destroy(struct ot_calls *calls)
{
	struct ot_map_slot *slot;
	size_t at = 0;

	if (!calls)
		return;
	while ((slot = ot_map_next(&calls->threads, &at))) {
		struct thread *thread = slot->value;

		ot_vec_deinit(&thread->open);
		free(thread);
	}
	ot_map_deinit(&calls->threads);
	free(calls);
}

static struct thread *thread_of(struct ot_calls *calls, uint32_t tid)
{
	struct thread *thread;

	if (calls->last && calls->last_tid == tid)
		return calls->last;
	thread = ot_map_get(&calls->threads, (uint64_t)tid + 1);
	if (!thread) {
		thread = ot_alloc(sizeof(*thread));
		ot_map_set(&calls->threads, (uint64_t)tid + 1, thread);
	}
	calls->last = thread;
	calls->last_tid = tid;
	return thread;
}

/* The runtime says how deep a new call is: what is open at that depth or below has ended without a
 * record that we saw. */
static void close_over(struct thread *thread, uint32_t depth)
{
	while (thread->open.nr && thread->open.items[thread->open.nr - 1].depth >= depth)
		thread->open.nr--;
}

/* The numbers of a thread's calls grow, so those that are open lie in order. */
static const struct open_call *find_open(const struct thread *thread, uint64_t seq)
{
	size_t low = 0, high = thread->open.nr;

	if (high && thread->open.items[high - 1].seq == seq)
		return &thread->open.items[high - 1];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (thread->open.items[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < thread->open.nr && thread->open.items[low].seq == seq)
		return &thread->open.items[low];
	return NULL;
}

static void name_parent(const struct thread *thread, struct ot_call_event *ret)
{
	const struct open_call *parent =
		ret->parent_seq ? find_open(thread, ret->parent_seq) : NULL;

	if (!parent)
		return;
	ret->parent_trace_id = parent->trace_id;
	ret->parent_time_ns = parent->time_ns;
}

static void feed_enter(struct thread *thread, const struct otrace_rec_enter *enter,
		       struct ot_call_event *ret)
{
	ret->kind = OT_CALL_ENTER;
	ret->depth = enter->depth;
	ret->parent_seq = enter->parent_seq;
	ret->matched = enter->matched;
	ret->is_late = enter->rec.type == OTRACE_REC_LATE;
	if (ret->is_late)
		ret->call_time_ns = ((const struct otrace_rec_late *)enter)->begin_tsc;
	ret->begin_ns = ret->call_time_ns;
	ret->begin_known = true;
	ret->end_expected = enter->rec.type != OTRACE_REC_ENTER_ONLY;
	close_over(thread, enter->depth);
	name_parent(thread, ret);
	if (ret->end_expected) {
		struct open_call call = {.seq = ret->seq,
					 .time_ns = ret->call_time_ns,
					 .begin_ns = ret->call_time_ns,
					 .parent_seq = ret->parent_seq,
					 .trace_id = ret->trace_id,
					 .depth = ret->depth,
					 .matched = ret->matched};

		ot_vec_push(&thread->open, call);
	}
}

/* Another trace of the function has the call from its beginning on. */
static bool feed_late_again(struct thread *thread, const struct otrace_rec_enter *enter,
			    struct ot_call_event *ret)
{
	const struct open_call *call = find_open(thread, ret->seq);
	uint32_t before;

	if (!call)
		return false;
	before = call->matched;
	thread->open.items[call - thread->open.items].matched |= enter->matched;
	ret->kind = OT_CALL_ENTER;
	ret->depth = call->depth;
	ret->parent_seq = call->parent_seq;
	ret->call_time_ns = call->time_ns;
	ret->begin_ns = call->begin_ns;
	ret->begin_known = true;
	ret->matched = enter->matched;
	ret->matched_before = before;
	ret->is_late = true;
	ret->end_expected = true;
	name_parent(thread, ret);
	return true;
}

/* Only this one: on the stacks of coroutines ends come in any order. What is above it is one less
 * deep from now on, for the runtime too. */
static void close_one(struct thread *thread, size_t at)
{
	struct open_call *items = thread->open.items;

	thread->open.nr--;
	for (size_t i = at; i < thread->open.nr; i++) {
		items[i] = items[i + 1];
		items[i].depth--;
	}
}

static void feed_end(struct thread *thread, struct ot_call_event *ret)
{
	const struct open_call *call = find_open(thread, ret->seq);
	uint64_t duration;
	size_t at;

	ret->call_time_ns = ret->time_ns;
	ret->begin_ns = ret->time_ns;
	if (!call)
		return;
	duration = ret->time_ns > call->begin_ns ? ret->time_ns - call->begin_ns : 0;
	ret->begin_known = true;
	ret->depth = call->depth;
	ret->parent_seq = call->parent_seq;
	ret->call_time_ns = call->time_ns;
	ret->begin_ns = call->begin_ns;
	ret->matched = call->matched;
	ret->self_ns = duration > call->inner_ns ? duration - call->inner_ns : 0;
	at = (size_t)(call - thread->open.items);
	close_one(thread, at);
	if (at)
		thread->open.items[at - 1].inner_ns += duration;
	name_parent(thread, ret);
}

/* It was never open here, and nothing ends with it. */
static void feed_unmatched(const struct thread *thread, const struct otrace_rec_enter *rec,
			   struct ot_call_event *ret)
{
	ret->is_unmatched = true;
	ret->depth = rec->depth;
	ret->parent_seq = rec->parent_seq;
	ret->begin_ns = ret->time_ns;
	name_parent(thread, ret);
}

/* ------------------------------------------------------------------ ends that belong together */

static void relate(const struct bad_end *inner, enum ot_call_related how, struct ot_call_event *ret)
{
	ret->related = how;
	ret->related_seq = inner->seq;
	ret->related_trace_id = inner->trace_id;
	ret->related_time_ns = inner->time_ns;
}

/*
 * The numbers of a thread's calls grow: one that ended before and has the larger one was made inside of this. If its
 * exception was on the way to the same handler, and this is not where it was caught, it went through here.
 */
static void relate_unwound(const struct thread *thread, const struct bad_end *mine,
			   struct ot_call_event *ret)
{
	uint64_t first = thread->nr_bad > BAD_ENDS ? thread->nr_bad - BAD_ENDS : 0;

	for (uint64_t i = thread->nr_bad; mine->exception && i > first; i--) {
		const struct bad_end *inner = &thread->bad[(i - 1) % BAD_ENDS];
		bool same = inner->words[0] == mine->words[0] && inner->words[1] == mine->words[1];

		if (inner->kind != OT_CALL_UNWOUND || inner->exception != mine->exception ||
		    inner->seq <= mine->seq)
			continue;
		relate(inner, same ? OT_CALL_RELATED : OT_CALL_MAYBE_RELATED, ret);
		return;
	}
}

static void relate_abandoned(const struct thread *thread, struct ot_call_event *ret)
{
	const struct bad_end *inner;

	if (!(ret->flags & OTRACE_REC_FLAG_TOGETHER) || !thread->nr_bad)
		return;
	inner = &thread->bad[(thread->nr_bad - 1) % BAD_ENDS];
	if (inner->kind == OT_CALL_ABANDONED && inner->seq > ret->seq)
		relate(inner, OT_CALL_RELATED, ret);
}

static void take_bad_end(struct thread *thread, const struct otrace_rec *rec,
			 struct ot_call_event *ret)
{
	const struct otrace_rec_unwound *unwound = (const void *)rec;
	struct bad_end mine = {.kind = ret->kind,
			       .seq = ret->seq,
			       .time_ns = ret->call_time_ns,
			       .trace_id = ret->trace_id};

	if (ret->kind == OT_CALL_UNWOUND && rec->nr_words * 8u >= sizeof(*unwound) &&
	    !(rec->flags & ~USUAL_FLAGS)) {
		mine.exception = unwound->exception;
		memcpy(mine.words, unwound->words, sizeof(mine.words));
	}
	if (ret->kind == OT_CALL_UNWOUND)
		relate_unwound(thread, &mine, ret);
	else
		relate_abandoned(thread, ret);
	thread->bad[thread->nr_bad++ % BAD_ENDS] = mine;
}

/* Its number was taken at its end and says nothing of where it lay: nothing is related across it. */
static void forget_bad_end(struct thread *thread)
{
	thread->bad[thread->nr_bad++ % BAD_ENDS] = (struct bad_end){.kind = OT_CALL_RETURN};
}

/* ------------------------------------------------------------------ feeding */

void ot_calls_part(struct ot_calls *calls, uint32_t tid, const struct otrace_rec *part,
		   uint64_t time_ns)
{
	const struct otrace_rec_place *place = (const void *)part;
	struct thread *thread = thread_of(calls, tid);
	const struct open_call *call;

	/* behind a break the function begins; one at its end finds the call closed */
	if (part->type != OTRACE_REC_RESUMED &&
	    (part->type != OTRACE_REC_PLACE || part->nr_words * 8u < sizeof(*place) ||
	     place->flags & OTRACE_COPY_AT_END))
		return;
	call = find_open(thread, part->call_seq);
	if (call && time_ns > call->begin_ns)
		thread->open.items[call - thread->open.items].begin_ns = time_ns;
}

static bool is_begin(unsigned int type)
{
	return type == OTRACE_REC_ENTER || type == OTRACE_REC_ENTER_ONLY || type == OTRACE_REC_LATE;
}

static bool is_unmatched(const struct otrace_rec *rec)
{
	return rec->flags & OTRACE_REC_FLAG_UNMATCHED &&
	       rec->nr_words * 8u >= sizeof(struct otrace_rec_enter) &&
	       (rec->type == OTRACE_REC_ABANDONED || rec->type == OTRACE_REC_UNWOUND);
}

void ot_calls_feed(struct ot_calls *calls, uint32_t tid, const struct otrace_rec *rec,
		   uint64_t time_ns, struct ot_call_event *ret)
{
	static const enum ot_call_event_kind ends[] = {
		[OTRACE_REC_LEAVE] = OT_CALL_RETURN,
		[OTRACE_REC_ABANDONED] = OT_CALL_ABANDONED,
		[OTRACE_REC_UNWOUND] = OT_CALL_UNWOUND,
	};
	struct thread *thread = thread_of(calls, tid);
	size_t bytes = rec->nr_words * 8u, head = sizeof(*rec);

	memset(ret, 0, sizeof(*ret));
	ret->trace_id = rec->trace_id;
	ret->tid = tid;
	ret->flags = rec->flags;
	ret->seq = rec->call_seq;
	ret->time_ns = time_ns;
	ret->call_time_ns = time_ns;
	if (is_begin(rec->type)) {
		head = rec->type == OTRACE_REC_LATE ? sizeof(struct otrace_rec_late)
						    : sizeof(struct otrace_rec_enter);
		if (bytes >= head && !(rec->type == OTRACE_REC_LATE &&
				       feed_late_again(thread, (const void *)rec, ret)))
			feed_enter(thread, (const void *)rec, ret);
	} else {
		ret->kind = rec->type < OT_NR(ends) ? ends[rec->type] : OT_CALL_ABANDONED;
		if (is_unmatched(rec)) {
			head = sizeof(struct otrace_rec_enter);
			feed_unmatched(thread, (const void *)rec, ret);
			forget_bad_end(thread);
		} else {
			feed_end(thread, ret);
			if (ret->kind != OT_CALL_RETURN)
				take_bad_end(thread, rec, ret);
		}
	}
	ret->captures = (const char *)rec + head;
	ret->nr_bytes = bytes > head ? bytes - head : 0;
}

void ot_calls_gap(struct ot_calls *calls, uint32_t tid)
{
	thread_of(calls, tid)->nr_bad = 0;
}

void ot_calls_lost(struct ot_calls *calls, uint32_t tid, uint64_t lost, uint64_t time_ns,
		   struct ot_call_event *ret)
{
	(void)calls;
	memset(ret, 0, sizeof(*ret));
	ret->kind = OT_CALL_LOST;
	ret->tid = tid;
	ret->lost = lost;
	ret->time_ns = time_ns;
	ret->call_time_ns = time_ns;
}

static void tell_open(const struct thread *thread, uint32_t tid, const struct open_call *call,
		      void (*each)(void *priv, const struct ot_call_event *event), void *priv)
{
	struct ot_call_event event = {
		.kind = OT_CALL_ENTER,
		.trace_id = call->trace_id,
		.tid = tid,
		.depth = call->depth,
		.begin_known = true,
		.end_expected = true,
		.seq = call->seq,
		.parent_seq = call->parent_seq,
		.time_ns = call->time_ns,
		.call_time_ns = call->time_ns,
	};

	name_parent(thread, &event);
	each(priv, &event);
}

void ot_calls_each_open(const struct ot_calls *calls,
			void (*each)(void *priv, const struct ot_call_event *event), void *priv)
{
	struct ot_map_slot *slot;
	size_t at = 0;

	while ((slot = ot_map_next(&calls->threads, &at))) {
		const struct thread *thread = slot->value;

		for (size_t i = 0; i < thread->open.nr; i++)
			tell_open(thread, (uint32_t)(slot->key - 1), &thread->open.items[i], each,
				  priv);
	}
}
