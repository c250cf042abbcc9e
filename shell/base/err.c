// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "base/err.h"

static struct ot_err *err_vnew(enum ot_err_code code, const char *format, va_list args)
	OT_PRINTF(2, 0);

static struct ot_err *err_vnew(enum ot_err_code code, const char *format, va_list args)
{
	struct ot_err *err = ot_alloc(sizeof(*err));

	err->code = code;
	err->position = -1;
	err->what = ot_vasprintf(format, args);
	return err;
}

struct ot_err *ot_err_new(enum ot_err_code code, const char *format, ...)
{
	struct ot_err *err;
	va_list args;

	va_start(args, format);
	err = err_vnew(code, format, args);
	va_end(args);
	return err;
}

struct ot_err *ot_err_errno(const char *format, ...)
{
	int number = errno;
	struct ot_err *err;
	va_list args;
	char *text;

	va_start(args, format);
	err = err_vnew(OT_ERR_SYSTEM, format, args);
	va_end(args);
	text = ot_asprintf("%s: %s", err->what, strerror(number));
	free(err->what);
	err->what = text;
	return err;
}

struct ot_err *ot_err_prefix(struct ot_err *err, const char *format, ...)
{
	va_list args;
	char *prefix;
	char *text;

	va_start(args, format);
	prefix = ot_vasprintf(format, args);
	va_end(args);
	text = ot_asprintf("%s: %s", prefix, err->what);
	free(prefix);
	free(err->what);
	err->what = text;
	return err;
}

struct ot_err *ot_err_suffix(struct ot_err *err, const char *format, ...)
{
	ot_auto_free char *what = err->what;
	ot_auto_free char *suffix = NULL;
	va_list args;

	va_start(args, format);
	suffix = ot_vasprintf(format, args);
	va_end(args);
	err->what = ot_asprintf("%s%s", what, suffix);
	return err;
}

struct ot_err *ot_err_at(struct ot_err *err, const char *where, int position)
{
	char *copy = ot_strdup(where);

	free(err->where);
	err->where = copy;
	err->position = position;
	return err;
}

void ot_err_near(struct ot_err *err, const char *name)
{
	for (int i = 0; i < err->nr_nearest; i++)
		if (!strcmp(err->nearest[i], name))
			return;
	if (err->nr_nearest < OT_ERR_NR_NEAREST)
		err->nearest[err->nr_nearest++] = ot_strdup(name);
}

/* Names in a sentence: "a, b or c". */
static void err_format_nearest(const struct ot_err *err, struct ot_buf *out)
{
	ot_buf_adds(out, err->code == OT_ERR_AMBIGUOUS ? "; choose " : "; did you mean ");
	for (int i = 0; i < err->nr_nearest; i++) {
		if (i)
			ot_buf_adds(out, i == err->nr_nearest - 1 ? " or " : ", ");
		ot_buf_adds(out, err->nearest[i]);
	}
	if (err->code != OT_ERR_AMBIGUOUS)
		ot_buf_addc(out, '?');
}

/* What was typed or pasted may hold bytes that a terminal obeys. */
static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static void format_mark(const struct ot_err *err, struct ot_buf *out)
{
	size_t blanks = 0;

	ot_buf_adds(out, "\n  ");
	for (int i = 0; err->where[i]; i++) {
		size_t before = out->len;

		if (err->where[i] == '\t')
			ot_buf_addc(out, ' ');
		else if (is_control(err->where[i]))
			ot_buf_addf(out, "\\x%02x", (unsigned int)err->where[i]);
		else
			ot_buf_addc(out, err->where[i]);
		if (i < err->position)
			blanks += out->len - before;
	}
	ot_buf_adds(out, "\n  ");
	ot_buf_pad(out, ' ', blanks);
	ot_buf_addc(out, '^');
}

void ot_err_format(const struct ot_err *err, struct ot_buf *out)
{
	ot_buf_adds(out, err->what);
	if (err->where && err->position < 0)
		ot_buf_addf(out, " (%s)", err->where);
	if (err->nr_nearest)
		err_format_nearest(err, out);
	if (err->where && err->position >= 0)
		format_mark(err, out);
}

void ot_err_destroy(struct ot_err *err)
{
	if (!err)
		return;
	free(err->what);
	free(err->where);
	for (int i = 0; i < err->nr_nearest; i++)
		free(err->nearest[i]);
	free(err);
}
