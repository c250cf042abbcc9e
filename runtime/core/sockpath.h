/* SPDX-License-Identifier: BSD-2-Clause */
/** Where the socket is, and that nobody else can put one there. */
#ifndef OT_CORE_SOCKPATH_H
#define OT_CORE_SOCKPATH_H

#include <stddef.h>

#define OT_SOCKET_PATH_BYTES 108 /* of struct sockaddr_un */

/** The directories that the environment may name. NULL = not set. */
struct ot_socket_env {
	const char *otrace_dir;
	const char *xdg_runtime_dir;
};

/**
 * Makes and checks the directory, and gives the socket's path for this process.
 *
 * @param why_ret set to a text on failure
 * @return 0, or -errno
 */
long ot_socket_path(const struct ot_socket_env *env, char path[OT_SOCKET_PATH_BYTES],
		    const char **why_ret);

#endif
