/* SPDX-License-Identifier: BSD-2-Clause */
/** Writing where the reader may be gone, without the signal that tells so: inside a program it would end that. */
#ifndef OT_BASE_QUIET_H
#define OT_BASE_QUIET_H

#include <stddef.h>
#include <sys/types.h>

/** write(), but there is no SIGPIPE with EPIPE. */
ssize_t ot_quiet_write(int fd, const void *bytes, size_t nr);

#endif
