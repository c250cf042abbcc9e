/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmds/cmd.h"
#include "params/params.h"
#include "base/buf.h"

#define NAME_WIDTH 16

static void show_one(const struct ot_params *params, const struct ot_setting *param,
		     struct ot_cmd_call *call)
{
	ot_auto_buf struct ot_buf value = OT_BUF_INIT;

	ot_setting_format(params, param, &value);
	ot_buf_addf(call->out, "%s = %s\n", param->name, ot_buf_text(&value));
	ot_buf_add_json(call->json, ot_buf_text(&value), value.len);
}

static void show_all(const struct ot_params *params, struct ot_cmd_call *call)
{
	ot_buf_addc(call->json, '{');
	for (const struct ot_setting *param = ot_params_table; param->name; param++) {
		ot_auto_buf struct ot_buf value = OT_BUF_INIT;

		ot_setting_format(params, param, &value);
		ot_buf_addf(call->out, "%-*s = %s\n", NAME_WIDTH, param->name, ot_buf_text(&value));
		ot_buf_adds(call->json, param == ot_params_table ? "" : ",");
		ot_buf_add_json(call->json, param->name, strlen(param->name));
		ot_buf_addc(call->json, ':');
		ot_buf_add_json(call->json, ot_buf_text(&value), value.len);
	}
	ot_buf_addc(call->json, '}');
}

/* The value as one text: `set pager less -R` and `set pager "less -R"` are the same. */
static char *value_of(const struct ot_cmd_call *call)
{
	struct ot_buf value = OT_BUF_INIT;
	int first = 2;

	if (call->argc > 3 && !strcmp(call->argv[2], "="))
		first = 3;
	for (int i = first; i < call->argc; i++)
		ot_buf_addf(&value, "%s%s", i > first ? " " : "", call->argv[i]);
	return value.data ? ot_buf_take(&value) : ot_strdup("");
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	const struct ot_setting *param;
	ot_auto_free char *value = NULL;

	if (call->argc == 1) {
		show_all(ot_params_of(shell), call);
		return NULL;
	}
	OT_TRY(ot_setting_find(call->argv[1], &param));
	if (call->argc == 2) {
		show_one(ot_params_of(shell), param, call);
		return NULL;
	}
	value = value_of(call);
	OT_TRY(ot_setting_set(shell->params, param, value, shell));
	show_one(shell->params, param, call);
	return param->remark ? param->remark(shell, call->out) : NULL;
}

static void offer(void *priv, const char *word)
{
	struct ot_cmd_completion *completion = priv;

	completion->offer(completion, word);
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	const struct ot_setting *param;
	struct ot_err *err;

	(void)shell;
	if (completion->argc == 1)
		for (param = ot_params_table; param->name; param++)
			offer(completion, param->name);
	if (completion->argc != 2)
		return;
	err = ot_setting_find(completion->argv[1], &param);
	if (err)
		ot_err_destroy(err);
	else
		ot_setting_words(param, offer, completion);
}

const struct ot_cmd ot_cmd_set = {
	.name = "set",
	.usage = "[PARAMETER [VALUE]]",
	.summary = "show parameters, or set one",
	.help = "Without VALUE it is shown, with \"\" it is what it was at first (texts: empty).",
	.run = run,
	.complete = complete,
};
