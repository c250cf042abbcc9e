/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "cmds/callargs.h"
#include "cmds/functions.h"
#include "params/params.h"
#include "ui/session.h"

struct wish {
	int first; /* word: the function */
	uint32_t thread;
	unsigned int timeout_ms;
};

static struct ot_err *take_thread(const struct ot_shell *shell, const char *text, uint32_t *ret)
{
	char *end;
	unsigned long tid = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || tid > INT32_MAX)
		return ot_err_new(OT_ERR_USAGE, "-t wants the number of a thread, not \"%s\"",
				  text);
	*ret = ot_invoke_thread(shell, (uint32_t)tid);
	return NULL;
}

static struct ot_err *take_seconds(const char *text, unsigned int *ret_ms)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds <= 0 || seconds > 1e6)
		return ot_err_new(OT_ERR_USAGE, "-w wants seconds, up to 1000000, not \"%s\"",
				  text);
	*ret_ms = (unsigned int)(seconds * 1000);
	return NULL;
}

static struct ot_err *take_options(struct ot_shell *shell, struct ot_cmd_call *call,
				   struct wish *wish)
{
	int i = 1;

	for (; i < call->argc && ot_cmd_is_option(call, i); i += 2) {
		const char *option = call->argv[i], *value = call->argv[i + 1];

		if (!strcmp(option, "--")) {
			i++;
			break;
		}
		if (strcmp(option, "-t") != 0 && strcmp(option, "-w") != 0)
			return ot_cmd_no_option(&ot_cmd_call, option);
		if (!value)
			return ot_err_new(OT_ERR_USAGE, "call: %s what?", option);
		if (option[1] == 't')
			OT_TRY(take_thread(shell, value, &wish->thread));
		else
			OT_TRY(take_seconds(value, &wish->timeout_ms));
	}
	if (i >= call->argc)
		return ot_err_new(OT_ERR_USAGE, "call: which function?");
	wish->first = i;
	return NULL;
}

static struct ot_err *call_it(struct ot_shell *shell, const struct wish *wish,
			      const struct ot_fn *fn, const struct ot_invocation *made,
			      struct ot_cmd_call *call)
{
	struct ot_target_done done = {0};
	struct ot_err *err;
	uint32_t number;

	OT_TRY(ot_target_call(shell->target, &made->call, wish->thread, &number));
	err = ot_session_await(shell, number, wish->thread, wish->timeout_ms, &done);
	if (err)
		return ot_err_prefix(err, "%s", fn->name);
	err = ot_callargs_result(shell, fn, &done, call->out, call->json);
	ot_target_done_deinit(&done);
	return err;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct wish wish = {
		.timeout_ms = OT_INVOKE_TIMEOUT_MS,
		.thread = ot_invoke_thread(shell, ot_params_of(shell)->call_thread),
	};
	struct ot_invocation made;
	struct ot_fn *fn;
	struct ot_err *err;

	OT_TRY(take_options(shell, call, &wish));
	OT_TRY(ot_callargs_function(shell, call->argv[wish.first], &fn));
	OT_TRY(ot_callargs_make(shell, fn, call->argv + wish.first + 1,
				(uint32_t)(call->argc - wish.first - 1), &made));
	err = call_it(shell, &wish, fn, &made, call);
	if (!err && !strchr(call->argv[wish.first], '@'))
		ot_functions_say_copies(shell, fn, call);
	ot_invocation_deinit(&made);
	return err;
}

const struct ot_cmd ot_cmd_call = {
	.name = "call",
	.usage = "[-t TID] [-w SECONDS] FUNCTION ARGS...",
	.summary = "call a function of the running program and print what it returns",
	.help = "Arguments are words, read by the parameters' types: numbers, 'c', texts, NULL,\n"
		"enumerators; anything else is an expression, such as &x. A struct is passed by the\n"
		"name of a variable.\n"
		"  -t TID      on that thread of the program: it makes the call itself when it next\n"
		"              enters a function, which holds what locks it holds there. Else, or\n"
		"              with -t 0, the runtime's own thread for calls is taken: it has the\n"
		"              program's files and memory, but not another's thread-locals.\n"
		"              `set call_thread TID` is for all calls\n"
		"  -w SECONDS  how long to wait, 5 otherwise. A call that has not begun is withdrawn\n"
		"              then; one that has is never stopped: until it has returned, others\n"
		"              on that thread are refused\n"
		"The function runs beside the program's threads, so it must be one that they could\n"
		"call at any time; one that crashes takes the program down.",
	.options = "-t -w",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE | OT_CMD_UNSAFE,
	.run = run,
	.complete = ot_functions_complete,
};
