/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is held has a place in a table. Its word says what it is doing and how often the place was used; whoever
 * changes it changes it from what it was when the place was looked at. The rest of a place is written by who has
 * taken it, and read by words: what was read is good if the word is still the same afterwards.
 */
#include <errno.h>

#include <otrace/otrace.h>

#include "base/mem.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/clock.h"
#include "core/hold.h"
#include "core/hooks.h"
#include "core/loops.h"
#include "core/record.h"
#include "core/requests.h"
#include "core/rules.h"
#include "core/server.h"

enum place_state { PLACE_FREE = 0, PLACE_TAKEN = 1, PLACE_HELD = 2, PLACE_DUE = 3 };

#define STATE_MASK 0xfu
#define REASON_SHIFT 4u
#define TURN_SHIFT 8u

struct held {
	struct otrace_held what;
	void (*resume)(void *arg);
	void *arg;
	const struct ot_arm *arm;
	uint64_t loop;
};

#define HELD_WORDS (sizeof(struct held) / sizeof(uint64_t))

struct place {
	uint32_t word; /* turn << 8 | enum otrace_released << 4 | enum place_state */
	uint64_t held[HELD_WORDS];
};

static struct place places[OT_HOLDS_MAX];
static uint32_t nr_taken;
static uint64_t next_deadline_ns; /* the oshell thread's: 0 = none */
static uint64_t nr_full, nr_no_loop;
static bool ended;

static enum place_state state_in(uint32_t word)
{
	return (enum place_state)(word & STATE_MASK);
}

static uint32_t word_of(const struct place *place)
{
	return __atomic_load_n(&place->word, __ATOMIC_ACQUIRE);
}

static uint32_t changed(uint32_t word, enum place_state state, uint32_t reason)
{
	return (word >> TURN_SHIFT) << TURN_SHIFT | reason << REASON_SHIFT | state;
}

static bool change(struct place *place, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&place->word, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

static struct place *take_place(uint32_t *word_ret)
{
	for (uint32_t i = 0; i < OT_HOLDS_MAX; i++) {
		uint32_t word = word_of(&places[i]);

		*word_ret = ((word >> TURN_SHIFT) + 1) << TURN_SHIFT | PLACE_TAKEN;
		if (state_in(word) != PLACE_FREE || !change(&places[i], word, *word_ret))
			continue;
		__atomic_fetch_add(&nr_taken, 1, __ATOMIC_SEQ_CST);
		return &places[i];
	}
	return NULL;
}

static bool give_back(struct place *place, uint32_t word)
{
	if (!change(place, word, changed(word, PLACE_FREE, 0)))
		return false;
	__atomic_fetch_sub(&nr_taken, 1, __ATOMIC_SEQ_CST);
	return true;
}

static void store(struct place *place, const struct held *held)
{
	const uint64_t *words = (const void *)held;

	for (unsigned i = 0; i < HELD_WORDS; i++)
		__atomic_store_n(&place->held[i], words[i], __ATOMIC_RELAXED);
}

/* What is held there under this word; false: nothing is any more. */
static bool load(const struct place *place, uint32_t word, struct held *ret)
{
	uint64_t *words = (void *)ret;

	if (state_in(word) < PLACE_HELD)
		return false;
	for (unsigned i = 0; i < HELD_WORDS; i++)
		words[i] = __atomic_load_n(&place->held[i], __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return word_of(place) == word;
}

/* ------------------------------------------------------------------ records */

/* The thread is held; what is not in the head is written by the caller. */
static void *begin_record(struct ot_thread *thread, const struct held *held, uint64_t bytes)
{
	struct otrace_rec *rec;

	if (!ot_record_room(thread, bytes, 0))
		return NULL;
	rec = ot_record_at(thread);
	rec->tsc = ot_clock_now();
	rec->call_seq = held->what.call_seq;
	return rec;
}

static void end_record(struct ot_thread *thread, const struct held *held, void *rec, uint64_t bytes,
		       unsigned type)
{
	ot_record_head(rec, OT_REC_HEAD(held->what.trace_id, bytes / 8, type, 0));
	ot_record_commit(thread, bytes);
}

static void write_held(struct ot_thread *thread, const struct held *held)
{
	struct otrace_rec_held *rec = begin_record(thread, held, sizeof(*rec));

	if (!rec)
		return;
	rec->tid = held->what.tid;
	rec->counter = held->what.counter;
	rec->deadline_ns = held->what.deadline_ns;
	ot_memcpy(rec->label, held->what.label, sizeof(rec->label));
	end_record(thread, held, rec, sizeof(*rec), OTRACE_REC_HELD);
}

static void write_released_in(struct ot_thread *thread, const struct held *held, uint32_t reason)
{
	struct otrace_rec_released *rec = begin_record(thread, held, sizeof(*rec));

	if (!rec)
		return;
	rec->waited_ns = ot_clock_syscall_ns() - held->what.since_ns;
	rec->reason = reason;
	rec->reserved = 0;
	ot_memcpy(rec->label, held->what.label, sizeof(rec->label));
	end_record(thread, held, rec, sizeof(*rec), OTRACE_REC_RELEASED);
}

static void write_released(const struct held *held, uint32_t reason)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0), before;
	struct ot_thread *thread = ot_thread_acquire(ot_thread_hook_at(here), held->arm, &before);

	if (!thread)
		return;
	write_released_in(thread, held, reason);
	ot_thread_give_back(thread, before);
}

/* ------------------------------------------------------------------ whose request it is */

/* Whether the call is running, and what of its rules wants its request held. A call is held once. */
static uint32_t rules_that_hold(const struct ot_open_call *call)
{
	struct otrace_frame frame;

	if (!call->arm->rules || !call->arm->rules->hold_mask ||
	    ot_safe_read(&frame, call->frame, sizeof(frame)) != sizeof(frame))
		return 0;
	if (frame.words[0] != call->seq || frame.words[1] != (uint64_t)call->arm ||
	    frame.words[3] != call->frame || (frame.words[2] & OT_FRAME_HELD))
		return 0;
	return (uint32_t)(frame.words[2] >> OT_FRAME_MATCHED_SHIFT) & call->arm->rules->hold_mask;
}

static const struct ot_open_call *find_call(const struct ot_thread *thread, uint32_t *rules_ret)
{
	for (const struct ot_open_call *call = thread->top; call > thread->open; call--) {
		*rules_ret = rules_that_hold(call);
		if (*rules_ret)
			return call;
	}
	return NULL;
}

static void describe(const struct ot_open_call *call, uint32_t rules, const char *label,
		     struct held *ret)
{
	const struct ot_rule *rule = &call->arm->rules->items[__builtin_ctz(rules)];
	uint64_t time_ns = rule->limit->deadline_ns;

	ret->arm = call->arm;
	ret->loop = ot_loop_here();
	ret->what = (struct otrace_held){
		.call_seq = call->seq,
		.tid = (uint32_t)ot_sys_gettid(),
		.counter = rule->counter,
		.trace_id = call->arm->trace_id,
		.since_ns = ot_clock_syscall_ns(),
	};
	if (time_ns && time_ns < UINT64_MAX - ret->what.since_ns)
		ret->what.deadline_ns = ret->what.since_ns + time_ns;
	ot_strcopy(ret->what.label, label ? label : "hold", sizeof(ret->what.label));
}

/* ------------------------------------------------------------------ holding */

static bool may_hold(uint32_t session)
{
	return ot_server_has_client() && ot_server_nr_clients() == session &&
	       !__atomic_load_n(&ended, __ATOMIC_SEQ_CST);
}

static int refuse(struct ot_thread *thread, const struct held *held, enum otrace_released reason)
{
	__atomic_fetch_add(reason == OTRACE_RELEASED_FULL ? &nr_full : &nr_no_loop, 1,
			   __ATOMIC_RELAXED);
	write_released_in(thread, held, reason);
	return 0;
}

static int hold(struct ot_thread *thread, const struct held *held, uint32_t session)
{
	struct place *place;
	uint32_t word, now;

	if (!held->loop)
		return refuse(thread, held, OTRACE_RELEASED_NO_LOOP);
	place = take_place(&word);
	if (!place)
		return refuse(thread, held, OTRACE_RELEASED_FULL);
	store(place, held);
	write_held(thread, held);
	now = changed(word, PLACE_HELD, 0);
	__atomic_store_n(&place->word, now, __ATOMIC_SEQ_CST);
	/* a shell that goes now finds it, or we find that it has gone */
	if (may_hold(session) || !give_back(place, now))
		return 1;
	write_released_in(thread, held, OTRACE_RELEASED_GONE);
	return 0;
}

static int hold_in(struct ot_thread *thread, struct held *held, const char *label)
{
	uint32_t session = ot_server_nr_clients(), rules;
	const struct ot_open_call *call = find_call(thread, &rules);

	if (!call || !may_hold(session))
		return 0;
	describe(call, rules, label, held);
	if (!hold(thread, held, session))
		return 0;
	((struct otrace_frame *)call->frame)->words[2] |= OT_FRAME_HELD;
	return 1;
}

int otrace_hold(const char *label, void (*resume)(void *arg), void *arg)
{
	struct ot_thread *thread = ot_tls.thread;
	struct held held = {.resume = resume, .arg = arg};
	const struct ot_open_call *top;
	uint64_t before;
	int ret;

	if (ot_likely(!thread || !thread->depth) || !resume || thread->depth > OT_OPEN_MAX)
		return 0;
	top = thread->top;
	if (!top || !top->arm) /* wiped meanwhile: a child of a handler's */
		return 0;
	thread = ot_thread_acquire(ot_thread_hook_at((uint64_t)__builtin_frame_address(0)),
				   top->arm, &before);
	if (!thread)
		return 0;
	ret = hold_in(thread, &held, label);
	ot_thread_give_back(thread, before);
	return ret;
}

/* ------------------------------------------------------------------ taking up again */

/* The one that was held first. */
static struct place *find_due(uint32_t loop, uint32_t *word_ret, struct held *ret)
{
	struct place *first = NULL;
	struct held held;

	for (uint32_t i = 0; i < OT_HOLDS_MAX; i++) {
		uint32_t word = word_of(&places[i]);

		if (state_in(word) != PLACE_DUE || !load(&places[i], word, &held) ||
		    held.loop != loop || (first && held.what.since_ns >= ret->what.since_ns))
			continue;
		first = &places[i];
		*word_ret = word;
		*ret = held;
	}
	return first;
}

int ot_hold_run(uint32_t loop)
{
	struct place *place;
	struct held held;
	uint32_t word;
	int nr = 0;

	if (!ot_loop_take_due(loop))
		return 0;
	while ((place = find_due(loop, &word, &held))) {
		if (!give_back(place, word))
			continue;
		write_released(&held, word >> REASON_SHIFT & STATE_MASK);
		held.resume(held.arg);
		nr++;
	}
	return nr;
}

int otrace_hold_run(void)
{
	uint32_t loop = ot_loop_here_or_new();

	ot_loop_drain();
	return ot_hold_run(loop);
}

int otrace_hold_cancel(void *arg)
{
	struct held held;
	int nr = 0;

	if (!__atomic_load_n(&nr_taken, __ATOMIC_SEQ_CST))
		return 0;
	for (uint32_t i = 0; i < OT_HOLDS_MAX; i++) {
		uint32_t word = word_of(&places[i]);

		if (!load(&places[i], word, &held) || held.arg != arg)
			continue;
		if (!give_back(&places[i], word)) {
			i--; /* it has just become due */
			continue;
		}
		write_released(&held, OTRACE_RELEASED_CANCELLED);
		nr++;
	}
	return nr;
}

/* ------------------------------------------------------------------ the oshell thread */

static bool let_go(struct place *place, uint32_t word, const struct held *held, uint32_t reason)
{
	if (state_in(word) != PLACE_HELD || !change(place, word, changed(word, PLACE_DUE, reason)))
		return false;
	ot_loop_wake((uint32_t)held->loop);
	return true;
}

static bool is_meant(const struct otrace_held *what, const struct otrace_release *wish,
		     const uint64_t *seqs, uint64_t nr)
{
	if (wish->flags & OTRACE_RELEASE_COUNTER)
		return what->counter == wish->counter;
	for (uint64_t i = 0; i < nr; i++)
		if (seqs[i] == what->call_seq)
			return true;
	return !nr;
}

static uint32_t let_go_of(const struct otrace_release *wish, const uint64_t *seqs, uint64_t nr)
{
	uint32_t nr_released = 0;
	struct held held;

	for (uint32_t i = 0; i < OT_HOLDS_MAX; i++) {
		uint32_t word = word_of(&places[i]);

		if (load(&places[i], word, &held) && is_meant(&held.what, wish, seqs, nr))
			nr_released += let_go(&places[i], word, &held, wish->reason);
	}
	return nr_released;
}

static void let_all_go(uint32_t reason)
{
	let_go_of(&(struct otrace_release){.reason = reason}, NULL, 0);
}

void ot_hold_shell_gone(void)
{
	let_all_go(OTRACE_RELEASED_GONE);
}

void ot_hold_end(void)
{
	__atomic_store_n(&ended, true, __ATOMIC_SEQ_CST);
	let_all_go(OTRACE_RELEASED_ENDING);
}

static void look_at(struct place *place, uint64_t now_ns)
{
	uint32_t word = word_of(place);
	struct held held;

	if (!load(place, word, &held))
		return;
	if (!ot_loop_is_there((uint32_t)held.loop)) {
		give_back(place, word);
		return;
	}
	if (state_in(word) != PLACE_HELD || !held.what.deadline_ns)
		return;
	if (held.what.deadline_ns <= now_ns)
		let_go(place, word, &held, OTRACE_RELEASED_DEADLINE);
	else if (!next_deadline_ns || held.what.deadline_ns < next_deadline_ns)
		next_deadline_ns = held.what.deadline_ns;
}

void ot_hold_look(void)
{
	uint64_t now_ns;

	next_deadline_ns = 0;
	if (!__atomic_load_n(&nr_taken, __ATOMIC_SEQ_CST))
		return;
	now_ns = ot_clock_syscall_ns();
	for (uint32_t i = 0; i < OT_HOLDS_MAX; i++)
		look_at(&places[i], now_ns);
}

int ot_hold_tick_ms(void)
{
	uint64_t now_ns;

	if (!next_deadline_ns)
		return 0;
	now_ns = ot_clock_syscall_ns();
	if (next_deadline_ns <= now_ns)
		return 1;
	return (int)ot_smaller((next_deadline_ns - now_ns) / 1000000 + 1, 1000);
}

void ot_hold_forget(void)
{
	for (uint32_t i = 0; i < OT_HOLDS_MAX; i++)
		places[i].word = 0;
	nr_taken = 0;
	nr_full = nr_no_loop = 0;
	next_deadline_ns = 0;
	ended = false;
	ot_loops_forget();
}

/* ------------------------------------------------------------------ requests */

void ot_request_release(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	const struct otrace_release *wish = (const void *)in.bytes;
	struct otrace_release_reply done = {0};

	(void)client;
	if (!wish->reason || wish->reason > OTRACE_RELEASED_EVICTED) {
		ot_reply_error(reply, OTRACE_E_INVALID, "no such reason");
		return;
	}
	done.nr = let_go_of(wish, (const void *)(wish + 1),
			    (in.nr_bytes - sizeof(*wish)) / sizeof(uint64_t));
	ot_reply_add(reply, &done, sizeof(done));
}

void ot_request_held(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct otrace_held_list list = {
		.now_ns = ot_clock_syscall_ns(),
		.nr_full = __atomic_load_n(&nr_full, __ATOMIC_RELAXED),
		.nr_no_loop = __atomic_load_n(&nr_no_loop, __ATOMIC_RELAXED),
		.nr_max = OT_HOLDS_MAX,
	};
	uint64_t head = reply->used_bytes;
	struct held held;

	(void)client;
	(void)in;
	ot_reply_add(reply, &list, sizeof(list));
	for (uint32_t i = 0; i < OT_HOLDS_MAX; i++) {
		uint32_t word = word_of(&places[i]);

		if (state_in(word) != PLACE_HELD || !load(&places[i], word, &held))
			continue;
		ot_reply_add(reply, &held.what, sizeof(held.what));
		list.nr++;
	}
	if (!reply->failed)
		ot_memcpy(reply->bytes + head, &list, sizeof(list));
}
