/* SPDX-License-Identifier: BSD-2-Clause */
/* Forbids itself to read memory through the kernel, and is interrupted in its hooks all the time. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define NR_CALLS 400000

volatile long sum;
static volatile long nr_handled;

__attribute__((noinline)) long outer(long x)
{
	sum += x;
	return x + 1;
}

__attribute__((noinline)) long inner(long x)
{
	sum -= x;
	return x;
}

static void handler(int signal)
{
	(void)signal;
	for (int i = 0; i < 3; i++)
		inner(i);
	nr_handled++;
}

static int forbid(void)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(steps) / sizeof(steps[0]), steps};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

int main(void)
{
	struct itimerval often = {{0, 100}, {0, 100}};
	long wrong = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	getchar();
	if (forbid())
		return 1;
	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &often, NULL);
	for (long i = 0; i < NR_CALLS || nr_handled < 100; i++)
		wrong += outer(i) != i + 1;
	often = (struct itimerval){0};
	setitimer(ITIMER_REAL, &often, NULL);
	printf("%ld wrong\n", wrong);
	return 0;
}
