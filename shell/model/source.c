// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>
#include <md5.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "model/internal.h"
#include "model/source.h"

#define SOURCE_MAX_BYTES (64u << 20)
#define DECLARATION_MAX_LINES 2000u
#define HEAD_MAX_LINES 4

void ot_source_close(struct ot_source *source)
{
	free(source->path);
	free(source->text);
	memset(source, 0, sizeof(*source));
}

/* ------------------------------------------------------------------ finding */

static struct ot_err *read_file(const char *path, struct ot_source *ret)
{
	ot_auto_close int fd = -1;
	ot_auto_free char *text = NULL;
	struct stat st;
	size_t got = 0;

	OT_TRY(ot_file_open(path, true, &fd));
	if (fstat(fd, &st) || st.st_size > SOURCE_MAX_BYTES)
		return ot_err_new(OT_ERR_SYSTEM, "%s is not a source file", path);
	text = ot_alloc((size_t)st.st_size + 1);
	while (got < (size_t)st.st_size) {
		ssize_t nr = read(fd, text + got, (size_t)st.st_size - got);

		if (nr < 0)
			return ot_err_errno("cannot read %s", path);
		if (!nr)
			break;
		got += (size_t)nr;
	}
	ret->path = ot_strdup(path);
	ret->text = ot_take(text);
	ret->bytes = got;
	return NULL;
}

static bool has_changed(const struct ot_source *source, const struct ot_file *file)
{
	uint8_t sum[MD5_DIGEST_LENGTH];
	MD5_CTX md5;

	if (file->hash_kind != OTRACE_HASH_MD5)
		return false;
	MD5Init(&md5);
	MD5Update(&md5, (const uint8_t *)source->text, source->bytes);
	MD5Final(sum, &md5);
	return memcmp(sum, file->hash, sizeof(sum)) != 0;
}

/* Tries one place; keeps the first file found until one with the right sum is. True: done. */
static bool try_place(const struct ot_file *file, const char *directory, const char *name,
		      struct ot_source *best)
{
	bool is_absolute = *name == '/' || !directory || !*directory;
	ot_auto_free char *path =
		is_absolute ? ot_strdup(name) : ot_asprintf("%s/%s", directory, name);
	struct ot_source source = {0};
	ot_auto_err struct ot_err *err = read_file(path, &source);

	if (err)
		return false;
	source.changed = has_changed(&source, file);
	if (!best->text || !source.changed) {
		ot_source_close(best);
		*best = source;
	} else {
		ot_source_close(&source);
	}
	return !best->changed;
}

/* Directories that other files of the program were compiled in, for a header without one. */
static bool try_directories(const struct ot_program *program, const struct ot_file *file,
			    struct ot_source *best)
{
	const char *last = NULL;

	for (size_t i = 0; i < program->fns.nr; i++) {
		const struct ot_file *other = program->fns.items[i]->file;

		if (!other || !other->directory || other->directory == last)
			continue;
		last = other->directory;
		if (try_place(file, last, file->name, best))
			return true;
	}
	return false;
}

struct ot_err *ot_source_open(const struct ot_program *program, const struct ot_file *file,
			      struct ot_source *ret)
{
	const char *path = ot_target_path(program->target);
	const char *slash = path ? strrchr(path, '/') : NULL;
	ot_auto_free char *beside = slash ? ot_strndup(path, (size_t)(slash - path)) : NULL;
	struct ot_source best = {0};
	bool done = try_place(file, file->directory, file->name, &best) ||
		    try_place(file, NULL, file->name, &best) ||
		    (beside && try_place(file, beside, file->name, &best)) ||
		    (beside && try_place(file, beside, file->short_name, &best)) ||
		    try_place(file, NULL, file->short_name, &best);

	if (!done && !best.text)
		try_directories(program, file, &best);
	if (!best.text)
		return ot_err_new(OT_ERR_NOT_FOUND, "no source file %s%s%s%s", file->name,
				  file->directory ? " (compiled in " : "",
				  file->directory ? file->directory : "",
				  file->directory ? ")" : "");
	*ret = best;
	return NULL;
}

/* Debug information may have the directory in the name, where tables keep it apart. */
static bool is_named(const struct ot_file *file, const char *name)
{
	size_t len = file && file->directory ? strlen(file->directory) : 0;

	if (!file)
		return false;
	if (!strcmp(file->name, name))
		return true;
	return len && !strncmp(name, file->directory, len) && name[len] == '/' &&
	       !strcmp(name + len + 1, file->name);
}

const struct ot_file *ot_source_file_of_name(struct ot_program *program, const char *name)
{
	const char *slash = strrchr(name, '/');
	struct ot_file *file;

	for (size_t i = 0; i < program->fns.nr; i++)
		if (is_named(program->fns.items[i]->file, name))
			return program->fns.items[i]->file;
	for (size_t i = 0; i < program->vars.nr; i++)
		if (is_named(program->vars.items[i]->file, name))
			return program->vars.items[i]->file;
	file = ot_arena_alloc(&program->arena, sizeof(*file));
	file->name = name;
	file->short_name = slash ? slash + 1 : name;
	file->tree_name = name;
	return file;
}

/* ------------------------------------------------------------------ lines */

static const char *line_start(const struct ot_source *source, uint32_t line)
{
	const char *at = source->text;
	const char *end = source->text + source->bytes;

	while (line > 1 && at) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
		line--;
	}
	return at && at < end ? at : NULL;
}

/* Behind a comment, string or character that starts at @p at; @p at itself when none does. */
static const char *skip_token(const char *at)
{
	char quote = *at;
	const char *end;

	if (at[0] == '/' && at[1] == '*') {
		end = strstr(at + 2, "*/");
		return end ? end + 2 : at + strlen(at);
	}
	if (at[0] == '/' && at[1] == '/')
		return at + strcspn(at, "\n");
	if (quote != '"' && quote != '\'')
		return at;
	for (at++; *at && *at != quote && *at != '\n'; at++)
		if (*at == '\\' && at[1])
			at++;
	return *at ? at + 1 : at;
}

static uint32_t count_lines(const char *from, const char *to)
{
	uint32_t nr = 0;

	for (; from < to; from++)
		nr += *from == '\n';
	return nr;
}

uint32_t ot_source_declaration_end(const struct ot_source *source, uint32_t line)
{
	const char *at = line_start(source, line);
	uint32_t last = line;
	int depth = 0;

	while (at && *at && last - line < DECLARATION_MAX_LINES) {
		const char *behind = skip_token(at);

		if (behind != at) {
			last += count_lines(at, behind);
			at = behind;
			continue;
		}
		depth += *at == '{' || *at == '(';
		depth -= *at == '}' || *at == ')';
		/* a typedef's name and its ";" stand behind the brace */
		if (depth <= 0 && *at == ';')
			return last;
		last += *at == '\n';
		at++;
	}
	return last;
}

uint32_t ot_source_body_end(const struct ot_source *source, uint32_t line)
{
	const char *at = line_start(source, line);
	uint32_t last = line;
	int depth = 0;

	while (at && *at && last - line < DECLARATION_MAX_LINES) {
		const char *behind = skip_token(at);

		if (behind != at) {
			last += count_lines(at, behind);
			at = behind;
			continue;
		}
		depth += *at == '{';
		if (*at == '}' && --depth <= 0)
			return last;
		last += *at == '\n';
		at++;
	}
	return 0;
}

/* A line without the blanks around it. */
static const char *trimmed_line(const struct ot_source *source, uint32_t line, size_t *len)
{
	const char *at = line_start(source, line);
	size_t n = at ? strcspn(at, "\n") : 0;

	*len = 0;
	if (!at || !line)
		return "";
	while (n && isspace((unsigned char)*at)) {
		at++;
		n--;
	}
	while (n && isspace((unsigned char)at[n - 1]))
		n--;
	*len = n;
	return at;
}

static bool starts_with(const char *text, size_t len, const char *start)
{
	return len >= strlen(start) && !strncmp(text, start, strlen(start));
}

static bool ends_comment(const char *text, size_t len)
{
	return len >= 2 && text[len - 2] == '*' && text[len - 1] == '/';
}

static bool is_line_comment(const struct ot_source *source, uint32_t line)
{
	size_t len;
	const char *text = trimmed_line(source, line, &len);

	return starts_with(text, len, "//");
}

/* A line that can stand between a comment and the name of what is declared. */
static bool is_head(const char *text, size_t len)
{
	return len && !strchr(";{}#", text[len - 1]) && *text != '#' && !ends_comment(text, len) &&
	       !starts_with(text, len, "//");
}

bool ot_source_comment_above(const struct ot_source *source, uint32_t line, uint32_t *first_ret,
			     uint32_t *last_ret)
{
	uint32_t last = line > 0 ? line - 1 : 0;
	uint32_t first;
	size_t len;
	const char *text = trimmed_line(source, last, &len);

	for (int i = 0; i < HEAD_MAX_LINES && is_head(text, len); i++)
		text = trimmed_line(source, --last, &len);
	first = last;
	if (ends_comment(text, len)) {
		while (first && !memmem(text, len, "/*", 2))
			text = trimmed_line(source, --first, &len);
		/* behind code it is about that */
		if (!first || !starts_with(text, len, "/*"))
			return false;
	} else if (starts_with(text, len, "//")) {
		while (first > 1 && is_line_comment(source, first - 1))
			first--;
	} else {
		return false;
	}
	*first_ret = first;
	*last_ret = last;
	return true;
}

static struct ot_err *print_lines(const struct ot_source *source, uint32_t first, uint32_t last,
				  bool numbers, struct ot_buf *out)
{
	const char *at = line_start(source, first);
	const char *end = source->text + source->bytes;

	if (!at)
		return ot_err_new(OT_ERR_NOT_FOUND, "%s has no line %u", source->path, first);
	for (uint32_t line = first; line <= last && at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		if (numbers)
			ot_buf_addf(out, "%5u  ", line);
		ot_buf_add(out, at, len);
		ot_buf_addc(out, '\n');
		at += len + 1;
	}
	return NULL;
}

struct ot_err *ot_source_copy(const struct ot_source *source, uint32_t first, uint32_t last,
			      struct ot_buf *out)
{
	return print_lines(source, first, last, false, out);
}

struct ot_err *ot_source_print(const struct ot_source *source, uint32_t first, uint32_t last,
			       struct ot_buf *out)
{
	return print_lines(source, first, last, true, out);
}
