/* SPDX-License-Identifier: BSD-2-Clause */
/** For the files of pickle/ only: SQLite, with our errors. */
#ifndef OT_PICKLE_DB_H
#define OT_PICKLE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** Whether a file begins as an SQLite database does. */
bool ot_pickle_db_is(const char *path);
/**
 * Opens a file of contexts.
 * @param writable it is made, or what is added comes to what is there
 */
struct ot_err *ot_pickle_db_open(const char *path, bool writable, sqlite3 **ret);
/** What SQLite says is wrong. */
struct ot_err *ot_pickle_db_error(sqlite3 *db);
struct ot_err *ot_pickle_db_run(sqlite3 *db, const char *sql);
struct ot_err *ot_pickle_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret);
/** @param row_ret whether there is one */
struct ot_err *ot_pickle_db_step(sqlite3_stmt *statement, bool *row_ret);
/** Runs one that has no rows, and makes it ready again. */
struct ot_err *ot_pickle_db_do(sqlite3_stmt *statement);

/* Numbers of 64 bits keep their bits. */
void ot_pickle_db_set(sqlite3_stmt *statement, int at, uint64_t number);
void ot_pickle_db_set_text(sqlite3_stmt *statement, int at, const char *text);
/** @param bytes stays until the statement was run */
void ot_pickle_db_set_bytes(sqlite3_stmt *statement, int at, const void *bytes, size_t nr);
uint64_t ot_pickle_db_get(sqlite3_stmt *statement, int at);
/** Whether a terminal shows it and does nothing. */
bool ot_pickle_db_is_plain(const char *text);
/** Never NULL. */
const char *ot_pickle_db_text(sqlite3_stmt *statement, int at);

static inline void ot_cleanup_statement(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

#define ot_auto_statement __attribute__((cleanup(ot_cleanup_statement)))

#endif
