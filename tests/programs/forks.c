// SPDX-License-Identifier: BSD-2-Clause
// fork, vfork and exec: a child computes, a child becomes this program again, a vfork child execs.
// The parent goes on exactly where it was. A child is not traced: what it calls is not seen.
// EXPECT {"function":"square","args":{"n":100},"value":10000,"count":50}
// EXPECT {"function":"in_child","calls":0}
// EXPECT {"function":"spawn_fork","calls":50}
// EXPECT {"function":"spawn_vfork","calls":20}
// EXPECT {"function":"exec_self","exit":"any"}
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

EXACT int square(int n)
{
	TOUCH();
	return n * n;
}

EXACT void in_child(int n)
{
	_exit(square(n) == n * n && !failures ? 40 + n : 1);
}

EXACT int wait_for(pid_t pid)
{
	int status = 0;

	TOUCH();
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

EXACT int spawn_fork(int n)
{
	pid_t pid = fork();

	TOUCH();
	if (pid == 0)
		in_child(n);
	return wait_for(pid);
}

EXACT void exec_self(char *const *environment)
{
	char *arguments[] = {"forks", NULL};

	TOUCH();
	execve("/proc/self/exe", arguments, environment);
}

/* Between vfork and execve the child runs on this very stack. */
EXACT int spawn_vfork(char *const *environment)
{
	pid_t pid = vfork();

	TOUCH();
	if (pid == 0) {
		exec_self(environment);
		_exit(2);
	}
	return wait_for(pid);
}

EXACT int spawn_exec(char *const *environment)
{
	pid_t pid = fork();

	TOUCH();
	if (pid == 0) {
		exec_self(environment);
		_exit(2);
	}
	return wait_for(pid);
}

static int second_life(void)
{
	return square(HIDE(9)) == 81 ? 43 : 1;
}

int main(void)
{
	if (getenv("FORKS_SECOND_LIFE"))
		return second_life();
	for (int i = 0; i < 50; i++) {
		CHECK(spawn_fork(HIDE(i)) == 40 + i);
		CHECK(square(HIDE(100)) == 10000);
	}
	setenv("FORKS_SECOND_LIFE", "1", 1);
	for (int i = 0; i < 20; i++)
		CHECK(spawn_vfork(environ) == 43);
	for (int i = 0; i < 5; i++)
		CHECK(spawn_exec(environ) == 43);
	FINISH("forks");
}
