// SPDX-License-Identifier: BSD-2-Clause
// A program that does what it is told on standard input, one letter a line, and answers with a line.
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))
#define HIDE(value)                                  \
	({                                           \
		__typeof__(value) hidden = (value);  \
		__asm__ volatile("" : "+r"(hidden)); \
		hidden;                              \
	})

__thread int mine = 7;
static jmp_buf out;

KEEP int add(int a, int b)
{
	return HIDE(a) + b;
}

KEEP size_t length(const char *text, size_t most)
{
	return (size_t)HIDE(text) & 1 ? most : most + 1;
}

KEEP long double scale(int nr, ...)
{
	long double sum = 0;
	va_list list;

	va_start(list, nr);
	for (int i = 0; i < nr; i++)
		sum += va_arg(list, double) * va_arg(list, int);
	va_end(list);
	return sum;
}

KEEP int greet(const char *name, double weight)
{
	return printf("hello %s %g\n", HIDE(name), weight);
}

KEEP int deep(int n)
{
	char room[64];

	if (n == 0)
		longjmp(out, 1);
	return deep(HIDE(n) - 1) + (HIDE(&room[0]) == NULL);
}

KEEP int down(int n)
{
	return n ? HIDE(down(HIDE(n) - 1)) + 1 : 0;
}

KEEP void *in_thread(void *n)
{
	mine = add(mine, 1);
	return (void *)(long)down((int)(long)n);
}

static void jump(void)
{
	if (!setjmp(out))
		deep(10);
	printf("%d\n", add(1, 1));
}

static void wild(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t sum = 0;

	memset(page, 'x', 8192);
	mprotect(page + 4096, 4096, PROT_NONE);
	errno = 77;
	sum += length((char *)16, 1) + length(NULL, 2) + length((char *)-1, 3) +
	       length(page + 4090, 4);
	sum += length("literal", 5) + length(page + 4096, 6);
	printf("%zu errno %d\n", sum, errno);
	munmap(page, 8192);
}

static void small_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	void *result;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	pthread_create(&thread, &attr, in_thread, (void *)50);
	pthread_join(thread, &result);
	printf("%ld\n", (long)result);
}

static void child(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(add(40, 2));
	waitpid(pid, &status, 0);
	printf("%d\n", WEXITSTATUS(status));
}

static void load(void *(*handle)[1], char what)
{
	if (what == 'o') {
		(*handle)[0] = dlopen(getenv("SUBJECT_LIBRARY"), RTLD_NOW);
		printf("%s\n", (*handle)[0] ? "loaded" : dlerror());
		return;
	}
	if (what == 'u') {
		int (*plugin)(int) = (int (*)(int))dlsym((*handle)[0], "plugin");

		printf("%d\n", plugin(3));
		return;
	}
	printf("closed %d\n", dlclose((*handle)[0]));
}

int main(void)
{
	void *handle[1] = {NULL};
	char line[16];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		switch (line[0]) {
		case 'a':
			printf("%d\n", add(3, 4));
			break;
		case 'v':
			printf("%Lg\n",
			       scale(12, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8,
				     8.5, 9, 9.5, 10, 10.5, 11, 11.5, 12, 12.5, 13));
			break;
		case 'j':
			jump();
			break;
		case 'w':
			wild();
			break;
		case 't':
			small_thread();
			break;
		case 'f':
			child();
			break;
		case 'm':
			printf("mdwe %d\n", prctl(65 /* PR_SET_MDWE */, 1UL, 0UL, 0UL, 0UL));
			break;
		case 'e':
			printf("%s %s\n", getenv("OTRACE") ? "OTRACE" : "-",
			       getenv("LD_PRELOAD") ? getenv("LD_PRELOAD") : "-");
			break;
		default:
			load(&handle, line[0]);
		}
	}
	printf("mine %d %p\n", mine, (void *)&mine);
	return greet("end", 1) != 12;
}
