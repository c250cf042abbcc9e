/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmds/tracenames.h"
#include "params/params.h"
#include "target/target.h"
#include "ui/traced.h"
#include "ui/ui.h"

static struct ot_err *find_again(void *priv, const char *pattern, struct ot_fn_list *ret)
{
	struct ot_trace_names names = {0};
	struct ot_err *err = ot_trace_names_find(priv, pattern, &names);

	if (!err)
		*ret = names.fns;
	return err;
}

static void trace_over(void *priv, uint32_t tid, const struct otrace_rec *rec, uint64_t time_ns)
{
	const struct otrace_rec_trace_over *over = (const void *)rec;
	const struct ot_trace_request *request;
	struct ot_shell *shell = priv;

	(void)tid;
	(void)time_ns;
	if (rec->nr_words * 8u < sizeof(*over))
		return;
	request = ot_traces_over(shell->traces, over);
	if (request)
		ot_ui_trace_over(shell->ui, request);
}

void ot_traced_begin(struct ot_shell *shell)
{
	const struct ot_params *params = ot_params_of(shell);
	struct ot_trace_defaults defaults = {.most = params->trace_most,
					     .rate_per_ms = params->trace_rate};

	ot_traces_set_finder(shell->traces, find_again, shell);
	ot_traces_set_defaults(shell->traces, &defaults);
	if (shell->stream)
		ot_stream_on(shell->stream, OTRACE_REC_TRACE_OVER, trace_over, shell);
}

void ot_traced_call(void *shell, const struct ot_trace *trace, const struct ot_call_event *event)
{
	ot_traces_note(((struct ot_shell *)shell)->traces, trace, event);
}

struct ot_err *ot_traced_extend(struct ot_shell *shell)
{
	size_t nr = 0;

	OT_TRY(ot_traces_extend(shell->traces, &nr));
	if (nr && shell->interactive)
		ot_ui_note(shell->ui, "tracing %zu functions of a module that was loaded", nr);
	return NULL;
}

void ot_traced_ending(struct ot_shell *shell)
{
	if (shell->traces)
		ot_traces_ending(shell->traces);
}

/* A program that ends meanwhile takes its traces along. */
void ot_traced_settle(struct ot_shell *shell)
{
	enum ot_target_state state;

	if (!shell->traces)
		return;
	state = ot_target_state(shell->target);
	if (state == OT_TARGET_HELD || state == OT_TARGET_RUNNING)
		ot_err_destroy(ot_traces_settle(shell->traces));
}
