// SPDX-License-Identifier: BSD-2-Clause
// /osh/locals: the variables of the function that waits in otrace_set_trace().
#include <string.h>

#include "vfs/tree.h"

#define NOBODY "variables of the function that called otrace_set_trace(): none waits in it"

/* What otrace_set_trace() put aside of its caller; false: nobody waits in it. */
static bool find_frame(struct ot_vfs *vfs, struct ot_frame *ret, uint32_t *tid)
{
	/* trace_registers of wire.h, as DWARF numbers them */
	static const uint8_t numbers[OTRACE_TRACE_REGISTERS] = {3, 6, 12, 13, 14, 15, 7};
	struct ot_target *target = ot_program_target(vfs->program);
	struct otrace_status status;
	struct ot_err *err;

	if (ot_target_state(target) != OT_TARGET_RUNNING &&
	    ot_target_state(target) != OT_TARGET_HELD)
		return false;
	err = ot_target_status(target, &status);
	ot_err_destroy(err);
	if (err || !status.trace_caller)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->pc = status.trace_caller;
	for (size_t i = 0; i < OT_NR(numbers); i++) {
		ret->registers[numbers[i]] = status.trace_registers[i];
		ret->known |= 1u << numbers[i];
	}
	*tid = (uint32_t)status.trace_tid;
	return true;
}

static bool is_same_frame(const struct ot_frame *a, const struct ot_frame *b)
{
	return a->pc == b->pc && a->known == b->known &&
	       !memcmp(a->registers, b->registers, sizeof(a->registers));
}

/* Reads the debug information when somebody else waits than the last time, or memory may say otherwise. */
static struct ot_err *look(struct ot_vfs *vfs, bool *anybody)
{
	struct ot_frame frame;

	*anybody = find_frame(vfs, &frame, &vfs->locals_tid);
	if (!*anybody)
		return NULL;
	if (vfs->locals_frame.pc && !vfs->locals.reads_memory &&
	    is_same_frame(&frame, &vfs->locals_frame))
		return NULL;
	ot_locals_deinit(&vfs->locals);
	vfs->locals_frame.pc = 0;
	OT_TRY(ot_locals_read(vfs->program, &frame, &vfs->locals));
	vfs->locals_frame = frame;
	return NULL;
}

static const char *file_name(const struct ot_locals *locals)
{
	const char *slash = locals->file ? strrchr(locals->file, '/') : NULL;

	return slash ? slash + 1 : locals->file ? locals->file : "?";
}

static void note_place(struct ot_vfs *vfs, struct ot_node_list *ret)
{
	const struct ot_locals *locals = &vfs->locals;
	ot_auto_free char *note =
		ot_asprintf("%s of %s(), which waits in otrace_set_trace() at %s:%u, thread %u",
			    ret->nr ? "variables" : "no variables", locals->function,
			    file_name(locals), locals->line, vfs->locals_tid);

	ret->note = ot_vfs_intern(vfs, note);
}

struct ot_err *ot_vfs_locals(struct ot_vfs *vfs, struct ot_node_list *ret)
{
	bool anybody;

	OT_TRY(look(vfs, &anybody));
	if (!anybody) {
		ret->note = NOBODY;
		return NULL;
	}
	for (size_t i = 0; i < vfs->locals.nr; i++) {
		const struct ot_local *local = &vfs->locals.items[i];
		struct ot_node node = {.kind = OT_NODE_VALUE, .tid = vfs->locals_tid};

		node.name = ot_vfs_intern(vfs, local->name);
		ot_value_copy(&local->value, &node.value);
		if (local->err)
			node.err = ot_err_new(local->err->code, "%s", local->err->what);
		ot_node_list_add(ret, &node);
	}
	note_place(vfs, ret);
	return NULL;
}

char *ot_vfs_waiting(struct ot_vfs *vfs)
{
	const struct ot_locals *locals = &vfs->locals;
	bool anybody = false;
	ot_auto_err struct ot_err *err = vfs->program ? look(vfs, &anybody) : NULL;

	if (!anybody)
		return NULL;
	if (err)
		return ot_asprintf("thread %u waits in otrace_set_trace(); what its variables are "
				   "is not known: %s",
				   vfs->locals_tid, err->what);
	return ot_asprintf("%s() waits in otrace_set_trace() at %s:%u, thread %u; its variables "
			   "are in /osh/locals",
			   locals->function, file_name(locals), locals->line, vfs->locals_tid);
}

static bool find_local(struct ot_vfs *vfs, const char *name, struct ot_value *ret,
		       struct ot_err **err)
{
	*err = NULL;
	for (size_t i = 0; i < vfs->locals.nr; i++) {
		const struct ot_local *local = &vfs->locals.items[i];

		if (strcmp(local->name, name) != 0)
			continue;
		if (local->err)
			*err = ot_err_new(local->err->code, "%s: %s", name, local->err->what);
		else
			ot_value_copy(&local->value, ret);
		return true;
	}
	return false;
}

/* Where nobody knows the function's variables, one of its may have any name: a global is not taken for it. */
bool ot_vfs_local(void *priv, const char *name, struct ot_value *ret, struct ot_err **err)
{
	struct ot_vfs *vfs = priv;
	bool anybody;
	ot_auto_err struct ot_err *none = look(vfs, &anybody);

	*err = NULL;
	if (!none)
		return anybody && find_local(vfs, name, ret, err);
	*err = ot_err_new(none->code,
			  "%s may be a variable of the function that waits: %s; a "
			  "global is found from /osh/globals",
			  name, none->what);
	return true;
}

char *ot_vfs_hint(void *priv, const char *name)
{
	struct ot_vfs *vfs = priv;
	ot_auto_value struct ot_value value = {0};
	ot_auto_err struct ot_err *gone = NULL;
	bool anybody;
	ot_auto_err struct ot_err *none = look(vfs, &anybody);

	return !none && anybody && find_local(vfs, name, &value, &gone)
		       ? ot_asprintf("the function that waits has one: pr /osh/locals/%s, or "
				     "cd /osh/locals",
				     name)
		       : NULL;
}
