/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/auxv.h>
#include <sys/prctl.h>

#include "base/lock.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/call.h"
#include "core/clock.h"
#include "core/control.h"
#include "core/ending.h"
#include "core/fork.h"
#include "core/park.h"
#include "core/server.h"
#include "core/start.h"
#include "core/switch.h"
#include "core/thread.h"

#define HOLD_PATIENCE_MS 10000 /* without any client */
#define HOLD_NAP_NS 100000000

enum hold { HOLD_NO = 0, HOLD_WANTED = 1, HOLD_HELD = 2, HOLD_OVER = 3 };

static struct {
	struct ot_socket_env socket;
	uint64_t area_bytes;
	uint64_t ring_bytes;
	bool listen;
	bool fork;	/* children listen too */
	bool listening; /* did so once */
	bool filtered;	/* before the program began: by its container */
	bool inherited; /* a forked child: what its parent's shell asked for is still set */
	uint64_t main_thread_pointer;
} config;

static struct {
	uint32_t state;	 /* enum hold */
	uint32_t events; /* futex: changes with every event */
	struct otrace_go go;
} hold;

static struct ot_lock starting;
static bool core_ready;

/* ------------------------------------------------------------------ environment */

static const char *value_of(const char *entry, const char *name)
{
	while (*name && *entry == *name)
		entry++, name++;
	return !*name && *entry == '=' ? entry + 1 : NULL;
}

static bool is_word(const char *at, size_t bytes, const char *word)
{
	return bytes == ot_strlen(word) && !ot_memcmp(at, word, bytes);
}

static void read_words(const char *list)
{
	for (size_t n; *list; list += n + (list[n] == ',')) {
		for (n = 0; list[n] && list[n] != ','; n++)
			;
		if (is_word(list, n, "listen"))
			config.listen = true;
		else if (is_word(list, n, "fork"))
			config.fork = true;
		else if (is_word(list, n, "hold"))
			hold.state = HOLD_WANTED;
		else if (n)
			ot_log("OTRACE has a word that is none of listen, fork, hold", list);
	}
}

static void read_variable(const char *entry)
{
	const char *value;

	if ((value = value_of(entry, "OTRACE"))) {
		read_words(value);
	} else if ((value = value_of(entry, "OTRACE_DIR"))) {
		config.socket.otrace_dir = value;
	} else if ((value = value_of(entry, "XDG_RUNTIME_DIR"))) {
		config.socket.xdg_runtime_dir = value;
	} else if ((value = value_of(entry, "OTRACE_AREA_BYTES"))) {
		config.area_bytes = ot_parse_u64(value, 10, NULL);
	} else if ((value = value_of(entry, "OTRACE_RING_BYTES"))) {
		config.ring_bytes = ot_parse_u64(value, 10, NULL);
	}
}

/* The old LD_PRELOAD, if any, came as OTRACE_LD_PRELOAD=...: the tail of that is the entry. */
static char *restored(char *entry)
{
	if (value_of(entry, "OTRACE_LD_PRELOAD"))
		return entry + sizeof("OTRACE_") - 1;
	if (ot_strstarts(entry, "OTRACE_") || value_of(entry, "OTRACE") ||
	    value_of(entry, "LD_PRELOAD"))
		return NULL;
	return entry;
}

void ot_start_clean_environment(char **envp)
{
	char **kept = envp, **entry = envp;

	while (*entry && !value_of(*entry, "OTRACE"))
		entry++;
	if (!*entry)
		return; /* clean already: the LD_PRELOAD in there is the user's */
	for (; *envp; envp++) {
		char *left = restored(*envp);

		if (left)
			*kept++ = left;
	}
	*kept = NULL;
}

/* ------------------------------------------------------------------ coming to life */

void ot_start_core(void)
{
	ot_lock_take(&starting);
	if (!core_ready) {
		ot_clock_init();
		/* the first barrier of a process with threads may take the kernel some milliseconds */
		ot_switch_init();
		core_ready = true;
	}
	ot_lock_release(&starting);
}

int ot_start_listen(void)
{
	struct ot_server_wish wish = {&config.socket, config.area_bytes, config.ring_bytes};
	int error;

	ot_start_core();
	ot_lock_take(&starting);
	/* before there is an area to record into */
	if (config.inherited)
		ot_control_forget_shell();
	config.inherited = false;
	error = ot_server_start(&wish);
	if (!error && !config.listening) {
		config.listening = true;
		config.filtered = ot_sys_prctl(PR_GET_SECCOMP, 0) != 0;
	}
	ot_lock_release(&starting);
	return error;
}

void ot_start_child(void)
{
	starting = (struct ot_lock){0};
	hold.state = HOLD_NO;
	config.inherited = true;
	if (config.fork)
		ot_start_listen();
}

/* Early among constructors: the program's own may be traced already. */
static __attribute__((constructor(101))) void ot_construct(int argc, char **argv, char **envp)
{
	(void)argc;
	ot_stack_main_end = (uint64_t)argv;
	ot_log_init();
	ot_fork_init();
	if (!envp || getauxval(AT_SECURE))
		return;
	for (char **entry = envp; *entry; entry++)
		read_variable(*entry);
	if (!config.listen && !hold.state)
		return;
	config.main_thread_pointer = ot_arch_thread_pointer();
	if (hold.state)
		ot_start_clean_environment(envp);
	if (ot_start_listen())
		hold.state = HOLD_NO;
}

/* A program that has locked itself in may be killed for a system call that it does not make itself. */
bool ot_start_locked_in(void)
{
	return !config.filtered && ot_sys_prctl(PR_GET_SECCOMP, 0) != 0;
}

static __attribute__((destructor)) void ot_destruct(void)
{
	if (!config.listening || ot_start_locked_in())
		return; /* the socket's name stays, as it does when a program is killed */
	ot_quiet_exit();
	ot_park_end();
	if (__atomic_load_n(&hold.state, __ATOMIC_ACQUIRE) == HOLD_OVER)
		ot_ending_wait();
	ot_server_remove_socket();
}

uint64_t ot_start_main_thread_pointer(void)
{
	return config.main_thread_pointer;
}

/* Any thread may get here, in a hook too: the oshell thread does the rest. */
void ot_start_on_failure(void)
{
	ot_threads_disarm();
}

/* ------------------------------------------------------------------ holding main */

bool ot_start_wants_hold(void)
{
	return __atomic_load_n(&hold.state, __ATOMIC_ACQUIRE) == HOLD_WANTED;
}

bool ot_start_is_held(void)
{
	uint32_t state = __atomic_load_n(&hold.state, __ATOMIC_ACQUIRE);

	return state == HOLD_WANTED || state == HOLD_HELD;
}

void ot_start_poke(void)
{
	__atomic_fetch_add(&hold.events, 1, __ATOMIC_RELEASE);
	ot_futex_wake(&hold.events);
}

bool ot_start_go(const struct otrace_go *go)
{
	if (!ot_start_is_held())
		return false;
	hold.go = *go;
	__atomic_store_n(&hold.state, HOLD_OVER, __ATOMIC_RELEASE);
	ot_start_poke();
	return true;
}

bool ot_start_hold(int *exit_status_ret)
{
	uint32_t wanted = HOLD_WANTED;
	uint64_t alone_ns = 0;

	__atomic_compare_exchange_n(&hold.state, &wanted, HOLD_HELD, false, __ATOMIC_ACQ_REL,
				    __ATOMIC_RELAXED);
	while (ot_start_is_held()) {
		uint32_t events = __atomic_load_n(&hold.events, __ATOMIC_ACQUIRE);

		if (ot_call_run_pending() || !ot_start_is_held())
			continue;
		alone_ns = ot_server_has_client() ? 0 : alone_ns + HOLD_NAP_NS;
		if (alone_ns > HOLD_PATIENCE_MS * 1000000ull) {
			ot_log("no shell came, the program starts", NULL);
			ot_start_go(&(struct otrace_go){0});
		}
		ot_futex_wait(&hold.events, events, HOLD_NAP_NS);
	}
	*exit_status_ret = hold.go.exit_status;
	return hold.go.flags & OTRACE_GO_EXIT;
}
