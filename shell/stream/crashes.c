/* SPDX-License-Identifier: BSD-2-Clause */
#include <signal.h>
#include <string.h>

#include "stream/clock.h"
#include "stream/crashes.h"
#include "target/target.h"

#define REGISTER_RIP 16

static const char *name_of_signal(int number)
{
	switch (number) {
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGFPE:
		return "SIGFPE";
	case SIGILL:
		return "SIGILL";
	default:
		return "SIGABRT";
	}
}

/* The nearest one that begins before; another that has no tables may lie between. */
static const char *function_at(const struct ot_program *program, uint64_t place)
{
	size_t nr;
	struct ot_fn *const *fns = ot_program_fns(program, &nr);
	const struct ot_fn *best = NULL;

	for (size_t i = 0; i < nr; i++)
		if (fns[i]->body && fns[i]->body <= place && (!best || fns[i]->body > best->body))
			best = fns[i];
	return best && place - best->body < 1u << 16 ? best->unique_name : "?";
}

struct opened {
	const struct ot_traces *traces;
	struct ot_crash *crash;
};

static void add_open(void *priv, const struct ot_call_event *event)
{
	const struct opened *opened = priv;
	const struct ot_trace *trace = ot_traces_by_id(opened->traces, event->trace_id);
	struct ot_buf *out = &opened->crash->open;

	if (event->tid != opened->crash->tid || !trace)
		return;
	ot_buf_addf(out, "%s%s:~", out->len ? " " : "", trace->fn->unique_name);
	ot_buf_add_u64(out, event->seq);
}

bool ot_crash_read(const struct otrace_rec *rec, uint32_t tid, uint64_t time_ns,
		   const struct ot_program *program, const struct ot_traces *traces,
		   const struct ot_stream *stream, struct ot_crash *ret)
{
	const struct otrace_rec_crash *from = (const void *)rec;

	if (rec->type != OTRACE_REC_CRASH || rec->nr_words * 8u < sizeof(*from))
		return false;
	*ret = (struct ot_crash){
		.seq = rec->call_seq,
		.parent_seq = from->parent_seq,
		.time_ns = time_ns,
		.tid = tid,
		.signal = (int)from->signal,
		.address = from->address,
		.place = from->registers[REGISTER_RIP],
		.function = function_at(program, from->registers[REGISTER_RIP]),
		.signal_name = name_of_signal((int)from->signal),
	};
	memcpy(ret->registers, from->registers, sizeof(ret->registers));
	ot_calls_each_open(ot_stream_calls(stream), add_open, &(struct opened){traces, ret});
	return true;
}

void ot_crash_deinit(struct ot_crash *crash)
{
	ot_buf_deinit(&crash->open);
}

void ot_crash_id(const struct ot_crash *crash, struct ot_buf *out)
{
	ot_buf_addf(out, "%s:ex-%s:%s.", crash->function, crash->signal_name,
		    ot_clock_text(crash->time_ns));
	ot_buf_add_u64(out, crash->seq);
}

void ot_crash_text(const struct ot_crash *crash, struct ot_buf *out)
{
	ot_crash_id(crash, out);
	ot_buf_addf(out, " thread %u crashed: %s", crash->tid, crash->signal_name);
	if (crash->signal != SIGABRT)
		ot_buf_addf(out, " at address 0x%llx", (unsigned long long)crash->address);
	ot_buf_addf(out, ", code 0x%llx", (unsigned long long)crash->place);
	if (crash->open.len)
		ot_buf_addf(out, "; open: %s", ot_buf_text(&crash->open));
	ot_buf_addc(out, '\n');
}

void ot_crash_json(const struct ot_crash *crash, struct ot_buf *out)
{
	ot_auto_buf struct ot_buf id = OT_BUF_INIT;

	ot_crash_id(crash, &id);
	ot_buf_adds(out, "{\"event\":\"crash\",\"id\":");
	ot_buf_add_json(out, id.data, id.len);
	ot_buf_adds(out, ",\"function\":");
	ot_buf_add_json(out, crash->function, strlen(crash->function));
	ot_buf_addf(out,
		    ",\"signal\":\"%s\",\"thread\":%u,\"address\":%llu,\"place\":%llu,\"open\":",
		    crash->signal_name, crash->tid, (unsigned long long)crash->address,
		    (unsigned long long)crash->place);
	ot_buf_add_json(out, ot_buf_text(&crash->open), crash->open.len);
	ot_buf_adds(out, ",\"time_ns\":");
	ot_buf_add_u64(out, crash->time_ns);
	ot_buf_adds(out, "}\n");
}

struct ot_err *ot_crashes_want(struct ot_target *target, bool on, uint64_t wait_ms)
{
	struct otrace_post_mortem wish = {.flags = on ? OTRACE_POST_MORTEM_ON : 0,
					  .deadline_ns = wait_ms * 1000000};

	return ot_target_ask(target, OTRACE_MSG_POST_MORTEM, &wish, sizeof(wish), NULL);
}
