/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <time.h>

#include "cmds/leftlist.h"
#include "cmds/tracelist.h"
#include "params/params.h"
#include "stream/clock.h"
#include "stream/stream.h"
#include "target/target.h"

#define SHARE_MUCH 0.1 /* of a processor: worth a hint */
#define LOOK_MS 100    /* what the rings hold belongs to the counts */

typedef unsigned long long ull;

static const char *plural(uint64_t nr)
{
	return nr == 1 ? "" : "s";
}

static double ns_of_tsc(const struct ot_shell *shell, double tsc)
{
	const struct otrace_area *area = ot_target_area(shell->target);
	struct ot_clock clock = {0};

	if (!area)
		return 0;
	ot_clock_load(&clock, area);
	return tsc * (double)clock.tsc_mult / (double)(1ull << (clock.tsc_shift & 63));
}

static double elapsed_ns(const struct ot_trace_request *request)
{
	struct timespec now;

	if (request->until_ns)
		return (double)(request->until_ns - request->since_ns);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec - (double)request->since_ns;
}

/* What asking costs: for one call, and of the time of one processor. 0 = not measured. */
static double cost_ns(const struct ot_shell *shell, const struct otrace_trace_counts *counts)
{
	if (!counts->nr_timed)
		return 0;
	return ns_of_tsc(shell, (double)counts->cost_tsc / (double)counts->nr_timed);
}

static double cost_share(const struct ot_trace_request *request,
			 const struct otrace_trace_counts *counts, double ns)
{
	double elapsed = elapsed_ns(request);

	return elapsed > 0 ? ns * (double)counts->evaluated / elapsed : 0;
}

static void say_seen(const struct ot_shell *shell, const struct ot_trace_request *request,
		     const struct otrace_trace_counts *counts, struct ot_buf *out)
{
	double ns = cost_ns(shell, counts);

	ot_buf_addf(out, "%llu hit%s", (ull)counts->matched, plural(counts->matched));
	if (request->options.cond)
		ot_buf_addf(out, " of %llu", (ull)counts->evaluated);
	if (ns > 0)
		ot_buf_addf(out, ", %.0f ns each (%.2f %% of a processor)", ns,
			    100 * cost_share(request, counts, ns));
	if (counts->faults)
		ot_buf_addf(out, ", faults: %llu (not decided: a wild pointer, or a division by 0)",
			    (ull)counts->faults);
	if (counts->copied_bytes || counts->spared)
		ot_buf_addf(out, ", %llu bytes copied, %llu cop%s spared",
			    (ull)counts->copied_bytes, (ull)counts->spared,
			    counts->spared == 1 ? "y" : "ies");
}

static void list_text(const struct ot_shell *shell, const struct ot_trace_request *request,
		      const struct otrace_trace_counts *counts, struct ot_buf *out)
{
	ot_buf_addf(out, "%u  ", request->number);
	ot_trace_options_format(&request->options, out);
	ot_buf_addf(out, " %s: ", request->pattern);
	if (request->is_many || request->nr_fns > 1)
		ot_buf_addf(out, "%zu function%s, ", request->nr_fns, plural(request->nr_fns));
	ot_buf_adds(out, ot_request_is_least(request) ? "at least " : "");
	say_seen(shell, request, counts, out);
	if (request->over) {
		ot_buf_adds(out, "; ended: ");
		ot_trace_over_format(request, out);
	}
	ot_buf_addc(out, '\n');
}

static void list_json(const struct ot_shell *shell, const struct ot_trace_request *request,
		      const struct otrace_trace_counts *counts, struct ot_buf *json)
{
	static const char *const over[] = {
		[OTRACE_OVER_NO] = "null",
		[OTRACE_OVER_HITS] = "\"hits\"",
		[OTRACE_OVER_RATE] = "\"rate\"",
		[OTRACE_OVER_MOST] = "\"most\"",
	};
	ot_auto_buf struct ot_buf options = OT_BUF_INIT;

	ot_trace_options_format(&request->options, &options);
	ot_buf_addf(json, "%s{\"number\":%u,\"options\":", json->len > 1 ? "," : "",
		    request->number);
	ot_buf_add_json(json, options.data, options.len);
	ot_buf_adds(json, ",\"name\":");
	ot_buf_add_json(json, request->pattern, strlen(request->pattern));
	ot_buf_addf(json,
		    ",\"functions\":%zu,\"hits\":%llu,\"evaluated\":%llu,\"faults\":%llu,"
		    "\"copied_bytes\":%llu,\"spared\":%llu,\"read\":%llu",
		    request->nr_fns, (ull)counts->matched, (ull)counts->evaluated,
		    (ull)counts->faults, (ull)counts->copied_bytes, (ull)counts->spared,
		    (ull)request->nr_read);
	if (counts->nr_timed)
		ot_buf_addf(json, ",\"cost_ns\":%.1f", cost_ns(shell, counts));
	ot_buf_addf(json, ",\"over\":%s}",
		    request->over < OT_NR(over) ? over[request->over] : "\"other\"");
}

/* Where no rule counts in the program, the records do. */
static void note_lost(const struct ot_shell *shell, struct ot_trace_request *const *requests,
		      size_t nr, struct ot_cmd_call *call)
{
	uint64_t lost = shell->stream ? ot_stream_nr_lost(shell->stream) : 0;

	for (size_t i = 0; lost && i < nr; i++) {
		if (!requests[i]->nr_read)
			continue;
		ot_cmd_note(call,
			    "hits of traces without a condition are the calls that were read; "
			    "%llu record%s lost",
			    (ull)lost, lost == 1 ? " was" : "s were");
		return;
	}
}

/* Once for each trace: who has decided against it knows. */
static void hint_fast_reads(const struct ot_shell *shell, struct ot_trace_request *request,
			    const struct otrace_trace_counts *counts, struct ot_cmd_call *call)
{
	double share = cost_share(request, counts, cost_ns(shell, counts));

	if (share < SHARE_MUCH || request->hint_said || request->until_ns ||
	    ot_params_of(shell)->fast_reads || !ot_traces_reads_memory(shell->traces, request))
		return;
	request->hint_said = true;
	ot_cmd_note(call,
		    "trace %u asks the kernel for the memory that its condition reads; `set "
		    "fast_reads on` makes that plain loads",
		    request->number);
}

struct ot_err *ot_trace_list(struct ot_shell *shell, struct ot_cmd_call *call)
{
	ot_auto_free struct otrace_trace_counts *counts = NULL;
	ot_auto_left struct ot_left left = {0};
	struct ot_trace_request *const *requests;
	bool is_over = ot_cmd_is_over(shell);
	size_t nr;

	if (shell->stream)
		ot_stream_look(shell->stream, LOOK_MS);
	OT_TRY(ot_traces_counts(shell->traces, &counts));
	OT_TRY(ot_left_ask(shell->target, shell->program, &left));
	requests = ot_traces_requests(shell->traces, &nr);
	if (!nr && !left.traces.nr)
		ot_buf_addf(call->out, "nothing %s traced\n", is_over ? "was" : "is");
	else if (is_over)
		ot_cmd_note(call, "nothing is traced any more; this was, until the program %s",
			    ot_target_state(shell->target) == OT_TARGET_ENDED ? "ended"
									      : "was left");
	else if (!ot_traces_is_active(shell->traces))
		ot_buf_adds(call->out, "tracing is off (set trace_active on)\n");
	ot_buf_addc(call->json, '[');
	for (size_t i = 0; i < nr; i++) {
		list_text(shell, requests[i], &counts[i], call->out);
		list_json(shell, requests[i], &counts[i], call->json);
	}
	ot_left_list(&left, call->out);
	ot_left_list_json(&left, call->json);
	ot_buf_addc(call->json, ']');
	note_lost(shell, requests, nr, call);
	for (size_t i = 0; i < nr; i++)
		hint_fast_reads(shell, requests[i], &counts[i], call);
	return NULL;
}
