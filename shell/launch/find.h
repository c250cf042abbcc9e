/* SPDX-License-Identifier: BSD-2-Clause */
/** Processes that listen: for `attach` and `ps`. */
#ifndef OT_LAUNCH_FIND_H
#define OT_LAUNCH_FIND_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct ot_found {
	pid_t pid;
	char *name; /* of the process */
	char *socket_path;
};

struct ot_found_list {
	struct ot_found *items;
	size_t nr;
	size_t cap;
};

/** Whether a folder is ours, as the runtime makes it: a real one, and closed to others. */
bool ot_find_is_private(const char *folder);

/** All processes with a socket that belongs to them, by pid. */
void ot_find_all(struct ot_found_list *list);
void ot_found_list_deinit(struct ot_found_list *list);

/**
 * The one that a user means by a PID or a name.
 * @param ret free() the path
 * The error says how to start a process that does not listen, and lists several matches.
 */
struct ot_err *ot_find_process(const char *pid_or_name, char **ret);

#endif
