/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about memory and threads: READ, WRITE, THREADS, TLS. */
#include <dirent.h>
#include <fcntl.h>
#include <link.h>

#include "base/mem.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/control.h"
#include "core/requests.h"
#include "core/start.h"
#include "core/tcb.h"
#include "core/thread.h"

void ot_request_read(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	const struct otrace_span *spans = (const void *)in.bytes;
	uint64_t nr = in.nr_bytes / sizeof(*spans);
	uint64_t counts = reply->used_bytes;

	(void)client;
	ot_reply_room(reply, nr * sizeof(uint32_t));
	ot_reply_pad(reply);
	for (uint64_t i = 0; i < nr && !reply->failed; i++) {
		void *to = ot_reply_room(reply, spans[i].bytes);
		uint32_t got;

		if (!to)
			return;
		got = (uint32_t)ot_safe_read(to, spans[i].address, spans[i].bytes);
		reply->used_bytes -= spans[i].bytes - got;
		ot_memcpy(reply->bytes + counts + i * sizeof(got), &got, sizeof(got));
	}
}

void ot_request_write(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	const struct otrace_span *span = (const void *)in.bytes;

	(void)client;
	if (span->bytes > in.nr_bytes - sizeof(*span))
		ot_reply_error(reply, OTRACE_E_PROTOCOL, "fewer bytes than the span says");
	else if (ot_safe_write(span->address, span + 1, span->bytes) != span->bytes)
		ot_reply_error(reply, OTRACE_E_FAULT, NULL);
}

/* ------------------------------------------------------------------ threads */

static uint32_t ring_of(int tid, uint64_t *thread_pointer_ret)
{
	const struct ot_thread *thread;

	for (uint32_t i = 0; (thread = ot_thread_at(i)); i++) {
		if (ot_thread_is_live(thread, tid)) {
			*thread_pointer_ret = thread->ring->thread_pointer;
			return i;
		}
	}
	if (tid == ot_sys_getpid())
		*thread_pointer_ret = ot_start_main_thread_pointer();
	return UINT32_MAX;
}

static void read_name(const char *tid, char name[16])
{
	char path[64];
	struct ot_text text = OT_TEXT(path);
	int fd;
	long got;

	ot_text_add(&text, "/proc/self/task/");
	ot_text_add(&text, tid);
	ot_text_add(&text, "/comm");
	fd = (int)ot_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	got = ot_sys_read(fd, name, 16);
	ot_sys_close(fd);
	for (long i = 0; i < 16; i++)
		if (i >= got || name[i] == '\n')
			name[i] = 0;
}

static void add_thread(struct ot_reply *reply, const char *tid)
{
	struct otrace_thread_info info = {.tid = (uint32_t)ot_parse_u64(tid, 10, NULL)};

	info.ring = ring_of((int)info.tid, &info.thread_pointer);
	read_name(tid, info.name);
	ot_reply_add(reply, &info, sizeof(info));
}

void ot_request_threads(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	char buffer[1024] __attribute__((aligned(8)));
	int fd = (int)ot_sys_open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	long got;

	(void)client;
	(void)in;
	if (fd < 0) {
		ot_reply_error(reply, OTRACE_E_SYSTEM, "/proc/self/task cannot be read");
		return;
	}
	while ((got = ot_sys_getdents(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(buffer + at);

			if (entry->d_name[0] != '.')
				add_thread(reply, entry->d_name);
			at += entry->d_reclen;
		}
	}
	ot_sys_close(fd);
}

/* ------------------------------------------------------------------ thread-locals */

/*
 * The accessor gives the oshell thread's copy of the variable. In the static TLS block it lies at the
 * same distance from every thread's pointer; memory that the loader takes later for a dlopen'd module
 * lies anywhere, and only its own thread could tell.
 */
#define STATIC_TLS_MAX_BYTES (1u << 20)

struct tls_work {
	const struct otrace_tls *tls;
	bool found;
	int64_t offset;
};

/* Only what a thread-local names is called: not whatever a client says. */
static void run_tls(void *context)
{
	struct tls_work *work = context;
	void *(*accessor)(void) = (void *(*)(void))work->tls->accessor;

	for (struct ot_module *module = ot_modules_first(); module; module = module->next) {
		if (!module->loaded || module->abi_version != OTRACE_ABI_VERSION ||
		    !ot_module_has_accessor(module, work->tls->accessor))
			continue;
		work->offset = (int64_t)((uint64_t)accessor() - ot_arch_thread_pointer());
		work->found = true;
		return;
	}
}

void ot_request_tls(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct tls_work work = {.tls = (const void *)in.bytes};
	uint64_t thread_pointer = 0, address;
	int tid = (int)work.tls->tid;

	(void)client;
	ot_control_run(run_tls, &work);
	if (!work.found) {
		ot_reply_error(reply, OTRACE_E_INVALID, "no such accessor");
		return;
	}
	tid = tid ? tid : ot_sys_getpid();
	ring_of(tid, &thread_pointer);
	if (!thread_pointer)
		thread_pointer = ot_tcb_find(tid);
	if (!thread_pointer || work.offset >= 0 || work.offset < -(int64_t)STATIC_TLS_MAX_BYTES) {
		ot_reply_error(reply, OTRACE_E_NO_THREAD, NULL);
		return;
	}
	address = thread_pointer + (uint64_t)work.offset;
	ot_reply_add(reply, &address, sizeof(address));
}
