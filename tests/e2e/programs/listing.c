// SPDX-License-Identifier: BSD-2-Clause
// A function that the loader calls with its list of modules held, and one in another thread.
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define TOUCH() __asm__ volatile("" : : : "memory")

static int nr_modules;
static volatile int began;

KEEP int one_module(struct dl_phdr_info *info, size_t bytes, void *data)
{
	(void)info, (void)bytes, (void)data;
	nr_modules++;
	TOUCH();
	return 0;
}

KEEP int other(int n)
{
	TOUCH();
	return n + 1;
}

KEEP int third(int n)
{
	TOUCH();
	return n + 2;
}

static void *work(void *arg)
{
	began = 1;
	other(1);
	return arg;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, NULL))
		return 1;
	while (!began)
		usleep(1000);
	usleep(50000);
	dl_iterate_phdr(one_module, NULL);
	pthread_join(thread, NULL);
	printf("%d %d\n", nr_modules > 0, third(3));
	return 0;
}
