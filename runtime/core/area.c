/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/thread.h"

struct otrace_area *ot_area;
int ot_area_fd = -1;
int ot_area_pid;
static uint64_t mapped_bytes;

#define RINGS_OFFSET (2 * OT_PAGE_BYTES)

static uint64_t power_of_two(uint64_t bytes, uint64_t low, uint64_t high)
{
	uint64_t power = low;

	while (power < bytes && power < high)
		power *= 2;
	return power;
}

/* The file must not get larger than the limit allows: writing there would raise SIGXFSZ. */
static uint64_t file_limit(uint64_t bytes)
{
	uint64_t limit[2];

	if (!ot_sys_getrlimit(RLIMIT_FSIZE, limit) && limit[0] < bytes)
		bytes = limit[0];
	return bytes;
}

static void *map_area(uint64_t bytes, int *fd_ret)
{
	int fd = (int)ot_sys_memfd_create("otrace-area", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	long at;

	if (fd < 0)
		return NULL;
	if (ot_sys_ftruncate(fd, bytes)) {
		ot_sys_close(fd);
		return NULL;
	}
	/* the other end of the fd must not be able to take pages away under us */
	ot_sys_fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	at = ot_sys_mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (at < 0 && at > -4096) {
		ot_sys_close(fd);
		return NULL;
	}
	/* a forked child does not record: it need not have it, and fork gets cheaper */
	ot_sys_madvise((void *)at, bytes, MADV_DONTFORK);
	*fd_ret = fd;
	return (void *)at;
}

bool ot_area_create(uint64_t area_bytes, uint64_t ring_bytes)
{
	struct otrace_area *area;
	uint64_t stride, nr;

	if (ot_area && ot_area_pid)
		return true;
	ring_bytes = power_of_two(ring_bytes ? ring_bytes : OT_RING_BYTES_DEFAULT,
				  2 * OTRACE_SUBBUF_BYTES, 1u << 30);
	stride = ring_bytes + OT_PAGE_BYTES;
	area_bytes = file_limit(area_bytes ? area_bytes : OT_AREA_BYTES_DEFAULT);
	nr = area_bytes > RINGS_OFFSET ? (area_bytes - RINGS_OFFSET) / stride : 0;
	if (nr > OT_RINGS_MAX)
		nr = OT_RINGS_MAX;
	if (!nr || !ot_threads_init((uint32_t)nr))
		return false;
	area_bytes = RINGS_OFFSET + nr * stride;
	area = map_area(area_bytes, &ot_area_fd);
	if (!area)
		return false;
	mapped_bytes = area_bytes;
	area->version = OTRACE_RING_VERSION;
	ot_area_pid = ot_sys_getpid();
	area->pid = (uint32_t)ot_area_pid;
	area->area_bytes = area_bytes;
	area->rings_offset = RINGS_OFFSET;
	area->ring_stride_bytes = stride;
	area->ring_bytes = (uint32_t)ring_bytes;
	area->nr_rings = (uint32_t)nr;
	area->next_call_seq = 1;
	__atomic_store_n(&area->magic, OTRACE_AREA_MAGIC, __ATOMIC_RELEASE);
	__atomic_store_n(&ot_area, area, __ATOMIC_RELEASE);
	return true;
}

void ot_area_in_child(bool in_hook)
{
	ot_area_fd = -1;
	ot_area_pid = 0;
	if (in_hook && ot_area)
		ot_sys_mmap((uint64_t)ot_area, mapped_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
			    0);
	else
		ot_area = NULL;
}

struct otrace_ring *ot_area_ring(uint32_t i)
{
	return (void *)((char *)ot_area + ot_area->rings_offset + i * ot_area->ring_stride_bytes);
}

uint64_t ot_area_used_bytes(void)
{
	struct stat status;

	if (OT_SYS(SYS_fstat, ot_area_fd, &status, 0, 0, 0, 0))
		return 0;
	return (uint64_t)status.st_blocks * 512;
}
