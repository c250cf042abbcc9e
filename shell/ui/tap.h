/* SPDX-License-Identifier: BSD-2-Clause */
/** A copy of everything that the shell prints: `set echo_file` and otrace_set_echo(). */
#ifndef OT_UI_TAP_H
#define OT_UI_TAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct ot_tap;

/** Gets text as it is printed, whole lines or not. @param is_error it is for standard error */
typedef void ot_tap_fn(const char *text, size_t bytes, int is_error, void *context);

struct ot_tap *ot_tap_create(void);
void ot_tap_destroy(struct ot_tap *tap);

/** The file that a copy is appended to; "" = none. The same again opens one anew that was moved away. On failure
 * nothing has changed. */
struct ot_err *ot_tap_set_file(struct ot_tap *tap, const char *path);
/** NULL = nobody. */
void ot_tap_set_fn(struct ot_tap *tap, ot_tap_fn *fn, void *context);

/** Passes it on. Never waits for a reader: what a pipe does not take is lost, and counted. */
void ot_tap_write(struct ot_tap *tap, const char *text, size_t bytes, bool is_error);
/** Adds what the user should know and was not told yet, a line without newline. @return whether there was something */
bool ot_tap_news(struct ot_tap *tap, struct ot_buf *out);

#endif
