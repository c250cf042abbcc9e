// SPDX-License-Identifier: BSD-2-Clause
// What a program may do under the runtime without ever hearing of it: told on standard input, one letter a line, and
// answers with a line. Arguments: libraries to load.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

static int (*in_library[2])(int n);

KEEP int price(int cents)
{
	__asm__ volatile("" : "+r"(cents));
	return cents + 1;
}

KEEP int cheap(int cents)
{
	__asm__ volatile("" : "+r"(cents));
	return cents;
}

int (*volatile kept)(int cents) = cheap;

/* Patched by the program itself: the byte behind the first is what it returns. */
__attribute__((naked, noinline)) int patched(void)
{
	__asm__("mov $1, %eax\n\tret");
}

/* What is mapped from here on lies side by side: no smaller gap is left above. */
static void fill_gaps(void)
{
	const size_t bytes = 4 * 4096;
	char *last = NULL;

	for (int neighbours = 0; neighbours < 16;) {
		char *next = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		neighbours = next + bytes == last ? neighbours + 1 : 0;
		last = next;
	}
}

static void libraries(char **paths)
{
	static const char *const names[] = {"first", "second"};

	fill_gaps();
	for (int i = 0; paths[i] && i < 2; i++) {
		void *library = dlopen(paths[i], RTLD_NOW | RTLD_LOCAL);

		in_library[i] = library ? (int (*)(int))(uintptr_t)dlsym(library, names[i]) : NULL;
	}
}

/* One in place of the other: mostly at its address, too. */
static void swap_libraries(char **paths)
{
	void *library = dlopen(paths[0], RTLD_NOW | RTLD_LOCAL);
	void *first = dlsym(library, "first"), *second;

	puts("first");
	getchar();
	dlclose(library);
	library = dlopen(paths[1], RTLD_NOW | RTLD_LOCAL);
	second = dlsym(library, "second");
	puts((uintptr_t)first / 4096 == (uintptr_t)second / 4096 ? "same place" : "another place");
}

static void open_text(void)
{
	uintptr_t page = (uintptr_t)patched & ~4095ul;

	printf("opened %d\n", mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static void patch(void)
{
	static unsigned char next = 5;

	((volatile unsigned char *)(uintptr_t)patched)[1] = ++next;
	printf("patched %d\n", patched() - next);
}

static int fork_inside(struct dl_phdr_info *info, size_t size, void *nr)
{
	pid_t child = fork();
	int status;

	(void)info;
	(void)size;
	if (!child)
		_exit(7);
	waitpid(child, &status, 0);
	*(int *)nr += WEXITSTATUS(status) == 7;
	return 1;
}

/* The loader's list is held while fork() waits for the runtime. */
static void forks_inside(void)
{
	int nr = 0;

	for (int i = 0; i < 50; i++) {
		dl_iterate_phdr(fork_inside, &nr);
		usleep(100);
	}
	printf("forked %d\n", nr);
}

/* The child stays until it is killed. */
static void child(void)
{
	pid_t child = fork();

	if (!child) {
		printf("%d %d\n", getpid(), price(6));
		pause();
	}
}

static void limit(rlim_t files)
{
	struct rlimit limit = {files, files};

	printf("limit %d\n", setrlimit(RLIMIT_NOFILE, &limit));
}

static void lock(int what)
{
	printf("locked %d\n", mlockall(what));
}

int main(int argc, char **argv)
{
	char line[16];

	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		switch (line[0]) {
		case 'a':
			printf("%d\n", price(6));
			break;
		case 'f':
			forks_inside();
			break;
		case 'i':
			libraries(argv + 1);
			puts("loaded");
			break;
		case 's':
			swap_libraries(argv + 1);
			break;
		case 'c':
			child();
			break;
		case '1':
		case '3':
			limit((rlim_t)(line[0] - '0'));
			break;
		case 'l':
			lock(MCL_CURRENT);
			break;
		case 'L':
			lock(MCL_CURRENT | MCL_FUTURE);
			break;
		case 'n':
			printf("%d %d\n", in_library[0](2), in_library[1](3));
			break;
		case 'o':
			open_text();
			break;
		case 'p':
			patch();
			break;
		case 'x':
			printf("mdwe %d\n", prctl(65 /* PR_SET_MDWE */, 1UL, 0UL, 0UL, 0UL));
			break;
		default:
			puts("?");
		}
	}
	return 0;
}
