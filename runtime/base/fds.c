/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "base/fds.h"
#include "base/mem.h"
#include "base/sys.h"

#define UNSHARE_FDS 2u /* CLOSE_RANGE_UNSHARE, where the header does not have it */

#define CLOSE_AT_MOST (1u << 20) /* a limit may be "none" */

/* Closes what one pass over the directory names, but the directory itself. */
static bool close_named(int directory, int first)
{
	char buffer[1024] __attribute__((aligned(8)));
	bool closed = false;
	long got;

	while ((got = ot_sys_getdents(directory, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(buffer + at);
			int fd = (int)ot_parse_u64(entry->d_name, 10, NULL);

			if (entry->d_name[0] != '.' && fd >= first && fd != directory)
				closed |= !ot_sys_close(fd);
			at += entry->d_reclen;
		}
	}
	return closed;
}

/* Before Linux 5.9: by name. A pass may miss what moves up while it closes. */
static long close_by_name(int first)
{
	bool closed;

	do {
		long directory = ot_sys_open("/proc/thread-self/fd", O_RDONLY | O_DIRECTORY, 0);

		if (directory < 0)
			return directory;
		closed = close_named((int)directory, first);
		ot_sys_close((int)directory);
	} while (closed);
	return 0;
}

static void close_by_number(int first)
{
	uint64_t limit[2] = {0, 0};

	ot_sys_getrlimit(RLIMIT_NOFILE, limit);
	for (int fd = first; fd < (int)ot_smaller(limit[0], CLOSE_AT_MOST); fd++)
		ot_sys_close(fd);
}

void ot_fds_close_from(int first)
{
	if (OT_SYS(SYS_close_range, first, ~0u, 0, 0, 0, 0) && close_by_name(first))
		close_by_number(first);
}

static long leave_slowly(void)
{
	long error = OT_SYS(SYS_unshare, CLONE_FILES, 0, 0, 0, 0, 0);

	return error ? error : close_by_name(0);
}

long ot_fds_leave(void)
{
	long error = OT_SYS(SYS_close_range, 0, ~0u, UNSHARE_FDS, 0, 0, 0);

	/* unshare is refused in many containers, where close_range is not */
	if (error)
		error = leave_slowly();
	/* what writes to standard error all the same must not find a socket there */
	for (int i = 0; i < 3 && !error; i++)
		ot_sys_open("/dev/null", O_RDWR | O_CLOEXEC, 0);
	return error;
}
