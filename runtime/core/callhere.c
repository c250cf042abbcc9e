/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>

#include "base/sys.h"
#include "core/call.h"
#include "core/callhere.h"

#define ROOM_BYTES (128u << 10) /* for the function, and 64 KiB of arguments by value */
#define LOOK_BYTES \
	(1u << 20) /* of the stack: one that is deeper is looked at again when it is not */
#define PAUSE 32u  /* entries to skip behind one that was not fit: looking is not cheap */

uint32_t ot_calls_waiting;

/*
 * The number that is kept is the parent's in a child that no handler of fork() ran in. One of vfork() even has our
 * thread-locals, so it must not keep its own there.
 */
static bool is_for_me(void)
{
	struct ot_tls *tls = &ot_tls;

	if (!__atomic_load_n(&ot_calls_waiting, __ATOMIC_ACQUIRE))
		return false;
	if (!tls->tid && ot_call_is_process(ot_sys_getpid()))
		tls->tid = (uint32_t)ot_sys_gettid();
	return tls->tid && ot_call_waits_for(tls->tid) && (uint32_t)ot_sys_gettid() == tls->tid;
}

static bool has_armed(const struct ot_thread *thread)
{
	return thread && thread->armed;
}

/* One that has been interrupted, with its thread's memory in use. Not one that a handler has left by a jump. */
static bool runs(uint64_t hook, uint64_t now, uint32_t frame_bytes)
{
	return hook > OT_ASKED && !ot_hook_is_left(hook, now, frame_bytes);
}

bool ot_call_here_begin(uint64_t hook, uint32_t frame_bytes)
{
	struct ot_tls *tls = &ot_tls;
	uint64_t armed = has_armed(tls->thread) ? tls->thread->armed : 0;

	if (!is_for_me() || runs(tls->busy, hook, frame_bytes) || runs(armed, hook, frame_bytes))
		return false;
	tls->busy = hook;
	ot_barrier();
	if (armed)
		tls->thread->armed = hook;
	ot_barrier();
	if (armed > OT_ASKED)
		ot_hook_clear_left(tls->thread, armed);
	return true;
}

void ot_call_here_end(void)
{
	struct ot_tls *tls = &ot_tls;

	ot_barrier();
	if (has_armed(tls->thread))
		tls->thread->armed = OT_ARMED;
	ot_barrier();
	tls->busy = 0;
}

/* What the kernel has put on the stack for a handler lies above all that the handler has called. */
static bool is_interrupted(uint64_t sp, uint64_t low, uint64_t end)
{
	for (uint64_t at = OT_ROUND_UP(sp, 16) + OT_SIGNAL_FRAME_PLACE; at < end; at += 16)
		if (ot_arch_is_signal_frame(at, low, end))
			return true;
	return false;
}

static bool on_signal_stack(void)
{
	stack_t now;

	return OT_SYS(SYS_sigaltstack, 0, &now, 0, 0, 0, 0) || (now.ss_flags & SS_ONSTACK);
}

bool ot_call_here_is_fit(uint64_t sp, uint64_t room_bytes)
{
	const struct ot_stack *stack = &ot_tls.stack;
	const uint32_t own = OT_STACK_EXACT | OT_STACK_OWN;
	uint64_t end;

	if (on_signal_stack())
		return false;
	ot_stack_be_exact(sp);
	if ((stack->flags & own) != own || sp - stack->low >= stack->bytes ||
	    sp - stack->low < room_bytes)
		return false;
	end = stack->low + stack->bytes;
	if (ot_stack_main_end > sp && ot_stack_main_end < end)
		end = ot_stack_main_end;
	return end - sp <= LOOK_BYTES && !is_interrupted(sp, stack->low, end);
}

OT_SLOW void ot_call_here(uint64_t frame, uint32_t frame_bytes)
{
	bool fit;
	int error;

	if (!__atomic_load_n(&ot_calls_waiting, __ATOMIC_RELAXED))
		return;
	if (ot_tls.call_pause) {
		ot_tls.call_pause--;
		return;
	}
	if (!ot_call_here_begin(frame | OT_HOOK_ENTER, frame_bytes))
		return;
	fit = ot_call_here_is_fit(frame, ROOM_BYTES);
	ot_call_here_end();
	if (!fit) {
		ot_tls.call_pause = PAUSE;
		return;
	}
	error = errno;
	ot_call_run_here(ot_tls.tid);
	errno = error;
}

void ot_call_here_waiting(void)
{
	int error = errno;

	if (is_for_me())
		ot_call_run_here(ot_tls.tid);
	errno = error;
}
