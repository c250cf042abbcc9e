// SPDX-License-Identifier: BSD-2-Clause
// A shell inside that writes to a pipe whose reader goes, or to a file whose number the program takes for its own.
#define _GNU_SOURCE
#include <fcntl.h>
#include <otrace/shell.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int counter = 5;

__attribute__((noinline)) int mark(int n)
{
	__asm__ volatile("" ::: "memory");
	return n + counter;
}

static void line(const char *text)
{
	char *err;

	otrace_execute(text, NULL, &err);
	printf("%s", err);
	free(err);
}

int main(int argc, char **argv)
{
	int reader = -1, mine = -1;
	struct stat st;

	if (argc < 4)
		return 2;
	mkfifo("pipe", 0600);
	if (!strcmp(argv[1], "pipe"))
		reader = open("pipe", O_RDONLY | O_NONBLOCK);
	line(argv[2]);
	line("trace mark");
	if (reader >= 0)
		close(reader);
	for (int fd = 3; reader < 0 && fd < 100; fd++)
		if (!fstat(fd, &st) && S_ISREG(st.st_mode))
			mine = dup2(open("mine", O_RDWR | O_CREAT | O_CLOEXEC, 0600), fd);
	mark(3);
	line("pr counter");
	line(argv[3]);
	printf("alive, %ld bytes of mine\n", mine < 0 || fstat(mine, &st) ? -1l : (long)st.st_size);
	return 0;
}
