/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buf.h"
#include "cmds/cmd.h"
#include "target/target.h"
#include "ui/debugger.h"
#include "ui/session.h"
#include "ui/unix.h"

/*
 * By gdb's Python, a line each: its own commands know threads by numbers of its own only. The frames of the runtime and
 * the wrapper come first; behind them stands the caller, as the function itself has not begun, or has ended.
 */
static const char select_thread[] =
	"[t.switch() for t in gdb.selected_inferior().threads() if t.ptid[1] == %u]";
static const char *const select_frame[] = {
	"otrace_frames = [gdb.newest_frame()]",
	"[otrace_frames.append(otrace_frames[-1].older()) for i in range(40) if otrace_frames[-1]]",
	("otrace_ours = lambda f: \"libotrace\" in (gdb.solib_name(f.pc()) or \"\") or "
	 "(f.name() or \"\").startswith((\"ot_\", \"otrace_\", \"__otrace_\"))"),
	"([f for f in otrace_frames if f and not otrace_ours(f)] or otrace_frames)[0].select()",
};

static void add_command(struct ot_buf *line, pid_t pid, uint32_t tid)
{
	ot_buf_addf(line, "gdb -q -nx -iex 'set pagination off' -p %d -ex 'python ", (int)pid);
	ot_buf_addf(line, select_thread, tid);
	ot_buf_addc(line, '\'');
	for (size_t i = 0; i < OT_NR(select_frame); i++)
		ot_buf_addf(line, " -ex 'python %s'", select_frame[i]);
	ot_buf_adds(line, " -ex frame -ex 'set pagination on'");
}

struct ot_err *ot_debugger_run(struct ot_shell *shell, uint32_t tid, const char *what)
{
	ot_auto_buf struct ot_buf line = OT_BUF_INIT;

	if (ot_session_terminal(shell) < 0)
		return ot_err_new(OT_ERR_UNSUPPORTED, "no terminal for gdb");
	if (!ot_unix_has("gdb"))
		return ot_err_new(OT_ERR_UNSUPPORTED, "gdb is not installed");
	ot_ui_note(
		shell->ui,
		"%s: gdb has it; quit or detach there lets it go on, continue and step do not: the "
		"thread waits in otrace until gdb leaves",
		what);
	add_command(&line, ot_target_pid(shell->target), tid);
	ot_err_destroy(ot_unix_run(shell, ot_buf_text(&line), NULL, NULL));
	return NULL;
}
