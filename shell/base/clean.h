/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Scope guards: a local variable that frees what it holds when it goes out of scope, and memory
 * that is there or ends the command.
 */
#ifndef OT_BASE_CLEAN_H
#define OT_BASE_CLEAN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define OT_NR(array) (sizeof(array) / sizeof((array)[0]))
#define OT_PRINTF(nr, first) __attribute__((format(printf, nr, first)))
#define OT_MUST_CHECK __attribute__((warn_unused_result))
#define OT_NEVER_NULL __attribute__((returns_nonnull))
#define OT_UNUSED __attribute__((unused))

static inline void ot_cleanup_free(void *where)
{
	free(*(void **)where);
}

static inline void ot_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define ot_auto_free __attribute__((cleanup(ot_cleanup_free)))
#define ot_auto_close __attribute__((cleanup(ot_cleanup_close)))

/** Gives away what a guarded pointer holds: the guard then has nothing to free. */
#define ot_take(pointer)                                  \
	({                                                \
		__typeof__(pointer) ot_taken = (pointer); \
		(pointer) = NULL;                         \
		ot_taken;                                 \
	})

/** Prints "otrace: ..." and ends the process with status 125: for what nobody can go on after. */
_Noreturn void ot_fatal(const char *format, ...) OT_PRINTF(1, 2);

/** Memory, zeroed; never NULL. Free with free(). */
void *ot_alloc(size_t bytes) OT_NEVER_NULL;
/**
 * Memory for a table that is used from end to end, zeroed; never NULL. Free with free(). A large one lies in
 * large pages where the system has them: one fault in place of 512.
 */
void *ot_alloc_table(size_t nr, size_t bytes) OT_NEVER_NULL;
/** Asks for large pages behind memory that will be used. */
void ot_use_large_pages(void *at, size_t bytes);
#define OT_LARGE_PAGE_BYTES ((size_t)2 << 20)
/** As realloc() for nr elements of bytes each; never NULL, sizes that overflow end the process. */
void *ot_realloc(void *old, size_t nr, size_t bytes) OT_NEVER_NULL;
char *ot_strdup(const char *text) OT_NEVER_NULL;
char *ot_strndup(const char *text, size_t bytes) OT_NEVER_NULL;
/** Text as printf() would write it, on the heap. */
char *ot_asprintf(const char *format, ...) OT_PRINTF(1, 2) OT_NEVER_NULL;
char *ot_vasprintf(const char *format, va_list args) OT_PRINTF(1, 0) OT_NEVER_NULL;

#endif
