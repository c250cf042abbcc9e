/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random conditions, compiled and run by the runtime's machine, and evaluated by the shell: both say the same. More
 * with EXPRESSIONS=1000000, others with EXPRESSIONS_SEED=7. test-links: oshell otrace_bytecode_inside
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "cond_session.h"
#include "expr/expr.h"

#define BIG_AT (FAKE_BYTES - 64u) /* behind all that the program has */

static uint64_t seed = 1;

static uint32_t some(uint32_t limit)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % limit;
}

/* ------------------------------------------------------------------ making them */

struct maker {
	struct ot_buf out;
	const char *fn;
	bool late;
};

static void add(struct maker *m, const char *text)
{
	ot_buf_adds(&m->out, text);
}

#define ONE_OF(m, ...)                 \
	add(m, ((const char *const[]){ \
		       __VA_ARGS__})[some(OT_NR(((const char *const[]){__VA_ARGS__})))])

static void make_number(struct maker *m, int depth);
static void make_pointer(struct maker *m, int depth);

static bool is_fn(const struct maker *m, const char *fn)
{
	return !strcmp(m->fn, fn);
}

static void make_node(struct maker *m)
{
	if (is_fn(m, "visit") && some(2))
		ONE_OF(m, "n", "n->next", "self", "n->next->next");
	else
		ONE_OF(m, "head", "(&first)", "wild", "null", "head->next", "first.next");
}

static void make_leaf(struct maker *m)
{
	if (m->late && !some(3)) {
		ONE_OF(m, "$errno", "$duration", "$errno", "$depth", "$thread");
		return;
	}
	if (m->late && is_fn(m, "add") && !some(3)) {
		add(m, "return");
		return;
	}
	switch (some(6)) {
	case 0:
		ONE_OF(m, "0", "1", "7", "-1", "2u", "0x7fffffff", "0x80000000", "4294967295",
		       "0xffffffffffffffff", "300", "'a'", "5l", "3ull", "-2147483648", "65536");
		break;
	case 1:
		ONE_OF(m, "counter", "color", "GREEN", "fixed", "st@other.c", "calls",
		       "sizeof(int)", "sizeof first");
		break;
	case 2:
		ONE_OF(m, "real", "0.5", "1e10", "2.0f", "-0.25", "1e300", "0.1");
		break;
	default:
		if (is_fn(m, "add")) {
			ONE_OF(m, "a", "b");
		} else if (is_fn(m, "say")) {
			ONE_OF(m, "big.d", "big.i", "f", "*text", "text[1]");
		} else {
			make_node(m);
			ONE_OF(m, "->id", "->a", "->b", "->name[1]", "->name[counter - 41]", ".id",
			       "[0].id", "->text[0]");
		}
	}
}

static void make_truth(struct maker *m, int depth)
{
	switch (some(6)) {
	case 0:
		make_pointer(m, depth - 1);
		ONE_OF(m, " == ", " != ", " < ", " >= ");
		make_pointer(m, depth - 1);
		break;
	case 1:
		make_node(m);
		ONE_OF(m, "->name", "->text", "->next->name", "->text + 1");
		ONE_OF(m, " == ", " != ");
		ONE_OF(m, "\"one\"", "\"hello\"", "\"two\"", "\"\"", "\"ello\"",
		       "\"one two tree\"");
		break;
	case 2:
		make_pointer(m, depth - 1);
		break;
	default:
		add(m, "(");
		make_number(m, depth - 1);
		add(m, ")");
		ONE_OF(m, " == ", " != ", " < ", " > ", " <= ", " >= ");
		add(m, "(");
		make_number(m, depth - 1);
		add(m, ")");
	}
}

static void make_pointer(struct maker *m, int depth)
{
	switch (depth > 0 ? some(6) : 0) {
	case 1:
		add(m, "(");
		make_pointer(m, depth - 1);
		ONE_OF(m, " + ", " - ");
		ONE_OF(m, "1", "fixed - 5", "(signed char)-1", "2u");
		add(m, ")");
		break;
	case 2:
		add(m, "(struct node *)(");
		make_pointer(m, depth - 1);
		add(m, ")");
		break;
	case 3:
		add(m, "(");
		make_truth(m, depth - 1);
		add(m, " ? ");
		make_node(m);
		add(m, " : ");
		ONE_OF(m, "0", "head", "&first");
		add(m, ")");
		break;
	default:
		make_node(m);
	}
}

static void make_pair(struct maker *m, int depth)
{
	add(m, "(");
	make_number(m, depth - 1);
	ONE_OF(m, " + ", " - ", " * ", " / ", " % ", " & ", " | ", " ^ ", " << ", " >> ",
	       " == ", " < ", " > ", " <= ", " >= ", " != ", " && ", " || ");
	make_number(m, depth - 1);
	add(m, ")");
}

static void make_number(struct maker *m, int depth)
{
	switch (depth > 0 ? some(10) : 0) {
	case 1:
	case 2:
	case 3:
	case 4:
		make_pair(m, depth);
		break;
	case 5:
		ONE_OF(m, "(char)", "(unsigned char)", "(short)", "(unsigned short)", "(int)",
		       "(unsigned int)", "(long)", "(unsigned long)", "(float)", "(double)",
		       "(_Bool)", "(enum color)", "(long long)");
		add(m, "(");
		make_number(m, depth - 1);
		add(m, ")");
		break;
	case 6:
		ONE_OF(m, "-", "~", "!", "+", "!!");
		add(m, "(");
		make_number(m, depth - 1);
		add(m, ")");
		break;
	case 7:
		add(m, "(");
		make_number(m, depth - 1);
		ONE_OF(m, " ? ", " ?: ");
		if (m->out.data[m->out.len - 2] == '?') {
			make_number(m, depth - 1);
			add(m, " : ");
		}
		make_number(m, depth - 1);
		add(m, ")");
		break;
	case 8:
		add(m, "(");
		make_truth(m, depth);
		add(m, ")");
		break;
	default:
		make_leaf(m);
	}
}

static void make_condition(struct maker *m)
{
	for (;;) {
		if (some(2))
			make_truth(m, 3);
		else
			make_number(m, 4);
		if (some(3))
			return;
		ONE_OF(m, " && ", " && ", " || ");
	}
}

/* ------------------------------------------------------------------ evaluating them */

struct call {
	struct session *s;
	const struct ot_fn *fn;
};

static void param_value(const struct call *call, uint32_t i, struct ot_value *ret)
{
	const struct ot_param *param = &call->fn->params[i];
	const uint8_t *frame = (const uint8_t *)call->s->frame;
	const uint8_t *at = frame + param->pieces[0].frame_offset;
	double number;
	float small;

	switch (param->pieces[0].kind) {
	case OTRACE_PIECE_INDIRECT:
		ot_value_at(param->type, *(const uint64_t *)at, ret);
		break;
	case OTRACE_PIECE_DOUBLE_TO_FLOAT:
		memcpy(&number, at, sizeof(number));
		small = (float)number;
		ot_value_of_bytes(param->type, &small, sizeof(small), ret);
		break;
	default:
		ot_value_of_bytes(param->type, at, param->pieces[0].size_bytes, ret);
	}
}

static bool our_name(const struct call *call, const char *name, struct ot_value *ret)
{
	struct ot_program *program = call->s->program;
	const struct ot_code_env *env = &call->s->env;
	const struct {
		const char *name;
		const char *type;
		uint64_t value;
	} all[] = {
		{"return", "int", call->s->frame[RESULT_WORD]},
		{"$errno", "int", (uint64_t)(int64_t)env->error},
		{"$duration", "unsigned long", env->duration_ns},
		{"$depth", "unsigned int", env->depth},
		{"$thread", "int", env->tid},
	};

	for (size_t i = 0; i < OT_NR(all); i++)
		if (!strcmp(name, all[i].name)) {
			ot_value_of_u64(ot_program_base(program, all[i].type), all[i].value, ret);
			return true;
		}
	return false;
}

static bool local(void *priv, const char *name, struct ot_value *ret, struct ot_err **err)
{
	const struct call *call = priv;

	*err = NULL;
	for (uint32_t i = 0; i < call->fn->nr_params; i++)
		if (!strcmp(name, call->fn->params[i].name) ||
		    (!strcmp(name, "self") && !i && !strcmp(call->fn->name, "visit"))) {
			param_value(call, i, ret);
			return true;
		}
	return our_name(call, name, ret);
}

/* YES, NO, FAULT; or, where it is no expression at all, the error. */
static struct ot_err *evaluate(struct session *s, const char *fn, const char *text,
			       enum ot_verdict *ret)
{
	struct call call = {.s = s, .fn = ot_program_fn(s->program, fn)};
	struct ot_expr_scope scope = {.program = s->program,
				      .fn = call.fn,
				      .file = call.fn->file,
				      .local = local,
				      .local_priv = &call};
	ot_auto_free char *whole = ot_asprintf("(%s) ? 1 : 0", text);
	ot_auto_value struct ot_value value = {0};
	ot_auto_err struct ot_err *err = ot_expr_value(&scope, whole, &value);
	uint64_t number = 0;

	*ret = OT_VERDICT_FAULT;
	if (err && (err->code == OT_ERR_FAULT || strstr(err->what, "division by zero") ||
		    strstr(err->what, "shifted by more")))
		return NULL;
	if (err)
		return ot_take(err);
	assert_true(ot_value_to_u64(&value, &number));
	*ret = number ? OT_VERDICT_YES : OT_VERDICT_NO;
	return NULL;
}

static const char *verdict_text(enum ot_verdict verdict)
{
	return verdict == OT_VERDICT_YES ? "yes" : verdict == OT_VERDICT_NO ? "no" : "fault";
}

/* ------------------------------------------------------------------ both */

struct counts {
	unsigned long all, refused, yes, no, fault, late;
};

static void set_frame(struct session *s, const char *fn)
{
	static const int32_t ints[] = {0, 1, -1, 7, 42, INT32_MAX, INT32_MIN, 1000};
	static const char *const nodes[] = {"first", "first", "first", "wild"};
	struct {
		double d;
		int32_t i;
	} big = {some(3) ? some(9) - 4.5 : 0, ints[some(8)]};
	double f = (double)some(100) / 7;

	memset(s->frame, 0x5a, sizeof(s->frame));
	memcpy(s->fake->data + BIG_AT, &big, sizeof(big));
	memcpy((void *)(FAKE_BASE + BIG_AT), &big, sizeof(big));
	s->frame[4] = (uint32_t)ints[some(8)];
	s->frame[5] = (uint32_t)ints[some(8)];
	if (!strcmp(fn, "visit"))
		s->frame[4] = address_of(s, nodes[some(4)]);
	if (!strcmp(fn, "say"))
		s->frame[4] = address_of(s, "first") + 4;
	s->frame[6] = FAKE_BASE + BIG_AT;
	memcpy(&s->frame[7], &f, sizeof(f));
	s->frame[RESULT_WORD] = (uint32_t)ints[some(8)];
	s->env.error = ints[some(5)];
	s->env.duration_ns = some(3) ? some(100) : 1ull << 40;
}

static void compare(struct session *s, const struct maker *m, struct counts *counts)
{
	const char *text = ot_buf_text(&m->out);
	enum ot_verdict wanted = OT_VERDICT_FAULT, got;
	ot_auto_err struct ot_err *wrong = evaluate(s, m->fn, text, &wanted);
	ot_auto_err struct ot_err *refused = NULL;
	struct ot_cond *cond = NULL;
	bool at_once = false;

	refused = ot_cond_compile(s->program, ot_program_fn(s->program, m->fn), text, &cond);
	counts->all++;
	if (refused) {
		counts->refused++;
		/* what is wrong in any case; what is too long; what fails whenever it is looked at */
		if (!wrong && !strstr(refused->what, "too ") && wanted != OT_VERDICT_FAULT &&
		    !strstr(refused->what, "zero") && !strstr(refused->what, "shifted"))
			fail_msg("%s: refused: %s", text, refused->what);
		return;
	}
	if (wrong)
		fail_msg("%s: not refused: %s", text, wrong->what);
	assert_sound(cond);
	if (cond->is_all) { /* "return" alone */
		ot_cond_destroy(cond);
		return;
	}
	got = run_call(s, cond, &at_once);
	counts->late += cond->is_late;
	counts->yes += got == OT_VERDICT_YES;
	counts->no += got == OT_VERDICT_NO;
	counts->fault += got == OT_VERDICT_FAULT;
	/* of what the end decides the beginning asks some things first: a fault may be a no */
	if (cond->is_late ? (got == OT_VERDICT_YES) != (wanted == OT_VERDICT_YES) : got != wanted)
		fail_msg("%s (%s): %s, not %s", text, m->fn, verdict_text(got),
			 verdict_text(wanted));
	ot_cond_destroy(cond);
}

static unsigned long wanted_number(const char *name, unsigned long usual)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : usual;
}

static void test_random(void **state)
{
	static const char *const fns[] = {"add", "visit", "say"};
	unsigned long nr = wanted_number("EXPRESSIONS", 10000);
	struct session *s = *state;
	struct counts counts = {0};

	seed = wanted_number("EXPRESSIONS_SEED", 1);
	for (unsigned long i = 0; i < nr; i++) {
		struct maker m = {.fn = fns[some(3)], .late = some(2)};

		make_condition(&m);
		set_frame(s, m.fn);
		compare(s, &m, &counts);
		ot_buf_deinit(&m.out);
	}
	printf("%lu: %lu refused, %lu yes, %lu no, %lu faults; %lu late\n", counts.all,
	       counts.refused, counts.yes, counts.no, counts.fault, counts.late);
	assert_true(counts.yes > nr / 10 && counts.no > nr / 10 && counts.fault > nr / 50 &&
		    counts.late > nr / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
