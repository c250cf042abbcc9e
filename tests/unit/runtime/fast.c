/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that calls look() with good and with wild pointers in all states of its signal masks, by order; each order is
 * answered by a line. Conditions on look() read what p leads to; the program itself never does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096u
#define NR_WILD 8

struct node {
	struct node *next;
	long n;
	char text[16];
};

static struct node good = {&good, 99, "found"};
static struct node *wild[NR_WILD];
static volatile long looked;

__attribute__((noinline)) long look(struct node *p)
{
	return looked += p != NULL;
}

static void look_wild(void)
{
	for (int i = 0; i < NR_WILD; i++)
		look(wild[i]);
}

static void make_wild(void)
{
	char *pages =
		mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file = memfd_create("short", 0);
	char *beyond;

	if (ftruncate(file, PAGE))
		abort();
	beyond = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, file, 0);
	munmap(pages + PAGE, PAGE);
	mprotect(pages + 2 * PAGE, PAGE, PROT_NONE);
	wild[1] = (void *)16;
	wild[2] = (void *)(pages + PAGE);
	wild[3] = (void *)(pages + 2 * PAGE);
	wild[4] = (void *)(beyond + PAGE);
	wild[5] = (void *)0x8000000000000000;
	wild[6] = (void *)0xffff800000000000;
	wild[7] = (void *)(pages + PAGE - offsetof(struct node, n) - 4); /* half of n is there */
}

static sigset_t faults;

static void block(void)
{
	pthread_sigmask(SIG_BLOCK, &faults, NULL);
}

static void unblock(void)
{
	pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
}

/* ------------------------------------------------------------------ handlers */

static void look_in_handler(int number)
{
	(void)number;
	look(&good);
	look_wild();
	look(&good);
}

static void block_in_handler(int number)
{
	(void)number;
	look(&good);
	sigprocmask(SIG_BLOCK, &faults, NULL);
	look_wild();
	look(&good);
}

static void unblock_in_handler(int number)
{
	(void)number;
	sigprocmask(SIG_UNBLOCK, &faults, NULL);
	for (int i = 0; i < 100; i++)
		look(&good);
}

static void with_handler(void (*handler)(int number), int masked)
{
	struct sigaction action = {.sa_handler = handler};

	if (masked)
		sigfillset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	look_wild();
}

static void suspend(void)
{
	struct sigaction action = {.sa_handler = unblock_in_handler};
	sigset_t all, none, before;

	sigaction(SIGUSR1, &action, NULL);
	sigfillset(&all);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	raise(SIGUSR1);
	sigsuspend(&none);
	look_wild();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static sigjmp_buf way_back;
static char alternate[64 * 1024];
static void *fault_address;

static void own_info(int number, siginfo_t *info, void *context)
{
	char here;

	(void)number;
	(void)context;
	fault_address = info->si_addr;
	if (&here < alternate || &here >= alternate + sizeof(alternate))
		_exit(20);
	look(&good);
	look_wild(); /* the signal is blocked here */
	siglongjmp(way_back, 1);
}

static void own_plain(int number)
{
	sigset_t now;

	pthread_sigmask(SIG_SETMASK, NULL, &now);
	if (number != SIGSEGV || !sigismember(&now, SIGSEGV) || sigismember(&now, SIGTERM))
		_exit(21);
	look_wild();
	siglongjmp(way_back, 1);
}

static void look_and_leave(int number)
{
	look_in_handler(number);
}

/* Signals are handled on a stack that has room for one and not for two, or for none at all. */
static void use_little_stack(char *bytes, size_t nr, int number)
{
	stack_t stack = {.ss_sp = bytes, .ss_size = nr}, before;
	struct sigaction action = {.sa_handler = look_and_leave, .sa_flags = SA_ONSTACK},
			 action_before;

	sigaction(number, &action, &action_before);
	look(&good);
	if (sigaltstack(&stack, &before))
		abort();
	if (number != SIGSEGV)
		raise(number);
	look_wild();
	look(&good);
	sigaltstack(&before, NULL);
	sigaction(number, &action_before, NULL);
}

__attribute__((noinline)) static void use_little_stacks(void)
{
	char inside[6144];

	use_little_stack(inside, sizeof(inside), SIGUSR1);
	use_little_stack(alternate, 2048, SIGSEGV);
}

static void set_own(int how)
{
	struct sigaction action = {.sa_sigaction = own_info, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

	if (how == 's') {
		signal(SIGSEGV, own_plain);
		return;
	}
	sigaltstack(&stack, NULL);
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGSEGV, &action, NULL);
}

__attribute__((noinline)) int crash_here(volatile int *where)
{
	return *where + 1;
}

/* ------------------------------------------------------------------ masks that come back */

static ucontext_t here, there;

static void coroutine(void)
{
	look(&good);
	look_wild();
}

static void swap(void)
{
	static char stack[256 * 1024];

	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof(stack);
	there.uc_link = &here;
	sigfillset(&there.uc_sigmask);
	makecontext(&there, coroutine, 0);
	swapcontext(&here, &there);
	look(&good);
}

static void swap_and_return(void)
{
	swapcontext(&there, &here);
}

/* Nobody sets the link of a context that another one saves. */
static void swap_without_link(void)
{
	static char stack[256 * 1024];

	memset(&here, 0x5a, sizeof(here));
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof(stack);
	there.uc_link = NULL;
	makecontext(&there, swap_and_return, 0);
	swapcontext(&here, &there);
	look(&good);
}

static void nothing(void)
{
}

static void link_to(ucontext_t *context, char *stack, size_t bytes, ucontext_t *link)
{
	getcontext(context);
	context->uc_stack.ss_sp = stack;
	context->uc_stack.ss_size = bytes;
	context->uc_link = link;
	makecontext(context, nothing, 0);
}

/* Three contexts on, the first of which do not block. */
static void go_on_to_blocked(void)
{
	static ucontext_t blocked, contexts[3];
	static char stacks[3][16 * 1024];
	volatile int gone = 0;

	block();
	getcontext(&blocked);
	if (!gone) {
		unblock();
		look(&good);
		gone = 1;
		for (int i = 0; i < 3; i++)
			link_to(&contexts[i], stacks[i], sizeof(stacks[i]),
				i < 2 ? &contexts[i + 1] : &blocked);
		setcontext(&contexts[0]);
	}
	look_wild();
	unblock();
}

static void jump_into_blocked(void)
{
	static sigjmp_buf blocked;
	volatile int jumped = 0;

	block();
	if (!sigsetjmp(blocked, 1)) {
		unblock();
		look(&good);
		jumped = 1;
		siglongjmp(blocked, 1);
	}
	if (jumped)
		look_wild();
	unblock();
}

/* Past libc: nobody sees that. */
static long raw(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static void take_back(void)
{
	struct kernel_action action = {0};

	raw(SYS_rt_sigaction, SIGSEGV, (long)&action, 0, 8);
}

static void block_by_syscall(void)
{
	uint64_t mask = 1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1);

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
	look_wild();
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8);
}

/* From now on a read is fast or fails. */
static void filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}

/* Of a module that comes late: its constructor blocks them, and so does its function. */
static void block_in_plugin(void)
{
	static void (*plugin)(void);

	if (!plugin)
		plugin = (void (*)(void))dlsym(dlopen(getenv("PLUGIN"), RTLD_LAZY), "plugin_block");
	else
		plugin();
	look(&good);
	look_wild();
	unblock();
}

/* ------------------------------------------------------------------ threads */

static sem_t blocked_go, blocked_done;

static void *blocked_thread(void *unused)
{
	sigset_t all;

	(void)unused;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	sem_post(&blocked_done);
	for (;;) {
		sem_wait(&blocked_go);
		look(&good);
		look_wild();
		sem_post(&blocked_done);
	}
	return NULL;
}

#define LOW ((void *)0x20000000) /* where nobody else gets memory meanwhile */

static struct node *volatile moving;
static volatile int racing;

static void *race(void *unused)
{
	(void)unused;
	while (racing)
		look(moving);
	return NULL;
}

static void *hurry(void *unused)
{
	(void)unused;
	for (int i = 0; i < 50; i++) {
		look(&good);
		look_wild();
	}
	return NULL;
}

static void run_threads(unsigned nr, void *(*body)(void *unused), int rounds)
{
	pthread_t threads[64];
	struct node *at = mmap(LOW, PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	moving = at;
	racing = 1;
	for (unsigned i = 0; i < nr; i++)
		pthread_create(&threads[i], NULL, body, NULL);
	for (int i = 0; i < rounds; i++) {
		munmap(at, PAGE);
		mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
	}
	racing = 0;
	for (unsigned i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	munmap(at, PAGE);
}

/* Handlers that come and go, while other threads have faults that are not theirs. */
static void change_handlers(void)
{
	pthread_t threads[4];
	struct sigaction before;

	racing = 1;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, hurry, NULL);
	for (int i = 0; i < 5000; i++) {
		set_own(i % 2 ? 's' : 'i');
		sigaction(SIGSEGV, NULL, &before);
		if (before.sa_sigaction != (i % 2 ? (void *)own_plain : (void *)own_info))
			_exit(23);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

/* ------------------------------------------------------------------ children */

static int is_default(void)
{
	struct sigaction now;

	sigaction(SIGSEGV, NULL, &now);
	return now.sa_handler == SIG_DFL;
}

static int status_of(int child)
{
	int status = -1;

	waitpid(child, &status, 0);
	return status;
}

static int child_of_vfork(void)
{
	int child = vfork();

	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		look_wild();
		_exit(is_default() ? 5 : 6);
	}
	look_wild();
	return status_of(child);
}

/* Of a thread that nobody has seen before. */
static void *vfork_first(void *unused)
{
	int child = vfork();

	(void)unused;
	if (!child) {
		look(&good);
		_exit(0);
	}
	status_of(child);
	look(&good);
	printf("%d\n", (int)syscall(SYS_gettid));
	return NULL;
}

static int child_of_fork(void)
{
	struct kernel_action now;
	int child = fork();

	if (!child) {
		raw(SYS_rt_sigaction, SIGSEGV, 0, (long)&now, 8);
		look_wild();
		_exit(now.handler ? 6 : 5);
	}
	return status_of(child);
}

static void *change_for_ever(void *unused)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};

	(void)unused;
	while (racing)
		sigaction(SIGSEGV, &standard, NULL);
	return NULL;
}

/* No handler of fork() runs in them. One that hangs is killed. */
static int children_of_raw_fork(void)
{
	pthread_t threads[2];
	int ret = 0;

	racing = 1;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, change_for_ever, NULL);
	for (int i = 0; i < 2000 && !ret; i++) {
		int child = (int)raw(SYS_fork, 0, 0, 0, 0), status = -1;

		if (!child) {
			signal(SIGSEGV, SIG_DFL);
			raw(SYS_exit_group, is_default() ? 0 : 6, 0, 0, 0);
		}
		for (int ms = 0; !waitpid(child, &status, WNOHANG); ms++) {
			usleep(1000);
			if (ms == 3000)
				kill(child, SIGKILL);
		}
		ret = status;
	}
	racing = 0;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return ret;
}

/* Masks change again and again, deep in the stack. */
__attribute__((noinline)) static void change_masks(int depth)
{
	volatile char room[900];

	for (unsigned i = 0; i < sizeof(room); i++)
		room[i] = 1;
	if (depth)
		change_masks(depth - 1);
	for (int i = 0; !depth && i < 10000; i++) {
		block();
		unblock();
		look(&good);
	}
	room[1] = 0;
}

/* ------------------------------------------------------------------ orders */

static const char *handler_name(void)
{
	struct sigaction now;

	sigaction(SIGSEGV, NULL, &now);
	if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == own_info)
		return sigismember(&now.sa_mask, SIGUSR2) && now.sa_flags & SA_ONSTACK ? "info"
										       : "damaged";
	if (now.sa_handler == own_plain)
		return "plain";
	return now.sa_handler == SIG_DFL ? "default" : "another";
}

static void obey(const char *order)
{
	static struct sigaction saved;
	struct sigaction standard = {.sa_handler = SIG_DFL};

	switch (order[0]) {
	case 'g':
		look(&good);
		break;
	case 'w':
		look_wild();
		break;
	case 'b':
		block();
		break;
	case 'B':
		unblock();
		break;
	case 'f':
		filter();
		break;
	case 'h':
		with_handler(look_in_handler, order[1] == 'm');
		break;
	case 'H':
		with_handler(block_in_handler, 0);
		break;
	case 'u':
		block();
		with_handler(unblock_in_handler, 0);
		unblock();
		break;
	case 's':
		suspend();
		break;
	case 'x':
		swap();
		break;
	case 'X':
		swap_without_link();
		break;
	case 'A':
		use_little_stacks();
		break;
	case 'L':
		go_on_to_blocked();
		break;
	case 'j':
		jump_into_blocked();
		break;
	case 'l':
		block_in_plugin();
		break;
	case 'y':
		block_by_syscall();
		break;
	case 'd':
		sigaction(SIGUSR1, &standard, NULL);
		break;
	case 'o':
		set_own(order[1]);
		break;
	case 'a':
		change_handlers();
		break;
	case 'm':
		sigaction(SIGSEGV, order[1] == 's' ? NULL : &saved,
			  order[1] == 's' ? &saved : NULL);
		break;
	case 'r':
		take_back();
		break;
	case 'k':
		sem_post(&blocked_go);
		sem_wait(&blocked_done);
		break;
	case 't':
		run_threads(8, race, 2000);
		break;
	case 'T':
		run_threads(64, hurry, 0);
		break;
	case 'q':
		puts(handler_name());
		return;
	case 'v':
		printf("%d\n", child_of_vfork());
		return;
	case 'F':
		printf("%d\n", child_of_fork());
		return;
	case 'V': {
		pthread_t thread;

		pthread_create(&thread, NULL, vfork_first, NULL);
		pthread_join(thread, NULL);
		return;
	}
	case 'D':
		change_masks(900);
		break;
	case 'R':
		printf("%d\n", children_of_raw_fork());
		return;
	case 'c':
		if (!sigsetjmp(way_back, 1))
			crash_here(order[1] == 'n' ? NULL : (int *)wild[2]);
		puts("back");
		return;
	default:
		_exit(22);
	}
	puts("done");
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char line[16];

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaddset(&faults, SIGSEGV);
	sigaddset(&faults, SIGBUS);
	make_wild();
	if (argc > 1)
		set_own(argv[1][0]);
	sem_init(&blocked_go, 0, 0);
	sem_init(&blocked_done, 0, 0);
	pthread_create(&thread, NULL, blocked_thread, NULL);
	sem_wait(&blocked_done);
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	return 0;
}
