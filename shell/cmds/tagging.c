// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>
#include <time.h>

#include "cmds/evaluate.h"
#include "cmds/tagging.h"
#include "params/params.h"
#include "stream/stream.h"
#include "target/target.h"

#define LOOK_MS 20

/* ------------------------------------------------------------------ objects */

static struct ot_err *behind_pointer(const char *text, const struct ot_value *value,
				     struct ot_tagging_object *ret)
{
	const struct ot_type *type = ot_type_strip(value->type)->target;
	uint64_t address;

	if (!ot_value_to_u64(value, &address))
		return ot_err_new(OT_ERR_OPTIMIZED, "the value of %s is not known", text);
	if (!address)
		return ot_err_new(OT_ERR_USAGE, "%s is NULL", text);
	if (ot_type_is_function(type))
		return ot_err_new(OT_ERR_TYPE, "%s points to a function: objects are tagged", text);
	ret->address = address;
	ret->bytes = ot_type_is_void(type) ? 0 : ot_type_size(type);
	ret->type = ot_type_is_void(type) ? NULL : type;
	return NULL;
}

static struct ot_err *object_of(const char *text, const struct ot_value *value,
				struct ot_tagging_object *ret)
{
	bool whole = ot_type_is_record(value->type) || ot_type_is_array(value->type);

	if (value->state == OT_VALUE_OPTIMIZED_OUT)
		return ot_err_new(OT_ERR_OPTIMIZED, "%s was optimised out", text);
	if (value->state == OT_VALUE_UNREADABLE)
		return ot_err_new(OT_ERR_FAULT, "%s cannot be read", text);
	if (ot_type_is_pointer(value->type))
		return behind_pointer(text, value, ret);
	if (whole && value->address) {
		ret->address = value->address;
		ret->bytes = ot_type_size(value->type);
		ret->type = value->type;
		return NULL;
	}
	if (value->is_lvalue)
		return ot_err_new(OT_ERR_TYPE, "%s is no pointer (&%s tags the variable itself)",
				  text, text);
	return ot_err_new(OT_ERR_TYPE, "%s is no pointer, nor an object in memory", text);
}

static bool means_here(const char *text)
{
	return !*text || !strcmp(text, ".");
}

/* self where there is one: in a recorded call, or a field of that name. */
static struct ot_err *evaluate(struct ot_shell *shell, const char *text, struct ot_value *ret)
{
	struct ot_err *err;

	if (!means_here(text))
		return ot_evaluate(shell, text, ret, NULL);
	err = ot_evaluate(shell, "self", ret, NULL);
	if (!err)
		return NULL;
	ot_err_destroy(err);
	return ot_evaluate(shell, "$", ret, NULL);
}

struct ot_err *ot_tagging_object(struct ot_shell *shell, const char *text,
				 struct ot_tagging_object *ret)
{
	ot_auto_value struct ot_value value = {0};

	OT_TRY(evaluate(shell, text, &value));
	return object_of(means_here(text) ? "the object of the directory" : text, &value, ret);
}

/* ------------------------------------------------------------------ the process */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What is on its way first, so that what has ended is known with its reason. */
struct ot_err *ot_tagging_ask(struct ot_shell *shell, struct otrace_tags *ret)
{
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;
	struct otrace_tags head;

	if (shell->stream)
		ot_stream_look(shell->stream, LOOK_MS);
	OT_TRY(ot_target_ask(shell->target, OTRACE_MSG_TAGS, NULL, 0, &reply));
	if (reply.len < sizeof(head))
		return ot_err_new(OT_ERR_DAMAGED, "the runtime's answer is too short");
	memcpy(&head, reply.data, sizeof(head));
	ot_tags_sync(shell->tags, (const void *)(reply.data + sizeof(head)),
		     (reply.len - sizeof(head)) / sizeof(struct otrace_tag_info), now_ns());
	if (ret)
		*ret = head;
	return NULL;
}

static bool is_live(const struct ot_shell *shell)
{
	enum ot_target_state state =
		shell->target ? ot_target_state(shell->target) : OT_TARGET_FILE;

	return shell->program && (state == OT_TARGET_HELD || state == OT_TARGET_RUNNING);
}

struct ot_err *ot_tagging_watch(struct ot_shell *shell, const struct ot_params *params)
{
	struct otrace_tag_watch watch = {
		.flags = (params->tag_free ? OTRACE_TAG_WATCH_FREE : 0) |
			 (params->tag_realloc ? OTRACE_TAG_WATCH_REALLOC : 0)};

	if (!is_live(shell) || shell->tags_watched == watch.flags + 1)
		return NULL;
	OT_TRY(ot_target_ask(shell->target, OTRACE_MSG_TAGS, &watch, sizeof(watch), NULL));
	shell->tags_watched = watch.flags + 1;
	return NULL;
}
