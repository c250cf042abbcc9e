// SPDX-License-Identifier: BSD-2-Clause
// Is told of its own calls. Prints what callbacks got, and what the functions returned in spite of them.
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <otrace/otrace.h>

#define KEEP __attribute__((noinline, used))
#define TOUCH() __asm__ volatile("" : : : "memory")

static jmp_buf away;
static int jumps, depth, deepest, nr_calls, nr_returns;

KEEP int add(int a, int b)
{
	TOUCH();
	return a + b;
}

KEEP double scale(double x, int by)
{
	TOUCH();
	return x * by;
}

KEEP double sum(int nr, ...)
{
	va_list args;
	double total = 0;

	va_start(args, nr);
	while (nr--)
		total += va_arg(args, double);
	va_end(args);
	return total;
}

KEEP int leaf(int n)
{
	TOUCH();
	return n;
}

KEEP int other(int a, int b)
{
	TOUCH();
	return a * b;
}

/* Uses what calls use, calls what is traced, and leaves errno as no one wants it. */
static void spoil(void)
{
	volatile double x[8];

	for (int i = 0; i < 8; i++)
		x[i] = i * 1.25;
	__asm__ volatile("pxor %%xmm0, %%xmm0; pxor %%xmm1, %%xmm1; pxor %%xmm2, %%xmm2" : : : "xmm0", "xmm1", "xmm2");
	leaf((int)x[4]);
	errno = 99;
}

static void note(const char *what, const struct otrace_call_info *call)
{
	double number;

	if (++depth > deepest)
		deepest = depth;
	if (strcmp(call->function, "leaf") && strcmp(call->function, "work")) {
		printf("%s %s", what, call->function);
		for (unsigned i = 0; i < call->nr_words; i++)
			printf(" %d", (int)call->words[i]);
		if (!strcmp(call->function, "scale") || !strcmp(call->function, "sum")) {
			memcpy(&number, call->words, sizeof(number));
			printf(" (%g)", number);
		}
		printf(" ~%d\n", (int)call->seq);
	}
	spoil();
	depth--;
}

static void on_call(const struct otrace_call_info *call, void *context)
{
	*(int *)context += 1;
	if (jumps) {
		jumps--;
		longjmp(away, 1);
	}
	note("call", call);
}

static void on_return(const struct otrace_call_info *call, void *context)
{
	(void)context;
	nr_returns++;
	note("return", call);
}

static int is_serving;
static volatile int nr_edits, edits[2];

static void on_edit(const struct otrace_edit *edit, void *context)
{
	(void)context;
	if (is_serving && nr_edits < 2) {
		edits[nr_edits] = edit->replacement == (void *)other;
		nr_edits++;
		return;
	}
	printf("edit %s %s %d\n", edit->function, edit->replacement ? "to" : "back",
	       edit->replacement == (void *)other);
}

static void on_log(const char *line, void *context)
{
	(void)context;
	printf("log %s\n", line);
}

static const struct otrace_callbacks all = {.size_bytes = sizeof(all),
					    .context = &nr_calls,
					    .on_call = on_call,
					    .on_return = on_return,
					    .on_edit = on_edit,
					    .on_log = on_log};
static const struct otrace_callbacks short_one = {.size_bytes = 8};

KEEP void *work(void *unused)
{
	for (int i = 0; i < 5000; i++)
		if (leaf(i) != i)
			printf("wrong\n");
	return unused;
}

static void count_in_threads(void)
{
	pthread_t threads[4];

	nr_calls = nr_returns = 0;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < 1000; i++)
		otrace_set_callbacks(i % 2 ? &all : NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("threads done\n");
}

/* Until a shell has made two edits. */
static void serve(void)
{
	is_serving = 1;
	otrace_set_callbacks(&all);
	printf("serving\n");
	fflush(stdout);
	while (nr_edits < 2)
		usleep(1000);
	printf("edits %d %d\n", edits[0], edits[1]);
}

/* Is told what a shell looks at, brings one variable up to date then, and ends when told to. */
volatile int fresh, done;
static struct {
	int a, b;
} pair = {1, 2};
static int *volatile second = &pair.b;
static char accesses[4096];

static void on_access(const struct otrace_access *access, void *context)
{
	size_t used = strlen(accesses);

	(void)context;
	if (access->address == (void *)&fresh && !access->is_store)
		fresh++;
	snprintf(accesses + used, sizeof(accesses) - used, "%s %s %d\n", access->is_store ? "store" : "look",
		 access->name ? access->name : "-", (int)access->size_bytes);
}

static void be_looked_at(void)
{
	static const struct otrace_callbacks mine = {.size_bytes = sizeof(mine), .on_access = on_access};
	struct otrace_callbacks old = {.size_bytes = sizeof(old) - sizeof(void *)};

	printf("%d %d\n", otrace_set_callbacks(&old), otrace_set_callbacks(&mine));
	fflush(stdout);
	while (!done)
		usleep(1000);
	printf("%s%d %d\n", accesses, pair.a, *second);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "looked")) {
		be_looked_at();
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "serve")) {
		serve();
		return 0;
	}
	printf("set %d %d\n", otrace_set_callbacks(&short_one), otrace_set_callbacks(&all));
	errno = 5;
	printf("add %d", add(3, 4));
	printf(" errno %d\n", errno);
	printf("scale %g\n", scale(2.5, 4));
	printf("sum %g\n", sum(3, 1.0, 2.0, 4.5));
	jumps = 1;
	if (!setjmp(away))
		add(7, 8);
	printf("add %d\n", add(1, 1));
	printf("deepest %d of %d calls\n", deepest, nr_calls);
	printf("replace %d %d\n", otrace_replace((void *)add, (void *)other), add(5, 6));
	printf("restore %d %d\n", otrace_restore_all(), add(5, 6));
	count_in_threads();
	otrace_set_callbacks(&all);
	printf("trace %s\n", otrace_strerror(otrace_set_trace()));
	otrace_set_callbacks(NULL);
	printf("none %d\n", add(2, 2));
	return 0;
}
