/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first table is about all that was read; each later one about what came since the one before, but for the number
 * of calls and the slowest, which are of all the time.
 */
#include <string.h>
#include <time.h>

#include "base/map.h"
#include "base/names.h"
#include "base/vec.h"
#include "cmds/functions.h"
#include "cmds/screen.h"
#include "stream/stream.h"
#include "ui/session.h"

#define INTERVAL_MS 1000
#define LOOK_MS 200
/* In less of an ended program's time a rate says nothing: it is two calls, and how far apart they were. */
#define RATE_NS_MIN 100000000u
#define MAX_TIMES 1000000000ull

typedef unsigned long long ull;

struct row {
	const struct ot_fn *fn;
	const struct ot_trace_sums *sums;
	double calls_per_s; /* negative: not known */
	uint64_t mean_ns;
	uint64_t errors;
};

struct top {
	struct ot_shell *shell;
	const char *glob;
	struct ot_map before; /* fn -> struct ot_trace_sums, as they were in the last table */
	uint64_t from_ns;     /* when that was; before the first one the first record */
	uint64_t until_ns;
	bool is_over; /* the program has ended */
	OT_VEC(struct row) rows;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ------------------------------------------------------------------ rows */

static bool is_wanted(const struct top *top, const struct ot_trace *trace)
{
	const struct ot_fn *fn = trace->fn;

	if (top->glob && !ot_glob_match(top->glob, fn->name) &&
	    !ot_glob_match(top->glob, fn->unique_name))
		return false;
	return trace->sums->calls || trace->sums->ended;
}

/* What the last table knew; of a new function nothing. */
static struct ot_trace_sums *before_of(struct top *top, const struct ot_trace *trace)
{
	uint64_t key = (uint64_t)trace->fn->index + 1;
	struct ot_trace_sums *before = ot_map_get(&top->before, key);

	if (!before) {
		before = ot_alloc(sizeof(*before));
		ot_map_set(&top->before, key, before);
	}
	return before;
}

static void forget_before(struct top *top)
{
	struct ot_map_slot *slot;
	size_t at = 0;

	while ((slot = ot_map_next(&top->before, &at)))
		free(slot->value);
	ot_map_deinit(&top->before);
}

static double rate(const struct top *top, uint64_t calls)
{
	if (top->until_ns <= top->from_ns ||
	    (top->is_over && top->until_ns - top->from_ns < RATE_NS_MIN))
		return calls ? -1 : 0;
	return (double)calls / ((double)(top->until_ns - top->from_ns) / 1e9);
}

static void add_row(struct top *top, const struct ot_trace *trace)
{
	const struct ot_trace_sums *sums = trace->sums;
	struct ot_trace_sums *before = before_of(top, trace);
	uint64_t ended = sums->ended - before->ended;
	struct row row = {.fn = trace->fn, .sums = sums};

	row.calls_per_s = rate(top, sums->calls - before->calls);
	row.mean_ns = ended ? (sums->total_ns - before->total_ns) / ended : 0;
	row.errors = sums->errors - before->errors;
	*before = *sums;
	ot_vec_push(&top->rows, row);
}

static int by_rate(const void *a, const void *b)
{
	const struct row *ra = a, *rb = b;

	if (ra->calls_per_s != rb->calls_per_s)
		return ra->calls_per_s < rb->calls_per_s ? 1 : -1;
	if (ra->sums->calls != rb->sums->calls)
		return ra->sums->calls < rb->sums->calls ? 1 : -1;
	return strcmp(ra->fn->unique_name, rb->fn->unique_name);
}

/* The time that the table is about: all of it, or from the table before. An ended program's is over: all of it. */
static void set_time(struct top *top)
{
	uint64_t first = UINT64_MAX, last = 0;
	const struct ot_trace *trace;
	size_t at = 0;

	while ((trace = ot_traces_next_fn(top->shell->traces, &at))) {
		const struct ot_trace_sums *sums = trace->sums;

		if (sums->first_ns && sums->first_ns < first)
			first = sums->first_ns;
		if (sums->last_ns > last)
			last = sums->last_ns;
	}
	top->from_ns = top->until_ns && !top->is_over ? top->until_ns : first;
	top->until_ns = top->is_over ? last : now_ns();
}

static void collect(struct top *top)
{
	const struct ot_trace *trace;
	size_t at = 0;

	top->rows.nr = 0;
	top->is_over = ot_cmd_is_over(top->shell);
	if (top->is_over)
		forget_before(top);
	set_time(top);
	while ((trace = ot_traces_next_fn(top->shell->traces, &at)))
		if (is_wanted(top, trace))
			add_row(top, trace);
	if (top->rows.nr)
		qsort(top->rows.items, top->rows.nr, sizeof(struct row), by_rate);
}

/* ------------------------------------------------------------------ the table */

static void column(struct ot_buf *out, uint64_t ns)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;

	if (ns)
		ot_event_duration(ns, &text);
	else
		ot_buf_adds(&text, "-");
	ot_buf_addf(out, " %11s", ot_buf_text(&text));
}

static void text_row(const struct row *row, struct ot_buf *out)
{
	if (row->calls_per_s < 0)
		ot_buf_addf(out, "%11s", "-");
	else
		ot_buf_addf(out, "%11.1f", row->calls_per_s);
	ot_buf_addf(out, " %10llu", (ull)row->sums->calls);
	column(out, row->mean_ns);
	column(out, row->sums->max_ns);
	ot_buf_addf(out, " %8llu  %s\n", (ull)row->errors, row->fn->unique_name);
}

static void text(const struct top *top, struct ot_buf *out)
{
	if (!top->rows.nr) {
		ot_buf_adds(out, top->is_over ? "no calls were recorded\n"
					      : "no calls yet (trace NAME, then let the program "
						"run)\n");
		return;
	}
	ot_buf_addf(out, "%11s %10s %11s %11s %8s  %s\n", "calls/s", "calls", "mean", "slowest",
		    "errors", "function");
	for (size_t i = 0; i < top->rows.nr; i++)
		text_row(&top->rows.items[i], out);
}

static void json(const struct top *top, struct ot_buf *out)
{
	ot_buf_reset(out);
	ot_buf_addc(out, '[');
	for (size_t i = 0; i < top->rows.nr; i++) {
		const struct row *row = &top->rows.items[i];

		ot_buf_adds(out, i ? ",{\"function\":" : "{\"function\":");
		ot_buf_add_json(out, row->fn->unique_name, strlen(row->fn->unique_name));
		if (row->calls_per_s >= 0)
			ot_buf_addf(out, ",\"calls_per_s\":%.3f", row->calls_per_s);
		ot_buf_addf(out,
			    ",\"calls\":%llu,\"mean_ns\":%llu,\"max_ns\":%llu,\"errors\":%llu}",
			    (ull)row->sums->calls, (ull)row->mean_ns, (ull)row->sums->max_ns,
			    (ull)row->errors);
	}
	ot_buf_addc(out, ']');
}

static void one_table(struct top *top, bool screen, struct ot_cmd_call *call)
{
	ot_auto_buf struct ot_buf table = OT_BUF_INIT;

	ot_stream_look(top->shell->stream, LOOK_MS);
	collect(top);
	text(top, screen ? &table : call->out);
	json(top, call->json);
	if (screen)
		ot_screen_draw(top->shell, "top", &table);
}

static void all_tables(struct top *top, uint64_t times, bool screen, struct ot_cmd_call *call)
{
	unsigned int nr_interrupts = ot_session_nr_interrupts();

	for (uint64_t i = 1;; i++) {
		if (i > 1 && !screen)
			ot_buf_addc(call->out, '\n');
		one_table(top, screen, call);
		if (i == times || top->is_over || ot_screen_pause(top->shell, INTERVAL_MS) ||
		    top->shell->quit || ot_session_nr_interrupts() != nr_interrupts)
			return;
	}
}

static void top_deinit(struct top *top)
{
	forget_before(top);
	ot_vec_deinit(&top->rows);
}

/* ------------------------------------------------------------------ the command */

static struct ot_err *take_options(const struct ot_cmd_call *call, uint64_t *times_ret,
				   const char **glob_ret)
{
	for (int i = 1; i < call->argc; i++) {
		const char *word = call->argv[i];

		bool is_option = ot_cmd_is_option(call, i);

		if (is_option && !strcmp(word, "-n")) {
			const char *value = call->argv[++i];
			char *end = NULL;

			*times_ret = value && *value != '-' ? strtoull(value, &end, 10) : 0;
			if (!end || *end || !*times_ret || *times_ret > MAX_TIMES)
				return ot_err_new(OT_ERR_USAGE, "-n wants how often, from 1 on");
		} else if (is_option) {
			return ot_cmd_no_option(&ot_cmd_top, word);
		} else if (*glob_ret) {
			return ot_err_new(OT_ERR_USAGE, "top takes one name or pattern, not two");
		} else {
			*glob_ret = word;
		}
	}
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct top top = {.shell = shell};
	uint64_t times = 0;
	bool screen;

	OT_TRY(take_options(call, &times, &top.glob));
	if (!shell->stream)
		return ot_err_new(OT_ERR_UNSUPPORTED, "top: there are no records of this program");
	if (!times && !shell->interactive)
		return ot_err_new(OT_ERR_USAGE, "in a script, say how often: top -n 1");
	screen = !times && ot_screen_is_there(shell);
	if (screen)
		ot_screen_begin(shell);
	all_tables(&top, screen || times ? times : 1, screen, call);
	if (screen)
		ot_screen_end(shell);
	if (top.is_over)
		ot_cmd_note(call, "the program has ended; this is what it did in all");
	if (ot_stream_nr_lost(shell->stream))
		ot_cmd_note(call, "%llu records were lost and are not counted",
			    (ull)ot_stream_nr_lost(shell->stream));
	top_deinit(&top);
	return NULL;
}

const struct ot_cmd ot_cmd_top = {
	.name = "top",
	.usage = "[-n TIMES] [GLOB]",
	.summary = "what traced functions do now: calls a second, times, errors",
	.help = "The first table is about all that was recorded, each later one about the second before it. Errors\n"
		"are NULL pointers and negative numbers returned, and calls that did not return. At the prompt it\n"
		"has the screen until Enter or Ctrl-C; with -n it prints so many tables. When the program has ended there\n"
		"is one, about all that it did.",
	.options = "-n",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_WAITS,
	.run = run,
	.complete = ot_functions_complete,
};
