/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/asserts.h"
#include "core/callbacks.h"
#include "core/clock.h"
#include "core/control.h"
#include "core/ending.h"
#include "core/limits.h"
#include "core/probe.h"
#include "core/requests.h"
#include "core/settrace.h"
#include "core/start.h"

static void hello(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	const struct otrace_hello *hello = (const void *)in.bytes;
	struct otrace_welcome welcome = {
		.wire_version = OTRACE_WIRE_VERSION,
		.abi_version = OTRACE_ABI_VERSION,
		.flags = ot_start_is_held() ? OTRACE_WELCOME_HELD : 0,
		.pid = (uint32_t)ot_sys_getpid(),
		.area_bytes = ot_area_head->area_bytes,
		.start_time_ns = ot_area_head->realtime_base_ns,
	};

	ot_reply_add(reply, &welcome, sizeof(welcome));
	if (hello->wire_version != OTRACE_WIRE_VERSION ||
	    hello->abi_version != OTRACE_ABI_VERSION) {
		/* with the numbers, so that the other side can say what is wrong */
		reply->status = OTRACE_E_VERSION;
		client->leaving = true;
		return;
	}
	client->greeted = true;
	client->safe = hello->flags & OTRACE_HELLO_SAFE;
	client->wants_ending = hello->flags & OTRACE_HELLO_ENDING;
	reply->fd = ot_area_fd;
}

void ot_request_glance(int client_pid, struct ot_reply *reply)
{
	struct otrace_glance glance = {
		.wire_version = OTRACE_WIRE_VERSION,
		.abi_version = OTRACE_ABI_VERSION,
		.pid = (uint32_t)ot_sys_getpid(),
		.client_pid = (uint32_t)client_pid,
	};
	struct otrace_status now;

	ot_control_status(&now);
	glance.nr_functions = now.nr_functions;
	ot_reply_add(reply, &glance, sizeof(glance));
}

static void add_module(struct ot_reply *reply, const struct ot_module *module)
{
	struct otrace_module out = {
		.id = module->id,
		.bias = module->bias,
		.low = module->low,
		.high = module->high,
		.fn_begin = module->fns.begin,
		.fn_end = module->fns.end,
		.var_begin = module->vars.begin,
		.var_end = module->vars.end,
		.nr_fns = module->fns.nr_records,
		.nr_vars = module->vars.nr_records,
		.abi_version = module->abi_version,
		.path_bytes = (uint32_t)ot_strlen(module->path),
	};

	ot_reply_add(reply, &out, sizeof(out));
	ot_reply_add(reply, module->path, out.path_bytes);
	ot_reply_pad(reply);
}

/* Oldest first: the list has the newest in front, and is short. */
static void run_modules(void *context)
{
	struct ot_module *last = NULL;

	for (;;) {
		struct ot_module *oldest = NULL;

		for (struct ot_module *module = ot_modules_first(); module != last;
		     module = module->next)
			oldest = module;
		if (!oldest)
			return;
		if (oldest->loaded)
			add_module(context, oldest);
		last = oldest;
	}
}

static void modules(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	(void)client;
	(void)in;
	ot_control_run(run_modules, reply);
}

/* Counts the wishes; -1 when the lengths do not add up. */
static int64_t count_wishes(struct ot_payload in)
{
	uint64_t at = 0;
	int64_t nr = 0;

	for (; at < in.nr_bytes; nr++) {
		const struct otrace_probe_set *set = (const void *)(in.bytes + at);
		uint64_t captures;

		if (in.nr_bytes - at < sizeof(*set))
			return -1;
		captures = (uint64_t)set->nr_enter + set->nr_leave;
		at += sizeof(*set);
		if (captures > (in.nr_bytes - at) / sizeof(struct otrace_capture))
			return -1;
		at += captures * sizeof(struct otrace_capture);
		if (set->rules_bytes % 8 || set->rules_bytes > in.nr_bytes - at)
			return -1;
		at += set->rules_bytes;
	}
	return nr;
}

static void collect_wishes(struct ot_payload in, struct ot_probe_wish *wishes)
{
	for (uint64_t at = 0; at < in.nr_bytes; wishes++) {
		wishes->set = (const void *)(in.bytes + at);
		wishes->captures = (const void *)(wishes->set + 1);
		at += sizeof(*wishes->set) +
		      ((uint64_t)wishes->set->nr_enter + wishes->set->nr_leave) *
			      sizeof(struct otrace_capture);
		wishes->rules = in.bytes + at;
		at += wishes->set->rules_bytes;
	}
}

static void probe(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	int64_t nr = count_wishes(in);
	struct otrace_switched done = {0};
	struct ot_probe_wish *wishes;
	uint64_t bytes;
	int32_t *status;

	(void)client;
	if (nr < 0) {
		ot_reply_error(reply, OTRACE_E_PROTOCOL, "lengths do not add up");
		return;
	}
	bytes = (uint64_t)(nr + 1) * sizeof(*wishes);
	wishes = ot_pages_map(bytes);
	/* the room first: what was switched must be told */
	ot_reply_add(reply, &done, sizeof(done));
	status = ot_reply_room(reply, (uint64_t)nr * sizeof(*status));
	if (!wishes || !status) {
		ot_pages_unmap(wishes, bytes);
		ot_reply_error(reply, OTRACE_E_NO_MEMORY, NULL);
		return;
	}
	collect_wishes(in, wishes);
	ot_control_probe(wishes, (uint32_t)nr, status, &done);
	ot_memcpy(reply->bytes + sizeof(struct otrace_msg), &done, sizeof(done));
	ot_pages_unmap(wishes, bytes);
}

static void trace_set(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	const struct otrace_trace_set *sets = (const void *)in.bytes;

	(void)client;
	for (uint64_t i = 0; i < in.nr_bytes / sizeof(*sets); i++)
		if (!ot_limit_set(&sets[i]))
			ot_reply_error(reply, OTRACE_E_INVALID, "no such counter");
}

static void counts(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	const uint32_t *counters = (const void *)in.bytes;

	(void)client;
	for (uint64_t i = 0; i < in.nr_bytes / sizeof(*counters); i++) {
		struct otrace_trace_counts sum = {0};

		if (counters[i] == UINT32_MAX)
			continue;
		ot_limit_counts(counters[i], &sum);
		sum.is_kept = ot_arms_keep_counter(counters[i]);
		ot_reply_add(reply, &sum, sizeof(sum));
	}
}

static void add_left(void *context, const struct otrace_left_trace *left)
{
	ot_reply_add(context, left, sizeof(*left));
}

static void run_left(void *context)
{
	ot_arms_each_left(add_left, context);
}

static void left(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	(void)client;
	(void)in;
	ot_control_run(run_left, reply);
}

static void unprobe(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct otrace_switched done = {0};

	(void)client;
	ot_control_unprobe((const uint64_t *)(const void *)in.bytes,
			   (uint32_t)(in.nr_bytes / sizeof(uint64_t)), &done);
	ot_reply_add(reply, &done, sizeof(done));
}

static void redirect(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct otrace_switched done = {0};
	int error = ot_control_redirect((const void *)in.bytes, OT_OWNER_SHELL, &done);

	(void)client;
	if (error)
		ot_reply_error(reply, error, NULL);
	else
		ot_reply_add(reply, &done, sizeof(done));
}

static void status(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct otrace_status now;

	(void)client;
	(void)in;
	ot_control_status(&now);
	ot_set_trace_status(&now);
	ot_reply_add(reply, &now, sizeof(now));
}

static void go(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct otrace_go go = {0};

	if (in.nr_bytes >= sizeof(go))
		ot_memcpy(&go, in.bytes, sizeof(go));
	if (!ot_start_is_held()) {
		ot_reply_error(reply, OTRACE_E_NOT_HELD, NULL);
		return;
	}
	client->go = go;
	client->goes = true;
}

static void detach(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct otrace_switched done = {0};

	(void)in;
	ot_control_shell_gone(&done);
	ot_reply_add(reply, &done, sizeof(done));
	client->leaving = true;
}

static void end(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	(void)client;
	(void)in;
	(void)reply;
	ot_ending_over();
}

static void asserts(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct otrace_asserts wish = {.deadline_ns = OTRACE_ASSERTS_DEADLINE_NS};

	(void)client;
	ot_memcpy(&wish, in.bytes, ot_smaller(in.nr_bytes, sizeof(wish)));
	if (!ot_asserts_set(&wish))
		ot_reply_error(reply, OTRACE_E_NO_MEMORY, NULL);
}

static void accessed(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	const struct otrace_accessed *told = (const void *)in.bytes;
	uint64_t room = in.nr_bytes - sizeof(*told);
	char name[OTRACE_ACCESS_NAME_BYTES];
	struct otrace_access access = {.address = (void *)told->address,
				       .size_bytes = told->bytes,
				       .is_store = told->flags & OTRACE_ACCESS_STORE};
	uint64_t bytes = told->name_bytes < sizeof(name) ? told->name_bytes : sizeof(name) - 1;

	(void)client;
	if (told->name_bytes > room) {
		ot_reply_error(reply, OTRACE_E_PROTOCOL, "wrong payload length");
		return;
	}
	ot_memcpy(name, told + 1, bytes);
	name[bytes] = 0;
	access.name = bytes ? name : NULL;
	ot_callbacks_tell_access(&access);
}

#define CHANGES_PROGRAM 1u /* refused in safe mode */
#define ANY_LENGTH 2u	   /* a multiple of the unit, also none */

static const struct request {
	void (*run)(struct ot_client *client, struct ot_payload in, struct ot_reply *reply);
	uint16_t unit_bytes; /* least payload; with ANY_LENGTH what it is a multiple of */
	uint16_t flags;
} requests[] = {
	[OTRACE_MSG_HELLO] = {hello, sizeof(struct otrace_hello), 0},
	[OTRACE_MSG_MODULES] = {modules, 0, 0},
	[OTRACE_MSG_READ] = {ot_request_read, sizeof(struct otrace_span), ANY_LENGTH},
	[OTRACE_MSG_WRITE] = {ot_request_write, sizeof(struct otrace_span), CHANGES_PROGRAM},
	[OTRACE_MSG_PROBE] = {probe, 8, ANY_LENGTH},
	[OTRACE_MSG_UNPROBE] = {unprobe, 8, ANY_LENGTH},
	[OTRACE_MSG_REDIRECT] = {redirect, sizeof(struct otrace_redirect), CHANGES_PROGRAM},
	[OTRACE_MSG_STATUS] = {status, 0, 0},
	[OTRACE_MSG_THREADS] = {ot_request_threads, 0, 0},
	[OTRACE_MSG_TLS] = {ot_request_tls, sizeof(struct otrace_tls), 0},
	[OTRACE_MSG_GO] = {go, 0, 0},
	[OTRACE_MSG_CALL] = {ot_request_call, sizeof(struct otrace_call), CHANGES_PROGRAM},
	[OTRACE_MSG_WITHDRAW] = {ot_request_withdraw, sizeof(struct otrace_withdraw), 0},
	[OTRACE_MSG_DETACH] = {detach, 0, 0},
	[OTRACE_MSG_END] = {end, 0, 0},
	[OTRACE_MSG_TRACE_SET] = {trace_set, sizeof(struct otrace_trace_set), ANY_LENGTH},
	[OTRACE_MSG_COUNTS] = {counts, 8, ANY_LENGTH},
	[OTRACE_MSG_RESUME] = {ot_request_resume, sizeof(struct otrace_resume), 0},
	[OTRACE_MSG_PARKED] = {ot_request_parked, 0, 0},
	[OTRACE_MSG_SPARE] = {ot_request_spare, sizeof(uint64_t), 0},
	[OTRACE_MSG_ASSERTS] = {asserts, offsetof(struct otrace_asserts, deadline_ns), 0},
	[OTRACE_MSG_TAG] = {ot_request_tag, sizeof(struct otrace_tag_set), 0},
	[OTRACE_MSG_UNTAG] = {ot_request_untag, 8, ANY_LENGTH},
	[OTRACE_MSG_TAGS] = {ot_request_tags, 0, 0},
	[OTRACE_MSG_RELEASE] = {ot_request_release, sizeof(struct otrace_release), 0},
	[OTRACE_MSG_POST_MORTEM] = {ot_request_post_mortem, sizeof(struct otrace_post_mortem), 0},
	[OTRACE_MSG_HELD] = {ot_request_held, 0, 0},
	[OTRACE_MSG_ACCESS] = {accessed, sizeof(struct otrace_accessed), 0},
	[OTRACE_MSG_FAST_READS] = {ot_request_fast_reads, sizeof(struct otrace_fast_reads), 0},
	[OTRACE_MSG_LEFT] = {left, 0, 0},
};

static bool length_fits(const struct request *request, uint64_t bytes)
{
	if (request->flags & ANY_LENGTH)
		return bytes % request->unit_bytes == 0;
	return bytes >= request->unit_bytes;
}

void ot_request_run(struct ot_client *client, struct ot_reply *reply)
{
	const struct ot_inbox *inbox = &client->inbox;
	struct ot_payload in = {inbox->payload, inbox->payload_bytes};
	const struct request *request = NULL;

	if (inbox->head.type < sizeof(requests) / sizeof(requests[0]))
		request = &requests[inbox->head.type];
	if (!request || !request->run)
		ot_reply_error(reply, OTRACE_E_PROTOCOL, "unknown message type");
	else if (!client->greeted && inbox->head.type != OTRACE_MSG_HELLO)
		ot_reply_error(reply, OTRACE_E_PROTOCOL, "HELLO has to come first");
	else if (!length_fits(request, in.nr_bytes))
		ot_reply_error(reply, OTRACE_E_PROTOCOL, "wrong payload length");
	else if (client->safe && (request->flags & CHANGES_PROGRAM))
		ot_reply_error(reply, OTRACE_E_SAFE, NULL);
	else
		request->run(client, in, reply);
}
