/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A module's memory as the shell holds it: a reservation as large as the module, filled page by page
 * from the target when somebody looks. Pointers into it stay valid and keep their distances, so
 * PC-relative references work as they are. Nothing outside of it can be reached through it.
 */
#ifndef OT_MODEL_IMAGE_H
#define OT_MODEL_IMAGE_H

#include <otrace/abi.h>

#include "base/err.h"
#include "target/target.h"

struct ot_image {
	struct ot_target *target;
	uint64_t low; /* page aligned */
	uint64_t high;
	uint8_t *base;
	void *mapping; /* what base lies in */
	size_t mapping_bytes;
	uint64_t *have; /* one bit per page */
	/* without gaps, around what was read last: most of what is asked for lies in it */
	uint64_t run_low;
	uint64_t run_high;
	unsigned int ahead_pages; /* to read at once, more each time */
};

struct ot_err *ot_image_init(struct ot_image *image, struct ot_target *target, uint64_t low,
			     uint64_t high);
void ot_image_deinit(struct ot_image *image);

/** The bytes at an address, or NULL when they are not (all) there. */
const void *ot_image_at(struct ot_image *image, uint64_t address, uint64_t bytes);
/** How many bytes are there from an address on, and up to @p max. */
uint64_t ot_image_room(struct ot_image *image, uint64_t address, uint64_t max);
/** A text with its NUL, or NULL. */
const char *ot_image_string(struct ot_image *image, uint64_t address);
/** Where a reference inside the image points to; 0 = none. Not checked. */
uint64_t ot_image_follow(const struct ot_image *image, const struct otrace_ref *ref);

#endif
