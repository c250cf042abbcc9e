/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A shell that sets and takes away traces for days needs new arms and rules each time. An arm is used by hooks that
 * run, by open calls that began with it, and by calls that wait or call back behind their hook: all of it can be seen
 * from here, once a barrier has made the threads' stores visible. What nothing leads to is free. Only a call that was
 * taken for over, wrongly, is not seen: its frame has the arm's turn, which does not fit any more.
 */
#include <linux/membarrier.h>
#include <time.h>

#include "base/sys.h"
#include "core/hooks.h"
#include "core/rules.h"
#include "core/thread.h"

#define MADE_LEAST 256u /* arms before it is worth a search */
#define MADE_AGAIN 16u	/* before the next one, when a thread was in a hook all the time */
#define NR_LOOKS 20
#define NAP_NS 20000

static uint32_t nr_made; /* since the last search */
static uint32_t nr_wait_for = MADE_LEAST;
static uint32_t search;

void ot_arms_note_made(void)
{
	nr_made++;
}

static bool barrier_on_all(void)
{
	return ot_sys_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) == 0;
}

/* Hooks are short. One that was left for good, or waits for a reader, is not waited for. */
static bool is_outside(const struct ot_thread *thread)
{
	struct timespec nap = {0, NAP_NS};

	for (int i = 0; i < NR_LOOKS; i++) {
		if (__atomic_load_n(&thread->armed, __ATOMIC_ACQUIRE) <= OT_ASKED)
			return true;
		ot_sys_nanosleep(&nap);
	}
	return false;
}

/*
 * From the innermost: entries only ever move towards the outermost, so none is missed that moves meanwhile. With the
 * one that was popped last, which a hook that was left may have to look at.
 */
static bool mark_open(const struct ot_thread *thread)
{
	uint32_t nr = __atomic_load_n(&thread->depth, __ATOMIC_ACQUIRE);

	if (nr > OT_OPEN_MAX || __atomic_load_n(&thread->nr_using, __ATOMIC_ACQUIRE))
		return false;
	for (uint32_t i = nr < OT_OPEN_MAX ? nr + 1 : nr; i; i--) {
		struct ot_arm *arm =
			(struct ot_arm *)__atomic_load_n(&thread->open[i].arm, __ATOMIC_ACQUIRE);

		if (arm)
			arm->seen_in = search;
	}
	return true;
}

/* All threads are outside of hooks at some time from now on. @param mark whether their open calls are noted */
static bool all_outside(bool mark)
{
	const struct ot_thread *thread;

	for (uint32_t i = 0; (thread = ot_thread_at(i)); i++) {
		enum ot_thread_state state = ot_thread_state(thread);

		if (state == OT_THREAD_FREE || state == OT_THREAD_DEAD)
			continue;
		if (state == OT_THREAD_BUSY || !is_outside(thread) || (mark && !mark_open(thread)))
			return false;
	}
	return true;
}

static bool may_be_free(const struct otrace_probe *probe, const struct ot_arm *arm)
{
	return arm->rules && !arm->is_free && arm->seen_in != search && arm != probe->arm;
}

static void next_turn(struct ot_arm *arm)
{
	arm->turn = (arm->turn + (1ull << OT_FRAME_TURN_SHIFT)) & OT_FRAME_TURN;
}

/* @return arms that stay */
static uint32_t free_all(bool is_sure)
{
	uint32_t nr = 0;

	for (struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next)
		for (struct ot_arm *arm = probe->arms; arm; arm = arm->next) {
			if (!may_be_free(probe, arm)) {
				nr += arm->rules && !arm->is_free;
			} else if (is_sure) {
				arm->is_free = true;
				ot_rules_free(arm->rules);
			} else {
				next_turn(arm);
			}
		}
	return nr;
}

static bool find_free(void)
{
	search++;
	if (!barrier_on_all() || !all_outside(true))
		return false;
	free_all(false);
	return barrier_on_all() && all_outside(false);
}

void ot_arms_reuse(void)
{
	if (nr_made < nr_wait_for)
		return;
	if (!ot_threads_live() || !find_free()) {
		nr_wait_for = nr_made + MADE_AGAIN;
		return;
	}
	nr_made = 0;
	nr_wait_for = MADE_LEAST + free_all(true);
}
