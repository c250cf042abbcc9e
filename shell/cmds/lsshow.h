/* SPDX-License-Identifier: BSD-2-Clause */
/** For ls only: what is shown, and how. */
#ifndef OT_CMD_LSSHOW_H
#define OT_CMD_LSSHOW_H

#include "cmds/cmd.h"
#include "vfs/vfs.h"

/* Kinds of entries that may be asked for. */
#define OT_LS_FUNCTIONS 1u
#define OT_LS_VALUES 2u
#define OT_LS_TYPES 4u
#define OT_LS_MODULES 8u

/** What was asked for on the command line. */
struct ot_ls_options {
	bool all;	    /* -a */
	bool details;	    /* -l */
	bool itself;	    /* -d: a directory as an entry, not what is in it */
	bool by_time;	    /* -t */
	bool named;	    /* the path spells hidden names out */
	bool several;	    /* more than one path was given */
	unsigned int kinds; /* OT_LS_*; 0 = all */
	unsigned int level; /* dots of -. and -.. */
	const char *base;   /* of -.NAME */
};

/** What is in one directory, or what was named. */
struct ot_ls_group {
	const char *title; /* the directory as it was written; NULL = names */
	struct ot_node_list list;
};

struct ot_ls_groups {
	struct ot_ls_group *items;
	size_t nr;
	size_t cap;
};

/** Newest first; what has no time stays in the order of names. */
void ot_ls_sort_by_time(struct ot_node_list *list);

/** Writes text and JSON: first the names, then each directory. */
void ot_ls_show(struct ot_shell *shell, struct ot_cmd_call *call,
		const struct ot_ls_options *options, struct ot_ls_group *names,
		struct ot_ls_groups *directories);

#endif
