// SPDX-License-Identifier: BSD-2-Clause
// Folders of the machine, outside /osh.
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "vfs/tree.h"

static void make_node(struct ot_vfs *vfs, const char *folder, const char *name, bool is_folder,
		      struct ot_node *ret)
{
	ot_auto_free char *path =
		ot_asprintf("%s%s%s", folder, strcmp(folder, "/") != 0 ? "/" : "", name);

	*ret = (struct ot_node){.kind = OT_NODE_DISK, .is_folder = is_folder};
	ret->path = ot_vfs_intern(vfs, path);
	ret->name = strrchr(ret->path, '/') + 1;
}

bool ot_vfs_disk_child(struct ot_vfs *vfs, const char *folder, const char *name,
		       struct ot_node *ret)
{
	ot_auto_free char *path = ot_asprintf("%s/%s", folder, name);
	struct stat st;

	/* a dangling link is there, too */
	if (!*name || (stat(path, &st) && lstat(path, &st)))
		return false;
	make_node(vfs, folder, name, S_ISDIR(st.st_mode), ret);
	return true;
}

static bool is_folder(const char *folder, const struct dirent *entry)
{
	ot_auto_free char *path = NULL;
	struct stat st;

	if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
		return entry->d_type == DT_DIR;
	path = ot_asprintf("%s/%s", folder, entry->d_name);
	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

struct ot_err *ot_vfs_disk_list(struct ot_vfs *vfs, const char *folder, struct ot_node_list *ret)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	struct ot_node node;

	if (!dir)
		return ot_err_errno("%s", folder);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		make_node(vfs, folder, entry->d_name, is_folder(folder, entry), &node);
		ot_node_list_add(ret, &node);
	}
	closedir(dir);
	ot_node_list_sort(ret);
	return NULL;
}
