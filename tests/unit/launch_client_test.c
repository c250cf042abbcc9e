/* SPDX-License-Identifier: BSD-2-Clause */
/* The client of the protocol, against a server that plays a script. test-links: oshell */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "launch/find.h"
#include "target/target.h"

/* What the server does with one request; it hangs up after the last. */
struct step {
	enum otrace_msg_type expect;
	uint16_t status;
	const void *payload;
	uint32_t bytes;
	bool event_first; /* an EVENT_MODULES comes before the reply */
	uint32_t claimed; /* a size that the header lies about, 0 = the true one */
	bool silent;	  /* there is no reply */
	bool late;	  /* the reply comes when the next request has */
};

struct server {
	char dir[64];
	char path[96];
	int fd;
	pthread_t thread;
	const struct step *steps;
	size_t nr;
};

static const struct otrace_welcome welcome = {.wire_version = OTRACE_WIRE_VERSION,
					      .abi_version = OTRACE_ABI_VERSION,
					      .flags = OTRACE_WELCOME_HELD,
					      .pid = 4711};

static void put(int fd, const void *data, size_t bytes)
{
	if (bytes)
		send(fd, data, bytes, MSG_NOSIGNAL);
}

static void answer(int fd, const struct step *step, uint32_t request)
{
	struct otrace_msg event = {.size_bytes = sizeof(event), .type = OTRACE_EVENT_MODULES};
	struct otrace_msg msg = {.size_bytes = (uint32_t)sizeof(msg) + step->bytes,
				 .type = (uint16_t)(step->expect | OTRACE_MSG_REPLY),
				 .status = step->status,
				 .request = request};

	if (step->claimed)
		msg.size_bytes = step->claimed;
	if (step->event_first)
		put(fd, &event, sizeof(event));
	/* In two pieces: a reply need not arrive at once. */
	put(fd, &msg, 5);
	put(fd, (char *)&msg + 5, sizeof(msg) - 5);
	put(fd, step->payload, step->bytes);
}

static void *serve(void *arg)
{
	struct server *server = arg;
	int fd = accept(server->fd, NULL, NULL);
	uint32_t before = 0;

	for (size_t i = 0; i < server->nr; i++) {
		char payload[4096];
		struct otrace_msg msg;

		if (recv(fd, &msg, sizeof(msg), MSG_WAITALL) != (ssize_t)sizeof(msg) ||
		    msg.type != server->steps[i].expect)
			break;
		if (msg.size_bytes > sizeof(msg))
			recv(fd, payload, msg.size_bytes - sizeof(msg), MSG_WAITALL);
		if (i && server->steps[i - 1].late)
			answer(fd, &server->steps[i - 1], before);
		before = msg.request;
		if (!server->steps[i].silent && !server->steps[i].late)
			answer(fd, &server->steps[i], msg.request);
	}
	close(fd);
	return NULL;
}

static void start(struct server *server, const struct step *steps, size_t nr)
{
	struct sockaddr_un where = {.sun_family = AF_UNIX};

	strcpy(server->dir, "/tmp/otrace-test-XXXXXX");
	assert_non_null(mkdtemp(server->dir));
	snprintf(server->path, sizeof(server->path), "%s/s", server->dir);
	strcpy(where.sun_path, server->path);
	server->steps = steps;
	server->nr = nr;
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&where, sizeof(where)), 0);
	assert_int_equal(listen(server->fd, 1), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
	pthread_join(server->thread, NULL);
	close(server->fd);
	unlink(server->path);
	rmdir(server->dir);
}

#define HELLO {.expect = OTRACE_MSG_HELLO, .payload = &welcome, .bytes = sizeof(welcome)}
#define NO_MODULES {.expect = OTRACE_MSG_MODULES}

static void assert_says(struct ot_err *err, const char *part)
{
	assert_non_null(err);
	if (!strstr(err->what, part))
		fail_msg("\"%s\" does not say \"%s\"", err->what, part);
	ot_err_destroy(err);
}

static void assert_open_fails(const struct step *steps, size_t nr, const char *part)
{
	struct ot_target *target = NULL;
	struct server server;

	start(&server, steps, nr);
	assert_says(ot_target_live_open(server.path, true, &target), part);
	assert_null(target);
	stop(&server);
}

static void a_held_program_is_joined(void **state)
{
	const struct step steps[] = {HELLO, NO_MODULES};
	struct ot_target *target = NULL;
	struct server server;

	(void)state;
	start(&server, steps, OT_NR(steps));
	assert_null(ot_target_live_open(server.path, true, &target));
	assert_int_equal(ot_target_pid(target), 4711);
	assert_int_equal(ot_target_state(target), OT_TARGET_HELD);
	stop(&server);
	assert_int_equal(ot_target_pump(target), OT_TARGET_GONE);
	assert_int_equal(ot_target_state(target), OT_TARGET_ENDED);
	assert_says(ot_target_go(target), "has ended");
	ot_target_close(target);
}

static void another_version_is_refused_with_both_numbers(void **state)
{
	static const struct otrace_welcome other = {.wire_version = 99, .abi_version = 98};
	const struct step steps[] = {{.expect = OTRACE_MSG_HELLO,
				      .status = OTRACE_E_VERSION,
				      .payload = &other,
				      .bytes = sizeof(other)}};

	(void)state;
	assert_open_fails(steps, 1, "protocol 99, tables 98");
}

static void a_busy_program_names_who_is_there(void **state)
{
	const struct step steps[] = {{.expect = OTRACE_MSG_HELLO,
				      .status = OTRACE_E_BUSY,
				      .payload = "held by 123",
				      .bytes = 11}};

	(void)state;
	assert_open_fails(steps, 1, "held by 123");
}

static void damaged_answers_are_refused(void **state)
{
	const struct step short_one[] = {
		{.expect = OTRACE_MSG_HELLO, .payload = &welcome, .bytes = 4}};
	const struct step too_small[] = {{.expect = OTRACE_MSG_HELLO, .claimed = 3}};
	const struct step too_large[] = {{.expect = OTRACE_MSG_HELLO, .claimed = 0x7fffffff}};

	(void)state;
	assert_open_fails(short_one, 1, "too short");
	assert_open_fails(too_small, 1, "damaged");
	assert_open_fails(too_large, 1, "damaged");
}

static void a_program_that_ends_while_asked_is_an_error(void **state)
{
	const struct step steps[] = {HELLO};

	(void)state;
	assert_open_fails(steps, 1, "has ended");
}

static void a_program_may_be_over_before_it_says_that_it_goes(void **state)
{
	const struct step steps[] = {HELLO, NO_MODULES, {.expect = OTRACE_MSG_GO, .silent = true}};
	struct ot_target *target = NULL;
	struct server server;

	(void)state;
	start(&server, steps, OT_NR(steps));
	assert_null(ot_target_live_open(server.path, true, &target));
	assert_null(ot_target_go(target));
	stop(&server);
	assert_int_equal(ot_target_pump(target), OT_TARGET_GONE);
	ot_target_close(target);
}

static void events_between_replies_are_kept(void **state)
{
	const struct step steps[] = {
		HELLO, NO_MODULES, {.expect = OTRACE_MSG_GO, .event_first = true}};
	struct ot_target *target = NULL;
	struct server server;

	(void)state;
	start(&server, steps, OT_NR(steps));
	assert_null(ot_target_live_open(server.path, true, &target));
	assert_null(ot_target_go(target));
	assert_int_equal(ot_target_state(target), OT_TARGET_RUNNING);
	stop(&server);
	assert_int_equal(ot_target_pump(target), OT_TARGET_MODULES);
	assert_int_equal(ot_target_pump(target), OT_TARGET_GONE);
	ot_target_close(target);
}

static void refusals_say_what_and_why(void **state)
{
	const struct step steps[] = {HELLO,
				     NO_MODULES,
				     {.expect = OTRACE_MSG_WRITE,
				      .status = OTRACE_E_SAFE,
				      .payload = "ask again",
				      .bytes = 9}};
	struct ot_target *target = NULL;
	struct server server;

	(void)state;
	start(&server, steps, OT_NR(steps));
	assert_null(ot_target_live_open(server.path, true, &target));
	assert_says(ot_target_write(target, 1, "x", 1), "not allowed in safe mode: ask again");
	ot_target_close(target);
	stop(&server);
}

static bool always(void)
{
	return true;
}

/* It would be done when the program goes on, and nobody would know. */
static void a_change_without_an_answer_ends_the_connection(void **state)
{
	const struct step steps[] = {HELLO,
				     NO_MODULES,
				     {.expect = OTRACE_MSG_REDIRECT, .silent = true},
				     {.expect = OTRACE_MSG_REDIRECT}};
	struct otrace_switched switched;
	struct ot_target *target = NULL;
	struct server server;

	(void)state;
	start(&server, steps, OT_NR(steps));
	assert_null(ot_target_live_open(server.path, false, &target));
	ot_target_on_wait(always);
	assert_says(ot_target_redirect(target, 1, 2, false, &switched), "detached");
	ot_target_on_wait(NULL);
	assert_int_equal(ot_target_state(target), OT_TARGET_DETACHED);
	assert_says(ot_target_redirect(target, 1, 0, false, &switched), "detached");
	assert_int_equal(ot_target_pump(target), OT_TARGET_GONE);
	assert_int_equal(ot_target_state(target), OT_TARGET_DETACHED);
	stop(&server); /* it finds the connection closed */
	ot_target_close(target);
}

static void a_late_answer_is_not_taken_for_the_next_one(void **state)
{
	static const struct otrace_status first = {.nr_on = 1}, second = {.nr_on = 2};
	const struct step steps[] = {
		HELLO,
		NO_MODULES,
		{.expect = OTRACE_MSG_STATUS,
		 .payload = &first,
		 .bytes = sizeof(first),
		 .late = true},
		{.expect = OTRACE_MSG_STATUS, .payload = &second, .bytes = sizeof(second)}};
	struct ot_target *target = NULL;
	struct otrace_status status;
	struct server server;

	(void)state;
	start(&server, steps, OT_NR(steps));
	assert_null(ot_target_live_open(server.path, false, &target));
	ot_target_on_wait(always);
	assert_says(ot_target_status(target, &status), "interrupted");
	ot_target_on_wait(NULL);
	assert_int_equal(ot_target_state(target), OT_TARGET_HELD);
	/* within one command it is not asked again */
	assert_says(ot_target_status(target, &status), "interrupted");
	assert_says(ot_target_take_silence(target), "interrupted");
	assert_null(ot_target_take_silence(target));
	assert_null(ot_target_status(target, &status));
	assert_int_equal(status.nr_on, 2);
	ot_target_close(target);
	stop(&server);
}

static void nobody_there_is_an_error(void **state)
{
	struct ot_target *target = NULL;

	(void)state;
	assert_says(ot_target_live_open("/nonexistent/socket", true, &target), "cannot connect");
}

/* In /tmp another user may have made the folder before the runtime did. */
static void a_folder_of_others_is_not_looked_into(void **state)
{
	char dir[] = "/tmp/ot-private-XXXXXX", link[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(link, sizeof(link), "%s/link", dir);
	assert_true(ot_find_is_private(dir));
	assert_int_equal(symlink(dir, link), 0);
	assert_false(ot_find_is_private(link));
	assert_int_equal(chmod(dir, 0777), 0);
	assert_false(ot_find_is_private(dir));
	assert_false(ot_find_is_private("/tmp"));
	assert_false(ot_find_is_private("/nonexistent"));
	unlink(link);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_program_is_joined),
		cmocka_unit_test(another_version_is_refused_with_both_numbers),
		cmocka_unit_test(a_busy_program_names_who_is_there),
		cmocka_unit_test(damaged_answers_are_refused),
		cmocka_unit_test(a_program_that_ends_while_asked_is_an_error),
		cmocka_unit_test(a_program_may_be_over_before_it_says_that_it_goes),
		cmocka_unit_test(events_between_replies_are_kept),
		cmocka_unit_test(refusals_say_what_and_why),
		cmocka_unit_test(a_change_without_an_answer_ends_the_connection),
		cmocka_unit_test(a_late_answer_is_not_taken_for_the_next_one),
		cmocka_unit_test(nobody_there_is_an_error),
		cmocka_unit_test(a_folder_of_others_is_not_looked_into),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
