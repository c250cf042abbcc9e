/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <ucontext.h>

#include "base/sys.h"
#include "core/area.h"
#include "core/clock.h"
#include "core/control.h"
#include "core/crash.h"
#include "core/faults.h"
#include "core/park.h"
#include "core/record.h"
#include "core/requests.h"
#include "core/server.h"

#define STACK_BYTES 16384u
#define STACK_BYTES_MAX (64u * 1024u)
#define PIECE_BYTES 1024u
#define RED_ZONE_BYTES 128u /* below the stack pointer, the function's own by the ABI */

static struct {
	uint32_t on;
	uint32_t stack_bytes;
	uint64_t deadline_ns;
} post_mortem;

static __thread bool crashing __attribute__((tls_model("initial-exec")));

/* There is no call: neither a frame nor a rule. */
static const struct ot_arm no_arm;

/* ------------------------------------------------------------------ records */

static void *begin(struct ot_thread *thread, uint64_t seq, uint64_t bytes)
{
	struct otrace_rec *rec;

	if (!ot_record_room(thread, bytes, 0))
		return NULL;
	rec = ot_record_at(thread);
	rec->tsc = ot_clock_now();
	rec->call_seq = seq;
	return rec;
}

static void end(struct ot_thread *thread, void *rec, uint64_t bytes, unsigned type)
{
	ot_record_head(rec, OT_REC_HEAD(0, bytes / 8, type, 0));
	if (OTRACE_REC_IS_PART(type))
		ot_record_commit_part(thread, bytes);
	else
		ot_record_commit(thread, bytes);
}

static void write_crash(struct ot_thread *thread, uint64_t seq, const siginfo_t *info,
			const ucontext_t *context)
{
	struct otrace_rec_crash *rec = begin(thread, seq, sizeof(*rec));

	if (!rec)
		return;
	rec->parent_seq = thread->top->seq;
	rec->signal = (uint32_t)info->si_signo;
	rec->code = info->si_code;
	rec->address = info->si_code > 0 ? (uint64_t)info->si_addr : 0;
	for (unsigned i = 0; i < OTRACE_CRASH_NR_REGISTERS; i++)
		rec->registers[i] = (uint64_t)context->uc_mcontext.gregs[i];
	end(thread, rec, sizeof(*rec), OTRACE_REC_CRASH);
}

static void write_registers(struct ot_thread *thread, uint64_t seq, const ucontext_t *context)
{
	static const uint8_t order[OTRACE_REC_NR_REGISTERS] = {REG_RBX, REG_RBP, REG_R12, REG_R13,
							       REG_R14, REG_R15, REG_RSP, REG_RIP};
	struct otrace_rec_registers *rec = begin(thread, seq, sizeof(*rec));

	if (!rec)
		return;
	for (unsigned i = 0; i < OTRACE_REC_NR_REGISTERS; i++)
		rec->values[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
	end(thread, rec, sizeof(*rec), OTRACE_REC_REGISTERS);
}

static uint64_t write_piece(struct ot_thread *thread, uint64_t seq, uint64_t from, uint64_t bytes)
{
	struct otrace_rec_copy *rec = begin(thread, seq, sizeof(*rec) + bytes);

	if (!rec)
		return 0;
	bytes = ot_safe_read(rec + 1, from, bytes);
	rec->address = from;
	rec->bytes = (uint32_t)bytes;
	rec->flags = OTRACE_COPY_IS_STACK;
	if (bytes)
		end(thread, rec, sizeof(*rec) + OT_ROUND_UP(bytes, 8), OTRACE_REC_COPY);
	return bytes;
}

static void write_stack(struct ot_thread *thread, uint64_t seq, uint64_t sp)
{
	uint64_t left = ot_smaller(post_mortem.stack_bytes ? post_mortem.stack_bytes : STACK_BYTES,
				   STACK_BYTES_MAX);

	/* where a leaf function has its variables; of a stack that is full it cannot be read */
	write_piece(thread, seq, (sp & ~7ull) - RED_ZONE_BYTES, RED_ZONE_BYTES);
	for (uint64_t at = sp & ~7ull, done; left; at += done, left -= done) {
		uint64_t bytes = ot_smaller(left, PIECE_BYTES);

		done = write_piece(thread, seq, at, bytes);
		if (done < bytes)
			break;
	}
}

static void write_place(struct ot_thread *thread, uint64_t seq, int error)
{
	struct otrace_rec_place *rec = begin(thread, seq, sizeof(*rec));
	uint32_t cpu = 0;

	if (!rec)
		return;
	OT_SYS(SYS_getcpu, &cpu, 0, 0, 0, 0, 0);
	rec->begin_tsc = rec->rec.tsc;
	rec->matched = 0;
	rec->flags = 0;
	rec->cpu = cpu;
	rec->error = error;
	rec->left_out = 0;
	end(thread, rec, sizeof(*rec), OTRACE_REC_PLACE);
}

/* The number that it is known by; 0 = it could not be recorded: it was inside a hook of ours, say. */
static uint64_t record(const siginfo_t *info, const ucontext_t *context, int error)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0) & ~(uint64_t)OT_HOOK_KIND, seq;
	struct ot_thread *thread = ot_thread_slow(here | OT_HOOK_LOW, &no_arm);

	if (!thread || !ot_thread_take(thread, here | OT_HOOK_LOW))
		return 0;
	seq = __atomic_fetch_add(&ot_area->next_call_seq, 1, __ATOMIC_RELAXED);
	write_crash(thread, seq, info, context);
	write_registers(thread, seq, context);
	write_stack(thread, seq, (uint64_t)context->uc_mcontext.gregs[REG_RSP]);
	write_place(thread, seq, error);
	ot_barrier();
	ot_thread_give_back(thread, OT_ARMED);
	return seq;
}

/* ------------------------------------------------------------------ in the handler */

static bool is_wanted(void)
{
	return __atomic_load_n(&post_mortem.on, __ATOMIC_ACQUIRE) && !crashing &&
	       ot_server_has_client() && ot_sys_getpid() == ot_area_pid;
}

static void wait_for_shell(const siginfo_t *info, const ucontext_t *context)
{
	struct ot_park_wish wish = {.arm = &no_arm,
				    .counter = UINT32_MAX,
				    .action = OTRACE_ACTION_BREAK,
				    .deadline_ns = post_mortem.deadline_ns};

	crashing = true;
	wish.call_seq = record(info, context, errno);
	if (wish.call_seq)
		ot_park(&wish);
	crashing = false;
}

void ot_crash_look(const siginfo_t *info, const void *context)
{
	if (is_wanted())
		wait_for_shell(info, context);
}

/* ------------------------------------------------------------------ on and off */

static void map_rings(void *ok)
{
	*(bool *)ok = ot_area_map_rings();
}

bool ot_crash_set(const struct otrace_post_mortem *wish)
{
	bool on = wish->flags & OTRACE_POST_MORTEM_ON, ok = true;

	if (on)
		ot_control_run(map_rings, &ok);
	if (!ok)
		return false;
	post_mortem.stack_bytes = wish->stack_bytes;
	post_mortem.deadline_ns = wish->deadline_ns;
	__atomic_store_n(&post_mortem.on, on, __ATOMIC_RELEASE);
	ot_faults_want(OT_FAULTS_CRASHES, on);
	return true;
}

void ot_crash_shell_gone(void)
{
	if (post_mortem.on)
		ot_crash_set(&(struct otrace_post_mortem){0});
}

void ot_crash_forget(void)
{
	post_mortem.on = 0;
}

void ot_request_post_mortem(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	(void)client;
	if (!ot_crash_set((const void *)in.bytes))
		ot_reply_error(reply, OTRACE_E_NO_MEMORY, NULL);
}
