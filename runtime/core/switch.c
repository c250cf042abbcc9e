/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three phases, with a barrier behind each that makes every core fetch instructions anew:
 *
 *      0f 1f 44 00 00     the nop, or  e9 aa aa aa aa
 *   1. eb fe 44 00 00     two bytes, one aligned store: whoever comes now jumps to itself
 *   2. eb fe bb bb bb     the rest; nobody executes it, nobody can be in the middle of it
 *   3. e9 bb bb bb bb     two bytes, one aligned store: whoever waited goes on
 *
 * A batch of stubs goes through the phases together. Callers wait from 1 to 3: two barriers, a
 * microsecond or two, unless this thread loses its CPU in between.
 */
#include <linux/membarrier.h>

#include "base/arena.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/clock.h"
#include "core/switch.h"
#include "core/text.h"

#define BATCHES_A_QUESTION 16u /* half a millisecond */

struct ot_switch_totals ot_switch_totals;
static unsigned nr_batches; /* of the ot_switch() that runs */
static int have_barrier;    /* 1 yes, -1 no, 0 not asked yet */

/* The stubs of a batch, in the form that the window needs. */
struct batch {
	struct ot_change *changes[OT_BATCH];
	struct ot_module *modules[OT_BATCH];
	uint64_t addresses[OT_BATCH];
	void *views[OT_BATCH];
	unsigned nr;
	struct ot_text_batch text;
};

/* Of a change in the text. */
struct place {
	uint64_t stub;
	struct ot_change *change;
};

bool ot_switch_init(void)
{
	if (!have_barrier)
		have_barrier =
			ot_sys_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE) < 0
				? -1
				: 1;
	return have_barrier > 0;
}

static bool wanted_bytes(const struct otrace_probe *probe, uint8_t mode, struct ot_stub_bytes *ret)
{
	*ret = ot_stub_nop;
	if (mode == OT_MODE_OFF)
		return true;
	return ot_arch_stub_jump(
		probe->stub,
		probe->thunk + (mode == OT_MODE_TRACED ? OT_THUNK_TRACED : OT_THUNK_REDIRECT), ret);
}

static bool bytes_are_ours(const struct otrace_probe *probe)
{
	return !ot_memcmp((const void *)probe->stub, &probe->written, OT_STUB_BYTES);
}

/* Decides what is to be done; true when the stub's bytes have to change. */
static bool prepare(struct ot_change *change)
{
	struct otrace_probe *probe = change->probe;

	change->pending = false;
	change->status = OTRACE_E_OK;
	if (probe->unloaded)
		change->status = OTRACE_E_UNLOADED;
	else if (!wanted_bytes(probe, change->mode, &change->bytes))
		change->status = OTRACE_E_NO_THUNK;
	else if (!bytes_are_ours(probe))
		change->status = OTRACE_E_STUB_CHANGED;
	else if (!ot_switch_init())
		change->status = OTRACE_E_SYSTEM;
	else
		change->pending = ot_memcmp(&probe->written, &change->bytes, OT_STUB_BYTES) != 0;
	if (!change->status && !change->pending)
		probe->mode = change->mode;
	if (change->pending && change->mode != OT_MODE_OFF && !probe->module->hooked &&
	    !ot_module_hook(probe->module)) {
		change->status = OTRACE_E_BUSY;
		change->pending = false;
	}
	return change->pending;
}

/* The window: nothing is called in here but stores, barriers and the clock. */
static uint64_t run_phases(struct batch *batch)
{
	uint64_t begin = ot_clock_now();

	for (unsigned i = 0; i < batch->nr; i++)
		ot_arch_stub_hold(batch->views[i]);
	ot_text_publish(&batch->text);
	for (unsigned i = 0; i < batch->nr; i++)
		ot_arch_stub_write_rest(batch->views[i], &batch->changes[i]->bytes);
	ot_text_publish(&batch->text);
	for (unsigned i = 0; i < batch->nr; i++)
		ot_arch_stub_release(batch->views[i], &batch->changes[i]->bytes);
	if (batch->text.copied)
		ot_text_publish(&batch->text);
	return ot_clock_now() - begin;
}

static void refuse(struct batch *batch, int status, struct otrace_switched *ret)
{
	for (unsigned i = 0; i < batch->nr; i++)
		batch->changes[i]->status = status;
	ret->nr_refused += batch->nr;
}

static void finish(struct batch *batch)
{
	for (unsigned i = 0; i < batch->nr; i++) {
		batch->changes[i]->probe->written = batch->changes[i]->bytes;
		batch->changes[i]->probe->mode = batch->changes[i]->mode;
	}
}

static void run_batch(struct batch *batch, struct otrace_switched *ret)
{
	uint64_t window_ns;
	int error;

	if (!batch->nr)
		return;
	if (nr_batches++ % BATCHES_A_QUESTION == 0)
		ot_text_ask_again();
	error = ot_text_open(&batch->text, batch->modules, batch->addresses, batch->nr,
			     OT_STUB_BYTES);
	if (error) {
		refuse(batch, error, ret);
		return;
	}
	for (unsigned i = 0; i < batch->nr; i++)
		batch->views[i] = ot_text_view(&batch->text, batch->addresses[i]);
	window_ns = ot_clock_to_ns(run_phases(batch));
	if (!batch->text.copied)
		ot_text_publish(&batch->text);
	ot_text_close(&batch->text);
	finish(batch);
	if (window_ns > ret->window_max_ns)
		ret->window_max_ns = window_ns;
	ret->nr_switched += batch->nr;
}

static bool has_address(const struct batch *batch, uint64_t address)
{
	for (unsigned i = 0; i < batch->nr; i++)
		if (batch->addresses[i] == address)
			return true;
	return false;
}

static void add(struct batch *batch, struct ot_change *change)
{
	batch->changes[batch->nr] = change;
	batch->modules[batch->nr] = change->probe->module;
	batch->addresses[batch->nr] = change->probe->stub;
	batch->nr++;
}

static void switch_one(struct batch *batch, struct ot_change *change, struct otrace_switched *done)
{
	/* several records of one stub: the later ones find it done */
	if (batch->nr == OT_BATCH || has_address(batch, change->probe->stub)) {
		run_batch(batch, done);
		batch->nr = 0;
	}
	if (prepare(change))
		add(batch, change);
	else
		done->nr_refused += change->status != OTRACE_E_OK;
}

static void count(const struct otrace_switched *done)
{
	ot_switch_totals.nr_switches += done->nr_switched;
	ot_switch_totals.total_ns += done->total_ns;
	if (done->window_max_ns > ot_switch_totals.window_max_ns)
		ot_switch_totals.window_max_ns = done->window_max_ns;
}

/* Stable: of several changes of one stub the last one holds. */
static void merge(const struct place *from, struct place *to, uint32_t middle, uint32_t end,
		  uint32_t begin)
{
	uint32_t left = begin, right = middle;

	for (uint32_t i = begin; i < end; i++) {
		if (left < middle && (right == end || from[left].stub <= from[right].stub))
			to[i] = from[left++];
		else
			to[i] = from[right++];
	}
}

/* Bottom up, between the two halves of places; returns the one that has the result. */
static const struct place *sort(struct place *places, uint32_t nr)
{
	struct place *from = places, *to = places + nr, *other;

	for (uint64_t width = 1; width < nr; width *= 2) {
		for (uint64_t begin = 0; begin < nr; begin += 2 * width)
			merge(from, to, (uint32_t)ot_smaller(nr, begin + width),
			      (uint32_t)ot_smaller(nr, begin + 2 * width), (uint32_t)begin);
		other = from;
		from = to;
		to = other;
	}
	return from;
}

/*
 * In the order of the text a batch lies in few pages, one behind the other: each opened once. A mapping
 * that is opened here and there falls into pieces besides, which a kernel may not join again.
 */
static void switch_in_order(struct batch *batch, struct ot_change *changes, uint32_t nr,
			    struct otrace_switched *done)
{
	uint64_t bytes = 2ull * nr * sizeof(struct place);
	struct place *places = nr > 1 ? ot_pages_map(bytes) : NULL;
	const struct place *sorted = places;

	if (places) {
		for (uint32_t i = 0; i < nr; i++)
			places[i] = (struct place){changes[i].probe->stub, &changes[i]};
		sorted = sort(places, nr);
	}
	for (uint32_t i = 0; i < nr; i++)
		switch_one(batch, sorted ? sorted[i].change : &changes[i], done);
	run_batch(batch, done);
	ot_pages_unmap(places, bytes);
}

void ot_switch(struct ot_change *changes, uint32_t nr, struct otrace_switched *ret)
{
	static struct batch batch; /* too large for a small stack; the control lock is held */
	struct otrace_switched done = {0};
	uint64_t signals = ot_signals_block();
	uint64_t begin = ot_clock_now();

	batch.nr = 0;
	nr_batches = 0;
	switch_in_order(&batch, changes, nr, &done);
	done.total_ns = ot_clock_to_ns(ot_clock_now() - begin);
	ot_signals_restore(signals);
	count(&done);
	ret->nr_switched += done.nr_switched;
	ret->nr_refused += done.nr_refused;
	ret->total_ns += done.total_ns;
	if (done.window_max_ns > ret->window_max_ns)
		ret->window_max_ns = done.window_max_ns;
}

int ot_switch_settle(struct otrace_switched *ret)
{
	struct ot_change *changes;
	struct otrace_probe *probe;
	uint32_t nr = 0, used = 0;

	for (probe = ot_probes_first(); probe; probe = probe->next)
		nr += !probe->unloaded && probe->mode != ot_probe_wanted(probe);
	if (!nr)
		return OTRACE_E_OK;
	changes = ot_pages_map(nr * sizeof(*changes));
	if (!changes)
		return OTRACE_E_NO_MEMORY;
	for (probe = ot_probes_first(); probe; probe = probe->next)
		if (!probe->unloaded && probe->mode != ot_probe_wanted(probe))
			changes[used++] = (struct ot_change){
				.probe = probe,
				.mode = (uint8_t)ot_probe_wanted(probe),
			};
	ot_switch(changes, nr, ret);
	ot_pages_unmap(changes, nr * sizeof(*changes));
	return OTRACE_E_OK;
}
