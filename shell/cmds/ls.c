// SPDX-License-Identifier: BSD-2-Clause
#include "base/names.h"
#include "cmds/lsshow.h"
#include "cmds/paths.h"

/* ------------------------------------------------------------------ options */

static bool set_option(struct ot_ls_options *options, char letter)
{
	switch (letter) {
	case 'a':
		options->all = true;
		return true;
	case 'l':
		options->details = true;
		return true;
	case 'd':
		options->itself = true;
		return true;
	case 't':
		options->by_time = true;
		return true;
	case 'f':
		options->kinds |= OT_LS_FUNCTIONS;
		return true;
	case 'v':
		options->kinds |= OT_LS_VALUES;
		return true;
	case 'c':
		options->kinds |= OT_LS_TYPES;
		return true;
	case 'm':
		options->kinds |= OT_LS_MODULES;
		return true;
	default:
		return false;
	}
}

/* Behind the dash: "." to hide what the first struct brings along, one dot more for the struct in
 * that; ".NAME" for a struct of that name. */
static bool set_embedded(struct ot_ls_options *options, const char *text)
{
	size_t dots = strspn(text, ".");

	if (!dots || (text[dots] && dots > 1))
		return false;
	if (text[dots])
		options->base = text + dots;
	else
		options->level = (unsigned int)dots;
	return true;
}

static struct ot_err *parse_word(struct ot_ls_options *options, const char *word)
{
	if (word[1] == '-')
		return ot_cmd_no_option(&ot_cmd_ls, word);
	for (const char *at = word + 1; *at; at++) {
		if (*at == '.' && set_embedded(options, at))
			return NULL;
		if (!set_option(options, *at))
			return ot_err_new(OT_ERR_USAGE,
					  "ls has no option -%c; it has -a -c -d -f -l -m -t -v "
					  "and -. -.. -.NAME",
					  *at);
	}
	return NULL;
}

static struct ot_err *parse_options(struct ot_cmd_call *call, int *first, struct ot_ls_options *ret)
{
	for (; *first < call->argc && ot_cmd_is_option(call, *first); (*first)++)
		OT_TRY(parse_word(ret, call->argv[*first]));
	return NULL;
}

/* ------------------------------------------------------------------ what to list */

static unsigned int kind_of(const struct ot_node *node)
{
	switch (node->kind) {
	case OT_NODE_FN:
		return OT_LS_FUNCTIONS;
	case OT_NODE_TYPE:
		return OT_LS_TYPES;
	case OT_NODE_VALUE:
	case OT_NODE_FIELD:
	case OT_NODE_TEXT:
	case OT_NODE_REPORT:
		return OT_LS_VALUES;
	default:
		return OT_LS_MODULES;
	}
}

static bool is_reserved(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && !strncmp(name, "__", 2) && !strcmp(name + len - 2, "__");
}

static bool is_hidden(const struct ot_node *node)
{
	return node->kind == OT_NODE_DISK ? *node->name == '.' : is_reserved(node->name);
}

static bool wanted(const struct ot_ls_options *options, const struct ot_node *node,
		   const struct ot_map *embedded)
{
	if (options->kinds && !(options->kinds & kind_of(node)))
		return false;
	if (!options->all && !options->named && is_hidden(node))
		return false;
	return !embedded->nr || !ot_map_get_text(embedded, node->name);
}

static void drop_unwanted(struct ot_node_list *list, const struct ot_ls_options *options,
			  const struct ot_map *embedded)
{
	size_t nr = 0;

	for (size_t i = 0; i < list->nr; i++) {
		if (!wanted(options, &list->items[i], embedded))
			ot_node_deinit(&list->items[i]);
		else if (nr++ != i)
			list->items[nr - 1] = list->items[i];
	}
	list->nr = nr;
}

/* "." and "f/" mean what is in it, also where a name alone means the function itself. */
static bool means_inside(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;

	return !*last || !strcmp(last, ".") || !strcmp(last, "..");
}

static bool is_listed(const struct ot_node *node, const char *path,
		      const struct ot_ls_options *options)
{
	return !options->itself && ot_node_is_dir(node) &&
	       (node->kind != OT_NODE_FN || means_inside(path));
}

/* One group of what is shown: what matched, or what is in a directory. Takes matched over. */
static struct ot_err *collect(struct ot_shell *shell, struct ot_node *directory,
			      const struct ot_ls_options *options, struct ot_ls_group *ret)
{
	struct ot_map embedded = {0};
	struct ot_err *err = NULL;

	if (directory) {
		err = ot_vfs_list(shell->vfs, directory, &ret->list);
		if (options->level || options->base)
			ot_node_embedded(shell->vfs, directory, options->level, options->base,
					 &embedded);
		if (options->base && !embedded.nr && !ret->list.note)
			ret->list.note =
				"nothing of that name is embedded here, so nothing is hidden";
	}
	if (!err)
		drop_unwanted(&ret->list, options, &embedded);
	if (!err && options->by_time)
		ot_ls_sort_by_time(&ret->list);
	ot_map_deinit(&embedded);
	return err;
}

/* An argument: names that match, and directories to be listed. */
static struct ot_err *take_path(struct ot_shell *shell, const char *path,
				struct ot_ls_options *options, struct ot_ls_group *names,
				struct ot_ls_groups *directories)
{
	bool is_pattern = ot_vfs_is_pattern(path);
	struct ot_node_list matched = {0};
	struct ot_ls_group group = {.title = path};
	struct ot_err *err = NULL;

	OT_TRY(ot_vfs_match(shell->vfs, path, &matched));
	options->named = !is_pattern || strstr(path, "__");
	if (matched.nr == 1 && !is_pattern && is_listed(&matched.items[0], path, options)) {
		options->named = false;
		err = collect(shell, &matched.items[0], options, &group);
		ot_node_list_deinit(&matched);
		if (!err)
			ot_vec_push(directories, group);
		else
			ot_node_list_deinit(&group.list);
		return err;
	}
	group.list = matched;
	err = collect(shell, NULL, options, &group);
	for (size_t i = 0; i < group.list.nr; i++)
		ot_vec_push(&names->list, group.list.items[i]);
	free(group.list.items);
	return err;
}

/* One path that is not there does not keep the others back: the first error is the command's, more
 * are told with what was found. */
static struct ot_err *join(struct ot_err *first, struct ot_err *second, struct ot_buf *out)
{
	if (!first || !second)
		return first ? first : second;
	ot_err_format(second, out);
	ot_buf_addc(out, '\n');
	ot_err_destroy(second);
	return first;
}

struct ot_err *ot_ls_run(struct ot_shell *shell, struct ot_cmd_call *call, int first)
{
	struct ot_ls_options options = {0};
	struct ot_ls_group names = {0};
	struct ot_ls_groups groups = {0};
	struct ot_err *err = NULL;

	OT_TRY(parse_options(call, &first, &options));
	options.several = call->argc - first > 1;
	if (first == call->argc)
		err = take_path(shell, ".", &options, &names, &groups);
	for (int i = first; i < call->argc; i++)
		err = join(err, take_path(shell, call->argv[i], &options, &names, &groups),
			   call->out);
	if (!err || names.list.nr || groups.nr) {
		ot_target_look_begin(shell->target);
		ot_ls_show(shell, call, &options, &names, &groups);
		ot_target_look_end(shell->target);
		err = join(err, ot_cmd_check_interrupt(call), call->out);
	}
	ot_node_list_deinit(&names.list);
	for (size_t i = 0; i < groups.nr; i++)
		ot_node_list_deinit(&groups.items[i].list);
	ot_vec_deinit(&groups);
	return err;
}

struct ot_err *ot_ls_check(struct ot_cmd_call *call, int first)
{
	struct ot_ls_options options = {0};

	return parse_options(call, &first, &options);
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	return ot_ls_run(shell, call, 1);
}

const struct ot_cmd ot_cmd_ls = {
	.name = "ls",
	.usage = "[-acdflmtv] [-. | -.. | -.NAME] [PATH...]",
	.summary = "list names: what is in a directory, or what a wildcard matches",
	.help = "-l  with types, sizes and values; signatures and places; fields with their offsets\n"
		"-c -f -m -v  only types, functions, modules (sources, directories), variables\n"
		"-a  also names of the form __x__\n"
		"-d  a directory itself, not what is in it\n"
		"-t  by time where names have one, else by name\n"
		"-.  without what the struct embedded at the start brings along, -.. without what the\n"
		"    one embedded in that does, -.NAME without the members of an embedded struct NAME",
	.options = "-a -c -d -f -l -m -t -v -. -..",
	.flags = OT_CMD_LOOKS,
	.run = run,
	.complete = ot_paths_complete,
};
