/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/vec.h"
#include "cmds/cmd.h"
#include "contexts/contexts.h"
#include "stream/stream.h"
#include "target/target.h"
#include "ui/breaks.h"
#include "ui/holding.h"
#include "vfs/vfs.h"

#define LOOK_MS 20

/* Numbers of calls, each once. */
struct chosen {
	uint64_t *items;
	size_t nr;
	size_t cap;
};

static void choose(struct chosen *chosen, uint64_t seq)
{
	for (size_t i = 0; i < chosen->nr; i++)
		if (chosen->items[i] == seq)
			return;
	ot_vec_push(chosen, seq);
}

/* "17", "~17", or what ends in ".17": an id says the function and the time for people only. */
static bool number_of(const char *word, uint64_t *ret)
{
	const char *dot = strrchr(word, '.');
	const char *digits = dot ? dot + 1 : word + (*word == '~');
	char *end;

	if (*digits < '0' || *digits > '9')
		return false;
	*ret = strtoull(digits, &end, 10);
	return !*end;
}

/* A thread that waits, or a request that is held. */
struct waiting {
	uint64_t seq;
	char *id;
};

struct all_waiting {
	struct waiting *items;
	size_t nr;
	size_t cap;
	bool any_held;
};

static void add(struct all_waiting *all, uint64_t seq, struct ot_buf *id)
{
	struct waiting one = {seq, ot_buf_take(id)};

	ot_vec_push(all, one);
}

static void add_parked(const struct ot_shell *shell, struct all_waiting *all)
{
	struct ot_parked *parked = ot_breaks_parked(shell);
	size_t nr = 0;
	const struct ot_parked_thread *threads = parked ? ot_parked_threads(parked, &nr) : NULL;

	for (size_t i = 0; i < nr; i++) {
		struct ot_buf id = OT_BUF_INIT;

		ot_parked_id(parked, &threads[i], &id);
		add(all, threads[i].seq, &id);
	}
}

static void add_held(const struct ot_shell *shell, struct all_waiting *all)
{
	struct ot_holds *holds = ot_holding_holds(shell);
	size_t nr = 0;
	const struct ot_hold *held = holds ? ot_holds_list(holds, &nr) : NULL;

	all->any_held = nr > 0;
	for (size_t i = 0; i < nr; i++) {
		struct ot_buf id = OT_BUF_INIT;

		ot_hold_id(holds, &held[i], &id);
		add(all, held[i].seq, &id);
	}
}

static struct all_waiting list_all(const struct ot_shell *shell)
{
	struct all_waiting all = {0};

	add_parked(shell, &all);
	add_held(shell, &all);
	return all;
}

static void free_all(struct all_waiting *all)
{
	for (size_t i = 0; i < all->nr; i++)
		free(all->items[i].id);
	free(all->items);
}

static const struct waiting *find(const struct all_waiting *all, uint64_t seq)
{
	for (size_t i = 0; i < all->nr; i++)
		if (all->items[i].seq == seq)
			return &all->items[i];
	return NULL;
}

static struct ot_err *with_list(const struct all_waiting *all, struct ot_err *err)
{
	for (size_t i = 0; i < all->nr; i++)
		ot_err_near(err, all->items[i].id);
	return err;
}

static struct ot_err *choose_matching(const struct all_waiting *all, const char *pattern,
				      struct chosen *chosen)
{
	bool found = false;

	for (size_t i = 0; i < all->nr; i++)
		if (ot_glob_match(pattern, all->items[i].id)) {
			choose(chosen, all->items[i].seq);
			found = true;
		}
	if (found)
		return NULL;
	return ot_context_explain_id(
		with_list(all, ot_err_new(OT_ERR_NOT_FOUND, "%s: no thread waits at such a break",
					  pattern)),
		pattern);
}

static struct ot_err *choose_word(const struct all_waiting *all, const char *word,
				  struct chosen *chosen)
{
	uint64_t seq;

	if (!strcmp(word, "all"))
		word = "*";
	if (ot_glob_is(word) || !number_of(word, &seq))
		return choose_matching(all, word, chosen);
	if (!find(all, seq))
		return with_list(all,
				 ot_err_new(OT_ERR_NOT_FOUND, "%s: no thread waits there", word));
	choose(chosen, seq);
	return NULL;
}

/* The context that we are in, and in whose folders. */
static bool choose_here(struct ot_shell *shell, const struct all_waiting *all,
			struct chosen *chosen)
{
	ot_auto_free char *cwd = ot_strdup(shell->vfs ? ot_vfs_cwd(shell->vfs) : "");
	char *rest = cwd, *part;
	uint64_t seq;

	while ((part = strsep(&rest, "/"))) {
		if (number_of(part, &seq) && find(all, seq)) {
			choose(chosen, seq);
			return true;
		}
	}
	return false;
}

static struct ot_err *choose_only(const struct all_waiting *all, struct chosen *chosen)
{
	if (all->nr != 1)
		return with_list(all, ot_err_new(OT_ERR_AMBIGUOUS, "%zu %s: which one? (* for all)",
						 all->nr, all->any_held ? "wait" : "threads wait"));
	choose(chosen, all->items[0].seq);
	return NULL;
}

/* As it was printed: the text of a condition in it may have blanks. */
static bool choose_line(const struct all_waiting *all, const char *line, struct chosen *chosen)
{
	for (size_t i = 0; i < all->nr; i++) {
		if (strcmp(line, all->items[i].id) != 0)
			continue;
		choose(chosen, all->items[i].seq);
		return true;
	}
	return false;
}

static struct ot_err *choose_all(struct ot_shell *shell, const struct ot_cmd_call *call,
				 const struct all_waiting *all, struct chosen *chosen)
{
	if (!all->nr)
		return ot_err_new(OT_ERR_NOT_FOUND,
				  "no thread waits at a break, and no request is held");
	if (call->argc == 1)
		return choose_here(shell, all, chosen) ? NULL : choose_only(all, chosen);
	if (choose_line(all, call->rest, chosen))
		return NULL;
	for (int i = 1; i < call->argc; i++)
		OT_TRY(choose_word(all, call->argv[i], chosen));
	return NULL;
}

static void say(const struct all_waiting *all, const struct chosen *chosen,
		struct ot_cmd_call *call)
{
	ot_buf_addc(call->json, '[');
	for (size_t i = 0; i < chosen->nr; i++) {
		const char *id = find(all, chosen->items[i])->id;

		ot_buf_addf(call->out, "Resuming %s\n", id);
		ot_buf_adds(call->json, i ? "," : "");
		ot_buf_add_json(call->json, id, strlen(id));
	}
	ot_buf_addc(call->json, ']');
}

/* Those of calls come first: a thread that goes on may be the loop of what is held. */
static struct ot_err *resume(struct ot_shell *shell, const struct all_waiting *all,
			     const struct chosen *chosen, struct ot_cmd_call *call)
{
	uint32_t nr_parked = 0, nr_held = 0;

	OT_TRY(ot_parked_resume(shell->target, chosen->items, chosen->nr, &nr_parked));
	if (all->any_held)
		OT_TRY(ot_holds_release(shell->target, chosen->items, chosen->nr,
					OTRACE_RELEASED_SHELL, &nr_held));
	if (nr_parked + nr_held < chosen->nr)
		ot_cmd_note(call, "%zu of them went on by themselves before",
			    chosen->nr - nr_parked - nr_held);
	return NULL;
}

static struct ot_err *sync_both(struct ot_shell *shell)
{
	OT_TRY(ot_parked_sync(ot_breaks_parked(shell), shell->target, NULL));
	return ot_holds_sync(ot_holding_holds(shell), shell->target, NULL);
}

static struct ot_err *choose_and_resume(struct ot_shell *shell, struct ot_cmd_call *call,
					const struct all_waiting *all, struct chosen *chosen)
{
	OT_TRY(choose_all(shell, call, all, chosen));
	say(all, chosen, call);
	OT_TRY(resume(shell, all, chosen, call));
	OT_TRY(ot_parked_sync(ot_breaks_parked(shell), shell->target, NULL));
	return all->any_held ? ot_holds_sync(ot_holding_holds(shell), shell->target, NULL) : NULL;
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct chosen chosen = {0};
	struct all_waiting all;
	struct ot_err *err;

	if (!ot_breaks_parked(shell))
		return ot_err_new(OT_ERR_NOT_FOUND, "no thread waits at a break");
	/* their records first: what is known of them comes from there */
	ot_stream_look(shell->stream, LOOK_MS);
	OT_TRY(sync_both(shell));
	all = list_all(shell);
	err = choose_and_resume(shell, call, &all, &chosen);
	free_all(&all);
	free(chosen.items);
	return err;
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	struct all_waiting all = list_all(shell);

	for (size_t i = 0; i < all.nr; i++)
		completion->offer(completion, all.items[i].id);
	free_all(&all);
}

const struct ot_cmd ot_cmd_resume = {
	.name = "resume",
	.usage = "[ID...|*]",
	.summary = "let threads go on that wait at breaks, and requests that are held",
	.help = "ID as it was printed, or its last number: 17, ~17. Wildcards mean all that match.\n"
		"Without any it is the one whose context we are in, else the only one that waits.\n"
		"status lists those that wait. A thread also goes on when its time is over (-t of trace, or\n"
		"set break_timeout), when its trace is taken away, and when otrace leaves. What locks it\n"
		"holds while it waits is not known.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE,
	.run = run,
	.complete = complete,
};
