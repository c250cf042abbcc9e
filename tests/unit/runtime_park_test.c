/* SPDX-License-Identifier: BSD-2-Clause */
/* test-links: otrace_runtime_inside */
/* Threads that wait at a break, and all who let them go on. No stub, no socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "core/area.h"
#include "core/hooks.h"
#include "core/park.h"
#include "core/requests.h"
#include "core/thread.h"

#define REAL_FRAME __attribute__((noinline, no_sanitize("address")))
#define PATIENCE_NAPS 20000
#define STACK_BYTES (256u << 10)
#define NR_MORE 3u /* than there are places */

static char fn[8];
static struct otrace_probe probe = {
	.wrapper = 8, .frame_bytes = sizeof(struct otrace_frame), .body = fn, .target = fn};

/* What a thread does, and what came of it. */
struct parker {
	pthread_t thread;
	uint64_t deadline_ns;
	uint32_t counter;
	bool by_handler; /* waits in a handler of SIGUSR1, and is called away from there */
	bool never;
	uint64_t call_seq;
	struct otrace_ring *ring;
	uint32_t tid;
	int error; /* errno afterwards */
	bool over;
};

static struct parker parkers[OT_PARK_MAX + NR_MORE];

static REAL_FRAME void call_and_park(struct parker *parker)
{
	struct otrace_frame frame = {.words = {0}};
	struct ot_park_wish wish = {.frame = &frame,
				    .counter = parker->counter,
				    .action = OTRACE_ACTION_BREAK,
				    .deadline_ns = parker->deadline_ns,
				    .matched = 1};

	ot_hook_enter(&frame, &probe);
	wish.arm = probe.arm;
	wish.call_seq = parker->call_seq = frame.words[0];
	parker->ring = ot_tls.thread->ring;
	errno = 4711;
	ot_park(&wish);
	parker->error = errno;
	ot_hook_leave(&frame, &probe);
}

static void *park_main(void *priv)
{
	struct parker *parker = priv;

	parker->tid = (uint32_t)gettid();
	if (parker->never)
		ot_park_never();
	call_and_park(parker);
	__atomic_store_n(&parker->over, true, __ATOMIC_RELEASE);
	return NULL;
}

static void start(struct parker *parker, void *(*main)(void *))
{
	pthread_attr_t attributes;

	parker->over = false;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	assert_int_equal(pthread_create(&parker->thread, &attributes, main, parker), 0);
	pthread_attr_destroy(&attributes);
}

static struct parker *start_parkers(unsigned nr)
{
	memset(parkers, 0, sizeof(parkers));
	for (unsigned i = 0; i < nr; i++) {
		parkers[i].counter = i % 2;
		start(&parkers[i], park_main);
	}
	return parkers;
}

static void join(struct parker *parker)
{
	assert_int_equal(pthread_join(parker->thread, NULL), 0);
	assert_true(parker->over);
	assert_int_equal(parker->error, 4711);
}

/* ------------------------------------------------------------------ requests */

static struct otrace_parked_list list;
static struct otrace_parked listed[OT_PARK_MAX];

static void ask_list(void)
{
	struct ot_reply reply;
	const uint8_t *at;

	ot_reply_init(&reply);
	ot_request_parked(NULL, (struct ot_payload){NULL, 0}, &reply);
	at = reply.bytes + sizeof(struct otrace_msg);
	memcpy(&list, at, sizeof(list));
	assert_int_equal(reply.used_bytes,
			 sizeof(struct otrace_msg) + sizeof(list) + list.nr * sizeof(listed[0]));
	memcpy(listed, at + sizeof(list), list.nr * sizeof(listed[0]));
	ot_reply_deinit(&reply);
}

static void nap(void)
{
	usleep(500);
}

static void await_parked(uint32_t nr)
{
	for (int i = 0; i < PATIENCE_NAPS; i++) {
		ask_list();
		if (list.nr == nr)
			return;
		nap();
	}
	assert_int_equal(list.nr, nr);
}

static void await_over(const struct parker *parker)
{
	for (int i = 0; i < PATIENCE_NAPS; i++) {
		if (__atomic_load_n(&parker->over, __ATOMIC_ACQUIRE))
			return;
		nap();
	}
	fail();
}

static uint32_t ask_resume(uint32_t flags, uint32_t counter, const uint64_t *seqs, unsigned nr)
{
	struct {
		struct otrace_resume head;
		uint64_t seqs[8];
	} request = {.head = {flags, counter}};
	struct otrace_resume_reply done;
	struct ot_reply reply;

	memcpy(request.seqs, seqs, nr * sizeof(*seqs));
	ot_reply_init(&reply);
	ot_request_resume(NULL,
			  (struct ot_payload){(const uint8_t *)&request,
					      sizeof(request.head) + nr * sizeof(*seqs)},
			  &reply);
	memcpy(&done, reply.bytes + sizeof(struct otrace_msg), sizeof(done));
	ot_reply_deinit(&reply);
	return done.nr;
}

static uint32_t resume_all(void)
{
	return ask_resume(0, 0, &(uint64_t){0}, 0);
}

/* ------------------------------------------------------------------ records */

/* The next record of the type in a ring that has not run over. */
static const void *find_record(const struct otrace_ring *ring, uint8_t type, uint64_t call_seq)
{
	uint64_t at = 0;

	while (at < ring->head) {
		const struct otrace_rec *rec = (const void *)((const char *)ring + 4096 + at);

		if (at % OTRACE_SUBBUF_BYTES == 0) {
			at += sizeof(struct otrace_subbuf);
			continue;
		}
		if (rec->type == type && rec->call_seq == call_seq)
			return rec;
		at += rec->nr_words * 8u;
	}
	return NULL;
}

static void check_records(const struct parker *parker, uint32_t reason)
{
	const struct otrace_rec_parked *parked =
		find_record(parker->ring, OTRACE_REC_PARKED, parker->call_seq);
	const struct otrace_rec_resumed *resumed =
		find_record(parker->ring, OTRACE_REC_RESUMED, parker->call_seq);

	assert_non_null(parked);
	assert_int_equal(parked->rec.trace_id, probe.arm->trace_id);
	assert_int_equal(parked->rec.nr_words * 8u, sizeof(*parked));
	assert_int_equal(parked->tid, parker->tid);
	assert_int_equal(parked->counter, parker->counter);
	assert_int_equal(parked->action, OTRACE_ACTION_BREAK);
	assert_int_equal(parked->at_end, 0);
	assert_int_equal(parked->deadline_ns != 0, parker->deadline_ns != 0);
	assert_non_null(resumed);
	assert_int_equal(resumed->reason, reason);
	assert_true(resumed->rec.tsc >= parked->rec.tsc);
	assert_true(resumed->waited_ns >= parker->deadline_ns || reason != OTRACE_RESUMED_DEADLINE);
}

/* ------------------------------------------------------------------ tests */

static int set_up(void **state)
{
	struct otrace_probe_set set = {.trace_id = 9};
	struct otrace_capture none = {0};

	(void)state;
	if (!ot_area_create(48u << 20, 1 << 16) || !ot_area_map_rings())
		return -1;
	return ot_probe_arm(&probe, &set, &none, NULL, &probe.arm);
}

static int shell_comes(void **state)
{
	(void)state;
	ot_park_shell_came();
	return 0;
}

static int shell_goes(void **state)
{
	(void)state;
	ot_park_shell_gone();
	return 0;
}

static void test_nobody_waits_without_a_shell(void **state)
{
	(void)state;
	join(start_parkers(1));
	assert_null(find_record(parkers[0].ring, OTRACE_REC_PARKED, parkers[0].call_seq));
	ask_list();
	assert_int_equal(list.nr, 0);
}

static const struct otrace_parked *listed_of(const struct parker *parker)
{
	for (uint32_t i = 0; i < list.nr; i++)
		if (listed[i].call_seq == parker->call_seq)
			return &listed[i];
	return NULL;
}

static void test_one_and_then_all(void **state)
{
	struct parker *all = start_parkers(6);
	uint64_t two[2];

	(void)state;
	await_parked(6);
	for (int i = 0; i < 6; i++) {
		const struct otrace_parked *what = listed_of(&all[i]);

		assert_non_null(what);
		assert_int_equal(what->tid, all[i].tid);
		assert_int_equal(what->trace_id, 9);
		assert_int_equal(what->deadline_ns, 0);
		assert_true(what->since_ns <= list.now_ns);
		assert_string_equal(what->name, "runtime_park_te");
	}
	two[0] = all[4].call_seq;
	two[1] = 1ull << 60; /* nobody's */
	assert_int_equal(ask_resume(0, 0, two, 2), 1);
	join(&all[4]);
	check_records(&all[4], OTRACE_RESUMED_SHELL);
	await_parked(5);
	assert_null(listed_of(&all[4]));
	assert_int_equal(ask_resume(OTRACE_RESUME_COUNTER | OTRACE_RESUME_UNTRACED, 1, two, 0), 3);
	for (int i = 1; i < 6; i += 2) {
		join(&all[i]);
		check_records(&all[i], OTRACE_RESUMED_UNTRACED);
	}
	await_parked(2);
	assert_int_equal(resume_all(), 2);
	join(&all[0]);
	join(&all[2]);
	check_records(&all[0], OTRACE_RESUMED_SHELL);
	assert_int_equal(resume_all(), 0);
}

static void test_deadline(void **state)
{
	struct parker *parker = memset(parkers, 0, sizeof(parkers));

	(void)state;
	parker->deadline_ns = 30000000;
	start(parker, park_main);
	join(parker);
	check_records(parker, OTRACE_RESUMED_DEADLINE);
	await_parked(0);
}

static void test_the_shell_goes(void **state)
{
	struct parker *all = start_parkers(4);

	(void)state;
	await_parked(4);
	ot_park_shell_gone();
	for (int i = 0; i < 4; i++) {
		join(&all[i]);
		check_records(&all[i], OTRACE_RESUMED_GONE);
	}
	ot_park_shell_came();
	all = start_parkers(1);
	await_parked(1);
	assert_int_equal(resume_all(), 1);
	join(all);
}

/* Shells come and go while threads come to breaks: none waits behind the last one's end. */
static void *park_often(void *priv)
{
	struct parker *parker = priv;

	for (int i = 0; i < 2000; i++)
		call_and_park(parker);
	__atomic_store_n(&parker->over, true, __ATOMIC_RELEASE);
	return NULL;
}

static void test_shells_come_and_go(void **state)
{
	bool over = false;

	(void)state;
	memset(parkers, 0, sizeof(parkers));
	for (int i = 0; i < 4; i++)
		start(&parkers[i], park_often);
	for (int turn = 0; !over; turn++) {
		ot_park_shell_gone();
		ot_park_shell_came();
		if (turn % 3 == 0)
			resume_all();
		if (turn % 64 == 0)
			ot_park_sweep();
		over = true;
		for (int i = 0; i < 4; i++)
			over &= __atomic_load_n(&parkers[i].over, __ATOMIC_ACQUIRE);
	}
	for (int i = 0; i < 4; i++)
		join(&parkers[i]);
	await_parked(0);
}

static void test_more_threads_than_places(void **state)
{
	struct parker *all = start_parkers(OT_PARK_MAX);
	uint64_t passed;

	(void)state;
	await_parked(OT_PARK_MAX);
	passed = list.nr_passed;
	assert_int_equal(list.nr_max, OT_PARK_MAX);
	for (unsigned i = OT_PARK_MAX; i < OT_PARK_MAX + NR_MORE; i++) {
		start(&all[i], park_main);
		join(&all[i]);
		assert_null(find_record(all[i].ring, OTRACE_REC_PARKED, all[i].call_seq));
	}
	ask_list();
	assert_int_equal(list.nr_passed, passed + NR_MORE);
	assert_int_equal(resume_all(), OT_PARK_MAX);
	for (unsigned i = 0; i < OT_PARK_MAX; i++)
		join(&all[i]);
}

static void test_ours_never_wait(void **state)
{
	(void)state;
	memset(parkers, 0, sizeof(parkers));
	parkers[0].never = true;
	start(&parkers[0], park_main);
	join(&parkers[0]);
}

/* ------------------------------------------------------------------ signals */

/*
 * ThreadSanitizer keeps a handler back until the thread comes to a call that it knows, and a parked thread waits in a
 * system call of ours: there these tests would wait for ever.
 */
#ifdef __has_feature
#define HANDLERS_WAIT __has_feature(thread_sanitizer)
#else
#define HANDLERS_WAIT 0
#endif

static uint32_t nr_handled;
static struct parker nested;
static __thread sigjmp_buf way_out;

static void on_signal(int number)
{
	(void)number;
	__atomic_fetch_add(&nr_handled, 1, __ATOMIC_RELEASE);
}

static void on_signal_park(int number)
{
	int error = errno;

	(void)number;
	call_and_park(&nested);
	errno = error;
}

static void on_signal_jump(int number)
{
	(void)number;
	siglongjmp(way_out, 1);
}

static void handle(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigaction(SIGUSR1, &action, NULL);
}

static void test_handlers_run_and_it_waits_on(void **state)
{
	struct parker *parker;

	(void)state;
	if (HANDLERS_WAIT)
		return;
	parker = start_parkers(1);
	handle(on_signal);
	await_parked(1);
	for (uint32_t i = 1; i <= 20; i++) {
		pthread_kill(parker->thread, SIGUSR1);
		while (__atomic_load_n(&nr_handled, __ATOMIC_ACQUIRE) < i)
			nap();
	}
	ask_list();
	assert_int_equal(list.nr, 1);
	assert_false(parker->over);
	resume_all();
	join(parker);
	check_records(parker, OTRACE_RESUMED_SHELL);
}

static void test_a_handler_waits_too(void **state)
{
	struct parker *parker;

	(void)state;
	if (HANDLERS_WAIT)
		return;
	handle(on_signal_park);
	memset(&nested, 0, sizeof(nested));
	parker = start_parkers(1);
	await_parked(1);
	pthread_kill(parker->thread, SIGUSR1);
	await_parked(2);
	assert_int_equal(listed[0].tid, listed[1].tid);
	/* the outer one may go on, and does when the inner one has */
	assert_int_equal(ask_resume(0, 0, &parker->call_seq, 1), 1);
	await_parked(1);
	assert_int_equal(listed[0].call_seq, nested.call_seq);
	assert_false(__atomic_load_n(&parker->over, __ATOMIC_ACQUIRE));
	assert_int_equal(resume_all(), 1);
	join(parker);
}

static REAL_FRAME void park_and_be_called_away(struct parker *parker)
{
	if (!sigsetjmp(way_out, 1))
		call_and_park(parker);
}

static void *jumping_main(void *priv)
{
	struct parker *parker = priv;

	parker->tid = (uint32_t)gettid();
	park_and_be_called_away(parker);
	call_and_park(parker);
	__atomic_store_n(&parker->over, true, __ATOMIC_RELEASE);
	return NULL;
}

static void test_a_handler_jumps_away(void **state)
{
	struct parker *parker = memset(parkers, 0, sizeof(parkers));
	uint64_t first;

	(void)state;
	if (HANDLERS_WAIT)
		return;
	handle(on_signal_jump);
	start(parker, jumping_main);
	await_parked(1);
	first = listed[0].call_seq;
	pthread_kill(parker->thread, SIGUSR1);
	do
		await_parked(1);
	while (listed[0].call_seq == first);
	assert_int_equal(ask_resume(0, 0, &first, 1), 0);
	assert_int_equal(resume_all(), 1);
	join(parker);
}

/* ------------------------------------------------------------------ threads that end */

static void *cancelled_main(void *priv)
{
	struct parker *parker = priv;

	call_and_park(parker);
	__atomic_store_n(&parker->over, true, __ATOMIC_RELEASE);
	pthread_testcancel();
	parker->error = 0;
	return NULL;
}

static void test_cancelled_ones_wait_on(void **state)
{
	struct parker *parker = memset(parkers, 0, sizeof(parkers));
	void *result;

	(void)state;
	start(parker, cancelled_main);
	await_parked(1);
	assert_int_equal(pthread_cancel(parker->thread), 0);
	nap();
	ask_list();
	assert_int_equal(list.nr, 1);
	resume_all();
	await_over(parker);
	pthread_join(parker->thread, &result);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_int_equal(parker->error, 4711);
}

static void *dying_main(void *priv)
{
	struct parker *parker = priv;

	if (!sigsetjmp(way_out, 1))
		call_and_park(parker);
	return NULL;
}

static void test_a_dead_one_is_forgotten(void **state)
{
	struct parker *parker = memset(parkers, 0, sizeof(parkers));

	(void)state;
	if (HANDLERS_WAIT)
		return;
	handle(on_signal_jump);
	start(parker, dying_main);
	await_parked(1);
	pthread_kill(parker->thread, SIGUSR1);
	pthread_join(parker->thread, NULL);
	for (int i = 0; i < PATIENCE_NAPS && list.nr; i++) {
		ot_park_sweep();
		ask_list();
	}
	assert_int_equal(list.nr, 0);
}

/* ------------------------------------------------------------------ children */

static void test_children_never_wait(void **state)
{
	struct parker *parker = start_parkers(1);
	int status;
	pid_t pid;

	(void)state;
	await_parked(1);
	pid = fork();
	if (!pid) {
		struct otrace_frame frame = {.words = {0}};
		struct ot_park_wish wish = {.frame = &frame, .arm = probe.arm};

		ot_park(&wish);
		_exit(7);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	ask_list();
	assert_int_equal(list.nr, 1);
	resume_all();
	join(parker);
}

/* The last one: it is for good. */
static void test_the_end(void **state)
{
	struct parker *parker = start_parkers(2);

	(void)state;
	await_parked(2);
	ot_park_end();
	join(&parker[0]);
	join(&parker[1]);
	check_records(parker, OTRACE_RESUMED_ENDING);
	join(start_parkers(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_waits_without_a_shell),
		cmocka_unit_test_setup_teardown(test_one_and_then_all, shell_comes, shell_goes),
		cmocka_unit_test_setup_teardown(test_deadline, shell_comes, shell_goes),
		cmocka_unit_test_setup_teardown(test_the_shell_goes, shell_comes, shell_goes),
		cmocka_unit_test_setup_teardown(test_shells_come_and_go, shell_comes, shell_goes),
		cmocka_unit_test_setup_teardown(test_more_threads_than_places, shell_comes,
						shell_goes),
		cmocka_unit_test_setup_teardown(test_ours_never_wait, shell_comes, shell_goes),
		cmocka_unit_test_setup_teardown(test_handlers_run_and_it_waits_on, shell_comes,
						shell_goes),
		cmocka_unit_test_setup_teardown(test_a_handler_waits_too, shell_comes, shell_goes),
		cmocka_unit_test_setup_teardown(test_a_handler_jumps_away, shell_comes, shell_goes),
		cmocka_unit_test_setup_teardown(test_cancelled_ones_wait_on, shell_comes,
						shell_goes),
		cmocka_unit_test_setup_teardown(test_a_dead_one_is_forgotten, shell_comes,
						shell_goes),
		cmocka_unit_test_setup_teardown(test_children_never_wait, shell_comes, shell_goes),
		cmocka_unit_test_setup_teardown(test_the_end, shell_comes, shell_goes),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
