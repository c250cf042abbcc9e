/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/ownfd.h"

/* A file for each module that is looked at, and a few more. */
#define NR_OWN 1024

/* One at a time changes them, but a fork by another thread may come between any two stores. */
static struct {
	dev_t device;
	ino_t inode;
	int fd;
	bool taken;
} own[NR_OWN];

int ot_ownfd_take(int fd)
{
	struct stat st;

	if (fd < 0)
		return -1;
	for (size_t i = 0; i < OT_NR(own) && !fstat(fd, &st); i++) {
		if (own[i].taken)
			continue;
		own[i].device = st.st_dev;
		own[i].inode = st.st_ino;
		own[i].fd = fd;
		__atomic_store_n(&own[i].taken, true, __ATOMIC_RELEASE);
		return fd;
	}
	close(fd);
	errno = EMFILE;
	return -1;
}

static bool is_there_yet(size_t i)
{
	struct stat st;

	return !fstat(own[i].fd, &st) && st.st_dev == own[i].device && st.st_ino == own[i].inode &&
	       fcntl(own[i].fd, F_GETFD) == FD_CLOEXEC;
}

bool ot_ownfd_is(int fd)
{
	for (size_t i = 0; i < OT_NR(own) && fd >= 0; i++)
		if (own[i].taken && own[i].fd == fd)
			return is_there_yet(i);
	return false;
}

/* Given away before it is closed: what is open for a moment longer in a child hurts less than another's file closed. */
static void give_away(size_t i)
{
	bool there = is_there_yet(i);

	__atomic_store_n(&own[i].taken, false, __ATOMIC_RELEASE);
	if (there)
		close(own[i].fd);
}

void ot_ownfd_close(int fd)
{
	for (size_t i = 0; i < OT_NR(own) && fd >= 0; i++)
		if (own[i].taken && own[i].fd == fd)
			give_away(i);
}

void ot_ownfd_close_all(void)
{
	for (size_t i = 0; i < OT_NR(own); i++)
		if (__atomic_load_n(&own[i].taken, __ATOMIC_ACQUIRE))
			give_away(i);
}
