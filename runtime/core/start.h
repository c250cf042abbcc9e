/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * How the runtime comes to life, and how main is held. Until one of these is called nothing exists
 * but zeroed memory.
 */
#ifndef OT_CORE_START_H
#define OT_CORE_START_H

#include <stdbool.h>
#include <otrace/wire.h>

/** What control code needs, without thread and socket. Idempotent. */
void ot_start_core(void);
/** Trace area, socket and oshell thread. Returns an enum otrace_error. */
int ot_start_listen(void);

bool ot_start_is_held(void);
/** Lets a held main go; false when it was not held. */
bool ot_start_go(const struct otrace_go *go);
/** Wakes the held main thread to look for a call. */
void ot_start_poke(void);
/** In the main thread: waits as long as main is to be held. True: do not call main, but return this. */
bool ot_start_hold(int *exit_status_ret);
/** Whether the environment asked for main to be held, and it is not over. */
bool ot_start_wants_hold(void);
/** Takes our variables out of the environment; LD_PRELOAD becomes what it was. */
void ot_start_clean_environment(char **envp);

/** Whether this thread got filters for system calls since we came: it may be killed for those of ours. */
bool ot_start_locked_in(void);

uint64_t ot_start_main_thread_pointer(void);
void ot_start_on_failure(void);
/** In a forked child, after everything else was forgotten. */
void ot_start_child(void);

#endif
