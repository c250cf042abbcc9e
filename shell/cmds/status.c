/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/buf.h"
#include "cmds/cmd.h"
#include "model/program.h"
#include "params/params.h"
#include "stream/fastreads.h"
#include "stream/stream.h"
#include "target/target.h"
#include "ui/breaks.h"
#include "ui/holding.h"

static void line(struct ot_buf *out, const char *name, const char *format, ...) OT_PRINTF(3, 4);

static void line(struct ot_buf *out, const char *name, const char *format, ...)
{
	va_list args;

	ot_buf_addf(out, "%-12s", name);
	va_start(args, format);
	ot_buf_vaddf(out, format, args);
	va_end(args);
	ot_buf_addc(out, '\n');
}

typedef unsigned long long ull;

static void say_process(const struct ot_shell *shell, struct ot_buf *out)
{
	static const char *const states[] = {
		[OT_TARGET_HELD] = "held before main", [OT_TARGET_RUNNING] = "running",
		[OT_TARGET_ENDED] = "ended",	       [OT_TARGET_DETACHED] = "detached",
		[OT_TARGET_FILE] = "a program file",
	};
	const struct ot_target *target = shell->target;
	pid_t pid = ot_target_pid(target);

	line(out, "program", "%s", ot_target_path(target));
	if (pid)
		line(out, "process", "%d, %s%s", (int)pid, states[ot_target_state(target)],
		     shell->safe ? ", safe mode" : "");
	else
		line(out, "process", "none: %s", states[ot_target_state(target)]);
}

static void say_modules(const struct ot_shell *shell, struct ot_buf *out)
{
	size_t nr;
	const struct ot_module *const *modules = ot_program_modules(shell->program, &nr);

	for (size_t i = 0; i < nr; i++)
		line(out, i ? "" : "modules", "%s: %zu functions, %zu variables%s",
		     modules[i]->short_name, modules[i]->nr_fns, modules[i]->nr_vars,
		     modules[i]->unloaded ? ", unloaded" : "");
}

static void say_runtime(const struct otrace_status *s, struct ot_buf *out)
{
	line(out, "functions", "%llu with a stub, %llu on, %llu traced, %llu patched",
	     (ull)s->nr_functions, (ull)s->nr_on, (ull)s->nr_traced, (ull)s->nr_redirected);
	line(out, "switches", "%llu in %.3f ms, longest wait of a caller %.1f us",
	     (ull)s->nr_switches, (double)s->switch_total_ns / 1e6, (double)s->window_max_ns / 1e3);
	line(out, "text", "%llu pages copied by switching%s", (ull)s->text_pages_dirty,
	     s->flags & OTRACE_STATUS_MEMFD_TEXT
		     ? " (through a copy: the system refuses writable text)"
		     : "");
	line(out, "memory", "%llu KiB of the runtime, %llu KiB of the trace area used",
	     (ull)s->arena_bytes / 1024, (ull)s->area_used_bytes / 1024);
	line(out, "not written",
	     "%llu without a ring, %llu nested in a signal, %llu after waiting, "
	     "%llu for other reasons",
	     (ull)s->lost_no_ring, (ull)s->lost_nested, (ull)s->lost_waiting, (ull)s->lost_fault);
	if (s->flags & OTRACE_STATUS_STUBS_DISABLED)
		line(out, "WARNING",
		     "the runtime found itself in trouble and switched everything off");
}

static void say_stream(const struct ot_shell *shell, uint64_t rings_used, struct ot_buf *out)
{
	const struct otrace_area *area = ot_target_area(shell->target);
	const struct ot_store *store;

	if (!shell->stream || !area)
		return;
	store = ot_stream_store(shell->stream);
	line(out, "rings", "%llu used of %u, %u KiB each", (ull)rings_used, area->nr_rings,
	     area->ring_bytes / 1024);
	line(out, "records", "%llu read, %llu lost in all; log has the last %llu",
	     (ull)ot_stream_nr_records(shell->stream), (ull)ot_stream_nr_lost(shell->stream),
	     (ull)ot_store_nr(store));
}

static struct ot_err *say_breaks(struct ot_shell *shell, struct ot_buf *out, struct ot_buf *json)
{
	ot_auto_buf struct ot_buf lines = OT_BUF_INIT;
	struct otrace_parked_list list;
	const char *at, *end;

	if (!ot_breaks_parked(shell))
		return NULL;
	OT_TRY(ot_parked_sync(ot_breaks_parked(shell), shell->target, &list));
	ot_buf_adds(json, ",\"parked\":");
	ot_breaks_list(shell, &lines, json);
	for (at = ot_buf_text(&lines); (end = strchr(at, '\n')); at = end + 1)
		line(out, at == ot_buf_text(&lines) ? "at breaks" : "", "%.*s", (int)(end - at),
		     at);
	if (list.nr_passed)
		line(out, "", "%llu breaks passed by: %u threads waited already",
		     (ull)list.nr_passed, list.nr_max);
	return NULL;
}

static struct ot_err *say_holds(struct ot_shell *shell, struct ot_buf *out, struct ot_buf *json)
{
	ot_auto_buf struct ot_buf lines = OT_BUF_INIT;
	struct otrace_held_list list;
	const char *at, *end;

	if (!ot_holding_holds(shell))
		return NULL;
	OT_TRY(ot_holds_sync(ot_holding_holds(shell), shell->target, &list));
	ot_buf_adds(json, ",\"held\":");
	ot_holding_list(shell, &lines, json);
	for (at = ot_buf_text(&lines); (end = strchr(at, '\n')); at = end + 1)
		line(out, at == ot_buf_text(&lines) ? "held" : "", "%.*s", (int)(end - at), at);
	if (list.nr_no_loop)
		line(out, "", "%llu not held: their threads have no event loop",
		     (ull)list.nr_no_loop);
	if (list.nr_full)
		line(out, "", "%llu not held: %u were already", (ull)list.nr_full, list.nr_max);
	return NULL;
}

static struct ot_err *say_reads(struct ot_shell *shell, struct ot_buf *out, struct ot_buf *json)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT;
	struct otrace_fast_reads_state state;

	if (!shell->params || !shell->params->fast_reads)
		return NULL;
	OT_TRY(ot_fast_reads_ask(shell->target, &state));
	ot_fast_reads_text(&state, &text);
	line(out, "conditions", "%s", ot_buf_text(&text));
	ot_buf_adds(json, ",\"conditions\":");
	ot_buf_add_json(json, ot_buf_text(&text), text.len);
	return NULL;
}

static void add_json(const struct otrace_status *s, struct ot_buf *json)
{
	ot_buf_addf(json,
		    "{\"functions\":%llu,\"on\":%llu,\"traced\":%llu,\"patched\":%llu,"
		    "\"switches\":%llu,\"window_max_ns\":%llu,\"text_pages_dirty\":%llu,"
		    "\"lost_no_ring\":%llu,\"lost_nested\":%llu,\"lost_waiting\":%llu,"
		    "\"lost_fault\":%llu",
		    (ull)s->nr_functions, (ull)s->nr_on, (ull)s->nr_traced, (ull)s->nr_redirected,
		    (ull)s->nr_switches, (ull)s->window_max_ns, (ull)s->text_pages_dirty,
		    (ull)s->lost_no_ring, (ull)s->lost_nested, (ull)s->lost_waiting,
		    (ull)s->lost_fault);
}

static struct ot_err *run(struct ot_shell *shell, struct ot_cmd_call *call)
{
	enum ot_target_state state = ot_target_state(shell->target);
	struct otrace_status status;
	uint64_t rings = 0;

	say_process(shell, call->out);
	say_modules(shell, call->out);
	if (state == OT_TARGET_HELD || state == OT_TARGET_RUNNING) {
		OT_TRY(ot_target_status(shell->target, &status));
		say_runtime(&status, call->out);
		add_json(&status, call->json);
		OT_TRY(say_reads(shell, call->out, call->json));
		OT_TRY(say_breaks(shell, call->out, call->json));
		OT_TRY(say_holds(shell, call->out, call->json));
		ot_buf_addc(call->json, '}');
		rings = status.nr_rings_used;
	}
	say_stream(shell, rings, call->out);
	return NULL;
}

const struct ot_cmd ot_cmd_status = {
	.name = "status",
	.usage = "",
	.summary = "the process, its functions, what is on, and what was lost",
	.flags = OT_CMD_NEEDS_PROGRAM,
	.run = run,
};
