/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmds/leftlist.h"

#define NAMES_SHOWN 5

typedef unsigned long long ull;

/* How it was asked for the shell knew that asked; its action the runtime knows, too. */
static const char *options_of(const struct ot_left_trace *trace)
{
	static const char *const texts[] = {
		[OTRACE_ACTION_NONE] = "-k",	     [OTRACE_ACTION_BREAK] = "-a break -k",
		[OTRACE_ACTION_GDB] = "-a gdb -k",   [OTRACE_ACTION_TAG] = "-a tag -k",
		[OTRACE_ACTION_HOLD] = "-a hold -k",
	};

	return texts[trace->action < OT_NR(texts) ? trace->action : OTRACE_ACTION_NONE];
}

static void add_names(const struct ot_left_trace *trace, struct ot_buf *out)
{
	for (size_t i = 0; i < trace->fns.nr && i < NAMES_SHOWN; i++)
		ot_buf_addf(out, "%s%s", i ? ", " : "", trace->fns.items[i]->unique_name);
	if (trace->fns.nr > NAMES_SHOWN)
		ot_buf_adds(out, ", ...");
}

void ot_left_list(const struct ot_left *left, struct ot_buf *out)
{
	for (size_t i = 0; i < left->traces.nr; i++) {
		const struct ot_left_trace *trace = &left->traces.items[i];

		ot_buf_addf(out, "%u  %s ", trace->number, options_of(trace));
		add_names(trace, out);
		ot_buf_adds(out, ": left by an earlier shell, ");
		if (trace->fns.nr > 1)
			ot_buf_addf(out, "%zu functions, ", trace->fns.nr);
		ot_buf_addf(out, "%llu hit%s of %llu%s\n", (ull)trace->counts.matched,
			    trace->counts.matched == 1 ? "" : "s", (ull)trace->counts.evaluated,
			    trace->counts.over ? "; ended" : "");
	}
}

void ot_left_list_json(const struct ot_left *left, struct ot_buf *json)
{
	for (size_t i = 0; i < left->traces.nr; i++) {
		const struct ot_left_trace *trace = &left->traces.items[i];
		ot_auto_buf struct ot_buf names = OT_BUF_INIT;

		add_names(trace, &names);
		ot_buf_addf(json, "%s{\"number\":%u,\"options\":\"%s\",\"name\":",
			    json->len > 1 ? "," : "", trace->number, options_of(trace));
		ot_buf_add_json(json, names.data, names.len);
		ot_buf_addf(json,
			    ",\"functions\":%zu,\"hits\":%llu,\"evaluated\":%llu,\"faults\":%llu,"
			    "\"copied_bytes\":%llu,\"spared\":%llu,\"over\":%s,\"left\":true}",
			    trace->fns.nr, (ull)trace->counts.matched, (ull)trace->counts.evaluated,
			    (ull)trace->counts.faults, (ull)trace->counts.copied_bytes,
			    (ull)trace->counts.spared, trace->counts.over ? "\"other\"" : "null");
	}
}
