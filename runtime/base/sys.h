/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Raw system calls, as far as the runtime needs them: the program's errno stays as it is, and no
 * function of libc runs that the program may have replaced. All return -errno on failure.
 */
#ifndef OT_BASE_SYS_H
#define OT_BASE_SYS_H

#include <sys/syscall.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"

struct iovec;
struct msghdr;
struct pollfd;
struct timespec;

#define OT_SYS(nr, a, b, c, d, e, f) \
	ot_arch_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static inline long ot_sys_read(int fd, void *to, size_t bytes)
{
	return OT_SYS(SYS_read, fd, to, bytes, 0, 0, 0);
}

static inline long ot_sys_write(int fd, const void *from, size_t bytes)
{
	return OT_SYS(SYS_write, fd, from, bytes, 0, 0, 0);
}

static inline long ot_sys_pread(int fd, void *to, size_t bytes, uint64_t offset)
{
	return OT_SYS(SYS_pread64, fd, to, bytes, offset, 0, 0);
}

static inline long ot_sys_pwrite(int fd, const void *from, size_t bytes, uint64_t offset)
{
	return OT_SYS(SYS_pwrite64, fd, from, bytes, offset, 0, 0);
}

/**
 * Takes a new descriptor out of 0 to 2, which are free in a program that closed them: what it writes
 * to its standard output must not go into what is ours. An error goes through.
 */
static inline long ot_sys_not_std(long fd)
{
	long moved;

	if (fd < 0 || fd > 2)
		return fd;
	moved = OT_SYS(SYS_fcntl, fd, 1030 /* F_DUPFD_CLOEXEC */, 3, 0, 0, 0);
	OT_SYS(SYS_close, fd, 0, 0, 0, 0, 0);
	return moved;
}

static inline long ot_sys_open(const char *path, int flags, int mode)
{
	return OT_SYS(SYS_openat, -100 /* AT_FDCWD */, path, flags, mode, 0, 0);
}

static inline long ot_sys_close(int fd)
{
	return OT_SYS(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline long ot_sys_mmap(uint64_t at, size_t bytes, int prot, int flags, int fd, uint64_t off)
{
	return OT_SYS(SYS_mmap, at, bytes, prot, flags, fd, off);
}

static inline long ot_sys_munmap(void *at, size_t bytes)
{
	return OT_SYS(SYS_munmap, at, bytes, 0, 0, 0, 0);
}

static inline long ot_sys_mprotect(uint64_t at, size_t bytes, int prot)
{
	return OT_SYS(SYS_mprotect, at, bytes, prot, 0, 0, 0);
}

static inline long ot_sys_madvise(void *at, size_t bytes, int advice)
{
	return OT_SYS(SYS_madvise, at, bytes, advice, 0, 0, 0);
}

static inline long ot_sys_memfd_create(const char *name, unsigned flags)
{
	return ot_sys_not_std(OT_SYS(SYS_memfd_create, name, flags, 0, 0, 0, 0));
}

static inline long ot_sys_ftruncate(int fd, uint64_t bytes)
{
	return OT_SYS(SYS_ftruncate, fd, bytes, 0, 0, 0, 0);
}

static inline long ot_sys_fcntl(int fd, int command, long argument)
{
	return OT_SYS(SYS_fcntl, fd, command, argument, 0, 0, 0);
}

static inline long ot_sys_futex(uint32_t *word, int op, uint32_t value,
				const struct timespec *timeout)
{
	return OT_SYS(SYS_futex, word, op, value, timeout, 0, 0);
}

static inline long ot_sys_sigprocmask(int how, const uint64_t *set, uint64_t *old)
{
	return OT_SYS(SYS_rt_sigprocmask, how, set, old, 8, 0, 0);
}

static inline long ot_sys_membarrier(int command)
{
	return OT_SYS(SYS_membarrier, command, 0, 0, 0, 0, 0);
}

static inline long ot_sys_nanosleep(const struct timespec *time)
{
	return OT_SYS(SYS_nanosleep, time, 0, 0, 0, 0, 0);
}

static inline long ot_sys_clock_gettime(int clock, struct timespec *ret)
{
	return OT_SYS(SYS_clock_gettime, clock, ret, 0, 0, 0, 0);
}

static inline int ot_sys_getpid(void)
{
	return (int)OT_SYS(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline int ot_sys_gettid(void)
{
	return (int)OT_SYS(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

static inline uint32_t ot_sys_geteuid(void)
{
	return (uint32_t)OT_SYS(SYS_geteuid, 0, 0, 0, 0, 0, 0);
}

static inline long ot_sys_tgkill(int pid, int tid, int signal)
{
	return OT_SYS(SYS_tgkill, pid, tid, signal, 0, 0, 0);
}

static inline long ot_sys_prctl(int option, long a)
{
	return OT_SYS(SYS_prctl, option, a, 0, 0, 0, 0);
}

static inline long ot_sys_process_vm(int nr, int pid, const struct iovec *local, size_t nr_local,
				     const struct iovec *remote, size_t nr_remote)
{
	return OT_SYS(nr, pid, local, nr_local, remote, nr_remote, 0);
}

static inline long ot_sys_getdents(int fd, void *to, size_t bytes)
{
	return OT_SYS(SYS_getdents64, fd, to, bytes, 0, 0, 0);
}

static inline long ot_sys_getrlimit(int resource, uint64_t ret[2])
{
	return OT_SYS(SYS_prlimit64, 0, resource, 0, ret, 0, 0);
}

static inline long ot_sys_poll(struct pollfd *fds, unsigned nr, int timeout_ms)
{
	return OT_SYS(SYS_poll, fds, nr, timeout_ms, 0, 0, 0);
}

/** A thread of ours that a real-time thread of the program has made, and that nobody spins for. */
static inline void ot_sys_leave_real_time(void)
{
	long policy =
		OT_SYS(SYS_sched_getscheduler, 0, 0, 0, 0, 0, 0) & ~0x40000000l; /* RESET_ON_FORK */
	int priority = 0;

	if (policy == 1 /* FIFO */ || policy == 2 /* RR */ || policy == 6 /* DEADLINE */)
		OT_SYS(SYS_sched_setscheduler, 0, 0 /* OTHER */, &priority, 0, 0, 0);
}

static inline long ot_sys_yield(void)
{
	return OT_SYS(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

#endif
