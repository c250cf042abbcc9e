/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outside of otrace cc: environment, files, and becoming the compiler.
 */
#include "cc.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The major version of LLVM that the plugin was built for; the build says it. */
#ifndef OT_LLVM_MAJOR
#define OT_LLVM_MAJOR "19"
#endif

/* Where the plugin is, seen from the folder of the executable, in a build tree and when installed. */
#ifndef OT_CC_PLUGIN_FROM_BIN
#define OT_CC_PLUGIN_FROM_BIN "../lib/otrace.so"
#endif

/* Where the headers are in a build tree, seen from the folder of the executable. */
#ifndef OT_CC_INCLUDES_FROM_BIN
#define OT_CC_INCLUDES_FROM_BIN "../../runtime/include", "../../shell/include"
#endif

/* Tells the plugin, which runs inside the compiler, that debug information has to go. */
#define DROP_DEBUG "OTRACE_DROP_DEBUG"

char *ot_cc_find_plugin(const char *bindir, struct ot_cc_words *tried)
{
	static const char *const from_bin[] = {OT_CC_PLUGIN_FROM_BIN, "../lib/otrace.so",
					       "../lib/otrace/otrace.so"};

	for (size_t i = 0; i < sizeof(from_bin) / sizeof(from_bin[0]); i++) {
		char *path;

		if (i > 0 && strcmp(from_bin[i], from_bin[0]) == 0)
			continue;
		ot_cc_pushf(tried, "%s/%s", bindir, from_bin[i]);
		path = realpath(tried->word[tried->nr - 1], NULL);
		if (path)
			return path;
	}
	return NULL;
}

static bool has(const char *folder, const char *name)
{
	struct ot_cc_words path = {0};
	bool there;

	ot_cc_pushf(&path, "%s/%s", folder, name);
	there = access(path.word[0], R_OK) == 0;
	ot_cc_words_deinit(&path);
	return there;
}

static bool add_include(struct ot_cc_words *ret, const char *bindir, const char *from_bin,
			const char *header)
{
	struct ot_cc_words path = {0};
	char *folder;

	ot_cc_pushf(&path, "%s/%s", bindir, from_bin);
	folder = realpath(path.word[0], NULL);
	ot_cc_words_deinit(&path);
	if (folder && !has(folder, header)) {
		free(folder);
		folder = NULL;
	}
	if (folder)
		ot_cc_push(ret, folder);
	free(folder);
	return folder != NULL;
}

void ot_cc_find_includes(const char *bindir, struct ot_cc_words *ret)
{
	static const char *const from_bin[] = {OT_CC_INCLUDES_FROM_BIN};

	if (add_include(ret, bindir, "../include", "otrace/otrace.h"))
		return;
	add_include(ret, bindir, from_bin[0], "otrace/otrace.h");
	add_include(ret, bindir, from_bin[1], "otrace/shell.h");
}

/* -lotrace is found where the plugin lies, after the folders that the user names. False: errno says why not. */
static bool add_library_path(const char *plugin)
{
	const char *before = getenv("LIBRARY_PATH");
	int bytes = (int)(strrchr(plugin, '/') - plugin);
	struct ot_cc_words value = {0};
	bool done = true;

	ot_cc_pushf(&value, "%.*s", bytes, plugin);
	if (before && *before)
		ot_cc_pushf(&value, "%s:%s", before, value.word[0]);
	if (has(value.word[0], "libotrace.so") || has(value.word[0], "libotrace.a"))
		done = !setenv("LIBRARY_PATH", value.word[value.nr - 1], 1);
	ot_cc_words_deinit(&value);
	return done;
}

/* The folder of this very executable, into @p buf, or NULL. */
static const char *own_folder(char buf[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", buf, PATH_MAX - 1);
	char *slash;

	if (length < 0)
		return NULL;
	buf[length] = '\0';
	slash = strrchr(buf, '/');
	if (slash)
		*slash = '\0';
	return buf;
}

/* The plugin's absolute path, to be freed; NULL after having said why there is none. */
static char *plugin_path(const char *name)
{
	struct ot_cc_words tried = {0};
	const char *chosen = getenv("OTRACE_PLUGIN");
	const char *folder;
	char buf[PATH_MAX];
	char *path;

	if (chosen && *chosen) {
		path = realpath(chosen, NULL);
		if (!path)
			fprintf(stderr, "%s: the plugin %s, named by OTRACE_PLUGIN: %s\n", name,
				chosen, strerror(errno));
		return path;
	}
	folder = own_folder(buf);
	path = folder ? ot_cc_find_plugin(folder, &tried) : NULL;
	if (!path) {
		fprintf(stderr, "%s: the compiler plugin otrace.so was not found; looked for\n",
			name);
		for (size_t i = 0; i < tried.nr; i++)
			fprintf(stderr, "  %s\n", tried.word[i]);
		fprintf(stderr,
			"Build or install otrace again (make, make install), or name the plugin in OTRACE_PLUGIN.\n");
	}
	ot_cc_words_deinit(&tried);
	return path;
}

/* The words that start the compiler: a program as it is, or several words with blanks between. */
static void compiler_words(struct ot_cc_words *words, bool cplusplus)
{
	const char *chosen = getenv(cplusplus ? "OTRACE_CXX" : "OTRACE_CC");
	char *copy;
	char *rest;

	if (!chosen || !chosen[strspn(chosen, " \t")]) {
		ot_cc_push(words, cplusplus ? "clang++-" OT_LLVM_MAJOR : "clang-" OT_LLVM_MAJOR);
		return;
	}
	ot_cc_push(words, chosen);
	if (strchr(chosen, '/') && access(chosen, X_OK) == 0)
		return;
	copy = words->word[0];
	*words = (struct ot_cc_words){0};
	for (char *word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
		ot_cc_push(words, word);
	free(copy);
}

/* Becomes the compiler. Returns only when that failed: the exit status, after having said why. */
static int become(const char *name, bool cplusplus, char **argv)
{
	int error;

	execvp(argv[0], argv);
	error = errno;
	fprintf(stderr, "%s: cannot run the compiler %s: %s\n", name, argv[0], strerror(error));
	if (error == ENOENT)
		fprintf(stderr,
			"Install it (Debian: apt-get install clang-" OT_LLVM_MAJOR
			"), or name a clang " OT_LLVM_MAJOR " in %s.\n",
			cplusplus ? "OTRACE_CXX" : "OTRACE_CC");
	return error == ENOENT ? 127 : 126;
}

int ot_cc_main(int argc, char **argv, bool cplusplus)
{
	const char *name = cplusplus ? "otrace c++" : "otrace cc";
	struct ot_cc_words compiler = {0};
	struct ot_cc_words includes = {0};
	struct ot_cc_plan plan = {0};
	char buf[PATH_MAX];
	char *none[] = {NULL};
	int status = 1;
	char *plugin;
	char *reason;

	plugin = plugin_path(name);
	if (!plugin)
		return status;
	compiler_words(&compiler, cplusplus);
	if (own_folder(buf))
		ot_cc_find_includes(buf, &includes);
	reason =
		ot_cc_plan(compiler.word, plugin, includes.word, argc > 1 ? argv + 1 : none, &plan);
	if (reason) {
		fprintf(stderr, "%s: %s\n", name, reason);
	} else if ((plan.drop_debug ? setenv(DROP_DEBUG, "1", 1) : unsetenv(DROP_DEBUG)) ||
		   !add_library_path(plugin)) {
		fprintf(stderr, "%s: cannot change the environment: %s\n", name, strerror(errno));
	} else {
		status = become(name, cplusplus, plan.argv);
	}
	free(reason);
	free(plugin);
	ot_cc_plan_deinit(&plan);
	ot_cc_words_deinit(&includes);
	ot_cc_words_deinit(&compiler);
	return status;
}
