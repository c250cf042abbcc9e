/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/vec.h"
#include "contexts/contexts.h"
#include "stream/stream.h"
#include "target/target.h"
#include "ui/breaks.h"
#include "ui/debugger.h"
#include "ui/session.h"

struct ot_breaks {
	struct ot_shell *shell;
	struct ot_parked *parked;
	uint64_t nr_seen; /* breaks that a waiting command has ended for */
	uint64_t nr_lost; /* records, as of the last look */
	bool unattended;
	bool busy;		  /* gdb has the terminal */
	OT_VEC(uint64_t) for_gdb; /* numbers of calls */
};

static void tell(struct ot_breaks *breaks, const struct ot_parked_event *event)
{
	ot_auto_buf struct ot_buf text = OT_BUF_INIT, json = OT_BUF_INIT;

	ot_parked_text(breaks->parked, event, &text);
	ot_parked_json(breaks->parked, event, (int)ot_target_pid(breaks->shell->target), &json);
	ot_ui_happened(breaks->shell->ui,
		       &(struct ot_log_text){.text = text.data,
					     .bytes = text.len,
					     .level = OT_LOG_WARNING,
					     .has_id = true,
					     .time_ns = event->time_ns,
					     .tid = event->thread.tid},
		       &json);
}

static void take_record(void *priv, uint32_t tid, const struct otrace_rec *rec, uint64_t time_ns)
{
	struct ot_breaks *breaks = priv;
	struct ot_parked_event event;

	if (!ot_parked_feed(breaks->parked, tid, rec, time_ns, &event))
		return;
	tell(breaks, &event);
	if (breaks->shell->contexts)
		ot_contexts_pin(breaks->shell->contexts, event.thread.seq, !event.goes_on);
	if (!event.goes_on && event.thread.action == OTRACE_ACTION_GDB)
		ot_vec_push(&breaks->for_gdb, event.thread.seq);
}

void ot_breaks_begin(struct ot_shell *shell)
{
	struct ot_breaks *breaks = ot_alloc(sizeof(*breaks));

	breaks->shell = shell;
	breaks->parked = ot_parked_create(shell->traces);
	shell->breaks = breaks;
	ot_stream_on(shell->stream, OTRACE_REC_PARKED, take_record, breaks);
	ot_stream_on(shell->stream, OTRACE_REC_RESUMED, take_record, breaks);
}

void ot_breaks_destroy(struct ot_breaks *breaks)
{
	if (!breaks)
		return;
	ot_parked_destroy(breaks->parked);
	ot_vec_deinit(&breaks->for_gdb);
	free(breaks);
}

void ot_breaks_call(struct ot_shell *shell, const struct ot_call_event *event)
{
	if (shell->breaks)
		ot_parked_call(shell->breaks->parked, event);
}

void ot_breaks_ended(struct ot_shell *shell)
{
	if (!shell->breaks)
		return;
	ot_parked_clear(shell->breaks->parked);
	shell->breaks->for_gdb.nr = 0;
}

/* ------------------------------------------------------------------ asking */

struct ot_parked *ot_breaks_parked(const struct ot_shell *shell)
{
	return shell->breaks ? shell->breaks->parked : NULL;
}

size_t ot_breaks_nr(const struct ot_shell *shell)
{
	size_t nr = 0;

	if (shell->breaks)
		ot_parked_threads(shell->breaks->parked, &nr);
	return nr;
}

bool ot_breaks_new(struct ot_shell *shell)
{
	struct ot_breaks *breaks = shell->breaks;
	uint64_t nr;
	bool is_new;

	if (!breaks || breaks->unattended || breaks->busy)
		return false;
	nr = ot_parked_nr_breaks(breaks->parked);
	is_new = nr > breaks->nr_seen && ot_breaks_nr(shell);
	breaks->nr_seen = nr;
	return is_new;
}

/* The runtime's own thread for calls says what it is by its name. */
static bool is_caller(const struct ot_shell *shell, uint32_t thread, uint32_t tid)
{
	char name[32] = "";
	ot_auto_free char *path = NULL;
	FILE *file;

	if (thread == OTRACE_CALL_MAIN)
		return (pid_t)tid == ot_target_pid(shell->target);
	if (thread)
		return tid == thread;
	path = ot_asprintf("/proc/%d/task/%u/comm", (int)ot_target_pid(shell->target), tid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	return !strcmp(name, "oshell-call\n");
}

static struct ot_err *held_up(struct ot_shell *shell, const struct ot_parked_thread *at)
{
	ot_auto_buf struct ot_buf id = OT_BUF_INIT;

	ot_parked_id(shell->breaks->parked, at, &id);
	return ot_err_new(
		OT_ERR_SILENT,
		"it waits at a break: %s; resume lets it go on, its result is thrown away",
		ot_buf_text(&id));
}

/* A break in what is called holds up the call alone. */
struct ot_err *ot_breaks_check_call(struct ot_shell *shell, uint32_t call, uint32_t thread)
{
	const struct ot_parked_thread *threads;
	size_t nr = 0;

	if (!shell->breaks || shell->breaks->unattended || shell->breaks->busy)
		return NULL;
	threads = ot_parked_threads(shell->breaks->parked, &nr);
	for (size_t i = 0; i < nr; i++) {
		if (!is_caller(shell, thread, threads[i].tid))
			continue;
		ot_target_forget_call(shell->target, call);
		return held_up(shell, &threads[i]);
	}
	return NULL;
}

void ot_breaks_unattended(struct ot_shell *shell)
{
	if (!shell->breaks)
		return;
	shell->breaks->unattended = true;
	ot_parked_unattended(shell->breaks->parked);
}

/* ------------------------------------------------------------------ letting go */

static bool is_live(const struct ot_shell *shell)
{
	return shell->target && ot_target_fd(shell->target) >= 0;
}

/* Its trace was taken away while it came here. One that has reached its limit is another matter. */
static bool is_wanted(const struct ot_shell *shell, const struct ot_parked_thread *thread)
{
	const struct ot_trace_request *request = ot_traces_request(shell->traces, thread->counter);

	return !thread->trace_id || (request && request->is_listed); /* an assertion has no trace */
}

static void let_go_unwanted(struct ot_shell *shell)
{
	size_t nr;
	const struct ot_parked_thread *threads = ot_parked_threads(shell->breaks->parked, &nr);

	for (size_t i = 0; i < nr; i++)
		if (!is_wanted(shell, &threads[i]))
			ot_err_destroy(ot_parked_untraced(shell->target, threads[i].counter));
}

static void let_go_all(struct ot_shell *shell)
{
	ot_err_destroy(ot_parked_resume(shell->target, NULL, 0, NULL));
	ot_err_destroy(ot_parked_sync(shell->breaks->parked, shell->target, NULL));
}

static void give_to_gdb(struct ot_breaks *breaks, uint64_t seq)
{
	const struct ot_parked_thread *thread = ot_parked_find(breaks->parked, seq);
	ot_auto_buf struct ot_buf id = OT_BUF_INIT;
	ot_auto_err struct ot_err *err = NULL;

	if (!thread)
		return;
	ot_parked_id(breaks->parked, thread, &id);
	breaks->busy = true;
	err = ot_debugger_run(breaks->shell, thread->tid, ot_buf_text(&id));
	breaks->busy = false;
	if (err) {
		ot_auto_buf struct ot_buf text = OT_BUF_INIT;

		ot_err_format(err, &text);
		ot_ui_note(breaks->shell->ui, "%s: %s; the thread waits as at any break",
			   ot_buf_text(&id), ot_buf_text(&text));
		return;
	}
	ot_err_destroy(ot_parked_resume(breaks->shell->target, &seq, 1, NULL));
	ot_err_destroy(ot_parked_sync(breaks->parked, breaks->shell->target, NULL));
}

static void run_gdb(struct ot_breaks *breaks)
{
	while (breaks->for_gdb.nr && !breaks->busy) {
		uint64_t seq = breaks->for_gdb.items[0];

		memmove(breaks->for_gdb.items, breaks->for_gdb.items + 1,
			--breaks->for_gdb.nr * sizeof(seq));
		give_to_gdb(breaks, seq);
	}
}

void ot_breaks_settle(struct ot_shell *shell)
{
	struct ot_breaks *breaks = shell->breaks;
	uint64_t nr_lost;

	if (!breaks || breaks->busy || !is_live(shell))
		return;
	nr_lost = ot_stream_nr_lost(shell->stream);
	if (nr_lost != breaks->nr_lost && ot_breaks_nr(shell))
		ot_parked_lost(breaks->parked);
	breaks->nr_lost = nr_lost;
	ot_parked_settle(breaks->parked, shell->target);
	if (!ot_breaks_nr(shell)) {
		breaks->for_gdb.nr = 0;
		return;
	}
	if (breaks->unattended)
		let_go_all(shell);
	else
		run_gdb(breaks);
	let_go_unwanted(shell);
}

/* ------------------------------------------------------------------ the list */

static uint64_t since(uint64_t ns)
{
	struct timespec now;
	uint64_t at;

	clock_gettime(CLOCK_REALTIME, &now);
	at = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return at > ns ? at - ns : 0;
}

static void list_one(const struct ot_parked *parked, const struct ot_parked_thread *thread,
		     const struct otrace_thread_info *info, struct ot_buf *out, struct ot_buf *json)
{
	ot_auto_buf struct ot_buf id = OT_BUF_INIT;

	ot_parked_id(parked, thread, &id);
	ot_buf_addf(out, "%s thread %u", ot_buf_text(&id), thread->tid);
	if (info)
		ot_buf_addf(out, " (%.16s)", info->name);
	ot_buf_addf(out, ", for %.1f s", (double)since(thread->since_ns) / 1e9);
	ot_buf_addc(out, '\n');
	ot_buf_adds(json, "{\"id\":");
	ot_buf_add_json(json, id.data, id.len);
	ot_buf_addf(json, ",\"thread\":%u,\"waited_ns\":", thread->tid);
	ot_buf_add_u64(json, since(thread->since_ns));
	ot_buf_addc(json, '}');
}

static const struct otrace_thread_info *info_of(const struct otrace_thread_info *infos, size_t nr,
						uint32_t tid)
{
	for (size_t i = 0; i < nr; i++)
		if (infos[i].tid == tid)
			return &infos[i];
	return NULL;
}

void ot_breaks_list(struct ot_shell *shell, struct ot_buf *out, struct ot_buf *json)
{
	const struct ot_parked_thread *threads;
	struct otrace_thread_info *infos = NULL;
	size_t nr = 0, nr_infos = 0;

	ot_buf_addc(json, '[');
	threads = shell->breaks ? ot_parked_threads(shell->breaks->parked, &nr) : NULL;
	if (nr)
		ot_err_destroy(ot_target_threads(shell->target, &infos, &nr_infos));
	for (size_t i = 0; i < nr; i++) {
		ot_buf_adds(json, i ? "," : "");
		list_one(shell->breaks->parked, &threads[i],
			 info_of(infos, nr_infos, threads[i].tid), out, json);
	}
	ot_buf_addc(json, ']');
	free(infos);
}
