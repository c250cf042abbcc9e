/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "stream/asserts.h"
#include "stream/clock.h"
#include "target/target.h"

/* NULL: it does not end within the record. */
static const char *next_text(const char **at, const char *end)
{
	const char *text = *at;
	const char *nul = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;

	*at = nul ? nul + 1 : end;
	return nul ? text : NULL;
}

bool ot_assert_read(const struct otrace_rec *rec, uint32_t tid, uint64_t time_ns,
		    struct ot_assert *ret)
{
	const struct otrace_rec_assert *from = (const void *)rec;
	const char *at = (const char *)(from + 1), *end = (const char *)rec + rec->nr_words * 8u;
	struct ot_assert got = {.seq = rec->call_seq, .time_ns = time_ns, .tid = tid};

	if (rec->type != OTRACE_REC_ASSERT || at > end || from->text_bytes > (size_t)(end - at))
		return false;
	end = at + from->text_bytes;
	got.parent_seq = from->parent_seq;
	got.line = from->line;
	got.flags = from->flags;
	got.parks = from->action;
	got.label = next_text(&at, end);
	got.file = next_text(&at, end);
	got.function = next_text(&at, end);
	got.condition = next_text(&at, end);
	got.action = next_text(&at, end);
	if (!got.action)
		return false;
	*ret = got;
	return true;
}

void ot_assert_label(const struct ot_assert *assert, struct ot_buf *out)
{
	const char *text = *assert->label ? assert->label : assert->condition;

	for (; *text; text++)
		ot_buf_addc(out, strchr("/: \t\n", *text) ? '_' : *text);
}

void ot_assert_id(const struct ot_assert *assert, struct ot_buf *out)
{
	ot_buf_adds(out, assert->function);
	ot_buf_adds(out, ":as-");
	ot_assert_label(assert, out);
	ot_buf_addc(out, ':');
	ot_buf_adds(out, ot_clock_text(assert->time_ns));
	ot_buf_addc(out, '.');
	ot_buf_add_u64(out, assert->seq);
}

void ot_assert_text(const struct ot_assert *assert, struct ot_buf *out)
{
	ot_assert_id(assert, out);
	ot_buf_addf(out, " %s:%u %s", assert->file, assert->line, assert->condition);
	if (assert->flags & OTRACE_ASSERT_ACTION_UNKNOWN)
		ot_buf_addf(out, " [there is no action \"%s\"]", assert->action);
	ot_buf_addc(out, '\n');
}

static void add_member(const char *name, const char *text, struct ot_buf *out)
{
	ot_buf_addf(out, ",\"%s\":", name);
	ot_buf_add_json(out, text, strlen(text));
}

void ot_assert_json(const struct ot_assert *assert, struct ot_buf *out)
{
	ot_auto_buf struct ot_buf id = OT_BUF_INIT;

	ot_assert_id(assert, &id);
	ot_buf_adds(out, "{\"event\":\"assert\"");
	add_member("id", ot_buf_text(&id), out);
	add_member("function", assert->function, out);
	add_member("file", assert->file, out);
	ot_buf_addf(out, ",\"line\":%u", assert->line);
	add_member("label", assert->label, out);
	add_member("condition", assert->condition, out);
	add_member("action", assert->action, out);
	if (assert->flags & OTRACE_ASSERT_ACTION_UNKNOWN)
		ot_buf_adds(out, ",\"action_known\":false");
	ot_buf_addf(out, ",\"thread\":%u,\"parent\":", assert->tid);
	if (assert->parent_seq)
		ot_buf_addf(out, "\"~%llu\"", (unsigned long long)assert->parent_seq);
	else
		ot_buf_adds(out, "null");
	ot_buf_addf(out, ",\"time_ns\":%llu}\n", (unsigned long long)assert->time_ns);
}

struct ot_err *ot_asserts_want(struct ot_target *target, bool active, unsigned int stack_bytes,
			       uint64_t wait_ms)
{
	struct otrace_asserts wish = {.flags = active ? OTRACE_ASSERTS_ACTIVE : 0,
				      .stack_bytes = stack_bytes,
				      .deadline_ns = wait_ms * 1000000};

	return ot_target_ask(target, OTRACE_MSG_ASSERTS, &wish, sizeof(wish), NULL);
}
