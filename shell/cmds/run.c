/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmds/callargs.h"
#include "cmds/functions.h"
#include "ui/breaks.h"
#include "ui/holding.h"
#include "ui/session.h"

/* Why main cannot be let go, or a function called, now. */
static struct ot_err *check_held(const struct ot_shell *shell)
{
	const struct ot_fn *called = ot_session_running_call(shell);

	if (called)
		return ot_err_new(OT_ERR_UNSUPPORTED, "a call is still running: %s", called->name);
	switch (ot_target_state(shell->target)) {
	case OT_TARGET_HELD:
		return NULL;
	case OT_TARGET_RUNNING:
		return ot_err_new(OT_ERR_UNSUPPORTED, "the program runs already");
	default:
		return ot_err_new(OT_ERR_GONE, "the program has ended; start otrace again");
	}
}

static struct ot_err *let_go(struct ot_shell *shell, struct ot_buf *out)
{
	OT_TRY(ot_target_go(shell->target));
	if (shell->interactive)
		ot_buf_addf(out, "Running %s\n", ot_target_path(shell->target));
	else
		ot_session_wait_end(shell);
	return NULL;
}

static struct ot_err *tell_result(struct ot_shell *shell, const struct ot_fn *fn,
				  struct ot_cmd_call *call)
{
	const struct ot_target_done *done = ot_session_wait_call(shell);

	if (!done && !ot_session_ended(shell)) {
		ot_cmd_note(call, "the call of %s goes on behind a break", fn->name);
		return NULL;
	}
	if (!done)
		return ot_err_new(OT_ERR_GONE, "the program ended in the call of %s", fn->name);
	return ot_callargs_result(shell, fn, done, call->out, call->json);
}

static struct ot_err *call_function(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct ot_invocation made;
	struct ot_fn *fn;
	struct ot_err *err;
	uint32_t number;

	OT_TRY(ot_callargs_function(shell, call->argv[1], &fn));
	OT_TRY(ot_callargs_make(shell, fn, call->argv + 2, (uint32_t)call->argc - 2, &made));
	err = ot_target_call(shell->target, &made.call, OTRACE_CALL_MAIN, &number);
	ot_invocation_deinit(&made);
	if (err)
		return err;
	ot_session_set_call(shell, fn, number, call->rest);
	if (!shell->interactive)
		return tell_result(shell, fn, call);
	ot_buf_addf(call->out, "Running %s\n", fn->name);
	return NULL;
}

/* In a script, behind a break or a hold: until the next one, or the end. */
static bool can_go_on(const struct ot_shell *shell)
{
	const struct ot_parked *parked = ot_breaks_parked(shell);
	const struct ot_holds *holds = ot_holding_holds(shell);
	bool waited = (parked && ot_parked_nr_breaks(parked)) || (holds && ot_holds_nr_ever(holds));

	return !shell->interactive && waited &&
	       (ot_target_state(shell->target) == OT_TARGET_RUNNING ||
		ot_session_running_call(shell));
}

static struct ot_err *go_on(struct ot_shell *shell, struct ot_cmd_call *call)
{
	const struct ot_fn *called = ot_session_running_call(shell);

	if (called)
		return tell_result(shell, called, call);
	ot_session_wait_end(shell);
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	if (!shell->launch && shell->target && ot_target_state(shell->target) == OT_TARGET_FILE)
		return ot_err_new(
			OT_ERR_UNSUPPORTED,
			"run: nothing runs here, this is a program file (use otrace run)");
	if (!shell->launch)
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "run is for programs started here; this one runs already");
	/* Without a runtime the program could not be held: all there is to do is wait for it. */
	if (!shell->target) {
		ot_session_wait_end(shell);
		return NULL;
	}
	if (call->argc == 1 && can_go_on(shell))
		return go_on(shell, call);
	OT_TRY(check_held(shell));
	if (call->argc == 1)
		return let_go(shell, call->out);
	if (!shell->program)
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "no instrumented program: no function to call");
	if (shell->safe)
		return ot_err_new(OT_ERR_SAFE,
				  "no calls in safe mode (start otrace without --safe)");
	return call_function(shell, call);
}

const struct ot_cmd ot_cmd_run = {
	.name = "run",
	.usage = "[FUNCTION ARGS...]",
	.summary = "let main go, or call a function on the main thread instead",
	.help = "In a script or -e, run waits until the program has ended or a thread waits at a break; said again\n"
		"then, it waits for the next one. What is to be done while it runs comes behind\n"
		"`otrace run --go`, or by `otrace attach`. At the prompt it returns at once.\n"
		"Arguments are read by the function's parameter types: numbers, 'c', texts, NULL,\n"
		"enumerators; anything else is an expression, such as &x. f(int, char **) gets the\n"
		"program's own argc and argv. Calls follow one another as long as main is held;\n"
		"`otrace run -f FUNCTION PROG ARGS` makes one and ends with its result: that of an\n"
		"integer modulo 256, else 0.",
	.run = run,
	.complete = ot_functions_complete,
};
