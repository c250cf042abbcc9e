// SPDX-License-Identifier: BSD-2-Clause
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contexts/files.h"
#include "model/capture.h"
#include "pickle/db.h"
#include "pickle/format.h"
#include "pickle/identity.h"
#include "pickle/target.h"
#include "pickle/unpickle.h"

struct process {
	sqlite3 *db; /* the file's */
	uint64_t number;
	struct ot_target *target;
	struct ot_program *program;
	struct ot_contexts *contexts;
	struct ot_map plans[2]; /* by function, and whether texts are captured */
};

struct ot_pickle {
	sqlite3 *db;
	OT_VEC(struct process *) processes;
	size_t nr_contexts;
};

bool ot_pickle_is(const char *path)
{
	return ot_pickle_db_is(path);
}

/* ------------------------------------------------------------------ what is asked for */

static const char *const fields[] = {"id", "kind", "function", "label", "thread", "tid", "seq"};

struct ot_err *ot_pickle_filter_read(char *text, struct ot_pickle_filter *ret)
{
	char *value = strchr(text, '=');
	struct ot_err *err;

	if (!value)
		return ot_err_new(OT_ERR_USAGE, "\"%s\" is no FIELD=VALUE", text);
	*value++ = '\0';
	for (size_t i = 0; i < OT_NR(fields); i++)
		if (!strcmp(text, fields[i])) {
			*ret = (struct ot_pickle_filter){.field = fields[i], .value = value};
			return NULL;
		}
	err = ot_err_new(OT_ERR_USAGE, "contexts have no field \"%s\"", text);
	for (size_t i = 0; i < 6; i++)
		ot_err_near(err, fields[i]);
	return err;
}

/* ------------------------------------------------------------------ one context */

static const struct ot_capture_plan *plan_of(struct process *process, const struct ot_fn *fn,
					     uint64_t flags)
{
	struct ot_map *plans = &process->plans[(flags & OT_CAPTURE_STRINGS) != 0];
	struct ot_capture_plan *plan = ot_map_get(plans, fn->record);

	if (plan)
		return plan;
	ot_err_destroy(ot_capture_plan_create(fn, flags & OT_CAPTURE_STRINGS, &plan));
	if (plan)
		ot_map_set(plans, fn->record, plan);
	return plan;
}

/* id, kind, function, label, time, fn, capture, tid, thread, depth, ended, return_time, duration, flags, late, frame,
 * parent_seq, parent_trace, parent_time, cut, seq */
#define KEYS                                                                                     \
	"id, kind, function, label, time, fn, capture, tid, thread, depth, ended, return_time, " \
	"duration, flags, late, frame, parent_seq, parent_trace, parent_time, cut, seq"

static void take_times(sqlite3_stmt *row, struct ot_context *ret)
{
	ret->call_time_ns = ot_pickle_db_get(row, 4);
	ret->return_time_ns = ot_pickle_db_get(row, 11);
	ret->duration_ns = ot_pickle_db_get(row, 12);
	ret->parent_seq = ot_pickle_db_get(row, 16);
	ret->parent_trace_id = (uint32_t)ot_pickle_db_get(row, 17);
	ret->parent_time_ns = ot_pickle_db_get(row, 18);
}

static struct ot_err *take_names(sqlite3_stmt *row, struct ot_context *ret)
{
	int kind = ot_context_kind_of(ot_pickle_db_text(row, 1));
	uint64_t ended = ot_pickle_db_get(row, 10);

	ret->seq = ot_pickle_db_get(row, 20);
	if (kind < 0 || ended >= OT_CALL_LOST || !ret->seq ||
	    !ot_pickle_db_is_plain(ot_pickle_db_text(row, 2)) ||
	    !ot_pickle_db_is_plain(ot_pickle_db_text(row, 3)) ||
	    !ot_pickle_db_is_plain(ot_pickle_db_text(row, 8)))
		return ot_err_new(OT_ERR_DAMAGED,
				  "the file is damaged: context %" PRIu64 " makes no sense",
				  ret->seq);
	ret->kind = (enum ot_context_kind)kind;
	ret->ended = (enum ot_call_event_kind)ended;
	ret->function = ot_pickle_db_text(row, 2);
	ret->label = ot_pickle_db_text(row, 3);
	strncpy(ret->thread_name, ot_pickle_db_text(row, 8), sizeof(ret->thread_name) - 1);
	return NULL;
}

static struct ot_err *take_keys(struct process *process, sqlite3_stmt *row)
{
	struct ot_context context = {0};
	uint64_t capture = ot_pickle_db_get(row, 6), fn = ot_pickle_db_get(row, 5);

	OT_TRY(take_names(row, &context));
	take_times(row, &context);
	context.tid = (uint32_t)ot_pickle_db_get(row, 7);
	context.depth = (uint32_t)ot_pickle_db_get(row, 9);
	context.flags = (uint8_t)ot_pickle_db_get(row, 13);
	context.is_late = ot_pickle_db_get(row, 14);
	context.is_frame = ot_pickle_db_get(row, 15) != OT_PICKLE_FRAME_NONE;
	context.is_crash = ot_pickle_db_get(row, 15) == OT_PICKLE_FRAME_CRASH;
	context.nr_cut = ot_pickle_db_get(row, 19);
	context.fn = fn ? ot_program_fn_of_record(process->program, fn) : NULL;
	if (context.fn && capture != UINT64_MAX)
		context.plan = plan_of(process, context.fn, capture);
	ot_contexts_insert(process->contexts, &context);
	return NULL;
}

/* ------------------------------------------------------------------ its bytes */

static struct ot_err *damaged(const struct ot_context *context, const char *what)
{
	return ot_err_new(OT_ERR_DAMAGED, "the file is damaged: the %s of %s do not fit", what,
			  context->id);
}

static void take_blob(sqlite3_stmt *row, int at, struct ot_buf *ret)
{
	const void *bytes = sqlite3_column_blob(row, at);

	if (bytes)
		ot_buf_add(ret, bytes, (size_t)sqlite3_column_bytes(row, at));
}

/* Of version 1 there is none. */
static void take_more(const char *bytes, struct ot_context *context)
{
	struct ot_pickle_more more;

	memcpy(&more, bytes, sizeof(more));
	/* the inner of two calls is the younger one */
	if (more.related_seq > context->seq && more.related <= OT_CALL_MAYBE_RELATED) {
		context->more.related_seq = more.related_seq;
		context->more.related = (enum ot_call_related)more.related;
	}
	memcpy(context->more.registers, more.registers, sizeof(more.registers));
}

static struct ot_err *take_ends(sqlite3_stmt *row, struct ot_context *context)
{
	struct ot_pickle_end ends[2];
	const char *bytes = sqlite3_column_blob(row, 2);
	size_t nr = (size_t)sqlite3_column_bytes(row, 2);

	if (!bytes || (nr != sizeof(ends) && nr != sizeof(ends) + sizeof(struct ot_pickle_more)))
		return damaged(context, "ends");
	memcpy(ends, bytes, sizeof(ends));
	if (nr > sizeof(ends))
		take_more(bytes + sizeof(ends), context);
	for (int i = 0; i < 2; i++) {
		struct ot_context_end *end = &context->ends[i];

		end->has_registers = ends[i].has & OT_PICKLE_HAS_REGISTERS;
		end->has_place = ends[i].has & OT_PICKLE_HAS_PLACE;
		end->cpu = ends[i].cpu;
		end->error = ends[i].error;
		end->left_out = ends[i].left_out;
		memcpy(end->registers, ends[i].registers, sizeof(end->registers));
	}
	return NULL;
}

static struct ot_err *take_pieces(sqlite3_stmt *row, struct ot_context *context)
{
	const uint8_t *pieces = sqlite3_column_blob(row, 3);
	const uint8_t *memory = sqlite3_column_blob(row, 4);
	size_t nr = (size_t)sqlite3_column_bytes(row, 3);
	uint64_t room = memory ? (uint64_t)sqlite3_column_bytes(row, 4) : 0;
	uint64_t total = 0;

	if (nr % sizeof(struct ot_pickle_piece))
		return damaged(context, "pieces");
	for (size_t i = 0; pieces && i < nr; i += sizeof(struct ot_pickle_piece)) {
		struct ot_pickle_piece from;

		memcpy(&from, pieces + i, sizeof(from));
		total += from.bytes;
		/* each has its own bytes: what many had at once might not fit anywhere */
		if ((uint64_t)from.offset + from.bytes > room || total > room)
			return damaged(context, "pieces");
		ot_context_add_piece(context,
				     &(struct ot_context_piece){.address = from.address,
								.bytes = from.bytes,
								.flags = from.flags},
				     memory ? memory + from.offset : NULL);
	}
	return NULL;
}

static struct ot_err *load(void *priv, struct ot_context *context)
{
	const struct process *process = priv;
	ot_auto_statement sqlite3_stmt *select = NULL;
	bool row;

	OT_TRY(ot_pickle_db_prepare(process->db,
				    "SELECT enter, leave, ends, pieces, memory FROM context "
				    "WHERE process=? AND seq=?",
				    &select));
	ot_pickle_db_set(select, 1, process->number);
	ot_pickle_db_set(select, 2, context->seq);
	OT_TRY(ot_pickle_db_step(select, &row));
	if (!row)
		return ot_err_new(OT_ERR_GONE, "%s is not in the file any more", context->id);
	take_blob(select, 0, &context->enter);
	take_blob(select, 1, &context->leave);
	OT_TRY(take_ends(select, context));
	return take_pieces(select, context);
}

/* ------------------------------------------------------------------ one process */

static struct ot_err *select_keys(struct process *process, const struct ot_pickle_filter *filter,
				  sqlite3_stmt **ret)
{
	ot_auto_free char *sql =
		ot_asprintf("SELECT " KEYS " FROM context WHERE process=?%s%s%s ORDER BY time, seq",
			    filter->field ? " AND " : "", filter->field ? filter->field : "",
			    filter->field ? " GLOB ?" : "");

	OT_TRY(ot_pickle_db_prepare(process->db, sql, ret));
	ot_pickle_db_set(*ret, 1, process->number);
	if (filter->field)
		ot_pickle_db_set_text(*ret, 2, filter->value);
	return NULL;
}

static struct ot_err *read_contexts(struct process *process, const struct ot_pickle_filter *filter)
{
	ot_auto_statement sqlite3_stmt *select = NULL;
	struct ot_err *err;
	bool row;

	OT_TRY(select_keys(process, filter, &select));
	while (!(err = ot_pickle_db_step(select, &row)) && row)
		OT_TRY(take_keys(process, select));
	return err;
}

static void take_file(struct ot_mapped_files *files, uint64_t base, const char *path,
		      const char *identity)
{
	struct stat st;
	/* a device, or a pipe that somebody waits at, would notice */
	bool is_file = !stat(path, &st) && S_ISREG(st.st_mode);
	int fd = is_file ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	ot_auto_free char *is = fd < 0 ? NULL : ot_pickle_identity(fd);

	if (is && !strcmp(is, identity)) {
		ot_mapped_files_add(files, path, base, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	ot_mapped_files_miss(files, path);
}

static struct ot_err *read_files(struct process *process)
{
	ot_auto_statement sqlite3_stmt *select = NULL;
	struct ot_err *err;
	bool row;

	OT_TRY(ot_pickle_db_prepare(
		process->db, "SELECT base, path, identity FROM file WHERE process=?", &select));
	ot_pickle_db_set(select, 1, process->number);
	while (!(err = ot_pickle_db_step(select, &row)) && row)
		take_file(ot_contexts_files(process->contexts), ot_pickle_db_get(select, 0),
			  ot_pickle_db_text(select, 1), ot_pickle_db_text(select, 2));
	return err;
}

static void process_close(struct process *process)
{
	const struct ot_map_slot *slot;
	size_t i;

	for (int kind = 0; kind < 2; kind++) {
		for (i = 0; (slot = ot_map_next(&process->plans[kind], &i));)
			ot_capture_plan_destroy(slot->value);
		ot_map_deinit(&process->plans[kind]);
	}
	ot_contexts_destroy(process->contexts);
	ot_program_destroy(process->program);
	ot_target_close(process->target);
	free(process);
}

static struct ot_err *open_process(struct process *process, const char *path,
				   const struct ot_pickle_filter *filter)
{
	OT_TRY(ot_pickle_target_create(process->db, process->number, path, &process->target));
	OT_TRY(ot_program_create(process->target, &process->program));
	process->contexts = ot_contexts_create(process->target);
	ot_contexts_set_file(process->contexts, process->program, load, process);
	OT_TRY(read_files(process));
	return read_contexts(process, filter);
}

static struct ot_err *add_process(struct ot_pickle *pickle, uint64_t number, const char *path,
				  const struct ot_pickle_filter *filter)
{
	struct process *process = ot_alloc(sizeof(*process));
	size_t nr;

	process->db = pickle->db;
	process->number = number;
	ot_vec_push(&pickle->processes, process);
	OT_TRY(open_process(process, path, filter));
	ot_contexts_list(process->contexts, -1, false, &nr);
	pickle->nr_contexts += nr;
	return NULL;
}

/* ------------------------------------------------------------------ the file */

static struct ot_err *add_processes(struct ot_pickle *pickle, const char *path,
				    const struct ot_pickle_filter *filter)
{
	ot_auto_statement sqlite3_stmt *select = NULL;
	struct ot_err *err;
	bool row;

	OT_TRY(ot_pickle_db_prepare(pickle->db, "SELECT id FROM process ORDER BY id", &select));
	while (!(err = ot_pickle_db_step(select, &row)) && row)
		OT_TRY(add_process(pickle, ot_pickle_db_get(select, 0), path, filter));
	return err;
}

struct ot_err *ot_pickle_open(const char *path, const struct ot_pickle_filter *filter,
			      struct ot_pickle **ret)
{
	static const struct ot_pickle_filter all = {0};
	struct ot_pickle *pickle = ot_alloc(sizeof(*pickle));
	struct ot_err *err = ot_pickle_db_open(path, false, &pickle->db);

	if (!err) {
		err = add_processes(pickle, path, filter ? filter : &all);
		if (err)
			ot_err_prefix(err, "%s", path);
	}
	if (err) {
		ot_pickle_close(pickle);
		return err;
	}
	*ret = pickle;
	return NULL;
}

void ot_pickle_close(struct ot_pickle *pickle)
{
	if (!pickle)
		return;
	for (size_t i = 0; i < pickle->processes.nr; i++)
		process_close(pickle->processes.items[i]);
	ot_vec_deinit(&pickle->processes);
	sqlite3_close(pickle->db);
	free(pickle);
}

struct ot_contexts *ot_pickle_contexts(const struct ot_pickle *pickle, size_t i)
{
	return i < pickle->processes.nr ? pickle->processes.items[i]->contexts : NULL;
}

size_t ot_pickle_nr_contexts(const struct ot_pickle *pickle)
{
	return pickle->nr_contexts;
}
