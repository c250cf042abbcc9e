/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/sys.h"
#include "core/area.h"
#include "core/thread.h"

struct otrace_area *ot_area, *ot_area_head;
int ot_area_fd = -1;
int ot_area_pid;
static uint64_t mapped_bytes; /* of ot_area */

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

static int make_file(uint64_t bytes)
{
	int fd = (int)ot_sys_memfd_create("otrace-area", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (ot_sys_ftruncate(fd, bytes)) {
		ot_sys_close(fd);
		return -1;
	}
	/* the other end of the fd must not be able to take pages away under us */
	ot_sys_fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	return fd;
}

static void *map_file(int fd, uint64_t bytes)
{
	void *pages = ot_pages_map_unlocked(bytes, MAP_SHARED, fd);

	/* a forked child does not record: it need not have it, and fork gets cheaper */
	if (pages)
		ot_sys_madvise(pages, bytes, MADV_DONTFORK);
	return pages;
}

bool ot_area_create(uint64_t area_bytes, uint64_t ring_bytes)
{
	struct otrace_area *area;
	uint64_t stride, nr;
	int fd;

	if (ot_area_head)
		return true;
	ring_bytes = power_of_two(ring_bytes ? ring_bytes : OT_RING_BYTES_DEFAULT,
				  2 * OTRACE_SUBBUF_BYTES, 1u << 30);
	stride = OT_PAGE_BYTES + ring_bytes + OTRACE_KEPT_BYTES;
	area_bytes = file_limit(area_bytes ? area_bytes : OT_AREA_BYTES_DEFAULT);
	nr = area_bytes > RINGS_OFFSET ? (area_bytes - RINGS_OFFSET) / stride : 0;
	if (nr > OT_RINGS_MAX)
		nr = OT_RINGS_MAX;
	if (!nr)
		return false;
	area_bytes = RINGS_OFFSET + nr * stride;
	fd = make_file(area_bytes);
	if (fd < 0)
		return false;
	area = map_file(fd, RINGS_OFFSET);
	if (!area) {
		ot_sys_close(fd);
		return false;
	}
	ot_area_fd = fd;
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
	ot_area_head = area;
	return true;
}

/* The area before the states: a hook that is still on its way in a forked child has another area until then. */
bool ot_area_map_rings(void)
{
	struct otrace_area *head = ot_area_head, *before = ot_area, *whole;
	uint64_t bytes;

	if (!head)
		return false;
	if (before == head)
		return true;
	bytes = head->area_bytes;
	whole = map_file(ot_area_fd, bytes);
	if (!whole)
		return false;
	__atomic_store_n(&ot_area, whole, __ATOMIC_RELEASE);
	if (!ot_threads_init(whole->nr_rings)) {
		__atomic_store_n(&ot_area, before, __ATOMIC_RELEASE);
		ot_pages_unmap(whole, bytes);
		return false;
	}
	mapped_bytes = bytes;
	ot_area_head = whole;
	ot_pages_unmap(head, RINGS_OFFSET);
	return true;
}

void ot_area_in_child(bool in_hook)
{
	ot_area_fd = -1;
	ot_area_pid = 0;
	ot_area_head = NULL;
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
