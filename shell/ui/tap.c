/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/ownfd.h"
#include "base/quiet.h"
#include "ui/tap.h"

struct ot_tap {
	char *path; /* "" = none */
	int fd;
	int broken; /* errno of a write; until the file is set again */
	uint64_t lost_bytes;
	bool said;
	ot_tap_fn *fn;
	void *context;
	bool is_in_fn; /* it prints something itself */
};

struct ot_tap *ot_tap_create(void)
{
	struct ot_tap *tap = ot_alloc(sizeof(*tap));

	tap->fd = -1;
	tap->path = ot_strdup("");
	return tap;
}

void ot_tap_destroy(struct ot_tap *tap)
{
	if (!tap)
		return;
	ot_ownfd_close(tap->fd);
	free(tap->path);
	free(tap);
}

static bool is_open(const struct ot_tap *tap, const char *path)
{
	struct stat ours, there;

	if (strcmp(path, tap->path) != 0)
		return false;
	return !*path || (!fstat(tap->fd, &ours) && !stat(path, &there) &&
			  ours.st_dev == there.st_dev && ours.st_ino == there.st_ino);
}

struct ot_err *ot_tap_set_file(struct ot_tap *tap, const char *path)
{
	int fd = -1;

	if (is_open(tap, path))
		return NULL;
	/* not to wait for who reads a pipe */
	if (*path)
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			  0666);
	if (*path && fd < 0)
		return ot_err_new(OT_ERR_SYSTEM, "cannot append to %s: %s", path,
				  errno == ENXIO ? "nobody reads the pipe" : strerror(errno));
	if (*path && (fd = ot_ownfd_take(fd)) < 0)
		return ot_err_new(OT_ERR_SYSTEM, "cannot append to %s: %s", path, strerror(errno));
	ot_ownfd_close(tap->fd);
	tap->fd = fd;
	free(tap->path);
	tap->path = ot_strdup(path);
	tap->broken = 0;
	tap->lost_bytes = 0;
	tap->said = false;
	return NULL;
}

void ot_tap_set_fn(struct ot_tap *tap, ot_tap_fn *fn, void *context)
{
	tap->fn = fn;
	tap->context = context;
}

static void write_file(struct ot_tap *tap, const char *text, size_t bytes)
{
	while (bytes && !tap->broken) {
		ssize_t n = ot_quiet_write(tap->fd, text, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			tap->broken = errno;
		text += n < 0 ? 0 : n;
		bytes -= n < 0 ? 0 : (size_t)n;
	}
	tap->lost_bytes += bytes;
}

void ot_tap_write(struct ot_tap *tap, const char *text, size_t bytes, bool is_error)
{
	/* inside a program the number may be another's file by now */
	if (bytes && tap->fd >= 0 && ot_ownfd_is(tap->fd))
		write_file(tap, text, bytes);
	if (!bytes || !tap->fn || tap->is_in_fn)
		return;
	tap->is_in_fn = true;
	tap->fn(text, bytes, is_error, tap->context);
	tap->is_in_fn = false;
}

bool ot_tap_news(struct ot_tap *tap, struct ot_buf *out)
{
	if (!tap->lost_bytes || tap->said)
		return false;
	tap->said = true;
	ot_buf_addf(out, "echo_file %s: %s; parts of the copy are lost until it is set again",
		    tap->path, tap->broken ? strerror(tap->broken) : "its reader is too slow");
	return true;
}
