/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/names.h"
#include "cmds/tracelist.h"
#include "cmds/tracenames.h"
#include "cmds/traceoptions.h"
#include "contexts/contexts.h"
#include "params/params.h"
#include "stream/left.h"
#include "stream/rules.h"
#include "target/target.h"

#define NAMES_SHOWN 5

/* Why none of the functions can be traced in this way. */
static struct ot_err *unfit(struct ot_trace_report *report, const char *pattern)
{
	struct ot_err *err = report->why_unfit;

	report->why_unfit = NULL;
	if (report->unfit.nr > 1)
		ot_err_prefix(err, "%s: none of %zu functions, the first", pattern,
			      report->unfit.nr);
	return err;
}

/* The first function without a stub is the reason to give. */
static struct ot_err *nothing_armed(struct ot_trace_report *report, const char *pattern)
{
	struct ot_err *err = NULL;

	if (report->refused.nr)
		return ot_err_new(OT_ERR_OTHER, "%s cannot be traced: %s",
				  report->refused.items[0]->unique_name,
				  ot_target_error_text(report->refused.status[0]));
	if (report->why_unfit)
		return unfit(report, pattern);
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

/* Functions that were asked for and are left out. */
static void say_left_out(const struct ot_trace_report *report, struct ot_buf *out)
{
	if (report->untraceable.nr)
		ot_buf_addf(out,
			    "  left out: %zu without a stub (inlined everywhere or skipped; "
			    "trace NAME says why)\n",
			    report->untraceable.nr);
	if (report->unfit.nr)
		ot_buf_addf(out, "  left out: %zu where that makes no sense (%s)\n",
			    report->unfit.nr, report->why_unfit->what);
	for (size_t i = 0; i < report->refused.nr && i < NAMES_SHOWN; i++)
		ot_buf_addf(out, "  refused: %s: %s\n", report->refused.items[i]->unique_name,
			    ot_target_error_text(report->refused.status[i]));
}

/* Somebody who wants to look at a call afterwards would look for it in vain. */
static void say_contexts(const struct ot_trace_request *request, size_t nr, struct ot_buf *out)
{
	const struct ot_trace_options *o = &request->options;

	if (o->depth_said || ot_trace_makes_contexts(request))
		return;
	if (o->cond)
		ot_buf_addf(out, "  note: no contexts with %s; -d 1 makes them\n",
			    o->quiet ? "-q" : "-w");
	else if (request->is_many && !o->quiet && !o->words)
		ot_buf_addf(out,
			    "  note: no contexts of %zu function%s without a condition; -d 1 makes "
			    "them\n",
			    nr, nr == 1 ? "" : "s");
}

static void say_report(const struct ot_shell *shell, const struct ot_trace_names *names,
		       const struct ot_trace_report *report, struct ot_buf *out)
{
	const struct ot_trace_request *request = report->request;

	ot_buf_adds(out, "Tracing ");
	ot_trace_options_format(&request->options, out);
	ot_buf_addf(out, " %s", request->pattern);
	if (names->is_many)
		ot_buf_addf(out, " (%zu function%s)", report->nr_armed,
			    report->nr_armed == 1 ? "" : "s");
	else if (names->fns.nr > 1)
		say_names(&names->fns, out);
	ot_buf_addc(out, '\n');
	say_left_out(report, out);
	if (report->assumed.nr && names->fns.nr == 1)
		say_assumed(report->assumed.items[0], out);
	else if (report->assumed.nr)
		ot_buf_addf(out,
			    "  note: of these, the optimiser changed or inlined %zu "
			    "(trace NAME says how)\n",
			    report->assumed.nr);
	say_contexts(request, report->nr_armed, out);
	if (names->note)
		ot_buf_addf(out, "  note: %s\n", names->note);
	if (report->note)
		ot_buf_addf(out, "  note: %s\n", report->note);
	if (!ot_traces_is_active(shell->traces))
		ot_buf_adds(out, "  note: tracing is off; `set trace_active on`\n");
}

/* A function is armed by one shell. */
static struct ot_err *say_replaced(struct ot_shell *shell, size_t nr_before, struct ot_buf *out)
{
	ot_auto_left struct ot_left left = {0};
	size_t nr;

	OT_TRY(ot_left_ask(shell->target, shell->program, &left));
	nr = nr_before > left.nr_fns ? nr_before - left.nr_fns : 0;
	if (nr)
		ot_buf_addf(out, "  note: ends what an earlier shell left on %zu function%s\n", nr,
			    nr == 1 ? "" : "s");
	return NULL;
}

static struct ot_err *trace_one(struct ot_shell *shell, const char *pattern,
				const struct ot_trace_options *options, struct ot_buf *out)
{
	struct ot_trace_report report = {0};
	struct ot_trace_names names = {0};
	ot_auto_left struct ot_left left = {0};
	struct ot_err *err = ot_trace_names_find(shell, pattern, &names);

	/* the program may be gone when its first context is looked at */
	ot_contexts_look(shell->contexts);
	if (!err)
		err = ot_left_ask(shell->target, shell->program, &left);
	if (!err)
		err = ot_traces_add(shell->traces, pattern, names.is_many, options, &names.fns,
				    &report);
	if (!err && !report.nr_armed)
		err = nothing_armed(&report, pattern);
	else if (!err)
		say_report(shell, &names, &report, out);
	if (!err && left.nr_fns)
		err = say_replaced(shell, left.nr_fns, out);
	ot_trace_report_deinit(&report);
	ot_trace_names_deinit(&names);
	return err;
}

static struct ot_err *trace_all(struct ot_shell *shell, const struct ot_trace_options *options,
				const char *const *words, int nr_words, struct ot_buf *out)
{
	int nr;
	char **names = ot_trace_names_join(words, nr_words, &nr);
	struct ot_err *err = NULL;

	for (int i = 0; i < nr && !err; i++)
		err = trace_one(shell, names[i], options, out);
	ot_trace_names_free(names, nr);
	return err;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	ot_auto_free const char **names = ot_alloc((size_t)call->argc * sizeof(*names));
	struct ot_trace_options options;
	int nr = 0;

	OT_TRY(ot_trace_options_take(call, &options, names, &nr));
	if (!options.deadline_said && ot_trace_options_park(&options))
		options.deadline_ms = ot_params_of(shell)->break_timeout;
	if (!nr && call->argc > 1)
		return ot_err_new(OT_ERR_USAGE, "trace: which function?");
	if (!nr)
		return ot_trace_list(shell, call);
	return trace_all(shell, &options, names, nr, call->out);
}

static void offer_all(struct ot_cmd_completion *completion, const char *const *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		completion->offer(completion, words[i]);
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	static const char *const conditions[] = {"call", "return", "all", "error", "tagged"};
	static const char *const actions[] = {"break", "gdb", "tag", "none"};
	const char *before = completion->argv[completion->argc - 1];

	if (!strcmp(before, "-c"))
		offer_all(completion, conditions, OT_NR(conditions));
	else if (!strcmp(before, "-a"))
		offer_all(completion, actions, OT_NR(actions));
	else
		ot_trace_names_complete(shell, completion);
}

const struct ot_cmd ot_cmd_trace = {
	.name = "trace",
	.usage =
		"[-a ACTION] [-c COND] [-n N] [-d DEPTH] [-s FRAMES] [-r RATE] [-t TIME] [-k] [-q] [-w] "
		"[--wait] [NAME...]",
	.summary = "record and print the calls of functions; without NAME: what is traced",
	.help = "NAME is a function: add, add@file.c, lua*, src/x.c:*, *; a source file: server.c; a struct: client,\n"
		"  struct client (the functions whose first parameter is a pointer to one); client.free*, .close: of\n"
		"  these the ones of that name, the latter for any struct. A function goes before a struct.\n"
		"  -a ACTION  break: park the thread (resume lets it go on, and who comes when the commands are over and\n"
		"             there is no prompt goes on at once; wait ends at a break); gdb, pdb: give it to gdb;\n"
		"             tag: tag the first struct it points to, tag=NAME: another argument, tag=return: the result;\n"
		"             what COND asks of them is asked when the call ends, when they are made\n"
		"  -c COND    call: only the beginning; return: only the end; all: both (the default). Anything else\n"
		"             is a condition in C, 'argc > 2 && c->db->id == 0', with return, $thread (its number;\n"
		"             == \"name\": its name), $errno (as the call leaves it: what it does not set is from\n"
		"             before), $duration, $depth (calls of traced functions that are open in the thread, this one\n"
		"             included, matched or not); what arguments point to is looked at when\n"
		"             the call begins. Also a==1,self.v>=2; error: abnormal end, NULL, negative;\n"
		"             tagged, taggedNAME. What is decided at the return shows the call then, as ID*\n"
		"  -n N       ends after N matches; -n -N passes over the first N; both: passes over, then ends\n"
		"  -d DEPTH   copies what arguments point to, that many levels, at every match; 0: no contexts. Without -d\n"
		"             (and -s, -a) there are none with -q and -w, and of many functions without a condition\n"
		"  -s FRAMES  copies so much of the stack, too\n"
		"  -r RATE    ends when there are more matches in a millisecond\n"
		"  -t TIME    of a break: goes on by itself after that; 0: never (as set break_timeout)\n"
		"  -k         stays when the shell goes; a later one lists it, and untrace ends it\n"
		"  -q         record without printing (log shows it); the newest records are kept, and what was\n"
		"             overwritten before it was read is counted as lost: --wait loses nothing\n"
		"  -w         words of the arguments only: strings behind pointers are not read\n"
		"  --wait     a full ring makes the program wait for the reader: slower, nothing lost\n"
		"The same NAME with the same condition takes the new options; with another condition, or another NAME\n"
		"for the same functions, it is one more trace. A plain NAME, or several functions under a condition, leave\n"
		"contexts with what arguments point to as far as the thread's share of time and room goes. Wildcards,\n"
		"structs and files also take functions of modules that are loaded later. trace_most and trace_rate (set)\n"
		"limit what copies every match.",
	.options = "-a -c -n -d -s -r -t -k -q -w --wait",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE | OT_CMD_LISTS,
	.gone = "trace alone lists what was traced",
	.run = run,
	.complete = complete,
};
