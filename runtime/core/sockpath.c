/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/sys.h"
#include "core/sockpath.h"

static void write_directory(const struct ot_socket_env *env, struct ot_text *text)
{
	if (env->otrace_dir && env->otrace_dir[0]) {
		ot_text_add(text, env->otrace_dir);
	} else if (env->xdg_runtime_dir && env->xdg_runtime_dir[0]) {
		ot_text_add(text, env->xdg_runtime_dir);
		ot_text_add(text, "/otrace");
	} else {
		ot_text_add(text, "/tmp/otrace-");
		ot_text_add_u64(text, ot_sys_geteuid(), 10);
	}
}

/* A directory in /tmp may have been made by anybody before us. */
static long check_directory(const char *path, const char **why_ret)
{
	struct stat status;
	long error = OT_SYS(SYS_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW, 0, 0);

	*why_ret = "cannot be made";
	if (error)
		return error;
	*why_ret = "is not a directory";
	if (!S_ISDIR(status.st_mode)) /* NOLINT(clang-analyzer-core.*): the kernel wrote it */
		return -ENOTDIR;
	*why_ret = "belongs to another user";
	if (status.st_uid != ot_sys_geteuid())
		return -EPERM;
	*why_ret = "is open to others (mode must be 0700)";
	return status.st_mode & 077 ? -EPERM : 0;
}

long ot_socket_path(const struct ot_socket_env *env, char path[OT_SOCKET_PATH_BYTES],
		    const char **why_ret)
{
	struct ot_text text = {path, OT_SOCKET_PATH_BYTES, 0};
	long error;

	write_directory(env, &text);
	OT_SYS(SYS_mkdir, path, 0700, 0, 0, 0, 0);
	error = check_directory(path, why_ret);
	if (error)
		return error;
	*why_ret = "is too long for a socket's name";
	/* room for a slash and any process number */
	if (text.used_bytes + 12 > text.size_bytes)
		return -ENAMETOOLONG;
	ot_text_add(&text, "/");
	ot_text_add_u64(&text, (uint64_t)ot_sys_getpid(), 10);
	return 0;
}
