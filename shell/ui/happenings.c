/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clean.h"
#include "contexts/contexts.h"
#include "stream/asserts.h"
#include "stream/tags.h"
#include "ui/breaks.h"
#include "ui/happenings.h"
#include "ui/session.h"
#include "ui/traced.h"

void ot_happenings_part(void *shell, uint32_t tid, const struct otrace_rec *part, uint64_t time_ns)
{
	(void)time_ns;
	ot_contexts_part(((struct ot_shell *)shell)->contexts, tid, part);
}

void ot_happenings_call(void *priv, const struct ot_trace *trace, const struct ot_call_event *event)
{
	struct ot_shell *shell = priv;

	ot_traced_call(shell, trace, event);
	ot_contexts_call(shell->contexts, trace, event);
	ot_breaks_call(shell, event);
}

static void take_assert(void *priv, uint32_t tid, const struct otrace_rec *rec, uint64_t time_ns)
{
	struct ot_shell *shell = priv;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, json = OT_BUF_INIT;
	struct ot_assert assert;

	if (!ot_assert_read(rec, tid, time_ns, &assert))
		return;
	ot_session_note_event(shell);
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

static void show_tag(void *priv, const struct ot_tag_event *event)
{
	struct ot_shell *shell = priv;
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, json = OT_BUF_INIT;

	ot_tag_event_text(event, &text);
	ot_tag_event_json(event, &json);
	ot_ui_happened(shell->ui,
		       &(struct ot_log_text){.text = text.data,
					     .bytes = text.len,
					     .level = OT_LOG_INFO,
					     .has_id = true},
		       &json);
}

static void take_tag(void *priv, uint32_t tid, const struct otrace_rec *rec, uint64_t time_ns)
{
	ot_tags_feed(priv, tid, rec, time_ns);
}

static void listen_for_tags(struct ot_shell *shell)
{
	shell->tags = ot_tags_create();
	ot_tags_on_event(shell->tags, show_tag, shell);
	if (!shell->stream)
		return;
	ot_stream_on(shell->stream, OTRACE_REC_TAG, take_tag, shell->tags);
	ot_stream_on(shell->stream, OTRACE_REC_TAG_MOVED, take_tag, shell->tags);
	ot_stream_on(shell->stream, OTRACE_REC_TAG_DIED, take_tag, shell->tags);
}

void ot_happenings_begin(struct ot_shell *shell)
{
	ot_traced_begin(shell);
	listen_for_tags(shell);
	if (!shell->stream)
		return;
	ot_breaks_begin(shell);
	ot_stream_on(shell->stream, OTRACE_REC_ASSERT, take_assert, shell);
}
