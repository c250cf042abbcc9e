/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>

#include "core/area.h"
#include "core/call.h"
#include "core/control.h"
#include "core/crash.h"
#include "core/faults.h"
#include "core/fork.h"
#include "core/hold.h"
#include "core/server.h"
#include "core/park.h"
#include "core/reads.h"
#include "core/settrace.h"
#include "core/start.h"
#include "core/tags.h"
#include "core/thread.h"
#include "core/thunk.h"

static void before(void)
{
	ot_control_hold();
	ot_threads_before_fork();
}

static void in_parent(void)
{
	ot_threads_after_fork();
	ot_control_unhold();
}

static void in_child(void)
{
	/* the states were wiped and the area is not mapped here; the descriptors are in the table of
	 * the oshell thread, which stayed behind: only the names are left */
	ot_tls.thread = NULL;
	ot_tls.tid = 0;
	ot_server_forget();
	ot_call_forget();
	ot_park_forget();
	ot_hold_forget();
	ot_crash_forget();
	ot_reads_in_child();
	ot_faults_in_child();
	ot_set_trace_forget();
	ot_tags_in_child();
	ot_area_in_child(ot_threads_after_fork());
	ot_thunks_after_fork();
	ot_control_child_off();
	ot_control_unhold_child();
	ot_start_child();
}

void ot_fork_init(void)
{
	pthread_atfork(before, in_parent, in_child);
}
