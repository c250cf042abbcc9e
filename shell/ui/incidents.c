/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>

#include "contexts/contexts.h"
#include "stream/asserts.h"
#include "stream/crashes.h"
#include "target/target.h"
#include "ui/breaks.h"
#include "ui/holding.h"
#include "ui/incidents.h"
#include "ui/session.h"
#include "ui/tagged.h"
#include "ui/traced.h"
#include "ui/ui.h"

void ot_incidents_part(void *shell, uint32_t tid, const struct otrace_rec *part, uint64_t time_ns)
{
	(void)time_ns;
	ot_contexts_part(((struct ot_shell *)shell)->contexts, tid, part);
}

void ot_incidents_call(void *priv, const struct ot_trace *trace, const struct ot_call_event *event)
{
	struct ot_shell *shell = priv;

	ot_traced_call(shell, trace, event);
	ot_contexts_call(shell->contexts, trace, event);
	ot_breaks_call(shell, event);
	ot_holding_call(shell, trace, event);
}

static void take_assert(void *priv, uint32_t tid, const struct otrace_rec *rec, uint64_t time_ns)
{
	struct ot_shell *shell = priv;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, json = OT_BUF_INIT;
	struct ot_assert assert;

	if (!ot_assert_read(rec, tid, time_ns, &assert))
		return;
	ot_session_note_event(shell);
	if (shell->contexts)
		ot_contexts_make_assert(shell->contexts, &assert);
	if (assert.parks && shell->breaks)
		ot_parked_assert(ot_breaks_parked(shell), &assert);
	ot_assert_text(&assert, &text);
	ot_assert_json(&assert, &json);
	ot_ui_happened(shell->ui,
		       &(struct ot_log_text){.text = text.data,
					     .bytes = text.len,
					     .level = OT_LOG_WARNING,
					     .has_id = true,
					     .time_ns = time_ns,
					     .tid = tid,
					     .function = assert.function},
		       &json);
}

static void keep_crash(struct ot_contexts *contexts, const struct ot_crash *crash)
{
	struct ot_context_made made = {.seq = crash->seq,
				       .kind = OT_CONTEXT_EXCEPTIONS,
				       .label = crash->signal_name,
				       .function = crash->function,
				       .tid = crash->tid,
				       .time_ns = crash->time_ns,
				       .parent_seq = crash->parent_seq,
				       .registers = crash->registers};

	ot_contexts_make(contexts, &made);
}

static void take_crash(void *priv, uint32_t tid, const struct otrace_rec *rec, uint64_t time_ns)
{
	struct ot_shell *shell = priv;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, json = OT_BUF_INIT;
	struct ot_crash crash;

	if (!ot_crash_read(rec, tid, time_ns, shell->program, shell->traces, shell->stream, &crash))
		return;
	ot_session_note_event(shell);
	if (shell->contexts)
		keep_crash(shell->contexts, &crash);
	if (shell->breaks)
		ot_parked_crash(ot_breaks_parked(shell), crash.seq, crash.function,
				crash.signal_name);
	ot_crash_text(&crash, &text);
	ot_crash_json(&crash, &json);
	ot_ui_happened(shell->ui,
		       &(struct ot_log_text){.text = text.data,
					     .bytes = text.len,
					     .level = OT_LOG_WARNING,
					     .has_id = true,
					     .time_ns = time_ns,
					     .tid = tid,
					     .function = crash.function},
		       &json);
	ot_crash_deinit(&crash);
}

void ot_incidents_begin(struct ot_shell *shell)
{
	ot_traced_begin(shell);
	ot_tagged_begin(shell);
	if (!shell->stream)
		return;
	ot_breaks_begin(shell);
	ot_holding_begin(shell);
	ot_contexts_on_evicted(shell->contexts, ot_holding_evicted, shell);
	ot_stream_on(shell->stream, OTRACE_REC_ASSERT, take_assert, shell);
	ot_stream_on(shell->stream, OTRACE_REC_CRASH, take_crash, shell);
}

void ot_incidents_death(struct ot_shell *shell, const struct ot_event_writer *writer, int status,
			int pidfd)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, json = OT_BUF_INIT;
	struct ot_death death = {.stream = shell->stream,
				 .area = ot_target_area(shell->target),
				 .writer = writer,
				 .pid = (int)ot_target_pid(shell->target),
				 .status = status};
	struct timespec now;

	if (status < 0 && !shell->launch)
		death.status = ot_death_status(pidfd, death.pid);
	ot_death_tell(&death, &text, &json);
	clock_gettime(CLOCK_REALTIME, &now);
	ot_ui_happened(shell->ui,
		       &(struct ot_log_text){.text = text.data,
					     .bytes = text.len,
					     .level = OT_LOG_ERROR,
					     .time_ns = (uint64_t)now.tv_sec * 1000000000 +
							(uint64_t)now.tv_nsec},
		       &json);
}
