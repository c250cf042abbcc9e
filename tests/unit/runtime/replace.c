// SPDX-License-Identifier: BSD-2-Clause
// A static function replaced by name and restored while eight threads call it ten million times: each
// result is the old one's or the new one's. Then every way the calls can fail.
#include <otrace/otrace.h>
#include <otrace/wire.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	THREADS = 8,
	CALLS = 10000000 / THREADS, // at least
	TIMES = 500
};

#define CHECK(condition)                                                 \
	do {                                                             \
		if (!(condition)) {                                      \
			printf("%d: wrong: %s\n", __LINE__, #condition); \
			failed = 1;                                      \
		}                                                        \
	} while (0)

static int failed;
static atomic_long n_old, n_new, n_wrong;
static atomic_bool enough;

static __attribute__((noinline)) long price(long cents)
{
	__asm__ volatile("" : "+r"(cents));
	return cents * 3;
}

static __attribute__((noinline)) long dearer(long cents)
{
	__asm__ volatile("" : "+r"(cents));
	return cents * 3 + 1;
}

static long with_original(long cents)
{
	long (*original)(long) = (long (*)(long))otrace_original((void *)price);

	return original(cents) + 2;
}

static void *work(void *unused)
{
	long olds = 0, news = 0, i;

	for (i = 0; i < CALLS || !enough; i++) {
		long result = price(i);

		olds += result == i * 3;
		news += result == i * 3 + 1;
	}
	n_old += olds;
	n_new += news;
	n_wrong += i - olds - news;
	return unused;
}

static void replace_while_called(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < TIMES; i++) {
		CHECK(otrace_replace_by_name("price@replace.c", (void *)dearer) == 0);
		usleep(200);
		CHECK(otrace_restore_by_name("price@replace.c") == 0);
		usleep(200);
	}
	enough = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("replaced %d times; old %ld, new %ld, wrong %ld\n", TIMES, n_old, n_new, n_wrong);
	CHECK(n_wrong == 0 && n_old + n_new >= (long)CALLS * THREADS);
	CHECK(n_old > 0 && n_new > 0);
}

static void one_after_the_other(void)
{
	CHECK(price(5) == 15);
	CHECK(otrace_replace((void *)price, (void *)dearer) == 0 && price(5) == 16);
	CHECK(otrace_replace((void *)price, (void *)with_original) == 0 && price(5) == 17);
	CHECK(otrace_restore((void *)price) == 0 && price(5) == 15);
	CHECK(otrace_restore((void *)price) == 0);
	CHECK(otrace_replace_by_name("price", (void *)dearer) == 0 && otrace_restore_all() == 0 &&
	      price(5) == 15);
}

static void errors(void)
{
	long data = 0;

	CHECK(otrace_replace(NULL, (void *)dearer) == -OTRACE_E_INVALID);
	CHECK(otrace_replace((void *)price, NULL) == -OTRACE_E_INVALID);
	CHECK(otrace_replace((void *)price, &data) == -OTRACE_E_FAULT && price(5) == 15);
	CHECK(otrace_replace((void *)strlen, (void *)dearer) == -OTRACE_E_NO_FUNCTION);
	CHECK(otrace_replace_by_name("prize", (void *)dearer) == -OTRACE_E_NOT_FOUND);
	CHECK(otrace_replace_by_name("price@place.c", (void *)dearer) == -OTRACE_E_NOT_FOUND);
	CHECK(otrace_restore_by_name(NULL) == -OTRACE_E_INVALID);
	CHECK(otrace_original(&data) == NULL);
	CHECK(strcmp(otrace_strerror(-OTRACE_E_NOT_FOUND), "name not found") == 0);
	CHECK(strcmp(otrace_strerror(12345), "unknown error") == 0);
	CHECK(strcmp(otrace_strerror(INT_MIN), "unknown error") == 0);
}

static __attribute__((noinline)) long cheaper(long cents)
{
	__asm__ volatile("" : "+r"(cents));
	return cents;
}

/* What is replaced by what it replaces would never come to an end. */
static void loops(void)
{
	CHECK(otrace_replace((void *)price, (void *)price) == -OTRACE_E_LOOP && price(5) == 15);
	CHECK(otrace_replace((void *)price, (void *)dearer) == 0);
	CHECK(otrace_replace((void *)dearer, (void *)price) == -OTRACE_E_LOOP);
	CHECK(otrace_replace((void *)dearer, (void *)cheaper) == 0 && price(5) == 5);
	CHECK(otrace_replace((void *)cheaper, (void *)price) == -OTRACE_E_LOOP);
	CHECK(otrace_replace((void *)price, (void *)cheaper) == 0 && price(5) == 5);
	CHECK(otrace_restore((void *)dearer) == 0 && dearer(5) == 16);
	CHECK(otrace_replace((void *)cheaper, (void *)dearer) == 0 && price(5) == 16);
	CHECK(otrace_restore_all() == 0 && price(5) == 15 && cheaper(5) == 5);
}

static void in_child(void)
{
	int status;
	pid_t pid;

	CHECK(otrace_replace((void *)price, (void *)dearer) == 0);
	pid = fork();
	if (!pid) {
		CHECK(price(5) == 16);
		CHECK(otrace_restore((void *)price) == 0 && price(5) == 15);
		CHECK(otrace_replace((void *)dearer, (void *)price) == 0 && dearer(5) == 15);
		_exit(failed);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(price(5) == 16 && dearer(5) == 16);
	CHECK(otrace_restore_all() == 0 && price(5) == 15);
}

int main(void)
{
	one_after_the_other();
	errors();
	loops();
	in_child();
	replace_while_called();
	return failed;
}
