/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/map.h"
#include "base/vec.h"
#include "stream/death.h"
#include "stream/kept.h"

struct open {
	struct ot_call_event event;
	const struct ot_trace *trace;
	bool found;	/* its record is still kept */
	bool uncertain; /* records of the thread were lost since: its end may be among them */
	bool is_kept;	/* not recorded: its condition is decided at its end */
};

struct open_list {
	const struct ot_death *death;
	OT_VEC(struct open) calls;
	struct ot_map by_seq; /* call_seq -> index + 1 */
};

/* ------------------------------------------------------------------ which */

static void add_open(void *priv, const struct ot_call_event *event)
{
	struct open_list *list = priv;
	struct open open = {.event = *event};

	open.trace = ot_traces_by_id(list->death->writer->traces, event->trace_id);
	if (open.trace)
		ot_vec_push(&list->calls, open);
}

static void add_kept(void *priv, const struct ot_call_event *event)
{
	struct open_list *list = priv;

	add_open(priv, event);
	if (list->calls.nr && list->calls.items[list->calls.nr - 1].event.seq == event->seq)
		list->calls.items[list->calls.nr - 1].is_kept = true;
}

/* Threads in order; the calls of each came from the outermost in. */
static int by_thread(const void *a, const void *b)
{
	const struct open *oa = a, *ob = b;

	if (oa->event.tid != ob->event.tid)
		return oa->event.tid < ob->event.tid ? -1 : 1;
	return oa->event.seq < ob->event.seq ? -1 : oa->event.seq > ob->event.seq;
}

static void take_arguments(struct open_list *list, const struct otrace_rec *rec)
{
	uintptr_t index = (uintptr_t)ot_map_get(&list->by_seq, rec->call_seq);
	size_t bytes = rec->nr_words * 8u, head = sizeof(struct otrace_rec_enter);
	struct open *open;

	if (!index || bytes < head)
		return;
	open = &list->calls.items[index - 1];
	open->found = true;
	open->event.flags = rec->flags;
	open->event.captures = (const char *)rec + head;
	open->event.nr_bytes = bytes - head;
}

static void take_loss(struct open_list *list, uint32_t tid)
{
	for (size_t i = 0; i < list->calls.nr; i++) {
		struct open *open = &list->calls.items[i];

		if (open->event.tid == tid && open->found)
			open->uncertain = true;
	}
}

/* What is no longer kept came before all that is: any loss that is kept came behind it. */
static void find_records(struct open_list *list)
{
	const struct ot_store *store = ot_stream_store(list->death->stream);
	struct ot_store_item item;
	uint64_t at = 0;

	while (ot_store_next(store, &at, &item)) {
		if (!item.rec)
			take_loss(list, item.tid);
		else if (item.rec->type == OTRACE_REC_ENTER)
			take_arguments(list, item.rec);
	}
}

static void find_open(struct open_list *list)
{
	ot_calls_each_open(ot_stream_calls(list->death->stream), add_open, list);
	ot_kept_each(list->death->area, add_kept, list);
	if (!list->calls.nr)
		return;
	qsort(list->calls.items, list->calls.nr, sizeof(*list->calls.items), by_thread);
	for (size_t i = 0; i < list->calls.nr; i++)
		ot_map_set(&list->by_seq, list->calls.items[i].event.seq,
			   (void *)(uintptr_t)(i + 1));
	find_records(list);
	for (size_t i = 0; i < list->calls.nr; i++)
		list->calls.items[i].found |= list->calls.items[i].is_kept;
}

/* Empty when it is not known. */
static void thread_name(const struct otrace_area *area, uint32_t tid, char name[17])
{
	*name = 0;
	for (uint32_t i = 0; area && i < area->nr_rings; i++) {
		const struct otrace_ring *ring =
			(const void *)((const char *)area + area->rings_offset +
				       i * area->ring_stride_bytes);

		if (ring->owner_tid != tid)
			continue;
		memcpy(name, ring->thread_name, 16);
		name[16] = 0;
		return;
	}
}

/* ------------------------------------------------------------------ text */

static void text_head(int status, struct ot_buf *out)
{
	if (status >= 0 && WIFSIGNALED(status))
		ot_buf_addf(out, "open when signal %d (%s) killed the program:\n", WTERMSIG(status),
			    strsignal(WTERMSIG(status)));
	else if (status >= 0)
		ot_buf_addf(out, "exit with status %d in:\n", WEXITSTATUS(status));
	else
		ot_buf_adds(out, "open when the program ended:\n");
}

static void text_thread(const struct ot_death *death, uint32_t tid, struct ot_buf *out)
{
	char name[17];

	thread_name(death->area, tid, name);
	ot_buf_addf(out, "  thread %u%s%s\n", tid, *name ? " " : "", name);
}

static void text_open(const struct ot_death *death, const struct open *open, struct ot_buf *out)
{
	ot_buf_adds(out, "    ");
	if (open->found) {
		ot_event_text(death->writer, open->trace, &open->event, out);
	} else {
		ot_event_id(open->trace, open->event.call_time_ns, open->event.seq, out);
		ot_buf_adds(out, " [its arguments are no longer kept]\n");
	}
	if (!open->uncertain && !open->is_kept)
		return;
	ot_buf_truncate(out, out->len - 1);
	ot_buf_adds(out, open->is_kept ? " [its condition is decided at its end]\n"
				       : " [or over: records behind it were lost]\n");
}

static void text_all(const struct open_list *list, struct ot_buf *out)
{
	uint32_t tid = 0;

	if (list->calls.nr)
		text_head(list->death->status, out);
	for (size_t i = 0; i < list->calls.nr; i++) {
		const struct open *open = &list->calls.items[i];

		if (open->event.tid != tid)
			text_thread(list->death, open->event.tid, out);
		tid = open->event.tid;
		text_open(list->death, open, out);
	}
}

/* ------------------------------------------------------------------ JSON */

/* As the event of the call, with what is known only now. */
static void json_open(const struct ot_death *death, const struct open *open, struct ot_buf *out)
{
	char name[17];

	ot_event_json(death->writer, open->trace, &open->event, out);
	ot_buf_truncate(out, out->len - (sizeof("}\n") - 1));
	thread_name(death->area, open->event.tid, name);
	ot_buf_adds(out, ",\"thread_name\":");
	ot_buf_add_json(out, name, strlen(name));
	ot_buf_adds(out, open->found ? "" : ",\"args_kept\":false");
	ot_buf_adds(out, open->is_kept ? ",\"decided\":false" : "");
	ot_buf_adds(out, open->uncertain ? ",\"certain\":false}" : ",\"certain\":true}");
}

static void json_all(const struct open_list *list, struct ot_buf *out)
{
	int status = list->death->status;

	ot_buf_addf(out, "{\"event\":\"died\",\"pid\":%d", list->death->pid);
	if (status >= 0 && WIFSIGNALED(status))
		ot_buf_addf(out, ",\"signal\":%d", WTERMSIG(status));
	else if (status >= 0)
		ot_buf_addf(out, ",\"status\":%d", WEXITSTATUS(status));
	ot_buf_adds(out, ",\"open\":[");
	for (size_t i = 0; i < list->calls.nr; i++) {
		if (i)
			ot_buf_addc(out, ',');
		json_open(list->death, &list->calls.items[i], out);
	}
	ot_buf_adds(out, "]}\n");
}

void ot_death_tell(const struct ot_death *death, struct ot_buf *text, struct ot_buf *json)
{
	struct open_list list = {.death = death};

	find_open(&list);
	text_all(&list, text);
	if (list.calls.nr || (death->status >= 0 && WIFSIGNALED(death->status)))
		json_all(&list, json);
	ot_vec_deinit(&list.calls);
	ot_map_deinit(&list.by_seq);
}

/* ------------------------------------------------------------------ how it ended */

/* struct pidfd_info of Linux 6.15, as far as it is wanted; the headers at hand may be older. */
struct pidfd_end {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};

#define PIDFD_END_MASK 8u
#define PIDFD_END_REQUEST _IOWR(0xff, 11, struct pidfd_end)

static int status_of_pidfd(int pidfd)
{
	struct pidfd_end end = {.mask = PIDFD_END_MASK};

	if (pidfd < 0 || ioctl(pidfd, PIDFD_END_REQUEST, &end) || !(end.mask & PIDFD_END_MASK))
		return -1;
	return end.exit_code;
}

/* Of a zombie the last field has it. */
static int status_of_zombie(int pid)
{
	char path[32], line[1024];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[n > 0 ? n : 0] = 0;
	at = strrchr(line, ')');
	if (!at || strncmp(at, ") Z ", 4) != 0)
		return -1;
	at = strrchr(line, ' ');
	return (int)strtol(at, NULL, 10);
}

int ot_death_status(int pidfd, int pid)
{
	int status = status_of_pidfd(pidfd);

	if (status < 0)
		status = status_of_zombie(pid);
	/* the parent may have asked between the two */
	return status < 0 ? status_of_pidfd(pidfd) : status;
}
