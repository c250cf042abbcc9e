/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread that waits has a place in a table, and waits at its word. Whoever wakes it changes the word, and only
 * from what it was when the place was looked at: so nobody wakes the next one that has the place. Nothing is locked,
 * and the thread's own steps are such that it may be called away between any two of them by a handler's jump.
 */
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/lock.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/clock.h"
#include "core/control.h"
#include "core/park.h"
#include "core/record.h"
#include "core/requests.h"

/* A place that does not change for so many sweeps while its thread should be at work on it: it has left. */
#define SWEEPS_LEFT 10u
#define OVERDUE_NS 2000000000ull

#define LOOK_NS 250000000ull
#define LOOKS 2u /* that somebody has waited for the loader's list */

enum place_state { PLACE_FREE = 0, PLACE_TAKEN = 1, PLACE_PARKED = 2, PLACE_WOKEN = 3 };

#define STATE_MASK 0xfu
#define REASON_SHIFT 4u
#define TURN_SHIFT 8u

#define WHAT_WORDS (sizeof(struct otrace_parked) / sizeof(uint64_t))

struct place {
	uint32_t word; /* a futex: turn << 8 | enum otrace_resumed << 4 | enum place_state */
	uint32_t tid;
	uint64_t here; /* where on the stack it waits */
	uint64_t
		wrapper; /* the frame of its call: it has its address in words[3] while it is there */
	uint64_t what[WHAT_WORDS]; /* struct otrace_parked: read while it may change, so by words */
	uint32_t seen;		   /* by the sweeper: the word, and how often */
	uint32_t nr_seen;
};

static struct place places[OT_PARK_MAX];
static uint32_t shells; /* odd = one is there */
static bool ended;
static uint64_t nr_passed;
static uint32_t spared; /* a thread that is the shell's, 0 = none */

static __thread bool never_waits __attribute__((tls_model("initial-exec")));

static enum place_state state_in(uint32_t word)
{
	return (enum place_state)(word & STATE_MASK);
}

static uint32_t word_of(const struct place *place)
{
	return __atomic_load_n(&place->word, __ATOMIC_ACQUIRE);
}

/* The same turn in another state. */
static uint32_t changed(uint32_t word, enum place_state state, uint32_t reason)
{
	return (word >> TURN_SHIFT) << TURN_SHIFT | reason << REASON_SHIFT | state;
}

static bool change(struct place *place, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&place->word, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

static void give_back(struct place *place, uint32_t word)
{
	change(place, word, changed(word, PLACE_FREE, 0));
}

static bool wake(struct place *place, uint32_t word, uint32_t reason)
{
	if (state_in(word) != PLACE_PARKED ||
	    !change(place, word, changed(word, PLACE_WOKEN, reason)))
		return false;
	ot_futex_wake(&place->word);
	return true;
}

static void store_what(struct place *place, const struct otrace_parked *what)
{
	const uint64_t *words = (const void *)what;

	for (unsigned i = 0; i < WHAT_WORDS; i++)
		__atomic_store_n(&place->what[i], words[i], __ATOMIC_RELAXED);
}

/* Who waits there under this word; false: nobody does any more. */
static bool load_what(const struct place *place, uint32_t word, struct otrace_parked *ret)
{
	uint64_t *words = (void *)ret;

	if (state_in(word) != PLACE_PARKED)
		return false;
	for (unsigned i = 0; i < WHAT_WORDS; i++)
		words[i] = __atomic_load_n(&place->what[i], __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return word_of(place) == word;
}

/* ------------------------------------------------------------------ records */

static void fill_rec(struct otrace_rec *rec, const struct ot_park_wish *wish)
{
	rec->tsc = ot_clock_now();
	rec->call_seq = wish->call_seq;
}

static bool write_parked(const struct ot_park_wish *wish, const struct otrace_parked *what)
{
	uint64_t hook = ot_thread_hook_at((uint64_t)__builtin_frame_address(0)), before;
	struct ot_thread *thread = ot_thread_acquire(hook, wish->arm, &before);
	struct otrace_rec_parked *rec;

	if (!thread)
		return false;
	if (ot_record_room(thread, sizeof(*rec), 0)) {
		rec = ot_record_at(thread);
		fill_rec(&rec->rec, wish);
		rec->tid = what->tid;
		rec->counter = what->counter;
		rec->action = what->action;
		rec->at_end = what->at_end;
		rec->deadline_ns = what->deadline_ns;
		ot_record_head(rec,
			       OT_REC_HEAD(what->trace_id, sizeof(*rec) / 8, OTRACE_REC_PARKED, 0));
		ot_record_commit(thread, sizeof(*rec));
	}
	ot_thread_give_back(thread, before);
	return true;
}

static void write_resumed(const struct ot_park_wish *wish, uint64_t waited_ns, uint32_t reason)
{
	uint64_t hook = ot_thread_hook_at((uint64_t)__builtin_frame_address(0)), before;
	struct ot_thread *thread = ot_thread_acquire(hook, wish->arm, &before);
	struct otrace_rec_resumed *rec;

	if (!thread)
		return;
	if (ot_record_room(thread, sizeof(*rec), 0)) {
		rec = ot_record_at(thread);
		fill_rec(&rec->rec, wish);
		rec->waited_ns = waited_ns;
		rec->reason = reason;
		rec->reserved = 0;
		ot_record_head(rec, OT_REC_HEAD(wish->arm->trace_id, sizeof(*rec) / 8,
						OTRACE_REC_RESUMED, 0));
		ot_record_commit(thread, sizeof(*rec));
	}
	ot_thread_give_back(thread, before);
}

/* ------------------------------------------------------------------ waiting */

static bool may_wait(uint32_t session)
{
	return (session & 1) && !__atomic_load_n(&ended, __ATOMIC_SEQ_CST) &&
	       __atomic_load_n(&shells, __ATOMIC_SEQ_CST) == session;
}

/* A child of vfork() has our memory, thread-locals and all, and its parent waits for it. */
static bool is_one_of_ours(void)
{
	return !never_waits && ot_sys_getpid() == ot_area_pid;
}

static struct place *take_place(uint32_t *word_ret)
{
	for (unsigned i = 0; i < OT_PARK_MAX; i++) {
		uint32_t word = word_of(&places[i]);
		uint32_t taken = ((word >> TURN_SHIFT) + 1) << TURN_SHIFT | PLACE_TAKEN;

		if (state_in(word) == PLACE_FREE && change(&places[i], word, taken)) {
			*word_ret = taken;
			return &places[i];
		}
	}
	__atomic_fetch_add(&nr_passed, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Places of this thread's that a handler has jumped out of: whoever waits lies above us on its stack. */
static void forget_left(uint32_t tid, uint64_t here)
{
	for (unsigned i = 0; i < OT_PARK_MAX; i++) {
		struct place *place = &places[i];
		uint32_t word = word_of(place);
		uint64_t below;

		if (state_in(word) == PLACE_FREE ||
		    __atomic_load_n(&place->tid, __ATOMIC_RELAXED) != tid)
			continue;
		below = __atomic_load_n(&place->here, __ATOMIC_RELAXED);
		if (below <= here && ot_stack_is_one(below, here))
			give_back(place, word);
	}
}

static void describe(const struct ot_park_wish *wish, uint32_t tid, struct otrace_parked *ret)
{
	*ret = (struct otrace_parked){
		.call_seq = wish->call_seq,
		.tid = tid,
		.counter = wish->counter,
		.trace_id = wish->arm->trace_id,
		.action = wish->action,
		.since_ns = ot_clock_syscall_ns(),
		.at_end = wish->at_end,
	};
	if (wish->deadline_ns && wish->deadline_ns < UINT64_MAX - ret->since_ns)
		ret->deadline_ns = ret->since_ns + wish->deadline_ns;
	ot_sys_prctl(PR_GET_NAME, (long)ret->name);
}

static long sleep_until(uint32_t *word, uint32_t value, uint64_t end_ns)
{
	struct timespec end = {(time_t)(end_ns / 1000000000), (long)(end_ns % 1000000000)};

	return OT_SYS(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, end_ns ? &end : NULL, NULL,
		      FUTEX_BITSET_MATCH_ANY);
}

struct list_looks {
	uint32_t seen;
	uint32_t nr;
};

static int at_first(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)info;
	(void)size;
	(void)data;
	return 1;
}

/*
 * Whether this thread is inside dl_iterate_phdr() and control code, which has to answer the shell, cannot get there.
 * Whose the list is nobody says; but we get in at once when it is ours, and else when it is free. Then the other
 * gets in, too, and waits no more.
 */
static bool has_wanted_list(struct list_looks *looks)
{
	uint32_t now = ot_control_awaits_list();

	if (!now || now != looks->seen) {
		looks->seen = now;
		looks->nr = 0;
		return false;
	}
	if (++looks->nr == LOOKS)
		dl_iterate_phdr(at_first, NULL);
	return looks->nr > LOOKS + 1;
}

/* A handler may run in between, and the rest of the time is still waited for. */
static uint32_t wait(struct place *place, uint32_t word, uint64_t deadline_ns, bool may_look)
{
	struct list_looks looks = {0};
	uint32_t now;

	while ((now = word_of(place)) == word) {
		uint64_t look_ns = ot_clock_syscall_ns() + LOOK_NS;
		bool looks_first = may_look && (!deadline_ns || look_ns < deadline_ns);
		long error = sleep_until(&place->word, word, looks_first ? look_ns : deadline_ns);

		if (error == -ETIMEDOUT && looks_first) {
			if (has_wanted_list(&looks))
				wake(place, word, OTRACE_RESUMED_LOADER);
		} else if (error == -ETIMEDOUT) {
			wake(place, word, OTRACE_RESUMED_DEADLINE);
		} else if (error && error != -EINTR && error != -EAGAIN) {
			wake(place, word, OTRACE_RESUMED_ENDING); /* nobody can wait here */
		}
	}
	if (now >> TURN_SHIFT != word >> TURN_SHIFT || state_in(now) != PLACE_WOKEN)
		return OTRACE_RESUMED_SHELL; /* woken so long ago that the place was given on */
	give_back(place, now);
	return now >> REASON_SHIFT & STATE_MASK;
}

static void wait_at(struct place *place, uint32_t word, const struct ot_park_wish *wish,
		    uint32_t session)
{
	uint32_t parked = changed(word, PLACE_PARKED, 0), tid = place->tid;
	struct otrace_parked what;
	uint32_t reason;

	describe(wish, tid, &what);
	store_what(place, &what);
	if (!change(place, word, parked))
		return;
	/* a shell that goes now finds us, or we find that it has gone */
	if (!may_wait(session))
		wake(place, parked, OTRACE_RESUMED_GONE);
	if (!write_parked(wish, &what)) {
		wake(place, parked, OTRACE_RESUMED_ENDING);
		wait(place, parked, 0, false);
		return;
	}
	/* one that has crashed ends the program when it goes on */
	reason = wait(place, parked, what.deadline_ns, wish->frame != NULL);
	write_resumed(wish, ot_clock_syscall_ns() - what.since_ns, reason);
}

void ot_park(const struct ot_park_wish *wish)
{
	uint32_t session = __atomic_load_n(&shells, __ATOMIC_SEQ_CST), word;
	uint64_t here = (uint64_t)__builtin_frame_address(0);
	struct place *place;
	int error = errno;
	uint32_t tid;

	if (!may_wait(session) || !is_one_of_ours())
		return;
	tid = (uint32_t)ot_sys_gettid();
	if (tid == __atomic_load_n(&spared, __ATOMIC_RELAXED))
		return;
	forget_left(tid, here);
	place = take_place(&word);
	if (place) {
		__atomic_store_n(&place->tid, tid, __ATOMIC_RELAXED);
		__atomic_store_n(&place->here, here, __ATOMIC_RELAXED);
		__atomic_store_n(&place->wrapper, (uint64_t)wish->frame, __ATOMIC_RELAXED);
		wait_at(place, word, wish, session);
	}
	errno = error;
}

/* ------------------------------------------------------------------ those who wake */

static void wake_all(uint32_t reason)
{
	for (unsigned i = 0; i < OT_PARK_MAX; i++)
		wake(&places[i], word_of(&places[i]), reason);
}

void ot_park_never(void)
{
	never_waits = true;
}

void ot_park_shell_came(void)
{
	__atomic_store_n(&shells, (shells + 1) | 1, __ATOMIC_SEQ_CST);
}

void ot_park_shell_gone(void)
{
	__atomic_store_n(&shells, (shells | 1) + 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&spared, 0, __ATOMIC_RELAXED);
	wake_all(OTRACE_RESUMED_GONE);
}

void ot_park_end(void)
{
	__atomic_store_n(&ended, true, __ATOMIC_SEQ_CST);
	wake_all(OTRACE_RESUMED_ENDING);
}

void ot_park_forget(void)
{
	for (unsigned i = 0; i < OT_PARK_MAX; i++)
		places[i] = (struct place){0};
	shells = 0;
	ended = false;
	nr_passed = 0;
	spared = 0;
}

/* ------------------------------------------------------------------ those who left */

static bool is_dead(const struct place *place)
{
	return ot_sys_tgkill(ot_area_pid, (int)__atomic_load_n(&place->tid, __ATOMIC_RELAXED), 0) ==
	       -ESRCH;
}

/* Its stack is used for something else by now. */
static bool has_left(const struct place *place)
{
	uint64_t frame = __atomic_load_n(&place->wrapper, __ATOMIC_RELAXED), word;

	return ot_safe_read(&word, frame + offsetof(struct otrace_frame, words[3]), sizeof(word)) ==
		       sizeof(word) &&
	       word != frame;
}

static bool is_overdue(const struct place *place, uint32_t word)
{
	struct otrace_parked what;

	return load_what(place, word, &what) && what.deadline_ns &&
	       ot_clock_syscall_ns() > what.deadline_ns + OVERDUE_NS;
}

static void sweep(struct place *place)
{
	uint32_t word = word_of(place);

	place->nr_seen = word == place->seen ? place->nr_seen + 1 : 0;
	place->seen = word;
	if (state_in(word) == PLACE_FREE)
		return;
	if (state_in(word) != PLACE_PARKED && place->nr_seen < SWEEPS_LEFT)
		return;
	if (state_in(word) != PLACE_PARKED || is_dead(place) || has_left(place) ||
	    is_overdue(place, word))
		give_back(place, word);
}

void ot_park_sweep(void)
{
	for (unsigned i = 0; i < OT_PARK_MAX; i++)
		sweep(&places[i]);
}

/* ------------------------------------------------------------------ requests */

static bool is_meant(const struct otrace_parked *what, const struct otrace_resume *wish,
		     const uint64_t *seqs, uint64_t nr)
{
	if (wish->flags & OTRACE_RESUME_COUNTER)
		return what->counter == wish->counter;
	for (uint64_t i = 0; i < nr; i++)
		if (seqs[i] == what->call_seq)
			return true;
	return !nr;
}

static uint32_t resume(const struct otrace_resume *wish, const uint64_t *seqs, uint64_t nr)
{
	uint32_t reason = wish->flags & OTRACE_RESUME_UNTRACED ? OTRACE_RESUMED_UNTRACED
							       : OTRACE_RESUMED_SHELL;
	uint32_t nr_woken = 0;

	for (unsigned i = 0; i < OT_PARK_MAX; i++) {
		uint32_t word = word_of(&places[i]);
		struct otrace_parked what;

		if (load_what(&places[i], word, &what) && is_meant(&what, wish, seqs, nr))
			nr_woken += wake(&places[i], word, reason);
	}
	return nr_woken;
}

void ot_request_resume(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	const struct otrace_resume *wish = (const void *)in.bytes;
	struct otrace_resume_reply done = {0};

	(void)client;
	done.nr = resume(wish, (const void *)(wish + 1),
			 (in.nr_bytes - sizeof(*wish)) / sizeof(uint64_t));
	ot_reply_add(reply, &done, sizeof(done));
}

void ot_request_spare(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	(void)client;
	(void)reply;
	__atomic_store_n(&spared, (uint32_t)*(const uint64_t *)(const void *)in.bytes,
			 __ATOMIC_RELAXED);
}

void ot_request_parked(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct otrace_parked_list list = {
		.now_ns = ot_clock_syscall_ns(),
		.nr_passed = __atomic_load_n(&nr_passed, __ATOMIC_RELAXED),
		.nr_max = OT_PARK_MAX,
	};
	uint64_t head = reply->used_bytes;
	struct otrace_parked what;

	(void)client;
	(void)in;
	ot_reply_add(reply, &list, sizeof(list));
	for (unsigned i = 0; i < OT_PARK_MAX; i++) {
		if (!load_what(&places[i], word_of(&places[i]), &what))
			continue;
		ot_reply_add(reply, &what, sizeof(what));
		list.nr++;
	}
	if (!reply->failed)
		ot_memcpy(reply->bytes + head, &list, sizeof(list));
}
