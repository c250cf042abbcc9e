/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <otrace/otrace.h>
#include <otrace/wire.h>

#include "base/lock.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/call.h"
#include "core/hold.h"
#include "core/loops.h"

#define INDEX_MASK 0xffu
#define GENERATION_SHIFT 8u
#define POSTING_PATIENCE_NS 1000000u

/* A name that the kernel makes up: a NUL and five digits. */
#define NAME_BYTES 6u

enum loop_kind {
	LOOP_POLLED = 0, /* looks by itself */
	LOOP_SOCKET = 1,
	LOOP_QUEUE = 2
};

typedef void (*post_fn)(void (*fn)(void *arg), void *arg, void *priv);

struct loop {
	uint32_t id;	/* generation << 8 | index + 1; 0 = none */
	uint32_t owner; /* its thread; 0 = the place is free */
	uint32_t generation;
	uint32_t kind; /* enum loop_kind */
	uint32_t is_due;
	uint32_t wants_post;
	uint64_t name; /* of the socket, as it lies in an address */
	int fd;
	post_fn post;
	void *priv;
};

static struct loop loops[OT_LOOPS_MAX];
static struct ot_lock posting; /* a queue is being called, or changed */
static int wake_fd = -1;       /* the oshell thread's */
static int loops_pid;

static __thread uint32_t mine __attribute__((tls_model("initial-exec")));

static struct loop *find(uint32_t id)
{
	uint32_t at = (id & INDEX_MASK) - 1;

	if (!id || at >= OT_LOOPS_MAX || __atomic_load_n(&loops[at].id, __ATOMIC_ACQUIRE) != id)
		return NULL;
	return &loops[at];
}

bool ot_loop_is_there(uint32_t id)
{
	return find(id) != NULL;
}

uint32_t ot_loop_here(void)
{
	return find(mine) ? mine : 0;
}

static struct loop *take_place(uint32_t tid)
{
	for (uint32_t i = 0; i < OT_LOOPS_MAX; i++) {
		uint32_t nobody = 0;

		if (__atomic_compare_exchange_n(&loops[i].owner, &nobody, tid, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return &loops[i];
	}
	return NULL;
}

static struct loop *here_or_new(void)
{
	struct loop *loop = find(mine);

	if (loop)
		return loop;
	loop = take_place((uint32_t)ot_sys_gettid());
	if (!loop)
		return NULL;
	loops_pid = ot_sys_getpid();
	loop->generation++;
	loop->fd = -1;
	loop->is_due = loop->wants_post = 0;
	__atomic_store_n(&loop->kind, LOOP_POLLED, __ATOMIC_RELAXED);
	mine = loop->generation << GENERATION_SHIFT | ((uint32_t)(loop - loops) + 1);
	__atomic_store_n(&loop->id, mine, __ATOMIC_RELEASE);
	return loop;
}

uint32_t ot_loop_here_or_new(void)
{
	return here_or_new() ? mine : 0;
}

static void give_back(struct loop *loop)
{
	__atomic_store_n(&loop->id, 0, __ATOMIC_RELEASE);
	loop->post = NULL;
	__atomic_store_n(&loop->owner, 0, __ATOMIC_RELEASE);
}

/* ------------------------------------------------------------------ sockets */

static uint32_t address_of(uint64_t name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	ot_memcpy(ret->sun_path, &name, NAME_BYTES);
	return (uint32_t)(offsetof(struct sockaddr_un, sun_path) + NAME_BYTES);
}

/* What the socket is called; 0 = it is none of ours. */
static uint64_t name_of(int fd)
{
	struct sockaddr_un address;
	uint32_t bytes = sizeof(address);
	uint64_t name = 0;

	if (OT_SYS(SYS_getsockname, fd, &address, &bytes, 0, 0, 0) ||
	    bytes != offsetof(struct sockaddr_un, sun_path) + NAME_BYTES ||
	    address.sun_family != AF_UNIX)
		return 0;
	ot_memcpy(&name, address.sun_path, NAME_BYTES);
	return name;
}

static long open_socket(uint64_t *name_ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	long fd = ot_sys_not_std(
		OT_SYS(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0, 0));
	long error;

	if (fd < 0)
		return fd;
	error = OT_SYS(SYS_bind, fd, &address, sizeof(address.sun_family), 0, 0, 0);
	*name_ret = error ? 0 : name_of((int)fd);
	if (*name_ret)
		return fd;
	ot_sys_close((int)fd);
	return error ? error : -1;
}

/* The program may have closed it, and have something else there. */
static bool has_socket(const struct loop *loop)
{
	return loop->kind == LOOP_SOCKET && name_of(loop->fd) == loop->name;
}

int otrace_hold_fd(void)
{
	struct loop *loop = here_or_new();
	uint64_t name = 0;
	long fd;

	if (!loop)
		return -OTRACE_E_TOO_MANY;
	if (has_socket(loop))
		return loop->fd;
	fd = open_socket(&name);
	if (fd < 0)
		return -OTRACE_E_SYSTEM;
	ot_lock_take(&posting);
	loop->fd = (int)fd;
	__atomic_store_n(&loop->name, name, __ATOMIC_RELAXED);
	__atomic_store_n(&loop->kind, LOOP_SOCKET, __ATOMIC_RELEASE);
	ot_lock_release(&posting);
	return loop->fd;
}

void ot_loop_drain(void)
{
	const struct loop *loop = find(mine);
	char byte;

	if (!loop || !has_socket(loop))
		return;
	while (OT_SYS(SYS_recvfrom, loop->fd, &byte, 1, MSG_DONTWAIT, NULL, NULL) >= 0)
		;
}

static void send_wake(uint64_t name)
{
	struct sockaddr_un address;
	uint32_t bytes = address_of(name, &address);

	if (wake_fd < 0)
		wake_fd = (int)ot_sys_not_std(
			OT_SYS(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0, 0, 0));
	/* one that is full is readable */
	OT_SYS(SYS_sendto, wake_fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL, &address, bytes);
}

/* ------------------------------------------------------------------ queues */

/* What a queue is asked to call: its number as a pointer, so that a loop that is gone by then is not taken for the
 * next one. */
static void run_posted(void *id)
{
	ot_hold_run((uint32_t)(uint64_t)id);
}

static void call_queue(struct loop *loop)
{
	if (!__atomic_exchange_n(&loop->wants_post, 0, __ATOMIC_ACQ_REL))
		return;
	ot_lock_take(&posting);
	if (__atomic_load_n(&loop->id, __ATOMIC_ACQUIRE) && loop->kind == LOOP_QUEUE)
		loop->post(run_posted, (void *)(uint64_t)loop->id, loop->priv);
	ot_lock_release(&posting);
}

void ot_loops_post(void)
{
	for (uint32_t i = 0; i < OT_LOOPS_MAX; i++)
		call_queue(&loops[i]);
}

static int end_loop(void)
{
	struct loop *loop = find(mine);

	if (!loop)
		return OTRACE_E_OK;
	ot_lock_take(&posting);
	give_back(loop);
	ot_lock_release(&posting);
	mine = 0;
	return OTRACE_E_OK;
}

int otrace_set_event_loop(void (*post)(void (*fn)(void *arg), void *arg, void *priv), void *priv)
{
	struct loop *loop;

	if (!post)
		return end_loop();
	loop = here_or_new();
	if (!loop)
		return -OTRACE_E_TOO_MANY;
	ot_lock_take(&posting);
	loop->post = post;
	loop->priv = priv;
	__atomic_store_n(&loop->kind, LOOP_QUEUE, __ATOMIC_RELEASE);
	ot_lock_release(&posting);
	return OTRACE_E_OK;
}

/* ------------------------------------------------------------------ the oshell thread */

void ot_loop_wake(uint32_t id)
{
	struct loop *loop = find(id);
	uint32_t kind;

	if (!loop)
		return;
	__atomic_store_n(&loop->is_due, 1, __ATOMIC_SEQ_CST);
	kind = __atomic_load_n(&loop->kind, __ATOMIC_ACQUIRE);
	if (kind == LOOP_SOCKET)
		send_wake(__atomic_load_n(&loop->name, __ATOMIC_RELAXED));
	if (kind != LOOP_QUEUE)
		return;
	__atomic_store_n(&loop->wants_post, 1, __ATOMIC_RELEASE);
	ot_call_wake_seed();
}

bool ot_loop_take_due(uint32_t id)
{
	struct loop *loop = find(id);

	return loop && __atomic_load_n(&loop->is_due, __ATOMIC_RELAXED) &&
	       __atomic_exchange_n(&loop->is_due, 0, __ATOMIC_SEQ_CST);
}

static bool is_gone(const struct loop *loop)
{
	uint32_t owner = __atomic_load_n(&loop->owner, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&loop->id, __ATOMIC_ACQUIRE) && owner &&
	       ot_sys_tgkill(loops_pid, (int)owner, 0) == -ESRCH;
}

void ot_loops_sweep(void)
{
	for (uint32_t i = 0; i < OT_LOOPS_MAX; i++) {
		if (!is_gone(&loops[i]) || !ot_lock_take_within(&posting, POSTING_PATIENCE_NS))
			continue;
		if (is_gone(&loops[i]))
			give_back(&loops[i]);
		ot_lock_release(&posting);
	}
}

void ot_loops_forget(void)
{
	for (uint32_t i = 0; i < OT_LOOPS_MAX; i++) {
		loops[i].id = 0;
		loops[i].owner = 0;
	}
	posting = (struct ot_lock){0};
	wake_fd = -1;
	mine = 0;
}
