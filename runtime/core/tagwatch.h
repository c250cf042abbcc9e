/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The program's calls of free() and realloc(), seen while there are tags: the slots through which modules call them
 * (of PLT and GOT) lead to forwarders. Calls that use no slot are not seen: of a program that has its own free(), of
 * one that is linked statically, through pointers to free() in its data.
 */
#ifndef OT_CORE_TAGWATCH_H
#define OT_CORE_TAGWATCH_H

#include <stddef.h>
#include <stdint.h>

#include <otrace/wire.h>
#include "arch/arch.h"

#define OT_WATCH_MAX ((uint32_t)OT_ARCH_NR_FORWARDERS)

/** Watches what flags say (OTRACE_TAG_WATCH_*), in modules that are there and, called again, that came since. Under
 * control. 0 = nothing any more. */
void ot_tag_watch(uint32_t flags);
/** How many slots, and what is not covered. Under control. */
void ot_tag_watch_count(struct otrace_tags *ret);

/** Called by the forwarders (entry.S): arguments as they came, which slot. */
void *ot_tag_forward(void *block, size_t a, size_t b, uint32_t index);
/** The forwarder of slot i lies at i * OT_FORWARDER_BYTES. */
extern const char ot_tag_forwarders[];
#define OT_FORWARDER_BYTES 16u

#endif
