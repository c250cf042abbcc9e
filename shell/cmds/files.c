/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "cmds/files.h"

static char *real_path(const char *path)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && path[1] == '/' && home)
		return ot_asprintf("%s%s", home, path + 1);
	return ot_strdup(path);
}

static bool is_folder(const char *folder, const struct dirent *entry)
{
	ot_auto_free char *path = NULL;
	struct stat info;

	if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
		return entry->d_type == DT_DIR;
	path = ot_asprintf("%s/%s", folder, entry->d_name);
	return !stat(path, &info) && S_ISDIR(info.st_mode);
}

void ot_files_complete(struct ot_cmd_completion *completion)
{
	const char *slash = strrchr(completion->word, '/');
	size_t before = slash ? (size_t)(slash - completion->word) + 1 : 0;
	const char *name = completion->word + before;
	ot_auto_free char *typed = ot_strndup(completion->word, before);
	ot_auto_free char *folder = real_path(before ? typed : "./");
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		ot_auto_free char *text = NULL;

		if (strncmp(entry->d_name, name, strlen(name)) != 0 ||
		    (entry->d_name[0] == '.' && *name != '.') || !strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		if (is_folder(folder, entry)) {
			text = ot_asprintf("%s%s/", typed, entry->d_name);
			completion->no_space = true;
		} else {
			text = ot_asprintf("%s%s", typed, entry->d_name);
		}
		completion->offer(completion, text);
	}
	if (dir)
		closedir(dir);
}
