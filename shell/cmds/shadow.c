// SPDX-License-Identifier: BSD-2-Clause
#include <ctype.h>
#include <string.h>

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

static bool is_value(struct ot_shell *shell, const char *name, bool alone)
{
	/* where we are is looked up anew for a field: only for what looks like one */
	return ot_program_var(shell->program, name) || (alone && ot_paths_is_here(shell, name));
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
	if ((shell->told && ot_map_get(shell->told, key)) ||
	    !is_value(shell, name, !text[bytes + strspn(text + bytes, " \t")]))
		return;
	if (!shell->told)
		shell->told = ot_alloc(sizeof(*shell->told));
	ot_map_set(shell->told, key, shell);
	ot_ui_note(shell->ui, "%s is %s; the variable of that name is `pr %s`", name,
		   is_alias ? "an alias" : "a command", name);
}
