/* SPDX-License-Identifier: BSD-2-Clause */
#include <ffi.h>

#include "base/arena.h"
#include "base/log.h"
#include "core/call.h"
#include "core/control.h"
#include "core/requests.h"
#include "core/start.h"

#define ARGS_MAX 64u

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

enum call_state { CALL_NONE = 0, CALL_PENDING = 1, CALL_RUNNING = 2, CALL_DONE = 3 };

static struct {
	uint32_t state; /* enum call_state */
	uint64_t symbol;
	struct otrace_call head;
	struct otrace_call_arg args[ARGS_MAX];
	struct otrace_call_done done;
} call;

/* Integers travel as 64 bits, extended by the shell as their type says: right for every register and
 * stack slot of the ABI. */
static ffi_type *type_of(uint32_t value_class, uint32_t bytes)
{
	switch (value_class) {
	case OTRACE_VALUE_VOID:
		return &ffi_type_void;
	case OTRACE_VALUE_INT:
		return bytes <= 8 ? &ffi_type_sint64 : NULL;
	case OTRACE_VALUE_FLOAT:
		if (bytes == 4)
			return &ffi_type_float;
		if (bytes == 8)
			return &ffi_type_double;
		return bytes == 16 ? &ffi_type_longdouble : NULL;
	case OTRACE_VALUE_POINTER:
	case OTRACE_VALUE_STRING:
		return &ffi_type_pointer;
	default:
		return NULL;
	}
}

static bool prepare(ffi_cif *cif, ffi_type **types)
{
	ffi_type *result = type_of(call.head.return_class, call.head.return_bytes);
	uint32_t nr = call.head.nr_args, nr_fixed = call.head.nr_fixed;

	for (uint32_t i = 0; i < nr; i++) {
		types[i] = type_of(call.args[i].value_class, call.args[i].bytes);
		if (!types[i] || types[i] == &ffi_type_void)
			return false;
	}
	if (!result || nr_fixed > nr)
		return false;
	if (nr_fixed == nr)
		return ffi_prep_cif(cif, FFI_DEFAULT_ABI, nr, result, types) == FFI_OK;
	return ffi_prep_cif_var(cif, FFI_DEFAULT_ABI, nr_fixed, nr, result, types) == FFI_OK;
}

static void run(void)
{
	ffi_type *types[ARGS_MAX];
	void *values[ARGS_MAX];
	ffi_cif cif;

	call.done = (struct otrace_call_done){.return_bytes = call.head.return_bytes};
	for (uint32_t i = 0; i < call.head.nr_args; i++)
		values[i] = call.args[i].value;
	if (!prepare(&cif, types)) {
		call.done.status = OTRACE_E_INVALID;
		return;
	}
	ffi_call(&cif, FFI_FN(call.symbol), call.done.value, values);
	if (call.head.return_class == OTRACE_VALUE_INT && call.head.return_bytes < 8)
		call.done.value[0] &= (1ull << call.head.return_bytes * 8) - 1;
}

bool ot_call_run_pending(void)
{
	uint32_t pending = CALL_PENDING;

	if (!__atomic_compare_exchange_n(&call.state, &pending, CALL_RUNNING, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	run();
	__atomic_store_n(&call.state, CALL_DONE, __ATOMIC_RELEASE);
	return true;
}

bool ot_call_is_open(void)
{
	return __atomic_load_n(&call.state, __ATOMIC_RELAXED) != CALL_NONE;
}

bool ot_call_take_done(struct otrace_call_done *ret)
{
	if (__atomic_load_n(&call.state, __ATOMIC_ACQUIRE) != CALL_DONE)
		return false;
	*ret = call.done;
	__atomic_store_n(&call.state, CALL_NONE, __ATOMIC_RELEASE);
	return true;
}

/* ------------------------------------------------------------------ the request */

static void find_symbol(void *context)
{
	struct ot_fn fn;
	struct ot_module *module = ot_module_fn(*(uint64_t *)context, &fn);
	uint64_t symbol = module ? fn.symbol : 0;

	*(uint64_t *)context = symbol && ot_module_segment(module, symbol, 1, 1) ? symbol : 0;
}

/* Strings are copied to memory that stays: the function may keep a pointer. */
static bool place_strings(const uint8_t *bytes, uint64_t nr_bytes)
{
	for (uint32_t i = 0; i < call.head.nr_args; i++) {
		struct otrace_call_arg *arg = &call.args[i];
		char *copy;

		if (arg->value_class != OTRACE_VALUE_STRING)
			continue;
		if (arg->bytes > nr_bytes)
			return false;
		copy = ot_pages_map((uint64_t)arg->bytes + 1);
		if (!copy)
			return false;
		ot_memcpy(copy, bytes, arg->bytes);
		arg->value[0] = (uint64_t)copy;
		bytes += arg->bytes;
		nr_bytes -= arg->bytes;
	}
	return true;
}

static int accept_call(struct ot_payload in)
{
	const struct otrace_call *head = (const void *)in.bytes;
	uint64_t args_bytes, symbol = head->fn;

	if (!ot_start_is_held())
		return OTRACE_E_NOT_HELD;
	if (__atomic_load_n(&call.state, __ATOMIC_ACQUIRE) != CALL_NONE)
		return OTRACE_E_BUSY;
	if (head->nr_args > ARGS_MAX)
		return OTRACE_E_TOO_MANY;
	args_bytes = head->nr_args * sizeof(call.args[0]);
	if (args_bytes > in.nr_bytes - sizeof(*head))
		return OTRACE_E_PROTOCOL;
	ot_control_run(find_symbol, &symbol);
	if (!symbol)
		return OTRACE_E_NO_FUNCTION;
	call.symbol = symbol;
	call.head = *head;
	ot_memcpy(call.args, head + 1, args_bytes);
	if (!place_strings(in.bytes + sizeof(*head) + args_bytes,
			   in.nr_bytes - sizeof(*head) - args_bytes))
		return OTRACE_E_PROTOCOL;
	return OTRACE_E_OK;
}

void ot_request_call(struct ot_client *client, struct ot_payload in, struct ot_reply *reply)
{
	int error = accept_call(in);

	(void)client;
	if (error) {
		ot_reply_error(reply, error, NULL);
		return;
	}
	__atomic_store_n(&call.state, CALL_PENDING, __ATOMIC_RELEASE);
	ot_start_poke();
}
