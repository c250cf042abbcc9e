/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <ffi.h>

#include "base/arena.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/maps.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/call.h"
#include "core/callhere.h"
#include "core/clock.h"
#include "core/control.h"
#include "core/park.h"
#include "core/loops.h"
#include "core/requests.h"
#include "core/start.h"

#define ARGS_MAX 64u
#define BY_VALUE_MAX_BYTES (64u * 1024u)
#define RESULT_MAX_BYTES (1024u * 1024u)
#define ALIGN_MAX 64u
#define ARG_ALIGN_MAX 16u /* libffi gives a callee's arguments no more on the stack */
#define STRINGS_PIECE_BYTES (64u * 1024u)
#define SEED_STACK_BYTES (64u * 1024u)

/* A user waits for the result; but a call that never returns must not keep a processor awake. */
#define TICK_FIRST_MS 1u
#define TICK_LAST_MS 200u
#define TICKS_PER_AGE 64u

/* libffi's abort() and __stack_chk_fail(), which the build renames: faults of its own, before main. */
void ot_ffi_abort(void);
void ot_ffi_smashed(void);

__attribute__((noreturn)) void ot_ffi_abort(void)
{
	ot_log("libffi: abort", NULL);
	__builtin_trap();
}

__attribute__((noreturn)) void ot_ffi_smashed(void)
{
	ot_log("libffi: stack smashed", NULL);
	__builtin_trap();
}

enum call_state {
	CALL_NONE = 0,
	CALL_PENDING = 1,
	CALL_RUNNING = 2,
	CALL_DONE = 3,
	CALL_LOST = 4 /* taken back, or its thread is gone: the oshell thread has it */
};

/* What an entry leads to. The number of the module: another one may be loaded in its place. */
struct code {
	uint64_t fn;
	uint64_t symbol; /* 0 = no such function */
	uint64_t module;
	struct otrace_entry entry;
	uint64_t generation; /* of the modules, when this was found */
};

/*
 * One call of a thread. Whoever holds the state that it was taken to owns the rest. The thread is part of the
 * state: one that has seen its call never takes another's that stands there by now.
 */
struct call {
	uint64_t state; /* thread << 32 | enum call_state */
	uint32_t session;
	uint64_t since_ns;
	struct code code;
	struct otrace_call head;
	struct otrace_call_value args[ARGS_MAX];
	uint64_t offsets[ARGS_MAX]; /* of their bytes in memory */
	uint8_t *memory;	    /* mapped: arguments, then the result */
	uint64_t memory_bytes;
	uint8_t *result;
	struct otrace_call_done done;
};

/* Running threads have a few: a call that never returns keeps its place, and must not be in the way of others. */
enum { ON_MAIN = 0, ON_HELPER = 1, ON_THREADS = 2, NR_CALLS = ON_THREADS + 8 };

static struct call calls[NR_CALLS];
static struct call *const main_call = &calls[ON_MAIN], *const helper_call = &calls[ON_HELPER];

/* The thread for calls, and the one that makes it. */
static struct {
	uint32_t events; /* futex: changes with every event, for both */
	int pid;
	int tid; /* of the thread for calls; 0 = not there */
	int seed_tid;
	bool has_seed;	 /* the other one waits */
	uint32_t wanted; /* it shall make a thread */
	uint32_t posts;	 /* it shall call the queues of event loops */
} helper;

static bool passes; /* all stubs lead to the hooks */

/* ------------------------------------------------------------------ its state */

static uint64_t word(uint32_t thread, enum call_state state)
{
	return (uint64_t)thread << 32 | state;
}

static enum call_state state_of(const struct call *call)
{
	return (enum call_state)(uint32_t)__atomic_load_n(&call->state, __ATOMIC_ACQUIRE);
}

static bool change(struct call *call, uint32_t thread, enum call_state from, enum call_state to)
{
	uint64_t seen = word(thread, from);

	return __atomic_compare_exchange_n(&call->state, &seen, word(thread, to), false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static bool is_on_thread(const struct call *call)
{
	return call >= &calls[ON_THREADS];
}

/* One that is pending. */
static bool take(struct call *call, uint32_t thread, enum call_state to)
{
	if (!change(call, thread, CALL_PENDING, to))
		return false;
	if (is_on_thread(call))
		__atomic_fetch_sub(&ot_calls_waiting, 1, __ATOMIC_RELEASE);
	return true;
}

/* By whoever owns it. */
static void finish(struct call *call)
{
	__atomic_store_n(&call->state, word(call->head.thread, CALL_DONE), __ATOMIC_RELEASE);
}

static void finish_without(struct call *call, int status)
{
	call->done.status = (uint32_t)status;
	call->done.return_bytes = 0;
	finish(call);
}

/* ------------------------------------------------------------------ its code */

static void find_symbol(void *context)
{
	struct code *code = context;
	struct ot_fn fn;
	struct ot_module *module = ot_module_fn(code->fn, &fn);

	if (!module || !fn.symbol || !ot_module_segment(module, fn.symbol, 1, 1))
		return;
	code->symbol = fn.symbol;
	code->module = module->id;
	code->entry = *(const struct otrace_entry *)code->fn;
}

static bool is_code(uint64_t address)
{
	char scratch[1024];
	struct ot_mapping mapping;

	return (ot_maps_ask(address, &mapping) ||
		ot_maps_find(address, scratch, sizeof(scratch), &mapping)) &&
	       mapping.prot & PROT_EXEC;
}

static int find_code(const struct otrace_call *head, struct code *ret)
{
	*ret = (struct code){
		.fn = head->fn, .symbol = head->address, .generation = ot_modules_generation()};
	if (!head->fn)
		return is_code(head->address) ? OTRACE_E_OK : OTRACE_E_FAULT;
	ret->symbol = 0;
	ot_control_run(find_symbol, ret);
	return ret->symbol ? OTRACE_E_OK : OTRACE_E_NO_FUNCTION;
}

static bool is_same_entry(const struct code *code)
{
	struct otrace_entry entry;

	return ot_safe_read(&entry, code->fn, sizeof(entry)) == sizeof(entry) &&
	       !ot_memcmp(&entry, &code->entry, sizeof(entry)) && ot_safe_readable(code->symbol);
}

/*
 * The last look, of the thread that makes the call, and maybe in a hook: without the loader's list. A module goes
 * as a whole, with its table. A filter that refuses the question is no answer, so one of ourselves is asked, too.
 * Nothing helps when another thread unloads it from here on, as with any call.
 */
static bool is_there(const struct code *code)
{
	if (!code->fn)
		return is_code(code->symbol) || !is_code((uint64_t)is_same_entry);
	return is_same_entry(code) || ot_safe_is_refused();
}

/* ------------------------------------------------------------------ the call itself */

#define GENERAL_REGISTERS 6u
#define VECTOR_REGISTERS 8u

/*
 * What libffi is told. It is not told of structs in registers: each eight of one is an argument of its
 * own (libffi 3.4.4 copies a struct whose first eight goes to the last general register over the first
 * vector register). Which ones still are in registers is counted here, as libffi counts it.
 */
struct plan {
	ffi_type *types[2 * ARGS_MAX + 1];
	void *values[2 * ARGS_MAX + 1];
	ffi_type structs[ARGS_MAX];
	uint32_t nr;
	uint32_t nr_fixed;
	uint32_t general_left; /* registers */
	uint32_t vector_left;
};

static ffi_type *const in_memory_elements[] = {&ffi_type_longdouble, NULL};

static void add(struct plan *plan, ffi_type *type, void *value, bool is_fixed)
{
	plan->types[plan->nr] = type;
	plan->values[plan->nr++] = value;
	plan->nr_fixed += is_fixed;
}

/* Its layout is ours to say: with a size, libffi computes none. What has a long double in it goes to the
 * stack. */
static ffi_type *describe_in_memory(const struct otrace_call_value *value, ffi_type *room)
{
	*room = (ffi_type){.size = value->bytes,
			   .alignment = (unsigned short)ot_larger(value->align, 8),
			   .type = FFI_TYPE_STRUCT,
			   .elements = (ffi_type **)(uintptr_t)in_memory_elements};
	return room;
}

static bool is_vector_part(const struct otrace_call_value *value, uint32_t part)
{
	return value->parts & (part ? OTRACE_VALUE_PART1_VECTOR : OTRACE_VALUE_PART0_VECTOR);
}

/* All of it, or nothing. */
static bool fits_registers(const struct plan *plan, const struct otrace_call_value *value)
{
	uint32_t nr = value->bytes > 8 ? 2 : 1, vector = 0;

	for (uint32_t i = 0; i < nr; i++)
		vector += is_vector_part(value, i);
	return vector <= plan->vector_left && nr - vector <= plan->general_left;
}

static void use_register(uint32_t *left)
{
	*left -= *left != 0;
}

static void add_parts(struct plan *plan, const struct otrace_call_value *value, uint8_t *bytes,
		      ffi_type *room, bool is_fixed)
{
	if (!fits_registers(plan, value)) {
		add(plan, describe_in_memory(value, room), bytes, is_fixed);
		return;
	}
	for (uint32_t i = 0; i * 8 < value->bytes; i++) {
		bool vector = is_vector_part(value, i);

		add(plan, vector ? &ffi_type_double : &ffi_type_uint64, bytes + (size_t)i * 8,
		    is_fixed);
		use_register(vector ? &plan->vector_left : &plan->general_left);
	}
}

static ffi_type *describe_float(uint32_t bytes)
{
	return bytes == 4 ? &ffi_type_float : bytes == 8 ? &ffi_type_double : &ffi_type_longdouble;
}

static void add_argument(struct plan *plan, const struct otrace_call_value *value, uint8_t *bytes,
			 ffi_type *room, bool is_fixed)
{
	switch (value->value_class) {
	case OTRACE_VALUE_FLOAT:
		add(plan, describe_float(value->bytes), bytes, is_fixed);
		if (value->bytes <= 8)
			use_register(&plan->vector_left);
		break;
	case OTRACE_VALUE_PARTS:
		add_parts(plan, value, bytes, room, is_fixed);
		break;
	case OTRACE_VALUE_MEMORY:
		add(plan, describe_in_memory(value, room), bytes, is_fixed);
		break;
	default:
		add(plan,
		    value->value_class == OTRACE_VALUE_INT ? &ffi_type_sint64 : &ffi_type_pointer,
		    bytes, is_fixed);
		use_register(&plan->general_left);
		break;
	}
}

/* Two registers, as a struct of whole eights: what is in them beyond the value is cut off afterwards. */
static ffi_type *describe_result_parts(const struct otrace_call_value *value, ffi_type *room,
				       ffi_type *elements[3])
{
	if (value->bytes <= 8)
		return is_vector_part(value, 0) ? &ffi_type_double : &ffi_type_uint64;
	for (uint32_t i = 0; i < 2; i++)
		elements[i] = is_vector_part(value, i) ? &ffi_type_double : &ffi_type_uint64;
	elements[2] = NULL;
	*room = (ffi_type){
		.size = 16, .alignment = 8, .type = FFI_TYPE_STRUCT, .elements = elements};
	return room;
}

static ffi_type *describe_result(const struct otrace_call_value *value, ffi_type *room,
				 ffi_type *elements[3])
{
	switch (value->value_class) {
	case OTRACE_VALUE_INT:
		return &ffi_type_sint64;
	case OTRACE_VALUE_FLOAT:
		return describe_float(value->bytes);
	case OTRACE_VALUE_POINTER:
		return &ffi_type_pointer;
	case OTRACE_VALUE_PARTS:
		return describe_result_parts(value, room, elements);
	case OTRACE_VALUE_COMPLEX_X87:
		return &ffi_type_complex_longdouble;
	default:
		return &ffi_type_void;
	}
}

static void run(struct call *call)
{
	const struct otrace_call_value *result = &call->head.result;
	ffi_type *elements[3], room, *result_type = describe_result(result, &room, elements);
	void *hidden = call->result;
	struct plan plan;
	ffi_status status;
	ffi_cif cif;

	plan.nr = plan.nr_fixed = 0;
	plan.general_left = GENERAL_REGISTERS;
	plan.vector_left = VECTOR_REGISTERS;
	if (!is_there(&call->code)) {
		call->done.status = OTRACE_E_UNLOADED;
		return;
	}
	call->done.return_bytes = result->bytes;
	if (result->value_class == OTRACE_VALUE_MEMORY) {
		add(&plan, &ffi_type_pointer, &hidden, true);
		use_register(&plan.general_left);
	}
	for (uint32_t i = 0; i < call->head.nr_args; i++)
		add_argument(&plan, &call->args[i], call->memory + call->offsets[i],
			     &plan.structs[i], i < call->head.nr_fixed);
	if (plan.nr_fixed == plan.nr)
		status = ffi_prep_cif(&cif, FFI_DEFAULT_ABI, plan.nr, result_type, plan.types);
	else
		status = ffi_prep_cif_var(&cif, FFI_DEFAULT_ABI, plan.nr_fixed, plan.nr,
					  result_type, plan.types);
	if (status == FFI_OK)
		ffi_call(&cif, FFI_FN(call->code.symbol), call->result, plan.values);
	else
		call->done.status = OTRACE_E_INVALID;
	ot_memcpy(call->done.value, call->result,
		  ot_smaller(result->bytes, sizeof(call->done.value)));
}

/* On a thread of the program, which has taken it. */
static void run_and_finish(struct call *call)
{
	int pid = ot_sys_getpid();

	run(call);
	/* a child that came back out of the function: there is nothing for it to go on with */
	if (ot_sys_getpid() != pid)
		OT_SYS(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	finish(call);
}

bool ot_call_run_pending(void)
{
	if (!take(main_call, OTRACE_CALL_MAIN, CALL_RUNNING))
		return false;
	run_and_finish(main_call);
	return true;
}

bool ot_call_is_process(int pid)
{
	return pid == helper.pid;
}

bool ot_call_waits_for(uint32_t tid)
{
	for (unsigned i = ON_THREADS; i < NR_CALLS; i++)
		if (__atomic_load_n(&calls[i].state, __ATOMIC_RELAXED) == word(tid, CALL_PENDING))
			return true;
	return false;
}

void ot_call_run_here(uint32_t tid)
{
	for (unsigned i = ON_THREADS; i < NR_CALLS; i++) {
		if (take(&calls[i], tid, CALL_RUNNING)) {
			run_and_finish(&calls[i]);
			return;
		}
	}
}

/* ------------------------------------------------------------------ the thread for calls */

static void poke(void)
{
	__atomic_fetch_add(&helper.events, 1, __ATOMIC_RELEASE);
	ot_futex_wake(&helper.events);
}

/* A fault in the function is the program's, with its handlers; everything else is for its own threads. */
static void block_all_but_faults(void)
{
	uint64_t set = 0;
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

	for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		set |= 1ull << (faults[i] - 1);
	ot_signals_block_for_good(set);
}

static void *helper_main(void *unused)
{
	int pid = ot_sys_getpid();

	(void)unused;
	ot_sys_prctl(PR_SET_NAME, (long)"oshell-call");
	__atomic_store_n(&helper.tid, ot_sys_gettid(), __ATOMIC_RELEASE);
	for (;;) {
		uint32_t events = __atomic_load_n(&helper.events, __ATOMIC_ACQUIRE);
		bool ran;

		block_all_but_faults();
		ran = take(helper_call, 0, CALL_RUNNING);
		if (ran)
			run(helper_call);
		ot_signals_block_for_good(0);
		if (ot_sys_getpid() != pid)
			OT_SYS(SYS_exit_group, 0, 0, 0, 0, 0, 0);
		if (ran)
			finish(helper_call);
		else
			ot_futex_wait(&helper.events, events, 0);
	}
	return NULL;
}

static int start_detached(void *(*main)(void *), size_t stack_bytes)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (stack_bytes)
		pthread_attr_setstacksize(&attributes, stack_bytes);
	error = pthread_create(&thread, &attributes, main, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

static void make_helper(void)
{
	if (start_detached(helper_main, 0) && take(helper_call, 0, CALL_LOST))
		finish_without(helper_call, OTRACE_E_SYSTEM);
}

static void *seed_main(void *unused)
{
	(void)unused;
	ot_signals_block_for_good(0);
	/* and so the one that it makes: a function that never returns must not keep a processor for itself */
	ot_sys_leave_real_time();
	ot_park_never();
	__atomic_store_n(&helper.seed_tid, ot_sys_gettid(), __ATOMIC_RELAXED);
	ot_sys_prctl(PR_SET_NAME, (long)"oshell-seed");
	for (;;) {
		uint32_t events = __atomic_load_n(&helper.events, __ATOMIC_ACQUIRE);

		if (__atomic_exchange_n(&helper.wanted, 0, __ATOMIC_ACQ_REL))
			make_helper();
		else if (__atomic_exchange_n(&helper.posts, 0, __ATOMIC_ACQ_REL))
			ot_loops_post();
		else
			ot_futex_wait(&helper.events, events, 0);
	}
	return NULL;
}

#define SEED_PATIENCE 100u /* times 10 ms */
#define SEED_NAP_NS 10000000u

/* Who starts us makes it right behind the oshell thread, and a shell may be faster. */
static bool has_seed(void)
{
	for (uint32_t i = 0; i < SEED_PATIENCE; i++) {
		uint32_t events = __atomic_load_n(&helper.events, __ATOMIC_ACQUIRE);

		if (__atomic_load_n(&helper.has_seed, __ATOMIC_ACQUIRE))
			return true;
		ot_futex_wait(&helper.events, events, SEED_NAP_NS);
	}
	return false;
}

void ot_call_init(void)
{
	uint64_t signals;
	bool made;

	if (helper.has_seed)
		return;
	helper.pid = ot_sys_getpid();
	signals = ot_signals_block();
	/* thread-locals of the program lie on the stack as well, and may be larger than all of it */
	made = !start_detached(seed_main, SEED_STACK_BYTES) || !start_detached(seed_main, 0);
	__atomic_store_n(&helper.has_seed, made, __ATOMIC_RELEASE);
	poke();
	ot_signals_restore(signals);
}

void ot_call_wake_seed(void)
{
	__atomic_store_n(&helper.posts, 1, __ATOMIC_RELEASE);
	poke();
}

void ot_call_forget(void)
{
	helper.tid = 0;
	helper.has_seed = false;
	helper.wanted = helper.posts = 0;
	/* of the parent: what a running function looks at stays */
	for (unsigned i = 0; i < NR_CALLS; i++)
		calls[i].state = CALL_NONE;
	ot_calls_waiting = 0;
	passes = false;
}

/* A call for it is pending. */
static void wake_helper(void)
{
	if (!__atomic_load_n(&helper.tid, __ATOMIC_ACQUIRE))
		__atomic_store_n(&helper.wanted, 1, __ATOMIC_RELEASE);
	poke();
}

static bool is_gone(int tid)
{
	return ot_sys_tgkill(helper.pid, tid, 0) == -ESRCH;
}

/* A function may end its thread, and nobody says so. A filter that refuses the question is no answer: what a
 * running function writes to must stay mapped. */
static void look_for_lost(void)
{
	int tid = __atomic_load_n(&helper.tid, __ATOMIC_ACQUIRE);

	if (!tid || state_of(helper_call) != CALL_RUNNING || !is_gone(tid))
		return;
	helper.tid = 0;
	finish_without(helper_call, OTRACE_E_CALL_LOST);
}

/* ------------------------------------------------------------------ a thread of the program's */

/* All that has a stub leads to the hooks while a call waits, and not a moment longer. */
static void pass_while_waiting(void)
{
	bool wait = __atomic_load_n(&ot_calls_waiting, __ATOMIC_ACQUIRE);

	if (wait == passes)
		return;
	passes = wait;
	ot_control_pass(wait);
}

static bool is_unloaded(struct call *call)
{
	struct code code;

	if (call->code.generation == ot_modules_generation())
		return false;
	if (find_code(&call->head, &code) || code.module != call->code.module)
		return true;
	call->code.generation = code.generation;
	return false;
}

/* The thread may end before the call or in it, and may have made the call in the meantime: then its end is told. */
static void look_for_thread(struct call *call)
{
	enum call_state state = state_of(call);
	uint32_t tid = call->head.thread;

	if (state != CALL_PENDING && state != CALL_RUNNING)
		return;
	if (state == CALL_PENDING && is_unloaded(call) && take(call, tid, CALL_LOST)) {
		finish_without(call, OTRACE_E_UNLOADED);
		return;
	}
	if (!is_gone((int)tid)) {
		/* one that is recorded knows a shorter way, and is asked again each time */
		if (state == CALL_PENDING)
			ot_threads_ask((int)tid);
		return;
	}
	if (state == CALL_PENDING && take(call, tid, CALL_LOST))
		finish_without(call, OTRACE_E_NO_THREAD);
	else if (change(call, tid, CALL_RUNNING, CALL_LOST))
		finish_without(call, OTRACE_E_CALL_LOST);
}

static void look_for_threads(void)
{
	for (unsigned i = ON_THREADS; i < NR_CALLS; i++)
		look_for_thread(&calls[i]);
	pass_while_waiting();
}

/* ------------------------------------------------------------------ its end */

static unsigned tick_of(const struct call *call)
{
	uint64_t age_ms;

	if (state_of(call) == CALL_NONE)
		return 0;
	age_ms = (ot_clock_syscall_ns() - call->since_ns) / 1000000;
	return (unsigned)ot_larger(ot_smaller(age_ms / TICKS_PER_AGE, TICK_LAST_MS), TICK_FIRST_MS);
}

int ot_call_tick_ms(void)
{
	unsigned least = 0;

	for (unsigned i = 0; i < NR_CALLS; i++) {
		unsigned tick = tick_of(&calls[i]);

		if (tick && (!least || tick < least))
			least = tick;
	}
	return (int)least;
}

static void clear(struct call *call)
{
	ot_pages_unmap(call->memory, call->memory_bytes);
	call->memory = NULL;
	__atomic_store_n(&call->state, CALL_NONE, __ATOMIC_RELEASE);
}

static bool take_done(struct call *call, uint32_t session, struct ot_reply *event)
{
	bool wanted = call->session == session;

	if (state_of(call) != CALL_DONE)
		return false;
	if (wanted) {
		ot_reply_add(event, &call->done, sizeof(call->done));
		if (call->done.return_bytes > sizeof(call->done.value))
			ot_reply_add(event, call->result, call->done.return_bytes);
	}
	clear(call);
	return wanted;
}

bool ot_call_is_done(void)
{
	look_for_lost();
	look_for_threads();
	for (unsigned i = 0; i < NR_CALLS; i++)
		if (state_of(&calls[i]) == CALL_DONE)
			return true;
	return false;
}

bool ot_call_take_done(uint32_t session, struct ot_reply *event)
{
	for (unsigned i = 0; i < NR_CALLS; i++)
		if (take_done(&calls[i], session, event))
			return true;
	return false;
}

static bool withdraw(struct call *call)
{
	if (!take(call, call->head.thread, CALL_LOST))
		return false;
	clear(call);
	pass_while_waiting();
	return true;
}

void ot_call_shell_gone(void)
{
	for (unsigned i = ON_THREADS; i < NR_CALLS; i++)
		withdraw(&calls[i]);
}

void ot_request_withdraw(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	const struct otrace_withdraw *what = (const void *)in.bytes;

	for (unsigned i = 0; i < NR_CALLS; i++)
		if (calls[i].session == client->session && calls[i].done.request == what->request &&
		    withdraw(&calls[i]))
			return;
	ot_reply_error(reply, OTRACE_E_CALL_RUNNING, NULL);
}

/* ------------------------------------------------------------------ the request */

static bool is_float_size(uint32_t bytes)
{
	return bytes == 4 || bytes == 8 || bytes == 16;
}

static bool is_sound(const struct otrace_call_value *value, bool is_result)
{
	if (value->align & (value->align - 1) ||
	    value->align > (is_result ? ALIGN_MAX : ARG_ALIGN_MAX))
		return false;
	switch (value->value_class) {
	case OTRACE_VALUE_VOID:
		return is_result && !value->bytes;
	case OTRACE_VALUE_INT:
		return is_result ? value->bytes && value->bytes <= 8 : value->bytes == 8;
	case OTRACE_VALUE_FLOAT:
		return is_float_size(value->bytes);
	case OTRACE_VALUE_POINTER:
		return value->bytes == 8;
	case OTRACE_VALUE_STRING:
		return !is_result;
	case OTRACE_VALUE_PARTS:
		return value->bytes && value->bytes <= 16;
	case OTRACE_VALUE_MEMORY:
		return value->bytes != 0;
	case OTRACE_VALUE_COMPLEX_X87:
		return is_result && value->bytes == 32;
	default:
		return false;
	}
}

/* Strings are copied to memory that stays: the function may keep a pointer. */
static char *place_string(const uint8_t *bytes, uint32_t nr)
{
	static struct {
		char *next;
		uint64_t left;
	} piece;
	char *at;

	if (nr >= STRINGS_PIECE_BYTES / 4) {
		at = ot_pages_map((uint64_t)nr + 1);
		if (at)
			ot_memcpy(at, bytes, nr);
		return at;
	}
	if (piece.left < (uint64_t)nr + 1) {
		piece.next = ot_pages_map(STRINGS_PIECE_BYTES);
		piece.left = piece.next ? STRINGS_PIECE_BYTES : 0;
	}
	if (!piece.next)
		return NULL;
	at = piece.next;
	piece.next += (uint64_t)nr + 1;
	piece.left -= (uint64_t)nr + 1;
	ot_memcpy(at, bytes, nr);
	return at;
}

/* Where the bytes of each argument will lie, and of the result behind them. */
static int plan_memory(struct call *call)
{
	uint64_t at = 0, by_value = 0;

	for (uint32_t i = 0; i < call->head.nr_args; i++) {
		const struct otrace_call_value *arg = &call->args[i];

		if (!is_sound(arg, false))
			return OTRACE_E_INVALID;
		at = OT_ROUND_UP(at, ALIGN_MAX);
		call->offsets[i] = at;
		at += arg->value_class == OTRACE_VALUE_STRING ? 8 : ot_larger(arg->bytes, 16);
		if (arg->value_class == OTRACE_VALUE_MEMORY)
			by_value += arg->bytes;
		if (by_value > BY_VALUE_MAX_BYTES)
			return OTRACE_E_TOO_MANY;
	}
	if (!is_sound(&call->head.result, true))
		return OTRACE_E_INVALID;
	if (call->head.result.bytes > RESULT_MAX_BYTES)
		return OTRACE_E_TOO_MANY;
	at = OT_ROUND_UP(at, ALIGN_MAX);
	call->memory_bytes = at + ot_larger(call->head.result.bytes, 32);
	call->memory = ot_pages_map(call->memory_bytes);
	if (!call->memory)
		return OTRACE_E_NO_MEMORY;
	call->result = call->memory + at;
	return OTRACE_E_OK;
}

static int place_arguments(struct call *call, const uint8_t *bytes, uint64_t nr_bytes)
{
	for (uint32_t i = 0; i < call->head.nr_args; i++) {
		uint64_t padded = OT_ROUND_UP((uint64_t)call->args[i].bytes, 8);
		uint8_t *to = call->memory + call->offsets[i];

		if (padded > nr_bytes)
			return OTRACE_E_PROTOCOL;
		if (call->args[i].value_class == OTRACE_VALUE_STRING) {
			char *text = place_string(bytes, call->args[i].bytes);

			if (!text)
				return OTRACE_E_NO_MEMORY;
			*(char **)to = text;
		} else {
			ot_memcpy(to, bytes, call->args[i].bytes);
		}
		bytes += padded;
		nr_bytes -= padded;
	}
	return OTRACE_E_OK;
}

/* Ours pass no stubs but in calls. */
static bool is_of_program(uint32_t tid)
{
	return tid <= INT32_MAX && (int)tid != ot_sys_gettid() &&
	       (int)tid != __atomic_load_n(&helper.seed_tid, __ATOMIC_RELAXED) &&
	       (int)tid != __atomic_load_n(&helper.tid, __ATOMIC_ACQUIRE) && !is_gone((int)tid);
}

/* Its own, if it has one that has not ended, or any that is free; NULL = there is none. */
static struct call *call_of_thread(uint32_t tid)
{
	struct call *found = NULL;

	for (unsigned i = ON_THREADS; i < NR_CALLS; i++) {
		if (state_of(&calls[i]) == CALL_NONE)
			found = &calls[i];
		else if (calls[i].head.thread == tid)
			return &calls[i];
	}
	return found;
}

static struct call *call_on(uint32_t thread)
{
	if (thread == OTRACE_CALL_MAIN)
		return main_call;
	return thread ? call_of_thread(thread) : helper_call;
}

/* Which thread is meant, and why not. */
static int choose(const struct otrace_call *head, struct call **ret)
{
	struct call *call = call_on(head->thread);

	if (call == main_call && !ot_start_is_held())
		return OTRACE_E_NOT_HELD;
	if (call != main_call && call != helper_call && !is_of_program(head->thread))
		return OTRACE_E_NO_THREAD;
	if (!call)
		return OTRACE_E_CALL_RUNNING;
	*ret = call;
	return state_of(call) == CALL_NONE ? OTRACE_E_OK : OTRACE_E_CALL_RUNNING;
}

static int accept_call(const struct ot_client *client, struct ot_payload in, struct call **ret)
{
	const struct otrace_call *head = (const void *)in.bytes;
	uint64_t args_bytes = head->nr_args * sizeof(struct otrace_call_value);
	struct call *call;
	struct code code;
	int error;

	if (head->nr_args > ARGS_MAX)
		return OTRACE_E_TOO_MANY;
	if (args_bytes > in.nr_bytes - sizeof(*head))
		return OTRACE_E_PROTOCOL;
	if (head->nr_fixed > head->nr_args)
		return OTRACE_E_INVALID;
	error = find_code(head, &code);
	if (!error)
		error = choose(head, &call);
	if (error)
		return error;
	call->code = code;
	call->head = *head;
	call->session = client->session;
	call->since_ns = ot_clock_syscall_ns();
	call->done = (struct otrace_call_done){.request = client->inbox.head.request};
	ot_memcpy(call->args, head + 1, args_bytes);
	error = plan_memory(call);
	if (!error)
		error = place_arguments(call, in.bytes + sizeof(*head) + args_bytes,
					in.nr_bytes - sizeof(*head) - args_bytes);
	if (!error && call == helper_call && !has_seed())
		error = OTRACE_E_SYSTEM;
	if (error) {
		clear(call);
		return error;
	}
	*ret = call;
	return OTRACE_E_OK;
}

static const char *text_of(int error, uint32_t thread)
{
	if (error == OTRACE_E_SYSTEM)
		return "no thread for calls";
	if (error == OTRACE_E_CALL_RUNNING && !call_on(thread))
		return "earlier calls on 8 other threads have not returned yet";
	return NULL;
}

void ot_request_call(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	struct call *call = NULL;
	int error = accept_call(client, in, &call);

	if (error) {
		ot_reply_error(reply, error,
			       text_of(error, ((const struct otrace_call *)in.bytes)->thread));
		return;
	}
	/* before whoever takes it counts it off */
	if (is_on_thread(call))
		__atomic_fetch_add(&ot_calls_waiting, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&call->state, word(call->head.thread, CALL_PENDING), __ATOMIC_RELEASE);
	if (call == main_call)
		ot_start_poke();
	else if (call == helper_call)
		wake_helper();
	else
		look_for_threads();
}
