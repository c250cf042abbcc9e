/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>

#include "base/fds.h"
#include "base/mem.h"
#include "base/sys.h"

#define UNSHARE_FDS 2u /* CLOSE_RANGE_UNSHARE, where the header does not have it */

/* Closes what one pass over the directory names, but the directory itself. */
static bool close_named(int directory)
{
	char buffer[1024] __attribute__((aligned(8)));
	bool closed = false;
	long got;

	while ((got = ot_sys_getdents(directory, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(buffer + at);
			int fd = (int)ot_parse_u64(entry->d_name, 10, NULL);

			if (entry->d_name[0] != '.' && fd != directory)
				closed |= !ot_sys_close(fd);
			at += entry->d_reclen;
		}
	}
	return closed;
}

/* Before Linux 5.9: by name. */
static long leave_slowly(void)
{
	long error = OT_SYS(SYS_unshare, CLONE_FILES, 0, 0, 0, 0, 0);
	bool closed;

	if (error)
		return error;
	do {
		long directory = ot_sys_open("/proc/thread-self/fd", O_RDONLY | O_DIRECTORY, 0);

		if (directory < 0)
			return directory;
		closed = close_named((int)directory);
		ot_sys_close((int)directory);
	} while (closed);
	return 0;
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
