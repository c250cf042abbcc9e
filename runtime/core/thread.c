/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/thread.h"

#define ATTACH_PAUSE 4096u /* events between two tries of a thread that found no ring */

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

static struct ot_thread *claim_in_state(uint32_t state)
{
	for (uint32_t i = 0; i < threads.nr; i++)
		if (take_state(&threads.array[i], state, OT_THREAD_BUSY))
			return &threads.array[i];
	return NULL;
}

/* Rings that nobody used first: what dead threads wrote stays readable as long as possible. */
static struct ot_thread *claim(int tid)
{
	struct ot_thread *thread = claim_in_state(OT_THREAD_FREE);

	if (!thread)
		thread = claim_in_state(OT_THREAD_DEAD);
	for (uint32_t i = 0; !thread && i < threads.nr; i++)
		if (is_gone(&threads.array[i], tid) &&
		    take_state(&threads.array[i], OT_THREAD_LIVE, OT_THREAD_BUSY))
			return &threads.array[i];
	return thread;
}

static void reset_ring(struct otrace_ring *ring, int tid)
{
	__atomic_store_n(&ring->generation, ring->generation + 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
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
	thread->stalled_tail = 0;
	thread->open[0] = (struct ot_open_call){.frame = ~0ull};
	reset_ring(thread->ring, tid);
	__atomic_store_n(&thread->state, OT_THREAD_LIVE, __ATOMIC_RELEASE);
	thread->armed = 1;
}

static struct ot_thread *attach(void)
{
	int tid = ot_sys_gettid();
	struct ot_thread *thread = claim(tid);

	if (thread)
		start(thread, tid);
	return thread;
}

static struct ot_thread *attach_or_count(void)
{
	struct ot_tls *tls = &ot_tls;

	if (tls->attach_pause) {
		tls->attach_pause--;
		__atomic_fetch_add(&ot_area->lost_no_ring, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	tls->thread = attach();
	if (!tls->thread) {
		tls->attach_pause = ATTACH_PAUSE;
		__atomic_fetch_add(&ot_area->lost_no_ring, 1, __ATOMIC_RELAXED);
	}
	return tls->thread;
}

OT_SLOW struct ot_thread *ot_thread_slow(void)
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
	thread = attach_or_count();
	ot_barrier();
	tls->busy = 0;
	return thread;
}

static void sweep(struct ot_thread *thread)
{
	if (!take_state(thread, OT_THREAD_LIVE, OT_THREAD_BUSY))
		return;
	if (thread->depth > OT_OPEN_MAX)
		thread->depth = OT_OPEN_MAX;
	for (; thread->depth; thread->depth--)
		ot_ring_abandon(thread, &thread->open[thread->depth]);
	__atomic_store_n(&thread->state, OT_THREAD_DEAD, __ATOMIC_RELEASE);
}

void ot_threads_sweep(void)
{
	for (uint32_t i = 0; i < threads.nr; i++)
		if (__atomic_load_n(&threads.array[i].state, __ATOMIC_ACQUIRE) == OT_THREAD_LIVE &&
		    threads.array[i].tid && is_dead(&threads.array[i]))
			sweep(&threads.array[i]);
}

void ot_threads_disarm(void)
{
	for (uint32_t i = 0; i < threads.nr; i++)
		__atomic_store_n(&threads.array[i].armed, 0, __ATOMIC_RELAXED);
}
