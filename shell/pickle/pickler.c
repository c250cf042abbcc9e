// SPDX-License-Identifier: BSD-2-Clause
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "contexts/files.h"
#include "model/capture.h"
#include "model/stored.h"
#include "pickle/db.h"
#include "pickle/format.h"
#include "pickle/identity.h"
#include "pickle/pickler.h"

#define TRANSACTION_MS 500
#define TRANSACTION_ROWS 4096u
#define GAP_MS 120 /* between two, where another shell may begin one: it looks every 100 ms */
#define BUSY_MS 200
#define BUSY_LONGEST_MS 10000
#define BUSY_STOPPED_MS 1000 /* the same when Ctrl-C came */

struct ot_pickler {
	sqlite3 *db;
	char *path;
	struct ot_contexts *contexts;
	struct ot_program *program;
	struct ot_pickler_limits limits;
	uint64_t process;  /* its number in the file */
	uint64_t revision; /* of the program whose modules were written */
	size_t nr_modules; /* that were written */
	size_t nr_files;
	sqlite3_stmt *add, *end;
	OT_VEC(uint64_t) changed; /* seqs */
	struct ot_map open;	  /* seqs of written calls that have not ended */
	bool in_transaction;
	size_t nr_rows; /* in it */
	uint64_t begin_ms, end_ms;
	uint64_t busy_ms; /* since when another has the file; 0 = nobody */
	bool is_following;
	bool has_failed;
	struct ot_err *err; /* not told yet */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ transactions */

/* Whether what did not go shall be tried again, and forgets the error then: others write to the file, too, or read it. */
static bool is_busy(struct ot_pickler *pickler, struct ot_err **err)
{
	if (!*err) {
		pickler->busy_ms = 0;
		return false;
	}
	if (sqlite3_errcode(pickler->db) != SQLITE_BUSY)
		return false;
	if (!pickler->busy_ms)
		pickler->busy_ms = now_ms();
	if (now_ms() - pickler->busy_ms >=
	    (ot_target_is_interrupted() ? BUSY_STOPPED_MS : BUSY_LONGEST_MS))
		return false;
	ot_err_destroy(ot_take(*err));
	return true;
}

/* @param wait until it goes, or it is clear that it does not */
static struct ot_err *run(struct ot_pickler *pickler, const char *sql, bool wait, bool *done_ret)
{
	struct ot_err *err;

	do {
		err = ot_pickle_db_run(pickler->db, sql);
		*done_ret = !err;
	} while (is_busy(pickler, &err) && wait);
	return err;
}

static struct ot_err *try_begin(struct ot_pickler *pickler, bool wait)
{
	if (pickler->in_transaction)
		return NULL;
	OT_TRY(run(pickler, "BEGIN IMMEDIATE", wait, &pickler->in_transaction));
	pickler->nr_rows = 0;
	pickler->begin_ms = now_ms();
	return NULL;
}

static struct ot_err *begin(struct ot_pickler *pickler)
{
	return try_begin(pickler, true);
}

static struct ot_err *number_of(struct ot_pickler *pickler, const char *sql, uint64_t *ret)
{
	ot_auto_statement sqlite3_stmt *statement = NULL;
	bool row;

	OT_TRY(ot_pickle_db_prepare(pickler->db, sql, &statement));
	OT_TRY(ot_pickle_db_step(statement, &row));
	*ret = row ? ot_pickle_db_get(statement, 0) : 0;
	return NULL;
}

static struct ot_err *check_size(struct ot_pickler *pickler)
{
	uint64_t pages, page_bytes;

	if (!pickler->limits.max_file_bytes)
		return NULL;
	OT_TRY(number_of(pickler, "PRAGMA page_count", &pages));
	OT_TRY(number_of(pickler, "PRAGMA page_size", &page_bytes));
	if (pages * page_bytes < pickler->limits.max_file_bytes)
		return NULL;
	return ot_err_new(OT_ERR_OTHER,
			  "the file has %" PRIu64 " bytes, and pickle_max_file allows no more",
			  pages * page_bytes);
}

/* Who reads the file keeps the rows from it as long; then they wait. */
static struct ot_err *commit(struct ot_pickler *pickler, bool wait)
{
	bool done;

	OT_TRY(run(pickler, "COMMIT", wait, &done));
	if (!done)
		return NULL;
	pickler->in_transaction = false;
	pickler->end_ms = now_ms();
	return check_size(pickler);
}

/* ------------------------------------------------------------------ the program */

static struct ot_err *add_process(struct ot_pickler *pickler)
{
	const struct ot_target *target = ot_program_target(pickler->program);
	ot_auto_statement sqlite3_stmt *add = NULL;

	OT_TRY(ot_pickle_db_prepare(pickler->db, "INSERT INTO process(pid, path) VALUES(?,?)",
				    &add));
	ot_pickle_db_set(add, 1, (uint64_t)ot_target_pid(target));
	ot_pickle_db_set_text(add, 2, ot_target_path(target));
	OT_TRY(ot_pickle_db_do(add));
	pickler->process = (uint64_t)sqlite3_last_insert_rowid(pickler->db);
	return NULL;
}

static struct ot_err *add_memory(struct ot_pickler *pickler, size_t module, uint64_t number)
{
	const struct ot_mapped_files *files = ot_contexts_files(pickler->contexts);
	ot_auto_statement sqlite3_stmt *add = NULL;
	const void *bytes;
	uint64_t at = 0;
	size_t nr;

	OT_TRY(ot_pickle_db_prepare(pickler->db, "INSERT INTO memory VALUES(?,?,?,?,?)", &add));
	while ((bytes = ot_program_stored_run(pickler->program, module, &at, &nr))) {
		ot_pickle_db_set(add, 1, pickler->process);
		ot_pickle_db_set(add, 2, number);
		ot_pickle_db_set(add, 3, at);
		ot_pickle_db_set(add, 4,
				 ot_mapped_files_is_constant(files, at) &&
					 ot_mapped_files_is_constant(files, at + nr - 1));
		ot_pickle_db_set_bytes(add, 5, bytes, nr);
		OT_TRY(ot_pickle_db_do(add));
		at += nr;
	}
	return NULL;
}

static struct ot_err *add_module(struct ot_pickler *pickler, size_t i)
{
	ot_auto_statement sqlite3_stmt *add = NULL;
	const char *path;
	const struct otrace_module *module = ot_program_stored(pickler->program, i, &path);

	OT_TRY(ot_pickle_db_prepare(pickler->db, "INSERT INTO module VALUES(?,?,?,?)", &add));
	ot_pickle_db_set(add, 1, pickler->process);
	ot_pickle_db_set(add, 2, module->id);
	ot_pickle_db_set_text(add, 3, path);
	ot_pickle_db_set_bytes(add, 4, module, sizeof(*module));
	OT_TRY(ot_pickle_db_do(add));
	return add_memory(pickler, i, module->id);
}

static struct ot_err *add_files(struct ot_pickler *pickler)
{
	const struct ot_mapped_files *files = ot_contexts_files(pickler->contexts);
	ot_auto_statement sqlite3_stmt *add = NULL;
	const char *path;
	uint64_t base;
	int fd;

	OT_TRY(ot_pickle_db_prepare(pickler->db, "INSERT OR IGNORE INTO file VALUES(?,?,?,?)",
				    &add));
	for (; ot_mapped_files_at(files, pickler->nr_files, &path, &base, &fd);
	     pickler->nr_files++) {
		ot_auto_free char *identity = ot_pickle_identity(fd);

		ot_pickle_db_set(add, 1, pickler->process);
		ot_pickle_db_set(add, 2, base);
		ot_pickle_db_set_text(add, 3, path);
		ot_pickle_db_set_text(add, 4, identity);
		OT_TRY(ot_pickle_db_do(add));
	}
	return NULL;
}

/* What came since: modules that were loaded, files that were mapped. */
static struct ot_err *add_program(struct ot_pickler *pickler)
{
	if (!pickler->process)
		OT_TRY(add_process(pickler));
	ot_contexts_look(pickler->contexts);
	OT_TRY(add_files(pickler));
	for (; pickler->nr_modules < ot_program_nr_stored(pickler->program); pickler->nr_modules++)
		OT_TRY(add_module(pickler, pickler->nr_modules));
	return NULL;
}

/* ------------------------------------------------------------------ contexts */

static void set_ends(const struct ot_context *context, struct ot_pickle_end ends[2])
{
	memset(ends, 0, 2 * sizeof(ends[0]));
	for (int i = 0; i < 2; i++) {
		const struct ot_context_end *end = &context->ends[i];

		ends[i].has = (end->has_registers ? OT_PICKLE_HAS_REGISTERS : 0) |
			      (end->has_place ? OT_PICKLE_HAS_PLACE : 0);
		ends[i].cpu = end->cpu;
		ends[i].error = end->error;
		ends[i].left_out = end->left_out;
		memcpy(ends[i].registers, end->registers, sizeof(ends[i].registers));
	}
}

static void set_more(const struct ot_context *context, struct ot_pickle_more *more)
{
	*more = (struct ot_pickle_more){.related_seq = context->more.related_seq,
					.related = context->more.related};
	memcpy(more->registers, context->more.registers, sizeof(more->registers));
}

/* As many as fit; those that come first are what the arguments lead to. @return how many do not */
static uint64_t set_pieces(const struct ot_context *context, uint64_t max_bytes,
			   struct ot_buf *pieces, size_t *nr_bytes_ret)
{
	size_t i = 0;

	*nr_bytes_ret = 0;
	for (; i < context->pieces.nr; i++) {
		const struct ot_context_piece *from = &context->pieces.items[i];
		struct ot_pickle_piece piece = {.address = from->address,
						.offset = from->offset,
						.bytes = from->bytes,
						.flags = from->flags};

		if ((uint64_t)from->offset + from->bytes > max_bytes)
			break;
		ot_buf_add(pieces, &piece, sizeof(piece));
		*nr_bytes_ret = (size_t)from->offset + from->bytes;
	}
	return context->pieces.nr - i;
}

static void set_names(sqlite3_stmt *add, const struct ot_context *context)
{
	ot_pickle_db_set_text(add, 3, context->id);
	ot_pickle_db_set_text(add, 4, ot_context_kind_name(context->kind));
	ot_pickle_db_set_text(add, 5, context->function);
	ot_pickle_db_set_text(add, 6, context->label);
	ot_pickle_db_set_text(add, 11, context->thread_name);
}

static uint64_t frame_of(const struct ot_context *context)
{
	if (!context->is_frame)
		return OT_PICKLE_FRAME_NONE;
	return context->is_crash ? OT_PICKLE_FRAME_CRASH : OT_PICKLE_FRAME_CALL;
}

static void set_numbers(sqlite3_stmt *add, const struct ot_context *context)
{
	const uint64_t numbers[] = {context->depth,	      context->ended,
				    context->return_time_ns,  context->duration_ns,
				    context->flags,	      context->is_late,
				    frame_of(context),	      context->parent_seq,
				    context->parent_trace_id, context->parent_time_ns};

	ot_pickle_db_set(add, 2, context->seq);
	ot_pickle_db_set(add, 7, context->call_time_ns);
	ot_pickle_db_set(add, 8, context->fn ? context->fn->record : 0);
	ot_pickle_db_set(add, 9, context->plan ? context->plan->flags : UINT64_MAX);
	ot_pickle_db_set(add, 10, context->tid);
	for (size_t i = 0; i < OT_NR(numbers); i++)
		ot_pickle_db_set(add, 12 + (int)i, numbers[i]);
}

static struct ot_err *add_context(struct ot_pickler *pickler, const struct ot_context *context)
{
	ot_auto_buf struct ot_buf pieces = OT_BUF_INIT;
	struct {
		struct ot_pickle_end ends[2];
		struct ot_pickle_more more;
	} ends;
	size_t nr_bytes;

	ot_pickle_db_set(pickler->add, 1, pickler->process);
	set_names(pickler->add, context);
	set_numbers(pickler->add, context);
	ot_pickle_db_set(pickler->add, 22,
			 set_pieces(context, pickler->limits.max_bytes, &pieces, &nr_bytes));
	set_ends(context, ends.ends);
	set_more(context, &ends.more);
	ot_pickle_db_set_bytes(pickler->add, 23, context->enter.data, context->enter.len);
	ot_pickle_db_set_bytes(pickler->add, 24, context->leave.data, context->leave.len);
	ot_pickle_db_set_bytes(pickler->add, 25, &ends, sizeof(ends));
	ot_pickle_db_set_bytes(pickler->add, 26, pieces.data, pieces.len);
	ot_pickle_db_set_bytes(pickler->add, 27, context->memory.data, nr_bytes);
	pickler->nr_rows++;
	return ot_pickle_db_do(pickler->add);
}

struct ot_err *ot_pickler_write(struct ot_pickler *pickler, struct ot_context *context)
{
	ot_context_load(context);
	OT_TRY(begin(pickler));
	OT_TRY(add_program(pickler));
	OT_TRY(add_context(pickler, context));
	if (pickler->is_following)
		context->is_changed = false;
	if (context->ended == OT_CALL_ENTER)
		ot_map_set(&pickler->open, context->seq, pickler);
	else
		ot_map_remove(&pickler->open, context->seq);
	return NULL;
}

/* ------------------------------------------------------------------ following */

static void fail(struct ot_pickler *pickler, struct ot_err *err)
{
	if (!err)
		return;
	if (pickler->in_transaction)
		sqlite3_exec(pickler->db, "ROLLBACK", NULL, NULL, NULL);
	pickler->in_transaction = false;
	pickler->has_failed = true;
	pickler->err = ot_err_prefix(err, "contexts are not written to %s any more", pickler->path);
	if (pickler->is_following)
		ot_contexts_set_watch(pickler->contexts, NULL);
}

static void changed(void *priv, struct ot_context *context)
{
	struct ot_pickler *pickler = priv;

	ot_vec_push(&pickler->changed, context->seq);
}

static void goes(void *priv, struct ot_context *context)
{
	struct ot_pickler *pickler = priv;

	if (!pickler->has_failed)
		fail(pickler, ot_pickler_write(pickler, context));
}

static struct ot_err *add_end(struct ot_pickler *pickler, const struct ot_call_event *event)
{
	uint64_t duration = event->begin_known && event->time_ns > event->begin_ns
				    ? event->time_ns - event->begin_ns
				    : 0;
	const struct ot_pickle_more more = {.related_seq = event->related_seq,
					    .related = event->related};

	OT_TRY(begin(pickler));
	ot_pickle_db_set(pickler->end, 1, event->kind);
	ot_pickle_db_set(pickler->end, 2, event->time_ns);
	ot_pickle_db_set(pickler->end, 3, duration);
	ot_pickle_db_set_bytes(pickler->end, 4, event->captures,
			       event->kind == OT_CALL_RETURN ? event->nr_bytes : 0);
	ot_pickle_db_set(pickler->end, 5, event->flags);
	ot_pickle_db_set(pickler->end, 6, 2 * sizeof(struct ot_pickle_end));
	ot_pickle_db_set_bytes(pickler->end, 7, &more, sizeof(more));
	ot_pickle_db_set(pickler->end, 8, pickler->process);
	ot_pickle_db_set(pickler->end, 9, event->seq);
	return ot_pickle_db_do(pickler->end);
}

/* Its context was pushed out before it returned: the row has everything but that. */
static void ended(void *priv, const struct ot_call_event *event)
{
	struct ot_pickler *pickler = priv;

	if (!pickler->has_failed && ot_map_remove(&pickler->open, event->seq))
		fail(pickler, add_end(pickler, event));
}

void ot_pickler_follow(struct ot_pickler *pickler)
{
	const struct ot_contexts_watch watch = {
		.changed = changed, .goes = goes, .ended = ended, .priv = pickler};

	pickler->is_following = true;
	ot_contexts_set_watch(pickler->contexts, &watch);
}

/* Whether rows may be added; if not, they come later. */
static struct ot_err *make_ready(struct ot_pickler *pickler, bool all, bool *ret)
{
	*ret = pickler->in_transaction || !pickler->changed.nr;
	if (*ret || (!all && now_ms() - pickler->end_ms < GAP_MS))
		return NULL;
	OT_TRY(try_begin(pickler, all));
	*ret = pickler->in_transaction;
	return NULL;
}

static struct ot_err *write_changed(struct ot_pickler *pickler, bool all)
{
	struct ot_err *err;
	bool ready;

	err = make_ready(pickler, all, &ready);
	if (!ready)
		return err;
	for (size_t i = 0; !err && i < pickler->changed.nr; i++) {
		struct ot_context *context =
			ot_contexts_by_seq(pickler->contexts, pickler->changed.items[i]);

		if (context && context->is_changed)
			err = ot_pickler_write(pickler, context);
	}
	pickler->changed.nr = 0;
	return err;
}

static bool is_due(const struct ot_pickler *pickler)
{
	return pickler->nr_rows >= TRANSACTION_ROWS ||
	       now_ms() - pickler->begin_ms >= TRANSACTION_MS;
}

struct ot_err *ot_pickler_settle(struct ot_pickler *pickler, bool all)
{
	if (!pickler)
		return NULL;
	if (!pickler->has_failed)
		fail(pickler, write_changed(pickler, all));
	if (!pickler->has_failed && pickler->in_transaction && (all || is_due(pickler)))
		fail(pickler, commit(pickler, all));
	return ot_take(pickler->err);
}

/* ------------------------------------------------------------------ life */

static struct ot_err *open_file(struct ot_pickler *pickler)
{
	OT_TRY(ot_pickle_db_open(pickler->path, true, &pickler->db));
	sqlite3_busy_timeout(pickler->db, BUSY_MS);
	/* rows that wait for who reads the file: 64 MiB of them in memory */
	OT_TRY(ot_pickle_db_run(pickler->db, "PRAGMA cache_spill=16384"));
	OT_TRY(ot_pickle_db_prepare(
		pickler->db,
		"INSERT OR REPLACE INTO context VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,"
		"?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		&pickler->add));
	return ot_pickle_db_prepare(pickler->db,
				    "UPDATE context SET ended=?, return_time=?, duration=?, "
				    "leave=?, flags=flags|?, "
				    "ends=CAST(substr(ends, 1, ?)||? AS BLOB) "
				    "WHERE process=? AND seq=?",
				    &pickler->end);
}

struct ot_err *ot_pickler_create(const char *path, struct ot_contexts *contexts,
				 struct ot_program *program, const struct ot_pickler_limits *limits,
				 struct ot_pickler **ret)
{
	struct ot_pickler *pickler = ot_alloc(sizeof(*pickler));
	char *whole = *path == '/' ? NULL : getcwd(NULL, 0);
	struct ot_err *err;

	/* the shell may go elsewhere */
	pickler->path = whole ? ot_asprintf("%s/%s", whole, path) : ot_strdup(path);
	free(whole);
	pickler->contexts = contexts;
	pickler->program = program;
	pickler->limits = *limits;
	err = open_file(pickler);
	if (err) {
		ot_err_destroy(ot_pickler_destroy(pickler));
		return err;
	}
	*ret = pickler;
	return NULL;
}

void ot_pickler_set_limits(struct ot_pickler *pickler, const struct ot_pickler_limits *limits)
{
	pickler->limits = *limits;
}

struct ot_err *ot_pickler_destroy(struct ot_pickler *pickler)
{
	struct ot_err *err;

	if (!pickler)
		return NULL;
	if (pickler->is_following)
		ot_contexts_set_watch(pickler->contexts, NULL);
	err = pickler->db ? ot_pickler_settle(pickler, true) : NULL;
	sqlite3_finalize(pickler->add);
	sqlite3_finalize(pickler->end);
	sqlite3_close(pickler->db);
	ot_vec_deinit(&pickler->changed);
	ot_map_deinit(&pickler->open);
	free(pickler->path);
	free(pickler);
	return err;
}
