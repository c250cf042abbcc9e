/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/memfd.h>
#include <sys/mman.h>

#include "arch/arch.h"
#include "base/arena.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/probe.h"
#include "core/thread.h"
#include "core/thunk.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

#define REGION_BYTES (256u * 1024u)
#define LOWEST_ADDRESS 0x10000ull
/* A 32-bit displacement, less a margin for the sizes of region and module ends. */
#define REACH_BYTES (0x7fff0000ull - REGION_BYTES)

struct region {
	struct region *next;
	uint64_t address; /* executable */
	uint8_t *view;	  /* writable */
	uint32_t used_bytes;
};

static struct region *regions;

static bool is_error(long address)
{
	return address < 0 && address > -4096;
}

static long map_at(uint64_t address, int fd)
{
	long at = ot_sys_mmap(address, REGION_BYTES, PROT_READ | PROT_EXEC,
			      MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

	if (is_error(at) || (uint64_t)at == address)
		return at;
	/* a kernel before 4.17 takes the address as a wish */
	ot_sys_munmap((void *)at, REGION_BYTES);
	return -1;
}

/*
 * Below the image first: above an executable the heap grows, and a mapping there would cap it. Above
 * is the last resort (an executable linked at a low address), as far away as can be.
 */
static long map_near(const struct ot_module *module, int fd)
{
	uint64_t low = module->high > REACH_BYTES ? module->high - REACH_BYTES : LOWEST_ADDRESS;
	uint64_t at = OT_ROUND_DOWN(module->low, OT_PAGE_BYTES);
	long ret;

	for (at -= REGION_BYTES; at >= low && at < module->low; at -= REGION_BYTES) {
		ret = map_at(at, fd);
		if (!is_error(ret))
			return ret;
	}
	at = OT_ROUND_DOWN(module->low + REACH_BYTES - REGION_BYTES, OT_PAGE_BYTES);
	for (; at > module->high; at -= REGION_BYTES) {
		ret = map_at(at, fd);
		if (!is_error(ret))
			return ret;
	}
	return -1;
}

static int make_memfd(void)
{
	/* kernels that may refuse executable memfds want to be asked; older ones do not know the flag */
	long fd = ot_sys_memfd_create("otrace-thunks", MFD_CLOEXEC | MFD_EXEC);

	if (fd < 0)
		fd = ot_sys_memfd_create("otrace-thunks", MFD_CLOEXEC);
	if (fd >= 0 && ot_sys_ftruncate((int)fd, REGION_BYTES)) {
		ot_sys_close((int)fd);
		return -1;
	}
	return (int)fd;
}

static bool map_twice(struct region *region, const struct ot_module *module, int fd)
{
	long view = ot_sys_mmap(0, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	long address;

	if (is_error(view))
		return false;
	address = map_near(module, fd);
	if (is_error(address)) {
		ot_sys_munmap((void *)view, REGION_BYTES);
		return false;
	}
	region->view = (void *)view;
	region->address = (uint64_t)address;
	return true;
}

static struct region *new_region(const struct ot_module *module)
{
	struct region *region = ot_arena_alloc(sizeof(*region));
	struct ot_thunk_slots *slots;
	bool mapped;
	int fd;

	if (!region)
		return NULL;
	fd = make_memfd();
	if (fd < 0)
		return NULL;
	mapped = map_twice(region, module, fd);
	ot_sys_close(fd);
	if (!mapped)
		return NULL;
	slots = (void *)region->view;
	slots->low = (uint64_t)ot_entry_low;
	slots->varargs = (uint64_t)ot_entry_varargs;
	region->used_bytes = sizeof(*slots);
	region->next = regions;
	regions = region;
	return region;
}

static bool in_reach(const struct region *region, uint64_t address)
{
	uint64_t distance =
		region->address > address ? region->address - address : address - region->address;

	return distance < REACH_BYTES;
}

static struct region *find_region(const struct ot_module *module)
{
	for (struct region *region = regions; region; region = region->next)
		if (region->used_bytes + OT_THUNK_BYTES <= REGION_BYTES &&
		    in_reach(region, module->low) && in_reach(region, module->high))
			return region;
	return new_region(module);
}

int ot_thunk_create(struct otrace_probe *probe)
{
	struct ot_thunk_spec spec = {
		.probe = (uint64_t)probe,
		.wrapper = probe->wrapper,
		.target_offset = offsetof(struct otrace_probe, target),
		.stack_low_offset = ot_tls_stack_low_offset(),
		.stack_bytes = probe->stack_bytes,
		.entry_only = (probe->fn_flags & OTRACE_FN_MUSTTAIL) != 0,
	};
	struct region *region = find_region(probe->module);
	uint64_t address;

	if (!region)
		return OTRACE_E_NO_THUNK;
	address = region->address + region->used_bytes;
	if (!ot_arch_thunk_write(region->view + region->used_bytes, address, region->address,
				 &spec))
		return OTRACE_E_NO_THUNK;
	region->used_bytes += OT_THUNK_BYTES;
	probe->thunk = address;
	probe->resume = (void *)(address + OT_THUNK_RESUME);
	return OTRACE_E_OK;
}

void ot_thunks_after_fork(void)
{
	for (struct region *region = regions; region; region = region->next)
		region->used_bytes = REGION_BYTES;
}
