/* SPDX-License-Identifier: BSD-2-Clause */
/* From who wants what of a stub to what the runtime is told. */
#include <string.h>

#include "stream/armed.h"
#include "stream/rules.h"

/* ------------------------------------------------------------------ traces */

static void make_json(const struct ot_traces *traces, struct ot_trace *trace)
{
	ot_auto_buf struct ot_buf buf = OT_BUF_INIT;
	const struct ot_fn *fn = trace->fn;
	int pid = (int)ot_target_pid(traces->target);

	/* The quotes around it are written with the rest of the id. */
	ot_buf_add_json(&buf, fn->unique_name, strlen(fn->unique_name));
	ot_buf_truncate(&buf, buf.len - 1);
	trace->json_name = ot_buf_take(&buf);
	ot_buf_adds(&buf, "\",\"function\":");
	ot_buf_add_json(&buf, fn->name, strlen(fn->name));
	if (fn->file) {
		ot_buf_adds(&buf, ",\"file\":");
		ot_buf_add_json(&buf, fn->file->name, strlen(fn->file->name));
	}
	if (fn->line_begin)
		ot_buf_addf(&buf, ",\"line\":%u", fn->line_begin);
	ot_buf_addf(&buf, ",\"pid\":%d,\"thread\":", pid);
	trace->json_call = ot_buf_take(&buf);
	ot_buf_adds(&buf, "\",\"function\":");
	ot_buf_add_json(&buf, fn->name, strlen(fn->name));
	ot_buf_addf(&buf, ",\"pid\":%d,\"thread\":", pid);
	trace->json_return = ot_buf_take(&buf);
}

static void add_trace(struct ot_traces *traces, struct ot_trace *trace)
{
	trace->id = traces->first_id + (uint32_t)traces->all.nr;
	ot_vec_push(&traces->all, trace);
}

static struct ot_trace_sums *sums_of(struct ot_traces *traces, struct ot_trace *trace)
{
	uint64_t key = (uint64_t)trace->fn->index + 1;
	struct ot_trace_sums *sums = ot_map_get(&traces->sums, key);

	if (sums)
		return sums;
	sums = ot_alloc(sizeof(*sums));
	ot_map_set(&traces->sums, key, sums);
	ot_vec_push(&traces->fns, trace);
	return sums;
}

/* The trace without rules of a function, made at its first use for each kind of capture. */
static struct ot_err *plain_trace(struct ot_traces *traces, const struct ot_fn *fn, bool words,
				  struct ot_trace **ret)
{
	struct ot_map *map = &traces->plain[words];
	uint64_t key = (uint64_t)fn->index + 1;
	struct ot_trace *trace = ot_map_get(map, key);

	if (!trace) {
		struct ot_capture_plan *plan = NULL;

		OT_TRY(ot_capture_plan_create(fn, words ? 0 : OT_CAPTURE_STRINGS, &plan));
		trace = ot_alloc(sizeof(*trace));
		trace->fn = fn;
		trace->plan = plan;
		trace->words = words;
		make_json(traces, trace);
		trace->sums = sums_of(traces, trace);
		add_trace(traces, trace);
		ot_map_set(map, key, trace);
	}
	*ret = trace;
	return NULL;
}

/* Another set of rules is another trace: records of the old one still mean the old ones. */
static struct ot_trace *ruled_trace(struct ot_traces *traces, const struct ot_trace *plain,
				    uint32_t nr_rules)
{
	struct ot_trace *trace = ot_alloc(sizeof(*trace));

	*trace = *plain;
	trace->base = plain;
	trace->is_on = false;
	trace->rules = ot_alloc(nr_rules * sizeof(trace->rules[0]));
	trace->nr_rules = nr_rules;
	add_trace(traces, trace);
	return trace;
}

/* ------------------------------------------------------------------ sites and changes */

struct ot_trace_site *ot_site_of(struct ot_traces *traces, uint64_t stub)
{
	struct ot_trace_site *site = ot_map_get(&traces->by_stub, stub);

	if (site)
		return site;
	site = ot_alloc(sizeof(*site));
	site->stub = stub;
	ot_map_set(&traces->by_stub, stub, site);
	ot_vec_push(&traces->sites, site);
	return site;
}

struct ot_trace_change *ot_change_begin(struct ot_trace_changes *changes,
					struct ot_trace_site *site,
					const struct ot_trace_request *without)
{
	struct ot_trace_change change = {.site = site};

	for (size_t i = 0; i < site->members.nr; i++)
		if (site->members.items[i].request != without)
			ot_vec_push(&change.members, site->members.items[i]);
	ot_vec_push(changes, change);
	return &changes->items[changes->nr - 1];
}

void ot_changes_deinit(struct ot_trace_changes *changes)
{
	for (size_t i = 0; i < changes->nr; i++) {
		ot_vec_deinit(&changes->items[i].members);
		ot_buf_deinit(&changes->items[i].rules);
	}
	ot_vec_deinit(changes);
}

struct ot_err *ot_member_rule(struct ot_traces *traces, struct ot_trace_member *member)
{
	if (member->rule)
		return NULL;
	OT_TRY(ot_trace_rule_create(traces->program, member->request, member->fn, &member->rule));
	ot_vec_push(&traces->rules, member->rule);
	return NULL;
}

/* ------------------------------------------------------------------ plans */

static bool all_want_words(const struct ot_trace_members *members)
{
	for (size_t i = 0; i < members->nr; i++)
		if (!members->items[i].request->options.words)
			return false;
	return true;
}

/* Of the matching rules the last one copies: the deepest, and what copies every match before what is sparing. */
static unsigned int copying(const struct ot_trace_rule *rule)
{
	if (!rule->copies)
		return 0;
	return 2 * rule->request->options.depth + !(rule->head.flags & OTRACE_RULE_SPARING);
}

static void order_by_copying(struct ot_trace_members *members)
{
	for (size_t i = 1; i < members->nr; i++) {
		struct ot_trace_member member = members->items[i];
		size_t at = i;

		for (; at && copying(members->items[at - 1].rule) > copying(member.rule); at--)
			members->items[at] = members->items[at - 1];
		members->items[at] = member;
	}
}

static struct ot_err *plan_rules(struct ot_traces *traces, struct ot_trace_change *change,
				 const struct ot_trace *plain)
{
	struct ot_trace_members *members = &change->members;
	struct ot_trace_rule *related = ot_related_rule(traces, members);
	struct ot_trace_rule **rules;

	for (size_t i = 0; i < members->nr; i++)
		OT_TRY(ot_member_rule(traces, &members->items[i]));
	order_by_copying(members);
	change->has_related = related;
	change->arm = ruled_trace(traces, plain, (uint32_t)(members->nr + change->has_related));
	rules = (struct ot_trace_rule **)change->arm->rules;
	for (size_t i = 0; i < members->nr; i++) {
		rules[i] = members->items[i].rule;
		ot_trace_rule_add(rules[i], &change->rules);
	}
	if (related) {
		rules[members->nr] = related;
		ot_trace_rule_add(related, &change->rules);
	}
	change->arm->request = rules[0]->request;
	return NULL;
}

/* What the stub is armed with when all is as the change says; nothing stays NULL. */
static struct ot_err *plan(struct ot_traces *traces, struct ot_trace_change *change)
{
	const struct ot_trace_members *members = &change->members;
	const struct ot_trace_member *last;
	struct ot_trace *trace = NULL;

	if (!members->nr || traces->inactive)
		return NULL;
	last = &members->items[members->nr - 1];
	OT_TRY(plain_trace(traces, last->fn, all_want_words(members), &trace));
	if (members->nr > 1 || !ot_trace_is_plain(last->request))
		return plan_rules(traces, change, trace);
	change->arm = trace;
	return NULL;
}

static bool wants_end(const struct ot_trace_change *change)
{
	for (size_t i = 0; i < change->members.nr; i++) {
		const struct ot_trace_member *member = &change->members.items[i];

		/* -c return wants arguments and duration too, so both ends are recorded for it. */
		if (member->rule ? ot_trace_rule_wants_end(member->rule)
				 : (member->request->options.when & OT_TRACE_RETURN) != 0)
			return true;
	}
	return false;
}

static bool any_waits(const struct ot_trace_members *members)
{
	for (size_t i = 0; i < members->nr; i++)
		if (members->items[i].request->options.wait)
			return true;
	return false;
}

static void fill_probe(const struct ot_trace_change *change, struct ot_target_probe *probe)
{
	const struct ot_trace *trace = change->arm;
	bool end = wants_end(change);

	memset(probe, 0, sizeof(*probe));
	probe->fn = trace->fn->record;
	probe->trace_id = trace->id;
	if (!end)
		probe->flags |= OTRACE_PROBE_ENTER_ONLY;
	if (any_waits(&change->members))
		probe->flags |= OTRACE_PROBE_WAIT;
	probe->enter = trace->plan->enter;
	probe->nr_enter = trace->plan->nr_enter;
	if (end) {
		probe->leave = trace->plan->leave;
		probe->nr_leave = trace->plan->nr_leave;
	}
	probe->rules = change->rules.data;
	probe->nr_rules = trace->nr_rules;
	probe->rules_bytes = (uint32_t)change->rules.len;
}

/* ------------------------------------------------------------------ limits */

static void add_limits(struct ot_trace_request *request, struct ot_buf *out)
{
	const struct ot_trace_options *o = &request->options;
	struct otrace_trace_set set = {.counter = request->number,
				       .skip = o->skip,
				       .most = request->most,
				       .over = o->most ? OTRACE_OVER_HITS : OTRACE_OVER_MOST,
				       .rate_per_ms = request->rate_per_ms,
				       .deadline_ns = o->deadline_ms * 1000000};

	ot_buf_add(out, &set, sizeof(set));
	request->limits_known = true;
}

/* Before the rules that count for them. */
static struct ot_err *send_limits(struct ot_traces *traces, const struct ot_trace_changes *changes)
{
	ot_auto_buf struct ot_buf sets = OT_BUF_INIT;

	for (size_t c = 0; c < changes->nr; c++) {
		const struct ot_trace_change *change = &changes->items[c];

		for (size_t i = 0; change->arm && change->arm->nr_rules && i < change->members.nr;
		     i++) {
			struct ot_trace_request *request = change->members.items[i].request;

			if (!request->limits_known)
				add_limits(request, &sets);
		}
		if (change->has_related && !traces->related_request->limits_known)
			add_limits(traces->related_request, &sets);
	}
	if (!sets.len)
		return NULL;
	return ot_target_ask(traces->target, OTRACE_MSG_TRACE_SET, sets.data, sets.len, NULL);
}

/* ------------------------------------------------------------------ switching */

static bool any_shows(const struct ot_trace_members *members)
{
	for (size_t i = 0; i < members->nr; i++)
		if (!members->items[i].request->options.quiet)
			return true;
	return false;
}

static void uncount(struct ot_traces *traces, struct ot_trace_site *site)
{
	if (site->arm) {
		site->arm->is_on = false;
		traces->nr_on--;
	}
	traces->nr_shown -= site->is_shown;
	traces->nr_eager -= site->is_eager;
	site->arm = NULL;
	site->is_shown = site->is_eager = false;
}

static void count(struct ot_traces *traces, struct ot_trace_site *site, struct ot_trace *arm)
{
	if (!arm)
		return;
	site->arm = arm;
	arm->is_on = true;
	if (!arm->nr_rules)
		arm->request = site->members.items[0].request;
	site->is_shown = any_shows(&site->members);
	site->is_eager = site->is_shown || any_waits(&site->members);
	traces->nr_on++;
	traces->nr_shown += site->is_shown;
	traces->nr_eager += site->is_eager;
}

static void commit(struct ot_traces *traces, struct ot_trace_change *change)
{
	struct ot_trace_site *site = change->site;

	uncount(traces, site);
	for (size_t i = 0; i < site->members.nr; i++)
		site->members.items[i].request->nr_fns--;
	ot_vec_deinit(&site->members);
	site->members = change->members;
	memset(&change->members, 0, sizeof(change->members));
	for (size_t i = 0; i < site->members.nr; i++)
		site->members.items[i].request->nr_fns++;
	count(traces, site, change->arm);
}

static void note_refusal(struct ot_trace_report *report, const struct ot_fn *fn, int32_t status)
{
	size_t nr = report->refused.nr++;

	report->refused.items = ot_realloc(report->refused.items, nr + 1, sizeof(void *));
	report->refused.status = ot_realloc(report->refused.status, nr + 1, sizeof(status));
	report->refused.items[nr] = fn;
	report->refused.status[nr] = status;
}

static struct ot_err *arm(struct ot_traces *traces, struct ot_trace_changes *changes,
			  struct ot_trace_report *report, struct otrace_switched *ret)
{
	ot_auto_free struct ot_target_probe *probes = ot_alloc((changes->nr + 1) * sizeof(*probes));
	size_t nr = 0, at = 0;

	for (size_t i = 0; i < changes->nr; i++)
		if (changes->items[i].arm)
			fill_probe(&changes->items[i], &probes[nr++]);
	if (nr)
		OT_TRY(ot_target_probe(traces->target, probes, nr, ret));
	for (size_t i = 0; i < changes->nr; i++) {
		struct ot_trace_change *change = &changes->items[i];
		int32_t status = change->arm ? probes[at++].status : 0;

		change->refused = status != 0;
		if (change->refused && report)
			note_refusal(report, change->arm->fn, status);
	}
	return NULL;
}

static struct ot_err *disarm(struct ot_traces *traces, const struct ot_trace_changes *changes,
			     struct otrace_switched *ret)
{
	OT_VEC(uint64_t) records = {0};
	struct otrace_switched did = {0};
	struct ot_err *err = NULL;

	for (size_t i = 0; i < changes->nr; i++)
		if (!changes->items[i].arm && changes->items[i].site->arm)
			ot_vec_push(&records, changes->items[i].site->arm->fn->record);
	/* An empty list would mean all of them. */
	if (records.nr)
		err = ot_target_unprobe(traces->target, records.items, records.nr, &did);
	ot_vec_deinit(&records);
	ret->nr_switched += did.nr_switched;
	ret->nr_refused += did.nr_refused;
	ret->total_ns += did.total_ns;
	return err;
}

struct ot_err *ot_changes_apply(struct ot_traces *traces, struct ot_trace_changes *changes,
				struct ot_trace_report *report, struct otrace_switched *ret)
{
	struct otrace_switched did = {0};

	for (size_t i = 0; i < changes->nr; i++)
		OT_TRY(plan(traces, &changes->items[i]));
	OT_TRY(send_limits(traces, changes));
	OT_TRY(arm(traces, changes, report, &did));
	OT_TRY(disarm(traces, changes, &did));
	for (size_t i = 0; i < changes->nr; i++)
		if (!changes->items[i].refused)
			commit(traces, &changes->items[i]);
	*ret = did;
	return NULL;
}

void ot_sites_forget(struct ot_traces *traces)
{
	for (size_t i = 0; i < traces->sites.nr; i++) {
		struct ot_trace_site *site = traces->sites.items[i];

		uncount(traces, site);
		for (size_t m = 0; m < site->members.nr; m++)
			site->members.items[m].request->nr_fns--;
		ot_vec_deinit(&site->members);
	}
}
