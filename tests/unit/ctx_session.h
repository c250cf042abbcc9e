/* SPDX-License-Identifier: BSD-2-Clause */
/** Contexts of calls of the made program (fake_program.h), from records made by hand. */
#ifndef OT_CTX_SESSION_H
#define OT_CTX_SESSION_H

#include "contexts/contexts.h"
#include "expr/expr.h"
#include "fake_program.h"
#include "vfs/vfs.h"

#define TID 77u
#define SECOND_NS 1000000000ull
#define NODE_AT 0x700000001000ull
#define NEXT_AT 0x700000002000ull
#define TEXT_AT 0x700000003000ull
#define GONE_AT 0x700000004000ull

struct ctx_session {
	struct fake *fake;
	struct ot_program *program;
	struct ot_vfs *vfs;
	struct ot_contexts *contexts;
	struct ot_capture_plan *plan; /* of visit(struct node *n) */
	struct ot_trace trace;
};

static inline int ctx_setup(void **state)
{
	struct ctx_session *s = ot_alloc(sizeof(*s));

	s->fake = fake_create();
	assert_null(ot_program_create(&s->fake->target, &s->program));
	s->vfs = ot_vfs_create(s->program);
	s->contexts = ot_contexts_create(&s->fake->target);
	ot_vfs_set_contexts(s->vfs, s->contexts);
	s->trace.fn = ot_program_fn(s->program, "visit");
	assert_null(ot_capture_plan_create(s->trace.fn, OT_CAPTURE_STRINGS, &s->plan));
	s->trace.plan = s->plan;
	*state = s;
	return 0;
}

static inline int ctx_teardown(void **state)
{
	struct ctx_session *s = *state;

	ot_vfs_destroy(s->vfs);
	ot_contexts_destroy(s->contexts);
	ot_capture_plan_destroy(s->plan);
	ot_program_destroy(s->program);
	ot_target_close(&s->fake->target);
	free(s);
	return 0;
}

/* ------------------------------------------------------------------ records */

static inline void ctx_event(struct ctx_session *s, enum ot_call_event_kind kind, uint64_t seq,
			     bool is_late)
{
	uint64_t pointer = NODE_AT;
	struct ot_call_event event = {.kind = kind,
				      .tid = TID,
				      .seq = seq,
				      .depth = 1,
				      .matched = 1,
				      .begin_known = true,
				      .is_late = is_late,
				      .time_ns = SECOND_NS + seq * 1000,
				      .call_time_ns = SECOND_NS,
				      .begin_ns = SECOND_NS,
				      .captures = &pointer,
				      .nr_bytes = kind == OT_CALL_ENTER ? 8 : 0};

	ot_contexts_call(s->contexts, &s->trace, &event);
}

static inline void ctx_copy(struct ctx_session *s, uint64_t seq, uint64_t address, const void *data,
			    uint32_t bytes, uint32_t flags)
{
	ot_auto_free struct otrace_rec_copy *rec = ot_alloc(sizeof(*rec) + bytes + 8);

	rec->rec.type = OTRACE_REC_COPY;
	rec->rec.nr_words = (uint16_t)((sizeof(*rec) + bytes + 7) / 8);
	rec->rec.call_seq = seq;
	rec->address = address;
	rec->bytes = bytes;
	rec->flags = flags;
	memcpy(rec + 1, data, bytes);
	ot_contexts_part(s->contexts, TID, &rec->rec);
}

static inline void ctx_node(struct ctx_session *s, uint64_t seq, uint64_t address, int32_t id,
			    uint64_t next, uint32_t flags)
{
	struct fake_node node = {.id = id, .name = "copied", .next = next, .text = TEXT_AT};

	ctx_copy(s, seq, address, &node, sizeof(node), flags);
}

static inline void ctx_place(struct ctx_session *s, uint64_t seq, uint32_t flags, int32_t error)
{
	struct otrace_rec_place rec = {
		.rec = {.type = OTRACE_REC_PLACE, .nr_words = sizeof(rec) / 8, .call_seq = seq},
		.flags = flags,
		.cpu = 3,
		.error = error,
		.matched = 1};

	ot_contexts_part(s->contexts, TID, &rec.rec);
}

/* A whole call whose node had the number at its begin and one more at its end. */
static inline void ctx_call(struct ctx_session *s, uint64_t seq, int32_t id)
{
	ctx_event(s, OT_CALL_ENTER, seq, false);
	ctx_node(s, seq, NODE_AT, id, NEXT_AT, 0);
	ctx_node(s, seq, NEXT_AT, id * 10, GONE_AT, 0);
	ctx_copy(s, seq, TEXT_AT, "hello", 6, OTRACE_COPY_IS_TEXT);
	ctx_place(s, seq, 0, 0);
	ctx_event(s, OT_CALL_RETURN, seq, false);
	ctx_node(s, seq, NODE_AT, id + 1, NEXT_AT, OTRACE_COPY_AT_END);
	ctx_place(s, seq, OTRACE_COPY_AT_END, 2);
}

/* ------------------------------------------------------------------ looking */

static inline char *ctx_eval(struct ctx_session *s, const char *text)
{
	struct ot_format format = {.program = s->program, .target = ot_vfs_target(s->vfs)};
	ot_auto_value struct ot_value value = {0};
	struct ot_buf out = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = NULL;
	struct ot_expr_scope scope;
	struct ot_node hold = {0};

	err = ot_vfs_scope(s->vfs, &scope, &hold);
	scope.may_store = true;
	if (!err)
		err = ot_expr_value(&scope, text, &value);
	if (err)
		ot_buf_adds(&out, err->what);
	else
		ot_value_format(&format, &value, &out);
	ot_node_deinit(&hold);
	return ot_buf_take(&out);
}

/* Names in a directory with what ls -l says last, or the error. */
static inline char *ctx_list(struct ctx_session *s, const char *path, bool details)
{
	struct ot_node_list list = {0};
	struct ot_node node = {0};
	struct ot_buf out = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = ot_vfs_find(s->vfs, path, &node, NULL);

	if (!err)
		err = ot_vfs_list(s->vfs, &node, &list);
	if (err)
		ot_buf_adds(&out, err->what);
	for (size_t i = 0; i < list.nr; i++) {
		ot_buf_addf(&out, "%s%s", i ? " " : "", list.items[i].name);
		if (!details)
			continue;
		ot_buf_addc(&out, ' ');
		ot_node_describe(s->vfs, &list.items[i], &out);
	}
	ot_node_list_deinit(&list);
	ot_node_deinit(&node);
	return ot_buf_take(&out);
}

#define assert_ctx(s, text, wanted)                                             \
	do {                                                                    \
		ot_auto_free char *ctx_got = ctx_eval(s, text);                 \
		if (strcmp(ctx_got, wanted) != 0)                               \
			fail_msg("%s gives %s, not %s", text, ctx_got, wanted); \
	} while (0)

#define assert_in(s, path, wanted)                                                    \
	do {                                                                          \
		ot_auto_free char *ctx_got = ctx_list(s, path, false);                \
		if (strcmp(ctx_got, wanted) != 0)                                     \
			fail_msg("%s has \"%s\", not \"%s\"", path, ctx_got, wanted); \
	} while (0)

#define assert_cd(s, path, wanted)                                 \
	do {                                                       \
		assert_null(ot_vfs_cd((s)->vfs, path));            \
		assert_string_equal(ot_vfs_cwd((s)->vfs), wanted); \
	} while (0)

#define assert_no_cd(s, path, part)                                             \
	do {                                                                    \
		ot_auto_err struct ot_err *ctx_err = ot_vfs_cd((s)->vfs, path); \
		assert_non_null(ctx_err);                                       \
		if (!strstr(ctx_err->what, part))                               \
			fail_msg("%s: \"%s\"", path, ctx_err->what);            \
	} while (0)

#endif
