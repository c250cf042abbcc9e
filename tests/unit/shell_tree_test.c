/* SPDX-License-Identifier: BSD-2-Clause */
/* The tree below /osh and the way through it, on a program made by hand. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <sys/stat.h>

#include "base/map.h"
#include "cmds/cmd.h"
#include "fake_program.h"
#include "ui/prompt.h"
#include "vfs/search.h"
#include "vfs/vfs.h"

struct session {
	struct fake *fake;
	struct ot_program *program;
	struct ot_vfs *vfs;
	char work[PATH_MAX];
};

static int setup(void **state)
{
	struct session *s = ot_alloc(sizeof(*s));

	s->fake = fake_create();
	assert_null(ot_program_create(&s->fake->target, &s->program));
	s->vfs = ot_vfs_create(s->program);
	assert_non_null(getcwd(s->work, sizeof(s->work)));
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct session *s = *state;
	int failed = chdir(s->work);

	ot_vfs_destroy(s->vfs);
	ot_program_destroy(s->program);
	ot_target_close(&s->fake->target);
	free(s);
	return failed;
}

/* ------------------------------------------------------------------ helpers */

static void add_err(struct ot_err *err, struct ot_buf *out)
{
	ot_err_format(err, out);
	ot_err_destroy(err);
}

/* What is in a directory, its note in brackets, or the error. */
static char *list_text(struct session *s, const char *path)
{
	struct ot_node_list list = {0};
	struct ot_node node = {0};
	struct ot_buf out = OT_BUF_INIT;
	struct ot_err *err = ot_vfs_find(s->vfs, path, &node, NULL);

	ot_buf_adds(&out, "");
	if (!err)
		err = ot_vfs_list(s->vfs, &node, &list);
	if (err)
		add_err(err, &out);
	for (size_t i = 0; i < list.nr; i++)
		ot_buf_addf(&out, "%s%s", i ? " " : "", list.items[i].name);
	if (list.note)
		ot_buf_addf(&out, "[%s]", list.note);
	ot_node_list_deinit(&list);
	ot_node_deinit(&node);
	return out.data ? ot_buf_take(&out) : ot_strdup("");
}

#define assert_list(s, path, wanted)                                      \
	do {                                                              \
		ot_auto_free char *got = list_text(s, path);              \
		if (strcmp(got, wanted) != 0)                             \
			fail_msg("%s has %s, not %s", path, got, wanted); \
	} while (0)

/* NULL is a cd without a name. */
static void check_cd(struct session *s, const char *path, const char *wanted)
{
	struct ot_err *err = ot_vfs_cd(s->vfs, path);

	if (err)
		fail_msg("cd %s: %s", path ? path : "", err->what);
	assert_string_equal(ot_vfs_cwd(s->vfs), wanted);
}

/* The error must have this part, and we must be where we were. */
static void check_cd_fails(struct session *s, const char *path, const char *part)
{
	ot_auto_free char *before = ot_strdup(ot_vfs_cwd(s->vfs));
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;
	struct ot_err *err = ot_vfs_cd(s->vfs, path);

	if (!err)
		fail_msg("cd %s goes to %s", path, ot_vfs_cwd(s->vfs));
	add_err(err, &text);
	if (!strstr(ot_buf_text(&text), part))
		fail_msg("cd %s says \"%s\", not \"%s\"", path, ot_buf_text(&text), part);
	assert_string_equal(ot_vfs_cwd(s->vfs), before);
}

static uint64_t *word_of(struct session *s, const char *name)
{
	const struct ot_var *var = ot_program_var(s->program, name);

	return (uint64_t *)(void *)(s->fake->data + (var->address - FAKE_BASE));
}

/* ------------------------------------------------------------------ what there is */

static void osh_has_all_its_directories(void **state)
{
	struct session *s = *state;

	assert_list(s, "/osh",
		    "all db files globals locals modules patches pickled recent saved "
		    "threads types web");
	assert_list(s, "/osh/modules", "shop");
	assert_list(s, "/osh/threads", "a made program cannot do this");
	assert_list(s, "/osh/patches", "[what is patched now: nothing is]");
}

static void directories_without_content_say_what_they_are_for(void **state)
{
	struct session *s = *state;
	static const char *const names[][2] = {
		{"/osh/all", "trace id"},
		{"/osh/recent", "newest contexts"},
		{"/osh/saved", "save"},
		{"/osh/pickled", "saved to a file"},
		{"/osh/db", "key-value"},
		{"/osh/web", "browsers"},
		{"/osh/locals", "otrace_set_trace()"},
	};

	for (size_t i = 0; i < OT_NR(names); i++) {
		ot_auto_free char *got = list_text(s, names[i][0]);

		assert_non_null(strstr(got, names[i][1]));
		check_cd(s, names[i][0], names[i][0]);
		check_cd_fails(s, "anything", "no \"anything\" here");
	}
}

static void globals_are_flat_and_duplicates_say_their_file(void **state)
{
	struct session *s = *state;

	assert_list(s, "/osh/globals",
		    "add big color counter first fixed gone handler head node null real say "
		    "st@other.c st@shop.c text tiny visit wild");
	check_cd_fails(s, "st", "choose st@shop.c or st@other.c");
}

static void modules_have_their_globals(void **state)
{
	struct session *s = *state;

	assert_list(s, "/osh/modules/shop",
		    "add color counter first fixed gone handler head null real say st@other.c "
		    "st@shop.c text tiny visit wild");
	check_cd(s, "/osh/modules/shop/head/next", "/osh/modules/shop/head/next");
}

static void files_have_what_is_in_them(void **state)
{
	struct session *s = *state;

	assert_list(s, "/osh/files", "src");
	assert_list(s, "/osh/files/src", "other.c shop.c");
	assert_list(s, "/osh/files/src/other.c", "st");
	check_cd(s, "/osh/files/src/shop.c/head->next", "/osh/files/src/shop.c/head/next");
	check_cd_fails(s, "/osh/files/sr", "no \"sr\" here");
}

static void types_have_fields_and_methods(void **state)
{
	struct session *s = *state;

	assert_list(s, "/osh/types/node", "fields methods");
	assert_list(s, "/osh/types/node/fields", "id name a b next text");
	assert_list(s, "/osh/types/node/methods", "visit");
	assert_list(s, "/osh/types/color", "color is not a directory");
}

static int nr_patches;

static void two_patches(void *priv,
			void (*add)(void *to, const struct ot_fn *fn, const struct ot_fn *with),
			void *to)
{
	struct session *s = priv;

	nr_patches++;
	add(to, ot_program_fn(s->program, "add"), ot_program_fn(s->program, "visit"));
	add(to, ot_program_fn(s->program, "say"), ot_program_fn(s->program, "add"));
}

static void patches_are_what_is_patched(void **state)
{
	struct session *s = *state;
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	struct ot_node node = {0};

	nr_patches = 0;
	ot_vfs_set_patches(s->vfs, two_patches, s);
	assert_list(s, "/osh/patches", "add say");
	assert_null(ot_vfs_find(s->vfs, "/osh/patches/say", &node, NULL));
	ot_node_describe(s->vfs, &node, &out);
	assert_non_null(strstr(ot_buf_text(&out), "patched with add"));
	assert_int_equal(nr_patches, 2);
	ot_node_deinit(&node);
}

/* ------------------------------------------------------------------ objects */

static void every_object_with_parts_can_be_entered(void **state)
{
	struct session *s = *state;

	assert_list(s, "first", "id name a b next text");
	assert_list(s, "head", "id name a b next text");
	assert_list(s, "head->next", "id name a b next text");
	assert_list(s, "first.name", "0 1 2 3 4 5 6 7");
	assert_list(s, "add", "calls");
	assert_list(s, "head/0/next", "id name a b next text");
	assert_list(s, "head/*/next", "id name a b next text");
}

static void leaves_say_why_they_are_none(void **state)
{
	struct session *s = *state;

	check_cd_fails(s, "counter", "counter is not a directory");
	check_cd_fails(s, "text", "text is not a directory");
	check_cd_fails(s, "first/a", "a is not a directory");
	check_cd_fails(s, "gone", "gone is optimized out");
	check_cd_fails(s, "null", "null is NULL");
	check_cd_fails(s, "null/next", "null is NULL");
	check_cd_fails(s, "wild", "wild points to 0x10, which cannot be read");
	check_cd_fails(s, "head.next.next", "next is NULL");
}

static void function_pointers_lead_to_the_function(void **state)
{
	struct session *s = *state;

	assert_list(s, "handler", "add");
	check_cd(s, "handler/add", "/osh/globals/handler/add");
	assert_list(s, ".", "calls");
	check_cd(s, "/osh/globals/handler/*", "/osh/globals/handler/add");
	*word_of(s, "handler") = 0x1234;
	check_cd_fails(s, "/osh/globals/handler", "points to 0x1234, where no function");
	*word_of(s, "handler") = 0;
	check_cd_fails(s, "/osh/globals/handler", "handler is NULL");
}

static void cycles_are_no_problem(void **state)
{
	struct session *s = *state;
	ot_auto_buf struct ot_buf path = OT_BUF_INIT;
	const struct ot_var *first = ot_program_var(s->program, "first");
	uint64_t address = first->address;

	memcpy(s->fake->data + (address - FAKE_BASE) + offsetof(struct fake_node, next), &address,
	       sizeof(address));
	ot_buf_adds(&path, "first");
	for (int i = 0; i < 500; i++)
		ot_buf_adds(&path, "/next");
	assert_list(s, ot_buf_text(&path), "id name a b next text");
}

/* ------------------------------------------------------------------ the way */

static void paths_mix_the_separators_of_c_and_of_paths(void **state)
{
	struct session *s = *state;
	static const char *const same[] = {
		"head/next/name",      "head.next.name",       "head->next->name",
		"head->next/name",     "head[0].next[0].name", "/osh/globals/head->next.name",
		"./head//next/./name", "~~g/head/next.name",   "~~g/head/next/name/../name",
		"he?d/n*t/n[a]me",     "h*d.next.name",	       "add/../head/next->name",
	};

	for (size_t i = 0; i < OT_NR(same); i++) {
		struct ot_node node = {0};
		struct ot_err *err = ot_vfs_find(s->vfs, same[i], &node, NULL);

		if (err)
			fail_msg("%s: %s", same[i], err->what);
		assert_string_equal(node.name, "name");
		assert_true(node.kind == OT_NODE_VALUE);
		ot_node_deinit(&node);
	}
}

static void wildcards_must_match_one(void **state)
{
	struct session *s = *state;

	check_cd(s, "/osh/g*", "/osh/globals");
	check_cd(s, "/o?h/t[xyz]pes/n*e", "/osh/types/node");
	check_cd_fails(s, "/osh/globals/h*",
		       "2 names match \"h*\", it is ambiguous; choose "
		       "handler or head");
	check_cd_fails(s, "/osh/globals/q*", "no \"q*\" here");
	check_cd_fails(s, "/osh/globals/h[xz]ad", "no \"h[xz]ad\" here");
}

static void names_that_end_in_the_middle_are_refused(void **state)
{
	struct session *s = *state;
	static const char *const bad[] = {"head[",   "head[0",	   "head[]",
					  "head[x]", "head.",	   "head->",
					  "[0]",     "head..next", ".next",
					  "-> ",     "first[0]",   "head[99999999999999999999]"};

	for (size_t i = 0; i < OT_NR(bad); i++) {
		struct ot_node node = {0};
		struct ot_err *err = ot_vfs_find(s->vfs, bad[i], &node, NULL);

		/* "head." and "head->" are head itself: a path may end in its separator */
		if (!err)
			assert_string_equal(node.name, "head");
		ot_err_destroy(err);
		ot_node_deinit(&node);
	}
}

static void a_vanished_object_is_a_stale_directory(void **state)
{
	struct session *s = *state;
	uint64_t *head = word_of(s, "head");
	uint64_t address = *head;

	check_cd(s, "head/next", "/osh/globals/head/next");
	*head = 0;
	assert_list(s, ".",
		    "stale directory /osh/globals/head/next: head is NULL "
		    "(/osh/globals/head)");
	check_cd_fails(s, "name", "stale directory /osh/globals/head/next");
	*head = address;
	assert_list(s, ".", "id name a b next text");
	*head = 0;
	check_cd(s, "../..", "/osh/globals");
}

static void cd_without_a_name_goes_to_globals_or_home(void **state)
{
	struct session *s = *state;
	char folder[] = "/tmp/otrace-tree-XXXXXX";
	ot_auto_free char *home = NULL;

	assert_non_null(mkdtemp(folder));
	home = ot_strdup(folder);
	setenv("HOME", home, 1);
	check_cd(s, "/osh/types", "/osh/types");
	check_cd(s, NULL, "/osh/globals");
	check_cd(s, "/usr", "/usr");
	check_cd(s, "", home);
	check_cd(s, "-", "/usr");
	check_cd(s, "~", home);
	check_cd(s, "..", "/tmp");
	assert_int_equal(chdir("/"), 0);
	rmdir(folder);
}

static void outside_osh_are_the_folders_of_the_machine(void **state)
{
	struct session *s = *state;
	char here[PATH_MAX];

	assert_false(ot_vfs_is_outside(s->vfs));
	check_cd(s, "/us?/includ[e]", "/usr/include");
	assert_true(ot_vfs_is_outside(s->vfs));
	assert_string_equal(getcwd(here, sizeof(here)), "/usr/include");
	assert_string_equal(getenv("PWD"), "/usr/include");
	check_cd(s, "..", "/usr");
	check_cd_fails(s, "not-there", "no \"not-there\" here");
	check_cd_fails(s, "/etc/passwd", "/etc/passwd is not a directory");
	check_cd(s, "..", "/");
	assert_true(ot_vfs_is_outside(s->vfs));
	check_cd(s, "osh", "/osh");
	assert_false(ot_vfs_is_outside(s->vfs));
	assert_string_equal(getcwd(here, sizeof(here)), "/");
	check_cd(s, "/usr", "/usr");
	check_cd(s, "~~g", "/osh/globals");
	check_cd(s, "~~w", "/usr");
	check_cd_fails(s, "~nobody-of-that-name", "no user and no trace");
}

static void the_root_has_osh_and_the_folders_of_the_machine(void **state)
{
	struct session *s = *state;
	ot_auto_free char *got = list_text(s, "/");

	assert_non_null(strstr(got, " osh "));
	assert_non_null(strstr(got, "usr"));
}

static void a_stack_of_directories(void **state)
{
	struct session *s = *state;
	ot_auto_err struct ot_err *nothing = ot_vfs_pop(s->vfs, false);
	ot_auto_err struct ot_err *neither = ot_vfs_swap(s->vfs);
	ot_auto_err struct ot_err *failed = NULL;

	assert_non_null(strstr(nothing->what, "nothing to pop"));
	assert_non_null(strstr(neither->what, "nothing to swap"));
	assert_null(ot_vfs_push(s->vfs, "head"));
	assert_null(ot_vfs_push(s->vfs, "next"));
	failed = ot_vfs_push(s->vfs, "counter");
	assert_non_null(failed);
	assert_string_equal(ot_vfs_cwd(s->vfs), "/osh/globals/head/next");
	assert_string_equal(ot_vfs_stack(s->vfs, 0), "/osh/globals/head");
	assert_string_equal(ot_vfs_stack(s->vfs, 1), "/osh/globals");
	assert_null(ot_vfs_stack(s->vfs, 2));
	assert_null(ot_vfs_swap(s->vfs));
	assert_string_equal(ot_vfs_cwd(s->vfs), "/osh/globals/head");
	assert_string_equal(ot_vfs_stack(s->vfs, 0), "/osh/globals/head/next");
	assert_null(ot_vfs_pop(s->vfs, true));
	assert_string_equal(ot_vfs_cwd(s->vfs), "/osh/globals");
	assert_null(ot_vfs_stack(s->vfs, 0));
	assert_null(ot_vfs_push(s->vfs, "head/next"));
	assert_null(ot_vfs_push(s->vfs, "/osh"));
	*word_of(s, "head") = 0;
	ot_err_destroy(failed);
	failed = ot_vfs_pop(s->vfs, false);
	assert_non_null(strstr(failed->what, "stale directory /osh/globals/head/next"));
	assert_string_equal(ot_vfs_cwd(s->vfs), "/osh");
}

static void the_prompt_says_where_we_are(void **state)
{
	struct session *s = *state;
	struct ot_shell shell = {.vfs = s->vfs};
	static const char *const prompts[][2] = {
		{"/osh/globals", "globals> "},
		{"/osh", "osh> "},
		{"/osh/types", "types> "},
		{"/osh/types/node", "osh..node> "},
		{"/osh/globals/head", "osh..head> "},
		{"/", "/> "},
		{"/usr", "usr> "},
		{"/usr/include", "include> "},
	};

	for (size_t i = 0; i < OT_NR(prompts); i++) {
		check_cd(s, prompts[i][0], prompts[i][0]);
		assert_string_equal(ot_prompt_text(&shell), prompts[i][1]);
	}
}

static void a_tree_without_program_leads_outside(void **state)
{
	struct ot_vfs *vfs = ot_vfs_create(NULL);
	struct ot_node_list list = {0};
	ot_auto_err struct ot_err *err = ot_vfs_match(vfs, "*", &list);

	(void)state;
	assert_non_null(err);
	ot_err_destroy(err);
	assert_null(ot_vfs_cd(vfs, "/usr"));
	assert_null(ot_vfs_cd(vfs, "/osh/globals"));
	err = ot_vfs_cd(vfs, "head");
	assert_non_null(strstr(err->what, "no instrumented program is open"));
	ot_vfs_destroy(vfs);
}

/* ------------------------------------------------------------------ embedded, completion */

static void offer(void *priv, const char *text, bool is_dir)
{
	ot_buf_addf(priv, "%s%s ", text, is_dir ? "/" : "");
}

#define assert_offers(s, word, wanted)                          \
	do {                                                    \
		ot_auto_buf struct ot_buf got = OT_BUF_INIT;    \
		ot_vfs_complete((s)->vfs, word, offer, &got);   \
		assert_string_equal(ot_buf_text(&got), wanted); \
	} while (0)

static void words_are_completed_by_the_sorted_names(void **state)
{
	struct session *s = *state;

	assert_offers(s, "he", "head/ ");
	assert_offers(s, "st", "st@other.c st@shop.c ");
	assert_offers(s, "head->n", "head->name/ head->next/ ");
	assert_offers(s, "/osh/ty", "/osh/types/ ");
	assert_offers(s, "/osh/files/s", "/osh/files/src/ ");
	assert_offers(s, "/osh/files/src/shop.c/hea", "/osh/files/src/shop.c/head/ ");
	assert_offers(s, "/osh/files/src/shop.", "/osh/files/src/shop.c/ ");
	assert_offers(s, "/osh/modules/sh", "/osh/modules/shop/ ");
	assert_offers(s, "qq", "");
	assert_offers(s, "null->", "");
}

static void real_paths_are_completed(void **state)
{
	struct session *s = *state;
	char folder[] = "/tmp/otrace-tree-XXXXXX";
	ot_auto_free char *inner = NULL, *word = NULL, *wanted = NULL;

	assert_non_null(mkdtemp(folder));
	inner = ot_asprintf("%s/a-dash.and.dots", folder);
	word = ot_asprintf("%s/a-dash.an", folder);
	wanted = ot_asprintf("%s/ ", inner);
	assert_int_equal(mkdir(inner, 0700), 0);
	assert_offers(s, word, wanted);
	check_cd(s, folder, folder);
	assert_offers(s, "a-d", "a-dash.and.dots/ ");
	check_cd(s, "/", "/");
	rmdir(inner);
	rmdir(folder);
}

/* ------------------------------------------------------------------ searching */

struct finds {
	struct ot_buf text;
	size_t nr_asked;
	size_t ask_limit;
};

static void found(void *priv, const char *path, const struct ot_node *node, const char *value)
{
	struct finds *finds = priv;

	assert_non_null(node);
	ot_buf_addf(&finds->text, "%s%s%s ", path, value ? "=" : "", value ? value : "");
}

static bool interrupted(void *priv, size_t nr_nodes)
{
	struct finds *finds = priv;

	(void)nr_nodes;
	return ++finds->nr_asked > finds->ask_limit;
}

static char *search_text(struct session *s, const char *path, struct ot_search *search,
			 const char *type, struct ot_search_end *end)
{
	struct finds finds = {.ask_limit = SIZE_MAX};
	struct ot_type_pattern pattern = {0};
	struct ot_err *err = NULL;

	if (type)
		err = ot_type_pattern_init(s->program, type, &pattern);
	search->type = type ? &pattern : NULL;
	search->depth = search->depth ? search->depth : OT_SEARCH_DEPTH;
	search->max_nodes = search->max_nodes ? search->max_nodes : OT_SEARCH_MAX_NODES;
	search->found = found;
	search->interrupted = interrupted;
	search->priv = &finds;
	if (!err)
		err = ot_search_run(s->vfs, path, search, end);
	search->type = NULL;
	search->priv = NULL;
	if (err)
		add_err(err, &finds.text);
	ot_type_pattern_deinit(&pattern);
	ot_buf_adds(&finds.text, "");
	return finds.text.data ? ot_buf_take(&finds.text) : ot_strdup("");
}

#define assert_finds(s, path, search_name, type, search_value, wanted)                      \
	do {                                                                                \
		struct ot_search search = {.name = (search_name), .value = (search_value)}; \
		struct ot_search_end end = {0};                                             \
		ot_auto_free char *got = search_text(s, path, &search, type, &end);         \
		if (strcmp(got, wanted) != 0)                                               \
			fail_msg("found %s, not %s", got, wanted);                          \
	} while (0)

static void find_compares_types_as_c_does(void **state)
{
	struct session *s = *state;
	/* what head and first.next lead to was reached the shorter way */
	const char *pointers = "/osh/globals/head /osh/globals/null /osh/globals/wild "
			       "/osh/globals/first/next /osh/globals/first/next/next ";

	assert_finds(s, "/osh/globals", NULL, "struct node *", NULL, pointers);
	assert_finds(s, "/osh/globals", NULL, "node *", NULL, pointers);
	assert_finds(s, "/osh/globals", NULL, "struct node", NULL, "/osh/globals/first ");
	assert_finds(s, "/osh/globals", NULL, "double", NULL, "/osh/globals/real ");
	assert_finds(s, "/osh/globals", NULL, "int (*)(int)", NULL, "/osh/globals/handler ");
	assert_finds(s, "/osh/globals", NULL, "struct n* *", NULL, pointers);
	assert_finds(s, "/osh/globals", NULL, "struct nod *", NULL,
		     "no type \"struct nod *\"; did you mean node?");
	assert_finds(s, "/osh/types", NULL, "struct node *", NULL, "/osh/types/node/fields/next ");
}

static void find_compares_names(void **state)
{
	struct session *s = *state;

	assert_finds(s, "/osh/globals", "st", NULL, NULL,
		     "/osh/globals/st@other.c /osh/globals/st@shop.c ");
	assert_finds(s, "/osh/globals", "call*", NULL, NULL, "/osh/globals/add/calls ");
	assert_finds(s, "/osh/globals", "ne?t", NULL, NULL,
		     "/osh/globals/first/next /osh/globals/first/next/next ");
}

static void grep_compares_values_as_they_are_shown(void **state)
{
	struct session *s = *state;

	assert_finds(s, "/osh/globals", NULL, NULL, "42",
		     "/osh/globals/counter=42 /osh/globals/add/calls=42 ");
	assert_finds(s, "/osh/globals", NULL, NULL, "4", "");
	assert_finds(s, "/osh/globals", NULL, NULL, "GREE", "/osh/globals/color=GREEN ");
	assert_finds(s, "/osh/globals", NULL, NULL, "hell",
		     "/osh/globals/text=\"hello\" /osh/globals/first/text=\"hello\" ");
	assert_finds(s, "/osh/globals", NULL, NULL, "t?o", "/osh/globals/first/next/name=\"two\" ");
}

static void searches_end_where_they_are_told_to(void **state)
{
	struct session *s = *state;
	struct ot_search search = {.name = "i*d", .depth = 2};
	struct ot_search_end end = {0};
	ot_auto_free char *two = search_text(s, "/osh/globals", &search, NULL, &end);
	ot_auto_free char *few = NULL;

	assert_string_equal(two, "/osh/globals/first/id ");
	assert_true(end.nr_too_deep > 0);
	assert_false(end.out_of_nodes);
	search.max_nodes = 5;
	few = search_text(s, "/osh/globals", &search, NULL, &end);
	assert_string_equal(few, "");
	assert_true(end.out_of_nodes);
	assert_int_equal(end.nr_nodes, 5);
}

static void searches_can_be_interrupted(void **state)
{
	struct session *s = *state;
	struct finds finds = {.ask_limit = 0};
	struct ot_search search = {.name = "*",
				   .depth = 4,
				   .max_nodes = 1000,
				   .found = found,
				   .interrupted = interrupted,
				   .priv = &finds};
	struct ot_search_end end = {0};

	assert_null(ot_search_run(s->vfs, "/osh/globals", &search, &end));
	assert_true(end.interrupted);
	assert_int_equal(end.nr_found, 0);
	ot_buf_deinit(&finds.text);
}

/* ------------------------------------------------------------------ any input */

static void paths_of_any_kind_never_crash(void **state)
{
	struct session *s = *state;
	static const char pieces[][8] = {"head", "next", "/",	 ".",	"->",  "[",	  "]",
					 "0",	 "*",	 "?",	 "..",	"~",   "@",	  "st",
					 "add",	 "\\",	 "-",	 "::",	"osh", "globals", "1",
					 "x",	 " ",	 "\x01", "\xff"};
	uint32_t seed = 1;

	for (int round = 0; round < 20000; round++) {
		ot_auto_buf struct ot_buf path = OT_BUF_INIT;
		struct ot_node_list list = {0};
		struct ot_node node = {0};
		struct ot_err *err;

		if (round % 3 == 0)
			ot_buf_adds(&path, "/osh/globals/");
		for (int i = 0; i < 1 + round % 9; i++) {
			seed = seed * 1664525u + 1013904223u;
			ot_buf_adds(&path, pieces[(seed >> 8) % OT_NR(pieces)]);
		}
		/* folders of the machine are not for this */
		if (!strncmp(ot_buf_text(&path), "~", 1) || strstr(ot_buf_text(&path), ".."))
			continue;
		err = ot_vfs_find(s->vfs, ot_buf_text(&path), &node, NULL);
		if (!err && node.kind != OT_NODE_DISK && node.kind != OT_NODE_ROOT)
			err = ot_vfs_list(s->vfs, &node, &list);
		ot_err_destroy(err);
		ot_node_list_deinit(&list);
		ot_node_deinit(&node);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(osh_has_all_its_directories),
		TEST(directories_without_content_say_what_they_are_for),
		TEST(globals_are_flat_and_duplicates_say_their_file),
		TEST(modules_have_their_globals),
		TEST(files_have_what_is_in_them),
		TEST(types_have_fields_and_methods),
		TEST(patches_are_what_is_patched),
		TEST(every_object_with_parts_can_be_entered),
		TEST(leaves_say_why_they_are_none),
		TEST(function_pointers_lead_to_the_function),
		TEST(cycles_are_no_problem),
		TEST(paths_mix_the_separators_of_c_and_of_paths),
		TEST(wildcards_must_match_one),
		TEST(names_that_end_in_the_middle_are_refused),
		TEST(a_vanished_object_is_a_stale_directory),
		TEST(cd_without_a_name_goes_to_globals_or_home),
		TEST(outside_osh_are_the_folders_of_the_machine),
		TEST(the_root_has_osh_and_the_folders_of_the_machine),
		TEST(a_stack_of_directories),
		TEST(the_prompt_says_where_we_are),
		TEST(a_tree_without_program_leads_outside),
		TEST(words_are_completed_by_the_sorted_names),
		TEST(real_paths_are_completed),
		TEST(find_compares_types_as_c_does),
		TEST(find_compares_names),
		TEST(grep_compares_values_as_they_are_shown),
		TEST(searches_end_where_they_are_told_to),
		TEST(searches_can_be_interrupted),
		TEST(paths_of_any_kind_never_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
