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

__thread struct ot_tls ot_tls;

/* Wiped on fork, all of it: a child finds live = 0 and every thread unarmed. */
static struct {
	uint32_t *live;
	struct ot_thread *array;
	uint32_t nr;
	int pid;
} threads;

int32_t ot_tls_stack_low_offset(void)
{
	return (int32_t)((uint64_t)&ot_tls.stack_low - ot_arch_thread_pointer());
}

bool ot_threads_init(uint32_t nr)
{
	uint64_t bytes = OT_PAGE_BYTES + OT_ROUND_UP(nr * sizeof(struct ot_thread), OT_PAGE_BYTES);
	char *pages = ot_pages_map(bytes);

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

bool ot_threads_live(void)
{
	return threads.live && __atomic_load_n(threads.live, __ATOMIC_RELAXED) && !ot_failed();
}

struct ot_thread *ot_thread_at(uint32_t i)
{
	return i < threads.nr ? &threads.array[i] : NULL;
}

static bool take_state(struct ot_thread *thread, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&thread->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

static bool is_dead(const struct ot_thread *thread)
{
	return ot_sys_tgkill(threads.pid, thread->tid, 0) == -ESRCH;
}

/* A thread with our number that is not us: the number was given again. */
static bool is_gone(const struct ot_thread *thread, int tid)
{
	return thread->tid == tid || is_dead(thread);
}

/* Its open calls will not end any more; its ring may be taken over. */
static void bury(struct ot_thread *thread)
{
	if (!take_state(thread, OT_THREAD_LIVE, OT_THREAD_BUSY))
		return;
	if (thread->depth > OT_OPEN_MAX)
		thread->depth = OT_OPEN_MAX;
	for (; thread->depth; thread->depth--)
		ot_ring_abandon(thread, &thread->open[thread->depth]);
	__atomic_store_n(&thread->state, OT_THREAD_DEAD, __ATOMIC_RELEASE);
}

static bool is_read(uint32_t i)
{
	const struct otrace_ring *ring = ot_area_ring(i);

	return __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) >=
	       __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
}

/* Between a look at a ring and taking it, it may have had another owner: so look again. */
static bool take_in_state(uint32_t i, uint32_t state, bool only_read)
{
	struct ot_thread *thread = &threads.array[i];

	if (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) != state ||
	    (only_read && !is_read(i)) || !take_state(thread, state, OT_THREAD_BUSY))
		return false;
	if (!only_read || is_read(i))
		return true;
	__atomic_store_n(&thread->state, state, __ATOMIC_RELEASE);
	return false;
}

static struct ot_thread *claim_in_state(uint32_t state, bool only_read)
{
	for (uint32_t i = 0; i < threads.nr; i++)
		if (take_in_state(i, state, only_read))
			return &threads.array[i];
	return NULL;
}

/* Rings that nobody used first: what dead threads wrote stays readable as long as possible. Then
 * those that were read. */
static struct ot_thread *claim_harmless(int tid)
{
	struct ot_thread *thread = claim_in_state(OT_THREAD_FREE, false);

	if (!thread)
		thread = claim_in_state(OT_THREAD_DEAD, true);
	if (thread)
		return thread;
	for (uint32_t i = 0; i < threads.nr; i++)
		if (__atomic_load_n(&threads.array[i].state, __ATOMIC_ACQUIRE) == OT_THREAD_LIVE &&
		    is_gone(&threads.array[i], tid))
			bury(&threads.array[i]);
	return claim_in_state(OT_THREAD_DEAD, true);
}

static bool any_dead(void)
{
	for (uint32_t i = 0; i < threads.nr; i++)
		if (__atomic_load_n(&threads.array[i].state, __ATOMIC_RELAXED) == OT_THREAD_DEAD)
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
		thread = claim_in_state(OT_THREAD_DEAD, true);
	}
	return thread ? thread : claim_in_state(OT_THREAD_DEAD, false);
}

static void reset_ring(struct otrace_ring *ring, int tid)
{
	__atomic_store_n(&ring->generation, ring->generation + 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring->nr_before +=
		ring->nr_written + ring->lost_nested + ring->lost_waiting + ring->lost_fault;
	ring->head = 0;
	ring->tail = 0;
	ring->nr_written = 0;
	ring->lost_nested = 0;
	ring->lost_waiting = 0;
	ring->lost_fault = 0;
	ring->thread_pointer = ot_arch_thread_pointer();
	ot_sys_prctl(PR_GET_NAME, (long)ring->thread_name);
	ring->owner_tid = (uint32_t)tid;
	__atomic_store_n(&ring->generation, ring->generation + 1, __ATOMIC_RELEASE);
}

static void start(struct ot_thread *thread, int tid)
{
	uint32_t i = (uint32_t)(thread - threads.array);

	thread->tid = tid;
	thread->ring = ot_area_ring(i);
	thread->data = (uint8_t *)thread->ring + OT_PAGE_BYTES;
	thread->data_mask = ot_area->ring_bytes - 1;
	thread->data_offset = (uint64_t)thread->data - (uint64_t)ot_area;
	thread->pos = 0;
	thread->room = 0;
	thread->nr_written = 0;
	thread->depth = 0;
	thread->top = &thread->open[0];
	thread->next_seq = thread->end_seq = 0;
	thread->seq_block = 1;
	thread->stalled_tail = 0;
	thread->open[0] = (struct ot_open_call){.frame = ~0ull};
	reset_ring(thread->ring, tid);
	__atomic_store_n(&thread->state, OT_THREAD_LIVE, __ATOMIC_RELEASE);
	thread->armed = 1;
}

static struct ot_thread *attach(uint32_t arm_flags)
{
	int tid = ot_sys_gettid();
	struct ot_thread *thread = claim(tid, arm_flags);

	if (thread)
		start(thread, tid);
	return thread;
}

static struct ot_thread *attach_or_count(uint32_t arm_flags)
{
	struct ot_tls *tls = &ot_tls;

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

OT_SLOW struct ot_thread *ot_thread_slow(uint32_t arm_flags)
{
	struct ot_tls *tls = &ot_tls;
	struct ot_thread *thread = tls->thread;

	if (tls->busy || !ot_threads_live() || !ot_area)
		return NULL;
	if (thread && thread->state == OT_THREAD_LIVE) {
		/* a signal handler's call while this thread is inside a hook */
		thread->ring->lost_nested++;
		return NULL;
	}
	tls->busy = 1;
	ot_barrier();
	if (!tls->stack.bytes)
		ot_stack_find((uint64_t)__builtin_frame_address(0));
	thread = attach_or_count(arm_flags);
	ot_barrier();
	tls->busy = 0;
	return thread;
}

void ot_threads_sweep(void)
{
	for (uint32_t i = 0; i < threads.nr; i++)
		if (__atomic_load_n(&threads.array[i].state, __ATOMIC_ACQUIRE) == OT_THREAD_LIVE &&
		    threads.array[i].tid && is_dead(&threads.array[i]))
			bury(&threads.array[i]);
}

void ot_threads_disarm(void)
{
	for (uint32_t i = 0; i < threads.nr; i++)
		__atomic_store_n(&threads.array[i].armed, 0, __ATOMIC_RELAXED);
}
