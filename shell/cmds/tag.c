/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmds/paths.h"
#include "cmds/tagging.h"
#include "params/params.h"
#include "stream/event.h"
#include "target/target.h"

struct wish {
	const char *pointer;
	const char *label; /* NULL = the address */
	uint64_t bytes;	   /* 0 = those of the type */
};

/* ------------------------------------------------------------------ what is tagged */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void add_line(const struct ot_tag *tag, struct ot_buf *out)
{
	uint64_t now = now_ns();

	ot_buf_addf(out, "%-4u %-16s 0x%" PRIx64 "  %" PRIu64 " byte%s", tag->number, tag->label,
		    tag->address, tag->bytes, tag->bytes == 1 ? "" : "s");
	if (tag->type)
		ot_buf_addf(out, "  %s", ot_type_text(tag->type));
	ot_buf_addf(out, "  by %s, ", tag->by ? tag->by : "a trace");
	ot_event_duration(now > tag->time_ns ? now - tag->time_ns : 0, out);
	ot_buf_adds(out, " ago\n");
}

/* What nobody will notice. */
static void note_unseen(const struct otrace_tags *tags, const struct ot_params *params,
			struct ot_cmd_call *call)
{
	if (params->tag_free && (tags->flags & OTRACE_TAGS_NO_FREE))
		ot_cmd_note(call,
			    "the program itself calls free() through no jump slot, as one that "
			    "brings its own allocator: what it frees is not seen, use untag");
	if (tags->nr_left_out)
		ot_cmd_note(
			call,
			"%u of the places that call free() or realloc() are not watched: too many",
			tags->nr_left_out);
	if (tags->lost)
		ot_cmd_note(call, "%" PRIu64 " objects found no room among the tags (%u at most)",
			    tags->lost, tags->most);
}

static struct ot_err *list(struct ot_shell *shell, struct ot_cmd_call *call)
{
	bool is_over = ot_cmd_is_over(shell);
	struct otrace_tags tags = {0};
	const struct ot_tag *tag;

	if (!is_over)
		OT_TRY(ot_tagging_ask(shell, &tags));
	ot_buf_addc(call->json, '[');
	for (size_t at = 0; (tag = ot_tags_next(shell->tags, &at));) {
		add_line(tag, call->out);
		if (call->json->len > 1)
			ot_buf_addc(call->json, ',');
		ot_tag_json(tag, call->json);
	}
	ot_buf_addc(call->json, ']');
	if (call->json->len <= 2)
		ot_buf_addf(call->out, "nothing %s tagged\n", is_over ? "was" : "is");
	else if (is_over)
		ot_cmd_note(call, "nothing is followed any more; this was tagged at the end");
	else
		note_unseen(&tags, ot_params_of(shell), call);
	return NULL;
}

/* ------------------------------------------------------------------ tagging */

static struct ot_err *take_bytes(const char *word, uint64_t *ret)
{
	char *end;
	unsigned long long bytes;

	errno = 0;
	bytes = word ? strtoull(word, &end, 0) : 0;
	if (!word || *end || !bytes || errno || *word == '-')
		return ot_err_new(OT_ERR_USAGE, "-b wants the number of bytes that the object has");
	*ret = bytes;
	return NULL;
}

static struct ot_err *take_words(const struct ot_cmd_call *call, struct wish *ret)
{
	for (int i = 1; i < call->argc; i++) {
		const char *word = call->argv[i];

		bool is_option = ot_cmd_is_option(call, i);

		if (is_option && !strcmp(word, "-b"))
			OT_TRY(take_bytes(call->argv[++i], &ret->bytes));
		else if (is_option)
			return ot_cmd_no_option(&ot_cmd_tag, word);
		else if (!ret->pointer)
			ret->pointer = word;
		else if (!ret->label)
			ret->label = word;
		else
			return ot_err_new(
				OT_ERR_USAGE,
				"tag: what is \"%s\"? (tag POINTER LABEL, each with quotes if "
				"it has blanks)",
				word);
	}
	return NULL;
}

static struct ot_err *size_object(const struct wish *wish, struct ot_tagging_object *object)
{
	if (wish->bytes)
		object->bytes = wish->bytes;
	if (object->bytes)
		return NULL;
	return ot_err_new(OT_ERR_TYPE,
			  "how large is what %s points to? (tag -b BYTES %s, or cast the pointer)",
			  wish->pointer, wish->pointer);
}

static struct ot_err *ask_to_tag(struct ot_shell *shell, const struct ot_tagging_object *object,
				 struct otrace_tag_done *ret)
{
	struct otrace_tag_set set = {.address = object->address, .bytes = object->bytes};
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;

	OT_TRY(ot_tagging_watch(shell, ot_params_of(shell)));
	OT_TRY(ot_target_ask(shell->target, OTRACE_MSG_TAG, &set, sizeof(set), &reply));
	if (reply.len < sizeof(*ret))
		return ot_err_new(OT_ERR_DAMAGED, "the runtime's answer is too short");
	memcpy(ret, reply.data, sizeof(*ret));
	return NULL;
}

static void say_tagged(const struct ot_tag *tag, struct ot_buf *out)
{
	ot_buf_adds(out, "Tagged ");
	if (tag->type)
		ot_buf_addf(out, "(%s *) ", ot_type_text(tag->type));
	ot_buf_addf(out, "0x%" PRIx64 ", %" PRIu64 " byte%s, as %s\n", tag->address, tag->bytes,
		    tag->bytes == 1 ? "" : "s", tag->label);
}

static struct ot_err *tag_one(struct ot_shell *shell, const struct wish *wish,
			      struct ot_cmd_call *call)
{
	struct ot_tagging_object object = {0};
	struct ot_tag tag = {.counter = OTRACE_TAG_BY_SHELL, .time_ns = now_ns()};
	struct otrace_tag_done done;
	const struct ot_tag *added;
	struct otrace_tags tags;

	OT_TRY(ot_tagging_object(shell, wish->pointer, &object));
	OT_TRY(size_object(wish, &object));
	OT_TRY(ask_to_tag(shell, &object, &done));
	tag.number = done.number;
	tag.address = object.address;
	tag.bytes = object.bytes;
	tag.type = object.type;
	tag.label = wish->label ? ot_strdup(wish->label) : NULL;
	tag.by = ot_strdup("you");
	added = ot_tags_add(shell->tags, &tag, done.replaced);
	say_tagged(added, call->out);
	ot_tag_json(added, call->json);
	OT_TRY(ot_tagging_ask(shell, &tags));
	note_unseen(&tags, ot_params_of(shell), call);
	return NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct wish wish = {0};

	OT_TRY(take_words(call, &wish));
	if (!wish.pointer && wish.bytes)
		return ot_err_new(OT_ERR_USAGE, "tag: which object? (. is that of the directory)");
	return wish.pointer ? tag_one(shell, &wish, call) : list(shell, call);
}

const struct ot_cmd ot_cmd_tag = {
	.name = "tag",
	.usage = "[-b BYTES] [POINTER|. [LABEL]]",
	.summary = "mark an object, to follow it from call to call; alone: what is tagged",
	.help = "POINTER is an expression: what it points to is tagged, a struct or an array as it is; . is\n"
		"self, or the object of the directory. Then `trace -c tagged F` shows the calls of F that get\n"
		"a pointer to it, or into it; `set trace_related on` those of all traced functions.\n"
		"  -b BYTES  how large it is, where its type does not say, or says less\n"
		"The tag goes with the object: it ends when the program frees it, and moves with realloc(), as\n"
		"far as that is seen: calls of free() and realloc() through the slots of modules are, also those\n"
		"inside libc; calls of a program that has a free() of its own, of one that is linked\n"
		"statically, and through a pointer that was set before, are not. What is tagged inside of a\n"
		"block ends and moves with it where the module that has free() has malloc_usable_size(), as\n"
		"libc; else only with a block whose first byte is tagged. `set tag_free false` and\n"
		"`set tag_realloc false` leave tags where they are.",
	.options = "-b",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE | OT_CMD_LISTS,
	.gone = "tag alone lists what was tagged",
	.run = run,
	.complete = ot_paths_complete_expression,
};
