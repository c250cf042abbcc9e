// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "pickle/target.h"
#include "target/impl.h"

struct run {
	uint64_t address;
	size_t nr;
	uint8_t *bytes;
	bool is_constant;
};

struct pickle_target {
	struct ot_target target;
	OT_VEC(struct run) runs; /* by address */
};

/* ------------------------------------------------------------------ memory */

/* The last run that begins at the address or in front of it. */
static const struct run *find(const struct pickle_target *pickle, uint64_t address)
{
	size_t low = 0, high = pickle->runs.nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pickle->runs.items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &pickle->runs.items[low - 1] : NULL;
}

static size_t copy(const struct pickle_target *pickle, uint64_t address, void *buf, size_t bytes,
		   bool tables)
{
	size_t got = 0;

	while (got < bytes) {
		const struct run *run = find(pickle, address + got);
		uint64_t offset = run ? address + got - run->address : 0;
		size_t part;

		if (!run || offset >= run->nr || !(tables || run->is_constant))
			break;
		part = run->nr - (size_t)offset;
		part = part < bytes - got ? part : bytes - got;
		memcpy((uint8_t *)buf + got, run->bytes + offset, part);
		got += part;
	}
	return got;
}

/* What a program changes was something else when the tables were read. */
static struct ot_err *pickle_readv(struct ot_target *target, struct ot_target_span *spans,
				   size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		spans[i].got = copy((struct pickle_target *)target, spans[i].address, spans[i].buf,
				    spans[i].bytes, false);
	return NULL;
}

static size_t pickle_read_file(struct ot_target *target, uint64_t address, void *buf, size_t bytes)
{
	return copy((struct pickle_target *)target, address, buf, bytes, true);
}

static struct ot_err *pickle_refresh(struct ot_target *target)
{
	(void)target;
	return NULL;
}

static void pickle_close(struct ot_target *target)
{
	struct pickle_target *pickle = (struct pickle_target *)target;

	for (size_t i = 0; i < pickle->runs.nr; i++)
		free(pickle->runs.items[i].bytes);
	ot_vec_deinit(&pickle->runs);
	free(pickle);
}

static const struct ot_target_ops pickle_ops = {
	.cannot = "not possible with a file of contexts: nothing runs (use run or attach)",
	.is_copy = true,
	.close = pickle_close,
	.refresh = pickle_refresh,
	.readv = pickle_readv,
	.read_file = pickle_read_file,
};

/* ------------------------------------------------------------------ reading the file */

static struct ot_err *take_module(sqlite3_stmt *row, struct ot_target_module *ret)
{
	const void *record = sqlite3_column_blob(row, 1);

	if (!record || sqlite3_column_bytes(row, 1) != (int)sizeof(ret->m))
		return ot_err_new(OT_ERR_DAMAGED, "the file is damaged: a module is none");
	memcpy(&ret->m, record, sizeof(ret->m));
	ret->path = ot_strdup(ot_pickle_db_text(row, 0));
	return NULL;
}

static struct ot_err *read_modules(struct pickle_target *pickle, sqlite3 *db, uint64_t process)
{
	ot_auto_statement sqlite3_stmt *select = NULL;
	OT_VEC(struct ot_target_module) modules = {0};
	struct ot_err *err;
	bool row;

	OT_TRY(ot_pickle_db_prepare(
		db, "SELECT path, record FROM module WHERE process=? ORDER BY number", &select));
	ot_pickle_db_set(select, 1, process);
	while (!(err = ot_pickle_db_step(select, &row)) && row) {
		struct ot_target_module module = {0};

		err = take_module(select, &module);
		if (err)
			break;
		ot_vec_push(&modules, module);
	}
	ot_target_set_modules(&pickle->target, modules.items, modules.nr);
	return err;
}

static struct ot_err *read_memory(struct pickle_target *pickle, sqlite3 *db, uint64_t process)
{
	ot_auto_statement sqlite3_stmt *select = NULL;
	struct ot_err *err;
	bool row;

	OT_TRY(ot_pickle_db_prepare(db,
				    "SELECT address, constant, bytes FROM memory WHERE process=? "
				    "ORDER BY address",
				    &select));
	ot_pickle_db_set(select, 1, process);
	while (!(err = ot_pickle_db_step(select, &row)) && row) {
		const void *bytes = sqlite3_column_blob(select, 2);
		struct run run = {.address = ot_pickle_db_get(select, 0),
				  .nr = (size_t)sqlite3_column_bytes(select, 2),
				  .is_constant = ot_pickle_db_get(select, 1)};

		if (!bytes || !run.nr)
			continue;
		run.bytes = ot_alloc(run.nr);
		memcpy(run.bytes, bytes, run.nr);
		ot_vec_push(&pickle->runs, run);
	}
	return err;
}

static int by_address(const void *a, const void *b)
{
	const struct run *left = a, *right = b;

	return (left->address > right->address) - (left->address < right->address);
}

struct ot_err *ot_pickle_target_create(sqlite3 *db, uint64_t process, const char *file,
				       struct ot_target **ret)
{
	struct pickle_target *pickle = ot_alloc(sizeof(*pickle));
	struct ot_err *err;

	pickle->target.ops = &pickle_ops;
	pickle->target.state = OT_TARGET_FILE;
	pickle->target.path = ot_strdup(file);
	err = read_modules(pickle, db, process);
	if (!err)
		err = read_memory(pickle, db, process);
	if (err) {
		ot_target_close(&pickle->target);
		return err;
	}
	/* SQLite's numbers have a sign */
	if (pickle->runs.nr)
		qsort(pickle->runs.items, pickle->runs.nr, sizeof(pickle->runs.items[0]),
		      by_address);
	*ret = &pickle->target;
	return NULL;
}
