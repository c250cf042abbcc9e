/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/clean.h"
#include "stream/rings.h"

#define RING_HEAD_BYTES 4096u /* struct otrace_ring has a page to itself */

/* One sub-buffer's worth of copied records, or less. */
struct chunk {
	struct chunk *next;
	uint32_t tid;
	uint32_t at; /* first byte not handed out */
	uint32_t bytes;
	uint64_t lost; /* records missing before this chunk; reported first */
	uint8_t data[OTRACE_SUBBUF_BYTES] __attribute__((aligned(8)));
};

/* What we know of one ring. */
struct reader {
	struct otrace_ring *ring;
	const uint8_t *data;
	uint32_t generation;
	uint32_t tid;
	bool counted;	   /* nr_read can be compared with the headers */
	uint64_t position; /* first byte not copied */
	uint64_t nr_read;
	uint64_t writer_lost; /* of the owner, as reported so far */
	uint64_t nr_before;   /* of the ring's former owners */
	uint64_t lost;	      /* found, waits for the next chunk */
	uint64_t last_tsc;    /* of the newest record copied */
	struct chunk *first;  /* copied and not handed out, oldest first */
	struct chunk *last;
};

struct ot_rings {
	struct otrace_area *area;
	struct reader *readers;
	uint32_t nr;
	struct reader **active; /* those with chunks: next must not look at hundreds per record */
	uint32_t nr_active;
	uint32_t nr_busy; /* rings that had something new in the last sweep */
	uint64_t limit_tsc;
	uint64_t lost;
	uint64_t lost_no_ring;
	uint64_t lost_no_ring_new;
	size_t spool_bytes;
	size_t spool_max_bytes;
	size_t sweep_bytes;
	struct chunk *spare;
};

static uint64_t load64(const uint64_t *where)
{
	return __atomic_load_n(where, __ATOMIC_ACQUIRE);
}

static uint32_t load32(const uint32_t *where)
{
	return __atomic_load_n(where, __ATOMIC_ACQUIRE);
}

/* ------------------------------------------------------------------ chunks */

static struct chunk *chunk_take(struct ot_rings *rings)
{
	struct chunk *chunk = rings->spare;

	if (chunk)
		rings->spare = chunk->next;
	else
		chunk = ot_alloc(sizeof(*chunk));
	chunk->next = NULL;
	chunk->at = 0;
	chunk->bytes = 0;
	chunk->lost = 0;
	rings->spool_bytes += sizeof(*chunk);
	return chunk;
}

static void chunk_give_back(struct ot_rings *rings, struct chunk *chunk)
{
	chunk->next = rings->spare;
	rings->spare = chunk;
	rings->spool_bytes -= sizeof(*chunk);
}

static void chunks_destroy(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

static void append(struct reader *r, struct chunk *chunk)
{
	if (r->last)
		r->last->next = chunk;
	else
		r->first = chunk;
	r->last = chunk;
}

/* ------------------------------------------------------------------ copying */

static uint64_t oldest_whole(const struct ot_rings *rings, uint64_t head)
{
	uint64_t kept = rings->area->ring_bytes - OTRACE_SUBBUF_BYTES;

	return head > kept ? head - kept : 0;
}

static uint64_t writer_losses(const struct otrace_ring *ring)
{
	return load64(&ring->lost_nested) + load64(&ring->lost_waiting) + load64(&ring->lost_fault);
}

/* Another thread has taken the ring over: positions and counters begin at 0 again. What we had not
 * read of the former owners is lost. False: it happens again right now. */
static bool start_over(struct reader *r, uint32_t generation)
{
	uint64_t before = load64(&r->ring->nr_before);
	uint64_t known = r->nr_before + r->nr_read + r->writer_lost;
	uint32_t tid = load32(&r->ring->owner_tid);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (load32(&r->ring->generation) != generation)
		return false;
	if (r->counted && before > known)
		r->lost += before - known;
	r->generation = generation;
	r->tid = tid;
	r->nr_before = before;
	r->position = 0;
	r->nr_read = 0;
	r->writer_lost = 0;
	r->counted = true;
	return true;
}

/* Checks and counts the records of a fresh chunk. A record that cannot be right ends the chunk:
 * the count then makes the rest appear as lost at the next sub-buffer. */
static void count_records(struct reader *r, struct chunk *chunk)
{
	uint32_t at = 0;

	if (r->position % OTRACE_SUBBUF_BYTES == 0) {
		struct otrace_subbuf head;

		if (chunk->bytes < sizeof(head)) {
			chunk->bytes = 0;
			return;
		}
		memcpy(&head, chunk->data, sizeof(head));
		at = sizeof(head);
		if (r->counted && head.nr_written > r->nr_read)
			r->lost += head.nr_written - r->nr_read;
		r->nr_read = head.nr_written;
		r->counted = true;
	}
	chunk->at = at;
	while (chunk->bytes - at >= 8) {
		const struct otrace_rec *rec = (const void *)(chunk->data + at);
		uint32_t bytes = rec->nr_words * 8u;

		if (rec->type == OTRACE_REC_PAD)
			break;
		if (bytes < sizeof(*rec) || bytes > chunk->bytes - at)
			break;
		if (!OTRACE_REC_IS_PART(rec->type))
			r->nr_read++;
		r->last_tsc = rec->tsc;
		at += bytes;
	}
	chunk->bytes = at;
}

/* Copies one piece, at most to the end of its sub-buffer. Returns bytes copied; 0 = nothing new. */
static size_t copy_piece(struct ot_rings *rings, struct reader *r, uint64_t head)
{
	uint64_t position = r->position;
	uint64_t end = (position | (OTRACE_SUBBUF_BYTES - 1)) + 1;
	struct chunk *chunk = chunk_take(rings);
	size_t bytes;

	end = end < head ? end : head;
	bytes = (size_t)(end - position);
	memcpy(chunk->data, r->data + position % rings->area->ring_bytes, bytes);
	/* The copy must be done before the head is looked at again. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (load32(&r->ring->generation) != r->generation ||
	    position < oldest_whole(rings, load64(&r->ring->head))) {
		chunk_give_back(rings, chunk);
		return 0;
	}
	chunk->bytes = (uint32_t)bytes;
	chunk->tid = r->tid;
	count_records(r, chunk);
	r->position = end;
	chunk->lost = r->lost;
	rings->lost += r->lost;
	r->lost = 0;
	append(r, chunk);
	return bytes;
}

/* Fell behind: go on at the oldest whole sub-buffer; its header will tell what is missing. */
static void skip_overwritten(const struct ot_rings *rings, struct reader *r, uint64_t head)
{
	uint64_t oldest = oldest_whole(rings, head);

	if (r->position < oldest)
		r->position =
			(oldest + OTRACE_SUBBUF_BYTES - 1) & ~(uint64_t)(OTRACE_SUBBUF_BYTES - 1);
}

static void watch_writer_losses(struct reader *r)
{
	uint64_t lost = writer_losses(r->ring);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (load32(&r->ring->generation) != r->generation)
		return;
	if (lost > r->writer_lost)
		r->lost += lost - r->writer_lost;
	r->writer_lost = lost;
}

/* A loss with no record behind it must not wait for one forever. */
static void report_pending_loss(struct ot_rings *rings, struct reader *r)
{
	struct chunk *chunk;

	if (!r->lost)
		return;
	chunk = chunk_take(rings);
	chunk->tid = r->tid;
	chunk->lost = r->lost;
	rings->lost += r->lost;
	r->lost = 0;
	append(r, chunk);
}

/* Copies up to @share bytes. @rest_ret: there is more, and it may be older than what other rings have. */
static size_t sweep_ring(struct ot_rings *rings, struct reader *r, uint64_t share, bool *rest_ret)
{
	size_t copied = 0;

	/* The bound keeps one busy ring from starving the others, too. */
	for (uint64_t turns = share / OTRACE_SUBBUF_BYTES + 1; turns; turns--) {
		uint32_t generation = load32(&r->ring->generation);
		uint64_t head;

		*rest_ret = false;
		if (generation & 1)
			break;
		if (generation != r->generation && !start_over(r, generation))
			break;
		head = load64(&r->ring->head);
		if (head <= r->position || rings->spool_bytes >= rings->spool_max_bytes)
			break;
		skip_overwritten(rings, r, head);
		if (r->position < head)
			copied += copy_piece(rings, r, head);
		/* a new owner's records are not read because the former owner's were */
		if (load32(&r->ring->generation) == r->generation)
			__atomic_store_n(&r->ring->tail, r->position, __ATOMIC_RELEASE);
		*rest_ret = r->position < head;
	}
	watch_writer_losses(r);
	report_pending_loss(rings, r);
	return copied;
}

static uint64_t share_of_one(const struct ot_rings *rings, uint64_t now_tsc)
{
	if (now_tsc == UINT64_MAX)
		return 2ull * rings->area->ring_bytes;
	return rings->sweep_bytes / (rings->nr_busy ? rings->nr_busy : 1);
}

size_t ot_rings_sweep(struct ot_rings *rings, uint64_t now_tsc)
{
	uint64_t no_ring = load64(&rings->area->lost_no_ring);
	uint64_t share = share_of_one(rings, now_tsc);
	size_t copied = 0;

	rings->nr_active = rings->nr_busy = 0;
	rings->limit_tsc = now_tsc;
	for (uint32_t i = 0; i < rings->nr; i++) {
		struct reader *r = &rings->readers[i];
		bool rest = false;
		size_t bytes = sweep_ring(rings, r, share, &rest);

		copied += bytes;
		rings->nr_busy += bytes > 0;
		/* Nothing that is later than what is still to come from here. */
		if (rest && now_tsc != UINT64_MAX && r->last_tsc < rings->limit_tsc)
			rings->limit_tsc = r->last_tsc;
		if (r->first)
			rings->active[rings->nr_active++] = r;
	}
	if (no_ring > rings->lost_no_ring) {
		rings->lost_no_ring_new += no_ring - rings->lost_no_ring;
		rings->lost += no_ring - rings->lost_no_ring;
		rings->lost_no_ring = no_ring;
	}
	return copied;
}

/* ------------------------------------------------------------------ handing out */

/* Drops used-up chunks; the first one left has something to hand out. */
static struct chunk *front(struct ot_rings *rings, struct reader *r)
{
	while (r->first && !r->first->lost && r->first->at >= r->first->bytes) {
		struct chunk *used = r->first;

		r->first = used->next;
		if (!r->first)
			r->last = NULL;
		chunk_give_back(rings, used);
	}
	return r->first;
}

static uint64_t front_tsc(const struct chunk *chunk)
{
	if (chunk->lost)
		return 0;
	return ((const struct otrace_rec *)(const void *)(chunk->data + chunk->at))->tsc;
}

static struct reader *earliest(struct ot_rings *rings)
{
	struct reader *best = NULL;
	uint64_t best_tsc = 0;

	for (uint32_t i = 0; i < rings->nr_active; i++) {
		struct reader *r = rings->active[i];
		const struct chunk *chunk = front(rings, r);
		uint64_t tsc;

		if (!chunk) {
			rings->active[i--] = rings->active[--rings->nr_active];
			continue;
		}
		tsc = front_tsc(chunk);
		if (tsc <= rings->limit_tsc && (!best || tsc < best_tsc)) {
			best = r;
			best_tsc = tsc;
		}
	}
	return best;
}

bool ot_rings_next(struct ot_rings *rings, struct ot_rings_item *ret)
{
	struct reader *r;
	struct chunk *chunk;

	if (rings->lost_no_ring_new) {
		*ret = (struct ot_rings_item){.lost = rings->lost_no_ring_new};
		rings->lost_no_ring_new = 0;
		return true;
	}
	r = earliest(rings);
	if (!r)
		return false;
	chunk = r->first;
	if (chunk->lost) {
		*ret = (struct ot_rings_item){.tid = chunk->tid, .lost = chunk->lost};
		chunk->lost = 0;
		return true;
	}
	ret->rec = (const void *)(chunk->data + chunk->at);
	ret->tid = chunk->tid;
	ret->lost = 0;
	chunk->at += ret->rec->nr_words * 8u;
	return true;
}

/* ------------------------------------------------------------------ life */

/* Begins behind what an earlier reader's traces left. Their count is not ours to know exactly:
 * the next header sets it. */
static void begin_at_head(struct reader *r)
{
	r->generation = load32(&r->ring->generation);
	r->tid = load32(&r->ring->owner_tid);
	r->position = load64(&r->ring->head);
	r->writer_lost = writer_losses(r->ring);
	r->counted = false;
	__atomic_store_n(&r->ring->tail, r->position, __ATOMIC_RELEASE);
}

struct ot_rings *ot_rings_create(struct otrace_area *area, bool from_now)
{
	struct ot_rings *rings = ot_alloc(sizeof(*rings));

	rings->area = area;
	rings->nr = area->nr_rings;
	rings->readers = ot_alloc(sizeof(*rings->readers) * (rings->nr ? rings->nr : 1));
	rings->active = ot_alloc(sizeof(*rings->active) * (rings->nr ? rings->nr : 1));
	rings->spool_max_bytes = OT_RINGS_SPOOL_BYTES;
	rings->sweep_bytes = OT_RINGS_SWEEP_BYTES;
	for (uint32_t i = 0; i < rings->nr; i++) {
		struct reader *r = &rings->readers[i];
		uint8_t *at = (uint8_t *)area + area->rings_offset + i * area->ring_stride_bytes;

		r->ring = (void *)at;
		r->data = at + RING_HEAD_BYTES;
		if (from_now) {
			begin_at_head(r);
		} else {
			r->counted = true;
			start_over(r, load32(&r->ring->generation));
		}
	}
	if (from_now)
		rings->lost_no_ring = load64(&area->lost_no_ring);
	return rings;
}

void ot_rings_destroy(struct ot_rings *rings)
{
	if (!rings)
		return;
	for (uint32_t i = 0; i < rings->nr; i++)
		chunks_destroy(rings->readers[i].first);
	chunks_destroy(rings->spare);
	free(rings->active);
	free(rings->readers);
	free(rings);
}

void ot_rings_set_spool(struct ot_rings *rings, size_t bytes)
{
	rings->spool_max_bytes = bytes;
}

void ot_rings_set_sweep(struct ot_rings *rings, size_t bytes)
{
	rings->sweep_bytes = bytes;
}

size_t ot_rings_spooled_bytes(const struct ot_rings *rings)
{
	return rings->spool_bytes;
}

uint64_t ot_rings_lost(const struct ot_rings *rings)
{
	return rings->lost;
}
