/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "base/log.h"
#include "base/sys.h"
#include "core/callbacks.h"
#include "core/start.h"
#include "core/thread.h"

#define ROOM_BYTES (32u << 10) /* of stack that a callback has at least */
#define ROUNDS_MAX 16u

const struct otrace_callbacks *ot_callbacks;

/* Of the callback that runs in this thread: the hook as it would stand in armed, OT_ARMED = outside of hooks. A jump may
 * have left it. */
static __thread uint64_t running __attribute__((tls_model("initial-exec")));

static bool is_inside(uint64_t hook, uint32_t frame_bytes)
{
	if (running == OT_ARMED)
		return true;
	return running && !ot_hook_is_left(running, hook, frame_bytes);
}

static bool has_room(uint64_t frame)
{
	if (frame - ROOM_BYTES >= ot_tls.stack_low)
		return true;
	ot_stack_be_exact(frame);
	return frame - ROOM_BYTES >= ot_tls.stack_low;
}

/* The words that were captured of the frame itself, in the order of the parameters. */
static uint32_t collect_words(const struct otrace_frame *frame, const struct ot_step *step,
			      uint32_t nr_steps, uint64_t *words)
{
	uint32_t nr = 0;

	for (; nr_steps; nr_steps--, step++) {
		const char *from = (const char *)frame + step->offset;

		for (uint32_t i = 0; step->kind == OTRACE_CAPTURE_FRAME && i < step->words; i++) {
			if (nr == OTRACE_CALL_WORDS_MAX)
				return nr;
			words[nr] = ((const uint64_t *)(const void *)from)[i];
			if (i + 1 == step->words)
				words[nr] &= step->mask;
			nr++;
		}
	}
	return nr;
}

static void run(const struct otrace_callbacks *callbacks, const struct otrace_frame *frame,
		bool at_end)
{
	void (*tell)(const struct otrace_call_info *info, void *context) =
		at_end ? callbacks->on_return : callbacks->on_call;
	const struct ot_arm *arm = (const void *)frame->words[1];
	uint64_t words[OTRACE_CALL_WORDS_MAX];
	struct otrace_call_info info = {.function = arm->probe->name,
					.address = (void *)arm->probe->stub,
					.seq = frame->words[0],
					.words = words};

	if (!tell)
		return;
	info.nr_words =
		at_end ? collect_words(frame, arm->steps + arm->nr_enter, arm->nr_leave, words)
		       : collect_words(frame, arm->steps, arm->nr_enter, words);
	tell(&info, callbacks->context);
}

void ot_callbacks_run(const struct otrace_frame *frame, bool at_end)
{
	const struct otrace_callbacks *callbacks = __atomic_load_n(&ot_callbacks, __ATOMIC_ACQUIRE);
	uint64_t hook = (uint64_t)frame | (at_end ? OT_HOOK_LEAVE : OT_HOOK_ENTER);
	const struct ot_arm *arm = (const void *)frame->words[1];
	int error = errno;
	struct ot_wide wide;

	if (!callbacks || !frame->words[0] || is_inside(hook, arm->frame_bytes) ||
	    !has_room((uint64_t)frame))
		return;
	running = hook;
	ot_barrier();
	/* a wrapper has put aside all that there is; the entry for variable arguments knows 16 bytes of each */
	if (!arm->probe->wrapper)
		ot_arch_wide_save(&wide);
	run(callbacks, frame, at_end);
	if (!arm->probe->wrapper)
		ot_arch_wide_load(&wide);
	ot_barrier();
	running = 0;
	errno = error;
}

/* ------------------------------------------------------------------ edits */

static bool tell_edit(const struct otrace_callbacks *callbacks, struct otrace_probe *probe)
{
	void *target = __atomic_load_n(&probe->target, __ATOMIC_ACQUIRE);
	struct otrace_edit edit = {.function = probe->name, .address = (void *)probe->stub};

	edit.replacement = target == probe->body ? NULL : target;
	if (probe->unloaded || __atomic_exchange_n(&probe->told, edit.replacement,
						   __ATOMIC_ACQ_REL) == edit.replacement)
		return false;
	callbacks->on_edit(&edit, callbacks->context);
	return true;
}

/* Again when the callback itself has made one; not for ever. */
void ot_callbacks_tell_edits(void)
{
	const struct otrace_callbacks *callbacks = __atomic_load_n(&ot_callbacks, __ATOMIC_ACQUIRE);
	uint64_t outer = running;
	bool any = true;

	if (!callbacks || !callbacks->on_edit || outer == OT_ARMED)
		return;
	running = OT_ARMED;
	for (uint32_t round = 0; any && round < ROUNDS_MAX; round++) {
		any = false;
		for (struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next)
			any = tell_edit(callbacks, probe) || any;
	}
	running = outer;
}

/* ------------------------------------------------------------------ accesses */

void ot_callbacks_tell_access(const struct otrace_access *access)
{
	const struct otrace_callbacks *callbacks = __atomic_load_n(&ot_callbacks, __ATOMIC_ACQUIRE);
	uint64_t outer = running;

	/* a program of an earlier version has none */
	if (!callbacks || callbacks->size_bytes < sizeof(*callbacks) || !callbacks->on_access ||
	    outer == OT_ARMED)
		return;
	running = OT_ARMED;
	callbacks->on_access(access, callbacks->context);
	running = outer;
}

/* ------------------------------------------------------------------ messages */

static bool in_hook(void)
{
	const struct ot_tls *tls = &ot_tls;

	return tls->busy || (tls->thread && tls->thread->armed > OT_ASKED);
}

static bool take_line(const char *line)
{
	const struct otrace_callbacks *callbacks = __atomic_load_n(&ot_callbacks, __ATOMIC_ACQUIRE);
	uint64_t outer = running;

	if (!callbacks || !callbacks->on_log || outer == OT_ARMED || in_hook())
		return false;
	running = OT_ARMED;
	callbacks->on_log(line, callbacks->context);
	running = outer;
	return true;
}

int otrace_set_callbacks(const struct otrace_callbacks *callbacks)
{
	if (callbacks && callbacks->size_bytes < offsetof(struct otrace_callbacks, on_access))
		return -OTRACE_E_INVALID;
	ot_start_core();
	ot_log_to = take_line;
	__atomic_store_n(&ot_callbacks, callbacks, __ATOMIC_RELEASE);
	return 0;
}
