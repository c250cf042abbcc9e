/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Parameters: what `set` shows and sets. One table entry per parameter, with its type, what it is at
 * first, its bounds and its help; look-up, messages and completion walk that table. Whoever needs a
 * value reads the field of struct ot_params.
 */
#ifndef OT_PARAMS_H
#define OT_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ot_buf;
struct ot_shell;

enum ot_params_color { OT_COLOR_AUTO, OT_COLOR_ALWAYS, OT_COLOR_NEVER };

struct ot_params {
	bool assert_active;
	bool exec_lock;		     /* ui/execlock.h */
	bool post_mortem;	     /* threads that crash wait */
	bool fast_reads;	     /* conditions read by plain loads */
	unsigned int assert_context; /* 4096 bytes of stack each */
	bool pretty_print;
	unsigned int max_depth;
	unsigned int max_elements;
	uint64_t max_string; /* bytes */
	unsigned int width;  /* columns; 0 = the terminal's */
	unsigned int color;  /* enum ot_params_color */
	char *pager;	     /* "auto" = $PAGER or less; "" = none */
	char *editor;
	char *echo_file; /* gets a copy of all that is printed; "" = none */
	char *log_format;
	unsigned int log_level; /* enum ot_log_level */
	unsigned int log_lines; /* of traces a second at the prompt; 0 = all */
	char *log_remote;	/* a log server; "" = none */
	char *log_sink;
	unsigned int log_truncate; /* characters; 0 = off */
	uint64_t repeat_interval;  /* milliseconds */
	unsigned int history_size;
	unsigned int max_recent; /* contexts of a kind */
	uint64_t max_recent_bytes;
	char *pickle_file;	   /* "" = none */
	uint64_t pickle_max_bytes; /* of one context */
	uint64_t pickle_max_file;  /* bytes; 0 = any */
	bool safe_mode;
	unsigned int call_thread; /* its number; 0 = the runtime's own */
	char *osh_bin;
	char *add_env;
	bool trace_active;
	unsigned int trace_most; /* matches; 0 = any */
	unsigned int trace_rate; /* matches in a millisecond; 0 = any */
	uint64_t shell_timeout;	 /* milliseconds; 0 = none */
	uint64_t break_timeout;	 /* milliseconds; 0 = none */
	bool trace_related;	 /* calls that get tagged objects are recorded, too */
	bool save_tags;		 /* contexts of what tags are saved */
	bool tag_free;		 /* tags end with free() */
	bool tag_realloc;	 /* and follow realloc() */
};

enum ot_setting_kind {
	OT_SETTING_BOOL,     /* bool */
	OT_SETTING_UINT,     /* unsigned int, min to max */
	OT_SETTING_SIZE,     /* uint64_t bytes, min to max; k, M and G are understood */
	OT_SETTING_DURATION, /* uint64_t milliseconds, min to max; "0.2", "200ms", "5s", "2m", "1h" */
	OT_SETTING_ENUM,     /* unsigned int, the number of the word */
	OT_SETTING_TEXT	     /* char *, owned, never NULL */
};

struct ot_setting {
	const char *name; /* NULL ends the table */
	enum ot_setting_kind kind;
	size_t offset;	      /* of the field */
	const char *standard; /* what it is at first, as a user would write it */
	uint64_t min, max;
	const char *words; /* ENUM: separated by blanks, in the order of their numbers */
	const char *help;  /* one line, no full stop */
	/** Whether the value of @p params may become the shell's, and what else has to change then.
	 * May be NULL. @param shell may be NULL where only values are of interest */
	struct ot_err *(*apply)(struct ot_shell *shell, const struct ot_params *params);
	/** What there is to say once it is set: lines. May be NULL. */
	struct ot_err *(*remark)(struct ot_shell *shell, struct ot_buf *out);
};

extern const struct ot_setting ot_params_table[];

/** All parameters as they are at first. */
struct ot_params *ot_params_create(void);
void ot_params_destroy(struct ot_params *params);
/** What the shell's are; those of the table where it has none. */
const struct ot_params *ot_params_of(const struct ot_shell *shell);

/** The parameter of that name, or an error with the nearest names. */
struct ot_err *ot_setting_find(const char *name, const struct ot_setting **ret);

/**
 * Sets a parameter from text, "" = back to what it is at first (texts: to nothing).
 * @param shell what it acts on, may be NULL; its own params need not be @p params
 * On failure nothing has changed.
 */
struct ot_err *ot_setting_set(struct ot_params *params, const struct ot_setting *param,
			      const char *text, struct ot_shell *shell);
/** Acts on the shell again as its parameters are: what they depend on, the terminal say, has changed. */
void ot_params_apply(struct ot_shell *shell);
/** The value as ot_setting_set() would take it; texts as they are. */
void ot_setting_format(const struct ot_params *params, const struct ot_setting *param,
		       struct ot_buf *out);
/** What values it takes: "true or false", "1 to 1000", ... */
void ot_setting_format_kind(const struct ot_setting *param, struct ot_buf *out);
/** Offers the words that may be its value; nothing where any value may be. */
void ot_setting_words(const struct ot_setting *param, void (*offer)(void *priv, const char *word),
		      void *priv);

#endif
