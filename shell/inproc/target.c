/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Through the runtime's own socket, as any process is: the oshell thread answers, whichever thread asks,
 * and one that is asked things is no other than the one that was tested from outside. What is read by it
 * could be had faster here, but a wild pointer would then be ours to survive.
 */
#include <unistd.h>

#include <otrace/otrace.h>

#include "base/err.h"
#include "inproc/target.h"

struct ot_err *ot_target_inproc_open(struct ot_target **ret)
{
	int error = otrace_listen();
	const char *path = otrace_socket();

	if (error || !path)
		return ot_err_new(OT_ERR_SYSTEM, "the runtime does not listen: %s",
				  otrace_strerror(error ? error : -OTRACE_E_NOT_READY));
	return ot_target_live_open(path, false, ret);
}

void ot_target_inproc_spare(struct ot_target *target)
{
	uint64_t tid = (uint64_t)gettid();

	ot_err_destroy(ot_target_ask(target, OTRACE_MSG_SPARE, &tid, sizeof(tid), NULL));
}
