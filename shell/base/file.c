// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/file.h"

struct ot_err *ot_file_open(const char *path, bool links, int *fd_ret)
{
	ot_auto_close int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (links ? 0 : O_NOFOLLOW));
	struct stat info;

	if (fd < 0 && errno == ELOOP && !links)
		return ot_err_new(OT_ERR_USAGE, "it is a symbolic link");
	if (fd < 0 && errno == ENXIO)
		return ot_err_new(OT_ERR_USAGE, "it is not a file");
	if (fd < 0 || fstat(fd, &info))
		return ot_err_new(errno == ENOENT ? OT_ERR_NOT_FOUND : OT_ERR_SYSTEM, "%s",
				  strerror(errno));
	if (!S_ISREG(info.st_mode))
		return ot_err_new(OT_ERR_USAGE, "it is %s",
				  S_ISDIR(info.st_mode) ? "a folder" : "not a file");
	*fd_ret = fd;
	fd = -1;
	return NULL;
}
