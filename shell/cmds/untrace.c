/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmds/functions.h"
#include "stream/stream.h"

/* What was recorded before the command was given is shown, unless there is too much of it. */
#define LOOK_MS 20

static void say_count(size_t nr, const char *what, struct ot_buf *out)
{
	if (nr == 1)
		ot_buf_addf(out, "Untraced %s\n", what);
	else
		ot_buf_addf(out, "Untraced %s (%zu functions)\n", what, nr);
}

static struct ot_err *untrace_all(struct ot_shell *shell, const char *word, struct ot_buf *out)
{
	struct otrace_switched switched;
	size_t nr;

	OT_TRY(ot_traces_clear(shell->traces, &nr, &switched));
	say_count(nr, word, out);
	return NULL;
}

static struct ot_err *untrace_one(struct ot_shell *shell, const char *word, struct ot_buf *out)
{
	struct otrace_switched switched;
	struct ot_fn_list fns = {0};
	struct ot_err *err;
	size_t nr = 0;
	bool forgot;

	err = ot_functions_find(shell, word, &fns);
	if (!err)
		err = ot_traces_remove(shell->traces, &fns, &nr, &switched);
	free(fns.items);
	if (err)
		return err;
	forgot = ot_traces_forget(shell->traces, word);
	if (!nr && !forgot)
		return ot_err_new(OT_ERR_NOT_FOUND, "%s is not traced (trace lists what is)", word);
	say_count(nr, word, out);
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	if (call->argc < 2)
		return ot_err_new(OT_ERR_USAGE,
				  "untrace: which function? (* or all for all of them)");
	if (shell->stream)
		ot_stream_look(shell->stream, LOOK_MS);
	for (int i = 1; i < call->argc; i++) {
		const char *word = call->argv[i];

		if (!strcmp(word, "*") || !strcmp(word, "all"))
			OT_TRY(untrace_all(shell, word, call->out));
		else
			OT_TRY(untrace_one(shell, word, call->out));
	}
	return NULL;
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	struct ot_trace_request *const *requests;
	size_t nr;

	if (!shell->traces)
		return;
	requests = ot_traces_requests(shell->traces, &nr);
	for (size_t i = 0; i < nr; i++)
		completion->offer(completion, requests[i]->pattern);
	completion->offer(completion, "all");
}

const struct ot_cmd ot_cmd_untrace = {
	.name = "untrace",
	.usage = "NAME...|*|all",
	.summary = "stop tracing functions",
	.help = "NAME as for trace. The functions cost nothing again.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE,
	.run = run,
	.complete = complete,
};
