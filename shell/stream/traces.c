/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "stream/armed.h"
#include "stream/calls.h"
#include "stream/left.h"
#include "stream/rules.h"

static struct ot_err *find_by_name(void *priv, const char *pattern, struct ot_fn_list *ret)
{
	return ot_program_find_fns(priv, pattern, ret);
}

struct ot_traces *ot_traces_create(struct ot_target *target, struct ot_program *program)
{
	struct ot_traces *traces = ot_alloc(sizeof(*traces));

	traces->target = target;
	traces->program = program;
	traces->finder = find_by_name;
	traces->finder_priv = program;
	/* Records of a shell that was here before must not pass for ours. */
	traces->first_id = ((uint32_t)getpid() % 4095 + 1) << 20;
	ot_program_fns(program, &traces->nr_fns_seen);
	return traces;
}

void ot_traces_set_finder(struct ot_traces *traces, ot_trace_finder finder, void *priv)
{
	traces->finder = finder;
	traces->finder_priv = priv;
}

void ot_traces_set_defaults(struct ot_traces *traces, const struct ot_trace_defaults *defaults)
{
	traces->defaults = *defaults;
}

static void trace_destroy(struct ot_trace *trace)
{
	if (!trace->base) {
		ot_capture_plan_destroy(trace->plan);
		free(trace->json_name);
		free(trace->json_call);
		free(trace->json_return);
	}
	free((void *)trace->rules);
	free(trace);
}

static void destroy_requests(struct ot_traces *traces)
{
	for (size_t i = 0; i < traces->requests.nr; i++)
		ot_request_destroy(traces->requests.items[i]);
	for (size_t i = 0; i < traces->old.nr; i++)
		ot_request_destroy(traces->old.items[i]);
	if (traces->related_request)
		ot_request_destroy(traces->related_request);
	ot_vec_deinit(&traces->requests);
	ot_vec_deinit(&traces->old);
}

static void destroy_sites(struct ot_traces *traces)
{
	for (size_t i = 0; i < traces->sites.nr; i++) {
		ot_vec_deinit(&traces->sites.items[i]->members);
		free(traces->sites.items[i]);
	}
	ot_vec_deinit(&traces->sites);
	ot_map_deinit(&traces->by_stub);
}

void ot_traces_destroy(struct ot_traces *traces)
{
	if (!traces)
		return;
	destroy_sites(traces);
	destroy_requests(traces);
	for (size_t i = 0; i < traces->rules.nr; i++)
		ot_trace_rule_destroy(traces->rules.items[i]);
	for (size_t i = 0; i < traces->fns.nr; i++)
		free(traces->fns.items[i]->sums);
	for (size_t i = 0; i < traces->all.nr; i++)
		trace_destroy(traces->all.items[i]);
	ot_vec_deinit(&traces->rules);
	ot_vec_deinit(&traces->fns);
	ot_vec_deinit(&traces->all);
	ot_map_deinit(&traces->related_rules);
	ot_map_deinit(&traces->sums);
	ot_map_deinit(&traces->plain[0]);
	ot_map_deinit(&traces->plain[1]);
	free(traces);
}

void ot_trace_report_deinit(struct ot_trace_report *report)
{
	free(report->untraceable.items);
	free(report->assumed.items);
	free(report->unfit.items);
	ot_err_destroy(report->why_unfit);
	free(report->refused.items);
	free(report->refused.status);
	memset(report, 0, sizeof(*report));
}

/* ------------------------------------------------------------------ adding */

/* The functions to arm: those with a stub, each stub once. */
static void choose(const struct ot_fn_list *fns, struct ot_fn_list *chosen,
		   struct ot_trace_report *report)
{
	struct ot_map stubs = {0};

	for (size_t i = 0; i < fns->nr; i++) {
		struct ot_fn *fn = fns->items[i];

		if (!fn->stub || fn->module->unloaded) {
			ot_vec_push(&report->untraceable, fn);
			continue;
		}
		if (ot_map_get(&stubs, fn->stub)) {
			report->nr_same_stub++;
			continue;
		}
		ot_map_set(&stubs, fn->stub, fn);
		ot_vec_push(chosen, fn);
		if (fn->assumes & ~(uint32_t)OTRACE_ASSUME_MEMORY_KNOWN)
			ot_vec_push(&report->assumed, fn);
	}
	ot_map_deinit(&stubs);
}

static void note_unfit(struct ot_trace_report *report, struct ot_fn *fn, struct ot_err *err)
{
	ot_vec_push(&report->unfit, fn);
	if (report->why_unfit)
		ot_err_destroy(err);
	else
		report->why_unfit = err;
}

static struct ot_err *too_many_rules(const struct ot_fn *fn)
{
	return ot_err_new(OT_ERR_OTHER, "%s has %u traces already", fn->unique_name,
			  OTRACE_RULES_MAX);
}

/* Adds the function to what is to be changed, if the request makes sense for it. */
static void want(struct ot_traces *traces, struct ot_trace_request *request, struct ot_fn *fn,
		 struct ot_trace_changes *changes, struct ot_trace_report *report)
{
	struct ot_trace_member member = {.request = request, .fn = fn};
	struct ot_trace_site *site = ot_site_of(traces, fn->stub);
	struct ot_trace_change *change;
	struct ot_err *err = NULL;

	if (!ot_trace_is_plain(request))
		err = ot_member_rule(traces, &member);
	if (err) {
		note_unfit(report, fn, err);
		return;
	}
	if (member.rule && !report->note)
		report->note = ot_trace_rule_note(member.rule);
	change = ot_change_begin(changes, site, request);
	if (change->members.nr < OTRACE_RULES_MAX)
		ot_vec_push(&change->members, member);
	else
		note_unfit(report, fn, too_many_rules(fn));
}

static struct ot_err *arm_chosen(struct ot_traces *traces, struct ot_trace_request *request,
				 const struct ot_fn_list *chosen, struct ot_trace_report *report)
{
	struct ot_trace_changes changes = {0};
	size_t nr_before = report->refused.nr;
	struct ot_err *err;

	for (size_t i = 0; i < chosen->nr; i++)
		want(traces, request, chosen->items[i], &changes, report);
	err = ot_changes_apply(traces, &changes, report, &report->switched);
	if (!err)
		report->nr_armed = changes.nr - (report->refused.nr - nr_before);
	ot_changes_deinit(&changes);
	return err;
}

struct ot_err *ot_traces_add(struct ot_traces *traces, const char *pattern, bool is_many,
			     const struct ot_trace_options *options, const struct ot_fn_list *fns,
			     struct ot_trace_report *report)
{
	struct ot_fn_list chosen = {0};
	struct ot_trace_request *request;
	struct ot_err *err;

	OT_TRY(ot_request_take(traces, pattern, is_many, options, &request, &report->replaced));
	report->request = request;
	choose(fns, &chosen, report);
	err = arm_chosen(traces, request, &chosen, report);
	free(chosen.items);
	/* A wildcard of which nothing can be traced as asked is no trace to list. */
	if (!request->nr_fns && report->unfit.nr)
		ot_request_retire(traces, request);
	ot_requests_retire_empty(traces);
	return err;
}

/* Nothing of that name any more is no news here. */
static void find_fresh(struct ot_traces *traces, const struct ot_trace_request *request,
		       size_t before, struct ot_fn_list *fresh)
{
	struct ot_fn_list found = {0};

	ot_err_destroy(traces->finder(traces->finder_priv, request->pattern, &found));
	for (size_t i = 0; i < found.nr; i++)
		if (found.items[i]->index >= before && found.items[i]->stub)
			ot_vec_push(fresh, found.items[i]);
	free(found.items);
}

struct ot_err *ot_traces_extend(struct ot_traces *traces, size_t *nr_ret)
{
	size_t nr, before = traces->nr_fns_seen;

	*nr_ret = 0;
	ot_program_fns(traces->program, &nr);
	traces->nr_fns_seen = nr;
	for (size_t r = 0; r < traces->requests.nr; r++) {
		struct ot_trace_request *request = traces->requests.items[r];
		struct ot_trace_report report = {0};
		struct ot_fn_list fresh = {0};
		struct ot_err *err = NULL;

		if (request->is_many && !request->over)
			find_fresh(traces, request, before, &fresh);
		if (fresh.nr)
			err = arm_chosen(traces, request, &fresh, &report);
		*nr_ret += report.nr_armed;
		ot_trace_report_deinit(&report);
		free(fresh.items);
		if (err)
			return err;
	}
	return NULL;
}

/* ------------------------------------------------------------------ taking away */

static bool has_request(const struct ot_trace_site *site, const struct ot_trace_request *request)
{
	for (size_t i = 0; i < site->members.nr; i++)
		if (site->members.items[i].request == request)
			return true;
	return false;
}

static struct ot_err *apply_and_free(struct ot_traces *traces, struct ot_trace_changes *changes)
{
	struct otrace_switched did;
	struct ot_err *err = ot_changes_apply(traces, changes, NULL, &did);

	ot_changes_deinit(changes);
	return err;
}

/* Out of all its functions; it stays listed. */
static struct ot_err *empty_request(struct ot_traces *traces,
				    const struct ot_trace_request *request)
{
	struct ot_trace_changes changes = {0};

	for (size_t i = 0; request->nr_fns && i < traces->sites.nr; i++)
		if (has_request(traces->sites.items[i], request))
			ot_change_begin(&changes, traces->sites.items[i], request);
	return apply_and_free(traces, &changes);
}

struct ot_err *ot_traces_remove(struct ot_traces *traces, struct ot_trace_request *request,
				size_t *nr_ret)
{
	size_t nr = request->nr_fns;

	OT_TRY(empty_request(traces, request));
	ot_request_retire(traces, request);
	*nr_ret = nr;
	return NULL;
}

struct ot_err *ot_traces_remove_fns(struct ot_traces *traces, const struct ot_fn_list *fns,
				    size_t *nr_ret)
{
	struct ot_trace_changes changes = {0};
	struct ot_map seen = {0};
	struct ot_err *err;

	for (size_t i = 0; i < fns->nr; i++) {
		struct ot_trace_site *site =
			fns->items[i]->stub ? ot_map_get(&traces->by_stub, fns->items[i]->stub)
					    : NULL;

		if (!site || !site->members.nr || ot_map_get(&seen, site->stub))
			continue;
		ot_map_set(&seen, site->stub, site);
		ot_change_begin(&changes, site, NULL)->members.nr = 0;
	}
	ot_map_deinit(&seen);
	*nr_ret = changes.nr;
	err = apply_and_free(traces, &changes);
	ot_requests_retire_empty(traces);
	return err;
}

static void all_off(struct ot_traces *traces)
{
	ot_sites_forget(traces);
	while (traces->requests.nr)
		ot_request_retire(traces, traces->requests.items[traces->requests.nr - 1]);
}

static size_t nr_traced(const struct ot_traces *traces)
{
	size_t nr = 0;

	for (size_t i = 0; i < traces->sites.nr; i++)
		nr += traces->sites.items[i]->members.nr != 0;
	return nr;
}

struct ot_err *ot_traces_clear(struct ot_traces *traces, size_t *nr_ret,
			       struct otrace_switched *ret)
{
	memset(ret, 0, sizeof(*ret));
	OT_TRY(ot_target_unprobe(traces->target, NULL, 0, ret));
	*nr_ret = nr_traced(traces);
	all_off(traces);
	return NULL;
}

static bool any_is_kept(const struct ot_traces *traces)
{
	for (size_t i = 0; i < traces->requests.nr; i++)
		if (traces->requests.items[i]->options.keep && traces->requests.items[i]->nr_fns)
			return true;
	return false;
}

/* By an earlier shell, which wanted it to stay. */
static struct ot_err *any_is_left(const struct ot_traces *traces, bool *ret)
{
	ot_auto_left struct ot_left left = {0};

	OT_TRY(ot_left_ask(traces->target, traces->program, &left));
	*ret = left.nr_fns != 0;
	return NULL;
}

struct ot_err *ot_traces_leave(struct ot_traces *traces)
{
	struct otrace_switched did;
	bool is_left = false;
	size_t nr;

	OT_TRY(any_is_left(traces, &is_left));
	if (!is_left && !any_is_kept(traces))
		return ot_traces_clear(traces, &nr, &did);
	for (size_t i = traces->requests.nr; i-- > 0;)
		if (!traces->requests.items[i]->options.keep)
			OT_TRY(ot_traces_remove(traces, traces->requests.items[i], &nr));
	return NULL;
}

void ot_traces_ended(struct ot_traces *traces)
{
	ot_auto_free size_t *nr_fns = ot_alloc((traces->requests.nr + 1) * sizeof(*nr_fns));

	for (size_t i = 0; i < traces->requests.nr; i++)
		nr_fns[i] = traces->requests.items[i]->nr_fns;
	ot_sites_forget(traces);
	for (size_t i = 0; i < traces->requests.nr; i++) {
		traces->requests.items[i]->nr_fns = nr_fns[i];
		ot_request_stop_clock(traces->requests.items[i]);
	}
}

/* ------------------------------------------------------------------ the master switch */

bool ot_traces_is_active(const struct ot_traces *traces)
{
	return !traces->inactive;
}

struct ot_err *ot_sites_plan_again(struct ot_traces *traces)
{
	struct ot_trace_changes changes = {0};

	for (size_t i = 0; i < traces->sites.nr; i++)
		if (traces->sites.items[i]->members.nr)
			ot_change_begin(&changes, traces->sites.items[i], NULL);
	return apply_and_free(traces, &changes);
}

struct ot_err *ot_traces_set_active(struct ot_traces *traces, bool active)
{
	bool was_inactive = traces->inactive;
	struct ot_err *err;

	if (active != was_inactive)
		return NULL;
	traces->inactive = !active;
	err = ot_sites_plan_again(traces);
	if (err)
		traces->inactive = was_inactive;
	return err;
}

/* ------------------------------------------------------------------ what was read */

static bool ends_badly(const struct ot_trace *trace, const struct ot_call_event *event)
{
	const struct ot_capture_value *ret = &trace->plan->ret;
	uint64_t bytes, word = 0;

	if (event->kind != OT_CALL_RETURN)
		return true;
	if (ret->state != OT_VALUE_OK || !ret->whole)
		return false;
	bytes = ot_type_size(ret->type);
	if (bytes > sizeof(word) || bytes > event->nr_bytes)
		return false;
	memcpy(&word, event->captures, bytes);
	if (ot_type_is_pointer(ret->type))
		return !word;
	return bytes && ot_type_is_integer(ret->type) && ot_type_is_signed(ret->type) &&
	       word >> (8 * bytes - 1);
}

static void note_end(const struct ot_trace *trace, const struct ot_call_event *event)
{
	struct ot_trace_sums *sums = trace->sums;
	uint64_t ns;

	sums->errors += ends_badly(trace, event);
	if (!event->begin_known)
		return;
	ns = event->time_ns > event->begin_ns ? event->time_ns - event->begin_ns : 0;
	sums->ended++;
	sums->total_ns += ns;
	if (ns > sums->max_ns)
		sums->max_ns = ns;
}

static void note_matched(const struct ot_trace *trace, uint32_t matched)
{
	for (uint32_t i = 0; i < trace->nr_rules; i++)
		if (matched >> i & 1)
			trace->rules[i]->request->nr_matched++;
}

void ot_traces_note(struct ot_traces *traces, const struct ot_trace *trace,
		    const struct ot_call_event *event)
{
	struct ot_trace_sums *sums = trace->sums;

	(void)traces;
	/* the sums are those of the calls that were asked for */
	if (event->is_unmatched)
		return;
	if (!sums->first_ns)
		sums->first_ns = event->call_time_ns;
	sums->last_ns = event->time_ns;
	if (event->kind != OT_CALL_ENTER) {
		note_end(trace, event);
	} else if (!event->matched_before) {
		sums->calls++;
		if (!trace->nr_rules)
			trace->request->nr_read++;
	}
	if (event->kind == OT_CALL_ENTER)
		note_matched(trace, event->matched & ~event->matched_before);
}

/* ------------------------------------------------------------------ what is over */

static struct ot_trace_request *request_of(const struct ot_trace *trace, uint32_t counter)
{
	for (uint32_t i = 0; i < trace->nr_rules; i++)
		if (trace->rules[i]->head.counter == counter)
			return trace->rules[i]->request;
	return NULL;
}

const struct ot_trace_request *ot_traces_over(struct ot_traces *traces,
					      const struct otrace_rec_trace_over *rec)
{
	const struct ot_trace *trace = ot_traces_by_id(traces, rec->rec.trace_id);
	struct ot_trace_request *request = trace ? request_of(trace, rec->counter) : NULL;

	if (!request || !request->is_listed || request->over)
		return NULL;
	request->over = rec->over;
	traces->has_news = true;
	return request;
}

struct ot_err *ot_traces_settle(struct ot_traces *traces)
{
	if (!traces->has_news)
		return NULL;
	traces->has_news = false;
	for (size_t i = 0; i < traces->requests.nr; i++)
		if (traces->requests.items[i]->over)
			OT_TRY(empty_request(traces, traces->requests.items[i]));
	return NULL;
}

/* ------------------------------------------------------------------ looking */

bool ot_traces_reads_memory(const struct ot_traces *traces, const struct ot_trace_request *request)
{
	for (size_t i = 0; request->options.cond && i < traces->rules.nr; i++)
		if (traces->rules.items[i]->request == request &&
		    ot_trace_rule_reads(traces->rules.items[i]))
			return true;
	return false;
}

const struct ot_trace *ot_traces_by_id(const struct ot_traces *traces, uint32_t id)
{
	uint32_t index = id - traces->first_id;

	return index < traces->all.nr ? traces->all.items[index] : NULL;
}

const struct ot_trace *ot_traces_of_fn(const struct ot_traces *traces, const struct ot_fn *fn)
{
	const struct ot_trace_site *site = fn->stub ? ot_map_get(&traces->by_stub, fn->stub) : NULL;

	return site ? site->arm : NULL;
}

const struct ot_trace *ot_traces_next_fn(const struct ot_traces *traces, size_t *at)
{
	return *at < traces->fns.nr ? traces->fns.items[(*at)++] : NULL;
}

size_t ot_traces_nr_on(const struct ot_traces *traces)
{
	return traces->nr_on;
}

size_t ot_traces_nr_shown(const struct ot_traces *traces)
{
	return traces->nr_shown;
}

size_t ot_traces_nr_eager(const struct ot_traces *traces)
{
	return traces->nr_eager;
}

static unsigned int when_of(const struct ot_trace_request *request, bool shown)
{
	return shown && request->options.quiet ? 0 : request->options.when;
}

/* A related call is shown as those are that match. */
static unsigned int when_of_rule(const struct ot_trace *trace, uint32_t number, bool shown)
{
	unsigned int when = 0;

	if (!trace->rules[number]->is_related)
		return when_of(trace->rules[number]->request, shown);
	for (uint32_t i = 0; i < trace->nr_rules; i++)
		if (i != number)
			when |= when_of(trace->rules[i]->request, shown);
	return when ? when | OT_TRACE_CALL : 0;
}

unsigned int ot_trace_when(const struct ot_trace *trace, uint32_t matched, bool shown)
{
	unsigned int when = 0;

	if (!trace->nr_rules)
		return when_of(trace->request, shown);
	/* Nothing is known of an end whose beginning was lost: whoever might have it does. */
	for (uint32_t i = 0; i < trace->nr_rules; i++)
		if (!matched || matched & 1u << i)
			when |= when_of_rule(trace, i, shown);
	return when;
}
