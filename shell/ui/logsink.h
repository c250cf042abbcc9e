/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Where lines of traces go and how they look: `set log_sink`, log_remote, log_level, log_format, log_truncate. JSON and
 * the answers of commands do not come here.
 */
#ifndef OT_UI_LOGSINK_H
#define OT_UI_LOGSINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct ot_logsink;

enum ot_log_level {
	OT_LOG_INFO,	/* calls and returns */
	OT_LOG_WARNING, /* calls that ended badly, failed assertions, records that were lost */
	OT_LOG_ERROR	/* the program was killed */
};

struct ot_log_options {
	const char *sink;   /* "stderr" or "", "file:PATH", "syslog" */
	const char *remote; /* a log server in place of sink, see ot_remote_create(); "" = none */
	enum ot_log_level level; /* the least that is written */
	const char *format;	 /* "" = lines as they are; see ot_logsink_fields */
	unsigned int truncate;	 /* characters of a line, 0 = all */
};

/** One or several lines, each with its newline. */
struct ot_log_text {
	const char *text;
	size_t bytes;
	enum ot_log_level level;
	bool has_id;	      /* the first word is the id */
	uint64_t time_ns;     /* CLOCK_REALTIME */
	uint32_t tid;	      /* 0 = of none */
	const char *function; /* NULL = of none */
};

#define OT_LOG_FIELDS \
	"%t time, %i id, %f function, %T thread, %p process, %l level, %m the line without its id, %%"

struct ot_logsink *ot_logsink_create(void);
/** Writes what is left. */
void ot_logsink_destroy(struct ot_logsink *log);

/** On failure nothing has changed. A file that was moved away is opened anew. */
struct ot_err *ot_logsink_set(struct ot_logsink *log, const struct ot_log_options *options);
/** Of the program, for %p. */
void ot_logsink_set_pid(struct ot_logsink *log, int pid);

bool ot_logsink_wants(const struct ot_logsink *log, enum ot_log_level level);
/** Lines are for standard error, which is the caller's; ot_logsink_write() has nothing to do with it. */
bool ot_logsink_is_stderr(const struct ot_logsink *log);
/** Neither format nor truncation: ot_logsink_format() would add the text as it is. */
bool ot_logsink_is_plain(const struct ot_logsink *log);

/** Adds the lines as they are to look. */
void ot_logsink_format(const struct ot_logsink *log, const struct ot_log_text *text,
		       struct ot_buf *out);
/** Writes them to the file (with the next flush), the system's log, or what is sent to the server. */
void ot_logsink_write(struct ot_logsink *log, const struct ot_log_text *text);
/** Writes and sends what was collected, as far as it goes at once. */
void ot_logsink_pump(struct ot_logsink *log);
/** The same. @return 0, or errno of a write that failed, once: the lines since then are lost */
int ot_logsink_flush(struct ot_logsink *log);
/** When ot_logsink_flush() has something to do again; @p wait_ms at most. */
int ot_logsink_pause_ms(const struct ot_logsink *log, int wait_ms);
/** Adds what the user should know of the server, a line without newline. @return whether there was something */
bool ot_logsink_news(struct ot_logsink *log, struct ot_buf *out);
/** Sends what is left to the server, for a short time. @return how many lines were lost */
uint64_t ot_logsink_finish(struct ot_logsink *log);

#endif
