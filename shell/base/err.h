/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Errors of the shell: NULL is success, anything else belongs to the caller, who passes it on or
 * destroys it. Outputs of a function that failed are untouched.
 *
 *	struct ot_err *err = ot_err_new(OT_ERR_NOT_FOUND, "no function \"%s\"", name);
 *	ot_err_near(err, "main");
 *	...
 *	OT_TRY(ot_vfs_find(...));	returns the error to our own caller
 */
#ifndef OT_BASE_ERR_H
#define OT_BASE_ERR_H

#include "base/buf.h"
#include "base/clean.h"

enum ot_err_code {
	OT_ERR_OTHER,
	OT_ERR_USAGE,	    /* the command line is wrong */
	OT_ERR_SYNTAX,	    /* an expression is wrong; position says where */
	OT_ERR_TYPE,	    /* an expression cannot be applied to these types */
	OT_ERR_NOT_FOUND,   /* no such name; nearest names may be attached */
	OT_ERR_AMBIGUOUS,   /* several things have this name; they are attached */
	OT_ERR_FAULT,	    /* memory of the program cannot be read */
	OT_ERR_OPTIMIZED,   /* the compiler left nothing to look at */
	OT_ERR_DAMAGED,	    /* a table, a file or a message is not what it should be */
	OT_ERR_VERSION,	    /* made by another version */
	OT_ERR_UNSUPPORTED, /* not possible with this kind of target */
	OT_ERR_SAFE,	    /* not allowed in safe mode */
	OT_ERR_GONE,	    /* the program ended or the connection broke */
	OT_ERR_SILENT,	    /* the program does not answer, or the wait was interrupted */
	OT_ERR_SYSTEM	    /* a system call failed */
};

#define OT_ERR_NR_NEAREST 6

struct ot_err {
	enum ot_err_code code;
	char *what;   /* one line, no full stop, no newline */
	char *where;  /* file, path or expression it is about, or NULL */
	int position; /* byte in where that it is about, or -1 */
	int nr_nearest;
	char *nearest[OT_ERR_NR_NEAREST];
};

/** A new error. @p format gives what. */
struct ot_err *ot_err_new(enum ot_err_code code, const char *format, ...)
	OT_PRINTF(2, 3) OT_NEVER_NULL;
/** As ot_err_new() with ": " and the text of errno behind it. */
struct ot_err *ot_err_errno(const char *format, ...) OT_PRINTF(1, 2) OT_NEVER_NULL;
/** Puts "text: " before what; returns @p err. */
struct ot_err *ot_err_prefix(struct ot_err *err, const char *format, ...)
	OT_PRINTF(2, 3) OT_NEVER_NULL;
/** Puts text behind what, as it is given; returns @p err. */
struct ot_err *ot_err_suffix(struct ot_err *err, const char *format, ...)
	OT_PRINTF(2, 3) OT_NEVER_NULL;
/** Says where; @p where is copied, position -1 = all of it. Returns @p err. */
struct ot_err *ot_err_at(struct ot_err *err, const char *where, int position) OT_NEVER_NULL;
/** Adds a name that may have been meant; copied; more than OT_ERR_NR_NEAREST are dropped. */
void ot_err_near(struct ot_err *err, const char *name);
/** Adds the error to @p out, one line without newline; with a position a second line and a mark. */
void ot_err_format(const struct ot_err *err, struct ot_buf *out);
/** Frees; NULL is fine. */
void ot_err_destroy(struct ot_err *err);

static inline void ot_cleanup_err(struct ot_err **err)
{
	ot_err_destroy(*err);
}

#define ot_auto_err __attribute__((cleanup(ot_cleanup_err)))

/** Returns the error of @p call, if any, to our own caller. */
#define OT_TRY(call)                                \
	do {                                        \
		struct ot_err *ot_try_err = (call); \
		if (ot_try_err)                     \
			return ot_try_err;          \
	} while (0)

#endif
