/* SPDX-License-Identifier: BSD-2-Clause */
/** The command line of the otrace command. */
#ifndef OT_UI_OPTIONS_H
#define OT_UI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum ot_mode {
	OT_MODE_RUN,
	OT_MODE_ATTACH,
	OT_MODE_OPEN,
	OT_MODE_PS,
	OT_MODE_CC,
	OT_MODE_CXX,
	OT_MODE_HELP,
	OT_MODE_VERSION
};

enum ot_safety { OT_SAFETY_DEFAULT, OT_SAFETY_SAFE, OT_SAFETY_UNSAFE };

/** -e or -x, in the order given. */
struct ot_script {
	bool is_file;
	const char *text; /* the command, or the file's name */
};

/** Everything is borrowed from argv but scripts. */
struct ot_options {
	enum ot_mode mode;
	struct ot_script *scripts;
	size_t nr_scripts;
	bool json;
	const char *json_file; /* NULL = the stream that belongs to the mode */
	enum ot_safety safety;
	bool go;
	bool no_init;
	bool guest; /* --guest: the terminal is another process's, which goes on using it */
	const char *function; /* -f */
	double seconds;	      /* --for; < 0 = not given */
	bool help_words;      /* the first word was "help": argv are commands to tell of */
	char **argv;	      /* program and arguments; PID, NAME or FILE */
	int argc;
};

/** Reads the command line. On failure the error is one about usage. */
struct ot_err *ot_options_parse(int argc, char **argv, struct ot_options *ret);
/** Whether @p word stands for a mode, as "attach" does. */
bool ot_options_is_mode(const char *word);
void ot_options_deinit(struct ot_options *options);

/** What --help prints. */
extern const char ot_options_help[];

#endif
