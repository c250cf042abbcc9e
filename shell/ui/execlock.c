/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>

#include "params/params.h"
#include "stream/traces.h"
#include "ui/execlock.h"
#include "ui/ui.h"

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool someone_waits_for_us(const struct ot_shell *shell)
{
	size_t nr;
	struct ot_trace_request *const *requests = ot_traces_requests(shell->traces, &nr);

	for (size_t i = 0; i < nr; i++)
		if (requests[i]->options.wait && requests[i]->is_listed && !requests[i]->over)
			return true;
	return false;
}

bool ot_execlock_begin(struct ot_shell *shell)
{
	if (!shell->params->exec_lock || shell->execlock_ms || !shell->traces ||
	    someone_waits_for_us(shell))
		return false;
	shell->execlock_ms = now_ms() + OT_EXECLOCK_MS;
	return true;
}

void ot_execlock_end(struct ot_shell *shell, bool was_begun)
{
	if (was_begun)
		shell->execlock_ms = 0;
}

bool ot_execlock_holds(struct ot_shell *shell)
{
	if (!shell->execlock_ms)
		return false;
	if (now_ms() < shell->execlock_ms)
		return true;
	shell->execlock_ms = 0;
	ot_ui_note(shell->ui,
		   "exec_lock: the expression takes longer than %d ms; records are "
		   "taken in again",
		   OT_EXECLOCK_MS);
	return false;
}
