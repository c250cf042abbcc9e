/* SPDX-License-Identifier: BSD-2-Clause */
/* test-links: otrace_runtime_inside */
/* Messages over a real socket: cut anywhere, damaged anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/area.h"
#include "core/requests.h"

static void make_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

static void close_pair(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static void test_one_byte_at_a_time(void **state)
{
	struct otrace_msg head = {16 + 24, OTRACE_MSG_WRITE, 0, 5, 0};
	struct ot_inbox inbox = {.payload = NULL};
	char bytes[40];
	int fds[2];

	(void)state;
	make_pair(fds);
	memset(bytes, 'p', sizeof(bytes));
	memcpy(bytes, &head, sizeof(head));
	for (unsigned i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(ot_inbox_read(&inbox, fds[1]), OT_INBOX_MORE);
		assert_int_equal(write(fds[0], &bytes[i], 1), 1);
		assert_int_equal(ot_inbox_read(&inbox, fds[1]),
				 i + 1 < sizeof(bytes) ? OT_INBOX_MORE : OT_INBOX_MESSAGE);
	}
	assert_int_equal(inbox.payload_bytes, 24);
	assert_memory_equal(inbox.payload, bytes + 16, 24);
	ot_inbox_next(&inbox);
	close(fds[0]);
	assert_int_equal(ot_inbox_read(&inbox, fds[1]), OT_INBOX_END);
	close(fds[1]);
}

static void test_sizes_that_cannot_be(void **state)
{
	static const uint32_t sizes[] = {0,	     1,		15, OTRACE_MSG_MAX_BYTES + 1,
					 0x80000000, 0xffffffff};

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct otrace_msg head = {sizes[i], OTRACE_MSG_READ, 0, 1, 0};
		struct ot_inbox inbox = {.payload = NULL};
		int fds[2];

		make_pair(fds);
		assert_int_equal(write(fds[0], &head, sizeof(head)), sizeof(head));
		assert_int_equal(ot_inbox_read(&inbox, fds[1]), OT_INBOX_END);
		ot_inbox_next(&inbox);
		close_pair(fds);
	}
}

/* Requests with random payloads, in a client that said HELLO: each gets a reply with the right length.
 * What would write memory, call or let go is left out: it would do what it says. */
static void run_random(struct ot_client *client, unsigned size)
{
	static const uint16_t types[] = {OTRACE_MSG_MODULES,
					 OTRACE_MSG_READ,
					 OTRACE_MSG_PROBE,
					 OTRACE_MSG_UNPROBE,
					 OTRACE_MSG_REDIRECT,
					 OTRACE_MSG_STATUS,
					 OTRACE_MSG_THREADS,
					 OTRACE_MSG_TLS,
					 0,
					 14,
					 99,
					 0xffff};
	uint64_t payload[64];
	struct ot_reply reply;

	for (unsigned i = 0; i < 64; i++)
		payload[i] = rand() % 3 ? (uint64_t)(unsigned)rand() % 64
					: (uint64_t)rand() << 33 ^ (uint64_t)rand();
	client->inbox.head = (struct otrace_msg){16 + size, types[(unsigned)rand() % 12], 0, 1, 0};
	client->inbox.payload = (uint8_t *)payload;
	client->inbox.payload_bytes = size;
	ot_reply_init(&reply);
	ot_request_run(client, &reply);
	assert_true(reply.failed || reply.used_bytes >= sizeof(struct otrace_msg));
	assert_true(reply.used_bytes <= OTRACE_MSG_MAX_BYTES);
	ot_reply_deinit(&reply);
}

static void test_random_requests(void **state)
{
	struct ot_client client = {.fd = -1, .greeted = true};

	(void)state;
	assert_true(ot_area_create(1 << 20, 1 << 16) && ot_area_map_rings());
	srand(7);
	for (int i = 0; i < 20000; i++)
		run_random(&client, (unsigned)rand() % (64 * 8 + 1));
}

static void test_nothing_before_hello(void **state)
{
	struct ot_client client = {.fd = -1};
	struct ot_reply reply;

	(void)state;
	client.inbox.head = (struct otrace_msg){16, OTRACE_MSG_STATUS, 0, 1, 0};
	ot_reply_init(&reply);
	ot_request_run(&client, &reply);
	assert_int_equal(reply.status, OTRACE_E_PROTOCOL);
	ot_reply_deinit(&reply);
}

static void test_reply_grows_and_is_limited(void **state)
{
	struct ot_reply reply;
	int fds[2];
	struct otrace_msg head;

	(void)state;
	make_pair(fds);
	ot_reply_init(&reply);
	for (int i = 0; i < 1000; i++)
		ot_reply_add(&reply, &i, sizeof(i));
	ot_reply_pad(&reply);
	assert_true(ot_reply_send(&reply, fds[0], OTRACE_MSG_STATUS | OTRACE_MSG_REPLY, 3));
	assert_int_equal(read(fds[1], &head, sizeof(head)), sizeof(head));
	assert_int_equal(head.size_bytes, 16 + 4000);
	assert_null(ot_reply_room(&reply, OTRACE_MSG_MAX_BYTES));
	assert_true(ot_reply_send(&reply, fds[0], OTRACE_MSG_STATUS | OTRACE_MSG_REPLY, 3));
	assert_int_equal(reply.status, OTRACE_E_TOO_MANY);
	ot_reply_deinit(&reply);
	close_pair(fds);
}

/* Pages that come and go would interrupt the threads of the program at each request. */
static void test_small_messages_map_no_pages(void **state)
{
	const struct otrace_msg head = {16 + 24, OTRACE_MSG_WRITE, 0, 5, 0};
	struct ot_inbox inbox = {.payload = NULL}, other = {.payload = NULL};
	struct ot_reply reply, second;
	uint8_t bytes[40] = {0}, *payload, *room;
	int fds[2];

	(void)state;
	make_pair(fds);
	memcpy(bytes, &head, sizeof(head));
	for (int i = 0; i < 4; i++)
		assert_int_equal(write(fds[0], bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(ot_inbox_read(&inbox, fds[1]), OT_INBOX_MESSAGE);
	payload = inbox.payload;
	memset(payload, 'p', 4096);
	/* who comes meanwhile has a room of his own */
	assert_int_equal(ot_inbox_read(&other, fds[1]), OT_INBOX_MESSAGE);
	assert_ptr_not_equal(other.payload, payload);
	ot_inbox_next(&inbox);
	ot_inbox_next(&other);
	assert_int_equal(ot_inbox_read(&inbox, fds[1]), OT_INBOX_MESSAGE);
	assert_ptr_equal(inbox.payload, payload);
	assert_int_equal(inbox.payload[24], 0);
	ot_inbox_next(&inbox);
	ot_reply_init(&reply);
	room = reply.bytes;
	ot_reply_init(&second);
	assert_ptr_not_equal(second.bytes, room);
	ot_reply_deinit(&second);
	memset(ot_reply_room(&reply, 8000), 'r', 8000);
	/* a larger one moves out */
	assert_non_null(ot_reply_room(&reply, 64000));
	assert_ptr_not_equal(reply.bytes, room);
	assert_int_equal(reply.bytes[16 + 7999], 'r');
	ot_reply_init(&second);
	assert_ptr_equal(second.bytes, room);
	assert_int_equal(second.bytes[16], 0);
	ot_reply_deinit(&second);
	ot_reply_deinit(&reply);
	close_pair(fds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_byte_at_a_time),
		cmocka_unit_test(test_sizes_that_cannot_be),
		cmocka_unit_test(test_random_requests),
		cmocka_unit_test(test_nothing_before_hello),
		cmocka_unit_test(test_reply_grows_and_is_limited),
		cmocka_unit_test(test_small_messages_map_no_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
