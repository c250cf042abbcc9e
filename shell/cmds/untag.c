/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/vec.h"
#include "cmds/tagging.h"
#include "target/target.h"

typedef OT_VEC(uint32_t) numbers;

static void take_label(const struct ot_tags *tags, const char *label, numbers *ret)
{
	const struct ot_tag *tag;

	for (size_t at = 0; (tag = ot_tags_next(tags, &at));)
		if (!strcmp(tag->label, label))
			ot_vec_push(ret, tag->number);
}

/* "7", as `tag` lists it, or the end of an id: "client:tg-x:261122-14-11-44.7" */
static void take_number(const struct ot_tags *tags, const char *word, numbers *ret)
{
	const char *point = strrchr(word, '.');
	const char *digits = strstr(word, ":tg-") && point ? point + 1 : word;
	const struct ot_tag *tag;

	if (!*digits || strspn(digits, "0123456789") != strlen(digits))
		return;
	tag = ot_tags_by_number(tags, (uint32_t)strtoul(digits, NULL, 10));
	if (tag && !tag->end)
		ot_vec_push(ret, tag->number);
}

static struct ot_err *take_pointer(struct ot_shell *shell, const char *word, numbers *ret)
{
	struct ot_tagging_object object = {0};
	const struct ot_tag *tag;
	struct ot_err *err = ot_tagging_object(shell, word, &object);

	if (err)
		return ot_err_prefix(err, "\"%s\" is no label, and no pointer to what is tagged",
				     word);
	tag = ot_tags_at(shell->tags, object.address);
	if (!tag)
		return ot_err_new(OT_ERR_NOT_FOUND, "%s is not tagged (tag lists what is)", word);
	ot_vec_push(ret, tag->number);
	return NULL;
}

static struct ot_err *find(struct ot_shell *shell, const char *word, numbers *ret)
{
	take_label(shell->tags, word, ret);
	if (!ret->nr)
		take_number(shell->tags, word, ret);
	return ret->nr ? NULL : take_pointer(shell, word, ret);
}

static void forget(struct ot_shell *shell, const numbers *which, struct ot_buf *out)
{
	for (size_t i = 0; i < which->nr; i++) {
		const struct ot_tag *tag = ot_tags_by_number(shell->tags, which->items[i]);

		ot_buf_addf(out, "Untagged %s\n", tag->label);
		ot_tags_end(shell->tags, tag->number, OT_TAG_REMOVED, tag->time_ns);
	}
}

static struct ot_err *remove_tags(struct ot_shell *shell, numbers *which, struct ot_buf *out)
{
	size_t nr = which->nr;

	if (nr % 2)
		ot_vec_push(which, 0);
	OT_TRY(ot_target_ask(shell->target, OTRACE_MSG_UNTAG, which->items,
			     which->nr * sizeof(which->items[0]), NULL));
	which->nr = nr;
	forget(shell, which, out);
	return NULL;
}

static struct ot_err *remove_all(struct ot_shell *shell, const char *word, struct ot_buf *out)
{
	const struct ot_tag *tag;
	size_t nr = 0;

	OT_TRY(ot_target_ask(shell->target, OTRACE_MSG_UNTAG, NULL, 0, NULL));
	for (size_t at = 0; (tag = ot_tags_next(shell->tags, &at)); nr++)
		ot_tags_end(shell->tags, tag->number, OT_TAG_REMOVED, tag->time_ns);
	ot_buf_addf(out, "Untagged %s (%zu object%s)\n", word, nr, nr == 1 ? "" : "s");
	return NULL;
}

static struct ot_err *run_one(struct ot_shell *shell, const char *word, struct ot_buf *out)
{
	numbers which = {0};
	struct ot_err *err;

	if (!strcmp(word, "*") || !strcmp(word, "all"))
		return remove_all(shell, word, out);
	err = find(shell, word, &which);
	if (!err)
		err = remove_tags(shell, &which, out);
	ot_vec_deinit(&which);
	return err;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	if (call->argc < 2)
		return ot_err_new(OT_ERR_USAGE, "untag: which object? (* or all for all of them)");
	OT_TRY(ot_tagging_ask(shell, NULL));
	for (int i = 1; i < call->argc; i++)
		OT_TRY(run_one(shell, call->argv[i], call->out));
	return NULL;
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	const struct ot_tag *tag;

	if (!shell->tags)
		return;
	for (size_t at = 0; (tag = ot_tags_next(shell->tags, &at));)
		completion->offer(completion, tag->label);
	completion->offer(completion, "all");
}

const struct ot_cmd ot_cmd_untag = {
	.name = "untag",
	.usage = "POINTER|LABEL|NUMBER|ID...|*|all",
	.summary = "take tags off objects",
	.help = "LABEL, NUMBER as tag lists them; POINTER leads to the object, or into it. When nothing is tagged\n"
		"any more, free() and realloc() are as they were.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE,
	.gone = "nothing is followed any more; tag lists what was tagged",
	.run = run,
	.complete = complete,
};
