/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmds/tracenames.h"
#include "stream/left.h"
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

static void say_left(size_t nr, const char *what, struct ot_buf *out)
{
	if (nr)
		ot_buf_addf(out, "Untraced %s: left by an earlier shell on %zu function%s\n", what,
			    nr, nr == 1 ? "" : "s");
}

static struct ot_err *untrace_all(struct ot_shell *shell, const char *word, struct ot_buf *out)
{
	ot_auto_left struct ot_left left = {0};
	struct otrace_switched switched;
	size_t nr, nr_requests;

	ot_traces_requests(shell->traces, &nr_requests);
	OT_TRY(ot_left_ask(shell->target, shell->program, &left));
	OT_TRY(ot_traces_clear(shell->traces, &nr, &switched));
	if (nr || nr_requests)
		say_count(nr, word, out);
	else if (!left.nr_fns)
		ot_buf_adds(out, "nothing was traced\n");
	say_left(left.nr_fns, word, out);
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
static struct ot_err *untrace_functions(struct ot_shell *shell, const struct ot_fn_list *fns,
					const char *word, size_t nr_left, struct ot_buf *out)
{
	size_t nr = 0;

	OT_TRY(ot_traces_remove_fns(shell->traces, fns, &nr));
	if (!nr && !nr_left)
		return ot_err_new(OT_ERR_NOT_FOUND, "%s is not traced (trace lists what is)", word);
	if (nr)
		say_count(nr, word, out);
	return NULL;
}

/* What else was on the functions has ended with it. */
static void say_others(const struct ot_left *left, const struct ot_left_trace *trace,
		       struct ot_buf *out)
{
	struct ot_map stubs = {0};

	for (size_t i = 0; i < trace->fns.nr; i++)
		ot_map_set(&stubs, trace->fns.items[i]->stub, trace->fns.items[i]);
	for (size_t i = 0; i < left->traces.nr; i++) {
		const struct ot_left_trace *other = &left->traces.items[i];
		size_t nr = 0;

		for (size_t n = 0; other != trace && n < other->fns.nr; n++)
			nr += ot_map_get(&stubs, other->fns.items[n]->stub) != NULL;
		if (nr)
			ot_buf_addf(out, "  note: with it trace %u on %zu of the same functions\n",
				    other->number, nr);
	}
	ot_map_deinit(&stubs);
}

static struct ot_err *untrace_left(struct ot_shell *shell, unsigned long number, const char *word,
				   struct ot_buf *out)
{
	ot_auto_left struct ot_left left = {0};
	ot_auto_free char *what = ot_asprintf("trace %s", word);
	const struct ot_left_trace *trace;
	size_t nr = 0;

	OT_TRY(ot_left_ask(shell->target, shell->program, &left));
	trace = number < OTRACE_COUNTERS_MAX ? ot_left_trace(&left, (uint32_t)number) : NULL;
	if (!trace)
		return ot_err_new(OT_ERR_NOT_FOUND, "there is no trace %s (trace lists them)",
				  word);
	OT_TRY(ot_left_end(shell->target, &left, &trace->fns, &nr));
	say_left(nr, what, out);
	say_others(&left, trace, out);
	return NULL;
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
		return untrace_left(shell, number, word, out);
	what = ot_asprintf("trace %s: %s", word, request->pattern);
	OT_TRY(ot_traces_remove(shell->traces, request, &nr));
	say_count(nr, what, out);
	return NULL;
}

static struct ot_err *untrace_one(struct ot_shell *shell, const char *word, struct ot_buf *out)
{
	struct ot_trace_names names = {0};
	ot_auto_left struct ot_left left = {0};
	struct ot_err *err;
	size_t nr = 0, nr_left = 0;
	bool any = false;

	if (!word[strspn(word, "0123456789")])
		return untrace_number(shell, word, out);
	OT_TRY(untrace_named(shell, word, &any, &nr));
	if (any)
		say_count(nr, word, out);
	OT_TRY(ot_left_ask(shell->target, shell->program, &left));
	if (any && !left.nr_fns)
		return NULL;
	err = ot_trace_names_find(shell, word, &names);
	if (err && any) {
		ot_err_destroy(err); /* that functions had the name before is enough */
		err = NULL;
	}
	if (!err)
		err = ot_left_end(shell->target, &left, &names.fns, &nr_left);
	if (!err && !any)
		err = untrace_functions(shell, &names.fns, word, nr_left, out);
	ot_trace_names_deinit(&names);
	if (!err)
		say_left(nr_left, word, out);
	return err;
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
		"others. NUMBER is that of the list. What an earlier shell has left (-k) ends, too. What nobody traces any more costs nothing again.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE,
	.gone = "nothing is traced any more; trace lists what was",
	.run = run,
	.complete = complete,
};
