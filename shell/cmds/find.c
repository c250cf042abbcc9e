// SPDX-License-Identifier: BSD-2-Clause
// find and grep: names, types and values below a place of the tree.
#include <ctype.h>

#include "cmds/paths.h"
#include "ui/session.h"
#include "vfs/search.h"

#define MAX_DEPTH 64u

struct answer {
	struct ot_shell *shell;
	struct ot_cmd_call *call;
};

static bool interrupted(void *priv, size_t nr_nodes)
{
	struct answer *answer = priv;

	ot_ui_progress(answer->shell->ui, nr_nodes, 0);
	return ot_session_stop_asked(answer->shell);
}

static void found(void *priv, const char *path, const struct ot_node *node, const char *value)
{
	struct answer *answer = priv;
	struct ot_buf *json = answer->call->json;

	(void)node;
	ot_buf_adds(json, json->len > 1 ? "," : "");
	if (!value) {
		ot_buf_addf(answer->call->out, "%s\n", path);
		ot_buf_add_json(json, path, strlen(path));
		return;
	}
	ot_buf_addf(answer->call->out, "%s = %s\n", path, value);
	ot_buf_adds(json, "{\"path\":");
	ot_buf_add_json(json, path, strlen(path));
	ot_buf_adds(json, ",\"text\":");
	ot_buf_add_json(json, value, strlen(value));
	ot_buf_addc(json, '}');
}

static void OT_PRINTF(2, 3) cut(struct ot_cmd_call *call, const char *format, ...)
{
	ot_auto_free char *what = NULL;
	va_list args;

	va_start(args, format);
	what = ot_vasprintf(format, args);
	va_end(args);
	ot_cmd_cut(call, what);
}

/* What was not looked at is said: an empty answer shall not mean more than it does. */
static void tell_cuts(const struct ot_search *search, const struct ot_search_end *end,
		      struct ot_cmd_call *call)
{
	if (end->interrupted)
		cut(call, "interrupted after %zu places", end->nr_nodes);
	if (end->out_of_nodes)
		cut(call, "stopped after %zu places: start further down, or say less -depth",
		    end->nr_nodes);
	if (end->nr_too_deep)
		cut(call, "%zu directories at depth %u were not gone into: -depth %u does",
		    end->nr_too_deep, search->depth, search->depth + 1);
	if (end->elements_cut)
		cut(call, "of long arrays only the first elements were looked at");
	if (end->nr_unread)
		cut(call, "%zu pointers lead to memory that cannot be read", end->nr_unread);
}

static struct ot_err *search(struct ot_shell *shell, struct ot_cmd_call *call, const char *path,
			     struct ot_search *what)
{
	struct answer answer = {shell, call};
	struct ot_search_end end;
	struct ot_err *err;

	what->interrupted = interrupted;
	what->found = found;
	what->priv = &answer;
	what->max_nodes = OT_SEARCH_MAX_NODES;
	ot_buf_addc(call->json, '[');
	ot_target_look_begin(shell->target);
	err = ot_search_run(shell->vfs, path, what, &end);
	ot_target_look_end(shell->target);
	if (err) {
		ot_buf_reset(call->json);
		return err;
	}
	ot_buf_addc(call->json, ']');
	tell_cuts(what, &end, call);
	return NULL;
}

static struct ot_err *parse_depth(const char *word, unsigned int *ret)
{
	char *end;
	unsigned long depth = strtoul(word, &end, 10);

	if (*end || end == word || *word == '-' || depth < 1 || depth > MAX_DEPTH)
		return ot_err_new(OT_ERR_USAGE, "-depth needs a number from 1 to %u, not \"%s\"",
				  MAX_DEPTH, word);
	*ret = (unsigned int)depth;
	return NULL;
}

/* ------------------------------------------------------------------ find */

struct find_words {
	const char *path;
	const char *name;
	const char *type;
	unsigned int depth;
};

static struct ot_err *take_option(const struct ot_cmd *cmd, struct ot_cmd_call *call, int *at,
				  struct find_words *words)
{
	const char *option = call->argv[*at];
	const char *value = call->argv[*at + 1];

	if (strcmp(option, "-name") != 0 && strcmp(option, "-type") != 0 &&
	    strcmp(option, "-depth") != 0)
		return ot_cmd_no_option(cmd, option);
	if (!value)
		return ot_err_new(OT_ERR_USAGE, "%s %s: what?", cmd->name, option);
	(*at)++;
	if (!strcmp(option, "-depth"))
		return parse_depth(value, &words->depth);
	if (!strcmp(option, "-name"))
		words->name = value;
	else
		words->type = value;
	return NULL;
}

static struct ot_err *run_find(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct find_words words = {.path = ".", .depth = OT_SEARCH_DEPTH};
	struct ot_search what = {0};
	struct ot_type_pattern type = {0};
	bool has_path = false;
	struct ot_err *err;

	for (int i = 1; i < call->argc; i++) {
		if (ot_cmd_is_option(call, i)) {
			OT_TRY(take_option(&ot_cmd_find_tree, call, &i, &words));
			continue;
		}
		if (has_path)
			return ot_err_new(OT_ERR_USAGE, "find takes one path; quote types of more "
							"than one word: -type 'client *'");
		words.path = call->argv[i];
		has_path = true;
	}
	what.name = words.name;
	what.depth = words.depth;
	if (words.type) {
		OT_TRY(ot_type_pattern_init(shell->program, words.type, &type));
		what.type = &type;
	}
	err = search(shell, call, words.path, &what);
	ot_type_pattern_deinit(&type);
	return err;
}

/* Whether the word stands in the quotes of -type: one that is open begins with nothing or ends with a blank. */
static bool is_in_quotes(const struct ot_cmd_completion *completion)
{
	int last = completion->argc - 1;
	const char *word = last > 1 ? completion->argv[last] : "x";

	return (!*word || isspace((unsigned char)word[strlen(word) - 1])) &&
	       !strcmp(completion->argv[last - 1], "-type");
}

static void complete_find(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	completion->open = is_in_quotes(completion);
	if (completion->open ||
	    (completion->argc && !strcmp(completion->argv[completion->argc - 1], "-type")))
		ot_paths_complete_type(shell, completion);
	else
		ot_paths_complete(shell, completion);
}

const struct ot_cmd ot_cmd_find_tree = {
	.name = "find",
	.usage = "[PATH] [-name GLOB] [-type 'TYPE'] [-depth N]",
	.summary = "search the tree for names and types, through pointers",
	.help = "-name  wildcards are understood: find /osh/globals -name 'client*'\n"
		"-type  a C type, whatever it is called: typedefs and qualifiers are looked through;\n"
		"       wildcards where that is no type: 'list *', 'struct cli* *', 'char [16]'\n"
		"-depth how many steps from PATH (the current directory): 4 if not said\n"
		"Each thing is gone into once, in a context __up and __after, too, but not __live; long arrays are cut; what was left out is said. The\n"
		"paths can be given to cd and pr. Ctrl-C stops.",
	.options = "-name -type -depth",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_LOOKS,
	.run = run_find,
	.complete = complete_find,
};

/* ------------------------------------------------------------------ grep */

static struct ot_err *run_grep(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct find_words words = {.depth = OT_SEARCH_DEPTH};
	struct ot_search what = {0};

	for (int i = 1; i < call->argc; i++) {
		const char *word = call->argv[i];

		bool is_option = ot_cmd_is_option(call, i);

		if (is_option && !strcmp(word, "-depth"))
			OT_TRY(take_option(&ot_cmd_grep, call, &i, &words));
		else if (is_option && isalpha((unsigned char)word[1]) &&
			 strcmp(word, "-inf") != 0 && strcmp(word, "-nan") != 0)
			return ot_cmd_no_option(&ot_cmd_grep, word);
		else if (!what.value)
			what.value = word;
		else if (!words.path)
			words.path = word;
		else
			return ot_err_new(OT_ERR_USAGE, "grep takes a value and one path");
	}
	if (!what.value || !*what.value)
		return ot_err_new(OT_ERR_USAGE, "grep: which value?");
	what.depth = words.depth;
	return search(shell, call, words.path ? words.path : ".", &what);
}

const struct ot_cmd ot_cmd_grep = {
	.name = "grep",
	.usage = "VALUE [PATH] [-depth N]",
	.summary = "search the tree for values, through pointers",
	.help = "Values are compared as pr shows them: texts, numbers, enumerators, functions,\n"
		"addresses. A part is enough, but a number must be all of it; a VALUE with wildcards\n"
		"must match as a whole. -depth as in find.",
	.options = "-depth",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_LOOKS,
	.run = run_grep,
	.complete = ot_paths_complete,
};
