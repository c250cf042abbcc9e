// SPDX-License-Identifier: BSD-2-Clause
// What commands say in the same words.
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/names.h"
#include "cmds/cmd.h"
#include "target/target.h"
#include "ui/ui.h"

void ot_cmd_note(struct ot_cmd_call *call, const char *format, ...)
{
	struct ot_buf *out = call->notes ? call->notes : call->out;
	va_list args;

	va_start(args, format);
	ot_buf_addc(out, '(');
	ot_buf_vaddf(out, format, args);
	ot_buf_adds(out, ")\n");
	va_end(args);
}

void ot_cmd_cut(struct ot_cmd_call *call, const char *what)
{
	ot_cmd_note(call, "%s", what);
	if (call->cut)
		ot_buf_addf(call->cut, "%s%s", call->cut->len ? "; " : "", what);
}

/* Whether the JSON says it anyway. */
static bool is_cut(const struct ot_cmd_call *call, const char *note)
{
	ot_auto_free char *bare = ot_strndup(note + 1, strlen(note) - 2);

	return strstr(ot_buf_text(call->cut), bare) != NULL;
}

void ot_cmd_deliver_notes(struct ot_shell *shell, struct ot_cmd_call *call,
			  const struct ot_buf *notes)
{
	ot_auto_free char *copy = ot_strdup(ot_buf_text(notes));
	char *rest = copy, *note;

	if (shell->notes) {
		ot_buf_add(shell->notes, notes->data, notes->len);
		return;
	}
	while ((note = strsep(&rest, "\n"))) {
		if (!*note)
			continue;
		if (!ot_ui_is_json_only(shell->ui))
			ot_ui_note(shell->ui, "%s", note);
		else if (!call->json->len || !is_cut(call, note))
			ot_buf_addf(call->out, "%s\n", note);
	}
}

bool ot_cmd_is_over(const struct ot_shell *shell)
{
	enum ot_target_state state =
		shell->target ? ot_target_state(shell->target) : OT_TARGET_FILE;

	return state == OT_TARGET_ENDED || state == OT_TARGET_DETACHED;
}

bool ot_cmd_is_option(const struct ot_cmd_call *call, int at)
{
	const char *word = call->argv[at];

	return word[0] == '-' && word[1] && (!call->plain_from || at < call->plain_from);
}

struct ot_err *ot_cmd_no_option(const struct ot_cmd *cmd, const char *word)
{
	ot_auto_free char *options = ot_strdup(cmd->options);
	struct ot_err *err = ot_err_new(OT_ERR_USAGE, "%s has no option %s; it has %s", cmd->name,
					word, cmd->options);
	char *rest = options, *option;
	struct ot_nearest nearest;

	/* one letter is as near to each of the others */
	if (strlen(word) < 4)
		return err;
	ot_nearest_init(&nearest, word);
	while ((option = strsep(&rest, " ")))
		if (strlen(option) > 2)
			ot_nearest_offer(&nearest, option);
	ot_nearest_add_to(&nearest, err);
	return err;
}

struct ot_err *ot_cmd_check_interrupt(struct ot_cmd_call *call)
{
	if (!ot_target_is_interrupted())
		return NULL;
	ot_buf_reset(call->out);
	ot_buf_reset(call->json);
	return ot_err_new(OT_ERR_SILENT, "interrupted");
}
