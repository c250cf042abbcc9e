/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the user's arguments to the command that runs.
 */
#include "cc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* lld under any of its names: lld, lld-19, ld.lld, /opt/llvm/bin/ld.lld. */
static bool is_lld(const char *linker)
{
	return linker && strstr(base_name(linker), "lld");
}

/*
 * Our words for the compile steps. clang knows by itself which of them a step needs, and is told not to complain
 * about the others: a configure script reads standard error.
 *
 * Debug information that the user did not ask for is switched on for the compiler proper only (-Xclang). A plain -g
 * would also reach the assembler, where no plugin could take it away again.
 */
static void push_compile_words(struct ot_cc_words *words, const char *plugin, char *const *includes,
			       bool debug)
{
	ot_cc_push(words, "--start-no-unused-arguments");
	for (; includes && *includes; includes++) {
		ot_cc_push(words, "-idirafter");
		ot_cc_push(words, *includes);
	}
	ot_cc_pushf(words, "-fpass-plugin=%s", plugin);
	ot_cc_push(words, "-grecord-command-line");
	/* Without a flag of this family clang forgets no_instrument_function before the pass sees it.
	 * This one only marks functions; the pass takes the marks away again. */
	ot_cc_push(words, "-finstrument-function-entry-bare");
	if (!debug) {
		ot_cc_push(words, "-Xclang");
		ot_cc_push(words, "-debug-info-kind=constructor");
		ot_cc_push(words, "-Xclang");
		ot_cc_push(words, "-dwarf-version=5");
	}
	ot_cc_push(words, "--end-no-unused-arguments");
}

/*
 * With link-time optimisation the linker makes the code, so the plugin has to be in the linker. lld is always given
 * the plugin: bitcode may come out of an archive with no -flto in sight. Not so without anything to link: "-Wl,..."
 * counts as an input file, and "clang -v" would begin to link.
 */
static void push_link_words(struct ot_cc_words *words, const char *plugin,
			    const struct ot_cc_facts *facts)
{
	if (!facts->links)
		return;
	if (facts->lto && !facts->linker)
		ot_cc_push(words, "-fuse-ld=lld");
	if (facts->lto || is_lld(facts->linker))
		ot_cc_pushf(words, "-Wl,--load-pass-plugin=%s", plugin);
}

/* What must not be done, and why; NULL when all is well. */
static char *refusal(const struct ot_cc_facts *facts)
{
	char *text = NULL;
	int length = 0;

	if (facts->links && facts->lto && facts->linker && !is_lld(facts->linker))
		length = asprintf(
			&text,
			"-flto with the linker \"%s\" would make a program that cannot be traced.\n"
			"With -flto the linker generates the code, and of all linkers only lld can load "
			"the otrace\nplugin. Leave -fuse-ld/--ld-path out (lld is chosen then), or build "
			"without -flto.",
			facts->linker);
	else if (facts->compiles && facts->lto && facts->fat_lto)
		length = asprintf(
			&text,
			"-ffat-lto-objects would make objects that can be traced or not, as they are linked.\n"
			"The stubs come at the link of the bitcode; the machine code beside it has none. "
			"Leave\n-ffat-lto-objects out, or build without -flto.");
	if (length < 0)
		abort();
	return text;
}

char *ot_cc_plan(char *const *compiler, const char *plugin, char *const *includes,
		 char *const *args, struct ot_cc_plan *ret)
{
	struct ot_cc_words expanded = {0};
	struct ot_cc_words words = {0};
	struct ot_cc_facts facts;
	char *none[] = {NULL};
	char *reason;

	ot_cc_expand(&expanded, args);
	ot_cc_look(expanded.nr ? expanded.word : none, &facts);
	reason = refusal(&facts);
	if (!reason) {
		for (; *compiler; compiler++)
			ot_cc_push(&words, *compiler);
		if (!facts.internal) {
			push_compile_words(&words, plugin, includes, facts.debug);
			push_link_words(&words, plugin, &facts);
		}
		for (; *args; args++)
			ot_cc_push(&words, *args);
		ret->argv = words.word;
		ret->drop_debug = facts.compiles && !facts.debug;
	}
	ot_cc_words_deinit(&expanded);
	return reason;
}

void ot_cc_plan_deinit(struct ot_cc_plan *plan)
{
	if (!plan->argv)
		return;
	for (char **word = plan->argv; *word; word++)
		free(*word);
	free(plan->argv);
	plan->argv = NULL;
}
