/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The trace area: one memfd that the shell maps too. include/otrace/ring.h is the format.
 */
#ifndef OT_CORE_AREA_H
#define OT_CORE_AREA_H

#include <stdbool.h>
#include <otrace/ring.h>

#define OT_RING_BYTES_DEFAULT (2u << 20)
#define OT_AREA_BYTES_DEFAULT (160u << 20) /* sparse: only what is written takes memory */
#define OT_RINGS_MAX 1024u

extern struct otrace_area *ot_area;	 /* all of it, for hooks; NULL = nothing was traced yet */
extern struct otrace_area *ot_area_head; /* its header, for the oshell thread */
extern int ot_area_fd;			 /* in the descriptor table of the oshell thread */
extern int ot_area_pid;			 /* of the process that made it; 0 = none yet */

/**
 * Makes the area, on the oshell thread: the descriptor is its. Idempotent. Only the header is mapped:
 * in a program that locks its memory (mlockall) everything mapped takes memory.
 *
 * @param area_bytes, ring_bytes  0 = the default; rounded to what fits
 * @return false when the system refuses; nothing is left behind then
 */
bool ot_area_create(uint64_t area_bytes, uint64_t ring_bytes);
/**
 * Maps the rings too and makes the threads' states, before the first probe is armed. On the oshell
 * thread, under control. Idempotent.
 *
 * @return false when there is no area, or the system refuses; tracing cannot begin then
 */
bool ot_area_map_rings(void);
/**
 * In a forked child, which has no area.
 *
 * @param in_hook  a hook goes on there: it gets memory to write to that nobody reads
 */
void ot_area_in_child(bool in_hook);
struct otrace_ring *ot_area_ring(uint32_t i);
/** Bytes of memory that the area takes. */
uint64_t ot_area_used_bytes(void);

/** Copies memory that may not be there. Returns the bytes copied from its start, 0 when none. */
uint64_t ot_safe_read(void *to, uint64_t from, uint64_t bytes);
struct iovec;
/**
 * The same for several places in one system call, in order, up to the first byte that is not there.
 * Returns the bytes copied, or less than 0 when the kernel refuses to do it at all.
 *
 * @param to, from  nr of each; the lengths are the same
 */
int64_t ot_safe_readv(const struct iovec *to, const struct iovec *from, unsigned nr);
/** True when a byte at address can be read. */
bool ot_safe_readable(uint64_t address);
/** Whether the kernel answers nothing (a filter of the program's): that a read fails says nothing of the memory then. */
bool ot_safe_is_refused(void);
/** Writes memory that may not be there. Returns the bytes written. */
uint64_t ot_safe_write(uint64_t to, const void *from, uint64_t bytes);

#endif
