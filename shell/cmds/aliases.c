/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <string.h>

#include "base/vec.h"
#include "cmds/aliases.h"
#include "cmds/split.h"

struct alias {
	char *name;
	char *text;
};

struct ot_aliases {
	OT_VEC(struct alias) list; /* by name */
};

static const struct {
	const char *name;
	const char *text;
} presets[] = {
	{"cde", "cd :"},	   {"cdt", "cd __trc"},	    {"dn", "cd __down"},
	{"doc", "view -d"},	   {"show", "view"},	    {"up", "cd __up"},
	{"dv", "cd __down; view"}, {"uv", "cd __up; view"}, {"where", "pr __trc/where"},
};

/* ------------------------------------------------------------------ the list */

struct ot_aliases *ot_aliases_create(void)
{
	struct ot_aliases *aliases = ot_alloc(sizeof(*aliases));

	for (size_t i = 0; i < OT_NR(presets); i++)
		ot_err_destroy(ot_aliases_set(aliases, presets[i].name, presets[i].text));
	return aliases;
}

static void free_alias(struct alias *alias)
{
	free(alias->name);
	free(alias->text);
}

void ot_aliases_destroy(struct ot_aliases *aliases)
{
	if (!aliases)
		return;
	for (size_t i = 0; i < aliases->list.nr; i++)
		free_alias(&aliases->list.items[i]);
	ot_vec_deinit(&aliases->list);
	free(aliases);
}

/* Where the name is or belongs. */
static size_t place_of(const struct ot_aliases *aliases, const char *name, bool *found)
{
	size_t i = 0;
	int order = -1;

	while (i < aliases->list.nr && (order = strcmp(aliases->list.items[i].name, name)) < 0)
		i++;
	*found = i < aliases->list.nr && !order;
	return i;
}

const char *ot_aliases_get(const struct ot_aliases *aliases, const char *name)
{
	bool found = false;
	size_t i = aliases ? place_of(aliases, name, &found) : 0;

	return found ? aliases->list.items[i].text : NULL;
}

const char *ot_aliases_name(const struct ot_aliases *aliases, size_t i)
{
	return aliases && i < aliases->list.nr ? aliases->list.items[i].name : NULL;
}

static struct ot_err *check_name(const char *name)
{
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) || (n && name[n] == '-') || name[n] == '_')
		n++;
	if (!n || name[n] || isdigit((unsigned char)*name))
		return ot_err_new(OT_ERR_USAGE,
				  "\"%s\" is no name for an alias: letters, digits, _ "
				  "and -",
				  name);
	/* the way back, and what otrace itself says at an end */
	if (!strcmp(name, "alias") || !strcmp(name, "quit") || !strcmp(name, "run"))
		return ot_err_new(OT_ERR_USAGE, "%s stays what it is", name);
	return NULL;
}

struct ot_err *ot_aliases_set(struct ot_aliases *aliases, const char *name, const char *text)
{
	struct alias alias;
	bool found;
	size_t i;

	OT_TRY(check_name(name));
	i = place_of(aliases, name, &found);
	if (!text || !*text) {
		if (!found)
			return ot_err_new(OT_ERR_NOT_FOUND, "no alias \"%s\"", name);
		free_alias(&aliases->list.items[i]);
		aliases->list.nr--;
		memmove(&aliases->list.items[i], &aliases->list.items[i + 1],
			(aliases->list.nr - i) * sizeof(alias));
		return NULL;
	}
	if (strlen(text) > OT_ALIASES_BYTES)
		return ot_err_new(OT_ERR_USAGE, "the text of alias %s is too long", name);
	alias.text = ot_strdup(text);
	if (found) {
		free(aliases->list.items[i].text);
		aliases->list.items[i].text = alias.text;
		return NULL;
	}
	alias.name = ot_strdup(name);
	ot_vec_push(&aliases->list, alias);
	memmove(&aliases->list.items[i + 1], &aliases->list.items[i],
		(aliases->list.nr - 1 - i) * sizeof(alias));
	aliases->list.items[i] = alias;
	return NULL;
}

/* ------------------------------------------------------------------ expanding */

const char *ot_aliases_lookup(const struct ot_aliases *aliases, const char *command,
			      const struct ot_aliases_chain *chain)
{
	ot_auto_free char *word = ot_strndup(command, strcspn(command, " \t;|"));

	for (; chain; chain = chain->outer)
		if (!strcmp(chain->name, word))
			return NULL;
	return ot_aliases_get(aliases, word);
}

static const char *skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* Word @nr, from 1, with its quotes; nothing when there are not so many. */
static void add_raw_word(const char *arguments, int nr, struct ot_buf *out)
{
	const char *at = skip_blanks(arguments);

	while (*at && --nr)
		at = skip_blanks(at + ot_split_raw_word(at));
	if (*at)
		ot_buf_add(out, at, ot_split_raw_word(at));
}

static bool is_number(const char *word)
{
	char *end;

	if (!isdigit((unsigned char)word[*word == '-' || *word == '+']) &&
	    word[*word == '-' || *word == '+'] != '.')
		return false;
	strtoull(word, &end, 0);
	end += strspn(end, "uUlL");
	if (end != word && !*end)
		return true;
	strtod(word, &end);
	end += strspn(end, "fFlL");
	return end != word && !*end;
}

static struct ot_err *add_arguments(const char *arguments, struct ot_buf *out)
{
	char **argv;
	int argc;

	OT_TRY(ot_split_words(arguments, &argc, &argv));
	for (int i = 0; i < argc; i++) {
		ot_buf_adds(out, i ? ", " : "");
		if (is_number(argv[i]))
			ot_buf_adds(out, argv[i]);
		else
			ot_buf_add_quoted(out, argv[i], strlen(argv[i]));
	}
	ot_split_free(argv);
	return NULL;
}

/* One \* \** or \1 at *at; false: the backslash is one of the text. */
static bool take_mark(const char **at, const char *arguments, struct ot_buf *out,
		      struct ot_err **err)
{
	const char *mark = *at + 1;

	/* whoever doubled it, for a shell takes one away, means the same */
	if (*mark == '\\' && (mark[1] == '*' || isdigit((unsigned char)mark[1])))
		mark++;
	if (mark[0] == '*' && mark[1] == '*') {
		*err = add_arguments(arguments, out);
		*at = mark + 2;
	} else if (mark[0] == '*') {
		ot_buf_adds(out, arguments);
		*at = mark + 1;
	} else if (*mark >= '1' && *mark <= '9') {
		add_raw_word(arguments, *mark - '0', out);
		*at = mark + 1;
	} else {
		return false;
	}
	return true;
}

struct ot_err *ot_aliases_expand(const char *text, const char *command, char **ret)
{
	const char *arguments = skip_blanks(command + strcspn(command, " \t;|"));
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	struct ot_err *err = NULL;
	bool marked = false;

	for (const char *at = text; *at && !err && out.len <= OT_ALIASES_BYTES;) {
		if (*at == '\\' && take_mark(&at, arguments, &out, &err))
			marked = true;
		else
			ot_buf_addc(&out, *at++);
	}
	if (err)
		return err;
	if (!marked && *arguments)
		ot_buf_addf(&out, " %s", arguments);
	if (out.len > OT_ALIASES_BYTES)
		return ot_err_new(OT_ERR_USAGE, "what the alias stands for is too long");
	ot_buf_adds(&out, "");
	*ret = out.data ? ot_buf_take(&out) : ot_strdup("");
	return NULL;
}
