/* SPDX-License-Identifier: BSD-2-Clause */
/** Calling functions of the program with typed values. */
#ifndef OT_CMD_INVOKE_H
#define OT_CMD_INVOKE_H

#include "cmds/cmd.h"
#include "model/value.h"
#include "target/target.h"

#define OT_INVOKE_TIMEOUT_MS 5000u

/** A call made ready. ot_invocation_deinit(). */
struct ot_invocation {
	struct ot_target_call call;
	struct ot_target_arg *args;
	uint8_t **bytes; /* of each argument */
	const struct ot_type *result_type;
	bool result_lost; /* the compiled code returns none any more */
};

/**
 * Turns values into a call, converted to the parameters' types as C would; behind a prototype they are
 * promoted. An array of char without an address is a text, which is copied into the process.
 *
 * @param fn      the function, or NULL when what is called has no table
 * @param type    of the function, or a pointer to such; may be NULL with @p fn
 * @param address without @p fn: of the code
 * The errors name the argument, and both types where they do not agree.
 */
struct ot_err *ot_invoke_make(struct ot_program *program, const struct ot_fn *fn,
			      const struct ot_type *type, uint64_t address,
			      const struct ot_value *args, size_t nr_args,
			      struct ot_invocation *ret);
void ot_invocation_deinit(struct ot_invocation *invocation);

/** Why @p fn cannot be called, or with so many arguments not; NULL when it can. */
struct ot_err *ot_invoke_check(const struct ot_fn *fn, size_t nr_args);

/** The value that a call returned, of @p type, or why there is none. */
struct ot_err *ot_invoke_result(const struct ot_invocation *invocation, const char *name,
				const struct ot_target_done *done, struct ot_value *ret);

/**
 * Makes the call and waits for its end, serving everything else meanwhile. Refused in safe mode.
 *
 * @param thread     0 = the runtime's own thread for calls, else as ot_target_call()
 * @param timeout_ms after this, or by Ctrl-C, an error: the call goes on, its result is thrown away
 */
struct ot_err *ot_invoke_on(struct ot_shell *shell, uint32_t thread, unsigned int timeout_ms,
			    const struct ot_fn *fn, const struct ot_type *type, uint64_t address,
			    const struct ot_value *args, size_t nr_args, struct ot_value *ret);

/** The thread that the parameter call_thread or @p tid names, as ot_target_call() wants it: main while it is held. */
uint32_t ot_invoke_thread(const struct ot_shell *shell, uint32_t tid);

/** The same on the thread that the parameter call_thread names, for 5 seconds. */
struct ot_err *ot_invoke(struct ot_shell *shell, const struct ot_fn *fn, const struct ot_type *type,
			 uint64_t address, const struct ot_value *args, size_t nr_args,
			 struct ot_value *ret);

#endif
