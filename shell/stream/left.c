/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/left.h"

#include "base/map.h"

static bool answers(struct ot_target *target)
{
	enum ot_target_state state = ot_target_state(target);

	return state == OT_TARGET_HELD || state == OT_TARGET_RUNNING;
}

static struct ot_left_trace *trace_of(struct ot_left *left, const struct otrace_left_trace *from)
{
	const struct ot_left_trace *old = ot_left_trace(left, from->counter);

	if (!old)
		ot_vec_push(&left->traces, ((struct ot_left_trace){.number = from->counter,
								   .action = from->action}));
	return &left->traces.items[old ? (size_t)(old - left->traces.items) : left->traces.nr - 1];
}

/* The rules of a stub are one behind the other. Without a module there is nothing left to trace. */
static void add(struct ot_left *left, const struct ot_program *program,
		const struct otrace_left_trace *from, uint64_t before)
{
	struct ot_fn *fn = ot_program_fn_at(program, from->stub);
	struct ot_left_trace *trace;

	if (!fn || fn->module->unloaded)
		return;
	trace = trace_of(left, from);
	ot_vec_push(&trace->fns, fn);
	left->nr_fns += from->stub != before;
}

static struct ot_err *ask_counts(struct ot_target *target, struct ot_left_trace *trace)
{
	const uint32_t counters[2] = {trace->number, UINT32_MAX};
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;

	OT_TRY(ot_target_ask(target, OTRACE_MSG_COUNTS, counters, sizeof(counters), &reply));
	if (reply.len < sizeof(trace->counts))
		return ot_err_new(OT_ERR_DAMAGED, "the runtime's answer is too short");
	memcpy(&trace->counts, reply.data, sizeof(trace->counts));
	return NULL;
}

static int by_number(const void *a, const void *b)
{
	uint32_t one = ((const struct ot_left_trace *)a)->number;
	uint32_t other = ((const struct ot_left_trace *)b)->number;

	return (one > other) - (one < other);
}

static int by_index(const void *a, const void *b)
{
	size_t one = (*(const struct ot_fn *const *)a)->index;
	size_t other = (*(const struct ot_fn *const *)b)->index;

	return (one > other) - (one < other);
}

/* The runtime has them in no order that means anything. */
static void sort(struct ot_left *left)
{
	for (size_t i = 0; i < left->traces.nr; i++) {
		struct ot_fn_list *fns = &left->traces.items[i].fns;

		qsort(fns->items, fns->nr, sizeof(fns->items[0]), by_index);
	}
	if (left->traces.nr)
		qsort(left->traces.items, left->traces.nr, sizeof(left->traces.items[0]),
		      by_number);
}

struct ot_err *ot_left_ask(struct ot_target *target, const struct ot_program *program,
			   struct ot_left *ret)
{
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;
	struct otrace_left_trace from;
	struct ot_err *err;
	uint64_t before = 0;

	ot_left_deinit(ret);
	if (!answers(target))
		return NULL;
	err = ot_target_ask(target, OTRACE_MSG_LEFT, NULL, 0, &reply);
	if (err && err->code == OT_ERR_OTHER) {
		ot_err_destroy(err); /* an older runtime refuses what it does not know */
		return NULL;
	}
	for (size_t at = 0; !err && reply.len - at >= sizeof(from); at += sizeof(from)) {
		memcpy(&from, reply.data + at, sizeof(from));
		add(ret, program, &from, before);
		before = from.stub;
	}
	sort(ret);
	for (size_t i = 0; !err && i < ret->traces.nr; i++)
		err = ask_counts(target, &ret->traces.items[i]);
	return err;
}

void ot_left_deinit(struct ot_left *left)
{
	for (size_t i = 0; i < left->traces.nr; i++)
		free(left->traces.items[i].fns.items);
	ot_vec_deinit(&left->traces);
	left->nr_fns = 0;
}

const struct ot_left_trace *ot_left_trace(const struct ot_left *left, uint32_t number)
{
	for (size_t i = 0; i < left->traces.nr; i++)
		if (left->traces.items[i].number == number)
			return &left->traces.items[i];
	return NULL;
}

struct ot_err *ot_left_end(struct ot_target *target, const struct ot_left *left,
			   const struct ot_fn_list *fns, size_t *nr_ret)
{
	OT_VEC(uint64_t) records = {0};
	struct otrace_switched did;
	struct ot_map stubs = {0};
	struct ot_err *err = NULL;

	for (size_t i = 0; i < left->traces.nr; i++)
		for (size_t n = 0; n < left->traces.items[i].fns.nr; n++) {
			struct ot_fn *fn = left->traces.items[i].fns.items[n];

			ot_map_set(&stubs, fn->stub, fn);
		}
	for (size_t i = 0; i < fns->nr; i++)
		if (fns->items[i]->stub && ot_map_remove(&stubs, fns->items[i]->stub))
			ot_vec_push(&records, fns->items[i]->record);
	/* none means all */
	if (records.nr)
		err = ot_target_unprobe(target, records.items, records.nr, &did);
	*nr_ret = records.nr;
	free(records.items);
	ot_map_deinit(&stubs);
	return err;
}
