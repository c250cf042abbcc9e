/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the static library: __libc_start_main cannot be interposed there. Entries of .init_array run in
 * link order, and libraries are linked behind the program's own files, so this one runs as the last
 * constructor, or nearly so, and holds the program in it.
 */
#include <stdlib.h>

#include "core/start.h"

static void hold_at_end(int argc, char **argv, char **envp)
{
	int status;

	(void)argc;
	(void)argv;
	if (!ot_start_wants_hold())
		return;
	ot_start_clean_environment(envp);
	if (ot_start_hold(&status))
		exit(status);
}

__attribute__((section(".init_array"),
	       used)) static void (*const hold_entry)(int, char **, char **) = hold_at_end;
