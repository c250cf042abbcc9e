/* SPDX-License-Identifier: BSD-2-Clause */
/** What the loader knows of a module: its symbols and what they are needed for. For who holds the loader's list. */
#ifndef OT_CORE_DYNAMIC_H
#define OT_CORE_DYNAMIC_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

/** Of a module; NULL and 0 = it has none. */
struct ot_dynamic {
	const struct dl_phdr_info *info;
	const ElfW(Sym) * symbols;
	const char *texts;
	const ElfW(Rela) * relas;
	const ElfW(Rela) * jumps; /* of the slots through which functions are called */
	const uint32_t *hash;	  /* DT_GNU_HASH */
	uint64_t relas_bytes;
	uint64_t jumps_bytes;
};

/** Reads it; @param info as dl_iterate_phdr() gives it, borrowed */
void ot_dynamic_read(const struct dl_phdr_info *info, struct ot_dynamic *ret);
#define OT_DYNAMIC_UNKNOWN 1u
/**
 * Where the module has a function of this name for others; 0 = nowhere, UNKNOWN = only the loader knows: the module has a
 * table of the old kind (-Wl,--hash-style=sysv), or its start code chooses the function.
 */
uint64_t ot_dynamic_function(const struct ot_dynamic *dynamic, const char *name);
/** Whether an address is inside of a segment with all of the flags (PF_*). */
bool ot_dynamic_has(const struct dl_phdr_info *info, uint64_t address, uint32_t flags);
/** Whether it is made read-only when the module has been relocated. */
bool ot_dynamic_is_relro(const struct dl_phdr_info *info, uint64_t address);

#endif
