// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include <sys/mman.h>

#include "model/image.h"

#define PAGE 4096ull
#define READ_AHEAD_PAGES 64u
#define IMAGE_MAX_BYTES (64ull << 30)
#define STRING_MAX_BYTES (64u * 1024u)

struct ot_err *ot_image_init(struct ot_image *image, struct ot_target *target, uint64_t low,
			     uint64_t high)
{
	uint64_t from = low & ~(PAGE - 1);
	uint64_t to = (high + PAGE - 1) & ~(PAGE - 1);
	void *base;

	if (high <= low || to < high || to - from > IMAGE_MAX_BYTES)
		return ot_err_new(OT_ERR_DAMAGED, "its addresses make no sense (%#llx to %#llx)",
				  (unsigned long long)low, (unsigned long long)high);
	base = mmap(NULL, to - from, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return ot_err_errno("cannot reserve %llu bytes", (unsigned long long)(to - from));
	image->target = target;
	image->low = from;
	image->high = to;
	image->base = base;
	image->have = ot_alloc((to - from) / PAGE / 8 + 8);
	return NULL;
}

void ot_image_deinit(struct ot_image *image)
{
	if (image->base)
		munmap(image->base, image->high - image->low);
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

	while (nr < READ_AHEAD_PAGES && page + nr < end && !have_page(image, page + nr))
		nr++;
	span.bytes = nr * PAGE;
	ot_err_destroy(ot_target_readv(image->target, &span, 1));
	for (uint64_t i = 0; i < span.got / PAGE; i++)
		image->have[(page + i) / 64] |= 1ull << ((page + i) % 64);
	return span.got >= PAGE;
}

const void *ot_image_at(struct ot_image *image, uint64_t address, uint64_t bytes)
{
	uint64_t offset = address - image->low;

	if (address < image->low || address >= image->high || bytes > image->high - address)
		return NULL;
	for (uint64_t page = offset / PAGE; page * PAGE < offset + bytes; page++)
		if (!have_page(image, page) && !load_page(image, page))
			return NULL;
	return image->base + offset;
}

uint64_t ot_image_room(struct ot_image *image, uint64_t address, uint64_t max)
{
	uint64_t room = 0;

	while (room < max) {
		uint64_t part = PAGE - (address + room) % PAGE;

		if (!ot_image_at(image, address + room, part))
			break;
		room += part;
	}
	return room < max ? room : max;
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
