// SPDX-License-Identifier: BSD-2-Clause
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pickle/db.h"
#include "pickle/format.h"

#define BUSY_MS 1000
#define BYTES_MAX (64 << 20) /* of one blob: what a damaged length asks for */

bool ot_pickle_db_is(const char *path)
{
	char head[sizeof(OT_PICKLE_MAGIC)];
	ot_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
	       !memcmp(head, OT_PICKLE_MAGIC, sizeof(head));
}

bool ot_pickle_db_is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return false;
	return true;
}

/* SQLite quotes the file, which may have anything, in what it says. */
static void make_plain(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text == 127)
			*text = '?';
}

struct ot_err *ot_pickle_db_error(sqlite3 *db)
{
	int code = sqlite3_errcode(db);
	bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR ||
		       code == SQLITE_MISMATCH || code == SQLITE_TOOBIG;
	ot_auto_free char *text = ot_strdup(sqlite3_errmsg(db));

	make_plain(text);
	if (code == SQLITE_BUSY)
		return ot_err_new(OT_ERR_SYSTEM,
				  "another shell or program keeps the file to itself (%s)", text);
	return ot_err_new(damaged ? OT_ERR_DAMAGED : OT_ERR_SYSTEM, "%s%s",
			  damaged ? "the file is damaged: " : "", text);
}

struct ot_err *ot_pickle_db_run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? NULL : ot_pickle_db_error(db);
}

struct ot_err *ot_pickle_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
	if (sqlite3_prepare_v2(db, sql, -1, ret, NULL) == SQLITE_OK)
		return NULL;
	return ot_pickle_db_error(db);
}

struct ot_err *ot_pickle_db_step(sqlite3_stmt *statement, bool *row_ret)
{
	int code = sqlite3_step(statement);

	*row_ret = code == SQLITE_ROW;
	if (code == SQLITE_ROW || code == SQLITE_DONE)
		return NULL;
	return ot_pickle_db_error(sqlite3_db_handle(statement));
}

struct ot_err *ot_pickle_db_do(sqlite3_stmt *statement)
{
	bool row;
	struct ot_err *err = ot_pickle_db_step(statement, &row);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return err;
}

void ot_pickle_db_set(sqlite3_stmt *statement, int at, uint64_t number)
{
	sqlite3_bind_int64(statement, at, (int64_t)number);
}

void ot_pickle_db_set_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

void ot_pickle_db_set_bytes(sqlite3_stmt *statement, int at, const void *bytes, size_t nr)
{
	sqlite3_bind_blob64(statement, at, bytes ? bytes : "", nr, SQLITE_STATIC);
}

uint64_t ot_pickle_db_get(sqlite3_stmt *statement, int at)
{
	return (uint64_t)sqlite3_column_int64(statement, at);
}

const char *ot_pickle_db_text(sqlite3_stmt *statement, int at)
{
	const unsigned char *text = sqlite3_column_text(statement, at);

	return text ? (const char *)text : "";
}

/* ------------------------------------------------------------------ opening */

static struct ot_err *number_of(sqlite3 *db, const char *sql, int64_t *ret)
{
	ot_auto_statement sqlite3_stmt *statement = NULL;
	bool row = false;

	OT_TRY(ot_pickle_db_prepare(db, sql, &statement));
	OT_TRY(ot_pickle_db_step(statement, &row));
	*ret = row ? sqlite3_column_int64(statement, 0) : 0;
	return NULL;
}

static struct ot_err *check_version(sqlite3 *db)
{
	int64_t application, version;

	OT_TRY(number_of(db, "PRAGMA application_id", &application));
	if (application != OT_PICKLE_APPLICATION)
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "it is a database, but not one of otrace's contexts");
	OT_TRY(number_of(db, "PRAGMA user_version", &version));
	if (version > OT_PICKLE_VERSION)
		return ot_err_new(OT_ERR_VERSION,
				  "a newer otrace wrote it (format %lld, this one reads up to %d)",
				  (long long)version, OT_PICKLE_VERSION);
	if (version < 1)
		return ot_err_new(OT_ERR_DAMAGED, "the file is damaged: it has no version");
	return NULL;
}

/* What is added to an older one is of this format: who knows only that one shall not read it. */
static struct ot_err *raise_version(sqlite3 *db)
{
	ot_auto_free char *set = ot_asprintf("PRAGMA user_version=%d", OT_PICKLE_VERSION);
	int64_t version;

	OT_TRY(number_of(db, "PRAGMA user_version", &version));
	return version < OT_PICKLE_VERSION ? ot_pickle_db_run(db, set) : NULL;
}

static struct ot_err *has_tables(sqlite3 *db, bool *ret)
{
	int64_t nr;

	OT_TRY(number_of(db, "SELECT count(*) FROM sqlite_master", &nr));
	*ret = nr;
	return NULL;
}

static struct ot_err *make_tables(sqlite3 *db)
{
	ot_auto_free char *numbers = ot_asprintf("PRAGMA application_id=%d;PRAGMA user_version=%d;",
						 OT_PICKLE_APPLICATION, OT_PICKLE_VERSION);
	bool are_there;

	OT_TRY(has_tables(db, &are_there));
	if (are_there)
		return NULL;
	OT_TRY(ot_pickle_db_run(db, "BEGIN IMMEDIATE"));
	/* another shell may have made them while we waited */
	OT_TRY(has_tables(db, &are_there));
	if (!are_there) {
		OT_TRY(ot_pickle_db_run(db, numbers));
		OT_TRY(ot_pickle_db_run(db, OT_PICKLE_SCHEMA));
	}
	return ot_pickle_db_run(db, "COMMIT");
}

/* Nothing that lies in the file runs: it may be anybody's. */
static void make_safe(sqlite3 *db)
{
	sqlite3_extended_result_codes(db, 0);
	sqlite3_busy_timeout(db, BUSY_MS);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, BYTES_MAX);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

static struct ot_err *prepare_file(sqlite3 *db, bool writable)
{
	make_safe(db);
	OT_TRY(ot_pickle_db_run(db, "PRAGMA cell_size_check=ON;PRAGMA temp_store=MEMORY"));
	if (writable) {
		/* what was not written is lost when the machine fails, not when the shell does */
		OT_TRY(ot_pickle_db_run(db, "PRAGMA synchronous=OFF"));
		OT_TRY(make_tables(db));
	}
	OT_TRY(check_version(db));
	return writable ? raise_version(db) : NULL;
}

static struct ot_err *check_file(const char *path, bool writable)
{
	struct stat st;
	bool exists = !stat(path, &st);

	if (!exists && !writable)
		return ot_err_errno("cannot open %s", path);
	if (exists && !S_ISREG(st.st_mode))
		return ot_err_new(OT_ERR_UNSUPPORTED, "%s is not a file", path);
	if (exists && access(path, writable ? R_OK | W_OK : R_OK))
		return ot_err_errno("cannot %s %s", writable ? "write" : "read", path);
	if (exists && !(writable && !st.st_size) && !ot_pickle_db_is(path))
		return ot_err_new(OT_ERR_UNSUPPORTED,
				  "%s is no file of contexts: it is not SQLite's", path);
	return NULL;
}

struct ot_err *ot_pickle_db_open(const char *path, bool writable, sqlite3 **ret)
{
	/* who writes may have been killed: then what it began has to be undone */
	ot_auto_free char *journal = ot_asprintf("%s-journal", path);
	int flags = writable		    ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
		    : access(journal, W_OK) ? SQLITE_OPEN_READONLY
					    : SQLITE_OPEN_READWRITE;
	struct ot_err *err;

	*ret = NULL;
	OT_TRY(check_file(path, writable));
	if (sqlite3_open_v2(path, ret, flags | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
		err = prepare_file(*ret, writable);
	else
		err = *ret ? ot_pickle_db_error(*ret) : ot_err_new(OT_ERR_SYSTEM, "no memory");
	if (!err)
		return NULL;
	sqlite3_close(ot_take(*ret));
	return ot_err_prefix(err, "%s", path);
}
