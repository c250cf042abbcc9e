// SPDX-License-Identifier: BSD-2-Clause
// Threads that come and go: 2000 short ones, small stacks, thread-locals, keys with destructors.
// A destructor runs traced code when the thread is nearly gone.
// BUILD {"not":["asan"]}
// asan: its thread start needs more than 64 KiB of stack.
// EXPECT {"function":"work","args":{"n":1},"value":1,"count":1}
// EXPECT {"function":"work","args":{"n":2000},"value":2001000,"count":1,"calls":2000}
// EXPECT {"function":"sum_to","args":{"n":2000},"value":2001000,"count":1,"calls":2000}
// EXPECT {"function":"last_words","calls":2000}
// EXPECT {"function":"start","calls":2000}
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "check.h"

enum { THREADS = 2000, AT_ONCE = 8 };

static pthread_key_t key;
static long total;
static int destroyed;
static __thread long mine;

EXACT long sum_to(long n)
{
	long sum = 0;

	for (long i = 1; i <= n; i++)
		sum += HIDE(i);
	return sum;
}

EXACT long work(long n)
{
	mine = n;
	mine = sum_to(mine);
	return mine;
}

EXACT void last_words(void *value)
{
	CHECK(value == &mine);
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

EXACT void *start(void *argument)
{
	long n = (long)argument;

	pthread_setspecific(key, &mine);
	CHECK(mine == 0);
	__atomic_fetch_add(&total, work(n), __ATOMIC_RELAXED);
	if (n % 3 == 0)
		pthread_exit(argument);
	return argument;
}

int main(void)
{
	pthread_attr_t small;
	pthread_t threads[AT_ONCE];
	long expected = 0;
	void *result;

	CHECK(pthread_key_create(&key, last_words) == 0);
	CHECK(pthread_attr_init(&small) == 0);
	CHECK(pthread_attr_setstacksize(&small, 64 * 1024) == 0);
	for (long n = 1; n <= THREADS; n += AT_ONCE) {
		for (long i = 0; i < AT_ONCE; i++) {
			expected += (n + i) * (n + i + 1) / 2;
			CHECK(pthread_create(&threads[i], &small, start, (void *)(n + i)) == 0);
		}
		for (long i = 0; i < AT_ONCE; i++) {
			CHECK(pthread_join(threads[i], &result) == 0);
			CHECK((long)result == n + i);
		}
	}
	CHECK(total == expected);
	CHECK(destroyed == THREADS);
	FINISH("threads");
}
