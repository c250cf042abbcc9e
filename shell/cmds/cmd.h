/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A command is data: one constant table entry per command, in a file of its own, named in the one
 * list in cmd.c. Look-up, help and completion walk that list.
 *
 * A command writes its result into call->out (text, lines end in \n but for a last one, which may)
 * and, when it has a value, the same as JSON into call->json. It returns NULL or an error, which the
 * caller prints and frees. It never prints by itself: whoever runs it decides where text goes.
 */
#ifndef OT_CMD_H
#define OT_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/clean.h"

struct ot_aliases;
struct ot_breaks;
struct ot_contexts;
struct ot_buf;
struct ot_err;
struct ot_fn;
struct ot_history;
struct ot_holding;
struct ot_params;
struct ot_pickle;
struct ot_pickler;
struct ot_program;
struct ot_stream;
struct ot_tags;
struct ot_target;
struct ot_traces;
struct ot_ui;
struct ot_vfs;
struct ot_launch;
struct ot_map;
struct ot_shell;

/** One command line, taken apart. Everything is borrowed for the time of the call. */
struct ot_cmd_call {
	int argc;	  /* words, the command's own included */
	char **argv;	  /* shell quoting undone; argv[argc] is NULL */
	int plain_from;	  /* words from here on are no options, whatever they look like; 0 = none */
	const char *rest; /* text behind the command word as it was typed, blanks trimmed */
	struct ot_buf *out;
	struct ot_buf *json;  /* a JSON value, or left empty: the result event's "value" */
	struct ot_buf *cut;   /* what is not in the value, in words: ot_cmd_cut(); may be NULL */
	struct ot_buf *notes; /* remarks go here and not into the text: ot_cmd_note(); or NULL */
	bool redirected;      /* the text goes to a file or another command, not to a reader */
};

/** What a completion callback is asked and answers. */
struct ot_cmd_completion {
	int argc; /* words before the one being completed, the command's own included */
	char **argv;
	const char *word; /* what is there of the word, "" at its start */
	bool as_typed; /* word has its quotes and backslashes, and candidates get them: words of commands alone */
	/** Offers a candidate for the whole word; text that does not start with word is dropped. */
	void (*offer)(struct ot_cmd_completion *completion, const char *text);
	bool no_space; /* set: no blank behind a unique match (directories) */
	bool open;     /* set: a quote stays open behind it, more words belong to it */
	void *priv;
};

#define OT_CMD_NEEDS_PROGRAM 1u /* refused with a reason when no program is open */
#define OT_CMD_NEEDS_LIVE 2u	/* refused for program files, and after the program has ended */
#define OT_CMD_UNSAFE 4u	/* with arguments refused in safe mode, with the way out */
#define OT_CMD_RAW 8u		/* takes the whole rest of the line: `;`, `|` and `>` are its own */
#define OT_CMD_WAITS 16u	/* takes long on purpose: nothing is said about that */
#define OT_CMD_STOPS_LINE 64u	/* when it fails, commands behind it on the line are not run */
#define OT_CMD_LISTS 256u	/* alone it lists, also when nothing runs any more */
#define OT_CMD_LOOKS 128u	/* what has been recorded by now is read before */

struct ot_cmd {
	const char *name;
	const char *usage;   /* arguments alone: "[-q] [NAME...]"; "" = none, any are refused */
	const char *summary; /* one line, no full stop */
	const char *help;    /* more lines for `help NAME`, may be NULL */
	const char *options; /* words offered for a dash, separated by blanks: "-c -q" */
	unsigned int flags;  /* OT_CMD_* */
	const char *gone;    /* NEEDS_LIVE: what else is said when the program has ended, or NULL */
	struct ot_err *(*run)(struct ot_shell *shell, struct ot_cmd_call *call);
	void (*complete)(struct ot_shell *shell, struct ot_cmd_completion *completion);
};

/** What is patched now, oldest first. */
struct ot_patch {
	const struct ot_fn *fn;
	const struct ot_fn *with;
};

struct ot_patch_list {
	struct ot_patch *items;
	size_t nr;
	size_t cap;
};

/**
 * Everything a command can reach. Pointers are NULL where a session has no such thing (no program:
 * all of them but ui).
 */
struct ot_shell {
	struct ot_target *target;   /* target/target.h */
	struct ot_program *program; /* model/program.h: tables of the target */
	struct ot_vfs *vfs;	    /* vfs/vfs.h: the tree and the current directory */
	struct ot_stream *stream;   /* stream/stream.h: records of the trace area */
	struct ot_traces *traces;   /* stream/traces.h: what is traced now */
	struct ot_tags *tags;	    /* stream/tags.h: objects that are followed */
	uint32_t tags_watched;	    /* cmds/tagging.h: what the runtime was told to watch, + 1 */
	struct ot_launch *launch;   /* launch/launch.h: the process we started, else NULL */
	struct ot_breaks *breaks;   /* ui/breaks.h: threads that wait */
	struct ot_holding *holding; /* ui/holding.h: requests that are held */
	struct ot_ui *ui;	    /* ui/ui.h: where text goes */
	struct ot_history *history; /* expr/history.h: earlier results; NULL = none yet */
	/* contexts/contexts.h: what single calls were made with */
	struct ot_contexts *contexts;
	uint64_t execlock_ms;	    /* ui/execlock.h: records wait until then; 0 = they do not */
	struct ot_pickler *pickler; /* ui/pickling.h: what writes them to a file, or NULL */
	struct ot_pickle **pickles; /* files of them that are open */
	size_t nr_pickles;
	struct ot_patch_list patches;
	bool safe;	    /* no stores, calls or patches */
	bool interactive;   /* somebody sits at a prompt */
	bool quit;	    /* set by quit: leave after this command */
	int nr_failed;	    /* commands that failed so far */
	unsigned int width; /* columns to lay lists out in; 0 = one name a line */
	bool colours;	    /* text goes to a terminal that shows them, and they are wanted */

	/* the comforts */
	struct ot_map *told;	    /* cmds/shadow.h: what has been said once */
	struct ot_params *params;   /* params/params.h: what `set` sets */
	struct ot_aliases *aliases; /* cmds/aliases.h */
	struct ot_buf *capture;	    /* texts of results go here and not to ui; or NULL */
	struct ot_buf *notes;	    /* what a reader of that text has no use for; or NULL */
	const struct ot_script_place *place; /* the line of a file that is run, or NULL */
	unsigned int terminal_width;	     /* of the terminal, whatever width is; 0 = none */
	bool terminal_colours;		     /* the terminal, if any, shows colours */
	bool confined; /* no files are written or sourced, no commands of the machine are run */
	int depth;     /* of lines run by lines */
};

/** Where a line comes from; errors name it. */
struct ot_script_place {
	const char *file;
	unsigned int line;
	const struct ot_script_place *outer; /* what sourced it, or NULL */
};

/** All commands in the order of help, ended by NULL. */
extern const struct ot_cmd *const ot_cmds[];

const struct ot_cmd *ot_cmd_find(const char *name);

/**
 * Runs one line: commands separated by `;` outside quotes, each with `| COMMAND` or `> FILE` behind it.
 * `pr`, expressions, `exec` and what the machine's shell gets take the whole rest of the line. A first
 * word that is no command makes an expression below /osh, and a command of the machine elsewhere.
 * What follows a cd that failed is not run. Results go to shell->ui.
 * @return number of commands that failed (their errors have been shown)
 */
int ot_cmd_line(struct ot_shell *shell, const char *line);

/** What a first word means where we are. */
enum ot_cmd_meaning { OT_CMD_IS_COMMAND, OT_CMD_IS_EXPRESSION, OT_CMD_IS_UNIX };

/** @param cmd_ret the command; pr for expressions, NULL for the machine's */
enum ot_cmd_meaning ot_cmd_meaning(const struct ot_shell *shell, const char *text,
				   const struct ot_cmd **cmd_ret);
/** Whether a command of ours means the machine's outside /osh. */
bool ot_cmd_is_unix_outside(const char *name);

/**
 * Offers what may stand where a line ends.
 * @param before     the line in front of the word
 * @param completion word, offer and priv are the caller's, argc and argv are not
 */
void ot_cmd_complete(struct ot_shell *shell, const char *before,
		     struct ot_cmd_completion *completion);

/**
 * A remark on the result, for people: "(...)" behind the text, or on standard error when the text goes
 * to a command or a file.
 */
void ot_cmd_note(struct ot_cmd_call *call, const char *format, ...) OT_PRINTF(2, 3);
/** Notes that a list does not have all there is, "9 more elements", and says so in the JSON. */
void ot_cmd_cut(struct ot_cmd_call *call, const char *what);
/** Hands notes of a text that was sent away to whoever waits for them: the user, or the line around. */
void ot_cmd_deliver_notes(struct ot_shell *shell, struct ot_cmd_call *call,
			  const struct ot_buf *notes);

/** Whether the program has ended, or was left: what there is of it is the last there is. */
bool ot_cmd_is_over(const struct ot_shell *shell);

/** Whether Ctrl-C came: then that is the answer, and what was written of another is thrown away. */
struct ot_err *ot_cmd_check_interrupt(struct ot_cmd_call *call);

/** Whether a word is an option: begins with a dash that is not all of it, and stands before a `--`, which has been
 * taken out. */
bool ot_cmd_is_option(const struct ot_cmd_call *call, int at);

/** The error for a word that is none of the command's options: those that it has, and the nearest. */
struct ot_err *ot_cmd_no_option(const struct ot_cmd *cmd, const char *word);

/** The error of a confined shell, or NULL. */
struct ot_err *ot_cmd_check_confined(const struct ot_shell *shell);

/* Each entry lies in cmds/NAME.c. */
extern const struct ot_cmd ot_cmd_call, ot_cmd_cd, ot_cmd_cdls, ot_cmd_help, ot_cmd_log, ot_cmd_ls,
	ot_cmd_patch, ot_cmd_pr, ot_cmd_pwd, ot_cmd_quit, ot_cmd_run, ot_cmd_status, ot_cmd_trace,
	ot_cmd_unpatch, ot_cmd_untrace, ot_cmd_view, ot_cmd_wait;
extern const struct ot_cmd ot_cmd_del, ot_cmd_rm, ot_cmd_save, ot_cmd_unpickle;
extern const struct ot_cmd ot_cmd_find_tree, ot_cmd_grep, ot_cmd_popd, ot_cmd_pushd, ot_cmd_swapd;
extern const struct ot_cmd ot_cmd_resume;
extern const struct ot_cmd ot_cmd_alias, ot_cmd_exec, ot_cmd_interrupt, ot_cmd_pipe, ot_cmd_repeat,
	ot_cmd_set, ot_cmd_source;
extern const struct ot_cmd ot_cmd_tag, ot_cmd_untag;
extern const struct ot_cmd ot_cmd_top;

#endif
