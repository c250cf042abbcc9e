/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What /proc/self/maps says about an address. Raw reads, no memory but the caller's buffer.
 */
#ifndef OT_BASE_MAPS_H
#define OT_BASE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ot_mapping {
	uint64_t low;
	uint64_t high;
	int prot;	    /* PROT_* */
	bool is_stack;	    /* the main thread's, which grows down by itself */
	uint64_t below_end; /* end of the mapping before it, 0 = none */
	bool below_guard;   /* that one ends where this begins and allows nothing */
};

/**
 * Finds the mapping that holds address.
 *
 * @param scratch any memory, at least 512 bytes, 4 KiB are good
 * @return false when there is none, or /proc cannot be read; *ret is untouched then
 */
bool ot_maps_find(uint64_t address, void *scratch, size_t scratch_bytes, struct ot_mapping *ret);
/**
 * The mapping that holds address, and some of those behind it: as many as were read with it.
 *
 * @param scratch as for ot_maps_find()
 * @return how many are in ret; 0 as ot_maps_find() returns false
 */
unsigned ot_maps_list(uint64_t address, void *scratch, size_t scratch_bytes, struct ot_mapping *ret,
		      unsigned most);
/**
 * The same for one mapping, of which only low, high and prot are told, without the text of all others:
 * a quarter of the time, from Linux 6.11 on.
 *
 * @return false as ot_maps_find() does, and on an older kernel, which is asked once only
 */
bool ot_maps_ask(uint64_t address, struct ot_mapping *ret);

#endif
