/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What the shell and the program's own calls ask for. Each takes the control lock itself, with all
 * signals blocked, so none may be called from a hook.
 */
#ifndef OT_CORE_CONTROL_H
#define OT_CORE_CONTROL_H

#include <otrace/wire.h>
#include "core/modules.h"

/** Takes the control lock and holds the modules still while work runs. */
void ot_control_run(void (*work)(void *context), void *context);
/** Whether somebody waits for the loader's list right now: a number of this time, 0 = nobody. Any thread. */
uint32_t ot_control_awaits_list(void);
/**
 * For fork: nobody writes stubs or changes what control code knows between the two. The forking thread
 * itself may: handlers of pthread_atfork() may call otrace.h.
 */
void ot_control_hold(void);
void ot_control_unhold(void);
/** In the child, in place of ot_control_unhold(). */
void ot_control_unhold_child(void);

/** One wish of a PROBE message. */
struct ot_probe_wish {
	const struct otrace_probe_set *set;
	const struct otrace_capture *captures;
	const void *rules;
};

/** status has nr entries. */
void ot_control_probe(const struct ot_probe_wish *wishes, uint32_t nr, int32_t *status,
		      struct otrace_switched *ret);
/** nr = 0: all. */
void ot_control_unprobe(const uint64_t *fns, uint32_t nr, struct otrace_switched *ret);

enum ot_owner { OT_OWNER_API, OT_OWNER_SHELL };

/** target 0 = restore. Returns an enum otrace_error. */
int ot_control_redirect(const struct otrace_redirect *redirect, enum ot_owner owner,
			struct otrace_switched *ret);
/** Takes back all redirects of the owner. */
void ot_control_restore_all(enum ot_owner owner, struct otrace_switched *ret);
/**
 * While it is on, every function of the program that has a stub leads to the hooks, recorded or not. Off again,
 * those that nobody else wants do not. What was prepared for that stays, as with any trace.
 */
void ot_control_pass(bool on);
/** In a forked child, before ot_control_unhold_child(): stubs that are on for a call of the parent's only go off. */
void ot_control_child_off(void);
/** The shell is gone: everything that it switched on goes off. */
void ot_control_shell_gone(struct otrace_switched *ret);
/**
 * The same in a forked child, whose parent's shell it was: what hooks and thunks read is reset, the text
 * stays. Without the loader's list.
 */
void ot_control_forget_shell(void);
/** Everything off, for good: an assertion failed. */
void ot_control_disable(void);

void ot_control_status(struct otrace_status *ret);

#endif
