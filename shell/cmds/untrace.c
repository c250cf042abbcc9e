/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmds/tracenames.h"
#include "stream/stream.h"

/* What was recorded before the command was given is shown, unless there is too much of it. */
#define LOOK_MS 20

static void say_count(size_t nr, const char *what, struct ot_buf *out)
{
	if (nr <= 1)
		ot_buf_addf(out, "Untraced %s\n", what);
	else
		ot_buf_addf(out, "Untraced %s (%zu functions)\n", what, nr);
}

static struct ot_err *untrace_all(struct ot_shell *shell, const char *word, struct ot_buf *out)
{
	struct otrace_switched switched;
	size_t nr, nr_requests;

	ot_traces_requests(shell->traces, &nr_requests);
	OT_TRY(ot_traces_clear(shell->traces, &nr, &switched));
	if (!nr && !nr_requests) {
		ot_buf_adds(out, "nothing was traced\n");
		return NULL;
	}
	say_count(nr, word, out);
	return NULL;
}

/* All traces of that very name, whatever their conditions. */
static struct ot_err *untrace_named(struct ot_shell *shell, const char *word, bool *any_ret,
				    size_t *nr_ret)
{
	struct ot_trace_request *const *requests;
	size_t nr_requests, nr = 0;

	requests = ot_traces_requests(shell->traces, &nr_requests);
	for (size_t i = nr_requests; i-- > 0;) {
		if (strcmp(requests[i]->pattern, word) != 0)
			continue;
		OT_TRY(ot_traces_remove(shell->traces, requests[i], &nr));
		*nr_ret = nr > *nr_ret ? nr : *nr_ret;
		*any_ret = true;
	}
	return NULL;
}

/* Out of the traces that have them by another name. */
static struct ot_err *untrace_functions(struct ot_shell *shell, const char *word, size_t *nr_ret)
{
	struct ot_trace_names names = {0};
	struct ot_err *err = ot_trace_names_find(shell, word, &names);

	if (!err)
		err = ot_traces_remove_fns(shell->traces, &names.fns, nr_ret);
	ot_trace_names_deinit(&names);
	if (!err && !*nr_ret)
		err = ot_err_new(OT_ERR_NOT_FOUND, "%s is not traced (trace lists what is)", word);
	return err;
}

static struct ot_err *untrace_number(struct ot_shell *shell, const char *word, struct ot_buf *out)
{
	unsigned long number = strtoul(word, NULL, 10);
	struct ot_trace_request *request =
		number < OTRACE_COUNTERS_MAX ? ot_traces_request(shell->traces, (uint32_t)number)
					     : NULL;
	ot_auto_free char *what = NULL;
	size_t nr = 0;

	if (!request)
		return ot_err_new(OT_ERR_NOT_FOUND, "there is no trace %s (trace lists them)",
				  word);
	what = ot_asprintf("trace %s: %s", word, request->pattern);
	OT_TRY(ot_traces_remove(shell->traces, request, &nr));
	say_count(nr, what, out);
	return NULL;
}

static struct ot_err *untrace_one(struct ot_shell *shell, const char *word, struct ot_buf *out)
{
	bool any = false;
	size_t nr = 0;

	if (!word[strspn(word, "0123456789")])
		return untrace_number(shell, word, out);
	OT_TRY(untrace_named(shell, word, &any, &nr));
	if (!any)
		OT_TRY(untrace_functions(shell, word, &nr));
	say_count(nr, word, out);
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct ot_err *err = NULL;
	char **names;
	int nr;

	if (call->argc < 2)
		return ot_err_new(OT_ERR_USAGE,
				  "untrace: which function? (* or all for all of them)");
	if (shell->stream)
		ot_stream_look(shell->stream, LOOK_MS);
	names = ot_trace_names_join((const char *const *)call->argv + 1, call->argc - 1, &nr);
	for (int i = 0; i < nr && !err; i++) {
		if (!strcmp(names[i], "*") || !strcmp(names[i], "all"))
			err = untrace_all(shell, names[i], call->out);
		else
			err = untrace_one(shell, names[i], call->out);
	}
	ot_trace_names_free(names, nr);
	return err;
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
	.usage = "NAME...|NUMBER...|*|all",
	.summary = "stop tracing functions",
	.help = "NAME as for trace: the traces of that name; if there are none, its functions are taken out of all\n"
		"others. NUMBER is that of the list. What nobody traces any more costs nothing again.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE,
	.gone = "nothing is traced any more; trace lists what was",
	.run = run,
	.complete = complete,
};
