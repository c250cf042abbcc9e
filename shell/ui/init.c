/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmds/cmd.h"
#include "cmds/source.h"
#include "ui/init.h"
#include "ui/ui.h"

#define LOCAL_NAME ".otracerc"

static char *config_path(void)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (base && base[0] == '/')
		return ot_asprintf("%s/otrace/init", base);
	return home && home[0] == '/' ? ot_asprintf("%s/.config/otrace/init", home) : NULL;
}

/* Whoever can put a file into a folder where others start otrace must not run commands as them. */
static const char *why_not_trusted(const struct stat *info)
{
	if (info->st_uid != geteuid())
		return "it belongs to somebody else";
	if (info->st_mode & (S_IWGRP | S_IWOTH))
		return "others may write to it (chmod go-w " LOCAL_NAME ")";
	return NULL;
}

static void play(struct ot_shell *shell, const char *path, bool local)
{
	/* no waiting for what is no file, and no links that lead a stranger's name to a file of ours */
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (local ? O_NOFOLLOW : 0);
	int fd = open(path, flags);
	const char *why = NULL;
	ot_auto_err struct ot_err *err = NULL;
	struct stat info;
	FILE *file;

	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 && local && errno == ELOOP)
		why = "it is a symbolic link";
	else if (fd < 0 || fstat(fd, &info))
		why = strerror(errno);
	else if (!S_ISREG(info.st_mode))
		why = "it is no file";
	else if (local)
		why = why_not_trusted(&info);
	file = why || fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		ot_ui_note(shell->ui, "%s is not run: %s", path, why ? why : strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	err = ot_source_lines(shell, file, path, false);
	if (err)
		ot_ui_note(shell->ui, "%s", err->what);
	fclose(file);
}

void ot_init_play(struct ot_shell *shell)
{
	ot_auto_free char *path = config_path();
	int nr_failed = shell->nr_failed;

	if (path)
		play(shell, path, false);
	if (!shell->quit)
		play(shell, LOCAL_NAME, true);
	shell->nr_failed = nr_failed;
}
