/* SPDX-License-Identifier: BSD-2-Clause */
/* test-links: oshell */
/* What contexts copy, worked out from the types of a program that is compiled here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "model/copyplan.h"

static const char source[] =
	"struct hidden;\n"
	"struct inner { long x; char *label; };\n"
	"struct item { char *name; struct item *next; struct inner in;\n"
	"              void *any; void (*fn)(int); union { char *u; long l; } un;\n"
	"              const char *tags[3]; struct hidden *h; char *flex[]; };\n"
	"struct big { char *s; long pad[6]; const struct inner *p; };\n"
	"struct huge { char bytes[100000]; char *end; };\n"
	"struct list { struct inner *items[100]; };\n"
	"typedef const struct inner inner_t;\n"
	"int one(struct item *it, const char *text) { return it && text; }\n"
	"int outs(long **pp, char **names, inner_t *in, long n) { return pp && names && in && n; }\n"
	"struct inner make(struct inner v) { return v; }\n"
	"long byval(struct big b) { return b.pad[0]; }\n"
	"struct big sret(int n) { struct big b = {0}; b.pad[0] = n; return b; }\n"
	"int none(void *p, struct hidden *h, void (*f)(void)) { return p || h || f; }\n"
	"const char *text(void) { return \"text\"; }\n"
	"int large(struct huge *h, struct list *l) { return h && l; }\n"
	"int many(long a, long b, long c, long d, long e, long f, long g, char *text,\n"
	"         struct inner *in, ...) { return a + b + c + d + e + f + g + !text + !in; }\n"
	"int main(void) {\n"
	"  struct inner v = {0}; struct big b = {0};\n"
	"  return one(0, 0) + outs(0, 0, 0, 0) + make(v).x + byval(b) + sret(1).pad[0] +\n"
	"         none(0, 0, 0) + !text() + large(0, 0) + many(1, 2, 3, 4, 5, 6, 7, 0, 0);\n"
	"}\n";

struct session {
	char dir[32];
	struct ot_target *target;
	struct ot_program *program;
};

/* The folder of the build that this test is from. */
static void find_build(char *ret, size_t bytes)
{
	ssize_t nr = readlink("/proc/self/exe", ret, bytes - 1);

	for (int i = 0; nr > 0 && i < 3; i++)
		*strrchr(ret, '/') = 0;
}

static void compile(struct session *s, const char *build)
{
	char command[2048];
	char path[64];
	FILE *file;

	strcpy(s->dir, "/tmp/otrace-plan-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(path, sizeof(path), "%s/p.c", s->dir);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(source, file);
	fclose(file);
	snprintf(command, sizeof(command), "cd %s && %s/bin/otrace cc -g -O0 -o p p.c", s->dir,
		 build);
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	struct session *s = ot_alloc(sizeof(*s));
	char build[600] = "";
	char path[700];

	*state = s;
	find_build(build, sizeof(build) - 100);
	snprintf(path, sizeof(path), "%s/lib/otrace.so", build);
	if (access(path, R_OK))
		return 0; /* this build has no compiler */
	compile(s, build);
	snprintf(path, sizeof(path), "%s/p", s->dir);
	assert_null(ot_target_file_open(path, &s->target));
	assert_null(ot_program_create(s->target, &s->program));
	return 0;
}

static struct session *session(void **state)
{
	struct session *s = *state;

	if (!s->program)
		skip();
	return s;
}

static int tear_down(void **state)
{
	struct session *s = *state;
	char command[100];

	if (s->program) {
		snprintf(command, sizeof(command), "rm -r %s", s->dir);
		assert_int_equal(system(command), 0);
		ot_program_destroy(s->program);
		ot_target_close(s->target);
	}
	free(s);
	return 0;
}

/* ------------------------------------------------------------------ plans as text */

static void add_targets(const struct ot_copy_plan *plan, const struct otrace_copy_pointer *from,
			uint32_t nr, struct ot_buf *out)
{
	const struct otrace_copy_pointer *pointers =
		plan->pointers + plan->nr_enter_roots + plan->nr_leave_roots;

	for (uint32_t i = 0; i < nr; i++) {
		const struct otrace_copy_layout *layout = &plan->layouts[from[i].layout];

		ot_buf_addf(out, i ? " %u:" : "%u:", from[i].offset);
		if (from[i].layout == OTRACE_COPY_STRING) {
			ot_buf_adds(out, "text");
			continue;
		}
		ot_buf_addf(out, "%u", layout->bytes);
		if (!layout->nr_pointers)
			continue;
		ot_buf_adds(out, "{");
		add_targets(plan, pointers + layout->first_pointer, layout->nr_pointers, out);
		ot_buf_adds(out, "}");
	}
}

/* What the runtime asks of a program (core/copies.c). */
static void assert_sound(const struct ot_copy_plan *plan)
{
	const struct otrace_copy_pointer *pointers =
		plan->pointers + plan->nr_enter_roots + plan->nr_leave_roots;

	assert_true(plan->nr_layouts <= OTRACE_COPY_LAYOUTS_MAX);
	assert_true(plan->nr_pointers <= OTRACE_COPY_POINTERS_MAX);
	for (uint32_t i = 0; i < plan->nr_layouts; i++) {
		const struct otrace_copy_layout *layout = &plan->layouts[i];

		assert_true(layout->bytes && layout->bytes <= OTRACE_COPY_BYTES_MAX);
		assert_true(layout->first_pointer + layout->nr_pointers <= plan->nr_pointers);
		for (uint32_t k = 0; k < layout->nr_pointers; k++) {
			const struct otrace_copy_pointer *p = &pointers[layout->first_pointer + k];

			assert_true(p->offset + 8 <= layout->bytes);
			assert_true(p->layout == OTRACE_COPY_STRING ||
				    (p->layout > i && p->layout < plan->nr_layouts));
		}
	}
}

/* The roots of the entry, a bar, those of the end. */
static void assert_plan(struct session *s, const char *fn, unsigned int depth, const char *wanted)
{
	const struct ot_fn *found = ot_program_fn(s->program, fn);
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	struct ot_copy_plan *plan;

	assert_non_null(found);
	plan = ot_copy_plan_create(found, depth, 4096);
	assert_sound(plan);
	assert_false(plan->is_cut);
	assert_int_equal(plan->stack_bytes, 4096);
	add_targets(plan, plan->pointers, plan->nr_enter_roots, &out);
	ot_buf_adds(&out, " | ");
	add_targets(plan, plan->pointers + plan->nr_enter_roots, plan->nr_leave_roots, &out);
	if (strcmp(out.data, wanted) != 0)
		fail_msg("%s at depth %u: %s, not %s", fn, depth, out.data, wanted);
	ot_copy_plan_destroy(plan);
}

/* ------------------------------------------------------------------ tests */

#define ITEM "88"

static void structs_and_strings(void **state)
{
	struct session *s = session(state);

	assert_plan(s, "one", 0, " | ");
	assert_plan(s, "one", 1, "32:" ITEM " 40:text | 32:" ITEM);
	/* name, next, in.label, the three tags; nothing else */
	assert_plan(s, "one", 2,
		    "32:" ITEM "{0:text 8:" ITEM
		    " 24:text 56:text 64:text 72:text} 40:text | 32:" ITEM "{0:text 8:" ITEM
		    " 24:text 56:text 64:text 72:text}");
}

static void pointers_to_pointers(void **state)
{
	struct session *s = session(state);

	/* const what lies behind: not again at the end. What is no pointer: not at all */
	assert_plan(s, "outs", 1, "32:8{0:8} 40:8{0:text} 48:16 | 32:8{0:8} 40:8{0:text}");
	assert_plan(s, "outs", 2, "32:8{0:8} 40:8{0:text} 48:16{8:text} | 32:8{0:8} 40:8{0:text}");
}

static void structs_by_value(void **state)
{
	struct session *s = session(state);

	assert_plan(s, "make", 1, "40:text | 40:text 56:text");
	assert_plan(s, "byval", 1, "32:64{0:text 56:16} | 32:64{0:text}");
	assert_plan(s, "byval", 2, "32:64{0:text 56:16{8:text}} | 32:64{0:text}");
	assert_plan(s, "sret", 1, " | 32:64{0:text 56:16}");
}

static void nothing_to_follow(void **state)
{
	struct session *s = session(state);

	assert_plan(s, "none", 3, " | ");
	assert_plan(s, "main", 3, " | ");
	/* a result is new, const or not */
	assert_plan(s, "text", 1, " | 32:text");
}

static void large_ones(void **state)
{
	struct session *s = session(state);

	assert_plan(s, "large", 1, "32:16384 40:800 | 32:16384 40:800");
	assert_plan(
		s, "large", 2,
		"32:16384 40:800{0:16 8:16 16:16 24:16 32:16 40:16 48:16 56:16 64:16 72:16 "
		"80:16 88:16 96:16 104:16 112:16 120:16} | 32:16384 40:800{0:16 8:16 16:16 24:16 "
		"32:16 40:16 48:16 56:16 64:16 72:16 80:16 88:16 96:16 104:16 112:16 120:16}");
}

static void arguments_on_the_stack(void **state)
{
	struct session *s = session(state);

	/* behind the address of the stack arguments */
	assert_plan(s, "many", 1, "80:24{8:text 16:16} | 80:24{8:text 16:16}");
}

/* A list with itself as the type of its members: each level has a layout, and no more. */
static void circles_end(void **state)
{
	struct session *s = session(state);
	const struct ot_fn *one = ot_program_fn(s->program, "one");

	for (unsigned int depth = 1; depth < 40; depth++) {
		struct ot_copy_plan *plan = ot_copy_plan_create(one, depth, 1 << 20);
		unsigned int levels = depth < OT_COPY_DEPTH_MAX ? depth : OT_COPY_DEPTH_MAX;

		assert_sound(plan);
		assert_int_equal(plan->nr_layouts, levels);
		assert_int_equal(plan->nr_pointers, 6 * (levels - 1));
		assert_int_equal(plan->stack_bytes, OTRACE_COPY_STACK_BYTES_MAX);
		ot_copy_plan_destroy(plan);
	}
}

static void as_a_payload(void **state)
{
	struct session *s = session(state);
	const struct ot_fn *one = ot_program_fn(s->program, "one");
	struct ot_copy_plan *plan = ot_copy_plan_create(one, 2, 512);
	ot_auto_buf struct ot_buf out = OT_BUF_INIT;
	struct otrace_rule rule = {0};

	ot_copy_plan_fill(plan, &rule);
	ot_copy_plan_add(plan, &out);
	assert_int_equal(rule.nr_enter_roots, 2);
	assert_int_equal(rule.nr_leave_roots, 1);
	assert_int_equal(rule.nr_pointers, 6);
	assert_int_equal(rule.nr_layouts, 2);
	assert_int_equal(rule.stack_bytes, 512);
	assert_int_equal(rule.max_bytes, OT_COPY_BYTES);
	assert_int_equal(out.len, (2 + 1 + 6) * 8 + 2 * 16);
	assert_int_equal(out.len, ot_copy_plan_bytes(plan));
	assert_int_equal(out.len % 8, 0);
	ot_copy_plan_destroy(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(structs_and_strings), cmocka_unit_test(pointers_to_pointers),
		cmocka_unit_test(structs_by_value),    cmocka_unit_test(nothing_to_follow),
		cmocka_unit_test(large_ones),	       cmocka_unit_test(arguments_on_the_stack),
		cmocka_unit_test(circles_end),	       cmocka_unit_test(as_a_payload),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
