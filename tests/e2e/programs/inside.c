// SPDX-License-Identifier: BSD-2-Clause
// The shell inside the program, as a unit test uses it: a static function is replaced by its name, what
// calls it is called, and everything is put back.
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <otrace/shell.h>

#define KEEP __attribute__((noinline, used))
#define TOUCH() __asm__ volatile("" : : : "memory")

struct account { int born; const char *owner; } account = {1990, "ann"};

static volatile int year = 2026;
KEEP static int clock_year(void) { TOUCH(); return year; }
KEEP static int fake_year(void) { TOUCH(); return year - 26; }
KEEP static int age_of(const struct account *of) { TOUCH(); return clock_year() - of->born; }

static char *out, *err;

static int execute(const char *line)
{
	int failed;

	free(out);
	free(err);
	failed = otrace_execute(line, &out, &err);
	printf("%s -> %d\n%s%s", line, failed, out, err);
	fflush(stdout);
	return failed;
}

/* Of the shell: its connection, processes that it watches, program files that it reads. */
static int nr_shell_files(void)
{
	char name[64], link[4096], program[4096];
	int nr = 0;

	program[readlink("/proc/self/exe", program, sizeof(program) - 1)] = '\0';
	for (int fd = 3; fd < 64; fd++) {
		ssize_t bytes;

		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		bytes = readlink(name, link, sizeof(link) - 1);
		link[bytes < 0 ? 0 : bytes] = '\0';
		nr += strstr(link, "socket:") || strstr(link, "pidfd") || !strcmp(link, program);
	}
	return nr;
}

static int files[8];

/* As daemons do. */
static void take_all_numbers(void)
{
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	for (int i = 0; i < 8; i++)
		files[i] = open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static int nr_files_lost(void)
{
	int nr = 0;

	for (int i = 0; i < 8; i++)
		nr += write(files[i], "x", 1) != 1;
	return nr;
}

static void in_a_child_with_files_of_its_own(void)
{
	int status = 0;

	assert(nr_shell_files() > 2);
	if (!fork()) {
		int left = nr_shell_files(), bad;

		take_all_numbers();
		bad = otrace_execute("call age_of &account", &out, &err) || strcmp(out, "36\n") != 0;
		otrace_execute_end();
		_exit(bad | left << 1 | nr_files_lost() << 4);
	}
	wait(&status);
	printf("child with files %#x\n", status);
}

/* A program that has taken the numbers itself loses none of its files either, nor do its children. */
static void with_the_numbers_taken(void)
{
	int status = 0;

	assert(!execute("pr 1"));
	take_all_numbers();
	if (!fork())
		_exit(nr_files_lost());
	wait(&status);
	otrace_execute_end();
	printf("numbers taken %#x %d\n", status, nr_files_lost());
}

/* A child has a shell of its own, and its parent's stays. */
static void in_a_child(void)
{
	int status = 0;

	if (!fork()) {
		int bad = otrace_execute("call age_of &account", &out, &err) || strcmp(out, "36\n") != 0;

		_exit(bad);
	}
	wait(&status);
	printf("child %d\n", WEXITSTATUS(status));
}

static void *wait_a_while(void *unused)
{
	(void)unused;
	assert(!otrace_execute("pipe pr account | sleep 1", NULL, NULL));
	return NULL;
}

/* The line that another thread runs stays behind: it does not keep the child out, nor the fork waiting. */
static void in_a_child_while_a_line_runs(void)
{
	pthread_t thread;
	int status = 0;

	pthread_create(&thread, NULL, wait_a_while, NULL);
	usleep(300000);
	if (!fork()) {
		int left = nr_shell_files(), bad;

		alarm(20);
		bad = left << 1;
		bad |= otrace_execute("call age_of &account", &out, &err) || strcmp(out, "36\n") != 0;
		otrace_execute_end();
		_exit(bad);
	}
	wait(&status);
	printf("child of a running line %#x\n", status);
	pthread_join(thread, NULL);
}

/* Nobody but this thread could let it go on. */
static void at_a_break(void)
{
	assert(!execute("set break_timeout 0; trace -a break clock_year"));
	assert(age_of(&account) == 36);
	assert(execute("call age_of &account") && strstr(err, "waits at a break"));
	assert(age_of(&account) == 36);
	assert(!execute("resume; untrace all"));
	otrace_execute_end();
}

int main(void)
{
	assert(!execute("pr account.owner"));
	assert(!execute("call age_of &account") && !strcmp(out, "36\n"));
	assert(!execute("patch clock_year with fake_year") && age_of(&account) == 10);
	assert(!execute("call age_of &account") && !strcmp(out, "10\n"));
	assert(execute("call no_such; call nothing_here; pr 1 + 1") == 2 && !strcmp(out, "2\n"));
	assert(!execute("unpatch clock_year") && age_of(&account) == 36);
	assert(!execute("trace age_of"));
	age_of(&account);
	assert(!execute("pr 1") && strstr(err, "return 36"));
	/* what commands of the machine write is kept too */
	assert(!execute("ls /osh/globals/account | wc -l") && atoi(out) == 2);
	assert(!execute("ls /osh/globals/account | sh -c 'echo seen >&2; tail -1'"));
	assert(!strcmp(out, "owner\n") && !strcmp(err, "seen\n"));
	assert(!execute("cd /; pwd | tr / x") && !strcmp(out, "x\n"));
	assert(!execute("cd /osh/globals"));
	in_a_child();
	in_a_child_with_files_of_its_own();
	in_a_child_while_a_line_runs();
	assert(!execute("patch clock_year with fake_year"));
	otrace_execute_end();
	assert(age_of(&account) == 36);
	assert(!execute("cd /osh/globals/account; ls; quit"));
	assert(!execute("pwd") && strstr(out, "/osh/globals\n")); /* a new one */
	otrace_execute_end();
	at_a_break();
	with_the_numbers_taken();
	free(out);
	free(err);
	puts("done");
	return 0;
}
