/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/clean.h"
#include "target/recent.h"

#define PAGE_BYTES OT_RECENT_PAGE_BYTES
#define NR_PAGES 64u

struct ot_recent {
	uint64_t numbers[NR_PAGES]; /* address / PAGE_BYTES */
	uint64_t used[NR_PAGES];    /* when, 0 = holds nothing */
	uint64_t now;
	uint8_t bytes[NR_PAGES][PAGE_BYTES];
};

struct ot_recent *ot_recent_create(void)
{
	return ot_alloc(sizeof(struct ot_recent));
}

void ot_recent_destroy(struct ot_recent *recent)
{
	free(recent);
}

/* Where the page is, else NR_PAGES. */
static size_t find(const struct ot_recent *recent, uint64_t number)
{
	size_t at = 0;

	while (at < NR_PAGES && !(recent->used[at] && recent->numbers[at] == number))
		at++;
	return at;
}

static size_t oldest(const struct ot_recent *recent)
{
	size_t at = 0;

	for (size_t i = 1; i < NR_PAGES; i++)
		if (recent->used[i] < recent->used[at])
			at = i;
	return at;
}

/* Reads the pages from @first to @last that are not there: of two in one request. */
static struct ot_err *load(struct ot_recent *recent, struct ot_target *target, uint64_t first,
			   uint64_t last)
{
	struct ot_target_span spans[2];
	size_t nr = 0, places[2];

	for (uint64_t number = first; number <= last; number++) {
		size_t at = find(recent, number);

		if (at < NR_PAGES) {
			/* so that it is not the one that has to go */
			recent->used[at] = ++recent->now;
			continue;
		}
		at = oldest(recent);
		recent->numbers[at] = number;
		recent->used[at] = ++recent->now;
		spans[nr] = (struct ot_target_span){.address = number * PAGE_BYTES,
						    .buf = recent->bytes[at],
						    .bytes = PAGE_BYTES};
		places[nr++] = at;
	}
	if (nr) {
		struct ot_err *err = target->ops->readv(target, spans, nr);

		/* what cannot be read is asked for again: it may come to be there */
		for (size_t i = 0; i < nr; i++)
			if (err || spans[i].got < PAGE_BYTES)
				recent->used[places[i]] = 0;
		return err;
	}
	return NULL;
}

struct ot_err *ot_recent_read(struct ot_recent *recent, struct ot_target *target,
			      struct ot_target_span *span)
{
	uint64_t first = span->address / PAGE_BYTES;
	uint64_t last = (span->address + span->bytes - 1) / PAGE_BYTES;

	span->got = 0;
	if (!span->bytes)
		return NULL;
	OT_TRY(load(recent, target, first, last));
	while (span->got < span->bytes) {
		uint64_t address = span->address + span->got;
		size_t offset = address % PAGE_BYTES;
		size_t left = span->bytes - span->got;
		size_t at = find(recent, address / PAGE_BYTES);

		if (at == NR_PAGES)
			break;
		if (left > PAGE_BYTES - offset)
			left = PAGE_BYTES - offset;
		memcpy((uint8_t *)span->buf + span->got, recent->bytes[at] + offset, left);
		span->got += left;
	}
	return NULL;
}
