// SPDX-License-Identifier: BSD-2-Clause
// What programs do to themselves: one trial per order on standard input, one line as answer.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define HIDE(value)                                  \
	({                                           \
		__typeof__(value) hidden = (value);  \
		__asm__ volatile("" : "+r"(hidden)); \
		hidden;                              \
	})
#define NR_FILES 64
#define TRAP_FLAG 0x100

KEEP int add(int a, int b)
{
	return HIDE(a) + b;
}

/* With its text captured as a string this is a read of memory that may not be there. */
KEEP int first_letter(const char *text)
{
	return HIDE(text)[0];
}

/* ------------------------------------------------------------------ descriptors */

static int opened[NR_FILES];

/* A daemon's start: nothing of before stays open but the orders and the answers; then its own files. */
static void take_over(int with_error)
{
	int nr = 0;
	char name[32];

	if (with_error)
		close(2);
	syscall(SYS_close_range, 3u, ~0u, 0u);
	for (int fd = 0; fd < NR_FILES; fd++) {
		snprintf(name, sizeof(name), "data-%d", fd);
		opened[fd] = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		nr += opened[fd] == fd + 3 - !!with_error || (with_error && opened[fd] == 2 + fd);
	}
	printf("%d\n", nr);
}

static void still_mine(void)
{
	int wrong = 0;

	for (int i = 0; i < NR_FILES; i++) {
		struct stat status;

		wrong += fstat(opened[i], &status) != 0 || status.st_size != 0 ||
			 lseek(opened[i], 0, SEEK_CUR) != 0;
	}
	printf("%d wrong\n", wrong);
}

static void lowest(void)
{
	int fd = open("/dev/null", O_RDONLY);

	printf("%d\n", fd);
	close(fd);
}

/* ------------------------------------------------------------------ filters for system calls */

/* Everything that a quiet computation does not need fails with EPERM; on all threads. */
static void filter(int kill)
{
	static const int allowed[] = {SYS_read,	      SYS_write,	SYS_exit,
				      SYS_exit_group, SYS_rt_sigreturn, SYS_rt_sigprocmask,
				      SYS_brk,	      SYS_fstat,	SYS_newfstatat,
				      SYS_prctl};
	unsigned nr = sizeof(allowed) / sizeof(allowed[0]), n = 0;
	struct sock_filter code[2 * sizeof(allowed) / sizeof(allowed[0]) + 2];
	struct sock_fprog program = {.filter = code};

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < nr; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (unsigned)allowed[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, kill ? SECCOMP_RET_KILL_PROCESS
								       : SECCOMP_RET_ERRNO | EPERM);
	program.len = (unsigned short)n;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	printf("%ld\n", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				kill ? 0 : SECCOMP_FILTER_FLAG_TSYNC, &program));
}

static void strict(void)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
		syscall(SYS_exit, add(40, 2));
	}
	waitpid(pid, &status, 0);
	printf("%x\n", (unsigned)status);
}

/* ------------------------------------------------------------------ threads that end in a call */

static volatile int inside;

KEEP int stay(int n)
{
	inside = n;
	for (;;)
		pause();
	return HIDE(n);
}

KEEP int spin(int n)
{
	volatile int turns = 0;

	inside = 1;
	for (;;)
		turns += add(n, turns);
	return turns;
}

static void *in_stay(void *n)
{
	return (void *)(long)stay((int)(long)n);
}

static void *in_spin(void *n)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	return (void *)(long)spin((int)(long)n);
}

static void cancel(void *(*start)(void *), int times)
{
	int cancelled = 0;

	for (int i = 0; i < times; i++) {
		pthread_t thread;
		void *result = NULL;

		inside = 0;
		pthread_create(&thread, NULL, start, (void *)1L);
		while (!inside)
			sched_yield();
		usleep(100);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		cancelled += result == PTHREAD_CANCELED;
	}
	printf("%d cancelled, %d\n", cancelled, add(1, 1));
}

/* The process ends while other threads are in hooks all the time. */
static void end_while_others_call(void)
{
	pthread_t thread;

	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, in_spin, (void *)1L);
	usleep(20000);
	fflush(stdout);
	syscall(SYS_exit_group, 23);
}

static void replace_image(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, in_spin, (void *)1L);
	usleep(20000);
	fflush(stdout);
	execl("/bin/echo", "echo", "replaced", (char *)NULL);
}

/* ------------------------------------------------------------------ stacks */

static char handler_stack[1 << 16];
static sigjmp_buf back;
static int small_sum;

KEEP int down(int n)
{
	volatile char room[64] = {0};

	return n ? HIDE(down(HIDE(n) - 1)) + 1 + room[0] : 0;
}

KEEP void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)context;
	small_sum = add(signal, info->si_code);
	siglongjmp(back, 1);
}

static void overflow(void)
{
	stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	struct rlimit limit = {1 << 20, RLIM_INFINITY};

	setrlimit(RLIMIT_STACK, &limit);
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (!sigsetjmp(back, 1))
		down(1 << 30);
	signal(SIGSEGV, SIG_DFL);
	printf("signal and code %d, %d\n", small_sum, add(1, 1));
}

static void overflow_unhandled(void)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		_exit(down(1 << 30) & 1);
	}
	waitpid(pid, &status, 0);
	printf("%x\n", (unsigned)status);
}

KEEP void on_small(int signal)
{
	small_sum = add(signal, down(3));
}

/* The least stack that the kernel takes for a handler. */
static void small_handler_stack(void)
{
	size_t size = (size_t)sysconf(_SC_MINSIGSTKSZ);
	char *page =
		mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_sp = page + 4096, .ss_size = size + 1024};
	struct sigaction action = {.sa_handler = on_small, .sa_flags = SA_ONSTACK};
	int touched = 0;

	memset(page, 0x5a, 1 << 16);
	mprotect(page + 4096 + 16384, 4096, PROT_NONE);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 3; i++)
		raise(SIGUSR1);
	for (int i = 0; i < 4096; i++)
		touched += page[i] != 0x5a;
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
	printf("%d, %d below\n", small_sum, touched);
}

static ucontext_t scheduler, coroutines[3];
static int trail;

KEEP int yield_in(int who, int turn)
{
	swapcontext(&coroutines[who], &scheduler);
	return add(who, turn);
}

KEEP void coroutine(int who)
{
	for (int turn = 0; turn < 3; turn++)
		trail = trail * 10 + yield_in(who, turn);
}

/* Each stack in turn is left in the middle of a traced call. */
static void swap(void)
{
	char *stacks = malloc(3 * 65536);

	trail = 0;
	for (int i = 0; i < 3; i++) {
		getcontext(&coroutines[i]);
		coroutines[i].uc_stack.ss_sp = stacks + 65536 * i;
		coroutines[i].uc_stack.ss_size = 65536;
		coroutines[i].uc_link = &scheduler;
		makecontext(&coroutines[i], (void (*)(void))coroutine, 1, i);
	}
	for (int turn = 0; turn < 4; turn++)
		for (int i = 0; i < 3; i++)
			swapcontext(&scheduler, &coroutines[i]);
	free(stacks);
	printf("%d\n", trail);
}

KEEP int keep_text(const char *text, int n)
{
	return HIDE(text) ? n + 1 : n;
}

KEEP int sum_of(int nr, ...)
{
	va_list list;
	int sum = 0;

	va_start(list, nr);
	for (int i = 0; i < nr; i++)
		sum += va_arg(list, int);
	va_end(list);
	return sum;
}

static const char *noted;

static void on_noting(void)
{
	for (int i = 0; i < 3; i++)
		trail += keep_text(noted, i);
}

static void on_summing(void)
{
	trail = sum_of(8, 1, 2, 3, 4, 5, 6, 7, 8);
}

static void run_on(char *stack, size_t bytes, void (*work)(void))
{
	getcontext(&coroutines[0]);
	coroutines[0].uc_stack.ss_sp = stack;
	coroutines[0].uc_stack.ss_size = bytes;
	coroutines[0].uc_link = &scheduler;
	makecontext(&coroutines[0], work, 0);
	swapcontext(&scheduler, &coroutines[0]);
}

/* Smaller stacks in the place of a large one that was unmapped; a pointer to what is gone is passed on. */
static void stacks_come_and_go(void)
{
	size_t large = 1 << 20, small = 64 << 10;
	char *place = mmap(NULL, large, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	noted = "large";
	trail = 0;
	run_on(place, large, on_noting);
	munmap(place, large);
	noted = place + large - 4096;
	for (size_t at = 0; at < large - small; at += large / 2) {
		mmap(place + at, small, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		run_on(place + at, small, on_noting);
	}
	printf("%d\n", trail);
}

static void *coroutine_below(void *stack)
{
	run_on(stack, 256 << 10, on_summing);
	return NULL;
}

/* Stacks with guard pages below them, a coroutine's and right above it that of its thread. */
static void close_neighbours(void)
{
	size_t page = 4096, coroutine_bytes = 256 << 10, thread_bytes = 32 << 10;
	char *place = mmap(NULL, 2 * page + coroutine_bytes + thread_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attr;
	pthread_t thread;

	mprotect(place, page, PROT_NONE);
	mprotect(place + page + coroutine_bytes, page, PROT_NONE);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, place + 2 * page + coroutine_bytes, thread_bytes);
	pthread_create(&thread, &attr, coroutine_below, place + page);
	pthread_join(thread, NULL);
	printf("%d\n", trail);
}

struct large {
	char bytes[24 << 10];
};

static struct large large;

KEEP int sum_large(struct large value)
{
	int sum = 0;

	for (size_t i = 0; i < sizeof(value.bytes); i += 256)
		sum += HIDE(&value)->bytes[i];
	return sum;
}

static void *in_sum_large(void *unused)
{
	(void)unused;
	return (void *)(long)sum_large(large);
}

/* Once is it on the stack of a thread, and a second time it has no room there. */
static void pass_large(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	void *result;

	large.bytes[256] = 7;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 48 << 10);
	pthread_create(&thread, &attr, in_sum_large, NULL);
	pthread_join(thread, &result);
	printf("%ld, %d\n", (long)result, sum_large(large));
}

static void on_painted(void)
{
	trail = add(trail, 1);
}

/* How much of a coroutine's stack one call takes, the first and the second time. */
static void painted_stack(void)
{
	size_t used[2], bytes = 16384;
	unsigned char *stack = malloc(bytes);

	for (int turn = 0; turn < 2; turn++) {
		memset(stack, 0x5a, bytes);
		getcontext(&coroutines[0]);
		coroutines[0].uc_stack.ss_sp = stack;
		coroutines[0].uc_stack.ss_size = bytes;
		coroutines[0].uc_link = &scheduler;
		makecontext(&coroutines[0], on_painted, 0);
		swapcontext(&scheduler, &coroutines[0]);
		for (used[turn] = bytes; used[turn]; used[turn]--)
			if (stack[bytes - used[turn]] != 0x5a)
				break;
	}
	free(stack);
	printf("%zu %zu\n", used[0], used[1]);
}

KEEP void on_jump(int signal)
{
	add(signal, 1);
	siglongjmp(back, 1);
}

KEEP int jump_out(int n)
{
	if (n)
		return HIDE(jump_out(HIDE(n) - 1)) + 1;
	raise(SIGUSR2);
	return 0;
}

static void jump(void)
{
	volatile int jumps = 0;

	signal(SIGUSR2, on_jump);
	while (jumps < 5)
		if (!sigsetjmp(back, 1))
			jump_out(7);
		else
			jumps = add(jumps, 1);
	printf("%d\n", jumps);
}

static volatile int alarms;

__attribute__((no_instrument_function)) static void on_alarm(int signal)
{
	alarms += signal == SIGVTALRM;
	siglongjmp(back, 1);
}

static volatile int in_child, wrong;

/* A snapshot: the child goes on where its parent was. */
__attribute__((no_instrument_function)) static void on_alarm_fork(int signal)
{
	pid_t pid = in_child ? 0 : fork();
	int status = 1;

	alarms += signal == SIGVTALRM;
	if (!pid) {
		in_child = 1;
		return;
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	wrong += status != 0;
}

static void fork_in_hooks(void)
{
	struct itimerval timer = {{0, 2000}, {0, 2000}};
	volatile int sum = 0;

	signal(SIGVTALRM, on_alarm_fork);
	alarms = 0;
	setitimer(ITIMER_VIRTUAL, &timer, NULL);
	while (alarms < 40) {
		sum += first_letter("a") + sum_of(3, 1, 2, 3);
		if (in_child) {
			for (int i = 0; i < 100; i++)
				sum = add(i, 1) + first_letter("a") + sum_of(2, 1, 2);
			_exit(sum != 100 + 'a' + 3);
		}
	}
	timer = (struct itimerval){{0, 0}, {0, 0}};
	setitimer(ITIMER_VIRTUAL, &timer, NULL);
	printf("%d alarms, %d wrong, %d\n", alarms, wrong, add(1, 1));
}

static volatile int nr_steps;

/* Behind each instruction of a hook; the child goes on without steps. */
__attribute__((no_instrument_function)) static void on_step_fork(int signal, siginfo_t *info,
								 void *context)
{
	pid_t pid = fork();
	int status = 1;

	(void)signal, (void)info;
	nr_steps++;
	if (!pid) {
		in_child = 1;
		((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
		return;
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	wrong += status != 0;
}

/* With the flags above the red zone. */
#define SET_STEPS(how, bits)                                                           \
	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\tpushfq\n\t" how                   \
			 " %0, (%%rsp)\n\tpopfq\n\tleaq 128(%%rsp), %%rsp" ::"i"(bits) \
			 : "memory", "cc")

static void fork_in_each_step(void)
{
	struct sigaction action = {.sa_sigaction = on_step_fork, .sa_flags = SA_SIGINFO};
	int sum;

	sigaction(SIGTRAP, &action, NULL);
	nr_steps = wrong = 0;
	sum = add(1, 1) + sum_of(3, 1, 2, 3); /* the first call of a thread takes a ring */
	SET_STEPS("orq", TRAP_FLAG);
	sum += add(1, 1) + sum_of(3, 1, 2, 3);
	SET_STEPS("andq", ~TRAP_FLAG);
	if (in_child)
		_exit(sum != 16 || add(sum, 1) != 17);
	signal(SIGTRAP, SIG_DFL);
	printf("%d steps, %d wrong, %d\n", nr_steps, wrong, sum);
}

static volatile int jump_at_step;

__attribute__((no_instrument_function)) static void on_step_jump(int signal)
{
	if (++nr_steps == jump_at_step)
		siglongjmp(back, signal);
}

/* Out of the hooks behind their first instruction, behind their second, and so on to the end. */
static void jump_at_each_step(int stride)
{
	volatile int sum = 0, nr_jumps = 0, over = 0;

	signal(SIGTRAP, on_step_jump);
	while (!over) {
		nr_steps = 0;
		jump_at_step = 1 + stride * nr_jumps;
		if (!sigsetjmp(back, 1)) {
			SET_STEPS("orq", TRAP_FLAG);
			sum = add(1, 1) + sum_of(3, 1, 2, 3);
			SET_STEPS("andq", ~TRAP_FLAG);
			over = 1;
		} else {
			nr_jumps++;
			wrong += add(2, 2) != 4;
		}
	}
	signal(SIGTRAP, SIG_DFL);
	printf("%d jumps, %d wrong, %d\n", nr_jumps, wrong, sum);
}

/* Most of these alarms come inside of a hook, which then never ends. */
static void jump_out_of_hooks(void)
{
	struct itimerval timer = {{0, 2000}, {0, 2000}};
	volatile int sum = 0;

	signal(SIGVTALRM, on_alarm);
	alarms = 0;
	setitimer(ITIMER_VIRTUAL, &timer, NULL);
	while (alarms < 20)
		if (!sigsetjmp(back, 1))
			for (;;)
				sum += first_letter("a");
	timer = (struct itimerval){{0, 0}, {0, 0}};
	setitimer(ITIMER_VIRTUAL, &timer, NULL);
	for (int i = 0; i < 100; i++)
		sum = add(i, 1);
	printf("%d alarms, %d\n", alarms, sum);
}

/* ------------------------------------------------------------------ a library that goes while it is in use */

static void *library;

KEEP int away(int n)
{
	dlclose(library);
	siglongjmp(back, add(n, 1));
}

/* The library's function is left by a jump, after the library was unloaded under it. */
static void unload_under_call(void)
{
	int (*through)(int (*)(int), int);
	int jumped = sigsetjmp(back, 0);

	if (!jumped) {
		library = dlopen(getenv("SUBJECT_LIBRARY"), RTLD_NOW);
		through = (int (*)(int (*)(int), int))dlsym(library, "plugin_through");
		puts("loaded");
		getchar(); /* until it is traced */
		through(away, 4);
	}
	printf("%d %d\n", jumped, add(1, 1));
}

/* ------------------------------------------------------------------ children */

static void vforked(void)
{
	int status = 0, sum = 0;

	for (int i = 0; i < 3; i++) {
		pid_t pid = vfork();

		if (!pid)
			_exit(add(40, i));
		waitpid(pid, &status, 0);
		sum += WEXITSTATUS(status);
	}
	printf("%d, %d\n", sum, add(1, 1));
}

int main(int argc, char **argv)
{
	char line[16];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && chdir(argv[1]))
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		switch (line[0]) {
		case 'a':
			printf("%d\n", add(3, 4));
			break;
		case 'A':
			printf("%d\n", first_letter(line));
			break;
		case 'c':
			take_over(0);
			break;
		case 'C':
			take_over(1);
			break;
		case 'm':
			still_mine();
			break;
		case 'l':
			lowest();
			break;
		case 'f':
			filter(0);
			break;
		case 'k':
			filter(1);
			break;
		case 's':
			strict();
			break;
		case 'd':
			cancel(in_stay, 5);
			break;
		case 'D':
			cancel(in_spin, 50);
			break;
		case 'x':
			end_while_others_call();
			break;
		case 'e':
			replace_image();
			break;
		case 'o':
			overflow();
			break;
		case 'O':
			overflow_unhandled();
			break;
		case 'h':
			small_handler_stack();
			break;
		case 'w':
			swap();
			break;
		case 'j':
			jump();
			break;
		case 'J':
			jump_out_of_hooks();
			break;
		case 'F':
			fork_in_hooks();
			break;
		case 'S':
			fork_in_each_step();
			break;
		case 'G':
			jump_at_each_step(1);
			break;
		case 'H':
			jump_at_each_step(17);
			break;
		case 'b':
			pass_large();
			break;
		case 'g':
			stacks_come_and_go();
			break;
		case 'n':
			close_neighbours();
			break;
		case 'p':
			painted_stack();
			break;
		case 'u':
			unload_under_call();
			break;
		case 'v':
			vforked();
			break;
		}
	}
	return 0;
}
