// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include <sys/mman.h>

#include "model/image.h"

#define PAGE 4096ull
#define AHEAD_PAGES 16u
#define AHEAD_MAX_PAGES 512u
#define IMAGE_MAX_BYTES (64ull << 30)
#define STRING_MAX_BYTES (64u * 1024u)

struct ot_err *ot_image_init(struct ot_image *image, struct ot_target *target, uint64_t low,
			     uint64_t high)
{
	uint64_t from = low & ~(PAGE - 1);
	uint64_t to = (high + PAGE - 1) & ~(PAGE - 1);
	size_t bytes;
	uint8_t *mapping;

	if (high <= low || to < high || to - from > IMAGE_MAX_BYTES)
		return ot_err_new(OT_ERR_DAMAGED, "its addresses make no sense (%#llx to %#llx)",
				  (unsigned long long)low, (unsigned long long)high);
	/* room for large pages, wherever it comes to lie */
	bytes = to - from + 2 * OT_LARGE_PAGE_BYTES;
	mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapping == MAP_FAILED)
		return ot_err_errno("cannot reserve %llu bytes", (unsigned long long)(to - from));
	if (to - from >= OT_LARGE_PAGE_BYTES)
		ot_use_large_pages(mapping, bytes);
	image->target = target;
	image->low = from;
	image->high = to;
	image->mapping = mapping;
	image->mapping_bytes = bytes;
	image->base = mapping + (-(uintptr_t)mapping & (OT_LARGE_PAGE_BYTES - 1));
	image->have = ot_alloc((to - from) / PAGE / 8 + 8);
	return NULL;
}

void ot_image_deinit(struct ot_image *image)
{
	if (image->mapping)
		munmap(image->mapping, image->mapping_bytes);
	free(image->have);
	memset(image, 0, sizeof(*image));
}

static bool have_page(const struct ot_image *image, uint64_t page)
{
	return image->have[page / 64] >> (page % 64) & 1;
}

/* Reads a page and, as far as it goes, those behind it: tables are looked at from end to end. */
static bool load_page(struct ot_image *image, uint64_t page)
{
	uint64_t end = (image->high - image->low) / PAGE;
	struct ot_target_span span = {.address = image->low + page * PAGE,
				      .buf = image->base + page * PAGE};
	uint64_t nr = 1;

	image->ahead_pages = image->ahead_pages ? image->ahead_pages * 2 : AHEAD_PAGES;
	if (image->ahead_pages > AHEAD_MAX_PAGES)
		image->ahead_pages = AHEAD_MAX_PAGES;
	while (nr < image->ahead_pages && page + nr < end && !have_page(image, page + nr))
		nr++;
	span.bytes = nr * PAGE;
	ot_err_destroy(ot_target_read_tables(image->target, &span));
	/* a file may end within a page, which the process has whole */
	if (span.got && span.got < PAGE) {
		span.bytes = PAGE;
		ot_err_destroy(ot_target_readv(image->target, &span, 1));
	}
	for (uint64_t i = 0; i < span.got / PAGE; i++)
		image->have[(page + i) / 64] |= 1ull << ((page + i) % 64);
	return span.got >= PAGE;
}

static void find_run(struct ot_image *image, uint64_t page)
{
	uint64_t pages = (image->high - image->low) / PAGE;
	uint64_t begin = page, end = page + 1;

	while (begin && have_page(image, begin - 1))
		begin--;
	while (end < pages && have_page(image, end))
		end++;
	image->run_low = image->low + begin * PAGE;
	image->run_high = image->low + end * PAGE;
}

static bool in_run(const struct ot_image *image, uint64_t address, uint64_t bytes)
{
	return address >= image->run_low && address < image->run_high &&
	       bytes <= image->run_high - address;
}

const void *ot_image_at(struct ot_image *image, uint64_t address, uint64_t bytes)
{
	uint64_t offset = address - image->low;
	bool loaded = false;

	if (in_run(image, address, bytes))
		return image->base + offset;
	if (address < image->low || address >= image->high || bytes > image->high - address)
		return NULL;
	for (uint64_t page = offset / PAGE; page * PAGE < offset + bytes; page++) {
		if (have_page(image, page))
			continue;
		if (!load_page(image, page))
			return NULL;
		loaded = true;
	}
	if (loaded)
		find_run(image, offset / PAGE);
	return image->base + offset;
}

uint64_t ot_image_room(struct ot_image *image, uint64_t address, uint64_t max)
{
	uint64_t room = 0;

	while (room < max && !in_run(image, address, max)) {
		uint64_t part = PAGE - (address + room) % PAGE;

		if (!ot_image_at(image, address + room, part))
			return room;
		room += part;
	}
	return max;
}

const char *ot_image_string(struct ot_image *image, uint64_t address)
{
	uint64_t len = 0;

	while (len < STRING_MAX_BYTES) {
		uint64_t part = PAGE - (address + len) % PAGE;
		const char *text = ot_image_at(image, address + len, part);

		if (!text)
			return NULL;
		if (memchr(text, 0, part))
			return text - len;
		len += part;
	}
	return NULL;
}

uint64_t ot_image_follow(const struct ot_image *image, const struct otrace_ref *ref)
{
	uint64_t at = image->low + (uint64_t)((const uint8_t *)ref - image->base);

	return ref->delta ? at + (uint64_t)(int64_t)ref->delta : 0;
}
