/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Writing stubs while all threads run. Control lock held, inside ot_modules_locked().
 */
#ifndef OT_CORE_SWITCH_H
#define OT_CORE_SWITCH_H

#include <otrace/wire.h>
#include "core/probe.h"

struct ot_change {
	struct otrace_probe *probe;
	int status;		    /* enum otrace_error, written by the switch */
	uint8_t mode;		    /* enum ot_mode */
	bool pending;		    /* internal */
	struct ot_stub_bytes bytes; /* internal */
};

/** Brings each stub into its change's mode. Adds up in *ret; a refused one has its status set. */
void ot_switch(struct ot_change *changes, uint32_t nr, struct otrace_switched *ret);
/** Brings every stub whose mode is not the wanted one there. Returns an enum otrace_error. */
int ot_switch_settle(struct otrace_switched *ret);

/** Since the start; for STATUS. */
struct ot_switch_totals {
	uint64_t nr_switches;
	uint64_t total_ns;
	uint64_t window_max_ns;
	uint64_t nr_pages_dirty;
	bool memfd_text;
};
extern struct ot_switch_totals ot_switch_totals;

/** Asks the kernel for core-serialising barriers; false when it has none. */
bool ot_switch_init(void);

#endif
