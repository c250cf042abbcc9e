/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Walking the tree from a place on, what is near first: members, elements, and what pointers lead to,
 * each thing once however many ways lead to it. Functions, types and folders of the machine are not
 * gone into, but for types when the walk starts among them. In a context its callers are (__up) and what was there at
 * its end (__after), each once; what the program has now (__live) is not, but when the walk starts there.
 */
#ifndef OT_VFS_SEARCH_H
#define OT_VFS_SEARCH_H

#include "vfs/typematch.h"
#include "vfs/vfs.h"

#define OT_SEARCH_DEPTH 4u
#define OT_SEARCH_MAX_NODES 1000000u

/** What is looked for; all that is given must fit. */
struct ot_search {
	const char *name;		    /* wildcards and all; NULL = any */
	const struct ot_type_pattern *type; /* NULL = any */
	const char *value;		    /* part of the value as pr shows it; NULL = any */
	unsigned int depth;		    /* steps below the start */
	size_t max_nodes;		    /* that are looked at */
	/** Asked now and then, behind so many nodes: true ends the search. May be NULL. */
	bool (*interrupted)(void *priv, size_t nr_nodes);
	/** @param path absolute; @param value the text of the value when one is looked for, or NULL */
	void (*found)(void *priv, const char *path, const struct ot_node *node, const char *value);
	void *priv;
};

/** What was not looked at. */
struct ot_search_end {
	size_t nr_nodes;
	size_t nr_found;
	size_t nr_too_deep; /* directories at the last depth */
	size_t nr_unread;   /* pointers that lead nowhere, NULL apart */
	bool elements_cut;  /* of an array only the first were looked at */
	bool out_of_nodes;
	bool interrupted;
};

/** Searches below @p path, which must name one directory. */
struct ot_err *ot_search_run(struct ot_vfs *vfs, const char *path, const struct ot_search *search,
			     struct ot_search_end *ret);

#endif
