/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The instrumented modules (executable and shared objects) of the process. Everything here is called
 * by control code only, inside ot_modules_locked(): the loader's list stands still there, so a module
 * cannot vanish while its stubs are written.
 */
#ifndef OT_CORE_MODULES_H
#define OT_CORE_MODULES_H

#include <stdbool.h>
#include <otrace/abi.h>
#include "core/tables.h"

#define OT_SEGMENTS_MAX 16

struct ot_segment {
	uint64_t low;
	uint64_t high;
	uint64_t file_high; /* end of what comes from the file */
	uint32_t flags;	    /* PF_* */
	uint8_t *dirty;	    /* bit per page: this process owns a copy because of us */
};

struct ot_hooks_ref {
	struct ot_hooks_ref *next;
	struct otrace_hooks *hooks;
};

struct ot_module {
	struct ot_module *next;
	uint64_t id;
	uint64_t bias;
	uint64_t low;
	uint64_t high;
	struct ot_table fns;
	struct ot_table vars;
	uint32_t nr_stubs;
	uint32_t abi_version;
	bool loaded;
	bool seen;   /* in the refresh that is running */
	bool hooked; /* __otrace_hooks is ours */
	uint64_t fingerprint;
	struct ot_hooks_ref *hooks;
	struct ot_segment segments[OT_SEGMENTS_MAX];
	unsigned nr_segments;
	const char *path; /* "" = the executable */
};

/** Runs work while the loader's list stands still. Control lock held by the caller. */
void ot_modules_locked(void (*work)(void *context), void *context);
/** In there: brings our list up to date. */
void ot_modules_refresh(void);

/** First of the list; loaded and unloaded ones. */
struct ot_module *ot_modules_first(void);
/** Goes up with every change of the list. */
uint64_t ot_modules_generation(void);

/** Reads the function of the entry at address, and finds its module; NULL when there is no such entry. */
struct ot_module *ot_module_fn(uint64_t address, struct ot_fn *ret);
/** First function of a module (previous = 0), or the one behind the entry previous; 0 = end. */
uint64_t ot_module_next_fn(struct ot_module *module, uint64_t previous, struct ot_fn *ret);
/** The functions of a module of which no copy is left. */
void ot_module_each_gone(struct ot_module *module,
			 void (*work)(const struct ot_fn *fn, void *context), void *context);

/** Whether a thread-local's entry refers to the accessor at address. */
bool ot_module_has_accessor(struct ot_module *module, uint64_t address);

/** The segment that holds the bytes and has all of the flags, or NULL. */
struct ot_segment *ot_module_segment(struct ot_module *module, uint64_t address, uint64_t bytes,
				     uint32_t flags);
/** A string of the module's tables; "" for what is none or not inside. */
const char *ot_module_string(struct ot_module *module, const struct otrace_ref *ref);
/**
 * Points the module's hooks at ours; done before the first of its stubs is switched on. False when
 * another copy of the runtime has the module: the first one wins.
 */
bool ot_module_hook(struct ot_module *module);
/** True when address is read-only data of the executable: there as long as the process. */
bool ot_modules_constant(uint64_t address, uint64_t bytes);

#endif
