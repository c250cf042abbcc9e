/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/maps.h"
#include "base/mem.h"
#include "base/sys.h"

/* Reads a file line by line; lines longer than the buffer come in parts, the caller ignores the
 * rest parts because they do not begin with a range. */
struct lines {
	int fd;
	char *buffer;
	size_t size_bytes;
	size_t begin;
	size_t end;
	size_t most; /* to read at once: what the kernel writes takes its time; 0 = what fits */
};

static bool refill(struct lines *lines)
{
	size_t room;
	long got;

	ot_memmove(lines->buffer, lines->buffer + lines->begin, lines->end - lines->begin);
	lines->end -= lines->begin;
	lines->begin = 0;
	if (lines->end == lines->size_bytes - 1)
		return false;
	room = lines->size_bytes - 1 - lines->end;
	if (lines->most && lines->most < room)
		room = lines->most;
	lines->most = 0;
	got = ot_sys_read(lines->fd, lines->buffer + lines->end, room);
	if (got <= 0)
		return false;
	lines->end += (size_t)got;
	return true;
}

/* A line that was read already, as a whole; NULL when there is none. */
static char *line_at_hand(struct lines *lines)
{
	for (size_t seen = lines->begin; seen < lines->end; seen++) {
		if (lines->buffer[seen] == '\n') {
			char *line = lines->buffer + lines->begin;

			lines->buffer[seen] = 0;
			lines->begin = seen + 1;
			return line;
		}
	}
	return NULL;
}

static char *next_line(struct lines *lines)
{
	for (;;) {
		char *line = line_at_hand(lines);

		if (line)
			return line;
		if (!refill(lines))
			return NULL;
	}
}

static bool parse(const char *line, struct ot_mapping *ret)
{
	const char *at;

	ret->low = ot_parse_u64(line, 16, &at);
	if (*at != '-')
		return false;
	ret->high = ot_parse_u64(at + 1, 16, &at);
	if (*at != ' ' || ot_strnlen(at, 5) < 5)
		return false;
	ret->prot = (at[1] == 'r' ? PROT_READ : 0) | (at[2] == 'w' ? PROT_WRITE : 0) |
		    (at[3] == 'x' ? PROT_EXEC : 0);
	ret->is_stack = ot_strends(at, " [stack]");
	return true;
}

bool ot_maps_find(uint64_t address, void *scratch, size_t scratch_bytes, struct ot_mapping *ret)
{
	struct lines lines = {.buffer = scratch, .size_bytes = scratch_bytes};
	struct ot_mapping map, below = {0};
	bool found = false;
	const char *line;

	lines.fd = (int)ot_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	if (lines.fd < 0)
		return false;
	while (!found && (line = next_line(&lines))) {
		if (!parse(line, &map))
			continue;
		if (address < map.high) {
			found = address >= map.low;
			break;
		}
		below = map;
	}
	ot_sys_close(lines.fd);
	if (!found)
		return false;
	map.below_end = below.high;
	map.below_guard = below.high == map.low && !below.prot;
	*ret = map;
	return true;
}

static const char *line_behind(struct lines *lines, bool found)
{
	return found ? line_at_hand(lines) : next_line(lines);
}

unsigned ot_maps_list(uint64_t address, void *scratch, size_t scratch_bytes, struct ot_mapping *ret,
		      unsigned most)
{
	/* an executable's text is mostly among the first */
	struct lines lines = {.buffer = scratch, .size_bytes = scratch_bytes, .most = 1024};
	const char *line;
	unsigned nr = 0;

	lines.fd = (int)ot_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	if (lines.fd < 0)
		return 0;
	while (nr < most && (line = line_behind(&lines, nr != 0))) {
		struct ot_mapping map = {0};

		if (!parse(line, &map) || map.high <= address)
			continue;
		if (!nr && address < map.low)
			break;
		ret[nr++] = map;
	}
	ot_sys_close(lines.fd);
	return nr;
}

/* Of Linux 6.11, include/uapi/linux/fs.h; older headers do not have it. */
struct procmap_query {
	uint64_t size;
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags; /* as PROT_*, and more above */
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size;
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
};

#define PROCMAP_QUERY_IOCTL _IOWR('f', 17, struct procmap_query)

bool ot_maps_ask(uint64_t address, struct ot_mapping *ret)
{
	static bool refused;
	struct procmap_query query = {.size = sizeof(query), .query_addr = address};
	long error;
	int fd;

	if (__atomic_load_n(&refused, __ATOMIC_RELAXED))
		return false;
	fd = (int)ot_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	error = OT_SYS(SYS_ioctl, fd, PROCMAP_QUERY_IOCTL, &query, 0, 0, 0);
	ot_sys_close(fd);
	if (error && error != -ENOENT)
		__atomic_store_n(&refused, true, __ATOMIC_RELAXED);
	if (error)
		return false;
	*ret = (struct ot_mapping){
		.low = query.vma_start,
		.high = query.vma_end,
		.prot = (int)query.vma_flags & (PROT_READ | PROT_WRITE | PROT_EXEC),
	};
	return true;
}
