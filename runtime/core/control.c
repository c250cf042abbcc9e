/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/mman.h>

#include "base/arena.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/maps.h"
#include "core/area.h"
#include "core/callbacks.h"
#include "core/control.h"
#include "core/probe.h"
#include "core/reads.h"
#include "core/rules.h"
#include "core/start.h"
#include "core/switch.h"
#include "core/tags.h"
#include "core/thread.h"

static struct ot_lock control;

/*
 * Control first, the loader's list inside it: so a thread that forks with control held knows that none
 * of ours is inside the list, whose lock would stay taken in the child. But a program may fork inside
 * dl_iterate_phdr(), and then holds the list while it waits for control. So whoever waits for the list
 * says so, and may be frozen while he does: he comes in, finds that, and goes out again.
 */
enum phase { PHASE_OUT = 0, PHASE_WAITING = 1, PHASE_INSIDE = 2, PHASE_FROZEN = 3 };

#define PHASE_BITS 2

static uint32_t visit; /* a futex: number of the visit to the list, enum phase */

/* So long nobody waits for the loader's list, unless it is the forking thread that has it. */
#define PATIENCE_NS 50000000u

/* How many threads wait for control to fork. They go first: the lock knows no turns, and a program that switches
 * without a pause would take it again before they are awake. */
static uint32_t nr_forking;

#define FORKS_TURN_NS 1000000u
#define FORKS_TURNS 20u /* not for ever: they may wait for whoever waits for them */

/* Of the thread that forks. */
static __thread struct {
	uint64_t signals;
	uint32_t depth;	 /* handlers of pthread_atfork() may fork */
	uint32_t frozen; /* the visit, 0 = none: control is held */
} forking __attribute__((tls_model("initial-exec")));

struct turn {
	void (*work)(void *context);
	void *context;
	uint32_t waiting; /* the visit's word while it waits */
	bool done;
};

uint32_t ot_control_awaits_list(void)
{
	uint32_t now = __atomic_load_n(&visit, __ATOMIC_ACQUIRE);

	return (now & PHASE_FROZEN) == PHASE_WAITING ? now : 0;
}

static bool set_phase(uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&visit, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

static void take_turn(void *context)
{
	struct turn *turn = context;
	uint32_t number = turn->waiting & ~PHASE_FROZEN;

	if (!set_phase(turn->waiting, number | PHASE_INSIDE))
		return;
	ot_modules_refresh();
	turn->work(turn->context);
	turn->done = true;
}

/* Control is held. */
static void visit_list(void (*work)(void *context), void *context)
{
	struct turn turn = {.work = work, .context = context};

	for (;;) {
		uint32_t number = (visit & ~PHASE_FROZEN) + (1u << PHASE_BITS);

		turn.waiting = number | PHASE_WAITING;
		__atomic_store_n(&visit, turn.waiting, __ATOMIC_RELEASE);
		ot_modules_locked(take_turn, &turn);
		if (turn.done)
			break;
		while (__atomic_load_n(&visit, __ATOMIC_ACQUIRE) == (number | PHASE_FROZEN))
			ot_futex_wait(&visit, number | PHASE_FROZEN, 0);
	}
	__atomic_store_n(&visit, visit & ~PHASE_FROZEN, __ATOMIC_RELEASE);
}

static void run_turn_of_another(void *context)
{
	struct turn *turn = context;

	ot_modules_refresh();
	turn->work(turn->context);
}

static void let_forks_go_first(void)
{
	uint32_t nr;

	for (unsigned i = 0; i < FORKS_TURNS; i++) {
		nr = __atomic_load_n(&nr_forking, __ATOMIC_ACQUIRE);
		if (!nr)
			return;
		ot_futex_wait(&nr_forking, nr, FORKS_TURN_NS);
	}
}

/* Signals first: a handler that asks for something would wait for its own thread. */
void ot_control_run(void (*work)(void *context), void *context)
{
	uint64_t signals = ot_signals_block();

	if (forking.frozen) {
		ot_modules_locked(run_turn_of_another, &(struct turn){work, context, 0, false});
	} else if (forking.depth) {
		visit_list(work, context);
	} else {
		let_forks_go_first();
		ot_lock_take(&control);
		visit_list(work, context);
		ot_lock_release(&control);
	}
	ot_signals_restore(signals);
}

/* Takes control, or freezes the one who has it and waits for the loader's list. */
static uint32_t hold_or_freeze(void)
{
	for (;;) {
		uint32_t seen = __atomic_load_n(&visit, __ATOMIC_ACQUIRE);
		uint32_t number = seen & ~PHASE_FROZEN;

		if (ot_lock_take_within(&control, PATIENCE_NS))
			return 0;
		if (seen == (number | PHASE_WAITING) && set_phase(seen, number | PHASE_FROZEN))
			return number | PHASE_FROZEN;
	}
}

void ot_control_hold(void)
{
	uint64_t signals = ot_signals_block();

	if (forking.depth++)
		return;
	ot_reads_ask_again(); /* handlers of the program's run before signals come back */
	__atomic_fetch_add(&nr_forking, 1, __ATOMIC_RELEASE);
	forking.frozen = hold_or_freeze();
	__atomic_fetch_sub(&nr_forking, 1, __ATOMIC_RELEASE);
	ot_futex_wake(&nr_forking);
	forking.signals = signals;
}

void ot_control_unhold(void)
{
	if (--forking.depth)
		return;
	if (forking.frozen) {
		/* it may not have noticed, and still wait when this thread forks again */
		__atomic_store_n(&visit, (forking.frozen & ~PHASE_FROZEN) | PHASE_WAITING,
				 __ATOMIC_RELEASE);
		ot_futex_wake(&visit);
		forking.frozen = 0;
	} else {
		ot_lock_release(&control);
	}
	ot_signals_restore(forking.signals);
	ot_reads_ask_again();
}

/* Whoever was frozen, or waited, is not here. */
void ot_control_unhold_child(void)
{
	if (forking.depth > 1) {
		forking.depth--;
		return;
	}
	forking.depth = 0;
	forking.frozen = 0;
	nr_forking = 0;
	visit = 0;
	control = (struct ot_lock){0};
	ot_signals_restore(forking.signals);
}

/* ------------------------------------------------------------------ probes */

struct probe_work {
	const struct ot_probe_wish *wishes;
	uint32_t nr;
	int32_t *status;
	struct otrace_switched *ret;
};

static int arm_probe(const struct ot_probe_wish *wish, struct otrace_probe **probe_ret)
{
	const struct ot_arm *arm = NULL;
	int error;

	if (ot_failed())
		return OTRACE_E_SYSTEM;
	error = ot_probe_get(wish->set->fn, probe_ret);
	if (!error)
		error = ot_probe_arm(*probe_ret, wish->set, wish->captures, wish->rules, &arm);
	if (!error && arm->rules && arm->rules->tag_mask)
		error = ot_tags_prepare();
	if (!error)
		__atomic_store_n(&(*probe_ret)->arm, arm, __ATOMIC_RELEASE);
	return error;
}

static void run_probe(void *context)
{
	struct probe_work *work = context;
	uint64_t bytes = work->nr * sizeof(struct ot_change);
	struct ot_change *changes = ot_area_map_rings() ? ot_pages_map(bytes) : NULL;
	uint32_t used = 0;

	for (uint32_t i = 0; i < work->nr; i++) {
		struct otrace_probe *probe = NULL;

		work->status[i] =
			changes ? arm_probe(&work->wishes[i], &probe) : OTRACE_E_NO_MEMORY;
		if (work->status[i])
			work->ret->nr_refused++;
		else
			changes[used++] =
				(struct ot_change){.probe = probe, .mode = OT_MODE_TRACED};
	}
	ot_switch(changes, used, work->ret);
	ot_arms_reuse();
	for (uint32_t i = 0, at = 0; i < work->nr; i++) {
		if (work->status[i])
			continue;
		work->status[i] = changes[at].status;
		if (work->status[i] && changes[at].probe->mode != OT_MODE_TRACED)
			changes[at].probe->arm = NULL;
		at++;
	}
	ot_pages_unmap(changes, bytes);
	ot_reads_rules_changed();
}

void ot_control_probe(const struct ot_probe_wish *wishes, uint32_t nr, int32_t *status,
		      struct otrace_switched *ret)
{
	struct probe_work work = {wishes, nr, status, ret};

	if (nr)
		ot_control_run(run_probe, &work);
}

struct unprobe_work {
	const uint64_t *fns;
	uint32_t nr;
	struct otrace_switched *ret;
};

static void disarm_all(void)
{
	for (struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next)
		__atomic_store_n(&probe->arm, NULL, __ATOMIC_RELEASE);
}

/* But for what the shell wanted to stay. */
static void disarm_shells(void)
{
	for (struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next)
		if (probe->arm)
			__atomic_store_n(&probe->arm, ot_probe_kept(probe), __ATOMIC_RELEASE);
}

static void disarm(uint64_t fn_address)
{
	struct ot_fn fn;
	struct otrace_probe *probe = NULL;

	if (ot_module_fn(fn_address, &fn))
		probe = ot_probe_find(fn.stub);
	if (probe)
		__atomic_store_n(&probe->arm, NULL, __ATOMIC_RELEASE);
}

static void run_unprobe(void *context)
{
	struct unprobe_work *work = context;

	if (!work->nr)
		disarm_all();
	for (uint32_t i = 0; i < work->nr; i++)
		disarm(work->fns[i]);
	ot_switch_settle(work->ret);
	ot_reads_rules_changed();
}

void ot_control_unprobe(const uint64_t *fns, uint32_t nr, struct otrace_switched *ret)
{
	struct unprobe_work work = {fns, nr, ret};

	ot_control_run(run_unprobe, &work);
}

/* ------------------------------------------------------------------ redirects */

struct redirect_work {
	const struct otrace_redirect *redirect;
	enum ot_owner owner;
	struct otrace_switched *ret;
	int error;
};

static bool is_code(uint64_t address)
{
	static char scratch[OT_PAGE_BYTES];
	struct ot_mapping map;

	return ot_maps_find(address, scratch, sizeof(scratch), &map) && (map.prot & PROT_EXEC);
}

static void set_replacement(struct otrace_probe *probe, enum ot_owner owner, uint64_t target)
{
	if (owner == OT_OWNER_API)
		probe->replacement_api = (void *)target;
	else
		probe->replacement_shell = (void *)target;
	ot_probe_retarget(probe);
}

static int check_redirect(const struct otrace_redirect *redirect, const struct otrace_probe *probe)
{
	if (!redirect->target)
		return OTRACE_E_OK;
	if ((probe->assumes & OTRACE_ASSUMES_REFUSED) && !(redirect->flags & OTRACE_REDIRECT_FORCE))
		return OTRACE_E_ASSUMES;
	/* whatever is forced: it would be entered for ever */
	if (ot_probe_would_loop(probe, redirect->target))
		return OTRACE_E_LOOP;
	return is_code(redirect->target) ? OTRACE_E_OK : OTRACE_E_FAULT;
}

static int redirect_probe(struct redirect_work *work, struct otrace_probe *probe)
{
	uint64_t old = (uint64_t)(work->owner == OT_OWNER_API ? probe->replacement_api
							      : probe->replacement_shell);
	struct ot_change change = {.probe = probe};

	set_replacement(probe, work->owner, work->redirect->target);
	change.mode = (uint8_t)ot_probe_wanted(probe);
	ot_switch(&change, 1, work->ret);
	if (change.status && work->redirect->target)
		set_replacement(probe, work->owner, old);
	return change.status;
}

static void run_redirect(void *context)
{
	struct redirect_work *work = context;
	struct otrace_probe *probe = NULL;

	if (ot_failed()) {
		work->error = OTRACE_E_SYSTEM;
		return;
	}
	work->error = ot_probe_get(work->redirect->fn, &probe);
	if (!work->error)
		work->error = check_redirect(work->redirect, probe);
	if (!work->error)
		work->error = redirect_probe(work, probe);
}

int ot_control_redirect(const struct otrace_redirect *redirect, enum ot_owner owner,
			struct otrace_switched *ret)
{
	struct redirect_work work = {redirect, owner, ret, OTRACE_E_OK};

	ot_control_run(run_redirect, &work);
	ot_callbacks_tell_edits();
	return work.error;
}

static void restore_all(enum ot_owner owner)
{
	for (struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next)
		set_replacement(probe, owner, 0);
}

static void run_restore_all(void *context)
{
	struct redirect_work *work = context;

	restore_all(work->owner);
	ot_switch_settle(work->ret);
}

void ot_control_restore_all(enum ot_owner owner, struct otrace_switched *ret)
{
	struct redirect_work work = {.owner = owner, .ret = ret};

	ot_control_run(run_restore_all, &work);
	ot_callbacks_tell_edits();
}

static void make_probes(struct ot_module *module)
{
	struct otrace_probe *probe;
	struct ot_fn fn;

	for (uint64_t at = ot_module_next_fn(module, 0, &fn); at;
	     at = ot_module_next_fn(module, at, &fn))
		ot_probe_get(at, &probe);
}

static bool is_readable(uint64_t stub)
{
	uint8_t bytes[OT_STUB_BYTES];

	return ot_safe_read(bytes, stub, sizeof(bytes)) == sizeof(bytes);
}

static void run_pass(void *context)
{
	struct otrace_switched done = {0};

	ot_probes_pass = *(const bool *)context && !ot_failed();
	for (struct ot_module *module = ot_modules_first(); ot_probes_pass && module;
	     module = module->next)
		if (module->loaded)
			make_probes(module);
	ot_switch_settle(&done);
}

void ot_control_pass(bool on)
{
	ot_control_run(run_pass, &on);
}

static void run_shell_gone(void *context)
{
	ot_probes_pass = false;
	disarm_shells();
	ot_arms_next_session();
	restore_all(OT_OWNER_SHELL);
	ot_switch_settle(context);
	ot_reads_rules_changed();
}

/*
 * Nobody else runs here, so the loader's list stands still without its lock, which another thread of the parent
 * may have had. That one may also have unmapped a module that we still have.
 */
void ot_control_child_off(void)
{
	struct otrace_switched done = {0};
	uint64_t readable = 0; /* the end of the page that was asked about last */

	if (!ot_probes_pass)
		return;
	ot_probes_pass = false;
	if (ot_start_locked_in())
		return;
	for (struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next) {
		bool known = probe->stub + OT_STUB_BYTES <= readable &&
			     probe->stub >= readable - OT_PAGE_BYTES;

		if (probe->mode == ot_probe_wanted(probe) || known)
			continue;
		if (is_readable(probe->stub))
			readable = OT_ROUND_UP(probe->stub + OT_STUB_BYTES, OT_PAGE_BYTES);
		else
			probe->unloaded = true;
	}
	ot_switch_settle(&done);
}

void ot_control_shell_gone(struct otrace_switched *ret)
{
	ot_control_run(run_shell_gone, ret);
	ot_callbacks_tell_edits();
}

void ot_control_forget_shell(void)
{
	uint64_t signals = ot_signals_block();

	if (!forking.depth)
		ot_lock_take(&control);
	ot_probes_pass = false;
	disarm_all();
	restore_all(OT_OWNER_SHELL);
	if (!forking.depth)
		ot_lock_release(&control);
	ot_signals_restore(signals);
}

static void run_disable(void *context)
{
	restore_all(OT_OWNER_API);
	disarm_all();
	run_shell_gone(context);
}

void ot_control_disable(void)
{
	struct otrace_switched done = {0};

	ot_control_run(run_disable, &done);
}

/* ------------------------------------------------------------------ status */

static void count_probes(struct otrace_status *status)
{
	for (struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next) {
		status->nr_on += probe->mode != OT_MODE_OFF;
		status->nr_traced += probe->arm != NULL;
		status->nr_redirected += probe->target != probe->body;
	}
}

static void count_losses(struct otrace_status *status)
{
	status->lost_no_ring = ot_area->lost_no_ring;
	status->area_used_bytes = ot_area_used_bytes();
	for (uint32_t i = 0; i < ot_area->nr_rings; i++) {
		const struct otrace_ring *ring = ot_area_ring(i);
		const struct ot_thread *thread = ot_thread_at(i);

		if (ot_thread_state(thread) == OT_THREAD_FREE)
			continue;
		status->nr_rings_used += ot_thread_state(thread) == OT_THREAD_LIVE;
		status->lost_nested += ring->lost_nested;
		status->lost_waiting += ring->lost_waiting;
		status->lost_fault += ring->lost_fault;
	}
}

static void run_status(void *context)
{
	struct otrace_status *status = context;

	for (struct ot_module *module = ot_modules_first(); module; module = module->next)
		status->nr_functions += module->loaded ? module->nr_stubs : 0;
	count_probes(status);
	if (ot_area && ot_threads_live())
		count_losses(status);
	status->nr_switches = ot_switch_totals.nr_switches;
	status->switch_total_ns = ot_switch_totals.total_ns;
	status->window_max_ns = ot_switch_totals.window_max_ns;
	status->text_pages_dirty = ot_switch_totals.nr_pages_dirty;
	status->arena_bytes = ot_arena_bytes();
	status->flags = (ot_start_is_held() ? OTRACE_STATUS_HELD : 0) |
			(ot_failed() ? OTRACE_STATUS_STUBS_DISABLED : 0) |
			(ot_switch_totals.memfd_text ? OTRACE_STATUS_MEMFD_TEXT : 0);
}

void ot_control_status(struct otrace_status *ret)
{
	*ret = (struct otrace_status){0};
	ot_control_run(run_status, ret);
}
