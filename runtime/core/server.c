/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/fds.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/call.h"
#include "core/clock.h"
#include "core/control.h"
#include "core/crash.h"
#include "core/ending.h"
#include "core/park.h"
#include "core/hold.h"
#include "core/loops.h"
#include "core/reads.h"
#include "core/requests.h"
#include "core/server.h"
#include "core/start.h"
#include "core/tags.h"
#include "core/thread.h"

#define TICK_MS 200
#define LONELY_TICK_MS 10000 /* without a client there is only a failed assertion to notice */
#define ENDING_TICK_MS 10    /* exit() waits for this thread */
#define SECOND_TICKS 5	     /* the clock is calibrated again once a second */
#define FIRST_PATIENCE_MS 200

static struct {
	int listen_fd;
	int pid;       /* the process that the socket belongs to */
	bool disabled; /* everything was switched off after a failure */
	bool deaf;     /* until the next tick: a connection could not be taken */
	unsigned ticks;
	uint64_t last_tick_ns;
	uint64_t told_generation; /* of the modules */
	char path[OT_SOCKET_PATH_BYTES];
	struct ot_client client;
} server = {.listen_fd = -1, .client = {.fd = -1}};

static uint32_t has_client;
static uint32_t nr_clients; /* the number of each is its session's */

bool ot_server_has_client(void)
{
	return __atomic_load_n(&has_client, __ATOMIC_SEQ_CST);
}

uint32_t ot_server_nr_clients(void)
{
	return __atomic_load_n(&nr_clients, __ATOMIC_ACQUIRE);
}

const char *ot_server_path(void)
{
	return server.listen_fd >= 0 && server.pid == ot_sys_getpid() ? server.path : "";
}

bool ot_server_client_wants_ending(void)
{
	return ot_server_has_client() && server.client.wants_ending &&
	       server.pid == ot_sys_getpid();
}

/* ------------------------------------------------------------------ clients */

static void close_client(int fd)
{
	ot_sys_close(fd);
	if (fd < 3)
		ot_sys_open("/dev/null", O_RDWR | O_CLOEXEC, 0);
}

static void drop_client(void)
{
	struct otrace_switched done = {0};

	close_client(server.client.fd);
	ot_inbox_next(&server.client.inbox);
	server.client = (struct ot_client){.fd = -1};
	__atomic_store_n(&has_client, 0, __ATOMIC_SEQ_CST);
	ot_ending_over();
	ot_park_shell_gone(); /* first: who waits may have what the rest waits for */
	ot_hold_shell_gone();
	ot_crash_shell_gone();
	ot_call_shell_gone();
	ot_control_shell_gone(&done);
	ot_tags_shell_gone();
	ot_reads_shell_gone();
	/* a client that is gone while main is held lets it go */
	ot_start_go(&(struct otrace_go){0});
}

static bool peer_allowed(int fd, int *pid_ret)
{
	struct ucred peer = {0};
	uint32_t bytes = sizeof(peer);

	if (OT_SYS(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes, 0))
		return false;
	*pid_ret = peer.pid;
	return peer.uid == 0 || peer.uid == ot_sys_geteuid();
}

/* Nobody can be told apart before their first message, and it comes right behind the connection. All
 * of it: closing with something unread would throw our reply away. */
static enum ot_inbox_result first_message(struct ot_inbox *inbox, int fd)
{
	struct pollfd poll = {.fd = fd, .events = POLLIN};
	enum ot_inbox_result result = OT_INBOX_MORE;

	while (result == OT_INBOX_MORE && ot_sys_poll(&poll, 1, FIRST_PATIENCE_MS) == 1)
		result = ot_inbox_read(inbox, fd);
	return result;
}

static void refuse_busy(struct ot_reply *reply)
{
	char buffer[64];
	struct ot_text text = OT_TEXT(buffer);

	ot_text_add(&text, "attached by process ");
	ot_text_add_u64(&text, (uint64_t)server.client.pid, 10);
	ot_reply_error(reply, OTRACE_E_BUSY, buffer);
}

/* One answer for who takes no place: only looking, or too late. */
static void answer_guest(const struct ot_inbox *inbox, int fd)
{
	bool looks = inbox->head.type == OTRACE_MSG_GLANCE;
	struct ot_reply reply;

	ot_reply_init(&reply);
	if (looks)
		ot_request_glance(server.client.greeted ? server.client.pid : 0, &reply);
	else
		refuse_busy(&reply);
	ot_reply_send(&reply, fd, (looks ? OTRACE_MSG_GLANCE : OTRACE_MSG_HELLO) | OTRACE_MSG_REPLY,
		      inbox->head.request);
	ot_reply_deinit(&reply);
}

static void serve_request(void)
{
	struct ot_client *client = &server.client;
	struct ot_reply reply;
	bool sent;

	ot_reply_init(&reply);
	if (reply.bytes)
		ot_request_run(client, &reply);
	sent = ot_reply_send(&reply, client->fd, client->inbox.head.type | OTRACE_MSG_REPLY,
			     client->inbox.head.request);
	ot_reply_deinit(&reply);
	if (client->goes) {
		client->goes = false;
		ot_start_go(&client->go);
	}
	ot_inbox_next(&client->inbox);
	if (!sent || client->leaving)
		drop_client();
}

static void run_nothing(void *context)
{
	(void)context;
}

static long accept_one(void)
{
	return OT_SYS(SYS_accept4, server.listen_fd, 0, 0, SOCK_CLOEXEC, 0, 0);
}

/* The limit is the process's, also for a table of our own. Below it are numbers that only hold the place
 * of standard files: 0, and 1 for whoever is to be told that another is attached. */
static long accept_instead(void)
{
	int place = server.client.fd == 0;
	long fd;

	ot_sys_close(place);
	fd = accept_one();
	if (fd < 0)
		ot_sys_open("/dev/null", O_RDWR | O_CLOEXEC, 0);
	return fd;
}

static void accept_client(void)
{
	long got = ot_sys_not_std(accept_one());
	struct ot_inbox inbox = {.payload = NULL};
	enum ot_inbox_result result;
	int fd, pid = 0;

	if (got == -EMFILE)
		got = accept_instead();
	/* whoever waits still does: not again at once */
	server.deaf = got < 0;
	if (got < 0)
		return;
	fd = (int)got;
	if (!peer_allowed(fd, &pid)) {
		close_client(fd);
		return;
	}
	result = first_message(&inbox, fd);
	if (server.client.fd >= 0 || inbox.head.type == OTRACE_MSG_GLANCE) {
		answer_guest(&inbox, fd);
		ot_inbox_next(&inbox);
		close_client(fd);
		return;
	}
	server.client =
		(struct ot_client){.fd = fd, .pid = pid, .session = nr_clients + 1, .inbox = inbox};
	ot_control_run(run_nothing, NULL);
	server.told_generation = ot_modules_generation();
	ot_clock_update(ot_area_head);
	__atomic_store_n(&has_client, 1, __ATOMIC_RELEASE);
	ot_park_shell_came();
	/* behind that: whoever sees it sees that somebody is here, until they have gone */
	__atomic_store_n(&nr_clients, nr_clients + 1, __ATOMIC_RELEASE);
	if (result == OT_INBOX_MESSAGE)
		serve_request();
}

static void read_client(void)
{
	enum ot_inbox_result result = ot_inbox_read(&server.client.inbox, server.client.fd);

	if (result == OT_INBOX_END)
		drop_client();
	else if (result == OT_INBOX_MESSAGE)
		serve_request();
}

static void send_event(uint16_t type, const void *payload, uint64_t bytes)
{
	struct ot_reply reply;
	bool sent;

	if (!server.client.greeted)
		return;
	ot_reply_init(&reply);
	ot_reply_add(&reply, payload, bytes);
	sent = ot_reply_send(&reply, server.client.fd, type, 0);
	ot_reply_deinit(&reply);
	if (!sent)
		drop_client();
}

/* ------------------------------------------------------------------ the loop */

/* Also when it was a call of otrace.h that saw the change first. */
static void check_modules(void)
{
	uint64_t generation;

	ot_control_run(run_nothing, NULL);
	generation = ot_modules_generation();
	if (generation == server.told_generation)
		return;
	server.told_generation = generation;
	send_event(OTRACE_EVENT_MODULES, NULL, 0);
}

static void tick(void)
{
	uint64_t now_ns = ot_clock_syscall_ns();

	if (now_ns - server.last_tick_ns < TICK_MS * 1000000ull)
		return;
	server.last_tick_ns = now_ns;
	ot_threads_sweep();
	ot_park_sweep();
	ot_loops_sweep();
	check_modules();
	ot_tags_tick();
	ot_reads_tick();
	if (++server.ticks % SECOND_TICKS == 0)
		ot_clock_update(ot_area_head);
}

static void look_for_calls(void)
{
	struct ot_reply event;
	bool sent = true;

	if (!ot_call_is_done())
		return;
	ot_reply_init(&event);
	if (ot_call_take_done(server.client.session, &event) && server.client.greeted)
		sent = ot_reply_send(&event, server.client.fd, OTRACE_EVENT_CALL_DONE, 0);
	ot_reply_deinit(&event);
	if (!sent)
		drop_client();
}

static void look_around(void)
{
	look_for_calls();
	ot_hold_look();
	if (ot_ending_take_due())
		send_event(OTRACE_EVENT_ENDING, NULL, 0);
	if (ot_failed() && !server.disabled) {
		server.disabled = true;
		ot_park_end();
		ot_hold_end();
		ot_control_disable();
	}
}

static int patience_ms(void)
{
	int call_ms = ot_call_tick_ms(), hold_ms = ot_hold_tick_ms();
	int patience = server.client.wants_ending ? ENDING_TICK_MS : TICK_MS;

	if (server.client.fd < 0)
		return server.deaf || ot_reads_are_in() ? TICK_MS : LONELY_TICK_MS;
	if (hold_ms && hold_ms < patience)
		patience = hold_ms;
	return call_ms && call_ms < patience ? call_ms : patience;
}

/* False when the thread cannot go on: a filter for system calls that it shares with the program. */
static bool serve(void)
{
	struct pollfd polls[] = {
		{.fd = server.deaf ? -1 : server.listen_fd, .events = POLLIN},
		{.fd = server.client.fd, .events = POLLIN},
	};
	struct timespec nap = {0, TICK_MS * 1000000};
	bool attached = server.client.fd >= 0;
	long nr = ot_sys_poll(polls, attached ? 2 : 1, patience_ms());

	if (nr == -EINVAL) {
		/* the program's limit for files is below what is polled */
		ot_sys_nanosleep(&nap);
		return true;
	}
	if (nr < 0 && nr != -EINTR)
		return false;
	server.deaf = false;
	look_around();
	/* before accept: a client that has gone must not keep the next one out */
	if (attached && polls[1].revents && server.client.fd >= 0)
		read_client();
	if (polls[0].revents & POLLIN)
		accept_client();
	if (server.client.fd >= 0)
		tick();
	return true;
}

static void run_thread(void)
{
	ot_sys_prctl(PR_SET_NAME, (long)"oshell");
	/* Callers wait while this thread writes stubs, so it should not lose its CPU to them then. Only
	 * root may ask for that; it works next to nothing, so it takes nothing from anybody. For the same reason
	 * a real-time policy that it has from the program stays: who waits would spin above it. */
	OT_SYS(SYS_setpriority, PRIO_PROCESS, ot_sys_gettid(), -10, 0, 0, 0);
	while (serve())
		;
	if (server.client.fd >= 0)
		drop_client();
}

/* ------------------------------------------------------------------ start and end */

/* Whoever answers under our own number is another copy of the runtime in this process. */
static bool is_served(int fd, const struct sockaddr_un *address)
{
	return !OT_SYS(SYS_connect, fd, address, sizeof(*address), 0, 0, 0);
}

static long bind_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	long fd =
		ot_sys_not_std(OT_SYS(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, 0, 0, 0));
	long error;

	if (fd < 0)
		return fd;
	ot_strcopy(address.sun_path, path, sizeof(address.sun_path));
	if (is_served((int)fd, &address)) {
		ot_sys_close((int)fd);
		return -EADDRINUSE;
	}
	/* the name in the directory gets this mode, without touching the process's umask */
	OT_SYS(SYS_fchmod, fd, 0600, 0, 0, 0, 0);
	/* our number, so whoever made it is dead */
	OT_SYS(SYS_unlinkat, -100, path, 0, 0, 0, 0);
	error = OT_SYS(SYS_bind, fd, &address, sizeof(address), 0, 0, 0);
	if (!error)
		error = OT_SYS(SYS_listen, fd, 8, 0, 0, 0, 0);
	if (error) {
		ot_sys_close((int)fd);
		return error;
	}
	return fd;
}

/* What the new thread tells the one that started it, which says it: it has the standard error. */
static struct {
	uint32_t state; /* a futex: 0 not ready yet, 1 serving, 2 given up */
	int error;	/* enum otrace_error */
	long number;	/* -errno */
	const char *why;
} starting;

static bool give_up(int error, const char *why, long number)
{
	starting.error = error;
	starting.why = why;
	starting.number = number;
	return false;
}

static bool open_socket(const struct ot_socket_env *env)
{
	const char *why = NULL;
	long fd = ot_socket_path(env, server.path, &why);

	if (!fd) {
		why = "cannot be bound";
		fd = bind_socket(server.path);
	}
	if (fd < 0)
		return give_up(OTRACE_E_SYSTEM, why, fd);
	server.listen_fd = (int)fd;
	return true;
}

/* The socket before the area: when the area is there, hooks may record. */
static bool prepare(const struct ot_server_wish *wish)
{
	long error = ot_fds_leave();

	if (error)
		return give_up(OTRACE_E_SYSTEM, NULL, error);
	ot_log_apart();
	server.pid = ot_sys_getpid();
	if (!open_socket(wish->env))
		return false;
	if (!ot_area_create(wish->area_bytes, wish->ring_bytes)) {
		ot_server_remove_socket();
		return give_up(OTRACE_E_NO_MEMORY, NULL, 0);
	}
	ot_clock_update(ot_area_head);
	ot_on_failure = ot_start_on_failure;
	return true;
}

static void *oshell_thread(void *wish)
{
	bool ready;

	ot_signals_block_for_good(0);
	ot_park_never();
	ready = prepare(wish);
	__atomic_store_n(&starting.state, ready ? 1 : 2, __ATOMIC_RELEASE);
	ot_futex_wake(&starting.state);
	/* the wish is gone from here on */
	if (ready)
		run_thread();
	return NULL;
}

static int start_thread(const struct ot_server_wish *wish)
{
	uint64_t signals = ot_signals_block();
	pthread_t thread;
	int error;

	starting.state = 0;
	error = pthread_create(&thread, NULL, oshell_thread, (void *)wish);
	ot_signals_restore(signals);
	while (!error && !__atomic_load_n(&starting.state, __ATOMIC_ACQUIRE))
		ot_futex_wait(&starting.state, 0, 0);
	return error;
}

static void tell(void)
{
	char buffer[OT_SOCKET_PATH_BYTES + 80];
	struct ot_text text = OT_TEXT(buffer);

	if (starting.number == -EADDRINUSE)
		return; /* the first runtime in a process wins, quietly */
	if (starting.error == OTRACE_E_NO_MEMORY) {
		ot_log("cannot make the trace area, the program goes on without", NULL);
		return;
	}
	if (starting.why) {
		ot_text_add(&text, server.path);
		ot_text_add(&text, " ");
		ot_text_add(&text, starting.why);
	} else {
		ot_text_add(&text, "the kernel gives the oshell thread no descriptors of its own");
	}
	ot_log_errno("cannot listen for a shell, the program goes on without", buffer,
		     starting.number);
}

int ot_server_start(const struct ot_server_wish *wish)
{
	int error;

	if (server.listen_fd >= 0)
		return OTRACE_E_OK;
	error = start_thread(wish);
	if (error) {
		ot_log_errno("cannot listen for a shell, the program goes on without",
			     "the oshell thread cannot be started", error);
		return OTRACE_E_SYSTEM;
	}
	if (starting.state == 1) {
		ot_call_init();
		return OTRACE_E_OK;
	}
	tell();
	ot_server_forget();
	return starting.error;
}

void ot_server_remove_socket(void)
{
	if (server.path[0] && server.pid == ot_sys_getpid())
		OT_SYS(SYS_unlinkat, -100, server.path, 0, 0, 0, 0);
}

void ot_server_forget(void)
{
	server.listen_fd = -1;
	server.client = (struct ot_client){.fd = -1};
	server.path[0] = 0;
	has_client = 0;
}
