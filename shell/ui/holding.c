/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>

#include "stream/stream.h"
#include "target/target.h"
#include "ui/holding.h"
#include "ui/ui.h"

struct ot_holding {
	struct ot_shell *shell;
	struct ot_holds *holds;
	uint64_t nr_seen; /* that a waiting command has ended for */
	uint64_t nr_lost; /* records, as of the last look */
	bool unattended;
};

static void tell(struct ot_holding *holding, const struct ot_hold_event *event)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, json = OT_BUF_INIT;
	const struct ot_trace *trace =
		ot_traces_by_id(holding->shell->traces, event->hold.trace_id);

	ot_hold_text(holding->holds, event, &text);
	ot_hold_json(holding->holds, event, (int)ot_target_pid(holding->shell->target), &json);
	ot_ui_happened(holding->shell->ui,
		       &(struct ot_log_text){.text = text.data,
					     .bytes = text.len,
					     .level = OT_LOG_WARNING,
					     .has_id = true,
					     .time_ns = event->time_ns,
					     .tid = event->hold.tid,
					     .function = trace ? trace->fn->name : "?"},
		       &json);
}

static void take_record(void *priv, uint32_t tid, const struct otrace_rec *rec, uint64_t time_ns)
{
	struct ot_holding *holding = priv;
	struct ot_hold_event event;

	if (ot_holds_feed(holding->holds, tid, rec, time_ns, &event))
		tell(holding, &event);
}

void ot_holding_begin(struct ot_shell *shell)
{
	struct ot_holding *holding = ot_alloc(sizeof(*holding));

	holding->shell = shell;
	holding->holds = ot_holds_create(shell->traces);
	shell->holding = holding;
	ot_stream_on(shell->stream, OTRACE_REC_HELD, take_record, holding);
	ot_stream_on(shell->stream, OTRACE_REC_RELEASED, take_record, holding);
}

void ot_holding_destroy(struct ot_holding *holding)
{
	if (!holding)
		return;
	ot_holds_destroy(holding->holds);
	free(holding);
}

void ot_holding_call(struct ot_shell *shell, const struct ot_trace *trace,
		     const struct ot_call_event *event)
{
	if (shell->holding)
		ot_holds_call(shell->holding->holds, trace, event);
}

void ot_holding_ended(struct ot_shell *shell)
{
	if (shell->holding)
		ot_holds_clear(shell->holding->holds);
}

void ot_holding_unattended(struct ot_shell *shell)
{
	if (shell->holding)
		shell->holding->unattended = true;
}

struct ot_holds *ot_holding_holds(const struct ot_shell *shell)
{
	return shell->holding ? shell->holding->holds : NULL;
}

static size_t nr_held(const struct ot_holding *holding)
{
	size_t nr;

	ot_holds_list(holding->holds, &nr);
	return nr;
}

bool ot_holding_new(struct ot_shell *shell)
{
	struct ot_holding *holding = shell->holding;
	uint64_t nr;
	bool is_new;

	if (!holding || holding->unattended)
		return false;
	nr = ot_holds_nr_ever(holding->holds);
	is_new = nr > holding->nr_seen && nr_held(holding);
	holding->nr_seen = nr;
	return is_new;
}

/* ------------------------------------------------------------------ letting go */

static bool is_live(const struct ot_shell *shell)
{
	return shell->target && ot_target_fd(shell->target) >= 0;
}

/* Its trace was taken away. One that has reached its limit is another matter. */
static bool is_wanted(const struct ot_shell *shell, const struct ot_hold *hold)
{
	const struct ot_trace_request *request = ot_traces_request(shell->traces, hold->counter);

	return request && request->is_listed;
}

static void let_go_unwanted(struct ot_shell *shell)
{
	size_t nr;
	const struct ot_hold *holds = ot_holds_list(shell->holding->holds, &nr);

	for (size_t i = 0; i < nr; i++)
		if (!is_wanted(shell, &holds[i]))
			ot_err_destroy(ot_holds_untraced(shell->target, holds[i].counter));
}

void ot_holding_settle(struct ot_shell *shell)
{
	struct ot_holding *holding = shell->holding;
	uint64_t nr_lost;

	if (!holding || !is_live(shell))
		return;
	nr_lost = ot_stream_nr_lost(shell->stream);
	if (nr_lost != holding->nr_lost && nr_held(holding))
		ot_err_destroy(ot_holds_sync(holding->holds, shell->target, NULL));
	holding->nr_lost = nr_lost;
	if (!nr_held(holding))
		return;
	if (holding->unattended)
		ot_err_destroy(
			ot_holds_release(shell->target, NULL, 0, OTRACE_RELEASED_GONE, NULL));
	let_go_unwanted(shell);
}

void ot_holding_evicted(void *priv, uint64_t seq)
{
	struct ot_shell *shell = priv;

	if (shell->holding && is_live(shell) && ot_holds_find(shell->holding->holds, seq))
		ot_err_destroy(
			ot_holds_release(shell->target, &seq, 1, OTRACE_RELEASED_EVICTED, NULL));
}

/* ------------------------------------------------------------------ the list */

static uint64_t since(uint64_t ns)
{
	struct timespec now;
	uint64_t at;

	clock_gettime(CLOCK_REALTIME, &now);
	at = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return at > ns ? at - ns : 0;
}

void ot_holding_list(struct ot_shell *shell, struct ot_buf *out, struct ot_buf *json)
{
	const struct ot_hold *holds = NULL;
	size_t nr = 0;

	if (shell->holding)
		holds = ot_holds_list(shell->holding->holds, &nr);
	ot_buf_addc(json, '[');
	for (size_t i = 0; i < nr; i++) {
		ot_auto_buf struct ot_buf id = OT_BUF_INIT;

		ot_hold_id(shell->holding->holds, &holds[i], &id);
		ot_buf_addf(out, "%s for %.1f s\n", ot_buf_text(&id),
			    (double)since(holds[i].since_ns) / 1e9);
		ot_buf_adds(json, i ? ",{\"id\":" : "{\"id\":");
		ot_buf_add_json(json, id.data, id.len);
		ot_buf_addf(json, ",\"thread\":%u,\"waited_ns\":", holds[i].tid);
		ot_buf_add_u64(json, since(holds[i].since_ns));
		ot_buf_addc(json, '}');
	}
	ot_buf_addc(json, ']');
}
