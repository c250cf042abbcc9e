/* SPDX-License-Identifier: BSD-2-Clause */
/** For locals.c only: DWARF's expressions, evaluated in a frame. */
#ifndef OT_MODEL_LOCATION_H
#define OT_MODEL_LOCATION_H

#include <elfutils/libdw.h>

#include "model/locals.h"

/** What an expression is evaluated with. */
struct ot_location_context {
	struct ot_target *target;
	const struct ot_frame *frame;
	uint64_t bias;	       /* of the module */
	Dwarf *dwarf;	       /* for the frame's address, where it is asked for */
	Dwarf_Die *function;   /* the one with code: its frame base is meant */
	Dwarf_Attribute *attr; /* that the expression is of */
	uint64_t bytes;	       /* of what is looked for */
	bool *reads_memory;    /* set when the answer is another once memory is */
};

enum ot_location_kind {
	OT_LOCATION_MEMORY, /* value is an address */
	OT_LOCATION_COPY,   /* value is an address, but of a copy: writing there changes nothing */
	OT_LOCATION_VALUE,  /* value is the value itself */
	OT_LOCATION_BYTES   /* bytes are it */
};

struct ot_location {
	enum ot_location_kind kind;
	uint64_t value;
	const uint8_t *bytes;
	size_t nr_bytes;
};

/** Where the attribute says that something is, at frame->pc. Nowhere is OT_ERR_OPTIMIZED. */
struct ot_err *ot_location_find(const struct ot_location_context *context, struct ot_location *ret);

#endif
