/* SPDX-License-Identifier: BSD-2-Clause */
/** The program's calls of free() and realloc(), seen while there are tags, as slots.h can see them. */
#ifndef OT_CORE_TAGWATCH_H
#define OT_CORE_TAGWATCH_H

#include <stddef.h>
#include <stdint.h>

#include <otrace/wire.h>

/** Watches what flags say (OTRACE_TAG_WATCH_*), in modules that are there and, called again, that came since. Under
 * control. 0 = nothing any more. */
void ot_tag_watch(uint32_t flags);
/** How many slots, and what is not covered. Under control. */
void ot_tag_watch_count(struct otrace_tags *ret);

/** Called by the forwarders (entry.S): arguments as they came, which slot. */
void *ot_tag_forward(void *block, size_t a, size_t b, uint32_t index);
/** The forwarder of slot i lies at i * OT_FORWARDER_BYTES. */
extern const char ot_tag_forwarders[];

#endif
