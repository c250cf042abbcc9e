/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests: their numbers, options and limits, and how they are written. */
#include <string.h>
#include <time.h>

#include "base/names.h"
#include "cond/cond.h"
#include "stream/armed.h"
#include "stream/rules.h"
#include "target/target.h"

/* ------------------------------------------------------------------ life */

static const char *copy_text(const char *text)
{
	return text ? ot_strdup(text) : NULL;
}

static void free_texts(struct ot_trace_options *options)
{
	free((char *)options->cond);
	free((char *)options->tagged);
	free((char *)options->action_said);
}

static void own_options(struct ot_trace_request *request, const struct ot_trace_options *options)
{
	struct ot_trace_options own = *options;

	own.cond = copy_text(options->cond);
	own.tagged = copy_text(options->tagged);
	own.action_said = copy_text(options->action_said);
	free_texts(&request->options);
	request->options = own;
}

void ot_request_destroy(struct ot_trace_request *request)
{
	free_texts(&request->options);
	free(request->pattern);
	free(request);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void set_limits(const struct ot_traces *traces, struct ot_trace_request *request)
{
	bool costly = ot_trace_is_costly(request);

	request->most = request->options.most;
	request->rate_per_ms = request->options.rate_per_ms;
	if (costly && !request->most)
		request->most = traces->defaults.most;
	if (costly && !request->rate_per_ms)
		request->rate_per_ms = traces->defaults.rate_per_ms;
	request->over = OTRACE_OVER_NO;
	request->since_ns = now_ns();
	request->nr_read = request->nr_matched = 0;
	request->limits_known = false;
	request->last = (struct otrace_trace_counts){0};
}

void ot_request_stop_clock(struct ot_trace_request *request)
{
	if (!request->until_ns)
		request->until_ns = now_ns();
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static struct ot_trace_request *find(const struct ot_traces *traces, const char *pattern,
				     const char *cond)
{
	for (size_t i = 0; i < traces->requests.nr; i++) {
		struct ot_trace_request *request = traces->requests.items[i];

		if (!strcmp(request->pattern, pattern) && same_text(request->options.cond, cond))
			return request;
	}
	return NULL;
}

struct ot_trace_request *ot_traces_request(const struct ot_traces *traces, uint32_t number)
{
	for (size_t i = 0; i < traces->requests.nr; i++)
		if (traces->requests.items[i]->number == number)
			return traces->requests.items[i];
	return NULL;
}

static struct ot_err *ask_counts(struct ot_traces *traces, const uint32_t *counters, size_t nr,
				 struct otrace_trace_counts *ret)
{
	size_t even = (nr + 1) & ~(size_t)1;
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;

	OT_TRY(ot_target_ask(traces->target, OTRACE_MSG_COUNTS, counters, even * sizeof(*counters),
			     &reply));
	if (reply.len < nr * sizeof(*ret))
		return ot_err_new(OT_ERR_DAMAGED, "the runtime's answer is too short");
	memcpy(ret, reply.data, nr * sizeof(*ret));
	return NULL;
}

/* A shell before us has left a trace there: its matches would be ours, and our limits its. */
static bool is_left_over(struct ot_traces *traces, uint32_t number)
{
	const uint32_t counters[2] = {number, UINT32_MAX};
	struct otrace_trace_counts counts = {0};

	ot_err_destroy(ask_counts(traces, counters, 1, &counts));
	return counts.is_kept;
}

static bool is_hidden(const struct ot_traces *traces, uint32_t number)
{
	return traces->related_request && traces->related_request->number == number;
}

/* Numbers grow, so that who remembers one is not surprised; after the last one they begin again. */
static struct ot_err *next_number(struct ot_traces *traces, uint32_t *ret)
{
	uint32_t number = traces->last_number;

	for (uint32_t i = 1; i < OTRACE_COUNTERS_MAX; i++) {
		number = number % (OTRACE_COUNTERS_MAX - 1) + 1;
		if (ot_traces_request(traces, number) || is_hidden(traces, number) ||
		    is_left_over(traces, number))
			continue;
		*ret = number;
		return NULL;
	}
	return ot_err_new(OT_ERR_OTHER, "there are %u traces already; untrace those that are over",
			  OTRACE_COUNTERS_MAX - 1);
}

struct ot_err *ot_request_take(struct ot_traces *traces, const char *pattern, bool is_many,
			       const struct ot_trace_options *options,
			       struct ot_trace_request **ret, bool *replaced_ret)
{
	ot_auto_free char *cond = options->cond ? ot_cond_text(options->cond) : NULL;
	struct ot_trace_request *request = find(traces, pattern, cond);
	struct ot_trace_options own = *options;
	uint32_t number;

	own.cond = cond;
	*replaced_ret = request != NULL;
	if (!request) {
		OT_TRY(next_number(traces, &number));
		request = ot_alloc(sizeof(*request));
		request->pattern = ot_strdup(pattern);
		request->number = traces->last_number = number;
		request->is_listed = true;
		ot_vec_push(&traces->requests, request);
	}
	request->is_many = is_many;
	own_options(request, &own);
	set_limits(traces, request);
	*ret = request;
	return NULL;
}

/* From the last number down: people count from the first. */
struct ot_err *ot_request_hidden(struct ot_traces *traces, const char *cond,
				 struct ot_trace_request **ret)
{
	const struct ot_trace_options options = {.cond = cond, .when = OT_TRACE_CALL};
	uint32_t number = OTRACE_COUNTERS_MAX - 1;

	while (number && (ot_traces_request(traces, number) || is_left_over(traces, number)))
		number--;
	if (!number)
		return ot_err_new(OT_ERR_OTHER, "there are %u traces already",
				  OTRACE_COUNTERS_MAX - 1);
	*ret = ot_alloc(sizeof(**ret));
	(*ret)->pattern = ot_strdup(cond);
	(*ret)->number = number;
	own_options(*ret, &options);
	return NULL;
}

void ot_request_retire(struct ot_traces *traces, struct ot_trace_request *request)
{
	for (size_t i = 0; i < traces->requests.nr; i++) {
		if (traces->requests.items[i] != request)
			continue;
		request->is_listed = false;
		ot_vec_push(&traces->old, request);
		traces->requests.nr--;
		memmove(&traces->requests.items[i], &traces->requests.items[i + 1],
			(traces->requests.nr - i) * sizeof(traces->requests.items[0]));
		return;
	}
}

void ot_requests_retire_empty(struct ot_traces *traces)
{
	for (size_t i = traces->requests.nr; i-- > 0;) {
		struct ot_trace_request *request = traces->requests.items[i];

		if (!request->nr_fns && !request->is_many && !request->over)
			ot_request_retire(traces, request);
	}
}

struct ot_trace_request *const *ot_traces_requests(const struct ot_traces *traces, size_t *nr_ret)
{
	*nr_ret = traces->requests.nr;
	return traces->requests.items;
}

/* ------------------------------------------------------------------ what they have seen */

/* What the runtime has never heard of it need not be asked for. */
static size_t known_counters(const struct ot_traces *traces, uint32_t *counters)
{
	size_t nr = 0;

	for (size_t i = 0; i < traces->requests.nr; i++)
		if (traces->requests.items[i]->limits_known)
			counters[nr++] = traces->requests.items[i]->number;
	counters[nr] = UINT32_MAX;
	return nr;
}

static bool answers(const struct ot_traces *traces)
{
	enum ot_target_state state = ot_target_state(traces->target);

	return state == OT_TARGET_HELD || state == OT_TARGET_RUNNING;
}

/* Into `last` of each. */
static struct ot_err *refresh(struct ot_traces *traces)
{
	size_t room = traces->requests.nr + 2;
	ot_auto_free uint32_t *counters = ot_alloc(room * sizeof(*counters));
	ot_auto_free struct otrace_trace_counts *known = ot_alloc(room * sizeof(*known));
	size_t nr = answers(traces) ? known_counters(traces, counters) : 0, at = 0;

	if (!nr)
		return NULL;
	OT_TRY(ask_counts(traces, counters, nr, known));
	for (size_t i = 0; i < traces->requests.nr; i++)
		if (traces->requests.items[i]->limits_known)
			traces->requests.items[i]->last = known[at++];
	return NULL;
}

bool ot_request_is_least(const struct ot_trace_request *request)
{
	return request->until_ns && request->limits_known && !request->last_words;
}

/* There were as many as were read. */
static void make_least(struct otrace_trace_counts *counts, uint64_t nr_matched)
{
	if (counts->matched < nr_matched)
		counts->matched = nr_matched;
	if (counts->evaluated < nr_matched)
		counts->evaluated = nr_matched;
}

struct ot_err *ot_traces_counts(struct ot_traces *traces, struct otrace_trace_counts **ret)
{
	struct otrace_trace_counts *all;

	OT_TRY(refresh(traces));
	all = ot_alloc((traces->requests.nr + 1) * sizeof(*all));
	for (size_t i = 0; i < traces->requests.nr; i++) {
		struct ot_trace_request *request = traces->requests.items[i];

		all[i] = request->last;
		if (ot_request_is_least(request))
			make_least(&all[i], request->nr_matched);
		all[i].matched += request->nr_read;
		/* The record that says so may be lost. */
		if (all[i].over && !request->over) {
			request->over = all[i].over;
			traces->has_news = true;
		}
	}
	*ret = all;
	return NULL;
}

/* What is over is told by the records, which are still to be read. */
void ot_traces_ending(struct ot_traces *traces)
{
	ot_auto_err struct ot_err *err = refresh(traces);

	for (size_t i = 0; !err && i < traces->requests.nr; i++)
		traces->requests.items[i]->last_words = true;
}

/* ------------------------------------------------------------------ texts */

static void add_word(struct ot_buf *out, const char *word)
{
	if (strpbrk(word, " \t\"'\\;|<>&()*?[]$"))
		ot_buf_addf(out, strchr(word, '\'') ? "\"%s\"" : "'%s'", word);
	else
		ot_buf_adds(out, word);
}

static void format_limits(const struct ot_trace_options *o, struct ot_buf *out)
{
	if (o->skip)
		ot_buf_addf(out, " -n -%llu", (unsigned long long)o->skip);
	if (o->most)
		ot_buf_addf(out, " -n %llu", (unsigned long long)o->most);
	if (o->depth_said)
		ot_buf_addf(out, " -d %u", o->depth);
	if (o->frames)
		ot_buf_addf(out, " -s %u", o->frames);
	if (o->rate_per_ms)
		ot_buf_addf(out, " -r %u/ms", o->rate_per_ms);
	if (o->deadline_ms || o->deadline_said)
		ot_buf_addf(out, " -t %g", (double)o->deadline_ms / 1000);
}

void ot_trace_options_format(const struct ot_trace_options *o, struct ot_buf *out)
{
	static const char *const when[] = {
		[OT_TRACE_CALL] = "call", [OT_TRACE_RETURN] = "return", [OT_TRACE_ALL] = "all"};

	if (o->action_said)
		ot_buf_addf(out, "-a %s%s%s ", o->action_said, o->tagged ? "=" : "",
			    o->tagged ? o->tagged : "");
	ot_buf_adds(out, "-c ");
	if (o->cond)
		add_word(out, o->cond);
	else
		ot_buf_adds(out, when[o->when]);
	format_limits(o, out);
	if (o->keep)
		ot_buf_adds(out, " -k");
	if (o->quiet)
		ot_buf_adds(out, " -q");
	if (o->words)
		ot_buf_adds(out, " -w");
	if (o->wait)
		ot_buf_adds(out, " --wait");
}

void ot_trace_over_format(const struct ot_trace_request *request, struct ot_buf *out)
{
	unsigned long long most = request->most;

	if (request->over == OTRACE_OVER_RATE)
		ot_buf_addf(out, "more than %u matches in a millisecond (%s)", request->rate_per_ms,
			    request->options.rate_per_ms ? "-r" : "set trace_rate");
	else
		ot_buf_addf(out, "%llu match%s%s", most, most == 1 ? "" : "es",
			    request->options.most ? "" : " (set trace_most)");
}

void ot_trace_label(const struct ot_trace_request *request, struct ot_buf *out)
{
	const char *cond = request->options.cond;

	if (!cond)
		cond = request->options.when == OT_TRACE_RETURN ? "return" : "call";
	for (; *cond; cond++)
		ot_buf_addc(out, *cond == '/' || *cond == ':' ? '_' : *cond);
}
