// SPDX-License-Identifier: BSD-2-Clause
// A small shop. Without arguments it serves three customers and ends; see main for the others.
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define TOUCH() __asm__ volatile("" : : : "memory")

struct item {
	int number;
	const char *name;
};

struct shop {
	int customers;
	long long earned;
	struct item first;
};

struct shop shop = {0, 0, {7, "apple"}};
struct item *special = &shop.first;
struct item shelf[2];
int counter = 5;
volatile int stop;
static jmp_buf back;

KEEP int add(int a, int b)
{
	TOUCH();
	return a + b;
}

KEEP int multiply(int a, int b)
{
	TOUCH();
	return a * b;
}

KEEP int wrong_arguments(const char *text)
{
	TOUCH();
	return (int)strlen(text);
}

/* Never kept: inlined into its only caller. */
static inline __attribute__((always_inline)) int twice(int n)
{
	return n + n;
}

KEEP static int price(const struct item *item, int count)
{
	TOUCH();
	return item->number * add(count, 1);
}

KEEP void greet(const char *who)
{
	TOUCH();
	printf("hello %s\n", who);
}

KEEP int fact(int n)
{
	TOUCH();
	return n < 2 ? 1 : n * fact(n - 1);
}

KEEP double half(double d)
{
	TOUCH();
	return d / 2;
}

KEEP void jump(int how)
{
	TOUCH();
	if (how)
		longjmp(back, how);
}

KEEP void serve(const char *who)
{
	shop.customers++;
	greet(who);
	shop.earned += price(&shop.first, twice(shop.customers));
	counter++;
}

KEEP void tick(int n)
{
	TOUCH();
	counter = n;
}

KEEP int like_main(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("[%s]", i ? argv[i] : "name");
	printf("\n");
	return argc;
}

KEEP int snooze(int seconds, int n)
{
	static volatile int naps;

	naps++;
	sleep((unsigned int)seconds);
	return n;
}

/* Until somebody stops it. */
static void work(void)
{
	for (int n = 0; !stop; n++) {
		tick(n);
		usleep(1000);
	}
}

static void burn(long times)
{
	for (long i = 0; i < times; i++)
		tick((int)i);
}

static void load_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);
	int (*late)(int) = library ? (int (*)(int))dlsym(library, "late_added") : NULL;

	if (late)
		printf("late %d\n", late(20));
	else
		printf("%s\n", dlerror());
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *number = argc > 2 ? argv[2] : "0";

	if (!strcmp(what, "like_main"))
		return like_main(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "work"))
		work();
	else if (!strcmp(what, "burn"))
		burn(atol(number));
	else if (!strcmp(what, "load"))
		load_library(number);
	else if (!strcmp(what, "jump") && !setjmp(back))
		jump(3);
	else if (!strcmp(what, "kill"))
		kill(getpid(), atoi(number));
	else if (!strcmp(what, "chatter"))
		for (int i = 0; i < atoi(number); i++)
			printf("line %d\n", i);
	else if (!strcmp(what, "ask"))
		printf("half a line"), fflush(stdout), usleep(20000), printf(" more\n"), printf("name? "),
			fflush(stdout), pause();
	else if (!strcmp(what, "read"))
		printf("got %d\n", getchar());
	else if (!strcmp(what, "exec"))
		execlp("sh", "sh", "-c", "exit 9", NULL);
	serve("ann");
	serve("bob");
	serve("cleo");
	printf("%d %g %d\n", fact(5), half(3), multiply(6, 7) + wrong_arguments("four"));
	return !strcmp(what, "exit") ? atoi(number) : 0;
}
