// SPDX-License-Identifier: BSD-2-Clause
#include "base/names.h"
#include "cmds/paths.h"

#define NAME_MAX_WIDTH 32u

/** What was asked for on the command line. */
struct options {
	bool details;	/* -l */
	bool itself;	/* -d: a directory as an entry, not what is in it */
	bool functions; /* -f, -v, -c: only these */
	bool variables;
	bool types;
};

static bool set_option(struct options *options, char letter)
{
	switch (letter) {
	case 'l':
		options->details = true;
		return true;
	case 'd':
		options->itself = true;
		return true;
	case 'f':
		options->functions = true;
		return true;
	case 'v':
		options->variables = true;
		return true;
	case 'c':
		options->types = true;
		return true;
	default:
		return false;
	}
}

static struct ot_err *parse_options(struct ot_cmd_call *call, int *first, struct options *ret)
{
	for (; *first < call->argc && call->argv[*first][0] == '-' && call->argv[*first][1];
	     (*first)++)
		for (const char *letter = call->argv[*first] + 1; *letter; letter++)
			if (!set_option(ret, *letter))
				return ot_err_new(OT_ERR_USAGE,
						  "ls has no option -%c; it has -l -d -f -v -c",
						  *letter);
	return NULL;
}

static bool wanted(const struct options *options, const struct ot_node *node)
{
	if (!options->functions && !options->variables && !options->types)
		return true;
	switch (node->kind) {
	case OT_NODE_FN:
		return options->functions;
	case OT_NODE_VALUE:
		return options->variables;
	case OT_NODE_TYPE:
		return options->types;
	default:
		return false;
	}
}

/* ------------------------------------------------------------------ what to list */

static void take_all(struct ot_node_list *from, const struct options *options,
		     struct ot_node_list *to)
{
	for (size_t i = 0; i < from->nr; i++) {
		if (wanted(options, &from->items[i]))
			ot_vec_push(to, from->items[i]);
		else
			ot_node_deinit(&from->items[i]);
	}
	from->nr = 0;
	ot_node_list_deinit(from);
}

/* One argument: what is in it when it is one directory, what it matches otherwise. */
static struct ot_err *collect(struct ot_shell *shell, const char *path,
			      const struct options *options, struct ot_node_list *ret)
{
	struct ot_node_list matched = {0};
	struct ot_node_list inside = {0};

	OT_TRY(ot_vfs_match(shell->vfs, path, &matched));
	if (matched.nr == 1 && !options->itself && strcmp(path, "~~") != 0 && !ot_glob_is(path) &&
	    ot_node_is_dir(&matched.items[0]) && matched.items[0].kind != OT_NODE_FN) {
		struct ot_err *err = ot_vfs_list(shell->vfs, &matched.items[0], &inside);

		ot_node_list_deinit(&matched);
		if (err)
			return err;
		take_all(&inside, options, ret);
		return NULL;
	}
	take_all(&matched, options, ret);
	return NULL;
}

/* ------------------------------------------------------------------ how to show it */

static void show_names(struct ot_shell *shell, const struct ot_node_list *list,
		       struct ot_cmd_call *call)
{
	ot_auto_free const char **names = ot_realloc(NULL, list->nr, sizeof(*names));

	for (size_t i = 0; i < list->nr; i++) {
		names[i] = list->items[i].name;
		ot_buf_adds(call->json, i ? "," : "");
		ot_buf_add_json(call->json, names[i], strlen(names[i]));
	}
	ot_columns_format(names, list->nr, shell->width, call->out);
}

static void show_details(struct ot_shell *shell, const struct ot_node_list *list,
			 struct ot_cmd_call *call)
{
	size_t width = 0;

	for (size_t i = 0; i < list->nr; i++) {
		size_t len = strlen(list->items[i].name);

		if (len > width && len <= NAME_MAX_WIDTH)
			width = len;
	}
	for (size_t i = 0; i < list->nr; i++) {
		const struct ot_node *node = &list->items[i];
		size_t len = strlen(node->name);
		ot_auto_buf struct ot_buf text = OT_BUF_INIT;

		ot_node_describe(shell->vfs, node, &text);
		ot_buf_adds(call->out, node->name);
		ot_buf_pad(call->out, ' ', (len < width ? width - len : 0) + 1);
		ot_buf_addf(call->out, "%s\n", ot_buf_text(&text));
		ot_buf_adds(call->json, i ? ",{\"name\":" : "{\"name\":");
		ot_buf_add_json(call->json, node->name, len);
		ot_buf_adds(call->json, ",\"text\":");
		ot_buf_add_json(call->json, ot_buf_text(&text), text.len);
		ot_buf_addc(call->json, '}');
	}
}

struct ot_err *ot_ls_run(struct ot_shell *shell, struct ot_cmd_call *call, int first)
{
	struct options options = {0};
	struct ot_node_list list = {0};
	struct ot_err *err = NULL;

	OT_TRY(parse_options(call, &first, &options));
	if (first == call->argc)
		err = collect(shell, ".", &options, &list);
	for (int i = first; i < call->argc && !err; i++)
		err = collect(shell, call->argv[i], &options, &list);
	if (!err) {
		ot_buf_addc(call->json, '[');
		if (options.details)
			show_details(shell, &list, call);
		else
			show_names(shell, &list, call);
		ot_buf_addc(call->json, ']');
	}
	ot_node_list_deinit(&list);
	return err;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	return ot_ls_run(shell, call, 1);
}

const struct ot_cmd ot_cmd_ls = {
	.name = "ls",
	.usage = "[-ldfvc] [PATH...]",
	.summary = "list names: what is in a directory, or what a wildcard matches",
	.help = "-l  with values, signatures and places; fields with offset and type\n"
		"-d  a directory itself, not what is in it\n"
		"-f -v -c  only functions, variables, types",
	.options = "-l -d -f -v -c",
	.flags = OT_CMD_NEEDS_PROGRAM,
	.run = run,
	.complete = ot_paths_complete,
};
