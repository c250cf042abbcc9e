/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the shared library, preloaded or linked in: its __libc_start_main comes before libc's in symbol
 * lookup, and passes a main of its own on. That one runs after all constructors.
 */
#include <dlfcn.h>

#include "base/log.h"
#include "core/start.h"

typedef int main_function(int argc, char **argv, char **envp);
typedef int start_function(main_function *main, int argc, char **argv, void (*init)(void),
			   void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

start_function __libc_start_main;

static main_function *program_main;

static int held_main(int argc, char **argv, char **envp)
{
	int status;

	/* once more: a constructor may have made a new environment from the old one */
	ot_start_clean_environment(envp);
	if (ot_start_hold(&status))
		return status;
	return program_main(argc, argv, envp);
}

__attribute__((visibility("default"))) int
__libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
		  void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	start_function *next = (start_function *)dlsym(RTLD_NEXT, "__libc_start_main");

	if (!next) {
		ot_log("no __libc_start_main behind ours", NULL);
		__builtin_trap();
	}
	program_main = main;
	return next(ot_start_wants_hold() ? held_main : main, argc, argv, init, fini, rtld_fini,
		    stack_end);
}
