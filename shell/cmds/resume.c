/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/vec.h"
#include "cmds/cmd.h"
#include "stream/stream.h"
#include "target/target.h"
#include "ui/breaks.h"
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

static struct ot_err *with_list(struct ot_shell *shell, struct ot_err *err)
{
	struct ot_parked *parked = ot_breaks_parked(shell);
	size_t nr;
	const struct ot_parked_thread *threads = ot_parked_threads(parked, &nr);

	for (size_t i = 0; i < nr; i++) {
		ot_auto_buf struct ot_buf id = OT_BUF_INIT;

		ot_parked_id(parked, &threads[i], &id);
		ot_err_near(err, ot_buf_text(&id));
	}
	return err;
}

static struct ot_err *choose_matching(struct ot_shell *shell, const char *pattern,
				      struct chosen *chosen)
{
	struct ot_parked *parked = ot_breaks_parked(shell);
	size_t nr;
	const struct ot_parked_thread *threads = ot_parked_threads(parked, &nr);
	bool found = false;

	for (size_t i = 0; i < nr; i++) {
		ot_auto_buf struct ot_buf id = OT_BUF_INIT;

		ot_parked_id(parked, &threads[i], &id);
		if (!ot_glob_match(pattern, ot_buf_text(&id)))
			continue;
		choose(chosen, threads[i].seq);
		found = true;
	}
	if (found)
		return NULL;
	return with_list(shell, ot_err_new(OT_ERR_NOT_FOUND, "%s: no thread waits at such a break",
					   pattern));
}

static struct ot_err *choose_word(struct ot_shell *shell, const char *word, struct chosen *chosen)
{
	uint64_t seq;

	if (!strcmp(word, "all"))
		word = "*";
	if (ot_glob_is(word) || !number_of(word, &seq))
		return choose_matching(shell, word, chosen);
	if (!ot_parked_find(ot_breaks_parked(shell), seq))
		return with_list(shell,
				 ot_err_new(OT_ERR_NOT_FOUND, "%s: no thread waits there", word));
	choose(chosen, seq);
	return NULL;
}

/* The context that we are in, and in whose folders. */
static bool choose_here(struct ot_shell *shell, struct chosen *chosen)
{
	ot_auto_free char *cwd = ot_strdup(shell->vfs ? ot_vfs_cwd(shell->vfs) : "");
	char *rest = cwd, *part;
	uint64_t seq;

	while ((part = strsep(&rest, "/"))) {
		if (number_of(part, &seq) && ot_parked_find(ot_breaks_parked(shell), seq)) {
			choose(chosen, seq);
			return true;
		}
	}
	return false;
}

static struct ot_err *choose_only(struct ot_shell *shell, struct chosen *chosen)
{
	size_t nr;
	const struct ot_parked_thread *threads = ot_parked_threads(ot_breaks_parked(shell), &nr);

	if (nr != 1)
		return with_list(shell, ot_err_new(OT_ERR_AMBIGUOUS,
						   "%zu threads wait: which one? (* for all)", nr));
	choose(chosen, threads[0].seq);
	return NULL;
}

/* As it was printed: the text of a condition in it may have blanks. */
static bool choose_line(struct ot_shell *shell, const char *line, struct chosen *chosen)
{
	struct ot_parked *parked = ot_breaks_parked(shell);
	size_t nr;
	const struct ot_parked_thread *threads = ot_parked_threads(parked, &nr);

	for (size_t i = 0; i < nr; i++) {
		ot_auto_buf struct ot_buf id = OT_BUF_INIT;

		ot_parked_id(parked, &threads[i], &id);
		if (strcmp(line, ot_buf_text(&id)) != 0)
			continue;
		choose(chosen, threads[i].seq);
		return true;
	}
	return false;
}

static struct ot_err *choose_all(struct ot_shell *shell, const struct ot_cmd_call *call,
				 struct chosen *chosen)
{
	if (!ot_breaks_nr(shell))
		return ot_err_new(OT_ERR_NOT_FOUND, "no thread waits at a break");
	if (call->argc == 1)
		return choose_here(shell, chosen) ? NULL : choose_only(shell, chosen);
	if (choose_line(shell, call->rest, chosen))
		return NULL;
	for (int i = 1; i < call->argc; i++)
		OT_TRY(choose_word(shell, call->argv[i], chosen));
	return NULL;
}

static void say(struct ot_shell *shell, const struct chosen *chosen, struct ot_cmd_call *call)
{
	struct ot_parked *parked = ot_breaks_parked(shell);

	ot_buf_addc(call->json, '[');
	for (size_t i = 0; i < chosen->nr; i++) {
		ot_auto_buf struct ot_buf id = OT_BUF_INIT;

		ot_parked_id(parked, ot_parked_find(parked, chosen->items[i]), &id);
		ot_buf_addf(call->out, "Resuming %s\n", ot_buf_text(&id));
		ot_buf_adds(call->json, i ? "," : "");
		ot_buf_add_json(call->json, id.data, id.len);
	}
	ot_buf_addc(call->json, ']');
}

static struct ot_err *resume(struct ot_shell *shell, const struct chosen *chosen,
			     struct ot_cmd_call *call)
{
	uint32_t nr = 0;

	say(shell, chosen, call);
	OT_TRY(ot_parked_resume(shell->target, chosen->items, chosen->nr, &nr));
	if (nr < chosen->nr)
		ot_cmd_note(call, "%zu of them went on by themselves before", chosen->nr - nr);
	return ot_parked_sync(ot_breaks_parked(shell), shell->target, NULL);
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	struct chosen chosen = {0};
	struct ot_err *err;

	if (!ot_breaks_parked(shell))
		return ot_err_new(OT_ERR_NOT_FOUND, "no thread waits at a break");
	/* their records first: what is known of them comes from there */
	ot_stream_look(shell->stream, LOOK_MS);
	OT_TRY(ot_parked_sync(ot_breaks_parked(shell), shell->target, NULL));
	err = choose_all(shell, call, &chosen);
	if (!err)
		err = resume(shell, &chosen, call);
	free(chosen.items);
	return err;
}

static void complete(struct ot_shell *shell, struct ot_cmd_completion *completion)
{
	struct ot_parked *parked = ot_breaks_parked(shell);
	const struct ot_parked_thread *threads;
	size_t nr;

	if (!parked)
		return;
	threads = ot_parked_threads(parked, &nr);
	for (size_t i = 0; i < nr; i++) {
		ot_auto_buf struct ot_buf id = OT_BUF_INIT;

		ot_parked_id(parked, &threads[i], &id);
		completion->offer(completion, ot_buf_text(&id));
	}
}

const struct ot_cmd ot_cmd_resume = {
	.name = "resume",
	.usage = "[ID...|*]",
	.summary = "let threads go on that wait at breaks",
	.help = "ID as it was printed, or its last number: 17, ~17. Wildcards mean all that match.\n"
		"Without any it is the one whose context we are in, else the only one that waits.\n"
		"status lists those that wait. A thread also goes on when its time is over (-t of trace, or\n"
		"set break_timeout), when its trace is taken away, and when otrace leaves. What locks it\n"
		"holds while it waits is not known.",
	.flags = OT_CMD_NEEDS_PROGRAM | OT_CMD_NEEDS_LIVE,
	.run = run,
	.complete = complete,
};
