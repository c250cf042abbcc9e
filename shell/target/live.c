/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A running process, asked through the socket of its runtime. Large requests are cut into messages
 * well below the protocol's limit.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ownfd.h"
#include "target/client.h"
#include "target/impl.h"
#include "target/mapped.h"

#define CHUNK_BYTES (4u << 20)

struct ot_live {
	struct ot_target target;
	struct ot_client client;
	struct ot_mapped *mapped; /* NULL before it is asked for */
	bool stale; /* the list of modules could not be had: asked for again when there are answers */
};

static struct ot_live *live_of(const struct ot_target *target)
{
	return (struct ot_live *)target;
}

/* Every request goes through here, so that an end of the program is noticed by whoever is first. */
static struct ot_err *ask(struct ot_target *target, enum otrace_msg_type type, const void *payload,
			  size_t bytes, struct ot_buf *reply)
{
	struct ot_live *live = live_of(target);
	struct ot_err *err = ot_client_ask(&live->client, type, payload, bytes, reply, NULL);

	if (live->client.fd < 0)
		target->state = live->client.given_up ? OT_TARGET_DETACHED : OT_TARGET_ENDED;
	if (err && err->code == OT_ERR_SILENT && !target->silence)
		target->silence = ot_strdup(err->what);
	if (err && type == OTRACE_MSG_MODULES)
		live->stale = true;
	if (!err && live->stale) {
		live->stale = false;
		live->client.modules_event = true;
	}
	return err;
}

static struct ot_err *short_reply(void)
{
	return ot_err_new(OT_ERR_DAMAGED, "the runtime's answer is too short");
}

/* ------------------------------------------------------------------ opening */

static struct ot_err *map_area(struct ot_live *live, uint64_t bytes)
{
	struct ot_client *client = &live->client;
	struct otrace_area *area;
	struct stat st;

	if (client->received_fd < 0)
		return NULL;
	if (fstat(client->received_fd, &st) || (uint64_t)st.st_size < bytes ||
	    bytes < sizeof(*area))
		return ot_err_new(OT_ERR_DAMAGED, "the trace area is smaller than it claims");
	area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, client->received_fd, 0);
	if (area == MAP_FAILED)
		return ot_err_errno("cannot map the trace area");
	ot_ownfd_close(client->received_fd);
	client->received_fd = -1;
	live->target.area = area;
	live->target.area_bytes = bytes;
	if (area->magic != OTRACE_AREA_MAGIC)
		return ot_err_new(OT_ERR_DAMAGED, "the trace area is damaged");
	if (area->version != OTRACE_RING_VERSION)
		return ot_err_new(OT_ERR_VERSION, "trace area version %u, this otrace reads %u",
				  area->version, OTRACE_RING_VERSION);
	return NULL;
}

static struct ot_err *refused_hello(const struct ot_client *client, int status,
				    const struct ot_buf *reply)
{
	const struct otrace_welcome *w = (const void *)reply->data;

	if (status == OTRACE_E_VERSION && reply->len >= sizeof(*w))
		return ot_err_new(
			OT_ERR_VERSION,
			"process %d has a runtime of another version (protocol %u, tables %u; "
			"this otrace: %u, %u)",
			(int)client->peer_pid, w->wire_version, w->abi_version, OTRACE_WIRE_VERSION,
			OTRACE_ABI_VERSION);
	if (status == OTRACE_E_BUSY && reply->len)
		return ot_err_new(OT_ERR_OTHER, "process %d: %s", (int)client->peer_pid,
				  ot_buf_text(reply));
	return ot_client_refusal(status, reply);
}

static struct ot_err *say_hello(struct ot_live *live, bool safe)
{
	struct otrace_hello hello = {
		.wire_version = OTRACE_WIRE_VERSION,
		.abi_version = OTRACE_ABI_VERSION,
		.flags = OTRACE_HELLO_ENDING | (safe ? OTRACE_HELLO_SAFE : 0),
		.client_pid = (uint32_t)getpid(),
	};
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;
	const struct otrace_welcome *w;
	int status = 0;

	OT_TRY(ot_client_ask(&live->client, OTRACE_MSG_HELLO, &hello, sizeof(hello), &reply,
			     &status));
	if (status)
		return refused_hello(&live->client, status, &reply);
	if (reply.len < sizeof(*w))
		return short_reply();
	w = (const void *)reply.data;
	live->target.pid = (pid_t)w->pid;
	live->target.state = w->flags & OTRACE_WELCOME_HELD ? OT_TARGET_HELD : OT_TARGET_RUNNING;
	return map_area(live, w->area_bytes);
}

static char *executable_of(pid_t pid)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return ot_asprintf("process %d", (int)pid);
	path[n] = '\0';
	return ot_strdup(path);
}

static void live_close(struct ot_target *target)
{
	struct ot_live *live = live_of(target);

	ot_client_deinit(&live->client);
	ot_mapped_destroy(live->mapped);
	free(live);
}

/* ------------------------------------------------------------------ looking */

static struct ot_err *live_refresh(struct ot_target *target)
{
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;
	struct ot_target_module *modules = NULL;
	size_t nr = 0, at = 0;

	OT_TRY(ask(target, OTRACE_MSG_MODULES, NULL, 0, &reply));
	if (live_of(target)->mapped)
		ot_mapped_forget(live_of(target)->mapped);
	while (reply.len - at >= sizeof(struct otrace_module)) {
		struct ot_target_module *m;
		size_t path_bytes;

		modules = ot_realloc(modules, nr + 1, sizeof(*modules));
		m = &modules[nr];
		memcpy(&m->m, reply.data + at, sizeof(m->m));
		at += sizeof(m->m);
		path_bytes = m->m.path_bytes;
		if (path_bytes > reply.len - at)
			break;
		m->path = path_bytes ? ot_strndup(reply.data + at, path_bytes)
				     : ot_strdup(target->path);
		at += (path_bytes + 7) & ~(size_t)7;
		nr++;
	}
	ot_target_set_modules(target, modules, nr);
	return NULL;
}

/* Reads the spans [0, nr), which together fit into one message. */
static struct ot_err *read_some(struct ot_target *target, struct ot_target_span *spans, size_t nr)
{
	ot_auto_buf struct ot_buf request = OT_BUF_INIT;
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;
	size_t at = (nr * sizeof(uint32_t) + 7) & ~(size_t)7;
	const uint32_t *got;

	for (size_t i = 0; i < nr; i++) {
		struct otrace_span s = {.address = spans[i].address + spans[i].got,
					.bytes = spans[i].bytes - spans[i].got};

		if (s.bytes > CHUNK_BYTES)
			s.bytes = CHUNK_BYTES;
		ot_buf_add(&request, &s, sizeof(s));
	}
	OT_TRY(ask(target, OTRACE_MSG_READ, request.data, request.len, &reply));
	if (reply.len < at)
		return short_reply();
	got = (const void *)reply.data;
	for (size_t i = 0; i < nr; i++) {
		if (got[i] > reply.len - at || got[i] > spans[i].bytes - spans[i].got)
			return short_reply();
		memcpy((char *)spans[i].buf + spans[i].got, reply.data + at, got[i]);
		spans[i].got += got[i];
		at += got[i];
	}
	return NULL;
}

/* A piece larger than a message: chunk after chunk until one comes back short. */
static struct ot_err *read_large(struct ot_target *target, struct ot_target_span *span)
{
	while (span->got < span->bytes) {
		size_t before = span->got;
		size_t wanted = span->bytes - before;

		OT_TRY(read_some(target, span, 1));
		if (span->got - before < (wanted < CHUNK_BYTES ? wanted : CHUNK_BYTES))
			break;
	}
	return NULL;
}

static struct ot_err *live_readv(struct ot_target *target, struct ot_target_span *spans, size_t nr)
{
	size_t first = 0;

	for (size_t i = 0; i < nr; i++)
		spans[i].got = 0;
	while (first < nr) {
		size_t end = first, bytes = 0;

		while (end < nr && bytes + spans[end].bytes <= CHUNK_BYTES && end - first < 4096)
			bytes += spans[end++].bytes;
		if (end == first)
			OT_TRY(read_large(target, &spans[end++]));
		else
			OT_TRY(read_some(target, spans + first, end - first));
		first = end;
	}
	return NULL;
}

static struct ot_mapped *mapped_of(struct ot_target *target)
{
	struct ot_live *live = live_of(target);

	if (!live->mapped)
		live->mapped = ot_mapped_create(live->client.peer_pid);
	return live->mapped;
}

static size_t live_read_file(struct ot_target *target, uint64_t address, void *buf, size_t bytes)
{
	return ot_mapped_read(mapped_of(target), target, address, buf, bytes);
}

static int live_open_file(struct ot_target *target, uint64_t address)
{
	return ot_mapped_open(mapped_of(target), target, address);
}

static struct ot_err *live_tls(struct ot_target *target, uint64_t accessor, uint32_t tid,
			       uint64_t *ret)
{
	struct otrace_tls request = {.accessor = accessor, .tid = tid};
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;

	OT_TRY(ask(target, OTRACE_MSG_TLS, &request, sizeof(request), &reply));
	if (reply.len < sizeof(*ret))
		return short_reply();
	memcpy(ret, reply.data, sizeof(*ret));
	return NULL;
}

static struct ot_err *live_status(struct ot_target *target, struct otrace_status *ret)
{
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;

	OT_TRY(ask(target, OTRACE_MSG_STATUS, NULL, 0, &reply));
	if (reply.len < sizeof(*ret))
		return short_reply();
	memcpy(ret, reply.data, sizeof(*ret));
	return NULL;
}

static struct ot_err *live_threads(struct ot_target *target, struct otrace_thread_info **ret,
				   size_t *nr_ret)
{
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;

	OT_TRY(ask(target, OTRACE_MSG_THREADS, NULL, 0, &reply));
	*nr_ret = reply.len / sizeof(**ret);
	*ret = *nr_ret ? (void *)ot_buf_take(&reply) : NULL;
	return NULL;
}

/* ------------------------------------------------------------------ changing */

static struct ot_err *live_write(struct ot_target *target, uint64_t address, const void *buf,
				 size_t bytes)
{
	struct otrace_span span = {.address = address, .bytes = bytes};
	ot_auto_buf struct ot_buf request = OT_BUF_INIT;

	ot_buf_add(&request, &span, sizeof(span));
	ot_buf_add(&request, buf, bytes);
	return ask(target, OTRACE_MSG_WRITE, request.data, request.len, NULL);
}

static void add_switched(struct otrace_switched *sum, const struct otrace_switched *more)
{
	sum->nr_switched += more->nr_switched;
	sum->nr_refused += more->nr_refused;
	sum->total_ns += more->total_ns;
	if (more->window_max_ns > sum->window_max_ns)
		sum->window_max_ns = more->window_max_ns;
}

/* Asks for a switch and adds what it did to @ret. */
static struct ot_err *ask_switch(struct ot_target *target, enum otrace_msg_type type,
				 const struct ot_buf *request, struct ot_buf *reply,
				 struct otrace_switched *ret)
{
	struct otrace_switched did;

	OT_TRY(ask(target, type, request->data, request->len, reply));
	if (reply->len < sizeof(did))
		return short_reply();
	memcpy(&did, reply->data, sizeof(did));
	add_switched(ret, &did);
	return NULL;
}

static void add_probe(struct ot_buf *request, const struct ot_target_probe *probe)
{
	struct otrace_probe_set set = {.fn = probe->fn,
				       .trace_id = probe->trace_id,
				       .flags = probe->flags,
				       .nr_enter = probe->nr_enter,
				       .nr_leave = probe->nr_leave,
				       .nr_rules = probe->nr_rules,
				       .rules_bytes = probe->rules_bytes};

	ot_buf_add(request, &set, sizeof(set));
	ot_buf_add(request, probe->enter, probe->nr_enter * sizeof(*probe->enter));
	ot_buf_add(request, probe->leave, probe->nr_leave * sizeof(*probe->leave));
	ot_buf_add(request, probe->rules, probe->rules_bytes);
}

static struct ot_err *live_probe(struct ot_target *target, struct ot_target_probe *probes,
				 size_t nr, struct otrace_switched *ret)
{
	size_t first = 0;

	memset(ret, 0, sizeof(*ret));
	while (first < nr) {
		ot_auto_buf struct ot_buf request = OT_BUF_INIT;
		ot_auto_buf struct ot_buf reply = OT_BUF_INIT;
		size_t end = first;

		while (end < nr && request.len < CHUNK_BYTES)
			add_probe(&request, &probes[end++]);
		OT_TRY(ask_switch(target, OTRACE_MSG_PROBE, &request, &reply, ret));
		if (reply.len < sizeof(*ret) + (end - first) * sizeof(int32_t))
			return short_reply();
		for (size_t i = first; i < end; i++)
			memcpy(&probes[i].status,
			       reply.data + sizeof(*ret) + (i - first) * sizeof(int32_t),
			       sizeof(int32_t));
		first = end;
	}
	return NULL;
}

static struct ot_err *live_unprobe(struct ot_target *target, const uint64_t *fns, size_t nr,
				   struct otrace_switched *ret)
{
	ot_auto_buf struct ot_buf request = OT_BUF_INIT;
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;

	memset(ret, 0, sizeof(*ret));
	ot_buf_add(&request, fns, nr * sizeof(*fns));
	return ask_switch(target, OTRACE_MSG_UNPROBE, &request, &reply, ret);
}

static struct ot_err *live_redirect(struct ot_target *target, uint64_t fn, uint64_t fn_target,
				    bool force, struct otrace_switched *ret)
{
	struct otrace_redirect what = {
		.fn = fn, .target = fn_target, .flags = force ? OTRACE_REDIRECT_FORCE : 0};
	ot_auto_buf struct ot_buf request = OT_BUF_INIT;
	ot_auto_buf struct ot_buf reply = OT_BUF_INIT;

	memset(ret, 0, sizeof(*ret));
	ot_buf_add(&request, &what, sizeof(what));
	return ask_switch(target, OTRACE_MSG_REDIRECT, &request, &reply, ret);
}

/* What is let go may be over before its runtime has answered: then that is the answer. */
static struct ot_err *let_go(struct ot_target *target, enum otrace_msg_type type,
			     const void *payload, size_t bytes)
{
	bool connected = live_of(target)->client.fd >= 0;
	struct ot_err *err = ask(target, type, payload, bytes, NULL);

	if (!err || !connected || target->state != OT_TARGET_ENDED)
		return err;
	ot_err_destroy(err);
	return NULL;
}

static struct ot_err *live_go(struct ot_target *target, const struct otrace_go *how)
{
	OT_TRY(let_go(target, OTRACE_MSG_GO, how, how ? sizeof(*how) : 0));
	if (target->state == OT_TARGET_HELD)
		target->state = OT_TARGET_RUNNING;
	return NULL;
}

static struct ot_err *live_call(struct ot_target *target, const struct ot_target_call *call,
				uint32_t thread, uint32_t *ret)
{
	static const char zeroes[8];
	struct otrace_call head = {.fn = call->fn,
				   .address = call->address,
				   .thread = thread,
				   .nr_args = call->nr_args,
				   .nr_fixed = call->nr_fixed,
				   .result = call->result};
	ot_auto_buf struct ot_buf request = OT_BUF_INIT;
	struct ot_client *client = &live_of(target)->client;

	ot_buf_add(&request, &head, sizeof(head));
	for (uint32_t i = 0; i < call->nr_args; i++)
		ot_buf_add(&request, &call->args[i].how, sizeof(call->args[i].how));
	for (uint32_t i = 0; i < call->nr_args; i++) {
		uint32_t bytes = call->args[i].how.bytes;

		ot_buf_add(&request, call->args[i].bytes, bytes);
		ot_buf_add(&request, zeroes, (8 - bytes % 8) % 8);
	}
	OT_TRY(ask(target, OTRACE_MSG_CALL, request.data, request.len, NULL));
	if (!ot_client_expect(client, client->last_request))
		return ot_err_new(OT_ERR_OTHER, "too many calls at once");
	*ret = client->last_request;
	return NULL;
}

static bool live_take_done(struct ot_target *target, uint32_t call, struct ot_target_done *ret)
{
	return ot_client_take_done(&live_of(target)->client, call, ret);
}

static struct ot_err *live_withdraw(struct ot_target *target, uint32_t call)
{
	struct otrace_withdraw what = {.request = call};

	return ask(target, OTRACE_MSG_WITHDRAW, &what, sizeof(what), NULL);
}

static struct ot_err *live_detach(struct ot_target *target)
{
	struct ot_err *err = ask(target, OTRACE_MSG_DETACH, NULL, 0, NULL);
	struct ot_live *live = live_of(target);

	if (!err)
		target->state = OT_TARGET_DETACHED;
	ot_ownfd_close(live->client.fd);
	live->client.fd = -1;
	return err;
}

/* ------------------------------------------------------------------ events */

static int live_fd(const struct ot_target *target)
{
	return live_of(target)->client.fd;
}

static struct ot_err *live_let_end(struct ot_target *target)
{
	return let_go(target, OTRACE_MSG_END, NULL, 0);
}

static enum ot_target_event live_pump(struct ot_target *target)
{
	struct ot_client *client = &live_of(target)->client;
	bool detached = target->state == OT_TARGET_DETACHED;
	bool open = detached ? !client->given_up : ot_client_poll(client);

	if (client->modules_event) {
		client->modules_event = false;
		return OT_TARGET_MODULES;
	}
	if (client->ending_event) {
		client->ending_event = false;
		return OT_TARGET_ENDING;
	}
	if (client->call_done_event) {
		client->call_done_event = false;
		return OT_TARGET_CALL_DONE;
	}
	if (open)
		return OT_TARGET_NOTHING;
	if (!detached)
		target->state = OT_TARGET_ENDED;
	return OT_TARGET_GONE;
}

static const struct ot_target_ops live_ops = {
	.cannot = "not possible with a running process",
	.close = live_close,
	.refresh = live_refresh,
	.readv = live_readv,
	.read_file = live_read_file,
	.open_file = live_open_file,
	.tls = live_tls,
	.status = live_status,
	.threads = live_threads,
	.write = live_write,
	.probe = live_probe,
	.ask = ask,
	.unprobe = live_unprobe,
	.redirect = live_redirect,
	.go = live_go,
	.call = live_call,
	.take_done = live_take_done,
	.withdraw = live_withdraw,
	.detach = live_detach,
	.fd = live_fd,
	.pump = live_pump,
	.let_end = live_let_end,
};

struct ot_err *ot_target_live_open(const char *socket_path, bool safe, struct ot_target **ret)
{
	struct ot_live *live;
	struct ot_client client;
	struct ot_err *err;

	OT_TRY(ot_client_open(&client, socket_path));
	live = ot_alloc(sizeof(*live));
	live->target.ops = &live_ops;
	live->client = client;
	err = say_hello(live, safe);
	if (!err) {
		live->target.path = executable_of(live->target.pid);
		err = live_refresh(&live->target);
	}
	if (err) {
		ot_target_close(&live->target);
		return err;
	}
	*ret = &live->target;
	return NULL;
}
