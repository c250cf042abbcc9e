/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/names.h"
#include "cmds/functions.h"
#include "stream/traces.h"
#include "target/target.h"

#define NAMES_SHOWN 5

static struct ot_err *take_when(const char *word, enum ot_trace_when *ret)
{
	static const struct {
		const char *word;
		enum ot_trace_when when;
	} words[] = {{"call", OT_TRACE_CALL}, {"return", OT_TRACE_RETURN}, {"all", OT_TRACE_ALL}};

	for (size_t i = 0; word && i < OT_NR(words); i++) {
		if (!strcmp(words[i].word, word)) {
			*ret = words[i].when;
			return NULL;
		}
	}
	if (!word)
		return ot_err_new(OT_ERR_USAGE, "-c wants call, return or all");
	return ot_err_new(OT_ERR_USAGE, "-c wants call, return or all, not \"%s\"", word);
}

/* Reads the options, wherever they stand; @names gets the other words, and has room for all. */
static struct ot_err *take_options(const struct ot_cmd_call *call, struct ot_trace_options *ret,
				   const char **names, int *nr_ret)
{
	struct ot_trace_options o = {.when = OT_TRACE_ALL};
	int nr = 0;

	for (int i = 1; i < call->argc; i++) {
		const char *word = call->argv[i];

		if (!ot_functions_is_option(word)) {
			names[nr++] = word;
		} else if (!strcmp(word, "-c")) {
			OT_TRY(take_when(call->argv[i + 1], &o.when));
			i++;
		} else if (!strcmp(word, "-q")) {
			o.quiet = true;
		} else if (!strcmp(word, "-w")) {
			o.words = true;
		} else if (!strcmp(word, "--wait")) {
			o.wait = true;
		} else {
			return ot_cmd_no_option(&ot_cmd_trace, word);
		}
	}
	*ret = o;
	*nr_ret = nr;
	return NULL;
}

static void list_traces(const struct ot_shell *shell, struct ot_buf *out)
{
	size_t nr;
	struct ot_trace_request *const *requests = ot_traces_requests(shell->traces, &nr);

	if (!nr)
		ot_buf_adds(out, "nothing is traced\n");
	for (size_t i = 0; i < nr; i++) {
		ot_trace_options_format(&requests[i]->options, out);
		ot_buf_addf(out, " %s", requests[i]->pattern);
		if (requests[i]->is_glob || requests[i]->nr_on > 1)
			ot_buf_addf(out, " (%zu functions)", requests[i]->nr_on);
		ot_buf_addc(out, '\n');
	}
}

/* The first function without a stub is the reason to give. */
static struct ot_err *nothing_armed(const struct ot_trace_report *report, const char *pattern)
{
	struct ot_err *err = NULL;

	if (report->refused.nr)
		return ot_err_new(OT_ERR_OTHER, "%s cannot be traced: %s",
				  report->refused.items[0]->unique_name,
				  ot_target_error_text(report->refused.status[0]));
	if (report->untraceable.nr)
		err = ot_fn_untraceable(report->untraceable.items[0]);
	if (err && report->untraceable.nr > 1)
		ot_err_prefix(err, "%zu functions, the first", report->untraceable.nr);
	return err ? err : ot_err_new(OT_ERR_NOT_FOUND, "nothing to trace in \"%s\"", pattern);
}

static void say_names(const struct ot_fn_list *fns, struct ot_buf *out)
{
	ot_buf_addf(out, " (%zu functions:", fns->nr);
	for (size_t i = 0; i < fns->nr && i < NAMES_SHOWN; i++)
		ot_buf_addf(out, "%s %s", i ? "," : "", fns->items[i]->unique_name);
	ot_buf_adds(out, fns->nr > NAMES_SHOWN ? ", ...)" : ")");
}

/* What the compiler did to the one function that was asked for. */
static void say_assumed(const struct ot_fn *fn, struct ot_buf *out)
{
	if (fn->nr_inlined) {
		ot_buf_addf(out, "  not seen: calls inlined into ");
		ot_functions_inlined_places(fn, out);
		ot_buf_addc(out, '\n');
	}
	if (fn->assumes & ~(uint32_t)(OTRACE_ASSUME_INLINED_COPIES | OTRACE_ASSUME_MEMORY_KNOWN)) {
		ot_buf_addf(out, "  note: ");
		ot_fn_assumes_text(fn, out);
		ot_buf_addc(out, '\n');
	}
}

static void say_report(const char *pattern, const struct ot_trace_options *options,
		       const struct ot_fn_list *fns, const struct ot_trace_report *report,
		       struct ot_buf *out)
{
	ot_buf_adds(out, "Tracing ");
	ot_trace_options_format(options, out);
	ot_buf_addf(out, " %s", pattern);
	if (ot_glob_is(pattern))
		ot_buf_addf(out, " (%zu function%s)", report->nr_armed,
			    report->nr_armed == 1 ? "" : "s");
	else if (fns->nr > 1)
		say_names(fns, out);
	ot_buf_addc(out, '\n');
	if (report->untraceable.nr)
		ot_buf_addf(out,
			    "  left out: %zu without a stub (inlined everywhere or skipped; "
			    "trace NAME says why)\n",
			    report->untraceable.nr);
	for (size_t i = 0; i < report->refused.nr && i < NAMES_SHOWN; i++)
		ot_buf_addf(out, "  refused: %s: %s\n", report->refused.items[i]->unique_name,
			    ot_target_error_text(report->refused.status[i]));
	if (report->assumed.nr && fns->nr == 1)
		say_assumed(report->assumed.items[0], out);
	else if (report->assumed.nr)
		ot_buf_addf(out,
			    "  note: of these, the optimiser changed or inlined %zu "
			    "(trace NAME says how)\n",
			    report->assumed.nr);
}

static struct ot_err *trace_one(struct ot_shell *shell, const char *pattern,
				const struct ot_trace_options *options, struct ot_buf *out)
{
	struct ot_trace_report report;
	struct ot_fn_list fns = {0};
	struct ot_err *err = ot_functions_find(shell, pattern, &fns);

	memset(&report, 0, sizeof(report));
	if (!err)
		err = ot_traces_add(shell->traces, pattern, options, &fns, &report);
	if (!err && !report.nr_armed)
		err = nothing_armed(&report, pattern);
	else if (!err)
		say_report(pattern, options, &fns, &report, out);
	ot_trace_report_deinit(&report);
	free(fns.items);
	return err;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	ot_auto_free const char **names = ot_alloc((size_t)call->argc * sizeof(*names));
	struct ot_trace_options options;
	int nr = 0;

	OT_TRY(take_options(call, &options, names, &nr));
	if (!nr && call->argc > 1)
		return ot_err_new(OT_ERR_USAGE, "trace: which function?");
	if (!nr)
		list_traces(shell, call->out);
	for (int i = 0; i < nr; i++)
		OT_TRY(trace_one(shell, names[i], &options, call->out));
	return NULL;
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	if (!strcmp(completion->argv[completion->argc - 1], "-c")) {
		completion->offer(completion, "call");
		completion->offer(completion, "return");
		completion->offer(completion, "all");
		return;
	}
	ot_functions_complete(shell, completion);
}

const struct ot_cmd ot_cmd_trace = {
	.name = "trace",
	.usage = "[-c call|return|all] [-q] [-w] [--wait] [NAME...]",
	.summary = "record and print the calls of functions; without NAME: what is traced",
	.help = "NAME is a function: add, add@file.c, lua*, src/x.c:*, *.\n"
		"  -c WHEN  call: only the beginning; return: only the end; all: both (the default)\n"
		"  -q       record without printing (log shows it); the newest records are kept, and what was\n"
		"           overwritten before it was read is counted as lost: --wait loses nothing\n"
		"  -w       words of the arguments only: strings behind pointers are not read\n"
		"  --wait   a full ring makes the program wait for the reader: slower, nothing lost\n"
		"A wildcard also takes functions of modules that are loaded later.",
	.options = "-c -q -w --wait",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE,
	.run = run,
	.complete = complete,
};
