/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/fastreads.h"

#include <signal.h>
#include <string.h>

#include "target/target.h"

static struct ot_err *send(struct ot_target *target, uint32_t flags,
			   struct otrace_fast_reads_state *ret)
{
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;
	struct otrace_fast_reads wish = {.flags = flags};

	OT_TRY(ot_target_ask(target, OTRACE_MSG_FAST_READS, &wish, sizeof(wish), &reply));
	if (reply.len < sizeof(*ret))
		return ot_err_new(OT_ERR_DAMAGED, "the answer about fast_reads is too short");
	memcpy(ret, reply.data, sizeof(*ret));
	return NULL;
}

struct ot_err *ot_fast_reads_want(struct ot_target *target, bool on)
{
	struct otrace_fast_reads_state state;

	return send(target, on ? OTRACE_FAST_READS_ON : 0, &state);
}

struct ot_err *ot_fast_reads_ask(struct ot_target *target, struct otrace_fast_reads_state *ret)
{
	return send(target, OTRACE_FAST_READS_ASK, ret);
}

static void add_signal(uint32_t number, struct ot_buf *out)
{
	const char *name = sigabbrev_np((int)number);

	if (name)
		ot_buf_addf(out, "SIG%s", name);
	else
		ot_buf_addf(out, "signal %u", number);
}

static void add_why(const struct otrace_fast_reads_state *state, struct ot_buf *out)
{
	switch ((enum otrace_fast_reads_why)state->why) {
	case OTRACE_FAST_READS_STATIC:
		ot_buf_adds(out, "of a static program nobody sees which signals it blocks");
		return;
	case OTRACE_FAST_READS_REPLACED:
		ot_buf_adds(out,
			    "functions for signals are not libc's, but a sanitizer's or its own");
		return;
	case OTRACE_FAST_READS_UNSEEN:
		ot_buf_adds(out, "not all of its calls that change signal masks can be watched");
		return;
	case OTRACE_FAST_READS_HANDLER:
		ot_buf_adds(out, "the handler of ");
		add_signal(state->signal, out);
		ot_buf_adds(out, " blocks SIGSEGV or SIGBUS");
		return;
	case OTRACE_FAST_READS_TAKEN:
		ot_buf_adds(out, "the program has taken ");
		add_signal(state->signal, out);
		ot_buf_adds(out, " back, unseen (set fast_reads off, then on, to try again)");
		return;
	case OTRACE_FAST_READS_LOADING:
		ot_buf_adds(out, "a module is being loaded");
		return;
	case OTRACE_FAST_READS_FAST:
	case OTRACE_FAST_READS_IDLE:
		return;
	}
	ot_buf_addf(out, "for reason %u", state->why);
}

void ot_fast_reads_text(const struct otrace_fast_reads_state *state, struct ot_buf *out)
{
	switch (state->why) {
	case OTRACE_FAST_READS_FAST:
		ot_buf_adds(out, "fast reads");
		return;
	case OTRACE_FAST_READS_IDLE:
		ot_buf_adds(out, "no condition reads through pointers");
		return;
	default:
		ot_buf_adds(out, "safe reads: ");
		add_why(state, out);
	}
}
