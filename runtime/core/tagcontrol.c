/* SPDX-License-Identifier: BSD-2-Clause */
/* Tags as the shell and the hooks ask for them. */
#include "base/mem.h"
#include "core/area.h"
#include "core/clock.h"
#include "core/control.h"
#include "core/requests.h"
#include "core/rules.h"
#include "core/tagrecord.h"
#include "core/tags.h"
#include "core/tagwatch.h"
#include "core/thread.h"

#define WATCH_ALL (OTRACE_TAG_WATCH_FREE | OTRACE_TAG_WATCH_REALLOC)

static uint32_t wanted = WATCH_ALL; /* by the shell, while there are tags */
static bool prepared;		    /* there are tags, or may be soon */
static bool gone;		    /* the shell is, and no other has tagged since */
static uint32_t session = 1;	    /* of the shell that is there, or was last, never 0 */
static uint64_t lost;		    /* of hooks, no room */

int ot_tags_prepare(void)
{
	if (!ot_tag_table_map() || !ot_area_map_rings())
		return OTRACE_E_NO_MEMORY;
	prepared = true;
	gone = false;
	ot_tag_watch(wanted);
	return OTRACE_E_OK;
}

uint32_t ot_tags_session(void)
{
	return __atomic_load_n(&session, __ATOMIC_SEQ_CST);
}

/* A hook may run on when the shell that wanted it has gone. */
static bool is_wanted(uint32_t by)
{
	return by == OT_TAG_KEPT || by == ot_tags_session();
}

static void tell_lost(struct ot_thread *thread, uint64_t address, uint32_t number)
{
	struct ot_tag_hit hit = {.address = address, .number = number};

	if (thread && number)
		ot_tag_record_lost(thread, &hit);
}

void ot_tag_from_hook(uint64_t address, uint64_t bytes, uint64_t call_seq, uint32_t counter,
		      uint32_t by)
{
	struct ot_thread *thread = ot_tls.thread;
	struct ot_tag tag = {.address = address, .bytes = bytes ? bytes : 1};
	uint32_t replaced;

	if (!is_wanted(by))
		return;
	tag.facts = (struct ot_tag_facts){.call_seq = call_seq,
					  .tsc = ot_clock_now(),
					  .counter = counter,
					  .tid = thread ? thread->ring->owner_tid : 0};
	if (!ot_tag_add(&tag, &replaced)) {
		__atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
		tell_lost(thread, address, replaced);
	} else if (ot_unlikely(!is_wanted(by))) {
		/* either who ends all tags when a shell goes sees this one, or we see that it has gone */
		ot_tag_withdraw(&tag);
		tell_lost(thread, address, replaced);
	} else if (thread) {
		ot_tag_record_set(thread, &tag, replaced);
	}
}

/* ------------------------------------------------------------------ what is there */

static void drop_all(void)
{
	struct ot_tag_hit hit;

	for (uint32_t slot = 0; ot_tag_next(&slot, &hit, NULL);)
		if (ot_tag_take(&hit))
			ot_tag_drop(&hit);
}

/* Numbers to look for in one walk over the tags; 0 = free. */
#define CHOSEN_MOST 2048u
#define NR_CHOSEN (2 * CHOSEN_MOST)

static uint32_t chosen[NR_CHOSEN];

static uint32_t *chosen_at(uint32_t number)
{
	uint32_t at = number % NR_CHOSEN;

	while (chosen[at] && chosen[at] != number)
		at = (at + 1) % NR_CHOSEN;
	return &chosen[at];
}

/* @return how many there were */
static uint64_t drop_chosen(const uint32_t *numbers, uint64_t nr)
{
	uint64_t nr_dropped = 0;
	struct ot_tag_hit hit;

	ot_memset(chosen, 0, sizeof(chosen));
	for (uint64_t i = 0; i < nr; i++)
		*chosen_at(numbers[i]) = numbers[i];
	for (uint32_t slot = 0; ot_tag_next(&slot, &hit, NULL);)
		if (*chosen_at(hit.number) && ot_tag_take(&hit)) {
			ot_tag_drop(&hit);
			nr_dropped++;
		}
	return nr_dropped;
}

/* Rules that tag may do so at any time. */
static bool may_tag(void)
{
	for (const struct otrace_probe *probe = ot_probes_first(); probe; probe = probe->next)
		if (probe->arm && probe->arm->rules && probe->arm->rules->tag_mask)
			return true;
	return false;
}

static void run_tick(void *context)
{
	(void)context;
	/* one that was being moved just when the shell went */
	if (gone && ot_tags_nr() && !may_tag())
		drop_all();
	if (!ot_tags_nr() && !may_tag()) {
		prepared = false;
		ot_tag_watch(0);
	} else {
		ot_tag_watch(wanted);
	}
	ot_tag_table_sweep();
}

void ot_tags_tick(void)
{
	if (prepared)
		ot_control_run(run_tick, NULL);
}

static void run_shell_gone(void *context)
{
	(void)context;
	wanted = WATCH_ALL;
	drop_all();
	gone = true;
}

void ot_tags_shell_gone(void)
{
	if (!__atomic_add_fetch(&session, 1, __ATOMIC_SEQ_CST))
		__atomic_store_n(&session, 1, __ATOMIC_SEQ_CST);
	if (!prepared)
		return;
	ot_control_run(run_shell_gone, NULL);
	ot_tags_tick();
}

void ot_tags_in_child(void)
{
	ot_tag_table_forget();
	wanted = WATCH_ALL;
	lost = 0;
}

/* ------------------------------------------------------------------ requests */

struct tag_work {
	struct ot_tag tag;
	uint32_t replaced;
	int error;
};

static void run_tag(void *context)
{
	struct tag_work *work = context;

	work->error = ot_tags_prepare();
	if (!work->error && !ot_tag_add(&work->tag, &work->replaced))
		work->error = OTRACE_E_TOO_MANY;
}

void ot_request_tag(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	const struct otrace_tag_set *set = (const void *)in.bytes;
	struct tag_work work = {.tag = {.address = set->address, .bytes = set->bytes}};
	struct otrace_tag_done done;

	(void)client;
	if (!set->address || !set->bytes || set->bytes > OT_TAG_BYTES_MAX ||
	    set->address >= OT_TAG_ADDRESS_MAX) {
		ot_reply_error(reply, OTRACE_E_INVALID, NULL);
		return;
	}
	work.tag.facts =
		(struct ot_tag_facts){.tsc = ot_clock_now(), .counter = OTRACE_TAG_BY_SHELL};
	ot_control_run(run_tag, &work);
	if (work.error) {
		ot_reply_error(reply, work.error, NULL);
		return;
	}
	done = (struct otrace_tag_done){work.tag.number, work.replaced};
	ot_reply_add(reply, &done, sizeof(done));
}

struct untag_work {
	const uint32_t *numbers;
	uint64_t nr;
	uint64_t nr_dropped;
};

static void run_untag(void *context)
{
	struct untag_work *work = context;

	if (!work->nr) {
		work->nr_dropped = ot_tags_nr();
		drop_all();
	}
	for (uint64_t i = 0; i < work->nr; i += CHOSEN_MOST)
		work->nr_dropped +=
			drop_chosen(work->numbers + i, ot_smaller(work->nr - i, CHOSEN_MOST));
	run_tick(NULL);
}

void ot_request_untag(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct untag_work work = {.numbers = (const void *)in.bytes,
				  .nr = in.nr_bytes / sizeof(uint32_t)};

	(void)client;
	if (prepared)
		ot_control_run(run_untag, &work);
	ot_reply_add(reply, &work.nr_dropped, sizeof(work.nr_dropped));
}

static void add_tags(struct ot_reply *reply)
{
	struct ot_tag_facts facts;
	struct ot_tag_hit hit;

	for (uint32_t slot = 0; ot_tag_next(&slot, &hit, &facts);) {
		struct otrace_tag_info info = {.number = hit.number,
					       .counter = facts.counter,
					       .address = hit.address,
					       .bytes = hit.bytes,
					       .call_seq = facts.call_seq,
					       .tsc = facts.tsc,
					       .tid = facts.tid};

		ot_reply_add(reply, &info, sizeof(info));
	}
}

static void run_tags(void *context)
{
	struct ot_reply *reply = context;
	struct otrace_tags tags = {.nr = ot_tags_nr(), .most = OT_TAGS_MAX};

	if (prepared)
		run_tick(NULL);
	tags.lost = __atomic_load_n(&lost, __ATOMIC_RELAXED);
	ot_tag_watch_count(&tags);
	ot_reply_add(reply, &tags, sizeof(tags));
	add_tags(reply);
}

void ot_request_tags(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct otrace_tag_watch watch;

	(void)client;
	if (in.nr_bytes >= sizeof(watch)) {
		ot_memcpy(&watch, in.bytes, sizeof(watch));
		wanted = watch.flags & WATCH_ALL;
	}
	ot_control_run(run_tags, reply);
}
