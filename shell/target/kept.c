/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/vec.h"
#include "target/kept.h"

#define KEPT_BYTES ((size_t)64 << 20)
#define PIECE_BYTES ((size_t)1 << 20)
#define PAGE_BYTES ((size_t)4096)

#define PAGE_IS_SOMEWHERE (3ull << 62) /* in memory, or swapped out */

enum rank { RANK_MODULE, RANK_HEAP, RANK_OTHER, RANK_NONE };

struct region {
	uint64_t begin, end;
	enum rank rank;
	bool is_file;	     /* pages that nobody has touched are the file's, else zeroes */
	unsigned char *data; /* got bytes from begin on */
	size_t got;
};

struct ot_kept {
	struct region *items;
	size_t nr;
	size_t cap;
};

static enum rank rank_of(const char *mode, const char *path, enum rank before)
{
	/* Read-only relocated data counts too: it is not in the file as the program sees it. */
	if (mode[0] != 'r' || mode[3] != 'p' || !strncmp(path, "[v", 2))
		return RANK_NONE;
	if (path[0] == '/')
		return RANK_MODULE;
	if (mode[1] != 'w')
		return RANK_NONE;
	if (!strcmp(path, "[heap]"))
		return RANK_HEAP;
	/* What follows a module without a name is its zero-initialised data. */
	return !path[0] && before == RANK_MODULE ? RANK_MODULE : RANK_OTHER;
}

static void list_regions(struct ot_kept *kept, pid_t pid)
{
	ot_auto_free char *name = ot_asprintf("/proc/%d/maps", (int)pid);
	ot_auto_free char *line = NULL;
	FILE *maps = fopen(name, "re");
	enum rank before = RANK_NONE;
	size_t cap = 0;

	if (!maps)
		return;
	while (getline(&line, &cap, maps) > 0) {
		struct region region = {0};
		char mode[5];
		int at = 0;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n", &region.begin,
			   &region.end, mode, &at) < 3 ||
		    !at)
			continue;
		line[strcspn(line, "\n")] = '\0';
		region.rank = before = rank_of(mode, line + at, before);
		region.is_file = line[at] == '/';
		if (region.rank != RANK_NONE)
			ot_vec_push(kept, region);
	}
	fclose(maps); /* NOLINT(clang-analyzer-unix.Malloc): the list is kept's, freed by its destroy */
}

/*
 * An entry for each page of a region that begins as zeroes; NULL = not known. Reading a page that nobody
 * has touched would make the program pay for it.
 * https://docs.kernel.org/admin-guide/mm/pagemap.html
 */
static uint64_t *pages_of(int pagemap, const struct region *region)
{
	size_t bytes = (region->end - region->begin) / PAGE_BYTES * sizeof(uint64_t);
	off_t at = (off_t)(region->begin / PAGE_BYTES * sizeof(uint64_t));
	uint64_t *pages;

	if (pagemap < 0 || region->is_file)
		return NULL;
	pages = ot_alloc(bytes);
	if (pread(pagemap, pages, bytes, at) == (ssize_t)bytes)
		return pages;
	free(pages);
	return NULL;
}

static bool is_touched(const uint64_t *pages, size_t at)
{
	return !pages || pages[at / PAGE_BYTES] & PAGE_IS_SOMEWHERE;
}

/* Bytes from @p at on, a piece at most, that are all touched or all not. */
static size_t run_of(const struct region *region, const uint64_t *pages, size_t at)
{
	size_t bytes = region->end - region->begin;
	size_t end = at + PAGE_BYTES;

	while (end < bytes && end - at < PIECE_BYTES &&
	       is_touched(pages, end) == is_touched(pages, at))
		end += PAGE_BYTES;
	return (end < bytes ? end : bytes) - at;
}

static void copy_region(struct ot_target *target, int pagemap, struct region *region,
			size_t *budget)
{
	size_t bytes = region->end - region->begin;
	ot_auto_free uint64_t *pages = bytes > *budget ? NULL : pages_of(pagemap, region);

	if (bytes > *budget)
		return;
	region->data = ot_alloc(bytes);
	while (region->got < bytes) {
		struct ot_target_span span = {
			.address = region->begin + region->got,
			.buf = region->data + region->got,
			.bytes = run_of(region, pages, region->got),
		};
		struct ot_err *err = NULL;

		if (is_touched(pages, region->got))
			err = ot_target_readv(target, &span, 1);
		else
			span.got = span.bytes;
		ot_err_destroy(err);
		region->got += err ? 0 : span.got;
		if (err || span.got < span.bytes)
			break;
	}
	*budget -= bytes;
}

struct ot_kept *ot_kept_create(struct ot_target *target)
{
	struct ot_kept *kept = ot_alloc(sizeof(*kept));
	size_t budget = KEPT_BYTES;
	ot_auto_free char *name = ot_asprintf("/proc/%d/pagemap", (int)ot_target_pid(target));
	int pagemap = open(name, O_RDONLY | O_CLOEXEC);

	list_regions(kept, ot_target_pid(target));
	for (int rank = RANK_MODULE; rank < RANK_NONE; rank++)
		for (size_t i = 0; i < kept->nr; i++)
			if ((int)kept->items[i].rank == rank)
				copy_region(target, pagemap, &kept->items[i], &budget);
	if (pagemap >= 0)
		close(pagemap);
	return kept;
}

void ot_kept_destroy(struct ot_kept *kept)
{
	if (!kept)
		return;
	for (size_t i = 0; i < kept->nr; i++)
		free(kept->items[i].data);
	ot_vec_deinit(kept);
	free(kept);
}

static const struct region *region_at(const struct ot_kept *kept, uint64_t address)
{
	for (size_t i = 0; i < kept->nr; i++) {
		const struct region *region = &kept->items[i];

		if (address >= region->begin && address < region->begin + region->got)
			return region;
	}
	return NULL;
}

static void read_one(const struct ot_kept *kept, struct ot_target_span *span)
{
	span->got = 0;
	while (span->got < span->bytes) {
		uint64_t address = span->address + span->got;
		const struct region *region = region_at(kept, address);
		size_t bytes = span->bytes - span->got;

		if (!region)
			return;
		if (bytes > region->begin + region->got - address)
			bytes = region->begin + region->got - address;
		memcpy((char *)span->buf + span->got, region->data + (address - region->begin),
		       bytes);
		span->got += bytes;
	}
}

void ot_kept_readv(const struct ot_kept *kept, struct ot_target_span *spans, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		read_one(kept, &spans[i]);
}
