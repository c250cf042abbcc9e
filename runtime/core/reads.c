/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * On: handlers first, then the slots of calls that change masks, then the word that lets threads ask. Off: the word, then
 * all hooks that may be reading are waited for, then the rest. Whoever takes the word away changes it, so that the look
 * which was under way meanwhile does not give it back.
 */
#include <linux/membarrier.h>
#include <signal.h>
#include <sys/auxv.h>

#include "base/lock.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/callhere.h"
#include "core/control.h"
#include "core/faults.h"
#include "core/reads.h"
#include "core/requests.h"
#include "core/rules.h"
#include "core/signalwatch.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#define FRAME_BYTES_MIN 4096u /* of a signal, where the kernel does not say it */
#define HANDLER_BYTES 2048u   /* and ours, with what it calls */
#define PAUSE OT_READS_PAUSE
#define PAUSE_FROM_BYTES (128u << 10)
#define PAUSE_BYTES \
	2048u /* of a stack that was looked through: one more each, as that takes its time */
#define PAUSE_MOST 512u
#define LOADING_TICKS 2u
#define QUIET_TRIES 10u /* of a millisecond: mostly hooks are over at once */
#define NR_KERNEL_SIGNALS 64

uint32_t ot_reads_word = OT_READS_OFF;
uint32_t ot_reads_room_bytes;

static uint32_t last_number; /* in the upper bits of the word */
static uint32_t loading;     /* looks until modules that come are there */
static uint32_t nr_setting;  /* threads that are about to set a handler which blocks the signals */

static struct {
	bool wished;
	bool rules_known;
	bool rules_read; /* a condition reads memory */
	bool in;	 /* the handlers, and what is watched */
	bool leaving;	 /* not all hooks have been waited for */
	uint32_t why;	 /* enum otrace_fast_reads_why */
	int number;	 /* of the signal that is why */
} reads;

/* ------------------------------------------------------------------ threads */

/* Not a child of vfork(), in which our thread-locals are the parent's and the mask is not. */
static bool blocks_none(void)
{
	uint64_t blocked = ~0ull;

	return !ot_sys_sigprocmask(0, NULL, &blocked) && !(blocked & OT_READS_SIGNALS);
}

/* For handlers that run on it. One that is part of the thread's own cannot be told from that in a hook. */
static bool signal_stack_fits(void)
{
	const struct ot_stack *own = &ot_tls.stack;
	stack_t now = {0};

	if (OT_SYS(SYS_sigaltstack, 0, &now, 0, 0, 0, 0))
		return false;
	return now.ss_flags & SS_DISABLE ||
	       (now.ss_size >= ot_reads_room_bytes && (uint64_t)now.ss_sp - own->low >= own->bytes);
}

static uint32_t pause_for(uint64_t sp)
{
	const struct ot_stack *own = &ot_tls.stack;
	uint64_t depth = sp - own->low < own->bytes ? own->low + own->bytes - sp : 0;

	return depth > PAUSE_FROM_BYTES ? (uint32_t)ot_smaller(depth / PAUSE_BYTES, PAUSE_MOST) : 0;
}

bool ot_reads_ask(uint64_t sp)
{
	uint32_t word = __atomic_load_n(&ot_reads_word, __ATOMIC_ACQUIRE);
	uint32_t slow = (word & ~OT_READS_KIND) | OT_READS_SLOW;
	struct ot_tls *tls = &ot_tls;

	if (ot_reads_are_off(word) || tls->reads == slow)
		return false;
	if (tls->reads_pause) {
		tls->reads_pause--;
		return false;
	}
	if (!ot_call_here_is_fit(sp, ot_reads_room_bytes) || ot_sys_getpid() != ot_area_pid) {
		tls->reads_pause = PAUSE + pause_for(sp);
		return false;
	}
	tls->reads_pause = pause_for(sp);
	tls->reads = signal_stack_fits() && blocks_none() ? word : slow;
	return tls->reads == word;
}

/* ------------------------------------------------------------------ the word */

static uint32_t next_word(uint32_t kind)
{
	return __atomic_add_fetch(&last_number, 1, __ATOMIC_SEQ_CST) << 2 | kind;
}

void ot_reads_suspend(void)
{
	__atomic_store_n(&ot_reads_word, next_word(OT_READS_OFF), __ATOMIC_SEQ_CST);
}

void ot_reads_action_begins(void)
{
	__atomic_add_fetch(&nr_setting, 1, __ATOMIC_SEQ_CST);
	ot_reads_suspend();
}

void ot_reads_action_is_set(void)
{
	__atomic_sub_fetch(&nr_setting, 1, __ATOMIC_SEQ_CST);
}

void ot_reads_suspend_for_modules(void)
{
	__atomic_store_n(&loading, LOADING_TICKS, __ATOMIC_SEQ_CST);
	ot_reads_suspend();
}

/* Unless somebody has suspended since the word was seen. */
static void resume(uint32_t seen)
{
	__atomic_compare_exchange_n(&ot_reads_word, &seen, next_word(OT_READS_FAST), false,
				    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------ looks */

static bool any_rule_reads(void)
{
	for (const struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next)
		if (probe->arm && probe->arm->rules && probe->arm->rules->reads)
			return true;
	return false;
}

static int blocking_handler(void)
{
	struct ot_action now;

	for (int number = 1; number <= NR_KERNEL_SIGNALS; number++)
		if (ot_faults_look(number, &now) && (uint64_t)now.handler > (uint64_t)SIG_IGN &&
		    now.mask & OT_READS_SIGNALS && !ot_faults_is_ours(&now))
			return number;
	return 0;
}

static uint32_t because(uint32_t why, int number)
{
	reads.why = why;
	reads.number = number;
	return why;
}

/* What would stay so: then nothing is put in. */
static uint32_t why_never(void)
{
	if (reads.why ==
	    OTRACE_FAST_READS_TAKEN) /* two that take each other's handler away do so for ever */
		return reads.why;
	return because(ot_signal_watch_refused(), 0);
}

static uint32_t why_not_now(void)
{
	int number = ot_faults_taken(OT_FAULTS_READS);

	if (number)
		return because(OTRACE_FAST_READS_TAKEN, number);
	if (ot_signal_watch_is_partial())
		return because(OTRACE_FAST_READS_UNSEEN, 0);
	number = blocking_handler();
	if (number)
		return because(OTRACE_FAST_READS_HANDLER, number);
	if (__atomic_load_n(&loading, __ATOMIC_SEQ_CST))
		return because(OTRACE_FAST_READS_LOADING, 0);
	return because(OTRACE_FAST_READS_FAST, 0);
}

static void look(void)
{
	uint32_t seen;

	if (ot_signal_watch(true))
		ot_reads_suspend(); /* what new modules have called meanwhile nobody knows */
	seen = __atomic_load_n(&ot_reads_word, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&nr_setting, __ATOMIC_SEQ_CST))
		return;
	if (why_not_now())
		ot_reads_suspend();
	else if (ot_reads_are_off(seen))
		resume(seen);
}

/* ------------------------------------------------------------------ in and out */

static void put_in(void)
{
	uint64_t frame_bytes = getauxval(AT_MINSIGSTKSZ);

	ot_reads_room_bytes = (uint32_t)ot_larger(frame_bytes, FRAME_BYTES_MIN) + HANDLER_BYTES;
	ot_faults_want(OT_FAULTS_READS, true);
	reads.in = true;
	reads.leaving = false;
}

/* A hook that began before the word was taken away. One that a handler has left for good looks like one for long. */
static bool hooks_are_over(const uint64_t *hooks, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++) {
		const struct ot_thread *thread = ot_thread_at(i);

		if (hooks[i] > OT_ASKED && ot_thread_state(thread) == OT_THREAD_LIVE &&
		    __atomic_load_n(&thread->armed, __ATOMIC_ACQUIRE) == hooks[i])
			return false;
	}
	return true;
}

static uint64_t hooks[OT_RINGS_MAX]; /* that ran when the word was taken away */
static uint32_t nr_hooks;

static void note_hooks(void)
{
	const struct ot_thread *thread;

	ot_sys_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
	for (nr_hooks = 0; nr_hooks < OT_RINGS_MAX; nr_hooks++) {
		thread = ot_thread_at(nr_hooks);
		if (!thread)
			break;
		hooks[nr_hooks] = __atomic_load_n(&thread->armed, __ATOMIC_ACQUIRE);
	}
}

static void take_out_if_quiet(void)
{
	if (!hooks_are_over(hooks, nr_hooks))
		return;
	reads.in = reads.leaving = false;
	ot_signal_watch(false);
	ot_faults_want(OT_FAULTS_READS, false);
}

static void take_out(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	if (!reads.leaving) {
		ot_reads_suspend();
		note_hooks();
		reads.leaving = true;
	}
	for (unsigned i = 0; i < QUIET_TRIES && !hooks_are_over(hooks, nr_hooks); i++)
		ot_sys_nanosleep(&pause);
	take_out_if_quiet();
}

static bool is_to_be_in(void)
{
	return reads.wished && reads.rules_read && reads.why != OTRACE_FAST_READS_TAKEN &&
	       (reads.in || !reads.why);
}

/* Under control. */
static void update(void)
{
	if (!reads.rules_known)
		reads.rules_read = any_rule_reads();
	reads.rules_known = true;
	if (reads.wished && !reads.in)
		why_never();
	if (!is_to_be_in()) {
		if (reads.in)
			take_out();
		return;
	}
	if (!reads.in || reads.leaving)
		put_in();
	look();
	if (reads.why == OTRACE_FAST_READS_TAKEN)
		take_out();
}

static void run_update(void *context)
{
	(void)context;
	update();
}

static void run_tick(void *context)
{
	uint32_t left = __atomic_load_n(&loading, __ATOMIC_SEQ_CST);

	(void)context;
	if (left)
		__atomic_compare_exchange_n(&loading, &left, left - 1, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED);
	update();
}

void ot_reads_rules_changed(void)
{
	reads.rules_known = false;
	if (reads.wished || reads.in)
		update();
}

void ot_reads_tick(void)
{
	if (reads.wished || reads.in)
		ot_control_run(run_tick, NULL);
}

void ot_reads_shell_gone(void)
{
	reads.wished = false;
	if (reads.in)
		ot_control_run(run_update, NULL);
}

bool ot_reads_are_in(void)
{
	return reads.in;
}

void ot_reads_in_child(void)
{
	ot_reads_suspend();
	reads.wished = reads.in = reads.leaving = reads.rules_known = false;
	nr_setting = 0;
	reads.why = 0;
}

/* ------------------------------------------------------------------ the request */

static void run_request(void *context)
{
	const struct otrace_fast_reads *wish = context;

	bool on = wish->flags & OTRACE_FAST_READS_ASK ? reads.wished
						      : wish->flags & OTRACE_FAST_READS_ON;

	if (on != reads.wished)
		reads.why = 0;
	reads.wished = on;
	update();
	if (reads.wished && !reads.in && !reads.why) {
		int number = blocking_handler();

		because(number ? OTRACE_FAST_READS_HANDLER : OTRACE_FAST_READS_IDLE, number);
	}
}

void ot_request_fast_reads(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct otrace_fast_reads wish = *(const struct otrace_fast_reads *)(const void *)in.bytes;
	struct otrace_fast_reads_state state = {0};

	(void)client;
	ot_control_run(run_request, &wish);
	state.flags = reads.wished ? OTRACE_FAST_READS_ON : 0;
	state.why = reads.wished ? reads.why : OTRACE_FAST_READS_IDLE;
	state.signal = (uint32_t)reads.number;
	state.nr_slots = ot_signal_watch_nr();
	ot_reply_add(reply, &state, sizeof(state));
}
