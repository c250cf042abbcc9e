// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "cmds/paths.h"
#include "cmds/shadow.h"
#include "ui/ui.h"

static size_t name_bytes(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || text[n] == '_')
		n++;
	return n;
}

/* A process that was stopped, as by Ctrl-Z, answers nothing: a remark is not worth the wait. */
static bool is_stopped(const struct ot_shell *shell)
{
	pid_t pid = shell->target ? ot_target_pid(shell->target) : 0;
	ot_auto_free char *path = ot_asprintf("/proc/%d/stat", (int)pid);
	ot_auto_close int fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[128] = "", *name_end;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	name_end = strrchr(text, ')');
	return name_end && name_end[1] && (name_end[2] == 'T' || name_end[2] == 't');
}

static bool was_told(struct ot_shell *shell, uint64_t key)
{
	return shell->told && ot_map_get(shell->told, key);
}

static void set_told(struct ot_shell *shell, uint64_t key)
{
	if (!shell->told)
		shell->told = ot_alloc(sizeof(*shell->told));
	ot_map_set(shell->told, key, shell);
}

/* Where we are is looked up for it, which the program is asked for: once for a word in a place. */
static bool is_here(struct ot_shell *shell, const char *name)
{
	ot_auto_free char *place = ot_asprintf("%s %s", ot_vfs_cwd(shell->vfs), name);
	uint64_t key = ot_hash_text(place);

	if (was_told(shell, key) || is_stopped(shell))
		return false;
	set_told(shell, key);
	return ot_paths_is_here(shell, name);
}

static bool is_value(struct ot_shell *shell, const char *name, bool alone)
{
	/* a field alone, as one would write it to see it */
	return ot_program_var(shell->program, name) || (alone && is_here(shell, name));
}

void ot_shadow_tell(struct ot_shell *shell, const char *text, bool is_alias)
{
	size_t bytes = name_bytes(text);
	ot_auto_free char *name = ot_strndup(text, bytes);
	uint64_t key = ot_hash_text(name);

	if (!bytes || (text[bytes] && !isspace((unsigned char)text[bytes])) || !shell->vfs ||
	    !shell->program || ot_vfs_is_outside(shell->vfs) || shell->confined)
		return;
	if ((!is_alias && !ot_cmd_find(name)) || !strcmp(name, "pr"))
		return;
	if (was_told(shell, key) ||
	    !is_value(shell, name, !text[bytes + strspn(text + bytes, " \t")]))
		return;
	set_told(shell, key);
	ot_ui_note(shell->ui, "%s is %s; the variable of that name is `pr %s`", name,
		   is_alias ? "an alias" : "a command", name);
}
