// SPDX-License-Identifier: BSD-2-Clause
// Calls that end badly, one way for each argument; and calls that go deep.
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define TOUCH() __asm__ volatile("" : : : "memory")

static jmp_buf back;
static pid_t tid;
static int ready[2];
static volatile int seven = 7, eight = 8, none;

KEEP int inner(int n)
{
	TOUCH();
	return n + 1;
}

KEEP int jumps(int n, const char *text)
{
	int sum = inner(n);

	if (n == 2)
		longjmp(back, 1);
	TOUCH();
	return sum + (int)strlen(text);
}

KEEP int around(int n)
{
	int sum = jumps(n, "far");

	TOUCH();
	return sum;
}

KEEP int gone(int n)
{
	if (n == 7)
		pthread_exit(NULL);
	TOUCH();
	return n;
}

KEEP int waits(int n)
{
	if (write(ready[1], "", 1) != 1)
		abort();
	while (n != none)
		pause();
	TOUCH();
	return n;
}

KEEP int leaves(int n, double weight)
{
	if (n == 0)
		exit(3);
	TOUCH();
	return n + (int)weight;
}

KEEP int down(int n)
{
	int sum = n ? down(n - 1) : 0;

	TOUCH();
	return sum + 1;
}

volatile int go;

KEEP int stays(int n)
{
	while (!go)
		usleep(1000);
	TOUCH();
	return n + 1;
}

KEEP void arrived(void)
{
	TOUCH();
}

static void *stay(void *arg)
{
	return (void *)(long)stays(*(volatile int *)arg);
}

/* One call stays open while another thread calls on. */
static void open_for_long(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, stay, (void *)&seven))
		abort();
	usleep(10000);
	arrived();
	for (; !go; usleep(100))
		inner(1);
	pthread_join(thread, NULL);
}

static void *leave_thread(void *arg)
{
	tid = (pid_t)syscall(SYS_gettid);
	return arg ? (void *)(long)gone(seven) : (void *)(long)waits(eight);
}

static void in_thread(void *arg)
{
	pthread_t thread;
	char byte;

	if (pipe(ready) || pthread_create(&thread, NULL, leave_thread, arg))
		abort();
	if (!arg && read(ready[0], &byte, 1) == 1)
		pthread_cancel(thread);
	pthread_join(thread, NULL);
	/* joined is not yet gone */
	while (!syscall(SYS_tgkill, getpid(), tid, 0))
		usleep(1000);
}

static void jump(void)
{
	for (volatile int i = 0; i < 4; i++)
		if (!setjmp(back))
			printf("%d\n", around(i));
	printf("%d\n", inner(40));
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	if (!strcmp(how, "jump"))
		jump();
	if (!strcmp(how, "thread"))
		in_thread(&tid);
	if (!strcmp(how, "cancel"))
		in_thread(NULL);
	if (!strcmp(how, "exit"))
		return leaves(none + leaves(seven, 0.5) - 7, 2.5);
	if (!strcmp(how, "open"))
		open_for_long();
	if (!strcmp(how, "deep"))
		printf("%d\n", down(30));
	return 0;
}
