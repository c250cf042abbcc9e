/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shell must be nobody's child: a program that waits for all of its children, or counts SIGCHLD,
 * would meet it. exec makes a child ordinary whatever it was cloned as, so there is a process in
 * between, one without a signal at its end, which only we wait for; what it leaves behind is an orphan.
 * Both share our memory until they are gone, so nothing is copied and no handler of fork runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <asm/termbits.h>

#include <otrace/otrace.h>

#include "base/arena.h"
#include "base/fds.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/callhere.h"
#include "core/control.h"
#include "core/server.h"
#include "core/settrace.h"
#include "core/start.h"

#define NAP_NS 20000000u
#define NR_SIGNALS 64

/* The header's would take that of the runtime's compiler flags: this is the kernel's. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

struct terminal {
	int group; /* that was in the foreground: ours; 0 = it controls nobody */
	struct termios modes;
};

/* Mapped, as the stack may be small; read by the new processes. */
struct start {
	char path[4096];
	char directory[OT_SOCKET_PATH_BYTES + 16]; /* OTRACE_DIR=... */
	char number[24];
	char *argv[6];
	char **envp;
	bool controls; /* the terminal is that of /dev/tty */
	int pid;       /* of the shell */
	long error;    /* why it is none */
	uint64_t bytes;
};

static struct {
	uint32_t taken;
	uint64_t caller;
	uint64_t registers[OTRACE_TRACE_REGISTERS];
	uint32_t tid;
} waiting;

extern char **environ;

void ot_set_trace_status(struct otrace_status *status)
{
	status->trace_caller = __atomic_load_n(&waiting.caller, __ATOMIC_ACQUIRE);
	status->trace_tid = status->trace_caller ? waiting.tid : 0;
	for (int i = 0; i < OTRACE_TRACE_REGISTERS; i++)
		status->trace_registers[i] = status->trace_caller ? waiting.registers[i] : 0;
}

void ot_set_trace_forget(void)
{
	waiting.taken = 0;
	waiting.caller = 0;
}

/* ------------------------------------------------------------------ the terminal */

static long terminal_control(int fd, unsigned long request, void *argument)
{
	return OT_SYS(SYS_ioctl, fd, request, argument, 0, 0, 0);
}

/* Once: who calls this in a loop has read it. */
static bool no_terminal(const char *why)
{
	static uint32_t told;

	if (!__atomic_exchange_n(&told, 1, __ATOMIC_RELAXED))
		ot_log("otrace_set_trace() opens no shell", why);
	return false;
}

static void exit_process(int status)
{
	OT_SYS(SYS_exit, status, 0, 0, 0, 0, 0);
}

/* As ot_arch_vfork(), for a process that is gone afterwards but for what it has started. */
static long run_process(void (*run)(void *context), void *context)
{
	uint64_t signals = ot_signals_block();
	long pid = ot_arch_vfork(CLONE_VM | CLONE_VFORK, run, context);

	if (pid > 0)
		while (OT_SYS(SYS_wait4, pid, 0, __WCLONE, 0, 0, 0) == -EINTR)
			;
	ot_signals_restore(signals);
	return pid;
}

/*
 * A new session can have what no other has. It gives it back at once: at its end the kernel would hang up a
 * terminal of its own. The SIGHUP of giving back is for this process alone, and it has signals blocked.
 */
static void try_terminal(void *context)
{
	bool *is_free = context;

	OT_SYS(SYS_setsid, 0, 0, 0, 0, 0, 0);
	*is_free = !terminal_control(0, TIOCSCTTY, NULL);
	if (*is_free)
		terminal_control(0, TIOCNOTTY, NULL);
	exit_process(0);
}

/*
 * Whoever is in the background has no right to the terminal that a user works at, nor has another session. A
 * terminal that controls none (docker run -t, setsid) knows no background.
 */
static bool take_terminal(struct terminal *terminal)
{
	bool is_free = false;

	if (terminal_control(0, TCGETS, &terminal->modes))
		return no_terminal("standard input is no terminal");
	if (!terminal_control(0, TIOCGPGRP, &terminal->group))
		return terminal->group == (int)OT_SYS(SYS_getpgid, 0, 0, 0, 0, 0, 0) ||
		       no_terminal("the program is in the background of its terminal");
	terminal->group = 0;
	run_process(try_terminal, &is_free);
	return is_free || no_terminal("the terminal is another session's");
}

/* A shell that was killed has left it as it needed it. SIGTTOU would stop us; what waits for the terminal to have
 * been written out could wait for ever. */
static void give_back(struct terminal *terminal)
{
	uint64_t signals = ot_signals_block();

	if (terminal->group)
		terminal_control(0, TIOCSPGRP, &terminal->group);
	terminal_control(0, TCSETS, &terminal->modes);
	ot_signals_restore(signals);
}

/* ------------------------------------------------------------------ finding the command */

static const char *variable(const char *name)
{
	size_t bytes = ot_strlen(name);

	for (char **entry = environ; entry && *entry; entry++)
		if (ot_strstarts(*entry, name) && (*entry)[bytes] == '=')
			return *entry + bytes + 1;
	return NULL;
}

static bool is_command(const char *path)
{
	struct stat status;

	return !OT_SYS(SYS_newfstatat, AT_FDCWD, path, &status, 0, 0, 0) &&
	       S_ISREG(status.st_mode) && /* NOLINT(clang-analyzer-core.*): the kernel wrote it */
	       !OT_SYS(SYS_faccessat, AT_FDCWD, path, 1 /* X_OK */, 0, 0, 0);
}

/* The folder of path, and name behind it. */
static bool is_beside(struct start *start, const char *path, const char *name)
{
	struct ot_text text = OT_TEXT(start->path);
	size_t folder = (size_t)(ot_basename(path) - path);

	if (folder + ot_strlen(name) >= sizeof(start->path))
		return false;
	ot_memcpy(start->path, path, folder);
	start->path[folder] = 0;
	text.used_bytes = folder;
	ot_text_add(&text, name);
	return is_command(start->path);
}

static int is_ours(struct dl_phdr_info *info, size_t size, void *context)
{
	uint64_t here = (uint64_t)&is_ours;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type != PT_LOAD ||
		    here - info->dlpi_addr - segment->p_vaddr >= segment->p_memsz)
			continue;
		ot_strcopy(context, info->dlpi_name ? info->dlpi_name : "", sizeof(struct start));
		return 1;
	}
	return 0;
}

static void find_library(void *context)
{
	dl_iterate_phdr(is_ours, context);
}

/* lib/libotrace.so has bin/otrace beside it, lib/x86_64-linux-gnu/libotrace.so too. */
static bool is_installed(struct start *start)
{
	char *library = ot_pages_map(sizeof(struct start));
	bool found = false;

	if (!library)
		return false;
	ot_control_run(find_library, library);
	if (!library[0])
		OT_SYS(SYS_readlink, "/proc/self/exe", library, sizeof(struct start) - 1, 0, 0, 0);
	if (library[0] == '/')
		found = is_beside(start, library, "../bin/otrace") ||
			is_beside(start, library, "../../bin/otrace");
	ot_pages_unmap(library, sizeof(struct start));
	return found;
}

static bool is_in_path(struct start *start)
{
	const char *at = variable("PATH");

	while (at && *at) {
		struct ot_text text = OT_TEXT(start->path);
		size_t bytes = 0;

		while (at[bytes] && at[bytes] != ':')
			bytes++;
		/* a relative one is whatever lies in the folder that we happen to be in */
		if (at[0] == '/' && bytes < sizeof(start->path) - 16) {
			ot_memcpy(start->path, at, bytes);
			start->path[bytes] = 0;
			text.used_bytes = bytes;
			ot_text_add(&text, "/otrace");
			if (is_command(start->path))
				return true;
		}
		at += bytes + (at[bytes] == ':');
	}
	return false;
}

static bool find_command(struct start *start)
{
	const char *wanted = variable("OTRACE_SHELL");

	if (wanted && wanted[0]) {
		ot_strcopy(start->path, wanted, sizeof(start->path));
		return is_command(start->path);
	}
	return is_installed(start) || is_in_path(start);
}

/* ------------------------------------------------------------------ starting it */

/* What brings the runtime into a program is not for the shell, and it looks for us where we are. */
static void make_environment(struct start *start)
{
	size_t nr = 0;

	for (char **entry = environ; entry && *entry; entry++)
		if (!ot_strstarts(*entry, "LD_PRELOAD=") && !ot_strstarts(*entry, "OTRACE"))
			start->envp[nr++] = *entry;
	start->envp[nr++] = start->directory;
	start->envp[nr] = NULL;
}

static struct start *make_start(void)
{
	const char *socket = ot_server_path();
	uint64_t bytes = sizeof(struct start) + 3 * sizeof(char *);
	struct ot_text directory, number;
	struct start *start;

	for (char **entry = environ; entry && *entry; entry++)
		bytes += sizeof(*entry);
	start = ot_pages_map(bytes);
	if (!start)
		return NULL;
	start->bytes = bytes;
	start->envp = (char **)(start + 1);
	directory = OT_TEXT(start->directory);
	ot_text_add(&directory, "OTRACE_DIR=");
	ot_text_add(&directory, socket);
	start->directory[directory.used_bytes - ot_strlen(ot_basename(socket)) - 1] = 0;
	number = OT_TEXT(start->number);
	ot_text_add_u64(&number, (uint64_t)ot_sys_getpid(), 10);
	start->argv[0] = start->path;
	start->argv[1] = (char *)(uintptr_t)"attach";
	start->argv[2] = (char *)(uintptr_t)"--unsafe";
	start->argv[3] = (char *)(uintptr_t)"--guest";
	start->argv[4] = start->number;
	make_environment(start);
	return start;
}

static void default_signals(void)
{
	struct kernel_sigaction action = {.handler = SIG_DFL};

	for (int i = 1; i <= NR_SIGNALS; i++)
		OT_SYS(SYS_rt_sigaction, i, &action, 0, sizeof(action.mask), 0, 0);
}

/* Opened anew it can be read and written; else as the program has it, which mostly is the same. */
static void take_streams(const struct start *start)
{
	struct termios modes;
	long terminal =
		ot_sys_open(start->controls ? "/dev/tty" : "/proc/self/fd/0", O_RDWR | O_NOCTTY, 0);
	long output = terminal;

	for (int fd = 1; output < 0 && fd < 3; fd++)
		if (!terminal_control(fd, TCGETS, &modes))
			output = fd;
	if (output < 0)
		output = 0;
	OT_SYS(SYS_dup2, terminal < 0 ? 0 : terminal, 0, 0, 0, 0, 0);
	OT_SYS(SYS_dup2, output, 1, 0, 0, 0, 0);
	OT_SYS(SYS_dup2, output, 2, 0, 0, 0, 0);
}

/* In the shell's process, in our memory. Its descriptors and handlers are its own. */
static void become_shell(void *context)
{
	struct start *start = context;

	take_streams(start);
	ot_fds_close_from(3);
	ot_sys_leave_real_time();
	default_signals();
	ot_signals_restore(0);
	start->error = OT_SYS(SYS_execve, start->path, start->argv, start->envp, 0, 0, 0);
	exit_process(127);
}

static void be_between(void *context)
{
	struct start *start = context;

	start->pid = (int)ot_arch_vfork(CLONE_VM | CLONE_VFORK | SIGCHLD, become_shell, start);
	exit_process(0);
}

/* Afterwards the shell is there, or start->error says why not. */
static void start_shell(struct start *start)
{
	long between = run_process(be_between, start);

	if (between < 0)
		start->error = between;
	else if (start->pid < 0)
		start->error = start->pid;
}

/* ------------------------------------------------------------------ waiting for its end */

static void nap(void)
{
	uint32_t never = 0;

	ot_call_here_waiting();
	ot_futex_wait(&never, 0, NAP_NS);
}

/*
 * One that has ended has no memory any more, also when whoever inherits orphans does not look after them. That
 * we may not read it is an answer, too. A descriptor of it would lie in the program's table.
 */
static bool is_there(int pid)
{
	char byte;
	struct iovec to = {&byte, 1}, from = {(void *)(uintptr_t)OT_PAGE_BYTES, 1};

	return ot_sys_process_vm(SYS_process_vm_readv, pid, &to, 1, &from, 1) != -ESRCH &&
	       OT_SYS(SYS_kill, pid, 0, 0, 0, 0, 0) != -ESRCH;
}

/* However long it takes to come: it may be a wrapper of its user's making. The one who attaches is another process. */
static int wait_for_shell(int pid, uint32_t nr_before)
{
	uint32_t nr;

	while (is_there(pid))
		nap();
	nr = ot_server_nr_clients();
	if (nr == nr_before)
		return OTRACE_E_SYSTEM;
	/* a wrapper may have started it elsewhere, and be gone before it is */
	while (ot_server_has_client() && ot_server_nr_clients() == nr)
		nap();
	return OTRACE_E_OK;
}

static void wait_for_anybody(void)
{
	char text[64];
	struct ot_text command = OT_TEXT(text);
	uint32_t before = ot_server_nr_clients();

	ot_text_add(&command, "otrace attach --unsafe ");
	ot_text_add_u64(&command, (uint64_t)ot_sys_getpid(), 10);
	ot_log("no otrace command here (OTRACE_SHELL, beside libotrace.so, PATH); waiting for",
	       text);
	while (ot_server_nr_clients() == before)
		nap();
	while (ot_server_has_client())
		nap();
}

static int serve(struct terminal *terminal)
{
	struct start *start = make_start();
	uint32_t nr_before = ot_server_nr_clients();
	int error = OTRACE_E_OK;

	if (!start)
		return OTRACE_E_NO_MEMORY;
	start->controls = terminal->group != 0;
	if (!find_command(start)) {
		wait_for_anybody();
	} else {
		start_shell(start);
		if (start->error)
			ot_log_errno("cannot start", start->path, start->error);
		error = start->error ? OTRACE_E_SYSTEM : wait_for_shell(start->pid, nr_before);
		give_back(terminal);
	}
	ot_pages_unmap(start, start->bytes);
	return error;
}

int ot_set_trace(const uint64_t *registers, uint64_t caller)
{
	struct terminal terminal;
	int error;

	if (getauxval(AT_SECURE))
		return -OTRACE_E_PRIVILEGED;
	/* before the terminal, which its shell has meanwhile */
	if (__atomic_load_n(&waiting.taken, __ATOMIC_ACQUIRE))
		return -OTRACE_E_BUSY;
	if (!take_terminal(&terminal))
		return -OTRACE_E_NO_TERMINAL;
	error = ot_start_listen();
	if (error)
		return -error;
	if (ot_server_has_client() || __atomic_exchange_n(&waiting.taken, 1, __ATOMIC_ACQ_REL))
		return -OTRACE_E_BUSY;
	waiting.tid = (uint32_t)ot_sys_gettid();
	for (int i = 0; i < OTRACE_TRACE_REGISTERS; i++)
		waiting.registers[i] = registers[i];
	__atomic_store_n(&waiting.caller, caller, __ATOMIC_RELEASE);
	error = serve(&terminal);
	__atomic_store_n(&waiting.caller, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&waiting.taken, 0, __ATOMIC_RELEASE);
	return -error;
}
