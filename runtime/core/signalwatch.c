/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Most of it happens in front of the call: what is known of the thread's mask is forgotten, and the kernel is asked when
 * the call is over, as until then the thread runs handlers at most, and is not asked in these. So the forwarder goes on by
 * a jump, and what a function knows of its caller (swapcontext, longjmp, dlopen) is right.
 */
#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <ucontext.h>

#include <otrace/wire.h>
#include "base/mem.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/dynamic.h"
#include "core/faults.h"
#include "core/reads.h"
#include "core/signalwatch.h"
#include "core/slots.h"

enum kind {
	KIND_MASK,   /* how, set */
	KIND_ANY,    /* whatever the arguments */
	KIND_WAIT_4, /* the fourth argument is a mask for the time of the call, or NULL */
	KIND_WAIT_5,
	KIND_WAIT_6,
	KIND_JUMP,
	KIND_CONTEXT,
	KIND_SWAP,
	KIND_LOAD,
	KIND_SYSCALL,
	KIND_ACTION,
	KIND_SIGNAL,
	KIND_SYSV_SIGNAL,
	KIND_SET,
	KIND_IGNORE,
	NR_KINDS
};

#define KINDS_ALL ((1u << NR_KINDS) - 1)

static const struct ot_slot_name names[] = {
	{"sigprocmask", KIND_MASK},
	{"pthread_sigmask", KIND_MASK},
	{"sigblock", KIND_ANY},
	{"sigsetmask", KIND_ANY},
	{"sighold", KIND_ANY},
	{"sigrelse", KIND_ANY},
	{"sigpause", KIND_ANY},
	{"__sigpause", KIND_ANY},
	{"__xpg_sigpause", KIND_ANY},
	{"sigsuspend", KIND_ANY},
	{"sigaltstack", KIND_ANY},
	{"__sigsuspend", KIND_ANY},
	{"ppoll", KIND_WAIT_4},
	{"__ppoll_chk", KIND_WAIT_4},
	{"epoll_pwait", KIND_WAIT_5},
	{"epoll_pwait2", KIND_WAIT_5},
	{"pselect", KIND_WAIT_6},
	{"longjmp", KIND_JUMP},
	{"_longjmp", KIND_JUMP},
	{"siglongjmp", KIND_JUMP},
	{"__longjmp_chk", KIND_JUMP},
	{"setcontext", KIND_CONTEXT},
	{"swapcontext", KIND_SWAP},
	{"dlopen", KIND_LOAD},
	{"dlmopen", KIND_LOAD},
	{"syscall", KIND_SYSCALL},
	{"sigaction", KIND_ACTION},
	{"__sigaction", KIND_ACTION},
	{"signal", KIND_SIGNAL},
	{"bsd_signal", KIND_SIGNAL},
	{"ssignal", KIND_SIGNAL},
	{"sysv_signal", KIND_SYSV_SIGNAL},
	{"__sysv_signal", KIND_SYSV_SIGNAL},
	{"sigset", KIND_SET},
	{"sigignore", KIND_IGNORE},
};

#define LINKS_MOST 4u /* of contexts that are looked at */

#define NR_NAMES (sizeof(names) / sizeof(names[0]))

static uint64_t first_with[NR_NAMES];
static struct ot_slot items[OT_SLOTS_MAX];
static struct ot_slots watched = {.names = names,
				  .nr_names = NR_NAMES,
				  .always_bind = true,
				  .first_with = first_with,
				  .items = items,
				  .forwarders = ot_signal_forwarders};

/* ------------------------------------------------------------------ masks */

static uint64_t word_of(const sigset_t *set)
{
	uint64_t word;

	ot_memcpy(&word, set, sizeof(word));
	return word;
}

static bool blocks(const sigset_t *set)
{
	return word_of(set) & OT_READS_SIGNALS;
}

static bool is_fast(void)
{
	return (ot_tls.reads & OT_READS_KIND) == OT_READS_FAST;
}

/* What is known stays when the thread blocks neither and will not. */
static void before_mask(bool will_block)
{
	if (will_block || !is_fast())
		ot_reads_ask_again();
}

static bool mask_blocks(int how, const sigset_t *set)
{
	return set && how != SIG_UNBLOCK && blocks(set);
}

static bool jump_blocks(const struct __jmp_buf_tag *where)
{
	return where->__mask_was_saved && blocks((const sigset_t *)&where->__saved_mask);
}

/* The links of one that is not known to be made by makecontext() may be anything. @return false when it is not there */
static bool read_context(const ucontext_t *context, const ucontext_t **link, uint64_t *mask)
{
	const struct iovec from[] = {{(void *)&context->uc_link, sizeof(*link)},
				     {(void *)&context->uc_sigmask, sizeof(*mask)}};
	const struct iovec to[] = {{(void *)link, sizeof(*link)}, {mask, sizeof(*mask)}};

	return ot_safe_readv(to, from, 2) == sizeof(*link) + sizeof(*mask);
}

/* Also those behind it, which nobody calls for. */
static bool context_blocks(const ucontext_t *context)
{
	const ucontext_t *link = context->uc_link;
	uint64_t mask = word_of(&context->uc_sigmask);

	if (!is_fast())
		return true;
	for (unsigned i = 0; !(mask & OT_READS_SIGNALS); i++) {
		if (!link)
			return false;
		if (i == LINKS_MOST || !read_context(link, &link, &mask))
			return true;
	}
	return true;
}

static void before_syscall(long nr)
{
	switch (nr) {
	case SYS_rt_sigprocmask:
	case SYS_rt_sigsuspend:
	case SYS_rt_sigreturn:
	case SYS_sigaltstack:
	case SYS_ppoll:
	case SYS_pselect6:
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
	case SYS_io_pgetevents:
	case SYS_io_uring_enter:
		ot_reads_ask_again();
		break;
	case SYS_rt_sigaction:
		ot_reads_suspend();
		break;
	default:
		break;
	}
}

/* ------------------------------------------------------------------ actions */

#define SYSV_FLAGS (SA_RESETHAND | SA_NODEFER)

typedef void (*handler)(int number, siginfo_t *info, void *context);

static void from_user(const struct sigaction *user, struct ot_action *ret)
{
	*ret = (struct ot_action){.handler = user->sa_sigaction,
				  .flags = (unsigned long)(long)user->sa_flags,
				  .mask = word_of(&user->sa_mask)};
}

static void to_user(const struct ot_action *action, struct sigaction *ret)
{
	ret->sa_sigaction = action->handler;
	ot_memcpy(&ret->sa_mask, &action->mask, sizeof(action->mask));
	ret->sa_flags = (int)action->flags;
	ret->sa_restorer = action->restorer;
}

typedef int (*sigaction_function)(int number, const struct sigaction *action,
				  struct sigaction *before);

/* From then on threads may be in a handler that blocks the signals: a look sees it, or comes later. */
static uint64_t set_blocking(int number, const struct sigaction *user, struct sigaction *ret,
			     uint64_t original)
{
	int result;

	ot_reads_action_begins();
	result = ((sigaction_function)original)(number, user, ret);
	ot_reads_action_is_set();
	return (uint64_t)result;
}

static bool set_action(int number, const struct sigaction *user, struct sigaction *ret,
		       uint64_t original, uint64_t *result)
{
	struct ot_action action, before;

	if (user)
		from_user(user, &action);
	if (!ot_faults_action(number, user ? &action : NULL, &before)) {
		if (!user || (uint64_t)action.handler <= (uint64_t)SIG_IGN ||
		    !(action.mask & OT_READS_SIGNALS))
			return false;
		*result = set_blocking(number, user, ret, original);
		return true;
	}
	if (ret)
		to_user(&before, ret);
	return true;
}

static bool set_handler(int number, uint64_t handler_address, int flags, uint64_t mask,
			uint64_t *before_ret)
{
	struct ot_action before, action = {.handler = (handler)handler_address,
					   .flags = (unsigned long)(long)flags,
					   .mask = mask};

	if (!ot_faults_action(number, &action, &before))
		return false;
	*before_ret = (uint64_t)before.handler;
	return true;
}

static uint64_t bit_of(int number)
{
	return 1ull << ((unsigned)number - 1) % 64;
}

/* What sigset() says when it was blocked. */
static bool hold(int number, uint64_t original, uint64_t *ret)
{
	struct ot_action before;

	if (!ot_faults_action(number, NULL, &before))
		return false;
	ot_reads_ask_again();
	*ret = ((uint64_t (*)(int, uint64_t))original)(number, (uint64_t)SIG_HOLD);
	if (ot_faults_is_ours(&(struct ot_action){.handler = (handler)*ret}))
		*ret = (uint64_t)before.handler;
	return true;
}

static bool set_and_release(int number, uint64_t handler_address, uint64_t *ret)
{
	uint64_t bit = bit_of(number), blocked = 0;

	if (!set_handler(number, handler_address, 0, 0, ret))
		return false;
	ot_reads_ask_again();
	ot_sys_sigprocmask(SIG_UNBLOCK, &bit, &blocked);
	if (blocked & bit)
		*ret = (uint64_t)SIG_HOLD;
	return true;
}

static bool set_disposition(const uint64_t *args, uint64_t original, uint64_t *ret)
{
	if (args[1] == (uint64_t)SIG_HOLD)
		return hold((int)args[0], original, ret);
	return set_and_release((int)args[0], args[1], ret);
}

/* Whether the call is done. */
static bool act(enum kind kind, uint64_t *args, uint64_t original)
{
	uint64_t before, ret = 0;
	int number = (int)args[0];
	bool done;

	switch (kind) {
	case KIND_ACTION:
		done = set_action(number, (const void *)args[1], (void *)args[2], original, &ret);
		break;
	case KIND_SIGNAL:
		done = args[1] != (uint64_t)SIG_ERR &&
		       set_handler(number, args[1], SA_RESTART, bit_of(number), &ret);
		break;
	case KIND_SYSV_SIGNAL:
		done = args[1] != (uint64_t)SIG_ERR &&
		       set_handler(number, args[1], (int)SYSV_FLAGS, 0, &ret);
		break;
	case KIND_SET:
		done = args[1] != (uint64_t)SIG_ERR && set_disposition(args, original, &ret);
		if (!done)
			ot_reads_ask_again();
		break;
	default:
		done = set_handler(number, (uint64_t)SIG_IGN, 0, 0, &before);
	}
	if (done)
		args[0] = ret;
	return done;
}

/* ------------------------------------------------------------------ forwarders */

static void before_wait(uint64_t mask)
{
	if (mask)
		ot_reads_ask_again();
}

uint64_t ot_signal_forward(uint64_t *args, uint32_t index)
{
	const struct ot_slot *slot = &items[index];
	uint64_t original = __atomic_load_n(&slot->original, __ATOMIC_ACQUIRE);

	switch ((enum kind)slot->kind) {
	case KIND_MASK:
		before_mask(mask_blocks((int)args[0], (const void *)args[1]));
		break;
	case KIND_ANY:
		ot_reads_ask_again();
		break;
	case KIND_WAIT_4:
		before_wait(args[3]);
		break;
	case KIND_WAIT_5:
		before_wait(args[4]);
		break;
	case KIND_WAIT_6:
		before_wait(args[5]);
		break;
	case KIND_JUMP:
		before_mask(jump_blocks((const void *)args[0]));
		break;
	case KIND_CONTEXT:
		before_mask(context_blocks((const void *)args[0]));
		break;
	case KIND_SWAP:
		before_mask(context_blocks((const void *)args[1]));
		break;
	case KIND_LOAD:
		ot_reads_suspend_for_modules();
		break;
	case KIND_SYSCALL:
		before_syscall((long)args[0]);
		break;
	default:
		if (act((enum kind)slot->kind, args, original))
			return 0;
	}
	return original;
}

/* ------------------------------------------------------------------ on and off */

struct search {
	bool libc_seen;
	bool is_replaced; /* a module in front of libc has one of the functions */
};

static bool has_any(const struct ot_dynamic *dynamic)
{
	for (unsigned i = 0; i < NR_NAMES; i++)
		if (ot_dynamic_function(dynamic, names[i].name))
			return true;
	return false;
}

static int find_libc(struct dl_phdr_info *info, size_t size, void *context)
{
	struct search *search = context;
	struct ot_dynamic dynamic;

	(void)size;
	if (info->dlpi_addr && info->dlpi_addr == getauxval(AT_SYSINFO_EHDR))
		return 0; /* the kernel's, with a table of the old kind */
	ot_dynamic_read(info, &dynamic);
	search->libc_seen =
		ot_dynamic_function(&dynamic, "gnu_get_libc_version") > OT_DYNAMIC_UNKNOWN;
	if (!search->libc_seen)
		search->is_replaced |= has_any(&dynamic);
	return search->libc_seen;
}

uint32_t ot_signal_watch_refused(void)
{
	struct search search = {false, false};

	dl_iterate_phdr(find_libc, &search);
	if (!search.libc_seen)
		return OTRACE_FAST_READS_STATIC;
	return search.is_replaced ? OTRACE_FAST_READS_REPLACED : 0;
}

bool ot_signal_watch(bool on)
{
	return ot_slots_watch(&watched, on ? KINDS_ALL : 0);
}

bool ot_signal_watch_is_partial(void)
{
	return watched.nr_left_out || watched.not_ready;
}

uint32_t ot_signal_watch_nr(void)
{
	return ot_slots_nr(&watched, KINDS_ALL);
}
