/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/vec.h"
#include "stream/clock.h"
#include "stream/event.h"
#include "stream/holds.h"
#include "target/target.h"

/* Between a call's begin and its hold lie few others that may be held. */
#define NR_LAST 256u

struct last {
	uint64_t seq;
	uint64_t call_time_ns;
};

struct ot_holds {
	const struct ot_traces *traces;
	OT_VEC(struct ot_hold) holds;
	uint64_t nr_ever;
	struct last last[NR_LAST];
};

struct ot_holds *ot_holds_create(const struct ot_traces *traces)
{
	struct ot_holds *holds = ot_alloc(sizeof(*holds));

	holds->traces = traces;
	return holds;
}

void ot_holds_destroy(struct ot_holds *holds)
{
	if (!holds)
		return;
	ot_vec_deinit(&holds->holds);
	free(holds);
}

/* ------------------------------------------------------------------ records */

static bool may_hold(const struct ot_trace *trace, uint32_t matched)
{
	for (uint32_t i = 0; i < trace->nr_rules; i++)
		if (matched & 1u << i && trace->rules[i]->head.action == OTRACE_ACTION_HOLD)
			return true;
	return false;
}

void ot_holds_call(struct ot_holds *holds, const struct ot_trace *trace,
		   const struct ot_call_event *event)
{
	if (event->kind == OT_CALL_ENTER && trace && may_hold(trace, event->matched))
		holds->last[event->seq % NR_LAST] = (struct last){event->seq, event->call_time_ns};
}

static size_t index_of(const struct ot_holds *holds, uint64_t seq)
{
	size_t i = 0;

	while (i < holds->holds.nr && holds->holds.items[i].seq != seq)
		i++;
	return i;
}

static void drop(struct ot_holds *holds, size_t at)
{
	struct ot_hold *items = holds->holds.items;

	if (at < holds->holds.nr)
		memmove(items + at, items + at + 1, (--holds->holds.nr - at) * sizeof(*items));
}

static uint64_t begin_of(const struct ot_holds *holds, uint64_t seq, uint64_t otherwise_ns)
{
	const struct last *last = &holds->last[seq % NR_LAST];

	return last->seq == seq ? last->call_time_ns : otherwise_ns;
}

static void copy_label(struct ot_hold *hold, const char *label)
{
	memcpy(hold->label, label, sizeof(hold->label));
	hold->label[sizeof(hold->label) - 1] = '\0';
}

static void feed_held(struct ot_holds *holds, const struct otrace_rec_held *rec,
		      struct ot_hold_event *ret)
{
	uint64_t seq = rec->rec.call_seq;

	ret->hold = (struct ot_hold){
		.seq = seq,
		.trace_id = rec->rec.trace_id,
		.tid = rec->tid,
		.counter = rec->counter,
		.call_time_ns = begin_of(holds, seq, ret->time_ns),
		.since_ns = ret->time_ns,
		.deadline_ns = rec->deadline_ns,
	};
	copy_label(&ret->hold, rec->label);
	drop(holds, index_of(holds, seq));
	ot_vec_push(&holds->holds, ret->hold);
	holds->nr_ever++;
}

static void feed_released(struct ot_holds *holds, uint32_t tid,
			  const struct otrace_rec_released *rec, struct ot_hold_event *ret)
{
	uint64_t seq = rec->rec.call_seq;
	const struct ot_hold *known = ot_holds_find(holds, seq);

	ret->is_over = true;
	ret->waited_ns = rec->waited_ns;
	ret->reason = rec->reason;
	if (known) {
		ret->hold = *known;
		drop(holds, index_of(holds, seq));
		return;
	}
	ret->hold = (struct ot_hold){.seq = seq,
				     .trace_id = rec->rec.trace_id,
				     .tid = tid,
				     .call_time_ns = begin_of(holds, seq, ret->time_ns)};
	copy_label(&ret->hold, rec->label);
}

bool ot_holds_feed(struct ot_holds *holds, uint32_t tid, const struct otrace_rec *rec,
		   uint64_t time_ns, struct ot_hold_event *ret)
{
	size_t bytes = rec->nr_words * 8u;

	memset(ret, 0, sizeof(*ret));
	ret->time_ns = time_ns;
	if (rec->type == OTRACE_REC_HELD && bytes >= sizeof(struct otrace_rec_held))
		feed_held(holds, (const void *)rec, ret);
	else if (rec->type == OTRACE_REC_RELEASED && bytes >= sizeof(struct otrace_rec_released))
		feed_released(holds, tid, (const void *)rec, ret);
	else
		return false;
	return ot_traces_by_id(holds->traces, rec->trace_id) != NULL;
}

void ot_holds_clear(struct ot_holds *holds)
{
	holds->holds.nr = 0;
}

const struct ot_hold *ot_holds_list(const struct ot_holds *holds, size_t *nr_ret)
{
	*nr_ret = holds->holds.nr;
	return holds->holds.items;
}

const struct ot_hold *ot_holds_find(const struct ot_holds *holds, uint64_t seq)
{
	size_t at = index_of(holds, seq);

	return at < holds->holds.nr ? &holds->holds.items[at] : NULL;
}

uint64_t ot_holds_nr_ever(const struct ot_holds *holds)
{
	return holds->nr_ever;
}

/* ------------------------------------------------------------------ the runtime */

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct ot_hold from_wire(const struct ot_holds *holds, const struct otrace_held *what,
				uint64_t monotonic_ns)
{
	const struct ot_hold *known = ot_holds_find(holds, what->call_seq);
	struct ot_hold ret = {
		.seq = what->call_seq,
		.trace_id = what->trace_id,
		.tid = what->tid,
		.counter = what->counter,
		.since_ns = now_ns(CLOCK_REALTIME) - (monotonic_ns - what->since_ns),
		.deadline_ns = what->deadline_ns,
	};

	if (known)
		return *known;
	ret.call_time_ns = begin_of(holds, ret.seq, ret.since_ns);
	copy_label(&ret, what->label);
	return ret;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct ot_hold *)a)->since_ns;
	uint64_t y = ((const struct ot_hold *)b)->since_ns;

	return x < y ? -1 : x > y;
}

static void replace(struct ot_holds *holds, const struct otrace_held_list *list,
		    const struct otrace_held *what)
{
	struct ot_hold *items = ot_alloc((list->nr + 1) * sizeof(*items));

	for (uint32_t i = 0; i < list->nr; i++) {
		holds->nr_ever += !ot_holds_find(holds, what[i].call_seq);
		items[i] = from_wire(holds, &what[i], list->now_ns);
	}
	qsort(items, list->nr, sizeof(*items), by_time);
	free(holds->holds.items);
	holds->holds.items = items;
	holds->holds.nr = list->nr;
	holds->holds.cap = list->nr + 1;
}

struct ot_err *ot_holds_sync(struct ot_holds *holds, struct ot_target *target,
			     struct otrace_held_list *list_ret)
{
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;
	struct otrace_held_list list;

	OT_TRY(ot_target_ask(target, OTRACE_MSG_HELD, NULL, 0, &reply));
	if (reply.len < sizeof(list))
		return ot_err_new(OT_ERR_DAMAGED, "the runtime's answer is too short");
	memcpy(&list, reply.data, sizeof(list));
	if (list.nr > (reply.len - sizeof(list)) / sizeof(struct otrace_held))
		return ot_err_new(OT_ERR_DAMAGED, "the runtime's answer is too short");
	replace(holds, &list, (const void *)(reply.data + sizeof(list)));
	if (list_ret)
		*list_ret = list;
	return NULL;
}

static struct ot_err *release(struct ot_target *target, const struct otrace_release *which,
			      const uint64_t *seqs, size_t nr, uint32_t *nr_ret)
{
	ot_auto_buf struct ot_buf request = OT_BUF_INIT, reply = OT_BUF_INIT;

	ot_buf_add(&request, which, sizeof(*which));
	if (nr)
		ot_buf_add(&request, seqs, nr * sizeof(*seqs));
	OT_TRY(ot_target_ask(target, OTRACE_MSG_RELEASE, request.data, request.len, &reply));
	if (nr_ret && reply.len >= sizeof(*nr_ret))
		memcpy(nr_ret, reply.data, sizeof(*nr_ret));
	return NULL;
}

struct ot_err *ot_holds_release(struct ot_target *target, const uint64_t *seqs, size_t nr,
				enum otrace_released reason, uint32_t *nr_ret)
{
	struct otrace_release which = {.reason = reason};

	return release(target, &which, seqs, nr, nr_ret);
}

struct ot_err *ot_holds_untraced(struct ot_target *target, uint32_t counter)
{
	struct otrace_release which = {.flags = OTRACE_RELEASE_COUNTER,
				       .counter = counter,
				       .reason = OTRACE_RELEASED_UNTRACED};

	return release(target, &which, NULL, 0, NULL);
}

/* ------------------------------------------------------------------ text */

static const struct ot_fn *fn_of(const struct ot_holds *holds, uint32_t trace_id)
{
	const struct ot_trace *trace = ot_traces_by_id(holds->traces, trace_id);

	return trace ? trace->fn : NULL;
}

/* An id has no blanks, no colons and no slashes in its parts. */
static void add_label(const char *label, struct ot_buf *out)
{
	for (; *label; label++)
		ot_buf_addc(out, *label <= ' ' || strchr(":/", *label) ? '_' : *label);
}

void ot_hold_id(const struct ot_holds *holds, const struct ot_hold *hold, struct ot_buf *out)
{
	const struct ot_fn *fn = fn_of(holds, hold->trace_id);

	ot_buf_adds(out, fn ? fn->unique_name : "?");
	ot_buf_adds(out, ":hd-");
	add_label(hold->label, out);
	ot_buf_addc(out, ':');
	ot_buf_adds(out, ot_clock_text(hold->call_time_ns));
	ot_buf_addc(out, '.');
	ot_buf_add_u64(out, hold->seq);
}

static const char *reason_word(enum otrace_released reason)
{
	static const char *const words[] = {
		[OTRACE_RELEASED_SHELL] = "resume",	   [OTRACE_RELEASED_DEADLINE] = "deadline",
		[OTRACE_RELEASED_GONE] = "detach",	   [OTRACE_RELEASED_UNTRACED] = "untrace",
		[OTRACE_RELEASED_ENDING] = "end",	   [OTRACE_RELEASED_EVICTED] = "evicted",
		[OTRACE_RELEASED_CANCELLED] = "cancelled", [OTRACE_RELEASED_NO_LOOP] = "no loop",
		[OTRACE_RELEASED_FULL] = "too many",
	};

	return (size_t)reason < OT_NR(words) && words[reason] ? words[reason] : "unknown";
}

/* What is left of it; 0 = none, or over. */
static uint64_t time_left(const struct ot_hold *hold)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	return hold->deadline_ns > now ? hold->deadline_ns - now : 0;
}

static void text_over(const struct ot_hold_event *event, struct ot_buf *out)
{
	if (event->reason == OTRACE_RELEASED_NO_LOOP) {
		ot_buf_addf(out,
			    " goes on: thread %u has no event loop that could take it up again "
			    "(otrace_hold_fd() in otrace/otrace.h)\n",
			    event->hold.tid);
		return;
	}
	if (event->reason == OTRACE_RELEASED_FULL) {
		ot_buf_adds(out, " goes on: as many are held already as can be\n");
		return;
	}
	ot_buf_adds(out, event->reason == OTRACE_RELEASED_CANCELLED
				 ? " was given up by the program  ("
				 : " goes on  (");
	ot_event_duration(event->waited_ns, out);
	ot_buf_addf(out, ", %s)\n", reason_word(event->reason));
}

void ot_hold_text(const struct ot_holds *holds, const struct ot_hold_event *event,
		  struct ot_buf *out)
{
	const struct ot_hold *hold = &event->hold;

	ot_hold_id(holds, hold, out);
	if (event->is_over) {
		text_over(event, out);
		return;
	}
	ot_buf_adds(out, " is held until resume");
	if (hold->deadline_ns) {
		ot_buf_adds(out, " or for ");
		ot_event_duration(time_left(hold), out);
	}
	ot_buf_addc(out, '\n');
}

static void json_end(const struct ot_hold_event *event, struct ot_buf *out)
{
	if (event->is_over) {
		ot_buf_adds(out, ",\"waited_ns\":");
		ot_buf_add_u64(out, event->waited_ns);
		ot_buf_addf(out, ",\"reason\":\"%s\"", reason_word(event->reason));
		return;
	}
	ot_buf_adds(out, ",\"left_ns\":");
	if (event->hold.deadline_ns)
		ot_buf_add_u64(out, time_left(&event->hold));
	else
		ot_buf_adds(out, "null");
}

void ot_hold_json(const struct ot_holds *holds, const struct ot_hold_event *event, int pid,
		  struct ot_buf *out)
{
	const struct ot_hold *hold = &event->hold;
	const struct ot_fn *fn = fn_of(holds, hold->trace_id);
	ot_auto_buf struct ot_buf id = OT_BUF_INIT;

	ot_hold_id(holds, hold, &id);
	ot_buf_addf(out, "{\"event\":\"%s\",\"id\":", event->is_over ? "release" : "hold");
	ot_buf_add_json(out, id.data, id.len);
	ot_buf_adds(out, ",\"function\":");
	ot_buf_add_json(out, fn ? fn->name : "?", fn ? strlen(fn->name) : 1);
	ot_buf_adds(out, ",\"label\":");
	ot_buf_add_json(out, hold->label, strlen(hold->label));
	ot_buf_addf(out, ",\"pid\":%d,\"thread\":%u,\"time_ns\":", pid, hold->tid);
	ot_buf_add_u64(out, event->time_ns);
	json_end(event, out);
	ot_buf_adds(out, "}\n");
}
