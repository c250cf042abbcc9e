// SPDX-License-Identifier: BSD-2-Clause
// A parent and a forked child that count, until standard input ends; the child's number is the first line.
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, used))

KEEP int beat(int who, int n)
{
	__asm__ volatile("" ::: "memory");
	return who * 1000 + n % 100;
}

static void count(int who)
{
	struct pollfd input = {.fd = 0, .events = POLLIN};

	for (int n = 0; poll(&input, 1, 2) == 0; n++)
		beat(who, n);
}

int main(void)
{
	pid_t pid = fork();

	if (!pid) {
		count(2);
		_exit(7);
	}
	printf("%d\n", pid);
	fflush(stdout);
	count(1);
	return waitpid(pid, NULL, 0) != pid;
}
