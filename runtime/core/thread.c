/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/clock.h"
#include "core/server.h"
#include "core/thread.h"

#define ATTACH_PAUSE 4096u /* events between two tries of a thread that found no ring */
#define WAIT_NAP_NS 50000
#define WAIT_LIMIT_NS 1000000000u

/* a thread's first call comes by ot_hook_low(), which finds the stack out */
__thread struct ot_tls ot_tls = {.stack_low = ~0ull};

/* Wiped on fork, all of it: a child finds live = 0 and every thread unarmed. */
static struct {
	uint32_t *live;
	struct ot_thread *array;
	uint32_t nr;
	int pid;
	bool kept; /* by the child that is being made */
} threads;

int32_t ot_tls_stack_low_offset(void)
{
	return (int32_t)((uint64_t)&ot_tls.stack_low - ot_arch_thread_pointer());
}

bool ot_threads_init(uint32_t nr)
{
	uint64_t bytes = OT_PAGE_BYTES + OT_ROUND_UP(nr * sizeof(struct ot_thread), OT_PAGE_BYTES);
	char *pages = ot_pages_map_unlocked(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!pages)
		return false;
	if (ot_sys_madvise(pages, bytes, MADV_WIPEONFORK)) {
		/* without it a child would record into its parent's rings */
		ot_pages_unmap(pages, bytes);
		return false;
	}
	threads.array = (void *)(pages + OT_PAGE_BYTES);
	threads.nr = nr;
	threads.pid = ot_sys_getpid();
	threads.live = (void *)pages;
	__atomic_store_n(threads.live, 1, __ATOMIC_RELEASE);
	return true;
}

static bool in_hook(void)
{
	const struct ot_tls *tls = &ot_tls;

	return tls->busy || (tls->thread && tls->thread->armed > OT_ASKED);
}

static void advise(int how)
{
	ot_sys_madvise(threads.array,
		       OT_ROUND_UP(threads.nr * sizeof(struct ot_thread), OT_PAGE_BYTES), how);
}

/* A handler that interrupted a hook forks, and returns in both: there the hook goes on, with its thread's state
 * and what is put in place of the area. live is wiped as ever, so that it is the last. */
void ot_threads_before_fork(void)
{
	threads.kept = threads.array && in_hook();
	if (threads.kept)
		advise(MADV_KEEPONFORK);
}

bool ot_threads_after_fork(void)
{
	bool kept = threads.kept;

	if (kept)
		advise(MADV_WIPEONFORK);
	threads.kept = false;
	return kept;
}

bool ot_threads_live(void)
{
	return threads.live && __atomic_load_n(threads.live, __ATOMIC_RELAXED) && !ot_failed();
}

struct ot_thread *ot_thread_at(uint32_t i)
{
	return i < threads.nr ? &threads.array[i] : NULL;
}

/*
 * Whoever looks at a state and then takes it has looked at one owner and may take it from the next, even from
 * one with the same number: so all three are one word, and it never comes again.
 */
static uint64_t owner_of(const struct ot_thread *thread)
{
	return __atomic_load_n(&thread->owner, __ATOMIC_ACQUIRE);
}

static uint32_t state_in(uint64_t owner)
{
	return owner & 0xff;
}

static int tid_in(uint64_t owner)
{
	return (int)((uint32_t)owner >> 8);
}

static bool take(struct ot_thread *thread, uint64_t seen, int tid)
{
	uint64_t mine = ((seen >> 32) + 1) << 32 | (uint32_t)tid << 8 | OT_THREAD_BUSY;

	return __atomic_compare_exchange_n(&thread->owner, &seen, mine, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* By the one who took it. */
static void set_state(struct ot_thread *thread, enum ot_thread_state state)
{
	__atomic_store_n(&thread->owner, (owner_of(thread) & ~0xffull) | state, __ATOMIC_RELEASE);
}

static bool is_dead(int tid)
{
	return ot_sys_tgkill(threads.pid, tid, 0) == -ESRCH;
}

/* Its open calls will not end any more; its ring may be taken over. tid is the caller's number. */
static void bury(struct ot_thread *thread, uint64_t seen, int tid)
{
	bool together = false;

	if (!take(thread, seen, tid))
		return;
	__atomic_load_n(&thread->armed, __ATOMIC_ACQUIRE);
	if (thread->ring)
		ot_ring_settle(thread);
	if (thread->depth > OT_OPEN_MAX)
		ot_thread_set_depth(thread, OT_OPEN_MAX);
	for (; thread->depth; ot_thread_set_depth(thread, thread->depth - 1))
		together |= ot_ring_abandon_with(thread, &thread->open[thread->depth], together);
	set_state(thread, OT_THREAD_DEAD);
}

/* Whoever is at work on a ring (BUSY) may die or be called away from it, too. */
static bool has_owner(uint64_t owner)
{
	return tid_in(owner) &&
	       (state_in(owner) == OT_THREAD_LIVE || state_in(owner) == OT_THREAD_BUSY);
}

static void bury_dead(int tid)
{
	for (uint32_t i = 0; i < threads.nr; i++) {
		uint64_t owner = owner_of(&threads.array[i]);

		if (has_owner(owner) && is_dead(tid_in(owner)))
			bury(&threads.array[i], owner, tid);
	}
}

/* Those with our number that are not ours: it was given again, or we were called away while attaching. */
static void bury_own(int tid)
{
	for (uint32_t i = 0; i < threads.nr; i++) {
		uint64_t owner = owner_of(&threads.array[i]);

		if (has_owner(owner) && tid_in(owner) == tid)
			bury(&threads.array[i], owner, tid);
	}
}

static bool is_read(uint32_t i)
{
	const struct otrace_ring *ring = ot_area_ring(i);

	return __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) >=
	       __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
}

static bool take_in_state(uint32_t i, int tid, enum ot_thread_state state, bool only_read)
{
	struct ot_thread *thread = &threads.array[i];
	uint64_t owner = owner_of(thread);

	if (state_in(owner) != state || (only_read && !is_read(i)) || !take(thread, owner, tid))
		return false;
	thread->index = i;
	return true;
}

static struct ot_thread *claim_in_state(int tid, enum ot_thread_state state, bool only_read)
{
	for (uint32_t i = 0; i < threads.nr; i++)
		if (take_in_state(i, tid, state, only_read))
			return &threads.array[i];
	return NULL;
}

/* Rings that nobody used first: what dead threads wrote stays readable as long as possible. Then
 * those that were read. */
static struct ot_thread *claim_harmless(int tid)
{
	struct ot_thread *thread;

	bury_own(tid);
	thread = claim_in_state(tid, OT_THREAD_FREE, false);
	if (!thread)
		thread = claim_in_state(tid, OT_THREAD_DEAD, true);
	if (thread)
		return thread;
	bury_dead(tid);
	return claim_in_state(tid, OT_THREAD_DEAD, true);
}

static bool any_dead(void)
{
	for (uint32_t i = 0; i < threads.nr; i++)
		if (state_in(owner_of(&threads.array[i])) == OT_THREAD_DEAD)
			return true;
	return false;
}

/* A trace that must not lose anything waits until a dead thread's ring was read. */
static struct ot_thread *claim(int tid, uint32_t arm_flags)
{
	struct ot_thread *thread = claim_harmless(tid);
	struct timespec nap = {0, WAIT_NAP_NS};
	uint64_t begin = ot_clock_now();

	while (!thread && (arm_flags & OTRACE_PROBE_WAIT) && any_dead() && ot_server_has_client() &&
	       ot_clock_to_ns(ot_clock_now() - begin) < WAIT_LIMIT_NS) {
		ot_sys_nanosleep(&nap);
		thread = claim_in_state(tid, OT_THREAD_DEAD, true);
	}
	return thread ? thread : claim_in_state(tid, OT_THREAD_DEAD, false);
}

static void reset_ring(struct otrace_ring *ring, int tid)
{
	/* odd already when the last one that began this was called away */
	__atomic_store_n(&ring->generation, (ring->generation + 1) | 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring->nr_before +=
		ring->nr_written + ring->lost_nested + ring->lost_waiting + ring->lost_fault;
	ring->head = 0;
	ring->tail = 0;
	ring->nr_written = 0;
	ring->lost_nested = 0;
	ring->lost_waiting = 0;
	ring->lost_fault = 0;
	ring->kept_ends = 0;
	ring->thread_pointer = ot_arch_thread_pointer();
	ot_sys_prctl(PR_GET_NAME, (long)ring->thread_name);
	ring->owner_tid = (uint32_t)tid;
	__atomic_store_n(&ring->generation, ring->generation + 1, __ATOMIC_RELEASE);
}

static void start(struct ot_thread *thread, int tid)
{
	thread->ring = ot_area_ring(thread->index);
	thread->data = (uint8_t *)thread->ring + OT_PAGE_BYTES;
	thread->data_mask = ot_area->ring_bytes - 1;
	thread->late = thread->data + ot_area->ring_bytes;
	thread->pos = 0;
	thread->room = 0;
	thread->nr_written = 0;
	thread->depth = 0;
	thread->top = &thread->open[0];
	thread->next_seq = thread->end_seq = 0;
	thread->seq_block = 1;
	thread->stalled_tail = 0;
	thread->late_ends = 0;
	thread->nr_using = 0;
	thread->open[0] = (struct ot_open_call){.frame = ~0ull};
	reset_ring(thread->ring, tid);
	set_state(thread, OT_THREAD_LIVE);
	thread->armed = OT_ARMED;
}

static struct ot_thread *attach(uint32_t arm_flags)
{
	int tid = ot_sys_gettid();
	struct ot_thread *thread = claim(tid, arm_flags);

	if (thread)
		start(thread, tid);
	return thread;
}

/* A child of vfork() has its parent's thread-locals, and its number is nobody's when the parent goes on. */
static struct ot_thread *attach_or_count(uint32_t arm_flags)
{
	struct ot_tls *tls = &ot_tls;

	if (ot_sys_getpid() != threads.pid) {
		__atomic_fetch_add(&ot_area->lost_no_ring, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	if (tls->attach_pause) {
		tls->attach_pause--;
		__atomic_fetch_add(&ot_area->lost_no_ring, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	tls->thread = attach(arm_flags);
	if (!tls->thread) {
		tls->attach_pause = ATTACH_PAUSE;
		__atomic_fetch_add(&ot_area->lost_no_ring, 1, __ATOMIC_RELAXED);
	}
	return tls->thread;
}

/* Not armed: a signal handler's call while this thread is inside a hook, or after such a hook was left. */
static struct ot_thread *take_over(struct ot_thread *thread, uint64_t hook,
				   const struct ot_arm *arm)
{
	uint64_t left = thread->armed;

	if (!ot_hook_is_left(left, hook, arm->frame_bytes)) {
		thread->ring->lost_nested++;
		return NULL;
	}
	thread->armed = hook;
	ot_barrier();
	ot_hook_clear_left(thread, left);
	ot_barrier();
	thread->armed = OT_ARMED;
	return thread;
}

static bool is_armed(const struct ot_thread *thread)
{
	return thread->armed == OT_ARMED || thread->armed == OT_ASKED;
}

static bool is_ours(const struct ot_thread *thread)
{
	return thread >= threads.array && thread < threads.array + threads.nr;
}

OT_SLOW struct ot_thread *ot_thread_slow(uint64_t hook, const struct ot_arm *arm)
{
	struct ot_tls *tls = &ot_tls;
	struct ot_thread *thread;

	if (!ot_threads_live() || !ot_area)
		return NULL;
	if (tls->busy && !ot_hook_is_left(tls->busy, hook, arm->frame_bytes))
		return NULL;
	tls->busy = hook;
	ot_barrier();
	thread = tls->thread;
	if (thread && ot_thread_state(thread) == OT_THREAD_LIVE) {
		thread = is_armed(thread) ? thread : take_over(thread, hook, arm);
	} else {
		if (!tls->stack.bytes)
			ot_stack_find((uint64_t)__builtin_frame_address(0));
		thread = attach_or_count(arm->flags);
	}
	/* a handler has forked meanwhile, and this is the child, where others may be traced by now */
	if (!ot_threads_live() || (thread && !is_ours(thread)))
		thread = tls->thread = NULL;
	ot_barrier();
	tls->busy = 0;
	return thread;
}

/* Never over a hook that runs. The owner does not look when it stores: then this is lost, and is done again. */
void ot_threads_ask(int tid)
{
	for (uint32_t i = 0; i < threads.nr; i++) {
		struct ot_thread *thread = &threads.array[i];
		uint64_t armed = OT_ARMED;

		if (ot_thread_is_live(thread, tid))
			__atomic_compare_exchange_n(&thread->armed, &armed, OT_ASKED, false,
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
}

/* The oshell thread has no number that a ring could have. */
void ot_threads_sweep(void)
{
	if (!ot_threads_live())
		return;
	bury_dead(ot_sys_gettid());
}

void ot_threads_disarm(void)
{
	for (uint32_t i = 0; i < threads.nr; i++)
		__atomic_store_n(&threads.array[i].armed, 0, __ATOMIC_RELAXED);
}
