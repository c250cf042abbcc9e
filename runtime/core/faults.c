/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our handler has the mask and the flags of the program's, so that the program's can be called from it as if it were
 * there itself: on the stack, with the signals blocked, and in the state that it expects. Where the program has none,
 * its action is put back and the handler returns: the fault is raised again at the same instruction, so that a core has
 * the right state and the exit status is the signal's. It runs on the program's alternate stack where there is one;
 * else a stack that is full leaves no room for it, and the kernel ends the program.
 */
#include <errno.h>

#include "base/lock.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/crash.h"
#include "core/faults.h"
#include "core/reads.h"

#define RESTORER 0x04000000ul /* SA_RESTORER */
#define FLAGS_KEPT ((unsigned long)(SA_ONSTACK | SA_NODEFER | SA_RESTART))

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#define NR_SIGNALS (sizeof(signals) / sizeof(signals[0]))
#define NR_READS 2u /* the first ones */

/* Of a signal. Changed with the lock held and all signals blocked, so that no handler waits for its own thread. */
static struct entry {
	struct ot_action programs
		[2]; /* while users is not 0: the one that is right, and the one before or the next */
	uint32_t version; /* its lowest bit says which */
	uint32_t users;
} entries[NR_SIGNALS];

static struct ot_lock lock;

void ot_faults_return(void);
__asm__(".text\n"
	".type ot_faults_return, @function\n"
	"nop\n"
	"ot_faults_return:\n"
	"	mov $15, %rax\n" /* rt_sigreturn */
	"	syscall\n"
	".size ot_faults_return, . - ot_faults_return\n");

static void on_fault(int number, siginfo_t *info, void *context);

static long set_action(int number, const struct ot_action *action, struct ot_action *before)
{
	return OT_SYS(SYS_rt_sigaction, number, action, before, sizeof(action->mask), 0, 0);
}

static struct entry *entry_of(int number)
{
	for (unsigned i = 0; i < NR_SIGNALS; i++)
		if (signals[i] == number)
			return &entries[i];
	return NULL;
}

static bool is_function(const struct ot_action *action)
{
	return (uint64_t)action->handler > (uint64_t)SIG_IGN;
}

static uint64_t hold(void)
{
	uint64_t blocked = ot_signals_block();

	ot_lock_take(&lock);
	return blocked;
}

static void let_go(uint64_t blocked)
{
	ot_lock_release(&lock);
	ot_signals_restore(blocked);
}

/* ------------------------------------------------------------------ the program's actions */

static void note(struct entry *entry, const struct ot_action *program)
{
	uint32_t next = entry->version + 1;

	entry->programs[next & 1] = *program;
	__atomic_store_n(&entry->version, next, __ATOMIC_RELEASE);
}

/* Without the lock, which in a child may be taken for ever. */
static struct ot_action noted(const struct entry *entry)
{
	struct ot_action ret;
	uint32_t version;

	do {
		version = __atomic_load_n(&entry->version, __ATOMIC_ACQUIRE);
		ret = *(const volatile struct ot_action *)&entry->programs[version & 1];
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	} while (version != __atomic_load_n(&entry->version, __ATOMIC_RELAXED));
	return ret;
}

/* In front of the program's. */
static bool put_in(int number, const struct entry *entry)
{
	const struct ot_action *program = &entry->programs[entry->version & 1];
	struct ot_action ours = {
		.handler = on_fault, .flags = SA_SIGINFO | RESTORER, .restorer = ot_faults_return};

	if (is_function(program)) {
		ours.flags |= program->flags & FLAGS_KEPT;
		ours.mask = program->mask;
	} else if (entry->users & OT_FAULTS_CRASHES) {
		ours.flags |= SA_ONSTACK;
	}
	return !set_action(number, &ours, NULL);
}

/* ------------------------------------------------------------------ the handler */

/* Sent, by abort() or somebody, and not raised again by the instruction. */
static bool was_sent(int number, const siginfo_t *info)
{
	return info->si_code <= 0 || number == SIGABRT;
}

static void pass_to_kernel(int number, const siginfo_t *info, const struct ot_action *action)
{
	if (action->handler == (void *)SIG_IGN && was_sent(number, info))
		return;
	set_action(number, action, NULL);
	if (was_sent(number, info))
		ot_sys_tgkill(ot_sys_getpid(), ot_sys_gettid(), number);
}

static void pass_on(int number, siginfo_t *info, void *context, int error)
{
	struct ot_action action = noted(entry_of(number)), standard = {.handler = NULL};

	if (!is_function(&action)) {
		pass_to_kernel(number, info, &action);
		errno = error;
		return;
	}
	if (action.flags & SA_RESETHAND)
		ot_faults_action(number, &standard, NULL);
	/* here the signal is blocked, and what the handler may jump to does not know */
	ot_reads_ask_again();
	errno = error;
	action.handler(number, info, context);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	int error;

	if (info->si_code > 0 && ot_arch_fetch_fault(context))
		return;
	error = errno;
	ot_crash_look(info, context);
	pass_on(number, info, context, error);
}

/* ------------------------------------------------------------------ in and out */

bool ot_faults_is_ours(const struct ot_action *action)
{
	return action->handler == on_fault;
}

bool ot_faults_look(int number, struct ot_action *ret)
{
	return !set_action(number, NULL, ret);
}

static void add_user(unsigned i, enum ot_faults_user user)
{
	struct entry *entry = &entries[i];
	struct ot_action now;

	if (!ot_faults_look(signals[i], &now))
		return;
	if (!ot_faults_is_ours(&now))
		note(entry, &now);
	entry->users |= user;
	put_in(signals[i], entry);
}

/* A handler that the program has set past us stays. */
static void drop_user(unsigned i, enum ot_faults_user user)
{
	struct entry *entry = &entries[i];
	struct ot_action now;

	if (!(entry->users & user))
		return;
	entry->users &= ~(uint32_t)user;
	if (!ot_faults_look(signals[i], &now) || !ot_faults_is_ours(&now))
		return;
	if (entry->users)
		put_in(signals[i], entry);
	else
		set_action(signals[i], &entry->programs[entry->version & 1], NULL);
}

static unsigned nr_of(enum ot_faults_user user)
{
	return user == OT_FAULTS_READS ? NR_READS : NR_SIGNALS;
}

void ot_faults_want(enum ot_faults_user user, bool on)
{
	uint64_t blocked = hold();

	for (unsigned i = 0; i < nr_of(user); i++)
		(on ? add_user : drop_user)(i, user);
	let_go(blocked);
}

int ot_faults_taken(enum ot_faults_user user)
{
	struct ot_action now;

	for (unsigned i = 0; i < nr_of(user); i++)
		if (entries[i].users & user && ot_faults_look(signals[i], &now) &&
		    !ot_faults_is_ours(&now))
			return signals[i];
	return 0;
}

static struct ot_action with_return(const struct ot_action *action)
{
	struct ot_action ret = *action;

	ret.flags |= RESTORER;
	ret.restorer = ot_faults_return;
	return ret;
}

static bool act(int number, struct entry *entry, const struct ot_action *action,
		struct ot_action *before)
{
	struct ot_action now;

	if (!entry->users || !ot_faults_look(number, &now))
		return false;
	if (before)
		*before = ot_faults_is_ours(&now) ? noted(entry) : now;
	if (action) {
		now = with_return(action);
		/* ours was shown to it when nobody watched: it stands for what the program had */
		if (!ot_faults_is_ours(action))
			note(entry, &now);
		put_in(number, entry);
	}
	return true;
}

/*
 * Its handlers are its own. One of vfork() has our memory, and does not read fast any more; in another one, in which no
 * handler of fork() has run, nobody would ever release the lock.
 */
static bool act_in_child(int number, const struct entry *entry, const struct ot_action *action,
			 struct ot_action *before)
{
	struct ot_action now, theirs;

	if (action) {
		theirs = with_return(action);
		ot_reads_ask_again();
	}
	if (set_action(number, action ? &theirs : NULL, &now))
		return false;
	if (before)
		*before = ot_faults_is_ours(&now) ? noted(entry) : now;
	return true;
}

bool ot_faults_action(int number, const struct ot_action *action, struct ot_action *before)
{
	struct entry *entry = entry_of(number);
	uint64_t blocked;
	bool ret;

	if (!entry || !__atomic_load_n(&entry->users, __ATOMIC_ACQUIRE))
		return false;
	if (ot_sys_getpid() != ot_area_pid)
		return act_in_child(number, entry, action, before);
	blocked = hold();
	ret = act(number, entry, action, before);
	let_go(blocked);
	return ret;
}

void ot_faults_in_child(void)
{
	struct ot_action now;

	lock = (struct ot_lock){0};
	for (unsigned i = 0; i < NR_SIGNALS; i++) {
		struct entry *entry = &entries[i];

		if (entry->users && ot_faults_look(signals[i], &now) && ot_faults_is_ours(&now))
			set_action(signals[i], &entry->programs[entry->version & 1], NULL);
		entry->users = 0;
	}
}
