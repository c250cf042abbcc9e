// SPDX-License-Identifier: BSD-2-Clause
/* test-links: otrace_runtime_inside */
/* Calls handed from thread to thread: what one writes the other has to see, with every sanitizer. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/core/call.h"
#include "runtime/core/callhere.h"
#include "runtime/core/requests.h"

#define NR_CALLS 2000
#define PATIENCE_TURNS 20000

struct request {
	struct otrace_call head;
	struct otrace_call_value args[2];
	uint64_t bytes[2];
};

static long counter;

static long add_to_counter(long a, long b)
{
	counter += a + b;
	return counter;
}

static long pause_a_while(long ms, long unused)
{
	(void)unused;
	usleep((useconds_t)ms * 1000);
	return ms;
}

static int ask_on(uint32_t thread, struct ot_client *client, long (*function)(long, long), long a,
		  long b)
{
	struct request request = {
		.head = {.address = (uint64_t)function,
			 .thread = thread,
			 .nr_args = 2,
			 .nr_fixed = 2,
			 .result = {.value_class = OTRACE_VALUE_INT, .bytes = 8}},
		.args = {{OTRACE_VALUE_INT, 8, 0, 8}, {OTRACE_VALUE_INT, 8, 0, 8}},
		.bytes = {(uint64_t)a, (uint64_t)b},
	};
	struct ot_payload in = {(const uint8_t *)&request, sizeof(request)};
	struct ot_reply reply;
	int status;

	client->inbox.head.request++;
	ot_reply_init(&reply);
	ot_request_call(client, in, &reply);
	status = reply.status;
	ot_reply_deinit(&reply);
	return status;
}

static int ask(struct ot_client *client, long (*function)(long, long), long a, long b)
{
	return ask_on(0, client, function, a, b);
}

static int withdraw(struct ot_client *client, uint32_t request)
{
	struct otrace_withdraw what = {.request = request};
	struct ot_reply reply;
	int status;

	ot_reply_init(&reply);
	ot_request_withdraw(client, (struct ot_payload){(const uint8_t *)&what, sizeof(what)},
			    &reply);
	status = reply.status;
	ot_reply_deinit(&reply);
	return status;
}

static bool take(struct ot_client *client, struct otrace_call_done *ret)
{
	struct ot_reply event;
	bool took;

	ot_reply_init(&event);
	took = ot_call_take_done(client->session, &event);
	if (took)
		memcpy(ret, event.bytes + sizeof(struct otrace_msg), sizeof(*ret));
	ot_reply_deinit(&event);
	return took;
}

static void wait_until_done(void)
{
	for (int turns = 0; !ot_call_is_done(); turns++) {
		assert_true(turns < PATIENCE_TURNS);
		usleep(200);
	}
}

static void results_come_back_in_order(void **state)
{
	struct ot_client client = {.fd = -1, .session = 1};
	struct otrace_call_done done = {0};
	long expected = 0;

	(void)state;
	for (long i = 0; i < NR_CALLS; i++) {
		expected += i + 2 * i;
		assert_int_equal(ask(&client, add_to_counter, i, 2 * i), 0);
		wait_until_done();
		assert_true(take(&client, &done));
		assert_int_equal(done.status, 0);
		assert_int_equal(done.request, client.inbox.head.request);
		assert_int_equal((long)done.value[0], expected);
		assert_int_equal(counter, expected);
	}
	assert_int_equal(ot_call_tick_ms(), 0);
}

static void one_at_a_time_and_no_result_for_another_session(void **state)
{
	struct ot_client client = {.fd = -1, .session = 2}, next = {.fd = -1, .session = 3};
	struct otrace_call_done done = {0};

	(void)state;
	assert_int_equal(ask(&client, pause_a_while, 50, 0), 0);
	assert_int_equal(ask(&client, add_to_counter, 1, 1), OTRACE_E_CALL_RUNNING);
	assert_true(ot_call_tick_ms() > 0);
	wait_until_done();
	assert_false(take(&next, &done));
	assert_false(take(&client, &done));
	assert_int_equal(ask(&next, pause_a_while, 1, 0), 0);
	wait_until_done();
	assert_true(take(&next, &done));
	assert_int_equal((long)done.value[0], 1);
}

static struct {
	uint32_t tid;
	uint32_t stop;
} waiting;

static void *wait_for_calls(void *unused)
{
	__atomic_store_n(&waiting.tid, (uint32_t)gettid(), __ATOMIC_RELEASE);
	while (!__atomic_load_n(&waiting.stop, __ATOMIC_ACQUIRE)) {
		ot_call_here_waiting();
		usleep(10);
	}
	return unused;
}

static long whose(long a, long b)
{
	return (long)gettid() + a + b;
}

/* It is withdrawn or it is made, whoever is first. */
static void a_thread_makes_its_calls_or_they_are_withdrawn(void **state)
{
	struct ot_client client = {.fd = -1, .session = 4};
	struct otrace_call_done done = {0};
	uint32_t tid = 0, nr_made = 0, nr_withdrawn = 0;
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, wait_for_calls, NULL);
	while (!(tid = __atomic_load_n(&waiting.tid, __ATOMIC_ACQUIRE)))
		usleep(100);
	for (int i = 0; i < 400; i++) {
		assert_int_equal(ask_on(tid, &client, whose, i, 0), 0);
		if (i % 2 && !withdraw(&client, client.inbox.head.request)) {
			nr_withdrawn++;
			assert_false(ot_call_is_done());
			continue;
		}
		wait_until_done();
		assert_true(take(&client, &done));
		assert_int_equal(done.request, client.inbox.head.request);
		assert_int_equal((long)done.value[0], (long)tid + i);
		nr_made++;
	}
	assert_true(nr_made >= 200 && nr_made + nr_withdrawn == 400);
	assert_int_equal(withdraw(&client, client.inbox.head.request), OTRACE_E_CALL_RUNNING);
	assert_int_equal(ask_on((uint32_t)gettid(), &client, whose, 0, 0), OTRACE_E_NO_THREAD);
	__atomic_store_n(&waiting.stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_int_equal(ask_on(tid, &client, whose, 0, 0), OTRACE_E_NO_THREAD);
	assert_int_equal(ot_call_tick_ms(), 0);
}

#define NR_PLACES 8

static struct {
	uint32_t tids[NR_PLACES + 1];
	uint32_t stop;
} sleeping;

static void *sleep_until_stop(void *tid)
{
	__atomic_store_n((uint32_t *)tid, (uint32_t)gettid(), __ATOMIC_RELEASE);
	while (!__atomic_load_n(&sleeping.stop, __ATOMIC_ACQUIRE))
		usleep(100);
	ot_call_here_waiting();
	return tid;
}

static void begin_sleep(pthread_t *thread, uint32_t *tid)
{
	pthread_create(thread, NULL, sleep_until_stop, tid);
	while (!__atomic_load_n(tid, __ATOMIC_ACQUIRE))
		usleep(100);
}

/* Each thread keeps its own call, whatever the others do; there are as many places as are told. */
static void calls_on_several_threads_do_not_wait_for_each_other(void **state)
{
	struct ot_client client = {.fd = -1, .session = 5};
	struct otrace_call_done done = {0};
	pthread_t threads[NR_PLACES + 1];
	uint32_t *tids = sleeping.tids;

	(void)state;
	for (int i = 0; i <= NR_PLACES; i++)
		begin_sleep(&threads[i], &tids[i]);
	for (int i = 0; i < NR_PLACES; i++)
		assert_int_equal(ask_on(tids[i], &client, whose, i, 0), 0);
	assert_int_equal(ask_on(tids[0], &client, whose, 0, 0), OTRACE_E_CALL_RUNNING);
	assert_int_equal(ask_on(tids[NR_PLACES], &client, whose, 0, 0), OTRACE_E_CALL_RUNNING);
	assert_int_equal(withdraw(&client, client.inbox.head.request - NR_PLACES - 1), 0);
	assert_int_equal(ask_on(tids[NR_PLACES], &client, whose, NR_PLACES, 0), 0);
	__atomic_store_n(&sleeping.stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i <= NR_PLACES; i++)
		pthread_join(threads[i], NULL);
	assert_true(ot_call_is_done());
	for (long i = 0, sum = 0; i < NR_PLACES; i++) {
		assert_true(take(&client, &done));
		assert_int_equal(done.status, 0);
		for (int j = 1; j <= NR_PLACES; j++)
			sum += (long)done.value[0] == (long)tids[j] + j;
		assert_int_equal(sum, i + 1);
	}
	assert_false(ot_call_is_done());
	assert_int_equal(ot_call_tick_ms(), 0);
	sleeping.stop = 0;
}

static void *try_all_the_time(void *unused)
{
	while (!__atomic_load_n(&waiting.stop, __ATOMIC_ACQUIRE))
		ot_call_run_here((uint32_t)gettid());
	return unused;
}

/* Of a thread that had seen a call which was withdrawn: the next one is another's, and it does not touch it. */
static void a_thread_never_takes_the_call_of_another(void **state)
{
	struct ot_client client = {.fd = -1, .session = 6};
	pthread_t sleeper, other;

	(void)state;
	waiting.stop = sleeping.tids[0] = 0;
	begin_sleep(&sleeper, &sleeping.tids[0]);
	pthread_create(&other, NULL, try_all_the_time, NULL);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(ask_on(sleeping.tids[0], &client, whose, 0, 0), 0);
		assert_int_equal(withdraw(&client, client.inbox.head.request), 0);
	}
	__atomic_store_n(&waiting.stop, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&sleeping.stop, 1, __ATOMIC_RELEASE);
	pthread_join(other, NULL);
	pthread_join(sleeper, NULL);
	sleeping.stop = 0;
}

#define REAL_FRAME __attribute__((noinline, no_sanitize("address")))

REAL_FRAME static void leave_a_look(void)
{
	struct otrace_frame frame = {{0}};

	frame.words[3] = (uint64_t)&frame;
	ot_call_here_begin((uint64_t)&frame | OT_HOOK_ENTER, sizeof(frame));
}

REAL_FRAME static void *enter_twice(void *tid)
{
	struct otrace_frame frame = {{0}};

	__atomic_store_n((uint32_t *)tid, (uint32_t)gettid(), __ATOMIC_RELEASE);
	while (!ot_call_waits_for((uint32_t)gettid()))
		usleep(100);
	leave_a_look();
	frame.words[3] = (uint64_t)&frame;
	ot_call_here((uint64_t)&frame, sizeof(frame));
	return tid;
}

/* As by a handler that comes while the stack is asked for, and does not return. */
static void a_look_that_was_left_by_a_jump_does_not_stop_the_next_one(void **state)
{
	struct ot_client client = {.fd = -1, .session = 7};
	struct otrace_call_done done = {0};
	uint32_t tid = 0;
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, enter_twice, &tid);
	while (!__atomic_load_n(&tid, __ATOMIC_ACQUIRE))
		usleep(100);
	assert_int_equal(ask_on(tid, &client, whose, 0, 0), 0);
	wait_until_done();
	assert_true(take(&client, &done));
	assert_int_equal(done.status, 0);
	assert_int_equal((long)done.value[0], (long)tid);
	pthread_join(thread, NULL);
}

static uint64_t outer;
static int nr_found;

REAL_FRAME static void look(void)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0);

	nr_found = 0;
	for (uint64_t at = (here + 15) / 16 * 16 + OT_SIGNAL_FRAME_PLACE; at < outer; at += 16)
		nr_found += ot_arch_is_signal_frame(at, here, outer);
}

REAL_FRAME static void on_signal(int number)
{
	(void)number;
	look();
}

/* Also what the kernel has left there before, below the frames that live. */
REAL_FRAME static void a_handler_is_seen_on_the_stack_as_long_as_it_runs(void **state)
{
	(void)state;
	outer = (uint64_t)__builtin_frame_address(0);
	signal(SIGUSR1, on_signal);
	look();
	assert_int_equal(nr_found, 0);
	raise(SIGUSR1);
	assert_int_equal(nr_found, 1);
	look();
	assert_int_equal(nr_found, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_come_back_in_order),
		cmocka_unit_test(one_at_a_time_and_no_result_for_another_session),
		cmocka_unit_test(a_thread_makes_its_calls_or_they_are_withdrawn),
		cmocka_unit_test(calls_on_several_threads_do_not_wait_for_each_other),
		cmocka_unit_test(a_thread_never_takes_the_call_of_another),
		cmocka_unit_test(a_look_that_was_left_by_a_jump_does_not_stop_the_next_one),
		cmocka_unit_test(a_handler_is_seen_on_the_stack_as_long_as_it_runs),
	};

	ot_call_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
