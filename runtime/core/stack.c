/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which stack is this thread on, and how much of it is left? Wrappers need stack that the program
 * did not plan for; a chain of tail calls through traced functions even needs it without end. So
 * thunks compare the stack pointer with ot_tls.stack_low, and below it a call takes the way without
 * a frame (hooks.c).
 *
 * A thread's first frame makes a guess: some pages below it are there (four system calls of half a
 * microsecond). When it leaves that window, /proc/self/maps is asked once. Coroutines and signal
 * stacks are other stacks; the last few coroutines' are kept. These may be unmapped, and smaller ones
 * put in their place: what is kept of them says which calls were left by a jump, not what may be read.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/maps.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/thread.h"

#define GUESS_BYTES (4 * OT_PAGE_BYTES)
#define RESERVE_MIN 4096u
#define RESERVE_MAX (1u << 20)
#define GROW_GAP_BYTES (1u << 20) /* the kernel keeps it below a stack that grows */
#define ASK_MOST 64u		  /* times per thread; programs with many coroutines get guesses */
#define UNLIMITED_BYTES (1ull << 40)
#define MAIN_SURE_BYTES (128u << 10) /* the kernel keeps more than that free below argv */
#define THREAD_SURE_BYTES \
	(12u << 10) /* less than the smallest stack of a thread, below its control block */

uint64_t ot_stack_main_end;

static uint32_t reserve_for(uint64_t bytes)
{
	uint64_t reserve = bytes / 8;

	if (reserve < RESERVE_MIN)
		return RESERVE_MIN;
	return reserve > RESERVE_MAX ? RESERVE_MAX : (uint32_t)reserve;
}

static void make_current(const struct ot_stack *stack)
{
	struct ot_tls *tls = &ot_tls;

	/* whole or unknown: a handler may interrupt this, and need not come back */
	tls->stack.bytes = 0;
	ot_barrier();
	tls->stack_low = stack->low ? stack->low + stack->reserve_bytes : 0;
	tls->stack.low = stack->low;
	tls->stack.flags = stack->flags;
	tls->stack.reserve_bytes = stack->reserve_bytes;
	ot_barrier();
	tls->stack.bytes = stack->bytes;
}

/* Without asking anyone. Only the addresses down to sp count. */
static bool surely_own(uint64_t sp)
{
	uint64_t self = ot_arch_thread_pointer();

	if (ot_sys_gettid() == ot_sys_getpid())
		return ot_stack_main_end - sp < MAIN_SURE_BYTES;
	return self - sp < THREAD_SURE_BYTES;
}

/* The part of the stack that is surely there, or false when so little is that maps must be asked. */
static bool guess(uint64_t sp, struct ot_stack *ret)
{
	uint64_t page = OT_ROUND_DOWN(sp, OT_PAGE_BYTES);

	for (uint64_t down = OT_PAGE_BYTES; down <= GUESS_BYTES; down += OT_PAGE_BYTES)
		if (!ot_safe_readable(page - down))
			return false;
	*ret = (struct ot_stack){
		.low = page - GUESS_BYTES,
		.bytes = GUESS_BYTES + OT_PAGE_BYTES,
		.flags = surely_own(sp) ? OT_STACK_OWN : 0,
		.reserve_bytes = RESERVE_MIN,
	};
	return true;
}

static uint64_t main_stack_low(const struct ot_mapping *map)
{
	uint64_t limit[2] = {0, 0}, low;

	if (ot_sys_getrlimit(RLIMIT_STACK, limit))
		return map->low;
	if (limit[0] > UNLIMITED_BYTES)
		limit[0] = UNLIMITED_BYTES;
	low = limit[0] < map->high ? map->high - limit[0] : OT_PAGE_BYTES;
	if (map->below_end && low < map->below_end + GROW_GAP_BYTES)
		low = map->below_end + GROW_GAP_BYTES;
	return low < map->low ? low : map->low;
}

/* Memory from the heap may hold many coroutine stacks side by side: frames there say nothing about
 * each other. A mapping of its own with a guard, or with this thread's control block, is one stack;
 * but the first thread's control block lies anywhere, in a static program in the heap. */
static uint32_t kind_of(const struct ot_mapping *map)
{
	uint64_t self = ot_arch_thread_pointer();
	bool holds_thread =
		self >= map->low && self < map->high && ot_sys_gettid() != ot_sys_getpid();
	uint32_t flags = OT_STACK_EXACT;

	if (map->is_stack || map->below_guard || holds_thread)
		flags |= OT_STACK_CLOSABLE;
	/* without a guard, coroutines may lie below it in the same mapping */
	if (map->is_stack || (map->below_guard && holds_thread))
		flags |= OT_STACK_OWN;
	return flags;
}

static __attribute__((noinline)) bool find_mapping_here(uint64_t sp, struct ot_mapping *ret)
{
	char scratch[512];

	return ot_maps_find(sp, scratch, sizeof(scratch), ret);
}

/* Not in memory of this stack, which may be a small one, if the thread has other. */
static bool find_mapping(uint64_t sp, struct ot_mapping *ret)
{
	struct ot_thread *thread = ot_tls.thread;

	if (!thread)
		return find_mapping_here(sp, ret);
	return ot_maps_find(sp, thread->scratch, sizeof(thread->scratch), ret);
}

static void stack_of(struct ot_mapping *map, struct ot_stack *ret)
{
	if (map->is_stack)
		map->low = main_stack_low(map);
	ret->low = map->low;
	ret->bytes = map->high - map->low;
	ret->flags = kind_of(map);
	ret->reserve_bytes = reserve_for(ret->bytes);
}

static bool ask_maps(uint64_t sp, struct ot_stack *ret)
{
	struct ot_mapping map;

	if (!find_mapping(sp, &map))
		return false;
	stack_of(&map, ret);
	return true;
}

static bool holds(const struct ot_stack *stack, uint64_t sp)
{
	return sp - stack->low < stack->bytes;
}

/*
 * A signal handler's stack ends where the program says, whatever is mapped below: mostly other data
 * of the program. Asked each time, because it may have been moved since.
 */
static bool signal_stack(struct ot_stack *ret)
{
	stack_t now;

	if (OT_SYS(SYS_sigaltstack, 0, &now, 0, 0, 0, 0) || (now.ss_flags & SS_DISABLE))
		return false;
	*ret = (struct ot_stack){
		.low = (uint64_t)now.ss_sp,
		.bytes = now.ss_size,
		.flags = OT_STACK_EXACT | OT_STACK_CLOSABLE,
		.reserve_bytes = reserve_for(now.ss_size),
	};
	return true;
}

static bool ask_signal_stack(uint64_t sp, struct ot_stack *ret)
{
	struct ot_stack stack;

	if (!signal_stack(&stack) || !holds(&stack, sp))
		return false;
	*ret = stack;
	return true;
}

static bool find_kept(uint64_t sp, struct ot_stack *ret)
{
	for (unsigned i = 0; i < OT_STACKS_KEPT; i++) {
		const struct ot_stack *kept = &ot_tls.others[i];

		if (kept->bytes && holds(kept, sp)) {
			*ret = *kept;
			return true;
		}
	}
	return false;
}

static void keep(const struct ot_stack *stack)
{
	struct ot_stack *kept;

	/* what lay there before is gone */
	for (unsigned i = 0; i < OT_STACKS_KEPT; i++) {
		kept = &ot_tls.others[i];
		if (kept->low < stack->low + stack->bytes && stack->low < kept->low + kept->bytes)
			kept->bytes = 0;
	}
	kept = &ot_tls.others[ot_tls.next_other++ % OT_STACKS_KEPT];

	kept->bytes = 0;
	ot_barrier();
	kept->low = stack->low;
	kept->flags = stack->flags;
	kept->reserve_bytes = stack->reserve_bytes;
	ot_barrier();
	kept->bytes = stack->bytes;
}

static void find_exact(uint64_t sp)
{
	struct ot_stack stack;

	if (!ask_maps(sp, &stack))
		/* nothing is known: everything is one stack without an end */
		stack = (struct ot_stack){.low = 0, .bytes = ~0ull, .flags = OT_STACK_EXACT};
	else
		keep(&stack);
	ot_tls.nr_asked++;
	make_current(&stack);
}

OT_SLOW void ot_stack_find(uint64_t sp)
{
	bool cheap = !ot_tls.stack.bytes || ot_tls.nr_asked >= ASK_MOST;
	struct ot_stack stack;

	if (ask_signal_stack(sp, &stack) || find_kept(sp, &stack) ||
	    (cheap && ot_area && guess(sp, &stack)))
		make_current(&stack);
	else
		find_exact(sp);
}

void ot_stack_be_exact(uint64_t sp)
{
	if (!holds(&ot_tls.stack, sp))
		ot_stack_find(sp);
	if (!(ot_tls.stack.flags & OT_STACK_EXACT) && ot_tls.nr_asked < ASK_MOST)
		find_exact(sp);
}

void ot_stack_renew(uint64_t sp)
{
	struct ot_stack stack;

	if (!(ot_tls.stack.flags & OT_STACK_OWN) && ot_tls.nr_asked < ASK_MOST &&
	    !ask_signal_stack(sp, &stack))
		find_exact(sp);
}

bool ot_stack_is_one(uint64_t a, uint64_t b)
{
	struct ot_stack stack = ot_tls.stack, of_signals;
	struct ot_mapping map;

	/* it may lie inside of the stack that the handler interrupted */
	if (signal_stack(&of_signals) && holds(&of_signals, a) != holds(&of_signals, b))
		return false;
	if ((!(stack.flags & OT_STACK_EXACT) || !holds(&stack, b)) && ot_tls.nr_asked < ASK_MOST) {
		ot_tls.nr_asked++;
		if (!find_mapping_here(b, &map))
			return false;
		stack_of(&map, &stack);
	}
	return (stack.flags & OT_STACK_CLOSABLE) && holds(&stack, a) && holds(&stack, b);
}
