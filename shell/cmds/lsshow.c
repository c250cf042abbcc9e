// SPDX-License-Identifier: BSD-2-Clause
// How ls shows what it found.
#include <string.h>
#include <sys/stat.h>

#include "base/names.h"
#include "cmds/lsshow.h"
#include "contexts/contexts.h"
#include "ui/ui.h"

#define NAME_MAX_WIDTH 32u
#define TYPE_MAX_WIDTH 24u
#define COLOUR_OFF "\x1b[0m"

/* ------------------------------------------------------------------ order */

struct timed {
	struct ot_node node;
	int64_t ns;
};

static int64_t time_of(const struct ot_node *node)
{
	struct stat st;

	if (node->kind == OT_NODE_CONTEXT)
		return (int64_t)node->context->call_time_ns;
	if (node->kind != OT_NODE_DISK || stat(node->path, &st))
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static int compare_times(const void *a, const void *b)
{
	const struct timed *left = a;
	const struct timed *right = b;

	if (left->ns != right->ns)
		return left->ns < right->ns ? 1 : -1;
	return strverscmp(left->node.name, right->node.name);
}

void ot_ls_sort_by_time(struct ot_node_list *list)
{
	ot_auto_free struct timed *timed = ot_realloc(NULL, list->nr + 1, sizeof(*timed));

	for (size_t i = 0; i < list->nr; i++)
		timed[i] = (struct timed){list->items[i], time_of(&list->items[i])};
	qsort(timed, list->nr, sizeof(*timed), compare_times);
	for (size_t i = 0; i < list->nr; i++)
		list->items[i] = timed[i].node;
}

/* ------------------------------------------------------------------ colours */

static const char *colour_of(const struct ot_node *node)
{
	switch (node->kind) {
	case OT_NODE_FN:
		return "\x1b[32m";
	case OT_NODE_TYPE:
		return "\x1b[36m";
	case OT_NODE_VALUE:
		return ot_node_is_dir(node) ? "\x1b[34m" : "";
	case OT_NODE_TEXT:
	case OT_NODE_FIELD:
		return "";
	default:
		return ot_node_is_dir(node) ? "\x1b[1;34m" : "";
	}
}

static void add_name(const struct ot_shell *shell, const struct ot_node *node, struct ot_buf *out)
{
	const char *colour = shell->colours ? colour_of(node) : "";

	ot_buf_addf(out, "%s%s%s", colour, node->name, *colour ? COLOUR_OFF : "");
}

/* ------------------------------------------------------------------ names alone */

static void show_names(struct ot_shell *shell, const struct ot_node_list *list, struct ot_buf *out)
{
	ot_auto_free const char **names = ot_realloc(NULL, list->nr + 1, sizeof(*names));
	ot_auto_free const char **colours = ot_realloc(NULL, list->nr + 1, sizeof(*colours));

	for (size_t i = 0; i < list->nr; i++) {
		names[i] = list->items[i].name;
		colours[i] = shell->colours ? colour_of(&list->items[i]) : "";
	}
	ot_columns_format_coloured(names, colours, COLOUR_OFF, list->nr, shell->width, out);
}

/* ------------------------------------------------------------------ with details */

struct widths {
	size_t name;
	size_t type;
	size_t size;
};

/* Columns of UTF-8, near enough. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void widen(size_t *width, size_t len, size_t max)
{
	if (len > *width && len <= max)
		*width = len;
}

static void size_text(const struct ot_node *node, struct ot_buf *out)
{
	uint64_t bytes;

	if (ot_node_size(node, &bytes))
		ot_buf_add_u64(out, bytes);
}

static void measure(const struct ot_node_list *list, struct widths *widths)
{
	for (size_t i = 0; i < list->nr; i++) {
		ot_auto_buf struct ot_buf type = OT_BUF_INIT, size = OT_BUF_INIT;

		ot_node_type_text(&list->items[i], &type);
		size_text(&list->items[i], &size);
		widen(&widths->name, text_width(list->items[i].name), NAME_MAX_WIDTH);
		widen(&widths->type, text_width(ot_buf_text(&type)), TYPE_MAX_WIDTH);
		widen(&widths->size, size.len, size.len);
	}
}

static void pad(struct ot_buf *out, size_t len, size_t width)
{
	ot_buf_pad(out, ' ', (len < width ? width - len : 0) + 1);
}

/* Adds text, cut where the line of the terminal ends. */
static void add_cut(struct ot_buf *out, const char *text, size_t used, unsigned int width)
{
	size_t room = width > used ? width - used : 0;
	const char *at = text;

	if (!width || text_width(text) <= room) {
		ot_buf_adds(out, text);
		return;
	}
	for (size_t left = room > 3 ? room - 3 : 0; *at && left; left--)
		for (at++; ((unsigned char)*at & 0xc0) == 0x80; at++)
			;
	ot_buf_add(out, text, (size_t)(at - text));
	ot_buf_adds(out, "...");
}

/* Values on several lines are put on one. */
static void make_line(struct ot_buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '\n')
			text->data[i] = ' ';
}

static void show_one(struct ot_shell *shell, struct ot_node *node, const struct widths *widths,
		     struct ot_buf *out)
{
	ot_auto_buf struct ot_buf type = OT_BUF_INIT, size = OT_BUF_INIT, line = OT_BUF_INIT;
	size_t name = text_width(node->name);

	add_name(shell, node, out);
	pad(out, name, widths->name);
	ot_node_type_text(node, &type);
	size_text(node, &size);
	if (widths->type) {
		ot_buf_adds(&line, ot_buf_text(&type));
		pad(&line, text_width(ot_buf_text(&type)), widths->type);
	}
	if (widths->size) {
		ot_buf_pad(&line, ' ', widths->size - size.len);
		ot_buf_addf(&line, "%s ", ot_buf_text(&size));
	}
	ot_node_describe(shell->vfs, node, &line);
	make_line(&line);
	add_cut(out, ot_buf_text(&line), (name > widths->name ? name : widths->name) + 1,
		shell->width);
	ot_buf_addc(out, '\n');
}

static void show_details(struct ot_shell *shell, const struct ot_node_list *list,
			 struct ot_buf *out)
{
	struct widths widths = {0};

	measure(list, &widths);
	for (size_t i = 0; i < list->nr && !ot_target_is_interrupted(); i++)
		show_one(shell, &list->items[i], &widths, out);
}

/* ------------------------------------------------------------------ JSON */

/* With several paths a name says where it is. */
static void json_name(const struct ot_ls_group *group, bool several, const struct ot_node *node,
		      struct ot_buf *out)
{
	ot_auto_free char *whole = NULL;

	if (several && group->title) {
		const char *slash = group->title[strlen(group->title) - 1] == '/' ? "" : "/";

		whole = ot_asprintf("%s%s%s", group->title, slash, node->name);
	}
	ot_buf_add_json(out, whole ? whole : node->name, strlen(whole ? whole : node->name));
}

static void json_details(struct ot_shell *shell, struct ot_node *node, struct ot_buf *out)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, type = OT_BUF_INIT, value = OT_BUF_INIT;
	uint64_t bytes;

	ot_node_describe(shell->vfs, node, &text);
	ot_node_type_text(node, &type);
	ot_node_json(shell->vfs, node, &value);
	ot_buf_addf(out, ",\"kind\":\"%s\"", ot_node_kind_name(node));
	if (type.len) {
		ot_buf_adds(out, ",\"type\":");
		ot_buf_add_json(out, ot_buf_text(&type), type.len);
	}
	if (ot_node_size(node, &bytes)) {
		ot_buf_adds(out, ",\"size\":");
		ot_buf_add_u64(out, bytes);
	}
	if (value.len)
		ot_buf_addf(out, ",\"value\":%s", ot_buf_text(&value));
	ot_buf_adds(out, ",\"text\":");
	ot_buf_add_json(out, ot_buf_text(&text), text.len);
}

static void json_group(struct ot_shell *shell, const struct ot_ls_options *options,
		       const struct ot_ls_group *group, struct ot_buf *out)
{
	for (size_t i = 0; i < group->list.nr && !ot_target_is_interrupted(); i++) {
		struct ot_node *node = &group->list.items[i];

		ot_buf_adds(out, out->len > 1 ? "," : "");
		ot_buf_adds(out, options->details ? "{\"name\":" : "");
		json_name(group, options->several, node, out);
		if (options->details) {
			json_details(shell, node, out);
			ot_buf_addc(out, '}');
		}
	}
}

/* ------------------------------------------------------------------ */

static void show_group(struct ot_shell *shell, struct ot_cmd_call *call,
		       const struct ot_ls_options *options, const struct ot_ls_group *group)
{
	if (options->details)
		show_details(shell, &group->list, call->out);
	else
		show_names(shell, &group->list, call->out);
	if (group->list.note && group->list.is_cut)
		ot_cmd_cut(call, group->list.note);
	else if (group->list.note)
		ot_cmd_note(call, "%s", group->list.note);
	if (ot_ui_writes_json(shell->ui))
		json_group(shell, options, group, call->json);
}

void ot_ls_show(struct ot_shell *shell, struct ot_cmd_call *call,
		const struct ot_ls_options *options, struct ot_ls_group *names,
		struct ot_ls_groups *directories)
{
	ot_buf_addc(call->json, '[');
	if (names->list.nr)
		show_group(shell, call, options, names);
	for (size_t i = 0; i < directories->nr; i++) {
		const struct ot_ls_group *group = &directories->items[i];

		if (options->several)
			ot_buf_addf(call->out, "%s%s:\n", i || names->list.nr ? "\n" : "",
				    group->title);
		show_group(shell, call, options, group);
	}
	ot_buf_addc(call->json, ']');
}
