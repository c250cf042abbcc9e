/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/ownfd.h"
#include "base/quiet.h"
#include "ui/logsink.h"
#include "ui/remote.h"

#define FLUSH_BYTES (64u * 1024u)
#define FINISH_MS 2000
#define CUT_MARK "\xe2\x80\xa6" /* ... as one character */

enum kind { TO_STDERR, TO_FILE, TO_SYSLOG };

struct ot_logsink {
	enum kind kind;
	char *path; /* of the file, or NULL */
	int fd;
	int broken; /* errno of a write; until the sink is set again */
	bool said;
	struct ot_buf buf;	  /* for the file */
	struct ot_remote *remote; /* in place of kind, or NULL */
	struct ot_buf lines;	  /* for it */
	size_t nr_bytes;	  /* that it got since it was pumped last */
	uint64_t nr_lost;	  /* by one that was left */
	enum ot_log_level level;
	char *format;
	unsigned int truncate;
	int pid;
};

struct ot_logsink *ot_logsink_create(void)
{
	struct ot_logsink *log = ot_alloc(sizeof(*log));

	log->fd = -1;
	log->format = ot_strdup("");
	return log;
}

static void close_file(struct ot_logsink *log)
{
	ot_logsink_pump(log);
	ot_ownfd_close(log->fd);
	log->fd = -1;
	free(log->path);
	log->path = NULL;
}

void ot_logsink_destroy(struct ot_logsink *log)
{
	if (!log)
		return;
	close_file(log);
	ot_remote_destroy(log->remote);
	ot_buf_deinit(&log->buf);
	ot_buf_deinit(&log->lines);
	free(log->format);
	free(log);
}

/* ------------------------------------------------------------------ setting */

static struct ot_err *parse_sink(const char *sink, enum kind *kind_ret, const char **path_ret)
{
	static const char file[] = "file:";

	*path_ret = NULL;
	if (!*sink || !strcmp(sink, "stderr")) {
		*kind_ret = TO_STDERR;
	} else if (!strcmp(sink, "syslog")) {
		*kind_ret = TO_SYSLOG;
	} else if (!strncmp(sink, file, sizeof(file) - 1) && sink[sizeof(file) - 1]) {
		*kind_ret = TO_FILE;
		*path_ret = sink + sizeof(file) - 1;
	} else {
		return ot_err_new(OT_ERR_USAGE,
				  "log_sink is stderr, file:PATH or syslog, not \"%s\"", sink);
	}
	return NULL;
}

static struct ot_err *check_format(const char *format)
{
	for (const char *at = strchr(format, '%'); at; at = strchr(at + 2, '%'))
		if (!at[1] || !strchr("tifTplm%", at[1]))
			return ot_err_new(OT_ERR_USAGE, "log_format has no field \"%.2s\": %s", at,
					  OT_LOG_FIELDS);
	return NULL;
}

static bool is_open(const struct ot_logsink *log, const char *path)
{
	struct stat ours, there;

	return log->path && !strcmp(log->path, path) && !fstat(log->fd, &ours) &&
	       !stat(path, &there) && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

static struct ot_err *open_file(struct ot_logsink *log, const char *path)
{
	int fd;

	if (is_open(log, path))
		return NULL;
	/* not to wait for who reads a pipe */
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	if (fd < 0)
		return ot_err_new(OT_ERR_SYSTEM, "cannot append to %s: %s", path,
				  errno == ENXIO ? "nobody reads the pipe" : strerror(errno));
	fcntl(fd, F_SETFL, O_APPEND);
	if ((fd = ot_ownfd_take(fd)) < 0)
		return ot_err_new(OT_ERR_SYSTEM, "cannot append to %s: %s", path, strerror(errno));
	close_file(log);
	log->fd = fd;
	log->path = ot_strdup(path);
	log->broken = 0;
	log->said = false;
	return NULL;
}

/* The connection stays while the address does. */
static struct ot_err *find_remote(struct ot_logsink *log, const char *address,
				  struct ot_remote **ret)
{
	*ret = NULL;
	if (log->remote && !strcmp(ot_remote_address(log->remote), address))
		*ret = log->remote;
	return *ret || !*address ? NULL : ot_remote_create(address, ret);
}

static void change_remote(struct ot_logsink *log, struct ot_remote *remote)
{
	if (remote == log->remote)
		return;
	if (log->remote)
		log->nr_lost += ot_remote_finish(log->remote, FINISH_MS);
	ot_remote_destroy(log->remote);
	log->remote = remote;
}

struct ot_err *ot_logsink_set(struct ot_logsink *log, const struct ot_log_options *options)
{
	struct ot_remote *remote;
	struct ot_err *err = NULL;
	enum kind kind;
	const char *path;

	OT_TRY(parse_sink(options->sink, &kind, &path));
	OT_TRY(check_format(options->format));
	OT_TRY(find_remote(log, options->remote, &remote));
	if (kind == TO_FILE)
		err = open_file(log, path);
	else
		close_file(log);
	if (err) {
		if (remote != log->remote)
			ot_remote_destroy(remote);
		return err;
	}
	change_remote(log, remote);
	if (kind == TO_SYSLOG && log->kind != TO_SYSLOG)
		openlog("otrace", LOG_PID, LOG_USER);
	log->kind = kind;
	log->level = options->level;
	log->truncate = options->truncate;
	free(log->format);
	log->format = ot_strdup(options->format);
	return NULL;
}

void ot_logsink_set_pid(struct ot_logsink *log, int pid)
{
	log->pid = pid;
}

bool ot_logsink_wants(const struct ot_logsink *log, enum ot_log_level level)
{
	return level >= log->level;
}

bool ot_logsink_is_stderr(const struct ot_logsink *log)
{
	return log->kind == TO_STDERR && !log->remote;
}

bool ot_logsink_is_plain(const struct ot_logsink *log)
{
	return !*log->format && !log->truncate;
}

/* ------------------------------------------------------------------ formatting */

static void add_time(uint64_t time_ns, struct ot_buf *out)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm parts;
	char text[32];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
	ot_buf_addf(out, "%s.%06u", text, (unsigned int)(time_ns / 1000 % 1000000));
}

/* A line without its newline, cut into its id and the rest. */
struct line {
	const struct ot_log_text *of;
	const char *id;
	size_t id_bytes;
	const char *rest;
	size_t rest_bytes;
};

static void cut_line(const struct ot_log_text *of, const char *text, size_t bytes, struct line *ret)
{
	const char *blank = of->has_id ? memchr(text, ' ', bytes) : NULL;
	size_t id = blank ? (size_t)(blank - text) : of->has_id ? bytes : 0;
	size_t skip = blank ? id + 1 : id;

	*ret = (struct line){.of = of,
			     .id = text,
			     .id_bytes = id,
			     .rest = text + skip,
			     .rest_bytes = bytes - skip};
}

static void add_field(const struct ot_logsink *log, const struct line *line, char field,
		      struct ot_buf *out)
{
	static const char *const levels[] = {"info", "warning", "error"};

	if (field == 't')
		add_time(line->of->time_ns, out);
	else if (field == 'i')
		ot_buf_add(out, line->id, line->id_bytes);
	else if (field == 'f')
		ot_buf_adds(out, line->of->function ? line->of->function : "-");
	else if (field == 'T')
		ot_buf_add_u64(out, line->of->tid);
	else if (field == 'p')
		ot_buf_add_u64(out, (uint64_t)log->pid);
	else if (field == 'l')
		ot_buf_adds(out, levels[line->of->level]);
	else if (field == 'm')
		ot_buf_add(out, line->rest, line->rest_bytes);
	else
		ot_buf_addc(out, field);
}

static void add_fields(const struct ot_logsink *log, const struct line *line, struct ot_buf *out)
{
	for (const char *at = log->format; *at; at++) {
		if (*at == '%')
			add_field(log, line, *++at, out);
		else
			ot_buf_addc(out, *at);
	}
}

/* Where the character number @nr of what lies behind @begin begins; the end if there are fewer. */
static size_t character_at(const struct ot_buf *out, size_t begin, unsigned int nr)
{
	size_t at = begin;

	for (; at < out->len; at++)
		if ((out->data[at] & 0xc0) != 0x80 && !nr--)
			break;
	return at;
}

static void cut_off(const struct ot_logsink *log, size_t begin, struct ot_buf *out)
{
	if (!log->truncate || character_at(out, begin, log->truncate) == out->len)
		return;
	ot_buf_truncate(out, character_at(out, begin, log->truncate - 1));
	ot_buf_adds(out, CUT_MARK);
}

void ot_logsink_format(const struct ot_logsink *log, const struct ot_log_text *text,
		       struct ot_buf *out)
{
	const char *at = text->text, *end = at + text->bytes;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t bytes = (size_t)((newline ? newline : end) - at), begin = out->len;
		struct line line;

		cut_line(text, at, bytes, &line);
		if (*log->format)
			add_fields(log, &line, out);
		else
			ot_buf_add(out, at, bytes);
		cut_off(log, begin, out);
		ot_buf_addc(out, '\n');
		at += bytes + 1;
	}
}

/* ------------------------------------------------------------------ writing */

static void write_syslog(const struct ot_logsink *log, const struct ot_log_text *text)
{
	static const int priorities[] = {LOG_INFO, LOG_WARNING, LOG_ERR};
	ot_auto_buf struct ot_buf lines = OT_BUF_INIT;
	const char *at, *end;

	ot_logsink_format(log, text, &lines);
	for (at = ot_buf_text(&lines); (end = strchr(at, '\n')); at = end + 1)
		syslog(priorities[text->level], "%.*s", (int)(end - at), at);
}

static void write_remote(struct ot_logsink *log, const struct ot_log_text *text)
{
	const char *at, *end;

	ot_logsink_format(log, text, &log->lines);
	for (at = ot_buf_text(&log->lines); (end = strchr(at, '\n')); at = end + 1)
		ot_remote_add(log->remote, at, (size_t)(end + 1 - at));
	log->nr_bytes += log->lines.len;
	ot_buf_reset(&log->lines);
	if (log->nr_bytes < FLUSH_BYTES)
		return;
	log->nr_bytes = 0;
	ot_remote_pump(log->remote);
}

void ot_logsink_write(struct ot_logsink *log, const struct ot_log_text *text)
{
	if (log->remote) {
		write_remote(log, text);
		return;
	}
	if (log->kind == TO_SYSLOG)
		write_syslog(log, text);
	if (log->kind != TO_FILE)
		return;
	ot_logsink_format(log, text, &log->buf);
	if (log->buf.len > FLUSH_BYTES)
		ot_logsink_pump(log);
}

int ot_logsink_pause_ms(const struct ot_logsink *log, int wait_ms)
{
	return log->remote ? ot_remote_pause_ms(log->remote, wait_ms) : wait_ms;
}

bool ot_logsink_news(struct ot_logsink *log, struct ot_buf *out)
{
	if (log->nr_lost) {
		ot_buf_addf(out, "%llu line%s of the log did not reach the server",
			    (unsigned long long)log->nr_lost, log->nr_lost == 1 ? "" : "s");
		log->nr_lost = 0;
		return true;
	}
	return log->remote && ot_remote_news(log->remote, out);
}

uint64_t ot_logsink_finish(struct ot_logsink *log)
{
	return log->remote ? ot_remote_finish(log->remote, FINISH_MS) : 0;
}

void ot_logsink_pump(struct ot_logsink *log)
{
	size_t at = 0;

	if (log->remote)
		ot_remote_pump(log->remote);
	/* inside a program the number may be another's file by now */
	if (log->buf.len && !log->broken && !ot_ownfd_is(log->fd))
		log->broken = EBADF;
	while (at < log->buf.len && !log->broken) {
		ssize_t n = ot_quiet_write(log->fd, log->buf.data + at, log->buf.len - at);

		if (n >= 0)
			at += (size_t)n;
		else if (errno != EINTR)
			log->broken = errno;
	}
	ot_buf_reset(&log->buf);
}

int ot_logsink_flush(struct ot_logsink *log)
{
	ot_logsink_pump(log);
	if (!log->broken || log->said)
		return 0;
	log->said = true;
	return log->broken;
}
