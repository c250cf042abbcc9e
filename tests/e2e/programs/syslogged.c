// SPDX-License-Identifier: BSD-2-Clause
// Preloaded into the shell: what it tells the system's log goes to the file $SYSLOGGED.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

static void note(int priority, const char *format, va_list args)
{
	const char *path = getenv("SYSLOGGED");
	FILE *file = path ? fopen(path, "a") : NULL;

	if (!file)
		return;
	fprintf(file, "%d ", priority);
	vfprintf(file, format, args);
	fputc('\n', file);
	fclose(file);
}

void syslog(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(priority, format, args);
	va_end(args);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	note(priority, format, args);
	va_end(args);
}
