/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/names.h"
#include "base/vec.h"
#include "stream/traces.h"

struct ot_traces {
	struct ot_target *target;
	struct ot_program *program;
	uint32_t first_id;
	OT_VEC(struct ot_trace *) all; /* all[i]->id == first_id + i */
	OT_VEC(struct ot_trace_request *) requests;
	OT_VEC(struct ot_trace_request *) old; /* no longer active */
	struct ot_map by_fn[2];		       /* fn -> trace, without and with words */
	struct ot_map on;		       /* stub -> active trace */
	size_t nr_on;
	size_t nr_shown;    /* of these, not -q */
	size_t nr_eager;    /* of these, not -q or with --wait */
	size_t nr_fns_seen; /* functions looked at for the wildcards */
};

struct ot_traces *ot_traces_create(struct ot_target *target, struct ot_program *program)
{
	struct ot_traces *traces = ot_alloc(sizeof(*traces));

	traces->target = target;
	traces->program = program;
	/* Records of a shell that was here before must not pass for ours. */
	traces->first_id = ((uint32_t)getpid() % 4095 + 1) << 20;
	ot_program_fns(program, &traces->nr_fns_seen);
	return traces;
}

static void trace_destroy(struct ot_trace *trace)
{
	ot_capture_plan_destroy(trace->plan);
	free(trace->json_name);
	free(trace->json_call);
	free(trace->json_return);
	free(trace);
}

static void request_destroy(struct ot_trace_request *request)
{
	free(request->pattern);
	free(request);
}

void ot_traces_destroy(struct ot_traces *traces)
{
	if (!traces)
		return;
	for (size_t i = 0; i < traces->all.nr; i++)
		trace_destroy(traces->all.items[i]);
	for (size_t i = 0; i < traces->requests.nr; i++)
		request_destroy(traces->requests.items[i]);
	for (size_t i = 0; i < traces->old.nr; i++)
		request_destroy(traces->old.items[i]);
	ot_vec_deinit(&traces->all);
	ot_vec_deinit(&traces->requests);
	ot_vec_deinit(&traces->old);
	ot_map_deinit(&traces->by_fn[0]);
	ot_map_deinit(&traces->by_fn[1]);
	ot_map_deinit(&traces->on);
	free(traces);
}

void ot_trace_report_deinit(struct ot_trace_report *report)
{
	free(report->untraceable.items);
	free(report->assumed.items);
	free(report->refused.items);
	free(report->refused.status);
	memset(report, 0, sizeof(*report));
}

/* ------------------------------------------------------------------ requests */

static struct ot_trace_request *find_request(const struct ot_traces *traces, const char *pattern)
{
	for (size_t i = 0; i < traces->requests.nr; i++)
		if (!strcmp(traces->requests.items[i]->pattern, pattern))
			return traces->requests.items[i];
	return NULL;
}

static void retire(struct ot_traces *traces, size_t index)
{
	ot_vec_push(&traces->old, traces->requests.items[index]);
	traces->requests.nr--;
	memmove(&traces->requests.items[index], &traces->requests.items[index + 1],
		(traces->requests.nr - index) * sizeof(traces->requests.items[0]));
}

/* Requests that have lost all their functions to others or to untrace are over, wildcards aside. */
static void retire_empty(struct ot_traces *traces)
{
	for (size_t i = traces->requests.nr; i-- > 0;) {
		const struct ot_trace_request *request = traces->requests.items[i];

		if (!request->nr_on && !request->is_glob)
			retire(traces, i);
	}
}

static struct ot_trace_request *take_request(struct ot_traces *traces, const char *pattern,
					     const struct ot_trace_options *options)
{
	struct ot_trace_request *request = find_request(traces, pattern);

	if (!request) {
		request = ot_alloc(sizeof(*request));
		request->pattern = ot_strdup(pattern);
		request->is_glob = ot_glob_is(pattern);
		ot_vec_push(&traces->requests, request);
	}
	request->options = *options;
	return request;
}

bool ot_traces_forget(struct ot_traces *traces, const char *pattern)
{
	for (size_t i = 0; i < traces->requests.nr; i++) {
		if (strcmp(traces->requests.items[i]->pattern, pattern))
			continue;
		traces->requests.items[i]->is_glob = false;
		retire_empty(traces);
		return true;
	}
	return false;
}

/* ------------------------------------------------------------------ arming */

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

/* The trace of a function, made at its first use for each kind of capture. */
static struct ot_err *trace_for(struct ot_traces *traces, const struct ot_fn *fn, bool words,
				struct ot_trace **ret)
{
	struct ot_map *map = &traces->by_fn[words];
	uint64_t key = (uint64_t)fn->index + 1;
	struct ot_trace *trace = ot_map_get(map, key);

	if (!trace) {
		struct ot_capture_plan *plan = NULL;

		OT_TRY(ot_capture_plan_create(fn, words ? 0 : OT_CAPTURE_STRINGS, &plan));
		trace = ot_alloc(sizeof(*trace));
		trace->fn = fn;
		trace->plan = plan;
		trace->id = traces->first_id + (uint32_t)traces->all.nr;
		make_json(traces, trace);
		ot_vec_push(&traces->all, trace);
		ot_map_set(map, key, trace);
	}
	*ret = trace;
	return NULL;
}

static void fill_probe(const struct ot_trace *trace, const struct ot_trace_options *options,
		       struct ot_target_probe *probe)
{
	memset(probe, 0, sizeof(*probe));
	probe->fn = trace->fn->record;
	probe->trace_id = trace->id;
	/* -c return wants arguments and duration too, so both ends are recorded for it. */
	if (options->when == OT_TRACE_CALL)
		probe->flags |= OTRACE_PROBE_ENTER_ONLY;
	if (options->wait)
		probe->flags |= OTRACE_PROBE_WAIT;
	probe->enter = trace->plan->enter;
	probe->nr_enter = trace->plan->nr_enter;
	if (options->when != OT_TRACE_CALL) {
		probe->leave = trace->plan->leave;
		probe->nr_leave = trace->plan->nr_leave;
	}
}

static bool is_eager(const struct ot_trace *trace)
{
	return !trace->options.quiet || trace->options.wait;
}

static void switch_off(struct ot_traces *traces, struct ot_trace *trace)
{
	ot_map_remove(&traces->on, trace->fn->stub);
	trace->request->nr_on--;
	trace->request = NULL;
	traces->nr_on--;
	traces->nr_shown -= !trace->options.quiet;
	traces->nr_eager -= is_eager(trace);
}

static void switch_on(struct ot_traces *traces, struct ot_trace *trace,
		      struct ot_trace_request *request)
{
	struct ot_trace *before = ot_map_get(&traces->on, trace->fn->stub);

	if (before)
		switch_off(traces, before);
	trace->request = request;
	trace->options = request->options;
	request->nr_on++;
	traces->nr_on++;
	traces->nr_shown += !trace->options.quiet;
	traces->nr_eager += is_eager(trace);
	ot_map_set(&traces->on, trace->fn->stub, trace);
}

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

static void note_refusal(struct ot_trace_report *report, const struct ot_fn *fn, int32_t status)
{
	size_t nr = report->refused.nr++;

	report->refused.items = ot_realloc(report->refused.items, nr + 1, sizeof(void *));
	report->refused.status = ot_realloc(report->refused.status, nr + 1, sizeof(status));
	report->refused.items[nr] = fn;
	report->refused.status[nr] = status;
}

static struct ot_err *arm(struct ot_traces *traces, struct ot_trace_request *request,
			  struct ot_trace **list, size_t nr, struct ot_trace_report *report)
{
	ot_auto_free struct ot_target_probe *probes = ot_alloc((nr + 1) * sizeof(*probes));

	for (size_t i = 0; i < nr; i++)
		fill_probe(list[i], &request->options, &probes[i]);
	OT_TRY(ot_target_probe(traces->target, probes, nr, &report->switched));
	for (size_t i = 0; i < nr; i++) {
		if (probes[i].status) {
			note_refusal(report, list[i]->fn, probes[i].status);
			continue;
		}
		switch_on(traces, list[i], request);
		report->nr_armed++;
	}
	return NULL;
}

static struct ot_err *arm_chosen(struct ot_traces *traces, struct ot_trace_request *request,
				 const struct ot_fn_list *chosen, struct ot_trace_report *report)
{
	ot_auto_free struct ot_trace **list = ot_alloc((chosen->nr + 1) * sizeof(list[0]));

	for (size_t i = 0; i < chosen->nr; i++)
		OT_TRY(trace_for(traces, chosen->items[i], request->options.words, &list[i]));
	return arm(traces, request, list, chosen->nr, report);
}

struct ot_err *ot_traces_add(struct ot_traces *traces, const char *pattern,
			     const struct ot_trace_options *options, const struct ot_fn_list *fns,
			     struct ot_trace_report *report)
{
	struct ot_fn_list chosen = {0};
	struct ot_trace_request *request = take_request(traces, pattern, options);
	struct ot_err *err;

	choose(fns, &chosen, report);
	err = arm_chosen(traces, request, &chosen, report);
	free(chosen.items);
	retire_empty(traces);
	return err;
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
		struct ot_fn_list found = {0}, fresh = {0};
		struct ot_err *err = NULL;

		if (request->is_glob)
			err = ot_program_find_fns(traces->program, request->pattern, &found);
		if (err) {
			/* Nothing of that name any more is no news here. */
			ot_err_destroy(err);
			err = NULL;
		}
		for (size_t i = 0; i < found.nr; i++)
			if (found.items[i]->index >= before && found.items[i]->stub)
				ot_vec_push(&fresh, found.items[i]);
		if (fresh.nr)
			err = arm_chosen(traces, request, &fresh, &report);
		*nr_ret += report.nr_armed;
		ot_trace_report_deinit(&report);
		free(found.items);
		free(fresh.items);
		if (err)
			return err;
	}
	return NULL;
}

/* ------------------------------------------------------------------ disarming */

struct ot_err *ot_traces_remove(struct ot_traces *traces, const struct ot_fn_list *fns,
				size_t *nr_ret, struct otrace_switched *ret)
{
	OT_VEC(uint64_t) records = {0};
	struct ot_err *err = NULL;
	size_t nr = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < fns->nr; i++) {
		const struct ot_trace *trace = ot_traces_of_fn(traces, fns->items[i]);

		if (trace)
			ot_vec_push(&records, trace->fn->record);
	}
	/* An empty list would mean all of them. */
	if (records.nr)
		err = ot_target_unprobe(traces->target, records.items, records.nr, ret);
	for (size_t i = 0; !err && i < fns->nr; i++) {
		struct ot_trace *trace = ot_map_get(&traces->on, fns->items[i]->stub);

		if (!fns->items[i]->stub || !trace)
			continue;
		switch_off(traces, trace);
		nr++;
	}
	ot_vec_deinit(&records);
	retire_empty(traces);
	if (!err)
		*nr_ret = nr;
	return err;
}

static void all_off(struct ot_traces *traces)
{
	for (size_t i = 0; i < traces->all.nr; i++)
		if (traces->all.items[i]->request)
			switch_off(traces, traces->all.items[i]);
	while (traces->requests.nr)
		retire(traces, traces->requests.nr - 1);
}

struct ot_err *ot_traces_clear(struct ot_traces *traces, size_t *nr_ret,
			       struct otrace_switched *ret)
{
	memset(ret, 0, sizeof(*ret));
	OT_TRY(ot_target_unprobe(traces->target, NULL, 0, ret));
	*nr_ret = traces->nr_on;
	all_off(traces);
	return NULL;
}

void ot_traces_ended(struct ot_traces *traces)
{
	all_off(traces);
}

/* ------------------------------------------------------------------ looking */

const struct ot_trace *ot_traces_by_id(const struct ot_traces *traces, uint32_t id)
{
	uint32_t index = id - traces->first_id;

	return index < traces->all.nr ? traces->all.items[index] : NULL;
}

const struct ot_trace *ot_traces_of_fn(const struct ot_traces *traces, const struct ot_fn *fn)
{
	return fn->stub ? ot_map_get(&traces->on, fn->stub) : NULL;
}

struct ot_trace_request *const *ot_traces_requests(const struct ot_traces *traces, size_t *nr_ret)
{
	*nr_ret = traces->requests.nr;
	return traces->requests.items;
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

void ot_trace_options_format(const struct ot_trace_options *options, struct ot_buf *out)
{
	static const char *const when[] = {
		[OT_TRACE_CALL] = "call", [OT_TRACE_RETURN] = "return", [OT_TRACE_ALL] = "all"};

	ot_buf_addf(out, "-c %s", when[options->when]);
	if (options->quiet)
		ot_buf_adds(out, " -q");
	if (options->words)
		ot_buf_adds(out, " -w");
	if (options->wait)
		ot_buf_adds(out, " --wait");
}
