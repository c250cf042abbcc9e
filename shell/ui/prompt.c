/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "cmds/cmd.h"
#include "ui/breaks.h"
#include "ui/prompt.h"
#include "vfs/vfs.h"

#define NAME_MAX_BYTES 60

/* "osh" and what is in it for themselves, "osh..NAME" below; outside the last part of the path. */
static void write_place(const char *before, const char *cwd, char *text, size_t bytes)
{
	const char *name = strrchr(cwd, '/') + 1;
	const char *where = "";

	if (!strncmp(cwd, "/osh/", 5) && name > cwd + 5)
		where = "osh..";
	if (!*name)
		name = "/";
	snprintf(text, bytes, "%s%s%.*s%s> ", before, where, NAME_MAX_BYTES, name,
		 strlen(name) > NAME_MAX_BYTES ? "..." : "");
}

static void write_prompt(const char *before, struct ot_vfs *vfs, char *text, size_t bytes)
{
	ot_auto_free char *place = ot_vfs_context(vfs) ? ot_vfs_prompt(vfs) : NULL;

	if (place)
		snprintf(text, bytes, "%s%.*s> ", before, NAME_MAX_BYTES, place);
	else
		write_place(before, ot_vfs_cwd(vfs), text, bytes);
}

const char *ot_prompt_text(const struct ot_shell *shell)
{
	static char text[NAME_MAX_BYTES + 24];
	const char *before = ot_breaks_nr(shell) ? "BRK:" : "";

	if (!shell->vfs)
		return "otrace> ";
	write_prompt(before, shell->vfs, text, sizeof(text));
	/* names of folders may have bytes in them that a terminal obeys */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return text;
}
