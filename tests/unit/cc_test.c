/* SPDX-License-Identifier: BSD-2-Clause */
/* The compiler driver: what it adds for each kind of run. test-links: ot_cc */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell/cc/cc.h"

#define COMPILE                                                                  \
	"--start-no-unused-arguments -fpass-plugin=/p.so -grecord-command-line " \
	"-finstrument-function-entry-bare "
#define NO_DEBUG "-Xclang -debug-info-kind=constructor -Xclang -dwarf-version=5 "
#define END "--end-no-unused-arguments"
#define PLUGIN_AT_LINK " -Wl,--load-pass-plugin=/p.so"

/* Words of a line, split at blanks. */
static struct ot_cc_words split(const char *line)
{
	struct ot_cc_words words = {0};
	char *copy = strdup(line);
	char *rest;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		ot_cc_push(&words, word);
	free(copy);
	return words;
}

static char *join(char *const *words)
{
	char *line = strdup("");

	for (; *words; words++) {
		char *longer;

		assert_true(asprintf(&longer, "%s%s%s", line, *line ? " " : "", *words) >= 0);
		free(line);
		line = longer;
	}
	return line;
}

/* The plan for a line; returns the refusal, to be freed. */
static char *plan_for(const char *line, struct ot_cc_plan *plan)
{
	char name[] = "clang";
	char *compiler[] = {name, NULL};
	char *none[] = {NULL};
	struct ot_cc_words args = split(line);
	char *reason = ot_cc_plan(compiler, "/p.so", NULL, args.nr ? args.word : none, plan);

	ot_cc_words_deinit(&args);
	return reason;
}

/* The command for a line is "clang", what we add, and the line; "drop" says whether debug information goes. */
static void expect(const char *line, const char *added, bool drop)
{
	struct ot_cc_plan plan = {0};
	char *reason = plan_for(line, &plan);
	char *wanted;
	char *command;

	assert_null(reason);
	command = join(plan.argv);
	assert_true(asprintf(&wanted, "clang%s%s%s%s", *added ? " " : "", added, *line ? " " : "",
			     line) >= 0);
	assert_string_equal(command, wanted);
	assert_int_equal(plan.drop_debug, drop);
	free(wanted);
	free(command);
	ot_cc_plan_deinit(&plan);
}

static void compiling(void **state)
{
	(void)state;
	expect("-O2 -c a.c", COMPILE NO_DEBUG END, true);
	expect("-g -O2 -c a.c", COMPILE END, false);
	expect("a.c", COMPILE NO_DEBUG END, true);
	expect("-S a.c -o -", COMPILE NO_DEBUG END, true);
	expect("-x c -", COMPILE NO_DEBUG END, true);
	expect("-xc - -o x", COMPILE NO_DEBUG END, true);
	expect("-g a.c b.o", COMPILE END, false);
	expect("-emit-llvm -c a.cpp", COMPILE NO_DEBUG END, true);
}

static void debug_options(void **state)
{
	static const char *const on[] = {
		"-g",	  "-g3",   "-ggdb3",  "-gdwarf-4", "-gline-tables-only",
		"-g0 -g", "-gmlt", "--debug", "-glldb",	   "-gdwarf64"};
	static const char *const off[] = {
		"-g0",		 "-g -g0",     "-ggdb0",	   "-gz",
		"-gsplit-dwarf", "-gpubnames", "-gno-column-info", "-grecord-gcc-switches"};
	char line[100];

	(void)state;
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		snprintf(line, sizeof(line), "%s -c a.c", on[i]);
		expect(line, COMPILE END, false);
	}
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		snprintf(line, sizeof(line), "%s -c a.c", off[i]);
		expect(line, COMPILE NO_DEBUG END, true);
	}
}

static void nothing_compiled(void **state)
{
	(void)state;
	expect("", COMPILE NO_DEBUG END, false);
	expect("--version", COMPILE NO_DEBUG END, false);
	expect("-v", COMPILE NO_DEBUG END, false);
	expect("-E a.c", COMPILE NO_DEBUG END, false);
	expect("-M a.c", COMPILE NO_DEBUG END, false);
	expect("-fsyntax-only a.c", COMPILE NO_DEBUG END, false);
	expect("a.o b.a -lm -o x", COMPILE NO_DEBUG END, false);
	expect("-c a.s", COMPILE NO_DEBUG END, false);
	expect("-c a.S", COMPILE NO_DEBUG END, false);
	expect("-x assembler-with-cpp -c a.c", COMPILE NO_DEBUG END, false);
	expect("-c a.bc", COMPILE NO_DEBUG END, false);
}

static void mixed_inputs(void **state)
{
	(void)state;
	expect("a.o b.c c.s -o x", COMPILE NO_DEBUG END, true);
	expect("-x assembler a.s -x none b.c", COMPILE NO_DEBUG END, true);
}

static void internal_modes_are_untouched(void **state)
{
	(void)state;
	expect("-cc1 -emit-obj a.c", "", false);
	expect("-cc1as a.s", "", false);
	expect("-c -cc1 a.c", COMPILE NO_DEBUG END, true);
}

static void lto(void **state)
{
	(void)state;
	expect("-flto -c a.c", COMPILE NO_DEBUG END, true);
	expect("-flto -g a.c", COMPILE END " -fuse-ld=lld" PLUGIN_AT_LINK, false);
	expect("-flto=thin a.o b.o", COMPILE NO_DEBUG END " -fuse-ld=lld" PLUGIN_AT_LINK, false);
	expect("-flto -fuse-ld=lld a.o", COMPILE NO_DEBUG END PLUGIN_AT_LINK, false);
	expect("-flto --ld-path=/opt/ld.lld-19 a.o", COMPILE NO_DEBUG END PLUGIN_AT_LINK, false);
	expect("-flto -fno-lto a.o", COMPILE NO_DEBUG END, false);
	expect("-fno-lto -flto=full a.o", COMPILE NO_DEBUG END " -fuse-ld=lld" PLUGIN_AT_LINK,
	       false);
	expect("-flto -fuse-ld=bfd -fuse-ld= a.o",
	       COMPILE NO_DEBUG END " -fuse-ld=lld" PLUGIN_AT_LINK, false);
	/* bitcode may be in an archive */
	expect("-fuse-ld=lld a.a", COMPILE NO_DEBUG END PLUGIN_AT_LINK, false);
	expect("-fuse-ld=bfd a.o", COMPILE NO_DEBUG END, false);
	/* nothing to link: an option for the linker would be taken for an input */
	expect("-flto -v", COMPILE NO_DEBUG END, false);
	expect("-flto --version", COMPILE NO_DEBUG END, false);
	expect("-flto -E a.c", COMPILE NO_DEBUG END, false);
	expect("-flto -print-prog-name=ld a.c", COMPILE NO_DEBUG END, true);
	expect("-flto -Xlinker x.o", COMPILE NO_DEBUG END " -fuse-ld=lld" PLUGIN_AT_LINK, false);
}

static void lto_with_another_linker_is_refused(void **state)
{
	static const char *const lines[] = {"-flto -fuse-ld=bfd a.c",
					    "-flto=thin -fuse-ld=gold a.o",
					    "-flto --ld-path=/usr/bin/ld a.o",
					    "-flto -fuse-ld=lld --ld-path=/usr/bin/mold a.o"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct ot_cc_plan plan = {0};
		char *reason = plan_for(lines[i], &plan);

		assert_non_null(reason);
		assert_non_null(strstr(reason, "lld"));
		assert_null(plan.argv);
		free(reason);
	}
	expect("-flto -fuse-ld=bfd -c a.c", COMPILE NO_DEBUG END, true);
}

static void fat_lto_is_refused(void **state)
{
	struct ot_cc_plan plan = {0};
	char *reason = plan_for("-flto -ffat-lto-objects -c a.c", &plan);

	(void)state;
	assert_non_null(reason);
	assert_non_null(strstr(reason, "-ffat-lto-objects"));
	free(reason);
	expect("-ffat-lto-objects -c a.c", COMPILE NO_DEBUG END, true);
	expect("-flto -ffat-lto-objects -fno-fat-lto-objects -c a.c", COMPILE NO_DEBUG END, true);
	expect("-flto -ffat-lto-objects -E a.c", COMPILE NO_DEBUG END, false);
}

static void values_are_not_options(void **state)
{
	(void)state;
	expect("-o -c a.o", COMPILE NO_DEBUG END, false);
	expect("-o -g -c a.c", COMPILE NO_DEBUG END, true);
	expect("-Xlinker -flto a.o", COMPILE NO_DEBUG END, false);
	expect("-Xarch_host -g -c a.c", COMPILE NO_DEBUG END, true);
	expect("-include x.c a.o", COMPILE NO_DEBUG END, false);
	expect("-c a.c -o", COMPILE NO_DEBUG END, true);
}

/* A file with the text, whose name goes to @p path. */
static void write_temp(char path[], const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void response_files(void **state)
{
	char inner[] = "/tmp/otrace-cc-XXXXXX";
	char outer[] = "/tmp/otrace-cc-XXXXXX";
	char first[] = "x";
	char missing[] = "@/no/such/file";
	char *args[] = {first, NULL, missing, NULL};
	struct ot_cc_words words = {0};
	char text[200];
	char at[50];

	(void)state;
	write_temp(inner, "-g\n");
	snprintf(text, sizeof(text), "a\\ b 'c d'\t\"e \\\" f\"\n\n@%s g\"\"h", inner);
	write_temp(outer, text);
	snprintf(at, sizeof(at), "@%s", outer);
	args[1] = at;
	ot_cc_expand(&words, args);
	assert_int_equal(words.nr, 7);
	assert_string_equal(words.word[1], "a b");
	assert_string_equal(words.word[2], "c d");
	assert_string_equal(words.word[3], "e \" f");
	assert_string_equal(words.word[4], "-g");
	assert_string_equal(words.word[5], "gh");
	assert_string_equal(words.word[6], "@/no/such/file");
	ot_cc_words_deinit(&words);

	/* looked into, and passed on as it was written */
	snprintf(text, sizeof(text), "@%s -c a.c", inner);
	expect(text, COMPILE END, false);
	unlink(inner);
	unlink(outer);
}

static void response_file_that_names_itself(void **state)
{
	char path[] = "/tmp/otrace-cc-XXXXXX";
	struct ot_cc_words words = {0};
	char *args[] = {NULL, NULL};
	char at[50];

	(void)state;
	write_temp(path, "");
	snprintf(at, sizeof(at), "@%s", path);
	{
		FILE *file = fopen(path, "we");

		assert_non_null(file);
		fprintf(file, "%s -c", at);
		fclose(file);
	}
	args[0] = at;
	ot_cc_expand(&words, args);
	assert_true(words.nr > 1);
	ot_cc_words_deinit(&words);
	unlink(path);
}

static void plugin_beside_the_executable(void **state)
{
	char dir[] = "/tmp/otrace-cc-XXXXXX";
	struct ot_cc_words tried = {0};
	char path[100];
	char command[200];
	char *found;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/bin", dir);
	assert_null(ot_cc_find_plugin(path, &tried));
	assert_true(tried.nr >= 1);
	ot_cc_words_deinit(&tried);

	snprintf(command, sizeof(command), "cd %s && mkdir bin lib && : >lib/otrace.so", dir);
	assert_int_equal(system(command), 0);
	found = ot_cc_find_plugin(path, &tried);
	snprintf(path, sizeof(path), "%s/lib/otrace.so", dir);
	assert_string_equal(found, path);
	free(found);
	ot_cc_words_deinit(&tried);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiling),
		cmocka_unit_test(debug_options),
		cmocka_unit_test(nothing_compiled),
		cmocka_unit_test(mixed_inputs),
		cmocka_unit_test(internal_modes_are_untouched),
		cmocka_unit_test(lto),
		cmocka_unit_test(lto_with_another_linker_is_refused),
		cmocka_unit_test(fat_lto_is_refused),
		cmocka_unit_test(values_are_not_options),
		cmocka_unit_test(response_files),
		cmocka_unit_test(response_file_that_names_itself),
		cmocka_unit_test(plugin_beside_the_executable),
	};

	return cmocka_run_group_tests_name("cc", tests, NULL, NULL);
}
