/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/vec.h"
#include "stream/clock.h"
#include "stream/event.h"
#include "stream/parked.h"
#include "target/target.h"

/* Threads that go on by what the runtime says, and whose record of that is to come. */
#define GOING_MOST 512u

/* A break's record follows that of its call in the thread: so the last call of a few threads is enough. */
#define NR_LAST 64u

struct last {
	uint64_t seq;
	uint64_t call_time_ns;
};

/* What a thread is called that waits in an assertion. */
struct asserting {
	uint64_t seq;
	char *function;
	char *label;
};

struct threads {
	struct ot_parked_thread *items;
	size_t nr;
	size_t cap;
};

struct ot_parked {
	const struct ot_traces *traces;
	struct threads threads;
	struct threads going;
	uint64_t nr_breaks;
	bool unsure;
	bool unattended;
	struct last last[NR_LAST];
	OT_VEC(struct asserting) asserting;
};

struct ot_parked *ot_parked_create(const struct ot_traces *traces)
{
	struct ot_parked *parked = ot_alloc(sizeof(*parked));

	parked->traces = traces;
	return parked;
}

static void forget_assert(struct ot_parked *parked, size_t at)
{
	struct asserting *items = parked->asserting.items;

	free(items[at].function);
	free(items[at].label);
	items[at] = items[--parked->asserting.nr];
}

static const struct asserting *find_assert(const struct ot_parked *parked, uint64_t seq)
{
	for (size_t i = 0; i < parked->asserting.nr; i++)
		if (parked->asserting.items[i].seq == seq)
			return &parked->asserting.items[i];
	return NULL;
}

void ot_parked_destroy(struct ot_parked *parked)
{
	if (!parked)
		return;
	while (parked->asserting.nr)
		forget_assert(parked, 0);
	ot_vec_deinit(&parked->asserting);
	ot_vec_deinit(&parked->threads);
	ot_vec_deinit(&parked->going);
	free(parked);
}

/* ------------------------------------------------------------------ records */

void ot_parked_call(struct ot_parked *parked, const struct ot_call_event *event)
{
	if (event->kind != OT_CALL_LOST)
		parked->last[event->tid % NR_LAST] = (struct last){event->seq, event->call_time_ns};
}

/* Those whose records of going on were lost go when there are many. */
void ot_parked_assert(struct ot_parked *parked, const struct ot_assert *assert)
{
	ot_auto_buf struct ot_buf label = OT_BUF_INIT;
	struct asserting asserting = {.seq = assert->seq, .function = ot_strdup(assert->function)};

	ot_assert_label(assert, &label);
	asserting.label = ot_strdup(ot_buf_text(&label));
	if (parked->asserting.nr == GOING_MOST)
		forget_assert(parked, 0);
	ot_vec_push(&parked->asserting, asserting);
}

void ot_parked_crash(struct ot_parked *parked, uint64_t seq, const char *function,
		     const char *signal)
{
	struct asserting crashed = {
		.seq = seq, .function = ot_strdup(function), .label = ot_strdup(signal)};

	if (parked->asserting.nr == GOING_MOST)
		forget_assert(parked, 0);
	ot_vec_push(&parked->asserting, crashed);
}

static size_t index_of(const struct threads *threads, uint64_t seq)
{
	size_t i = 0;

	while (i < threads->nr && threads->items[i].seq != seq)
		i++;
	return i;
}

static void drop(struct threads *threads, size_t at)
{
	struct ot_parked_thread *items = threads->items;

	memmove(items + at, items + at + 1, (--threads->nr - at) * sizeof(*items));
}

static bool take(struct threads *threads, uint64_t seq, struct ot_parked_thread *ret)
{
	size_t at = index_of(threads, seq);

	if (at == threads->nr)
		return false;
	*ret = threads->items[at];
	drop(threads, at);
	return true;
}

static void feed_parked(struct ot_parked *parked, const struct otrace_rec_parked *rec,
			struct ot_parked_event *ret)
{
	const struct last *last = &parked->last[rec->tid % NR_LAST];
	struct ot_parked_thread before;

	take(&parked->threads, rec->rec.call_seq, &before);
	ret->thread = (struct ot_parked_thread){
		.seq = rec->rec.call_seq,
		.trace_id = rec->rec.trace_id,
		.tid = rec->tid,
		.counter = rec->counter,
		.action = rec->action,
		.at_end = rec->at_end,
		.call_time_ns = last->seq == rec->rec.call_seq ? last->call_time_ns : ret->time_ns,
		.since_ns = ret->time_ns,
		.deadline_ns = rec->deadline_ns,
	};
	ot_vec_push(&parked->threads, ret->thread);
	parked->nr_breaks++;
}

static void feed_resumed(struct ot_parked *parked, uint32_t tid,
			 const struct otrace_rec_resumed *rec, struct ot_parked_event *ret)
{
	ret->goes_on = true;
	ret->waited_ns = rec->waited_ns;
	ret->reason = rec->reason;
	if (take(&parked->threads, rec->rec.call_seq, &ret->thread) ||
	    take(&parked->going, rec->rec.call_seq, &ret->thread))
		return;
	ret->thread = (struct ot_parked_thread){.seq = rec->rec.call_seq,
						.trace_id = rec->rec.trace_id,
						.tid = tid,
						.call_time_ns = ret->time_ns};
}

bool ot_parked_feed(struct ot_parked *parked, uint32_t tid, const struct otrace_rec *rec,
		    uint64_t time_ns, struct ot_parked_event *ret)
{
	size_t bytes = rec->nr_words * 8u;

	memset(ret, 0, sizeof(*ret));
	ret->time_ns = time_ns;
	if (rec->type == OTRACE_REC_PARKED && bytes >= sizeof(struct otrace_rec_parked))
		feed_parked(parked, (const void *)rec, ret);
	else if (rec->type == OTRACE_REC_RESUMED && bytes >= sizeof(struct otrace_rec_resumed))
		feed_resumed(parked, tid, (const void *)rec, ret);
	else
		return false;
	ret->unattended = ret->goes_on && parked->unattended && !ret->thread.was_asked &&
			  ret->reason == OTRACE_RESUMED_SHELL;
	return !rec->trace_id || ot_traces_by_id(parked->traces, rec->trace_id);
}

void ot_parked_lost(struct ot_parked *parked)
{
	parked->unsure = true;
}

void ot_parked_unattended(struct ot_parked *parked)
{
	parked->unattended = true;
	for (size_t i = 0; i < parked->going.nr; i++)
		parked->going.items[i].was_asked = true;
}

void ot_parked_clear(struct ot_parked *parked)
{
	parked->threads.nr = parked->going.nr = 0;
	parked->unsure = false;
}

const struct ot_parked_thread *ot_parked_threads(const struct ot_parked *parked, size_t *nr_ret)
{
	*nr_ret = parked->threads.nr;
	return parked->threads.items;
}

const struct ot_parked_thread *ot_parked_find(const struct ot_parked *parked, uint64_t seq)
{
	size_t at = index_of(&parked->threads, seq);

	return at < parked->threads.nr ? &parked->threads.items[at] : NULL;
}

uint64_t ot_parked_nr_breaks(const struct ot_parked *parked)
{
	return parked->nr_breaks;
}

/* ------------------------------------------------------------------ the runtime */

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void add_known(struct ot_parked *parked, const struct otrace_parked *what,
		      uint64_t monotonic_ns, struct ot_parked_thread *ret)
{
	const struct ot_parked_thread *known = ot_parked_find(parked, what->call_seq);

	if (known) {
		*ret = *known;
		return;
	}
	*ret = (struct ot_parked_thread){
		.seq = what->call_seq,
		.trace_id = what->trace_id,
		.tid = what->tid,
		.counter = what->counter,
		.action = what->action,
		.at_end = what->at_end,
		.since_ns = now_ns(CLOCK_REALTIME) - (monotonic_ns - what->since_ns),
		.deadline_ns = what->deadline_ns,
	};
	ret->call_time_ns = ret->since_ns;
	parked->nr_breaks++;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct ot_parked_thread *)a)->since_ns;
	uint64_t y = ((const struct ot_parked_thread *)b)->since_ns;

	return x < y ? -1 : x > y;
}

static void keep_going(struct ot_parked *parked, const struct ot_parked_thread *thread,
		       const struct otrace_parked_list *list, const struct otrace_parked *what)
{
	for (uint32_t i = 0; i < list->nr; i++)
		if (what[i].call_seq == thread->seq)
			return;
	if (parked->going.nr == GOING_MOST)
		drop(&parked->going, 0);
	ot_vec_push(&parked->going, *thread);
}

static void replace(struct ot_parked *parked, const struct otrace_parked_list *list,
		    const struct otrace_parked *what)
{
	struct ot_parked_thread *threads = ot_alloc((list->nr + 1) * sizeof(*threads));

	for (uint32_t i = 0; i < list->nr; i++)
		add_known(parked, &what[i], list->now_ns, &threads[i]);
	qsort(threads, list->nr, sizeof(*threads), by_time);
	for (size_t i = 0; i < parked->threads.nr; i++)
		keep_going(parked, &parked->threads.items[i], list, what);
	free(parked->threads.items);
	parked->threads = (struct threads){threads, list->nr, list->nr + 1};
	parked->unsure = false;
}

struct ot_err *ot_parked_sync(struct ot_parked *parked, struct ot_target *target,
			      struct otrace_parked_list *list_ret)
{
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;
	struct otrace_parked_list list;
	size_t bytes;

	OT_TRY(ot_target_ask(target, OTRACE_MSG_PARKED, NULL, 0, &reply));
	if (reply.len < sizeof(list))
		return ot_err_new(OT_ERR_DAMAGED, "the runtime's answer is too short");
	memcpy(&list, reply.data, sizeof(list));
	bytes = reply.len - sizeof(list);
	if (list.nr > bytes / sizeof(struct otrace_parked))
		return ot_err_new(OT_ERR_DAMAGED, "the runtime's answer is too short");
	replace(parked, &list, (const void *)(reply.data + sizeof(list)));
	if (list_ret)
		*list_ret = list;
	return NULL;
}

void ot_parked_settle(struct ot_parked *parked, struct ot_target *target)
{
	if (parked->unsure)
		ot_err_destroy(ot_parked_sync(parked, target, NULL));
	parked->unsure = false;
}

static struct ot_err *resume(struct ot_target *target, const struct otrace_resume *which,
			     const uint64_t *seqs, size_t nr, uint32_t *nr_ret)
{
	ot_auto_buf struct ot_buf request = OT_BUF_INIT, reply = OT_BUF_INIT;

	ot_buf_add(&request, which, sizeof(*which));
	ot_buf_add(&request, seqs, nr * sizeof(*seqs));
	OT_TRY(ot_target_ask(target, OTRACE_MSG_RESUME, request.data, request.len, &reply));
	if (nr_ret && reply.len >= sizeof(*nr_ret))
		memcpy(nr_ret, reply.data, sizeof(*nr_ret));
	return NULL;
}

struct ot_err *ot_parked_resume(struct ot_target *target, const uint64_t *seqs, size_t nr,
				uint32_t *nr_ret)
{
	struct otrace_resume which = {.flags = 0};

	return resume(target, &which, seqs, nr, nr_ret);
}

struct ot_err *ot_parked_untraced(struct ot_target *target, uint32_t counter)
{
	struct otrace_resume which = {.flags = OTRACE_RESUME_COUNTER | OTRACE_RESUME_UNTRACED,
				      .counter = counter};

	return resume(target, &which, NULL, 0, NULL);
}

/* ------------------------------------------------------------------ text */

static const struct ot_fn *fn_of(const struct ot_parked *parked, uint32_t trace_id)
{
	const struct ot_trace *trace = ot_traces_by_id(parked->traces, trace_id);

	return trace ? trace->fn : NULL;
}

void ot_parked_id(const struct ot_parked *parked, const struct ot_parked_thread *thread,
		  struct ot_buf *out)
{
	const struct ot_fn *fn = fn_of(parked, thread->trace_id);
	const struct asserting *asserting = find_assert(parked, thread->seq);
	const struct ot_trace_request *request = ot_traces_request(parked->traces, thread->counter);

	ot_buf_adds(out, fn ? fn->unique_name : asserting ? asserting->function : "?");
	ot_buf_adds(out, ":br-");
	if (request && request->options.cond)
		ot_trace_label(request, out);
	else if (!thread->trace_id)
		ot_buf_adds(out, asserting ? asserting->label : "assert");
	else
		ot_buf_adds(out, thread->at_end ? "return" : "call");
	ot_buf_addc(out, ':');
	ot_buf_adds(out, ot_clock_text(thread->call_time_ns));
	ot_buf_addc(out, '.');
	ot_buf_add_u64(out, thread->seq);
}

const char *ot_parked_reason(enum otrace_resumed reason)
{
	switch (reason) {
	case OTRACE_RESUMED_SHELL:
		return "resume";
	case OTRACE_RESUMED_DEADLINE:
		return "deadline";
	case OTRACE_RESUMED_GONE:
		return "detach";
	case OTRACE_RESUMED_UNTRACED:
		return "untrace";
	case OTRACE_RESUMED_ENDING:
		return "end";
	case OTRACE_RESUMED_LOADER:
		return "loader";
	}
	return "unknown";
}

/* What is left of it; 0 = none, or over. */
static uint64_t time_left(const struct ot_parked_thread *thread)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	return thread->deadline_ns > now ? thread->deadline_ns - now : 0;
}

void ot_parked_text(const struct ot_parked *parked, const struct ot_parked_event *event,
		    struct ot_buf *out)
{
	const struct ot_parked_thread *thread = &event->thread;

	ot_parked_id(parked, thread, out);
	if (event->goes_on) {
		ot_buf_adds(out, " goes on  (");
		ot_event_duration(event->waited_ns, out);
		ot_buf_addf(out, ", %s)\n",
			    event->unattended ? "nobody is at the prompt"
					      : ot_parked_reason(event->reason));
		return;
	}
	ot_buf_addf(out, " waits: thread %u, until resume", thread->tid);
	if (thread->deadline_ns) {
		ot_buf_adds(out, " or for ");
		ot_event_duration(time_left(thread), out);
	}
	ot_buf_addc(out, '\n');
}

static void json_break(const struct ot_parked_thread *thread, struct ot_buf *out)
{
	ot_buf_addf(out, ",\"at\":\"%s\",\"action\":\"%s\",\"left_ns\":",
		    !thread->trace_id ? "assert"
		    : thread->at_end  ? "return"
				      : "call",
		    thread->action == OTRACE_ACTION_GDB ? "gdb" : "break");
	if (thread->deadline_ns)
		ot_buf_add_u64(out, time_left(thread));
	else
		ot_buf_adds(out, "null");
}

void ot_parked_json(const struct ot_parked *parked, const struct ot_parked_event *event, int pid,
		    struct ot_buf *out)
{
	const struct ot_parked_thread *thread = &event->thread;
	const struct ot_fn *fn = fn_of(parked, thread->trace_id);
	const struct asserting *asserting = find_assert(parked, thread->seq);
	const char *name = fn ? fn->name : asserting ? asserting->function : "?";
	ot_auto_buf struct ot_buf id = OT_BUF_INIT;

	ot_parked_id(parked, thread, &id);
	ot_buf_addf(out, "{\"event\":\"%s\",\"id\":", event->goes_on ? "resume" : "break");
	ot_buf_add_json(out, id.data, id.len);
	ot_buf_adds(out, ",\"function\":");
	ot_buf_add_json(out, name, strlen(name));
	ot_buf_addf(out, ",\"pid\":%d,\"thread\":%u,\"time_ns\":", pid, thread->tid);
	ot_buf_add_u64(out, event->time_ns);
	if (event->goes_on) {
		ot_buf_adds(out, ",\"waited_ns\":");
		ot_buf_add_u64(out, event->waited_ns);
		ot_buf_addf(out, ",\"reason\":\"%s\"",
			    event->unattended ? "unattended" : ot_parked_reason(event->reason));
	} else {
		json_break(thread, out);
	}
	ot_buf_adds(out, "}\n");
}
