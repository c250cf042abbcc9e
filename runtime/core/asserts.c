/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "base/sys.h"
#include "core/area.h"
#include "core/asserts.h"
#include "core/clock.h"
#include "core/control.h"
#include "core/park.h"
#include "core/record.h"
#include "core/server.h"

#define TEXT_BYTES 100u
#define FILE_BYTES 512u
#define STACK_BYTES_MAX (64u * 1024u)
#define PIECE_BYTES (OTRACE_RECORD_MAX_BYTES - sizeof(struct otrace_rec_copy))

/* Of the shell with that number; another has not asked for anything. */
static struct {
	uint32_t session;
	uint32_t flags;
	uint32_t stack_bytes;
} wanted;

/* There is no call: neither a frame nor a rule. */
static const struct ot_arm no_arm;

struct failure {
	struct otrace_rec_assert head;
	const char *texts[5];
	const uint64_t *registers;
	int error; /* errno */
};

static void map_rings(void *ok)
{
	*(bool *)ok = ot_area_map_rings();
}

bool ot_asserts_set(const struct otrace_asserts *wish)
{
	bool ok = true;

	if (wish->flags & OTRACE_ASSERTS_ACTIVE)
		ot_control_run(map_rings, &ok);
	if (!ok)
		return false;
	wanted.flags = wish->flags;
	wanted.stack_bytes = wish->stack_bytes;
	__atomic_store_n(&wanted.session, ot_server_nr_clients(), __ATOMIC_RELEASE);
	return true;
}

static bool is_wanted(void)
{
	return __atomic_load_n(&wanted.session, __ATOMIC_ACQUIRE) == ot_server_nr_clients();
}

/* Probes stay for good, so their list may be walked by anybody. */
static bool is_traced(void)
{
	const struct otrace_probe *probe = ot_probes_first();

	while (probe && !__atomic_load_n(&probe->arm, __ATOMIC_RELAXED))
		probe = probe->next;
	return probe != NULL;
}

static bool is_active(void)
{
	if (!ot_server_has_client() || !ot_area || !ot_threads_live())
		return false;
	return (is_wanted() && (wanted.flags & OTRACE_ASSERTS_ACTIVE)) || is_traced();
}

static void take_action(struct failure *failure, const char *action)
{
	static const struct {
		const char *name;
		uint32_t action;
	} known[] = {{"", OTRACE_ACTION_NONE},
		     {"break", OTRACE_ACTION_BREAK},
		     {"gdb", OTRACE_ACTION_GDB},
		     {"pdb", OTRACE_ACTION_GDB},
		     {"hold", OTRACE_ACTION_HOLD}};

	failure->head.flags = OTRACE_ASSERT_ACTION_UNKNOWN;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (ot_strcmp(action, known[i].name))
			continue;
		failure->head.action = known[i].action;
		failure->head.flags = 0;
	}
}

/* ------------------------------------------------------------------ records */

/* A longjmp may have left calls behind that were made deeper on this stack. */
static uint64_t innermost_open(const struct ot_thread *thread, uint64_t sp)
{
	const struct ot_open_call *call = thread->top;

	while (call > thread->open && call->frame < sp &&
	       call->frame - ot_tls.stack.low < ot_tls.stack.bytes)
		call--;
	return call->seq;
}

static void *begin(struct ot_thread *thread, const struct failure *failure, uint64_t bytes)
{
	struct otrace_rec *rec;

	if (!ot_record_room(thread, bytes, 0))
		return NULL;
	rec = ot_record_at(thread);
	rec->tsc = failure->head.rec.tsc;
	rec->call_seq = failure->head.rec.call_seq;
	return rec;
}

static void end(struct ot_thread *thread, void *rec, uint64_t bytes, uint8_t type)
{
	ot_record_head(rec, OT_REC_HEAD(0, bytes / 8, type, 0));
	if (OTRACE_REC_IS_PART(type))
		ot_record_commit_part(thread, bytes);
	else
		ot_record_commit(thread, bytes);
}

static void write_head(struct ot_thread *thread, const struct failure *failure)
{
	static const uint32_t limits[] = {TEXT_BYTES, FILE_BYTES, TEXT_BYTES, FILE_BYTES,
					  TEXT_BYTES};
	uint64_t bytes = sizeof(failure->head) + 3 * TEXT_BYTES + 2 * FILE_BYTES, at;
	struct otrace_rec_assert *rec = begin(thread, failure, bytes);

	if (!rec)
		return;
	*rec = failure->head;
	rec->text_bytes = 0;
	for (int i = 0; i < 5; i++) {
		at = sizeof(*rec) + rec->text_bytes;
		rec->text_bytes +=
			(uint32_t)ot_strcopy((char *)rec + at, failure->texts[i], limits[i]) + 1;
	}
	end(thread, rec, OT_ROUND_UP(sizeof(*rec) + rec->text_bytes, 8), OTRACE_REC_ASSERT);
}

static void write_registers(struct ot_thread *thread, const struct failure *failure)
{
	struct otrace_rec_registers *rec = begin(thread, failure, sizeof(*rec));

	if (!rec)
		return;
	ot_memcpy(rec->values, failure->registers, sizeof(rec->values));
	end(thread, rec, sizeof(*rec), OTRACE_REC_REGISTERS);
}

static uint64_t write_piece(struct ot_thread *thread, const struct failure *failure, uint64_t from,
			    uint64_t bytes)
{
	struct otrace_rec_copy *rec = begin(thread, failure, sizeof(*rec) + bytes);

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

/* What lies above its frame is its callers'. */
static void write_stack(struct ot_thread *thread, const struct failure *failure)
{
	uint64_t at = failure->registers[6] & ~7ull, left = OTRACE_ASSERTS_STACK_BYTES, done;

	if (is_wanted() && wanted.stack_bytes)
		left = ot_smaller(wanted.stack_bytes, STACK_BYTES_MAX);
	for (; left; at += done, left -= done) {
		uint64_t bytes = ot_smaller(left, PIECE_BYTES);

		done = write_piece(thread, failure, at, bytes);
		if (done < bytes)
			break;
	}
}

static void write_place(struct ot_thread *thread, const struct failure *failure)
{
	struct otrace_rec_place *rec = begin(thread, failure, sizeof(*rec));
	uint32_t cpu = 0;

	if (!rec)
		return;
	OT_SYS(SYS_getcpu, &cpu, 0, 0, 0, 0, 0);
	rec->rec.tsc = ot_clock_now();
	rec->begin_tsc = failure->head.rec.tsc;
	rec->matched = 0;
	rec->flags = 0;
	rec->cpu = cpu;
	rec->error = failure->error;
	rec->left_out = 0;
	end(thread, rec, sizeof(*rec), OTRACE_REC_PLACE);
}

static void write_all(struct failure *failure)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0);
	struct ot_thread *thread = ot_thread_slow(here | OT_HOOK_LOW, &no_arm);

	if (!thread || !ot_thread_take(thread, here | OT_HOOK_LOW))
		return;
	failure->head.rec.call_seq =
		__atomic_fetch_add(&ot_area->next_call_seq, 1, __ATOMIC_RELAXED);
	failure->head.parent_seq = innermost_open(thread, failure->registers[6]);
	failure->head.rec.tsc = ot_clock_now();
	write_head(thread, failure);
	write_registers(thread, failure);
	write_stack(thread, failure);
	write_place(thread, failure);
	ot_barrier();
	ot_thread_give_back(thread, OT_ARMED);
}

/* ------------------------------------------------------------------ the way in */

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

int ot_assert_record(const char *label, const char *action, const char *condition, const char *file,
		     unsigned line, const char *function, const uint64_t *registers)
{
	struct failure failure = {.head.line = line,
				  .texts = {or_empty(label), or_empty(file), or_empty(function),
					    or_empty(condition), or_empty(action)},
				  .registers = registers,
				  .error = errno};
	struct ot_park_wish wish = {.arm = &no_arm};

	if (!is_active())
		return 0;
	take_action(&failure, or_empty(action));
	write_all(&failure);
	wish.call_seq = failure.head.rec.call_seq;
	wish.action = failure.head.action;
	if (wish.action && wish.call_seq)
		ot_park(&wish);
	errno = failure.error;
	return 1;
}
