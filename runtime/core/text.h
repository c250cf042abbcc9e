/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Program text, made writable for the time of a batch: in place where the system allows it, else
 * through copies of the pages in a memfd that are mapped over the text phase by phase.
 */
#ifndef OT_CORE_TEXT_H
#define OT_CORE_TEXT_H

#include "core/modules.h"

#define OT_BATCH 64u /* stubs that are held at the same time */

struct ot_text_range {
	uint64_t low; /* whole pages */
	uint64_t high;
	uint8_t *view; /* where it can be written: the same address, or a copy */
	int prot;      /* as it was */
	/* what it lies in: one mapping of one segment; ranges grow no further */
	uint64_t area_low;
	uint64_t area_high;
};

struct ot_text_batch {
	struct ot_text_range ranges[2 * OT_BATCH]; /* a stub may lie in two pages */
	unsigned nr;
	bool copied;
	int fd;		     /* copied: the file that holds the copies, one after the other */
	uint64_t used_bytes; /* of it */
};

/**
 * The program may have changed the protection of its text since it was asked for last. Asking takes
 * some 10 us: once for a few batches.
 */
void ot_text_ask_again(void);
/**
 * Opens the pages that hold the bytes at the addresses.
 *
 * @return OTRACE_E_OK, OTRACE_E_TEXT_READ_ONLY or OTRACE_E_NO_MEMORY; nothing is open on failure
 */
int ot_text_open(struct ot_text_batch *batch, struct ot_module *const *modules,
		 const uint64_t *addresses, unsigned nr, unsigned bytes_each);
/** Where the bytes at address are to be written. */
void *ot_text_view(const struct ot_text_batch *batch, uint64_t address);
/** Makes what was written since the last call visible to all cores, in order. */
void ot_text_publish(struct ot_text_batch *batch);
/** Restores the protection. */
void ot_text_close(struct ot_text_batch *batch);

#endif
