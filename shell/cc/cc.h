/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * otrace cc, otrace c++: clang with the otrace plugin.
 *
 * The command is a thin driver: it looks at the arguments only to learn what kind of run this is, puts its own in
 * front of them, and becomes the compiler. Everything the user wrote reaches the compiler unchanged and in order;
 * output, exit status and signals are the compiler's own.
 *
 * Environment:
 *   OTRACE_CC, OTRACE_CXX   the compiler, default clang-19 and clang++-19; may carry words ("ccache clang-19")
 *   OTRACE_PLUGIN           the plugin, default: the otrace.so that belongs to this otrace
 *   LIBRARY_PATH            the compiler gets it with the folder of libotrace.so behind
 */
#ifndef OT_CC_H
#define OT_CC_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Run the compiler. @p argv[0] is only a name, the user's arguments begin at @p argv[1].
 *
 * @return only when the compiler could not be started: 1 the arguments or the plugin are at fault,
 *         126 the compiler cannot be run, 127 it was not found; the reason is on standard error
 */
int ot_cc_main(int argc, char **argv, bool cplusplus);

/* ---- The parts, apart so that they can be tested ---- */

/** What the user's arguments amount to. */
struct ot_cc_facts {
	bool internal; /* begins with -cc1 or -cc1as: not the driver's language, hands off */
	bool links;    /* a link step will run */
	bool compiles; /* at least one source goes through the optimiser */
	bool debug;    /* debug information was asked for, and not taken back by -g0 */
	bool lto;      /* link-time optimisation was asked for */
	bool fat_lto;  /* with machine code beside the bitcode */
	const char *
		linker; /* what -fuse-ld= or --ld-path= chose last; NULL for the default; borrowed */
};

/** The command to run. */
struct ot_cc_plan {
	char **argv;	 /* NULL-terminated, each word owned */
	bool drop_debug; /* the plugin shall remove debug information once it has made the tables */
};

/** Words of a command line, growing. Zero is empty. */
struct ot_cc_words {
	char **word; /* NULL-terminated once anything was pushed, each word owned */
	size_t nr;
	size_t room;
};

/** Append a copy of @p word. */
void ot_cc_push(struct ot_cc_words *words, const char *word);

/** Append a copy of the formatted text. */
__attribute__((format(printf, 2, 3))) void ot_cc_pushf(struct ot_cc_words *words,
						       const char *format, ...);

/** Free the words and become empty. */
void ot_cc_words_deinit(struct ot_cc_words *words);

/**
 * Append the arguments with every @file replaced by the words in it, as the compiler will do, files in files
 * included. A file that cannot be read stays as it is (the compiler does the same).
 */
void ot_cc_expand(struct ot_cc_words *words, char *const *args);

/** Look at arguments already expanded. @p facts borrows from @p args. */
void ot_cc_look(char *const *args, struct ot_cc_facts *facts);

/**
 * Decide what to run.
 *
 * @param compiler the words that start the compiler, NULL-terminated, at least one
 * @param plugin   absolute path of the plugin
 * @param includes folders of otrace's headers, NULL-terminated; looked at after all others
 * @param args     the user's arguments, NULL-terminated, without a program name
 * @param ret      the command, released with ot_cc_plan_deinit(); untouched on failure
 * @return NULL, or why this cannot work, one or more lines, to be freed
 */
char *ot_cc_plan(char *const *compiler, const char *plugin, char *const *includes,
		 char *const *args, struct ot_cc_plan *ret);

/** Free what a plan owns. */
void ot_cc_plan_deinit(struct ot_cc_plan *plan);

/**
 * The plugin that belongs to an executable in the folder @p bindir.
 *
 * @return its path, to be freed, or NULL when there is none; then @p tried has the places looked at
 */
char *ot_cc_find_plugin(const char *bindir, struct ot_cc_words *tried);

/** Append the folders that an executable in @p bindir has headers of otrace in: installed, or of its build tree. */
void ot_cc_find_includes(const char *bindir, struct ot_cc_words *ret);

#endif
