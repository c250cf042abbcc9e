// SPDX-License-Identifier: BSD-2-Clause
// /osh/threads: what the runtime and the kernel say about each thread, and its thread-locals.
#include <stdio.h>
#include <string.h>

#include "vfs/tree.h"

#define NO_RING UINT32_MAX

static const char *state_word(char letter)
{
	switch (letter) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "waiting for a device";
	case 'T':
		return "stopped";
	case 't':
		return "stopped by a debugger";
	case 'Z':
	case 'X':
		return "ended";
	case 'I':
		return "idle";
	default:
		return "not known";
	}
}

/* The kernel's: the third word of stat, behind a name that may have any characters in it. */
static const char *thread_state(struct ot_vfs *vfs, uint32_t tid)
{
	char line[256] = "";
	const char *close;
	FILE *file;
	ot_auto_free char *path = ot_asprintf(
		"/proc/%d/task/%u/stat", (int)ot_target_pid(ot_program_target(vfs->program)), tid);

	file = fopen(path, "re");
	if (!file)
		return state_word('?');
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	close = strrchr(line, ')');
	return state_word(close && close[1] ? close[2] : '?');
}

/* The runtime's threads call themselves so; they run nothing of the program's but what they are asked to. */
static bool is_ours(const struct otrace_thread_info *info)
{
	return !strncmp(info->name, "oshell", sizeof(info->name)) ||
	       !strncmp(info->name, "oshell-", strlen("oshell-"));
}

static const char *recorded_word(const struct otrace_thread_info *info)
{
	if (is_ours(info))
		return "no: it is otrace's own, and serves this shell";
	return info->ring == NO_RING ? "no: it has called nothing that was traced" : "yes";
}

static void add_thread(struct ot_vfs *vfs, const struct otrace_thread_info *info,
		       struct ot_node_list *ret)
{
	ot_auto_free char *name = ot_asprintf("%u", info->tid);
	ot_auto_free char *note =
		ot_asprintf("%.16s, %s, %s", info->name, thread_state(vfs, info->tid),
			    is_ours(info)	    ? "otrace's own"
			    : info->ring == NO_RING ? "not recorded"
						    : "recorded");
	struct ot_node node = {.kind = OT_NODE_THREAD, .tid = info->tid};

	node.name = ot_vfs_intern(vfs, name);
	node.note = ot_vfs_intern(vfs, note);
	ot_node_list_add(ret, &node);
}

static int compare_tids(const void *a, const void *b)
{
	uint32_t left = ((const struct otrace_thread_info *)a)->tid;
	uint32_t right = ((const struct otrace_thread_info *)b)->tid;

	return (left > right) - (left < right);
}

struct ot_err *ot_vfs_threads(struct ot_vfs *vfs, struct ot_node_list *ret)
{
	ot_auto_free struct otrace_thread_info *all = NULL;
	size_t nr = 0;

	OT_TRY(ot_target_threads(ot_program_target(vfs->program), &all, &nr));
	if (nr)
		qsort(all, nr, sizeof(*all), compare_tids);
	for (size_t i = 0; i < nr; i++)
		add_thread(vfs, &all[i], ret);
	return NULL;
}

bool ot_vfs_thread(struct ot_vfs *vfs, const char *name, struct ot_node *ret)
{
	struct ot_node_list list = {0};
	ot_auto_err struct ot_err *err = ot_vfs_threads(vfs, &list);
	bool found = false;

	for (size_t i = 0; i < list.nr && !found; i++) {
		found = !strcmp(list.items[i].name, name);
		if (found)
			*ret = list.items[i];
	}
	ot_node_list_deinit(&list);
	return found;
}

static void add_text(struct ot_node_list *list, const char *name, const char *note)
{
	struct ot_node node = {.kind = OT_NODE_TEXT, .name = name, .note = note};

	ot_node_list_add(list, &node);
}

struct ot_err *ot_vfs_in_thread(struct ot_vfs *vfs, const struct ot_node *thread,
				struct ot_node_list *ret)
{
	ot_auto_free struct otrace_thread_info *all = NULL;
	struct ot_node tls = {.kind = OT_NODE_TLS, .name = "tls", .tid = thread->tid};
	struct ot_node frames = {
		.kind = OT_NODE_LATER,
		.name = "frames",
		.note = "will hold the calls of a thread that is stopped, with their "
			"variables; nothing stops threads yet. What it calls: trace, log -t"};
	size_t nr = 0;

	OT_TRY(ot_target_threads(ot_program_target(vfs->program), &all, &nr));
	for (size_t i = 0; i < nr; i++) {
		char name[sizeof(all[i].name) + 1] = "";

		if (all[i].tid != thread->tid)
			continue;
		memcpy(name, all[i].name, sizeof(all[i].name));
		ot_node_list_add(ret, &frames);
		add_text(ret, "name", ot_vfs_intern(vfs, name));
		add_text(ret, "recorded", recorded_word(&all[i]));
		add_text(ret, "state", thread_state(vfs, thread->tid));
		ot_node_list_add(ret, &tls);
		return NULL;
	}
	return ot_err_new(OT_ERR_GONE, "thread %u has ended", thread->tid);
}

void ot_vfs_tls(struct ot_vfs *vfs, uint32_t tid, struct ot_node_list *ret)
{
	size_t nr;
	struct ot_var *const *vars = ot_program_vars(vfs->program, &nr);
	struct ot_node node;

	for (size_t i = 0; i < nr; i++) {
		if (!(vars[i]->flags & OTRACE_VAR_THREAD_LOCAL))
			continue;
		ot_node_of_var(vfs, vars[i], tid, &node);
		ot_node_list_add(ret, &node);
	}
	if (!ret->nr)
		ret->note = "the program has no thread-local variables";
}
