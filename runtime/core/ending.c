/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/lock.h"
#include "base/sys.h"
#include "core/ending.h"
#include "core/server.h"

#define NAP_NS 50000000
#define PATIENCE_NAPS 60

enum ending { ENDING_NO = 0, ENDING_DUE = 1, ENDING_TOLD = 2, ENDING_OVER = 3 };

static uint32_t state; /* enum ending; a futex */

void ot_ending_wait(void)
{
	uint32_t now = ENDING_NO;

	if (!ot_server_client_wants_ending() ||
	    !__atomic_compare_exchange_n(&state, &now, ENDING_DUE, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return;
	for (int naps = 0; naps < PATIENCE_NAPS; naps++) {
		now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
		if (now == ENDING_OVER || !ot_server_has_client())
			return;
		ot_futex_wait(&state, now, NAP_NS);
	}
}

bool ot_ending_take_due(void)
{
	uint32_t due = ENDING_DUE;

	return __atomic_compare_exchange_n(&state, &due, ENDING_TOLD, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

void ot_ending_over(void)
{
	__atomic_store_n(&state, ENDING_OVER, __ATOMIC_RELEASE);
	ot_futex_wake(&state);
}
