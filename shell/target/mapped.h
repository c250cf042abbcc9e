/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The files that a process has mapped, read in place of its memory. What nobody writes to is the same
 * there, and the process need not look at it for us: pages that it has never touched stay out of it.
 */
#ifndef OT_TARGET_MAPPED_H
#define OT_TARGET_MAPPED_H

#include "target/target.h"

struct ot_mapped;

/** @param pid as this process sees it */
struct ot_mapped *ot_mapped_create(pid_t pid);
void ot_mapped_destroy(struct ot_mapped *mapped);

/** Mappings may be others now. */
void ot_mapped_forget(struct ot_mapped *mapped);

/**
 * Reads what the file has that is mapped at an address, if it is mapped there without being writable and
 * is known to be that file.
 *
 * @param target asked for the beginning of each file as the process has it, which must be the same
 * @return bytes read from the start on; 0 when the file is not to be had
 */
size_t ot_mapped_read(struct ot_mapped *mapped, struct ot_target *target, uint64_t address,
		      void *buf, size_t bytes);

/** The same file, opened, as far as it is mapped there without being writable; -1 = not to be had. */
int ot_mapped_open(struct ot_mapped *mapped, struct ot_target *target, uint64_t address);

#endif
