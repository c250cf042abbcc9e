// SPDX-License-Identifier: BSD-2-Clause
/* test-links: otrace_runtime_inside */
/* Calls handed from thread to thread: what one writes the other has to see, with every sanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/core/call.h"
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

static int ask(struct ot_client *client, long (*function)(long, long), long a, long b)
{
	struct request request = {
		.head = {.address = (uint64_t)function,
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_come_back_in_order),
		cmocka_unit_test(one_at_a_time_and_no_result_for_another_session),
	};

	ot_call_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
