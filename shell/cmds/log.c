/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/names.h"
#include "cmds/functions.h"
#include "cmds/logview.h"
#include "stream/stream.h"

#define LOOK_MS 500 /* a busy program never lets the rings run dry */

struct log_options {
	bool tree;
	bool sums;
	uint64_t nr;
	const char *glob;
};

static struct ot_err *take_number(const char *word, uint64_t *ret)
{
	char *end;
	unsigned long long nr = word ? strtoull(word, &end, 10) : 0;

	if (!word || word[0] == '-' || end == word || *end || !nr)
		return ot_err_new(OT_ERR_USAGE, "-n wants a number of records");
	*ret = nr;
	return NULL;
}

static struct ot_err *take_options(const struct ot_cmd_call *call, struct log_options *o)
{
	for (int i = 1; i < call->argc; i++) {
		const char *word = call->argv[i];

		if (!ot_cmd_is_option(call, i)) {
			if (o->glob)
				return ot_err_new(OT_ERR_USAGE,
						  "log takes one name or pattern, not two");
			o->glob = word;
		} else if (!strcmp(word, "-t")) {
			o->tree = true;
		} else if (!strcmp(word, "-s")) {
			o->sums = true;
		} else if (!strcmp(word, "-n")) {
			OT_TRY(take_number(call->argv[i + 1], &o->nr));
			i++;
		} else {
			return ot_cmd_no_option(&ot_cmd_log, word);
		}
	}
	if (o->tree && o->sums)
		return ot_err_new(OT_ERR_USAGE, "log: -t or -s, not both");
	return NULL;
}

/* A name that no function has is a mistake worth saying; a glob may well match nothing. */
static struct ot_err *check_name(struct ot_shell *shell, const char *glob)
{
	struct ot_fn_list list = {0};
	struct ot_err *err;

	if (!glob || ot_glob_is(glob))
		return NULL;
	err = ot_functions_find(shell, glob, &list);
	free(list.items);
	return err;
}

/* What the rings hold at this moment belongs to the answer: all of it, when nothing is written any more. */
static struct ot_err *read_rings(struct ot_shell *shell, struct ot_cmd_call *call)
{
	while (ot_stream_look(shell->stream, LOOK_MS) && !ot_traces_nr_on(shell->traces))
		OT_TRY(ot_cmd_check_interrupt(call));
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct log_options o = {0};
	struct ot_logview view = {.out = call->out, .json = call->json, .call = call};

	OT_TRY(take_options(call, &o));
	if (!shell->stream)
		return ot_err_new(OT_ERR_UNSUPPORTED, "log: there are no records of this program");
	OT_TRY(check_name(shell, o.glob));
	OT_TRY(read_rings(shell, call));
	view.nr_lost = ot_stream_nr_lost(shell->stream);
	view.store = ot_stream_store(shell->stream);
	view.writer.traces = shell->traces;
	view.writer.format.program = shell->program;
	view.glob = o.glob;
	view.nr_max = o.nr ? o.nr : OT_LOG_LINES;
	if (o.sums)
		ot_logview_sums(&view);
	else if (o.tree)
		ot_logview_tree(&view);
	else
		ot_logview_lines(&view);
	if (ot_store_dropped(view.store))
		ot_cmd_note(call, "%llu older records have been dropped",
			    (unsigned long long)ot_store_dropped(view.store));
	return NULL;
}

const struct ot_cmd ot_cmd_log = {
	.name = "log",
	.usage = "[-n N] [-t] [-s] [GLOB]",
	.summary = "the last records of traced functions",
	.help = "  -n N  the last N records (50)\n"
		"  -t    as a tree of calls for each thread; ~N is the number at the end of an id\n"
		"  -s    for each function: calls, total time, time without traced callees, least, most\n"
		"GLOB chooses functions by name. Failed traceassert()s of the program stand among the calls.",
	.options = "-n -t -s",
	.flags = OT_CMD_NEEDS_PROGRAM,
	.run = run,
	.complete = ot_functions_complete,
};
