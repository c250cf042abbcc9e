/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
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

/*
 * Whoever can put a file, or another name of one, into a folder where others start otrace must not run
 * commands as them.
 */
static struct ot_err *check_trusted(int fd)
{
	struct stat info;

	if (fstat(fd, &info))
		return ot_err_errno("it cannot be looked at");
	if (info.st_uid != geteuid())
		return ot_err_new(OT_ERR_USAGE, "it belongs to somebody else");
	if (info.st_mode & (S_IWGRP | S_IWOTH))
		return ot_err_new(OT_ERR_USAGE,
				  "others may write to it (chmod go-w " LOCAL_NAME ")");
	if (info.st_nlink != 1)
		return ot_err_new(OT_ERR_USAGE, "it has another name (a hard link): copy it");
	return NULL;
}

static struct ot_err *open_init(const char *path, bool local, FILE **ret)
{
	struct ot_err *err;
	int fd;

	OT_TRY(ot_file_open(path, !local, &fd));
	err = local ? check_trusted(fd) : NULL;
	*ret = err ? NULL : fdopen(fd, "r");
	if (*ret)
		return NULL;
	if (!err)
		err = ot_err_errno("it cannot be read");
	close(fd);
	return err;
}

static void play(struct ot_shell *shell, const char *path, bool local)
{
	FILE *file = NULL;
	ot_auto_err struct ot_err *err = open_init(path, local, &file);

	if (err && err->code == OT_ERR_NOT_FOUND)
		return;
	if (err) {
		ot_ui_note(shell->ui, "%s is not run: %s", path, err->what);
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
