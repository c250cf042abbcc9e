/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>

#include "core/area.h"
#include "core/control.h"
#include "core/fork.h"
#include "core/server.h"
#include "core/start.h"
#include "core/thread.h"
#include "core/thunk.h"

static void in_child(void)
{
	/* the states were wiped and the area is not mapped here; the descriptors are in the table of
	 * the oshell thread, which stayed behind: only the names are left */
	ot_tls.thread = NULL;
	ot_server_forget();
	ot_area_fd = -1;
	ot_area_pid = 0;
	ot_area = NULL;
	ot_thunks_after_fork();
	ot_control_unhold_child();
	ot_start_child();
}

void ot_fork_init(void)
{
	pthread_atfork(ot_control_hold, ot_control_unhold, in_child);
}
