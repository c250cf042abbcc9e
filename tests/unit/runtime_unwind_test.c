/* SPDX-License-Identifier: BSD-2-Clause */
/* test-links: otrace_runtime_inside PkgConfig::TEST_DW */
/*
 * The registers and the piece of stack in a context: libdw unwinds from inside of the hook with nothing but them. Own
 * stack, a thread's, a coroutine's and a signal handler's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elfutils/libdwfl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "copied_parts.h"
#include "core/clock.h"

#define NR_LEVELS 3
#define FRAMES_MAX 32

static uint32_t stack_bytes = 4096;
static struct parts parts;
static uint64_t return_addresses[NR_LEVELS];
static uint64_t kept_word; /* in rbx, of the outermost level */

static int set_up(void **state)
{
	(void)state;
	if (!ot_area_create(16 << 20, 1 << 20) || !ot_area_map_rings())
		return -1;
	ot_clock_init();
	return 0;
}

/* ------------------------------------------------------------------ unwinding */

struct walk {
	uint64_t pcs[FRAMES_MAX];
	uint64_t rbx[FRAMES_MAX];
	unsigned nr;
};

/* Only what was copied is there. */
static bool read_copied(uint64_t address, void *to, size_t bytes)
{
	for (unsigned i = 0; i < parts.nr_copies; i++) {
		const struct otrace_rec_copy *copy = parts.copies[i];

		if (address < copy->address || address + bytes > copy->address + copy->bytes)
			continue;
		memcpy(to, (const char *)(copy + 1) + (address - copy->address), bytes);
		return true;
	}
	return false;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *context)
{
	(void)dwfl;
	(void)context;
	return read_copied(address, ret, 8);
}

static pid_t next_thread(Dwfl *dwfl, void *context, void **thread_context)
{
	(void)dwfl;
	if (*thread_context)
		return 0;
	*thread_context = context;
	return getpid();
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *context, void **thread_context)
{
	(void)dwfl;
	(void)tid;
	*thread_context = context;
	return true;
}

static bool first_registers(Dwfl_Thread *thread, void *context)
{
	static const int numbers[] = {3, 6, 12, 13, 14, 15, 7};

	(void)context;
	for (unsigned i = 0; i < 7; i++)
		if (!dwfl_thread_state_registers(thread, numbers[i], 1,
						 &parts.registers->values[i]))
			return false;
	dwfl_thread_state_register_pc(thread, parts.registers->values[7]);
	return true;
}

static int see_frame(Dwfl_Frame *frame, void *context)
{
	struct walk *walk = context;
	bool is_activation;
	uint64_t *rbx = &walk->rbx[walk->nr];

	if (walk->nr == FRAMES_MAX || !dwfl_frame_pc(frame, &walk->pcs[walk->nr], &is_activation))
		return DWARF_CB_ABORT;
	/* elfutils has rax in the place of rbx among the registers that functions keep */
	if (dwfl_frame_reg(frame, 3, rbx) && walk->nr)
		*rbx = walk->rbx[walk->nr - 1];
	walk->nr++;
	return DWARF_CB_OK;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {.next_thread = next_thread,
						       .get_thread = get_thread,
						       .memory_read = memory_read,
						       .set_initial_registers = first_registers};

static void unwind(struct walk *walk)
{
	static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_linux_proc_find_elf,
						 .find_debuginfo = dwfl_standard_find_debuginfo};
	Dwfl *dwfl = dwfl_begin(&callbacks);

	walk->nr = 0;
	assert_non_null(dwfl);
	assert_int_equal(dwfl_linux_proc_report(dwfl, getpid()), 0);
	assert_int_equal(dwfl_report_end(dwfl, NULL, NULL), 0);
	assert_true(dwfl_attach_state(dwfl, NULL, getpid(), &thread_callbacks, walk));
	dwfl_getthread_frames(dwfl, getpid(), see_frame, walk);
	dwfl_end(dwfl);
}

/* The frames of the levels are there, in order, with the right value of a register in the outermost. */
static void assert_levels_are_found(void)
{
	struct walk walk;
	unsigned i = 0;

	unwind(&walk);
	for (unsigned level = 0; level < NR_LEVELS; level++) {
		while (i < walk.nr && walk.pcs[i] != return_addresses[level])
			i++;
		if (i == walk.nr)
			fail_msg("level %u is not among %u frames", level, walk.nr);
	}
	/* the caller of the outermost level keeps it */
	assert_int_equal(walk.rbx[i], kept_word);
}

/* ------------------------------------------------------------------ the calls */

static REAL_FRAME void copy_here(void)
{
	static const struct ot_copy_program program = {0};
	struct ot_copy_program with_stack = program;
	struct frame frame = {.args = {0}};
	struct ot_copies what = parts_of(&frame);
	uint64_t from = parts_thread()->pos;

	with_stack.stack_bytes = stack_bytes;
	return_addresses[0] = (uint64_t)__builtin_return_address(0);
	ot_copies_write(parts_thread(), &with_stack, &what);
	parts_read(from, &parts);
}

static REAL_FRAME void inner(volatile char *room)
{
	return_addresses[1] = (uint64_t)__builtin_return_address(0);
	room[1]++;
	copy_here();
	room[1]++;
}

static REAL_FRAME void outer(void)
{
	volatile char room[300] = {0};

	return_addresses[2] = (uint64_t)__builtin_return_address(0);
	inner(room);
	room[2]++;
}

/* Calls outer with a value in a register that callees must keep, as code between two calls has. */
static REAL_FRAME void levels(void)
{
	register uint64_t kept __asm__("rbx") = 0x1122334455667788;

	kept_word = kept;
	__asm__ volatile("" : "+r"(kept));
	outer();
	__asm__ volatile("" : "+r"(kept));
}

static void assert_stack_is_from_rsp(void)
{
	uint64_t at = parts.registers->values[6];

	assert_true(parts.nr_copies > 0);
	for (unsigned i = 0; i < parts.nr_copies; i++) {
		assert_int_equal(parts.copies[i]->flags, OTRACE_COPY_IS_STACK);
		assert_int_equal(parts.copies[i]->address, at);
		at += parts.copies[i]->bytes;
	}
	assert_true(at - parts.registers->values[6] <= stack_bytes);
}

static void test_main(void **state)
{
	char above[8192];

	(void)state;
	__asm__ volatile("" : : "r"(above) : "memory");
	assert_non_null(parts_thread());
	levels();
	assert_non_null(parts.registers);
	assert_stack_is_from_rsp();
	assert_int_equal(parts.nr_copies, 2);
	assert_int_equal(parts.copies[0]->bytes + parts.copies[1]->bytes, 4096);
	assert_levels_are_found();
}

static void test_known_already(void **state)
{
	struct ot_copy_program program = {.stack_bytes = 4096};
	struct frame frame = {.args = {0}};
	struct ot_copies what = parts_of(&frame);
	uint64_t from = parts_thread()->pos;

	(void)state;
	what.stack_is_known = true;
	ot_copies_write(parts_thread(), &program, &what);
	parts_read(from, &parts);
	assert_null(parts.registers);
	assert_int_equal(parts.nr_copies, 0);
}

static void *in_thread(void *context)
{
	(void)context;
	parts_thread();
	levels();
	return NULL;
}

static void test_thread(void **state)
{
	pthread_attr_t attr;
	pthread_t thread;
	void *low;
	size_t bytes;

	(void)state;
	/* more than there is: it ends with the stack */
	stack_bytes = OTRACE_COPY_STACK_BYTES_MAX;
	pthread_attr_init(&attr);
	pthread_create(&thread, &attr, in_thread, NULL);
	pthread_getattr_np(thread, &attr);
	pthread_attr_getstack(&attr, &low, &bytes);
	pthread_join(thread, NULL);
	assert_stack_is_from_rsp();
	stack_bytes = 4096;
	assert_true(parts.copies[parts.nr_copies - 1]->address +
			    parts.copies[parts.nr_copies - 1]->bytes <=
		    (uint64_t)low + bytes);
	assert_levels_are_found();
	pthread_attr_destroy(&attr);
}

static ucontext_t home, coroutine;

static REAL_FRAME void in_coroutine(void)
{
	levels();
}

/* Its end is the end of what is mapped: behind it a page that cannot be read. */
static void test_coroutine(void **state)
{
	size_t bytes = 64 << 10;
	char *stack = mmap(NULL, bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	(void)state;
	assert_ptr_not_equal(stack, MAP_FAILED);
	assert_int_equal(mprotect(stack + bytes, 4096, PROT_NONE), 0);
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = stack;
	coroutine.uc_stack.ss_size = bytes;
	coroutine.uc_link = &home;
	makecontext(&coroutine, in_coroutine, 0);
	stack_bytes = OTRACE_COPY_STACK_BYTES_MAX;
	swapcontext(&home, &coroutine);
	assert_stack_is_from_rsp();
	stack_bytes = 4096;
	assert_levels_are_found();
	munmap(stack, bytes + 4096);
}

static void handler(int signal)
{
	(void)signal;
	levels();
}

static void test_signal_stack(void **state)
{
	stack_t stack = {.ss_sp = malloc(64 << 10), .ss_size = 64 << 10};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};

	(void)state;
	assert_int_equal(sigaltstack(&stack, NULL), 0);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	assert_stack_is_from_rsp();
	assert_true(parts.registers->values[6] - (uint64_t)stack.ss_sp < stack.ss_size);
	assert_levels_are_found();
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
	free(stack.ss_sp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_main),	     cmocka_unit_test(test_known_already),
		cmocka_unit_test(test_thread),	     cmocka_unit_test(test_coroutine),
		cmocka_unit_test(test_signal_stack),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
