/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries never wrap: an entry that does not fit before the end of the memory leaves a gap there,
 * marked by a length of 0, and begins at the start. Positions count bytes since the beginning, as
 * in the trace area itself.
 */
#include <string.h>
#include <sys/mman.h>

#include "base/clean.h"
#include "stream/store.h"

struct entry {
	uint32_t bytes; /* this header and the record; 0 = gap up to the end of the memory */
	uint32_t tid;
	uint64_t time_ns;
	uint64_t lost; /* not 0: no record follows */
};

struct ot_store {
	uint8_t *data;
	size_t max_bytes;
	uint64_t oldest;
	uint64_t newest;   /* end of the newest entry */
	uint64_t nr;	   /* entries */
	uint64_t nr_parts; /* of these, parts of contexts */
	uint64_t dropped;
};

struct ot_store *ot_store_create(size_t max_bytes)
{
	struct ot_store *store = ot_alloc(sizeof(*store));

	/* Mapped, not allocated: pages come as they are written to. */
	store->data = mmap(NULL, max_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (store->data == MAP_FAILED)
		ot_fatal("no memory for the record store (%zu bytes)", max_bytes);
	store->max_bytes = max_bytes;
	return store;
}

void ot_store_destroy(struct ot_store *store)
{
	if (!store)
		return;
	munmap(store->data, store->max_bytes);
	free(store);
}

static struct entry *entry_at(const struct ot_store *store, uint64_t position)
{
	return (void *)(store->data + position % store->max_bytes);
}

static size_t left_before_end(const struct ot_store *store, uint64_t position)
{
	return store->max_bytes - (size_t)(position % store->max_bytes);
}

static bool is_gap(const struct ot_store *store, uint64_t position)
{
	return left_before_end(store, position) < sizeof(struct entry) ||
	       entry_at(store, position)->bytes == 0;
}

static bool is_part(const struct entry *entry)
{
	const struct otrace_rec *rec = (const void *)(entry + 1);

	return entry->bytes > sizeof(*entry) && OTRACE_REC_IS_PART(rec->type);
}

/* Makes room so that @bytes at the newest position overlap nothing that is kept. */
static void push_out(struct ot_store *store, size_t bytes)
{
	while (store->nr && store->newest + bytes - store->oldest > store->max_bytes) {
		if (is_gap(store, store->oldest)) {
			store->oldest += left_before_end(store, store->oldest);
			continue;
		}
		store->nr--;
		if (is_part(entry_at(store, store->oldest)))
			store->nr_parts--;
		else
			store->dropped++;
		store->oldest += entry_at(store, store->oldest)->bytes;
	}
	if (!store->nr)
		store->oldest = store->newest;
}

void ot_store_add(struct ot_store *store, const struct ot_store_item *item)
{
	size_t rec_bytes = item->rec ? item->rec->nr_words * 8u : 0;
	size_t bytes = sizeof(struct entry) + rec_bytes;
	size_t left = left_before_end(store, store->newest);
	struct entry *entry;

	if (left < bytes) {
		push_out(store, left);
		if (left >= sizeof(struct entry))
			entry_at(store, store->newest)->bytes = 0;
		store->newest += left;
		if (!store->nr)
			store->oldest = store->newest;
	}
	push_out(store, bytes);
	entry = entry_at(store, store->newest);
	entry->bytes = (uint32_t)bytes;
	entry->tid = item->tid;
	entry->time_ns = item->time_ns;
	entry->lost = item->lost;
	if (rec_bytes)
		memcpy(entry + 1, item->rec, rec_bytes);
	store->newest += bytes;
	store->nr++;
	store->nr_parts += is_part(entry);
}

bool ot_store_next(const struct ot_store *store, uint64_t *at, struct ot_store_item *ret)
{
	const struct entry *entry;

	if (*at < store->oldest)
		*at = store->oldest;
	if (*at < store->newest && is_gap(store, *at))
		*at += left_before_end(store, *at);
	if (*at >= store->newest)
		return false;
	entry = entry_at(store, *at);
	ret->rec = entry->bytes > sizeof(*entry) ? (const void *)(entry + 1) : NULL;
	ret->tid = entry->tid;
	ret->time_ns = entry->time_ns;
	ret->lost = entry->lost;
	*at += entry->bytes;
	return true;
}

uint64_t ot_store_nr(const struct ot_store *store)
{
	return store->nr - store->nr_parts;
}

uint64_t ot_store_dropped(const struct ot_store *store)
{
	return store->dropped;
}
