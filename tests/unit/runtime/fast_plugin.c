/* SPDX-License-Identifier: BSD-2-Clause */
/* A module that blocks signals of faults, when it is loaded and when it is asked. */
#include <signal.h>
#include <stddef.h>

void plugin_block(void);

__attribute__((constructor)) void plugin_block(void)
{
	sigset_t faults;

	sigemptyset(&faults);
	sigaddset(&faults, SIGSEGV);
	sigaddset(&faults, SIGBUS);
	sigprocmask(SIG_BLOCK, &faults, NULL);
}
