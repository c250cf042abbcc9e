/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cmds/abi.h"
#include "cmds/invoke.h"
#include "params/params.h"
#include "ui/session.h"

#define SLOT_BYTES 8u

/* ------------------------------------------------------------------ may it be called */

/* The frame of a function's wrapper as the compiler lays it out, argument for argument. */
struct places {
	uint64_t end;	       /* of those so far */
	uint32_t general_left; /* registers */
	uint32_t vector_left;
};

static void use(uint32_t *left, uint32_t nr)
{
	*left -= nr < *left ? nr : *left;
}

/* A struct that no registers are left for is passed as a pointer to it. */
static uint64_t parts_bytes(struct places *places, const struct otrace_call_value *how,
			    uint64_t bytes)
{
	uint32_t nr = (uint32_t)(bytes / SLOT_BYTES);
	uint32_t vector = ((how->parts & OTRACE_VALUE_PART0_VECTOR) != 0) +
			  (nr > 1 && how->parts & OTRACE_VALUE_PART1_VECTOR);

	if (vector > places->vector_left || nr - vector > places->general_left)
		return SLOT_BYTES;
	use(&places->vector_left, vector);
	use(&places->general_left, nr - vector);
	return bytes;
}

static void add_place(struct places *places, const struct otrace_call_value *how)
{
	uint64_t bytes = (how->bytes + SLOT_BYTES - 1) / SLOT_BYTES * SLOT_BYTES;

	switch (how->value_class) {
	case OTRACE_VALUE_VOID:
		return;
	case OTRACE_VALUE_MEMORY:
		bytes = SLOT_BYTES;
		break;
	case OTRACE_VALUE_PARTS:
		bytes = parts_bytes(places, how, bytes);
		break;
	case OTRACE_VALUE_FLOAT:
		if (bytes == SLOT_BYTES)
			use(&places->vector_left, 1);
		else
			places->end = (places->end + bytes - 1) / bytes * bytes;
		break;
	default:
		use(&places->general_left, 1);
		break;
	}
	places->end += bytes;
}

/* An argument that nobody looks at may be there all the same: then its place is in the frame. */
static bool has_all_places(const struct ot_fn *fn)
{
	struct places places = {.end = fn->args_offset, .general_left = 6, .vector_left = 8};
	struct otrace_call_value how;
	struct ot_err *err = ot_abi_classify(fn->return_type, true, &how);

	if (!err && how.value_class == OTRACE_VALUE_MEMORY) {
		places.end += SLOT_BYTES;
		use(&places.general_left, 1);
	}
	for (uint32_t i = 0; i < fn->nr_params && !err; i++) {
		err = ot_abi_classify(fn->params[i].type, false, &how);
		if (!err)
			add_place(&places, &how);
	}
	if (!err)
		return places.end == (uint64_t)fn->args_offset + fn->args_bytes;
	ot_err_destroy(err);
	return false;
}

static struct ot_err *changed(const struct ot_fn *fn)
{
	ot_auto_buf struct ot_buf signature = OT_BUF_INIT;

	ot_fn_signature(fn, &signature);
	return ot_err_new(OT_ERR_OPTIMIZED,
			  "%s cannot be called: the optimizer has changed what it takes, its "
			  "compiled code is no %s any more",
			  fn->unique_name, ot_buf_text(&signature));
}

struct ot_err *ot_invoke_check(const struct ot_fn *fn, size_t nr_args)
{
	ot_auto_buf struct ot_buf signature = OT_BUF_INIT;

	if (!fn->symbol && !fn->body)
		return ot_fn_untraceable(fn);
	if (fn->assumes & OTRACE_ASSUME_ARGUMENT_CHANGED)
		return changed(fn);
	if (fn->assumes & OTRACE_ASSUME_ARGUMENT_DROPPED && fn->stub &&
	    !(fn->flags & OTRACE_FN_VARARGS) && !has_all_places(fn))
		return changed(fn);
	if (nr_args == fn->nr_params || (nr_args > fn->nr_params && fn->flags & OTRACE_FN_VARARGS))
		return NULL;
	ot_fn_signature(fn, &signature);
	return ot_err_new(OT_ERR_USAGE, "%zu argument%s given: %s", nr_args,
			  nr_args == 1 ? "" : "s", ot_buf_text(&signature));
}

/* ------------------------------------------------------------------ values into arguments */

static struct ot_err *no_value(const struct ot_value *value)
{
	switch (value->state) {
	case OT_VALUE_OPTIMIZED_OUT:
		return ot_err_new(OT_ERR_OPTIMIZED, "its value is optimized out");
	case OT_VALUE_UNREADABLE:
		return ot_err_new(OT_ERR_FAULT, "memory at %#llx cannot be read",
				  (unsigned long long)value->address);
	case OT_VALUE_VOID:
		return ot_err_new(OT_ERR_TYPE, "there is no value (void)");
	default:
		return ot_err_new(OT_ERR_FAULT, "its value is not known");
	}
}

static struct ot_err *mismatch(const struct ot_value *value, const struct ot_type *type)
{
	return ot_err_new(OT_ERR_TYPE, "%s cannot become %s", ot_type_text(value->type),
			  ot_type_text(type));
}

static bool same_type(const struct ot_type *a, const struct ot_type *b)
{
	a = ot_type_strip(a);
	b = ot_type_strip(b);
	return a == b || (a->kind == b->kind && ot_type_size(a) == ot_type_size(b) &&
			  !strcmp(ot_type_text(a), ot_type_text(b)));
}

static void set_bytes(struct ot_target_arg *arg, uint8_t *room, const void *bytes, size_t nr)
{
	memcpy(room, bytes, nr);
	arg->bytes = room;
}

/* The NUL that the process puts behind it is the last byte again. */
static struct ot_err *take_text(const void *bytes, size_t nr, struct ot_target_arg *arg,
				uint8_t **room)
{
	if (nr && !((const char *)bytes)[nr - 1])
		nr--;
	arg->how = (struct otrace_call_value){.value_class = OTRACE_VALUE_STRING,
					      .bytes = (uint32_t)nr};
	*room = ot_alloc(nr + 1);
	set_bytes(arg, *room, bytes, nr);
	return NULL;
}

static struct ot_err *take_pointer(const struct ot_value *value, const struct ot_type *type,
				   struct ot_target_arg *arg, uint8_t **room)
{
	const struct ot_type *from = ot_type_strip(value->type);
	uint64_t address = value->address;

	if (from->kind == OTRACE_TYPE_ARRAY && !value->is_lvalue && value->bytes)
		return take_text(value->bytes, value->nr_bytes, arg, room);
	/* A pointer to what was written in an expression: see struct ot_expr_call. */
	if (ot_type_is_pointer(from) && !value->is_lvalue && value->string.known &&
	    ot_value_to_u64(value, &address) && !address)
		return take_text(value->string.bytes, value->string.nr_bytes, arg, room);
	if (from->kind == OTRACE_TYPE_ARRAY || from->kind == OTRACE_TYPE_FUNCTION) {
		if (!value->is_lvalue)
			return mismatch(value, type);
	} else if (ot_type_is_float(from) || !ot_value_to_u64(value, &address)) {
		return mismatch(value, type);
	}
	*room = ot_alloc(sizeof(address));
	set_bytes(arg, *room, &address, sizeof(address));
	return NULL;
}

/* As 128 bits: __int128 and _BitInt are no scalars of ot_value_to_u64(). */
static bool to_int128(const struct ot_value *value, __int128 *ret)
{
	uint64_t size = ot_type_size(value->type), number;
	long double real;

	if (ot_type_is_float(value->type)) {
		if (!ot_value_to_long_double(value, &real))
			return false;
		*ret = (__int128)real;
		return true;
	}
	if (size == 16 && value->bytes && value->nr_bytes >= size &&
	    ot_type_is_integer(value->type)) {
		memcpy(ret, value->bytes, sizeof(*ret));
		return true;
	}
	if (!ot_value_to_u64(value, &number))
		return false;
	*ret = ot_type_is_signed(value->type) ? (__int128)(int64_t)number : (__int128)number;
	return true;
}

/* Cut to the type's size, and extended again as its sign says. */
static uint64_t extended(uint64_t number, const struct ot_type *type)
{
	uint64_t bits = ot_type_size(type) * 8;
	uint64_t sign;

	type = ot_type_strip(type);
	if (type->kind == OTRACE_TYPE_BASE && type->encoding == OTRACE_ENC_BOOL)
		return number != 0;
	if (bits >= 64)
		return number;
	number &= (1ull << bits) - 1;
	sign = 1ull << (bits - 1);
	return ot_type_is_signed(type) ? (number ^ sign) - sign : number;
}

static struct ot_err *take_integer(const struct ot_value *value, const struct ot_type *type,
				   struct ot_target_arg *arg, uint8_t **room)
{
	__int128 number;
	uint64_t word;

	if (!to_int128(value, &number))
		return mismatch(value, type);
	*room = ot_alloc(sizeof(number));
	if (arg->how.value_class == OTRACE_VALUE_PARTS) {
		set_bytes(arg, *room, &number, sizeof(number));
		return NULL;
	}
	word = extended((uint64_t)number, type);
	arg->how.bytes = sizeof(word);
	set_bytes(arg, *room, &word, sizeof(word));
	return NULL;
}

static struct ot_err *take_float(const struct ot_value *value, const struct ot_type *type,
				 struct ot_target_arg *arg, uint8_t **room)
{
	long double number;
	double wide;
	float narrow;

	if (!ot_value_to_long_double(value, &number))
		return mismatch(value, type);
	wide = (double)number;
	narrow = (float)number;
	*room = ot_alloc(sizeof(number));
	if (arg->how.bytes == sizeof(narrow))
		set_bytes(arg, *room, &narrow, sizeof(narrow));
	else if (arg->how.bytes == sizeof(wide))
		set_bytes(arg, *room, &wide, sizeof(wide));
	else
		set_bytes(arg, *room, &number, sizeof(number));
	return NULL;
}

static struct ot_err *take_whole(const struct ot_value *value, const struct ot_type *type,
				 struct ot_target_arg *arg, uint8_t **room)
{
	if (!same_type(value->type, type))
		return mismatch(value, type);
	if (value->nr_bytes < arg->how.bytes || !ot_value_is_known(value, arg->how.bytes))
		return ot_err_new(OT_ERR_FAULT, "its value is not known whole");
	*room = ot_alloc(arg->how.bytes + 1);
	set_bytes(arg, *room, value->bytes, arg->how.bytes);
	return NULL;
}

static struct ot_err *take_as(const struct ot_value *value, const struct ot_type *type,
			      struct ot_target_arg *arg, uint8_t **room)
{
	OT_TRY(ot_abi_classify(type, false, &arg->how));
	if (ot_type_is_pointer(type))
		return take_pointer(value, type, arg, room);
	if (ot_type_is_integer(type))
		return take_integer(value, type, arg, room);
	if (ot_type_is_float(type) && arg->how.value_class == OTRACE_VALUE_FLOAT)
		return take_float(value, type, arg, room);
	return take_whole(value, type, arg, room);
}

/* What becomes of an argument that no prototype speaks of. */
static const struct ot_type *promoted(struct ot_program *program, const struct ot_type *type)
{
	const struct ot_type *plain = ot_type_strip(type);

	if (plain->kind == OTRACE_TYPE_ARRAY)
		return ot_program_pointer_to(program, plain->target);
	if (plain->kind == OTRACE_TYPE_FUNCTION)
		return ot_program_pointer_to(program, type);
	if (ot_type_is_integer(plain) && ot_type_size(plain) < sizeof(int))
		return ot_program_base(program, "int");
	if (ot_type_is_float(plain) && ot_type_size(plain) < sizeof(double))
		return ot_program_base(program, "double");
	return type;
}

static struct ot_err *take_value(struct ot_program *program, const struct ot_value *given,
				 const struct ot_type *type, struct ot_target_arg *arg,
				 uint8_t **room)
{
	ot_auto_value struct ot_value value = {0};
	const struct ot_type *plain = ot_type_strip(given->type);

	ot_value_copy(given, &value);
	if (plain->kind != OTRACE_TYPE_FUNCTION &&
	    !(plain->kind == OTRACE_TYPE_ARRAY && given->is_lvalue)) {
		ot_value_fetch(ot_program_target(program), &value);
		if (value.state != OT_VALUE_OK || !value.bytes)
			return no_value(&value);
	}
	return take_as(&value, type ? type : promoted(program, given->type), arg, room);
}

/* ------------------------------------------------------------------ a call */

/* What the function takes and gives, from wherever it is known. */
struct prototype {
	const struct ot_type *result;
	size_t nr_params;
	bool more; /* of any type behind them */
};

static const struct ot_type *function_type(const struct ot_type *type)
{
	type = type ? ot_type_strip(type) : NULL;
	if (type && type->kind == OTRACE_TYPE_POINTER && type->target)
		type = ot_type_strip(type->target);
	return type && type->kind == OTRACE_TYPE_FUNCTION ? type : NULL;
}

static struct ot_err *find_prototype(const struct ot_fn *fn, const struct ot_type *type,
				     struct ot_program *program, size_t nr_args,
				     struct prototype *ret)
{
	const struct ot_type *of = function_type(type);

	if (fn) {
		OT_TRY(ot_invoke_check(fn, nr_args));
		*ret = (struct prototype){fn->return_type, fn->nr_params,
					  (fn->flags & OTRACE_FN_VARARGS) != 0};
		return NULL;
	}
	if (!of)
		return ot_err_new(OT_ERR_TYPE, "%s is no function",
				  type ? ot_type_text(type) : "what is called");
	*ret = (struct prototype){
		of->target ? of->target : ot_program_void(program), of->nr_members,
		of->flags & (OTRACE_TYPE_FLAG_VARIADIC | OTRACE_TYPE_FLAG_NO_PROTOTYPE)};
	if (nr_args == ret->nr_params || (nr_args > ret->nr_params && ret->more))
		return NULL;
	return ot_err_new(OT_ERR_USAGE, "%zu argument%s given: %s", nr_args,
			  nr_args == 1 ? "" : "s", ot_type_text(of));
}

/* The type that an argument travels as; NULL = its own, promoted. */
static const struct ot_type *param_type(struct ot_program *program, const struct ot_fn *fn,
					const struct ot_type *type, size_t i)
{
	const struct ot_param *param = fn && i < fn->nr_params ? &fn->params[i] : NULL;
	const struct ot_type *of = fn ? NULL : function_type(type);

	if (of)
		return i < of->nr_members ? of->members[i].type : NULL;
	if (!param)
		return NULL;
	/* a definition in the old style: callers pass a double, and it makes a float of it */
	for (uint32_t k = 0; k < param->nr_pieces; k++)
		if (param->pieces[k].kind == OTRACE_PIECE_DOUBLE_TO_FLOAT)
			return ot_program_base(program, "double");
	return param->type;
}

static struct ot_err *in_argument(struct ot_err *err, const struct ot_fn *fn, size_t i)
{
	const char *name = fn && i < fn->nr_params ? fn->params[i].name : NULL;

	if (err && name)
		ot_err_prefix(err, "%s", name);
	else if (err)
		ot_err_prefix(err, "argument %zu", i + 1);
	return err;
}

static struct ot_err *fill(struct ot_program *program, const struct ot_fn *fn,
			   const struct ot_type *type, const struct ot_value *args, size_t nr_args,
			   const struct prototype *prototype, struct ot_invocation *made)
{
	struct ot_target_call *call = &made->call;

	OT_TRY(ot_abi_classify(prototype->result, true, &call->result));
	/* an empty struct comes and goes without being passed */
	call->result.bytes *= call->result.value_class != OTRACE_VALUE_VOID;
	for (size_t i = 0; i < nr_args; i++) {
		struct ot_target_arg *arg = &made->args[call->nr_args];
		struct ot_err *err = take_value(program, &args[i], param_type(program, fn, type, i),
						arg, &made->bytes[i]);

		if (err)
			return in_argument(err, fn, i);
		if (arg->how.value_class == OTRACE_VALUE_VOID)
			continue;
		call->nr_args++;
		call->nr_fixed += i < prototype->nr_params || !prototype->more;
	}
	return NULL;
}

struct ot_err *ot_invoke_make(struct ot_program *program, const struct ot_fn *fn,
			      const struct ot_type *type, uint64_t address,
			      const struct ot_value *args, size_t nr_args,
			      struct ot_invocation *ret)
{
	struct ot_invocation made = {.call = {.fn = fn ? fn->record : 0, .address = address}};
	struct prototype prototype;
	struct ot_err *err;

	OT_TRY(find_prototype(fn, type, program, nr_args, &prototype));
	made.args = ot_alloc((nr_args + 1) * sizeof(*made.args));
	made.bytes = ot_alloc((nr_args + 1) * sizeof(*made.bytes)); /* a NULL behind them */
	made.call.args = made.args;
	made.result_type = prototype.result;
	made.result_lost = fn && fn->assumes & OTRACE_ASSUME_RESULT_DROPPED;
	err = fill(program, fn, type, args, nr_args, &prototype, &made);
	if (err) {
		ot_invocation_deinit(&made);
		return err;
	}
	*ret = made;
	return NULL;
}

void ot_invocation_deinit(struct ot_invocation *invocation)
{
	for (size_t i = 0; invocation->bytes && invocation->bytes[i]; i++)
		free(invocation->bytes[i]);
	free(invocation->bytes);
	free(invocation->args);
	*invocation = (struct ot_invocation){.bytes = NULL};
}

struct ot_err *ot_invoke_result(const struct ot_invocation *invocation, const char *name,
				const struct ot_target_done *done, struct ot_value *ret)
{
	const struct ot_type *type = invocation->result_type;

	if (done->status)
		return ot_err_new(OT_ERR_OTHER, "%s: %s", name,
				  ot_target_error_text((int)done->status));
	if (ot_type_is_void(type) || invocation->result_lost) {
		*ret = (struct ot_value){.type = type,
					 .state = ot_type_is_void(type) ? OT_VALUE_VOID
									: OT_VALUE_OPTIMIZED_OUT};
		return NULL;
	}
	ot_value_of_bytes(type, done->bytes, done->nr_bytes, ret);
	return NULL;
}

static struct ot_err *call_and_wait(struct ot_shell *shell, uint32_t thread,
				    unsigned int timeout_ms, const char *name,
				    const struct ot_invocation *invocation, struct ot_value *ret)
{
	struct ot_target_done done = {0};
	struct ot_err *err;
	uint32_t call;

	OT_TRY(ot_target_call(shell->target, &invocation->call, thread, &call));
	err = ot_session_await(shell, call, thread, timeout_ms, &done);
	if (err)
		return ot_err_prefix(err, "%s", name);
	err = ot_invoke_result(invocation, name, &done, ret);
	ot_target_done_deinit(&done);
	return err;
}

struct ot_err *ot_invoke_on(struct ot_shell *shell, uint32_t thread, unsigned int timeout_ms,
			    const struct ot_fn *fn, const struct ot_type *type, uint64_t address,
			    const struct ot_value *args, size_t nr_args, struct ot_value *ret)
{
	struct ot_invocation invocation;
	struct ot_err *err;

	if (shell->safe)
		return ot_err_new(OT_ERR_SAFE,
				  "calls are not allowed in safe mode (--unsafe when otrace "
				  "starts allows them)");
	OT_TRY(ot_invoke_make(shell->program, fn, type, address, args, nr_args, &invocation));
	err = call_and_wait(shell, thread, timeout_ms, fn ? fn->name : "the call", &invocation,
			    ret);
	ot_invocation_deinit(&invocation);
	return err;
}

uint32_t ot_invoke_thread(const struct ot_shell *shell, uint32_t tid)
{
	bool on_main = (pid_t)tid == ot_target_pid(shell->target);

	return on_main && ot_target_state(shell->target) == OT_TARGET_HELD ? OTRACE_CALL_MAIN : tid;
}

struct ot_err *ot_invoke(struct ot_shell *shell, const struct ot_fn *fn, const struct ot_type *type,
			 uint64_t address, const struct ot_value *args, size_t nr_args,
			 struct ot_value *ret)
{
	uint32_t thread = ot_invoke_thread(shell, ot_params_of(shell)->call_thread);

	return ot_invoke_on(shell, thread, OT_INVOKE_TIMEOUT_MS, fn, type, address, args, nr_args,
			    ret);
}
