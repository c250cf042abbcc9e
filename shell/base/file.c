// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clean.h"
#include "base/file.h"

/* Why it was not opened, from errno. */
static struct ot_err *why_not(bool links)
{
	if (errno == ELOOP && !links)
		return ot_err_new(OT_ERR_USAGE, "it is a symbolic link");
	if (errno == ENXIO)
		return ot_err_new(OT_ERR_USAGE, "it is not a file");
	return ot_err_new(errno == ENOENT ? OT_ERR_NOT_FOUND : OT_ERR_SYSTEM, "%s",
			  strerror(errno));
}

static struct ot_err *check_kind(int fd)
{
	struct stat info;

	if (fstat(fd, &info))
		return ot_err_new(OT_ERR_SYSTEM, "%s", strerror(errno));
	if (S_ISDIR(info.st_mode))
		return ot_err_new(OT_ERR_USAGE, "it is a folder");
	return S_ISREG(info.st_mode) ? NULL : ot_err_new(OT_ERR_USAGE, "it is not a file");
}

struct ot_err *ot_file_open(const char *path, bool links, int *fd_ret)
{
	int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (links ? 0 : O_NOFOLLOW));
	struct ot_err *err = fd < 0 ? why_not(links) : check_kind(fd);

	if (!err)
		*fd_ret = fd;
	else if (fd >= 0)
		close(fd);
	return err;
}
